/* SPDX-License-Identifier: Apache-2.0 */
/* How far the rows of a batch or segment reach: in time, in arrival numbers, in receive time. Scans
 * prune by it. Plain value; zero rows reach nowhere. */
#ifndef TV_STORE_EXTENT_H
#define TV_STORE_EXTENT_H

#include "event/batch.h"

struct tv_extent {
    uint64_t rows;
    int64_t min_time, max_time;         /* event time */
    int64_t min_end, max_end;           /* event time + duration */
    int64_t min_received, max_received; /* receive time */
    uint64_t min_arrival, max_arrival;
};

/* When an event ends: its time plus its duration, if it has one; never past INT64_MAX. */
static inline int64_t tv_event_end(int64_t time, int64_t duration)
{
    int64_t end = 0;
    if (duration <= 0)
        return time;
    return __builtin_add_overflow(time, duration, &end) ? INT64_MAX : end;
}

/* The batch must have its arrival numbers and receive times. */
struct tv_extent tv_extent_of(const struct tv_batch *batch);
/* Widens `extent` so that it holds `more`. */
void tv_extent_add(struct tv_extent *extent, const struct tv_extent *more);
/* What retention counts from: the newest event or receive time. */
int64_t tv_extent_newest(const struct tv_extent *extent);

#endif
