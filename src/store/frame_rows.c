/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of scans into buckets of traffic. Names become numbers once for each distinct text of a
 * batch; the loop over rows then works on numbers. */
#include "store/frame_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "store/extent.h"

enum { MEMO = 256, PEER_NAMES = 4 };

static const struct tv_str peer_names[PEER_NAMES] = {
        {"peer.service", 12}, {"db.system.name", 14}, {"db.system", 9}, {"messaging.system", 16}};
static const struct tv_value half_types[] = {{.type = TV_TYPE_STR, .s = {"http:request", 12}},
        {.type = TV_TYPE_STR, .s = {"http:response", 13}},
        {.type = TV_TYPE_STR, .s = {"span:start", 10}},
        {.type = TV_TYPE_STR, .s = {"span:end", 8}}};
static const struct tv_value metric_types[] = {{.type = TV_TYPE_STR, .s = {"metric", 6}},
        {.type = TV_TYPE_STR, .s = {"system:metrics", 14}}};

/* The columns of a batch, absent ones NULL, and what its codes stand for. */
struct columns {
    const struct tv_batch *batch;
    const int64_t *times, *durations;
    const uint64_t *arrivals, *spans, *parents;
    const struct tv_id *traces;
    const uint32_t *services, *instances, *types;
    const uint8_t *kinds;
    uint64_t *errors;             /* bits by row */
    uint32_t *service_of;         /* by code; number + 1 */
    uint8_t *type_of;             /* by code; enum tv_span_type + 1 */
    const struct tv_value *peers; /* by place in the selection; NULL: none */
    struct {
        uint64_t key;
        uint32_t number;
    } memo[MEMO]; /* instances */
};

/* The first of the names that say what a span called, for each selected row. */
static const struct tv_value *read_peers(struct tv_arena *scratch, const struct tv_scan_batch *in)
{
    struct tv_value *out = NULL;
    for (size_t i = 0; i < PEER_NAMES; i++) {
        uint32_t index = tv_batch_find_attr(in->batch, peer_names[i]);
        if (index == UINT32_MAX)
            continue;
        if (!out)
            out = tv_arena_calloc(scratch, (size_t)in->count + 1, sizeof(*out));
        for (uint32_t k = 0; k < in->count; k++)
            if (out[k].type == TV_TYPE_NULL)
                out[k] = tv_batch_attr_value(in->batch, index, in->rows[k]);
    }
    return out;
}

static struct columns *open_columns(struct tv_arena *scratch, const struct tv_scan_batch *in)
{
    const struct tv_batch *batch = in->batch;
    size_t codes = (size_t)batch->strings.count + 1;
    struct columns *columns = tv_arena_calloc(scratch, 1, sizeof(*columns));
    columns->batch = batch;
    columns->times = tv_batch_i64(batch, TV_FIELD_TIME);
    columns->durations = tv_batch_i64(batch, TV_FIELD_DURATION);
    columns->arrivals = tv_batch_u64(batch, TV_FIELD_ARRIVAL);
    columns->spans = tv_batch_u64(batch, TV_FIELD_SPAN_ID);
    columns->parents = tv_batch_u64(batch, TV_FIELD_PARENT_SPAN_ID);
    columns->traces = tv_batch_ids(batch, TV_FIELD_TRACE_ID);
    columns->services = tv_batch_codes(batch, TV_FIELD_SERVICE);
    columns->instances = tv_batch_codes(batch, TV_FIELD_INSTANCE);
    columns->types = tv_batch_codes(batch, TV_FIELD_TYPE);
    columns->kinds = tv_batch_u8(batch, TV_FIELD_KIND);
    columns->errors = tv_arena_calloc(scratch, (size_t)batch->rows / 64 + 1, sizeof(uint64_t));
    columns->service_of = tv_arena_calloc(scratch, codes, sizeof(*columns->service_of));
    columns->type_of = tv_arena_calloc(scratch, codes, sizeof(*columns->type_of));
    columns->peers = read_peers(scratch, in);
    tv_batch_error_bits(batch, columns->errors);
    return columns;
}

static uint32_t service_number(
        struct tv_frame_builder *builder, struct columns *columns, uint32_t code)
{
    if (columns->service_of[code] == 0)
        columns->service_of[code] = tv_frame_name_service(builder->names,
                                            tv_strings_get(&columns->batch->strings, code)) +
                1;
    return columns->service_of[code] - 1;
}

static enum tv_span_type type_of(struct columns *columns, uint32_t row)
{
    uint32_t code = columns->types ? columns->types[row] : 0;
    if (columns->type_of[code] == 0)
        columns->type_of[code] =
                (uint8_t)(tv_span_type_of(tv_strings_get(&columns->batch->strings, code)) + 1);
    return (enum tv_span_type)(columns->type_of[code] - 1);
}

static void note_instance(struct tv_frame_builder *builder, struct columns *columns, uint32_t row,
        const struct tv_span_event *event)
{
    uint32_t code = columns->instances[row];
    uint64_t key = (uint64_t)event->service << 32 | code;
    size_t at = (key ^ key >> 27) % MEMO;
    if (columns->memo[at].key != key + 1) {
        columns->memo[at].key = key + 1;
        columns->memo[at].number = tv_frame_name_instance(
                builder->names, event->service, tv_strings_get(&columns->batch->strings, code));
    }
    tv_frame_instance(
            tv_frame_of_bucket(builder, tv_frame_bucket(event->time)), columns->memo[at].number);
}

/* The event itself, in the bucket of its time. */
static void count_event(struct tv_frame_builder *builder, struct columns *columns, uint32_t row,
        const struct tv_span_event *event)
{
    if (event->time < builder->range.from || event->time > builder->range.to)
        return;
    struct tv_frame *frame = tv_frame_of_bucket(builder, tv_frame_bucket(event->time));
    struct tv_frame_service *service = tv_frame_service(frame, event->service);
    if (service->events == 0 || event->time > service->last)
        service->last = event->time;
    service->events++;
    service->errors += event->error;
    service->spans = service->spans || event->role != TV_ROLE_RECORD;
    if (event->error)
        tv_frame_error(frame, (struct tv_frame_pick){event->time, event->arrival});
    if (columns->instances && columns->instances[row])
        note_instance(builder, columns, row, event);
}

/* A span without an id of its own stands alone. */
static void count_bare(struct tv_frame_builder *builder, const struct tv_span_event *event)
{
    int64_t end =
            event->role == TV_ROLE_SPAN ? tv_event_end(event->time, event->duration) : event->time;
    bool request = event->kind == TV_KIND_SERVER || event->kind == TV_KIND_CONSUMER ||
            (event->kind == TV_KIND_ABSENT && event->parent == 0);
    if (!request || end < builder->range.from || end > builder->range.to)
        return;
    struct tv_frame_service *service =
            tv_frame_service(tv_frame_of_bucket(builder, tv_frame_bucket(end)), event->service);
    service->requests += event->role == TV_ROLE_SPAN;
    service->bare_starts += event->role == TV_ROLE_START;
    service->bare_ends += event->role == TV_ROLE_END;
    service->failed += event->error;
    if (event->duration != TV_ABSENT_I64)
        tv_sketch_add(&service->durations, (double)event->duration);
}

/* Starts and ends without a span's id are matched by trace and service. */
static uint64_t key_of(const struct tv_frame_names *names, struct tv_id trace, uint64_t span,
        const struct tv_span_event *event)
{
    bool traced = trace.hi || trace.lo;
    bool half = event->role == TV_ROLE_START || event->role == TV_ROLE_END;
    if (span)
        return tv_span_key(trace, span);
    struct tv_str name = names->service[event->service];
    return traced && half ? tv_span_key(trace, ~tv_hash64(name.ptr, name.len)) : 0;
}

static void take_row(struct tv_frame_builder *builder, struct columns *columns, uint32_t row,
        const struct tv_value *peer)
{
    struct tv_span_event event = {.time = columns->times[row],
            .duration = columns->durations ? columns->durations[row] : TV_ABSENT_I64,
            .arrival = columns->arrivals ? columns->arrivals[row] : 0,
            .kind = columns->kinds ? columns->kinds[row] : TV_KIND_ABSENT,
            .error = columns->errors[row / 64] >> (row % 64) & 1};
    event.service = service_number(builder, columns, columns->services[row]);
    event.role = tv_span_role_of(
            type_of(columns, row), event.duration != TV_ABSENT_I64, event.kind != TV_KIND_ABSENT);
    count_event(builder, columns, row, &event);
    /* A whole span that matters is among the first scan's rows, whatever its type is called. */
    if (builder->starts && event.role == TV_ROLE_SPAN)
        return;
    if (event.role == TV_ROLE_RECORD && !event.error)
        return;
    struct tv_id trace = columns->traces ? columns->traces[row] : (struct tv_id){0};
    uint64_t parent = columns->parents ? columns->parents[row] : 0;
    event.parent = parent ? tv_span_key(trace, parent) : 0;
    event.key = key_of(builder->names, trace, columns->spans ? columns->spans[row] : 0, &event);
    if (event.key == 0) {
        if (event.role != TV_ROLE_RECORD)
            count_bare(builder, &event);
        return;
    }
    if (peer && peer->type == TV_TYPE_STR)
        event.peer = tv_frame_name_service(builder->names, peer->s) + 1;
    tv_frame_put_span(builder, &event);
}

void tv_frame_take(struct tv_frame_builder *builder, const struct tv_scan_batch *in)
{
    if (!tv_batch_codes(in->batch, TV_FIELD_SERVICE))
        return;
    struct columns *columns = open_columns(&builder->scratch, in);
    for (uint32_t i = 0; i < in->count; i++)
        take_row(builder, columns, in->rows[i], columns->peers ? &columns->peers[i] : NULL);
    tv_arena_release(&builder->scratch);
}

void tv_frame_take_starts(struct tv_frame_builder *builder, const struct tv_scan_batch *in)
{
    builder->starts = true;
    tv_frame_take(builder, in);
    builder->starts = false;
}

/* One attribute of the selected rows. */
static void take_values(struct tv_frame_builder *builder, struct columns *columns,
        const bool *selected, uint32_t index)
{
    const struct tv_batch *batch = columns->batch;
    const struct tv_attr *attr = &batch->attrs[index];
    struct tv_str name = tv_strings_get(&batch->strings, attr->name);
    uint32_t *series =
            tv_arena_calloc(&builder->scratch, (size_t)batch->strings.count + 1, sizeof(*series));
    for (uint32_t cell = 0; cell < attr->count; cell++) {
        uint32_t row = attr->rows[cell];
        bool number = attr->types[cell] == TV_TYPE_I64 || attr->types[cell] == TV_TYPE_F64;
        struct tv_frame_value value = {.known = true,
                .time = columns->times[row],
                .arrival = columns->arrivals ? columns->arrivals[row] : 0};
        if (!selected[row] || !number || value.time < builder->range.from ||
                value.time > builder->range.to ||
                !tv_value_number(tv_batch_attr_value(batch, index, row), &value.value))
            continue;
        uint32_t code = columns->services[row];
        if (series[code] == 0)
            series[code] = tv_frame_name_series(
                                   builder->names, service_number(builder, columns, code), name) +
                    1;
        tv_frame_value(
                tv_frame_of_bucket(builder, tv_frame_bucket(value.time)), series[code] - 1, &value);
    }
}

void tv_frame_take_metrics(struct tv_frame_builder *builder, const struct tv_scan_batch *in)
{
    if (!tv_batch_codes(in->batch, TV_FIELD_SERVICE))
        return;
    struct columns *columns = open_columns(&builder->scratch, in);
    bool *selected = tv_arena_calloc(&builder->scratch, (size_t)in->batch->rows + 1, 1);
    for (uint32_t i = 0; i < in->count; i++)
        selected[in->rows[i]] = true;
    for (uint32_t i = 0; i < in->batch->attr_count; i++)
        take_values(builder, columns, selected, i);
    tv_arena_release(&builder->scratch);
}

struct tv_scan_columns tv_frame_columns(struct tv_arena *arena)
{
    size_t statuses = 0;
    const struct tv_str *status = tv_http_status_attributes(&statuses);
    struct tv_str *names = tv_arena_calloc(arena, statuses + PEER_NAMES, sizeof(*names));
    memcpy(names, status, statuses * sizeof(*names));
    memcpy(names + statuses, peer_names, sizeof(peer_names));
    return (struct tv_scan_columns){.fields = 1U << TV_FIELD_TIME | 1U << TV_FIELD_ARRIVAL |
                    1U << TV_FIELD_SERVICE | 1U << TV_FIELD_INSTANCE | 1U << TV_FIELD_TYPE |
                    1U << TV_FIELD_TRACE_ID | 1U << TV_FIELD_SPAN_ID |
                    1U << TV_FIELD_PARENT_SPAN_ID | 1U << TV_FIELD_KIND | 1U << TV_FIELD_DURATION |
                    1U << TV_FIELD_STATUS | 1U << TV_FIELD_SEVERITY,
            .attributes = names,
            .attribute_count = statuses + PEER_NAMES};
}

struct tv_scan_columns tv_frame_metric_columns(void)
{
    return (struct tv_scan_columns){
            .fields = 1U << TV_FIELD_SERVICE | 1U << TV_FIELD_TYPE | 1U << TV_FIELD_ARRIVAL,
            .all_attributes = true};
}

void tv_frame_scans(const struct tv_frame_range *range, struct tv_pred *where,
        struct tv_arena *arena, struct tv_scan_spec specs[3])
{
    struct tv_field_ref type = tv_field_ref_fixed(TV_FIELD_TYPE);
    int64_t start = tv_frame_bucket(range->from) * TV_FRAME_NS;
    specs[0] = (struct tv_scan_spec){.from = start - TV_FRAME_NS,
            .to = range->to,
            .overlapping = true,
            .arrival_to = UINT64_MAX,
            .where = where,
            .columns = tv_frame_columns(arena),
            .order = TV_SCAN_OLDEST};
    /* Those that overlap the first scan's window are seen there: a start has no length, one that
     * has is a span. */
    specs[1] = specs[0];
    specs[1].overlapping = false;
    specs[1].from = start - TV_START_TIMEOUT_NS;
    specs[1].to = start - TV_FRAME_NS - 1;
    specs[1].where = tv_pred_and(arena, tv_pred_in(arena, type, half_types, 4), where);
    specs[2] = specs[0];
    specs[2].overlapping = false;
    specs[2].from = range->from;
    specs[2].where = tv_pred_and(arena, tv_pred_in(arena, type, metric_types, 2), where);
    specs[2].columns = tv_frame_metric_columns();
}
