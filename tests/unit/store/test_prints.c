/* SPDX-License-Identifier: Apache-2.0 */
/* Prints: what was put in is found, and what was not is rarely; look-ups in a store that has them are
 * right whatever becomes of them, and read few segments. */
#include "support_world.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"
#include "store/prints.h"
#include "store/store_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEGMENTS = 70, ROWS = 200, LOOK_UPS = 300 };

static uint32_t *random_prints(uint64_t seed, size_t count, uint64_t distinct)
{
    struct test_random random = {seed};
    uint32_t *prints = tv_calloc(count + 1, sizeof(*prints));
    for (size_t i = 0; i < count; i++)
        prints[i] = tv_print(tv_mix64(test_below(&random, distinct) + seed),
                (uint32_t)test_below(&random, TV_PRINTS_MEMBERS_MAX));
    return prints;
}

static void prints__come_back_as_they_went_in(void **state)
{
    static const size_t counts[] = {0, 1, 2, 127, 130, 5000, 300000};
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct tv_buf data = {0};
        struct tv_prints_part part;
        /* Few distinct keys make long runs of one fingerprint, many make steps of zero. */
        for (uint64_t distinct = 3; distinct < UINT64_C(1) << 40; distinct <<= 18) {
            uint32_t *put = random_prints(7 + i, counts[i], distinct);
            tv_prints_put(&data, put, counts[i], &part);
            uint32_t *got = tv_calloc((size_t)part.count + 1, sizeof(*got));
            assert_true(tv_prints_get(tv_buf_str(&data), &part, got));
            assert_memory_equal(put, got, part.count * sizeof(*got));
            for (uint32_t k = 1; k < part.count; k++)
                assert_true(put[k - 1] < put[k]);
            free(put);
            free(got);
        }
        tv_buf_release(&data);
    }
}

static void prints__notice_every_flipped_byte(void **state)
{
    struct tv_buf data = {0};
    struct tv_prints_part part;
    (void)state;
    uint32_t *put = random_prints(11, 600, UINT64_C(1) << 40);
    tv_prints_put(&data, put, 600, &part);
    for (size_t i = 0; i < data.len; i++) {
        data.data[i] = (char)(data.data[i] ^ 0x41);
        uint32_t got[600];
        assert_false(tv_prints_get(tv_buf_str(&data), &part, got));
        data.data[i] = (char)(data.data[i] ^ 0x41);
    }
    free(put);
    tv_buf_release(&data);
}

static void prints__meta_comes_back_and_notices_damage(void **state)
{
    struct tv_prints *prints = tv_prints_new(), *got = NULL;
    struct tv_buf meta = {0};
    (void)state;
    prints->data_bytes = 1000;
    prints->member_count = 3;
    for (int i = 0; i < 3; i++)
        prints->members[i] = 5 + 1000 * i;
    prints->valued = 5;
    prints->parts[TV_PRINTS_SPAN] = (struct tv_prints_part){100, 900, 40, 2, 9};
    tv_prints_put_meta(prints, &meta);
    assert_int_equal(tv_prints_get_meta(17, tv_buf_str(&meta), &got), TV_OK);
    assert_int_equal(got->id, 17);
    assert_int_equal(got->members[2], 2005);
    assert_int_equal(got->valued, 5);
    assert_int_equal(got->parts[TV_PRINTS_SPAN].rice_bits, 9);
    tv_prints_unref(got);
    tv_prints_unref(prints);
    for (size_t i = 0; i < meta.len; i++) {
        meta.data[i] = (char)(meta.data[i] ^ 1);
        assert_int_equal(tv_prints_get_meta(17, tv_buf_str(&meta), &got), TV_CORRUPT);
        meta.data[i] = (char)(meta.data[i] ^ 1);
    }
    tv_buf_release(&meta);
}

/* Segment s holds rows s · ROWS …; every row has ids and a text of its own. */
static struct tv_batch *numbered_batch(uint32_t segment)
{
    struct tv_batch *batch = tv_batch_new();
    uint32_t order = tv_batch_attr(batch, TV_STR("order"));
    for (uint32_t i = 0; i < ROWS; i++) {
        char text[32];
        uint32_t row = tv_batch_add_row(batch), number = segment * ROWS + i;
        struct tv_str id = {text, (size_t)snprintf(text, sizeof(text), "%u", number)};
        tv_batch_set_time(batch, row, NOON + segment * 2 * TV_NS_PER_DAY + i);
        tv_batch_set_text(batch, TV_FIELD_SERVICE, row, TV_STR("shop"));
        tv_batch_set_text(batch, TV_FIELD_EVENT_ID, row, id);
        tv_batch_set_id(batch, TV_FIELD_TRACE_ID, row, (struct tv_id){1, number + 1});
        tv_batch_set_u64(batch, TV_FIELD_SPAN_ID, row, number + 1);
        tv_batch_set_attr(batch, order, row, tv_value_str(id));
    }
    return batch;
}

struct looked_up {
    uint64_t rows, segments;
};

static struct looked_up look_up(
        struct tv_store *store, struct tv_field_ref field, struct tv_str text)
{
    struct tv_arena arena = {0};
    struct tv_scan_spec spec = test_all();
    spec.where = tv_pred_compare(&arena, field, TV_OP_EQ, tv_value_str(text));
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    struct tv_scan *scan = NULL;
    struct tv_scan_batch batch;
    struct tv_scan_stats stats;
    struct looked_up found = {0};
    assert_int_equal(tv_scan_open(snapshot, &spec, NULL, &scan, NULL), TV_OK);
    do {
        assert_int_equal(tv_scan_next(scan, &batch, NULL), TV_OK);
        found.rows += batch.count;
    } while (batch.count);
    tv_scan_stats(scan, &stats);
    found.segments = stats.segments_read;
    tv_scan_close(scan);
    tv_snapshot_unref(snapshot);
    tv_arena_release(&arena);
    return found;
}

/* Every id and text of the store is found once, none beyond it; returns segments read in all. */
static uint64_t look_up_all(struct tv_store *store)
{
    uint64_t segments = 0;
    for (uint32_t i = 0; i < LOOK_UPS; i++) {
        /* The last tenth is not there. */
        uint32_t number = (uint32_t)((uint64_t)SEGMENTS * ROWS * 10 / 9 * i / LOOK_UPS);
        bool there = number < SEGMENTS * ROWS;
        char plain[32], trace[40], span[24];
        struct tv_str id = {plain, (size_t)snprintf(plain, sizeof(plain), "%u", number)};
        struct tv_str trace_id = {
                trace, (size_t)snprintf(trace, sizeof(trace), "%016x%016x", 1, number + 1)};
        struct tv_str span_id = {span, (size_t)snprintf(span, sizeof(span), "%016x", number + 1)};
        const struct {
            struct tv_field_ref field;
            struct tv_str text;
        } asked[] = {
                {tv_field_resolve(TV_STR("event_id")), id},
                {tv_field_resolve(TV_STR("trace_id")), trace_id},
                {tv_field_resolve(TV_STR("span_id")), span_id},
                {tv_field_resolve(TV_STR("order")), id},
        };
        for (size_t k = 0; k < sizeof(asked) / sizeof(asked[0]); k++) {
            struct looked_up found = look_up(store, asked[k].field, asked[k].text);
            assert_int_equal(found.rows, there);
            segments += found.segments;
        }
    }
    return segments;
}

static int64_t rows_of_prints(const char *dir)
{
    char *path = tv_store_file_of(dir, "traversion.db");
    struct tv_db db;
    int64_t rows = 0;
    assert_int_equal(tv_db_open(path, TV_DB_READER, &db, NULL), TV_OK);
    assert_int_equal(tv_db_int(&db, "SELECT count(*) FROM prints", &rows, NULL), TV_OK);
    tv_db_close(&db);
    free(path);
    return rows;
}

static struct tv_store *open_small(const char *dir, int64_t retention_ns)
{
    struct tv_store_config config = {.dir = dir, .retention_ns = retention_ns};
    struct tv_store *store = test_open_with(&config);
    store->prints_rows_min = ROWS / 2;
    return store;
}

static struct tv_store *fill(const char *dir)
{
    struct tv_store *store = open_small(dir, 0);
    for (uint32_t segment = 0; segment < SEGMENTS; segment++) {
        assert_int_equal(test_commit_one(store, numbered_batch(segment)).events, ROWS);
        test_compact(store);
    }
    return store;
}

/* 64 segments have a row of prints together, the last six their own filters. */
static void prints__lead_to_the_segment(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store *store = fill(dir);
    assert_int_equal(rows_of_prints(dir), 1);
    uint64_t read = look_up_all(store);
    /* Nine of ten are there; for a text the last six, which no prints cover, are read as well. */
    assert_true(read > LOOK_UPS * (3 * 9 + 9 + 60) / 10);
    assert_true(read < LOOK_UPS * (3 * 10 + 10 + 70) / 10);
    tv_store_close(store);
    store = open_small(dir, 0);
    assert_int_equal(look_up_all(store), read);
    tv_store_close(store);
    test_folder_remove(dir);
}

static void damage_data(const char *dir)
{
    char *path = tv_store_file_of(dir, "traversion.db");
    struct tv_db db;
    assert_int_equal(tv_db_open(path, TV_DB_WRITER, &db, NULL), TV_OK);
    assert_int_equal(
            tv_db_exec(&db, "UPDATE prints SET data = zeroblob(length(data))", NULL), TV_OK);
    tv_db_close(&db);
    free(path);
}

static void prints__that_are_damaged_are_made_again(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store *store = fill(dir);
    uint64_t read = look_up_all(store);
    tv_store_close(store);
    damage_data(dir);
    store = open_small(dir, 0);
    (void)look_up_all(store);
    store->prints_wanted = true;
    while (test_jobs(store, 100)) {
    }
    assert_int_equal(rows_of_prints(dir), 1);
    assert_int_equal(look_up_all(store), read);
    tv_store_close(store);
    test_folder_remove(dir);
}

static void prints__go_with_their_segments(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    tv_store_close(fill(dir));
    struct tv_store *store = open_small(dir, 1);
    while (test_jobs(store, 100)) {
    }
    assert_int_equal(rows_of_prints(dir), 0);
    tv_store_close(store);
    test_folder_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(prints__come_back_as_they_went_in),
            cmocka_unit_test(prints__notice_every_flipped_byte),
            cmocka_unit_test(prints__meta_comes_back_and_notices_damage),
            cmocka_unit_test(prints__lead_to_the_segment),
            cmocka_unit_test(prints__that_are_damaged_are_made_again),
            cmocka_unit_test(prints__go_with_their_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
