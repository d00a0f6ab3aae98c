/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: which is due, and their way over the lanes.
 *
 * The table stands in the order of urgency: level 0 must not grow, the log must not, then come the
 * others. Checks that cost something are made once in a while; an idle store has none due until its
 * next segment expires. */
#include "store/erase_internal.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

#define RETRY_NS TV_NS_PER_S

const struct tv_job_steps tv_job_steps[TV_JOB_COUNT] = {
        [TV_JOB_FLUSH] = {tv_flush_due, tv_flush_run, tv_compact_commit, tv_compact_finish},
        [TV_JOB_CHECKPOINT] = {tv_checkpoint_due, tv_checkpoint_run, tv_checkpoint_commit,
                tv_checkpoint_finish},
        [TV_JOB_BURY] = {tv_bury_due, NULL, tv_bury_commit, tv_bury_finish},
        [TV_JOB_ERASE] = {tv_erase_due, tv_erase_run, tv_erase_commit, tv_erase_finish},
        [TV_JOB_MERGE] = {tv_merge_due, tv_merge_run, tv_compact_commit, tv_compact_finish},
        [TV_JOB_PRINTS] = {tv_prints_due, tv_prints_run, tv_prints_commit, tv_prints_finish},
        [TV_JOB_EXPIRE] = {tv_expire_due, NULL, tv_expire_commit, tv_expire_finish},
        [TV_JOB_ROLL_UP] = {tv_roll_up_due, tv_roll_up_run, tv_roll_up_commit, tv_roll_up_finish},
        [TV_JOB_FRAMES] = {tv_frames_due, tv_frames_run, tv_frames_commit, tv_frames_finish},
        [TV_JOB_PRUNE] = {tv_prune_due, NULL, tv_prune_commit, NULL},
        [TV_JOB_VACUUM] = {tv_vacuum_due, NULL, tv_vacuum_commit, tv_vacuum_finish},
};

static const enum tv_job_kind urgency[TV_JOB_COUNT] = {TV_JOB_FLUSH, TV_JOB_CHECKPOINT, TV_JOB_BURY,
        TV_JOB_ERASE, TV_JOB_EXPIRE, TV_JOB_MERGE, TV_JOB_PRINTS, TV_JOB_ROLL_UP, TV_JOB_FRAMES,
        TV_JOB_PRUNE, TV_JOB_VACUUM};

struct tv_store_job *tv_store_job_next(struct tv_store *store, int64_t now_ns)
{
    if (!store->writable || store->job_open)
        return NULL;
    struct tv_store_job *job = tv_calloc(1, sizeof(*job));
    for (int i = 0; i < TV_JOB_COUNT; i++) {
        if (tv_time_monotonic() < store->retry_ns[urgency[i]])
            continue;
        *job = (struct tv_store_job){.kind = urgency[i], .store = store, .now_ns = now_ns};
        if (!tv_job_steps[job->kind].due(store, job))
            continue;
        store->job_open = true;
        return job;
    }
    free(job);
    return NULL;
}

void tv_store_job_run(struct tv_store_job *job)
{
    if (tv_job_steps[job->kind].run)
        tv_job_steps[job->kind].run(job);
}

bool tv_store_job_needs_writer(const struct tv_store_job *job)
{
    return job->status == TV_OK && tv_job_steps[job->kind].commit;
}

void tv_store_job_commit(struct tv_store_job *job)
{
    tv_job_steps[job->kind].commit(job);
    if (job->status != TV_OK) {
        tv_db_rollback(&job->store->writer);
        atomic_store(&job->store->log_unsure, true);
    }
}

enum tv_status tv_store_job_finish(struct tv_store_job *job, struct tv_error *err)
{
    struct tv_store *store = job->store;
    enum tv_status status = job->status;
    if (status != TV_OK && err)
        *err = job->err;
    if (tv_job_steps[job->kind].finish)
        tv_job_steps[job->kind].finish(job);
    /* What failed is tried again after a while, not at once. */
    store->retry_ns[job->kind] = status == TV_OK ? 0 : tv_time_monotonic() + RETRY_NS;
    store->job_open = false;
    free(job);
    return status;
}

int64_t tv_store_job_due_in(struct tv_store *store)
{
    int64_t now_ns = tv_time_monotonic();
    int64_t due_ns = tv_flush_due_in(store, now_ns);
    int64_t upkeep_ns = tv_upkeep_due_in(store, now_ns);
    if (!store->writable)
        return INT64_MAX;
    return due_ns < upkeep_ns ? due_ns : upkeep_ns;
}
