/* SPDX-License-Identifier: Apache-2.0 */
/* The client against this room's own server, on one loop. */
#include "net/client.h"
#include "support.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct world {
    struct house house;
    struct tv_client *client;
    struct tv_http_request *held[2];
    int held_count;
    bool free_client_when_done;
    int done, expected;
    enum tv_status status;
    int http_status;
    char body[256];
};

static void on_done(void *ctx, enum tv_status status, int http_status, struct tv_str body)
{
    struct world *world = ctx;
    world->done++;
    world->status = status;
    world->http_status = http_status;
    (void)snprintf(world->body, sizeof world->body, "%.*s", TV_STR_ARG(body));
    if (world->free_client_when_done) {
        tv_client_free(world->client);
        world->client = NULL;
    }
}

/* What arrived: method, type, token, body. */
static void answer_seen(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    struct tv_buf body = {0};
    tv_buf_printf(&body, "%.*s|%.*s|%.*s|%.*s", TV_STR_ARG(tv_http_method(request)),
            TV_STR_ARG(tv_http_header(request, "Content-Type")),
            TV_STR_ARG(tv_http_header(request, "Authorization")),
            TV_STR_ARG(tv_http_body(request)));
    assert_null(tv_http_header(request, "Expect").ptr);
    tv_http_respond(request, 201, "text/plain", &body);
}

static void answer_redirect(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    tv_http_set_header(request, "Location", "/seen");
    tv_http_respond_text(request, 302, "text/plain", TV_STR("elsewhere"));
}

static void answer_never(void *ctx, struct tv_http_request *request)
{
    struct world *world = ctx;
    world->held[world->held_count++] = request;
}

static void answer_huge(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    struct tv_buf body = {0};
    size_t bytes = 3 << 20;
    memset(tv_buf_reserve(&body, bytes), 'x', bytes);
    body.len = bytes;
    tv_http_respond(request, 200, "text/plain", &body);
}

static void add(
        struct world *world, const char *method, const char *path, tv_http_handler_fn *handler)
{
    tv_http_route(world->house.server,
            &(struct tv_http_route){.method = method,
                    .path = path,
                    .body_max = 4 << 20,
                    .handler = handler,
                    .ctx = world});
}

static int setup(void **state)
{
    static struct world world;
    world = (struct world){0};
    house_open(&world.house, &(struct tv_http_config){0});
    add(&world, "GET", "/seen", answer_seen);
    add(&world, "POST", "/seen", answer_seen);
    add(&world, "DELETE", "/seen", answer_seen);
    add(&world, "GET", "/redirect", answer_redirect);
    add(&world, "GET", "/never", answer_never);
    add(&world, "GET", "/huge", answer_huge);
    assert_int_equal(
            tv_http_listen(world.house.server, "127.0.0.1:0", &world.house.port, NULL), TV_OK);
    world.client = tv_client_new(world.house.loop);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    tv_client_free(world->client);
    for (int i = 0; i < world->held_count; i++)
        tv_http_respond_text(world->held[i], 200, "text/plain", TV_STR("late"));
    house_close(&world->house);
    return 0;
}

/* Starts the call to "http://127.0.0.1:<port><path>". */
static void start(struct world *world, const char *path, struct tv_client_call call)
{
    char url[128];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", world->house.port, path);
    call.url = call.url ? call.url : url;
    call.method = call.method ? call.method : "GET";
    call.done = on_done;
    call.ctx = world;
    int before = world->done;
    tv_client_start(world->client, &call);
    assert_int_equal(world->done, before);
    world->expected++;
}

static void run(struct world *world)
{
    while (world->done < world->expected)
        tv_loop_run_once(world->house.loop);
}

static void client__gets_and_posts(void **state)
{
    struct world *world = *state;
    start(world, "/seen", (struct tv_client_call){.bearer = "secret"});
    run(world);
    assert_int_equal(world->status, TV_OK);
    assert_int_equal(world->http_status, 201);
    assert_string_equal(world->body, "GET||Bearer secret|");
    char text[] = "{\"a\":1}";
    start(world, "/seen",
            (struct tv_client_call){
                    .method = "POST", .content_type = "application/json", .body = tv_str_of(text)});
    memset(text, '?', sizeof text - 1); /* it was copied */
    run(world);
    assert_string_equal(world->body, "POST|application/json||{\"a\":1}");
    start(world, "/seen", (struct tv_client_call){.method = "DELETE"});
    run(world);
    assert_memory_equal(world->body, "DELETE|", 7);
    start(world, "/seen", (struct tv_client_call){.method = "HEAD"});
    run(world);
    assert_int_equal(world->http_status, 201);
    assert_string_equal(world->body, "");
}

static void client__runs_many_calls_at_once(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 100; i++)
        start(world, "/seen", (struct tv_client_call){.method = "POST", .body = TV_STR("x")});
    run(world);
    assert_int_equal(world->done, 100);
    assert_int_equal(world->status, TV_OK);
}

static void client__posts_large_bodies(void **state)
{
    struct world *world = *state;
    struct tv_buf body = {0};
    size_t bytes = 3 << 20;
    memset(tv_buf_reserve(&body, bytes), 'x', bytes);
    body.len = bytes;
    start(world, "/seen", (struct tv_client_call){.method = "POST", .body = tv_buf_str(&body)});
    tv_buf_release(&body);
    run(world);
    assert_int_equal(world->status, TV_TOO_LARGE); /* the answer repeats it */
}

static void client__follows_no_redirect(void **state)
{
    struct world *world = *state;
    start(world, "/redirect", (struct tv_client_call){0});
    run(world);
    assert_int_equal(world->http_status, 302);
    assert_string_equal(world->body, "elsewhere");
}

static void client__gives_up_after_its_time(void **state)
{
    struct world *world = *state;
    int64_t begin = tv_time_monotonic();
    start(world, "/never", (struct tv_client_call){.timeout_ns = 50 * TV_NS_PER_MS});
    run(world);
    assert_int_equal(world->status, TV_TIMEOUT);
    assert_int_equal(world->http_status, 0);
    assert_in_range(tv_time_monotonic() - begin, 50 * TV_NS_PER_MS, 10 * TV_NS_PER_S);
}

static void client__bounds_what_it_takes(void **state)
{
    struct world *world = *state;
    start(world, "/huge", (struct tv_client_call){0});
    run(world);
    assert_int_equal(world->status, TV_TOO_LARGE);
    assert_int_equal(world->body[0], '\0');
}

static void client__says_what_it_cannot_reach(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *url;
        enum tv_status status;
    } rows[] = {{"http://127.0.0.1:1/", TV_IO}, {"file:///etc/passwd", TV_BAD_INPUT},
            {"ftp://127.0.0.1/", TV_BAD_INPUT}, {"http://", TV_BAD_INPUT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start(world, "", (struct tv_client_call){.url = rows[i].url});
        run(world);
        if (world->status != rows[i].status)
            fail_msg("%s gives %s", rows[i].url, tv_status_name(world->status));
    }
    start(world, "/seen", (struct tv_client_call){.bearer = "a\r\nX: y"});
    run(world);
    assert_int_equal(world->status, TV_BAD_INPUT);
}

static void client__takes_no_proxy_from_the_environment(void **state)
{
    struct world *world = *state;
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    start(world, "/seen", (struct tv_client_call){0});
    run(world);
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(world->status, TV_OK);
}

static void client__its_end_cancels_what_is_under_way(void **state)
{
    struct world *world = *state;
    start(world, "/never", (struct tv_client_call){0});
    start(world, "/never", (struct tv_client_call){0});
    while (world->held_count < 2)
        tv_loop_run_once(world->house.loop);
    tv_client_free(world->client);
    world->client = NULL;
    assert_int_equal(world->done, 2);
    assert_int_equal(world->status, TV_CANCELLED);
    tv_loop_run_once(world->house.loop);
}

static void client__may_be_freed_by_a_done_function(void **state)
{
    struct world *world = *state;
    world->free_client_when_done = true;
    start(world, "/seen", (struct tv_client_call){0});
    run(world);
    assert_null(world->client);
    assert_int_equal(world->status, TV_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(client__gets_and_posts),
            TEST(client__runs_many_calls_at_once),
            TEST(client__posts_large_bodies),
            TEST(client__follows_no_redirect),
            TEST(client__gives_up_after_its_time),
            TEST(client__bounds_what_it_takes),
            TEST(client__says_what_it_cannot_reach),
            TEST(client__takes_no_proxy_from_the_environment),
            TEST(client__its_end_cancels_what_is_under_way),
            TEST(client__may_be_freed_by_a_done_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
