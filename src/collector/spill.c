/* SPDX-License-Identifier: Apache-2.0 */
/* Files are not synced: they are there for a daemon that is away and for the process's own end, not for a power cut, and a sync
 * would make the background thread wait for the disk. */
#include "collector/spill.h"
#include "collector/parcels.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, PART_AGE_S = 3600, KEY_DIGITS = TVC_KEY_BYTES - 1 };

struct found {
    char key[TVC_KEY_BYTES];
    uint64_t bytes;
    struct timespec time;
};

struct list {
    struct found *items;
    size_t count, cap;
};

static bool path_of(const char *folder, const char *key, const char *ending, char *out)
{
    int len = snprintf(out, PATH_BYTES, "%s/%s%s", folder, key, ending);
    return len > 0 && len < PATH_BYTES;
}

bool tvc_spill_open(const char *folder)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return false;
    return access(folder, R_OK | W_OK | X_OK) == 0;
}

/* "key.ndjson" with a key of 32 hex digits; or .part. */
static bool is_named(const char *name, const char *ending)
{
    return strspn(name, "0123456789abcdef") == KEY_DIGITS && strcmp(name + KEY_DIGITS, ending) == 0;
}

static void remove_old_part(int folder, const char *name)
{
    struct stat facts;
    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
            time(NULL) - facts.st_mtim.tv_sec > PART_AGE_S)
        (void)unlinkat(folder, name, 0);
}

static bool add(struct list *list, int folder, const char *name)
{
    struct stat facts;
    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(facts.st_mode))
        return true;
    if (list->count == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        struct found *items = realloc(list->items, cap * sizeof(*items));
        if (!items)
            return false;
        list->items = items;
        list->cap = cap;
    }
    struct found *found = &list->items[list->count++];
    memcpy(found->key, name, KEY_DIGITS);
    found->key[KEY_DIGITS] = '\0';
    found->bytes = (uint64_t)facts.st_size;
    found->time = facts.st_mtim;
    return true;
}

static int by_time(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    if (a->time.tv_sec != b->time.tv_sec)
        return a->time.tv_sec < b->time.tv_sec ? -1 : 1;
    if (a->time.tv_nsec != b->time.tv_nsec)
        return a->time.tv_nsec < b->time.tv_nsec ? -1 : 1;
    return strcmp(a->key, b->key);
}

bool tvc_spill_list(
        const char *folder, void (*each)(void *ctx, const char *key, uint64_t bytes), void *ctx)
{
    struct list list = {0};
    bool ok = true;
    DIR *dir = opendir(folder);
    if (!dir)
        return false;
    for (struct dirent *entry; ok && (entry = readdir(dir));) {
        if (is_named(entry->d_name, ".ndjson"))
            ok = add(&list, dirfd(dir), entry->d_name);
        else if (is_named(entry->d_name, ".part"))
            remove_old_part(dirfd(dir), entry->d_name);
    }
    (void)closedir(dir);
    if (list.count > 0)
        qsort(list.items, list.count, sizeof(list.items[0]), by_time);
    for (size_t i = 0; ok && i < list.count; i++)
        each(ctx, list.items[i].key, list.items[i].bytes);
    free(list.items);
    return ok;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, data, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        data += done;
        len -= (size_t)done;
    }
    return true;
}

bool tvc_spill_write(const char *folder, const char *key, const char *data, size_t len)
{
    char part[PATH_BYTES], whole[PATH_BYTES];
    if (!path_of(folder, key, ".part", part) || !path_of(folder, key, ".ndjson", whole))
        return false;
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, data, len);
    ok = close(fd) == 0 && ok && rename(part, whole) == 0;
    if (!ok)
        (void)unlink(part);
    return ok;
}

static bool read_all(int fd, char *data, size_t len)
{
    while (len > 0) {
        ssize_t done = read(fd, data, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        data += done;
        len -= (size_t)done;
    }
    return true;
}

char *tvc_spill_read(const char *folder, const char *key, size_t len)
{
    char path[PATH_BYTES];
    if (!path_of(folder, key, ".ndjson", path))
        return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return NULL;
    char *data = malloc(len + 1);
    if (data && !read_all(fd, data, len)) {
        free(data);
        data = NULL;
    }
    (void)close(fd);
    return data;
}

void tvc_spill_remove(const char *folder, const char *key)
{
    char path[PATH_BYTES];
    if (path_of(folder, key, ".ndjson", path))
        (void)unlink(path);
}
