/* SPDX-License-Identifier: Apache-2.0 */
/* What a store reads when it is opened: the metadata of every segment, level 0's batches, and the
 * counters. A segment that cannot be read is set aside and counted; the rest is served. */
#include "store/frames.h"
#include "store/remember.h"
#include "store/rolled.h"
#include "store/store_internal.h"

#include "base/mem.h"

#include <stdlib.h>

enum { COLUMN_ID, COLUMN_LEVEL, COLUMN_STATE, COLUMN_META, COLUMN_PAYLOAD };

/* Segments found, to be added at once. */
struct found {
    struct tv_segment **segments;
    size_t count, cap;
};

static struct tv_str column_blob(sqlite3_stmt *statement, int column)
{
    const char *bytes = sqlite3_column_blob(statement, column);
    return (struct tv_str){bytes ? bytes : "", (size_t)sqlite3_column_bytes(statement, column)};
}

static void found_add(struct found *found, struct tv_segment *segment)
{
    if (found->count == found->cap) {
        found->cap = tv_grown(found->cap, found->count + 1, 64);
        found->segments =
                tv_realloc_array(found->segments, found->cap, sizeof(struct tv_segment *));
    }
    found->segments[found->count++] = segment;
}

static void note_id(struct tv_store *store, int64_t id)
{
    if (id >= atomic_load(&store->next_id))
        atomic_store(&store->next_id, id + 1);
}

static void load_row(struct tv_store *store, sqlite3_stmt *rows, struct found *found)
{
    int64_t id = sqlite3_column_int64(rows, COLUMN_ID);
    if (sqlite3_column_int(rows, COLUMN_STATE) != 0) {
        tv_graveyard_add(&store->graveyard, id);
        return;
    }
    struct tv_segment *segment = NULL;
    struct tv_level0 *level0 = NULL;
    int level = sqlite3_column_int(rows, COLUMN_LEVEL);
    enum tv_status status = level == 0
            ? tv_level0_decode(id, column_blob(rows, COLUMN_PAYLOAD), &level0)
            : tv_segment_get_meta(id, column_blob(rows, COLUMN_META), &segment);
    if (status != TV_OK) {
        atomic_fetch_add(&store->corrupt, 1);
    } else if (level == 0) {
        tv_store_add_level0(store, level0);
    } else {
        segment->level = level;
        found_add(found, segment);
    }
}

static enum tv_status load_segments(
        struct tv_store *store, const struct tv_db *db, struct tv_error *err)
{
    sqlite3_stmt *rows = NULL;
    struct found found = {0};
    /* A column of the result is read whether it is asked for or not: segments' payloads must not be
     * one. */
    enum tv_status status = tv_db_prepare(db,
            "SELECT id, level, state, meta, CASE level WHEN 0 THEN payload END"
            " FROM segment ORDER BY id",
            &rows, err);
    if (status != TV_OK)
        return status;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(rows, COLUMN_ID);
        note_id(store, id);
        load_row(store, rows, &found);
    }
    (void)sqlite3_finalize(rows);
    tv_store_swap_segments(store, NULL, 0, found.segments, found.count);
    free(found.segments);
    return code == SQLITE_DONE ? TV_OK : tv_db_fail(db, code, "read", err);
}

static struct tv_segment *segment_of(const struct tv_segment_list *list, int64_t id)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->items[middle]->id == id)
            return list->items[middle];
        if (list->items[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* A head that cannot be read is as good as none: the job that finds it missing makes it anew. */
static enum tv_status load_rollups(
        struct tv_store *store, const struct tv_db *db, struct tv_error *err)
{
    sqlite3_stmt *rows = NULL;
    size_t known = 0;
    enum tv_status status = tv_db_prepare(db, "SELECT segment, head FROM rollup", &rows, err);
    if (status != TV_OK)
        return status;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        struct tv_segment *segment = segment_of(store->segments, sqlite3_column_int64(rows, 0));
        struct tv_rolled *rolled = tv_calloc(1, sizeof(*rolled));
        if (!segment || !tv_rolled_get(column_blob(rows, 1), rolled)) {
            free(rolled);
            continue;
        }
        uint64_t before = tv_segment_bytes(segment);
        tv_segment_set_rolled(segment, rolled);
        store->stats.payload_bytes += tv_segment_bytes(segment) - before;
        known++;
    }
    (void)sqlite3_finalize(rows);
    store->rollups_wanted = known < store->segments->count;
    return code == SQLITE_DONE ? TV_OK : tv_db_fail(db, code, "read", err);
}

enum tv_status tv_store_load(struct tv_store *store, struct tv_error *err)
{
    struct tv_db db = {0};
    int64_t arrival = 0, id = 0;
    atomic_store(&store->next_id, 1);
    enum tv_status status = tv_pool_take(store, &db, err);
    if (status != TV_OK)
        return status;
    status = load_segments(store, &db, err);
    if (status == TV_OK)
        status = load_rollups(store, &db, err);
    if (status == TV_OK)
        status = tv_prints_load(store, &db, err);
    if (status == TV_OK)
        status = tv_kept_load(store, &db, err);
    if (status == TV_OK)
        status = tv_db_int(&db, "SELECT value FROM counter WHERE name = 'arrival'", &arrival, err);
    if (status == TV_OK)
        status = tv_db_int(&db, "SELECT value FROM counter WHERE name = 'segment'", &id, err);
    if (status == TV_OK && store->writable)
        status = tv_remember(store, &db, err);
    tv_pool_put(store, &db);
    if (status != TV_OK)
        return status;
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    uint64_t last = tv_snapshot_last_arrival(snapshot);
    tv_snapshot_unref(snapshot);
    store->next_arrival = (last > (uint64_t)arrival ? last : (uint64_t)arrival) + 1;
    note_id(store, id);
    store->merge_wanted = store->requests_known = true;
    return TV_OK;
}
