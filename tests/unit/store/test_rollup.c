/* SPDX-License-Identifier: Apache-2.0 */
/* Rollups: what they tell, with the rows of the segments that tell nothing, equals the rows' own counts. */
#include "support_world.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/time.h"
#include "store/rollup.h"
#include "store/store_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Counts by stretch and by service and type, as text keys. */
struct counted {
    struct tv_map map;
    struct tv_arena arena;
    int64_t step_ns;
    uint64_t rolled_up;
};

static void add(struct counted *counted, struct tv_str key, const struct tv_counts *counts)
{
    *tv_map_put_copy(&counted->map, &counted->arena, key, NULL) +=
            counts->events + (counts->errors << 20) + (counts->warnings << 40);
}

static void add_stretch(void *ctx, int64_t time, const struct tv_counts *counts)
{
    struct counted *counted = ctx;
    long long number = (long long)(time / counted->step_ns);
    add(counted, tv_arena_printf(&counted->arena, "t %lld", number), counts);
}

static void add_cell(
        void *ctx, struct tv_str service, struct tv_str type, const struct tv_counts *counts)
{
    struct counted *counted = ctx;
    struct tv_str key =
            tv_arena_printf(&counted->arena, "c %.*s|%.*s", TV_STR_ARG(service), TV_STR_ARG(type));
    add(counted, key, counts);
}

static void add_row(struct counted *counted, const struct tv_batch *batch, uint32_t row)
{
    const uint8_t *severities = tv_batch_u8(batch, TV_FIELD_SEVERITY);
    bool error = tv_batch_is_error(batch, row);
    bool warning = severities && !error && severities[row] >= TV_SEVERITY_WARN &&
            severities[row] < TV_SEVERITY_ERROR;
    struct tv_counts one = {1, error, warning};
    if (counted->step_ns)
        add_stretch(counted, tv_batch_i64(batch, TV_FIELD_TIME)[row], &one);
    add_cell(counted, tv_batch_text(batch, TV_FIELD_SERVICE, row),
            tv_batch_text(batch, TV_FIELD_TYPE, row), &one);
}

static struct counted count(
        struct tv_store *store, struct tv_scan_spec spec, int64_t step_ns, bool roll)
{
    struct counted counted = {.step_ns = step_ns};
    struct tv_scan_rollup rollup = {step_ns, add_stretch, add_cell, &counted};
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    struct tv_scan_stats stats;
    spec.rollup = roll ? &rollup : NULL;
    spec.columns = (struct tv_scan_columns){.fields = UINT32_MAX >> 1, .all_attributes = true};
    assert_int_equal(tv_scan_open(snapshot, &spec, NULL, &scan, NULL), TV_OK);
    for (;;) {
        assert_int_equal(tv_scan_next(scan, &found, NULL), TV_OK);
        if (found.count == 0)
            break;
        for (uint32_t i = 0; i < found.count; i++)
            add_row(&counted, found.batch, found.rows[i]);
    }
    tv_scan_stats(scan, &stats);
    counted.rolled_up = stats.rolled_up;
    tv_scan_close(scan);
    tv_snapshot_unref(snapshot);
    return counted;
}

static void release(struct counted *counted)
{
    tv_map_release(&counted->map);
    tv_arena_release(&counted->arena);
}

/* Both ways; returns how many segments told their counts. */
static uint64_t compare(struct tv_store *store, const struct tv_scan_spec *spec, int64_t step_ns)
{
    struct counted rows = count(store, *spec, step_ns, false);
    struct counted rolled = count(store, *spec, step_ns, true);
    assert_int_equal(rows.map.count, rolled.map.count);
    for (size_t i = 0; i < rows.map.count; i++) {
        uint64_t *other = tv_map_get(&rolled.map, rows.map.entries[i].key);
        assert_non_null(other);
        assert_int_equal(*other, rows.map.entries[i].value);
    }
    uint64_t told = rolled.rolled_up;
    release(&rows);
    release(&rolled);
    return told;
}

static uint64_t compare_all(struct tv_store *store, struct test_random *random, int64_t span_ns)
{
    static const int64_t steps[] = {0, 10 * TV_NS_PER_S, 20 * TV_NS_PER_S, TV_NS_PER_MIN,
            45 * TV_NS_PER_MIN, TV_NS_PER_HOUR, 7 * TV_NS_PER_S};
    struct tv_arena arena = {0};
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    uint64_t last = tv_snapshot_last_arrival(snapshot), told = 0;
    tv_snapshot_unref(snapshot);
    struct tv_value names[] = {tv_value_str(TV_STR("checkout")), tv_value_str(TV_STR("span"))};
    for (size_t i = 0; i < 6 * sizeof(steps) / sizeof(steps[0]); i++) {
        struct tv_scan_spec spec = {.from = INT64_MIN, .to = INT64_MAX, .arrival_to = UINT64_MAX};
        if (i % 3 == 1) {
            spec.from = NOON + (int64_t)test_below(random, (uint64_t)span_ns);
            spec.to = spec.from + (int64_t)test_below(random, (uint64_t)span_ns);
        }
        if (i % 4 == 2)
            spec.arrival_to = 1 + test_below(random, last);
        if (i % 2)
            spec.where = tv_pred_not(
                    &arena, tv_pred_in(&arena, tv_field_ref_fixed(TV_FIELD_SERVICE), names, 2));
        assert_true(tv_rollup_decides(spec.where));
        told += compare(store, &spec, steps[i % (sizeof(steps) / sizeof(steps[0]))]);
    }
    tv_arena_release(&arena);
    return told;
}

/* Dense and sparse stretches, late rows, restarts, merges. */
static void rollup__equals_the_rows(void **state)
{
    (void)state;
    static const int64_t spans[] = {TV_NS_PER_MIN, 6 * TV_NS_PER_HOUR, 40 * TV_NS_PER_DAY};
    struct test_random random = {71};
    uint64_t told = 0;
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        char *dir = test_folder_make();
        struct tv_store *store = test_open(dir);
        for (int round = 0; round < 6; round++) {
            struct test_shape shape = {4000, NOON, spans[i], false};
            (void)test_commit_one(store, test_batch(&random, &shape));
            if (round % 2)
                test_compact(store);
            told += compare_all(store, &random, spans[i]);
        }
        tv_store_close(store);
        store = test_open(dir);
        told += compare_all(store, &random, spans[i]);
        tv_store_close(store);
        test_folder_remove(dir);
    }
    assert_true(told > 50); /* or nothing was tested */
}

static struct tv_rollup make(uint32_t count, int64_t gap_ns, struct tv_arena *arena)
{
    struct tv_rollup rollup = {.cell_count = 1};
    struct tv_rollup_row *rows = tv_calloc(count, sizeof(*rows));
    rollup.cells = tv_arena_calloc(arena, 1, sizeof(*rollup.cells));
    for (uint32_t i = 0; i < count; i++)
        rows[i] = (struct tv_rollup_row){.time = NOON + (int64_t)i * gap_ns, .error = i % 50 == 0};
    tv_rollup_make(&rollup, rows, count, arena);
    free(rows);
    return rollup;
}

static void rollup__keeps_the_finest_step_that_pays(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    assert_int_equal(make(60000, TV_NS_PER_MS, &arena).total.step_ns, 10 * TV_NS_PER_S);
    assert_int_equal(make(60000, 2 * TV_NS_PER_S, &arena).total.step_ns, TV_NS_PER_MIN);
    assert_int_equal(make(60000, TV_NS_PER_MIN, &arena).total.step_ns, TV_NS_PER_HOUR);
    assert_int_equal(make(60000, TV_NS_PER_DAY, &arena).total.step_ns, 0);
    struct tv_rollup dense = make(60000, TV_NS_PER_MS, &arena);
    assert_true(dense.total.bytes.len <= 7 * 8); /* seven stretches of a minute */
    assert_int_equal(dense.cells[0].counts.errors, 1200);
    tv_arena_release(&arena);
}

static void rollup__survives_wrong_bytes(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    struct test_random random = {73};
    struct tv_rollup rollup = make(5000, TV_NS_PER_S, &arena);
    struct tv_buf bytes = {0};
    tv_rollup_put(&rollup, &bytes);
    for (int i = 0; i < 2000; i++) {
        struct tv_buf copy = {0};
        tv_buf_append(&copy, bytes.data, bytes.len);
        copy.data[test_below(&random, copy.len)] ^= (char)(1 + test_below(&random, 255));
        struct tv_reader in = {(const uint8_t *)copy.data,
                (const uint8_t *)copy.data + test_below(&random, copy.len + 1)};
        struct tv_rollup out = {0};
        struct tv_rollup_entry entry;
        if (tv_rollup_get(&in, &arena, &out)) {
            struct tv_rollup_reader reader = tv_rollup_read(&out.total, false);
            while (tv_rollup_next(&reader, &entry))
                assert_true(entry.cell == 0);
        }
        tv_buf_release(&copy);
    }
    tv_buf_release(&bytes);
    tv_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(rollup__equals_the_rows),
            cmocka_unit_test(rollup__keeps_the_finest_step_that_pays),
            cmocka_unit_test(rollup__survives_wrong_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
