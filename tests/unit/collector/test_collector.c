/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 20000 };

static int set_up(void **state)
{
    struct server *server = calloc(1, sizeof(*server));
    server_start(server);
    *state = server;
    return 0;
}

static int tear_down(void **state)
{
    server_stop(*state);
    free(*state);
    return 0;
}

static struct traversion *open_with(struct traversion_options options)
{
    struct traversion *t;
    options.service = "shop";
    options.instance = "shop-1";
    options.interval_ms = options.interval_ms ? options.interval_ms : 5;
    assert_int_equal(traversion_open(&options, &t), TRAVERSION_OK);
    return t;
}

static struct traversion *open_at(const struct server *server)
{
    return open_with((struct traversion_options){.endpoint = server->endpoint});
}

static void holds(const char *lines, const char *part)
{
    if (!strstr(lines, part))
        fail_msg("no %s in: %s", part, lines);
}

static void collector__tells_of_spans_with_their_trace(void **state)
{
    struct server *server = *state;
    struct traversion *t = open_at(server);
    struct traversion_context caller;
    assert_true(traversion_context_parse(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", &caller));
    struct traversion_span span =
            traversion_span_start(t, "POST /cart", TRAVERSION_SERVER, &caller);
    struct traversion_attribute attributes[] = {traversion_text("cart.id", "a\"b"),
            traversion_integer("items", 3), traversion_number("total", 9.5),
            traversion_bool("gift", true), traversion_number("left out", 0.0 / 0.0),
            traversion_text("left out too", NULL)};
    traversion_span_end(t, &span, TRAVERSION_STATUS_OK, attributes, 6);
    assert_int_equal(traversion_close(t, WAIT_MS), TRAVERSION_OK);
    char *lines = server_lines(server);
    assert_int_equal(occurrences(lines, "\n"), 1);
    holds(lines, "{\"service\":\"shop\",\"instance\":\"shop-1\",\"host\":\"");
    holds(lines,
            "\"type\":\"span\",\"name\":\"POST /cart\","
            "\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"spanId\":\"");
    holds(lines, "\"parentSpanId\":\"00f067aa0ba902b7\",\"durationNs\":");
    holds(lines,
            ",\"kind\":\"server\",\"status\":\"ok\",\"attributes\":{\"cart.id\":\"a\\\"b\","
            "\"items\":3,\"total\":9.5,\"gift\":true}}\n");
    free(lines);
}

static void collector__tells_of_everything_else(void **state)
{
    struct server *server = *state;
    struct traversion *t = open_with((struct traversion_options){
            .endpoint = server->endpoint, .version = "1.2", .token = "secret"});
    struct traversion_span span = traversion_span_start(t, "call", TRAVERSION_CLIENT, NULL);
    traversion_http_end(t, &span, &(struct traversion_http){.method = "GET", .status = 404});
    traversion_query(t,
            &(struct traversion_query){.system = "redis",
                    .statement = "GET k",
                    .error = "timeout",
                    .rows = -1,
                    .duration_ns = 42,
                    .parent = &span.context});
    traversion_error(t, "TimeoutError", "redis did not answer", &span.context);
    traversion_metric(t,
            &(struct traversion_metric){
                    .name = "jobs", .value = 7, .unit = "1", .kind = TRAVERSION_SUM});
    traversion_record(t,
            &(struct traversion_event){.type = "deploy",
                    .name = "shop",
                    .message = "1.2",
                    .time_ns = 1700000000000000001});
    assert_int_equal(traversion_close(t, WAIT_MS), TRAVERSION_OK);
    char *lines = server_lines(server);
    assert_int_equal(occurrences(lines, "\n"), 5);
    assert_string_equal(server->posts[0].token, "secret");
    assert_int_equal(occurrences(lines, "\"service.version\":\"1.2\""), 5);
    holds(lines,
            "\"kind\":\"client\",\"status\":\"error\",\"attributes\":{\"service.version\":\"1.2\","
            "\"http.request.method\":\"GET\",\"http.response.status_code\":404}}\n");
    holds(lines, "\"name\":\"redis\",\"message\":\"timeout\"");
    holds(lines, "\"durationNs\":42,\"kind\":\"client\",\"status\":\"error\"");
    holds(lines, "\"db.system.name\":\"redis\",\"db.query.text\":\"GET k\"}}\n");
    holds(lines,
            "\"type\":\"error\",\"name\":\"TimeoutError\",\"message\":\"redis did not answer\"");
    holds(lines, "\"exception.stacktrace\":\"");
    holds(lines, "\"unit\":\"1\",\"metricKind\":\"sum\",\"temporality\":\"cumulative\"");
    holds(lines, "\"jobs\":7}}\n");
    holds(lines, "\"timestamp\":1700000000000000001,\"type\":\"deploy\"");
    free(lines);
}

static void collector__cuts_long_texts_at_characters(void **state)
{
    struct server *server = *state;
    struct traversion *t = open_at(server);
    char name[1025];
    for (size_t i = 0; i < sizeof(name) - 1; i += 2)
        memcpy(name + i, "\xc3\xa4", 2);
    memmove(name + 1, name, 1023);
    name[0] = 'x';
    name[1024] = '\0';
    traversion_record(t, &(struct traversion_event){.name = name});
    assert_int_equal(traversion_close(t, WAIT_MS), TRAVERSION_OK);
    char *lines = server_lines(server);
    assert_int_equal(occurrences(lines, "\xc3\xa4"), 255);
    assert_int_equal(occurrences(lines, "\xef\xbf\xbd"), 0);
    free(lines);
}

static void collector__sends_again_under_the_same_key(void **state)
{
    struct server *server = *state;
    struct traversion *t = open_at(server);
    struct traversion_counts counts;
    server_answer(server, "200 OK\r\nContent-Length: 0\r\n\r\n", 3);
    traversion_log(t, TRAVERSION_WARN, "once", NULL);
    assert_int_equal(traversion_flush(t, WAIT_MS), TRAVERSION_OK);
    traversion_counts(t, &counts);
    assert_int_equal(counts.recorded, 1);
    assert_int_equal(counts.sent, 1);
    assert_int_equal(counts.waiting, 0);
    assert_int_equal(counts.retries, 3);
    assert_string_equal(counts.problem, "");
    assert_int_equal(server_count(server), 1);
    assert_int_equal(strlen(server->posts[0].key), 32);
    assert_int_equal(traversion_close(t, WAIT_MS), TRAVERSION_OK);
}

static void collector__counts_what_the_daemon_refuses(void **state)
{
    struct server *server = *state;
    struct traversion *t = open_at(server);
    struct traversion_counts counts;
    server_answer(server, "400 Bad\r\nContent-Length: 3\r\n\r\nwhy", 0);
    traversion_log(t, TRAVERSION_WARN, "bad", NULL);
    assert_int_equal(traversion_flush(t, WAIT_MS), TRAVERSION_OK);
    traversion_counts(t, &counts);
    assert_int_equal(counts.rejected, 1);
    assert_string_equal(counts.problem, "HTTP 400: why");
    server_answer(
            server, "200 OK\r\nContent-Length: 30\r\n\r\n{\"accepted\":1,\"rejected\":1}   ", 0);
    traversion_log(t, TRAVERSION_WARN, "good", NULL);
    traversion_log(t, TRAVERSION_WARN, "bad", NULL);
    assert_int_equal(traversion_close(t, WAIT_MS), TRAVERSION_OK);
}

/* Nobody listens there: the port was ours a moment ago. */
static void nowhere(char *endpoint, size_t bytes)
{
    struct server server;
    server_start(&server);
    (void)snprintf(endpoint, bytes, "%s", server.endpoint);
    server_stop(&server);
}

static void collector__holds_what_memory_has_room_for(void **state)
{
    (void)state;
    char endpoint[64];
    struct traversion_counts counts;
    nowhere(endpoint, sizeof(endpoint));
    struct traversion *t = open_with((struct traversion_options){.endpoint = endpoint,
            .memory_bytes = 20000,
            .batch_bytes = 4096,
            .ring_bytes = 1 << 20});
    for (int i = 0; i < 1000; i++)
        traversion_log(t, TRAVERSION_INFO, "to be held or dropped", NULL);
    assert_int_equal(traversion_flush(t, 50), TRAVERSION_TIMED_OUT);
    traversion_counts(t, &counts);
    assert_int_equal(counts.recorded, 1000);
    assert_true(counts.dropped > 0 && counts.waiting > 0 && counts.retries > 0);
    assert_int_equal(counts.dropped + counts.waiting, 1000);
    assert_true(counts.waiting_bytes <= 20000 + 4096 + 512);
    assert_true(strlen(counts.problem) > 0);
    assert_int_equal(traversion_close(t, 0), TRAVERSION_TIMED_OUT);
}

static void collector__drops_when_a_ring_is_full_and_never_waits(void **state)
{
    (void)state;
    char endpoint[64];
    struct traversion_counts counts;
    nowhere(endpoint, sizeof(endpoint));
    struct traversion *t = open_with((struct traversion_options){
            .endpoint = endpoint, .memory_bytes = 1, .ring_bytes = 4096});
    char message[8192];
    memset(message, 'x', sizeof(message));
    message[sizeof(message) - 1] = '\0';
    traversion_log(t, TRAVERSION_INFO, message, NULL);
    traversion_counts(t, &counts);
    assert_int_equal(counts.recorded, 1);
    assert_int_equal(counts.dropped, 1);
    assert_int_equal(traversion_close(t, 0), TRAVERSION_OK);
}

static size_t files_in(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += strstr(entry->d_name, ".ndjson") != NULL;
    (void)closedir(dir);
    return count;
}

static void collector__spills_to_disk_and_the_next_process_sends_it(void **state)
{
    struct server *server = *state;
    char endpoint[64], folder[] = "/tmp/collector-XXXXXX";
    nowhere(endpoint, sizeof(endpoint));
    assert_non_null(mkdtemp(folder));
    struct traversion *t = open_with((struct traversion_options){.endpoint = endpoint,
            .memory_bytes = 20000,
            .batch_bytes = 4096,
            .ring_bytes = 1 << 20,
            .spill_dir = folder});
    for (int i = 0; i < 1000; i++)
        traversion_log(t, TRAVERSION_INFO, "to be spilled", NULL);
    assert_int_equal(traversion_close(t, 100), TRAVERSION_TIMED_OUT);
    size_t files = files_in(folder);
    assert_true(files > 10);
    t = open_with((struct traversion_options){.endpoint = server->endpoint, .spill_dir = folder});
    assert_int_equal(traversion_close(t, WAIT_MS), TRAVERSION_OK);
    char *lines = server_lines(server);
    assert_int_equal(occurrences(lines, "to be spilled"), 1000);
    free(lines);
    assert_int_equal(server_count(server), files);
    assert_int_equal(files_in(folder), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void collector__keeps_to_the_disks_bound(void **state)
{
    (void)state;
    char endpoint[64], folder[] = "/tmp/collector-XXXXXX", path[512];
    nowhere(endpoint, sizeof(endpoint));
    assert_non_null(mkdtemp(folder));
    struct traversion *t = open_with((struct traversion_options){.endpoint = endpoint,
            .memory_bytes = 1,
            .spill_bytes = 10000,
            .batch_bytes = 4096,
            .ring_bytes = 1 << 20,
            .spill_dir = folder});
    for (int i = 0; i < 1000; i++)
        traversion_log(t, TRAVERSION_INFO, "to be spilled", NULL);
    assert_int_equal(traversion_close(t, 0), TRAVERSION_TIMED_OUT);
    off_t bytes = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct stat facts;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        assert_int_equal(stat(path, &facts), 0);
        if (S_ISREG(facts.st_mode)) {
            bytes += facts.st_size;
            assert_int_equal(facts.st_mode & 0777, 0600);
            assert_int_equal(unlink(path), 0);
        }
    }
    (void)closedir(dir);
    assert_true(bytes > 0 && bytes <= 10000);
    assert_int_equal(rmdir(folder), 0);
}

enum { THREADS = 16, EACH = 500 };

static void *record_some(void *t)
{
    for (int i = 0; i < EACH; i++)
        traversion_log(t, TRAVERSION_INFO, "of a thread", NULL);
    return NULL;
}

static void collector__takes_what_threads_recorded_before_they_ended(void **state)
{
    struct server *server = *state;
    struct traversion *t = open_with(
            (struct traversion_options){.endpoint = server->endpoint, .threads_max = THREADS});
    struct traversion_counts counts;
    for (int round = 0; round < 4; round++) {
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, record_some, t), 0);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(traversion_flush(t, WAIT_MS), TRAVERSION_OK);
    }
    traversion_counts(t, &counts);
    assert_int_equal(counts.recorded, 4 * THREADS * EACH);
    assert_int_equal(counts.sent, counts.recorded);
    assert_int_equal(traversion_close(t, WAIT_MS), TRAVERSION_OK);
    char *lines = server_lines(server);
    assert_int_equal(occurrences(lines, "of a thread"), 4 * THREADS * EACH);
    free(lines);
}

static void collector__has_rings_for_so_many_threads_and_no_more(void **state)
{
    struct server *server = *state;
    struct traversion *t =
            open_with((struct traversion_options){.endpoint = server->endpoint, .threads_max = 1});
    struct traversion_counts counts;
    pthread_t thread;
    traversion_log(t, TRAVERSION_INFO, "mine", NULL);
    assert_int_equal(pthread_create(&thread, NULL, record_some, t), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    traversion_counts(t, &counts);
    assert_int_equal(counts.recorded, 1 + EACH);
    assert_int_equal(counts.dropped, EACH);
    assert_int_equal(traversion_close(t, WAIT_MS), TRAVERSION_OK);
}

static void collector__records_nothing_in_a_forked_process(void **state)
{
    struct server *server = *state;
    struct traversion *t = open_at(server);
    traversion_log(t, TRAVERSION_INFO, "of the parent", NULL);
    assert_int_equal(traversion_flush(t, WAIT_MS), TRAVERSION_OK);
    pid_t child = fork();
    if (child == 0) {
        traversion_log(t, TRAVERSION_INFO, "of nobody", NULL);
        struct traversion_span span = traversion_span_start(t, "x", TRAVERSION_SERVER, NULL);
        traversion_span_end(t, &span, TRAVERSION_STATUS_OK, NULL, 0);
        bool ok = traversion_flush(t, 10) == TRAVERSION_OK &&
                traversion_close(t, 10) == TRAVERSION_OK;
        _exit(ok ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    traversion_log(t, TRAVERSION_INFO, "of the parent", NULL);
    assert_int_equal(traversion_close(t, WAIT_MS), TRAVERSION_OK);
    char *lines = server_lines(server);
    assert_int_equal(occurrences(lines, "\n"), 2);
    assert_int_equal(occurrences(lines, "of the parent"), 2);
    free(lines);
}

static void options__are_checked(void **state)
{
    (void)state;
    static const struct traversion_options bad[] = {{.service = NULL}, {.service = ""},
            {.service = "a", .endpoint = "ftp://x"}, {.service = "a", .ring_bytes = 5000},
            {.service = "a", .ring_bytes = 1024}, {.service = "a", .batch_bytes = 1},
            {.service = "a", .interval_ms = 70000}, {.service = "a", .threads_max = 70000}};
    struct traversion *t;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(traversion_open(&bad[i], &t), TRAVERSION_INVALID);
        assert_null(t);
    }
    assert_int_equal(traversion_open(NULL, &t), TRAVERSION_INVALID);
    assert_int_equal(traversion_open(&(struct traversion_options){.service = "a",
                                             .spill_dir = "/proc/no such folder"},
                             &t),
            TRAVERSION_NO_SPILL);
}

static void collector__of_null_does_nothing(void **state)
{
    (void)state;
    struct traversion_counts counts;
    struct traversion_span span = traversion_span_start(NULL, "x", TRAVERSION_SERVER, NULL);
    traversion_span_end(NULL, &span, TRAVERSION_STATUS_OK, NULL, 0);
    traversion_log(NULL, TRAVERSION_INFO, "x", NULL);
    traversion_error(NULL, "x", "y", NULL);
    traversion_query(NULL, &(struct traversion_query){.system = "x"});
    traversion_metric(NULL, &(struct traversion_metric){.name = "x"});
    traversion_counts(NULL, &counts);
    assert_int_equal(counts.recorded, 0);
    assert_int_equal(traversion_flush(NULL, 0), TRAVERSION_OK);
    assert_int_equal(traversion_close(NULL, 0), TRAVERSION_OK);
}

#define SERVED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
            SERVED(collector__tells_of_spans_with_their_trace),
            SERVED(collector__tells_of_everything_else),
            SERVED(collector__cuts_long_texts_at_characters),
            SERVED(collector__sends_again_under_the_same_key),
            SERVED(collector__counts_what_the_daemon_refuses),
            cmocka_unit_test(collector__holds_what_memory_has_room_for),
            cmocka_unit_test(collector__drops_when_a_ring_is_full_and_never_waits),
            SERVED(collector__spills_to_disk_and_the_next_process_sends_it),
            cmocka_unit_test(collector__keeps_to_the_disks_bound),
            SERVED(collector__takes_what_threads_recorded_before_they_ended),
            SERVED(collector__has_rings_for_so_many_threads_and_no_more),
            SERVED(collector__records_nothing_in_a_forked_process),
            cmocka_unit_test(options__are_checked),
            cmocka_unit_test(collector__of_null_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
