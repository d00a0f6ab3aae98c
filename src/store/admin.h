/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to a store's file as a whole: checking it, copying it. Beside a running daemon too.
 *
 * Both work on the file by connections of their own and take neither the folder's lock nor a
 * snapshot of the daemon; both run as long as the file is large, on the calling thread.
 *
 *     struct tv_check_totals totals;
 *     status = tv_store_check(path, &watch, &totals, &err);
 *     if (status == TV_OK && totals.problems == 0) …
 */
#ifndef TV_STORE_ADMIN_H
#define TV_STORE_ADMIN_H

#include "base/str.h"

struct tv_check_totals {
    uint64_t segments, level0; /* rows of either kind, read so far */
    uint64_t events, bytes;    /* in them */
    uint64_t problems;
};

struct tv_check_watch {
    /* One line, no line break: what is wrong, and the segment and column it is wrong in. */
    void (*problem)(void *ctx, const char *line);
    /* After each row of the table; may be NULL. `id` is that row's, of ids up to `last`. */
    void (*progress)(void *ctx, const struct tv_check_totals *totals, int64_t id, int64_t last);
    void *ctx;
};

/* Verifies the file `path`: SQLite's own quick_check; every segment's and commit's checksums; every
 * column decoded; row counts, zone maps, lists of values, directories, extents and filters compared
 * with the decoded events; counters compared with what was seen. TV_OK when all of it was looked
 * at, whatever was found: `totals` counts the problems. Rows that a daemon beside it compacts
 * meanwhile are looked at in their new place, so that a total may count some events twice. Any other
 * status: the file is not a store, or cannot be read at all. */
TV_CHECKED enum tv_status tv_store_check(const char *path, const struct tv_check_watch *watch,
        struct tv_check_totals *totals, struct tv_error *err);

struct tv_backup_watch {
    /* Several times a second; may be NULL. */
    void (*progress)(void *ctx, uint64_t bytes_done, uint64_t bytes_total);
    void *ctx;
};

/* Copies the store `path` as it is at one moment into the new file `copy`, which can stand as
 * traversion.db in a data folder of its own. Written as "`copy`.tmp", flushed, then renamed: `copy`
 * is whole or absent. TV_CONFLICT if it exists already (it is never replaced) or another backup is
 * writing it; TV_FULL, TV_IO name the file. A daemon that writes `path` meanwhile goes on; its log
 * is not shortened until the copy is done. */
TV_CHECKED enum tv_status tv_store_backup(const char *path, const char *copy,
        const struct tv_backup_watch *watch, struct tv_error *err);

#endif
