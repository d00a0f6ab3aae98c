/* SPDX-License-Identifier: Apache-2.0 */
/* Rates and ranks before and behind a moment. */
#include "stats/contrast.h"
#include "stats/robust.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void contrast__of_equal_rates_is_none(void **state)
{
    (void)state;
    struct tv_rate before = {10, 100};
    struct tv_rate behind = {5, 50};
    assert_true(tv_rate_contrast(before, behind) < 1e-9);
    assert_true(tv_rate_contrast((struct tv_rate){0, 10}, (struct tv_rate){0, 10}) == 0);
    assert_true(tv_rate_contrast((struct tv_rate){3, 0}, (struct tv_rate){3, 10}) == 0);
}

/* 2 (0 + 20 ln(20 / 10)) = 27.7 by hand. */
static void contrast__of_a_new_event_is_wilks_statistic(void **state)
{
    (void)state;
    double g = tv_rate_contrast((struct tv_rate){0, 100}, (struct tv_rate){20, 100});
    assert_true(fabs(g - 40 * log(2)) < 1e-9);
}

static void dispersion__of_a_steady_rate_is_one_and_of_a_burst_large(void **state)
{
    (void)state;
    const struct tv_rate steady[] = {{10, 100}, {9, 100}, {11, 100}, {10, 100}};
    const struct tv_rate burst[] = {{40, 100}, {0, 100}, {0, 100}, {0, 100}};
    const struct tv_rate one[] = {{40, 100}, {0, 0}, {0, 0}, {0, 0}};
    assert_true(tv_rate_dispersion(steady, 4) == 1);
    assert_true(fabs(tv_rate_dispersion(burst, 4) - 40) < 1e-9);
    assert_true(tv_rate_dispersion(one, 4) == 1);
}

static void rank_shift__is_greatest_at_the_step(void **state)
{
    (void)state;
    enum { COUNT = 60, STEP = 40 };
    struct tv_sample samples[COUNT];
    double scratch[2 * COUNT];
    int64_t cuts[COUNT];
    double z[COUNT];
    for (int i = 0; i < COUNT; i++) {
        samples[i] = (struct tv_sample){i, (i * 37 % 11) + (i >= STEP ? 100 : 0)};
        cuts[i] = i;
    }
    tv_rank_shift((struct tv_samples){samples, COUNT}, cuts, COUNT, scratch, z);
    for (int i = 0; i < COUNT; i++)
        assert_true(z[i] <= z[STEP]);
    assert_true(z[STEP] > 5);
    assert_true(z[0] == 0 && z[2] == 0 && z[COUNT - 1] == 0);
}

/* Against the definition: sum of ranks by counting, variance without the tie term. */
static void rank_shift__agrees_with_counting(void **state)
{
    (void)state;
    enum { COUNT = 25 };
    struct tv_sample samples[COUNT];
    double scratch[2 * COUNT];
    uint32_t seed = 7;
    for (int i = 0; i < COUNT; i++) {
        seed = seed * 1664525 + 1013904223;
        samples[i] = (struct tv_sample){i, (double)(seed >> 8) + i};
    }
    int64_t cut = 11;
    double z;
    tv_rank_shift((struct tv_samples){samples, COUNT}, &cut, 1, scratch, &z);
    double sum = 0;
    for (int i = 11; i < COUNT; i++) {
        double rank = 1;
        for (int k = 0; k < COUNT; k++)
            rank += samples[k].value < samples[i].value;
        sum += rank;
    }
    double expected = (sum - 14 * 26.0 / 2) / sqrt(11 * 14 / 12.0 * 26);
    assert_true(fabs(z - expected) < 1e-9);
}

static void spread__ignores_a_wild_number(void **state)
{
    (void)state;
    double numbers[] = {3, 1, 2, 1e9, 4, 5, 6};
    double scratch[7];
    struct tv_spread spread = tv_spread_of(numbers, 7, scratch);
    assert_true(spread.median == 4);
    assert_true(fabs(spread.deviation - 1.4826 * 2) < 1e-9);
    assert_true(spread.least == 1 && spread.most == 1e9);
    assert_true(tv_quantile_sorted(numbers, 7, 0.25) == 2.5);
    assert_true(tv_quantile_sorted(numbers, 0, 0.5) == 0);
    assert_true(tv_spread_of(numbers, 0, scratch).median == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(contrast__of_equal_rates_is_none),
            cmocka_unit_test(contrast__of_a_new_event_is_wilks_statistic),
            cmocka_unit_test(dispersion__of_a_steady_rate_is_one_and_of_a_burst_large),
            cmocka_unit_test(rank_shift__is_greatest_at_the_step),
            cmocka_unit_test(rank_shift__agrees_with_counting),
            cmocka_unit_test(spread__ignores_a_wild_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
