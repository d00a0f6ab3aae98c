/* SPDX-License-Identifier: Apache-2.0 */
/* Extents: least and greatest of a few columns, taken column by column so that the compiler can do
 * several rows at once. */
#include "store/extent.h"

static void reach_i64(const int64_t *cells, uint32_t rows, int64_t *min, int64_t *max)
{
    int64_t low = cells[0], high = cells[0];
    for (uint32_t i = 1; i < rows; i++) {
        low = cells[i] < low ? cells[i] : low;
        high = cells[i] > high ? cells[i] : high;
    }
    *min = low;
    *max = high;
}

static void reach_ends(
        const int64_t *times, const int64_t *durations, uint32_t rows, struct tv_extent *extent)
{
    extent->min_end = INT64_MAX;
    extent->max_end = INT64_MIN;
    for (uint32_t i = 0; i < rows; i++) {
        int64_t end = tv_event_end(times[i], durations[i]);
        extent->min_end = end < extent->min_end ? end : extent->min_end;
        extent->max_end = end > extent->max_end ? end : extent->max_end;
    }
}

struct tv_extent tv_extent_of(const struct tv_batch *batch)
{
    struct tv_extent extent = {.rows = batch->rows};
    if (batch->rows == 0)
        return extent;
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    const int64_t *durations = tv_batch_i64(batch, TV_FIELD_DURATION);
    const uint64_t *arrivals = tv_batch_u64(batch, TV_FIELD_ARRIVAL);
    reach_i64(times, batch->rows, &extent.min_time, &extent.max_time);
    extent.min_end = extent.min_time;
    extent.max_end = extent.max_time;
    if (durations)
        reach_ends(times, durations, batch->rows, &extent);
    reach_i64(tv_batch_i64(batch, TV_FIELD_RECEIVED), batch->rows, &extent.min_received,
            &extent.max_received);
    extent.min_arrival = extent.max_arrival = arrivals[0];
    for (uint32_t i = 1; i < batch->rows; i++) {
        extent.min_arrival = arrivals[i] < extent.min_arrival ? arrivals[i] : extent.min_arrival;
        extent.max_arrival = arrivals[i] > extent.max_arrival ? arrivals[i] : extent.max_arrival;
    }
    return extent;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greatest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void tv_extent_add(struct tv_extent *extent, const struct tv_extent *more)
{
    if (more->rows == 0)
        return;
    if (extent->rows == 0) {
        *extent = *more;
        return;
    }
    extent->rows += more->rows;
    extent->min_time = least(extent->min_time, more->min_time);
    extent->max_time = greatest(extent->max_time, more->max_time);
    extent->min_end = least(extent->min_end, more->min_end);
    extent->max_end = greatest(extent->max_end, more->max_end);
    extent->min_received = least(extent->min_received, more->min_received);
    extent->max_received = greatest(extent->max_received, more->max_received);
    if (more->min_arrival < extent->min_arrival)
        extent->min_arrival = more->min_arrival;
    if (more->max_arrival > extent->max_arrival)
        extent->max_arrival = more->max_arrival;
}

int64_t tv_extent_newest(const struct tv_extent *extent)
{
    return greatest(extent->max_time, extent->max_received);
}
