/* SPDX-License-Identifier: Apache-2.0 */
/* Derived fields for MATCH: the figures of each service at the end of each ten seconds, as rows over which
 * steps' conditions run. Private to MATCH.
 *
 * Figures are worked out a day at a time, when the events that are followed beside them get there. */
#ifndef TV_TIMEQL_MATCH_MARKS_H
#define TV_TIMEQL_MATCH_MARKS_H

#include "insight/traffic.h"
#include "timeql/exec.h"
#include "timeql/match_feed.h"

/* Where the figures of a moment that may be shown lie. */
struct tv_match_mark {
    int64_t time;
    uint32_t key, row;
};

struct tv_match_marks {
    struct tv_exec *exec;
    struct tv_match_feed *feed;
    int64_t next, end; /* the buckets still to come: from, up to and without */
    struct tv_str names[TV_TRAFFIC_FIELDS];
    struct tv_batch *kept; /* rows for which a step holds, TV_MATCH_MARKS_MAX at most */
    struct tv_match_mark *marks;
    size_t count, cap;
    bool sorted;
    struct tv_arena scratch;
};

enum { TV_MATCH_MARKS_MAX = 100000 };

/* Without a step on derived fields there is nothing to come. */
void tv_match_marks_init(
        struct tv_match_marks *marks, struct tv_exec *exec, struct tv_match_feed *feed);
void tv_match_marks_release(struct tv_match_marks *marks);
/* No event before `bound` will come to the feed: gives it the figures before that, and lets all of it go to
 * the automaton. INT64_MAX: all there is. */
TV_CHECKED enum tv_status tv_match_marks_until(struct tv_match_marks *marks, int64_t bound);
/* Writes the figures of a moment as members of an object; nothing where they are not kept. */
void tv_match_marks_members(
        struct tv_match_marks *marks, struct tv_json_out *json, int64_t time, uint32_t key);

#endif
