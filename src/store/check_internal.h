/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the check share. */
#ifndef TV_STORE_CHECK_INTERNAL_H
#define TV_STORE_CHECK_INTERNAL_H

#include "store/admin.h"
#include "store/view_internal.h"

struct tv_check {
    const struct tv_db *db;
    const struct tv_check_watch *watch;
    struct tv_check_totals *totals;
    int64_t last_segment;  /* the last columnar one seen */
    uint64_t last_arrival; /* the highest number in columnar segments */
};

/* A segment while it is looked at. */
struct tv_check_segment {
    struct tv_check *check;
    const struct tv_segment *segment;
    struct tv_str payload;
    struct tv_view view; /* gets the columns that can be decoded */
    bool damaged;        /* some cannot */
};

/* Counts a problem and tells it; bytes that are no text are shown as '?'. */
void tv_check_problem(struct tv_check *check, const char *format, ...) TV_PRINTF(2, 3);
/* The same, with "segment N" before it. */
void tv_check_wrong(struct tv_check_segment *at, const char *format, ...) TV_PRINTF(2, 3);

/* Every row of prints, decoded whole. */
TV_CHECKED enum tv_status tv_check_prints(struct tv_check *check, struct tv_error *err);
/* Blocks, and then all that was derived from the events in them. */
void tv_check_segment(
        struct tv_check *check, const struct tv_segment *segment, struct tv_str payload);
/* A fixed column against what is known of it. */
void tv_check_field(struct tv_check_segment *at, enum tv_field field);
void tv_check_attr(struct tv_check_segment *at, uint32_t index);
/* Extent, order and directory: needs all columns. */
void tv_check_rows(struct tv_check_segment *at);
/* Counts by time: needs all columns. */
void tv_check_rollup(struct tv_check_segment *at);
void tv_check_filter(struct tv_check_segment *at, enum tv_filter_kind kind);

#endif
