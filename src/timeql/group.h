/* SPDX-License-Identifier: Apache-2.0 */
/* GROUP BY: which group a row belongs to. Private to this room.
 *
 * Each value of a grouping field gets a number, once; a group is a tuple of such numbers and of a step
 * of time. Finding a row's group then hashes a few integers, whatever the fields are. */
#ifndef TV_TIMEQL_GROUP_H
#define TV_TIMEQL_GROUP_H

#include "base/map.h"
#include "timeql/query.h"

/* Values of one field, numbered from 0 in order of appearance. */
struct tv_numbering {
    struct tv_map by_key;
    struct tv_value *values;
    uint32_t count, cap;
};

struct tv_groups {
    const struct tv_column *columns;
    size_t column_count;
    int64_t origin, step; /* step 0: no EVERY */
    struct tv_numbering *numberings;
    uint32_t *keys; /* column_count + 1 numbers for each group, the step first */
    uint32_t count, cap;
    uint32_t *slots; /* group + 1; 0 is free */
    size_t slot_count;
    struct tv_arena arena; /* values and keys of the maps */
};

/* `columns` are borrowed. */
void tv_groups_init(struct tv_groups *groups, const struct tv_column *columns, size_t count);
/* Tells groups apart by steps of time, too: multiples of `step_ns`, none before `from`'s. */
void tv_groups_by_time(struct tv_groups *groups, int64_t from, int64_t step_ns);
void tv_groups_release(struct tv_groups *groups);
/* The group of each of the batch's rows into `out`. */
void tv_groups_assign(struct tv_groups *groups, const struct tv_scan_batch *batch,
        struct tv_arena *scratch, uint32_t *out);
/* Makes the one group of a statement without GROUP BY, for the case that no row comes. */
void tv_groups_ensure_one(struct tv_groups *groups);
struct tv_value tv_groups_value(const struct tv_groups *groups, uint32_t group, size_t column);
/* Beginning of the group's step of time. */
int64_t tv_groups_time(const struct tv_groups *groups, uint32_t group);

#endif
