/* SPDX-License-Identifier: Apache-2.0 */
/* Streamed answers, and connections that are too slow. */
#include "support.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct {
    struct tv_http_stream *stream; /* NULL once it is no more */
    int started, gone, drained;
    int writes_left; /* by on_drained */
} live;

static void on_gone(void *ctx)
{
    (void)ctx;
    live.stream = NULL;
    live.gone++;
}

static void on_drained(void *ctx)
{
    (void)ctx;
    live.drained++;
    assert_int_equal(tv_http_stream_pending(live.stream), 0);
    if (live.writes_left == 0)
        return;
    live.writes_left--;
    tv_http_stream_write(live.stream, TV_STR("more;"));
    if (live.writes_left == 0) {
        tv_http_stream_end(live.stream);
        live.stream = NULL;
    }
}

static void answer_live(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    live.stream = tv_http_stream_start(request, "text/event-stream", on_drained, on_gone, NULL);
    live.started++;
}

static void answer_first(void *ctx, struct tv_http_request *request)
{
    answer_live(ctx, request);
    tv_http_stream_write(live.stream, TV_STR("first;"));
}

static struct tv_http_request *later;

static void start_later(void *ctx)
{
    answer_live(ctx, later);
    tv_http_stream_write(live.stream, TV_STR("late;"));
    tv_http_stream_end(live.stream);
    live.stream = NULL;
}

static int held;

static void answer_held(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    later = request;
    held++;
}

static void answer_later(void *ctx, struct tv_http_request *request)
{
    struct house *house = ctx;
    later = request;
    tv_loop_defer(house->loop, start_later, NULL);
}

static int setup(void **state)
{
    static struct house house;
    memset(&live, 0, sizeof live);
    held = 0;
    house_open(&house, &(struct tv_http_config){0});
    house_route(&house, "GET", "/live", answer_live);
    house_route(&house, "GET", "/first", answer_first);
    house_route(&house, "GET", "/later", answer_later);
    house_route(&house, "GET", "/held", answer_held);
    house_route(&house, "GET", "/healthz", answer_ok);
    house_route(&house, "POST", "/echo", answer_echo);
    *state = &house;
    return 0;
}

static int setup_started(void **state)
{
    (void)setup(state);
    house_start(*state, NULL);
    return 0;
}

static int teardown(void **state)
{
    house_close(*state);
    return 0;
}

static void write_text(void *ctx)
{
    tv_http_stream_write(live.stream, tv_str_of(ctx));
}

static void end(void *ctx)
{
    (void)ctx;
    tv_http_stream_end(live.stream);
    live.stream = NULL;
}

static void stream__headers_go_out_before_anything_is_written(void **state)
{
    struct house *house = *state;
    struct peer peer;
    peer_dial(&peer, house->port);
    peer_send(&peer, GET("/live"));
    assert_true(peer_expect(&peer, "Content-Type: text/event-stream"));
    assert_true(peer_expect(&peer, "\r\n\r\n"));
    assert_int_equal(house_stats(house).streams, 1);
    peer_close(&peer);
    house_await(house, &live.gone, 1);
    assert_int_equal(house_stats(house).streams, 0);
}

static void stream__bytes_flow_as_they_are_written_and_it_ends(void **state)
{
    struct house *house = *state;
    struct peer peer;
    peer_dial(&peer, house->port);
    peer_send(&peer, GET("/first"));
    assert_true(peer_expect(&peer, "first;"));
    for (int i = 0; i < 20; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "piece %d;", i);
        house_call(house, write_text, text);
        assert_true(peer_expect(&peer, text));
    }
    house_await(house, &live.drained, 20);
    house_call(house, end, NULL);
    assert_true(peer_expect(&peer, "0\r\n\r\n"));
    peer_send(&peer, GET("/healthz")); /* the connection lives on */
    assert_true(peer_expect(&peer, "GET /healthz"));
    assert_int_equal(house_peek(house, &live.gone), 0);
    peer_close(&peer);
}

static void stream__may_start_later_and_end_at_once(void **state)
{
    struct reply reply;
    ask(*state, &reply, GET("/later"));
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body.data, "late;");
    reply_release(&reply);
}

static void want_writes(void *ctx)
{
    (void)ctx;
    live.writes_left = 1000;
}

static void stream__drained_may_write_and_end(void **state)
{
    struct house *house = *state;
    struct reply reply;
    house_call(house, want_writes, NULL);
    ask(house, &reply, GET("/first"));
    assert_int_equal(reply.body.len, 6 + 5 * 1000);
    assert_int_equal(house_peek(house, &live.drained), 1000);
    assert_int_equal(house_peek(house, &live.gone), 0);
    reply_release(&reply);
}

static void stream__head_and_http_1_0_work(void **state)
{
    struct house *house = *state;
    struct reply reply;
    ask(house, &reply, "HEAD /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(reply.status, 200);
    /* Not chunked: the last chunk would stand where the next answer is expected. */
    assert_null(reply_header(&reply, "Transfer-Encoding").ptr);
    assert_true(tv_str_equal(reply_header(&reply, "Connection"), TV_STR("close")));
    reply_release(&reply);
    house_await(house, &live.gone, 1);
    struct peer peer;
    peer_dial(&peer, house->port);
    peer_send(&peer, "GET /first HTTP/1.0\r\n\r\n");
    assert_true(peer_expect(&peer, "\r\n\r\nfirst;"));
    house_call(house, end, NULL);
    assert_true(peer_sees_end(&peer));
    peer_close(&peer);
}

struct flood {
    size_t bytes, pending;
};

static void write_flood(void *ctx)
{
    struct flood *flood = ctx;
    struct tv_buf bytes = {0};
    memset(tv_buf_reserve(&bytes, flood->bytes), 'x', flood->bytes);
    bytes.len = flood->bytes;
    tv_http_stream_write(live.stream, tv_buf_str(&bytes));
    flood->pending = tv_http_stream_pending(live.stream);
    tv_buf_release(&bytes);
}

static void read_pending(void *ctx)
{
    *(size_t *)ctx = tv_http_stream_pending(live.stream);
}

static void stream__pending_tells_of_a_client_that_does_not_read(void **state)
{
    struct house *house = *state;
    struct flood flood = {.bytes = 32 << 20};
    struct peer peer;
    char text[] = "behind";
    peer_dial(&peer, house->port);
    peer_send(&peer, GET("/live"));
    house_await(house, &live.started, 1);
    house_call(house, write_flood, &flood);
    assert_int_equal(flood.pending, flood.bytes);
    size_t pending = 0;
    for (int i = 0; i < 100; i++)
        house_call(house, read_pending, &pending);
    assert_true(pending > 0); /* more than the sockets hold */
    assert_true(pending < flood.bytes);
    house_call(house, write_text, text);
    house_call(house, end, NULL);
    struct reply reply;
    peer_read(&peer, &reply, false);
    assert_int_equal(reply.body.len, flood.bytes + strlen(text));
    assert_string_equal(reply.body.data + flood.bytes, text);
    reply_release(&reply);
    peer_close(&peer);
}

static void stream__a_hang_up_is_told_once_whatever_the_state(void **state)
{
    struct house *house = *state;
    struct flood flood = {.bytes = 32 << 20};
    for (int how = 0; how < 4; how++) {
        struct peer peer;
        peer_dial(&peer, house->port);
        peer_send(&peer, GET("/live"));
        house_await(house, &live.started, how + 1);
        if (how >= 2) /* while the socket is full */
            house_call(house, write_flood, &flood);
        struct linger linger = {.l_onoff = 1};
        if (how % 2)
            (void)setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        peer_close(&peer);
        house_await(house, &live.gone, how + 1);
    }
    assert_int_equal(house_peek(house, &live.gone), 4);
    assert_int_equal(house_stats(house).streams, 0);
}

static void stream__the_servers_end_tells_its_owner(void **state)
{
    struct house *house = *state;
    struct peer peer;
    peer_dial(&peer, house->port);
    peer_send(&peer, GET("/first"));
    assert_true(peer_expect(&peer, "first;"));
    house_stop(house);
    tv_http_server_free(house->server);
    house->server = NULL;
    assert_int_equal(live.gone, 1);
    assert_true(peer_sees_end(&peer));
    peer_close(&peer);
}

static void stream__one_started_after_the_servers_end_is_gone(void **state)
{
    struct house *house = *state;
    struct peer peer;
    struct reply reply;
    peer_dial(&peer, house->port);
    peer_send(&peer, GET("/held"));
    house_await(house, &held, 1);
    house_stop(house);
    tv_http_server_free(house->server);
    house->server = NULL;
    peer_read(&peer, &reply, false);
    assert_int_equal(reply.status, 503);
    reply_release(&reply);
    peer_close(&peer);
    answer_live(NULL, later);
    tv_http_stream_write(live.stream, TV_STR("for nobody"));
    assert_int_equal(live.gone, 0);
    tv_loop_run_once(house->loop);
    assert_int_equal(live.gone, 1);
}

/* The patrol's bounds, shortened: what a test can wait for. */
static void shorten(struct house *house)
{
    house->server->limits.first_head_s = 1;
    house->server->limits.next_head_s = 1;
    house->server->limits.body_s = 1;
    house->server->limits.patrol_ms = 100;
    house_start(house, NULL);
}

static void slow__a_head_that_drips_is_cut_off(void **state)
{
    struct house *house = *state;
    struct peer peers[2];
    shorten(house);
    for (int i = 0; i < 2; i++)
        peer_dial(&peers[i], house->port);
    peer_send(&peers[1], GET("/healthz"));
    assert_true(peer_expect(&peers[1], "GET /healthz"));
    bool open = true;
    peer_send(&peers[0], "GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
    for (int i = 0; i < 1000 && open; i++) {
        open = peer_send_bytes(&peers[0], "X: y\r\n", 6);
        (void)poll(NULL, 0, 10);
    }
    assert_false(open);
    assert_true(peer_sees_end(&peers[1])); /* kept alive, and silent for too long */
    for (int i = 0; i < 2; i++)
        peer_close(&peers[i]);
}

static void slow__a_body_that_drips_or_stops_is_cut_off(void **state)
{
    struct house *house = *state;
    struct peer peers[3];
    shorten(house);
    for (int i = 0; i < 3; i++) {
        peer_dial(&peers[i], house->port);
        peer_send(&peers[i], i < 2 ? "POST /echo HTTP/1.1\r\n" : "POST /refused HTTP/1.1\r\n");
        peer_send(&peers[i], "Host: localhost\r\nContent-Length: 100000\r\n\r\n");
    }
    bool open = true;
    for (int i = 0; i < 1000 && open; i++) { /* 100 bytes a second */
        open = peer_send_bytes(&peers[0], "x", 1);
        (void)poll(NULL, 0, 10);
    }
    assert_false(open);
    for (int i = 0; i < 3; i++) {
        assert_true(peer_sees_end(&peers[i]));
        peer_close(&peers[i]);
    }
}

static void slow__idle_connections_are_closed(void **state)
{
    struct house *house = *state;
    struct peer peer;
    house->server->limits.idle_s = 1;
    house_start(house, NULL);
    peer_dial(&peer, house->port);
    peer_send(&peer, GET("/healthz"));
    assert_true(peer_expect(&peer, "GET /healthz"));
    assert_true(peer_sees_end(&peer));
    assert_int_equal(house_stats(house).connections, 0);
    peer_close(&peer);
}

static void slow__streams_and_waiting_requests_are_let_alone(void **state)
{
    struct house *house = *state;
    struct peer peer;
    shorten(house);
    peer_dial(&peer, house->port);
    peer_send(&peer, GET("/first"));
    assert_true(peer_expect(&peer, "first;"));
    (void)poll(NULL, 0, 1500);
    char text[] = "still;";
    house_call(house, write_text, text);
    assert_true(peer_expect(&peer, text));
    assert_int_equal(house_peek(house, &live.gone), 0);
    peer_close(&peer);
    house_await(house, &live.gone, 1);
}

static void wait_usage(void *ctx)
{
    assert_int_equal(getrusage(RUSAGE_THREAD, ctx), 0);
}

static void slow__connections_over_the_limit_wait_without_keeping_the_loop_awake(void **state)
{
    struct house *house = *state;
    struct peer peers[3];
    struct rusage before;
    struct rusage after;
    house->server->limits.connections = 2;
    house_start(house, NULL);
    for (int i = 0; i < 3; i++) {
        peer_dial(&peers[i], house->port);
        peer_send(&peers[i], GET("/healthz"));
        if (i < 2)
            assert_true(peer_expect(&peers[i], "GET /healthz"));
    }
    house_call(house, wait_usage, &before);
    (void)poll(NULL, 0, 300);
    house_call(house, wait_usage, &after);
    assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 0, 5);
    assert_int_equal(house_stats(house).connections, 2);
    peer_close(&peers[0]);
    assert_true(peer_expect(&peers[2], "GET /healthz"));
    peer_close(&peers[1]);
    peer_close(&peers[2]);
}

#define TEST(name)      cmocka_unit_test_setup_teardown(name, setup_started, teardown)
#define TEST_SLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(stream__headers_go_out_before_anything_is_written),
            TEST(stream__bytes_flow_as_they_are_written_and_it_ends),
            TEST(stream__may_start_later_and_end_at_once),
            TEST(stream__drained_may_write_and_end),
            TEST(stream__head_and_http_1_0_work),
            TEST(stream__pending_tells_of_a_client_that_does_not_read),
            TEST(stream__a_hang_up_is_told_once_whatever_the_state),
            TEST(stream__the_servers_end_tells_its_owner),
            TEST(stream__one_started_after_the_servers_end_is_gone),
            TEST_SLOW(slow__a_head_that_drips_is_cut_off),
            TEST_SLOW(slow__a_body_that_drips_or_stops_is_cut_off),
            TEST_SLOW(slow__connections_over_the_limit_wait_without_keeping_the_loop_awake),
            TEST_SLOW(slow__idle_connections_are_closed),
            TEST_SLOW(slow__streams_and_waiting_requests_are_let_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
