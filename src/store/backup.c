/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the file beside the daemon that writes it.
 *
 * SQLite's online backup copies pages. By itself it starts again whenever another process commits
 * between two of its steps, which beside a busy daemon is for ever; so the source's connection holds
 * one read transaction, and all steps see that one moment. VACUUM INTO would hold the same
 * transaction, cost a rewrite of every tree, and tell no progress; what it saves, the free pages, is
 * little, since the daemon gives them back itself. The price of either is that the log grows by what
 * arrives meanwhile.
 *
 * The copy has no journal while it is written: until it is renamed nobody relies on it. A lock on
 * its temporary file, beyond SQLite's own locks, keeps two backups apart and dies with the process,
 * so what a killed one left behind is simply overwritten. */
#include "store/admin.h"
#include "store/schema.h"
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEP_PAGES = 256 };

/* A byte that SQLite neither locks nor reads. */
static const off_t LOCK_BYTE = (off_t)1 << 62;

struct target {
    const char *path;
    const char *temporary;
    int fd; /* holds the lock; closed after SQLite's own, which would lose its locks else */
};

static enum tv_status fail_errno(struct tv_error *err, const char *doing, const char *path)
{
    enum tv_status status = errno == ENOSPC || errno == EDQUOT ? TV_FULL : TV_IO;
    return tv_fail(err, status, "cannot %s '%s': %s", doing, path, strerror(errno));
}

static enum tv_status refuse_existing(const char *path, struct tv_error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0 && errno == ENOENT)
        return TV_OK;
    return tv_fail(err, TV_CONFLICT, "'%s' exists already", path);
}

static enum tv_status open_target(struct target *target, struct tv_error *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_BYTE, .l_len = 1};
    enum tv_status status = refuse_existing(target->path, err);
    if (status != TV_OK)
        return status;
    target->fd = open(target->temporary, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (target->fd < 0)
        return fail_errno(err, "write", target->temporary);
    if (fcntl(target->fd, F_OFD_SETLK, &lock) != 0) {
        (void)close(target->fd);
        target->fd = -1;
        return tv_fail(err, TV_CONFLICT, "another backup writes '%s'", target->temporary);
    }
    return ftruncate(target->fd, 0) == 0 ? TV_OK : fail_errno(err, "write", target->temporary);
}

/* One moment of the source, held until the connection is closed. */
static enum tv_status pin(const struct tv_db *db, struct tv_error *err)
{
    int64_t version = 0;
    enum tv_status status = tv_schema_check(db, err);
    if (status == TV_CONFLICT)
        status = TV_OK; /* an older version: to be kept before the daemon migrates it */
    if (status == TV_OK)
        status = tv_db_exec(db, "BEGIN", err);
    if (status == TV_OK)
        status = tv_db_int(db, "SELECT count(*) FROM counter", &version, err);
    return status;
}

static enum tv_status open_copy(const char *path, struct tv_db *out, struct tv_error *err)
{
    out->path = strdup(path);
    int code = sqlite3_open_v2(path, &out->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return tv_db_fail(out, code, "open", err);
    (void)sqlite3_extended_result_codes(out->sql, 1);
    return tv_db_exec(out, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", err);
}

static enum tv_status copy_pages(const struct tv_db *from, const struct tv_db *to,
        const struct tv_backup_watch *watch, struct tv_error *err)
{
    int64_t page_bytes = 0;
    enum tv_status status = tv_db_int(from, "PRAGMA page_size", &page_bytes, err);
    if (status != TV_OK)
        return status;
    sqlite3_backup *backup = sqlite3_backup_init(to->sql, "main", from->sql, "main");
    if (!backup)
        return tv_db_fail(to, sqlite3_errcode(to->sql), "write", err);
    int code = SQLITE_OK;
    while (code == SQLITE_OK) {
        code = sqlite3_backup_step(backup, STEP_PAGES);
        uint64_t total = (uint64_t)sqlite3_backup_pagecount(backup);
        uint64_t left = (uint64_t)sqlite3_backup_remaining(backup);
        if (watch->progress)
            watch->progress(watch->ctx, (total - left) * (uint64_t)page_bytes,
                    total * (uint64_t)page_bytes);
    }
    (void)sqlite3_backup_finish(backup);
    return code == SQLITE_DONE ? TV_OK : tv_db_fail(to, code, "write", err);
}

enum tv_status tv_folder_sync_parent(const char *path, struct tv_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum tv_status status =
            fd >= 0 && fsync(fd) == 0 ? TV_OK : fail_errno(err, "flush the folder", folder);
    if (fd >= 0)
        (void)close(fd);
    free(folder);
    return status;
}

/* Some file systems cannot rename without replacing; there the look before has to do. */
static int rename_new(const char *from, const char *to)
{
    int code = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    return code != 0 && errno == EINVAL ? rename(from, to) : code;
}

static enum tv_status publish(const struct target *target, struct tv_error *err)
{
    if (fsync(target->fd) != 0)
        return fail_errno(err, "flush", target->temporary);
    enum tv_status status = refuse_existing(target->path, err);
    if (status == TV_OK && rename_new(target->temporary, target->path) != 0)
        status = fail_errno(err, "write", target->path);
    return status == TV_OK ? tv_folder_sync_parent(target->path, err) : status;
}

enum tv_status tv_store_backup(const char *path, const char *copy,
        const struct tv_backup_watch *watch, struct tv_error *err)
{
    struct target target = {.path = copy, .fd = -1};
    struct tv_db from = {0}, to = {0};
    struct tv_arena arena = {0};
    target.temporary = tv_arena_printf(&arena, "%s.tmp", copy).ptr;
    enum tv_status status = tv_db_open(path, TV_DB_READER, &from, err);
    if (status == TV_OK)
        status = pin(&from, err);
    if (status == TV_OK)
        status = open_target(&target, err);
    if (status == TV_OK)
        status = open_copy(target.temporary, &to, err);
    if (status == TV_OK)
        status = copy_pages(&from, &to, watch, err);
    tv_db_close(&to);
    tv_db_close(&from);
    if (status == TV_OK)
        status = publish(&target, err);
    if (status != TV_OK && target.fd >= 0)
        (void)unlink(target.temporary);
    if (target.fd >= 0)
        (void)close(target.fd);
    tv_arena_release(&arena);
    return status;
}
