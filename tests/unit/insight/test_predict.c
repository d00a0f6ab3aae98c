/* SPDX-License-Identifier: Apache-2.0 */
/* A track continued. */
#include "insight/predict.h"

#include "event/field.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000000000)
enum { COUNT = 240 };

/* A disk that fills by half a per cent a minute, from 10 % on. */
static void fill(struct tv_track_point *points)
{
    uint64_t random = 3;
    for (int i = 0; i < COUNT; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        double noise = (double)(random >> 40) / (1 << 24) - 0.5;
        points[i] = (struct tv_track_point){
                .time = (1000 + i) * MINUTE, .value = 10 + 0.25 * i + noise * 0.2};
    }
}

static struct tv_predict_spec spec_of(int64_t next_ns)
{
    return (struct tv_predict_spec){.at = (1000 + COUNT - 1) * MINUTE, .next_ns = next_ns};
}

static void prediction__tells_when_the_disk_is_full(void **state)
{
    (void)state;
    static struct tv_track_point points[COUNT];
    struct tv_track track = {.names.field = TV_STR("disk"), .points = points, .count = COUNT};
    struct tv_predict_spec spec = spec_of(180 * MINUTE);
    struct tv_prediction made;
    size_t held;
    fill(points);
    assert_true(tv_predict(&track, &spec, &made, &held));
    assert_int_equal(made.step_ns, MINUTE);
    assert_int_equal(made.count, 180);
    assert_int_equal(tv_prediction_time(&made, &spec, 0), spec.at + MINUTE);
    assert_true(made.reaches && made.reaching.limit == 100);
    double minutes = (double)(made.reaching.time - spec.at) / (double)MINUTE;
    assert_true(fabs(minutes - 121) < 12); /* 69.75 % now */
    assert_true(made.reaching.earliest <= made.reaching.time);
    assert_true(
            made.reaching.latest == TV_ABSENT_I64 || made.reaching.latest >= made.reaching.time);
    for (size_t i = 0; i < made.count; i++)
        assert_true(made.forecast->steps[i].high <= 100);
    tv_prediction_release(&made);
}

static void prediction__does_not_look_ahead(void **state)
{
    (void)state;
    static struct tv_track_point points[COUNT];
    struct tv_track track = {.names.field = TV_STR("queue"), .points = points, .count = COUNT};
    struct tv_predict_spec spec = spec_of(10 * MINUTE);
    struct tv_prediction known;
    struct tv_prediction changed;
    size_t held;
    fill(points);
    spec.at -= 40 * MINUTE;
    assert_true(tv_predict(&track, &spec, &known, &held));
    assert_int_equal(held, COUNT - 40);
    for (int i = COUNT - 40; i < COUNT; i++)
        points[i].value = 1e9;
    assert_true(tv_predict(&track, &spec, &changed, &held));
    for (size_t i = 0; i < known.count; i++)
        assert_true(known.forecast->steps[i].value == changed.forecast->steps[i].value &&
                known.forecast->steps[i].low == changed.forecast->steps[i].low);
    assert_false(known.reaches);
    tv_prediction_release(&known);
    tv_prediction_release(&changed);
}

static void prediction__needs_enough_points(void **state)
{
    (void)state;
    static struct tv_track_point points[COUNT];
    struct tv_track track = {.names.field = TV_STR("x"), .points = points};
    struct tv_predict_spec spec = spec_of(10 * MINUTE);
    struct tv_prediction made;
    size_t held;
    fill(points);
    for (track.count = 0; track.count < TV_FORECAST_COUNT_MIN; track.count++)
        assert_false(tv_predict(&track, &spec, &made, &held));
    assert_int_equal(held, TV_FORECAST_COUNT_MIN - 1);
    assert_true(tv_predict(&track, &spec, &made, &held));
    tv_prediction_release(&made);
    for (int i = 0; i < COUNT; i++) /* all at one time */
        points[i].time = 5 * MINUTE;
    track.count = COUNT;
    assert_false(tv_predict(&track, &spec, &made, &held));
}

static void prediction__stands_gaps_and_extremes(void **state)
{
    (void)state;
    static struct tv_track_point points[COUNT];
    struct tv_track track = {.names.field = TV_STR("x"), .points = points, .count = COUNT};
    struct tv_prediction made;
    size_t held;
    for (int i = 0; i < COUNT; i++)
        points[i] = (struct tv_track_point){
                .time = i < 100 ? i : INT64_C(4000000000000000000) + i * 7 * MINUTE,
                .value = i % 2 ? 1.7e308 : -1.7e308};
    struct tv_predict_spec spec = {
            .from = INT64_MIN, .at = points[COUNT - 1].time, .next_ns = 366 * 1440 * MINUTE};
    if (tv_predict(&track, &spec, &made, &held)) {
        assert_true(made.count <= TV_FORECAST_STEPS_MAX);
        assert_int_equal(tv_prediction_time(&made, &spec, made.count - 1), spec.at + spec.next_ns);
        tv_prediction_release(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(prediction__tells_when_the_disk_is_full),
            cmocka_unit_test(prediction__does_not_look_ahead),
            cmocka_unit_test(prediction__needs_enough_points),
            cmocka_unit_test(prediction__stands_gaps_and_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
