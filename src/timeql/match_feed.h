/* SPDX-License-Identifier: Apache-2.0 */
/* From batches to the automaton: which steps hold for which event, of which key, in the order of
 * time. Private to MATCH.
 *
 *     tv_match_feed_init(&feed, query, pattern);
 *     more = tv_match_feed_batch(&feed, &batch);     batches by ascending bound
 *     tv_match_feed_due(&feed, bound);               nothing earlier will come: what waits is due
 *     tv_match_feed_release(&feed);
 */
#ifndef TV_TIMEQL_MATCH_FEED_H
#define TV_TIMEQL_MATCH_FEED_H

#include "timeql/group.h"
#include "timeql/pattern.h"

/* With more keys than that the pattern is followed no further, and said not to be. */
enum { TV_MATCH_KEYS_MAX = 500000 };

struct tv_match_feed {
    const struct tv_query *query;
    struct tv_pattern *pattern;
    struct tv_groups keys;
    struct tv_pred **fails;           /* by step: NOT its condition, where it has FOR; else NULL */
    struct tv_pattern_event *waiting; /* ascending; not due yet */
    size_t waiting_count, waiting_cap;
    struct tv_arena arena, scratch;
};

void tv_match_feed_init(
        struct tv_match_feed *feed, const struct tv_query *query, struct tv_pattern *pattern);
void tv_match_feed_release(struct tv_match_feed *feed);
/* Takes a batch. False if there are too many keys by now. */
TV_CHECKED bool tv_match_feed_batch(struct tv_match_feed *feed, const struct tv_scan_batch *batch);
/* Takes rows of services' figures, whose moments are their times; steps on derived fields are decided.
 * Returns the rows' events, valid until the next call. */
struct tv_pattern_event *tv_match_feed_marks(
        struct tv_match_feed *feed, const struct tv_batch *batch);
/* Gives what lies before `bound` to the automaton; INT64_MAX: all. */
void tv_match_feed_due(struct tv_match_feed *feed, int64_t bound);

/* What the scan must select for the steps: the rows for which any of them holds, or, with FOR, is
 * false. In the arena; NULL if no step is about events. */
struct tv_pred *tv_match_pred(const struct tv_query *query, struct tv_arena *arena);

#endif
