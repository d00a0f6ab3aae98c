/* SPDX-License-Identifier: Apache-2.0 */
/* A segment's rollup: its events added up by (stretch of time; service, type, name) with a sketch of
 * their durations, and its metrics by (stretch; service, instance, metric, labels).
 *
 * It is a row of its own beside the segment's, inserted with it in one transaction and deleted with it,
 * so rollups add up whatever arrives late. What stands here is what is kept in memory of it; the points
 * are read when somebody asks. Of 10 seconds, a minute and an hour the finest that pays is kept
 * (docs/adr/0005-rollups.md). Immutable. */
#ifndef TV_STORE_ROLLED_H
#define TV_STORE_ROLLED_H

#include "store/encode.h"
#include "store/series_table.h"

enum { TV_ROLLED_SERIES_MAX = 4096 };

enum tv_rolled_part {
    TV_ROLLED_EVENTS,    /* names and counts */
    TV_ROLLED_DURATIONS, /* the sketches of those counts */
    TV_ROLLED_METRICS,
    TV_ROLLED_PARTS
};

struct tv_rolled {
    int64_t events_step_ns;  /* 0: events are not rolled up */
    int64_t metrics_step_ns; /* 0: metrics are not */
    bool names;              /* names are told apart; else service and type alone */
    bool labels;             /* labels are told apart; else service, instance, metric alone */
    struct tv_block parts[TV_ROLLED_PARTS];
};

/* Makes the rollup of the events that become (or are) a segment; appends its points. */
void tv_rolled_make(const struct tv_build *build, struct tv_rolled *out, struct tv_buf *data);
/* What is kept in memory, as bytes and back; false for what the other did not write. */
void tv_rolled_put(const struct tv_rolled *rolled, struct tv_buf *out);
TV_CHECKED bool tv_rolled_get(struct tv_str head, struct tv_rolled *out);

/* Whether the stretches of `stretch_ns` fit into steps of `step_ns` (0: any). */
static inline bool tv_rolled_fits(int64_t stretch_ns, int64_t step_ns)
{
    return stretch_ns > 0 && step_ns % stretch_ns == 0;
}

/* Reads a part of a segment's rollup, checked against its sum: TV_CORRUPT where it does not match. */
struct tv_rolled_at {
    const struct tv_db *db;
    int64_t segment; /* id */
    const struct tv_rolled *rolled;
};
TV_CHECKED enum tv_status tv_rolled_load(const struct tv_rolled_at *at, enum tv_rolled_part part,
        struct tv_buf *out, struct tv_error *err);

/* Which points are wanted. */
struct tv_rolled_wish {
    int64_t from, to; /* of stretches that lie in it as a whole */
    const struct tv_pred
            *where; /* borrowed; reads service, type, name (of metrics: service, instance) */
};

/* Adds points to a table, by the bytes of their parts (`durations` is empty where the table wants
 * none). False where the bytes are wrong; the table may hold some of them then. */
TV_CHECKED bool tv_rolled_add_events(struct tv_str events, struct tv_str durations,
        const struct tv_rolled_wish *wish, struct tv_series_table *table);
TV_CHECKED bool tv_rolled_add_metrics(
        struct tv_str metrics, const struct tv_rolled_wish *wish, struct tv_metric_table *table);

#endif
