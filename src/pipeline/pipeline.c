/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit and the turns of the store's jobs.
 *
 * Everything here runs on the loop thread; the two long things, a commit and a job, are the store's
 * pure functions on their lanes. The writer lane carries one thing at a time: a group's commit or
 * the short final transaction of a job, and a job that waits for it goes before the next group, so
 * that compaction cannot be starved by a full stream of events.
 *
 * A group is what was accepted while the last one was being committed. A timer that waits for more
 * would add its delay to every acknowledgement of a quiet system; starting the next group at once
 * would split a set of clients that wait for their answers into two alternating halves, each paying
 * a whole fsync. So a group starts two turns of the loop after the last one's answers were released:
 * one turn writes them, the next reads what the clients sent back. */
#include "pipeline/pipeline.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

enum {
    GROUP_ROWS_MAX = 1 << 16,
    COMMIT_RETRY_MS = 500, /* after a failed commit: how long accept refuses without trying */
    TURNS_BEFORE_GROUP = 2,
};

struct entry {
    struct tv_batch *batch;
    tv_sink_done_fn *done;
    void *ctx;
    size_t bytes;
    uint32_t rows;
};

/* Accepted batches in order. */
struct group {
    struct entry *entries;
    size_t count, cap;
};

struct tv_pipeline {
    struct tv_pipeline_config config;
    struct tv_timer *timer; /* asks the store for jobs that fall due while nothing arrives */

    struct group waiting, flying;
    struct tv_commit *commit;
    int turns_left; /* loop turns until the next group may start; 0 when no start is planned */

    struct tv_store_job *job;
    bool job_wants_writer, job_on_writer;

    bool closing;
    int64_t refuse_until_ns; /* monotonic; after a failed commit */
    size_t level0_bytes;
    struct tv_pipeline_stats stats;
};

static void plan_group(struct tv_pipeline *pipeline);
static void plan_job(struct tv_pipeline *pipeline);

static bool writer_busy(const struct tv_pipeline *pipeline)
{
    return pipeline->commit || pipeline->job_on_writer;
}

static void group_push(struct group *group, struct entry entry)
{
    if (group->count == group->cap) {
        group->cap = tv_grown(group->cap, group->count + 1, 64);
        group->entries = tv_realloc_array(group->entries, group->cap, sizeof *group->entries);
    }
    group->entries[group->count++] = entry;
}

/* Moves the head of `waiting`, as much as one commit takes, to `flying`. */
static void take_group(struct tv_pipeline *pipeline)
{
    struct group *waiting = &pipeline->waiting;
    uint64_t rows = 0;
    size_t count = 0;
    while (count < waiting->count && count < TV_COMMIT_BATCHES_MAX && rows < GROUP_ROWS_MAX) {
        rows += waiting->entries[count].rows;
        group_push(&pipeline->flying, waiting->entries[count]);
        count++;
    }
    waiting->count -= count;
    memmove(waiting->entries, waiting->entries + count, waiting->count * sizeof *waiting->entries);
}

static void publish(void *ctx, struct tv_batch *batch)
{
    struct tv_pipeline *pipeline = ctx;
    tv_feed_publish(pipeline->config.feed, batch);
}

static void note_failure(
        struct tv_pipeline *pipeline, enum tv_status status, const struct tv_error *err)
{
    if (pipeline->stats.last_failure != status)
        tv_log(TV_LOG_ERROR, "commit failed", "reason", err->message, (char *)NULL);
    pipeline->stats.last_failure = status;
    pipeline->refuse_until_ns = tv_time_monotonic() + COMMIT_RETRY_MS * TV_NS_PER_MS;
}

static void refresh_level0(struct tv_pipeline *pipeline)
{
    struct tv_store_stats stats;
    tv_store_stats(pipeline->config.store, &stats);
    pipeline->level0_bytes = (size_t)stats.level0_bytes;
}

static void release_flying(struct tv_pipeline *pipeline, enum tv_status status)
{
    struct group *flying = &pipeline->flying;
    for (size_t i = 0; i < flying->count; i++) {
        struct entry *entry = &flying->entries[i];
        pipeline->stats.waiting_bytes -= entry->bytes;
        if (status == TV_OK)
            pipeline->stats.committed_events += entry->rows;
        else
            pipeline->stats.failed_events += entry->rows;
        if (entry->done)
            entry->done(entry->ctx, status);
    }
    flying->count = 0;
}

static void run_commit(void *ctx)
{
    struct tv_pipeline *pipeline = ctx;
    tv_commit_run(pipeline->commit);
}

static void commit_done(void *ctx)
{
    struct tv_pipeline *pipeline = ctx;
    struct tv_commit_result result;
    struct tv_error err;
    enum tv_status status = tv_commit_finish(pipeline->commit, publish, pipeline, &result, &err);
    pipeline->commit = NULL;
    pipeline->stats.groups++;
    if (status == TV_OK) {
        if (pipeline->stats.last_failure != TV_OK)
            tv_log(TV_LOG_INFO, "commits work again", (char *)NULL);
        pipeline->stats.last_failure = TV_OK;
        pipeline->stats.last_commit_ns = tv_time_now();
    } else {
        note_failure(pipeline, status, &err);
    }
    refresh_level0(pipeline);
    release_flying(pipeline, status);
    plan_job(pipeline);
    plan_group(pipeline);
}

static void start_group(struct tv_pipeline *pipeline)
{
    struct tv_batch *batches[TV_COMMIT_BATCHES_MAX];
    take_group(pipeline);
    for (size_t i = 0; i < pipeline->flying.count; i++)
        batches[i] = pipeline->flying.entries[i].batch;
    pipeline->commit = tv_commit_begin(pipeline->config.store, batches, pipeline->flying.count);
    enum tv_status status =
            tv_lane_submit(pipeline->config.writer_lane, run_commit, commit_done, pipeline);
    TV_ASSERT(status == TV_OK); /* the lane is ours alone and idle */
}

static void group_turn(void *ctx)
{
    struct tv_pipeline *pipeline = ctx;
    if (--pipeline->turns_left > 0) {
        tv_loop_defer(pipeline->config.loop, group_turn, pipeline);
        return;
    }
    if (!writer_busy(pipeline) && pipeline->waiting.count)
        start_group(pipeline);
}

static void plan_group(struct tv_pipeline *pipeline)
{
    if (writer_busy(pipeline) || pipeline->turns_left || !pipeline->waiting.count)
        return;
    pipeline->turns_left = TURNS_BEFORE_GROUP;
    tv_loop_defer(pipeline->config.loop, group_turn, pipeline);
}

/* Jobs. */

static void finish_job(struct tv_pipeline *pipeline)
{
    struct tv_error err;
    if (tv_store_job_finish(pipeline->job, &err) != TV_OK)
        tv_log(TV_LOG_ERROR, "maintenance failed", "reason", err.message, (char *)NULL);
    pipeline->job = NULL;
    refresh_level0(pipeline);
    plan_job(pipeline);
}

static void run_job_commit(void *ctx)
{
    struct tv_pipeline *pipeline = ctx;
    tv_store_job_commit(pipeline->job);
}

static void job_commit_done(void *ctx)
{
    struct tv_pipeline *pipeline = ctx;
    pipeline->job_on_writer = false;
    finish_job(pipeline);
    plan_group(pipeline);
}

static void start_job_commit(struct tv_pipeline *pipeline)
{
    pipeline->job_wants_writer = false;
    pipeline->job_on_writer = true;
    enum tv_status status =
            tv_lane_submit(pipeline->config.writer_lane, run_job_commit, job_commit_done, pipeline);
    TV_ASSERT(status == TV_OK);
}

static void run_job(void *ctx)
{
    struct tv_pipeline *pipeline = ctx;
    tv_store_job_run(pipeline->job);
}

static void job_done(void *ctx)
{
    struct tv_pipeline *pipeline = ctx;
    if (!tv_store_job_needs_writer(pipeline->job)) {
        finish_job(pipeline);
        return;
    }
    pipeline->job_wants_writer = true;
    plan_job(pipeline);
}

/* Starts the job that is due, or sets the timer for the one that will be. */
static void start_job(struct tv_pipeline *pipeline)
{
    pipeline->job = tv_store_job_next(pipeline->config.store, tv_time_now());
    if (!pipeline->job) {
        int64_t due_ns = tv_store_job_due_in(pipeline->config.store);
        if (due_ns != INT64_MAX)
            tv_timer_start(pipeline->timer, due_ns, 0);
        return;
    }
    enum tv_status status =
            tv_lane_submit(pipeline->config.maintenance_lane, run_job, job_done, pipeline);
    TV_ASSERT(status == TV_OK); /* so is this lane */
}

/* Gives the job under way its next step, or looks for the next job. */
static void plan_job(struct tv_pipeline *pipeline)
{
    if (!pipeline->job && !pipeline->closing)
        start_job(pipeline);
    else if (pipeline->job_wants_writer && !writer_busy(pipeline))
        start_job_commit(pipeline);
}

static void job_timer(void *ctx)
{
    plan_job(ctx);
}

void tv_pipeline_look(struct tv_pipeline *pipeline)
{
    plan_job(pipeline);
}

/* The sink. */

static enum tv_status refusal(const struct tv_pipeline *pipeline)
{
    if (pipeline->closing)
        return TV_OVERLOADED;
    if (pipeline->stats.last_failure != TV_OK && tv_time_monotonic() < pipeline->refuse_until_ns)
        return pipeline->stats.last_failure == TV_FULL ? TV_FULL : TV_OVERLOADED;
    if (pipeline->level0_bytes > pipeline->config.level0_bytes_max)
        return TV_OVERLOADED;
    return TV_OK;
}

static enum tv_status accept_batch(
        void *self, struct tv_batch *batch, tv_sink_done_fn *done, void *ctx)
{
    struct tv_pipeline *pipeline = self;
    size_t bytes = tv_batch_bytes(batch);
    enum tv_status status = refusal(pipeline);
    if (status == TV_OK && pipeline->stats.waiting_bytes &&
            pipeline->stats.waiting_bytes + bytes > pipeline->config.waiting_bytes_max)
        status = TV_OVERLOADED;
    if (status != TV_OK) {
        pipeline->stats.refused++;
        return status;
    }
    group_push(&pipeline->waiting,
            (struct entry){.batch = tv_batch_ref(batch),
                    .done = done,
                    .ctx = ctx,
                    .bytes = bytes,
                    .rows = batch->rows});
    pipeline->stats.waiting_bytes += bytes;
    pipeline->stats.accepted_events += batch->rows;
    plan_group(pipeline);
    return TV_OK;
}

struct tv_sink tv_pipeline_sink(struct tv_pipeline *pipeline)
{
    return (struct tv_sink){.self = pipeline, .accept = accept_batch};
}

/* Life. */

struct tv_pipeline *tv_pipeline_new(const struct tv_pipeline_config *config)
{
    struct tv_pipeline *pipeline = tv_calloc(1, sizeof *pipeline);
    pipeline->config = *config;
    pipeline->timer = tv_timer_new(config->loop, job_timer, pipeline);
    refresh_level0(pipeline);
    plan_job(pipeline);
    return pipeline;
}

void tv_pipeline_drain(struct tv_pipeline *pipeline)
{
    pipeline->closing = true;
    tv_timer_stop(pipeline->timer);
    while (pipeline->waiting.count || pipeline->turns_left || writer_busy(pipeline) ||
            pipeline->job)
        tv_loop_run_once(pipeline->config.loop);
}

void tv_pipeline_free(struct tv_pipeline *pipeline)
{
    if (!pipeline)
        return;
    TV_ASSERT(!pipeline->waiting.count && !pipeline->turns_left && !writer_busy(pipeline) &&
            !pipeline->job);
    tv_timer_free(pipeline->timer);
    free(pipeline->waiting.entries);
    free(pipeline->flying.entries);
    free(pipeline);
}

void tv_pipeline_stats(const struct tv_pipeline *pipeline, struct tv_pipeline_stats *out)
{
    *out = pipeline->stats;
}
