/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic: what the services did in a stretch of time, as events, requests, calls and last values.
 *
 * Time is cut into buckets of TV_FRAME_NS. What a bucket holds depends only on the events that its
 * rule names (docs/adr/0006-frames-and-keyframes.md), so buckets add up: whatever was computed for some
 * of them at another time may be added to what is computed for the others now.
 *
 *     struct tv_frame sum = {.names = &names};
 *     builder = tv_frame_builder_new(&range, &sum, true);
 *     tv_frame_take(builder, &batch); tv_frame_bound(builder, bound); …
 *     tv_frame_builder_finish(builder, &open, &count);
 */
#ifndef TV_STORE_FRAME_H
#define TV_STORE_FRAME_H

#include "base/map.h"
#include "base/time.h"
#include "stats/sketch.h"
#include "store/spans.h"
#include "store/store.h"

/* A bucket's length; also how long before a bucket's start what ended is still looked at, for
 * parents and for records that tell of a failure. */
#define TV_FRAME_NS (10 * TV_NS_PER_S)
/* A start waits that long for its end; a span longer than that is kept beside the buckets. */
#define TV_START_TIMEOUT_NS TV_NS_PER_MIN

enum { TV_FRAME_ERRORS = 20 };

/* Names of everything counted, as numbers that all frames of one computation share. */
struct tv_frame_instance {
    uint32_t service;
    struct tv_str name;
};
struct tv_frame_names {
    struct tv_arena arena;
    struct tv_map services, instances, series, edges; /* → number */
    struct tv_str *service;
    struct tv_frame_instance *instance, *one_series; /* series: its service and name */
    struct tv_frame_edge_ends {
        uint32_t from, to;
    } * edge;
    uint32_t service_count, instance_count, series_count, edge_count;
    size_t service_cap, instance_cap, series_cap, edge_cap;
};

struct tv_frame_service {
    uint64_t events, errors;
    uint64_t requests, failed;
    uint64_t bare_starts, bare_ends; /* requests and responses without ids: one each, at most */
    int64_t last;                    /* event time, if events > 0 */
    bool spans;                      /* some of the events were spans */
    struct tv_sketch durations;      /* of requests, ns */
};

struct tv_frame_edge {
    uint64_t requests, failed;
    struct tv_sketch durations;
};

/* The last value of a series (service, attribute). */
struct tv_frame_value {
    bool known;
    int64_t time;
    uint64_t arrival;
    double value;
};

struct tv_frame_pick {
    int64_t time;
    uint64_t arrival;
};

/* Zero-initialised but for the names (borrowed) is empty. Indexed by the numbers of the names. */
struct tv_frame {
    struct tv_frame_names *names;
    struct tv_frame_service *services;
    struct tv_frame_edge *edges;
    struct tv_frame_value *values;
    bool *instances;
    size_t service_count, edge_count, value_count, instance_count;
    struct tv_frame_pick errors[TV_FRAME_ERRORS]; /* the newest error events, newest first */
    size_t error_count;
};

void tv_frame_names_release(struct tv_frame_names *names);
uint32_t tv_frame_name_service(struct tv_frame_names *names, struct tv_str name);
uint32_t tv_frame_name_instance(
        struct tv_frame_names *names, uint32_t service, struct tv_str instance);
uint32_t tv_frame_name_series(struct tv_frame_names *names, uint32_t service, struct tv_str name);
uint32_t tv_frame_name_edge(struct tv_frame_names *names, uint32_t from, uint32_t to);

void tv_frame_release(struct tv_frame *frame);
/* The entries of a number; valid until the next call for the frame. */
struct tv_frame_service *tv_frame_service(struct tv_frame *frame, uint32_t number);
struct tv_frame_edge *tv_frame_edge(struct tv_frame *frame, uint32_t number);
void tv_frame_instance(struct tv_frame *frame, uint32_t number);
/* Keeps the later of two values: by time, then arrival. */
void tv_frame_value(struct tv_frame *frame, uint32_t series, const struct tv_frame_value *value);
void tv_frame_error(struct tv_frame *frame, struct tv_frame_pick pick);

/* Computing from events. */
struct tv_frame_range {
    int64_t from, to; /* event time, both included */
};

/* A request that has begun and not ended at range.to. */
struct tv_frame_open {
    uint32_t service;
    struct tv_frame_pick event;
};

struct tv_frame_builder;

/* The bucket of a time: its number, counted from 1970. */
static inline int64_t tv_frame_bucket(int64_t time)
{
    return time / TV_FRAME_NS - (time % TV_FRAME_NS < 0);
}

/* Where a window of `over_ns` before a time begins: of a minute or more, at the start of its first
 * bucket, since then no bucket of it has to be computed for its sake. */
static inline int64_t tv_frame_window(int64_t time, int64_t over_ns)
{
    int64_t from = time > over_ns ? time - over_ns : 0;
    return over_ns >= TV_NS_PER_MIN ? tv_frame_bucket(from) * TV_FRAME_NS : from;
}

/* `frames` has one frame for each bucket that the range touches, in order, or one for all
 * (`one_frame`); borrowed. */
struct tv_frame_builder *tv_frame_builder_new(
        const struct tv_frame_range *range, struct tv_frame *frames, bool one_frame);
void tv_frame_builder_free(struct tv_frame_builder *builder);
/* Takes rows with the columns of tv_frame_columns, of the first of tv_frame_scans, by ascending
 * bounds; each once. */
void tv_frame_take(struct tv_frame_builder *builder, const struct tv_scan_batch *in);
/* Takes those of the second scan, before the others: starts and ends of before. */
void tv_frame_take_starts(struct tv_frame_builder *builder, const struct tv_scan_batch *in);
/* No row still to come is earlier: works out the buckets that end before. */
void tv_frame_bound(struct tv_frame_builder *builder, int64_t bound);
/* Works out the rest. The requests open at the end, in no order; borrowed from the builder. */
void tv_frame_builder_finish(
        struct tv_frame_builder *builder, const struct tv_frame_open **open, size_t *count);
/* Takes metric events of the range, with all attributes. In any order, before or after the others. */
void tv_frame_take_metrics(struct tv_frame_builder *builder, const struct tv_scan_batch *in);

/* Kept frames: what of a range needs no computing. */
struct tv_frames_spec {
    struct tv_frame_range range;
    uint64_t arrival_to;
    bool kept; /* whether kept frames may be used: they are of all events, under no condition */
    struct tv_arena *arena; /* of the runs */
    const struct tv_cancel *cancel;
};
/* What is left of the range, ascending; the bucket of range.to is always part of the last one. */
struct tv_frame_runs {
    struct tv_frame_range *items;
    size_t count;
    uint64_t kept, bytes; /* frames added, and their bytes */
};
/* Adds the kept frames that hold to `sum`; what they do not tell is to be computed by a builder for
 * each run, with `sum` as its one frame. */
TV_CHECKED enum tv_status tv_frames_read(struct tv_snapshot *snapshot,
        const struct tv_frames_spec *spec, struct tv_frame *sum, struct tv_frame_runs *runs,
        struct tv_error *err);

/* The columns that the above read; names in the arena. */
struct tv_scan_columns tv_frame_columns(struct tv_arena *arena);
struct tv_scan_columns tv_frame_metric_columns(void);
/* The scans: of the range's events, of starts and ends before it (from > to: none), of metrics; of
 * rows that `where` (NULL: all) selects. */
void tv_frame_scans(const struct tv_frame_range *range, struct tv_pred *where,
        struct tv_arena *arena, struct tv_scan_spec specs[3]);

#endif
