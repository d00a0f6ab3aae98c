/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1/query/complete?q=…&at=…: what may stand at a place of a statement, for consoles and
 * shells. Answered on the query lane, since values are read from the store; the time limit is that of
 * typing, and what is found by then is the answer. */
#include "api/api_internal.h"
#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

#define TIME_LIMIT_NS (50 * TV_NS_PER_MS)

struct completion {
    struct tv_api *api;
    struct tv_http_request *request; /* its texts live until it is answered */
    struct tv_snapshot *snapshot;
    struct tv_str text;
    size_t at;
    struct tv_buf answer;
    enum tv_status status;
    struct tv_error err;
};

static void run(void *ctx)
{
    struct completion *job = ctx;
    struct tv_cancel cancel = {.deadline_ns = tv_time_monotonic() + TIME_LIMIT_NS};
    struct tv_completion_env env = {
            .text = job->text, .at = job->at, .snapshot = job->snapshot, .cancel = &cancel};
    job->status = tv_query_complete(&env, &job->answer, &job->err);
}

static void release(struct completion *job)
{
    job->api->completions--;
    tv_snapshot_unref(job->snapshot);
    tv_buf_release(&job->answer);
    free(job);
}

static void done(void *ctx)
{
    struct completion *job = ctx;
    if (job->status == TV_OK)
        tv_http_respond(job->request, 200, "application/json", &job->answer);
    else
        tv_http_fail(job->request, &job->err);
    release(job);
}

/* The cursor's place, the end without one; within a character, that character's beginning. */
static enum tv_status read_place(
        struct tv_str at, struct tv_str text, size_t *out, struct tv_error *err)
{
    uint64_t value = text.len;
    if (at.ptr && !tv_str_to_u64(at, &value)) {
        (void)tv_fail(err, TV_BAD_INPUT, "'at' must be a whole number");
        tv_error_hint(err, "it counts the bytes of q before the cursor");
        return TV_BAD_INPUT;
    }
    if (value > text.len)
        return tv_fail(err, TV_BAD_INPUT, "'at' is %llu, and q has only %zu bytes",
                (unsigned long long)value, text.len);
    while (value > 0 && value < text.len && ((unsigned char)text.ptr[value] & 0xc0) == 0x80)
        value--;
    *out = (size_t)value;
    return TV_OK;
}

static enum tv_status check(
        struct tv_api *api, struct tv_http_request *request, size_t *at, struct tv_error *err)
{
    struct tv_str text = tv_http_query(request, "q");
    if (api->stopping)
        return tv_fail(err, TV_OVERLOADED, "the daemon is stopping");
    if (!text.ptr) {
        (void)tv_fail(err, TV_BAD_INPUT, "the parameter 'q' is missing");
        tv_error_hint(err, "send the statement as far as it is written: q=TIMELINE%%20WHE&at=12");
        return TV_BAD_INPUT;
    }
    if (!tv_utf8_valid(text))
        return tv_fail(err, TV_BAD_INPUT, "'q' is not valid UTF-8");
    return read_place(tv_http_query(request, "at"), text, at, err);
}

static void handle_complete(void *ctx, struct tv_http_request *request)
{
    struct tv_api *api = ctx;
    struct tv_error err;
    size_t at = 0;
    if (check(api, request, &at, &err) != TV_OK) {
        tv_http_fail(request, &err);
        return;
    }
    struct completion *job = tv_calloc(1, sizeof(*job));
    job->api = api;
    api->completions++;
    job->request = request;
    job->text = tv_http_query(request, "q");
    job->at = at;
    job->snapshot = tv_snapshot_take(api->config.store);
    if (tv_lane_submit(api->config.query_lane, run, done, job) == TV_OK)
        return;
    (void)tv_fail(&err, TV_OVERLOADED, "too many queries wait already");
    tv_http_fail(request, &err);
    release(job);
}

void tv_api_add_complete_route(struct tv_api *api)
{
    struct tv_http_route route = {
            .method = "GET",
            .path = "/api/v1/query/complete",
            .scope = TV_SCOPE_READ,
            .handler = handle_complete,
            .ctx = api,
    };
    tv_http_route(api->config.server, &route);
}
