/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server (libmicrohttpd behind this file, its epoll descriptor in the loop).
 *
 * A server has listeners and a table of routes. For each request it checks Host, Origin and the
 * token, gathers the body up to the route's bound, suspends the connection and calls the route's
 * handler on the loop thread; the handler answers with tv_http_respond then or later (from the loop
 * thread), or opens a stream. Every request is answered exactly once. Security headers, CORS for
 * routes that ask for it, gzip of answers over 1 KiB where accepted, HEAD and OPTIONS are done
 * here. The bodies in flight are bounded in sum: past that 503 with Retry-After.
 *
 *     static void healthz(void *ctx, struct tv_http_request *request)
 *     {
 *         tv_http_respond_text(request, 200, "text/plain; charset=utf-8", TV_STR("ok\n"));
 *     }
 *     tv_http_route(server, &(struct tv_http_route){.method = "GET", .path = "/healthz",
 *                                                   .handler = healthz});
 *
 * Lifetimes: a request lives from its handler's call until it is answered and sent, or its client
 * is gone; after respond the handler must not touch it. If the client hangs up before the answer,
 * the request stays valid until answered (the answer then goes nowhere); on_gone tells. The same
 * holds over the server's end: what handlers still have must be answered all the same.
 * Everything here is for the loop thread; callbacks may call anything but tv_http_server_free.
 */
#ifndef TV_NET_HTTP_H
#define TV_NET_HTTP_H

#include "base/buf.h"
#include "net/loop.h"

struct tv_http_server;
struct tv_http_request;
struct tv_http_stream;

/* What a token allows; also what a route needs. */
enum tv_scope { TV_SCOPE_NONE, TV_SCOPE_INGEST = 1, TV_SCOPE_READ = 2, TV_SCOPE_ADMIN = 4 };

struct tv_http_config {
    size_t inflight_bytes_max;          /* all request bodies together */
    size_t answers_bytes_max;           /* reserved for answers and streams; 0 is no bound */
    const struct tv_str *allowed_hosts; /* beside the listeners' addresses and loopback's names */
    size_t allowed_host_count;
    bool insecure; /* other addresses than loopback need no token */
    /* Scopes of a presented token (bit set), 0 if it is unknown. NULL: there are no tokens. Only
     * asked when a listener is not loopback or `token_required()` says that tokens exist. */
    unsigned (*token_scopes)(void *ctx, struct tv_str token);
    bool (*token_required)(void *ctx);
    /* Told of each request in another HTTP than 1.x, which is answered with 505 and closed: HTTP/2, as
     * gRPC speaks it. NULL: nobody. */
    void (*foreign_version)(void *ctx);
    void *ctx;
};

/* Make. */
struct tv_http_server *tv_http_server_new(
        struct tv_loop *loop, const struct tv_http_config *config);
/* Listens on "127.0.0.1:3335", "[::1]:0" …; *port (may be NULL) is the one in use. TV_CONFLICT when
 * the port is taken, TV_BAD_INPUT for a malformed address. */
TV_CHECKED enum tv_status tv_http_listen(
        struct tv_http_server *server, const char *address, uint16_t *port, struct tv_error *err);
/* Answers what waits with 503 (on_gone and `gone` are told), ends streams, closes. Runs the loop
 * until all is closed, at most a second longer for clients that do not take their answers; so it is
 * called outside of the loop's callbacks. */
void tv_http_server_free(struct tv_http_server *server);

typedef void tv_http_handler_fn(void *ctx, struct tv_http_request *request);

struct tv_http_route {
    const char *method; /* "GET" serves HEAD too */
    const char *path;   /* exact, or ending in an asterisk behind the last slash: a prefix */
    enum tv_scope scope;
    size_t body_max; /* bytes as sent (before decoding); 0: no body is taken */
    bool cors;       /* with a token any origin may call it (ingest of browsers) */
    /* Of a foreign protocol: words an error in its form into `body` and returns the content type.
     * NULL: the public form. */
    const char *(*error_form)(
            const struct tv_http_request *request, const struct tv_error *err, struct tv_buf *body);
    tv_http_handler_fn *handler;
    void *ctx;
};

/* The strings are borrowed for the server's life. Same path, other method is a second route. */
void tv_http_route(struct tv_http_server *server, const struct tv_http_route *route);

/* Use: the request. All texts are borrowed until it is answered. */
struct tv_str tv_http_method(const struct tv_http_request *request);
struct tv_str tv_http_path(const struct tv_http_request *request);
/* A query parameter, percent-decoded, or {NULL, 0}. */
struct tv_str tv_http_query(const struct tv_http_request *request, const char *name);
/* A header's value, name in any case, or {NULL, 0}. */
struct tv_str tv_http_header(const struct tv_http_request *request, const char *name);
struct tv_str tv_http_body(const struct tv_http_request *request);
/* Takes the body's bytes out of the request (then tv_http_body is empty). */
struct tv_buf tv_http_take_body(struct tv_http_request *request);
/* "127.0.0.1:51234". */
struct tv_str tv_http_client(const struct tv_http_request *request);
bool tv_http_client_is_gone(const struct tv_http_request *request);
/* Calls fn(ctx) once if the client hangs up before the answer (a half-close counts, so only cancel
 * what harms nobody). NULL fn takes it back, and so does the answer. Costs a few system calls:
 * not for requests that are answered within milliseconds. */
void tv_http_on_gone(struct tv_http_request *request, tv_loop_fn *fn, void *ctx);

/* Answering. `name` and `value` are copied; a value with a line break is left out. Content-Type,
 * Cache-Control: no-store and the security headers are there by themselves; an own Cache-Control or
 * Content-Encoding (which also switches gzip off) replaces the room's. */
void tv_http_set_header(struct tv_http_request *request, const char *name, const char *value);
/* Takes the buffer's bytes (the buffer is empty afterwards). */
void tv_http_respond(
        struct tv_http_request *request, int status, const char *content_type, struct tv_buf *body);
void tv_http_respond_text(
        struct tv_http_request *request, int status, const char *content_type, struct tv_str body);
/* Static bytes that are gzip already; inflated for a client that does not accept gzip. `etag` NULL
 * or quoted: If-None-Match gives 304. */
void tv_http_respond_gzipped(struct tv_http_request *request, const char *content_type,
        struct tv_str gz, const char *etag);
/* The public error form, or the route's own, with the status's HTTP code; 503 gets an integer
 * Retry-After. */
void tv_http_fail(struct tv_http_request *request, const struct tv_error *err);

/* A streamed answer, never compressed: the head goes out at once, bytes as they are written. `gone`
 * (once) tells that the client hung up: then, and after tv_http_stream_end, the stream is no more
 * and nothing is called again. `drained` (may be NULL) is called when all that was written has been
 * handed to the socket; it may write and end. */
struct tv_http_stream *tv_http_stream_start(struct tv_http_request *request,
        const char *content_type, tv_loop_fn *drained, tv_loop_fn *gone, void *ctx);
void tv_http_stream_write(struct tv_http_stream *stream, struct tv_str bytes);
/* Written and not yet handed to the socket; the caller bounds it. */
size_t tv_http_stream_pending(const struct tv_http_stream *stream);
void tv_http_stream_end(struct tv_http_stream *stream);

/* Counts for /metrics and /api/v1/status. */
struct tv_http_stats {
    uint64_t requests, responses_by_class[6]; /* [2] is 2xx … */
    uint64_t refused_overload, bytes_in, bytes_out;
    uint64_t connections, streams;
    size_t inflight_bytes;
};
void tv_http_stats(const struct tv_http_server *server, struct tv_http_stats *out);

#endif
