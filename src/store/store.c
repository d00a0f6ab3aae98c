/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing: the folder, its lock, the connections, what the file holds.
 *
 * The lock is an open-file-description lock on a file of its own beside the database: it goes when
 * the process goes, however it goes, and commands that only read or manage tokens do not take it. */
#include "store/erase_internal.h"
#include "store/rolled.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char *tv_store_file_of(const char *dir, const char *name)
{
    size_t bytes = strlen(dir) + strlen(name) + 2;
    char *path = tv_malloc(bytes);
    (void)snprintf(path, bytes, "%s/%s", dir, name);
    return path;
}

/* Makes one folder, and the entry in its parent durable: a power cut must not take the folder with all
 * that was acknowledged in it. */
static enum tv_status make_one(const char *path, struct tv_error *err)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST
                ? TV_OK
                : tv_fail(err, TV_IO, "cannot make the folder '%s': %s", path, strerror(errno));
    return tv_folder_sync_parent(path, err);
}

/* Makes the folder and those above it. */
static enum tv_status make_folder(const char *dir, struct tv_error *err)
{
    char *path = tv_store_file_of(dir, "");
    enum tv_status status = TV_OK;
    for (char *at = path + 1; *at && status == TV_OK; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        status = make_one(path, err);
        *at = '/';
    }
    free(path);
    return status;
}

static enum tv_status take_lock(struct tv_store *store, struct tv_error *err)
{
    char *path = tv_store_file_of(store->dir, "lock");
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    enum tv_status status = TV_OK;
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0)
        status = tv_fail(err, TV_IO, "cannot write '%s': %s", path, strerror(errno));
    else if (fcntl(store->lock_fd, F_OFD_SETLK, &lock) != 0)
        status = errno == EAGAIN || errno == EACCES
                ? tv_fail(err, TV_CONFLICT, "another daemon uses the data folder '%s'", store->dir)
                : tv_fail(err, TV_IO, "cannot lock '%s': %s", path, strerror(errno));
    free(path);
    return status;
}

static enum tv_status prepare_all(struct tv_store *store, struct tv_error *err)
{
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
            {&store->begin, "BEGIN IMMEDIATE"},
            {&store->commit, "COMMIT"},
            {&store->insert,
                    "INSERT INTO segment(id, level, state, class, meta, payload)"
                    " VALUES(?1, ?2, 0, 0, ?3, ?4)"},
            {&store->mark, "UPDATE segment SET state = 1 WHERE id = ?1"},
            {&store->drop, "DELETE FROM segment WHERE id = ?1"},
            {&store->put_rollup,
                    "INSERT OR REPLACE INTO rollup(segment, head, data) VALUES(?1, ?2, ?3)"},
            {&store->prints_put, "INSERT INTO prints(id, state, meta, data) VALUES(?1, 0, ?2, ?3)"},
            {&store->prints_mark, "UPDATE prints SET state = 1 WHERE id = ?1"},
            {&store->prints_drop, "DELETE FROM prints WHERE id = ?1"},
            {&store->mark_frame, "UPDATE frame SET stale = ?2 WHERE id = ?1"},
            {&store->request_find, "SELECT 1 FROM request WHERE key = ?1 AND time > ?2"},
            {&store->request_put, "INSERT OR REPLACE INTO request(key, time) VALUES(?1, ?2)"},
            {&store->request_prune, "DELETE FROM request WHERE time <= ?1"},
            {&store->counter_put, "INSERT OR REPLACE INTO counter(name, value) VALUES(?1, ?2)"},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        enum tv_status status = tv_db_prepare(&store->writer, all[i].sql, all[i].statement, err);
        if (status != TV_OK)
            return status;
    }
    return TV_OK;
}

static void finalize_all(struct tv_store *store)
{
    sqlite3_stmt *all[] = {store->begin, store->commit, store->insert, store->mark, store->drop,
            store->put_rollup, store->mark_frame, store->prints_put, store->prints_mark,
            store->prints_drop, store->request_find, store->request_put, store->request_prune,
            store->counter_put};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        (void)sqlite3_finalize(all[i]);
}

/* Told after every commit how long the log is. */
static int note_frames(void *ctx, sqlite3 *sql, const char *name, int frames)
{
    struct tv_store *store = ctx;
    (void)sql;
    (void)name;
    atomic_store(&store->wal_frames, frames);
    return SQLITE_OK;
}

static enum tv_status open_for_writing(struct tv_store *store, struct tv_error *err)
{
    enum tv_status status = make_folder(store->dir, err);
    if (status == TV_OK)
        status = take_lock(store, err);
    if (status == TV_OK)
        status = tv_db_open(store->path, TV_DB_WRITER, &store->writer, err);
    if (status == TV_OK)
        status = tv_schema_migrate(&store->writer, err);
    if (status == TV_OK)
        status = prepare_all(store, err);
    if (status == TV_OK)
        (void)sqlite3_wal_hook(store->writer.sql, note_frames, store);
    if (status == TV_OK)
        status = tv_db_open(store->path, TV_DB_SIDE, &store->side, err);
    return status;
}

static enum tv_status read_rules(struct tv_store *store, struct tv_error *err)
{
    const char *rules = store->config.retention_for;
    store->retention.age_ns = store->config.retention_ns;
    if (!rules)
        return TV_OK;
    store->rules = strdup(rules);
    if (tv_retention_parse(tv_str_of(store->rules), &store->retention))
        return TV_OK;
    return tv_fail(err, TV_BAD_INPUT, "no ages of services: '%s'", rules);
}

static enum tv_status open_for_reading(struct tv_store *store, struct tv_error *err)
{
    struct tv_db db = {0};
    enum tv_status status = tv_pool_take(store, &db, err);
    if (status == TV_OK)
        status = tv_schema_check(&db, err);
    /* The connection is the pool's one: whoever reads by it next, one at a time, is in it too. */
    if (status == TV_OK && store->config.pinned)
        status = tv_db_exec(&db, "BEGIN", err);
    tv_pool_put(store, &db);
    return status;
}

static void release(struct tv_store *store)
{
    tv_erase_release(store);
    tv_lists_release(store);
    finalize_all(store);
    tv_pool_release(store);
    tv_db_close(&store->side);
    if (store->writable && store->writer.sql)
        (void)sqlite3_wal_checkpoint_v2(
                store->writer.sql, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    tv_db_close(&store->writer);
    tv_dedupe_free(store->dedupe);
    tv_cache_free(store->cache);
    if (store->lock_fd >= 0)
        (void)close(store->lock_fd);
    (void)pthread_mutex_destroy(&store->pool.mutex);
    (void)pthread_mutex_destroy(&store->graveyard.mutex);
    free(store->graveyard.ids);
    free(store->rules);
    free(store->dir);
    free(store->path);
    free(store);
}

enum tv_status tv_store_open(
        const struct tv_store_config *config, struct tv_store **out, struct tv_error *err)
{
    struct tv_store *store = tv_calloc(1, sizeof(*store));
    store->config = *config;
    store->lock_fd = -1;
    atomic_store(&store->log_unsure, true); /* of what an earlier process left nothing is known */
    store->writable = !config->read_only;
    store->prints_rows_min = TV_SEGMENT_ROWS_MAX / 2;
    store->dir = tv_store_file_of(config->dir, "");
    store->dir[strlen(config->dir)] = '\0';
    store->config.dir = store->dir;
    store->path = tv_store_file_of(store->dir, "traversion.db");
    store->frame_events = TV_FRAME_EVENTS;
    store->frame_events_least = TV_FRAME_EVENTS_LEAST;
    store->next_frame = 1;
    store->dedupe = tv_dedupe_new();
    store->cache = tv_cache_new(config->cache_bytes);
    (void)pthread_mutex_init(&store->pool.mutex, NULL);
    (void)pthread_mutex_init(&store->graveyard.mutex, NULL);
    tv_lists_init(store);
    enum tv_status status = read_rules(store, err);
    if (status == TV_OK)
        status = store->writable ? open_for_writing(store, err) : open_for_reading(store, err);
    if (status == TV_OK)
        status = tv_store_load(store, err);
    if (status != TV_OK) {
        release(store);
        return status;
    }
    *out = store;
    return TV_OK;
}

void tv_store_close(struct tv_store *store)
{
    if (!store)
        return;
    TV_ASSERT(!store->commit_open && !store->job_open);
    release(store);
}

enum tv_status tv_store_begin(struct tv_store *store, struct tv_error *err)
{
    enum tv_status status = tv_db_run(&store->writer, store->begin, err);
    if (status != TV_OK || !atomic_exchange(&store->log_unsure, false))
        return status;
    status = tv_wal_renew(&store->writer, err);
    if (status != TV_OK)
        atomic_store(&store->log_unsure, true);
    return status;
}

enum tv_status tv_store_insert(
        struct tv_store *store, const struct tv_segment_row *row, struct tv_error *err)
{
    sqlite3_stmt *insert = store->insert;
    (void)sqlite3_bind_int64(insert, 1, row->id);
    (void)sqlite3_bind_int(insert, 2, row->level);
    (void)sqlite3_bind_blob64(insert, 3, row->meta.ptr, row->meta.len, SQLITE_STATIC);
    (void)sqlite3_bind_blob64(insert, 4, row->payload.ptr, row->payload.len, SQLITE_STATIC);
    enum tv_status status = tv_db_run(&store->writer, insert, err);
    (void)sqlite3_clear_bindings(insert);
    return status;
}

enum tv_status tv_store_put_rollup(struct tv_store *store, int64_t segment,
        const struct tv_rolled *rolled, struct tv_str data, struct tv_error *err)
{
    struct tv_buf head = {0};
    sqlite3_stmt *put = store->put_rollup;
    tv_rolled_put(rolled, &head);
    (void)sqlite3_bind_int64(put, 1, segment);
    (void)sqlite3_bind_blob64(put, 2, head.data, head.len, SQLITE_STATIC);
    (void)sqlite3_bind_blob64(put, 3, data.len ? data.ptr : "", data.len, SQLITE_STATIC);
    enum tv_status status = tv_db_run(&store->writer, put, err);
    (void)sqlite3_clear_bindings(put);
    tv_buf_release(&head);
    return status;
}
