/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence: what of an actor differs behind the onset from what it was before. Private to this room.
 *
 * Each finder (latency.c, behaviour.c, series.c, alerts.c) adds items of its own dimensions. Strengths
 * compare inside one dimension only: seconds that requests lost, a statistic of counts, a robust z.
 * rank.c decides what a dimension is worth by how well it sets one actor off against the others. */
#ifndef TV_CAUSALITY_EVIDENCE_H
#define TV_CAUSALITY_EVIDENCE_H

#include "causality/facts.h"

enum tv_dimension {
    TV_DIMENSION_LATENCY,    /* own time of spans */
    TV_DIMENSION_BEHAVIOUR,  /* what an operation calls and says */
    TV_DIMENSION_MESSAGES,   /* logs outside of spans */
    TV_DIMENSION_SLOWNESS,   /* series of durations */
    TV_DIMENSION_ERRORS,     /* series of failures, or of successes that drop */
    TV_DIMENSION_SATURATION, /* series of resources */
    TV_DIMENSION_TRAFFIC,    /* series of requests, bytes */
    TV_DIMENSION_OTHER,      /* other series */
    TV_DIMENSION_ALERTS,     /* this and those behind it: alerts, a dimension for each kind */
};

struct tv_evidence {
    uint32_t actor;
    uint32_t dimension;
    double strength; /* above 0 */
    double value, usual;
    int64_t onset;      /* first sign of it */
    uint32_t name;      /* of the metric or operation; 0: none */
    uint32_t peer;      /* service on the other side; 0: none */
    uint32_t template;  /* of a message, or TV_NONE */
    uint32_t record;    /* a message of that template, or TV_NONE */
    uint32_t series;    /* index, or TV_NONE */
    uint32_t count, of; /* so many of so many; of 0: no such count */
    const char *form;   /* which sentence says it: see words.c */
};

struct tv_evidence_list {
    struct tv_evidence *items;
    size_t count, cap;
};

/* The time that everything is compared about. Times at or after `onset` are behind it. */
struct tv_cut {
    int64_t from, onset, to;
};

struct tv_evidence *tv_evidence_add(
        struct tv_evidence_list *list, uint32_t actor, uint32_t dimension, double strength);

/* Whom a service calls, learned from spans and dependencies: actors' services. */
struct tv_graph_edge {
    uint32_t from, to; /* services (names) */
    uint32_t calls;
};
struct tv_graph {
    struct tv_graph_edge *edges;
    size_t edge_count, edge_cap;
    struct tv_map by_pair; /* two names → index of edges */
    struct tv_arena arena;
    uint32_t *depth; /* by name: calls from the symptom, TV_NONE: not reached */
    bool *traced;    /* by name: it has spans that cross services */
    size_t name_count;
    uint32_t symptom; /* service */
    bool known;       /* there are edges from the symptom */
};
void tv_graph_build(struct tv_graph *graph, const struct tv_facts *facts, uint32_t symptom);
void tv_graph_release(struct tv_graph *graph);

/* Own times as groups of one operation and callee, for onset.c and latency.c. */
struct tv_timing {
    uint32_t operation, callee;
    uint32_t span;
    int64_t time;
    double seconds;
};
struct tv_timings {
    struct tv_timing *items; /* by operation and callee, then time */
    size_t count;
    int64_t *times; /* ascending */
};
void tv_timings_build(struct tv_timings *timings, const struct tv_facts *facts);
/* The end of the group that begins at `first`. */
size_t tv_timings_group(const struct tv_timings *timings, size_t first);
void tv_timings_release(struct tv_timings *timings);

/* Stretches of the time before the onset that hold about equally many spans. */
enum { TV_STRETCHES = 4 };
struct tv_stretches {
    int64_t ends[TV_STRETCHES - 1];
};
void tv_stretches_of(
        struct tv_stretches *out, const struct tv_timings *timings, const struct tv_cut *cut);
static inline unsigned tv_stretch_of(const struct tv_stretches *stretches, int64_t time)
{
    unsigned at = 0;
    while (at < TV_STRETCHES - 1 && time >= stretches->ends[at])
        at++;
    return at;
}

/* Moments when the symptom may have begun, likelier ones first; at least one. */
enum { TV_ONSETS_MAX = 12 };
size_t tv_onsets_find(const struct tv_facts *facts, const struct tv_timings *timings,
        const struct tv_graph *graph, int64_t out[TV_ONSETS_MAX]);

/* 0 … 1: whether a rate behind the onset still holds in the second half of that time. A fault lasts. */
double tv_persistence(struct tv_rate all, struct tv_rate late);

void tv_find_latency(struct tv_evidence_list *list, struct tv_facts *facts,
        const struct tv_graph *graph, const struct tv_timings *timings, const struct tv_cut *cut);
void tv_find_behaviour(struct tv_evidence_list *list, const struct tv_facts *facts,
        const struct tv_timings *timings, const struct tv_cut *cut);
void tv_find_series(struct tv_evidence_list *list, const struct tv_facts *facts,
        const struct tv_graph *graph, const struct tv_cut *cut);
void tv_find_alerts(struct tv_evidence_list *list, const struct tv_facts *facts);

/* What a metric's name says that it measures. */
enum tv_measure_class {
    TV_CLASS_FAILURES,
    TV_CLASS_SUCCESSES,
    TV_CLASS_DURATION,
    TV_CLASS_RESOURCE,
    TV_CLASS_TRAFFIC,
    TV_CLASS_OTHER
};
enum tv_measure_class tv_measure_class_of(struct tv_str metric);

#endif
