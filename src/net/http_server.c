/* SPDX-License-Identifier: Apache-2.0 */
/* The server: listeners in the loop.
 *
 * Each listener is a libmicrohttpd daemon without a thread. Its epoll descriptor is watched by the
 * loop; when it is readable, or the library's time-out is over, or connections were resumed, the
 * library runs. Its descriptors are edge-triggered: what it left unread gives no further event, but
 * a time-out of 0, which therefore asks for another run at the end of the turn. Resuming only marks
 * a connection; all that were resumed in a turn go on in one run at its end, because each run looks
 * at every suspended connection.
 */
#include "net/http_internal.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    CONNECTIONS_MOST = 4096, /* 32 KiB each, should all be busy */
    CONNECTIONS_LEAST = 64,
    DESCRIPTORS_ELSEWHERE = 64,         /* the store's files, libuv's own */
    CONNECTION_MEMORY_BYTES = 32 << 10, /* bounds a request's head, and a piece of a body */
    GZIP_QUEUE = 64,
    CLOSING_MS = 1000, /* for clients to take their last answers */
};

static void listener_run(struct tv_http_listener *listener);

static void on_sweep(void *ctx)
{
    listener_run(ctx);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    listener_run(poll->data);
}

static void on_time_out(uv_timer_t *timer)
{
    listener_run(timer->data);
}

/* The timer is moved only forward in time when it fires: nearly every run has a due time behind the
 * one that is set already. */
static void listener_run(struct tv_http_listener *listener)
{
    MHD_UNSIGNED_LONG_LONG ms;
    (void)MHD_run(listener->daemon);
    if (MHD_get_timeout(listener->daemon, &ms) != MHD_YES)
        return;
    if (ms == 0) {
        tv_loop_flush(listener->server->loop, &listener->sweep);
        return;
    }
    bool set = uv_is_active((uv_handle_t *)&listener->timer);
    if (!set || uv_timer_get_due_in(&listener->timer) > ms)
        (void)uv_timer_start(&listener->timer, on_time_out, ms, 0);
}

void tv_http_resume(struct tv_http_request *request)
{
    TV_ASSERT(request->suspended);
    request->suspended = false;
    MHD_resume_connection(request->connection);
    tv_loop_flush(request->server->loop, &request->listener->sweep);
}

void tv_http_suspend(struct tv_http_request *request)
{
    TV_ASSERT(!request->suspended);
    request->suspended = true;
    MHD_suspend_connection(request->connection);
}

/* A connection may need a second descriptor, to watch it. */
static unsigned connections_most(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return CONNECTIONS_LEAST;
    if (files.rlim_cur == RLIM_INFINITY || files.rlim_cur > 4 * CONNECTIONS_MOST)
        return CONNECTIONS_MOST;
    unsigned all = (unsigned)files.rlim_cur;
    unsigned most = all > DESCRIPTORS_ELSEWHERE ? (all - DESCRIPTORS_ELSEWHERE) / 2 : 0;
    if (most < CONNECTIONS_LEAST)
        return CONNECTIONS_LEAST;
    return most < CONNECTIONS_MOST ? most : CONNECTIONS_MOST;
}

struct tv_http_server *tv_http_server_new(struct tv_loop *loop, const struct tv_http_config *config)
{
    struct tv_http_server *server = tv_calloc(1, sizeof *server);
    server->loop = loop;
    server->config = *config;
    server->limits = (struct tv_http_limits){.idle_s = 60,
            .first_head_s = 30,
            .next_head_s = 90,
            .body_s = 30,
            .body_rate = 1024,
            .patrol_ms = 5000,
            .connections = connections_most()};
    struct tv_str *hosts = NULL;
    if (config->allowed_host_count)
        hosts = tv_arena_calloc(&server->arena, config->allowed_host_count, sizeof *hosts);
    for (size_t i = 0; i < config->allowed_host_count; i++)
        hosts[i] = tv_arena_str(&server->arena, config->allowed_hosts[i]);
    server->config.allowed_hosts = hosts;
    server->gzip = tv_lane_new(loop, "gzip", 1, GZIP_QUEUE);
    return server;
}

/* The URL is decoded by this room, after it was looked at. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

/* The library refuses other versions of HTTP before it calls anything but this; what it says of the
 * refusal is the only sign. */
static void on_library_message(void *cls, const char *format, va_list arguments)
{
    const struct tv_http_config *config = &((struct tv_http_listener *)cls)->server->config;
    char text[256];
    (void)vsnprintf(text, sizeof text, format, arguments);
    if (config->foreign_version && strstr(text, "response code is 505"))
        config->foreign_version(config->ctx);
}

static struct MHD_Daemon *start_daemon(struct tv_http_listener *listener, int fd)
{
    const struct tv_http_limits *limits = &listener->server->limits;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (listener->address.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    return MHD_start_daemon(flags, 0, NULL, NULL, tv_http_on_access, listener,
            MHD_OPTION_EXTERNAL_LOGGER, on_library_message, listener, MHD_OPTION_LISTEN_SOCKET, fd,
            MHD_OPTION_CONNECTION_LIMIT, limits->connections, MHD_OPTION_CONNECTION_TIMEOUT,
            limits->idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
            MHD_OPTION_NOTIFY_COMPLETED, tv_http_on_completed, listener,
            MHD_OPTION_NOTIFY_CONNECTION, tv_http_on_connection, listener,
            MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static void name_host(struct tv_http_listener *listener)
{
    (void)tv_address_format(&listener->address, listener->host);
    *strrchr(listener->host, ':') = '\0';
    listener->loopback = tv_address_is_loopback(&listener->address);
    listener->any = tv_address_is_any(&listener->address);
}

static void join_loop(struct tv_http_listener *listener)
{
    uv_loop_t *uv = tv_loop_uv(listener->server->loop);
    int fd = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    TV_ASSERT(uv_poll_init(uv, &listener->poll, fd) == 0);
    TV_ASSERT(uv_timer_init(uv, &listener->timer) == 0);
    TV_ASSERT(uv_timer_init(uv, &listener->patrol) == 0);
    listener->poll.data = listener->timer.data = listener->patrol.data = listener;
    listener->open_handles = 3;
    listener->sweep = (struct tv_flush){.fn = on_sweep, .ctx = listener};
    TV_ASSERT(uv_poll_start(&listener->poll, UV_READABLE, on_readable) == 0);
    /* Accepts what came before the descriptor was watched. */
    tv_loop_flush(listener->server->loop, &listener->sweep);
}

enum tv_status tv_http_listen(
        struct tv_http_server *server, const char *address, uint16_t *port, struct tv_error *err)
{
    struct sockaddr_storage parsed;
    int fd;
    enum tv_status status = tv_address_parse(address, &parsed, err);
    if (status == TV_OK)
        status = tv_address_bind(address, SOCK_STREAM, &fd, port, err);
    if (status != TV_OK)
        return status;
    struct tv_http_listener *listener = tv_calloc(1, sizeof *listener);
    listener->server = server;
    listener->address = parsed;
    name_host(listener);
    listener->daemon = start_daemon(listener, fd);
    if (!listener->daemon) {
        (void)close(fd);
        free(listener);
        return tv_fail(err, TV_IO, "cannot serve on '%s'", address);
    }
    join_loop(listener);
    listener->next = server->listeners;
    server->listeners = listener;
    return TV_OK;
}

static void on_closing_over(void *ctx)
{
    *(bool *)ctx = true;
}

/* Lets the last answers go out; a client that does not take its own is cut off. */
static void drain_open(struct tv_http_server *server)
{
    bool over = false;
    struct tv_timer *timer = tv_timer_new(server->loop, on_closing_over, &over);
    tv_timer_start(timer, CLOSING_MS * INT64_C(1000000), 0);
    while ((server->open && !over) || !tv_lane_idle(server->gzip))
        tv_loop_run_once(server->loop);
    tv_timer_free(timer);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct tv_http_listener *listener = handle->data;
    listener->open_handles--;
}

static void listener_close(struct tv_http_listener *listener)
{
    tv_loop_unflush(listener->server->loop, &listener->sweep);
    uv_close((uv_handle_t *)&listener->poll, on_handle_closed);
    uv_close((uv_handle_t *)&listener->timer, on_handle_closed);
    uv_close((uv_handle_t *)&listener->patrol, on_handle_closed);
    MHD_stop_daemon(listener->daemon);
    while (listener->open_handles)
        tv_loop_run_due(listener->server->loop);
    free(listener);
}

void tv_http_server_free(struct tv_http_server *server)
{
    if (!server)
        return;
    server->closing = true;
    tv_http_requests_close(server);
    drain_open(server);
    while (server->listeners) {
        struct tv_http_listener *listener = server->listeners;
        server->listeners = listener->next;
        listener_close(listener);
    }
    tv_http_requests_release(server);
    tv_lane_free(server->gzip);
    tv_http_routes_release(&server->routes);
    tv_arena_release(&server->arena);
    free(server);
}

void tv_http_stats(const struct tv_http_server *server, struct tv_http_stats *out)
{
    *out = server->stats;
    for (const struct tv_http_listener *at = server->listeners; at; at = at->next)
        out->connections += MHD_get_daemon_info(at->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
                                    ->num_connections;
}
