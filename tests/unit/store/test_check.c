/* SPDX-License-Identifier: Apache-2.0 */
/* The check: silent on a sound file, and finds each thing that can be wrong with one, by name. */
#include "support_world.h"

#include "base/hash.h"
#include "base/time.h"
#include "store/admin.h"
#include "store/store_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* What a check said. */
struct said {
    struct tv_check_totals totals;
    struct tv_buf lines;
    size_t steps;
};

static void note_problem(void *ctx, const char *line)
{
    struct said *said = ctx;
    tv_buf_printf(&said->lines, "%s\n", line);
}

static void note_progress(void *ctx, const struct tv_check_totals *totals, int64_t id, int64_t last)
{
    struct said *said = ctx;
    assert_true(totals->segments + totals->level0 > 0 || id <= last);
    said->steps++;
}

static struct said check(const char *dir)
{
    char path[512];
    struct said said = {.steps = 0};
    struct tv_error err;
    struct tv_check_watch watch = {note_problem, note_progress, &said};
    (void)snprintf(path, sizeof(path), "%s/traversion.db", dir);
    if (tv_store_check(path, &watch, &said.totals, &err) != TV_OK)
        fail_msg("%s", err.message);
    tv_buf_append_char(&said.lines, '\0');
    return said;
}

static void assert_clean(const char *dir, uint64_t events)
{
    struct said said = check(dir);
    assert_string_equal(said.lines.data, "");
    assert_int_equal(said.totals.problems, 0);
    assert_int_equal(said.totals.events, events);
    tv_buf_release(&said.lines);
}

/* At least one problem, and a line that holds the text. */
static void assert_finds(const char *dir, const char *text)
{
    struct said said = check(dir);
    assert_true(said.totals.problems > 0);
    if (!strstr(said.lines.data, text))
        fail_msg("'%s' is not in: %s", text, said.lines.data);
    tv_buf_release(&said.lines);
}

static sqlite3 *open_file(const char *dir)
{
    char path[512];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof(path), "%s/traversion.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

/* Turns over a byte of a blob behind the store's back; again puts it right. */
static void flip(const char *dir, const char *column, int64_t id, uint64_t offset)
{
    sqlite3 *db = open_file(dir);
    sqlite3_blob *blob = NULL;
    unsigned char byte = 0;
    assert_int_equal(sqlite3_blob_open(db, "main", "segment", column, id, 1, &blob), SQLITE_OK);
    assert_int_equal(sqlite3_blob_read(blob, &byte, 1, (int)offset), SQLITE_OK);
    byte ^= 0x10;
    assert_int_equal(sqlite3_blob_write(blob, &byte, 1, (int)offset), SQLITE_OK);
    assert_int_equal(sqlite3_blob_close(blob), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void put_blob(
        const char *dir, const char *sql, const struct tv_segment *segment, struct tv_str bytes)
{
    sqlite3 *db = open_file(dir);
    sqlite3_stmt *put = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &put, NULL), SQLITE_OK);
    (void)sqlite3_bind_blob64(put, 1, bytes.ptr, bytes.len, SQLITE_STATIC);
    (void)sqlite3_bind_int64(put, 2, segment->id);
    assert_int_equal(sqlite3_step(put), SQLITE_DONE);
    assert_int_equal(sqlite3_changes(db), 1);
    (void)sqlite3_finalize(put);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Metadata that are wrong, under a sum that is right. */
static void put_meta(const char *dir, const struct tv_segment *segment)
{
    struct tv_buf meta = {0};
    tv_segment_put_meta(segment, &meta);
    put_blob(dir, "UPDATE segment SET meta = ?1 WHERE id = ?2", segment, tv_buf_str(&meta));
    tv_buf_release(&meta);
}

/* One segment of wide, ragged events; the store is closed. */
static struct tv_segment *make_segment(struct test_world *world, uint64_t seed)
{
    test_world_init(world, seed);
    test_world_commit(world, 2, &(struct test_shape){900, NOON, TV_NS_PER_MIN, true});
    test_compact(world->store);
    assert_int_equal(world->store->segments->count, 1);
    struct tv_segment *segment = tv_segment_ref(world->store->segments->items[0]);
    segment->graveyard = NULL;
    tv_store_close(world->store);
    world->store = NULL;
    return segment;
}

static void end(struct test_world *world, struct tv_segment *segment)
{
    tv_segment_unref(segment);
    world->store = test_open(world->dir);
    test_world_release(world);
}

static void check__says_nothing_of_a_sound_file(void **state)
{
    (void)state;
    struct test_world world;
    test_world_init(&world, 901);
    assert_clean(world.dir, 0);
    for (int day = 0; day < 3; day++)
        test_world_commit(&world, 3,
                &(struct test_shape){400, NOON + day * TV_NS_PER_DAY, TV_NS_PER_HOUR, day == 1});
    assert_clean(world.dir, 3600);
    test_compact(world.store);
    assert_clean(world.dir, 3600);
    test_world_commit(&world, 4, &(struct test_shape){50, NOON, TV_NS_PER_MIN, true});
    assert_clean(world.dir, 3800);
    test_compact(world.store);
    test_world_reopen(&world);
    struct said said = check(world.dir);
    assert_int_equal(said.totals.events, 3800);
    assert_true(said.totals.segments >= 3);
    assert_true(said.totals.bytes > 0);
    assert_true(said.steps >= said.totals.segments);
    assert_int_equal(said.totals.problems, 0);
    tv_buf_release(&said.lines);
    test_world_release(&world);
}

static void flip_and_find(const char *dir, int64_t id, const struct tv_block *block,
        const char *format, struct tv_str name)
{
    char text[256];
    if (block->bytes == 0)
        return;
    (void)snprintf(text, sizeof(text), format, (long long)id, TV_STR_ARG(name));
    flip(dir, "payload", id, block->offset + block->bytes / 2);
    assert_finds(dir, text);
    flip(dir, "payload", id, block->offset + block->bytes / 2);
}

static void check__names_the_block_of_a_flipped_byte(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_segment *segment = make_segment(&world, 902);
    assert_true(segment->overflow_count > 0 && segment->attr_count > 0);
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        flip_and_find(world.dir, segment->id, &segment->fields[i].block,
                "segment %lld, column %.*s: the checksum",
                tv_str_of(tv_field_name((enum tv_field)i)));
    for (uint32_t i = 0; i < segment->attr_count; i++)
        flip_and_find(world.dir, segment->id, &segment->attrs[i].column.block,
                "segment %lld, attribute %.*s: the checksum", segment->attrs[i].name);
    for (uint32_t i = 0; i < segment->overflow_count; i++)
        flip_and_find(world.dir, segment->id, &segment->overflows[i].block,
                "segment %lld, column %.*s: the checksum", TV_STR("overflow"));
    static const char *const filters[] = {"event", "trace", "span"};
    for (int i = 0; i < TV_FILTER_COUNT; i++)
        flip_and_find(world.dir, segment->id, &segment->filters[i],
                "segment %lld, filter %.*s: the checksum", tv_str_of(filters[i]));
    assert_clean(world.dir, 1800);
    end(&world, segment);
}

static void check__finds_damaged_metadata(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_segment *segment = make_segment(&world, 903);
    flip(world.dir, "meta", segment->id, segment->meta_bytes / 2);
    assert_finds(world.dir, "the metadata are damaged");
    flip(world.dir, "meta", segment->id, segment->meta_bytes / 2);
    assert_clean(world.dir, 1800);
    end(&world, segment);
}

static void check__finds_a_damaged_commit(void **state)
{
    (void)state;
    struct test_world world;
    test_world_init(&world, 904);
    test_world_commit(&world, 2, &(struct test_shape){60, NOON, TV_NS_PER_MIN, false});
    int64_t id = world.store->level0[0]->id;
    flip(world.dir, "payload", id, 70);
    assert_finds(world.dir, "commit 1: the checksum");
    flip(world.dir, "payload", id, 70);
    assert_clean(world.dir, 120);
    test_world_release(&world);
}

static void check__finds_a_wrong_row_count(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_segment *segment = make_segment(&world, 905);
    segment->extent.rows++;
    put_meta(world.dir, segment);
    assert_finds(world.dir, "column timestamp: has 1800 rows, the segment 1801");
    segment->extent.rows--;
    segment->fields[TV_FIELD_NAME].present--;
    put_meta(world.dir, segment);
    assert_finds(world.dir, "column name: ");
    segment->fields[TV_FIELD_NAME].present++;
    put_meta(world.dir, segment);
    assert_clean(world.dir, 1800);
    end(&world, segment);
}

static void check__finds_a_missing_column(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_segment *segment = make_segment(&world, 906);
    struct tv_segment_column kept = segment->fields[TV_FIELD_SERVICE];
    segment->fields[TV_FIELD_SERVICE] = (struct tv_segment_column){.present = 0};
    put_meta(world.dir, segment);
    assert_finds(world.dir, "column service: missing");
    segment->fields[TV_FIELD_SERVICE] = kept;
    segment->attr_count--;
    put_meta(world.dir, segment);
    assert_finds(world.dir, "begins at byte");
    segment->attr_count++;
    put_meta(world.dir, segment);
    assert_clean(world.dir, 1800);
    end(&world, segment);
}

static void check__finds_wrong_derived_data(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_segment *segment = make_segment(&world, 907);
    struct tv_zone *zone = &segment->fields[TV_FIELD_DURATION].zone;
    double max = zone->max;
    zone->max = zone->min;
    put_meta(world.dir, segment);
    assert_finds(world.dir, "column durationNs: values from");
    zone->max = max;
    segment->extent.max_arrival++;
    put_meta(world.dir, segment);
    assert_finds(world.dir, "column arrival: the events reach");
    segment->extent.max_arrival--;
    segment->services[0].errors++;
    put_meta(world.dir, segment);
    assert_finds(world.dir, "directory: ");
    segment->services[0].errors--;
    assert_true(segment->fields[TV_FIELD_KIND].value_count > 0);
    segment->fields[TV_FIELD_KIND].values[0] = 200;
    put_meta(world.dir, segment);
    assert_finds(world.dir, "column kind: the list of values");
    end(&world, segment);
}

/* The sum is that of the empty filter: only the ids tell. */
static void check__finds_ids_that_a_filter_lost(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_segment *segment = make_segment(&world, 908);
    struct tv_block *block = &segment->filters[TV_FILTER_TRACE];
    struct tv_buf payload = {0};
    struct tv_db db = {0};
    struct tv_error err;
    char *path = tv_store_file_of(world.dir, "traversion.db");
    assert_int_equal(tv_db_open(path, TV_DB_READER, &db, &err), TV_OK);
    sqlite3_stmt *row = NULL;
    assert_int_equal(tv_db_prepare(&db, "SELECT payload FROM segment", &row, &err), TV_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    tv_buf_append(&payload, sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0));
    (void)sqlite3_finalize(row);
    tv_db_close(&db);
    free(path);
    memset(payload.data + block->offset, 0, block->bytes);
    block->sum = tv_hash64(payload.data + block->offset, block->bytes);
    put_blob(world.dir, "UPDATE segment SET payload = ?1 WHERE id = ?2", segment,
            tv_buf_str(&payload));
    put_meta(world.dir, segment);
    assert_finds(world.dir, "filter trace: ");
    tv_buf_release(&payload);
    end(&world, segment);
}

static void check__finds_a_counter_that_fell_behind(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_segment *segment = make_segment(&world, 909);
    sqlite3 *db = open_file(world.dir);
    const char *sql = "UPDATE counter SET value = 7 WHERE name = 'arrival'";
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_finds(world.dir, "counter arrival: 7 is below 1800");
    end(&world, segment);
}

static void check__refuses_what_is_no_store(void **state)
{
    (void)state;
    struct tv_error err;
    struct said said = {.steps = 0};
    struct tv_check_watch watch = {note_problem, NULL, &said};
    assert_int_equal(tv_store_check("/nowhere/traversion.db", &watch, &said.totals, &err), TV_IO);
    assert_non_null(strstr(err.message, "/nowhere/traversion.db"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(check__says_nothing_of_a_sound_file),
            cmocka_unit_test(check__names_the_block_of_a_flipped_byte),
            cmocka_unit_test(check__finds_damaged_metadata),
            cmocka_unit_test(check__finds_a_damaged_commit),
            cmocka_unit_test(check__finds_a_wrong_row_count),
            cmocka_unit_test(check__finds_a_missing_column),
            cmocka_unit_test(check__finds_wrong_derived_data),
            cmocka_unit_test(check__finds_ids_that_a_filter_lost),
            cmocka_unit_test(check__finds_a_counter_that_fell_behind),
            cmocka_unit_test(check__refuses_what_is_no_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
