/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that does not fail. */
#include "base/mem.h"
#include "support.h"

#include <stdlib.h>

static void mem__nothing_is_still_a_block(void **state)
{
    (void)state;
    void *none = tv_malloc(0);
    void *empty = tv_calloc(0, 8);
    assert_non_null(none);
    assert_non_null(empty);
    none = tv_realloc(none, 0);
    assert_non_null(none);
    free(none);
    free(empty);
}

static void mem__calloc_is_zeroed_and_realloc_keeps(void **state)
{
    (void)state;
    uint32_t *numbers = tv_calloc(4, sizeof(*numbers));
    for (int i = 0; i < 4; i++)
        assert_int_equal(numbers[i], 0);
    numbers[3] = 7;
    numbers = tv_realloc_array(numbers, 1000, sizeof(*numbers));
    assert_int_equal(numbers[3], 7);
    free(numbers);
}

static void overflow_calloc(void)
{
    free(tv_calloc(SIZE_MAX / 2, 3));
}

static void overflow_realloc(void)
{
    free(tv_realloc_array(NULL, SIZE_MAX, 2));
}

static void mem__overflowing_product_aborts(void **state)
{
    (void)state;
    assert_true(dies(overflow_calloc));
    assert_true(dies(overflow_realloc));
}

static void grown__doubles_and_fits(void **state)
{
    (void)state;
    assert_int_equal(tv_grown(0, 1, 64), 64);
    assert_int_equal(tv_grown(64, 65, 64), 128);
    assert_int_equal(tv_grown(64, 1000, 64), 1000);
    assert_true(tv_grown(SIZE_MAX / 2 + 1, SIZE_MAX, 8) == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(mem__nothing_is_still_a_block),
            cmocka_unit_test(mem__calloc_is_zeroed_and_realloc_keeps),
            cmocka_unit_test(mem__overflowing_product_aborts),
            cmocka_unit_test(grown__doubles_and_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
