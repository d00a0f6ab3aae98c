/* SPDX-License-Identifier: Apache-2.0 */
/* Counters for the outside. Sizes of files are asked of the file system, which needs no query. */
#include "store/store_internal.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* The reserve takes no more than this part of a file system, so that small ones can be used. */
enum { RESERVE_SHARE = 20 };

static uint64_t file_bytes(const char *path, const char *suffix)
{
    struct stat found;
    size_t bytes = strlen(path) + strlen(suffix) + 1;
    char *name = tv_malloc(bytes);
    (void)snprintf(name, bytes, "%s%s", path, suffix);
    bool good = stat(name, &found) == 0;
    free(name);
    return good ? (uint64_t)found.st_size : 0;
}

uint64_t tv_store_wal_bytes(const struct tv_store *store)
{
    return file_bytes(store->path, "-wal");
}

uint64_t tv_store_file_bytes(const struct tv_store *store)
{
    return file_bytes(store->path, "");
}

struct tv_store_room tv_store_room(const struct tv_store *store)
{
    struct statvfs found;
    /* A file system that cannot be asked is taken as roomy: writing will tell. */
    if (statvfs(store->dir, &found) != 0)
        return (struct tv_store_room){.free_bytes = UINT64_MAX};
    uint64_t most = (uint64_t)found.f_blocks * found.f_frsize / RESERVE_SHARE;
    uint64_t wanted = store->config.reserve_bytes;
    return (struct tv_store_room){.free_bytes = (uint64_t)found.f_bavail * found.f_frsize,
            .reserve_bytes = wanted < most ? wanted : most};
}

void tv_store_stats(const struct tv_store *store, struct tv_store_stats *out)
{
    *out = store->stats;
    out->file_bytes = tv_store_file_bytes(store);
    out->wal_bytes = tv_store_wal_bytes(store);
    out->level0_segments = store->level0_count;
    out->cache_bytes = tv_cache_bytes(store->cache);
    out->disk_bytes_max = store->config.disk_bytes_max;
    out->corrupt_segments = atomic_load(&store->corrupt);
    struct tv_store_room room = tv_store_room(store);
    out->disk_free_bytes = room.free_bytes;
    out->reserve_bytes = room.reserve_bytes;
    /* Room that came back is told at once, not with the next commit. */
    out->read_only = store->stats.read_only &&
            !(store->reserve_reached && room.free_bytes >= room.reserve_bytes);
}
