/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ring.h"
#include "support.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { RING_BYTES = 4096, RECORDS = 200000 };

static uint32_t length_of(uint32_t n)
{
    return 16 + 8 * (n * 2654435761U % 61);
}

static void *write_all(void *pointer)
{
    struct tvc_ring *ring = pointer;
    for (uint32_t n = 0; n < RECORDS; n++) {
        uint32_t bytes = length_of(n);
        uint8_t *at;
        while (!(at = tvc_ring_reserve(ring, bytes)))
            (void)sched_yield();
        memset(at, (int)(n & 0xff), bytes);
        memcpy(at, &bytes, sizeof(bytes));
        memcpy(at + 4, &n, sizeof(n));
        (void)tvc_ring_commit(ring, bytes);
    }
    return NULL;
}

static void ring__brings_every_record_whole_and_in_order(void **state)
{
    (void)state;
    struct tvc_ring *ring = tvc_ring_new(RING_BYTES);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_all, ring), 0);
    for (uint32_t n = 0; n < RECORDS;) {
        const uint8_t *at = tvc_ring_peek(ring);
        if (!at) {
            (void)sched_yield();
            continue;
        }
        uint32_t bytes, number;
        memcpy(&bytes, at, sizeof(bytes));
        memcpy(&number, at + 4, sizeof(number));
        assert_int_equal(bytes, length_of(n));
        assert_int_equal(number, n);
        for (uint32_t i = 8; i < bytes; i++)
            assert_int_equal(at[i], n & 0xff);
        tvc_ring_consume(ring);
        n++;
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_null(tvc_ring_peek(ring));
    free(ring);
}

static bool put(struct tvc_ring *ring, uint32_t bytes)
{
    uint8_t *at = tvc_ring_reserve(ring, bytes);
    assert_non_null(at);
    memcpy(at, &bytes, sizeof(bytes));
    return tvc_ring_commit(ring, bytes);
}

static void ring__says_once_that_it_is_half_full(void **state)
{
    (void)state;
    struct tvc_ring *ring = tvc_ring_new(RING_BYTES);
    assert_false(put(ring, 2040));
    assert_true(put(ring, 16));
    assert_false(put(ring, 16));
    free(ring);
}

static void ring__refuses_what_does_not_fit_and_takes_it_once_read(void **state)
{
    (void)state;
    struct tvc_ring *ring = tvc_ring_new(RING_BYTES);
    assert_null(tvc_ring_reserve(ring, RING_BYTES + 8));
    (void)put(ring, 3000);
    assert_null(tvc_ring_reserve(ring, 1104));
    assert_non_null(tvc_ring_reserve(ring, 1096));
    tvc_ring_consume(ring);
    (void)put(ring, 2000);
    assert_non_null(tvc_ring_peek(ring));
    tvc_ring_consume(ring);
    assert_null(tvc_ring_peek(ring));
    free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(ring__brings_every_record_whole_and_in_order),
            cmocka_unit_test(ring__says_once_that_it_is_half_full),
            cmocka_unit_test(ring__refuses_what_does_not_fit_and_takes_it_once_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
