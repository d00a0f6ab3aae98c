/* SPDX-License-Identifier: Apache-2.0 */
/* The object that stands for a segment in memory, and look-ups in it. */
#include "store/segment.h"

#include "base/hash.h"
#include "base/mem.h"
#include "store/rolled.h"
#include "store/store_internal.h"

#include <stdlib.h>

struct tv_segment *tv_segment_new(void)
{
    struct tv_segment *segment = tv_calloc(1, sizeof(*segment));
    atomic_init(&segment->refs, 1);
    return segment;
}

struct tv_segment *tv_segment_ref(struct tv_segment *segment)
{
    atomic_fetch_add_explicit(&segment->refs, 1, memory_order_relaxed);
    return segment;
}

void tv_segment_unref(struct tv_segment *segment)
{
    if (!segment || atomic_fetch_sub_explicit(&segment->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (atomic_load(&segment->dead) && segment->graveyard)
        tv_graveyard_add(segment->graveyard, segment->id);
    free(atomic_load(&segment->rolled));
    tv_arena_release(&segment->arena);
    free(segment);
}

void tv_segment_set_rolled(struct tv_segment *segment, struct tv_rolled *rolled)
{
    struct tv_rolled *none = NULL;
    bool first = atomic_compare_exchange_strong(&segment->rolled, &none, rolled);
    TV_ASSERT(first);
}

uint64_t tv_segment_bytes(const struct tv_segment *segment)
{
    const struct tv_rolled *rolled = atomic_load(&segment->rolled);
    uint64_t bytes = segment->payload_bytes + segment->meta_bytes;
    for (int i = 0; rolled && i < TV_ROLLED_PARTS; i++)
        bytes += rolled->parts[i].bytes;
    return bytes;
}

uint32_t tv_segment_hash(struct tv_str text)
{
    return (uint32_t)tv_hash64(text.ptr, text.len);
}

const struct tv_segment_column *tv_segment_find_attr(
        const struct tv_segment *segment, struct tv_str name)
{
    uint32_t low = 0, high = segment->attr_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = tv_str_compare(segment->attrs[middle].name, name);
        if (order == 0)
            return &segment->attrs[middle].column;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool tv_segment_listed(const uint32_t *list, uint32_t count, uint32_t hash)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (list[middle] == hash)
            return true;
        if (list[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}
