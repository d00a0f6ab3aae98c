/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of prints: the metadata, then every bucket under its checksum. What is damaged costs time and
 * no answer, since maintenance makes it again; it is told all the same, for disks rot in one place
 * first. */
#include "store/check_internal.h"
#include "store/prints.h"

#include "base/mem.h"

#include <stdlib.h>

enum { COLUMN_ID, COLUMN_META, COLUMN_DATA };

static struct tv_str column_blob(sqlite3_stmt *row, int column)
{
    const char *bytes = sqlite3_column_blob(row, column);
    return (struct tv_str){bytes ? bytes : "", (size_t)sqlite3_column_bytes(row, column)};
}

static void check_parts(struct tv_check *check, const struct tv_prints *prints, struct tv_str data)
{
    static const char *const names[TV_PRINTS_KINDS] = {"event", "trace", "span", "text"};
    for (int kind = 0; kind < TV_PRINTS_KINDS; kind++) {
        const struct tv_prints_part *part = &prints->parts[kind];
        uint32_t *all = tv_calloc((size_t)part->count + 1, sizeof(*all));
        bool good = tv_prints_get(data, part, all);
        uint32_t stray = 0;
        for (uint32_t i = 0; good && i < part->count; i++)
            stray += (all[i] & (TV_PRINTS_MEMBERS_MAX - 1)) >= prints->member_count;
        if (!good || stray)
            tv_check_problem(check, "prints %lld, %s: %s", (long long)prints->id, names[kind],
                    good ? "some are of no segment" : "a checksum does not match");
        free(all);
    }
}

static void check_row(struct tv_check *check, sqlite3_stmt *row)
{
    int64_t id = sqlite3_column_int64(row, COLUMN_ID);
    struct tv_str data = column_blob(row, COLUMN_DATA);
    struct tv_prints *prints = NULL;
    check->totals->bytes += data.len;
    if (tv_prints_get_meta(id, column_blob(row, COLUMN_META), &prints) != TV_OK) {
        tv_check_problem(check, "prints %lld: the metadata are damaged", (long long)id);
        return;
    }
    if (prints->data_bytes == data.len)
        check_parts(check, prints, data);
    else
        tv_check_problem(check, "prints %lld: %zu bytes, the metadata say %llu", (long long)id,
                data.len, (unsigned long long)prints->data_bytes);
    tv_prints_unref(prints);
}

enum tv_status tv_check_prints(struct tv_check *check, struct tv_error *err)
{
    sqlite3_stmt *row = NULL;
    enum tv_status status = tv_db_prepare(check->db,
            "SELECT id, meta, data FROM prints WHERE state = 0 AND id > ?1 ORDER BY id LIMIT 1",
            &row, err);
    /* A statement for each, so that the log is not held back. */
    for (int64_t last = 0; status == TV_OK;) {
        (void)sqlite3_bind_int64(row, 1, last);
        int code = sqlite3_step(row);
        if (code == SQLITE_ROW) {
            last = sqlite3_column_int64(row, COLUMN_ID);
            check_row(check, row);
        } else if ((code & 0xff) == SQLITE_CORRUPT) {
            tv_check_problem(check, "prints behind %lld: SQLite cannot read them: %s",
                    (long long)last, sqlite3_errstr(code));
        } else if (code != SQLITE_DONE) {
            status = tv_db_fail(check->db, code, "read", err);
        }
        (void)sqlite3_reset(row);
        if (code != SQLITE_ROW)
            break;
    }
    (void)sqlite3_finalize(row);
    return status;
}
