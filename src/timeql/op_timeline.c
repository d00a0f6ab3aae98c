/* SPDX-License-Identifier: Apache-2.0 */
/* TIMELINE: what happened in a window, event by event or counted in steps.
 *
 * The counts cover all that matches; the events are the first of them. Both come from their own scan
 * (planner.c says why). With EVERY there is one scan: a row's step is found by arithmetic, and since
 * rows ascend by time inside a segment, most rows fall into the step of the row before them.
 *
 * Segments inside the window tell their counts from their rollups where those are fine enough and the
 * condition asks for service and type alone: a month is counted without reading a row of it. */
#include "base/mem.h"
#include "base/time.h"
#include "timeql/events.h"
#include "timeql/exec.h"
#include "timeql/tally.h"
#include "timeql/top.h"

#include <stdlib.h>

struct bucket {
    int64_t time;
    uint64_t events, errors, warnings;
};

struct timeline {
    struct tv_exec *exec;
    uint64_t total;
    struct tv_tally services, types;
    struct tv_top top;
    struct bucket *buckets; /* of EVERY */
    size_t bucket_count;
    int64_t origin, step;
    struct tv_pred *is_error;
    struct tv_arena scratch;
    uint32_t *error_rows;
    uint32_t error_cap;
};

static struct bucket *bucket_of(const struct timeline *timeline, int64_t time)
{
    return &timeline->buckets[(time - timeline->origin) / timeline->step];
}

/* Adds one to a counter of each row's bucket; `at` is the counter's place in struct bucket. */
static void count_rows(struct timeline *timeline, const struct tv_batch *batch,
        const uint32_t *rows, uint32_t count, size_t at)
{
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    int64_t begin = 1;
    int64_t end = 0;
    uint64_t *counter = NULL;
    for (uint32_t i = 0; i < count; i++) {
        int64_t time = times[rows[i]];
        if (time < begin || time >= end) {
            struct bucket *bucket = bucket_of(timeline, time);
            begin = bucket->time;
            end = begin > INT64_MAX - timeline->step ? INT64_MAX : begin + timeline->step;
            counter = (uint64_t *)(void *)((char *)bucket + at);
        }
        (*counter)++;
    }
}

/* Rows of severity WARN that are no errors. */
static uint32_t warning_rows(const struct tv_scan_batch *batch, const uint32_t *errors,
        uint32_t error_count, uint32_t *out)
{
    const uint8_t *severity = tv_batch_u8(batch->batch, TV_FIELD_SEVERITY);
    uint32_t count = 0;
    uint32_t next = 0;
    for (uint32_t i = 0; severity && i < batch->count; i++) {
        uint32_t row = batch->rows[i];
        if (next < error_count && errors[next] == row) {
            next++;
            continue;
        }
        bool warns = severity[row] >= TV_SEVERITY_WARN && severity[row] < TV_SEVERITY_ERROR;
        if (warns)
            out[count++] = row;
    }
    return count;
}

static void count_buckets(struct timeline *timeline, const struct tv_scan_batch *batch)
{
    if (timeline->error_cap < batch->count) {
        timeline->error_cap = batch->count;
        timeline->error_rows =
                tv_realloc_array(timeline->error_rows, batch->count, 2 * sizeof(uint32_t));
    }
    uint32_t *errors = timeline->error_rows;
    uint32_t *warnings = errors + timeline->error_cap;
    memcpy(errors, batch->rows, batch->count * sizeof(*errors));
    uint32_t error_count = tv_pred_filter(
            timeline->is_error, batch->batch, errors, batch->count, &timeline->scratch);
    uint32_t warning_count = warning_rows(batch, errors, error_count, warnings);
    count_rows(timeline, batch->batch, batch->rows, batch->count, offsetof(struct bucket, events));
    count_rows(timeline, batch->batch, errors, error_count, offsetof(struct bucket, errors));
    count_rows(timeline, batch->batch, warnings, warning_count, offsetof(struct bucket, warnings));
    tv_arena_release(&timeline->scratch);
}

static enum tv_status count_batch(
        void *ctx, const struct tv_scan_batch *batch, int64_t bound, bool *stop)
{
    struct timeline *timeline = ctx;
    (void)bound;
    (void)stop;
    timeline->total += batch->count;
    tv_tally_add(&timeline->services, batch, TV_FIELD_SERVICE);
    tv_tally_add(&timeline->types, batch, TV_FIELD_TYPE);
    if (timeline->buckets)
        count_buckets(timeline, batch);
    return TV_OK;
}

/* From a rollup. */
static void add_stretch(void *ctx, int64_t time, const struct tv_counts *counts)
{
    struct bucket *bucket = bucket_of(ctx, time);
    bucket->events += counts->events;
    bucket->errors += counts->errors;
    bucket->warnings += counts->warnings;
}

static void add_cell(
        void *ctx, struct tv_str service, struct tv_str type, const struct tv_counts *counts)
{
    struct timeline *timeline = ctx;
    timeline->total += counts->events;
    timeline->exec->rows_seen += counts->events;
    tv_tally_count(&timeline->services, service, counts->events);
    tv_tally_count(&timeline->types, type, counts->events);
}

static enum tv_status scan_counts(struct timeline *timeline)
{
    struct tv_planned_scan counts = timeline->exec->plan.scans[0];
    struct tv_scan_rollup rollup = {
            timeline->buckets ? timeline->step : 0, add_stretch, add_cell, timeline};
    if (tv_rollup_decides(counts.spec.where))
        counts.spec.rollup = &rollup;
    return tv_exec_scan(timeline->exec, &counts, count_batch, timeline);
}

static enum tv_status keep_batch(
        void *ctx, const struct tv_scan_batch *batch, int64_t bound, bool *stop)
{
    struct timeline *timeline = ctx;
    tv_top_add(&timeline->top, batch, bound, stop);
    return TV_OK;
}

static void write_summary(struct timeline *timeline)
{
    struct tv_json_out *json = tv_answer_json(&timeline->exec->answer);
    const struct tv_query *query = timeline->exec->query;
    if (!json)
        return;
    tv_json_key(json, "summary");
    tv_json_object(json);
    tv_json_key(json, "totalEvents");
    tv_json_u64(json, timeline->total);
    tv_json_key(json, "eventsPerSecond");
    double seconds = (double)(query->to - query->from) / (double)TV_NS_PER_S;
    if (seconds > 0)
        tv_json_f64(json, (double)timeline->total / seconds);
    else
        tv_json_null(json);
    tv_json_key(json, "services");
    tv_tally_json(&timeline->services, json);
    tv_json_key(json, "eventTypes");
    tv_tally_json(&timeline->types, json);
    tv_json_end(json);
}

static void write_events(struct timeline *timeline)
{
    struct tv_exec *exec = timeline->exec;
    const struct tv_top *top = &timeline->top;
    const int64_t *times = tv_batch_i64(top->kept, TV_FIELD_TIME);
    struct tv_event_item item = {.batch = top->kept, .kind = TV_EVENTS_TIMED};
    tv_answer_open(&exec->answer, tv_event_list(TV_EVENTS_TIMED, exec->query->format));
    for (uint32_t i = 0; i < top->count; i++) {
        item.row = top->sorted[i];
        item.relative_ms = (double)(times[item.row] - exec->query->from) / (double)TV_NS_PER_MS;
        tv_answer_item(&exec->answer, &item);
    }
    tv_answer_close(&exec->answer);
}

static void bucket_cells(const void *item, struct tv_arena *arena, struct tv_value *out)
{
    const struct bucket *bucket = item;
    (void)arena;
    out[0] = tv_value_i64(bucket->time);
    out[1] = tv_value_i64((int64_t)bucket->events);
    out[2] = tv_value_i64((int64_t)bucket->errors);
    out[3] = tv_value_i64((int64_t)bucket->warnings);
}

static const struct tv_column bucket_columns[] = {{.name = {"time", 4}, .kind = TV_AS_TIME},
        {.name = {"events", 6}, .kind = TV_AS_INTEGER},
        {.name = {"errors", 6}, .kind = TV_AS_INTEGER},
        {.name = {"warnings", 8}, .kind = TV_AS_INTEGER}};

static const struct tv_answer_list bucket_list = {
        .member = "buckets",
        .columns = bucket_columns,
        .column_count = sizeof(bucket_columns) / sizeof(bucket_columns[0]),
        .cells = bucket_cells,
};

static void write_buckets(struct timeline *timeline)
{
    struct tv_exec *exec = timeline->exec;
    uint64_t count = timeline->bucket_count;
    if (count > exec->query->limit)
        count = exec->query->limit;
    tv_answer_open(&exec->answer, &bucket_list);
    for (uint64_t i = 0; i < count; i++)
        tv_answer_item(&exec->answer, &timeline->buckets[i]);
    tv_answer_close(&exec->answer);
}

static void make_buckets(struct timeline *timeline)
{
    const struct tv_query *query = timeline->exec->query;
    if (!query->ast->every.present)
        return;
    timeline->step = query->ast->every.ns;
    timeline->origin = query->from - query->from % timeline->step;
    timeline->bucket_count = (size_t)((query->to - timeline->origin) / timeline->step) + 1;
    timeline->buckets = tv_calloc(timeline->bucket_count, sizeof(*timeline->buckets));
    for (size_t i = 0; i < timeline->bucket_count; i++)
        timeline->buckets[i].time = timeline->origin + (int64_t)i * timeline->step;
    timeline->is_error = tv_pred_compare(&timeline->exec->arena,
            tv_field_resolve(TV_STR("error_occurred")), TV_OP_EQ, tv_value_bool(true));
}

/* Rows left out without having been asked to be. */
static void note_truncation(struct timeline *timeline)
{
    struct tv_exec *exec = timeline->exec;
    if (timeline->buckets || !timeline->top.dropped || exec->query->limit_written)
        return;
    exec->truncated = true;
    tv_exec_warn(exec, "these are %u of %llu events; LIMIT shows more, EVERY counts them",
            timeline->top.count, (unsigned long long)timeline->total);
}

static enum tv_status scan_rows(struct timeline *timeline)
{
    struct tv_exec *exec = timeline->exec;
    if (timeline->buckets || timeline->total == 0)
        return TV_OK;
    enum tv_status status = tv_exec_scan(exec, &exec->plan.scans[1], keep_batch, timeline);
    tv_top_finish(&timeline->top);
    return status;
}

enum tv_status tv_op_timeline(struct tv_exec *exec)
{
    struct timeline timeline = {.exec = exec};
    tv_top_init(&timeline.top, exec->query->limit, exec->query->order, exec->query->order_count);
    make_buckets(&timeline);
    enum tv_status status = scan_counts(&timeline);
    if (status == TV_OK)
        status = scan_rows(&timeline);
    if (status == TV_OK) {
        note_truncation(&timeline);
        tv_exec_head(exec, "TIMELINE");
        if (timeline.buckets)
            write_buckets(&timeline);
        else
            write_events(&timeline);
        write_summary(&timeline);
        status = tv_exec_end(exec);
    }
    tv_top_release(&timeline.top);
    tv_tally_release(&timeline.services);
    tv_tally_release(&timeline.types);
    tv_arena_release(&timeline.scratch);
    free(timeline.error_rows);
    free(timeline.buckets);
    return status;
}
