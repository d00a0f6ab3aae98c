/* SPDX-License-Identifier: Apache-2.0 */
/* What the doors of ingest share. */
#ifndef TV_INGEST_INGEST_INTERNAL_H
#define TV_INGEST_INGEST_INTERNAL_H

#include "ingest/ingest.h"
#include "ingest/native.h"

enum { TV_INGEST_BODY_BYTES_MAX = 64 << 20 };

struct tv_ingest {
    struct tv_ingest_config config;
    struct tv_ingest_door events_door, otlp_door, udp_door;
    int64_t grpc_told_ns;           /* monotonic; 0 is never */
    struct tv_decode_report report; /* of what is decoded on the loop, one at a time */
    unsigned pending;               /* answers and flushes that wait for their commit */
    struct tv_udp *udp;             /* NULL while that door is closed */
    struct tv_batch *udp_batch;     /* of the run of datagrams at hand; NULL between runs */
};

/* Counts what a body brought. `err` is what the decoder said, NULL where it said nothing. */
void tv_ingest_count(struct tv_ingest_door *door, const struct tv_decode_report *report,
        const struct tv_error *err);
/* Notes why something was refused. */
void tv_ingest_note_reject(struct tv_ingest_door *door, const char *reason);

/* events_route.c */
void tv_ingest_post_events(void *ctx, struct tv_http_request *request);
void tv_ingest_post_deployment(void *ctx, struct tv_http_request *request);
/* otlp_route.c */
void tv_ingest_add_otlp_routes(struct tv_ingest *ingest, struct tv_http_server *server);

#endif
