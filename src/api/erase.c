/* SPDX-License-Identifier: Apache-2.0 */
/* DELETE /api/v1/events?where=CONDITION: events go for good, and nothing of them stays in the file.
 *
 * The answer comes when all is done, which takes as long as rewriting the segments that hold them. Who
 * hangs up meanwhile, or whose daemon stops, asks for the same again: the erasure was recorded and goes
 * on by itself. A condition is needed: deleting everything by leaving it out would be too easy a slip. */
#include "store/erase.h"
#include "api/api_internal.h"
#include "base/json_out.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>

/* One that is open: its condition lives as long as the store may read it. */
struct tv_api_erasure {
    struct tv_api *api;
    struct tv_api_erasure *next;
    struct tv_condition *condition;
    struct tv_http_request *request; /* NULL: nobody waits */
    int64_t started_ns;
};

static void unlink_erasure(struct tv_api_erasure *erasure)
{
    struct tv_api_erasure **at = &erasure->api->erasures;
    while (*at != erasure)
        at = &(*at)->next;
    *at = erasure->next;
    tv_condition_free(erasure->condition);
    free(erasure);
}

static void answer(struct tv_api_erasure *erasure, const struct tv_erasure_result *result)
{
    struct tv_buf body = {0};
    struct tv_json_out json = {.out = &body};
    tv_json_object(&json);
    tv_json_key(&json, "deleted");
    tv_json_u64(&json, result->events);
    tv_json_key(&json, "segmentsRewritten");
    tv_json_u64(&json, result->segments);
    tv_json_key(&json, "damagedSegments");
    tv_json_u64(&json, result->damaged);
    tv_json_key(&json, "tookMs");
    tv_json_f64(&json, (double)(tv_time_monotonic() - erasure->started_ns) / TV_NS_PER_MS);
    tv_json_end(&json);
    tv_buf_append_char(&body, '\n');
    tv_http_respond(erasure->request, 200, "application/json", &body);
}

static void done(void *ctx, const struct tv_erasure_result *result)
{
    struct tv_api_erasure *erasure = ctx;
    char events[24];
    (void)snprintf(events, sizeof(events), "%llu", (unsigned long long)result->events);
    tv_log(TV_LOG_INFO, "events were erased", "events", events, (char *)NULL);
    if (erasure->request)
        answer(erasure, result);
    unlink_erasure(erasure);
}

/* Owned by the list; the caller sets the condition. */
static struct tv_api_erasure *add(struct tv_api *api)
{
    struct tv_api_erasure *erasure = tv_calloc(1, sizeof(*erasure));
    erasure->api = api;
    erasure->next = api->erasures;
    erasure->started_ns = tv_time_monotonic();
    api->erasures = erasure;
    return erasure;
}

static void handle_delete(void *ctx, struct tv_http_request *request)
{
    struct tv_api *api = ctx;
    struct tv_str where = tv_str_trim(tv_http_query(request, "where"));
    struct tv_condition *condition = NULL;
    int64_t now_ns = tv_time_now();
    struct tv_error err;
    enum tv_status status = TV_OK;
    if (api->stopping)
        status = tv_fail(&err, TV_OVERLOADED, "the daemon is stopping");
    else if (where.len == 0)
        status = tv_fail(&err, TV_BAD_INPUT, "the parameter 'where' is missing");
    else
        status = tv_condition_prepare(where, now_ns, &condition, &err);
    if (status != TV_OK) {
        if (where.len == 0)
            tv_error_hint(&err, "give a condition, such as where=user.id = 'u17'");
        tv_http_fail(request, &err);
        return;
    }
    struct tv_api_erasure *erasure = add(api);
    erasure->condition = condition;
    erasure->request = request;
    struct tv_erasure_spec spec = {.text = where,
            .now_ns = now_ns,
            .where = tv_condition_pred(condition),
            .done = done,
            .ctx = erasure};
    tv_erase_begin(api->config.store, &spec);
    tv_pipeline_look(api->config.pipeline);
}

static void resume(struct tv_api *api)
{
    struct tv_arena arena = {0};
    struct tv_erasure_record *records = NULL;
    size_t count = 0;
    struct tv_error err;
    enum tv_status status = tv_erasures_recorded(api->config.store, &arena, &records, &count, &err);
    for (size_t i = 0; i < count && status == TV_OK; i++) {
        struct tv_api_erasure *erasure = add(api);
        status =
                tv_condition_prepare(records[i].text, records[i].now_ns, &erasure->condition, &err);
        if (status != TV_OK) {
            unlink_erasure(erasure);
            break;
        }
        struct tv_erasure_spec spec = {
                .where = tv_condition_pred(erasure->condition), .done = done, .ctx = erasure};
        tv_erase_resume(api->config.store, &records[i], &spec);
    }
    if (status != TV_OK)
        tv_log(TV_LOG_ERROR, "an erasure cannot go on", "reason", err.message, (char *)NULL);
    tv_arena_release(&arena);
    if (count)
        tv_pipeline_look(api->config.pipeline);
}

void tv_api_add_erase_routes(struct tv_api *api)
{
    tv_http_route(api->config.server,
            &(struct tv_http_route){.method = "DELETE",
                    .path = "/api/v1/events",
                    .scope = TV_SCOPE_ADMIN,
                    .handler = handle_delete,
                    .ctx = api});
    resume(api);
}

void tv_api_stop_erasures(struct tv_api *api)
{
    struct tv_error err;
    (void)tv_fail(&err, TV_OVERLOADED, "the daemon is stopping; the deletion goes on at its start");
    for (struct tv_api_erasure *one = api->erasures; one; one = one->next) {
        if (one->request)
            tv_http_fail(one->request, &err);
        one->request = NULL;
    }
}

void tv_api_free_erasures(struct tv_api *api)
{
    while (api->erasures)
        unlink_erasure(api->erasures);
}
