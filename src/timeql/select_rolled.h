/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT from rollups: groups of service, eventType and name, counts and quantiles of duration. Private to
 * this room. */
#ifndef TV_TIMEQL_SELECT_ROLLED_H
#define TV_TIMEQL_SELECT_ROLLED_H

#include "timeql/aggregate.h"
#include "timeql/exec.h"
#include "timeql/group.h"

/* What is read, and what of it is left to the events. Zero-initialised but for the first four. */
struct tv_select_roll {
    struct tv_exec *exec;
    struct tv_groups *groups;
    struct tv_aggregator *aggregators; /* one for each item */
    const struct tv_planned_scan *scan;
    bool *done; /* by group: all of it is told */
    uint32_t done_count;
    struct tv_planned_scan *left; /* in the run's arena: stretches of groups that are not */
    size_t left_count;
};

/* Whether rollups know all that the statement asks for. */
bool tv_select_rolls(const struct tv_query *query);
/* Adds what they tell to groups and aggregators. */
TV_CHECKED enum tv_status tv_select_roll(struct tv_select_roll *roll);
/* Takes the rows of groups that are done off a batch; returns how many are left in both lists. */
uint32_t tv_select_undone(
        const struct tv_select_roll *roll, uint32_t *rows, uint32_t *groups, uint32_t count);
void tv_select_roll_release(struct tv_select_roll *roll);

#endif
