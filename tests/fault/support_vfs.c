/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of the wrapped VFS. Each asks once whether it is its turn to fail, and otherwise hands
 * on to the real one. Syncs are not handed on: nobody pulls the plug of the machine, and thousands
 * of runs would wait for its disk.
 *
 * Failing inside SQLite's system calls (xSetSystemCall) was turned down: its VFS retries and splits
 * what it does, so that the n-th call there is another one on every file system. */
#include "support_vfs.h"
#include "support_vfs_internal.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct file {
    sqlite3_file base;
    struct vfs_disk *disk; /* NULL: not watched */
    sqlite3_file *real;    /* behind this struct */
    bool only_read;
};

static sqlite3_vfs *below;
static struct vfs_plan plan;
static uint64_t counts[VFS_CALL_COUNT], hits;
static bool power_is_off;

const char *vfs_call_name(enum vfs_call call)
{
    static const char *const names[VFS_CALL_COUNT] = {
            "open", "read", "write", "sync", "truncate", "size", "lock", "map", "delete", "access"};
    return names[call];
}

const char *vfs_effect_name(enum vfs_effect effect)
{
    static const char *const names[VFS_EFFECT_COUNT] = {"EIO", "ENOSPC", "torn", "power"};
    return names[effect];
}

bool vfs_applies(enum vfs_call call, enum vfs_effect effect)
{
    bool grows = call == VFS_OPEN || call == VFS_WRITE || call == VFS_SYNC || call == VFS_MAP;
    if (effect == VFS_ENOSPC)
        return grows;
    if (effect == VFS_TORN)
        return call == VFS_WRITE || call == VFS_READ;
    if (effect == VFS_POWER)
        return call == VFS_WRITE || call == VFS_SYNC || call == VFS_TRUNCATE || call == VFS_DELETE;
    return true;
}

void vfs_arm(const struct vfs_plan *next)
{
    plan = next ? *next : (struct vfs_plan){.at = 0};
    memset(counts, 0, sizeof(counts));
    hits = 0;
    power_is_off = false;
}

uint64_t vfs_calls(enum vfs_call call)
{
    return counts[call];
}

uint64_t vfs_hits(void)
{
    return hits;
}

void vfs_power_off(void)
{
    power_is_off = true;
}

/* Counts the call. Whether it must fail; errno is then what the system would say. */
static bool fails(enum vfs_call call)
{
    uint64_t number = ++counts[call];
    bool turn = plan.at && call == plan.call &&
            (number == plan.at || (plan.lasting && number > plan.at));
    power_is_off = power_is_off || (turn && plan.effect == VFS_POWER);
    if (call == VFS_SYNC && hits && plan.power_after && --plan.power_after == 0)
        power_is_off = true;
    if (!turn && !power_is_off)
        return false;
    hits++;
    errno = !power_is_off && plan.effect == VFS_ENOSPC ? ENOSPC : EIO;
    return true;
}

static struct file *file_of(sqlite3_file *base)
{
    return (struct file *)base;
}

static int close_file(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xClose(file_of(base)->real);
}

static int read_file(sqlite3_file *base, void *out, int bytes, sqlite3_int64 offset)
{
    struct file *file = file_of(base);
    bool failing = fails(VFS_READ);
    if (failing && (power_is_off || plan.effect != VFS_TORN || !file->only_read))
        return SQLITE_IOERR_READ;
    int code = file->real->pMethods->xRead(file->real, out, bytes, offset);
    if (failing && code == SQLITE_OK) {
        memset((char *)out + bytes / 2, 0, (size_t)(bytes - bytes / 2));
        return SQLITE_IOERR_SHORT_READ;
    }
    return code;
}

static int write_through(struct file *file, const void *from, int bytes, sqlite3_int64 offset)
{
    int code = file->real->pMethods->xWrite(file->real, from, bytes, offset);
    if (code == SQLITE_OK && file->disk)
        vfs_disk_write(file->disk, offset, from, (size_t)bytes);
    return code;
}

static int write_file(sqlite3_file *base, const void *from, int bytes, sqlite3_int64 offset)
{
    struct file *file = file_of(base);
    if (!fails(VFS_WRITE))
        return write_through(file, from, bytes, offset);
    int why = errno;
    if (plan.effect == VFS_TORN || power_is_off)
        (void)write_through(file, from, power_is_off ? 0 : bytes / 2, offset);
    errno = why;
    return why == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *file = file_of(base);
    if (fails(VFS_TRUNCATE))
        return SQLITE_IOERR_TRUNCATE;
    int code = file->real->pMethods->xTruncate(file->real, size);
    if (code == SQLITE_OK && file->disk)
        vfs_disk_truncate(file->disk, size);
    return code;
}

static int sync_file(sqlite3_file *base, int flags)
{
    struct file *file = file_of(base);
    (void)flags;
    bool failing = fails(VFS_SYNC);
    int why = errno;
    if (file->disk && !power_is_off)
        vfs_disk_sync(file->disk, failing);
    errno = why;
    return failing ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int size_of_file(sqlite3_file *base, sqlite3_int64 *size)
{
    struct file *file = file_of(base);
    return fails(VFS_SIZE) ? SQLITE_IOERR_FSTAT : file->real->pMethods->xFileSize(file->real, size);
}

static int lock_file(sqlite3_file *base, int level)
{
    struct file *file = file_of(base);
    return fails(VFS_LOCK) ? SQLITE_IOERR_LOCK : file->real->pMethods->xLock(file->real, level);
}

static int unlock_file(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xUnlock(file_of(base)->real, level);
}

static int is_reserved(sqlite3_file *base, int *out)
{
    return file_of(base)->real->pMethods->xCheckReservedLock(file_of(base)->real, out);
}

static int control(sqlite3_file *base, int what, void *argument)
{
    return file_of(base)->real->pMethods->xFileControl(file_of(base)->real, what, argument);
}

static int sector_size(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xSectorSize(file_of(base)->real);
}

static int characteristics(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xDeviceCharacteristics(file_of(base)->real);
}

static int shm_map(sqlite3_file *base, int page, int bytes, int extend, void volatile **out)
{
    struct file *file = file_of(base);
    if (!fails(VFS_MAP))
        return file->real->pMethods->xShmMap(file->real, page, bytes, extend, out);
    *out = NULL;
    return errno == ENOSPC ? SQLITE_IOERR_SHMSIZE : SQLITE_IOERR_SHMMAP;
}

static int shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    struct file *file = file_of(base);
    bool taking = flags & SQLITE_SHM_LOCK;
    if (taking && fails(VFS_LOCK))
        return SQLITE_IOERR_SHMLOCK;
    return file->real->pMethods->xShmLock(file->real, offset, count, flags);
}

static void shm_barrier(sqlite3_file *base)
{
    file_of(base)->real->pMethods->xShmBarrier(file_of(base)->real);
}

static int shm_unmap(sqlite3_file *base, int remove)
{
    return file_of(base)->real->pMethods->xShmUnmap(file_of(base)->real, remove);
}

static const sqlite3_io_methods methods = {.iVersion = 2, /* nothing is mapped for reading */
        .xClose = close_file,
        .xRead = read_file,
        .xWrite = write_file,
        .xTruncate = truncate_file,
        .xSync = sync_file,
        .xFileSize = size_of_file,
        .xLock = lock_file,
        .xUnlock = unlock_file,
        .xCheckReservedLock = is_reserved,
        .xFileControl = control,
        .xSectorSize = sector_size,
        .xDeviceCharacteristics = characteristics,
        .xShmMap = shm_map,
        .xShmLock = shm_lock,
        .xShmBarrier = shm_barrier,
        .xShmUnmap = shm_unmap};

static int open_file(
        sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *out_flags)
{
    struct file *file = file_of(base);
    (void)vfs;
    file->base.pMethods = NULL;
    file->disk = NULL;
    file->real = (sqlite3_file *)(file + 1);
    file->only_read = flags & SQLITE_OPEN_READONLY;
    if (fails(VFS_OPEN))
        return errno == ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN;
    if (path)
        file->disk = vfs_disk_of(path);
    int code = below->xOpen(below, path, file->real, flags, out_flags);
    if (code == SQLITE_OK)
        file->base.pMethods = &methods;
    return code;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int sync)
{
    (void)vfs;
    if (fails(VFS_DELETE))
        return SQLITE_IOERR_DELETE;
    int code = below->xDelete(below, path, sync);
    if (code == SQLITE_OK)
        vfs_disk_delete(path);
    return code;
}

static int access_file(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    (void)vfs;
    return fails(VFS_ACCESS) ? SQLITE_IOERR_ACCESS : below->xAccess(below, path, flags, out);
}

void vfs_install(void)
{
    static sqlite3_vfs vfs;
    below = sqlite3_vfs_find(NULL);
    vfs = *below;
    vfs.zName = "failing";
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(struct file) + below->szOsFile;
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    vfs.xAccess = access_file;
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
        abort();
}
