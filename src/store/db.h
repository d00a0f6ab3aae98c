/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite behind a few calls: connections, their pragmas, errors as statuses, ranges of blobs.
 *
 * A connection is used by one thread at a time (no mutex inside). The writer's is the writer lane's,
 * another belongs to the maintenance lane, readers come from the store's pool. */
#ifndef TV_STORE_DB_H
#define TV_STORE_DB_H

#include "base/str.h"

#include <sqlite3.h>

enum tv_db_mode {
    TV_DB_WRITER, /* creates the file, synchronous=FULL */
    TV_DB_READER, /* never writes */
    TV_DB_SIDE    /* a writer beside the daemon (tokens), or its checkpointer */
};

struct tv_db {
    sqlite3 *sql;
    char *path; /* owned */
};

/* On TV_OK *out is owned (tv_db_close); on failure it is zeroed. */
TV_CHECKED enum tv_status tv_db_open(
        const char *path, enum tv_db_mode mode, struct tv_db *out, struct tv_error *err);
void tv_db_close(struct tv_db *db);

/* The status that an SQLite result code stands for, with a message that names the file. */
enum tv_status tv_db_fail(
        const struct tv_db *db, int code, const char *doing, struct tv_error *err);
TV_CHECKED enum tv_status tv_db_exec(const struct tv_db *db, const char *sql, struct tv_error *err);
/* The first column of the first row, 0 if there is none. */
TV_CHECKED enum tv_status tv_db_int(
        const struct tv_db *db, const char *sql, int64_t *out, struct tv_error *err);
/* A statement to keep; owned by the caller (sqlite3_finalize). */
TV_CHECKED enum tv_status tv_db_prepare(
        const struct tv_db *db, const char *sql, sqlite3_stmt **out, struct tv_error *err);
/* Runs a statement that gives no rows and resets it. */
TV_CHECKED enum tv_status tv_db_run(
        const struct tv_db *db, sqlite3_stmt *statement, struct tv_error *err);
/* Undoes the open transaction, if there is one. */
void tv_db_rollback(const struct tv_db *db);

#endif
