/* SPDX-License-Identifier: Apache-2.0 */
/* A batch's rows are counted by code first, in a plain array; only the batch's distinct texts, a
 * handful, go through the map. */
#include "timeql/tally.h"

#include "base/mem.h"

#include <stdlib.h>

void tv_tally_release(struct tv_tally *tally)
{
    tv_map_release(&tally->map);
    tv_arena_release(&tally->arena);
}

void tv_tally_count(struct tv_tally *tally, struct tv_str text, uint64_t times)
{
    if (text.ptr)
        *tv_map_put_copy(&tally->map, &tally->arena, text, NULL) += times;
}

void tv_tally_add(struct tv_tally *tally, const struct tv_scan_batch *batch, enum tv_field field)
{
    const uint32_t *codes = tv_batch_codes(batch->batch, field);
    if (!codes)
        return;
    uint32_t code_count = batch->batch->strings.count;
    uint32_t *counts = tv_calloc((size_t)code_count + 1, sizeof(*counts));
    for (uint32_t i = 0; i < batch->count; i++)
        counts[codes[batch->rows[i]]]++;
    for (uint32_t code = 1; code < code_count; code++) {
        if (counts[code] == 0)
            continue;
        tv_tally_count(tally, tv_strings_get(&batch->batch->strings, code), counts[code]);
    }
    free(counts);
}

static int by_count(const void *left, const void *right)
{
    const struct tv_map_entry *a = *(struct tv_map_entry *const *)left;
    const struct tv_map_entry *b = *(struct tv_map_entry *const *)right;
    if (a->value != b->value)
        return a->value > b->value ? -1 : 1;
    return tv_str_compare(a->key, b->key);
}

void tv_tally_json(const struct tv_tally *tally, struct tv_json_out *json)
{
    size_t count = tally->map.count;
    struct tv_map_entry **sorted = tv_calloc(count + 1, sizeof(struct tv_map_entry *));
    for (size_t i = 0; i < count; i++)
        sorted[i] = &tally->map.entries[i];
    qsort(sorted, count, sizeof(struct tv_map_entry *), by_count);
    tv_json_object(json);
    for (size_t i = 0; i < count; i++) {
        tv_json_key_str(json, sorted[i]->key);
        tv_json_u64(json, sorted[i]->value);
    }
    tv_json_end(json);
    free(sorted);
}
