/* SPDX-License-Identifier: Apache-2.0 */
/* Models against recurrences worked by hand, and what is chosen of them for series of known kinds. */
#include "stats/forecast.h"
#include "stats/models.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double uniform(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (double)(*random >> 11) * 0x1p-53;
}

/* Box and Muller. */
static double normal(uint64_t *random)
{
    double radius = sqrt(-2 * log(1 - uniform(random)));
    return radius * cos(2 * M_PI * uniform(random));
}

static void tell_all(const struct tv_model *model, const double *values, uint32_t count,
        uint32_t season, double *out)
{
    struct tv_model_state state;
    tv_model_init(&state, model, season);
    for (uint32_t i = 0; i < count; i++)
        tv_model_learn(&state, values, i);
    tv_model_tell(&state, values, count - 1, 3, out);
    tv_model_release(&state);
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static void level__is_browns(void **state)
{
    (void)state;
    const double values[] = {10, 12, 11, 15};
    const struct tv_model model = {.kind = TV_MODEL_LEVEL, .alpha = 0.5};
    double told[3];
    tell_all(&model, values, 4, 0, told); /* 10, 11, 11, 13 */
    assert_true(near(told[0], 13) && near(told[2], 13));
}

static void trend__is_holts_damped(void **state)
{
    (void)state;
    const double values[] = {10, 12, 15};
    const struct tv_model model = {
            .kind = TV_MODEL_TREND, .alpha = 0.5, .beta = 0.4, .damping = 0.5};
    double told[3];
    /* After 12: level 12, trend 2. Expected 13, so level 14; trend 1 + 0.4 (14 − 12 − 1) = 1.4. */
    tell_all(&model, values, 3, 0, told);
    assert_true(near(told[0], 14 + 0.7));
    assert_true(near(told[1], 14 + 0.7 + 0.35));
    assert_true(near(told[2], 14 + 0.7 + 0.35 + 0.175));
}

static void theta__is_a_level_with_half_the_slope(void **state)
{
    (void)state;
    const double values[] = {1, 3, 2, 6};
    const struct tv_model model = {.kind = TV_MODEL_THETA, .alpha = 0.5};
    double told[3];
    /* Least squares: slope 1.4; level 1, 2, 2, 4. */
    tell_all(&model, values, 4, 0, told);
    assert_true(near(told[0], 4.7) && near(told[1], 5.4) && near(told[2], 6.1));
}

static void season__is_additive(void **state)
{
    (void)state;
    const double values[] = {2, 4, 6, 8, 6};
    const struct tv_model model = {.kind = TV_MODEL_SEASON_LEVEL, .alpha = 0.5, .gamma = 0.5};
    double told[3];
    /* First season: level 3, profile −1, +1. 6: level 3 + (6 + 1 − 3) / 2 = 5, profile[0] = 0.
     * 8: level 5 + (8 − 1 − 5) / 2 = 6, profile[1] = 1.5. 6: level 6 + (6 − 0 − 6) / 2 = 6, profile[0] = 0. */
    tell_all(&model, values, 5, 2, told);
    assert_true(near(told[0], 7.5) && near(told[1], 6) && near(told[2], 7.5));
}

static void median__of_the_last(void **state)
{
    (void)state;
    const double values[] = {100, 1, 9, 3, 7};
    const struct tv_model model = {.kind = TV_MODEL_MEDIAN, .span = 4};
    double told[3];
    tell_all(&model, values, 5, 0, told);
    assert_true(near(told[0], 5));
}

static void forecast__repeats_an_exact_season(void **state)
{
    (void)state;
    static double values[480];
    static struct tv_forecast made;
    for (int i = 0; i < 480; i++)
        values[i] = 100 + 50 * sin(i * 2 * M_PI / 48) + (i % 48 == 7 ? 30 : 0);
    struct tv_forecast_spec spec = {values, 480, 48, 60};
    tv_forecast_make(&spec, &made);
    for (size_t i = 0; i < 60; i++) {
        double truth = values[480 % 48 + i % 48];
        assert_true(fabs(made.steps[i].value - truth) < 1e-6);
        assert_true(made.steps[i].high - made.steps[i].low < 1e-6);
    }
    assert_true(made.error < 1e-6);
}

static void forecast__follows_a_line(void **state)
{
    (void)state;
    static double values[200];
    static struct tv_forecast made;
    uint64_t random = 5;
    for (int i = 0; i < 200; i++)
        values[i] = 20 + 0.25 * i + 0.2 * uniform(&random);
    struct tv_forecast_spec spec = {values, 200, 0, 40};
    tv_forecast_make(&spec, &made);
    assert_string_equal(made.method, "linear trend");
    assert_true(fabs(made.steps[39].value - (20 + 0.25 * 239 + 0.1)) < 1);
    assert_true(made.error < made.naive_error / 4);
}

static void forecast__of_a_constant_is_certain(void **state)
{
    (void)state;
    static double values[TV_FORECAST_COUNT_MIN];
    static struct tv_forecast made;
    for (int i = 0; i < TV_FORECAST_COUNT_MIN; i++)
        values[i] = -3.5;
    struct tv_forecast_spec spec = {values, TV_FORECAST_COUNT_MIN, 0, TV_FORECAST_STEPS_MAX};
    tv_forecast_make(&spec, &made);
    for (size_t i = 0; i < TV_FORECAST_STEPS_MAX; i++)
        assert_true(made.steps[i].low == -3.5 && made.steps[i].high == -3.5);
    assert_true(made.error == 0);
}

/* Of random walks and of noise, about nine of ten values fall into the interval. */
static void interval__holds_nine_of_ten(void **state)
{
    (void)state;
    enum { COUNT = 500, STEPS = 6, SERIES = 150 };
    static double values[COUNT + STEPS];
    static struct tv_forecast made;
    uint64_t random = 1234;
    for (int walks = 0; walks < 2; walks++) {
        int inside = 0;
        for (int series = 0; series < SERIES; series++) {
            for (int i = 0; i < COUNT + STEPS; i++)
                values[i] = normal(&random) + (walks && i > 0 ? values[i - 1] : 0);
            struct tv_forecast_spec spec = {values, COUNT, 0, STEPS};
            tv_forecast_make(&spec, &made);
            for (int i = 0; i < STEPS; i++)
                inside += values[COUNT + i] >= made.steps[i].low &&
                        values[COUNT + i] <= made.steps[i].high;
        }
        double share = (double)inside / (SERIES * STEPS);
        assert_true(share > 0.85 && share < 0.95);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(level__is_browns),
            cmocka_unit_test(trend__is_holts_damped),
            cmocka_unit_test(theta__is_a_level_with_half_the_slope),
            cmocka_unit_test(season__is_additive),
            cmocka_unit_test(median__of_the_last),
            cmocka_unit_test(forecast__repeats_an_exact_season),
            cmocka_unit_test(forecast__follows_a_line),
            cmocka_unit_test(forecast__of_a_constant_is_certain),
            cmocka_unit_test(interval__holds_nine_of_ten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
