/* SPDX-License-Identifier: Apache-2.0 */
/* Mean and deviation, at once and in parts. */
#include "stats/moments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void moments__keep_a_small_spread_around_a_large_mean(void **state)
{
    (void)state;
    struct tv_moments moments = {0};
    assert_true(tv_moments_deviation(&moments) == 0);
    const double offsets[] = {4, 7, 13, 16};
    for (int round = 0; round < 1000; round++)
        for (int i = 0; i < 4; i++)
            tv_moments_add(&moments, 1e9 + offsets[i]);
    assert_int_equal(moments.count, 4000);
    assert_true(fabs(moments.mean - 1e9 - 10) < 1e-5);
    assert_true(fabs(tv_moments_deviation(&moments) - sqrt(22.5)) < 1e-6);
}

static void moments__of_parts_are_those_of_the_whole(void **state)
{
    (void)state;
    struct tv_moments parts[3] = {{0}, {0}, {0}};
    struct tv_moments whole = {0};
    struct tv_moments left = {0};
    struct tv_moments right = {0};
    for (int i = 0; i < 5000; i++) {
        double number = (double)((i * 7919) % 1013) * (i % 3 == 2 ? -3 : 1);
        tv_moments_add(&whole, number);
        tv_moments_add(&parts[i % 3], number);
    }
    for (int i = 0; i < 3; i++) {
        tv_moments_merge(&left, &parts[i]);
        tv_moments_merge(&right, &parts[2 - i]);
    }
    assert_int_equal(left.count, whole.count);
    assert_int_equal(right.count, whole.count);
    double deviation = tv_moments_deviation(&whole);
    assert_true(fabs(tv_moments_deviation(&left) - deviation) < 1e-9 * deviation);
    assert_true(fabs(tv_moments_deviation(&right) - deviation) < 1e-9 * deviation);
    struct tv_moments none = {0};
    tv_moments_merge(&left, &none);
    assert_int_equal(left.count, whole.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(moments__keep_a_small_spread_around_a_large_mean),
            cmocka_unit_test(moments__of_parts_are_those_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
