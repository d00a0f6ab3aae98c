/* SPDX-License-Identifier: Apache-2.0 */
/* Tails of the binomial distribution against sums of its terms. */
#include "stats/binomial.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* Pascal's triangle of probabilities. */
static double naive(unsigned hits, unsigned trials, double chance)
{
    double row[64] = {1};
    for (unsigned n = 1; n <= trials; n++)
        for (unsigned k = n + 1; k-- > 0;)
            row[k] = (k < n ? row[k] * (1 - chance) : 0) + (k > 0 ? row[k - 1] * chance : 0);
    double sum = 0;
    for (unsigned k = hits; k <= trials; k++)
        sum += row[k];
    return sum;
}

static void tail__is_the_sum_of_the_terms(void **state)
{
    (void)state;
    const double chances[] = {1e-3, 0.01, 0.3, 0.5, 0.77, 0.999};
    for (size_t c = 0; c < sizeof(chances) / sizeof(chances[0]); c++)
        for (unsigned trials = 1; trials < 60; trials += 7)
            for (unsigned hits = 0; hits <= trials; hits++) {
                double found = tv_binomial_tail(hits, trials, chances[c]);
                double exact = log(naive(hits, trials, chances[c]));
                if (!(fabs(found - exact) < 1e-9 * fmax(1, fabs(exact))))
                    fail_msg("%u of %u at %g: %.17g, not %.17g", hits, trials, chances[c], found,
                            exact);
            }
}

static void tail__holds_at_its_ends(void **state)
{
    (void)state;
    assert_true(tv_binomial_tail(0, 0, 0.5) == 0);
    assert_true(tv_binomial_tail(0, 10, 0) == 0);
    assert_true(tv_binomial_tail(10, 10, 1) == 0);
    assert_true(tv_binomial_tail(1, 10, 0) == -INFINITY);
    assert_true(tv_binomial_tail(11, 10, 0.5) == -INFINITY);
    assert_true(fabs(tv_binomial_tail(10, 10, 1e-100) - 10 * log(1e-100)) < 1e-6);
    assert_true(isfinite(tv_binomial_tail(1000000, 4000000000U, 1e-3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(tail__is_the_sum_of_the_terms),
            cmocka_unit_test(tail__holds_at_its_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
