/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT from rollups.
 *
 * The store adds up points of services, types and names, from rollups and what they lack from events; they
 * become rows of a batch, which finds them their groups as it does for events. A quantile is exact up to
 * TV_QUANTILE_EXACT numbers, and a sketch is not: groups with so few durations are left to the events,
 * which are read only for the steps and services in which such groups lie. So the answer is the one that
 * the events alone would give. */
#include "timeql/select_rolled.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/series.h"

#include <stdlib.h>

enum { LEFT_MAX = 64 };

static unsigned by_of(const struct tv_field_ref *ref)
{
    if (ref->class != TV_FIELD_FIXED)
        return 0;
    return ref->field == TV_FIELD_SERVICE ? TV_BY_SERVICE
            : ref->field == TV_FIELD_TYPE ? TV_BY_TYPE
            : ref->field == TV_FIELD_NAME ? TV_BY_NAME
                                          : 0;
}

static bool is_quantile(const struct tv_select_item *item)
{
    return tv_aggregate_per_cent(item->aggregate) > 0;
}

static bool knows_item(const struct tv_select_item *item)
{
    bool duration =
            item->column.ref.class == TV_FIELD_FIXED && item->column.ref.field == TV_FIELD_DURATION;
    bool counts = item->aggregate == TV_AGGREGATE_COUNT || item->aggregate == TV_AGGREGATE_RATE;
    if (item->aggregate == TV_AGGREGATE_NONE)
        return true; /* a field of the group */
    return (item->star && counts) || (duration && is_quantile(item));
}

static void check_field(void *ctx, const struct tv_field_ref *ref)
{
    bool *known = ctx;
    *known = *known && by_of(ref) != 0;
}

bool tv_select_rolls(const struct tv_query *query)
{
    bool known = query->grouped;
    for (size_t i = 0; i < query->item_count && known; i++)
        known = knows_item(&query->items[i]);
    for (size_t i = 0; i < query->group_count && known; i++)
        known = by_of(&query->groups[i].ref) != 0;
    if (query->where && known)
        tv_pred_fields(query->where, check_field, &known);
    return known;
}

static struct tv_series_spec series_of(const struct tv_select_roll *roll)
{
    const struct tv_query *query = roll->exec->query;
    struct tv_series_spec spec = {.from = query->from,
            .to = query->to,
            .step_ns = query->ast->every.present ? query->ast->every.ns : 0,
            .arrival_to = roll->exec->arrival_to,
            .where = query->where,
            .cancel = roll->exec->cancel};
    for (size_t i = 0; i < query->group_count; i++)
        spec.by |= by_of(&query->groups[i].ref);
    for (size_t i = 0; i < query->item_count; i++)
        spec.durations = spec.durations || is_quantile(&query->items[i]);
    return spec;
}

static bool is_exact(const struct tv_series_point *point)
{
    return point->durations.count > 0 && point->durations.count <= TV_QUANTILE_EXACT;
}

/* A row for each point, in order. */
static struct tv_batch *batch_of(const struct tv_series_list *list, int64_t from)
{
    struct tv_batch *batch = tv_batch_new();
    for (size_t i = 0; i < list->count; i++) {
        const struct tv_series *series = &list->items[i];
        for (size_t k = 0; k < series->count; k++) {
            uint32_t row = tv_batch_add_row(batch);
            int64_t time = series->points[k].time;
            tv_batch_set_time(batch, row, time > from ? time : from);
            if (series->service.ptr)
                tv_batch_set_text(batch, TV_FIELD_SERVICE, row, series->service);
            if (series->type.ptr)
                tv_batch_set_text(batch, TV_FIELD_TYPE, row, series->type);
            if (series->name.ptr)
                tv_batch_set_text(batch, TV_FIELD_NAME, row, series->name);
        }
    }
    return batch;
}

static void add_point(
        struct tv_select_roll *roll, uint32_t group, const struct tv_series_point *point)
{
    for (size_t i = 0; i < roll->exec->query->item_count; i++)
        tv_aggregator_add_sum(
                &roll->aggregators[i], group, point->counts.events, &point->durations);
    roll->done[group] = true;
}

/* The steps in which a group is left to the events, as scans. */
static void leave(struct tv_select_roll *roll, const struct tv_series_spec *spec, int64_t time)
{
    struct tv_scan_spec *last = roll->left_count ? &roll->left[roll->left_count - 1].spec : NULL;
    int64_t begin = time > spec->from ? time : spec->from, end = spec->to;
    if (spec->step_ns && !__builtin_add_overflow(time, spec->step_ns - 1, &end))
        end = end < spec->to ? end : spec->to;
    if (last && (begin <= last->to || begin - 1 == last->to || roll->left_count == LEFT_MAX)) {
        last->to = end > last->to ? end : last->to;
        return;
    }
    roll->left[roll->left_count] = *roll->scan;
    roll->left[roll->left_count].spec.from = begin;
    roll->left[roll->left_count++].spec.to = end;
}

static int by_time(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Only the services that are left, where they are told apart. */
static struct tv_pred *narrow(const struct tv_select_roll *roll, const struct tv_series_spec *spec,
        const struct tv_series_list *list)
{
    struct tv_arena *arena = &roll->exec->arena;
    struct tv_value *services = tv_arena_calloc(arena, list->count + 1, sizeof(*services));
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        bool left = false;
        for (size_t k = 0; k < list->items[i].count; k++)
            left = left || is_exact(&list->items[i].points[k]);
        if (!left)
            continue;
        if (!list->items[i].service.ptr)
            return spec->where; /* the absent one is no value to look for */
        services[count++] = tv_value_str(tv_arena_str(arena, list->items[i].service));
    }
    return tv_pred_and(arena,
            tv_pred_in(arena, tv_field_ref_fixed(TV_FIELD_SERVICE), services, count), spec->where);
}

static void leave_rest(struct tv_select_roll *roll, const struct tv_series_spec *spec,
        const struct tv_series_list *list)
{
    struct tv_arena *arena = &roll->exec->arena;
    int64_t *times = tv_arena_calloc(arena, list->point_count + 1, sizeof(*times));
    size_t count = 0;
    for (size_t i = 0; i < list->point_count && spec->durations; i++)
        if (is_exact(&list->points[i]))
            times[count++] = list->points[i].time;
    if (count == 0)
        return;
    qsort(times, count, sizeof(*times), by_time);
    roll->left = tv_arena_calloc(arena, LEFT_MAX, sizeof(*roll->left));
    for (size_t i = 0; i < count; i++)
        leave(roll, spec, times[i]);
    struct tv_pred *where = spec->by & TV_BY_SERVICE ? narrow(roll, spec, list) : spec->where;
    for (size_t i = 0; i < roll->left_count; i++)
        roll->left[i].spec.where = where;
}

static void take(struct tv_select_roll *roll, const struct tv_series_spec *spec,
        const struct tv_series_list *list)
{
    struct tv_arena scratch = {0};
    struct tv_batch *batch = batch_of(list, spec->from);
    uint32_t *rows = tv_arena_calloc(&scratch, (size_t)batch->rows + 1, sizeof(*rows));
    uint32_t *groups = tv_arena_calloc(&scratch, (size_t)batch->rows + 1, sizeof(*groups));
    for (uint32_t i = 0; i < batch->rows; i++)
        rows[i] = i;
    struct tv_scan_batch all = {batch, rows, batch->rows};
    tv_groups_assign(roll->groups, &all, &scratch, groups);
    roll->done_count = roll->groups->count;
    roll->done = tv_calloc((size_t)roll->done_count + 1, sizeof(*roll->done));
    for (size_t i = 0; i < roll->exec->query->item_count; i++)
        tv_aggregator_reserve(&roll->aggregators[i], roll->groups->count);
    uint32_t row = 0;
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < list->items[i].count; k++, row++)
            if (!spec->durations || !is_exact(&list->items[i].points[k]))
                add_point(roll, groups[row], &list->items[i].points[k]);
    leave_rest(roll, spec, list);
    tv_batch_unref(batch);
    tv_arena_release(&scratch);
}

enum tv_status tv_select_roll(struct tv_select_roll *roll)
{
    struct tv_series_spec spec = series_of(roll);
    struct tv_series_list list;
    int64_t started_ns = tv_time_monotonic();
    enum tv_status status = tv_series_read(roll->exec->snapshot, &spec, &list, roll->exec->err);
    if (status != TV_OK)
        return status;
    tv_exec_note(roll->exec, "rollups", &list.stats, started_ns);
    take(roll, &spec, &list);
    tv_series_list_release(&list);
    return TV_OK;
}

uint32_t tv_select_undone(
        const struct tv_select_roll *roll, uint32_t *rows, uint32_t *groups, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (groups[i] < roll->done_count && roll->done[groups[i]])
            continue;
        rows[kept] = rows[i];
        groups[kept++] = groups[i];
    }
    return kept;
}

void tv_select_roll_release(struct tv_select_roll *roll)
{
    free(roll->done);
}
