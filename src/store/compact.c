/* SPDX-License-Identifier: Apache-2.0 */
/* Level 0 to columnar segments.
 *
 * A flush takes as much of level 0 as makes one full segment. Under load it waits until there is
 * that much, so that events are encoded once and never merged; a quiet store flushes by age. Rows
 * are sorted by time and cut where an hour ends behind enough of them (or a day behind some), so a
 * late row lies with its own time and pruning by time survives it. Cutting at every boundary would
 * let a body with an event for each day of a century make as many segments.
 *
 * The final transaction inserts the segments and deletes level 0's rows. It need not reach the disk
 * at once: it lies in the log before every later commit, whose sync carries it, and without it the
 * level-0 rows are still there. So it is written with synchronous=NORMAL and costs the writer lane
 * a copy of a few megabytes. */
#include "store/erase_internal.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/encode.h"
#include "store/frames.h"
#include "store/rolled.h"

#include <stdlib.h>

enum {
    FLUSH_SEGMENTS = 1024,
    FLUSH_BYTES = 32 << 20,
    CUT_AT_HOUR_ROWS = 4096,
    CUT_AT_DAY_ROWS = 256
};

#define FLUSH_AGE_NS (10 * TV_NS_PER_S)

int64_t tv_flush_due_in(const struct tv_store *store, int64_t now_monotonic_ns)
{
    if (store->level0_count == 0)
        return INT64_MAX;
    int64_t due_ns = store->level0[0]->born_ns + FLUSH_AGE_NS;
    if (due_ns < store->retry_ns[TV_JOB_FLUSH])
        due_ns = store->retry_ns[TV_JOB_FLUSH];
    return due_ns > now_monotonic_ns ? due_ns - now_monotonic_ns : 0;
}

bool tv_flush_due(struct tv_store *store, struct tv_store_job *job)
{
    bool due = store->stats.level0_events >= TV_SEGMENT_ROWS_MAX ||
            store->stats.level0_bytes >= FLUSH_BYTES || store->level0_count >= FLUSH_SEGMENTS ||
            tv_flush_due_in(store, tv_time_monotonic()) == 0 || tv_erase_wants_flush(store);
    if (!due || store->level0_count == 0)
        return false;
    uint64_t rows = store->level0[0]->extent.rows;
    size_t count = 1;
    while (count < store->level0_count &&
            rows + store->level0[count]->extent.rows <= TV_SEGMENT_ROWS_MAX)
        rows += store->level0[count++]->extent.rows;
    job->level = 1;
    job->marks = tv_kept_untold(store, &job->mark_count);
    job->level0_count = count;
    job->level0 = tv_calloc(count, sizeof(struct tv_level0 *));
    for (size_t i = 0; i < count; i++)
        job->level0[i] = tv_level0_ref(store->level0[i]);
    return true;
}

static void encode_piece(struct tv_store_job *job, const struct tv_build *build)
{
    if (job->fresh_count == job->fresh_cap) {
        size_t cap = tv_grown(job->fresh_cap, job->fresh_count + 1, 4);
        job->fresh = tv_realloc_array(job->fresh, cap, sizeof(*job->fresh));
        job->metas = tv_realloc_array(job->metas, cap, sizeof(*job->metas));
        job->payloads = tv_realloc_array(job->payloads, cap, sizeof(*job->payloads));
        job->rolls = tv_realloc_array(job->rolls, cap, sizeof(*job->rolls));
        job->fresh_cap = cap;
    }
    size_t at = job->fresh_count++;
    struct tv_rolled *rolled = tv_calloc(1, sizeof(*rolled));
    job->metas[at] = job->payloads[at] = job->rolls[at] = (struct tv_buf){0};
    tv_segment_encode(build, &job->payloads[at], &job->fresh[at]);
    job->fresh[at]->id = atomic_fetch_add(&job->store->next_id, 1);
    job->fresh[at]->level = job->level;
    tv_segment_put_meta(job->fresh[at], &job->metas[at]);
    job->fresh[at]->meta_bytes = job->metas[at].len;
    tv_rolled_make(build, rolled, &job->rolls[at]);
    tv_segment_set_rolled(job->fresh[at], rolled);
}

/* Where the piece that begins at `start` ends by time. */
static size_t end_of_piece(const struct tv_build_row *rows, size_t start, size_t count)
{
    for (size_t i = start + 1; i < count; i++) {
        int64_t before = rows[i - 1].time, here = rows[i].time;
        if (before / TV_NS_PER_HOUR == here / TV_NS_PER_HOUR)
            continue;
        bool new_day = before / TV_NS_PER_DAY != here / TV_NS_PER_DAY;
        if (i - start >= (size_t)(new_day ? CUT_AT_DAY_ROWS : CUT_AT_HOUR_ROWS))
            return i;
    }
    return count;
}

/* Encodes the rows of one stretch of time from `start` on; returns how many. */
static size_t encode_from(struct tv_store_job *job, const struct tv_retention_rows *all,
        size_t start, size_t class_end)
{
    /* What lay in segments is not cut by time again, or merging would never end. */
    size_t end = job->kind == TV_JOB_FLUSH ? end_of_piece(all->rows, start, class_end) : class_end;
    size_t parts = (end - start + TV_SEGMENT_ROWS_MAX - 1) / TV_SEGMENT_ROWS_MAX;
    size_t each = (end - start + parts - 1) / parts;
    for (size_t at = start; at < end; at += each) {
        struct tv_build build = {all->batches, all->batch_count, all->rows + at,
                (uint32_t)(end - at < each ? end - at : each)};
        encode_piece(job, &build);
    }
    return end - start;
}

void tv_compact_encode(
        struct tv_store_job *job, struct tv_batch *const *batches, size_t batch_count)
{
    struct tv_retention_rows all = {.batches = batches, .batch_count = batch_count};
    size_t ends[TV_RETENTION_CLASSES_MAX], start = 0;
    all.rows = tv_build_sorted(batches, batch_count, &all.count);
    tv_retention_split(&job->store->retention, &all, ends);
    for (int class = 0; class < TV_RETENTION_CLASSES_MAX; class ++)
        for (; start < ends[class]; start += encode_from(job, &all, start, ends[class]))
            ;
    free(all.rows);
}

void tv_flush_run(struct tv_store_job *job)
{
    size_t count = 0;
    for (size_t i = 0; i < job->level0_count; i++)
        count += job->level0[i]->count;
    struct tv_batch **batches = tv_calloc(count, sizeof(struct tv_batch *));
    size_t at = 0;
    for (size_t i = 0; i < job->level0_count; i++)
        for (size_t k = 0; k < job->level0[i]->count; k++)
            batches[at++] = job->level0[i]->parts[k].batch;
    tv_compact_encode(job, batches, count);
    free(batches);
}

static enum tv_status run_with_id(struct tv_store_job *job, sqlite3_stmt *statement, int64_t id)
{
    (void)sqlite3_bind_int64(statement, 1, id);
    return tv_db_run(&job->store->writer, statement, &job->err);
}

enum tv_status tv_compact_put_counter(struct tv_store_job *job, const char *name, int64_t value)
{
    sqlite3_stmt *put = job->store->counter_put;
    (void)sqlite3_bind_text(put, 1, name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(put, 2, value);
    return tv_db_run(&job->store->writer, put, &job->err);
}

/* What becomes of kept frames by this. */
static enum tv_status write_frames(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    enum tv_status status = TV_OK;
    for (size_t i = 0; i < job->mark_count && status == TV_OK; i++) {
        (void)sqlite3_bind_int64(store->mark_frame, 2, (int64_t)job->marks[i].stale);
        status = run_with_id(job, store->mark_frame, job->marks[i].id);
    }
    if (status == TV_OK)
        status = tv_frames_delete(job);
    return status;
}

static enum tv_status write_all(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    enum tv_status status = TV_OK;
    for (size_t i = 0; i < job->fresh_count && status == TV_OK; i++) {
        struct tv_segment_row row = {job->fresh[i]->id, job->level, tv_buf_str(&job->metas[i]),
                tv_buf_str(&job->payloads[i])};
        status = tv_store_insert(store, &row, &job->err);
        if (status == TV_OK)
            status = tv_store_put_rollup(store, row.id, atomic_load(&job->fresh[i]->rolled),
                    tv_buf_str(&job->rolls[i]), &job->err);
    }
    for (size_t i = 0; i < job->level0_count && status == TV_OK; i++)
        status = run_with_id(job, store->drop, job->level0[i]->id);
    for (size_t i = 0; i < job->old_count && status == TV_OK; i++)
        status = run_with_id(job, store->mark, job->old[i]->id);
    if (status == TV_OK)
        status = write_frames(job);
    /* Numbers already given must not be given again even if all that carries them expires. */
    if (status == TV_OK)
        status = tv_compact_put_counter(job, "arrival", (int64_t)(store->next_arrival - 1));
    if (status == TV_OK)
        status = tv_compact_put_counter(job, "segment", (int64_t)atomic_load(&store->next_id) - 1);
    return status;
}

enum tv_status tv_compact_begin(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    enum tv_status status = tv_db_exec(&store->writer, "PRAGMA synchronous=NORMAL", &job->err);
    return status == TV_OK ? tv_store_begin(store, &job->err) : status;
}

void tv_compact_end(struct tv_store_job *job)
{
    const struct tv_db *writer = &job->store->writer;
    if (job->status == TV_OK)
        job->status = tv_db_run(writer, job->store->commit, &job->err);
    if (job->status != TV_OK)
        tv_db_rollback(writer);
    enum tv_status back =
            tv_db_exec(writer, "PRAGMA synchronous=FULL", job->status ? NULL : &job->err);
    TV_ASSERT(back == TV_OK); /* or later commits would not be durable */
}

void tv_compact_commit(struct tv_store_job *job)
{
    job->status = tv_compact_begin(job);
    if (job->status == TV_OK)
        job->status = write_all(job);
    tv_compact_end(job);
}

static void count_written(struct tv_store *store, bool flushed, const struct tv_segment *segment)
{
    uint64_t bytes = segment->payload_bytes + segment->meta_bytes;
    store->stats.events_compacted += segment->extent.rows;
    *(flushed ? &store->stats.flushed_bytes : &store->stats.rewritten_bytes) += bytes;
}

void tv_compact_finish(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    if (job->status == TV_OK) {
        tv_store_swap_segments(store, job->old, job->old_count, job->fresh, job->fresh_count);
        for (size_t i = 0; i < job->fresh_count; i++)
            count_written(store, job->level0_count > 0, job->fresh[i]);
        tv_store_drop_level0(store, job->level0_count);
        tv_kept_told(store, job->marks, job->mark_count);
        store->stats.compactions++;
        tv_frames_wake(store);
    }
    for (size_t i = 0; i < job->fresh_count; i++) {
        if (job->status != TV_OK)
            tv_segment_unref(job->fresh[i]);
        tv_buf_release(&job->metas[i]);
        tv_buf_release(&job->payloads[i]);
        tv_buf_release(&job->rolls[i]);
    }
    for (size_t i = 0; i < job->level0_count; i++)
        tv_level0_unref(job->level0[i]);
    for (size_t i = 0; i < job->old_count; i++)
        tv_segment_unref(job->old[i]);
    free(job->level0);
    free(job->marks);
    free(job->fresh);
    free(job->metas);
    free(job->payloads);
    free(job->rolls);
}
