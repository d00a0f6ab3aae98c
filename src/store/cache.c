/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of decoded columns.
 *
 * An entry is a whole view: one batch with the columns that some query wanted of one segment. A
 * query is served by any entry that has all it wants. Two queries that want different columns of a
 * segment make two entries; merging them would mean to write a batch that others read. Entries are
 * few (a segment decoded whole weighs megabytes), so they are searched one by one. */
#include "store/cache.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    SHARE_MAX = 2 /* an entry may take one part in so many of the cache */
};

struct tv_cache {
    pthread_mutex_t mutex;
    size_t bytes, bytes_max;
    struct tv_cached *newest, *oldest;
};

struct tv_cache *tv_cache_new(size_t bytes_max)
{
    struct tv_cache *cache = tv_calloc(1, sizeof(*cache));
    cache->bytes_max = bytes_max;
    (void)pthread_mutex_init(&cache->mutex, NULL);
    return cache;
}

void tv_cached_unref(struct tv_cached *cached)
{
    if (!cached || atomic_fetch_sub_explicit(&cached->refs, 1, memory_order_acq_rel) != 1)
        return;
    tv_view_release(&cached->view);
    free(cached);
}

static void unlink_entry(struct tv_cache *cache, struct tv_cached *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
    entry->newer = entry->older = NULL;
}

static void link_newest(struct tv_cache *cache, struct tv_cached *entry)
{
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void remove_entry(struct tv_cache *cache, struct tv_cached *entry)
{
    cache->bytes -= entry->bytes;
    unlink_entry(cache, entry);
    tv_cached_unref(entry);
}

void tv_cache_free(struct tv_cache *cache)
{
    if (!cache)
        return;
    while (cache->newest)
        remove_entry(cache, cache->newest);
    (void)pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

struct tv_cached *tv_cache_find(struct tv_cache *cache, const struct tv_segment *segment,
        const struct tv_scan_columns *first, const struct tv_scan_columns *second)
{
    struct tv_cached *entry = NULL;
    (void)pthread_mutex_lock(&cache->mutex);
    for (entry = cache->newest; entry; entry = entry->older)
        if (entry->segment_id == segment->id && tv_view_covers(&entry->view, segment, first) &&
                tv_view_covers(&entry->view, segment, second))
            break;
    if (entry) {
        atomic_fetch_add_explicit(&entry->refs, 1, memory_order_relaxed);
        unlink_entry(cache, entry);
        link_newest(cache, entry);
    }
    (void)pthread_mutex_unlock(&cache->mutex);
    return entry;
}

void tv_cache_put(struct tv_cache *cache, struct tv_view *view)
{
    size_t bytes = view->batch ? tv_batch_bytes(view->batch) : 0;
    if (bytes == 0 || bytes > cache->bytes_max / SHARE_MAX) {
        tv_view_release(view);
        return;
    }
    struct tv_cached *entry = tv_calloc(1, sizeof(*entry));
    atomic_init(&entry->refs, 1);
    entry->segment_id = view->segment->id;
    entry->bytes = bytes;
    entry->view = *view;
    entry->view.segment = NULL; /* its life is not ours */
    *view = (struct tv_view){0};
    (void)pthread_mutex_lock(&cache->mutex);
    link_newest(cache, entry);
    cache->bytes += bytes;
    while (cache->bytes > cache->bytes_max)
        remove_entry(cache, cache->oldest);
    (void)pthread_mutex_unlock(&cache->mutex);
}

void tv_cache_drop(struct tv_cache *cache, int64_t segment_id)
{
    (void)pthread_mutex_lock(&cache->mutex);
    for (struct tv_cached *entry = cache->newest; entry;) {
        struct tv_cached *older = entry->older;
        if (entry->segment_id == segment_id)
            remove_entry(cache, entry);
        entry = older;
    }
    (void)pthread_mutex_unlock(&cache->mutex);
}

size_t tv_cache_bytes(struct tv_cache *cache)
{
    (void)pthread_mutex_lock(&cache->mutex);
    size_t bytes = cache->bytes;
    (void)pthread_mutex_unlock(&cache->mutex);
    return bytes;
}
