/* SPDX-License-Identifier: Apache-2.0 */
/* One number in, one judgement out. */
#include "insight/anomalies.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000000000)

static double noise(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (double)(*random >> 11) * 0x1p-53;
}

static int alarms_of(struct tv_detector *detector, int from, int to, const double *numbers)
{
    int alarms = 0;
    for (int i = from; i < to; i++)
        alarms += tv_detector_next(detector, i * MINUTE, numbers[i]).anomaly;
    return alarms;
}

static void detector__tells_a_spike_once(void **state)
{
    (void)state;
    static double numbers[2000];
    uint64_t random = 7;
    for (int i = 0; i < 2000; i++)
        numbers[i] = 50 + noise(&random) * 5;
    numbers[1500] = numbers[1501] = numbers[1502] = 95;
    struct tv_detector detector = {0};
    assert_int_equal(alarms_of(&detector, 0, 1500, numbers), 0);
    struct tv_judgement spike = tv_detector_next(&detector, 1500 * MINUTE, numbers[1500]);
    assert_true(spike.anomaly && spike.score > 0.9);
    assert_true(spike.expected > 50 && spike.expected < 55);
    assert_int_equal(alarms_of(&detector, 1501, 2000, numbers), 0);
}

static void detector__tells_a_shift_and_what_is_stranger_still(void **state)
{
    (void)state;
    static double numbers[3000];
    uint64_t random = 9;
    for (int i = 0; i < 3000; i++)
        numbers[i] = (i < 1500 ? 50 : 70) + noise(&random) * 5;
    numbers[2900] = 1000;
    struct tv_detector detector = {0};
    assert_int_equal(alarms_of(&detector, 0, 1500, numbers), 0);
    assert_int_equal(alarms_of(&detector, 1500, 1520, numbers), 1);
    (void)alarms_of(&detector, 1520, 2900, numbers);
    assert_true(tv_detector_next(&detector, 2900 * MINUTE, numbers[2900]).anomaly);
}

static void detector__calls_nothing_strange_before_it_has_learned(void **state)
{
    (void)state;
    struct tv_detector detector = {0};
    for (int i = 0; i < TV_DETECTOR_LEARN; i++)
        assert_true(tv_detector_next(&detector, i * MINUTE, i == 90 ? 1e9 : i).score == 0);
}

static void detector__judges_every_unit_alike(void **state)
{
    (void)state;
    struct tv_detector plain = {0};
    struct tv_detector scaled = {0};
    uint64_t random = 11;
    for (int i = 0; i < 5000; i++) {
        double number = noise(&random) * (i == 3000 ? 9 : 1);
        double a = tv_detector_next(&plain, i * MINUTE, number).score;
        double b = tv_detector_next(&scaled, i * MINUTE, number * 1048576 - 65536).score;
        assert_true(fabs(a - b) < 1e-6);
    }
}

static void detector__calls_a_constant_usual(void **state)
{
    (void)state;
    struct tv_detector detector = {0};
    for (int i = 0; i < 5000; i++)
        assert_true(tv_detector_next(&detector, i * MINUTE, 42).score == 0);
}

static void detector__sees_a_sensor_that_is_stuck(void **state)
{
    (void)state;
    struct tv_detector detector = {0};
    uint64_t random = 21;
    for (int i = 0; i < 2000; i++)
        (void)tv_detector_next(&detector, i * MINUTE, 50 + noise(&random) * 5);
    int alarms = 0;
    int first = 0;
    for (int i = 2000; i < 2400; i++) {
        alarms += tv_detector_next(&detector, i * MINUTE, 52).anomaly;
        first = alarms > 0 && first == 0 ? i : first;
    }
    assert_int_equal(alarms, 1);
    assert_true(first > 2020 && first < 2100);
}

/* A score depends on nothing that comes later. */
static void detector__judges_a_part_as_it_judges_the_whole(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static struct tv_track_point points[COUNT];
    static struct tv_judgement whole[COUNT];
    static struct tv_judgement part[COUNT];
    uint64_t random = 13;
    for (int i = 0; i < COUNT; i++)
        points[i] = (struct tv_track_point){
                .time = i * 7 * MINUTE, .value = noise(&random) * (i % 900 == 0 ? 5 : 1)};
    struct tv_track track = {.points = points, .count = COUNT};
    tv_track_judge(&track, whole);
    for (size_t count = 1; count < COUNT; count += 371) {
        track.count = count;
        tv_track_judge(&track, part);
        for (size_t i = 0; i < count; i++)
            assert_true(part[i].score == whole[i].score && part[i].anomaly == whole[i].anomaly &&
                    part[i].expected == whole[i].expected);
    }
}

static void track__of_a_counter_is_judged_by_its_steps(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static struct tv_track_point points[COUNT];
    static struct tv_judgement judged[COUNT];
    static struct tv_anomaly found[COUNT / TV_ANOMALY_APART + 1];
    uint64_t random = 17;
    double total = 1e6;
    for (int i = 0; i < COUNT; i++) {
        total = i == 500 ? 12 : total + 10 + noise(&random) * 5; /* reset once */
        total += i == 800 ? 400 : 0;
        points[i] = (struct tv_track_point){.time = i * MINUTE, .value = total};
    }
    struct tv_track track = {.points = points, .count = COUNT, .counter = true};
    tv_track_judge(&track, judged);
    assert_int_equal(tv_anomalies_gather(&track, judged, 0, found), 1);
    assert_true(found[0].start == 800 * MINUTE && found[0].end == 800 * MINUTE);
    assert_true(found[0].value > 400 && found[0].value < 420); /* the step, not the total */
    assert_int_equal(tv_anomalies_gather(&track, judged, 801, found), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(detector__tells_a_spike_once),
            cmocka_unit_test(detector__tells_a_shift_and_what_is_stranger_still),
            cmocka_unit_test(detector__calls_nothing_strange_before_it_has_learned),
            cmocka_unit_test(detector__judges_every_unit_alike),
            cmocka_unit_test(detector__calls_a_constant_usual),
            cmocka_unit_test(detector__sees_a_sensor_that_is_stuck),
            cmocka_unit_test(detector__judges_a_part_as_it_judges_the_whole),
            cmocka_unit_test(track__of_a_counter_is_judged_by_its_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
