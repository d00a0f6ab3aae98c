/* SPDX-License-Identifier: Apache-2.0 */
/* A segment's columns read from the file into a batch, as many as somebody wants.
 *
 * Blocks are read with short transactions of their own and checked before they are decoded. A view
 * is owned by one thread; its batch is valid until the view is released, and may be asked for more
 * columns meanwhile. */
#ifndef TV_STORE_VIEW_H
#define TV_STORE_VIEW_H

#include "store/codec.h"
#include "store/segment.h"
#include "store/store.h"

/* Zero-initialised is empty. */
struct tv_view {
    const struct tv_segment *segment; /* borrowed */
    struct tv_batch *batch;
    uint32_t fields;     /* bits: looked at already */
    bool *overflow_read; /* by overflow block: all its names are loaded */
    bool *attr_read;     /* by the segment's attribute */
    bool all_attributes;
    uint64_t bytes; /* read from the file so far */
};

void tv_view_init(struct tv_view *view, const struct tv_segment *segment);
void tv_view_release(struct tv_view *view);
/* Loads columns that are not loaded yet. TV_CORRUPT names the segment. */
TV_CHECKED enum tv_status tv_view_load(struct tv_view *view, const struct tv_db *db,
        const struct tv_scan_columns *columns, struct tv_error *err);

/* Whether all these columns are loaded; `segment` is the view's. */
bool tv_view_covers(const struct tv_view *view, const struct tv_segment *segment,
        const struct tv_scan_columns *columns);

/* The given rows of the view's segment (ascending, few) as a batch of their own, with these columns
 * and those that the view has loaded; owned by the caller. TV_CORRUPT names the segment. */
struct tv_view_pick {
    struct tv_scan_columns columns;
    struct tv_picks rows;
};
TV_CHECKED enum tv_status tv_view_pick(struct tv_view *view, const struct tv_db *db,
        const struct tv_view_pick *pick, struct tv_batch **out, struct tv_error *err);

/* Names and types in a segment's overflow blocks. */
TV_CHECKED enum tv_status tv_view_overflow_names(const struct tv_db *db,
        const struct tv_segment *segment,
        void (*note)(void *ctx, struct tv_str name, uint32_t types), void *ctx,
        struct tv_error *err);

/* Reads a run of the payload, without a checksum being looked at. */
struct tv_run {
    uint64_t offset;
    size_t bytes;
};
TV_CHECKED enum tv_status tv_run_read(const struct tv_db *db, const struct tv_segment *segment,
        struct tv_run run, void *out, struct tv_error *err);

#endif
