/* SPDX-License-Identifier: Apache-2.0 */
/* Request bodies: gathered whole or not at all, bounded one by one and in sum. */
#include "support.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define HOST "Host: localhost\r\n"

enum { ECHO_MAX = 1 << 20, SMALL_MAX = 100, INFLIGHT_MAX = 3 << 20 };

static int handled; /* by the loop thread */

static void count_and_echo(void *ctx, struct tv_http_request *request)
{
    handled++;
    answer_echo(ctx, request);
}

/* Holds the request, and so its bytes, until it is let go. */
static struct tv_http_request *held;

static void hold(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    held = request;
    handled++;
}

static void let_go(void *ctx)
{
    (void)ctx;
    tv_http_respond_text(held, 200, "text/plain", TV_STR("held"));
    held = NULL;
}

static int setup(void **state)
{
    static struct house house;
    handled = 0;
    house_open(&house, &(struct tv_http_config){.inflight_bytes_max = INFLIGHT_MAX});
    house_route(&house, "POST", "/echo", count_and_echo);
    house_route(&house, "POST", "/hold", hold);
    tv_http_route(house.server,
            &(struct tv_http_route){.method = "POST",
                    .path = "/small",
                    .body_max = SMALL_MAX,
                    .handler = count_and_echo});
    tv_http_route(house.server,
            &(struct tv_http_route){.method = "POST", .path = "/none", .handler = count_and_echo});
    tv_http_route(house.server,
            &(struct tv_http_route){.method = "POST",
                    .path = "/huge",
                    .body_max = 64 << 20,
                    .handler = count_and_echo});
    house_start(&house, NULL);
    *state = &house;
    return 0;
}

static int teardown(void **state)
{
    house_close(*state);
    return 0;
}

/* Bytes that differ from place to place. */
static char *make_bytes(size_t count)
{
    char *bytes = malloc(count);
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++)
        bytes[i] = (char)(i * 2654435761U >> 13);
    return bytes;
}

static void send_head(struct peer *peer, const char *path, const char *framing)
{
    char head[512];
    (void)snprintf(head, sizeof head, "POST %s HTTP/1.1\r\n" HOST "%s\r\n\r\n", path, framing);
    peer_send(peer, head);
}

static void send_chunk(struct peer *peer, const char *bytes, size_t count)
{
    char line[32];
    (void)snprintf(line, sizeof line, "%zx\r\n", count);
    peer_send(peer, line);
    (void)peer_send_bytes(peer, bytes, count);
    (void)peer_send_bytes(peer, "\r\n", 2);
}

static void assert_status(struct peer *peer, int status)
{
    struct reply reply;
    peer_read(peer, &reply, false);
    if (reply.status != status)
        fail_msg("status %d instead of %d: %s", reply.status, status,
                reply.body.data ? reply.body.data : "");
    reply_release(&reply);
}

static void assert_echo(struct peer *peer, const char *bytes, size_t count)
{
    struct reply reply;
    peer_read(peer, &reply, false);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body.len, count);
    assert_memory_equal(reply.body.data, bytes, count);
    reply_release(&reply);
}

static void body__arrives_whole_with_a_length(void **state)
{
    struct house *house = *state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 70000, ECHO_MAX};
    char *bytes = make_bytes(ECHO_MAX);
    struct peer peer;
    peer_dial(&peer, house->port);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char framing[64];
        (void)snprintf(framing, sizeof framing, "Content-Length: %zu", sizes[i]);
        send_head(&peer, "/echo", framing);
        assert_true(peer_send_bytes(&peer, bytes, sizes[i]));
        assert_echo(&peer, bytes, sizes[i]);
    }
    assert_int_equal(house_stats(house).inflight_bytes, 0);
    free(bytes);
    peer_close(&peer);
}

static void body__arrives_whole_in_chunks(void **state)
{
    struct house *house = *state;
    static const size_t pieces[] = {1, 17, 4096, 65536, 300000};
    char *bytes = make_bytes(ECHO_MAX);
    struct peer peer;
    peer_dial(&peer, house->port);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        size_t all = pieces[i] == 1 ? 300 : ECHO_MAX;
        send_head(&peer, "/echo", "Transfer-Encoding: chunked");
        for (size_t at = 0; at < all; at += pieces[i])
            send_chunk(&peer, bytes + at, all - at < pieces[i] ? all - at : pieces[i]);
        peer_send(&peer, "0\r\n\r\n");
        assert_echo(&peer, bytes, all);
    }
    free(bytes);
    peer_close(&peer);
}

static void body__may_come_byte_by_byte(void **state)
{
    struct house *house = *state;
    static const char request[] =
            "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\nslow client";
    struct peer peer;
    peer_dial(&peer, house->port);
    int on = 1;
    (void)setsockopt(peer.fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
    for (size_t i = 0; i < sizeof request - 1; i++)
        assert_true(peer_send_bytes(&peer, request + i, 1));
    assert_echo(&peer, "slow client", 11);
    peer_close(&peer);
}

static void body__too_large_by_its_length_is_413_and_the_connection_lives(void **state)
{
    struct house *house = *state;
    char *bytes = make_bytes(5000);
    struct peer peer;
    peer_dial(&peer, house->port);
    send_head(&peer, "/small", "Content-Length: 5000");
    assert_true(peer_send_bytes(&peer, bytes, 5000));
    assert_status(&peer, 413);
    send_head(&peer, "/small", "Content-Length: 100");
    assert_true(peer_send_bytes(&peer, bytes, 100));
    assert_echo(&peer, bytes, 100);
    send_head(&peer, "/none", "Content-Length: 1");
    assert_true(peer_send_bytes(&peer, bytes, 1));
    assert_status(&peer, 413);
    assert_int_equal(house_peek(house, &handled), 1);
    free(bytes);
    peer_close(&peer);
}

static void body__too_large_in_the_middle_is_413_when_its_end_has_come(void **state)
{
    struct house *house = *state;
    char *bytes = make_bytes(ECHO_MAX);
    struct peer peer;
    peer_dial(&peer, house->port);
    send_head(&peer, "/echo", "Transfer-Encoding: chunked");
    for (int i = 0; i < 3; i++)
        send_chunk(&peer, bytes, ECHO_MAX);
    peer_send(&peer, "0\r\n\r\n");
    assert_status(&peer, 413);
    send_head(&peer, "/echo", "Content-Length: 4");
    peer_send(&peer, "more");
    assert_echo(&peer, "more", 4);
    assert_int_equal(house_peek(house, &handled), 1);
    assert_int_equal(house_stats(house).inflight_bytes, 0);
    free(bytes);
    peer_close(&peer);
}

/* Sends up to `mebibytes` chunks; false if the server cut it off before. */
static bool flood(struct peer *peer, int mebibytes)
{
    char *bytes = make_bytes(ECHO_MAX);
    char line[32];
    bool open = true;
    (void)snprintf(line, sizeof line, "%x\r\n", ECHO_MAX);
    for (int i = 0; i < mebibytes && open; i++)
        open = peer_send_bytes(peer, line, strlen(line)) &&
                peer_send_bytes(peer, bytes, ECHO_MAX) && peer_send_bytes(peer, "\r\n", 2);
    free(bytes);
    return open;
}

static void body__without_end_is_cut_off(void **state)
{
    struct house *house = *state;
    struct peer peer;
    peer_dial(&peer, house->port);
    send_head(&peer, "/echo", "Transfer-Encoding: chunked");
    assert_true(flood(&peer, 100)); /* a client that is merely wrong reads its 413 */
    assert_false(flood(&peer, 1200));
    assert_int_equal(house_peek(house, &handled), 0);
    peer_close(&peer);
}

static void body__larger_than_allowed_is_told_to_clients_that_only_send(void **state)
{
    struct house *house = *state;
    struct peer peer;
    char *bytes = make_bytes(ECHO_MAX);
    peer_dial(&peer, house->port);
    send_head(&peer, "/huge", "Content-Length: 104857600");
    for (int i = 0; i < 100; i++)
        assert_true(peer_send_bytes(&peer, bytes, ECHO_MAX));
    assert_status(&peer, 413);
    free(bytes);
    peer_close(&peer);
}

static void body__expect_continue_is_answered_before_the_body(void **state)
{
    struct house *house = *state;
    struct peer peer;
    struct reply reply;
    peer_dial(&peer, house->port);
    send_head(&peer, "/echo", "Content-Length: 2\r\nExpect: 100-continue");
    peer_read(&peer, &reply, true);
    assert_int_equal(reply.status, 100);
    peer_send(&peer, "ok");
    assert_echo(&peer, "ok", 2);
    send_head(&peer, "/small", "Content-Length: 5000\r\nExpect: 100-continue");
    peer_read(&peer, &reply, false);
    assert_int_equal(reply.status, 413);
    assert_true(tv_str_equal(reply_header(&reply, "Connection"), TV_STR("close")));
    assert_true(peer_sees_end(&peer));
    reply_release(&reply);
    peer_close(&peer);
}

static void await_requests(struct house *house, uint64_t least)
{
    for (int i = 0; house_stats(house).requests < least; i++) {
        assert_in_range(i, 0, 5000);
        (void)poll(NULL, 0, 1);
    }
}

static void await_no_connections(struct house *house)
{
    for (int i = 0; house_stats(house).connections > 0; i++) {
        assert_in_range(i, 0, 5000);
        (void)poll(NULL, 0, 1);
    }
}

static void body__cut_off_never_reaches_the_handler(void **state)
{
    struct house *house = *state;
    static const char *const framings[] = {"Content-Length: 10", "Transfer-Encoding: chunked"};
    static const char *const parts[] = {"12345", "5\r\n12345\r\n"};
    for (unsigned how = 0; how < 4; how++) {
        struct peer peer;
        peer_dial(&peer, house->port);
        send_head(&peer, "/echo", framings[how % 2]);
        peer_send(&peer, parts[how % 2]);
        await_requests(house, how + 1);
        if (how >= 2) { /* a reset instead of an orderly end */
            struct linger linger = {.l_onoff = 1};
            (void)setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        }
        peer_close(&peer);
    }
    await_no_connections(house);
    assert_int_equal(house_peek(house, &handled), 0);
    assert_int_equal(house_stats(house).inflight_bytes, 0);
}

static void body__past_the_sum_of_all_is_503_with_retry_after(void **state)
{
    struct house *house = *state;
    char *bytes = make_bytes(ECHO_MAX);
    struct peer holder;
    struct peer peers[2];
    struct peer last;
    struct reply reply;
    char framing[64];
    (void)snprintf(framing, sizeof framing, "Content-Length: %d", ECHO_MAX);
    peer_dial(&holder, house->port);
    send_head(&holder, "/hold", framing);
    assert_true(peer_send_bytes(&holder, bytes, ECHO_MAX));
    house_await(house, &handled, 1);
    for (int i = 0; i < 2; i++) {
        peer_dial(&peers[i], house->port);
        send_head(&peers[i], "/echo", framing);
        assert_true(peer_send_bytes(&peers[i], bytes, ECHO_MAX - 1));
    }
    for (int i = 0; house_stats(house).inflight_bytes < INFLIGHT_MAX; i++) {
        assert_in_range(i, 0, 5000);
        (void)poll(NULL, 0, 1);
    }
    peer_dial(&last, house->port);
    send_head(&last, "/echo", "Content-Length: 5");
    peer_send(&last, "12345");
    peer_read(&last, &reply, false);
    assert_int_equal(reply.status, 503);
    assert_true(tv_str_equal(reply_header(&reply, "Retry-After"), TV_STR("1")));
    reply_release(&reply);
    send_head(&last, "/echo", "Transfer-Encoding: chunked"); /* found out in the middle */
    send_chunk(&last, bytes, 5000);
    peer_send(&last, "0\r\n\r\n");
    assert_status(&last, 503);
    assert_int_equal(house_stats(house).refused_overload, 2);
    house_call(house, let_go, NULL);
    assert_status(&holder, 200);
    send_head(&last, "/echo", "Content-Length: 5");
    peer_send(&last, "12345");
    assert_echo(&last, "12345", 5);
    for (int i = 0; i < 2; i++)
        peer_close(&peers[i]);
    peer_close(&holder);
    peer_close(&last);
    free(bytes);
}

static void body__an_announced_length_alone_takes_little_room(void **state)
{
    struct house *house = *state;
    struct peer peers[40];
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        peer_dial(&peers[i], house->port);
        send_head(&peers[i], "/huge", "Content-Length: 60000000");
        peer_send(&peers[i], "x");
    }
    struct peer peer;
    peer_dial(&peer, house->port);
    send_head(&peer, "/echo", "Content-Length: 2");
    peer_send(&peer, "ok");
    assert_echo(&peer, "ok", 2);
    assert_in_range(house_stats(house).inflight_bytes, 0, 2 << 20);
    peer_close(&peer);
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++)
        peer_close(&peers[i]);
}

static void body__refused_requests_are_drained(void **state)
{
    struct house *house = *state;
    struct peer peer;
    peer_dial(&peer, house->port);
    send_head(&peer, "/nope", "Content-Length: 5");
    peer_send(&peer, "12345");
    assert_status(&peer, 404);
    send_head(&peer, "/nope", "Transfer-Encoding: chunked");
    send_chunk(&peer, "12345", 5);
    peer_send(&peer, "0\r\n\r\n");
    assert_status(&peer, 404);
    peer_send(&peer, "OPTIONS /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n12345");
    assert_status(&peer, 204);
    send_head(&peer, "/echo", "Content-Length: 2");
    peer_send(&peer, "ok");
    assert_echo(&peer, "ok", 2);
    send_head(&peer, "/nope", "Content-Length: 90000000"); /* not worth reading */
    assert_status(&peer, 404);
    assert_true(peer_sees_end(&peer));
    peer_close(&peer);
}

static void body__malformed_chunks_are_refused(void **state)
{
    struct house *house = *state;
    static const char *const bodies[] = {"zz\r\n12345\r\n0\r\n\r\n", "-5\r\n12345\r\n0\r\n\r\n",
            "ffffffffffffffffff\r\n12345\r\n0\r\n\r\n"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct peer peer;
        struct reply reply;
        peer_dial(&peer, house->port);
        send_head(&peer, "/echo", "Transfer-Encoding: chunked");
        peer_send(&peer, bodies[i]);
        peer_read(&peer, &reply, false);
        assert_true(reply.status == 0 || (reply.status >= 400 && reply.status < 500));
        reply_release(&reply);
        peer_close(&peer);
    }
    assert_int_equal(house_peek(house, &handled), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(body__arrives_whole_with_a_length),
            TEST(body__arrives_whole_in_chunks),
            TEST(body__may_come_byte_by_byte),
            TEST(body__too_large_by_its_length_is_413_and_the_connection_lives),
            TEST(body__too_large_in_the_middle_is_413_when_its_end_has_come),
            TEST(body__without_end_is_cut_off),
            TEST(body__larger_than_allowed_is_told_to_clients_that_only_send),
            TEST(body__expect_continue_is_answered_before_the_body),
            TEST(body__cut_off_never_reaches_the_handler),
            TEST(body__past_the_sum_of_all_is_503_with_retry_after),
            TEST(body__an_announced_length_alone_takes_little_room),
            TEST(body__refused_requests_are_drained),
            TEST(body__malformed_chunks_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
