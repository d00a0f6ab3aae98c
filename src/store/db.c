/* SPDX-License-Identifier: Apache-2.0 */
/* Connections and errors.
 *
 * The page size is 16 KiB: a commit of one event writes one page, a segment's payload is a chain of
 * about two hundred, and reads in the middle of a blob follow the chain through the pointer map that
 * incremental vacuum keeps anyway. Automatic checkpoints are off, since they would run inside a
 * COMMIT; the maintenance lane makes them. */
#include "store/db.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>

enum { BUSY_MS = 5000 };

enum tv_status tv_db_fail(const struct tv_db *db, int code, const char *doing, struct tv_error *err)
{
    int primary = code & 0xff;
    int cause = db->sql ? sqlite3_system_errno(db->sql) : 0;
    const char *path = db->path;
    bool no_space = primary == SQLITE_FULL ||
            (primary == SQLITE_IOERR && (cause == ENOSPC || cause == EDQUOT));
    if (no_space)
        return tv_fail(err, TV_FULL, "no space left to %s '%s'", doing, path);
    if (primary == SQLITE_NOMEM)
        abort();
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
        return tv_fail(err, TV_CORRUPT, "cannot %s '%s': %s", doing, path, sqlite3_errstr(code));
    if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
        return tv_fail(err, TV_CONFLICT, "cannot %s '%s': another process holds it", doing, path);
    const char *why = cause ? strerror(cause) : sqlite3_errstr(code);
    return tv_fail(err, TV_IO, "cannot %s '%s': %s", doing, path, why);
}

static enum tv_status set_up(const struct tv_db *db, enum tv_db_mode mode, struct tv_error *err)
{
    (void)sqlite3_busy_timeout(db->sql, BUSY_MS);
    (void)sqlite3_extended_result_codes(db->sql, 1);
    if (mode == TV_DB_READER)
        return tv_db_exec(db, "PRAGMA query_only=ON; PRAGMA cache_size=-4096", err);
    /* The page size and the vacuum mode only take effect while the file is empty. */
    return tv_db_exec(db,
            "PRAGMA page_size=16384; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
            "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-8192;"
            "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON; PRAGMA secure_delete=FAST",
            err);
}

enum tv_status tv_db_open(
        const char *path, enum tv_db_mode mode, struct tv_db *out, struct tv_error *err)
{
    *out = (struct tv_db){0};
    struct tv_db db = {NULL, tv_malloc(strlen(path) + 1)};
    memcpy(db.path, path, strlen(path) + 1);
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    flags |= mode == TV_DB_READER  ? SQLITE_OPEN_READONLY
            : mode == TV_DB_WRITER ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                   : SQLITE_OPEN_READWRITE;
    int code = sqlite3_open_v2(path, &db.sql, flags, NULL);
    enum tv_status status =
            code == SQLITE_OK ? set_up(&db, mode, err) : tv_db_fail(&db, code, "open", err);
    if (status != TV_OK) {
        tv_db_close(&db);
        return status;
    }
    *out = db;
    return TV_OK;
}

void tv_db_close(struct tv_db *db)
{
    TV_ASSERT(sqlite3_close(db->sql) == SQLITE_OK); /* no statement or blob is left open */
    free(db->path);
    *db = (struct tv_db){0};
}

enum tv_status tv_db_exec(const struct tv_db *db, const char *sql, struct tv_error *err)
{
    int code = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? TV_OK : tv_db_fail(db, code, "use", err);
}

enum tv_status tv_db_int(
        const struct tv_db *db, const char *sql, int64_t *out, struct tv_error *err)
{
    sqlite3_stmt *statement = NULL;
    enum tv_status status = tv_db_prepare(db, sql, &statement, err);
    if (status != TV_OK)
        return status;
    int code = sqlite3_step(statement);
    int64_t value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    (void)sqlite3_finalize(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return tv_db_fail(db, code, "read", err);
    *out = value;
    return TV_OK;
}

enum tv_status tv_db_prepare(
        const struct tv_db *db, const char *sql, sqlite3_stmt **out, struct tv_error *err)
{
    int code = sqlite3_prepare_v3(db->sql, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    return code == SQLITE_OK ? TV_OK : tv_db_fail(db, code, "read", err);
}

enum tv_status tv_db_run(const struct tv_db *db, sqlite3_stmt *statement, struct tv_error *err)
{
    int code = sqlite3_step(statement);
    enum tv_status status =
            code == SQLITE_DONE || code == SQLITE_ROW ? TV_OK : tv_db_fail(db, code, "write", err);
    (void)sqlite3_reset(statement);
    return status;
}

void tv_db_rollback(const struct tv_db *db)
{
    if (!sqlite3_get_autocommit(db->sql))
        (void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
}
