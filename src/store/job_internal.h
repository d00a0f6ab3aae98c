/* SPDX-License-Identifier: Apache-2.0 */
/* Maintenance jobs: one struct for all kinds, a table of steps for each kind. */
#ifndef TV_STORE_JOB_INTERNAL_H
#define TV_STORE_JOB_INTERNAL_H

#include "store/store_internal.h"

enum { TV_JOB_SEGMENTS_MAX = 64 };

struct tv_store_job {
    enum tv_job_kind kind;
    struct tv_store *store;
    int64_t now_ns;
    enum tv_status status;
    struct tv_error err;

    /* FLUSH: the first of level 0. */
    struct tv_level0 **level0;
    size_t level0_count;
    /* MERGE, EXPIRE: the segments that go. */
    struct tv_segment *old[TV_JOB_SEGMENTS_MAX];
    size_t old_count;
    /* FLUSH, MERGE: what comes instead. */
    struct tv_segment **fresh;
    struct tv_buf *metas, *payloads, *rolls;
    size_t fresh_count, fresh_cap;
    int level;
    struct tv_rolled *rolled; /* ROLL_UP: of old[0]; its points are in rolls[0] */
    /* PRINTS: the rows that go, which of their members are left, and what comes instead; `old` holds
     * the segments that are covered anew. */
    struct tv_prints *prints[TV_PRINTS_FAN_IN];
    uint64_t prints_live[TV_PRINTS_FAN_IN];
    size_t prints_count;
    struct tv_prints *prints_fresh;
    struct tv_buf prints_data;

    /* BURY: rows to delete. */
    int64_t ids[TV_JOB_SEGMENTS_MAX];
    size_t id_count;
    int frames; /* CHECKPOINT: in the log */
    bool more;  /* VACUUM, ERASE: there is more to give back */
    /* ERASE: what is looked at, and what came of it. */
    struct tv_erasure *erasure;
    struct tv_snapshot *snapshot;
    struct tv_segment *candidates[TV_JOB_SEGMENTS_MAX];
    size_t candidate_count;
    int64_t examined, record_id;
    uint64_t erased;
    bool waits;                 /* for readers */
    struct tv_kept_mark *marks; /* FLUSH: frames that became stale, not told to the file yet */
    size_t mark_count;
    int64_t *gone; /* ids of frames that go: those of what is erased or expires, or replaced */
    size_t gone_count;
    struct tv_frame_task *task; /* FRAMES */
};

struct tv_job_steps {
    /* Whether it is due; fills the job. Loop. */
    bool (*due)(struct tv_store *store, struct tv_store_job *job);
    void (*run)(struct tv_store_job *job);    /* maintenance lane; NULL: nothing to do */
    void (*commit)(struct tv_store_job *job); /* writer lane; NULL: not needed */
    void (*finish)(struct tv_store_job *job); /* loop; also after a failure */
};

extern const struct tv_job_steps tv_job_steps[TV_JOB_COUNT];

/* Compaction (compact.c, merge.c). */
bool tv_flush_due(struct tv_store *store, struct tv_store_job *job);
void tv_flush_run(struct tv_store_job *job);
bool tv_merge_due(struct tv_store *store, struct tv_store_job *job);
void tv_merge_run(struct tv_store_job *job);
void tv_compact_commit(struct tv_store_job *job);
void tv_compact_finish(struct tv_store_job *job);
/* Sorts all rows of the batches, cuts them into segments and encodes those. */
void tv_compact_encode(
        struct tv_store_job *job, struct tv_batch *const *batches, size_t batch_count);
/* Inside a job's transaction. */
TV_CHECKED enum tv_status tv_compact_put_counter(
        struct tv_store_job *job, const char *name, int64_t value);
/* Rollups of segments that have none (roll_up.c). */
bool tv_roll_up_due(struct tv_store *store, struct tv_store_job *job);
void tv_roll_up_run(struct tv_store_job *job);
void tv_roll_up_commit(struct tv_store_job *job);
void tv_roll_up_finish(struct tv_store_job *job);
/* A transaction that need not reach the disk by itself: begin, and its end by job->status. */
TV_CHECKED enum tv_status tv_compact_begin(struct tv_store_job *job);
void tv_compact_end(struct tv_store_job *job);
/* Prints (prints_job.c). */
bool tv_prints_due(struct tv_store *store, struct tv_store_job *job);
void tv_prints_run(struct tv_store_job *job);
void tv_prints_commit(struct tv_store_job *job);
void tv_prints_finish(struct tv_store_job *job);
/* Frames of past buckets (frame_job.c). */
bool tv_frames_due(struct tv_store *store, struct tv_store_job *job);
void tv_frames_run(struct tv_store_job *job);
void tv_frames_commit(struct tv_store_job *job);
void tv_frames_finish(struct tv_store_job *job);
/* For jobs that take events away: inside their transaction deletes the frames that those mattered to,
 * at their finish forgets them. */
TV_CHECKED enum tv_status tv_frames_delete(struct tv_store_job *job);
void tv_frames_forget(struct tv_store_job *job);
/* Monotonic ns until that may be due, INT64_MAX for never. */
int64_t tv_frames_due_in(const struct tv_store *store, int64_t now_monotonic_ns);
/* Upkeep (upkeep.c). */
bool tv_checkpoint_due(struct tv_store *store, struct tv_store_job *job);
void tv_checkpoint_run(struct tv_store_job *job);
void tv_checkpoint_commit(struct tv_store_job *job);
void tv_checkpoint_finish(struct tv_store_job *job);
bool tv_bury_due(struct tv_store *store, struct tv_store_job *job);
void tv_bury_commit(struct tv_store_job *job);
void tv_bury_finish(struct tv_store_job *job);
bool tv_expire_due(struct tv_store *store, struct tv_store_job *job);
void tv_expire_commit(struct tv_store_job *job);
void tv_expire_finish(struct tv_store_job *job);
bool tv_prune_due(struct tv_store *store, struct tv_store_job *job);
void tv_prune_commit(struct tv_store_job *job);
bool tv_vacuum_due(struct tv_store *store, struct tv_store_job *job);
void tv_vacuum_commit(struct tv_store_job *job);
void tv_vacuum_finish(struct tv_store_job *job);
/* Nanoseconds until the next of the above is due though nothing happens meanwhile. */
int64_t tv_upkeep_due_in(struct tv_store *store, int64_t now_monotonic_ns);
/* Monotonic ns until level 0 must be flushed for its age, INT64_MAX if it is empty. */
int64_t tv_flush_due_in(const struct tv_store *store, int64_t now_monotonic_ns);

#endif
