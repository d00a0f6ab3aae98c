/* SPDX-License-Identifier: Apache-2.0 */
/* The scan gives the rows for which any step holds; which ones is asked again here, a step at a time
 * over the few rows that are left. Segments may overlap in time, so what a batch brings waits until
 * the scan's bound has passed it. */
#include "timeql/match_feed.h"

#include "base/mem.h"

#include <stdlib.h>

void tv_match_feed_init(
        struct tv_match_feed *feed, const struct tv_query *query, struct tv_pattern *pattern)
{
    *feed = (struct tv_match_feed){.query = query, .pattern = pattern};
    tv_groups_init(&feed->keys, query->per, query->per_count);
    feed->fails = tv_arena_calloc(&feed->arena, query->step_count, sizeof(struct tv_pred *));
    for (size_t i = 0; i < query->step_count; i++)
        if (query->steps[i].lasting_ns > 0)
            feed->fails[i] = tv_pred_not(&feed->arena, query->steps[i].where);
}

void tv_match_feed_release(struct tv_match_feed *feed)
{
    tv_groups_release(&feed->keys);
    tv_arena_release(&feed->arena);
    tv_arena_release(&feed->scratch);
    free(feed->waiting);
}

static bool is_service(const struct tv_field_ref *ref)
{
    return ref->class == TV_FIELD_FIXED && ref->field == TV_FIELD_SERVICE;
}

struct tv_pred *tv_match_pred(const struct tv_query *query, struct tv_arena *arena)
{
    struct tv_pred *any = NULL;
    for (size_t i = 0; i < query->step_count; i++) {
        const struct tv_match_step *step = &query->steps[i];
        if (step->derived)
            continue;
        struct tv_pred *pred = step->where;
        if (step->lasting_ns > 0)
            pred = tv_pred_or(arena, pred, tv_pred_not(arena, pred));
        any = any ? tv_pred_or(arena, any, pred) : pred;
    }
    if (!any)
        return NULL;
    /* Without a key's field there is no key. */
    for (size_t i = 0; i < query->per_count; i++)
        if (!is_service(&query->per[i].ref))
            any = tv_pred_and(arena, any, tv_pred_exists(arena, query->per[i].ref));
    return query->where ? tv_pred_and(arena, query->where, any) : any;
}

/* Sets a bit for each of the batch's rows for which the predicate holds. */
static void set_bits(struct tv_match_feed *feed, const struct tv_scan_batch *batch,
        const struct tv_pred *pred, uint64_t bit, size_t at)
{
    struct tv_pattern_event *events = feed->waiting + feed->waiting_count;
    uint32_t *rows = tv_arena_alloc(&feed->scratch, batch->count * sizeof(*rows));
    memcpy(rows, batch->rows, batch->count * sizeof(*rows));
    uint32_t count = tv_pred_filter(pred, batch->batch, rows, batch->count, &feed->scratch);
    for (uint32_t i = 0, next = 0; next < count; i++) {
        if (batch->rows[i] != rows[next])
            continue;
        *(uint64_t *)(void *)((char *)&events[i] + at) |= bit;
        next++;
    }
}

/* With one step and no FOR the scan has selected what holds. */
static bool all_hold(const struct tv_query *query)
{
    return query->step_count == 1 && query->steps[0].lasting_ns == 0;
}

/* The steps on events, or those on derived fields. */
static void decide_steps(
        struct tv_match_feed *feed, const struct tv_scan_batch *batch, bool derived)
{
    const struct tv_query *query = feed->query;
    struct tv_pattern_event *events = feed->waiting + feed->waiting_count;
    if (all_hold(query) && !derived) {
        for (uint32_t i = 0; i < batch->count; i++)
            events[i].holds = 1;
        return;
    }
    for (size_t i = 0; i < query->step_count; i++) {
        if (query->steps[i].derived != derived)
            continue;
        set_bits(feed, batch, query->steps[i].where, UINT64_C(1) << i,
                offsetof(struct tv_pattern_event, holds));
        if (feed->fails[i])
            set_bits(feed, batch, feed->fails[i], UINT64_C(1) << i,
                    offsetof(struct tv_pattern_event, fails));
    }
}

static void reserve(struct tv_match_feed *feed, uint32_t more)
{
    size_t need = feed->waiting_count + more;
    if (need <= feed->waiting_cap)
        return;
    feed->waiting_cap = tv_grown(feed->waiting_cap, need, 4096);
    feed->waiting = tv_realloc_array(feed->waiting, feed->waiting_cap, sizeof(*feed->waiting));
}

static int by_moment(const void *left, const void *right)
{
    const struct tv_pattern_event *a = left;
    const struct tv_pattern_event *b = right;
    int c = tv_moment_compare(a->moment, b->moment);
    return c ? c : (a->key > b->key) - (a->key < b->key);
}

static void sort_waiting(struct tv_match_feed *feed)
{
    bool sorted = true;
    for (size_t i = 1; i < feed->waiting_count && sorted; i++)
        sorted = tv_moment_compare(feed->waiting[i - 1].moment, feed->waiting[i].moment) <= 0;
    if (!sorted)
        qsort(feed->waiting, feed->waiting_count, sizeof(*feed->waiting), by_moment);
}

void tv_match_feed_due(struct tv_match_feed *feed, int64_t bound)
{
    size_t due = 0;
    sort_waiting(feed);
    while (due < feed->waiting_count &&
            (bound == INT64_MAX || feed->waiting[due].moment.time < bound))
        tv_pattern_take(feed->pattern, &feed->waiting[due++]);
    if (due == 0)
        return;
    feed->waiting_count -= due;
    memmove(feed->waiting, feed->waiting + due, feed->waiting_count * sizeof(*feed->waiting));
}

bool tv_match_feed_batch(struct tv_match_feed *feed, const struct tv_scan_batch *batch)
{
    const int64_t *times = tv_batch_i64(batch->batch, TV_FIELD_TIME);
    const uint64_t *arrivals = tv_batch_u64(batch->batch, TV_FIELD_ARRIVAL);
    reserve(feed, batch->count);
    struct tv_pattern_event *events = feed->waiting + feed->waiting_count;
    uint32_t *keys = tv_arena_alloc(&feed->scratch, batch->count * sizeof(*keys));
    tv_groups_assign(&feed->keys, batch, &feed->scratch, keys);
    for (uint32_t i = 0; i < batch->count; i++) {
        uint32_t row = batch->rows[i];
        events[i] = (struct tv_pattern_event){
                .moment = {times[row], arrivals ? arrivals[row] : 0}, .key = keys[i]};
    }
    decide_steps(feed, batch, false);
    feed->waiting_count += batch->count;
    tv_arena_release(&feed->scratch);
    return feed->keys.count <= TV_MATCH_KEYS_MAX;
}

struct tv_pattern_event *tv_match_feed_marks(
        struct tv_match_feed *feed, const struct tv_batch *batch)
{
    uint32_t *rows = tv_arena_alloc(&feed->scratch, batch->rows * sizeof(*rows) + 1);
    uint32_t *keys = tv_arena_alloc(&feed->scratch, batch->rows * sizeof(*keys) + 1);
    struct tv_scan_batch all = {.batch = batch, .rows = rows, .count = batch->rows};
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    reserve(feed, batch->rows);
    struct tv_pattern_event *events = feed->waiting + feed->waiting_count;
    for (uint32_t row = 0; row < batch->rows; row++)
        rows[row] = row;
    tv_groups_assign(&feed->keys, &all, &feed->scratch, keys);
    for (uint32_t row = 0; row < batch->rows; row++)
        events[row] = (struct tv_pattern_event){.moment = {times[row], 0}, .key = keys[row]};
    decide_steps(feed, &all, true);
    feed->waiting_count += batch->rows;
    tv_arena_release(&feed->scratch);
    return events;
}
