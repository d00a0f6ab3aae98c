/* SPDX-License-Identifier: Apache-2.0 */
/* One group of batches made durable.
 *
 * All work but the transaction itself is done before it: duplicates go, arrival numbers are given,
 * the payload is encoded. The transaction is then one INSERT, and COMMIT waits for the disk. Arrival
 * numbers move on even if it fails, so that no number is ever given twice by a process.
 *
 * A batch of one event weighs kilobytes in memory and costs a scan a microsecond, so small batches
 * of a group are put together for level 0; the feed still gets them as they came. */
#include "store/commit_internal.h"
#include "store/frames.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

struct tv_commit *tv_commit_begin(
        struct tv_store *store, struct tv_batch *const *batches, size_t count)
{
    TV_ASSERT(store->writable && !store->commit_open);
    TV_ASSERT(count >= 1 && count <= TV_COMMIT_BATCHES_MAX);
    struct tv_commit *commit = tv_calloc(1, sizeof(*commit));
    commit->store = store;
    commit->snapshot = tv_snapshot_take(store);
    commit->batches = tv_calloc(count, sizeof(struct tv_batch *));
    memcpy(commit->batches, batches, count * sizeof(struct tv_batch *));
    commit->count = count;
    commit->id = atomic_fetch_add(&store->next_id, 1);
    store->commit_open = true;
    return commit;
}

/* Events without a receive time are received now; those without a time happened when received. */
static void fill_times(struct tv_batch *batch, int64_t now_ns)
{
    int64_t *received = tv_batch_column(batch, TV_FIELD_RECEIVED);
    int64_t *times = tv_batch_column(batch, TV_FIELD_TIME);
    for (uint32_t i = 0; i < batch->rows; i++) {
        received[i] = received[i] == TV_ABSENT_I64 ? now_ns : received[i];
        times[i] = times[i] == TV_ABSENT_I64 ? received[i] : times[i];
    }
}

static void give_arrivals(struct tv_commit *commit)
{
    struct tv_store *store = commit->store;
    commit->result.first_arrival = store->next_arrival;
    for (size_t i = 0; i < commit->count; i++) {
        struct tv_batch *batch = commit->batches[i];
        if (batch->rows == 0)
            continue;
        uint64_t *arrivals = tv_batch_column(batch, TV_FIELD_ARRIVAL);
        for (uint32_t row = 0; row < batch->rows; row++)
            arrivals[row] = store->next_arrival++;
        commit->result.events += batch->rows;
    }
    commit->result.last_arrival = store->next_arrival - 1;
}

static struct tv_batch *merge(struct tv_batch *const *batches, size_t count)
{
    uint32_t rows[TV_LEVEL0_MERGE_ROWS];
    struct tv_batch *merged = tv_batch_new();
    uint32_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += batches[i]->rows;
    tv_batch_reserve(merged, total);
    for (uint32_t i = 0; i < TV_LEVEL0_MERGE_ROWS; i++)
        rows[i] = i;
    for (size_t i = 0; i < count; i++)
        tv_batch_append_rows(merged, batches[i], rows, batches[i]->rows);
    return merged;
}

/* Runs of small neighbours become one batch; arrival numbers stay consecutive in each. */
static void merge_small(struct tv_commit *commit)
{
    commit->merged = tv_calloc(commit->count, sizeof(struct tv_batch *));
    for (size_t i = 0; i < commit->count;) {
        size_t end = i;
        while (end < commit->count && commit->batches[end]->rows < TV_LEVEL0_MERGE_ROWS)
            end++;
        struct tv_batch *made = NULL;
        if (end > i + 1) {
            made = merge(commit->batches + i, end - i);
            i = end;
        } else {
            made = tv_batch_ref(commit->batches[i++]);
        }
        if (made->rows)
            commit->merged[commit->merged_count++] = made;
        else
            tv_batch_unref(made);
    }
}

static enum tv_status put_requests(struct tv_commit *commit, int64_t now_ns)
{
    static const uint8_t none[16];
    struct tv_store *store = commit->store;
    for (size_t i = 0; i < commit->count; i++) {
        const struct tv_batch *batch = commit->batches[i];
        if (memcmp(batch->request_key, none, sizeof(none)) == 0)
            continue;
        (void)sqlite3_bind_blob(
                store->request_put, 1, batch->request_key, sizeof(none), SQLITE_STATIC);
        (void)sqlite3_bind_int64(store->request_put, 2, now_ns);
        enum tv_status status = tv_db_run(&store->writer, store->request_put, &commit->err);
        if (status != TV_OK)
            return status;
    }
    return TV_OK;
}

/* A transaction in a file that nobody can open any more is not durable. */
static enum tv_status refuse_removed(struct tv_commit *commit)
{
    struct tv_store *store = commit->store;
    int moved = 0;
    int code = sqlite3_file_control(store->writer.sql, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (code == SQLITE_OK && !moved)
        return TV_OK;
    return tv_fail(&commit->err, TV_IO, "'%s' was removed or replaced", store->path);
}

/* What maintenance writes to free space must find room, so the last of it is not given to events. */
static enum tv_status keep_reserve(struct tv_commit *commit)
{
    struct tv_store_room room = tv_store_room(commit->store);
    if (room.free_bytes >= room.reserve_bytes)
        return TV_OK;
    commit->reserve_reached = true;
    return tv_fail(&commit->err, TV_FULL,
            "%llu MiB are free beside '%s', less than the reserve of %llu",
            (unsigned long long)(room.free_bytes >> 20), commit->store->path,
            (unsigned long long)(room.reserve_bytes >> 20));
}

static enum tv_status write_group(struct tv_commit *commit, struct tv_str payload, int64_t now_ns)
{
    struct tv_store *store = commit->store;
    struct tv_segment_row row = {commit->id, 0, TV_STR(""), payload};
    enum tv_status status = tv_store_begin(store, &commit->err);
    if (status == TV_OK && payload.len)
        status = tv_store_insert(store, &row, &commit->err);
    if (status == TV_OK && commit->keys_new)
        status = put_requests(commit, now_ns);
    int64_t started_ns = tv_time_monotonic();
    if (status == TV_OK)
        status = tv_db_run(&store->writer, store->commit, &commit->err);
    commit->result.sync_ns = tv_time_monotonic() - started_ns;
    if (status != TV_OK) {
        tv_db_rollback(&store->writer);
        atomic_store(&store->log_unsure, true);
    }
    return status;
}

void tv_commit_run(struct tv_commit *commit)
{
    struct tv_buf payload = {0};
    int64_t now_ns = tv_time_now();
    for (size_t i = 0; i < commit->count; i++)
        if (commit->batches[i]->rows)
            fill_times(commit->batches[i], now_ns);
    commit->status = tv_commit_drop_duplicates(commit);
    if (commit->status != TV_OK)
        return;
    give_arrivals(commit);
    merge_small(commit);
    if (commit->merged_count) {
        tv_level0_encode(commit->merged, commit->merged_count, &payload);
        commit->level0 = tv_level0_new(commit->id, commit->merged, commit->merged_count);
        commit->level0->payload_bytes = payload.len;
    }
    bool writes = commit->merged_count || commit->keys_new;
    if (writes)
        commit->status = refuse_removed(commit);
    if (writes && commit->status == TV_OK)
        commit->status = keep_reserve(commit);
    if (writes && commit->status == TV_OK)
        commit->status = write_group(commit, tv_buf_str(&payload), now_ns);
    tv_buf_release(&payload);
}

static void publish_group(
        struct tv_commit *commit, void (*publish)(void *ctx, struct tv_batch *batch), void *ctx)
{
    struct tv_store *store = commit->store;
    if (commit->level0) {
        tv_store_add_level0(store, tv_level0_ref(commit->level0));
        store->stats.commit_bytes += commit->level0->payload_bytes;
        tv_kept_note(store, commit->level0);
        tv_frames_reopen(store, commit->level0);
        store->stats.level0_segments = store->level0_count;
    }
    store->stats.commits++;
    store->requests_known = store->requests_known || commit->keys_new;
    store->stats.duplicates += commit->result.duplicates;
    store->stats.last_sync_ns = commit->result.sync_ns;
    store->stats.last_commit_ns = tv_time_now();
    for (size_t i = 0; publish && i < commit->count; i++)
        if (commit->batches[i]->rows)
            publish(ctx, commit->batches[i]);
}

enum tv_status tv_commit_finish(struct tv_commit *commit,
        void (*publish)(void *ctx, struct tv_batch *batch), void *ctx,
        struct tv_commit_result *result, struct tv_error *err)
{
    struct tv_store *store = commit->store;
    enum tv_status status = commit->status;
    store->stats.read_only = status != TV_OK;
    store->reserve_reached = commit->reserve_reached;
    tv_snapshot_unref(commit->snapshot);
    if (status == TV_OK) {
        publish_group(commit, publish, ctx);
        *result = commit->result;
    } else if (err) {
        *err = commit->err;
    }
    tv_level0_unref(commit->level0);
    for (size_t i = 0; i < commit->count; i++)
        tv_batch_unref(commit->batches[i]);
    store->commit_open = false;
    free(commit->merged);
    free(commit->batches);
    free(commit);
    return status;
}
