/* SPDX-License-Identifier: Apache-2.0 */
/* Wide and ragged events: two thousand names of attributes, two hundred on each event. Columns, the
 * file and memory stay in bounds, and every value reads as it was. */
#include "support_world.h"

#include "base/time.h"
#include "store/store_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NAMES = 2000, EACH = 200, ROWS = 1000 };

/* Values of a few digits, so that names and places would weigh the most if they were kept badly. */
static struct tv_batch *ragged(struct test_random *random, uint64_t *text_bytes)
{
    struct tv_batch *batch = tv_batch_new();
    char name[32];
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t row = tv_batch_add_row(batch);
        tv_batch_set_time(batch, row, NOON + i);
        tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, NOON + i);
        tv_batch_set_text(batch, TV_FIELD_SERVICE, row, TV_STR("a"));
        for (uint32_t k = 0; k < EACH; k++) {
            uint64_t value = test_below(random, 1000);
            int length = snprintf(name, sizeof(name), "label.%llu",
                    (unsigned long long)(k * (NAMES / EACH) + test_below(random, NAMES / EACH)));
            uint32_t attr = tv_batch_attr(batch, (struct tv_str){name, (size_t)length});
            tv_batch_set_attr(batch, attr, row, tv_value_i64((int64_t)value));
            *text_bytes += (uint64_t)length + 7; /* "name":123, */
        }
    }
    return batch;
}

static void wide__events_stay_in_bounds(void **state)
{
    (void)state;
    struct test_world world;
    struct test_random random = {71};
    struct tv_store_stats stats;
    uint64_t text_bytes = 0;
    test_world_init(&world, 71);
    struct tv_batch *batch = ragged(&random, &text_bytes);
    world.batches[world.count++] = tv_batch_ref(batch);
    assert_true(tv_batch_bytes(batch) < 8 * text_bytes);
    assert_int_equal(test_commit_one(world.store, batch).events, ROWS);
    test_compact(world.store);
    assert_int_equal(world.store->segments->count, 1);
    const struct tv_segment *segment = world.store->segments->items[0];
    assert_true(segment->attr_count <= TV_SEGMENT_COLUMNS_MAX);
    assert_true(segment->overflow_count > 1);
    tv_store_stats(world.store, &stats);
    print_message("%llu bytes of JSON, %llu stored, %u columns, %u overflow blocks\n",
            (unsigned long long)text_bytes, (unsigned long long)stats.payload_bytes,
            segment->attr_count, segment->overflow_count);
    assert_true(stats.payload_bytes < text_bytes / 4);
    test_world_check_all(&world);
    test_world_release(&world);
}

/* One rare name costs a block of the overflow, not all of it. */
static void wide__reads_one_name_without_the_others(void **state)
{
    (void)state;
    struct test_world world;
    struct test_random random = {72};
    struct tv_arena arena = {0};
    struct tv_scan_stats stats;
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    struct tv_error err;
    uint64_t text_bytes = 0, rows = 0;
    test_world_init(&world, 72);
    (void)test_commit_one(world.store, ragged(&random, &text_bytes));
    test_compact(world.store);
    struct tv_scan_spec spec = test_all();
    spec.columns = (struct tv_scan_columns){.fields = 1u << TV_FIELD_TIME};
    spec.where = tv_pred_exists(&arena, tv_field_resolve(TV_STR("label.1777")));
    struct tv_snapshot *snapshot = tv_snapshot_take(world.store);
    assert_int_equal(tv_scan_open(snapshot, &spec, NULL, &scan, &err), TV_OK);
    do {
        assert_int_equal(tv_scan_next(scan, &found, &err), TV_OK);
        rows += found.count;
    } while (found.count);
    tv_scan_stats(scan, &stats);
    tv_scan_close(scan);
    tv_snapshot_unref(snapshot);
    assert_true(rows > ROWS / 20 && rows < ROWS / 5);
    assert_true(stats.bytes < world.store->segments->items[0]->payload_bytes / 2);
    tv_arena_release(&arena);
    test_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(wide__events_stay_in_bounds),
            cmocka_unit_test(wide__reads_one_name_without_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
