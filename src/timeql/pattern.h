/* SPDX-License-Identifier: Apache-2.0 */
/* The automaton of MATCH PATTERN. Private to this room.
 *
 * It is told, event by event in the order of time, which steps' conditions hold, and says which keys
 * went through the pattern. It knows nothing of batches, fields or the store.
 *
 *     pattern = tv_pattern_new(&spec);
 *     tv_pattern_take(pattern, &event);            ascending by moment
 *     tv_pattern_finish(pattern, known_until);     absence is settled up to here
 *     matches = tv_pattern_matches(pattern, &count);
 *
 * What is a match (docs/timeql.md says the same to users): step i is complete at an event for which
 * its condition holds (the n-th time within `spread_ns`, and all through the `lasting_ns` before),
 * if the step before was complete at an earlier event, at most `within_ns` before, with no negated
 * step complete between the two. Of several such earlier events the latest counts. So one chain for
 * each step and key is enough, and time per event is bounded by the number of steps. */
#ifndef TV_TIMEQL_PATTERN_H
#define TV_TIMEQL_PATTERN_H

#include "timeql/query.h"

/* When an event is; moments are all different but for those of the same event. */
struct tv_moment {
    int64_t time;
    uint64_t arrival; /* 0: no event, but the end of a bucket of a service */
};

/* -1, 0, 1. */
static inline int tv_moment_compare(struct tv_moment a, struct tv_moment b)
{
    if (a.time != b.time)
        return a.time < b.time ? -1 : 1;
    return (a.arrival > b.arrival) - (a.arrival < b.arrival);
}

struct tv_pattern_event {
    struct tv_moment moment;
    uint32_t key;
    uint64_t holds; /* bit i: step i's condition is true */
    uint64_t fails; /* bit i: it is false (not: unknown) */
};

/* How a step went: the first and last of the events that it took; one and the same unless the step
 * repeats. */
struct tv_pattern_part {
    struct tv_moment first, last;
};

struct tv_pattern_match {
    uint32_t key;
    int64_t start, end;
    struct tv_moment last;         /* its last event */
    struct tv_pattern_part *parts; /* of each step that is not negated, in order */
};

struct tv_pattern_spec {
    const struct tv_match_step *steps; /* borrowed */
    size_t step_count;
    bool overlapping;
    int64_t to;     /* no step begins or completes later; only absence is looked at beyond */
    uint64_t limit; /* matches to keep: the first by their end */
};

struct tv_pattern;

/* Owned by the caller. */
struct tv_pattern *tv_pattern_new(const struct tv_pattern_spec *spec);
void tv_pattern_free(struct tv_pattern *pattern);
void tv_pattern_take(struct tv_pattern *pattern, const struct tv_pattern_event *event);
/* Matches by absence whose time is over at `known_until` are added; the list is sorted. */
void tv_pattern_finish(struct tv_pattern *pattern, int64_t known_until);
/* By end, last event, key; until the pattern is freed. */
const struct tv_pattern_match *tv_pattern_matches(const struct tv_pattern *pattern, size_t *count);
/* All there were, also beyond the limit. */
uint64_t tv_pattern_total(const struct tv_pattern *pattern);
/* Whether a bound on what is remembered was reached, so that matches may be missing. */
bool tv_pattern_forgot(const struct tv_pattern *pattern);
/* Steps that are not negated. */
size_t tv_pattern_parts(const struct tv_pattern *pattern);

#endif
