/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of buckets that have long ended, a few at a time.
 *
 * A cursor goes through event time behind the newest events. A busy system gets a frame for each bucket; a
 * quieter one for as many as make frame_events events together, since a frame costs about as much however
 * little it tells; and where even TV_FRAME_BUCKETS_MAX buckets hold few, none: those events are read
 * faster than a frame. Frames that late events made stale are computed again once the lateness has
 * calmed down: the older a bucket, the longer it may wait, so that events which keep arriving an hour
 * late do not have the whole hour computed every ten seconds.
 *
 * It is the least urgent work there is, and while events are being taken in it rests three times as
 * long as it worked. */
#include "store/frames.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/erase_internal.h"
#include "store/frame_code.h"

#include <stdlib.h>

enum {
    ROWS_AT_ONCE = 200000,
    STEPS_AT_ONCE = 64, /* of the cursor over stretches with few events */
    REST = 3
};

#define SETTLED_NS    (2 * TV_NS_PER_MIN) /* how long a bucket must have ended */
#define QUIET_NS      TV_NS_PER_MIN
#define LOOK_AGAIN_NS (10 * TV_NS_PER_S)
#define STALE_LEAST   TV_NS_PER_MIN
#define STALE_MOST    (10 * TV_NS_PER_MIN)
#define STALE_SHARE   10

/* What a job computes. */
struct tv_frame_task {
    struct tv_snapshot *snapshot;
    int64_t bucket;
    uint32_t buckets;
    bool again; /* a stale stretch, to be computed as one */
    struct tv_frame_names names;
    struct tv_frame *frames; /* by bucket */
    uint64_t *used;          /* by bucket */
    struct tv_kept_frame *kept;
    struct tv_buf *bytes;
    size_t kept_count;
    int64_t next; /* the cursor behind it */
    int64_t started_ns;
};

int64_t tv_frames_due_in(const struct tv_store *store, int64_t now_monotonic_ns)
{
    if (store->frames_due_ns == INT64_MAX)
        return INT64_MAX;
    return store->frames_due_ns > now_monotonic_ns ? store->frames_due_ns - now_monotonic_ns : 0;
}

/* Without a commit for a while, what is there is all. */
static bool is_quiet(const struct tv_store *store, int64_t now_ns)
{
    return now_ns - store->stats.last_commit_ns >= QUIET_NS;
}

/* The first bucket that has not long ended. */
static int64_t horizon(const struct tv_store *store, const struct tv_extent *all, int64_t now_ns)
{
    int64_t newest = all->max_time < now_ns ? all->max_time : now_ns;
    if (is_quiet(store, now_ns))
        return tv_frame_bucket(newest);
    return tv_frame_bucket(newest - SETTLED_NS);
}

/* How many rows of the segments fall into the buckets, if they lie evenly. */
static uint64_t rows_about(const struct tv_segment_list *list, int64_t bucket, uint32_t buckets)
{
    int64_t from = bucket * TV_FRAME_NS, to = from + buckets * TV_FRAME_NS - 1;
    double rows = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct tv_extent *extent = &list->items[i]->extent;
        if (extent->max_time < from || extent->min_time > to)
            continue;
        int64_t begin = extent->min_time > from ? extent->min_time : from;
        int64_t end = extent->max_time < to ? extent->max_time : to;
        double share =
                (double)(end - begin + 1) / (double)(extent->max_time - extent->min_time + 1);
        rows += share * (double)extent->rows;
    }
    return (uint64_t)rows;
}

/* The first bucket from `bucket` on in which a segment has events; INT64_MAX for none. */
static int64_t next_filled(const struct tv_segment_list *list, int64_t bucket)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < list->count; i++) {
        const struct tv_extent *extent = &list->items[i]->extent;
        int64_t first = tv_frame_bucket(extent->min_time);
        if (tv_frame_bucket(extent->max_time) < bucket)
            continue;
        first = first > bucket ? first : bucket;
        next = first < next ? first : next;
    }
    return next;
}

/* The first bucket behind it in which a segment begins; INT64_MAX for none. Up to there events do not
 * become more. */
static int64_t next_begun(const struct tv_segment_list *list, int64_t bucket)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < list->count; i++) {
        int64_t first = tv_frame_bucket(list->items[i]->extent.min_time);
        next = first > bucket && first < next ? first : next;
    }
    return next;
}

/* The end of the kept frames that cover the bucket, or the bucket; *until is where the next begins. */
static int64_t behind_kept(const struct tv_kept_list *list, int64_t bucket, int64_t *until)
{
    *until = INT64_MAX;
    for (size_t i = tv_kept_near(list, bucket); i < list->count; i++) {
        const struct tv_kept_frame *frame = &list->items[i];
        if (frame->bucket > bucket) {
            *until = frame->bucket;
            return bucket;
        }
        if (frame->bucket + frame->buckets > bucket)
            bucket = frame->bucket + frame->buckets;
    }
    return bucket;
}

/* As many buckets from `bucket` on as one job may read. */
static uint32_t stretch(const struct tv_store *store, int64_t bucket, int64_t until)
{
    uint32_t buckets = 1;
    while (buckets < TV_FRAME_BUCKETS_MAX && bucket + buckets < until &&
            rows_about(store->segments, bucket, buckets + 1) <= ROWS_AT_ONCE)
        buckets++;
    return buckets;
}

/* Moves the cursor to the next stretch worth a frame; false where there is none yet. */
static bool find_forward(struct tv_store *store, int64_t limit, struct tv_frame_task *task)
{
    for (int step = 0; step < STEPS_AT_ONCE; step++) {
        int64_t until = 0;
        int64_t bucket = next_filled(store->segments, store->frame_cursor);
        bucket = bucket == INT64_MAX ? limit : behind_kept(store->kept, bucket, &until);
        if (bucket >= limit)
            return false;
        until = until < limit ? until : limit;
        task->bucket = store->frame_cursor = bucket;
        task->buckets = stretch(store, bucket, until);
        uint64_t rows = rows_about(store->segments, bucket, task->buckets);
        bool whole = task->buckets == TV_FRAME_BUCKETS_MAX || until < limit;
        if (rows >= store->frame_events || (whole && rows >= store->frame_events_least))
            return true;
        if (!whole)
            return false; /* more may come behind it */
        store->frame_cursor = next_begun(store->segments, bucket);
    }
    return false;
}

/* Whether a later frame of the stretch stands in the list. */
static bool is_replaced(const struct tv_kept_list *list, size_t at)
{
    const struct tv_kept_frame *frame = &list->items[at];
    return at + 1 < list->count && list->items[at + 1].bucket == frame->bucket &&
            list->items[at + 1].buckets == frame->buckets;
}

static bool find_stale(const struct tv_store *store, int64_t now_ns, struct tv_frame_task *task)
{
    int64_t monotonic_ns = tv_time_monotonic();
    for (size_t i = 0; i < store->kept->count; i++) {
        const struct tv_kept_frame *frame = &store->kept->items[i];
        int64_t wait_ns = (now_ns - frame->bucket * TV_FRAME_NS) / STALE_SHARE;
        wait_ns = wait_ns < STALE_LEAST ? STALE_LEAST : wait_ns;
        wait_ns = wait_ns > STALE_MOST ? STALE_MOST : wait_ns;
        if (atomic_load(&frame->stale) == UINT64_MAX || is_replaced(store->kept, i) ||
                (!is_quiet(store, now_ns) && monotonic_ns - frame->marked_ns < wait_ns))
            continue;
        task->bucket = frame->bucket;
        task->buckets = frame->buckets;
        task->again = true;
        return true;
    }
    return false;
}

/* Whether there will be work though nothing more comes: enough events that have no frame, or a frame
 * that waits to be computed again. */
static bool is_pending(const struct tv_store *store)
{
    uint64_t rows = 0;
    if (is_quiet(store, tv_time_now()))
        return false; /* what there is to do is due now */
    for (size_t i = 0; i < store->segments->count; i++) {
        const struct tv_extent *extent = &store->segments->items[i]->extent;
        if (tv_frame_bucket(extent->max_time) >= store->frame_cursor)
            rows += extent->rows;
    }
    for (size_t i = 0; i < store->kept->count; i++)
        if (atomic_load(&store->kept->items[i].stale) != UINT64_MAX && !is_replaced(store->kept, i))
            return true;
    return rows >= store->frame_events_least;
}

void tv_frames_wake(struct tv_store *store)
{
    int64_t due_ns = tv_time_monotonic() + LOOK_AGAIN_NS;
    if (store->frames_due_ns > due_ns && is_pending(store))
        store->frames_due_ns = due_ns;
}

void tv_frames_reopen(struct tv_store *store, const struct tv_level0 *level0)
{
    int64_t first = tv_frame_bucket(level0->extent.min_time);
    store->frame_cursor = first < store->frame_cursor ? first : store->frame_cursor;
}

bool tv_frames_due(struct tv_store *store, struct tv_store_job *job)
{
    int64_t now_ns = tv_time_monotonic();
    struct tv_frame_task found = {.started_ns = now_ns};
    if (now_ns < store->frames_due_ns)
        return false;
    int64_t limit = horizon(store, &store->segments->extent, job->now_ns);
    if (!find_forward(store, limit, &found) && !find_stale(store, job->now_ns, &found)) {
        store->frames_due_ns = is_pending(store) ? now_ns + LOOK_AGAIN_NS : INT64_MAX;
        return false;
    }
    found.next = found.again ? store->frame_cursor : found.bucket + found.buckets;
    found.snapshot = tv_snapshot_take(store);
    job->task = tv_malloc(sizeof(*job->task));
    *job->task = found;
    return true;
}

/* Computing. */

static void note_used(struct tv_frame_task *task, const struct tv_scan_batch *in)
{
    const int64_t *times = tv_batch_i64(in->batch, TV_FIELD_TIME);
    const int64_t *durations = tv_batch_i64(in->batch, TV_FIELD_DURATION);
    const uint64_t *arrivals = tv_batch_u64(in->batch, TV_FIELD_ARRIVAL);
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->rows[i];
        int64_t end = durations ? tv_event_end(times[row], durations[row]) : times[row];
        struct tv_reach reach = tv_frame_reach(times[row], end);
        int64_t from = reach.from > task->bucket ? reach.from - task->bucket : 0;
        int64_t to = reach.to - task->bucket;
        for (int64_t at = from; at <= to && at < task->buckets; at++)
            if (arrivals[row] > task->used[at])
                task->used[at] = arrivals[row];
    }
}

/* One of tv_frame_scans into the builder. */
static enum tv_status read_scan(struct tv_store_job *job, const struct tv_scan_spec *spec,
        int which, struct tv_frame_builder *builder)
{
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    enum tv_status status = tv_scan_open(job->task->snapshot, spec, NULL, &scan, &job->err);
    while (status == TV_OK) {
        status = tv_scan_next(scan, &found, &job->err);
        if (status != TV_OK || found.count == 0)
            break;
        note_used(job->task, &found);
        if (which == 1)
            tv_frame_take_starts(builder, &found);
        else if (which == 2)
            tv_frame_take_metrics(builder, &found);
        else
            tv_frame_take(builder, &found);
        if (which == 0)
            tv_frame_bound(builder, tv_scan_bound(scan));
    }
    tv_scan_close(scan);
    return status;
}

static enum tv_status compute(struct tv_store_job *job)
{
    static const int order[] = {1, 0, 2}; /* starts come first */
    struct tv_frame_task *task = job->task;
    struct tv_arena arena = {0};
    struct tv_scan_spec specs[3];
    struct tv_frame_range range = {
            task->bucket * TV_FRAME_NS, (task->bucket + task->buckets) * TV_FRAME_NS - 1};
    const struct tv_frame_open *open = NULL;
    size_t count = 0;
    enum tv_status status = TV_OK;
    struct tv_frame_builder *builder = tv_frame_builder_new(&range, task->frames, false);
    tv_frame_scans(&range, NULL, &arena, specs);
    for (size_t i = 0; i < 3 && status == TV_OK; i++)
        status = read_scan(job, &specs[order[i]], order[i], builder);
    tv_frame_builder_finish(builder, &open, &count);
    tv_frame_builder_free(builder);
    tv_arena_release(&arena);
    return status;
}

static uint64_t events_of(const struct tv_frame *frame)
{
    uint64_t events = 0;
    for (size_t i = 0; i < frame->service_count; i++)
        events += frame->services[i].events;
    return events;
}

/* The buckets from … to (excluded) as one frame. */
static void keep(struct tv_frame_task *task, uint32_t from, uint32_t to)
{
    struct tv_frame_names names = {0};
    struct tv_frame sum = {.names = &names};
    struct tv_buf one = {0};
    struct tv_kept_frame *kept = &task->kept[task->kept_count];
    struct tv_buf *bytes = &task->bytes[task->kept_count++];
    *kept = (struct tv_kept_frame){.bucket = task->bucket + from,
            .buckets = to - from,
            .first = !task->again,
            .known = tv_snapshot_last_arrival(task->snapshot),
            .told = true};
    atomic_init(&kept->stale, UINT64_MAX);
    for (uint32_t i = from; i < to; i++) {
        tv_buf_clear(&one);
        tv_frame_encode(&task->frames[i], &one);
        enum tv_status status = tv_frame_add(tv_buf_str(&one), &sum);
        TV_ASSERT(status == TV_OK);
        kept->used = task->used[i] > kept->used ? task->used[i] : kept->used;
    }
    tv_frame_encode(&sum, bytes);
    kept->bytes = (uint32_t)bytes->len;
    tv_buf_release(&one);
    tv_frame_release(&sum);
    tv_frame_names_release(&names);
}

/* Cuts what was computed into frames. What is left at the end goes on with the next job, unless it is
 * all there was. */
static void cut(struct tv_store *store, struct tv_frame_task *task)
{
    uint32_t from = 0;
    uint64_t events = 0;
    for (uint32_t i = 0; i < task->buckets && !task->again; i++) {
        events += events_of(&task->frames[i]);
        if (events < store->frame_events)
            continue;
        keep(task, from, i + 1);
        from = i + 1;
        events = 0;
    }
    if (task->again || (from == 0 && events >= store->frame_events_least)) {
        keep(task, 0, task->buckets);
        from = task->buckets;
    }
    if (from > 0 && !task->again)
        task->next = task->bucket + from;
}

void tv_frames_run(struct tv_store_job *job)
{
    struct tv_frame_task *task = job->task;
    task->frames = tv_calloc(task->buckets, sizeof(*task->frames));
    task->used = tv_calloc(task->buckets, sizeof(*task->used));
    task->kept = tv_calloc(task->buckets, sizeof(*task->kept));
    task->bytes = tv_calloc(task->buckets, sizeof(*task->bytes));
    for (uint32_t i = 0; i < task->buckets; i++)
        task->frames[i].names = &task->names;
    uint64_t damaged = tv_snapshot_damaged(task->snapshot);
    job->status = compute(job);
    /* A segment that turned out damaged meanwhile is missing from all of it. */
    if (job->status == TV_OK && damaged == tv_snapshot_damaged(task->snapshot))
        cut(job->store, task);
}

static void note_gone(struct tv_store_job *job, const int64_t *ids, size_t count)
{
    if (count == 0)
        return;
    job->gone = tv_realloc_array(job->gone, job->gone_count + count, sizeof(*job->gone));
    memcpy(job->gone + job->gone_count, ids, count * sizeof(*ids));
    job->gone_count += count;
}

/* Of a stretch that is computed again the first frame stays. */
static void replace(struct tv_store_job *job)
{
    const struct tv_kept_list *list = job->store->kept;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].bucket == job->task->bucket &&
                list->items[i].buckets == job->task->buckets && !list->items[i].first)
            note_gone(job, &list->items[i].id, 1);
}

/* The list of frames changes only when a job finishes, so any lane may read it meanwhile. */
enum tv_status tv_frames_delete(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    sqlite3_stmt *delete = NULL;
    for (size_t i = 0; i < job->old_count; i++) {
        size_t count = 0;
        if (job->kind != TV_JOB_ERASE && job->kind != TV_JOB_EXPIRE)
            break;
        int64_t *ids = tv_kept_touched(store, &job->old[i]->extent, &count);
        note_gone(job, ids, count);
        free(ids);
    }
    if (job->gone_count == 0)
        return TV_OK;
    enum tv_status status =
            tv_db_prepare(&store->writer, "DELETE FROM frame WHERE id = ?1", &delete, &job->err);
    for (size_t i = 0; i < job->gone_count && status == TV_OK; i++) {
        (void)sqlite3_bind_int64(delete, 1, job->gone[i]);
        status = tv_db_run(&store->writer, delete, &job->err);
    }
    (void)sqlite3_finalize(delete);
    return status;
}

void tv_frames_forget(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    for (size_t i = 0; i < job->old_count && job->gone_count; i++) {
        int64_t first = tv_frame_bucket(job->old[i]->extent.min_time);
        store->frame_cursor = first < store->frame_cursor ? first : store->frame_cursor;
    }
    if (job->status == TV_OK && job->gone_count)
        tv_kept_change(store, NULL, 0, job->gone, job->gone_count);
    tv_frames_wake(store);
    free(job->gone);
}

static enum tv_status write_frame(struct tv_store_job *job, sqlite3_stmt *insert,
        struct tv_kept_frame *frame, struct tv_str data)
{
    frame->id = job->store->next_frame++;
    (void)sqlite3_bind_int64(insert, 1, frame->id);
    (void)sqlite3_bind_int64(insert, 2, frame->bucket);
    (void)sqlite3_bind_int64(insert, 3, frame->buckets);
    (void)sqlite3_bind_int(insert, 4, frame->first);
    (void)sqlite3_bind_int64(insert, 5, (int64_t)frame->known);
    (void)sqlite3_bind_int64(insert, 6, (int64_t)frame->used);
    (void)sqlite3_bind_blob64(insert, 7, data.ptr, data.len, SQLITE_STATIC);
    return tv_db_run(&job->store->writer, insert, &job->err);
}

void tv_frames_commit(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    struct tv_frame_task *task = job->task;
    sqlite3_stmt *insert = NULL;
    if (task->kept_count == 0)
        return;
    if (task->again)
        replace(job);
    job->status = tv_compact_begin(job);
    if (job->status == TV_OK)
        job->status = tv_db_prepare(&store->writer,
                "INSERT INTO frame(id, bucket, buckets, first, known, used, data)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                &insert, &job->err);
    for (size_t i = 0; i < task->kept_count && job->status == TV_OK; i++)
        job->status = write_frame(job, insert, &task->kept[i], tv_buf_str(&task->bytes[i]));
    (void)sqlite3_finalize(insert);
    if (job->status == TV_OK)
        job->status = tv_frames_delete(job);
    if (job->status == TV_OK)
        job->status = tv_compact_put_counter(job, "framed", task->next);
    tv_compact_end(job);
}

static void release(struct tv_frame_task *task)
{
    for (uint32_t i = 0; i < task->buckets; i++) {
        tv_frame_release(&task->frames[i]);
        tv_buf_release(&task->bytes[i]);
    }
    free(task->frames);
    free(task->used);
    free(task->kept);
    free(task->bytes);
    tv_frame_names_release(&task->names);
    tv_snapshot_unref(task->snapshot);
    free(task);
}

void tv_frames_finish(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    struct tv_frame_task *task = job->task;
    int64_t now_ns = tv_time_monotonic();
    bool busy = tv_time_now() - store->stats.last_commit_ns < TV_NS_PER_S;
    if (job->status == TV_OK) {
        tv_kept_change(store, task->kept, task->kept_count, job->gone, job->gone_count);
        for (size_t i = 0; i < store->level0_count; i++)
            tv_kept_note(store, store->level0[i]); /* what came since the snapshot */
        store->frame_cursor = task->next;
    }
    store->frames_due_ns = busy ? now_ns + REST * (now_ns - task->started_ns) : now_ns;
    if (task->kept_count == 0)
        store->frames_due_ns = now_ns + TV_NS_PER_S; /* it brought nothing */
    free(job->gone);
    release(task);
}
