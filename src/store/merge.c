/* SPDX-License-Identifier: Apache-2.0 */
/* Small segments to larger ones.
 *
 * Segments of one tier of size (a factor of eight) that are neighbours in time are merged once there
 * are eight of them, so an event is rewritten at most once a tier: four times on its way from ten
 * rows to a full segment. Those of a day that has long passed are merged from two on, since no more
 * will come to make eight. */
#include "store/job_internal.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/view.h"

#include <stdlib.h>

enum {
    SMALL_ROWS = TV_SEGMENT_ROWS_MAX / 2,
    TIERS = 4,
    TIER_BITS = 3,
    LEAST_TIER_BITS = 6, /* the lowest tier is below 64 rows */
    FAN_IN = 8
};

#define SPAN_NS TV_NS_PER_DAY

static int tier_of(uint64_t rows)
{
    int tier = 0;
    while (tier < TIERS - 1 && rows >> (LEAST_TIER_BITS + TIER_BITS * tier))
        tier++;
    return tier;
}

static int by_time(const void *a, const void *b)
{
    int64_t left = (*(struct tv_segment *const *)a)->extent.min_time;
    int64_t right = (*(struct tv_segment *const *)b)->extent.min_time;
    return (left > right) - (left < right);
}

/* The longest run of neighbours from `start` on that may become one segment. */
static size_t run_from(struct tv_segment *const *sorted, size_t start, size_t count, int tier)
{
    uint64_t rows = 0;
    size_t end = start;
    for (; end < count && end - start < TV_JOB_SEGMENTS_MAX; end++) {
        const struct tv_extent *extent = &sorted[end]->extent;
        rows += extent->rows;
        /* A tier of crumbs is merged however far apart they lie. */
        bool near = tier == 0 || extent->max_time - sorted[start]->extent.min_time <= SPAN_NS;
        if (rows > TV_SEGMENT_ROWS_MAX || !near)
            break;
    }
    return end - start;
}

static bool is_cold(struct tv_segment *const *run, size_t count, int64_t now_ns)
{
    for (size_t i = 0; i < count; i++)
        if (tv_extent_newest(&run[i]->extent) > now_ns - SPAN_NS)
            return false;
    return true;
}

/* Looks for a run in one tier; takes it for the job. */
static bool find_run(struct tv_store_job *job, struct tv_segment **sorted, size_t count, int tier)
{
    for (size_t start = 0; start < count; start++) {
        size_t length = run_from(sorted, start, count, tier);
        bool enough =
                length >= FAN_IN || (length >= 2 && is_cold(sorted + start, length, job->now_ns));
        if (!enough)
            continue;
        for (size_t i = 0; i < length; i++)
            job->old[job->old_count++] = tv_segment_ref(sorted[start + i]);
        return true;
    }
    return false;
}

/* Those of one tier and class, by time. */
static size_t gather(
        const struct tv_segment_list *list, int tier, unsigned class, struct tv_segment **sorted)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct tv_segment *segment = list->items[i];
        if (segment->extent.rows < SMALL_ROWS && tier_of(segment->extent.rows) == tier &&
                segment->class == class && !atomic_load(&segment->corrupt))
            sorted[count++] = segment;
    }
    if (count)
        qsort(sorted, count, sizeof(*sorted), by_time);
    return count;
}

bool tv_merge_due(struct tv_store *store, struct tv_store_job *job)
{
    const struct tv_segment_list *list = store->segments;
    bool found = false;
    if (!store->merge_wanted)
        return false;
    struct tv_segment **sorted = tv_calloc(list->count, sizeof(struct tv_segment *));
    for (int tier = 0; tier < TIERS && !found; tier++)
        for (unsigned class = 0; class <= TV_RETENTION_MIXED && !found; class ++) {
            size_t count = gather(list, tier, class, sorted);
            found = count && find_run(job, sorted, count, tier);
        }
    free(sorted);
    store->merge_wanted = found;
    return found;
}

static enum tv_status load_old(struct tv_store_job *job, struct tv_view *views)
{
    struct tv_db db = {0};
    struct tv_scan_columns all = {.fields = (1u << TV_FIELD_COUNT) - 1, .all_attributes = true};
    enum tv_status status = tv_pool_take(job->store, &db, &job->err);
    for (size_t i = 0; i < job->old_count && status == TV_OK; i++) {
        tv_view_init(&views[i], job->old[i]);
        status = tv_view_load(&views[i], &db, &all, &job->err);
        if (status == TV_CORRUPT)
            tv_store_set_aside(job->store, job->old[i]);
    }
    tv_pool_put(job->store, &db);
    return status;
}

void tv_merge_run(struct tv_store_job *job)
{
    struct tv_view views[TV_JOB_SEGMENTS_MAX] = {0};
    struct tv_batch *batches[TV_JOB_SEGMENTS_MAX];
    job->status = load_old(job, views);
    for (size_t i = 0; i < job->old_count; i++) {
        batches[i] = views[i].batch;
        job->level = job->old[i]->level > job->level ? job->old[i]->level : job->level;
    }
    job->level++;
    if (job->status == TV_OK)
        tv_compact_encode(job, batches, job->old_count);
    for (size_t i = 0; i < job->old_count; i++)
        if (views[i].batch)
            tv_view_release(&views[i]);
}
