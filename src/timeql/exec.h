/* SPDX-License-Identifier: Apache-2.0 */
/* A query while it runs. Private to this room.
 *
 * One struct tv_exec holds all that changes during a run; operators are functions over it. An operator
 * reads through tv_exec_scan, which opens the scan, asks the cancel token between batches, and sums
 * what was read; then it writes the answer. Nothing is written before every scan is through, so an
 * error leaves nothing written; only a deadline cuts short, and then the answer says so. */
#ifndef TV_TIMEQL_EXEC_H
#define TV_TIMEQL_EXEC_H

#include "timeql/answer.h"
#include "timeql/query.h"

/* A scan that the planner thought out: what it is for, and what it reads. */
struct tv_planned_scan {
    const char *name;
    struct tv_scan_spec spec;
};

enum { TV_PLAN_SCANS_MAX = 12 };

struct tv_plan {
    struct tv_planned_scan scans[TV_PLAN_SCANS_MAX];
    size_t count;
};

/* What one scan did, for EXPLAIN ANALYZE. */
struct tv_scan_note {
    const char *name;
    struct tv_scan_stats stats;
    uint64_t rows;
    double ms;
    struct tv_scan_note *next;
};

struct tv_exec {
    const struct tv_query *query;
    struct tv_snapshot *snapshot;
    const struct tv_cancel *cancel;
    struct tv_error *err;
    struct tv_arena arena; /* of the run */
    struct tv_answer answer;
    struct tv_plan plan;
    uint64_t arrival_to; /* AS OF */
    int64_t started_ns;

    struct tv_str *warnings;
    size_t warning_count, warning_cap;
    bool truncated, timed_out;
    uint64_t rows_seen;
    struct tv_scan_stats stats; /* sums */
    struct tv_scan_note *notes, *last_note;
    double noted_ms; /* of all notes, so that one scan inside another counts once */
};

/* Called for each batch with selected rows. `bound` is tv_scan_bound behind this batch. Setting *stop
 * ends the scan early. */
typedef enum tv_status tv_exec_batch_fn(
        void *ctx, const struct tv_scan_batch *batch, int64_t bound, bool *stop);

/* Runs a scan to its end. A deadline ends it with TV_OK if rows were seen before (exec->timed_out is
 * set), else with TV_TIMEOUT. */
TV_CHECKED enum tv_status tv_exec_scan(struct tv_exec *exec, const struct tv_planned_scan *scan,
        tv_exec_batch_fn *each, void *ctx);
/* For what is read by other ways than tv_exec_scan: notes it as one scan, and adds it to the sums.
 * `started_ns` is of tv_time_monotonic. */
void tv_exec_note(struct tv_exec *exec, const char *name, const struct tv_scan_stats *stats,
        int64_t started_ns);
/* Copies the text; each warning once. */
void tv_exec_warn(struct tv_exec *exec, const char *format, ...) TV_PRINTF(2, 3);
void tv_exec_head(struct tv_exec *exec, const char *type);
TV_CHECKED enum tv_status tv_exec_end(struct tv_exec *exec);

/* planner.c: fills exec->plan. */
void tv_plan_make(struct tv_exec *exec);
/* All events of a trace. */
struct tv_pred *tv_trace_pred(struct tv_arena *arena, struct tv_id trace);

/* The operators, one file each: scan, then write the answer from head to end. */
typedef enum tv_status tv_operator_fn(struct tv_exec *exec);
tv_operator_fn tv_op_state;
tv_operator_fn tv_op_timeline;
tv_operator_fn tv_op_traverse;
tv_operator_fn tv_op_compare;
tv_operator_fn tv_op_diff;
tv_operator_fn tv_op_match;
tv_operator_fn tv_op_root_cause;
tv_operator_fn tv_op_select;
tv_operator_fn tv_op_show;
tv_operator_fn tv_op_anomalies;
tv_operator_fn tv_op_predict;
tv_operator_fn tv_op_patterns;
tv_operator_fn tv_op_explain;
/* built.c: the operator of a statement, EXPLAIN aside; NULL if it is not built. */
tv_operator_fn *tv_operator_of(enum tv_statement statement);

#endif
