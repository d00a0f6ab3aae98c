/* SPDX-License-Identifier: Apache-2.0 */
/* The most frequent values of a group. Private to this room. */
#ifndef TV_TIMEQL_TOPK_H
#define TV_TIMEQL_TOPK_H

#include "base/map.h"
#include "timeql/column.h"

/* Values that topk may show, and values that are counted at once: with no more in a group, counts are
 * exact. */
enum { TV_TOPK_MAX = 100, TV_TOPK_COUNTED = 8192 };

/* Zero-initialised is empty and counts TV_TOPK_COUNTED values. */
struct tv_topk {
    size_t most;          /* values counted at once, or 0 */
    struct tv_map counts; /* by the value's key, which is owned */
    size_t bytes;         /* of the keys and their entries */
    uint64_t lost;        /* counts may be too low by this much; 0: exact */
};

void tv_topk_release(struct tv_topk *topk);
/* Counts a value so many times. */
void tv_topk_add(
        struct tv_topk *topk, struct tv_value value, uint64_t times, struct tv_arena *scratch);
uint64_t tv_topk_count(const struct tv_topk *topk, struct tv_value value, struct tv_arena *scratch);
struct tv_topk_item {
    struct tv_value value; /* borrows the table */
    uint64_t count;
};
/* The `most` most frequent at most, most frequent first, ties by value; the list lies in the arena. */
size_t tv_topk_list(const struct tv_topk *topk, uint64_t most, struct tv_arena *arena,
        struct tv_topk_item **out);
/* Appends [{"value":…,"count":…},…], most frequent first, ties by value; `column` is the field's. */
void tv_topk_write(const struct tv_topk *topk, uint64_t most, const struct tv_column *column,
        struct tv_buf *out);

#endif
