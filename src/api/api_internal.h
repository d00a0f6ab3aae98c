/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef TV_API_API_INTERNAL_H
#define TV_API_API_INTERNAL_H

#include "api/api.h"
#include "timeql/timeql.h"

struct tv_live;
struct tv_api_erasure;

struct tv_api_query_stats {
    uint64_t started, failed, cancelled, refused;
    int64_t busy_ns; /* sum of the queries' time on their lane */
};

struct tv_api {
    struct tv_api_config config;
    struct tv_live *live;
    struct tv_api_query *queries; /* under way, doubly linked */
    unsigned completions;         /* under way */
    struct tv_api_erasure *erasures;
    struct tv_api_query_stats query_stats;
    int64_t started_ns;
    bool stopping;
};

/* Each adds its routes to config.server. */
void tv_api_add_query_routes(struct tv_api *api);
void tv_api_add_complete_route(struct tv_api *api);
void tv_api_add_status_routes(struct tv_api *api);
void tv_api_add_page_routes(struct tv_api *api);
/* DELETE /api/v1/events. Goes on with what the last run left. */
void tv_api_add_erase_routes(struct tv_api *api);
/* Answers who waits; the erasures themselves go on until the pipeline's drain. */
void tv_api_stop_erasures(struct tv_api *api);
void tv_api_free_erasures(struct tv_api *api);

/* Raises the cancel token of every query under way. */
void tv_api_cancel_queries(struct tv_api *api);

/* The live stream: GET /api/v1/live. */
struct tv_live *tv_live_new(struct tv_api *api);
/* Ends every stream. */
void tv_live_stop(struct tv_live *live);
void tv_live_free(struct tv_live *live);

struct tv_live_stats {
    uint64_t subscribers, sent, dropped;
};
void tv_live_stats(const struct tv_live *live, struct tv_live_stats *out);

#endif
