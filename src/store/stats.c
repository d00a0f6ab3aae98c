/* SPDX-License-Identifier: Apache-2.0 */
/* Counters for the outside. Sizes of files are asked of the file system, which needs no query. */
#include "store/store_internal.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

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

void tv_store_stats(const struct tv_store *store, struct tv_store_stats *out)
{
    *out = store->stats;
    out->file_bytes = tv_store_file_bytes(store);
    out->wal_bytes = tv_store_wal_bytes(store);
    out->level0_segments = store->level0_count;
    out->cache_bytes = tv_cache_bytes(store->cache);
    out->disk_bytes_max = store->config.disk_bytes_max;
    out->corrupt_segments = atomic_load(&store->corrupt);
}
