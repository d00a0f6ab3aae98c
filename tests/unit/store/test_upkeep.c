/* SPDX-License-Identifier: Apache-2.0 */
/* Maintenance: pins, merging, checkpoints, rows buried. */
#include "support_world.h"

#include "base/time.h"
#include "store/store_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int64_t rows_in_file(struct tv_store *store)
{
    int64_t count = 0;
    struct tv_error err;
    assert_int_equal(tv_db_int(&store->side, "SELECT count(*) FROM segment", &count, &err), TV_OK);
    return count;
}

static uint64_t count_of(struct tv_snapshot *snapshot)
{
    struct tv_scan_spec spec = test_all();
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    struct tv_error err;
    uint64_t count = 0;
    assert_int_equal(tv_scan_open(snapshot, &spec, NULL, &scan, &err), TV_OK);
    do {
        assert_int_equal(tv_scan_next(scan, &found, &err), TV_OK);
        count += found.count;
    } while (found.count);
    tv_scan_close(scan);
    return count;
}

static void snapshot__sees_the_same_while_others_compact(void **state)
{
    (void)state;
    struct test_world world;
    test_world_init(&world, 53);
    test_world_commit(&world, 2, &(struct test_shape){600, NOON, TV_NS_PER_MIN, false});
    struct tv_snapshot *level0 = tv_snapshot_take(world.store);
    test_compact(world.store);
    struct tv_snapshot *segments = tv_snapshot_take(world.store);
    for (int i = 0; i < 8; i++) {
        test_world_commit(&world, 1, &(struct test_shape){600, NOON, TV_NS_PER_MIN, false});
        test_compact(world.store);
    }
    assert_true(world.store->segments->count < 5); /* most are merged */
    assert_int_equal(count_of(level0), 1200);
    assert_int_equal(count_of(segments), 1200);
    /* What is pinned is still in the file. */
    assert_true(rows_in_file(world.store) > (int64_t)world.store->segments->count);
    tv_snapshot_unref(level0);
    tv_snapshot_unref(segments);
    (void)test_jobs(world.store, 100);
    assert_int_equal(rows_in_file(world.store), world.store->segments->count);
    test_world_check_all(&world);
    test_world_reopen(&world);
    test_world_check_all(&world);
    test_world_release(&world);
}

/* An event for each day of many years must not make a segment for each. */
static void compaction__of_scattered_days_stays_in_few_segments(void **state)
{
    (void)state;
    struct test_world world;
    test_world_init(&world, 54);
    test_world_commit(&world, 1, &(struct test_shape){3000, 0, 3000 * TV_NS_PER_DAY, false});
    test_compact(world.store);
    assert_true(world.store->segments->count <= 3000 / 256 + 1);
    test_world_check_all(&world);
    test_world_release(&world);
}

static void compaction__keeps_hours_apart(void **state)
{
    (void)state;
    struct test_world world;
    /* Of today: what is cold is merged again. */
    int64_t hour = tv_time_now() / TV_NS_PER_HOUR * TV_NS_PER_HOUR - 3 * TV_NS_PER_HOUR;
    test_world_init(&world, 55);
    test_world_commit(&world, 2, &(struct test_shape){5000, hour, 2 * TV_NS_PER_HOUR, false});
    test_compact(world.store);
    assert_int_equal(world.store->segments->count, 2);
    for (int i = 0; i < 2; i++) {
        const struct tv_extent *extent = &world.store->segments->items[i]->extent;
        assert_int_equal(extent->min_time / TV_NS_PER_HOUR, extent->max_time / TV_NS_PER_HOUR);
    }
    test_world_release(&world);
}

static void checkpoints__let_the_log_begin_anew(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_store_stats stats;
    test_world_init(&world, 56);
    for (int i = 0; i < 40; i++) {
        test_world_commit(&world, 1, &(struct test_shape){6000, NOON, TV_NS_PER_MIN, false});
        (void)test_jobs(world.store, 100);
    }
    tv_store_stats(world.store, &stats);
    assert_true(stats.compactions > 0);
    assert_true(stats.wal_bytes < 40 << 20);
    test_world_release(&world);
}

static void jobs__are_not_due_in_an_idle_store(void **state)
{
    (void)state;
    struct test_world world;
    test_world_init(&world, 57);
    (void)test_jobs(world.store, 100);
    assert_int_equal(test_jobs(world.store, 100), 0);
    assert_true(tv_store_job_due_in(world.store) >= 5 * TV_NS_PER_MIN);
    test_world_commit(&world, 1, &(struct test_shape){5, NOON, TV_NS_PER_MIN, false});
    assert_true(tv_store_job_due_in(world.store) <= 10 * TV_NS_PER_S);
    test_world_release(&world);
}

/* An idle store wakes for the segment that comes of age next, not at some interval. */
static void jobs__are_due_when_a_segment_expires(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store_config config = {.dir = dir, .retention_ns = TV_NS_PER_MIN};
    struct tv_store *store = test_open_with(&config);
    struct test_random random = {58};
    struct test_shape shape = {20, tv_time_now() - TV_NS_PER_S, TV_NS_PER_MS, false};
    (void)test_commit_one(store, test_batch(&random, &shape));
    test_compact(store);
    int64_t due_ns = tv_store_job_due_in(store);
    assert_true(due_ns > 30 * TV_NS_PER_S && due_ns <= TV_NS_PER_MIN);
    tv_store_close(store);
    test_folder_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(snapshot__sees_the_same_while_others_compact),
            cmocka_unit_test(compaction__of_scattered_days_stays_in_few_segments),
            cmocka_unit_test(compaction__keeps_hours_apart),
            cmocka_unit_test(checkpoints__let_the_log_begin_anew),
            cmocka_unit_test(jobs__are_not_due_in_an_idle_store),
            cmocka_unit_test(jobs__are_due_when_a_segment_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
