/* SPDX-License-Identifier: Apache-2.0 */
/* Rollups of segments that have none: those of an older file, and those whose rollup was damaged or
 * thrown away. One segment a job, after all that is more urgent; until its turn a segment is read by its
 * rows. */
#include "store/job_internal.h"

#include "base/mem.h"
#include "store/encode.h"
#include "store/rolled.h"
#include "store/view.h"

#include <stdlib.h>

bool tv_roll_up_due(struct tv_store *store, struct tv_store_job *job)
{
    const struct tv_segment_list *list = store->segments;
    if (!store->rollups_wanted)
        return false;
    for (size_t i = 0; i < list->count && job->old_count == 0; i++)
        if (!atomic_load(&list->items[i]->rolled) && !atomic_load(&list->items[i]->corrupt))
            job->old[job->old_count++] = tv_segment_ref(list->items[i]);
    store->rollups_wanted = job->old_count > 0;
    return store->rollups_wanted;
}

void tv_roll_up_run(struct tv_store_job *job)
{
    struct tv_segment *segment = job->old[0];
    struct tv_db db = {0};
    struct tv_view view;
    struct tv_scan_columns all = {.fields = (1u << TV_FIELD_COUNT) - 1, .all_attributes = true};
    tv_view_init(&view, segment);
    job->status = tv_pool_take(job->store, &db, &job->err);
    if (job->status == TV_OK)
        job->status = tv_view_load(&view, &db, &all, &job->err);
    tv_pool_put(job->store, &db);
    if (job->status == TV_CORRUPT && !atomic_exchange(&segment->corrupt, true))
        atomic_fetch_add(&job->store->corrupt, 1);
    if (job->status == TV_OK) {
        struct tv_build build = {.batches = &view.batch, .batch_count = 1};
        size_t count = 0;
        struct tv_build_row *rows = tv_build_sorted(build.batches, 1, &count);
        build.rows = rows;
        build.count = (uint32_t)count;
        job->rolled = tv_calloc(1, sizeof(*job->rolled));
        job->rolls = tv_calloc(1, sizeof(*job->rolls));
        tv_rolled_make(&build, job->rolled, &job->rolls[0]);
        free(rows);
    }
    tv_view_release(&view);
}

void tv_roll_up_commit(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    job->status = tv_compact_begin(job);
    if (job->status == TV_OK)
        job->status = tv_store_put_rollup(
                store, job->old[0]->id, job->rolled, tv_buf_str(&job->rolls[0]), &job->err);
    tv_compact_end(job);
}

void tv_roll_up_finish(struct tv_store_job *job)
{
    struct tv_segment *segment = job->old[0];
    if (job->status == TV_OK) {
        uint64_t before = tv_segment_bytes(segment);
        tv_segment_set_rolled(segment, job->rolled);
        job->store->stats.payload_bytes += tv_segment_bytes(segment) - before;
        job->rolled = NULL;
    }
    free(job->rolled);
    if (job->rolls)
        tv_buf_release(&job->rolls[0]);
    free(job->rolls);
    tv_segment_unref(segment);
}
