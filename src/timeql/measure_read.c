/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded numbers into tracks.
 *
 * A metric's series is told apart by service, instance, field and its labels, which are the event's
 * texts. Attributes are columns, so labels are mixed into a number of each row, column by column, and
 * written out only where a series is met for the first time in a batch. Reading the store's series
 * instead was turned down: those add up what falls into one step, and a detector owes a score to each
 * recorded point. */
#include "timeql/measure_read.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"

#include <math.h>
#include <stdlib.h>

#define HISTORY_MOST_NS (7 * TV_NS_PER_DAY)

static const struct tv_value metric_types[] = {{.type = TV_TYPE_STR, .s = {"metric", 6}},
        {.type = TV_TYPE_STR, .s = {"system:metrics", 14}}};

bool tv_measures_recorded(const struct tv_query *query)
{
    for (size_t i = 0; i < query->measure_count; i++)
        if (query->measures[i].derived == TV_DERIVED_NONE)
            return true;
    return query->measure_count == 0;
}

bool tv_measures_derived(const struct tv_query *query)
{
    for (size_t i = 0; i < query->measure_count; i++)
        if (query->measures[i].derived != TV_DERIVED_NONE)
            return true;
    return query->measure_count == 0;
}

/* Events that have a number for any of the measures. */
static struct tv_pred *carriers(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    struct tv_arena *arena = &exec->arena;
    struct tv_pred **parts = tv_arena_calloc(arena, query->measure_count + 1, sizeof(*parts));
    size_t count = 0;
    for (size_t i = 0; i < query->measure_count; i++)
        if (query->measures[i].derived == TV_DERIVED_NONE)
            parts[count++] = tv_pred_exists(arena, query->measures[i].ref);
    if (count == 0)
        return tv_pred_in(arena, tv_field_ref_fixed(TV_FIELD_TYPE), metric_types, 2);
    return tv_pred_any(arena, parts, count);
}

void tv_plan_measures(struct tv_exec *exec, struct tv_planned_scan *scan)
{
    struct tv_pred *where = exec->query->where;
    struct tv_pred *carry = carriers(exec);
    struct tv_columns_wanted wanted = {.arena = &exec->arena};
    for (size_t i = 0; i < exec->query->measure_count; i++)
        if (exec->query->measures[i].derived == TV_DERIVED_NONE)
            tv_want_ref(&wanted, &exec->query->measures[i].ref);
    scan->spec.where = where ? tv_pred_and(&exec->arena, carry, where) : carry;
    scan->spec.order = TV_SCAN_OLDEST;
    scan->spec.columns = tv_wanted_columns(&wanted);
    scan->spec.columns.all_attributes = true; /* labels are any of them */
    scan->spec.columns.fields |= 1U << TV_FIELD_SERVICE | 1U << TV_FIELD_INSTANCE |
            1U << TV_FIELD_TYPE | 1U << TV_FIELD_ARRIVAL | 1U << TV_FIELD_METRIC_KIND |
            1U << TV_FIELD_TEMPORALITY;
}

/* A batch while its numbers are taken. */
struct taking {
    struct tv_exec *exec;
    struct tv_tracks *tracks;
    const struct tv_scan_batch *in;
    struct tv_arena scratch;
    uint32_t *sorted;    /* attributes by name */
    uint64_t *labels;    /* by row of the batch: a number of its labels, 0 for none */
    bool *metric;        /* by row: of a metric event */
    struct tv_map known; /* (service, instance, labels, field) → number */
};

struct named {
    struct tv_str name;
    uint32_t index;
};

static int by_name(const void *left, const void *right)
{
    return tv_str_compare(((const struct named *)left)->name, ((const struct named *)right)->name);
}

static void sort_attributes(struct taking *taking)
{
    const struct tv_batch *batch = taking->in->batch;
    struct named *named =
            tv_arena_calloc(&taking->scratch, (size_t)batch->attr_count + 1, sizeof(*named));
    for (uint32_t i = 0; i < batch->attr_count; i++)
        named[i] = (struct named){tv_strings_get(&batch->strings, batch->attrs[i].name), i};
    if (batch->attr_count > 0)
        qsort(named, batch->attr_count, sizeof(*named), by_name);
    taking->sorted =
            tv_arena_calloc(&taking->scratch, (size_t)batch->attr_count + 1, sizeof(uint32_t));
    for (uint32_t i = 0; i < batch->attr_count; i++)
        taking->sorted[i] = named[i].index;
}

static void mark_metrics(struct taking *taking)
{
    const struct tv_batch *batch = taking->in->batch;
    taking->metric = tv_arena_calloc(&taking->scratch, (size_t)batch->rows + 1, sizeof(bool));
    for (uint32_t i = 0; i < taking->in->count; i++) {
        uint32_t row = taking->in->rows[i];
        struct tv_str type = tv_batch_text(batch, TV_FIELD_TYPE, row);
        taking->metric[row] =
                tv_str_equal(type, metric_types[0].s) || tv_str_equal(type, metric_types[1].s);
    }
}

/* Texts may stand in a batch twice, so labels are told apart by content. */
static void mix_labels(struct taking *taking)
{
    const struct tv_batch *batch = taking->in->batch;
    taking->labels = tv_arena_calloc(&taking->scratch, (size_t)batch->rows + 1, sizeof(uint64_t));
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        const struct tv_attr *attr = &batch->attrs[taking->sorted[i]];
        for (uint32_t cell = 0; cell < attr->count; cell++) {
            uint32_t row = attr->rows[cell];
            if (attr->types[cell] != TV_TYPE_STR || !taking->metric[row])
                continue;
            struct tv_str text = tv_strings_get(&batch->strings, (uint32_t)attr->bits[cell]);
            taking->labels[row] = tv_mix64(
                    taking->labels[row] ^ tv_mix64(attr->name) ^ tv_hash64(text.ptr, text.len));
        }
    }
}

static struct tv_str write_labels(struct taking *taking, uint32_t row)
{
    const struct tv_batch *batch = taking->in->batch;
    struct tv_buf text = {0};
    struct tv_json_out json = {.out = &text};
    if (taking->labels[row] == 0)
        return TV_STR("");
    tv_json_object(&json);
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        uint32_t index = taking->sorted[i];
        struct tv_value value = tv_batch_attr_value(batch, index, row);
        if (value.type != TV_TYPE_STR)
            continue;
        tv_json_key_str(&json, tv_strings_get(&batch->strings, batch->attrs[index].name));
        tv_json_str(&json, value.s);
    }
    tv_json_end(&json);
    struct tv_str kept = tv_arena_str(&taking->scratch, tv_buf_str(&text));
    tv_buf_release(&text);
    return kept;
}

static bool is_counter(const struct tv_batch *batch, uint32_t row)
{
    const uint8_t *kinds = tv_batch_u8(batch, TV_FIELD_METRIC_KIND);
    const uint8_t *temporalities = tv_batch_u8(batch, TV_FIELD_TEMPORALITY);
    return kinds && temporalities && kinds[row] == TV_METRIC_SUM &&
            temporalities[row] == TV_TEMPORALITY_CUMULATIVE;
}

/* The row's track for a field; `field_key` tells fields of the batch apart. */
static uint32_t track_of(
        struct taking *taking, uint32_t row, struct tv_str field, uint32_t field_key)
{
    const struct tv_batch *batch = taking->in->batch;
    const uint32_t *services = tv_batch_codes(batch, TV_FIELD_SERVICE);
    const uint32_t *instances = tv_batch_codes(batch, TV_FIELD_INSTANCE);
    uint64_t key[2] = {taking->labels[row],
            tv_mix64(((uint64_t)(services ? services[row] : 0) << 32 |
                    (instances ? instances[row] : 0))) ^
                    field_key};
    bool added = false;
    uint64_t *known = tv_map_put_copy(&taking->known, &taking->scratch,
            (struct tv_str){(const char *)key, sizeof(key)}, &added);
    if (!added)
        return (uint32_t)*known;
    struct tv_track_names names = {.service = tv_batch_text(batch, TV_FIELD_SERVICE, row),
            .instance = tv_batch_text(batch, TV_FIELD_INSTANCE, row),
            .field = field,
            .labels = write_labels(taking, row)};
    *known = tv_tracks_number(taking->tracks, &names);
    if (*known != UINT32_MAX && is_counter(batch, row))
        taking->tracks->items[*known].counter = true;
    return (uint32_t)*known;
}

static enum tv_status add(struct taking *taking, uint32_t row, uint32_t track, double value)
{
    const struct tv_batch *batch = taking->in->batch;
    struct tv_track_point point = {.time = tv_batch_i64(batch, TV_FIELD_TIME)[row],
            .arrival = tv_batch_u64(batch, TV_FIELD_ARRIVAL)[row],
            .value = value};
    if (!isfinite(value) || tv_tracks_add(taking->tracks, track, &point))
        return TV_OK;
    tv_fail(taking->exec->err, TV_TOO_LARGE, "there are more than %d points to follow",
            TV_TRACK_POINTS_MAX);
    tv_error_hint(taking->exec->err, "shorten the window, or choose fewer series by WHERE");
    return TV_TOO_LARGE;
}

static enum tv_status take_named(struct taking *taking)
{
    const struct tv_query *query = taking->exec->query;
    struct tv_value *values =
            tv_arena_calloc(&taking->scratch, (size_t)taking->in->count + 1, sizeof(*values));
    enum tv_status status = TV_OK;
    for (uint32_t m = 0; m < query->measure_count; m++) {
        const struct tv_measure *measure = &query->measures[m];
        if (measure->derived != TV_DERIVED_NONE)
            continue;
        tv_gather(taking->in, &measure->ref, &taking->scratch, values);
        for (uint32_t i = 0; i < taking->in->count && status == TV_OK; i++) {
            double value;
            bool number = values[i].type == TV_TYPE_I64 || values[i].type == TV_TYPE_F64;
            if (!number || !tv_value_number(values[i], &value))
                continue;
            uint32_t row = taking->in->rows[i];
            status = add(taking, row, track_of(taking, row, measure->written.name, m), value);
        }
    }
    return status;
}

/* Every number of metric events, under its attribute's name. */
static enum tv_status take_all(struct taking *taking)
{
    const struct tv_batch *batch = taking->in->batch;
    enum tv_status status = TV_OK;
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        const struct tv_attr *attr = &batch->attrs[i];
        struct tv_str name = tv_strings_get(&batch->strings, attr->name);
        for (uint32_t cell = 0; cell < attr->count && status == TV_OK; cell++) {
            double value;
            uint32_t row = attr->rows[cell];
            bool number = attr->types[cell] == TV_TYPE_I64 || attr->types[cell] == TV_TYPE_F64;
            if (!number || !taking->metric[row] ||
                    !tv_value_number(tv_batch_entry_value(batch, attr, cell), &value))
                continue;
            status = add(taking, row, track_of(taking, row, name, i), value);
        }
    }
    return status;
}

struct reading {
    struct tv_exec *exec;
    struct tv_tracks *tracks;
};

static enum tv_status take_batch(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    const struct reading *reading = ctx;
    struct taking taking = {.exec = reading->exec, .tracks = reading->tracks, .in = in};
    (void)bound;
    (void)stop;
    sort_attributes(&taking);
    mark_metrics(&taking);
    mix_labels(&taking);
    enum tv_status status =
            reading->exec->query->measure_count > 0 ? take_named(&taking) : take_all(&taking);
    tv_map_release(&taking.known);
    tv_arena_release(&taking.scratch);
    return status;
}

enum tv_status tv_measures_read(
        struct tv_exec *exec, const struct tv_planned_scan *scan, struct tv_tracks *tracks)
{
    struct reading reading = {exec, tracks};
    return tv_exec_scan(exec, scan, take_batch, &reading);
}

/* Which tracks traffic is to make. False: none. */
static bool name_traffic(const struct tv_query *query, struct tv_exec *exec, struct tv_str *names)
{
    static const enum tv_traffic_field fields[TV_DERIVED_COUNT] = {
            [TV_DERIVED_ERROR_RATE] = TV_TRAFFIC_ERROR_RATE,
            [TV_DERIVED_REQUEST_RATE] = TV_TRAFFIC_REQUEST_RATE,
            [TV_DERIVED_LATENCY_P50] = TV_TRAFFIC_P50,
            [TV_DERIVED_LATENCY_P95] = TV_TRAFFIC_P95,
            [TV_DERIVED_LATENCY_P99] = TV_TRAFFIC_P99};
    bool any = query->measure_count == 0;
    if (any) {
        names[TV_TRAFFIC_ERROR_RATE] = TV_STR("errorRate");
        names[TV_TRAFFIC_REQUEST_RATE] = TV_STR("requestRate");
        names[TV_TRAFFIC_P50] = TV_STR("latency");
        names[TV_TRAFFIC_P95] = TV_STR("latency_p95");
    }
    for (size_t i = 0; i < query->measure_count; i++) {
        const struct tv_measure *measure = &query->measures[i];
        if (measure->derived == TV_DERIVED_ACTIVE_REQUESTS)
            tv_exec_warn(exec, "activeRequests is not followed over time");
        else if (measure->derived != TV_DERIVED_NONE)
            names[fields[measure->derived]] = measure->written.name;
        any = any || names[fields[measure->derived]].ptr;
    }
    return any;
}

enum tv_status tv_measures_read_traffic(
        struct tv_exec *exec, const struct tv_measure_window *window, struct tv_tracks *tracks)
{
    struct tv_traffic_spec spec = {.from = window->from,
            .to = window->to,
            .step_ns = window->step_ns,
            .arrival_to = exec->arrival_to,
            .where = exec->query->where,
            .cancel = exec->cancel};
    int64_t oldest = tv_snapshot_oldest(exec->snapshot);
    if (oldest == TV_ABSENT_I64 || oldest > spec.to || !name_traffic(exec->query, exec, spec.names))
        return TV_OK;
    if (spec.from < oldest)
        spec.from = oldest;
    struct tv_scan_stats stats = {0};
    int64_t started_ns = tv_time_monotonic();
    enum tv_status status = tv_traffic_read(exec->snapshot, &spec, tracks, &stats, exec->err);
    tv_exec_note(exec, "traffic", &stats, started_ns);
    return status;
}

int64_t tv_measures_history(const struct tv_exec *exec, const struct tv_measure_window *window,
        uint64_t taken, uint64_t most)
{
    int64_t oldest = tv_snapshot_oldest(exec->snapshot);
    if (oldest == TV_ABSENT_I64 || oldest >= window->from)
        return 0;
    double length = (double)(window->to - window->from) + 1;
    double affordable = length * ((double)most / ((double)taken + 1));
    double since = (double)window->from - (double)oldest;
    return (int64_t)fmin(fmin(affordable, (double)HISTORY_MOST_NS), since);
}

void tv_measures_warn(struct tv_exec *exec, const struct tv_tracks *tracks)
{
    if (tracks->left_out == 0)
        return;
    exec->truncated = true;
    tv_exec_warn(exec,
            "there are more than %d series: %llu points of the others were left out; choose by WHERE",
            TV_TRACKS_MAX, (unsigned long long)tracks->left_out);
}
