/* SPDX-License-Identifier: Apache-2.0 */
/* The share of a reading of series that rollups answer. One reading, one thread. */
#ifndef TV_STORE_SERIES_ROLLED_H
#define TV_STORE_SERIES_ROLLED_H

#include "store/rolled.h"
#include "store/scan_internal.h"

/* Either of the tables is wanted, the other NULL. */
struct tv_series_reading {
    struct tv_snapshot *snapshot;
    const struct tv_series_spec *spec;
    struct tv_series_table *events;
    struct tv_metric_table *metrics;
    struct tv_scan_stats stats;
    bool decides, names; /* the condition asks for nothing else than rollups know; for names too */
    const struct tv_segment **damaged; /* their rollups cannot be read: rows it is */
    size_t damaged_count;
};

/* Adds what rollups tell. */
TV_CHECKED enum tv_status tv_series_roll(struct tv_series_reading *reading, struct tv_error *err);
void tv_series_reading_release(struct tv_series_reading *reading);
/* Whether rows of the segment are needed too (`reading` as void, for struct tv_scan_some). */
bool tv_series_wants_rows(const void *reading, const struct tv_segment *segment);
/* Takes the rows that rollups have told off a selection of the segment's (NULL: level 0) rows; returns
 * how many are left in `rows`. */
uint32_t tv_series_untold(const struct tv_series_reading *reading, const struct tv_segment *segment,
        const struct tv_scan_batch *found, uint32_t *rows);

#endif
