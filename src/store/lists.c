/* SPDX-License-Identifier: Apache-2.0 */
/* The store's lists and their snapshots.
 *
 * Segments change at a compaction, level 0 at every commit. So the list of segments is an object of
 * its own, copied when it changes, while a snapshot copies level 0's few hundred pointers. A
 * snapshot is made when somebody asks and kept until the lists change. */
#include "store/frames.h"
#include "store/store_internal.h"

#include "base/mem.h"

#include <stdlib.h>

static struct tv_segment_list *list_new(size_t count)
{
    struct tv_segment_list *list = tv_malloc(sizeof(*list) + count * sizeof(struct tv_segment *));
    *list = (struct tv_segment_list){.first_to_expire_ns = INT64_MAX};
    atomic_init(&list->refs, 1);
    return list;
}

static void list_unref(struct tv_segment_list *list)
{
    if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < list->count; i++)
        tv_segment_unref(list->items[i]);
    free(list);
}

static void list_add(struct tv_segment_list *list, struct tv_segment *segment)
{
    int64_t end_ns = tv_retention_end(segment);
    list->items[list->count++] = segment;
    tv_extent_add(&list->extent, &segment->extent);
    if (end_ns < list->first_to_expire_ns)
        list->first_to_expire_ns = end_ns;
}

void tv_store_lists_changed(struct tv_store *store)
{
    tv_snapshot_unref(store->current);
    store->current = NULL;
}

void tv_store_add_level0(struct tv_store *store, struct tv_level0 *level0)
{
    if (store->level0_count == store->level0_cap) {
        store->level0_cap = tv_grown(store->level0_cap, store->level0_count + 1, 64);
        store->level0 =
                tv_realloc_array(store->level0, store->level0_cap, sizeof(struct tv_level0 *));
    }
    store->level0[store->level0_count++] = level0;
    store->stats.level0_events += level0->extent.rows;
    store->stats.level0_bytes += level0->bytes;
    store->stats.payload_bytes += level0->payload_bytes;
    store->stats.events += level0->extent.rows;
    tv_store_lists_changed(store);
}

void tv_store_drop_level0(struct tv_store *store, size_t count)
{
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct tv_level0 *level0 = store->level0[i];
        store->stats.level0_events -= level0->extent.rows;
        store->stats.level0_bytes -= level0->bytes;
        store->stats.payload_bytes -= level0->payload_bytes;
        store->stats.events -= level0->extent.rows;
        tv_level0_unref(level0);
    }
    store->level0_count -= count;
    memmove(store->level0, store->level0 + count, store->level0_count * sizeof(*store->level0));
    tv_store_lists_changed(store);
}

static bool is_among(const struct tv_segment *segment, struct tv_segment *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == segment)
            return true;
    return false;
}

static void count_segment(struct tv_store *store, const struct tv_segment *segment, int sign)
{
    uint64_t times = (uint64_t)(int64_t)sign; /* wraps for −1, as the sums do */
    store->stats.events += times * segment->extent.rows;
    store->stats.payload_bytes += times * tv_segment_bytes(segment);
}

void tv_store_swap_segments(struct tv_store *store, struct tv_segment *const *old, size_t old_count,
        struct tv_segment *const *fresh, size_t fresh_count)
{
    struct tv_segment_list *before = store->segments;
    struct tv_segment_list *after = list_new((before ? before->count : 0) + fresh_count);
    for (size_t i = 0; before && i < before->count; i++) {
        struct tv_segment *segment = before->items[i];
        if (!is_among(segment, old, old_count)) {
            list_add(after, tv_segment_ref(segment));
            continue;
        }
        atomic_store(&segment->dead, true);
        tv_cache_drop(store->cache, segment->id);
        count_segment(store, segment, -1);
    }
    for (size_t i = 0; i < fresh_count; i++) {
        fresh[i]->graveyard = &store->graveyard;
        tv_retention_place(&store->retention, fresh[i]);
        list_add(after, fresh[i]);
        count_segment(store, fresh[i], 1);
    }
    store->segments = after;
    store->merge_wanted = store->prints_wanted = true;
    store->stats.segments = after->count;
    list_unref(before);
    tv_store_lists_changed(store);
    if (old_count)
        tv_store_prune_prints(store);
}

struct tv_snapshot *tv_snapshot_take(struct tv_store *store)
{
    if (store->current)
        return tv_snapshot_ref(store->current);
    struct tv_snapshot *snapshot = tv_calloc(1, sizeof(*snapshot));
    atomic_init(&snapshot->refs, 1);
    atomic_fetch_add(&store->pins, 1);
    snapshot->store = store;
    snapshot->kept = tv_kept_ref(store->kept);
    snapshot->segments = store->segments;
    atomic_fetch_add_explicit(&store->segments->refs, 1, memory_order_relaxed);
    snapshot->prints = tv_prints_list_ref(store->prints);
    snapshot->extent = store->segments->extent;
    snapshot->level0_count = store->level0_count;
    snapshot->level0 = tv_calloc(store->level0_count, sizeof(struct tv_level0 *));
    for (size_t i = 0; i < store->level0_count; i++) {
        snapshot->level0[i] = tv_level0_ref(store->level0[i]);
        tv_extent_add(&snapshot->extent, &store->level0[i]->extent);
    }
    store->current = snapshot;
    return tv_snapshot_ref(snapshot);
}

struct tv_snapshot *tv_snapshot_ref(struct tv_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
    return snapshot;
}

void tv_snapshot_unref(struct tv_snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < snapshot->level0_count; i++)
        tv_level0_unref(snapshot->level0[i]);
    list_unref(snapshot->segments);
    tv_prints_list_unref(snapshot->prints);
    tv_kept_unref(snapshot->kept);
    atomic_fetch_sub(&snapshot->store->pins, 1);
    free(snapshot->level0);
    free(snapshot);
}

uint64_t tv_snapshot_last_arrival(const struct tv_snapshot *snapshot)
{
    return snapshot->extent.rows ? snapshot->extent.max_arrival : 0;
}

int64_t tv_snapshot_newest(const struct tv_snapshot *snapshot)
{
    return snapshot->extent.rows ? snapshot->extent.max_time : TV_ABSENT_I64;
}

int64_t tv_snapshot_oldest(const struct tv_snapshot *snapshot)
{
    return snapshot->extent.rows ? snapshot->extent.min_time : TV_ABSENT_I64;
}

void tv_store_set_aside(struct tv_store *store, struct tv_segment *segment)
{
    if (!atomic_exchange(&segment->corrupt, true))
        atomic_fetch_add(&store->corrupt, 1);
}

uint64_t tv_snapshot_damaged(const struct tv_snapshot *snapshot)
{
    return atomic_load(&snapshot->store->corrupt);
}

void tv_lists_release(struct tv_store *store)
{
    tv_store_lists_changed(store);
    TV_ASSERT(atomic_load(&store->pins) == 0); /* every snapshot was given back */
    tv_store_drop_level0(store, store->level0_count);
    list_unref(store->segments);
    tv_prints_list_unref(store->prints);
    tv_kept_unref(store->kept);
    free(store->level0);
}

void tv_lists_init(struct tv_store *store)
{
    store->segments = list_new(0);
}
