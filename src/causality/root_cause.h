/* SPDX-License-Identifier: Apache-2.0 */
/* ROOT CAUSE OF: who began it, and what says so.
 *
 * Reads a window of events, finds when the symptom began, compares what every service, instance,
 * operation and series did before and behind that moment, and ranks who sets himself off. Nothing
 * later than `to` is read, nothing earlier than `from` is explained; series may be compared with an
 * earlier past. No name of a service means anything to it. docs/root-cause.md has the method.
 *
 *     struct tv_root_cause found;
 *     status = tv_root_cause_find(&spec, &arena, &found, err);
 */
#ifndef TV_CAUSALITY_ROOT_CAUSE_H
#define TV_CAUSALITY_ROOT_CAUSE_H

#include "stats/contrast.h"
#include "store/store.h"

enum { TV_CAUSES_MAX = 10, TV_CAUSE_EVIDENCE_MAX = 6, TV_CAUSE_PATH_MAX = 16, TV_IMPACT_MAX = 20 };

struct tv_root_cause_spec {
    struct tv_snapshot *snapshot;
    const struct tv_cancel *cancel;
    int64_t from, to;
    uint64_t arrival_to;
    /* Of which events the symptom is made: their service is the one asked about, the one with most of
     * them if they are of several. Borrowed. */
    const struct tv_pred *symptom;
};

/* One fact that speaks for a cause. */
struct tv_cause_evidence {
    struct tv_str signal; /* "latency", "message", "cpu", … */
    struct tv_str text;   /* a sentence */
    double value, usual;  /* NaN: none */
    double weight;        /* its part of the cause's score; 0 … 1 */
    const struct tv_sample *series;
    size_t series_count;
};

struct tv_cause_change {
    struct tv_str event_id, name, version, commit; /* {NULL, 0}: not told */
};

struct tv_cause {
    struct tv_str service, instance, host; /* {NULL, 0}: unknown, or the service as a whole */
    const char *kind;                      /* "service", "instance", "resource", "change" */
    const struct tv_cause_change *change;  /* NULL: none is blamed */
    double confidence;
    int64_t onset;
    struct tv_str summary;
    struct tv_str path[TV_CAUSE_PATH_MAX]; /* services, from the symptom to the cause */
    size_t path_count;
    struct tv_cause_evidence evidence[TV_CAUSE_EVIDENCE_MAX];
    size_t evidence_count;
    struct tv_str against[TV_CAUSE_EVIDENCE_MAX];
    size_t against_count;
};

struct tv_cause_impact {
    struct tv_str service;
    uint64_t requests, failed, slow;
};

struct tv_root_cause {
    struct tv_str symptom; /* service; {NULL, 0}: no event fulfils the condition */
    int64_t onset;
    struct tv_cause causes[TV_CAUSES_MAX];
    size_t cause_count; /* 0: nothing stands out */
    struct tv_cause_impact impact[TV_IMPACT_MAX];
    size_t impact_count;
    bool sampled;   /* only a part of the traces was looked at */
    bool truncated; /* the time limit came first */
    struct tv_scan_stats stats;
    uint64_t rows;
};

/* Results lie in the arena. On an error *out is untouched. */
TV_CHECKED enum tv_status tv_root_cause_find(const struct tv_root_cause_spec *spec,
        struct tv_arena *arena, struct tv_root_cause *out, struct tv_error *err);

#endif
