/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of an erasure, as maintenance jobs.
 *
 * Record: a row in the table of erasures, before anything is changed. Rewrite: segments are gone
 * through by id, pruned by zone maps and filters as for any query; the first that holds selected
 * events is encoded anew without them and swapped as a compaction does it. Ids only grow, so what is
 * merged or flushed meanwhile is met further on. Scrub: once the old rows are deleted, free pages are
 * handed back until there is none, and the log is copied and cut off; of what SQLite deletes inside a
 * page it overwrites the bytes anyway (secure_delete=FAST). Then the record goes.
 *
 * Overwriting pages when they are freed (secure_delete=ON) was turned down: it leaves what earlier
 * compactions freed, and costs every one of them a second writing. */
#include "store/erase_internal.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/scan_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { SCRUB_PAGES = 256 };
#define SCRUB_AGAIN_NS (TV_NS_PER_S / 5)

/* The events of one segment that go, by arrival number. */
struct doomed {
    uint64_t *arrivals;
    size_t count, cap;
};

bool tv_erase_wants_flush(const struct tv_store *store)
{
    const struct tv_erasure *erasure = store->erasures;
    return erasure && erasure->phase == TV_ERASE_REWRITE && store->level0_count &&
            store->level0[0]->extent.min_arrival <= erasure->arrival_to;
}

/* The next segments to examine. */
static void take_candidates(struct tv_store *store, struct tv_store_job *job)
{
    const struct tv_erasure *erasure = store->erasures;
    for (size_t i = 0; i < store->segments->count; i++) {
        struct tv_segment *segment = store->segments->items[i];
        if (segment->id <= erasure->examined || segment->extent.min_arrival > erasure->arrival_to)
            continue;
        job->candidates[job->candidate_count++] = tv_segment_ref(segment);
        if (job->candidate_count == TV_JOB_SEGMENTS_MAX)
            break;
    }
}

bool tv_erase_due(struct tv_store *store, struct tv_store_job *job)
{
    struct tv_erasure *erasure = store->erasures;
    if (!erasure || tv_time_monotonic() < store->erase_due_ns)
        return false;
    if (erasure->phase == TV_ERASE_REWRITE) {
        if (tv_erase_wants_flush(store))
            return false; /* the flush comes first */
        take_candidates(store, job);
        if (job->candidate_count == 0)
            erasure->phase = TV_ERASE_SCRUB;
        else
            job->snapshot = tv_snapshot_take(store);
    }
    job->erasure = erasure;
    return true;
}

static bool is_one(const void *ctx, const struct tv_segment *segment)
{
    return segment == ctx;
}

static void doom(struct doomed *doomed, const struct tv_scan_batch *found)
{
    const uint64_t *arrivals = tv_batch_u64(found->batch, TV_FIELD_ARRIVAL);
    doomed->cap = tv_grown(doomed->cap, doomed->count + found->count, 64);
    doomed->arrivals = tv_realloc_array(doomed->arrivals, doomed->cap, sizeof(*doomed->arrivals));
    for (uint32_t i = 0; i < found->count; i++)
        doomed->arrivals[doomed->count++] = arrivals[found->rows[i]];
}

/* Level 0 lies beyond the arrivals that are asked for. */
static enum tv_status find(
        struct tv_store_job *job, struct tv_segment *segment, struct doomed *doomed)
{
    struct tv_scan_some only = {is_one, segment};
    struct tv_scan_spec spec = {.from = INT64_MIN,
            .to = INT64_MAX,
            .arrival_to = job->erasure->arrival_to,
            .where = job->erasure->spec.where,
            .columns.fields = 1u << TV_FIELD_ARRIVAL};
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    enum tv_status status = tv_scan_open_some(job->snapshot, &spec, &only, &scan, &job->err);
    while (status == TV_OK) {
        status = tv_scan_next(scan, &found, &job->err);
        if (status != TV_OK || found.count == 0)
            break;
        doom(doomed, &found);
    }
    tv_scan_close(scan);
    return status;
}

static int by_arrival(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Encodes the rows that stay. */
static void encode_rest(struct tv_store_job *job, const struct tv_batch *all, struct doomed *doomed)
{
    const uint64_t *arrivals = tv_batch_u64(all, TV_FIELD_ARRIVAL);
    uint32_t *rows = tv_calloc((size_t)all->rows + 1, sizeof(*rows));
    uint32_t count = 0;
    qsort(doomed->arrivals, doomed->count, sizeof(*doomed->arrivals), by_arrival);
    for (uint32_t row = 0; row < all->rows; row++)
        if (!bsearch(
                    &arrivals[row], doomed->arrivals, doomed->count, sizeof(*arrivals), by_arrival))
            rows[count++] = row;
    struct tv_batch *rest = tv_batch_new();
    tv_batch_append_rows(rest, all, rows, count);
    if (count)
        tv_compact_encode(job, &rest, 1);
    tv_batch_unref(rest);
    free(rows);
}

static void rewrite(struct tv_store_job *job, struct tv_segment *segment, struct doomed *doomed)
{
    struct tv_scan_columns all = {.fields = (1u << TV_FIELD_COUNT) - 1, .all_attributes = true};
    struct tv_view view;
    struct tv_db db = {0};
    tv_view_init(&view, segment);
    job->status = tv_pool_take(job->store, &db, &job->err);
    if (job->status == TV_OK)
        job->status = tv_view_load(&view, &db, &all, &job->err);
    tv_pool_put(job->store, &db);
    if (job->status == TV_OK) {
        job->level = segment->level;
        job->old[job->old_count++] = tv_segment_ref(segment);
        job->erased = doomed->count;
        encode_rest(job, view.batch, doomed);
    }
    tv_view_release(&view);
}

void tv_erase_run(struct tv_store_job *job)
{
    struct doomed doomed = {0};
    for (size_t i = 0; i < job->candidate_count && job->status == TV_OK && !job->old_count; i++) {
        struct tv_segment *segment = job->candidates[i];
        job->status = find(job, segment, &doomed);
        if (job->status == TV_OK && doomed.count)
            rewrite(job, segment, &doomed);
        if (job->status == TV_CORRUPT) {
            tv_store_set_aside(job->store, segment);
            job->status = TV_OK;
        }
        if (job->status == TV_OK)
            job->examined = segment->id;
    }
    free(doomed.arrivals);
}

static void record(struct tv_store_job *job)
{
    const struct tv_db *db = &job->store->writer;
    sqlite3_stmt *insert = NULL;
    job->status = tv_db_prepare(
            db, "INSERT INTO erasure(arrival, text, now) VALUES(?1, ?2, ?3)", &insert, &job->err);
    if (job->status != TV_OK)
        return;
    (void)sqlite3_bind_int64(insert, 1, (int64_t)job->erasure->arrival_to);
    (void)sqlite3_bind_text(insert, 2, job->erasure->text, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(insert, 3, job->erasure->spec.now_ns);
    job->status = tv_db_run(db, insert, &job->err);
    job->record_id = sqlite3_last_insert_rowid(db->sql);
    (void)sqlite3_finalize(insert);
}

/* Copies the log into the file and cuts it off. False where that failed or a reader is in the way. */
static bool empty_log(struct tv_store_job *job)
{
    const struct tv_db *db = &job->store->writer;
    int code = sqlite3_wal_checkpoint_v2(db->sql, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    job->waits = (code & 0xff) == SQLITE_BUSY;
    if (code != SQLITE_OK && !job->waits)
        job->status = tv_db_fail(db, code, "checkpoint", &job->err);
    return code == SQLITE_OK;
}

/* The record goes last, and leaves nothing either: its condition may name a person. */
static void forget(struct tv_store_job *job)
{
    char sql[80];
    (void)snprintf(
            sql, sizeof(sql), "DELETE FROM erasure WHERE id = %lld", (long long)job->erasure->id);
    job->status = tv_db_exec(&job->store->writer, sql, &job->err);
    job->more = job->status != TV_OK || !empty_log(job);
}

static void scrub(struct tv_store_job *job)
{
    const struct tv_db *db = &job->store->writer;
    int64_t dead = 0, free_pages = 0;
    char sql[64];
    job->more = true;
    job->status = tv_db_int(db, "SELECT count(*) FROM segment WHERE state = 1", &dead, &job->err);
    if (job->status == TV_OK)
        job->status = tv_db_int(db, "PRAGMA freelist_count", &free_pages, &job->err);
    job->waits = dead > 0; /* for a query that still holds the old segment */
    if (job->status != TV_OK || dead > 0)
        return;
    if (free_pages > 0) {
        (void)snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%d)", SCRUB_PAGES);
        job->status = tv_db_exec(db, sql, &job->err);
        return;
    }
    if (empty_log(job))
        forget(job);
}

void tv_erase_commit(struct tv_store_job *job)
{
    switch (job->erasure->phase) {
    case TV_ERASE_RECORD:
        record(job);
        return;
    case TV_ERASE_REWRITE:
        if (job->old_count)
            tv_compact_commit(job);
        return;
    case TV_ERASE_SCRUB:
        scrub(job);
        return;
    }
}

static void end(struct tv_store *store)
{
    struct tv_erasure *erasure = store->erasures;
    store->erasures = erasure->next;
    store->checkpointed_frames = 0;
    erasure->result.damaged = atomic_load(&store->corrupt);
    erasure->spec.done(erasure->spec.ctx, &erasure->result);
    free(erasure->text);
    free(erasure);
}

static void finish_rewrite(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    struct tv_erasure *erasure = job->erasure;
    if (job->status == TV_OK) {
        erasure->examined = job->examined;
        erasure->result.events += job->erased;
        erasure->result.segments += job->old_count;
        store->stats.erased_events += job->erased;
    }
    tv_frames_forget(job);
    if (job->old_count)
        tv_compact_finish(job);
    for (size_t i = 0; i < job->candidate_count; i++)
        tv_segment_unref(job->candidates[i]);
    tv_snapshot_unref(job->snapshot);
}

void tv_erase_finish(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    struct tv_erasure *erasure = job->erasure;
    store->erase_due_ns = job->waits ? tv_time_monotonic() + SCRUB_AGAIN_NS : 0;
    if (erasure->phase == TV_ERASE_REWRITE) {
        finish_rewrite(job);
    } else if (job->status != TV_OK) {
        return;
    } else if (erasure->phase == TV_ERASE_RECORD) {
        erasure->id = job->record_id;
        erasure->phase = TV_ERASE_REWRITE;
    } else if (!job->more) {
        end(store);
    }
}
