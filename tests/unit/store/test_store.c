/* SPDX-License-Identifier: Apache-2.0 */
/* The store as a whole: what was committed is what is found, whatever happened in between. */
#include "support.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOON INT64_C(1724300000000000000)

/* What a store must hold, kept beside it. */
struct world {
    char *dir;
    struct tv_store *store;
    struct test_random random;
    struct tv_batch **batches;
    size_t count;
};

static void world_init(struct world *world, uint64_t seed)
{
    *world = (struct world){.dir = test_folder_make(), .random = {seed}};
    world->store = test_open(world->dir);
    world->batches = calloc(4096, sizeof(struct tv_batch *));
}

static void world_release(struct world *world)
{
    for (size_t i = 0; i < world->count; i++)
        tv_batch_unref(world->batches[i]);
    free(world->batches);
    tv_store_close(world->store);
    test_folder_remove(world->dir);
}

static void world_commit(struct world *world, size_t batches, const struct test_shape *shape)
{
    struct tv_batch **group = calloc(batches, sizeof(struct tv_batch *));
    for (size_t i = 0; i < batches; i++) {
        group[i] = test_batch(&world->random, shape);
        world->batches[world->count++] = tv_batch_ref(group[i]);
    }
    struct tv_commit_result result = test_commit(world->store, group, batches);
    assert_int_equal(result.events, batches * shape->rows);
    assert_int_equal(result.duplicates, 0);
    free(group);
}

static void world_reopen(struct world *world)
{
    tv_store_close(world->store);
    world->store = test_open(world->dir);
}

/* The answer without a store: every row of every batch asked one by one. */
static void world_expect(
        struct world *world, const struct tv_scan_spec *spec, struct test_lines *lines)
{
    struct tv_arena scratch = {0};
    for (size_t b = 0; b < world->count; b++) {
        const struct tv_batch *batch = world->batches[b];
        const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
        const int64_t *durations = tv_batch_i64(batch, TV_FIELD_DURATION);
        const uint64_t *arrivals = tv_batch_u64(batch, TV_FIELD_ARRIVAL);
        for (uint32_t row = 0; row < batch->rows; row++) {
            int64_t last = times[row];
            uint32_t selected = row;
            if (spec->overlapping && durations && durations[row] > 0)
                last = last > INT64_MAX - durations[row] ? INT64_MAX : last + durations[row];
            if (times[row] > spec->to || last < spec->from || arrivals[row] < spec->arrival_from ||
                    arrivals[row] > spec->arrival_to)
                continue;
            if (tv_pred_filter(spec->where, batch, &selected, 1, &scratch))
                test_lines_add_row(lines, batch, row);
        }
    }
    tv_arena_release(&scratch);
}

static void world_check(struct world *world, const struct tv_scan_spec *spec)
{
    struct test_lines found = {0}, expected = {0};
    test_lines_add_scan(&found, world->store, spec);
    world_expect(world, spec, &expected);
    test_lines_assert_equal(&found, &expected);
    test_lines_release(&found);
    test_lines_release(&expected);
}

static void world_check_all(struct world *world)
{
    struct tv_scan_spec spec = test_all();
    world_check(world, &spec);
}

static void store__finds_a_commit_at_once_and_after_restart(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    world_check_all(&world);
    world_commit(&world, 1, &(struct test_shape){1, NOON, TV_NS_PER_S, false});
    world_check_all(&world);
    world_commit(&world, 5, &(struct test_shape){700, NOON, TV_NS_PER_HOUR, false});
    world_commit(&world, 40, &(struct test_shape){3, NOON, TV_NS_PER_HOUR, true});
    world_check_all(&world);
    world_reopen(&world);
    world_check_all(&world);
    world_release(&world);
}

static void store__compacts_without_changing_anything(void **state)
{
    (void)state;
    struct world world;
    struct tv_store_stats stats;
    world_init(&world, 2);
    for (int i = 0; i < 5; i++)
        world_commit(&world, 3, &(struct test_shape){5000, NOON, 5 * TV_NS_PER_HOUR, i == 3});
    assert_true(test_jobs(world.store, 100) > 0);
    tv_store_stats(world.store, &stats);
    assert_true(stats.segments > 0);
    assert_int_equal(stats.events, 75000);
    world_check_all(&world);
    world_reopen(&world);
    world_check_all(&world);
    world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(store__finds_a_commit_at_once_and_after_restart),
            cmocka_unit_test(store__compacts_without_changing_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
