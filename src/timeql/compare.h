/* SPDX-License-Identifier: Apache-2.0 */
/* COMPARE's working set: two sides, each a STATE with what was measured and what went wrong in it.
 * Private to this room.
 *
 * op_compare.c plans nothing and runs all, compare_read.c takes events in, compare_write.c holds the
 * sides against each other and writes the answer. */
#ifndef TV_TIMEQL_COMPARE_H
#define TV_TIMEQL_COMPARE_H

#include "timeql/state.h"

/* What a side may hold of names and of kinds of errors; and how many kinds are shown. */
enum { TV_COMPARE_SERIES_MAX = 100000, TV_COMPARE_KINDS_MAX = 10000, TV_COMPARE_KINDS_SHOWN = 100 };

/* The scans of a side, in the plan's order; the first three are those of tv_state_read. */
enum { TV_COMPARE_MEASURES = 3, TV_COMPARE_ERRORS, TV_COMPARE_SCANS };

/* A number of one service's events: all of them together, and the last. */
struct tv_measured {
    struct tv_str service, metric;
    uint64_t count;
    double sum, last;
    int64_t time; /* of the last */
    uint64_t arrival;
};

/* Errors that say the same, numbers and ids in the text aside. */
struct tv_error_kind {
    struct tv_str service, type, text;
    uint64_t count;
    int64_t first, last;
    struct tv_str event; /* of the last one: its id, or "@…" */
};

struct tv_compare_half {
    struct tv_exec *exec;
    const struct tv_compare_side *side;
    struct tv_state state;
    struct tv_state_list shown;
    struct tv_map measured_by, kind_by; /* → index; keys in the run's arena */
    struct tv_measured *measured;
    size_t measured_count, measured_cap;
    struct tv_error_kind *kinds;
    size_t kind_count, kind_cap;
    bool overfull; /* some names found no room */
    struct tv_arena scratch;
};

/* op_compare.c. What a side looks at: a moment, OVER before it. */
struct tv_frame_range tv_compare_range(
        const struct tv_query *query, const struct tv_compare_side *side);

/* compare_read.c, for tv_exec_scan. */
tv_exec_batch_fn tv_compare_read_measures;
tv_exec_batch_fn tv_compare_read_errors;
/* What was measured of a service, or NULL: a moment has the last value, a span the mean. */
struct tv_value tv_compare_value(
        const struct tv_compare_half *half, struct tv_str service, struct tv_str metric);
/* The kind of the same service, type and text, or NULL. */
const struct tv_error_kind *tv_compare_kind(
        const struct tv_compare_half *half, const struct tv_error_kind *kind);

/* compare_write.c */
TV_CHECKED enum tv_status tv_compare_write(
        struct tv_compare_half *before, struct tv_compare_half *after);

#endif
