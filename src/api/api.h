/* SPDX-License-Identifier: Apache-2.0 */
/* Every route but those that bring events in: queries, the live stream, status, health, metrics and
 * the page. */
#ifndef TV_API_API_H
#define TV_API_API_H

#include "event/redactor.h"
#include "event/sink.h"
#include "net/http.h"
#include "pipeline/pipeline.h"
#include "store/store.h"

struct tv_api;

/* A listener as /api/v1/status shows it. Filled by the daemon's callback, since the doors that bring
 * events in are not this room's to know. */
struct tv_api_door {
    const char *name;
    char address[64]; /* "" if it has none of its own */
    uint64_t requests, events, rejected, bytes, dropped;
    int64_t last_event_ns, last_reject_ns;
    char last_reject[160];
};

struct tv_api_config {
    struct tv_loop *loop;
    struct tv_lane *query_lane;
    struct tv_store *store;
    struct tv_pipeline *pipeline;
    struct tv_feed *feed;
    struct tv_http_server *server;
    size_t (*doors)(void *ctx, struct tv_api_door *out, size_t max);
    void *doors_ctx;
    const struct tv_redactor *redactor; /* for its counts; NULL: there is none */
    int64_t query_timeout_ns;
};

struct tv_api *tv_api_new(const struct tv_api_config *config);
/* Ends live streams and cancels queries; call before the server's free. */
void tv_api_stop(struct tv_api *api);
void tv_api_free(struct tv_api *api);

#endif
