/* SPDX-License-Identifier: Apache-2.0 */
/* A table of kinds. Times are kept whole until all have come, since events come in no order; only then
 * is it known what follows what. */
#include "insight/kinds.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdlib.h>

void tv_kinds_release(struct tv_kinds *kinds)
{
    for (uint32_t i = 0; i < kinds->count; i++)
        free(kinds->items[i].times);
    free(kinds->items);
    tv_map_release(&kinds->numbers);
    tv_arena_release(&kinds->arena);
    *kinds = (struct tv_kinds){0};
}

static void put_name(struct tv_buf *key, struct tv_str name)
{
    uint64_t len = name.len;
    tv_buf_append(key, &len, sizeof(len));
    tv_buf_append_str(key, name);
}

static uint32_t add_kind(struct tv_kinds *kinds, const struct tv_kind_names *names)
{
    if (kinds->count == kinds->cap) {
        kinds->cap = (uint32_t)tv_grown(kinds->cap, (size_t)kinds->count + 1, 32);
        kinds->items = tv_realloc_array(kinds->items, kinds->cap, sizeof(*kinds->items));
    }
    kinds->items[kinds->count] =
            (struct tv_kind){.names = {tv_arena_str(&kinds->arena, names->service),
                                     tv_arena_str(&kinds->arena, names->type),
                                     tv_arena_str(&kinds->arena, names->name)}};
    return kinds->count++;
}

uint32_t tv_kinds_number(struct tv_kinds *kinds, const struct tv_kind_names *names)
{
    struct tv_buf key = {0};
    put_name(&key, names->service);
    put_name(&key, names->type);
    put_name(&key, names->name);
    const uint64_t *known = tv_map_get(&kinds->numbers, tv_buf_str(&key));
    uint32_t number = known ? (uint32_t)*known : UINT32_MAX;
    if (!known && kinds->count < TV_KINDS_MAX) {
        number = add_kind(kinds, names);
        *tv_map_put_copy(&kinds->numbers, &kinds->arena, tv_buf_str(&key), NULL) = number;
    }
    tv_buf_release(&key);
    return number;
}

void tv_kinds_add(struct tv_kinds *kinds, uint32_t number, int64_t time)
{
    if (number == UINT32_MAX || kinds->times == TV_KIND_TIMES_MAX) {
        kinds->left_out++;
        return;
    }
    struct tv_kind *kind = &kinds->items[number];
    if (kind->count == kind->cap) {
        kind->cap = tv_grown(kind->cap, kind->count + 1, 16);
        kind->times = tv_realloc_array(kind->times, kind->cap, sizeof(*kind->times));
    }
    kind->times[kind->count++] = time;
    kinds->times++;
}

static int by_time(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void settle(struct tv_kind *kind)
{
    size_t kept = 0;
    int64_t last = 0;
    qsort(kind->times, kind->count, sizeof(*kind->times), by_time);
    for (size_t i = 0; i < kind->count; i++) {
        int64_t time = kind->times[i];
        bool apart = i == 0 || time - last > TV_KIND_BURST_NS;
        last = time;
        if (apart)
            kind->times[kept++] = time;
    }
    kind->count = kept;
}

void tv_kinds_settle(struct tv_kinds *kinds)
{
    kinds->times = 0;
    for (uint32_t i = 0; i < kinds->count; i++) {
        settle(&kinds->items[i]);
        kinds->times += kinds->items[i].count;
    }
}
