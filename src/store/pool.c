/* SPDX-License-Identifier: Apache-2.0 */
/* What worker threads share under a mutex: idle read connections, and the list of rows to bury. */
#include "store/store_internal.h"

#include "base/mem.h"

#include <stdlib.h>

enum tv_status tv_pool_take(struct tv_store *store, struct tv_db *out, struct tv_error *err)
{
    struct tv_pool *pool = &store->pool;
    bool found = false;
    (void)pthread_mutex_lock(&pool->mutex);
    if (pool->count) {
        *out = pool->idle[--pool->count];
        found = true;
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return found ? TV_OK : tv_db_open(store->path, TV_DB_READER, out, err);
}

void tv_pool_put(struct tv_store *store, struct tv_db *db)
{
    struct tv_pool *pool = &store->pool;
    if (!db->sql)
        return;
    (void)pthread_mutex_lock(&pool->mutex);
    if (pool->count < TV_POOL_CONNECTIONS_MAX) {
        pool->idle[pool->count++] = *db;
        *db = (struct tv_db){0};
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    if (db->sql)
        tv_db_close(db);
}

void tv_pool_release(struct tv_store *store)
{
    while (store->pool.count)
        tv_db_close(&store->pool.idle[--store->pool.count]);
}

void tv_graveyard_add(struct tv_graveyard *graveyard, int64_t id)
{
    (void)pthread_mutex_lock(&graveyard->mutex);
    if (graveyard->count == graveyard->cap) {
        graveyard->cap = tv_grown(graveyard->cap, graveyard->count + 1, 16);
        graveyard->ids = tv_realloc_array(graveyard->ids, graveyard->cap, sizeof(*graveyard->ids));
    }
    graveyard->ids[graveyard->count++] = id;
    (void)pthread_mutex_unlock(&graveyard->mutex);
}

size_t tv_graveyard_take(struct tv_graveyard *graveyard, int64_t *out, size_t max)
{
    (void)pthread_mutex_lock(&graveyard->mutex);
    size_t count = graveyard->count < max ? graveyard->count : max;
    graveyard->count -= count;
    if (count)
        memcpy(out, graveyard->ids + graveyard->count, count * sizeof(*out));
    (void)pthread_mutex_unlock(&graveyard->mutex);
    return count;
}

bool tv_graveyard_is_filled(struct tv_graveyard *graveyard)
{
    (void)pthread_mutex_lock(&graveyard->mutex);
    bool filled = graveyard->count > 0;
    (void)pthread_mutex_unlock(&graveyard->mutex);
    return filled;
}
