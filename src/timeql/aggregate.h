/* SPDX-License-Identifier: Apache-2.0 */
/* Functions over the rows of a group. Private to this room. */
#ifndef TV_TIMEQL_AGGREGATE_H
#define TV_TIMEQL_AGGREGATE_H

#include "stats/moments.h"
#include "timeql/quantile.h"
#include "timeql/query.h"
#include "timeql/topk.h"

/* Distinct values are counted exactly up to this many in one statement. */
enum { TV_DISTINCT_MAX = 1 << 21 };
/* What quantiles and topk of all groups of a statement may hold, in bytes. */
enum { TV_AGGREGATE_BYTES_MAX = 256 << 20 };

struct tv_distinct_set {
    uint64_t (*slots)[2]; /* 128-bit fingerprints; both 0 is free */
    size_t slot_count, count;
};

/* One function's state in one group. */
struct tv_aggregate_state {
    uint64_t count;
    __extension__ __int128 whole; /* sum of whole numbers */
    double sum, lost;             /* of the others, with what rounding lost (Neumaier) */
    bool fraction;                /* some were no whole numbers */
    struct tv_value best;
    char *text; /* of best, owned */
    size_t text_cap;
    int64_t best_time;
    uint64_t best_arrival;
    struct tv_distinct_set set;
    struct tv_moments moments;
    struct tv_quantile *quantile; /* owned; NULL before the first number */
    struct tv_topk *topk;         /* owned; NULL before the first value */
};

/* What one function has over all groups. */
struct tv_aggregator {
    const struct tv_select_item *item;
    size_t *budget; /* distinct values that may still be kept, shared; at 0 no more are counted */
    size_t *bytes;  /* held by quantiles and topk, shared */
    bool sketched;  /* after finish: quantiles of some group come from its sketch */
    uint64_t lost;  /* after finish: topk's counts may be too low by this much */
    struct tv_aggregate_state *states;
    uint32_t count, cap;
};

void tv_aggregator_release(struct tv_aggregator *aggregator);
/* Makes states for `group_count` groups. */
void tv_aggregator_reserve(struct tv_aggregator *aggregator, uint32_t group_count);
/* Adds the batch's rows, row i to groups[i], whose states exist. */
void tv_aggregator_add(struct tv_aggregator *aggregator, const struct tv_scan_batch *batch,
        const uint32_t *groups, struct tv_arena *scratch);
/* Adds so many rows to a group, of which only their number and a sketch of the field's numbers are known:
 * for counts of rows and quantiles. */
void tv_aggregator_add_sum(struct tv_aggregator *aggregator, uint32_t group, uint64_t rows,
        const struct tv_sketch *sketch);
/* Works out the results, once all rows are in. */
void tv_aggregator_finish(struct tv_aggregator *aggregator);
/* The result, but for rate the count alone; texts borrow the state. */
struct tv_value tv_aggregator_result(const struct tv_aggregator *aggregator, uint32_t group);

#endif
