/* SPDX-License-Identifier: Apache-2.0 */
/* The store under test and its naive twin. */
#include "support_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

void test_world_init(struct test_world *world, uint64_t seed)
{
    *world = (struct test_world){.dir = test_folder_make(), .random = {seed}};
    world->store = test_open(world->dir);
    world->batches = calloc(TEST_BATCHES_MAX, sizeof(struct tv_batch *));
}

void test_world_release(struct test_world *world)
{
    for (size_t i = 0; i < world->count; i++)
        tv_batch_unref(world->batches[i]);
    free(world->batches);
    tv_store_close(world->store);
    test_folder_remove(world->dir);
}

void test_world_commit(struct test_world *world, size_t batches, const struct test_shape *shape)
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

void test_world_reopen(struct test_world *world)
{
    tv_store_close(world->store);
    world->store = test_open(world->dir);
}

/* The answer without a store: every row of every batch asked one by one. */
void test_world_expect(
        struct test_world *world, const struct tv_scan_spec *spec, struct test_lines *lines)
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

void test_world_check(struct test_world *world, const struct tv_scan_spec *spec)
{
    struct test_lines found = {0}, expected = {0};
    test_lines_add_scan(&found, world->store, spec);
    test_world_expect(world, spec, &expected);
    test_lines_assert_equal(&found, &expected);
    test_lines_release(&found);
    test_lines_release(&expected);
}

void test_world_check_all(struct test_world *world)
{
    struct tv_scan_spec spec = test_all();
    test_world_check(world, &spec);
}
