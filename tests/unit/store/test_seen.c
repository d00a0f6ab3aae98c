/* SPDX-License-Identifier: Apache-2.0 */
/* Directories: last seen, arrival numbers of a time, known attributes, against naive answers. */
#include "support_world.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SPAN TV_NS_PER_HOUR

/* The naive answer for one service and instance. */
static struct tv_last_seen naive(const struct test_world *world, const struct tv_last_seen *who,
        int64_t time, uint64_t arrival_to)
{
    struct tv_last_seen seen = {.first = INT64_MAX, .last = INT64_MIN, .changed = TV_ABSENT_I64};
    int64_t version_time = INT64_MIN;
    for (size_t b = 0; b < world->count; b++) {
        const struct tv_batch *batch = world->batches[b];
        uint32_t version = tv_batch_find_attr(batch, TV_STR("service.version"));
        for (uint32_t row = 0; row < batch->rows; row++) {
            int64_t at = tv_batch_i64(batch, TV_FIELD_TIME)[row];
            struct tv_str type = tv_batch_text(batch, TV_FIELD_TYPE, row);
            struct tv_str instance = tv_batch_text(batch, TV_FIELD_INSTANCE, row);
            if (at > time || tv_batch_u64(batch, TV_FIELD_ARRIVAL)[row] > arrival_to ||
                    !tv_str_equal(tv_batch_text(batch, TV_FIELD_SERVICE, row), who->service) ||
                    !tv_str_equal(instance, who->instance))
                continue;
            seen.events++;
            seen.errors += tv_batch_is_error(batch, row);
            seen.first = at < seen.first ? at : seen.first;
            seen.last = at > seen.last ? at : seen.last;
            if ((tv_str_equal(type, TV_STR("deploy")) || tv_str_equal(type, TV_STR("config"))) &&
                    at > seen.changed)
                seen.changed = at;
            struct tv_value told = version == UINT32_MAX ? tv_value_null()
                                                         : tv_batch_attr_value(batch, version, row);
            if (told.type == TV_TYPE_STR && at >= version_time) {
                version_time = at;
                seen.version = told.s;
            }
        }
    }
    return seen;
}

static void check_seen(struct test_world *world, int64_t time, uint64_t arrival_to)
{
    struct tv_arena arena = {0};
    struct tv_last_seen_spec question = {time, arrival_to, NULL};
    struct tv_last_seen_list list = {0};
    uint64_t events = 0, expected_events = 0;
    struct tv_error err;
    struct tv_snapshot *snapshot = tv_snapshot_take(world->store);
    assert_int_equal(tv_snapshot_last_seen(snapshot, &question, &arena, &list, &err), TV_OK);
    const struct tv_last_seen *seen = list.items;
    for (size_t i = 0; i < list.count; i++) {
        struct tv_last_seen expected = naive(world, &seen[i], time, arrival_to);
        assert_int_equal(seen[i].events, expected.events);
        assert_int_equal(seen[i].errors, expected.errors);
        assert_int_equal(seen[i].first, expected.first);
        assert_int_equal(seen[i].last, expected.last);
        assert_int_equal(seen[i].changed, expected.changed);
        assert_true(tv_str_equal(seen[i].version, expected.version));
        events += seen[i].events;
    }
    struct test_lines lines = {0};
    struct tv_scan_spec spec = test_all();
    spec.to = time;
    spec.arrival_to = arrival_to;
    test_world_expect(world, &spec, &lines);
    expected_events = lines.count;
    test_lines_release(&lines);
    assert_int_equal(events, expected_events);
    tv_snapshot_unref(snapshot);
    tv_arena_release(&arena);
}

static void last_seen__equals_the_naive_answer(void **state)
{
    (void)state;
    struct test_world world;
    test_world_init(&world, 61);
    for (int i = 0; i < 4; i++) {
        test_world_commit(&world, 2, &(struct test_shape){400, NOON + i * SPAN, SPAN, false});
        if (i != 2)
            test_compact(world.store);
    }
    for (int i = 0; i < 12; i++)
        check_seen(&world, NOON + (int64_t)test_below(&world.random, 5 * SPAN), UINT64_MAX);
    for (int i = 0; i < 5; i++)
        check_seen(&world, NOON + 5 * SPAN, test_below(&world.random, 3500));
    test_world_release(&world);
}

static uint64_t naive_arrival(const struct test_world *world, int64_t time)
{
    uint64_t best = 0;
    for (size_t b = 0; b < world->count; b++) {
        const struct tv_batch *batch = world->batches[b];
        for (uint32_t row = 0; row < batch->rows; row++)
            if (tv_batch_i64(batch, TV_FIELD_RECEIVED)[row] <= time &&
                    tv_batch_u64(batch, TV_FIELD_ARRIVAL)[row] > best)
                best = tv_batch_u64(batch, TV_FIELD_ARRIVAL)[row];
    }
    return best;
}

static void arrival_at__equals_the_naive_answer(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_error err;
    test_world_init(&world, 62);
    for (int i = 0; i < 4; i++) {
        test_world_commit(&world, 1, &(struct test_shape){500, NOON + i * SPAN / 2, SPAN, false});
        if (i % 2 == 0)
            test_compact(world.store);
    }
    struct tv_snapshot *snapshot = tv_snapshot_take(world.store);
    for (int i = 0; i < 50; i++) {
        int64_t time = NOON - SPAN / 4 + (int64_t)test_below(&world.random, 4 * SPAN);
        uint64_t found = 0;
        assert_int_equal(tv_snapshot_arrival_at(snapshot, time, &found, &err), TV_OK);
        assert_int_equal(found, naive_arrival(&world, time));
    }
    tv_snapshot_unref(snapshot);
    test_world_release(&world);
}

static void attributes__are_all_known(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_arena arena = {0};
    struct tv_known_attribute *known = NULL;
    size_t count = 0, rare = 0;
    struct tv_error err;
    test_world_init(&world, 63);
    test_world_commit(&world, 1, &(struct test_shape){1500, NOON, SPAN, true});
    for (int round = 0; round < 2; round++) {
        struct tv_snapshot *snapshot = tv_snapshot_take(world.store);
        assert_int_equal(tv_snapshot_attributes(snapshot, &arena, &known, &count, &err), TV_OK);
        assert_int_equal(count, world.batches[0]->attr_count);
        rare = 0;
        for (size_t i = 0; i < count; i++) {
            rare += tv_str_starts_with(known[i].name, TV_STR("rare."));
            assert_int_equal(known[i].segments, 1);
            if (tv_str_equal(known[i].name, TV_STR("cpu")))
                assert_int_equal(known[i].type, TV_TYPE_F64);
        }
        assert_true(rare > 1500);
        tv_snapshot_unref(snapshot);
        if (round == 0)
            test_compact(world.store);
    }
    tv_arena_release(&arena);
    test_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(last_seen__equals_the_naive_answer),
            cmocka_unit_test(arrival_at__equals_the_naive_answer),
            cmocka_unit_test(attributes__are_all_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
