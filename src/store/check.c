/* SPDX-License-Identifier: Apache-2.0 */
/* The whole file, row by row.
 *
 * Each row is read by a statement of its own, payload and all, so that it is seen at one moment and
 * no read transaction outlives it: a daemon beside it goes on compacting and checkpointing. Rows
 * that it replaces meanwhile come again under a higher id, so after the rows that stood there at the
 * start those that came since are looked at, once. Only quick_check holds the log back while it
 * runs; it comes first, when the file is coldest. */
#include "store/check_internal.h"
#include "store/schema.h"
#include "store/store_internal.h"

#include "base/hash.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_BYTES = 640 };

enum { COLUMN_ID, COLUMN_LEVEL, COLUMN_STATE, COLUMN_META, COLUMN_PAYLOAD };

static void tell(struct tv_check *check, char *line)
{
    for (unsigned char *at = (unsigned char *)line; *at; at++)
        if (*at < ' ' || *at == 0x7f)
            *at = '?';
    check->totals->problems++;
    check->watch->problem(check->watch->ctx, line);
}

void tv_check_problem(struct tv_check *check, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    tell(check, line);
}

void tv_check_wrong(struct tv_check_segment *at, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    int length = snprintf(line, sizeof(line), "segment %lld, ", (long long)at->segment->id);
    va_start(arguments, format);
    (void)vsnprintf(line + length, sizeof(line) - (size_t)length, format, arguments);
    va_end(arguments);
    tell(at->check, line);
}

static struct tv_str column_blob(sqlite3_stmt *row, int column)
{
    const char *bytes = sqlite3_column_blob(row, column);
    return (struct tv_str){bytes ? bytes : "", (size_t)sqlite3_column_bytes(row, column)};
}

/* A commit: its sum first, so that a flipped byte is told from a form that is wrong. */
static void check_level0(struct tv_check *check, int64_t id, struct tv_str payload)
{
    struct tv_level0 *level0 = NULL;
    uint64_t sum = 0;
    check->totals->level0++;
    if (payload.len >= sizeof(sum))
        memcpy(&sum, payload.ptr, sizeof(sum));
    if (payload.len <= sizeof(sum) ||
            tv_hash64(payload.ptr + sizeof(sum), payload.len - sizeof(sum)) != sum) {
        tv_check_problem(check, "commit %lld: the checksum does not match", (long long)id);
        return;
    }
    if (tv_level0_decode(id, payload, &level0) != TV_OK) {
        tv_check_problem(check, "commit %lld: cannot be decoded", (long long)id);
        return;
    }
    uint64_t last = 0;
    for (size_t i = 0; i < level0->count; i++) {
        const struct tv_extent *extent = &level0->parts[i].extent;
        if (extent->min_arrival <= last ||
                extent->max_arrival - extent->min_arrival != extent->rows - 1)
            tv_check_problem(check, "commit %lld, column arrival: numbers do not follow each other",
                    (long long)id);
        last = extent->max_arrival;
    }
    check->totals->events += level0->extent.rows;
    tv_level0_unref(level0);
}

static void check_columnar(struct tv_check *check, int64_t id, sqlite3_stmt *row)
{
    struct tv_segment *segment = NULL;
    struct tv_str payload = column_blob(row, COLUMN_PAYLOAD);
    check->totals->segments++;
    if (tv_segment_get_meta(id, column_blob(row, COLUMN_META), &segment) != TV_OK) {
        tv_check_problem(check, "segment %lld: the metadata are damaged", (long long)id);
        return;
    }
    check->totals->events += segment->extent.rows;
    if (segment->extent.max_arrival > check->last_arrival)
        check->last_arrival = segment->extent.max_arrival;
    check->last_segment = id;
    tv_check_segment(check, segment, payload);
    tv_segment_unref(segment);
}

static void check_row(struct tv_check *check, sqlite3_stmt *row)
{
    int64_t id = sqlite3_column_int64(row, COLUMN_ID);
    int state = sqlite3_column_int(row, COLUMN_STATE);
    int level = sqlite3_column_int(row, COLUMN_LEVEL);
    if (state == 1)
        return; /* replaced, waiting to be deleted */
    if (state != 0 || level < 0) {
        tv_check_problem(
                check, "segment %lld: state %d, level %d are none", (long long)id, state, level);
        return;
    }
    struct tv_str payload = column_blob(row, COLUMN_PAYLOAD);
    check->totals->bytes += payload.len + (size_t)sqlite3_column_bytes(row, COLUMN_META);
    if (level == 0)
        check_level0(check, id, payload);
    else
        check_columnar(check, id, row);
}

/* One row, payload and all. Gone meanwhile: its events are in a later row. */
static enum tv_status read_row(
        struct tv_check *check, sqlite3_stmt *row, int64_t id, struct tv_error *err)
{
    (void)sqlite3_bind_int64(row, 1, id);
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        check_row(check, row);
    else if ((code & 0xff) == SQLITE_CORRUPT)
        tv_check_problem(check, "segment %lld: SQLite cannot read its row: %s", (long long)id,
                sqlite3_errstr(code));
    else if (code != SQLITE_DONE)
        return tv_db_fail(check->db, code, "read", err);
    (void)sqlite3_reset(row);
    return TV_OK;
}

/* The next id above `after` and up to `last`; false at the end. */
static bool next_id(struct tv_check *check, sqlite3_stmt *next, int64_t after, int64_t *out)
{
    (void)sqlite3_bind_int64(next, 1, after);
    int code = sqlite3_step(next);
    *out = code == SQLITE_ROW ? sqlite3_column_int64(next, 0) : 0;
    (void)sqlite3_reset(next);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        tv_check_problem(check,
                "file: the table of segments cannot be read behind segment %lld: %s",
                (long long)after, sqlite3_errstr(code));
    return code == SQLITE_ROW;
}

/* Rows above `after` and up to `last`. */
static enum tv_status check_range(
        struct tv_check *check, int64_t after, int64_t last, struct tv_error *err)
{
    sqlite3_stmt *next = NULL, *row = NULL;
    int64_t id = 0;
    enum tv_status status = tv_db_prepare(
            check->db, "SELECT id FROM segment WHERE id > ?1 ORDER BY id LIMIT 1", &next, err);
    if (status == TV_OK)
        status = tv_db_prepare(check->db,
                "SELECT id, level, state, meta, payload FROM segment WHERE id = ?1", &row, err);
    while (status == TV_OK && after < last && next_id(check, next, after, &id)) {
        after = id;
        status = id <= last ? read_row(check, row, id, err) : TV_OK;
        if (check->watch->progress)
            check->watch->progress(check->watch->ctx, check->totals, id, last);
    }
    (void)sqlite3_finalize(next);
    (void)sqlite3_finalize(row);
    return status;
}

/* Its answer is "ok" or a line for each problem. */
static enum tv_status quick_check(struct tv_check *check, struct tv_error *err)
{
    sqlite3_stmt *lines = NULL;
    /* At most a hundred lines. */
    enum tv_status status = tv_db_prepare(check->db, "PRAGMA quick_check(100)", &lines, err);
    int code = SQLITE_DONE;
    while (status == TV_OK && (code = sqlite3_step(lines)) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(lines, 0);
        if (line && strcmp(line, "ok") != 0)
            tv_check_problem(check, "file: %s", line);
    }
    (void)sqlite3_finalize(lines);
    if (status == TV_OK && (code & 0xff) == SQLITE_CORRUPT)
        tv_check_problem(check, "file: %s", sqlite3_errstr(code));
    else if (status == TV_OK && code != SQLITE_DONE)
        status = tv_db_fail(check->db, code, "read", err);
    return status;
}

static enum tv_status last_id(const struct tv_check *check, int64_t *out, struct tv_error *err)
{
    return tv_db_int(check->db, "SELECT max(id) FROM segment", out, err);
}

/* A number given twice would make two events one, so what was given is kept even if all that
 * carries it goes. Compaction writes it in one transaction with its segments. */
static enum tv_status check_counter(
        struct tv_check *check, const char *name, uint64_t seen, struct tv_error *err)
{
    int64_t value = 0;
    char sql[96];
    (void)snprintf(sql, sizeof(sql), "SELECT value FROM counter WHERE name = '%s'", name);
    enum tv_status status = tv_db_int(check->db, sql, &value, err);
    if (status == TV_OK && (value < 0 || (uint64_t)value < seen))
        tv_check_problem(check, "counter %s: %lld is below %llu, which a segment has", name,
                (long long)value, (unsigned long long)seen);
    return status;
}

static enum tv_status check_all(struct tv_check *check, struct tv_error *err)
{
    int64_t before = 0, after = 0;
    enum tv_status status = tv_schema_check(check->db, err);
    if (status == TV_OK)
        status = quick_check(check, err);
    if (status == TV_OK)
        status = last_id(check, &before, err);
    if (status == TV_OK)
        status = check_range(check, 0, before, err);
    if (status == TV_OK)
        status = last_id(check, &after, err);
    if (status == TV_OK)
        status = check_range(check, before, after, err);
    if (status == TV_OK)
        status = tv_check_prints(check, err);
    if (status == TV_OK)
        status = check_counter(check, "arrival", check->last_arrival, err);
    if (status == TV_OK)
        status = check_counter(check, "segment", (uint64_t)check->last_segment, err);
    return status;
}

enum tv_status tv_store_check(const char *path, const struct tv_check_watch *watch,
        struct tv_check_totals *totals, struct tv_error *err)
{
    struct tv_db db = {0};
    *totals = (struct tv_check_totals){0};
    enum tv_status status = tv_db_open(path, TV_DB_READER, &db, err);
    if (status != TV_OK)
        return status;
    struct tv_check check = {.db = &db, .watch = watch, .totals = totals};
    status = check_all(&check, err);
    tv_db_close(&db);
    return status;
}
