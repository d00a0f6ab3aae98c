/* SPDX-License-Identifier: Apache-2.0 */
/* The derived fields of services over time, as tracks: requestRate, errorRate and latency, step by step.
 *
 * A step is a whole number of the store's buckets (store/frame.h), so a request is what STATE takes for
 * one, and belongs to the step in which it ends. On one worker thread, like a scan. */
#ifndef TV_INSIGHT_TRAFFIC_H
#define TV_INSIGHT_TRAFFIC_H

#include "insight/track.h"
#include "store/store.h"

enum tv_traffic_field {
    TV_TRAFFIC_ERROR_RATE,   /* failed ÷ requests; of steps with requests */
    TV_TRAFFIC_REQUEST_RATE, /* a second; 0 from the service's first request on */
    TV_TRAFFIC_P50,          /* ns; of steps with requests that tell how long they took */
    TV_TRAFFIC_P95,
    TV_TRAFFIC_P99,
    TV_TRAFFIC_FIELDS
};

struct tv_traffic_spec {
    int64_t from, to; /* event time, both ends included */
    int64_t step_ns;  /* from tv_traffic_step */
    uint64_t arrival_to;
    struct tv_pred *where; /* borrowed; NULL: all */
    const struct tv_cancel *cancel;
    struct tv_str names[TV_TRAFFIC_FIELDS]; /* of the tracks; {NULL, 0}: not wanted */
};

/* The step for a window of this length: at most some 1,500 of them as long as they are under an hour. */
int64_t tv_traffic_step(int64_t length_ns);

/* Adds tracks and points; a point's time is its step's start. Steps of which less than half lies in the
 * window are left out. *stats takes what was read besides. TV_CANCELLED, TV_TIMEOUT, TV_IO; TV_TOO_LARGE
 * where the tracks are full. */
TV_CHECKED enum tv_status tv_traffic_read(struct tv_snapshot *snapshot,
        const struct tv_traffic_spec *spec, struct tv_tracks *tracks, struct tv_scan_stats *stats,
        struct tv_error *err);

#endif
