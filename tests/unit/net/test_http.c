/* SPDX-License-Identifier: Apache-2.0 */
/* Routes, the head of requests, methods, and the life of a connection. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define END "\r\nHost: localhost\r\n\r\n"

static void answer_query(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    struct tv_buf body = {0};
    struct tv_str q = tv_http_query(request, "q");
    struct tv_str extra = tv_http_header(request, "x-Extra");
    tv_buf_printf(
            &body, "q=%s[%.*s] x=[%.*s]", q.ptr ? "" : "none", TV_STR_ARG(q), TV_STR_ARG(extra));
    tv_http_respond(request, 200, "text/plain", &body);
}

static void answer_client(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    tv_http_respond_text(request, 200, "text/plain", tv_http_client(request));
}

static int setup(void **state)
{
    static struct house house;
    house_open(&house, &(struct tv_http_config){0});
    house_route(&house, "GET", "/healthz", answer_ok);
    house_route(&house, "GET", "/api/v1/events", answer_ok);
    house_route(&house, "POST", "/api/v1/events", answer_ok);
    house_route(&house, "DELETE", "/api/v1/events", answer_ok);
    house_route(&house, "GET", "/api/*", answer_ok);
    house_route(&house, "GET", "/api/v1/incidents/*", answer_ok);
    house_route(&house, "GET", "/z/*", answer_ok);
    house_route(&house, "PUT", "/z/*", answer_ok);
    house_route(&house, "GET", "/query", answer_query);
    house_route(&house, "GET", "/client", answer_client);
    house_route(&house, "POST", "/echo", answer_echo);
    house_start(&house, NULL);
    *state = &house;
    return 0;
}

static int teardown(void **state)
{
    house_close(*state);
    return 0;
}

static void assert_body(struct house *house, const char *request, const char *body)
{
    struct reply reply;
    ask(house, &reply, "%s", request);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body.data, body);
    reply_release(&reply);
}

static void http__finds_exact_routes_before_the_longest_prefix(void **state)
{
    assert_body(*state, "GET /healthz HTTP/1.1" END, "GET /healthz");
    assert_body(*state, "POST /api/v1/events HTTP/1.1" END, "POST /api/v1/events");
    assert_body(*state, "GET /api/v1/incidents/42 HTTP/1.1" END, "GET /api/v1/incidents/42");
    assert_body(*state, "GET /api/any/thing HTTP/1.1" END, "GET /api/any/thing");
    assert_body(*state, "PUT /z/1 HTTP/1.1" END, "PUT /z/1");
    ask_status(*state, 405, "POST /z/1 HTTP/1.1" END);
    ask_status(*state, 404, "GET /apix HTTP/1.1" END);
    ask_status(*state, 404, "GET /healthz/ HTTP/1.1" END);
}

static void http__unknown_paths_are_404_in_the_public_form(void **state)
{
    struct reply reply;
    ask(*state, &reply, "GET /no%%22pe HTTP/1.1" END);
    assert_int_equal(reply.status, 404);
    assert_true(tv_str_equal(reply_header(&reply, "Content-Type"), TV_STR("application/json")));
    assert_non_null(strstr(reply.body.data, "{\"error\":{\"code\":\"not_found\""));
    assert_non_null(strstr(reply.body.data, "/no\\\"pe"));
    reply_release(&reply);
}

static void http__wrong_methods_are_405_with_allow(void **state)
{
    struct reply reply;
    ask(*state, &reply, "PATCH /api/v1/events HTTP/1.1" END);
    assert_int_equal(reply.status, 405);
    struct tv_str allow = reply_header(&reply, "Allow");
    static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < 5; i++)
        assert_true(tv_str_contains(allow, tv_str_of(methods[i])));
    assert_false(tv_str_contains(allow, TV_STR("PATCH")));
    reply_release(&reply);
    ask_status(*state, 405, "BREW /healthz HTTP/1.1" END);
    ask_status(*state, 405, "TRACE /healthz HTTP/1.1" END);
}

static void http__head_gives_the_headers_of_get(void **state)
{
    struct peer peer;
    struct reply reply;
    peer_dial(&peer, ((struct house *)*state)->port);
    for (int i = 0; i < 2; i++) { /* a body would spoil the second answer */
        peer_send(&peer, "HEAD /healthz HTTP/1.1" END);
        peer_read(&peer, &reply, true);
        assert_int_equal(reply.status, 200);
        assert_true(tv_str_equal(reply_header(&reply, "Content-Length"), TV_STR("13")));
        reply_release(&reply);
    }
    peer_close(&peer);
}

static void http__options_names_the_methods(void **state)
{
    struct reply reply;
    ask(*state, &reply, "OPTIONS /api/v1/events HTTP/1.1" END);
    assert_int_equal(reply.status, 204);
    assert_true(tv_str_contains(reply_header(&reply, "Allow"), TV_STR("DELETE")));
    assert_null(reply_header(&reply, "Access-Control-Allow-Methods").ptr);
    reply_release(&reply);
    ask_status(*state, 204, "OPTIONS * HTTP/1.1" END);
    ask_status(*state, 404, "OPTIONS /nope HTTP/1.1" END);
}

static void http__every_answer_carries_the_security_headers(void **state)
{
    static const char *const requests[] = {
            "GET /healthz HTTP/1.1" END, "GET /nope HTTP/1.1" END, "PUT /healthz HTTP/1.1" END};
    for (size_t i = 0; i < 3; i++) {
        struct reply reply;
        ask(*state, &reply, "%s", requests[i]);
        assert_true(
                tv_str_equal(reply_header(&reply, "X-Content-Type-Options"), TV_STR("nosniff")));
        assert_true(tv_str_equal(reply_header(&reply, "Content-Security-Policy"),
                TV_STR("default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
                       "form-action 'self'")));
        assert_true(tv_str_equal(reply_header(&reply, "Referrer-Policy"), TV_STR("no-referrer")));
        assert_true(tv_str_equal(
                reply_header(&reply, "Cross-Origin-Resource-Policy"), TV_STR("same-origin")));
        assert_true(tv_str_equal(reply_header(&reply, "Cache-Control"), TV_STR("no-store")));
        reply_release(&reply);
    }
}

static void http__query_and_headers_reach_the_handler_decoded(void **state)
{
    assert_body(*state, "GET /query HTTP/1.1" END, "q=none[] x=[]");
    assert_body(*state, "GET /query?q=a+b%2B%26%3Dc&z=1 HTTP/1.1\r\nX-EXTRA: y" END,
            "q=[a b+&=c] x=[y]");
    assert_body(*state, "GET /query?a=1&%71=late&q=no HTTP/1.1" END, "q=[late] x=[]");
    assert_body(*state, "GET /query?q= HTTP/1.1" END, "q=[] x=[]");
    assert_body(*state, "GET /%68ealthz HTTP/1.1" END, "GET /healthz");
}

static void http__malformed_and_nul_escapes_are_400(void **state)
{
    static const char *const targets[] = {"/healthz%00", "/healthz%00.html", "/heal%zzthz",
            "/healthz%", "/healthz%0", "/query?q=%00", "/query?q=%", "/query?%00=1",
            "/query?q=80%&z=1"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct reply reply;
        ask(*state, &reply, "GET %s HTTP/1.1" END, targets[i]);
        if (reply.status != 400)
            fail_msg("status %d for %s", reply.status, targets[i]);
        assert_non_null(strstr(reply.body.data, "\"bad_input\""));
        reply_release(&reply);
    }
}

/* libmicrohttpd reads the request line as a C string: what a raw NUL hides is served to nobody. */
static void http__a_raw_nul_ends_the_url(void **state)
{
    struct house *house = *state;
    static const char request[] = "GET /healthz\0/../nope HTTP/1.1" END;
    struct peer peer;
    struct reply reply;
    peer_dial(&peer, house->port);
    assert_true(peer_send_bytes(&peer, request, sizeof request - 1));
    peer_read(&peer, &reply, false);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body.data, "GET /healthz");
    reply_release(&reply);
    peer_close(&peer);
}

static void http__ambiguous_framing_is_400_and_closes(void **state)
{
    static const char *const heads[] = {
            "POST /echo HTTP/1.1\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, "
            "chunked\r\n\r\n0\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
            "Content-Length: 4\r\n\r\nabcd",
            "POST /echo HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            "0\r\n\r\n",
    };
    struct house *house = *state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct peer peer;
        struct reply reply;
        peer_dial(&peer, house->port);
        peer_send(&peer, heads[i]);
        peer_read(&peer, &reply, false);
        if (reply.status != 400)
            fail_msg("status %d for %s", reply.status, heads[i]);
        assert_true(peer_sees_end(&peer));
        reply_release(&reply);
        peer_close(&peer);
    }
}

static void http__http_1_0_is_served_and_closed(void **state)
{
    struct house *house = *state;
    struct peer peer;
    struct reply reply;
    peer_dial(&peer, house->port);
    peer_send(&peer, "GET /healthz HTTP/1.0\r\n\r\n");
    peer_read(&peer, &reply, false);
    assert_int_equal(reply.status, 200);
    assert_true(peer_sees_end(&peer));
    reply_release(&reply);
    peer_close(&peer);
}

static void http__a_head_that_is_too_large_is_refused(void **state)
{
    struct house *house = *state;
    struct peer peer;
    struct reply reply;
    struct tv_buf head = {0};
    tv_buf_printf(&head, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: ");
    memset(tv_buf_reserve(&head, 40000), 'x', 40000);
    head.len += 40000;
    tv_buf_append_str(&head, TV_STR("\r\n\r\n"));
    peer_dial(&peer, house->port);
    (void)peer_send_bytes(&peer, head.data, head.len);
    peer_read(&peer, &reply, false);
    assert_true(reply.status == 431 || reply.status == 413 || reply.status == 0);
    reply_release(&reply);
    tv_buf_release(&head);
    peer_close(&peer);
    ask_status(house, 200, "GET /healthz HTTP/1.1" END);
}

static void http__too_many_parameters_are_400(void **state)
{
    struct tv_buf head = {0};
    struct reply reply;
    tv_buf_printf(&head, "GET /query?a=1");
    for (int i = 0; i < TV_HTTP_ARGS_MAX; i++)
        tv_buf_printf(&head, "&p%d=1", i);
    tv_buf_printf(&head, " HTTP/1.1" END);
    ask(*state, &reply, "%.*s", (int)head.len, head.data);
    assert_int_equal(reply.status, 400);
    reply_release(&reply);
    tv_buf_release(&head);
}

static void http__pipelined_requests_are_answered_in_order(void **state)
{
    struct house *house = *state;
    struct peer peer;
    struct tv_buf all = {0};
    enum { COUNT = 200 };
    for (int i = 0; i < COUNT; i++)
        tv_buf_printf(&all,
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%d",
                i < 10            ? 1
                        : i < 100 ? 2
                                  : 3,
                i);
    peer_dial(&peer, house->port);
    assert_true(peer_send_bytes(&peer, all.data, all.len));
    for (int i = 0; i < COUNT; i++) {
        struct reply reply;
        peer_read(&peer, &reply, false);
        assert_int_equal(reply.status, 200);
        assert_int_equal(strtol(reply.body.data, NULL, 10), i);
        reply_release(&reply);
    }
    tv_buf_release(&all);
    peer_close(&peer);
}

static void http__refusals_without_a_body_keep_the_connection(void **state)
{
    struct house *house = *state;
    struct peer peer;
    struct reply reply;
    peer_dial(&peer, house->port);
    for (int i = 0; i < 3; i++) {
        peer_send(&peer, i < 2 ? "GET /nope HTTP/1.1" END : "GET /healthz HTTP/1.1" END);
        peer_read(&peer, &reply, false);
        assert_int_equal(reply.status, i < 2 ? 404 : 200);
        reply_release(&reply);
    }
    peer_close(&peer);
}

static void http__tells_the_client_address(void **state)
{
    struct reply reply;
    ask(*state, &reply, "GET /client HTTP/1.1" END);
    assert_int_equal(reply.status, 200);
    assert_memory_equal(reply.body.data, "127.0.0.1:", 10);
    reply_release(&reply);
}

static void http__counts_what_it_does(void **state)
{
    struct house *house = *state;
    struct peer peer;
    struct reply reply;
    peer_dial(&peer, house->port);
    peer_send(&peer, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
    peer_read(&peer, &reply, false);
    reply_release(&reply);
    peer_send(&peer, "GET /nope HTTP/1.1" END);
    peer_read(&peer, &reply, false);
    struct tv_http_stats stats = house_stats(house);
    assert_int_equal(stats.requests, 2);
    assert_int_equal(stats.responses_by_class[2], 1);
    assert_int_equal(stats.responses_by_class[4], 1);
    assert_int_equal(stats.bytes_in, 5);
    assert_int_equal(stats.bytes_out, 5 + reply.body.len);
    assert_int_equal(stats.connections, 1);
    assert_int_equal(stats.inflight_bytes, 0);
    reply_release(&reply);
    peer_close(&peer);
}

static void http__a_taken_port_is_a_conflict_and_bad_addresses_are_refused(void **state)
{
    struct house *house = *state;
    struct tv_error err;
    char taken[32];
    house_stop(house);
    (void)snprintf(taken, sizeof taken, "127.0.0.1:%u", house->port);
    assert_int_equal(tv_http_listen(house->server, taken, NULL, &err), TV_CONFLICT);
    assert_non_null(strstr(err.message, "in use"));
    static const char *const bad[] = {
            "", "127.0.0.1", "127.0.0.1:99999", "name.example:80", "[::1:80", "1.2.3:4", ":80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tv_http_listen(house->server, bad[i], NULL, &err), TV_BAD_INPUT);
}

static void http__serves_several_listeners_and_ipv6(void **state)
{
    struct house *house = *state;
    uint16_t port = 0;
    house_stop(house);
    assert_int_equal(tv_http_listen(house->server, "[::1]:0", &port, NULL), TV_OK);
    assert_true(port > 0 && port != house->port);
    struct sockaddr_in6 address = {
            .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct peer peer = {.fd = socket(AF_INET6, SOCK_STREAM, 0)};
    assert_int_equal(connect(peer.fd, (struct sockaddr *)&address, sizeof address), 0);
    house_start(house, NULL);
    struct reply reply;
    peer_send(&peer, "GET /client HTTP/1.1\r\nHost: [::1]\r\n\r\n");
    peer_read(&peer, &reply, false);
    assert_int_equal(reply.status, 200);
    assert_memory_equal(reply.body.data, "[::1]:", 6);
    reply_release(&reply);
    peer_close(&peer);
    ask_status(house, 200, "GET /healthz HTTP/1.1" END);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(http__finds_exact_routes_before_the_longest_prefix),
            TEST(http__unknown_paths_are_404_in_the_public_form),
            TEST(http__wrong_methods_are_405_with_allow),
            TEST(http__head_gives_the_headers_of_get),
            TEST(http__options_names_the_methods),
            TEST(http__every_answer_carries_the_security_headers),
            TEST(http__query_and_headers_reach_the_handler_decoded),
            TEST(http__malformed_and_nul_escapes_are_400),
            TEST(http__a_raw_nul_ends_the_url),
            TEST(http__ambiguous_framing_is_400_and_closes),
            TEST(http__http_1_0_is_served_and_closed),
            TEST(http__a_head_that_is_too_large_is_refused),
            TEST(http__too_many_parameters_are_400),
            TEST(http__pipelined_requests_are_answered_in_order),
            TEST(http__refusals_without_a_body_keep_the_connection),
            TEST(http__tells_the_client_address),
            TEST(http__counts_what_it_does),
            TEST(http__a_taken_port_is_a_conflict_and_bad_addresses_are_refused),
            TEST(http__serves_several_listeners_and_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
