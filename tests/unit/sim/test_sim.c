/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated system beside the clock, posting to a server of this test's. */
#include "net/http.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

enum { SECONDS_MAX = 30 };

struct taker {
    struct tv_loop *loop;
    struct tv_http_server *server;
    struct tv_sim *sim;
    char url[64];
    int status; /* of each answer, but for the first `unwilling` calls: 503 */
    unsigned unwilling, calls;
    struct tv_buf refused; /* the first body that was refused */
    struct tale taken;
    bool done;
};

static void take(void *ctx, struct tv_http_request *request)
{
    struct taker *taker = ctx;
    struct tv_str body = tv_http_body(request);
    struct tv_buf answer = {0};
    taker->calls++;
    if (taker->calls <= taker->unwilling) {
        tv_buf_clear(&taker->refused);
        tv_buf_append_str(&taker->refused, body);
        tv_http_respond_text(request, 503, "application/json", TV_STR("{}"));
        return;
    }
    size_t before = taker->taken.text.len, lines = 0;
    tv_buf_append_str(&taker->taken.text, body);
    for (size_t i = before; i < taker->taken.text.len; i++)
        lines += taker->taken.text.data[i] == '\n';
    tv_buf_printf(&answer, "{\"accepted\":%zu,\"rejected\":1,\"errors\":[]}", lines - 1);
    tv_http_respond(request, taker->status, "application/json", &answer);
}

static void taker_open(struct taker *taker)
{
    uint16_t port;
    struct tv_error err;
    struct tv_http_config config = {.inflight_bytes_max = 64 << 20};
    *taker = (struct taker){.status = 200};
    assert_int_equal(tv_loop_new(1, &taker->loop, &err), TV_OK);
    taker->server = tv_http_server_new(taker->loop, &config);
    tv_http_route(taker->server,
            &(struct tv_http_route){.method = "POST",
                    .path = "/api/v1/events",
                    .body_max = 16 << 20,
                    .handler = take,
                    .ctx = taker});
    assert_int_equal(tv_http_listen(taker->server, "127.0.0.1:0", &port, &err), TV_OK);
    (void)snprintf(
            taker->url, sizeof taker->url, "http://127.0.0.1:%u/api/v1/events", (unsigned)port);
}

static void taker_close(struct taker *taker)
{
    tv_sim_free(taker->sim);
    tv_http_server_free(taker->server);
    tv_loop_free(taker->loop);
    tale_release(&taker->taken);
    tv_buf_release(&taker->refused);
}

static void on_done(void *ctx)
{
    ((struct taker *)ctx)->done = true;
}

static void start(struct taker *taker, int64_t length_ns)
{
    taker->sim = tv_sim_new(&(struct tv_sim_config){
            .loop = taker->loop,
            .url = taker->url,
            .seed = 3,
            .start_ns = START_NS,
            .until_ns = START_NS + length_ns,
            .done = on_done,
            .ctx = taker,
    });
}

static void run(struct taker *taker)
{
    int64_t end_ns = tv_time_monotonic() + SECONDS_MAX * TV_NS_PER_S;
    while (!taker->done && tv_time_monotonic() < end_ns)
        tv_loop_run_once(taker->loop);
    assert_true(taker->done);
}

static void sim__posts_each_event_of_the_past_once_in_order(void **state)
{
    (void)state;
    struct taker taker;
    struct tale expected;
    struct tv_sim_stats stats;
    taker_open(&taker);
    start(&taker, 2 * TV_NS_PER_MIN);
    run(&taker);
    tale_write(&expected, 3, 0, 2 * TV_NS_PER_MIN);
    tale_read(&expected);
    assert_true(tv_str_equal(tv_buf_str(&taker.taken.text), tv_buf_str(&expected.text)));
    tv_sim_stats(taker.sim, &stats);
    assert_int_equal(stats.sent, expected.count);
    assert_int_equal(stats.rejected, taker.calls);
    assert_int_equal(stats.accepted + stats.rejected, stats.sent);
    assert_int_equal(stats.retried, 0);
    assert_int_equal(stats.last_http_status, 200);
    tale_release(&expected);
    taker_close(&taker);
}

static void sim__sends_what_was_refused_again_as_it_was(void **state)
{
    (void)state;
    struct taker taker;
    struct tv_sim_stats stats;
    taker_open(&taker);
    taker.unwilling = 1;
    start(&taker, 5 * TV_NS_PER_S);
    run(&taker);
    assert_true(taker.refused.len > 0);
    assert_true(tv_str_starts_with(tv_buf_str(&taker.taken.text), tv_buf_str(&taker.refused)));
    tv_sim_stats(taker.sim, &stats);
    assert_int_equal(stats.retried, 1);
    assert_int_equal(stats.accepted + stats.rejected, stats.sent);
    taker_close(&taker);
}

static void sim__counts_what_a_client_error_refuses(void **state)
{
    (void)state;
    struct taker taker;
    struct tv_sim_stats stats;
    taker_open(&taker);
    taker.status = 403;
    start(&taker, 5 * TV_NS_PER_S);
    run(&taker);
    tv_sim_stats(taker.sim, &stats);
    assert_true(stats.sent > 100);
    assert_int_equal(stats.accepted, 0);
    assert_int_equal(stats.rejected, stats.sent);
    assert_int_equal(stats.last_http_status, 403);
    taker_close(&taker);
}

static void sim__may_be_freed_with_a_call_under_way(void **state)
{
    (void)state;
    struct taker taker;
    struct tv_sim_stats stats = {0};
    taker_open(&taker);
    start(&taker, TV_NS_PER_MIN);
    while (!stats.sent) {
        tv_loop_run_once(taker.loop);
        tv_sim_stats(taker.sim, &stats);
    }
    assert_false(taker.done);
    taker_close(&taker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(sim__posts_each_event_of_the_past_once_in_order),
            cmocka_unit_test(sim__sends_what_was_refused_again_as_it_was),
            cmocka_unit_test(sim__counts_what_a_client_error_refuses),
            cmocka_unit_test(sim__may_be_freed_with_a_call_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
