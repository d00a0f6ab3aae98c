/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets, from accept to close, and the patrol that ends those of too slow clients.
 *
 * libmicrohttpd's own time-out counts from the last byte that moved, so a client that sends one byte
 * now and then would hold its connection for ever. The patrol looks at the whole: how long ago
 * the last answer was without a new request's head, and how fast a body comes. It shuts the socket
 * down; the library then sees the end and closes. It runs only while connections are open.
 */
#include "net/http_internal.h"

#include "base/mem.h"

#include <stdlib.h>

static void opened(struct tv_http_listener *listener, struct MHD_Connection *mhd, void **context)
{
    struct tv_http_connection *connection = tv_calloc(1, sizeof *connection);
    connection->listener = listener;
    connection->mhd = mhd;
    connection->since_ms = uv_now(tv_loop_uv(listener->server->loop));
    connection->next = listener->connections;
    connection->at = &listener->connections;
    if (connection->next)
        connection->next->at = &connection->next;
    listener->connections = connection;
    *context = connection;
    unsigned every_ms = listener->server->limits.patrol_ms;
    if (!uv_is_active((uv_handle_t *)&listener->patrol))
        (void)uv_timer_start(&listener->patrol, tv_http_on_patrol, every_ms, every_ms);
}

/* The library stops to accept at the limit of connections or descriptors, and looks whether it may
 * again only at the beginning of a run: the one that closes a connection must be followed by one. */
static void closed(struct tv_http_connection *connection)
{
    struct tv_http_listener *listener = connection->listener;
    *connection->at = connection->next;
    if (connection->next)
        connection->next->at = connection->at;
    free(connection);
    if (uv_is_closing((uv_handle_t *)&listener->patrol))
        return;
    tv_loop_flush(listener->server->loop, &listener->sweep);
    if (!listener->connections)
        (void)uv_timer_stop(&listener->patrol);
}

void tv_http_on_connection(void *cls, struct MHD_Connection *mhd, void **context,
        enum MHD_ConnectionNotificationCode code)
{
    switch (code) {
    case MHD_CONNECTION_NOTIFY_STARTED:
        opened(cls, mhd, context);
        break;
    case MHD_CONNECTION_NOTIFY_CLOSED:
        closed(*context);
        break;
    }
}

static bool is_too_slow(const struct tv_http_connection *connection, uint64_t now_ms)
{
    const struct tv_http_limits *limits = &connection->listener->server->limits;
    const struct tv_http_request *request = connection->request;
    if (!request) {
        uint64_t most_s = connection->served ? limits->next_head_s : limits->first_head_s;
        return now_ms - connection->since_ms > most_s * 1000;
    }
    if (request->state != TV_HTTP_RECEIVING && request->drain_max == 0)
        return false;
    uint64_t grace_ms = UINT64_C(1000) * limits->body_s;
    uint64_t taken = request->received + request->drained;
    uint64_t due_ms = grace_ms + taken * 1000 / limits->body_rate;
    return now_ms - request->progress_ms > grace_ms || now_ms - request->started_ms > due_ms;
}

void tv_http_on_patrol(uv_timer_t *timer)
{
    struct tv_http_listener *listener = timer->data;
    uint64_t now_ms = uv_now(timer->loop);
    for (struct tv_http_connection *at = listener->connections; at; at = at->next)
        if (is_too_slow(at, now_ms))
            (void)shutdown(tv_http_connection_fd(at->mhd), SHUT_RDWR);
}

int tv_http_connection_fd(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

struct tv_str tv_http_connection_client(struct tv_http_connection *connection)
{
    if (!connection->client[0]) {
        struct sockaddr_storage address = {0};
        const struct sockaddr *client =
                MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
                        ->client_addr;
        bool wide = client->sa_family == AF_INET6;
        memcpy(&address, client, wide ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        (void)tv_address_format(&address, connection->client);
    }
    return tv_str_of(connection->client);
}
