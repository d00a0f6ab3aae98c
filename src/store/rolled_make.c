/* SPDX-License-Identifier: Apache-2.0 */
/* Making a segment's rollup.
 *
 * Events are added up at the finest step; where that gives too many points for the rows, those are
 * added up again at the next. A point costs a dozen bytes and its sketch about half a byte for each
 * duration in it, so with ROWS_A_POINT rows to each a rollup stays a small part of its segment. Where
 * names are too many, services and types are told apart alone; where labels are (a user's id in each),
 * services, instances and metrics alone. What even then does not pay is left out, and readers take the
 * rows. */
#include "store/rolled.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/rolled_internal.h"

#include <stdlib.h>

enum { ROWS_A_POINT = 16, ROWS_A_POINT_LEAST = 4, STEPS = 3, VALUES_A_LABEL = 8 };

static const int64_t steps_ns[STEPS] = {10 * TV_NS_PER_S, TV_NS_PER_MIN, TV_NS_PER_HOUR};

/* The rows of a build, batch by batch. */
struct rows {
    const struct tv_batch *batch;
    uint32_t *rows;
    uint32_t count;
};

static struct rows *rows_by_batch(const struct tv_build *build, struct tv_arena *arena)
{
    struct rows *all = tv_arena_calloc(arena, build->batch_count, sizeof(*all));
    for (uint32_t i = 0; i < build->count; i++)
        all[build->rows[i].batch].count++;
    for (size_t b = 0; b < build->batch_count; b++) {
        all[b].batch = build->batches[b];
        all[b].rows = tv_arena_alloc(arena, all[b].count * sizeof(uint32_t));
        all[b].count = 0;
    }
    for (uint32_t i = 0; i < build->count; i++) {
        struct rows *one = &all[build->rows[i].batch];
        one->rows[one->count++] = build->rows[i].row;
    }
    return all;
}

/* Whether so many points are worth keeping at a step. */
static bool pays(uint32_t points, uint64_t rows, int step)
{
    return points > 0 && points <= rows / (step < STEPS - 1 ? ROWS_A_POINT : ROWS_A_POINT_LEAST);
}

static void coarsen_events(struct tv_series_table *table, int64_t step_ns)
{
    struct tv_series_table coarse = {
            .stepping = {.step_ns = step_ns}, .by = table->by, .durations = table->durations};
    for (uint32_t i = 0; i < table->steps.count; i++) {
        uint32_t number =
                tv_series_table_number(&coarse, &table->items[table->steps.items[i].series]);
        tv_series_table_merge(&coarse, number, &table->points[i]);
    }
    tv_series_table_release(table);
    *table = coarse;
}

/* False where no step pays. */
static bool settle_events(struct tv_series_table *table, uint64_t rows)
{
    for (int step = 0; step < STEPS; step++) {
        if (step > 0)
            coarsen_events(table, steps_ns[step]);
        if (pays(table->steps.count, rows, step))
            return true;
    }
    return false;
}

static bool make_events(
        const struct rows *rows, size_t batches, unsigned by, struct tv_series_table *table)
{
    uint64_t count = 0;
    *table = (struct tv_series_table){
            .stepping = {.step_ns = steps_ns[0]}, .by = by, .durations = true};
    for (size_t b = 0; b < batches && table->count <= TV_ROLLED_SERIES_MAX; b++) {
        struct tv_scan_batch in = {rows[b].batch, rows[b].rows, rows[b].count};
        count += in.count;
        if (in.count)
            tv_series_table_add(table, &in);
    }
    if (table->count <= TV_ROLLED_SERIES_MAX && settle_events(table, count))
        return true;
    tv_series_table_release(table);
    return false;
}

static void put_events(const struct rows *rows, size_t batches, struct tv_rolled *out,
        struct tv_rolled_writer *writer)
{
    struct tv_series_table table;
    unsigned least = TV_BY_SERVICE | TV_BY_TYPE;
    out->names = make_events(rows, batches, least | TV_BY_NAME, &table);
    if (!out->names && !make_events(rows, batches, least, &table))
        return;
    out->events_step_ns = table.stepping.step_ns;
    tv_rolled_put_events(writer, &table);
    tv_series_table_release(&table);
}

static void coarsen_metrics(struct tv_metric_table *table, int64_t step_ns)
{
    struct tv_metric_table coarse = {.stepping = {.step_ns = step_ns}, .by = table->by};
    for (uint32_t i = 0; i < table->steps.count; i++) {
        uint32_t number =
                tv_metric_table_number(&coarse, &table->items[table->steps.items[i].series]);
        tv_metric_table_merge(&coarse, number, &table->points[i]);
    }
    tv_metric_table_release(table);
    *table = coarse;
}

static bool settle_metrics(struct tv_metric_table *table)
{
    uint64_t values = 0;
    for (uint32_t i = 0; i < table->steps.count; i++)
        values += table->points[i].count;
    for (int step = 0; step < STEPS; step++) {
        if (step > 0)
            coarsen_metrics(table, steps_ns[step]);
        if (pays(table->steps.count, values, step))
            return true;
    }
    return false;
}

/* The rows of metric events; `rows` shrinks to them. */
static uint32_t keep_metrics(
        struct rows *rows, size_t batches, const struct tv_pred *metric, struct tv_arena *scratch)
{
    uint32_t count = 0;
    for (size_t b = 0; b < batches; b++) {
        rows[b].count = tv_pred_filter(metric, rows[b].batch, rows[b].rows, rows[b].count, scratch);
        count += rows[b].count;
    }
    return count;
}

static bool make_metrics(
        const struct rows *rows, size_t batches, unsigned by, struct tv_metric_table *table)
{
    *table = (struct tv_metric_table){.stepping = {.step_ns = steps_ns[0]}, .by = by};
    bool few = true;
    for (size_t b = 0; b < batches && few; b++) {
        struct tv_scan_batch in = {rows[b].batch, rows[b].rows, rows[b].count};
        few = in.count == 0 || tv_metric_table_add_few(table, &in, in.count / VALUES_A_LABEL + 1);
    }
    if (few && table->count <= TV_ROLLED_SERIES_MAX && settle_metrics(table))
        return true;
    tv_metric_table_release(table);
    return false;
}

static void put_metrics(const struct rows *rows, size_t batches, struct tv_rolled *out,
        struct tv_rolled_writer *writer)
{
    struct tv_metric_table table;
    out->labels = make_metrics(rows, batches, TV_BY_INSTANCE | TV_BY_LABELS, &table);
    if (!out->labels && !make_metrics(rows, batches, TV_BY_INSTANCE, &table))
        return;
    out->metrics_step_ns = table.stepping.step_ns;
    tv_rolled_put_metrics(writer, &table);
    tv_metric_table_release(&table);
}

void tv_rolled_make(const struct tv_build *build, struct tv_rolled *out, struct tv_buf *data)
{
    struct tv_arena arena = {0};
    struct rows *rows = rows_by_batch(build, &arena);
    struct tv_rolled_writer writer = {.data = data, .start = data->len, .rolled = out};
    *out = (struct tv_rolled){0};
    put_events(rows, build->batch_count, out, &writer);
    if (keep_metrics(rows, build->batch_count, tv_metric_pred(&arena), &arena) > 0)
        put_metrics(rows, build->batch_count, out, &writer);
    tv_arena_release(&arena);
}
