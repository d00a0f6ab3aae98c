/* SPDX-License-Identifier: Apache-2.0 */
/* The object that holds one commit's batches. */
#include "store/level0.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

struct tv_level0 *tv_level0_new(int64_t id, struct tv_batch *const *batches, size_t count)
{
    struct tv_level0 *level0 = tv_calloc(1, sizeof(*level0));
    atomic_init(&level0->refs, 1);
    level0->id = id;
    level0->count = count;
    level0->parts = tv_calloc(count, sizeof(*level0->parts));
    level0->born_ns = tv_time_monotonic();
    for (size_t i = 0; i < count; i++) {
        struct tv_level0_part *part = &level0->parts[i];
        part->batch = batches[i];
        part->extent = tv_extent_of(batches[i]);
        tv_extent_add(&level0->extent, &part->extent);
        level0->bytes += tv_batch_bytes(batches[i]);
    }
    return level0;
}

struct tv_level0 *tv_level0_ref(struct tv_level0 *level0)
{
    atomic_fetch_add_explicit(&level0->refs, 1, memory_order_relaxed);
    return level0;
}

void tv_level0_unref(struct tv_level0 *level0)
{
    if (!level0 || atomic_fetch_sub_explicit(&level0->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < level0->count; i++)
        tv_batch_unref(level0->parts[i].batch);
    free(level0->parts);
    free(level0);
}
