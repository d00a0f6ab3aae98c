/* SPDX-License-Identifier: Apache-2.0 */
/* What is on the disk when the power fails.
 *
 * Of each file: the bytes of its last sync, and the writes and truncations since, in order. When the
 * power returns each of these got there or not, a write perhaps in part, in pieces of 512 bytes:
 * file systems and disks promise no order between two syncs. A file that was made or deleted stays
 * so, since SQLite syncs the folder where it matters. */
#include "support_vfs.h"
#include "support_vfs_internal.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DISKS_MAX = 16, SECTOR_BYTES = 512 };

struct change {
    int64_t offset; /* of a truncation: the size */
    size_t count;   /* 0: a truncation */
    uint8_t *bytes;
    bool lost; /* the sync that should have carried it failed */
};

struct vfs_disk {
    char path[512];
    uint8_t *bytes; /* durable */
    size_t size, cap;
    struct change *changes;
    size_t change_count, change_cap;
};

static struct vfs_disk disks[DISKS_MAX];
static size_t disk_count;
static bool watching;

static void resize(struct vfs_disk *disk, size_t size)
{
    if (size > disk->cap) {
        disk->cap = tv_grown(disk->cap, size, 1 << 16);
        disk->bytes = tv_realloc_array(disk->bytes, disk->cap, 1);
    }
    if (size > disk->size)
        memset(disk->bytes + disk->size, 0, size - disk->size);
    disk->size = size;
}

static void put(struct vfs_disk *disk, int64_t offset, const uint8_t *bytes, size_t count)
{
    size_t end = (size_t)offset + count;
    if (end > disk->size)
        resize(disk, end);
    memcpy(disk->bytes + offset, bytes, count);
}

static void read_now(struct vfs_disk *disk)
{
    uint8_t piece[1 << 14];
    size_t got = 0;
    FILE *file = fopen(disk->path, "rb");
    while (file && (got = fread(piece, 1, sizeof(piece), file)) > 0)
        put(disk, (int64_t)disk->size, piece, got);
    if (file)
        (void)fclose(file);
}

struct vfs_disk *vfs_disk_of(const char *path)
{
    size_t length = strlen(path);
    bool shared = length > 4 && strcmp(path + length - 4, "-shm") == 0;
    if (!watching || shared)
        return NULL;
    for (size_t i = 0; i < disk_count; i++)
        if (strcmp(disks[i].path, path) == 0)
            return &disks[i];
    if (disk_count == DISKS_MAX || length >= sizeof(disks[0].path))
        abort();
    struct vfs_disk *disk = &disks[disk_count++];
    *disk = (struct vfs_disk){.bytes = NULL};
    memcpy(disk->path, path, length + 1);
    read_now(disk);
    return disk;
}

static void note(struct vfs_disk *disk, struct change change)
{
    if (disk->change_count == disk->change_cap) {
        disk->change_cap = tv_grown(disk->change_cap, disk->change_count + 1, 64);
        disk->changes = tv_realloc_array(disk->changes, disk->change_cap, sizeof(*disk->changes));
    }
    disk->changes[disk->change_count++] = change;
}

void vfs_disk_write(struct vfs_disk *disk, int64_t offset, const void *bytes, size_t count)
{
    if (count == 0)
        return;
    uint8_t *copy = tv_malloc(count);
    memcpy(copy, bytes, count);
    note(disk, (struct change){.offset = offset, .count = count, .bytes = copy});
}

void vfs_disk_truncate(struct vfs_disk *disk, int64_t size)
{
    note(disk, (struct change){.offset = size});
}

static void apply(struct vfs_disk *disk, const struct change *change)
{
    if (change->count)
        put(disk, change->offset, change->bytes, change->count);
    else if ((size_t)change->offset < disk->size)
        disk->size = (size_t)change->offset;
}

static void forget_changes(struct vfs_disk *disk)
{
    for (size_t i = 0; i < disk->change_count; i++)
        free(disk->changes[i].bytes);
    disk->change_count = 0;
}

void vfs_disk_sync(struct vfs_disk *disk, bool failed)
{
    if (failed) {
        for (size_t i = 0; i < disk->change_count; i++)
            disk->changes[i].lost = true;
        return;
    }
    /* What a failed sync left stays out, in its order: later writes of the same place are newer. */
    size_t kept = 0;
    for (size_t i = 0; i < disk->change_count; i++) {
        if (disk->changes[i].lost) {
            disk->changes[kept++] = disk->changes[i];
            continue;
        }
        apply(disk, &disk->changes[i]);
        free(disk->changes[i].bytes);
    }
    disk->change_count = kept;
}

void vfs_disk_delete(const char *path)
{
    struct vfs_disk *disk = watching ? vfs_disk_of(path) : NULL;
    if (!disk)
        return;
    forget_changes(disk);
    disk->size = 0;
}

void vfs_power_watch(void)
{
    disk_count = 0;
    watching = true;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/* All of it, none, or each sector by itself. */
static void perhaps_apply(struct vfs_disk *disk, const struct change *change, uint64_t *random)
{
    uint64_t fate = next_random(random) % 3;
    if (fate == 0 || change->lost)
        return;
    if (fate == 1 || change->count == 0) {
        apply(disk, change);
        return;
    }
    for (size_t at = 0; at < change->count; at += SECTOR_BYTES) {
        size_t left = change->count - at;
        if (next_random(random) & 1)
            put(disk, change->offset + (int64_t)at, change->bytes + at,
                    left < SECTOR_BYTES ? left : SECTOR_BYTES);
    }
}

static void write_back(struct vfs_disk *disk)
{
    FILE *file = fopen(disk->path, "r+b");
    if (!file)
        return; /* deleted */
    (void)fclose(file);
    file = fopen(disk->path, "wb");
    if (!file || fwrite(disk->bytes, 1, disk->size, file) != disk->size || fclose(file) != 0)
        abort();
}

void vfs_power_return(uint64_t seed)
{
    watching = false;
    for (size_t i = 0; i < disk_count; i++) {
        struct vfs_disk *disk = &disks[i];
        char shared[sizeof(disk->path) + 8];
        for (size_t k = 0; k < disk->change_count; k++)
            perhaps_apply(disk, &disk->changes[k], &seed);
        forget_changes(disk);
        write_back(disk);
        (void)snprintf(shared, sizeof(shared), "%s-shm", disk->path);
        (void)remove(shared);
        free(disk->bytes);
        free(disk->changes);
    }
    disk_count = 0;
}
