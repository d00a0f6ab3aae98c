/* SPDX-License-Identifier: Apache-2.0 */
/* Every route and socket that brings events in, and the words of their answers. */
#ifndef TV_INGEST_INGEST_H
#define TV_INGEST_INGEST_H

#include "event/redactor.h"
#include "event/sink.h"
#include "net/http.h"
#include "net/udp.h"

struct tv_ingest;

struct tv_ingest_config {
    struct tv_loop *loop;
    struct tv_lane *decode_lane; /* bodies over 64 KiB or compressed */
    struct tv_sink sink;
    struct tv_redactor *redactor; /* borrowed; NULL redacts nothing but secrets' keys */
};

/* What a door took in; for /api/v1/status and /metrics. */
struct tv_ingest_door {
    const char *name; /* "events", "otlp", "udp" */
    uint64_t requests, events, rejected, bytes;
    int64_t last_event_ns; /* receive time; 0 is never */
    int64_t last_reject_ns;
    char last_reject[160];
};

struct tv_ingest *tv_ingest_new(const struct tv_ingest_config *config);
/* After the server's and sockets' close and with the sink idle. */
void tv_ingest_free(struct tv_ingest *ingest);

/* Adds POST /api/v1/events and /api/v1/deployments, and OTLP/HTTP: /v1/traces, /v1/logs, /v1/metrics. */
void tv_ingest_add_routes(struct tv_ingest *ingest, struct tv_http_server *server);
/* Opens the UDP door: one JSON event or NDJSON lines a datagram; runs of datagrams share a batch. */
TV_CHECKED enum tv_status tv_ingest_open_udp(
        struct tv_ingest *ingest, const char *address, uint16_t *port, struct tv_error *err);

/* A client spoke HTTP/2: says so in the log, at most once a minute, with the setting that makes an SDK
 * speak OTLP over HTTP; OTLP's door counts it as a rejection. */
void tv_ingest_refuse_grpc(struct tv_ingest *ingest);

/* Copies up to `max` doors; returns how many there are. */
size_t tv_ingest_doors(const struct tv_ingest *ingest, struct tv_ingest_door *out, size_t max);
/* Datagrams the kernel dropped, 0 without the UDP door. */
uint64_t tv_ingest_udp_dropped(const struct tv_ingest *ingest);

#endif
