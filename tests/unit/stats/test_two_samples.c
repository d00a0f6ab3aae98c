/* SPDX-License-Identifier: Apache-2.0 */
/* The tests against values from textbooks and from R 4. */
#include "stats/two_samples.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_near(double value, double wanted, double off)
{
    if (!(fabs(value - wanted) <= off))
        fail_msg("%.12g is not %.12g", value, wanted);
}

static struct tv_difference shares(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct tv_shares table = {a, a + b, c, c + d};
    return tv_shares_compare(&table);
}

static void shares__of_few_are_compared_exactly(void **state)
{
    (void)state;
    /* Fisher's lady tasting tea; students who study, from Wikipedia's article on the test. */
    assert_near(shares(3, 1, 1, 3).p, 0.4857142857142857, 1e-12);
    assert_near(shares(4, 0, 0, 4).p, 0.02857142857142857, 1e-12);
    assert_near(shares(1, 9, 11, 3).p, 0.002759456185220083, 1e-12);
    assert_near(shares(0, 10, 3, 2).p, 0.02197802197802198, 1e-12);
    assert_near(shares(1, 9, 11, 3).effect, 0.1 - 11.0 / 14, 1e-12);
}

static void shares__of_many_are_compared_by_g(void **state)
{
    (void)state;
    assert_near(shares(300, 700, 359, 641).p, 0.004981927257073003, 1e-12);
    assert_near(shares(268, 199, 807, 759).p, 0.0258405624115013, 1e-12);
    /* Exact and approximate agree where both may be used. */
    assert_near(shares(60, 40, 45, 54).p, shares(60, 40, 45, 55).p, 0.02);
}

static void shares__that_are_equal_differ_by_nothing(void **state)
{
    (void)state;
    assert_near(shares(10, 90, 10, 90).effect, 0, 0);
    assert_near(shares(10, 90, 10, 90).p, 1, 1e-12);
    assert_near(shares(0, 0, 10, 90).p, 1, 0);
    assert_near(shares(0, 50, 0, 70).p, 1, 1e-9);
    assert_near(shares(50, 0, 70, 0).p, 1, 1e-9);
    struct tv_difference there = shares(7, 3, 20, 400);
    struct tv_difference back = shares(20, 400, 7, 3);
    assert_near(there.p, back.p, 1e-12);
    assert_near(there.effect, -back.effect, 1e-12);
}

static void numbers__are_compared_by_rank(void **state)
{
    (void)state;
    /* Permeability of the human chorioamnion (Hollander and Wolfe, Nonparametric Statistical Methods):
     * W = 35; R's wilcox.test(exact = FALSE) gives 0.2446. */
    double term[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    double early[] = {1.15, 0.88, 0.90, 0.74, 1.21};
    struct tv_difference difference = tv_numbers_compare(term, 10, early, 5);
    assert_near(difference.effect, 2 * 35.0 / 50 - 1, 1e-12);
    assert_near(difference.p, 0.2446, 5e-5);
}

static void numbers__that_are_tied_are_corrected_for(void **state)
{
    (void)state;
    /* Ozone in New York, May and August 1973: R's airquality, W = 127.5, p = 0.0001208. */
    double may[] = {41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4,
            32, 23, 45, 115, 37};
    double august[] = {39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9,
            45, 168, 73, 76, 118, 84, 85};
    struct tv_difference difference = tv_numbers_compare(may, 26, august, 26);
    assert_near(difference.effect, 2 * 127.5 / (26 * 26) - 1, 1e-12);
    assert_near(difference.p, 0.0001208, 5e-8);
    assert_near(tv_sorted_median(may, 26), 18, 0);
}

static void numbers__that_do_not_vary_tell_nothing(void **state)
{
    (void)state;
    double ones[] = {1, 1, 1};
    double more[] = {1, 1};
    struct tv_difference difference = tv_numbers_compare(ones, 3, more, 2);
    assert_near(difference.effect, 0, 0);
    assert_near(difference.p, 1, 0);
    assert_near(tv_numbers_compare(ones, 3, more, 0).p, 1, 0);
    assert_true(isnan(tv_sorted_median(ones, 0)));
}

static void discoveries__are_bounded_as_in_the_paper(void **state)
{
    (void)state;
    /* The fifteen tests of Benjamini and Hochberg's example; four are below 0.05. */
    double p[] = {0.4262, 0.0001, 0.0278, 0.0004, 0.0019, 0.0095, 0.0201, 0.0298, 0.0344, 0.0459,
            0.3240, 0.5719, 0.6528, 0.7590, 1.000};
    const double wanted[] = {0.5812, 0.0015, 0.0639, 0.0030, 0.0095, 0.0356, 0.0603, 0.0639, 0.0645,
            0.0765, 0.4860, 0.7149, 0.7532, 0.8132, 1.0};
    tv_benjamini_hochberg(p, 15, 15);
    for (int i = 0; i < 15; i++)
        assert_near(p[i], wanted[i], 5e-5);
    double alone[] = {0.01};
    tv_benjamini_hochberg(alone, 1, 10);
    assert_near(alone[0], 0.1, 1e-12);
    tv_benjamini_hochberg(alone, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(shares__of_few_are_compared_exactly),
            cmocka_unit_test(shares__of_many_are_compared_by_g),
            cmocka_unit_test(shares__that_are_equal_differ_by_nothing),
            cmocka_unit_test(numbers__are_compared_by_rank),
            cmocka_unit_test(numbers__that_are_tied_are_corrected_for),
            cmocka_unit_test(numbers__that_do_not_vary_tell_nothing),
            cmocka_unit_test(discoveries__are_bounded_as_in_the_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
