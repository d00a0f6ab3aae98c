/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: later ones, compressed ones, many at once, and those for nobody. */
#include "support.h"

#include "base/compress.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n"
#define GZIP      "Accept-Encoding: gzip\r\n"

enum { MANY = 1000, PAGE_BYTES = 3000, ANSWERS_MAX = 8 << 20 };

static struct {
    struct tv_http_request *held[MANY];
    int count, gone;
} waiting;

static void hold(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    waiting.held[waiting.count++] = request;
}

static void note_gone(void *ctx)
{
    (void)ctx;
    waiting.gone++;
}

static void hold_watched(void *ctx, struct tv_http_request *request)
{
    tv_http_on_gone(request, note_gone, NULL);
    hold(ctx, request);
}

static void release_all(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < waiting.count; i++)
        tv_http_respond_text(waiting.held[i], 200, "text/plain", TV_STR("now"));
    waiting.count = 0;
}

static void fill_text(struct tv_buf *out, size_t bytes)
{
    while (out->len < bytes)
        tv_buf_printf(out, "line %zu\n", out->len);
    out->len = bytes;
}

/* "?n=": that many bytes of text. */
static void answer_text(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    struct tv_buf body = {0};
    uint64_t bytes = 0;
    assert_true(tv_str_to_u64(tv_http_query(request, "n"), &bytes));
    fill_text(&body, bytes);
    if (tv_http_query(request, "coded").ptr)
        tv_http_set_header(request, "Content-Encoding", "identity");
    tv_http_respond(request, 200, "text/plain", &body);
}

static void answer_noise(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    struct tv_buf body = {0};
    uint32_t x = 1;
    for (int i = 0; i < 20000; i++) {
        x = x * 1664525 + 1013904223;
        tv_buf_append_char(&body, (char)(x >> 24));
    }
    tv_http_respond(request, 200, "application/octet-stream", &body);
}

static struct tv_buf page;

static void answer_page(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    tv_http_respond_gzipped(request, "text/html; charset=utf-8", tv_buf_str(&page), "\"v1\"");
}

static void answer_broken_page(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    tv_http_respond_gzipped(request, "text/html", TV_STR("not gzip"), NULL);
}

static void answer_fail(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    uint64_t status = 0;
    assert_true(tv_str_to_u64(tv_http_query(request, "s"), &status));
    tv_http_set_header(request, "X-Own", "yes");
    tv_http_set_header(request, "X-Split", "a\r\nSet-Cookie: b");
    tv_http_fail(
            request, &(struct tv_error){.status = (enum tv_status)status, .message = "because"});
}

static void answer_is_gone(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    bool gone = tv_http_client_is_gone(request);
    tv_http_respond_text(request, 200, "text/plain", gone ? TV_STR("gone") : TV_STR("here"));
}

static int setup(void **state)
{
    static struct house house;
    struct tv_buf text = {0};
    memset(&waiting, 0, sizeof waiting);
    fill_text(&text, PAGE_BYTES);
    tv_gzip_compress(tv_buf_str(&text), &page);
    tv_buf_release(&text);
    house_open(&house, &(struct tv_http_config){.answers_bytes_max = ANSWERS_MAX});
    house.server->limits.connections = MANY + 100;
    house_route(&house, "GET", "/hold", hold);
    house_route(&house, "GET", "/watched", hold_watched);
    house_route(&house, "GET", "/text", answer_text);
    house_route(&house, "GET", "/noise", answer_noise);
    house_route(&house, "GET", "/page", answer_page);
    house_route(&house, "GET", "/broken", answer_broken_page);
    house_route(&house, "GET", "/fail", answer_fail);
    house_route(&house, "POST", "/echo", answer_echo);
    house_route(&house, "GET", "/here", answer_is_gone);
    house_start(&house, NULL);
    *state = &house;
    return 0;
}

static int teardown(void **state)
{
    house_close(*state);
    tv_buf_release(&page);
    return 0;
}

static void answer__a_thousand_waiting_requests_go_on_in_one_sweep(void **state)
{
    struct house *house = *state;
    static struct peer peers[MANY];
    struct reply reply;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            if (round == 0)
                peer_dial(&peers[i], house->port);
            peer_send(&peers[i], GET("/hold") "\r\n");
        }
        house_await(house, &waiting.count, MANY);
        house_call(house, release_all, NULL);
        for (int i = 0; i < MANY; i++) {
            peer_read(&peers[i], &reply, false);
            assert_int_equal(reply.status, 200);
            assert_string_equal(reply.body.data, "now");
            reply_release(&reply);
        }
    }
    for (int i = 0; i < MANY; i++)
        peer_close(&peers[i]);
}

static void answer__a_hang_up_is_told_and_the_request_stays_valid(void **state)
{
    struct house *house = *state;
    for (int how = 0; how < 3; how++) {
        struct peer peer;
        peer_dial(&peer, house->port);
        peer_send(&peer, GET("/watched") "\r\n");
        house_await(house, &waiting.count, how + 1);
        assert_int_equal(house_peek(house, &waiting.gone), how);
        struct linger linger = {.l_onoff = 1};
        if (how == 1) /* a reset */
            (void)setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        if (how == 2) /* a half-close counts too */
            (void)shutdown(peer.fd, SHUT_WR);
        else
            peer_close(&peer);
        house_await(house, &waiting.gone, how + 1);
        if (how == 2)
            peer_close(&peer);
    }
    house_call(house, release_all, NULL);
    struct reply reply;
    ask(house, &reply, GET("/here") "\r\n");
    assert_string_equal(reply.body.data, "here");
    reply_release(&reply);
}

static void watch_now(void *ctx)
{
    (void)ctx;
    tv_http_on_gone(waiting.held[0], note_gone, NULL);
}

static void answer__a_hang_up_may_be_asked_for_later(void **state)
{
    struct house *house = *state;
    struct peer peer;
    peer_dial(&peer, house->port);
    peer_send(&peer, GET("/hold") "\r\n");
    house_await(house, &waiting.count, 1);
    house_call(house, watch_now, NULL);
    peer_close(&peer);
    house_await(house, &waiting.gone, 1);
    house_call(house, release_all, NULL);
}

struct wish {
    struct house *house;
    bool gone;
};

static void take_back(void *ctx)
{
    struct wish *wish = ctx;
    tv_http_on_gone(waiting.held[0], NULL, NULL);
    wish->gone = tv_http_client_is_gone(waiting.held[0]);
}

static void answer__a_hang_up_not_asked_for_is_not_told_but_can_be_asked(void **state)
{
    struct house *house = *state;
    struct wish wish = {.house = house};
    struct peer peer;
    peer_dial(&peer, house->port);
    peer_send(&peer, GET("/watched") "\r\n");
    house_await(house, &waiting.count, 1);
    house_call(house, take_back, &wish);
    assert_false(wish.gone);
    peer_close(&peer);
    for (int i = 0; i < 5000 && !wish.gone; i++) {
        house_call(house, take_back, &wish);
        (void)poll(NULL, 0, 1);
    }
    assert_true(wish.gone);
    assert_int_equal(house_peek(house, &waiting.gone), 0);
    house_call(house, release_all, NULL);
}

static void answer__gzip_is_told_from_the_list_of_codings(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        bool allowed;
    } rows[] = {{"", false}, {"gzip", true}, {"GZIP", true}, {"x-gzip", true}, {"br", false},
            {"br, gzip", true}, {"gzip;q=0", false}, {"gzip;q=0.0", false},
            {"gzip ; q=0.001", true}, {"*", true}, {"*;q=0", false}, {"*, gzip;q=0", false},
            {"identity;q=1, *;q=0", false}, {"deflate, gzip;q=1.0, *;q=0.5", true},
            {",,gzip", true}, {"gzipped", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (tv_http_accepts_gzip(tv_str_of(rows[i].list)) != rows[i].allowed)
            fail_msg("Accept-Encoding: %s", rows[i].list);
}

static void assert_text(const struct reply *reply, bool gzip, size_t bytes)
{
    struct tv_buf expected = {0};
    struct tv_buf plain = {0};
    fill_text(&expected, bytes);
    assert_int_equal(reply->status, 200);
    struct tv_str coding = reply_header(reply, "Content-Encoding");
    assert_int_equal(tv_str_equal(coding, TV_STR("gzip")), gzip);
    if (gzip)
        assert_int_equal(tv_body_decompress(
                                 TV_CODING_GZIP, tv_buf_str(&reply->body), bytes + 1, &plain, NULL),
                TV_OK);
    else
        tv_buf_append_str(&plain, tv_buf_str(&reply->body));
    assert_int_equal(plain.len, bytes);
    assert_memory_equal(plain.data, expected.data, bytes);
    tv_buf_release(&plain);
    tv_buf_release(&expected);
}

static void answer__over_a_kibibyte_is_compressed_where_accepted(void **state)
{
    static const size_t sizes[] = {1, 1024, 1025, 16384, 16385, 5000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct reply reply;
        ask(*state, &reply, "GET /text?n=%zu HTTP/1.1\r\nHost: localhost\r\n" GZIP "\r\n",
                sizes[i]);
        assert_text(&reply, sizes[i] > 1024, sizes[i]);
        assert_int_equal(tv_str_equal(reply_header(&reply, "Vary"), TV_STR("Accept-Encoding")),
                sizes[i] > 1024);
        reply_release(&reply);
        ask(*state, &reply, "GET /text?n=%zu HTTP/1.1\r\nHost: localhost\r\n\r\n", sizes[i]);
        assert_text(&reply, false, sizes[i]);
        reply_release(&reply);
    }
}

static void release_large(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < waiting.count; i++) {
        struct tv_buf body = {0};
        fill_text(&body, 50000);
        tv_http_respond(waiting.held[i], 200, "text/plain", &body);
    }
    waiting.count = 0;
}

/* One runs and 64 wait at the worker; the others are not made to wait longer. */
static void answer__more_than_the_worker_takes_go_out_as_they_are(void **state)
{
    struct house *house = *state;
    enum { COUNT = 80, PACKED = 65 };
    struct peer peers[COUNT];
    int packed = 0;
    for (int i = 0; i < COUNT; i++) {
        peer_dial(&peers[i], house->port);
        peer_send(&peers[i], GET("/hold") GZIP "\r\n");
    }
    house_await(house, &waiting.count, COUNT);
    house_call(house, release_large, NULL);
    for (int i = 0; i < COUNT; i++) {
        struct reply reply;
        peer_read(&peers[i], &reply, false);
        bool gzip = reply_header(&reply, "Content-Encoding").ptr != NULL;
        packed += gzip;
        assert_text(&reply, gzip, 50000);
        reply_release(&reply);
        peer_close(&peers[i]);
    }
    assert_int_equal(packed, PACKED);
}

static void answer__what_has_a_coding_or_does_not_shrink_stays_as_it_is(void **state)
{
    struct reply reply;
    ask(*state, &reply, GET("/text?n=5000&coded=1") GZIP "\r\n");
    assert_true(tv_str_equal(reply_header(&reply, "Content-Encoding"), TV_STR("identity")));
    assert_int_equal(reply.body.len, 5000);
    reply_release(&reply);
    ask(*state, &reply, GET("/noise") GZIP "\r\n");
    assert_null(reply_header(&reply, "Content-Encoding").ptr);
    assert_int_equal(reply.body.len, 20000);
    reply_release(&reply);
}

static void answer__pages_go_out_gzipped_or_inflated_or_304(void **state)
{
    struct reply reply;
    ask(*state, &reply, GET("/page") GZIP "\r\n");
    assert_text(&reply, true, PAGE_BYTES);
    assert_true(tv_str_equal(reply_header(&reply, "ETag"), TV_STR("\"v1\"")));
    assert_true(tv_str_equal(reply_header(&reply, "Cache-Control"), TV_STR("no-cache")));
    reply_release(&reply);
    ask(*state, &reply, GET("/page") "\r\n");
    assert_text(&reply, false, PAGE_BYTES);
    reply_release(&reply);
    ask(*state, &reply, GET("/page") "If-None-Match: W/\"v0\", \"v1\"\r\n\r\n");
    assert_int_equal(reply.status, 304);
    assert_int_equal(reply.body.len, 0);
    reply_release(&reply);
    ask(*state, &reply, GET("/page") "If-None-Match: \"v2\"\r\n\r\n");
    assert_int_equal(reply.status, 200);
    reply_release(&reply);
    ask(*state, &reply, GET("/broken") "\r\n");
    assert_true(reply.status >= 400);
    reply_release(&reply);
}

static void answer__errors_have_their_codes_and_headers(void **state)
{
    static const struct {
        enum tv_status status;
        int http;
        const char *header;
    } rows[] = {{TV_BAD_INPUT, 400, NULL}, {TV_CONFLICT, 409, NULL}, {TV_CANCELLED, 499, NULL},
            {TV_QUOTA, 429, "Retry-After"}, {TV_FULL, 503, "Retry-After"},
            {TV_UNAUTHORIZED, 401, "WWW-Authenticate"}, {TV_METHOD, 405, "Allow"},
            {TV_OK, 500, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reply reply;
        ask(*state, &reply, GET("/fail?s=%d") "\r\n", (int)rows[i].status);
        assert_int_equal(reply.status, rows[i].http);
        assert_non_null(strstr(reply.body.data, "\"message\":\"because\""));
        assert_true(tv_str_equal(reply_header(&reply, "X-Own"), TV_STR("yes")));
        assert_null(reply_header(&reply, "Set-Cookie").ptr);
        if (rows[i].header)
            assert_non_null(reply_header(&reply, rows[i].header).ptr);
        reply_release(&reply);
    }
}

static void answer__past_the_bound_of_all_answers_is_503(void **state)
{
    struct reply reply;
    ask(*state, &reply, GET("/text?n=8388609") "\r\n");
    assert_int_equal(reply.status, 503);
    reply_release(&reply);
    ask(*state, &reply, GET("/text?n=8388608") "\r\n");
    assert_int_equal(reply.status, 200);
    reply_release(&reply);
}

static void answer__the_servers_end_answers_503_and_leaves_handlers_an_orphan(void **state)
{
    struct house *house = *state;
    struct peer peers[2];
    struct reply reply;
    for (int i = 0; i < 2; i++) {
        peer_dial(&peers[i], house->port);
        peer_send(&peers[i], i ? GET("/hold") "\r\n" : GET("/watched") "\r\n");
        house_await(house, &waiting.count, i + 1);
    }
    house_stop(house);
    tv_http_server_free(house->server);
    house->server = NULL;
    assert_int_equal(waiting.gone, 1);
    for (int i = 0; i < 2; i++) {
        peer_read(&peers[i], &reply, false);
        assert_int_equal(reply.status, 503);
        reply_release(&reply);
        assert_true(peer_sees_end(&peers[i]));
        peer_close(&peers[i]);
    }
    assert_true(tv_http_client_is_gone(waiting.held[0]));
    assert_int_equal(tv_http_path(waiting.held[0]).len, 0);
    assert_null(tv_http_header(waiting.held[0], "Host").ptr);
    answer_page(NULL, waiting.held[--waiting.count]); /* what a worker brings back too late */
    release_all(NULL);
}

static void answer__a_body_that_ends_while_the_server_closes_is_503(void **state)
{
    struct house *house = *state;
    struct peer peer;
    struct reply reply;
    peer_dial(&peer, house->port);
    peer_send(&peer, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab");
    for (int i = 0; house_stats(house).bytes_in < 2; i++) {
        assert_in_range(i, 0, 5000);
        (void)poll(NULL, 0, 1);
    }
    house_stop(house);
    peer_send(&peer, "cd");
    tv_http_server_free(house->server);
    house->server = NULL;
    peer_read(&peer, &reply, false);
    assert_int_equal(reply.status, 503);
    reply_release(&reply);
    peer_close(&peer);
}

static void answer__a_client_that_takes_nothing_does_not_hold_the_servers_end(void **state)
{
    struct house *house = *state;
    struct peer peer;
    int small = 4096;
    peer_dial(&peer, house->port);
    (void)setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    peer_send(&peer, GET("/text?n=8000000") "\r\n");
    for (int i = 0; house_stats(house).responses_by_class[2] < 1; i++) {
        assert_in_range(i, 0, 5000);
        (void)poll(NULL, 0, 1);
    }
    house_stop(house);
    tv_http_server_free(house->server);
    house->server = NULL;
    peer_close(&peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(answer__a_thousand_waiting_requests_go_on_in_one_sweep),
            TEST(answer__a_hang_up_is_told_and_the_request_stays_valid),
            TEST(answer__a_hang_up_may_be_asked_for_later),
            TEST(answer__a_hang_up_not_asked_for_is_not_told_but_can_be_asked),
            cmocka_unit_test(answer__gzip_is_told_from_the_list_of_codings),
            TEST(answer__over_a_kibibyte_is_compressed_where_accepted),
            TEST(answer__more_than_the_worker_takes_go_out_as_they_are),
            TEST(answer__what_has_a_coding_or_does_not_shrink_stays_as_it_is),
            TEST(answer__pages_go_out_gzipped_or_inflated_or_304),
            TEST(answer__errors_have_their_codes_and_headers),
            TEST(answer__past_the_bound_of_all_answers_is_503),
            TEST(answer__the_servers_end_answers_503_and_leaves_handlers_an_orphan),
            TEST(answer__a_body_that_ends_while_the_server_closes_is_503),
            TEST(answer__a_client_that_takes_nothing_does_not_hold_the_servers_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
