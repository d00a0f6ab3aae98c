/* SPDX-License-Identifier: Apache-2.0 */
/* Hang-ups of suspended connections.
 *
 * libmicrohttpd takes a suspended connection's descriptor out of its epoll set, so it would notice a
 * hang-up only when the answer is sent. A duplicate of the descriptor is watched instead (the same one
 * cannot be registered twice in one epoll set and the library may close its own at any time). It
 * costs four system calls and is therefore made only for those who ask: on_gone, and streams.
 * A reset arrives as an error status and not as an event: both mean that the client is gone. A
 * client that only closed its sending half looks the same.
 */
#include "net/http_internal.h"

#include "base/mem.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

struct tv_http_watch {
    uv_poll_t poll;
    int fd;
    struct tv_http_request *request; /* NULL once stopped */
};

static void on_hang_up(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct tv_http_watch *watch = poll->data;
    if (watch->request)
        tv_http_request_is_gone(watch->request);
}

static void on_closed(uv_handle_t *handle)
{
    struct tv_http_watch *watch = handle->data;
    (void)close(watch->fd);
    free(watch);
}

void tv_http_watch_start(struct tv_http_request *request)
{
    if (request->watch || request->gone)
        return;
    int fd = fcntl(tv_http_connection_fd(request->connection), F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return; /* Out of descriptors: then the hang-up is seen when the answer is sent. */
    struct tv_http_watch *watch = tv_calloc(1, sizeof *watch);
    if (uv_poll_init(tv_loop_uv(request->server->loop), &watch->poll, fd) != 0) {
        (void)close(fd);
        free(watch);
        return;
    }
    watch->poll.data = watch;
    watch->fd = fd;
    watch->request = request;
    request->watch = watch;
    TV_ASSERT(uv_poll_start(&watch->poll, UV_DISCONNECT, on_hang_up) == 0);
}

void tv_http_watch_stop(struct tv_http_request *request)
{
    struct tv_http_watch *watch = request->watch;
    if (!watch)
        return;
    request->watch = NULL;
    watch->request = NULL;
    uv_close((uv_handle_t *)&watch->poll, on_closed);
}

void tv_http_request_is_gone(struct tv_http_request *request)
{
    request->gone = true;
    tv_http_watch_stop(request);
    if (request->streaming) {
        tv_http_stream_break(request);
        return;
    }
    tv_loop_fn *fn = request->on_gone;
    request->on_gone = NULL;
    if (fn)
        fn(request->on_gone_ctx);
}

void tv_http_on_gone(struct tv_http_request *request, tv_loop_fn *fn, void *ctx)
{
    request->on_gone = fn;
    request->on_gone_ctx = ctx;
    if (!fn)
        tv_http_watch_stop(request);
    else if (request->suspended)
        tv_http_watch_start(request);
}

bool tv_http_client_is_gone(const struct tv_http_request *request)
{
    if (request->gone)
        return true;
    struct pollfd poller = {.fd = tv_http_connection_fd(request->connection), .events = POLLRDHUP};
    return poll(&poller, 1, 0) > 0;
}
