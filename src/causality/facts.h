/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of a window: what was read of the events, small and indexed by number. Private to this room.
 *
 * Every text is a number of `names` (0 is absent), every pair of service and instance an actor, every
 * pair of service and name an operation. Spans, records (logs and errors), series, changes, dependencies
 * and alerts lie in arrays of their own; facts_read.c fills them from batches, trace.c links spans. What
 * is counted is bounded: above TV_FACTS_SPANS_MAX spans, traces are kept or left by a hash of their id,
 * so that what is kept is whole. */
#ifndef TV_CAUSALITY_FACTS_H
#define TV_CAUSALITY_FACTS_H

#include "base/map.h"
#include "stats/contrast.h"
#include "stats/template.h"
#include "store/store.h"

enum {
    TV_FACTS_SPANS_MAX = 400000,
    TV_FACTS_RECORDS_MAX = 400000,
    TV_FACTS_SAMPLES_MAX = 4000000,
    TV_FACTS_CHANGES_MAX = 10000
};
#define TV_NONE UINT32_MAX

struct tv_actor {
    uint32_t service, instance; /* names; instance 0: the service as a whole */
    uint32_t host;              /* last seen */
};

/* An operation of a service. */
struct tv_operation {
    uint32_t service, name;
};

struct tv_fact_span {
    int64_t time, duration; /* as far as it was known at the end of what is read */
    int64_t own; /* of the duration, what no child and no sibling inside it accounts for */
    struct tv_id trace;
    uint64_t id, parent_id;
    uint32_t parent; /* index, or TV_NONE */
    uint32_t actor, operation;
    uint32_t callee;       /* another service that a child runs in, or that it names; 0: none */
    uint32_t callee_actor; /* the child's, or TV_NONE */
    uint8_t kind;
    bool failed;
    bool troubled;      /* it failed, or a message of it tells an error */
    bool calls_several; /* services: callee is one of them */
    bool failed_below;  /* something beneath it, in another service, failed */
};

/* A log, an error, or any other event that tells a message. */
struct tv_fact_record {
    int64_t time;
    struct tv_id trace;
    uint64_t span_id;
    uint32_t span; /* index, or TV_NONE */
    uint32_t actor, template;
    struct tv_str message; /* of warnings and errors, shortened */
    struct tv_str detail;  /* the same with the texts beside it */
    uint8_t severity;
    bool error;
};

struct tv_fact_series {
    uint32_t actor, metric; /* metric: name of the number */
    uint32_t peer;          /* service or instance in a label `peer`; 0: none */
    struct tv_sample *samples;
    uint32_t count, cap;
};

struct tv_fact_change {
    int64_t time;
    uint32_t actor;
    struct tv_str event_id, name, version, commit, text; /* text: all that it says of itself */
    struct tv_str files, diff;                           /* {NULL, 0}: not told */
    bool flag;                                           /* a switch, not a deployment */
};

struct tv_fact_dependency {
    uint32_t caller, callee; /* actors */
};

/* An event that says itself that something is out of order. */
struct tv_fact_alert {
    int64_t time;
    uint32_t actor, peer; /* peer: actor that called, TV_NONE: none */
    uint32_t metric;
    bool down; /* the number is too small */
};

struct tv_facts {
    struct tv_arena arena;
    struct tv_map names_by_text, actors_by_key, operations_by_key, series_by_key;
    struct tv_str *names;
    size_t name_count, name_cap;
    struct tv_actor *actors;
    size_t actor_count, actor_cap;
    struct tv_operation *operations;
    size_t operation_count, operation_cap;
    struct tv_fact_span *spans;
    size_t span_count, span_cap;
    struct tv_fact_record *records;
    size_t record_count, record_cap;
    struct tv_fact_series *series;
    size_t series_count, series_cap;
    struct tv_fact_change *changes;
    size_t change_count, change_cap;
    struct tv_fact_dependency *dependencies;
    size_t dependency_count, dependency_cap;
    struct tv_fact_alert *alerts;
    size_t alert_count, alert_cap;
    struct tv_templates templates;
    uint32_t *
            whole; /* by name: the actor of that service without an instance, or TV_NONE; after link */
    bool *waited; /* by span: something slow was called beneath it; latency.c tells for one onset */
    size_t sample_count;
    unsigned sampled_bits;         /* traces kept: those whose hash has so many low bits 0 */
    int64_t from, to;              /* of what was read */
    int64_t first, last;           /* of the events read; first > last: none */
    int64_t told_first, told_last; /* of the spans, records and samples among them */
};

void tv_facts_release(struct tv_facts *facts);
uint32_t tv_facts_name(struct tv_facts *facts, struct tv_str text);
uint32_t tv_facts_actor(struct tv_facts *facts, uint32_t service, uint32_t instance);
uint32_t tv_facts_operation(struct tv_facts *facts, uint32_t service, uint32_t name);
static inline struct tv_str tv_facts_text(const struct tv_facts *facts, uint32_t name)
{
    return name ? facts->names[name] : (struct tv_str){NULL, 0};
}
static inline uint32_t tv_facts_service(const struct tv_facts *facts, uint32_t actor)
{
    return facts->actors[actor].service;
}

/* The actor, or if that is TV_NONE or of another service, the service as a whole. */
static inline uint32_t tv_facts_actor_or_whole(
        const struct tv_facts *facts, uint32_t actor, uint32_t service)
{
    return actor != TV_NONE && facts->actors[actor].service == service ? actor
                                                                       : facts->whole[service];
}

/* Whether everything happened at about one moment: then nothing is new, since nothing is old. */
static inline bool tv_facts_have_no_past(const struct tv_facts *facts)
{
    return facts->told_last - facts->told_first < 1000000000;
}

/* Makes room for one more item of an array of the facts; returns the item, zeroed. */
void *tv_facts_add(void **items, size_t *count, size_t *cap, size_t item_bytes);

struct tv_facts_spec {
    struct tv_snapshot *snapshot;
    const struct tv_cancel *cancel;
    int64_t from, to; /* events of these times */
    uint64_t arrival_to;
};

struct tv_facts_cost {
    struct tv_scan_stats stats;
    uint64_t rows;
};

/* Reads the window. What was read before an error stays in `facts`, which is released either way by
 * the caller. */
TV_CHECKED enum tv_status tv_facts_read(struct tv_facts *facts, const struct tv_facts_spec *spec,
        struct tv_facts_cost *cost, struct tv_error *err);
/* Reads metrics alone, of an earlier stretch: baselines may reach further back than the window. */
TV_CHECKED enum tv_status tv_facts_read_metrics(struct tv_facts *facts,
        const struct tv_facts_spec *spec, struct tv_facts_cost *cost, struct tv_error *err);

/* trace.c: orders spans by trace and time, finds parents, own time and callees; ties records to
 * spans; orders samples by time. Called once, after all is read. */
void tv_facts_link(struct tv_facts *facts);

#endif
