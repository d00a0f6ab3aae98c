/* SPDX-License-Identifier: Apache-2.0 */
/* What a statement measures, as tracks of numbers over time. Private to this room.
 *
 * ANOMALIES, PREDICT and whoever else follows fields through time read them here: the numbers that events
 * carry, each as it was recorded, and the derived fields of services, in steps. */
#ifndef TV_TIMEQL_MEASURE_READ_H
#define TV_TIMEQL_MEASURE_READ_H

#include "insight/traffic.h"
#include "timeql/exec.h"

/* The scan that the planner gives to such a statement: events that carry a measured number, or, where
 * no field was named, all metric events. */
void tv_plan_measures(struct tv_exec *exec, struct tv_planned_scan *scan);
/* Whether any measured field is an event's; else whether any is derived. Without names both are. */
bool tv_measures_recorded(const struct tv_query *query);
bool tv_measures_derived(const struct tv_query *query);

struct tv_measure_window {
    int64_t from, to; /* both ends included */
    int64_t step_ns;  /* of derived fields: tv_traffic_step */
};

/* Adds the recorded numbers of the scan to the tracks; to be sorted by the caller. TV_TOO_LARGE with a
 * hint where there are more than the tracks hold. */
TV_CHECKED enum tv_status tv_measures_read(
        struct tv_exec *exec, const struct tv_planned_scan *scan, struct tv_tracks *tracks);
/* Adds the derived fields that are measured, of [from, to], in steps; where none were named, error rate,
 * request rate, latency and its 95th percentile. */
TV_CHECKED enum tv_status tv_measures_read_traffic(
        struct tv_exec *exec, const struct tv_measure_window *window, struct tv_tracks *tracks);
/* How long before a window is worth reading, a week at most, where the window itself took `taken` (points
 * or events) and the history may take `most`. */
int64_t tv_measures_history(const struct tv_exec *exec, const struct tv_measure_window *window,
        uint64_t taken, uint64_t most);
/* The most of recorded points, and of events behind derived fields, that a history may take. */
enum { TV_HISTORY_POINTS_MAX = 1 << 19, TV_HISTORY_EVENTS_MAX = 2 << 20 };

/* Warns of what the tracks left out. */
void tv_measures_warn(struct tv_exec *exec, const struct tv_tracks *tracks);

#endif
