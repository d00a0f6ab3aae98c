/* SPDX-License-Identifier: Apache-2.0 */
/* Distances from the nearest earlier number, against all earlier numbers kept. */
#include "stats/novelty.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void novelty__is_the_distance_in_shares_of_the_range(void **state)
{
    (void)state;
    struct tv_novelty novelty = {0};
    assert_true(tv_novelty_next(&novelty, 10) == 0);
    assert_true(tv_novelty_next(&novelty, 20) == 1);
    assert_true(fabs(tv_novelty_next(&novelty, 15) - 0.5) < 1e-3);
    assert_true(tv_novelty_next(&novelty, 15) == 0);
    assert_true(fabs(tv_novelty_next(&novelty, 30) - 0.5) < 1e-3);
    assert_true(fabs(tv_novelty_range(&novelty) - 20) < 0.02);
}

static void novelty__of_a_constant_is_nothing(void **state)
{
    (void)state;
    struct tv_novelty novelty = {0};
    for (int i = 0; i < 1000; i++)
        assert_true(tv_novelty_next(&novelty, 42.5) == 0);
    assert_true(tv_novelty_range(&novelty) == 0);
}

static void novelty__stands_the_largest_numbers(void **state)
{
    (void)state;
    struct tv_novelty novelty = {0};
    const double numbers[] = {-1.7e308, 1.7e308, 0, 1e-308, -0.0, 5e-324};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        double found = tv_novelty_next(&novelty, numbers[i]);
        assert_true(found >= 0 && found <= 1);
    }
}

static void novelty__forgets_an_old_extreme(void **state)
{
    (void)state;
    struct tv_novelty novelty = {0};
    (void)tv_novelty_next(&novelty, 1000);
    for (int i = 0; i < 10 * TV_NOVELTY_FORGET; i++)
        (void)tv_novelty_next(&novelty, i % 2);
    assert_true(tv_novelty_range(&novelty) < 3);
}

/* All numbers are kept; the range forgets in the same way. */
static double naive(const double *numbers, int count, double number, double range)
{
    double least = INFINITY;
    for (int i = 0; i < count; i++)
        least = fmin(least, fabs(numbers[i] - number));
    return fmin(least / range, 1);
}

static void novelty__in_bounded_memory_is_near_the_exact_one(void **state)
{
    (void)state;
    enum { COUNT = 4000 };
    static double numbers[COUNT];
    struct tv_novelty novelty = {0};
    uint64_t random = 88172645463325252U;
    for (int i = 0; i < COUNT; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        double uniform = (double)(random >> 11) * 0x1p-53;
        numbers[i] = -log(1 - uniform); /* a long tail */
        double found = tv_novelty_next(&novelty, numbers[i]);
        if (i == 0)
            continue;
        double exact = naive(numbers, i, numbers[i], tv_novelty_range(&novelty));
        assert_true(found >= exact - 1e-12);
        assert_true(found <= exact + 0.02);
        assert_true(novelty.count <= TV_NOVELTY_VALUES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(novelty__is_the_distance_in_shares_of_the_range),
            cmocka_unit_test(novelty__of_a_constant_is_nothing),
            cmocka_unit_test(novelty__stands_the_largest_numbers),
            cmocka_unit_test(novelty__forgets_an_old_extreme),
            cmocka_unit_test(novelty__in_bounded_memory_is_near_the_exact_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
