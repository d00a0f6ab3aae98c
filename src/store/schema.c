/* SPDX-License-Identifier: Apache-2.0 */
/* Tables and migrations.
 *
 * PRAGMA user_version counts the steps already made. A step's SQL is never changed once released: a
 * new version appends a step. The payload is the last column of its table, so that reading the ones
 * before it does not walk its chain of pages. */
#include "store/schema.h"

#include <stdio.h>

static const char *const steps[] = {
        /* 1 */
        "CREATE TABLE segment("
        " id INTEGER PRIMARY KEY,"
        " level INTEGER NOT NULL,"
        " state INTEGER NOT NULL," /* 0 live, 1 dead */
        " class INTEGER NOT NULL,"
        " meta BLOB NOT NULL,"
        " payload BLOB NOT NULL);"
        "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE request(key BLOB PRIMARY KEY, time INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE token(name TEXT PRIMARY KEY, scopes INTEGER NOT NULL,"
        " created INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;",
        /* 2 */
        "CREATE TABLE erasure(id INTEGER PRIMARY KEY, arrival INTEGER NOT NULL,"
        " now INTEGER NOT NULL, text TEXT NOT NULL);",
        /* 3 */
        "CREATE TABLE rollup(segment INTEGER PRIMARY KEY, head BLOB NOT NULL, data BLOB NOT NULL);"
        "CREATE TRIGGER segment_gone AFTER DELETE ON segment BEGIN"
        " DELETE FROM rollup WHERE segment = old.id; END;",
        /* 4 */
        "CREATE TABLE prints("
        " id INTEGER PRIMARY KEY,"
        " state INTEGER NOT NULL," /* 0 live, 1 dead */
        " meta BLOB NOT NULL,"
        " data BLOB NOT NULL);",
        /* 5 */
        "CREATE TABLE frame("
        " id INTEGER PRIMARY KEY,"
        " bucket INTEGER NOT NULL,"
        " buckets INTEGER NOT NULL,"
        " first INTEGER NOT NULL,"
        " known INTEGER NOT NULL,"
        " used INTEGER NOT NULL,"
        " stale INTEGER," /* NULL: not */
        " data BLOB NOT NULL);",
};

_Static_assert(sizeof(steps) / sizeof(steps[0]) == TV_SCHEMA_VERSION, "a step for each version");

static enum tv_status read_version(const struct tv_db *db, int64_t *version, struct tv_error *err)
{
    int64_t application = 0;
    int64_t tables = 0;
    enum tv_status status = tv_db_int(db, "PRAGMA application_id", &application, err);
    if (status == TV_OK)
        status = tv_db_int(db, "PRAGMA user_version", version, err);
    if (status == TV_OK && application != TV_SCHEMA_APPLICATION)
        status = tv_db_int(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (status != TV_OK)
        return status;
    /* A file of our own to be has nothing in it yet. */
    if (application != TV_SCHEMA_APPLICATION && (application != 0 || *version != 0 || tables != 0))
        return tv_fail(err, TV_CORRUPT, "'%s' is not a store of this program", db->path);
    if (*version > TV_SCHEMA_VERSION)
        return tv_fail(err, TV_NEWER, "'%s' was written by a newer version (format %lld, known %d)",
                db->path, (long long)*version, TV_SCHEMA_VERSION);
    return TV_OK;
}

static enum tv_status make_step(const struct tv_db *db, int64_t version, struct tv_error *err)
{
    char sql[96];
    (void)snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%lld",
            TV_SCHEMA_APPLICATION, (long long)version + 1);
    enum tv_status status = tv_db_exec(db, steps[version], err);
    return status == TV_OK ? tv_db_exec(db, sql, err) : status;
}

enum tv_status tv_schema_migrate(const struct tv_db *db, struct tv_error *err)
{
    for (;;) {
        /* Asked again inside the transaction: a command beside the daemon may do the same now. */
        int64_t version = 0;
        enum tv_status status = tv_db_exec(db, "BEGIN IMMEDIATE", err);
        if (status == TV_OK)
            status = read_version(db, &version, err);
        bool done = version == TV_SCHEMA_VERSION;
        if (status == TV_OK && !done)
            status = make_step(db, version, err);
        if (status == TV_OK)
            status = tv_db_exec(db, "COMMIT", err);
        if (status != TV_OK)
            tv_db_rollback(db);
        if (status != TV_OK || done)
            return status;
    }
}

enum tv_status tv_schema_check(const struct tv_db *db, struct tv_error *err)
{
    int64_t version = 0;
    enum tv_status status = read_version(db, &version, err);
    if (status == TV_OK && version < TV_SCHEMA_VERSION)
        return tv_fail(
                err, TV_CONFLICT, "'%s' is of an older version: start the daemon once", db->path);
    return status;
}
