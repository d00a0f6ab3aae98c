/* SPDX-License-Identifier: Apache-2.0 */
/* The doors of ingest for tests. Client and server share one thread: the client's socket does not
 * block, and the loop runs between its steps. */
#include "support_door.h"

#include "base/time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 65536, TURNS_MAX = 20000 };

static void commit_next(void *ctx)
{
    struct door *door = ctx;
    if (door->hold || door->committed == door->accepted)
        return;
    size_t next = door->committed++;
    if (door->done[next])
        door->done[next](door->done_ctx[next], door->commit_status);
    commit_next(door);
}

static enum tv_status accept_batch(
        void *self, struct tv_batch *batch, tv_sink_done_fn *done, void *ctx)
{
    struct door *door = self;
    if (door->accept_status != TV_OK)
        return door->accept_status;
    TV_ASSERT(door->accepted < DOOR_BATCHES_MAX);
    door->batches[door->accepted] = tv_batch_ref(batch);
    door->done[door->accepted] = done;
    door->done_ctx[door->accepted++] = ctx;
    tv_loop_defer(door->loop, commit_next, door);
    return TV_OK;
}

static void tick(void *ctx)
{
    (void)ctx;
}

void door_open(struct door *door, unsigned lane_queue)
{
    *door = (struct door){.accept_status = TV_OK, .commit_status = TV_OK};
    struct tv_http_config http = {.inflight_bytes_max = 256 << 20};
    TV_ASSERT(tv_loop_new(1, &door->loop, NULL) == TV_OK);
    door->lane = tv_lane_new(door->loop, "decode", 1, lane_queue);
    door->tick = tv_timer_new(door->loop, tick, NULL);
    tv_timer_start(door->tick, TV_NS_PER_MS, TV_NS_PER_MS);
    door->server = tv_http_server_new(door->loop, &http);
    door->ingest = tv_ingest_new(&(struct tv_ingest_config){.loop = door->loop,
            .decode_lane = door->lane,
            .sink = {.self = door, .accept = accept_batch}});
    tv_ingest_add_routes(door->ingest, door->server);
    TV_ASSERT(tv_http_listen(door->server, "127.0.0.1:0", &door->port, NULL) == TV_OK);
    TV_ASSERT(tv_ingest_open_udp(door->ingest, "127.0.0.1:0", &door->udp_port, NULL) == TV_OK);
}

void door_close(struct door *door)
{
    tv_http_server_free(door->server);
    tv_ingest_free(door->ingest);
    for (size_t i = 0; i < door->accepted; i++)
        tv_batch_unref(door->batches[i]);
    tv_timer_free(door->tick);
    tv_lane_free(door->lane);
    tv_loop_free(door->loop);
}

void door_commit(struct door *door)
{
    door->hold = false;
    commit_next(door);
}

void door_turn(struct door *door)
{
    tv_loop_run_once(door->loop);
}

int door_send(struct door *door, const char *headers, struct tv_str body)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons(door->port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    TV_ASSERT(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    struct tv_buf request = {0};
    tv_buf_printf(&request,
            "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            "Content-Length: %zu\r\n%s\r\n",
            door->path ? door->path : "/api/v1/events", body.len, headers);
    tv_buf_append_str(&request, body);
    for (size_t sent = 0; sent < request.len;) {
        ssize_t step =
                send(fd, request.data + sent, request.len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (step > 0)
            sent += (size_t)step;
        else if (step < 0 && errno != EAGAIN)
            break; /* the server may have answered and closed already */
        door_turn(door);
    }
    tv_buf_release(&request);
    return fd;
}

int door_answer(struct door *door, int fd, struct tv_buf *out)
{
    tv_buf_clear(out);
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        ssize_t got = recv(fd, tv_buf_reserve(out, ANSWER_BYTES), ANSWER_BYTES, MSG_DONTWAIT);
        if (got == 0)
            break;
        if (got > 0)
            out->len += (size_t)got;
        else
            door_turn(door);
    }
    tv_buf_append_char(out, '\0');
    (void)close(fd);
    return out->len > 12 ? (int)strtol(out->data + 9, NULL, 10) : 0;
}

int door_post(struct door *door, const char *headers, struct tv_str body, struct tv_buf *out)
{
    return door_answer(door, door_send(door, headers, body), out);
}
