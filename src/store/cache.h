/* SPDX-License-Identifier: Apache-2.0 */
/* Decoded columns of segments that were read lately, so that a page which asks again every second
 * does not decode again. Bounded in bytes, least recently used first out. Any thread. */
#ifndef TV_STORE_CACHE_H
#define TV_STORE_CACHE_H

#include "store/view.h"

struct tv_cache;

/* A view that nobody writes any more, shared by counting references. */
struct tv_cached {
    atomic_uint refs;
    int64_t segment_id;
    struct tv_view view;
    size_t bytes;
    struct tv_cached *newer, *older;
};

struct tv_cache *tv_cache_new(size_t bytes_max);
/* Every entry has been given back. */
void tv_cache_free(struct tv_cache *cache);
/* An entry of the segment with at least these columns, one reference; or NULL. */
struct tv_cached *tv_cache_find(struct tv_cache *cache, const struct tv_segment *segment,
        const struct tv_scan_columns *first, const struct tv_scan_columns *second);
/* Takes what the view holds, or releases it if it is too large; the view is empty then. */
void tv_cache_put(struct tv_cache *cache, struct tv_view *view);
void tv_cached_unref(struct tv_cached *cached);
/* The segment is gone. */
void tv_cache_drop(struct tv_cache *cache, int64_t segment_id);
size_t tv_cache_bytes(struct tv_cache *cache);

#endif
