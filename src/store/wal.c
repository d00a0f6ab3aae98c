/* SPDX-License-Identifier: Apache-2.0 */
/* After a sync that failed.
 *
 * Where fdatasync reports an error, Linux thinks the pages clean that it could not write: the next
 * sync succeeds and has not written them either ("fsyncgate", Rebello et al., "Can Applications
 * Recover from fsync Failures?", USENIX ATC 2020). A commit that failed is harmless, since the next
 * one writes its frames over it. But before it may lie a compaction's frames, which wait for the next
 * commit's sync by design: were they missing, the log would end there after a power cut, and with it
 * every later commit that was acknowledged. So before the next commit the whole log, which can still
 * be read, is written again: that makes its pages dirty, and a sync mean something.
 *
 * Ending the process, as PostgreSQL does, was turned down: the log's next reader would read the same
 * pages from the same cache. A checkpoint instead would write the main file from a log that may not
 * be there to finish it. The price is some 16 MiB written once after each failure. */
#include "store/wal.h"

#include "base/mem.h"

#include <stdlib.h>

enum { PIECE_BYTES = 1 << 16 }; /* SQLite writes less than 128 KiB at once */

static int write_again(sqlite3_file *file, sqlite3_int64 bytes, void *piece)
{
    const sqlite3_io_methods *methods = file->pMethods;
    int code = SQLITE_OK;
    for (sqlite3_int64 at = 0; at < bytes && code == SQLITE_OK; at += PIECE_BYTES) {
        int count = bytes - at < PIECE_BYTES ? (int)(bytes - at) : PIECE_BYTES;
        code = methods->xRead(file, piece, count, at);
        if (code == SQLITE_OK)
            code = methods->xWrite(file, piece, count, at);
    }
    return code == SQLITE_OK ? methods->xSync(file, SQLITE_SYNC_NORMAL) : code;
}

enum tv_status tv_wal_renew(const struct tv_db *db, struct tv_error *err)
{
    sqlite3_file *log = NULL;
    sqlite3_int64 bytes = 0;
    int code = sqlite3_file_control(db->sql, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code == SQLITE_OK)
        code = log->pMethods->xFileSize(log, &bytes);
    if (code == SQLITE_OK && bytes > 0) {
        void *piece = tv_malloc(PIECE_BYTES);
        code = write_again(log, bytes, piece);
        free(piece);
    }
    return code == SQLITE_OK ? TV_OK : tv_db_fail(db, code, "renew the log of", err);
}
