/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: headers that all of them carry, gzip, errors in the public form.
 *
 * Answers over a kibibyte are compressed where the client takes gzip. Up to 16 KiB that costs the
 * loop a fraction of a millisecond and is done at once; larger ones go to a worker lane of the
 * server's own and are sent when it is done. If that lane is full they are sent as they are: the
 * client waits for bytes, not for compression.
 */
#include "net/http_internal.h"

#include "base/compress.h"
#include "base/json_out.h"

#include <stdlib.h>

enum {
    GZIP_LEAST_BYTES = 1024,
    GZIP_ON_LOOP_BYTES = 16 << 10,
    GZIP_MOST_BYTES = 64 << 20,
    INFLATED_MOST_BYTES = 64 << 20,
    ANSWER_ALWAYS_BYTES = 4096, /* an error's text fits, however full the house is */
};

static const char *const always[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Content-Security-Policy",
                "default-src 'self'; frame-ancestors 'none'; "
                "base-uri 'none'; form-action 'self'"},
        {"Referrer-Policy", "no-referrer"},
};

enum { ALWAYS_COUNT = sizeof always / sizeof always[0] };

/* The library refuses a value that holds a line break; such a header is left out. */
static void add(struct MHD_Response *response, const char *name, const char *value)
{
    (void)MHD_add_response_header(response, name, value);
}

static void add_own(const struct tv_http_request *request, struct MHD_Response *response)
{
    const struct tv_buf *own = &request->answer_headers;
    for (size_t at = 0; at < own->len;) {
        const char *name = own->data + at;
        const char *value = name + strlen(name) + 1;
        add(response, name, value);
        at = (size_t)(value + strlen(value) + 1 - own->data);
    }
}

static void add_headers(const struct tv_http_request *request, const char *content_type,
        struct MHD_Response *response)
{
    for (size_t i = 0; i < ALWAYS_COUNT; i++)
        add(response, always[i][0], always[i][1]);
    bool cors = request->route && request->route->cors;
    if (!cors)
        add(response, "Cross-Origin-Resource-Policy", "same-origin");
    if (cors && request->headers.origin.ptr) {
        add(response, "Access-Control-Allow-Origin", "*");
        add(response, "Access-Control-Expose-Headers", "Retry-After");
    }
    if (!request->sets_cache)
        add(response, "Cache-Control", "no-store");
    if (content_type)
        add(response, "Content-Type", content_type);
    if (request->close)
        add(response, "Connection", "close");
    add_own(request, response);
}

void tv_http_answer(struct tv_http_request *request, int status, const char *content_type,
        struct MHD_Response *response)
{
    TV_ASSERT(request->state < TV_HTTP_ANSWERED);
    TV_ASSERT(response != NULL);
    add_headers(request, content_type, response);
    request->response = response;
    request->status = status;
    request->state = TV_HTTP_ANSWERED;
    request->on_gone = NULL;
    if (!request->streaming)
        tv_http_watch_stop(request);
    tv_http_body_release(request);
    request->server->stats.responses_by_class[status / 100]++;
    if (request->suspended)
        tv_http_resume(request);
}

enum MHD_Result tv_http_send(struct tv_http_request *request)
{
    enum MHD_Result result =
            MHD_queue_response(request->connection, (unsigned)request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    request->state = TV_HTTP_SENDING;
    request->drain_max = 0;
    return result;
}

void tv_http_set_header(struct tv_http_request *request, const char *name, const char *value)
{
    struct tv_str key = tv_str_of(name);
    request->sets_cache |= tv_str_equal_nocase(key, TV_STR("Cache-Control"));
    request->sets_coding |= tv_str_equal_nocase(key, TV_STR("Content-Encoding"));
    tv_buf_append(&request->answer_headers, name, key.len + 1);
    tv_buf_append(&request->answer_headers, value, strlen(value) + 1);
}

/* "gzip;q=0.5" → its name and whether q is above 0. */
static bool coding_is_allowed(struct tv_str part, struct tv_str *name)
{
    struct tv_str parameters;
    *name = tv_str_trim(tv_str_cut(part, ';', &parameters));
    struct tv_str weight = tv_str_trim(parameters);
    if (weight.len < 2 || (weight.ptr[0] != 'q' && weight.ptr[0] != 'Q') || weight.ptr[1] != '=')
        return true;
    for (size_t i = 2; i < weight.len; i++)
        if (weight.ptr[i] >= '1' && weight.ptr[i] <= '9')
            return true;
    return false;
}

bool tv_http_accepts_gzip(struct tv_str accept_encoding)
{
    bool star = false;
    for (struct tv_str rest = accept_encoding; rest.len;) {
        struct tv_str name;
        bool allowed = coding_is_allowed(tv_str_cut(rest, ',', &rest), &name);
        if (tv_str_equal_nocase(name, TV_STR("gzip")) ||
                tv_str_equal_nocase(name, TV_STR("x-gzip")))
            return allowed;
        if (tv_str_equal(name, TV_STR("*")))
            star = allowed;
    }
    return star;
}

/* Counts the answer's bytes; false past the bound. */
static bool reserve(struct tv_http_request *request, size_t bytes)
{
    struct tv_http_server *server = request->server;
    size_t most = server->config.answers_bytes_max;
    if (most && bytes > ANSWER_ALWAYS_BYTES &&
            bytes > most - tv_http_min(most, server->answer_bytes))
        return false;
    server->answer_bytes += bytes;
    request->answer_bytes += bytes;
    return true;
}

static void answer_bytes(
        struct tv_http_request *request, const char *content_type, struct tv_buf *body)
{
    struct MHD_Response *response;
    request->server->stats.bytes_out += body->len;
    if (body->len)
        response = MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_FREE);
    else
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (body->len == 0)
        free(body->data);
    *body = (struct tv_buf){0};
    tv_http_answer(request, request->status, content_type, response);
}

static void answer_packed(struct tv_http_request *request, const char *content_type,
        struct tv_buf *plain, struct tv_buf *packed)
{
    if (packed->len >= plain->len) {
        tv_buf_release(packed);
        answer_bytes(request, content_type, plain);
        return;
    }
    tv_buf_release(plain);
    tv_http_set_header(request, "Content-Encoding", "gzip");
    answer_bytes(request, content_type, packed);
}

static void run_pack(void *ctx)
{
    struct tv_http_request *request = ctx;
    tv_gzip_compress(tv_buf_str(&request->pack_in), &request->pack_out);
}

static void on_packed(void *ctx)
{
    struct tv_http_request *request = ctx;
    TV_ASSERT(request->magic == TV_HTTP_REQUEST_MAGIC && request->state == TV_HTTP_PACKING);
    answer_packed(request, request->pack_type, &request->pack_in, &request->pack_out);
}

/* Whether a worker has it now. */
static bool pack_on_worker(
        struct tv_http_request *request, const char *content_type, struct tv_buf *body)
{
    request->pack_in = *body;
    if (tv_lane_submit(request->server->gzip, run_pack, on_packed, request) != TV_OK) {
        request->pack_in = (struct tv_buf){0};
        return false;
    }
    *body = (struct tv_buf){0};
    request->pack_type = NULL;
    if (content_type)
        request->pack_type = tv_arena_str(&request->scratch, tv_str_of(content_type)).ptr;
    request->state = TV_HTTP_PACKING;
    request->on_gone = NULL;
    tv_http_watch_stop(request);
    tv_http_body_release(request);
    return true;
}

static bool is_worth_packing(struct tv_http_request *request, size_t bytes)
{
    if (bytes <= GZIP_LEAST_BYTES || bytes > GZIP_MOST_BYTES || request->sets_coding)
        return false;
    tv_http_set_header(request, "Vary", "Accept-Encoding");
    return tv_http_accepts_gzip(request->headers.accept_encoding);
}

void tv_http_respond(
        struct tv_http_request *request, int status, const char *content_type, struct tv_buf *body)
{
    TV_ASSERT(request->magic == TV_HTTP_REQUEST_MAGIC);
    TV_ASSERT(status >= 200 && status <= 599);
    if (!request->server) {
        tv_buf_release(body);
        tv_http_orphan_free(request);
        return;
    }
    if (!reserve(request, body->len)) {
        tv_buf_release(body);
        request->server->stats.refused_overload++;
        tv_http_fail(request,
                &(struct tv_error){
                        .status = TV_OVERLOADED, .message = "too many answers are under way"});
        return;
    }
    request->status = status;
    if (!is_worth_packing(request, body->len)) {
        answer_bytes(request, content_type, body);
        return;
    }
    struct tv_buf packed = {0};
    if (body->len <= GZIP_ON_LOOP_BYTES) {
        tv_gzip_compress(tv_buf_str(body), &packed);
        answer_packed(request, content_type, body, &packed);
    } else if (!pack_on_worker(request, content_type, body)) {
        answer_bytes(request, content_type, body);
    }
}

void tv_http_respond_text(
        struct tv_http_request *request, int status, const char *content_type, struct tv_str body)
{
    struct tv_buf copy = {0};
    if (body.len)
        tv_buf_append_str(&copy, body);
    tv_http_respond(request, status, content_type, &copy);
}

static bool has_etag(const struct tv_http_request *request, const char *etag)
{
    struct tv_str wanted = tv_http_header(request, "If-None-Match");
    return wanted.len &&
            (tv_str_equal(wanted, TV_STR("*")) || tv_str_contains(wanted, tv_str_of(etag)));
}

void tv_http_respond_gzipped(struct tv_http_request *request, const char *content_type,
        struct tv_str gz, const char *etag)
{
    if (!request->server) {
        tv_http_orphan_free(request);
        return;
    }
    if (!request->sets_cache)
        tv_http_set_header(request, "Cache-Control", "no-cache");
    tv_http_set_header(request, "Vary", "Accept-Encoding");
    if (etag)
        tv_http_set_header(request, "ETag", etag);
    struct tv_buf plain = {0};
    struct tv_error err;
    request->status = 304;
    if (etag && has_etag(request, etag)) {
        answer_bytes(request, NULL, &plain);
        return;
    }
    request->status = 200;
    if (tv_http_accepts_gzip(request->headers.accept_encoding)) {
        tv_http_set_header(request, "Content-Encoding", "gzip");
        request->server->stats.bytes_out += gz.len;
        /* The library does not write to persistent bytes, only its interface lacks the const. */
        void *bytes = (void *)(uintptr_t)gz.ptr;
        tv_http_answer(request, 200, content_type,
                MHD_create_response_from_buffer(gz.len, bytes, MHD_RESPMEM_PERSISTENT));
    } else if (tv_body_decompress(TV_CODING_GZIP, gz, INFLATED_MOST_BYTES, &plain, &err) == TV_OK) {
        answer_bytes(request, content_type, &plain);
    } else {
        tv_buf_release(&plain);
        tv_http_fail(request, &err);
    }
}

void tv_http_fail(struct tv_http_request *request, const struct tv_error *err)
{
    struct tv_buf body = {0};
    int status = tv_status_http(err->status);
    if (err->status == TV_OK) /* A slip of the caller must not look like success. */
        status = 500;
    if (status == 503 || status == 429)
        tv_http_set_header(request, "Retry-After", "1");
    if (status == 401)
        tv_http_set_header(request, "WWW-Authenticate", "Bearer");
    if (status == 405 && request->routes) {
        struct tv_str allow = tv_http_routes_allow(request->routes, &request->scratch);
        tv_http_set_header(request, "Allow", allow.ptr);
    }
    const char *type = "application/json";
    if (request->route && request->route->error_form)
        type = request->route->error_form(request, err, &body);
    else
        tv_json_error(&body, err);
    tv_http_respond(request, status, type, &body);
}

void tv_http_answer_options(struct tv_http_request *request)
{
    struct tv_buf empty = {0};
    struct tv_str allow = TV_STR("GET, HEAD, POST, DELETE, OPTIONS");
    if (request->routes)
        allow = tv_http_routes_allow(request->routes, &request->scratch);
    tv_http_set_header(request, "Allow", allow.ptr);
    struct tv_str wanted = tv_http_header(request, "Access-Control-Request-Method");
    const struct tv_http_route *route = tv_http_routes_method(request->routes, wanted);
    if (request->headers.origin.ptr && route && route->cors) {
        request->route = route;
        tv_http_set_header(request, "Access-Control-Allow-Methods", allow.ptr);
        struct tv_str headers = tv_http_header(request, "Access-Control-Request-Headers");
        if (headers.len)
            tv_http_set_header(request, "Access-Control-Allow-Headers", headers.ptr);
        tv_http_set_header(request, "Access-Control-Max-Age", "600");
    }
    request->status = 204;
    answer_bytes(request, NULL, &empty);
}
