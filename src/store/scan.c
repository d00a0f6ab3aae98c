/* SPDX-License-Identifier: Apache-2.0 */
/* Scans: which pieces, in which order, and level 0's share of the work.
 *
 * The pieces of the snapshot that can hold events of the window are sorted by the end of time at
 * which the caller wants to begin, so the next piece's own bound is the scan's bound. Everything
 * else about a segment (zones, filters, which blocks to read) is decided when its turn comes: a
 * caller with a LIMIT often stops before. */
#include "store/scan_internal.h"

#include "base/mem.h"

#include <stdlib.h>

static bool may_hold(const struct tv_scan_spec *spec, const struct tv_extent *extent)
{
    int64_t last = spec->overlapping ? extent->max_end : extent->max_time;
    return extent->rows > 0 && extent->min_time <= spec->to && last >= spec->from &&
            extent->min_arrival <= spec->arrival_to && extent->max_arrival >= spec->arrival_from;
}

bool tv_scan_holds(const struct tv_scan_spec *spec, const struct tv_extent *extent)
{
    return extent->min_time >= spec->from && extent->max_time <= spec->to &&
            extent->min_arrival >= spec->arrival_from && extent->max_arrival <= spec->arrival_to;
}

static bool rolls_up(const struct tv_scan_spec *spec, const struct tv_segment *segment)
{
    return spec->rollup && segment && tv_scan_holds(spec, &segment->extent) &&
            !atomic_load(&segment->corrupt) && tv_rollup_tell(&segment->rollup, spec);
}

static void add_item(struct tv_scan *scan, struct tv_scan_item item)
{
    scan->stats.segments_total++;
    if (!may_hold(&scan->spec, item.extent))
        scan->stats.pruned_time++;
    else if (rolls_up(&scan->spec, item.segment))
        scan->stats.rolled_up++;
    else
        scan->items[scan->count++] = item;
}

static int by_oldest(const void *a, const void *b)
{
    int64_t left = ((const struct tv_scan_item *)a)->extent->min_time;
    int64_t right = ((const struct tv_scan_item *)b)->extent->min_time;
    return (left > right) - (left < right);
}

static int by_newest(const void *a, const void *b)
{
    int64_t left = ((const struct tv_scan_item *)a)->extent->max_time;
    int64_t right = ((const struct tv_scan_item *)b)->extent->max_time;
    return (left < right) - (left > right);
}

static void gather_items(struct tv_scan *scan, const struct tv_scan_some *some)
{
    const struct tv_snapshot *snapshot = scan->snapshot;
    size_t most = snapshot->segments->count;
    for (size_t i = 0; i < snapshot->level0_count; i++)
        most += snapshot->level0[i]->count;
    scan->items = tv_calloc(most, sizeof(*scan->items));
    for (size_t i = 0; i < snapshot->segments->count; i++) {
        struct tv_segment *segment = snapshot->segments->items[i];
        if (!some || some->want(some->ctx, segment))
            add_item(scan, (struct tv_scan_item){segment, NULL, &segment->extent});
    }
    for (size_t i = 0; i < snapshot->level0_count; i++) {
        const struct tv_level0 *level0 = snapshot->level0[i];
        for (size_t k = 0; k < level0->count; k++)
            add_item(scan,
                    (struct tv_scan_item){NULL, level0->parts[k].batch, &level0->parts[k].extent});
    }
    if (scan->spec.order == TV_SCAN_OLDEST)
        qsort(scan->items, scan->count, sizeof(*scan->items), by_oldest);
    else if (scan->spec.order == TV_SCAN_NEWEST)
        qsort(scan->items, scan->count, sizeof(*scan->items), by_newest);
}

enum tv_status tv_scan_open_some(struct tv_snapshot *snapshot, const struct tv_scan_spec *spec,
        const struct tv_scan_some *some, struct tv_scan **out, struct tv_error *err)
{
    (void)err;
    struct tv_scan *scan = tv_calloc(1, sizeof(*scan));
    scan->snapshot = tv_snapshot_ref(snapshot);
    scan->spec = *spec;
    gather_items(scan, some);
    *out = scan;
    return TV_OK;
}

enum tv_status tv_scan_open(struct tv_snapshot *snapshot, const struct tv_scan_spec *spec,
        const struct tv_cancel *cancel, struct tv_scan **out, struct tv_error *err)
{
    enum tv_status status = tv_cancel_check(cancel);
    if (status != TV_OK)
        return tv_fail(err, status, "the scan was stopped");
    status = tv_scan_open_some(snapshot, spec, NULL, out, err);
    if (status == TV_OK)
        (*out)->cancel = cancel;
    return status;
}

void tv_scan_close(struct tv_scan *scan)
{
    if (!scan)
        return;
    tv_scan_retire(scan);
    tv_pool_put(scan->snapshot->store, &scan->db);
    tv_snapshot_unref(scan->snapshot);
    tv_probes_release(&scan->probes);
    tv_arena_release(&scan->scratch);
    free(scan->items);
    free(scan->rows);
    free(scan);
}

uint32_t *tv_scan_rows(struct tv_scan *scan, uint32_t rows)
{
    if (rows > scan->rows_cap) {
        scan->rows_cap = (uint32_t)tv_grown(scan->rows_cap, rows, 1024);
        free(scan->rows);
        scan->rows = tv_calloc(scan->rows_cap, sizeof(*scan->rows));
    }
    return scan->rows;
}

/* All rows; then each condition that the batch's rows do not all fulfil thins them out. */
uint32_t tv_scan_window(
        const struct tv_scan_spec *spec, const struct tv_batch *batch, uint32_t *rows)
{
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    const int64_t *durations = tv_batch_i64(batch, TV_FIELD_DURATION);
    uint32_t count = 0;
    for (uint32_t row = 0; row < batch->rows; row++) {
        int64_t last = times[row];
        if (spec->overlapping && durations)
            last = tv_event_end(last, durations[row]);
        rows[count] = row;
        count += times[row] <= spec->to && last >= spec->from;
    }
    if (spec->arrival_from == 0 && spec->arrival_to == UINT64_MAX)
        return count;
    const uint64_t *arrivals = tv_batch_u64(batch, TV_FIELD_ARRIVAL);
    uint32_t kept = 0;
    for (uint32_t i = 0; arrivals && i < count; i++) {
        uint64_t arrival = arrivals[rows[i]];
        rows[kept] = rows[i];
        kept += arrival >= spec->arrival_from && arrival <= spec->arrival_to;
    }
    return arrivals ? kept : count;
}

struct timed_row {
    int64_t time;
    uint32_t row;
};

static int by_time(const void *a, const void *b)
{
    const struct timed_row *left = a, *right = b;
    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    return (left->row > right->row) - (left->row < right->row);
}

/* Level 0 keeps events as they came; a selection is given by time. */
static void sort_rows(struct tv_scan *scan, const struct tv_batch *batch, uint32_t count)
{
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    bool sorted = true;
    for (uint32_t i = 1; i < count && sorted; i++)
        sorted = times[scan->rows[i - 1]] <= times[scan->rows[i]];
    if (sorted)
        return;
    struct timed_row *timed = tv_arena_alloc(&scan->scratch, count * sizeof(*timed));
    for (uint32_t i = 0; i < count; i++)
        timed[i] = (struct timed_row){times[scan->rows[i]], scan->rows[i]};
    qsort(timed, count, sizeof(*timed), by_time);
    for (uint32_t i = 0; i < count; i++)
        scan->rows[i] = timed[i].row;
}

static void scan_level0(struct tv_scan *scan, struct tv_batch *batch, struct tv_scan_batch *out)
{
    uint32_t *rows = tv_scan_rows(scan, batch->rows);
    scan->stats.segments_read++;
    scan->stats.events += batch->rows;
    uint32_t count = tv_scan_window(&scan->spec, batch, rows);
    if (count && scan->spec.where)
        count = tv_pred_filter(scan->spec.where, batch, rows, count, &scan->scratch);
    sort_rows(scan, batch, count);
    *out = (struct tv_scan_batch){batch, rows, count};
}

enum tv_status tv_scan_next(struct tv_scan *scan, struct tv_scan_batch *out, struct tv_error *err)
{
    *out = (struct tv_scan_batch){NULL, NULL, 0};
    while (scan->next < scan->count && out->count == 0) {
        enum tv_status status = tv_cancel_check(scan->cancel);
        if (status != TV_OK)
            return tv_fail(err, status, "the scan was stopped");
        struct tv_scan_item *item = &scan->items[scan->next++];
        tv_arena_release(&scan->scratch);
        tv_scan_retire(scan);
        if (item->segment)
            status = tv_scan_segment(scan, item->segment, out, err);
        else
            scan_level0(scan, item->batch, out);
        if (status != TV_OK)
            return status;
    }
    return TV_OK;
}

int64_t tv_scan_bound(const struct tv_scan *scan)
{
    bool newest = scan->spec.order == TV_SCAN_NEWEST;
    if (scan->next >= scan->count)
        return newest ? INT64_MIN : INT64_MAX;
    if (scan->spec.order == TV_SCAN_ANY)
        return INT64_MIN;
    const struct tv_extent *extent = scan->items[scan->next].extent;
    return newest ? extent->max_time : extent->min_time;
}

void tv_scan_stats(const struct tv_scan *scan, struct tv_scan_stats *out)
{
    *out = scan->stats;
}

void tv_scan_stats_add(struct tv_scan_stats *sum, const struct tv_scan_stats *one)
{
    sum->segments_total += one->segments_total;
    sum->segments_read += one->segments_read;
    sum->events += one->events;
    sum->bytes += one->bytes;
    sum->pruned_time += one->pruned_time;
    sum->pruned_zone += one->pruned_zone;
    sum->pruned_filter += one->pruned_filter;
    sum->rolled_up += one->rolled_up;
}
