/* SPDX-License-Identifier: Apache-2.0 */
/* What earlier days showed at this time of day. */
#include "stats/season.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000000000)
enum { A_DAY = 24 * 12 }; /* points, one in five minutes */

/* Busy from nine to five. */
static double working_day(int point)
{
    int of_day = point % A_DAY;
    return of_day >= 9 * 12 && of_day < 17 * 12 ? 80 : 20;
}

static void season__sees_the_peak_that_does_not_come(void **state)
{
    (void)state;
    struct tv_season season = {0};
    for (int i = 0; i < 5 * A_DAY; i++)
        assert_true(tv_season_next(&season, i * 5 * MINUTE, working_day(i)) < 1);
    double most = 0;
    for (int i = 5 * A_DAY; i < 6 * A_DAY; i++)
        most = fmax(most, tv_season_next(&season, i * 5 * MINUTE, 20));
    assert_true(most > 50 && most <= 60);
}

static void season__is_silent_until_two_days_are_known(void **state)
{
    (void)state;
    struct tv_season season = {0};
    for (int i = 0; i < 2 * A_DAY - 6; i++)
        assert_true(tv_season_next(&season, i * 5 * MINUTE, i < A_DAY ? 20 : 500) == 0);
}

static void season__lets_a_ramp_come_half_an_hour_early(void **state)
{
    (void)state;
    struct tv_season season = {0};
    for (int i = 0; i < 5 * A_DAY; i++)
        (void)tv_season_next(&season, i * 5 * MINUTE, working_day(i));
    for (int i = 5 * A_DAY; i < 6 * A_DAY; i++)
        assert_true(tv_season_next(&season, i * 5 * MINUTE, working_day(i + 6)) < 1);
}

static void season__stands_gaps_and_times_before_1970(void **state)
{
    (void)state;
    struct tv_season season = {0};
    int64_t time = -20 * 24 * 60 * MINUTE;
    for (int i = 0; i < 3000; i++) {
        double distance = tv_season_next(&season, time, i % 7);
        assert_true(distance >= 0 && distance <= 6);
        time += (i % 500 == 499 ? 5 * 24 * 60 : i % 3) * MINUTE; /* a third repeats its time */
    }
    assert_true(tv_season_next(&season, INT64_MIN, 3) >= 0);
    assert_true(tv_season_next(&season, INT64_MAX, 3) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(season__sees_the_peak_that_does_not_come),
            cmocka_unit_test(season__is_silent_until_two_days_are_known),
            cmocka_unit_test(season__lets_a_ramp_come_half_an_hour_early),
            cmocka_unit_test(season__stands_gaps_and_times_before_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
