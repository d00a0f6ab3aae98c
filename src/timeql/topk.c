/* SPDX-License-Identifier: Apache-2.0 */
/* Frequent items (Misra, Gries: Finding repeated elements, 1982), a batch at a time: when the table is
 * full, the count of its middle entry is taken off all, and who has nothing left goes. Each such turn
 * takes that count from half the table, so what any value loses is at most two in TV_TOPK_COUNTED of all
 * events; a value that is frequent at all stays. Until the first turn counts are exact.
 *
 * A key is a letter for the family of the value and its bytes; 1 and 1.0 are one value, as in GROUP BY. */
#include "timeql/topk.h"

#include "base/mem.h"
#include "timeql/answer.h"

#include <math.h>
#include <stdlib.h>

/* What an entry weighs beside its key. */
#define ENTRY_BYTES (sizeof(struct tv_map_entry) + 2 * sizeof(struct tv_map_slot) + 16)

void tv_topk_release(struct tv_topk *topk)
{
    for (size_t i = 0; i < topk->counts.count; i++)
        free((void *)(uintptr_t)topk->counts.entries[i].key.ptr);
    tv_map_release(&topk->counts);
    *topk = (struct tv_topk){0};
}

static struct tv_str key_of(struct tv_value value, struct tv_arena *scratch)
{
    if (value.type == TV_TYPE_F64 && floor(value.f) == value.f && fabs(value.f) < 9e15)
        value = tv_value_i64((int64_t)value.f);
    bool text = value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON;
    int64_t bits = value.type == TV_TYPE_BOOL ? (int64_t)value.b : value.i;
    struct tv_str content = text ? value.s : (struct tv_str){(const char *)&bits, sizeof(bits)};
    char *key = tv_arena_bytes(scratch, content.len + 1);
    key[0] = (char)value.type;
    if (content.len > 0)
        memcpy(key + 1, content.ptr, content.len);
    return (struct tv_str){key, content.len + 1};
}

/* The value borrows the key. */
static struct tv_value value_of(struct tv_str key)
{
    struct tv_value value = {.type = (enum tv_type)key.ptr[0]};
    int64_t bits = 0;
    if (value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON) {
        value.s = (struct tv_str){key.ptr + 1, key.len - 1};
        return value;
    }
    memcpy(&bits, key.ptr + 1, sizeof(bits));
    if (value.type == TV_TYPE_BOOL)
        value.b = bits != 0;
    else
        value.i = bits;
    return value;
}

static int descending(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a < b) - (a > b);
}

static uint64_t middle_count(const struct tv_map *counts)
{
    uint64_t *sorted = tv_calloc(counts->count, sizeof(*sorted));
    for (size_t i = 0; i < counts->count; i++)
        sorted[i] = counts->entries[i].value;
    qsort(sorted, counts->count, sizeof(*sorted), descending);
    uint64_t middle = sorted[counts->count / 2];
    free(sorted);
    return middle;
}

static void thin_out(struct tv_topk *topk)
{
    struct tv_map kept = {0};
    uint64_t cut = middle_count(&topk->counts);
    for (size_t i = 0; i < topk->counts.count; i++) {
        const struct tv_map_entry *entry = &topk->counts.entries[i];
        if (entry->value > cut) {
            *tv_map_put(&kept, entry->key, NULL) = entry->value - cut;
        } else {
            topk->bytes -= entry->key.len + ENTRY_BYTES;
            free((void *)(uintptr_t)entry->key.ptr);
        }
    }
    tv_map_release(&topk->counts);
    topk->counts = kept;
    topk->lost += cut;
}

void tv_topk_add(
        struct tv_topk *topk, struct tv_value value, uint64_t times, struct tv_arena *scratch)
{
    struct tv_str key = key_of(value, scratch);
    uint64_t *count = tv_map_get(&topk->counts, key);
    if (count) {
        *count += times;
        return;
    }
    if (topk->counts.count == (topk->most ? topk->most : TV_TOPK_COUNTED))
        thin_out(topk);
    char *owned = tv_malloc(key.len);
    memcpy(owned, key.ptr, key.len);
    *tv_map_put(&topk->counts, (struct tv_str){owned, key.len}, NULL) = times;
    topk->bytes += key.len + ENTRY_BYTES;
}

uint64_t tv_topk_count(const struct tv_topk *topk, struct tv_value value, struct tv_arena *scratch)
{
    const uint64_t *count = tv_map_get(&topk->counts, key_of(value, scratch));
    return count ? *count : 0;
}

static int most_first(const void *left, const void *right)
{
    const struct tv_map_entry *a = *(const struct tv_map_entry *const *)left;
    const struct tv_map_entry *b = *(const struct tv_map_entry *const *)right;
    if (a->value != b->value)
        return a->value > b->value ? -1 : 1;
    int order = tv_value_compare(value_of(a->key), value_of(b->key));
    /* "1" and 1 stand at the same place and are two values. */
    return order ? order : a->key.ptr[0] - b->key.ptr[0];
}

size_t tv_topk_list(const struct tv_topk *topk, uint64_t most, struct tv_arena *arena,
        struct tv_topk_item **out)
{
    const struct tv_map *counts = &topk->counts;
    size_t count = counts->count < most ? counts->count : (size_t)most;
    const struct tv_map_entry **sorted = tv_calloc(counts->count + 1, sizeof(void *));
    for (size_t i = 0; i < counts->count; i++)
        sorted[i] = &counts->entries[i];
    qsort(sorted, counts->count, sizeof(void *), most_first);
    *out = tv_arena_calloc(arena, count, sizeof(**out));
    for (size_t i = 0; i < count; i++)
        (*out)[i] = (struct tv_topk_item){value_of(sorted[i]->key), sorted[i]->value};
    free(sorted);
    return count;
}

void tv_topk_write(const struct tv_topk *topk, uint64_t most, const struct tv_column *column,
        struct tv_buf *out)
{
    struct tv_json_out json = {.out = out};
    struct tv_arena arena = {0};
    struct tv_topk_item *items;
    size_t count = tv_topk_list(topk, most, &arena, &items);
    tv_json_array(&json);
    for (size_t i = 0; i < count; i++) {
        tv_json_object(&json);
        tv_json_key(&json, "value");
        tv_cell_json(&json, column, items[i].value);
        tv_json_key(&json, "count");
        tv_json_u64(&json, items[i].count);
        tv_json_end(&json);
    }
    tv_json_end(&json);
    tv_arena_release(&arena);
}
