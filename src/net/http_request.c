/* SPDX-License-Identifier: Apache-2.0 */
/* A request's way through: libmicrohttpd calls once with the head, once for each piece of the body,
 * and a last time when it is complete. Nothing is answered in the first call but what must not be
 * read on: the library then closes the connection, which costs a busy client eight times the time.
 *
 * The handler runs in the last call. If it answers there, the answer is queued at once; if not, the
 * connection is suspended and the answer resumes it. Request records are reused; each hangs in the
 * server's list of open ones, so that the server's end finds those that handlers still have.
 */
#include "net/http_internal.h"

#include "base/mem.h"

#include <stdlib.h>

static const struct tv_error stopping = {
        .status = TV_OVERLOADED, .message = "the daemon is stopping"};

static void link_open(struct tv_http_server *server, struct tv_http_request *request)
{
    request->next = server->open;
    request->at = &server->open;
    if (request->next)
        request->next->at = &request->next;
    server->open = request;
}

static void unlink_open(struct tv_http_request *request)
{
    *request->at = request->next;
    if (request->next)
        request->next->at = request->at;
}

static struct tv_http_request *record_new(struct tv_http_server *server)
{
    struct tv_http_request *request = server->spare;
    struct tv_buf body = {0};
    struct tv_buf headers = {0};
    if (request) {
        server->spare = request->next;
        body = request->body;
        headers = request->answer_headers;
    } else {
        request = tv_malloc(sizeof *request);
    }
    *request = (struct tv_http_request){.magic = TV_HTTP_REQUEST_MAGIC,
            .server = server,
            .loop = server->loop,
            .body = body,
            .answer_headers = headers};
    link_open(server, request);
    return request;
}

static void release_parts(struct tv_http_request *request)
{
    tv_http_watch_stop(request);
    if (request->response)
        MHD_destroy_response(request->response);
    request->response = NULL;
    tv_http_body_release(request);
    tv_buf_clear(&request->answer_headers);
    tv_buf_release(&request->stream.out);
    tv_arena_release(&request->scratch);
}

static void request_destroy(struct tv_http_request *request)
{
    tv_buf_release(&request->body);
    tv_buf_release(&request->answer_headers);
    request->magic = 0;
    free(request);
}

static void request_end(struct tv_http_request *request)
{
    struct tv_http_server *server = request->server;
    unlink_open(request);
    server->answer_bytes -= request->answer_bytes;
    release_parts(request);
    request->next = server->spare;
    server->spare = request;
}

void tv_http_requests_release(struct tv_http_server *server)
{
    TV_ASSERT(!server->open);
    while (server->spare) {
        struct tv_http_request *request = server->spare;
        server->spare = request->next;
        request_destroy(request);
    }
}

static struct tv_http_request *request_new(
        struct tv_http_listener *listener, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct tv_http_request *request = record_new(listener->server);
    request->listener = listener;
    request->connection = connection;
    request->peer = info->socket_context;
    request->peer->request = request;
    request->started_ms = uv_now(tv_loop_uv(request->loop));
    request->progress_ms = request->started_ms;
    return request;
}

/* Finds the route and whether it may be used. OPTIONS is answered here. */
static enum tv_status admit(struct tv_http_request *request, struct tv_error *err)
{
    struct tv_http_server *server = request->server;
    enum tv_status status = tv_http_guard_door(request, err);
    if (status != TV_OK)
        return status;
    if (server->closing) {
        *err = stopping;
        return TV_OVERLOADED;
    }
    bool options = tv_str_equal(request->method, TV_STR("OPTIONS"));
    request->routes = tv_http_routes_find(&server->routes, request->path);
    if (!request->routes && !(options && tv_str_equal(request->path, TV_STR("*")))) {
        struct tv_str path = tv_utf8_prefix(request->path, 120);
        return tv_fail(err, TV_NOT_FOUND, "there is nothing at '%.*s'", TV_STR_ARG(path));
    }
    if (options) {
        request->close = !tv_http_body_drain(request, TV_OK);
        tv_http_answer_options(request);
        return TV_OK;
    }
    request->route = tv_http_routes_method(request->routes, request->method);
    if (!request->route) {
        struct tv_str method = tv_utf8_prefix(request->method, 20);
        return tv_fail(err, TV_METHOD, "the method %.*s is not taken here", TV_STR_ARG(method));
    }
    status = tv_http_guard_origin(request, err);
    if (status == TV_OK)
        status = tv_http_guard_token(request, err);
    return status == TV_OK ? tv_http_body_begin(request, err) : status;
}

static enum MHD_Result begin(struct tv_http_request *request, const char *url, const char *version)
{
    struct tv_error err;
    bool http_1_0 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
    request->server->stats.requests++;
    enum tv_status status = tv_http_read_head(request, url, http_1_0, &err);
    if (status == TV_OK)
        status = admit(request, &err);
    if (status != TV_OK) {
        request->close |= !tv_http_body_drain(request, status);
        tv_http_fail(request, &err);
    }
    return request->close ? tv_http_send(request) : MHD_YES;
}

/* A body may end when the server's end has begun: nobody would wait for its handler. */
static void dispatch(struct tv_http_request *request)
{
    if (request->server->closing) {
        tv_http_fail(request, &stopping);
        return;
    }
    request->state = TV_HTTP_HANDLING;
    request->route->handler(request->route->ctx, request);
}

enum MHD_Result tv_http_on_access(void *cls, struct MHD_Connection *connection, const char *url,
        const char *method, const char *version, const char *upload, size_t *upload_bytes,
        void **slot)
{
    struct tv_http_request *request = *slot;
    if (!request) {
        request = *slot = request_new(cls, connection);
        request->slot = slot;
        request->method = tv_str_of(method);
        return begin(request, url, version);
    }
    TV_ASSERT(request->magic == TV_HTTP_REQUEST_MAGIC);
    if (*upload_bytes) {
        size_t count = *upload_bytes;
        *upload_bytes = 0;
        return tv_http_body_take(request, upload, count);
    }
    if (request->state == TV_HTTP_RECEIVING)
        dispatch(request);
    if (request->state == TV_HTTP_ANSWERED)
        return tv_http_send(request);
    tv_http_suspend(request);
    if (request->on_gone)
        tv_http_watch_start(request);
    return MHD_YES;
}

void tv_http_on_completed(void *cls, struct MHD_Connection *connection, void **slot,
        enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code; /* A body that was cut off ends here too: no handler has seen it. */
    struct tv_http_request *request = *slot;
    *slot = NULL;
    if (!request)
        return;
    TV_ASSERT(request->magic == TV_HTTP_REQUEST_MAGIC);
    TV_ASSERT(request->state != TV_HTTP_HANDLING && request->state != TV_HTTP_PACKING);
    if (request->streaming)
        tv_http_stream_break(request);
    struct tv_http_connection *peer = request->peer;
    peer->request = NULL;
    peer->served = true;
    peer->since_ms = uv_now(tv_loop_uv(request->loop));
    request_end(request);
}

/* A new record that stands in for the handler's at the connection. */
static struct tv_http_request *make_heir(const struct tv_http_request *request)
{
    struct tv_http_request *heir = record_new(request->server);
    heir->listener = request->listener;
    heir->connection = request->connection;
    heir->slot = request->slot;
    heir->peer = request->peer;
    heir->peer->request = heir;
    heir->headers = request->headers;
    heir->route = request->route;
    heir->state = TV_HTTP_HANDLING;
    heir->suspended = request->suspended;
    *heir->slot = heir;
    return heir;
}

/* The handler's record leaves the server. */
static void make_orphan(struct tv_http_request *request)
{
    unlink_open(request);
    tv_http_watch_stop(request);
    request->server->stats.inflight_bytes -= request->charged;
    request->charged = 0;
    request->server = NULL;
    request->listener = NULL;
    request->connection = NULL;
    request->peer = NULL;
    request->route = NULL;
    request->routes = NULL;
    request->gone = true;
    request->suspended = false;
    request->method = request->path = (struct tv_str){NULL, 0};
    tv_loop_fn *on_gone = request->on_gone;
    request->on_gone = NULL;
    if (on_gone)
        on_gone(request->on_gone_ctx);
}

void tv_http_requests_close(struct tv_http_server *server)
{
    struct tv_http_request *request = server->open;
    while (request) {
        struct tv_http_request *next = request->next;
        if (request->state == TV_HTTP_HANDLING) {
            struct tv_http_request *heir = make_heir(request);
            make_orphan(request);
            tv_http_fail(heir, &stopping);
        } else if (request->streaming) {
            tv_http_stream_break(request);
        }
        request = next;
    }
}

void tv_http_orphan_free(struct tv_http_request *request)
{
    release_parts(request);
    request_destroy(request);
}

struct tv_str tv_http_method(const struct tv_http_request *request)
{
    return request->method;
}

struct tv_str tv_http_path(const struct tv_http_request *request)
{
    return request->path;
}

struct tv_str tv_http_query(const struct tv_http_request *request, const char *name)
{
    struct tv_str wanted = tv_str_of(name);
    for (size_t i = 0; i < request->arg_count; i++)
        if (tv_str_equal(request->args[i].name, wanted))
            return request->args[i].value;
    return (struct tv_str){NULL, 0};
}

struct tv_str tv_http_header(const struct tv_http_request *request, const char *name)
{
    const char *value = NULL;
    size_t len = 0;
    if (!request->connection ||
            MHD_lookup_connection_value_n(request->connection, MHD_HEADER_KIND, name, strlen(name),
                    &value, &len) != MHD_YES)
        return (struct tv_str){NULL, 0};
    return (struct tv_str){value ? value : "", value ? len : 0};
}

struct tv_str tv_http_body(const struct tv_http_request *request)
{
    return tv_buf_str(&request->body);
}

struct tv_buf tv_http_take_body(struct tv_http_request *request)
{
    struct tv_buf body = request->body;
    request->body = (struct tv_buf){0};
    return body;
}

struct tv_str tv_http_client(const struct tv_http_request *request)
{
    if (!request->peer)
        return (struct tv_str){NULL, 0};
    return tv_http_connection_client(request->peer);
}
