/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/v1/events and the UDP door, through real sockets. */
#include "base/compress.h"
#include "base/hash.h"
#include "support_door.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
    struct door door;
    struct tv_buf answer;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    door_open(&f->door, 4);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    door_close(&f->door);
    tv_buf_release(&f->answer);
    free(f);
    return 0;
}

static void expect(
        struct fixture *f, const char *headers, struct tv_str body, int status, const char *part)
{
    int got = door_post(&f->door, headers, body, &f->answer);
    if (got != status || !strstr(f->answer.data, part))
        fail_msg("%d instead of %d, or without '%s': %s", got, status, part, f->answer.data);
}

static struct tv_ingest_door door_of(struct fixture *f, const char *name)
{
    struct tv_ingest_door doors[8];
    size_t count = tv_ingest_doors(f->door.ingest, doors, 8);
    assert_in_range(count, 1, 8);
    for (size_t i = 0; i < count; i++)
        if (strcmp(doors[i].name, name) == 0)
            return doors[i];
    fail_msg("no door is named '%s'", name);
    return doors[0];
}

static void posts__are_answered_with_counts(void **state)
{
    struct fixture *f = *state;
    expect(f, "", TV_STR("{\"service\":\"a\"}"), 200,
            "\r\n\r\n{\"accepted\":1,\"rejected\":0,\"errors\":[]}\n");
    expect(f, "", TV_STR("[{\"service\":\"a\"},{\"service\":7}]"), 200,
            "{\"accepted\":1,\"rejected\":1,\"errors\":[{\"index\":1,\"field\":\"service\","
            "\"reason\":\"must be a string\"}]}");
    expect(f, "Content-Type: application/x-www-form-urlencoded\r\n",
            TV_STR("{\"service\":\"a\"}\n{\"service\":\"b\"}\n"), 200, "{\"accepted\":2,");
    expect(f, "Content-Encoding: identity\r\n", TV_STR("[]"), 200,
            "{\"accepted\":0,\"rejected\":0,\"errors\":[]}\n");
    assert_int_equal(f->door.accepted, 3);
    assert_int_equal(f->door.batches[2]->rows, 2);
    assert_true(tv_batch_i64(f->door.batches[0], TV_FIELD_RECEIVED)[0] > 0);
    struct tv_ingest_door door = door_of(f, "events");
    assert_string_equal(door.name, "events");
    assert_int_equal(door.requests, 4);
    assert_int_equal(door.events, 4);
    assert_int_equal(door.rejected, 1);
    assert_string_equal(door.last_reject, "service must be a string");
    assert_true(door.last_event_ns > 0 && door.last_reject_ns > 0 && door.bytes > 0);
}

static void posts__without_a_usable_event_are_refused(void **state)
{
    struct fixture *f = *state;
    expect(f, "", TV_STR(""), 400, "\"hint\":");
    expect(f, "", TV_STR("  \n"), 400, "the body is empty");
    expect(f, "", TV_STR("hello"), 400, "\"accepted\":0,\"rejected\":0,\"errors\":[]}\n");
    expect(f, "", TV_STR("{\"service\":"), 400, "\"position\":");
    expect(f, "", TV_STR("{\"service\":"), 400,
            "\"accepted\":0,\"rejected\":1,\"errors\":[{\"index\":0,\"field\":\"\",\"reason\":");
    expect(f, "", TV_STR("[{},{\"service\":1}]"), 400, "{\"error\":{\"code\":\"bad_input\"");
    expect(f, "", TV_STR("[{},{\"service\":1}]"), 400,
            "no event is usable; event 0: service is required");
    assert_int_equal(f->door.accepted, 0);
}

static void posts__of_foreign_forms_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const headers[] = {"Content-Encoding: br\r\n",
            "Content-Encoding: gzip, gzip\r\n", "Content-Type: application/x-protobuf\r\n",
            "Content-Type: APPLICATION/X-PROTOBUF\r\n",
            "Content-Type: multipart/form-data; boundary=x\r\n"};
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        expect(f, headers[i], TV_STR("{\"service\":\"a\"}"), 415, "\"code\":\"unsupported\"");
    assert_int_equal(f->door.accepted, 0);
}

static void append_events(struct tv_buf *out, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        tv_buf_printf(out, "{\"service\":\"s%u\",\"message\":\"event number %u\"}\n", i % 7, i);
}

static void posts__of_any_size_and_coding_are_read(void **state)
{
    struct fixture *f = *state;
    struct tv_buf plain = {0};
    struct tv_buf packed = {0};
    append_events(&plain, 20000); /* some 800 KB: to the lane, in many reads */
    expect(f, "", tv_buf_str(&plain), 200, "{\"accepted\":20000,\"rejected\":0,");
    tv_gzip_compress(tv_buf_str(&plain), &packed);
    expect(f, "Content-Encoding: gzip\r\n", tv_buf_str(&packed), 200, "{\"accepted\":20000,");
    expect(f, "Content-Encoding: gzip\r\n", (struct tv_str){packed.data, packed.len - 9}, 400,
            "\"code\":\"bad_input\"");
    expect(f, "Content-Encoding: gzip\r\n", TV_STR("{\"service\":\"a\"}"), 400, "gzip");
    tv_buf_clear(&packed);
    tv_zstd_compress(tv_buf_str(&plain), 1, &packed);
    expect(f, "Content-Encoding: ZSTD\r\n", tv_buf_str(&packed), 200, "{\"accepted\":20000,");
    assert_int_equal(f->door.accepted, 3);
    assert_int_equal(f->door.batches[1]->rows, 20000);
    tv_buf_release(&plain);
    tv_buf_release(&packed);
}

static void posts__that_inflate_beyond_the_bound_are_too_large(void **state)
{
    struct fixture *f = *state;
    struct tv_buf plain = {0};
    struct tv_buf packed = {0};
    size_t bytes = (64U << 20) + 1;
    memset(tv_buf_reserve(&plain, bytes), ' ', bytes);
    plain.len = bytes;
    tv_zstd_compress(tv_buf_str(&plain), 1, &packed);
    expect(f, "Content-Encoding: zstd\r\n", tv_buf_str(&packed), 413, "\"code\":\"too_large\"");
    tv_buf_release(&plain);
    tv_buf_release(&packed);
}

static void answers__wait_for_the_commit(void **state)
{
    struct fixture *f = *state;
    f->door.hold = true;
    int fd = door_send(&f->door, "", TV_STR("{\"service\":\"a\"}"));
    while (f->door.accepted == 0)
        door_turn(&f->door);
    char byte;
    for (int i = 0; i < 20; i++) {
        door_turn(&f->door);
        assert_true(recv(fd, &byte, 1, MSG_DONTWAIT) < 0);
    }
    assert_int_equal(door_of(f, "events").events, 0);
    door_commit(&f->door);
    assert_int_equal(door_answer(&f->door, fd, &f->answer), 200);
    assert_int_equal(door_of(f, "events").events, 1);
}

static void commits__that_fail_are_told(void **state)
{
    struct fixture *f = *state;
    f->door.commit_status = TV_IO;
    expect(f, "", TV_STR("{\"service\":\"a\"}"), 503, "\"code\":\"io_error\"");
    assert_int_equal(door_of(f, "events").events, 0);
}

static void overload__is_503_with_retry_after(void **state)
{
    struct fixture *f = *state;
    f->door.accept_status = TV_OVERLOADED;
    expect(f, "", TV_STR("{\"service\":\"a\"}"), 503, "\r\nRetry-After: ");
    expect(f, "", TV_STR("{\"service\":\"a\"}"), 503, "\"code\":\"overloaded\"");
    f->door.accept_status = TV_FULL;
    expect(f, "", TV_STR("{\"service\":\"a\"}"), 503, "\"code\":\"storage_full\"");
    f->door.accept_status = TV_OK;
    expect(f, "", TV_STR("{\"service\":\"a\"}"), 200, "{\"accepted\":1,");
}

/* Exporters retry 503 and drop on 429; they look at the status, and at Retry-After as whole seconds. */
static void otlp__is_refused_as_exporters_expect(void **state)
{
    static const char json[] = "Content-Type: application/json\r\n";
    static const struct tv_str body = {
            "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{}]}]}]}",
            sizeof("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{}]}]}]}") - 1};
    struct fixture *f = *state;
    f->door.path = "/v1/logs";
    f->door.accept_status = TV_OVERLOADED;
    expect(f, json, body, 503, "\r\nRetry-After: 1\r\n");
    expect(f, json, body, 503, "{\"code\":14,\"message\":\"too many events wait for the disk\"}");
    f->door.accept_status = TV_FULL;
    expect(f, json, body, 503, "{\"code\":14,\"message\":\"the disk reserve is reached\"}");
    f->door.accept_status = TV_OK;
    f->door.commit_status = TV_IO;
    expect(f, json, body, 503, "{\"code\":14,");
    f->door.commit_status = TV_OK;
    expect(f, json, body, 200, "\r\nContent-Type: application/json\r\n");
    assert_int_equal(door_of(f, "otlp").events, 1);
}

static void clients__that_hang_up_lose_nothing(void **state)
{
    struct fixture *f = *state;
    f->door.hold = true;
    int fd = door_send(&f->door, "", TV_STR("{\"service\":\"a\"}"));
    while (f->door.accepted == 0)
        door_turn(&f->door);
    (void)close(fd);
    for (int i = 0; i < 20; i++)
        door_turn(&f->door);
    door_commit(&f->door);
    for (int i = 0; i < 20; i++)
        door_turn(&f->door);
    assert_int_equal(door_of(f, "events").events, 1);
}

static void idempotency_keys__mark_the_batch(void **state)
{
    struct fixture *f = *state;
    uint8_t key[16];
    static const uint8_t none[16] = {0};
    tv_hash128("retry-7", 7, key);
    expect(f, "Idempotency-Key: retry-7\r\n", TV_STR("{\"service\":\"a\"}"), 200, "\"accepted\":1");
    expect(f, "", TV_STR("{\"service\":\"a\"}"), 200, "\"accepted\":1");
    assert_memory_equal(f->door.batches[0]->request_key, key, sizeof(key));
    assert_memory_equal(f->door.batches[1]->request_key, none, sizeof(none));
}

struct block {
    atomic_bool open;
    bool ended;
};

static void block_run(void *ctx)
{
    struct block *block = ctx;
    while (!atomic_load(&block->open))
        (void)sched_yield();
}

static void block_done(void *ctx)
{
    struct block *block = ctx;
    block->ended = true;
}

static void lane__that_is_full_refuses(void **state)
{
    (void)state;
    struct fixture f = {.answer = {0}};
    struct block block = {.open = false};
    struct tv_buf body = {0};
    append_events(&body, 5000);
    door_open(&f.door, 0);
    assert_int_equal(tv_lane_submit(f.door.lane, block_run, block_done, &block), TV_OK);
    expect(&f, "", tv_buf_str(&body), 503, "\r\nRetry-After: ");
    expect(&f, "", tv_buf_str(&body), 503, "\"code\":\"overloaded\"");
    expect(&f, "", TV_STR("{\"service\":\"small\"}"), 200, "\"accepted\":1");
    atomic_store(&block.open, true);
    while (!block.ended)
        door_turn(&f.door);
    expect(&f, "", tv_buf_str(&body), 200, "\"accepted\":5000");
    door_close(&f.door);
    tv_buf_release(&body);
    tv_buf_release(&f.answer);
}

static void send_datagrams(struct fixture *f, const struct tv_str *datagrams, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons(f->door.udp_port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sendto(fd, datagrams[i].ptr, datagrams[i].len, 0,
                                 (struct sockaddr *)&address, sizeof(address)),
                (ssize_t)datagrams[i].len);
    (void)close(fd);
}

static void datagrams__of_one_run_share_a_batch(void **state)
{
    struct fixture *f = *state;
    static const struct tv_str datagrams[] = {{"{\"service\":\"a\"}", 15},
            {"{\"service\":\"b\"}\n{\"service\":\"c\"}\n", 32}, {"garbage", 7}, {"", 0},
            {"{\"name\":\"x\"}", 12}, {"[{\"service\":\"d\"}]", 17}};
    send_datagrams(f, datagrams, 6);
    for (int i = 0; i < 1000 && door_of(f, "udp").requests < 6; i++)
        door_turn(&f->door);
    for (int i = 0; i < 20; i++)
        door_turn(&f->door);
    struct tv_ingest_door door = door_of(f, "udp");
    assert_int_equal(door.requests, 6);
    assert_int_equal(door.events, 4);
    assert_int_equal(door.rejected, 3);
    assert_int_equal(door.bytes, 15 + 32 + 7 + 12 + 17);
    assert_string_equal(door.last_reject, "service is required");
    assert_int_equal(f->door.accepted, 1);
    assert_int_equal(f->door.batches[0]->rows, 4);
    assert_int_equal(tv_ingest_udp_dropped(f->door.ingest), 0);
}

static void datagrams__that_cannot_be_stored_are_counted(void **state)
{
    struct fixture *f = *state;
    static const struct tv_str datagrams[] = {{"{\"service\":\"a\"}", 15}};
    f->door.accept_status = TV_OVERLOADED;
    send_datagrams(f, datagrams, 1);
    for (int i = 0; i < 1000 && door_of(f, "udp").rejected < 1; i++)
        door_turn(&f->door);
    assert_int_equal(door_of(f, "udp").rejected, 1);
    f->door.accept_status = TV_OK;
    f->door.commit_status = TV_IO;
    send_datagrams(f, datagrams, 1);
    for (int i = 0; i < 1000 && door_of(f, "udp").rejected < 2; i++)
        door_turn(&f->door);
    assert_int_equal(door_of(f, "udp").rejected, 2);
    assert_int_equal(door_of(f, "udp").events, 0);
}

#define DOOR_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
            DOOR_TEST(posts__are_answered_with_counts),
            DOOR_TEST(posts__without_a_usable_event_are_refused),
            DOOR_TEST(posts__of_foreign_forms_are_refused),
            DOOR_TEST(posts__of_any_size_and_coding_are_read),
            DOOR_TEST(posts__that_inflate_beyond_the_bound_are_too_large),
            DOOR_TEST(answers__wait_for_the_commit),
            DOOR_TEST(commits__that_fail_are_told),
            DOOR_TEST(overload__is_503_with_retry_after),
            DOOR_TEST(otlp__is_refused_as_exporters_expect),
            DOOR_TEST(clients__that_hang_up_lose_nothing),
            DOOR_TEST(idempotency_keys__mark_the_batch),
            cmocka_unit_test(lane__that_is_full_refuses),
            DOOR_TEST(datagrams__of_one_run_share_a_batch),
            DOOR_TEST(datagrams__that_cannot_be_stored_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
