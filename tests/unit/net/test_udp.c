/* SPDX-License-Identifier: Apache-2.0 */
#include "net/udp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct inbox {
    struct tv_loop *loop;
    struct tv_udp *udp;
    uint16_t port;
    int sender;
    uint64_t datagrams, bytes, sum, batches, in_batch;
    bool close_on_first;
};

static void on_datagram(void *ctx, struct tv_str datagram)
{
    struct inbox *inbox = ctx;
    uint32_t number = 0;
    inbox->datagrams++;
    inbox->in_batch++;
    inbox->bytes += datagram.len;
    if (datagram.len >= sizeof number)
        memcpy(&number, datagram.ptr, sizeof number);
    inbox->sum += number;
    if (inbox->close_on_first) {
        tv_udp_close(inbox->udp);
        inbox->udp = NULL;
    }
}

static void on_batch_end(void *ctx)
{
    struct inbox *inbox = ctx;
    assert_true(inbox->in_batch > 0);
    inbox->in_batch = 0;
    inbox->batches++;
}

static int setup(void **state)
{
    static struct inbox inbox;
    inbox = (struct inbox){0};
    assert_int_equal(tv_loop_new(0, &inbox.loop, NULL), TV_OK);
    struct tv_udp_config config = {.address = "127.0.0.1:0",
            .on_datagram = on_datagram,
            .on_batch_end = on_batch_end,
            .ctx = &inbox};
    assert_int_equal(tv_udp_open(inbox.loop, &config, &inbox.udp, &inbox.port, NULL), TV_OK);
    struct sockaddr_in to = {.sin_family = AF_INET,
            .sin_port = htons(inbox.port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    inbox.sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(inbox.sender, (struct sockaddr *)&to, sizeof to), 0);
    *state = &inbox;
    return 0;
}

static int teardown(void **state)
{
    struct inbox *inbox = *state;
    tv_udp_close(inbox->udp);
    (void)close(inbox->sender);
    tv_loop_free(inbox->loop);
    return 0;
}

static void udp__a_burst_arrives_whole(void **state)
{
    struct inbox *inbox = *state;
    enum { COUNT = 5000, BYTES = 300 };
    char datagram[BYTES] = {0};
    struct tv_udp_stats stats;
    uint64_t sum = 0;
    tv_udp_stats(inbox->udp, &stats);
    /* A datagram takes the kernel less than 4 KiB; without the right to force the buffer larger
     * the burst is cut to what fits. */
    uint64_t count = stats.receive_buffer_bytes / 4096;
    count = count < COUNT ? count : COUNT;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(datagram, &i, sizeof i);
        assert_int_equal(send(inbox->sender, datagram, sizeof datagram, 0), BYTES);
        sum += i;
    }
    while (inbox->datagrams < count)
        tv_loop_run_once(inbox->loop);
    assert_int_equal(inbox->sum, sum);
    assert_int_equal(inbox->bytes, count * BYTES);
    assert_true(inbox->batches > 0 && inbox->batches < count);
    tv_udp_stats(inbox->udp, &stats);
    assert_int_equal(stats.datagrams, count);
    assert_int_equal(stats.bytes, count * BYTES);
    assert_int_equal(stats.dropped_by_kernel, 0);
    assert_int_equal(stats.truncated, 0);
}

static void udp__empty_and_largest_datagrams_arrive(void **state)
{
    struct inbox *inbox = *state;
    enum { LARGEST = 65507 };
    char *large = calloc(1, LARGEST);
    assert_non_null(large);
    assert_int_equal(send(inbox->sender, "", 0, 0), 0);
    assert_int_equal(send(inbox->sender, large, LARGEST, 0), LARGEST);
    while (inbox->datagrams < 2)
        tv_loop_run_once(inbox->loop);
    assert_int_equal(inbox->bytes, LARGEST);
    free(large);
}

static void udp__what_the_kernel_drops_is_counted(void **state)
{
    struct inbox *inbox = *state;
    struct tv_udp_stats stats;
    enum { BYTES = 60000 };
    char *large = calloc(1, BYTES);
    assert_non_null(large);
    tv_udp_stats(inbox->udp, &stats);
    assert_true(stats.receive_buffer_bytes > 0);
    uint64_t count = 2 * stats.receive_buffer_bytes / BYTES; /* nobody reads meanwhile */
    for (uint64_t i = 0; i < count; i++)
        assert_int_equal(send(inbox->sender, large, BYTES, 0), BYTES);
    tv_udp_stats(inbox->udp, &stats);
    assert_true(stats.dropped_by_kernel > 0 && stats.dropped_by_kernel < count);
    while (inbox->datagrams + stats.dropped_by_kernel < count)
        tv_loop_run_once(inbox->loop);
    tv_udp_stats(inbox->udp, &stats);
    assert_int_equal(stats.datagrams + stats.dropped_by_kernel, count);
    free(large);
}

static void udp__may_be_closed_by_a_datagram(void **state)
{
    struct inbox *inbox = *state;
    inbox->close_on_first = true;
    for (int i = 0; i < 10; i++)
        assert_int_equal(send(inbox->sender, "x", 1, 0), 1);
    tv_loop_run_once(inbox->loop);
    assert_null(inbox->udp);
    assert_int_equal(inbox->datagrams, 1);
    assert_int_equal(inbox->batches, 0);
}

static void udp__a_taken_port_is_a_conflict(void **state)
{
    struct inbox *inbox = *state;
    char address[32];
    struct tv_error err;
    struct tv_udp *other = NULL;
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", inbox->port);
    struct tv_udp_config config = {.address = address, .on_datagram = on_datagram};
    assert_int_equal(tv_udp_open(inbox->loop, &config, &other, NULL, &err), TV_CONFLICT);
    config.address = "nonsense";
    assert_int_equal(tv_udp_open(inbox->loop, &config, &other, NULL, &err), TV_BAD_INPUT);
    assert_null(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(udp__a_burst_arrives_whole),
            TEST(udp__empty_and_largest_datagrams_arrive),
            TEST(udp__what_the_kernel_drops_is_counted),
            TEST(udp__may_be_closed_by_a_datagram),
            TEST(udp__a_taken_port_is_a_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
