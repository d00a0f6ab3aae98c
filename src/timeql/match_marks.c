/* SPDX-License-Identifier: Apache-2.0 */
/* The figures come as tracks (insight/traffic.h), one for each service and field; steps ask for several
 * fields at once, so they are laid side by side: a row for each service and bucket, as STATE does for its
 * WHERE. A bucket's figures are known at its end, and that is the moment they have. */
#include "timeql/match_marks.h"

#include "base/mem.h"
#include "event/event_json.h"
#include "store/frame.h"

#include <stdlib.h>

#define CHUNK_NS TV_NS_PER_DAY
enum { CHUNK_BUCKETS = 8640 };

static const char *const field_names[TV_TRAFFIC_FIELDS] = {
        "errorRate", "requestRate", "latency_p50", "latency_p95", "latency_p99"};

static enum tv_traffic_field field_of(enum tv_derived derived)
{
    static const enum tv_traffic_field fields[TV_DERIVED_COUNT] = {
            [TV_DERIVED_ERROR_RATE] = TV_TRAFFIC_ERROR_RATE,
            [TV_DERIVED_REQUEST_RATE] = TV_TRAFFIC_REQUEST_RATE,
            [TV_DERIVED_LATENCY_P50] = TV_TRAFFIC_P50,
            [TV_DERIVED_LATENCY_P95] = TV_TRAFFIC_P95,
            [TV_DERIVED_LATENCY_P99] = TV_TRAFFIC_P99,
    };
    return fields[derived];
}

static void want(struct tv_match_marks *marks, const struct tv_cond *cond)
{
    bool joined =
            cond->kind == TV_COND_AND || cond->kind == TV_COND_OR || cond->kind == TV_COND_NOT;
    for (size_t i = 0; joined && i < cond->count; i++)
        want(marks, cond->children[i]);
    enum tv_derived derived = joined ? TV_DERIVED_NONE : tv_derived_of(cond->field.name);
    if (derived != TV_DERIVED_NONE)
        marks->names[field_of(derived)] = tv_str_of(field_names[field_of(derived)]);
}

/* The whole buckets of the window that the store can know of. */
static void set_window(struct tv_match_marks *marks)
{
    const struct tv_query *query = marks->exec->query;
    int64_t oldest = tv_snapshot_oldest(marks->exec->snapshot);
    int64_t newest = tv_snapshot_newest(marks->exec->snapshot);
    if (oldest == TV_ABSENT_I64 || newest == TV_ABSENT_I64)
        return;
    int64_t from = query->from > oldest - TV_NS_PER_MIN ? query->from : oldest - TV_NS_PER_MIN;
    int64_t to = query->to < newest + TV_NS_PER_HOUR ? query->to : newest + TV_NS_PER_HOUR;
    marks->next = (tv_frame_bucket(from - 1) + 1) * TV_FRAME_NS;
    marks->end = tv_frame_bucket(to) * TV_FRAME_NS;
}

void tv_match_marks_init(
        struct tv_match_marks *marks, struct tv_exec *exec, struct tv_match_feed *feed)
{
    *marks = (struct tv_match_marks){.exec = exec, .feed = feed, .kept = tv_batch_new()};
    bool any = false;
    for (size_t i = 0; i < exec->query->step_count; i++) {
        if (!exec->query->steps[i].derived)
            continue;
        any = true;
        want(marks, exec->query->ast->steps[i].cond);
    }
    if (any)
        set_window(marks);
}

void tv_match_marks_release(struct tv_match_marks *marks)
{
    tv_batch_unref(marks->kept);
    free(marks->marks);
    tv_arena_release(&marks->scratch);
}

static size_t bucket_of(const struct tv_match_marks *marks, const struct tv_track_point *point)
{
    return (size_t)((point->time - marks->next) / TV_FRAME_NS);
}

/* Adds a row for each bucket in which any of the service's tracks has a point; rows[bucket] is its
 * number. */
static void add_rows(struct tv_match_marks *marks, struct tv_batch *batch,
        const struct tv_track *tracks, size_t count, uint32_t rows[CHUNK_BUCKETS])
{
    bool has[CHUNK_BUCKETS] = {false};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < tracks[i].count; k++)
            has[bucket_of(marks, &tracks[i].points[k])] = true;
    for (size_t bucket = 0; bucket < CHUNK_BUCKETS; bucket++) {
        if (!has[bucket])
            continue;
        rows[bucket] = tv_batch_add_row(batch);
        tv_batch_set_time(batch, rows[bucket], marks->next + (int64_t)(bucket + 1) * TV_FRAME_NS);
        tv_batch_set_text(batch, TV_FIELD_SERVICE, rows[bucket], tracks[0].names.service);
        tv_batch_set_text(batch, TV_FIELD_UNIT, rows[bucket], TV_STR("1"));
    }
}

static void set_points(struct tv_match_marks *marks, struct tv_batch *batch,
        const struct tv_track *track, const uint32_t rows[CHUNK_BUCKETS])
{
    bool median = tv_str_equal(track->names.field, TV_STR("latency_p50"));
    uint32_t attr = tv_batch_attr(batch, track->names.field);
    uint32_t alias = median ? tv_batch_attr(batch, TV_STR("latency")) : 0;
    for (size_t k = 0; k < track->count; k++) {
        uint32_t row = rows[bucket_of(marks, &track->points[k])];
        struct tv_value value = tv_value_f64(track->points[k].value);
        tv_batch_set_attr(batch, attr, row, value);
        if (median)
            tv_batch_set_attr(batch, alias, row, value);
    }
}

/* Tracks side by side. They are sorted by service. */
static struct tv_batch *lay_out(struct tv_match_marks *marks, const struct tv_tracks *tracks)
{
    struct tv_batch *batch = tv_batch_new();
    uint32_t *rows = tv_arena_calloc(&marks->scratch, CHUNK_BUCKETS, sizeof(*rows));
    for (size_t i = 0; i < tracks->count;) {
        size_t count = 1;
        while (i + count < tracks->count &&
                tv_str_equal(
                        tracks->items[i].names.service, tracks->items[i + count].names.service))
            count++;
        add_rows(marks, batch, &tracks->items[i], count, rows);
        for (size_t k = 0; k < count; k++)
            set_points(marks, batch, &tracks->items[i + k], rows);
        i += count;
    }
    return batch;
}

static void keep_rows(struct tv_match_marks *marks, const struct tv_batch *batch,
        const struct tv_pattern_event *events, uint32_t *rows)
{
    uint32_t count = 0;
    for (uint32_t row = 0; row < batch->rows; row++) {
        if (!events[row].holds || marks->count >= TV_MATCH_MARKS_MAX)
            continue;
        if (marks->count == marks->cap) {
            marks->cap = tv_grown(marks->cap, marks->count + 1, 256);
            marks->marks = tv_realloc_array(marks->marks, marks->cap, sizeof(*marks->marks));
        }
        marks->marks[marks->count] = (struct tv_match_mark){
                events[row].moment.time, events[row].key, marks->kept->rows + count};
        marks->count++;
        rows[count++] = row;
    }
    tv_batch_append_rows(marks->kept, batch, rows, count);
}

/* One day of figures, to the feed. */
static enum tv_status read_chunk(struct tv_match_marks *marks)
{
    struct tv_exec *exec = marks->exec;
    int64_t end = marks->end - marks->next > CHUNK_NS ? marks->next + CHUNK_NS : marks->end;
    struct tv_tracks tracks = {0};
    struct tv_traffic_spec spec = {.from = marks->next,
            .to = end - 1,
            .step_ns = TV_FRAME_NS,
            .arrival_to = exec->arrival_to,
            .where = exec->query->where,
            .cancel = exec->cancel};
    memcpy(spec.names, marks->names, sizeof(spec.names));
    struct tv_scan_stats stats = {0};
    int64_t started_ns = tv_time_monotonic();
    enum tv_status status = tv_traffic_read(exec->snapshot, &spec, &tracks, &stats, exec->err);
    tv_exec_note(exec, "figures", &stats, started_ns);
    if (status == TV_OK && tracks.count > 0) {
        tv_tracks_sort(&tracks);
        struct tv_batch *batch = lay_out(marks, &tracks);
        struct tv_pattern_event *events = tv_match_feed_marks(marks->feed, batch);
        uint32_t *rows = tv_arena_calloc(&marks->scratch, batch->rows + 1, sizeof(*rows));
        keep_rows(marks, batch, events, rows);
        tv_batch_unref(batch);
    }
    tv_tracks_release(&tracks);
    tv_arena_release(&marks->scratch);
    marks->next = end;
    return status;
}

enum tv_status tv_match_marks_until(struct tv_match_marks *marks, int64_t bound)
{
    enum tv_status status = TV_OK;
    while (status == TV_OK && marks->next < marks->end && marks->next < bound) {
        status = read_chunk(marks);
        tv_match_feed_due(marks->feed, marks->next < bound ? marks->next : bound);
    }
    tv_match_feed_due(marks->feed, bound);
    return status;
}

static int by_time(const void *left, const void *right)
{
    const struct tv_match_mark *a = left;
    const struct tv_match_mark *b = right;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->key > b->key) - (a->key < b->key);
}

void tv_match_marks_members(
        struct tv_match_marks *marks, struct tv_json_out *json, int64_t time, uint32_t key)
{
    struct tv_match_mark wanted = {.time = time, .key = key};
    if (marks->count == 0)
        return;
    if (!marks->sorted)
        qsort(marks->marks, marks->count, sizeof(*marks->marks), by_time);
    marks->sorted = true;
    const struct tv_match_mark *mark =
            bsearch(&wanted, marks->marks, marks->count, sizeof(*marks->marks), by_time);
    if (!mark)
        return;
    tv_json_key(json, "service");
    tv_json_str(json, tv_batch_text(marks->kept, TV_FIELD_SERVICE, mark->row));
    for (int i = 0; i < TV_TRAFFIC_FIELDS; i++) {
        uint32_t attr =
                marks->names[i].ptr ? tv_batch_find_attr(marks->kept, marks->names[i]) : UINT32_MAX;
        if (attr == UINT32_MAX)
            continue;
        tv_json_key(json, field_names[i]);
        tv_json_value(json, tv_batch_attr_value(marks->kept, attr, mark->row));
    }
}
