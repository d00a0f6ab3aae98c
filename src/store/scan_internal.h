/* SPDX-License-Identifier: Apache-2.0 */
/* A scan under way, shared by its files. One worker thread. */
#ifndef TV_STORE_SCAN_INTERNAL_H
#define TV_STORE_SCAN_INTERNAL_H

#include "store/probe.h"
#include "store/store_internal.h"
#include "store/view.h"

/* One piece of the snapshot: a segment, or a part of level 0. */
struct tv_scan_item {
    struct tv_segment *segment; /* or NULL */
    struct tv_batch *batch;     /* of level 0 */
    const struct tv_extent *extent;
};

struct tv_scan {
    struct tv_snapshot *snapshot;
    struct tv_scan_spec spec;
    const struct tv_cancel *cancel;
    struct tv_db db; /* taken when the first segment is read */
    struct tv_scan_item *items;
    size_t count, next;
    struct tv_view view;      /* of the segment being read */
    struct tv_cached *cached; /* or what was found of it */
    struct tv_batch *picked;  /* the selected rows alone, where they are few */
    uint32_t *rows;
    uint32_t rows_cap;
    struct tv_probes probes; /* what was looked up so far */
    struct tv_arena scratch;
    struct tv_scan_stats stats;
};

/* Which segments a scan is for; level 0 always is. */
struct tv_scan_some {
    bool (*want)(const void *ctx, const struct tv_segment *segment);
    const void *ctx;
};
/* As tv_scan_open over some of the segments (NULL: all), without a cancel token. */
TV_CHECKED enum tv_status tv_scan_open_some(struct tv_snapshot *snapshot,
        const struct tv_scan_spec *spec, const struct tv_scan_some *some, struct tv_scan **out,
        struct tv_error *err);
/* Room for the selection of a batch of so many rows. */
uint32_t *tv_scan_rows(struct tv_scan *scan, uint32_t rows);
/* Whether every row of the extent is inside the window and the arrivals. */
bool tv_scan_holds(const struct tv_scan_spec *spec, const struct tv_extent *extent);
/* Rows of a batch inside the window and the arrival range, in order; returns how many. */
uint32_t tv_scan_window(
        const struct tv_scan_spec *spec, const struct tv_batch *batch, uint32_t *rows);
/* Lets go of the segment read last; what was decoded of it goes to the cache. */
void tv_scan_retire(struct tv_scan *scan);
/* Reads what the scan wants of a segment. Counts 0 rows where nothing is selected, or where the
 * segment turns out corrupt, which sets it aside. */
TV_CHECKED enum tv_status tv_scan_segment(struct tv_scan *scan, struct tv_segment *segment,
        struct tv_scan_batch *out, struct tv_error *err);

#endif
