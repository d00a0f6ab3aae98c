/* SPDX-License-Identifier: Apache-2.0 */
/* AS OF: from a time to an arrival number.
 *
 * Arrival numbers rise with receive time but for clocks that step back, so whole pieces are decided
 * by their extents; only those that straddle the time and could still raise the answer are read. */
#include "store/store_internal.h"

static enum tv_status read_straddling(struct tv_snapshot *snapshot, int64_t time_ns,
        const struct tv_extent *extent, uint64_t *best, struct tv_error *err)
{
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    struct tv_scan_spec spec = {
            .from = extent->min_time,
            .to = extent->max_time,
            .arrival_from = *best + 1 > extent->min_arrival ? *best + 1 : extent->min_arrival,
            .arrival_to = extent->max_arrival,
            .columns.fields = 1u << TV_FIELD_ARRIVAL | 1u << TV_FIELD_RECEIVED,
    };
    enum tv_status status = tv_scan_open(snapshot, &spec, NULL, &scan, err);
    while (status == TV_OK) {
        status = tv_scan_next(scan, &found, err);
        if (status != TV_OK || found.count == 0)
            break;
        const uint64_t *arrivals = tv_batch_u64(found.batch, TV_FIELD_ARRIVAL);
        const int64_t *received = tv_batch_i64(found.batch, TV_FIELD_RECEIVED);
        for (uint32_t i = 0; i < found.count; i++) {
            uint32_t row = found.rows[i];
            if (received[row] <= time_ns && arrivals[row] > *best)
                *best = arrivals[row];
        }
    }
    tv_scan_close(scan);
    return status;
}

/* Takes a piece into account as far as its extent tells. Whether it must be read. */
static bool must_read(const struct tv_extent *extent, int64_t time_ns, uint64_t *best)
{
    if (extent->rows == 0 || extent->min_received > time_ns || extent->max_arrival <= *best)
        return false;
    if (extent->max_received > time_ns)
        return true;
    *best = extent->max_arrival;
    return false;
}

enum tv_status tv_snapshot_arrival_at(
        struct tv_snapshot *snapshot, int64_t time_ns, uint64_t *out, struct tv_error *err)
{
    uint64_t best = 0;
    enum tv_status status = TV_OK;
    /* Twice: what the first pass takes whole spares most readings of the second. */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = snapshot->level0_count; i-- > 0 && status == TV_OK;) {
            const struct tv_extent *extent = &snapshot->level0[i]->extent;
            if (must_read(extent, time_ns, &best) && pass == 1)
                status = read_straddling(snapshot, time_ns, extent, &best, err);
        }
        for (size_t i = snapshot->segments->count; i-- > 0 && status == TV_OK;) {
            const struct tv_extent *extent = &snapshot->segments->items[i]->extent;
            if (must_read(extent, time_ns, &best) && pass == 1)
                status = read_straddling(snapshot, time_ns, extent, &best, err);
        }
    }
    if (status == TV_OK)
        *out = best;
    return status;
}
