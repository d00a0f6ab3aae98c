/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps the file in shape.
 *
 * Checkpoints: the log is copied into the file on the maintenance lane while commits go on, which
 * leaves what those added; that little is copied on the writer lane, where nobody writes meanwhile,
 * so that the next commit starts the log anew. Readers' transactions are short and rarely stand in
 * the way.
 *
 * Rows of segments that were replaced are deleted a few at a time, once no snapshot holds them.
 * Freed pages are used again; only where a large part of the file is free does a vacuum give some
 * back, in small steps. */
#include "store/job_internal.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    CHECKPOINT_FRAMES = 1024, /* 16 MiB of log */
    BURY_AT_ONCE = 4,
    VACUUM_PAGES = 256,
    VACUUM_PAGES_MIN = 4096,
    VACUUM_SHARE = 4 /* when a quarter of the pages is free */
};

#define PRUNE_EVERY_NS     TV_NS_PER_MIN
#define REQUEST_HORIZON_NS (10 * TV_NS_PER_MIN)
#define VACUUM_EVERY_NS    (10 * TV_NS_PER_S)
#define CLOCK_STEP_NS      TV_NS_PER_HOUR
#define CLOCK_SETTLES_NS   TV_NS_PER_HOUR
#define BURY_AGAIN_NS      TV_NS_PER_S
#define IDLE_LOOK_NS       (10 * TV_NS_PER_MIN) /* a clock that is set forward is noticed by then */

bool tv_checkpoint_due(struct tv_store *store, struct tv_store_job *job)
{
    (void)job;
    int frames = atomic_load(&store->wal_frames);
    if (frames < store->checkpointed_frames)
        store->checkpointed_frames = 0; /* the log began anew */
    return frames >= store->checkpointed_frames + CHECKPOINT_FRAMES;
}

static void checkpoint(struct tv_store_job *job, const struct tv_db *db)
{
    int frames = 0, moved = 0;
    int code = sqlite3_wal_checkpoint_v2(db->sql, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &moved);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
        job->status = tv_db_fail(db, code, "checkpoint", &job->err);
        atomic_store(&job->store->log_unsure, true);
    }
    job->frames = frames;
}

void tv_checkpoint_run(struct tv_store_job *job)
{
    checkpoint(job, &job->store->side);
}

void tv_checkpoint_commit(struct tv_store_job *job)
{
    checkpoint(job, &job->store->writer);
}

void tv_checkpoint_finish(struct tv_store_job *job)
{
    if (job->status == TV_OK)
        job->store->checkpointed_frames = job->frames;
}

bool tv_bury_due(struct tv_store *store, struct tv_store_job *job)
{
    job->id_count = tv_graveyard_take(&store->graveyard, job->ids, BURY_AT_ONCE);
    return job->id_count > 0;
}

void tv_bury_commit(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    job->status = tv_store_begin(store, &job->err);
    for (size_t i = 0; i < job->id_count && job->status == TV_OK; i++) {
        sqlite3_stmt *drop = job->ids[i] < 0 ? store->prints_drop : store->drop;
        (void)sqlite3_bind_int64(drop, 1, job->ids[i] < 0 ? -job->ids[i] : job->ids[i]);
        job->status = tv_db_run(&store->writer, drop, &job->err);
    }
    if (job->status == TV_OK)
        job->status = tv_db_run(&store->writer, store->commit, &job->err);
}

void tv_bury_finish(struct tv_store_job *job)
{
    job->store->vacuum_wanted = true;
    for (size_t i = 0; i < job->id_count && job->status != TV_OK; i++)
        tv_graveyard_add(&job->store->graveyard, job->ids[i]);
}

static void take_expired(struct tv_store *store, struct tv_store_job *job, int64_t now_ns)
{
    for (size_t i = 0; i < store->segments->count && job->old_count < TV_JOB_SEGMENTS_MAX; i++) {
        struct tv_segment *segment = store->segments->items[i];
        if (tv_retention_end(segment) < now_ns)
            job->old[job->old_count++] = tv_segment_ref(segment);
    }
}

/* Whether a segment goes before another where there is no room for both: the one that would come of
 * age first, so that what is kept long stays longest. */
static bool goes_before(const struct tv_segment *a, const struct tv_segment *b)
{
    int64_t a_ns = tv_retention_end(a), b_ns = tv_retention_end(b);
    if (a_ns != b_ns)
        return a_ns < b_ns;
    return tv_extent_newest(&a->extent) < tv_extent_newest(&b->extent);
}

/* The segments nearest to their end, until what is over the limit is gone. */
static void take_oldest(struct tv_store *store, struct tv_store_job *job, uint64_t excess_bytes)
{
    bool *taken = tv_calloc(store->segments->count + 1, sizeof(*taken));
    while (excess_bytes > 0 && job->old_count < TV_JOB_SEGMENTS_MAX) {
        size_t oldest = store->segments->count;
        for (size_t i = 0; i < store->segments->count; i++) {
            bool older = oldest == store->segments->count ||
                    goes_before(store->segments->items[i], store->segments->items[oldest]);
            if (!taken[i] && older)
                oldest = i;
        }
        if (oldest == store->segments->count)
            break;
        struct tv_segment *segment = store->segments->items[oldest];
        taken[oldest] = true;
        job->old[job->old_count++] = tv_segment_ref(segment);
        excess_bytes -=
                excess_bytes < segment->payload_bytes ? excess_bytes : segment->payload_bytes;
    }
    free(taken);
}

/* The wall clock's time at which the first segment comes of age. */
static int64_t first_expiry(const struct tv_store *store)
{
    int64_t end_ns = store->segments->first_to_expire_ns;
    return end_ns == INT64_MAX ? INT64_MAX : end_ns + 1;
}

/* The wall clock as far as deleting by it goes. One that was set forward by mistake must not cost a
 * day of history that cannot be brought back, so a step ahead counts once it has lasted. */
static int64_t settled_clock(struct tv_store *store, int64_t now_ns)
{
    int64_t read_ns = tv_time_monotonic();
    int64_t expected_ns = store->clock_ns + (read_ns - store->clock_read_ns);
    bool ahead = store->clock_read_ns && now_ns - expected_ns > CLOCK_STEP_NS;
    store->clock_hold_ns = ahead ? store->clock_read_ns + CLOCK_SETTLES_NS : 0;
    if (ahead && read_ns < store->clock_hold_ns)
        return expected_ns;
    store->clock_ns = now_ns;
    store->clock_read_ns = read_ns;
    return now_ns;
}

bool tv_expire_due(struct tv_store *store, struct tv_store_job *job)
{
    int64_t now_ns = settled_clock(store, job->now_ns);
    uint64_t used = store->stats.payload_bytes + store->stats.payload_bytes / 32;
    if (store->config.disk_bytes_max && used > store->config.disk_bytes_max)
        take_oldest(store, job, used - store->config.disk_bytes_max);
    else if (now_ns >= first_expiry(store))
        take_expired(store, job, now_ns);
    return job->old_count > 0;
}

void tv_expire_commit(struct tv_store_job *job)
{
    job->level = 0;
    tv_compact_commit(job);
}

void tv_expire_finish(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    for (size_t i = 0; i < job->old_count && job->status == TV_OK; i++)
        store->stats.expired_events += job->old[i]->extent.rows;
    if (job->status == TV_OK)
        tv_store_swap_segments(store, job->old, job->old_count, NULL, 0);
    tv_frames_forget(job);
    for (size_t i = 0; i < job->old_count; i++)
        tv_segment_unref(job->old[i]);
}

bool tv_prune_due(struct tv_store *store, struct tv_store_job *job)
{
    (void)job;
    int64_t now_ns = tv_time_monotonic();
    if (!store->requests_known || now_ns < store->prune_due_ns)
        return false;
    store->prune_due_ns = now_ns + PRUNE_EVERY_NS;
    return true;
}

void tv_prune_commit(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    (void)sqlite3_bind_int64(store->request_prune, 1, job->now_ns - REQUEST_HORIZON_NS);
    job->status = tv_db_run(&store->writer, store->request_prune, &job->err);
}

bool tv_vacuum_due(struct tv_store *store, struct tv_store_job *job)
{
    (void)job;
    int64_t now_ns = tv_time_monotonic();
    if (!store->vacuum_wanted || now_ns < store->vacuum_due_ns)
        return false;
    store->vacuum_due_ns = now_ns + VACUUM_EVERY_NS;
    store->vacuum_wanted = false;
    return true;
}

void tv_vacuum_commit(struct tv_store_job *job)
{
    const struct tv_db *writer = &job->store->writer;
    int64_t free_pages = 0, pages = 0;
    char sql[64];
    job->status = tv_db_int(writer, "PRAGMA freelist_count", &free_pages, &job->err);
    if (job->status == TV_OK)
        job->status = tv_db_int(writer, "PRAGMA page_count", &pages, &job->err);
    if (job->status != TV_OK || free_pages < VACUUM_PAGES_MIN || free_pages < pages / VACUUM_SHARE)
        return;
    (void)snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%d)", VACUUM_PAGES);
    job->status = tv_db_exec(writer, sql, &job->err);
    job->more = true;
}

void tv_vacuum_finish(struct tv_store_job *job)
{
    if (job->more)
        job->store->vacuum_wanted = true;
}

static int64_t expire_due_in(const struct tv_store *store, int64_t now_monotonic_ns)
{
    int64_t due_ns = first_expiry(store);
    if (due_ns == INT64_MAX)
        return INT64_MAX;
    int64_t wait_ns = due_ns - tv_time_now();
    int64_t hold_ns = store->retry_ns[TV_JOB_EXPIRE];
    hold_ns = store->clock_hold_ns > hold_ns ? store->clock_hold_ns : hold_ns;
    int64_t pause_ns = hold_ns - now_monotonic_ns;
    wait_ns = wait_ns > pause_ns ? wait_ns : pause_ns;
    return wait_ns > 0 ? wait_ns : 0;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t tv_upkeep_due_in(struct tv_store *store, int64_t now_monotonic_ns)
{
    int64_t due_ns = sooner(IDLE_LOOK_NS, expire_due_in(store, now_monotonic_ns));
    due_ns = sooner(due_ns, tv_frames_due_in(store, now_monotonic_ns));
    if (store->vacuum_wanted && store->vacuum_due_ns > now_monotonic_ns)
        due_ns = sooner(due_ns, store->vacuum_due_ns - now_monotonic_ns);
    if (store->erasures)
        due_ns = sooner(due_ns,
                store->erase_due_ns > now_monotonic_ns ? store->erase_due_ns - now_monotonic_ns
                                                       : BURY_AGAIN_NS);
    if (tv_graveyard_is_filled(&store->graveyard))
        due_ns = sooner(due_ns, BURY_AGAIN_NS);
    return due_ns;
}
