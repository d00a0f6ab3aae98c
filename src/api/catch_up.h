/* SPDX-License-Identifier: Apache-2.0 */
/* What a live stream missed, as frames in the order of arrival.
 *
 * Looked at are the newest TV_CATCH_UP_ARRIVALS_MAX arrivals, and of those that the condition
 * selects the newest that fit are kept; what is left out is counted. So a client that names a very
 * old event costs no more than a bounded scan. Made and released on the loop; run is a worker's. */
#ifndef TV_API_CATCH_UP_H
#define TV_API_CATCH_UP_H

#include "base/buf.h"
#include "store/store.h"

enum { TV_CATCH_UP_EVENTS_MAX = 10000, TV_CATCH_UP_ARRIVALS_MAX = 1000000 };

struct tv_catch_up_frame {
    uint64_t arrival;
    size_t at, bytes; /* in `frames` */
};

/* Zero-initialised; the first group is the caller's to set. */
struct tv_catch_up {
    struct tv_snapshot *snapshot; /* owned */
    struct tv_cancel cancel;
    const struct tv_pred *where; /* borrowed; NULL selects all */
    uint64_t after;              /* the arrival that the client saw last */
    size_t bytes_max;

    struct tv_buf frames;
    uint64_t events;  /* in `frames` */
    uint64_t skipped; /* left out; arrivals that were not looked at count too */
    struct tv_catch_up_frame *list;
    size_t cap;
};

void tv_catch_up_run(struct tv_catch_up *catch_up);
void tv_catch_up_release(struct tv_catch_up *catch_up);

/* One event as a frame of the stream: id, event and data. */
void tv_live_put_frame(struct tv_buf *out, const struct tv_batch *batch, uint32_t row);

#endif
