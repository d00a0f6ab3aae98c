/* SPDX-License-Identifier: Apache-2.0 */
/* Erasures: their list, their records in the file. What they do is in erase_job.c. */
#include "store/erase_internal.h"

#include "base/mem.h"

#include <stdlib.h>

static struct tv_erasure *append(struct tv_store *store, const struct tv_erasure_spec *spec)
{
    struct tv_erasure *erasure = tv_calloc(1, sizeof(*erasure));
    struct tv_erasure **at = &store->erasures;
    erasure->spec = *spec;
    while (*at)
        at = &(*at)->next;
    *at = erasure;
    return erasure;
}

void tv_erase_begin(struct tv_store *store, const struct tv_erasure_spec *spec)
{
    struct tv_erasure *erasure = append(store, spec);
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    erasure->arrival_to = tv_snapshot_last_arrival(snapshot);
    tv_snapshot_unref(snapshot);
    erasure->text = tv_malloc(spec->text.len + 1);
    memcpy(erasure->text, spec->text.ptr, spec->text.len);
    erasure->text[spec->text.len] = '\0';
}

void tv_erase_resume(struct tv_store *store, const struct tv_erasure_record *record,
        const struct tv_erasure_spec *spec)
{
    struct tv_erasure *erasure = append(store, spec);
    erasure->phase = TV_ERASE_REWRITE;
    erasure->id = record->id;
    erasure->arrival_to = record->arrival_to;
}

size_t tv_erasures_open(const struct tv_store *store)
{
    size_t count = 0;
    for (const struct tv_erasure *erasure = store->erasures; erasure; erasure = erasure->next)
        count++;
    return count;
}

void tv_erase_release(struct tv_store *store)
{
    while (store->erasures) {
        struct tv_erasure *erasure = store->erasures;
        store->erasures = erasure->next;
        free(erasure->text);
        free(erasure);
    }
}

static enum tv_status read_records(const struct tv_db *db, struct tv_arena *arena,
        struct tv_erasure_record *records, size_t *count, struct tv_error *err)
{
    sqlite3_stmt *rows = NULL;
    enum tv_status status =
            tv_db_prepare(db, "SELECT id, arrival, text, now FROM erasure ORDER BY id", &rows, err);
    size_t most = *count;
    *count = 0;
    while (status == TV_OK && *count < most) {
        int code = sqlite3_step(rows);
        if (code == SQLITE_DONE)
            break;
        if (code != SQLITE_ROW) {
            status = tv_db_fail(db, code, "read", err);
            break;
        }
        const char *text = (const char *)sqlite3_column_text(rows, 2);
        size_t bytes = (size_t)sqlite3_column_bytes(rows, 2);
        records[(*count)++] = (struct tv_erasure_record){.id = sqlite3_column_int64(rows, 0),
                .arrival_to = (uint64_t)sqlite3_column_int64(rows, 1),
                .now_ns = sqlite3_column_int64(rows, 3),
                .text = tv_arena_str(arena, (struct tv_str){text ? text : "", bytes})};
    }
    (void)sqlite3_finalize(rows);
    return status;
}

enum tv_status tv_erasures_recorded(struct tv_store *store, struct tv_arena *arena,
        struct tv_erasure_record **out, size_t *count, struct tv_error *err)
{
    struct tv_db db = {0};
    int64_t rows = 0;
    enum tv_status status = tv_pool_take(store, &db, err);
    if (status == TV_OK)
        status = tv_db_int(&db, "SELECT count(*) FROM erasure", &rows, err);
    *count = (size_t)rows;
    *out = tv_arena_calloc(arena, (size_t)rows + 1, sizeof(**out));
    if (status == TV_OK)
        status = read_records(&db, arena, *out, count, err);
    tv_pool_put(store, &db);
    return status;
}
