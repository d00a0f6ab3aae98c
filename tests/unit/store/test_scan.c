/* SPDX-License-Identifier: Apache-2.0 */
/* Scans against a naive filter on random data, windows and conditions: in level 0, half compacted,
 * compacted, and after a restart. */
#include "support_world.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SPAN (3 * TV_NS_PER_HOUR)

static struct tv_pred *any_leaf(struct test_random *random, struct tv_arena *arena)
{
    char hex[33];
    uint64_t trace = test_below(random, 500) + 1;
    struct tv_str number =
            tv_arena_printf(arena, "%llu", (unsigned long long)test_below(random, 9));
    enum tv_op op = (enum tv_op)test_below(random, TV_OP_GE + 1);
    switch (test_below(random, 11)) {
    case 0:
        return tv_pred_compare(arena, tv_field_resolve(TV_STR("service")), TV_OP_EQ,
                tv_value_str(tv_arena_printf(arena, "service-%.*s", TV_STR_ARG(number))));
    case 1:
        return tv_pred_compare(arena, tv_field_resolve(TV_STR("cpu")), op,
                tv_value_f64((double)test_below(random, 110)));
    case 2:
        tv_trace_id_format((struct tv_id){trace * 0x9e3779b97f4a7c15ULL, trace}, hex);
        return tv_pred_compare(arena, tv_field_resolve(TV_STR("trace_id")), TV_OP_EQ,
                tv_value_str(tv_arena_str(arena, (struct tv_str){hex, 32})));
    case 3:
        return tv_pred_compare(arena, tv_field_resolve(TV_STR("duration")), op,
                tv_value_i64((int64_t)(test_next(random) >> (20 + test_below(random, 40)))));
    case 4:
        return tv_pred_compare(
                arena, tv_field_resolve(TV_STR("error_occurred")), TV_OP_EQ, tv_value_bool(true));
    case 5:
        return tv_pred_exists(
                arena, tv_field_resolve(tv_arena_printf(arena, "rare.%.*s", TV_STR_ARG(number))));
    case 6:
        return tv_pred_compare(arena, tv_field_resolve(TV_STR("mixed")), op,
                tv_value_str(tv_arena_printf(arena, "v%.*s", TV_STR_ARG(number))));
    case 7:
        return tv_pred_compare(
                arena, tv_field_resolve(TV_STR("status")), op, tv_value_str(TV_STR("error")));
    case 8:
        return tv_pred_compare(arena, tv_field_resolve(TV_STR("user.id")), op,
                tv_value_str(tv_arena_printf(arena, "u1%.*s", TV_STR_ARG(number))));
    case 9:
        return tv_pred_compare(arena, tv_field_resolve(TV_STR("type")), TV_OP_STARTS_WITH,
                tv_value_str(TV_STR("de")));
    default:
        return tv_pred_compare(
                arena, tv_field_resolve(TV_STR("no.such.field")), op, tv_value_i64(1));
    }
}

static struct tv_pred *any_pred(struct test_random *random, struct tv_arena *arena, int depth)
{
    uint64_t kind = depth > 0 ? test_below(random, 5) : 4;
    if (kind == 0)
        return tv_pred_not(arena, any_pred(random, arena, depth - 1));
    if (kind == 1)
        return tv_pred_or(
                arena, any_pred(random, arena, depth - 1), any_pred(random, arena, depth - 1));
    if (kind < 4)
        return tv_pred_and(
                arena, any_pred(random, arena, depth - 1), any_pred(random, arena, depth - 1));
    return any_leaf(random, arena);
}

static void check_specs(struct test_world *world, int count)
{
    struct test_random *random = &world->random;
    for (int i = 0; i < count; i++) {
        struct tv_arena arena = {0};
        struct tv_scan_spec spec = test_all();
        if (test_below(random, 3)) {
            spec.from = NOON + (int64_t)test_below(random, SPAN);
            spec.to = spec.from + (int64_t)test_below(random, SPAN / 4);
        }
        if (!test_below(random, 4)) {
            spec.arrival_from = test_below(random, 9000);
            spec.arrival_to = spec.arrival_from + test_below(random, 9000);
        }
        spec.overlapping = !test_below(random, 4);
        spec.where = test_below(random, 5) ? any_pred(random, &arena, 2) : NULL;
        spec.order = (enum tv_scan_order)test_below(random, 3);
        test_world_check(world, &spec);
        tv_arena_release(&arena);
    }
}

static void scan__equals_a_naive_filter(void **state)
{
    (void)state;
    struct test_world world;
    test_world_init(&world, 21);
    test_world_commit(&world, 3, &(struct test_shape){700, NOON, SPAN, false});
    check_specs(&world, 20);
    for (int i = 0; i < 4; i++)
        test_world_commit(&world, 3, &(struct test_shape){500, NOON, SPAN, i == 2});
    test_flush_soon(world.store);
    assert_true(test_jobs(world.store, 100) > 0);
    test_world_commit(&world, 30, &(struct test_shape){20, NOON, SPAN, true});
    check_specs(&world, 30);
    test_world_reopen(&world);
    check_specs(&world, 10);
    test_world_release(&world);
}

/* The bound must hold for what is still to come. */
static void check_bounds(struct tv_store *store, enum tv_scan_order order)
{
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    struct tv_scan_spec spec = test_all();
    struct tv_scan_batch found;
    struct tv_scan *scan = NULL;
    struct tv_error err;
    spec.order = order;
    assert_int_equal(tv_scan_open(snapshot, &spec, NULL, &scan, &err), TV_OK);
    for (;;) {
        int64_t bound = tv_scan_bound(scan);
        assert_int_equal(tv_scan_next(scan, &found, &err), TV_OK);
        if (found.count == 0)
            break;
        const int64_t *times = tv_batch_i64(found.batch, TV_FIELD_TIME);
        for (uint32_t i = 0; i < found.count; i++)
            assert_true(order == TV_SCAN_OLDEST ? times[found.rows[i]] >= bound
                                                : times[found.rows[i]] <= bound);
    }
    tv_scan_close(scan);
    tv_snapshot_unref(snapshot);
}

static void scan__keeps_its_bound(void **state)
{
    (void)state;
    struct test_world world;
    test_world_init(&world, 22);
    for (int i = 0; i < 4; i++)
        test_world_commit(&world, 1, &(struct test_shape){5000, NOON, SPAN, false});
    test_flush_soon(world.store);
    assert_true(test_jobs(world.store, 100) > 0);
    test_world_commit(&world, 9, &(struct test_shape){600, NOON, SPAN, false});
    check_bounds(world.store, TV_SCAN_OLDEST);
    check_bounds(world.store, TV_SCAN_NEWEST);
    test_world_release(&world);
}

static struct tv_scan_stats stats_of(struct tv_store *store, const struct tv_scan_spec *spec)
{
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    struct tv_scan_stats stats;
    struct tv_scan_batch found;
    struct tv_scan *scan = NULL;
    struct tv_error err;
    assert_int_equal(tv_scan_open(snapshot, spec, NULL, &scan, &err), TV_OK);
    do
        assert_int_equal(tv_scan_next(scan, &found, &err), TV_OK);
    while (found.count);
    tv_scan_stats(scan, &stats);
    tv_scan_close(scan);
    tv_snapshot_unref(snapshot);
    return stats;
}

static uint64_t read_of(struct tv_store *store, const struct tv_scan_spec *spec)
{
    return stats_of(store, spec).segments_read;
}

/* Pruning is not only right but happens. */
static void scan__reads_few_segments(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_arena arena = {0};
    test_world_init(&world, 23);
    for (int day = 0; day < 5; day++) {
        int64_t from = NOON + 2 * day * TV_NS_PER_DAY;
        test_world_commit(&world, 1, &(struct test_shape){4500, from, TV_NS_PER_HOUR, false});
    }
    test_flush_soon(world.store);
    assert_true(test_jobs(world.store, 100) > 0);
    struct tv_scan_spec spec = test_all();
    uint64_t all = read_of(world.store, &spec);
    assert_true(all >= 4);
    spec.from = spec.to = tv_batch_i64(world.batches[0], TV_FIELD_TIME)[0];
    assert_true(read_of(world.store, &spec) <= 1 + all / 4);
    spec = test_all();
    spec.where =
            tv_pred_compare(&arena, tv_field_resolve(TV_STR("cpu")), TV_OP_GT, tv_value_f64(100));
    assert_int_equal(read_of(world.store, &spec), 0);
    spec.where = tv_pred_compare(
            &arena, tv_field_resolve(TV_STR("service")), TV_OP_EQ, tv_value_str(TV_STR("nobody")));
    assert_int_equal(read_of(world.store, &spec), 0);
    spec.where = tv_pred_compare(&arena, tv_field_resolve(TV_STR("event_id")), TV_OP_EQ,
            tv_value_str(TV_STR("0123456789abcdef01234567")));
    assert_true(read_of(world.store, &spec) <= 1);
    tv_arena_release(&arena);
    test_world_release(&world);
}

/* What was decoded once is kept, in its limit, and goes with its segment. */
static void scan__reads_nothing_twice(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_store_stats stats;
    struct tv_scan_spec spec = test_all();
    test_world_init(&world, 25);
    test_world_commit(&world, 1, &(struct test_shape){3000, NOON, SPAN, true});
    test_compact(world.store);
    struct tv_scan_stats first = stats_of(world.store, &spec);
    assert_true(first.bytes > 10000);
    assert_int_equal(stats_of(world.store, &spec).bytes, 0);
    spec.columns = (struct tv_scan_columns){.fields = 1u << TV_FIELD_SERVICE};
    assert_int_equal(stats_of(world.store, &spec).bytes, 0);
    tv_store_stats(world.store, &stats);
    assert_true(stats.cache_bytes > 0 && stats.cache_bytes <= 8 << 20);
    test_world_check_all(&world);
    test_world_commit(&world, 1, &(struct test_shape){3000, NOON, SPAN, false});
    test_compact(world.store); /* merged: cold segments of one day */
    tv_store_stats(world.store, &stats);
    assert_int_equal(stats.segments, 1);
    assert_int_equal(stats.cache_bytes, 0);
    test_world_check_all(&world);
    test_world_release(&world);
}

static void scan__stops_when_cancelled(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_cancel cancel = {.raised = false};
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    struct tv_error err;
    struct tv_scan_spec spec = test_all();
    test_world_init(&world, 24);
    test_world_commit(&world, 1, &(struct test_shape){10, NOON, SPAN, false});
    struct tv_snapshot *snapshot = tv_snapshot_take(world.store);
    assert_int_equal(tv_scan_open(snapshot, &spec, &cancel, &scan, &err), TV_OK);
    tv_cancel_raise(&cancel);
    assert_int_equal(tv_scan_next(scan, &found, &err), TV_CANCELLED);
    tv_scan_close(scan);
    tv_snapshot_unref(snapshot);
    test_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(scan__equals_a_naive_filter),
            cmocka_unit_test(scan__keeps_its_bound),
            cmocka_unit_test(scan__reads_few_segments),
            cmocka_unit_test(scan__reads_nothing_twice),
            cmocka_unit_test(scan__stops_when_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
