/* SPDX-License-Identifier: Apache-2.0 */
/* Composition of the room: each file adds its routes; nothing is shared but the configuration and
 * counters. */
#include "api/api_internal.h"
#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

struct tv_api *tv_api_new(const struct tv_api_config *config)
{
    struct tv_api *api = tv_calloc(1, sizeof *api);
    api->config = *config;
    api->started_ns = tv_time_now();
    tv_api_add_query_routes(api);
    tv_api_add_complete_route(api);
    tv_api_add_status_routes(api);
    tv_api_add_page_routes(api);
    tv_api_add_erase_routes(api);
    api->live = tv_live_new(api);
    return api;
}

void tv_api_stop(struct tv_api *api)
{
    api->stopping = true;
    tv_live_stop(api->live);
    tv_api_stop_erasures(api);
    tv_api_cancel_queries(api);
    while (api->queries || api->completions > 0)
        tv_loop_run_once(api->config.loop);
}

void tv_api_free(struct tv_api *api)
{
    if (!api)
        return;
    TV_ASSERT(!api->queries && api->completions == 0);
    tv_live_free(api->live);
    tv_api_free_erasures(api);
    free(api);
}
