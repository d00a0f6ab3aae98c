/* SPDX-License-Identifier: Apache-2.0 */
/* Series over time: how many events, how many errors and how long they took, step by step; and what
 * metrics measured, step by step.
 *
 * A window is cut into steps, multiples of `step_ns` since 1970. For each step in which something
 * happened a series has one point, and points add up: a coarser step's is the sum of the finer ones',
 * its sketch their merged sketch (to the bit). The store answers from rollups what they can tell and
 * from events the rest, so the answer is that of the events alone, whatever was compacted meanwhile and
 * however late events came.
 *
 *     struct tv_series_spec spec = {.from = from, .to = to, .step_ns = TV_NS_PER_MIN,
 *             .arrival_to = UINT64_MAX, .by = TV_BY_SERVICE, .durations = true, .cancel = cancel};
 *     struct tv_series_list list;
 *     status = tv_series_read(snapshot, &spec, &list, &err);
 *     … list.items[i].points[k].counts.errors …
 *     tv_series_list_release(&list);
 *
 * On one worker thread, like a scan. A list is owned by the caller and independent of the snapshot.
 */
#ifndef TV_STORE_SERIES_H
#define TV_STORE_SERIES_H

#include "stats/sketch.h"
#include "store/store.h"

/* What a read may hold: beyond that it fails with TV_TOO_LARGE. */
enum { TV_SERIES_POINTS_MAX = 1 << 20, TV_SERIES_BYTES_MAX = 256 << 20 };

/* What is told apart; the rest is added together and comes as {NULL, 0}. */
enum tv_series_by {
    TV_BY_SERVICE = 1,
    TV_BY_TYPE = 2,
    TV_BY_NAME = 4,
    TV_BY_INSTANCE = 8, /* metrics only */
    TV_BY_LABELS = 16   /* metrics only */
};

struct tv_series_spec {
    int64_t from, to;      /* event time, both ends included */
    int64_t step_ns;       /* 0: the window is one step */
    uint64_t arrival_to;   /* AS OF; UINT64_MAX for all */
    struct tv_pred *where; /* borrowed; NULL: all. Fast if it asks for service, type, name only */
    unsigned by;           /* enum tv_series_by */
    bool durations;        /* sketches are wanted */
    struct tv_str metric;  /* of tv_metrics_read: only this one; {NULL, 0}: all */
    const struct tv_cancel *cancel; /* borrowed; may be NULL */
};

struct tv_series_point {
    int64_t time; /* at which the step begins; of the window's first step this may be before `from` */
    struct tv_counts counts;
    struct tv_sketch durations; /* ns, of the events that tell one; empty unless asked for */
};

struct tv_series {
    struct tv_str service, type, name; /* {NULL, 0}: absent, or not told apart */
    struct tv_series_point *points;    /* ascending; steps without events have none */
    size_t count;
};

struct tv_series_list {
    struct tv_series *items; /* by service, type, name */
    size_t count;
    struct tv_scan_stats stats; /* of the reading */
    struct tv_arena arena;      /* private: texts */
    struct tv_series_point *points;
    size_t point_count;
};

/* TV_TOO_LARGE where it takes more than the above; TV_CANCELLED, TV_TIMEOUT by the token; TV_IO. *out is
 * owned by the caller (tv_series_list_release) on TV_OK, else untouched. */
TV_CHECKED enum tv_status tv_series_read(struct tv_snapshot *snapshot,
        const struct tv_series_spec *spec, struct tv_series_list *out, struct tv_error *err);
void tv_series_list_release(struct tv_series_list *list);

/* Metrics: values are the numbers of an event of type metric or system:metrics, each under its
 * attribute's name; labels are its texts, as a JSON object with sorted keys ("" for none). Service and
 * metric are always told apart; `by` says whether instance and labels are. */
struct tv_metric_point {
    int64_t time;
    uint64_t count;
    double sum, min, max; /* the sum to within rounding, the others exact */
    double last;          /* the latest value by event time, then arrival */
    int64_t last_time;
    uint64_t last_arrival;
};

struct tv_metric_series {
    struct tv_str service, instance, metric, labels;
    struct tv_metric_point *points; /* ascending */
    size_t count;
};

struct tv_metric_list {
    struct tv_metric_series *items; /* by service, instance, metric, labels */
    size_t count;
    struct tv_scan_stats stats;
    struct tv_arena arena; /* private */
    struct tv_metric_point *points;
    size_t point_count;
};

/* As tv_series_read. */
TV_CHECKED enum tv_status tv_metrics_read(struct tv_snapshot *snapshot,
        const struct tv_series_spec *spec, struct tv_metric_list *out, struct tv_error *err);
void tv_metric_list_release(struct tv_metric_list *list);

#endif
