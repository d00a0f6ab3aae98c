/* SPDX-License-Identifier: Apache-2.0 */
/* The doors as a whole: making them, and what they tell of themselves. */
#include "base/mem.h"
#include "base/time.h"
#include "ingest/ingest_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct tv_ingest *tv_ingest_new(const struct tv_ingest_config *config)
{
    struct tv_ingest *ingest = tv_calloc(1, sizeof(*ingest));
    ingest->config = *config;
    ingest->events_door.name = "events";
    ingest->otlp_door.name = "otlp";
    ingest->udp_door.name = "udp";
    return ingest;
}

void tv_ingest_free(struct tv_ingest *ingest)
{
    if (!ingest)
        return;
    if (ingest->udp)
        tv_udp_close(ingest->udp);
    /* A body may still be on the decode lane; a sink that takes nothing more refuses it then. */
    while (ingest->pending > 0)
        tv_loop_run_once(ingest->config.loop);
    tv_batch_unref(ingest->udp_batch);
    free(ingest);
}

void tv_ingest_add_routes(struct tv_ingest *ingest, struct tv_http_server *server)
{
    const struct {
        const char *path;
        tv_http_handler_fn *handler;
    } routes[] = {{"/api/v1/events", tv_ingest_post_events},
            {"/api/v1/deployments", tv_ingest_post_deployment}};
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        tv_http_route(server,
                &(struct tv_http_route){.method = "POST",
                        .path = routes[i].path,
                        .scope = TV_SCOPE_INGEST,
                        .body_max = TV_INGEST_BODY_BYTES_MAX,
                        .cors = true,
                        .handler = routes[i].handler,
                        .ctx = ingest});
    tv_ingest_add_otlp_routes(ingest, server);
}

void tv_ingest_note_reject(struct tv_ingest_door *door, const char *reason)
{
    door->last_reject_ns = tv_time_now();
    (void)snprintf(door->last_reject, sizeof(door->last_reject), "%s", reason);
}

void tv_ingest_count(struct tv_ingest_door *door, const struct tv_decode_report *report,
        const struct tv_error *err)
{
    char text[sizeof(door->last_reject)];
    door->rejected += report->rejected;
    if (report->error_count > 0) {
        const struct tv_decode_error *last = &report->errors[report->error_count - 1];
        (void)snprintf(
                text, sizeof(text), "%s%s%s", last->field, last->field[0] ? " " : "", last->reason);
        tv_ingest_note_reject(door, text);
    } else if (err) {
        tv_ingest_note_reject(door, err->message);
    }
}

size_t tv_ingest_doors(const struct tv_ingest *ingest, struct tv_ingest_door *out, size_t max)
{
    const struct tv_ingest_door *doors[] = {
            &ingest->events_door, &ingest->otlp_door, ingest->udp ? &ingest->udp_door : NULL};
    size_t count = 0;
    for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
        if (!doors[i])
            continue;
        if (count < max)
            out[count] = *doors[i];
        count++;
    }
    return count;
}

uint64_t tv_ingest_udp_dropped(const struct tv_ingest *ingest)
{
    struct tv_udp_stats stats = {0};
    if (ingest->udp)
        tv_udp_stats(ingest->udp, &stats);
    return stats.dropped_by_kernel;
}
