/* SPDX-License-Identifier: Apache-2.0 */
/* POST and GET /api/v1/query.
 *
 * A statement is prepared on the loop and run on the query lane, which writes its answer in pieces.
 * Most answers are small: they gather in a buffer and go out whole, with a length and gzip. One that
 * outgrows the buffer becomes a stream: the worker hands full buffers to the loop and waits while
 * the client is slow, so an answer of any size costs bounded memory. A client that hangs up, a
 * deadline, and the daemon's end all raise the same cancel token.
 *
 * Shared between worker and loop, under `mutex`: `buffer`, `stalled`. All else is the loop's, or the
 * worker's while the job runs. */
#include "api/api_internal.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/time.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    STATEMENT_BYTES_MAX = 1 << 20,
    WHOLE_BYTES_MAX = 1 << 18,   /* an answer up to here goes out whole */
    PENDING_BYTES_MAX = 1 << 20, /* of a stream, between worker and socket */
    TIMEOUT_MS_MAX = 300000,
    WAIT_NS = 20000000 /* how often a stalled worker asks whether it was cancelled */
};

/* Beyond it a bound on what is read bounds nothing, and a double still counts in ones. */
#define BYTES_MAX 0x1p53

struct tv_api_query {
    struct tv_api *api;
    struct tv_api_query *prev, *next;
    struct tv_http_request *request; /* NULL once it has become a stream */
    struct tv_http_stream *stream;
    struct tv_query *query;
    struct tv_snapshot *snapshot;
    struct tv_cancel cancel;
    enum tv_query_format format;
    bool gone; /* the stream's client hung up */

    pthread_mutex_t mutex;
    pthread_cond_t drained;
    struct tv_buf buffer; /* written, not yet handed on */
    bool posted;          /* a hand-over is on its way to the loop */

    enum tv_status status;
    struct tv_error err;
    int64_t run_ns;
};

/* What a request asks for. Texts are borrowed from the request or from `document`. */
struct ask {
    struct tv_query_env env;
    int64_t timeout_ns;
    struct tv_json *document;
};

static void link_query(struct tv_api_query *job)
{
    job->next = job->api->queries;
    if (job->next)
        job->next->prev = job;
    job->api->queries = job;
}

static void unlink_query(struct tv_api_query *job)
{
    if (job->prev)
        job->prev->next = job->next;
    else
        job->api->queries = job->next;
    if (job->next)
        job->next->prev = job->prev;
}

static void free_query(struct tv_api_query *job)
{
    unlink_query(job);
    tv_query_free(job->query);
    tv_snapshot_unref(job->snapshot);
    tv_buf_release(&job->buffer);
    pthread_cond_destroy(&job->drained);
    pthread_mutex_destroy(&job->mutex);
    free(job);
}

void tv_api_cancel_queries(struct tv_api *api)
{
    for (struct tv_api_query *job = api->queries; job; job = job->next)
        tv_cancel_raise(&job->cancel);
}

/* The stream's side, on the loop. */

static void stream_gone(void *ctx)
{
    struct tv_api_query *job = ctx;
    job->gone = true;
    job->stream = NULL;
    tv_cancel_raise(&job->cancel);
}

static void move_to_stream(struct tv_api_query *job)
{
    pthread_mutex_lock(&job->mutex);
    job->posted = false;
    if (job->stream && tv_http_stream_pending(job->stream) < PENDING_BYTES_MAX) {
        tv_http_stream_write(job->stream, tv_buf_str(&job->buffer));
        tv_buf_clear(&job->buffer);
        pthread_cond_signal(&job->drained);
    }
    pthread_mutex_unlock(&job->mutex);
}

static void stream_drained(void *ctx)
{
    move_to_stream(ctx);
}

static void hand_over(void *ctx)
{
    struct tv_api_query *job = ctx;
    if (job->request) {
        tv_http_on_gone(job->request, NULL, NULL);
        job->stream = tv_http_stream_start(
                job->request, tv_query_content_type(job->format), stream_drained, stream_gone, job);
        job->request = NULL;
    }
    move_to_stream(job);
}

/* The worker's side. */

static enum tv_status write_piece(void *ctx, struct tv_str piece)
{
    struct tv_api_query *job = ctx;
    enum tv_status status = TV_OK;
    pthread_mutex_lock(&job->mutex);
    tv_buf_append_str(&job->buffer, piece);
    while (job->buffer.len > WHOLE_BYTES_MAX && status == TV_OK) {
        if (!job->posted) {
            job->posted = true;
            tv_loop_post(job->api->config.loop, hand_over, job);
        }
        if (job->buffer.len <= PENDING_BYTES_MAX)
            break;
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += WAIT_NS;
        until.tv_sec += until.tv_nsec / TV_NS_PER_S;
        until.tv_nsec %= TV_NS_PER_S;
        pthread_cond_timedwait(&job->drained, &job->mutex, &until);
        status = tv_cancel_check(&job->cancel);
    }
    pthread_mutex_unlock(&job->mutex);
    return status;
}

static void run_query(void *ctx)
{
    struct tv_api_query *job = ctx;
    int64_t start_ns = tv_time_monotonic();
    struct tv_query_run run = {
            .snapshot = job->snapshot,
            .cancel = &job->cancel,
            .write = write_piece,
            .ctx = job,
    };
    job->status = tv_query_run(job->query, &run, &job->err);
    job->run_ns = tv_time_monotonic() - start_ns;
}

/* The end, on the loop. */

/* Who asked for a table gets the error as text, with the statement and a caret. */
static void fail_query(struct tv_http_request *request, enum tv_query_format format,
        struct tv_str statement, const struct tv_error *err)
{
    struct tv_buf body = {0};
    int status = tv_status_http(err->status);
    if (format != TV_FORMAT_TABLE || status == 503) { /* 503 carries a header of its own */
        tv_http_fail(request, err);
        return;
    }
    tv_query_error_text(statement, err, &body);
    tv_http_respond(request, status, tv_query_content_type(format), &body);
}

static void answer_whole(struct tv_api_query *job)
{
    if (job->status == TV_OK) {
        tv_http_respond(job->request, 200, tv_query_content_type(job->format), &job->buffer);
        return;
    }
    fail_query(job->request, job->format, tv_query_text(job->query), &job->err);
}

/* Too late for a status line: the error is the stream's last line. */
static void end_stream(struct tv_api_query *job)
{
    if (!job->stream)
        return;
    if (job->status != TV_OK) {
        tv_buf_append_char(&job->buffer, '\n');
        tv_json_error(&job->buffer, &job->err);
    }
    tv_http_stream_write(job->stream, tv_buf_str(&job->buffer));
    tv_http_stream_end(job->stream);
}

static void query_ended(void *ctx)
{
    struct tv_api_query *job = ctx;
    struct tv_api_query_stats *stats = &job->api->query_stats;
    stats->busy_ns += job->run_ns;
    stats->failed += job->status != TV_OK && job->status != TV_CANCELLED;
    stats->cancelled += job->status == TV_CANCELLED;
    if (job->request)
        answer_whole(job);
    else
        end_stream(job);
    free_query(job);
}

/* A hand-over that was posted before the run ended must come first: posts are kept in order, so the
 * end goes the same way. */
static void query_done(void *ctx)
{
    struct tv_api_query *job = ctx;
    tv_loop_post(job->api->config.loop, query_ended, job);
}

static void client_gone(void *ctx)
{
    struct tv_api_query *job = ctx;
    tv_cancel_raise(&job->cancel);
}

/* Reading the request. */

static enum tv_query_format format_of(struct tv_str accept)
{
    static const struct {
        struct tv_str type;
        enum tv_query_format format;
    } formats[] = {
            {{"application/x-ndjson", 20}, TV_FORMAT_NDJSON},
            {{"text/csv", 8}, TV_FORMAT_CSV},
            {{"text/plain", 10}, TV_FORMAT_TABLE},
    };
    if (tv_str_contains(accept, TV_STR("application/json")))
        return TV_FORMAT_JSON;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (tv_str_contains(accept, formats[i].type))
            return formats[i].format;
    return TV_FORMAT_JSON;
}

static enum tv_status read_limit(const struct tv_json *document, const char *name, double most,
        double *out, struct tv_error *err)
{
    const struct tv_json *member = tv_json_member(document, name);
    if (!member)
        return TV_OK;
    if (tv_json_type(member) != TV_JSON_NUMBER || tv_json_number(member) < 1)
        return tv_fail(err, TV_BAD_INPUT, "'%s' must be a positive number", name);
    *out = tv_json_number(member) < most ? tv_json_number(member) : most;
    return TV_OK;
}

static enum tv_status read_text(
        const struct tv_json *document, const char *name, struct tv_str *out, struct tv_error *err)
{
    const struct tv_json *member = tv_json_member(document, name);
    if (!member)
        return TV_OK;
    if (tv_json_type(member) != TV_JSON_STRING)
        return tv_fail(err, TV_BAD_INPUT, "'%s' must be a string", name);
    *out = tv_json_string(member);
    return TV_OK;
}

/* A misspelled member would otherwise be ignored in silence. */
static enum tv_status check_members(const struct tv_json *document, struct tv_error *err)
{
    static const struct tv_str known[] = {{"query", 5}, {"params", 6}, {"timeoutMs", 9},
            {"maxRows", 7}, {"maxBytes", 8}, {"tz", 2}};
    enum { KNOWN = sizeof known / sizeof *known };
    const struct tv_json *member = tv_json_first(document);
    for (; member; member = tv_json_next(member)) {
        struct tv_str name = tv_json_name(member);
        size_t i = 0;
        while (i < KNOWN && !tv_str_equal(name, known[i]))
            i++;
        if (i < KNOWN)
            continue;
        (void)tv_fail(err, TV_BAD_INPUT, "unknown member '%.*s'", TV_STR_ARG(name));
        tv_error_hint(err, "members are query, params, timeoutMs, maxRows, maxBytes and tz");
        return TV_BAD_INPUT;
    }
    return TV_OK;
}

static enum tv_status read_document(struct tv_str body, struct ask *ask, struct tv_error *err)
{
    double timeout_ms = (double)ask->timeout_ns / TV_NS_PER_MS, rows_max = 0, bytes_max = 0;
    enum tv_status status = tv_json_parse(body, &ask->document, err);
    if (status == TV_OK)
        status = check_members(ask->document, err);
    if (status == TV_OK)
        status = read_text(ask->document, "query", &ask->env.text, err);
    if (status == TV_OK)
        status = read_text(ask->document, "tz", &ask->env.tz, err);
    if (status == TV_OK)
        status = read_limit(ask->document, "timeoutMs", TIMEOUT_MS_MAX, &timeout_ms, err);
    if (status == TV_OK)
        status = read_limit(ask->document, "maxRows", UINT32_MAX, &rows_max, err);
    if (status == TV_OK)
        status = read_limit(ask->document, "maxBytes", BYTES_MAX, &bytes_max, err);
    if (status != TV_OK)
        return status;
    ask->env.params = tv_json_member(ask->document, "params");
    if (ask->env.params && tv_json_type(ask->env.params) != TV_JSON_OBJECT)
        return tv_fail(err, TV_BAD_INPUT, "'params' must be an object");
    ask->env.rows_max = (uint32_t)rows_max;
    ask->env.bytes_max = (uint64_t)bytes_max;
    ask->timeout_ns = (int64_t)(timeout_ms * TV_NS_PER_MS);
    if (!ask->env.text.ptr) {
        (void)tv_fail(err, TV_BAD_INPUT, "'query' is missing");
        tv_error_hint(err, "send {\"query\": \"SHOW services\"} or the statement as text/plain");
        return TV_BAD_INPUT;
    }
    return TV_OK;
}

static enum tv_status read_ask(const struct tv_api *api, const struct tv_http_request *request,
        struct ask *ask, struct tv_error *err)
{
    *ask = (struct ask){
            .env = {.now_ns = tv_time_now(),
                    .tz = tv_http_query(request, "tz"),
                    .format = format_of(tv_http_header(request, "Accept"))},
            .timeout_ns = api->config.query_timeout_ns,
    };
    if (tv_str_equal(tv_http_method(request), TV_STR("POST"))) {
        struct tv_str body = tv_http_body(request);
        struct tv_str trimmed = tv_str_trim(body);
        if (trimmed.len && trimmed.ptr[0] == '{')
            return read_document(trimmed, ask, err);
        ask->env.text = body; /* blanks before it count in an error's place */
    } else {
        ask->env.text = tv_http_query(request, "q");
    }
    if (tv_str_trim(ask->env.text).len == 0) {
        (void)tv_fail(err, TV_BAD_INPUT, "the statement is empty");
        tv_error_hint(err, "POST it as the body, or GET ?q=SHOW%%20services");
        return TV_BAD_INPUT;
    }
    return TV_OK;
}

static void start_query(struct tv_api *api, struct tv_http_request *request, struct tv_query *query,
        int64_t timeout_ns)
{
    struct tv_api_query *job = tv_calloc(1, sizeof *job);
    job->api = api;
    job->request = request;
    job->query = query;
    job->format = tv_query_format(query);
    job->snapshot = tv_snapshot_take(api->config.store);
    job->cancel.deadline_ns = tv_time_monotonic() + timeout_ns;
    pthread_mutex_init(&job->mutex, NULL);
    pthread_cond_init(&job->drained, NULL);
    link_query(job);
    api->query_stats.started++;
    if (tv_lane_submit(api->config.query_lane, run_query, query_done, job) != TV_OK) {
        struct tv_error err;
        (void)tv_fail(&err, TV_OVERLOADED, "too many queries wait already");
        api->query_stats.refused++;
        tv_http_fail(request, &err);
        free_query(job);
        return;
    }
    tv_http_on_gone(request, client_gone, job);
}

static void handle_query(void *ctx, struct tv_http_request *request)
{
    struct tv_api *api = ctx;
    struct ask ask;
    struct tv_query *query = NULL;
    struct tv_error err;
    if (api->stopping) {
        (void)tv_fail(&err, TV_OVERLOADED, "the daemon is stopping");
        tv_http_fail(request, &err);
        return;
    }
    enum tv_status status = read_ask(api, request, &ask, &err);
    if (status == TV_OK)
        status = tv_query_prepare(&ask.env, &query, &err);
    if (status != TV_OK)
        fail_query(request, ask.env.format, ask.env.text, &err);
    else
        start_query(api, request, query, ask.timeout_ns);
    tv_json_free(ask.document);
}

void tv_api_add_query_routes(struct tv_api *api)
{
    struct tv_http_route route = {
            .method = "POST",
            .path = "/api/v1/query",
            .scope = TV_SCOPE_READ,
            .body_max = STATEMENT_BYTES_MAX + 1024,
            .handler = handle_query,
            .ctx = api,
    };
    tv_http_route(api->config.server, &route);
    route.method = "GET";
    route.body_max = 0;
    tv_http_route(api->config.server, &route);
}
