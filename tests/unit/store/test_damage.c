/* SPDX-License-Identifier: Apache-2.0 */
/* Damage: what cannot be read is set aside and told, by whoever comes upon it, and the rest is served. */
#include "support_world.h"

#include "base/time.h"
#include "store/erase.h"
#include "store/store_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Overwrites a byte of a payload behind SQLite's back. */
static void damage(const char *dir, int64_t segment, int offset)
{
    char path[512];
    sqlite3 *db = NULL;
    sqlite3_blob *blob = NULL;
    unsigned char byte = 0;
    (void)snprintf(path, sizeof(path), "%s/traversion.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
            sqlite3_blob_open(db, "main", "segment", "payload", segment, 1, &blob), SQLITE_OK);
    if (offset < 0)
        offset += sqlite3_blob_bytes(blob);
    assert_int_equal(sqlite3_blob_read(blob, &byte, 1, offset), SQLITE_OK);
    byte ^= 0x40;
    assert_int_equal(sqlite3_blob_write(blob, &byte, 1, offset), SQLITE_OK);
    assert_int_equal(sqlite3_blob_close(blob), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void damage__sets_a_segment_aside(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_store_stats stats;
    struct test_lines found = {0};
    struct tv_scan_spec spec = test_all();
    test_world_init(&world, 42);
    for (int day = 0; day < 2; day++) {
        test_world_commit(&world, 1,
                &(struct test_shape){500, NOON + day * TV_NS_PER_DAY, TV_NS_PER_MIN, false});
        test_compact(world.store);
    }
    assert_int_equal(world.store->segments->count, 2);
    int64_t broken = world.store->segments->items[0]->id;
    tv_store_close(world.store);
    damage(world.dir, broken, -1);
    world.store = test_open(world.dir);
    test_lines_add_scan(&found, world.store, &spec);
    assert_int_equal(found.count, 500);
    tv_store_stats(world.store, &stats);
    assert_int_equal(stats.corrupt_segments, 1);
    struct tv_snapshot *snapshot = tv_snapshot_take(world.store);
    assert_int_equal(tv_snapshot_damaged(snapshot), 1);
    tv_snapshot_unref(snapshot);
    test_lines_release(&found);
    test_world_release(&world);
}

static void damage__sets_a_commit_aside(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_store_stats stats;
    test_world_init(&world, 43);
    test_world_commit(&world, 1, &(struct test_shape){50, NOON, TV_NS_PER_MIN, false});
    test_world_commit(&world, 1, &(struct test_shape){50, NOON, TV_NS_PER_MIN, false});
    int64_t broken = world.store->level0[0]->id;
    tv_store_close(world.store);
    damage(world.dir, broken, 100);
    world.store = test_open(world.dir);
    tv_store_stats(world.store, &stats);
    assert_int_equal(stats.corrupt_segments, 1);
    assert_int_equal(stats.events, 50);
    test_world_release(&world);
}

static uint64_t damaged_of(struct tv_store *store)
{
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    uint64_t damaged = tv_snapshot_damaged(snapshot);
    tv_snapshot_unref(snapshot);
    return damaged;
}

static void note_erased(void *ctx, const struct tv_erasure_result *result)
{
    *(struct tv_erasure_result *)ctx = *result;
}

/* Who asks for an erasure learns that something could not be looked at, and so does every query. */
static void damage__is_told_by_an_erasure(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_arena arena = {0};
    struct tv_erasure_result result = {0};
    test_world_init(&world, 44);
    test_world_commit(&world, 1, &(struct test_shape){500, NOON, TV_NS_PER_MIN, false});
    test_compact(world.store);
    int64_t broken = world.store->segments->items[0]->id;
    tv_store_close(world.store);
    damage(world.dir, broken, -1);
    world.store = test_open(world.dir);
    assert_int_equal(damaged_of(world.store), 0);
    struct tv_erasure_spec spec = {.text = TV_STR("cpu >= 0"),
            .where = tv_pred_compare(
                    &arena, tv_field_resolve(TV_STR("cpu")), TV_OP_GE, tv_value_i64(0)),
            .done = note_erased,
            .ctx = &result};
    tv_erase_begin(world.store, &spec);
    (void)test_jobs(world.store, 100);
    assert_int_equal(result.damaged, 1);
    assert_int_equal(damaged_of(world.store), 1);
    tv_arena_release(&arena);
    test_world_release(&world);
}

/* Names of attributes lie in blocks of a segment too. */
static void damage__does_not_hide_all_names(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_arena arena = {0};
    struct tv_known_attribute *names = NULL;
    struct tv_error err;
    size_t count = 0;
    test_world_init(&world, 45);
    for (int day = 0; day < 2; day++) {
        test_world_commit(&world, 1,
                &(struct test_shape){500, NOON + day * TV_NS_PER_DAY, TV_NS_PER_MIN, true});
        test_compact(world.store);
    }
    struct tv_segment *segment = world.store->segments->items[0];
    assert_true(segment->overflow_count > 0);
    int64_t broken = segment->id;
    int offset = (int)segment->overflows[0].block.offset;
    tv_store_close(world.store);
    damage(world.dir, broken, offset);
    world.store = test_open(world.dir);
    struct tv_snapshot *snapshot = tv_snapshot_take(world.store);
    assert_int_equal(tv_snapshot_attributes(snapshot, &arena, &names, &count, &err), TV_OK);
    assert_true(count > 100);
    tv_snapshot_unref(snapshot);
    assert_int_equal(damaged_of(world.store), 1);
    tv_arena_release(&arena);
    test_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(damage__sets_a_segment_aside),
            cmocka_unit_test(damage__sets_a_commit_aside),
            cmocka_unit_test(damage__is_told_by_an_erasure),
            cmocka_unit_test(damage__does_not_hide_all_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
