/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP server share.
 *
 *     socket ── listener (one libmicrohttpd daemon, its epoll descriptor in the loop)
 *                  │ first call: headers            http_request.c, guard: http_guard.c
 *                  │ calls with bytes: body          http_body.c
 *                  ▼ last call: handler              http_route.c finds it
 *               suspended until it is answered       http_watch.c notices a hang-up
 *                  ▼ respond / stream                http_answer.c, http_stream.c
 *               resumed; all of a turn in one sweep  http_server.c
 */
#ifndef TV_NET_HTTP_INTERNAL_H
#define TV_NET_HTTP_INTERNAL_H

#include "base/arena.h"
#include "base/map.h"
#include "net/address.h"
#include "net/http.h"
#include "net/loop_internal.h"

#include <microhttpd.h>

enum {
    TV_HTTP_REQUEST_MAGIC = 0x48545251,
    TV_HTTP_ARGS_MAX = 64, /* query parameters of one request */
    TV_HTTP_HOST_BYTES = 128,
};

struct tv_http_watch;
struct tv_http_listener;

static inline size_t tv_http_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A route, and the next one of the same path with another method. */
struct tv_http_route_node {
    struct tv_http_route route;
    struct tv_str path; /* without the asterisk */
    struct tv_http_route_node *sibling;
    struct tv_http_route_node *next_prefix; /* heads of prefix routes, longest first */
};

struct tv_http_routes {
    struct tv_map exact; /* path → head node */
    struct tv_http_route_node *prefixes;
};

/* How long a client may take; tests shorten it before listening. */
struct tv_http_limits {
    unsigned idle_s;       /* nothing moves on a connection */
    unsigned first_head_s; /* from accept to the first request's head */
    unsigned next_head_s;  /* from an answer to the next request's head, the idle time included */
    unsigned body_s;       /* no byte of a body comes, or the least rate's grace */
    unsigned body_rate;    /* bytes per second, on the average, that a body must come with */
    unsigned patrol_ms;    /* how often this is looked at while connections are open */
    unsigned connections;  /* of one listener */
};

struct tv_http_server {
    struct tv_loop *loop;
    struct tv_http_limits limits;
    struct tv_http_config config;
    struct tv_arena arena; /* the configuration's texts, the routes */
    struct tv_http_routes routes;
    struct tv_http_listener *listeners;
    struct tv_http_request *spare; /* for reuse */
    struct tv_http_request *open;  /* all under way */
    struct tv_lane *gzip;
    bool closing;
    size_t answer_bytes; /* of answers not yet sent, and pending in streams */
    struct tv_http_stats stats;
};

struct tv_http_listener {
    struct tv_http_server *server;
    struct tv_http_listener *next;
    struct MHD_Daemon *daemon;
    struct sockaddr_storage address;
    bool loopback, any;
    char host[TV_ADDRESS_TEXT_BYTES];   /* its address without port, as a Host header has it */
    char good_host[TV_HTTP_HOST_BYTES]; /* the Host accepted last: nearly all are the same */
    size_t good_host_len;
    uv_poll_t poll;
    uv_timer_t timer;  /* libmicrohttpd's next time-out */
    uv_timer_t patrol; /* runs while connections are open */
    struct tv_flush sweep;
    unsigned open_handles;
    struct tv_http_connection *connections;
};

/* One socket, from accept to close. */
struct tv_http_connection {
    struct tv_http_listener *listener;
    struct MHD_Connection *mhd;
    struct tv_http_connection *next, **at;
    struct tv_http_request *request; /* under way, or NULL */
    uint64_t since_ms;               /* the loop's time when it came or the last request ended */
    bool served;                     /* a request of it was answered */
    char client[TV_ADDRESS_TEXT_BYTES];
};

enum tv_http_state {
    TV_HTTP_RECEIVING, /* the body comes in */
    TV_HTTP_HANDLING,  /* the handler has it; suspended once the handler's call returned */
    TV_HTTP_PACKING,   /* answered, the answer is being compressed by a worker; suspended */
    TV_HTTP_ANSWERED,  /* `response` waits for libmicrohttpd's next call */
    TV_HTTP_SENDING,   /* libmicrohttpd has the answer */
};

/* The headers that this room itself looks at; borrowed. */
struct tv_http_headers {
    struct tv_str host, origin, authorization, accept_encoding, content_length;
    struct tv_str transfer_encoding, fetch_site, fetch_dest;
    unsigned hosts, content_lengths, transfer_encodings;
    bool expects_continue;
};

struct tv_http_arg {
    struct tv_str name, value; /* decoded */
};

struct tv_http_stream {
    struct tv_buf out;
    size_t sent; /* bytes of `out` handed to the socket */
    tv_loop_fn *drained, *gone;
    void *ctx;
    bool open;   /* the owner may still call */
    bool broken; /* the client is gone: end with an error */
    bool told;   /* drained() was called for what was written */
};

struct tv_http_request {
    uint32_t magic;
    enum tv_http_state state;
    struct tv_http_server *server; /* NULL: an orphan, whose server is no more */
    struct tv_loop *loop;
    struct tv_http_listener *listener;
    struct MHD_Connection *connection;
    struct tv_http_connection *peer;
    void **slot;                        /* where libmicrohttpd keeps the request */
    struct tv_http_request *next, **at; /* in server->open; `next` also in ->spare */
    const struct tv_http_route *route;
    const struct tv_http_route_node *routes; /* all methods of the path, or NULL */
    struct tv_str method, path;
    struct tv_http_headers headers;
    struct tv_http_arg *args;
    size_t arg_count;
    struct tv_arena scratch;

    uint64_t length; /* Content-Length */
    bool has_body, chunked;
    bool suspended, gone;
    bool close; /* the connection cannot go on after the answer */
    struct tv_buf body;
    size_t charged; /* of server->stats.inflight_bytes */
    uint64_t received;
    uint64_t drained, drain_max;      /* of an answered request's body, read to be thrown away */
    uint64_t started_ms, progress_ms; /* the loop's time of the head and of the last body bytes */

    tv_loop_fn *on_gone;
    void *on_gone_ctx;
    struct tv_http_watch *watch;

    struct tv_buf answer_headers; /* name NUL value NUL … */
    bool sets_cache, sets_coding;
    int status;
    struct MHD_Response *response;
    size_t answer_bytes; /* counted in server->answer_bytes */
    struct tv_buf pack_in, pack_out;
    const char *pack_type;
    bool streaming;
    struct tv_http_stream stream;
};

/* http_server.c */
/* Lets the connection go on; its next call comes in this turn's sweep. */
void tv_http_resume(struct tv_http_request *request);
void tv_http_suspend(struct tv_http_request *request);

/* http_connection.c */
void tv_http_on_connection(void *cls, struct MHD_Connection *mhd, void **context,
        enum MHD_ConnectionNotificationCode code);
/* Shuts down connections whose clients are too slow. */
void tv_http_on_patrol(uv_timer_t *timer);
struct tv_str tv_http_connection_client(struct tv_http_connection *connection);
int tv_http_connection_fd(struct MHD_Connection *mhd);

/* http_request.c: libmicrohttpd's callbacks. */
enum MHD_Result tv_http_on_access(void *cls, struct MHD_Connection *connection, const char *url,
        const char *method, const char *version, const char *upload, size_t *upload_bytes,
        void **slot);
void tv_http_on_completed(void *cls, struct MHD_Connection *connection, void **slot,
        enum MHD_RequestTerminationCode code);
void tv_http_requests_release(struct tv_http_server *server);
/* Every request that a handler still has is answered with 503; what the handler holds becomes an
 * orphan, which its answer will free. */
void tv_http_requests_close(struct tv_http_server *server);
/* Answered at last, or never to be. */
void tv_http_orphan_free(struct tv_http_request *orphan);

/* http_url.c */
/* Decodes %XX; *out is borrowed from `text` if there is none, else lives in the arena. False for a
 * malformed escape or a NUL. */
TV_CHECKED bool tv_http_url_decode(struct tv_str text, struct tv_arena *arena, struct tv_str *out);

/* http_headers.c */
/* Fills headers, path, args, length, chunked; refuses what is ambiguous or malformed. */
TV_CHECKED enum tv_status tv_http_read_head(
        struct tv_http_request *request, const char *url, bool http_1_0, struct tv_error *err);

/* http_route.c */
void tv_http_routes_release(struct tv_http_routes *routes);
/* The nodes of a path, or NULL. */
const struct tv_http_route_node *tv_http_routes_find(
        const struct tv_http_routes *routes, struct tv_str path);
/* The route of a method among them (HEAD is served by GET), or NULL. */
const struct tv_http_route *tv_http_routes_method(
        const struct tv_http_route_node *nodes, struct tv_str method);
/* "GET, HEAD, OPTIONS". */
struct tv_str tv_http_routes_allow(const struct tv_http_route_node *nodes, struct tv_arena *arena);

/* http_guard.c */
/* The door: the Host is ours, and the listener may serve strangers. */
TV_CHECKED enum tv_status tv_http_guard_door(struct tv_http_request *request, struct tv_error *err);
TV_CHECKED enum tv_status tv_http_guard_origin(
        struct tv_http_request *request, struct tv_error *err);
TV_CHECKED enum tv_status tv_http_guard_token(
        struct tv_http_request *request, struct tv_error *err);

/* http_body.c */
/* Checks the announced length against the route and makes room. */
TV_CHECKED enum tv_status tv_http_body_begin(struct tv_http_request *request, struct tv_error *err);
/* Takes a piece, or drains it if the request is answered already. MHD_NO closes the connection. */
enum MHD_Result tv_http_body_take(struct tv_http_request *request, const char *bytes, size_t count);
/* The request is answered before its body was read: whether the body is small enough to be read to
 * its end, so that the client sees the answer and the connection lives on. */
bool tv_http_body_drain(struct tv_http_request *request, enum tv_status why);
/* Gives back what was counted. */
void tv_http_body_release(struct tv_http_request *request);

/* http_answer.c */
/* Hands the answer to libmicrohttpd. */
enum MHD_Result tv_http_send(struct tv_http_request *request);
/* The response `response` (taken) is the answer; headers that all answers carry are added. */
void tv_http_answer(struct tv_http_request *request, int status, const char *content_type,
        struct MHD_Response *response);
/* Answers OPTIONS: the methods, and for cors routes the preflight. */
void tv_http_answer_options(struct tv_http_request *request);
/* Whether the list of codings allows gzip (RFC 9110 section 12.5.3). */
bool tv_http_accepts_gzip(struct tv_str accept_encoding);

/* http_stream.c */
/* The client is gone, or the server closes: tells the owner, lets the connection end. */
void tv_http_stream_break(struct tv_http_request *request);

/* http_watch.c */
/* Watches the suspended connection for a hang-up, then calls tv_http_request_is_gone. */
void tv_http_watch_start(struct tv_http_request *request);
void tv_http_watch_stop(struct tv_http_request *request);
void tv_http_request_is_gone(struct tv_http_request *request);

#endif
