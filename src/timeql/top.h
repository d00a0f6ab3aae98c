/* SPDX-License-Identifier: Apache-2.0 */
/* The first `limit` events in an order, out of any number that come by. Private to this room.
 *
 * Events are copied into a batch of its own and cut back to `limit` whenever twice as many have
 * gathered, so memory is bounded and each event is copied a constant number of times. */
#ifndef TV_TIMEQL_TOP_H
#define TV_TIMEQL_TOP_H

#include "timeql/query.h"

struct tv_top {
    uint64_t limit;
    const struct tv_select_order *order; /* none: by time */
    size_t order_count;
    struct tv_batch *kept; /* owned; rows in the order they came */
    uint32_t *sorted;      /* rows of `kept` in order, once finished */
    uint32_t count;
    bool full;     /* `limit` are kept, and `worst` is the last of them */
    int64_t worst; /* its time, where the order is by time */
    bool dropped;  /* more came than are kept */
    struct tv_arena arena;
};

void tv_top_init(struct tv_top *top, uint64_t limit, const struct tv_select_order *order,
        size_t order_count);
void tv_top_release(struct tv_top *top);
/* Takes what may belong to the first; batches ascend by time. *stop is set once no event at or behind
 * `bound` (in the scan's direction) can belong. */
void tv_top_add(struct tv_top *top, const struct tv_scan_batch *batch, int64_t bound, bool *stop);
/* Sorts; then `kept`, `sorted` and `count` are the result. */
void tv_top_finish(struct tv_top *top);
/* The direction to scan in, so that *stop comes early. */
enum tv_scan_order tv_top_scan_order(const struct tv_select_order *order, size_t order_count);

#endif
