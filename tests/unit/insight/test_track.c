/* SPDX-License-Identifier: Apache-2.0 */
/* Tracks: order, names, bounds. */
#include "insight/track.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static uint32_t number_of(struct tv_tracks *tracks, const char *service, const char *labels)
{
    struct tv_track_names names = {
            .service = tv_str_of(service), .field = TV_STR("value"), .labels = tv_str_of(labels)};
    return tv_tracks_number(tracks, &names);
}

static void tracks__sort_by_name_and_time(void **state)
{
    (void)state;
    struct tv_tracks tracks = {0};
    uint32_t late = number_of(&tracks, "b", "");
    uint32_t early = number_of(&tracks, "a", "{\"x\":\"1\"}");
    assert_int_equal(number_of(&tracks, "b", ""), late);
    assert_int_not_equal(early, number_of(&tracks, "a", ""));
    const struct tv_track_point points[] = {{30, 1, 3}, {10, 3, 2}, {10, 2, 1}};
    for (size_t i = 0; i < 3; i++)
        assert_true(tv_tracks_add(&tracks, late, &points[i]));
    tv_tracks_sort(&tracks);
    assert_int_equal(tracks.count, 3);
    assert_int_equal(tracks.point_count, 3);
    const struct tv_track *last = &tracks.items[2];
    assert_true(tv_str_equal(last->names.service, TV_STR("b")));
    for (size_t i = 0; i < 3; i++)
        assert_true(last->points[i].value == (double)i + 1);
    tv_tracks_release(&tracks);
}

static void tracks__count_what_is_beyond_their_bound(void **state)
{
    (void)state;
    struct tv_tracks tracks = {0};
    const struct tv_track_point point = {1, 1, 1};
    for (int i = 0; i < 100000; i++) {
        char labels[32];
        (void)snprintf(labels, sizeof(labels), "{\"user\":\"%d\"}", i);
        assert_true(tv_tracks_add(&tracks, number_of(&tracks, "a", labels), &point));
    }
    assert_int_equal(tracks.count, TV_TRACKS_MAX);
    assert_int_equal(tracks.point_count, TV_TRACKS_MAX);
    assert_int_equal(tracks.left_out, 100000 - TV_TRACKS_MAX);
    tv_tracks_release(&tracks);
}

static void counter__counts_on_after_a_reset(void **state)
{
    (void)state;
    assert_true(tv_counter_step(10, 25) == 15);
    assert_true(tv_counter_step(25, 4) == 4);
    assert_true(tv_counter_step(4, 4) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(tracks__sort_by_name_and_time),
            cmocka_unit_test(tracks__count_what_is_beyond_their_bound),
            cmocka_unit_test(counter__counts_on_after_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
