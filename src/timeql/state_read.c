/* SPDX-License-Identifier: Apache-2.0 */
/* Events into STATE's working set. Names become numbers once for each distinct text of a batch; the
 * loop over rows then works on numbers and the table of spans. */
#include "base/hash.h"
#include "base/mem.h"
#include "timeql/state.h"

#include <stdlib.h>

uint32_t tv_state_service(struct tv_state *state, struct tv_str name)
{
    bool added;
    uint64_t *number = tv_map_put_copy(&state->by_name, &state->exec->arena, name, &added);
    if (!added)
        return (uint32_t)*number;
    *number = state->service_count;
    if (state->service_count == state->service_cap) {
        state->service_cap = (uint32_t)tv_grown(state->service_cap, state->service_count + 1, 64);
        state->services =
                tv_realloc_array(state->services, state->service_cap, sizeof(*state->services));
    }
    state->services[state->service_count] =
            (struct tv_service_state){.name = state->by_name.entries[state->by_name.count - 1].key,
                    .last = TV_ABSENT_I64,
                    .changed = TV_ABSENT_I64};
    return state->service_count++;
}

/* A key of two numbers and a text for the maps of pairs. */
static struct tv_str pair_key(struct tv_state *state, uint32_t number, struct tv_str text)
{
    char *key = tv_arena_bytes(&state->scratch, sizeof(number) + text.len);
    memcpy(key, &number, sizeof(number));
    if (text.len > 0)
        memcpy(key + sizeof(number), text.ptr, text.len);
    return (struct tv_str){key, sizeof(number) + text.len};
}

void tv_state_instance(struct tv_state *state, uint32_t service, struct tv_str instance)
{
    bool added;
    if (instance.len == 0)
        return;
    tv_map_put_copy(
            &state->instance_seen, &state->exec->arena, pair_key(state, service, instance), &added);
    if (!added)
        return;
    struct tv_service_state *one = &state->services[service];
    if (one->instance_count == one->instance_cap) {
        one->instance_cap = tv_grown(one->instance_cap, one->instance_count + 1, 4);
        one->instances =
                tv_realloc_array(one->instances, one->instance_cap, sizeof(*one->instances));
    }
    one->instances[one->instance_count++] = tv_arena_str(&state->exec->arena, instance);
}

void tv_picks_add(struct tv_picks *picks, struct tv_pick pick)
{
    if (picks->count == picks->cap) {
        picks->cap = tv_grown(picks->cap, picks->count + 1, 64);
        picks->items = tv_realloc_array(picks->items, picks->cap, sizeof(*picks->items));
    }
    picks->items[picks->count++] = pick;
}

struct tv_state_edge *tv_state_edge(struct tv_state *state, uint32_t from, uint32_t to)
{
    bool added;
    uint32_t pair[2] = {from, to};
    struct tv_str key = {(const char *)pair, sizeof(pair)};
    uint64_t *index = tv_map_put_copy(&state->edge_seen, &state->exec->arena, key, &added);
    if (!added)
        return &state->edges[*index];
    *index = state->edge_count;
    if (state->edge_count == state->edge_cap) {
        state->edge_cap = tv_grown(state->edge_cap, state->edge_count + 1, 64);
        state->edges = tv_realloc_array(state->edges, state->edge_cap, sizeof(*state->edges));
    }
    state->edges[state->edge_count] = (struct tv_state_edge){.from = from, .to = to};
    return &state->edges[state->edge_count++];
}

/* The columns of a batch, absent ones NULL, and what its codes stand for. */
struct view {
    const struct tv_batch *batch;
    const int64_t *times, *durations;
    const uint64_t *arrivals, *spans, *parents;
    const struct tv_id *traces;
    const uint32_t *services, *instances, *types;
    const uint8_t *kinds;
    uint32_t *service_of;         /* by code; number + 1 */
    uint8_t *type_of;             /* by code; enum tv_span_type + 1 */
    const struct tv_value *peers; /* by place in the selection; NULL: none */
};

/* The first of the names that say what a span called, for each selected row. */
static const struct tv_value *read_peers(struct tv_state *state, const struct tv_scan_batch *in)
{
    static const struct tv_str names[] = {
            {"peer.service", 12}, {"db.system", 9}, {"messaging.system", 16}};
    struct tv_value *out = NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (tv_batch_find_attr(in->batch, names[i]) == UINT32_MAX)
            continue;
        struct tv_field_ref ref = tv_field_ref_attribute(names[i]);
        struct tv_value *values =
                tv_arena_calloc(&state->scratch, (size_t)in->count + 1, sizeof(*values));
        tv_gather(in, &ref, &state->scratch, values);
        for (uint32_t row = 0; out && row < in->count; row++)
            if (out[row].type == TV_TYPE_NULL)
                out[row] = values[row];
        out = out ? out : values;
    }
    return out;
}

static struct view open_view(struct tv_state *state, const struct tv_scan_batch *in)
{
    const struct tv_batch *batch = in->batch;
    size_t codes = (size_t)batch->strings.count + 1;
    struct view view = {.batch = batch,
            .times = tv_batch_i64(batch, TV_FIELD_TIME),
            .durations = tv_batch_i64(batch, TV_FIELD_DURATION),
            .arrivals = tv_batch_u64(batch, TV_FIELD_ARRIVAL),
            .spans = tv_batch_u64(batch, TV_FIELD_SPAN_ID),
            .parents = tv_batch_u64(batch, TV_FIELD_PARENT_SPAN_ID),
            .traces = tv_batch_ids(batch, TV_FIELD_TRACE_ID),
            .services = tv_batch_codes(batch, TV_FIELD_SERVICE),
            .instances = tv_batch_codes(batch, TV_FIELD_INSTANCE),
            .types = tv_batch_codes(batch, TV_FIELD_TYPE),
            .kinds = tv_batch_u8(batch, TV_FIELD_KIND)};
    view.service_of = tv_arena_calloc(&state->scratch, codes, sizeof(*view.service_of));
    view.type_of = tv_arena_calloc(&state->scratch, codes, sizeof(*view.type_of));
    view.peers = read_peers(state, in);
    return view;
}

static uint32_t service_number(struct tv_state *state, struct view *view, uint32_t row)
{
    uint32_t code = view->services[row];
    if (view->service_of[code] == 0)
        view->service_of[code] =
                tv_state_service(state, tv_strings_get(&view->batch->strings, code)) + 1;
    return view->service_of[code] - 1;
}

static enum tv_span_type type_number(struct view *view, uint32_t row)
{
    uint32_t code = view->types ? view->types[row] : 0;
    if (view->type_of[code] == 0)
        view->type_of[code] =
                (uint8_t)(tv_span_type_of(tv_strings_get(&view->batch->strings, code)) + 1);
    return (enum tv_span_type)(view->type_of[code] - 1);
}

/* One event, as the loop over rows sees it. */
struct event {
    uint32_t row, place; /* place: in the selection */
    uint32_t service;
    int64_t time, duration; /* duration TV_ABSENT_I64: none */
    struct tv_id trace;
    uint64_t span, parent;
    uint8_t kind;
    bool error;
    enum tv_span_role role;
};

static struct event read_event(struct tv_state *state, struct view *view, uint32_t row)
{
    struct event event = {.row = row,
            .service = service_number(state, view, row),
            .time = view->times[row],
            .duration = view->durations ? view->durations[row] : TV_ABSENT_I64,
            .span = view->spans ? view->spans[row] : 0,
            .parent = view->parents ? view->parents[row] : 0,
            .kind = view->kinds ? view->kinds[row] : TV_KIND_ABSENT};
    if (view->traces)
        event.trace = view->traces[row];
    event.role = tv_span_role_of(
            type_number(view, row), event.duration != TV_ABSENT_I64, event.kind != TV_KIND_ABSENT);
    return event;
}

static void count_event(struct tv_state *state, const struct view *view, const struct event *event)
{
    struct tv_service_state *service = &state->services[event->service];
    if (event->time < state->from)
        return;
    service->in_window = true;
    service->events++;
    service->errors += event->error;
    service->has_spans = service->has_spans || event->role != TV_ROLE_RECORD;
    state->events++;
    state->errors += event->error;
    if (event->error && view->arrivals)
        tv_picks_add(&state->last_errors,
                (struct tv_pick){view->arrivals[event->row], event->time, UINT32_MAX});
    if (event->time > service->last)
        service->last = event->time;
    if (view->instances && view->instances[event->row])
        tv_state_instance(state, event->service,
                tv_strings_get(&view->batch->strings, view->instances[event->row]));
}

static int64_t end_of(int64_t start, int64_t duration)
{
    int64_t end;
    if (duration == TV_ABSENT_I64 || duration < 0)
        return start;
    return __builtin_add_overflow(start, duration, &end) ? INT64_MAX : end;
}

/* A span without an id of its own stands alone. */
static void count_bare(struct tv_state *state, const struct event *event)
{
    struct tv_service_state *service = &state->services[event->service];
    int64_t end = event->role == TV_ROLE_END ? event->time : end_of(event->time, event->duration);
    bool request = event->kind == TV_KIND_SERVER || event->kind == TV_KIND_CONSUMER ||
            (event->kind == TV_KIND_ABSENT && event->parent == 0);
    if (!request || end < state->from || end > state->at)
        return;
    if (event->role == TV_ROLE_SPAN) {
        tv_traffic_add(&service->traffic, event->duration, event->error);
        return;
    }
    service->traffic.failed += event->error;
    service->bare_starts += event->role == TV_ROLE_START;
    service->bare_ends += event->role == TV_ROLE_END;
    tv_traffic_time(&service->traffic, event->duration);
}

/* Starts and ends without a span's id are matched by trace and service. */
static uint64_t key_of(const struct event *event)
{
    bool traced = event->trace.hi || event->trace.lo;
    bool half = event->role == TV_ROLE_START || event->role == TV_ROLE_END;
    if (event->span)
        return tv_span_key(event->trace, event->span);
    return traced && half ? tv_span_key(event->trace, ~(uint64_t)event->service) : 0;
}

static void fill_span(struct tv_span *span, const struct event *event)
{
    if (event->role == TV_ROLE_SPAN) {
        span->start = event->time;
        span->end = end_of(event->time, event->duration);
    } else if (event->role == TV_ROLE_START) {
        span->start = event->time;
    } else {
        span->end = event->time;
        bool timed = event->duration != TV_ABSENT_I64 && event->duration >= 0;
        if (span->start == TV_ABSENT_I64 && timed)
            span->start = event->time - event->duration;
    }
}

static void take_span(struct tv_state *state, const struct view *view, const struct event *event)
{
    uint64_t key = key_of(event);
    if (key == 0) {
        if (event->role != TV_ROLE_RECORD)
            count_bare(state, event);
        return;
    }
    if (event->role == TV_ROLE_RECORD && !event->error)
        return;
    uint32_t peer = 0;
    if (view->peers && view->peers[event->place].type == TV_TYPE_STR)
        peer = tv_state_service(state, view->peers[event->place].s) + 1;
    struct tv_span *span = tv_spans_put(&state->spans, key);
    span->failed = span->failed || event->error;
    if (event->role == TV_ROLE_RECORD)
        return;
    if (!span->seen || event->role != TV_ROLE_END) {
        span->arrival = view->arrivals ? view->arrivals[event->row] : 0;
        span->service = event->service;
    }
    span->seen = true;
    span->kind = event->kind ? event->kind : span->kind;
    span->peer = peer ? peer : span->peer;
    if (event->parent)
        span->parent = tv_span_key(event->trace, event->parent);
    fill_span(span, event);
}

enum tv_status tv_state_read_window(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_state *state = ctx;
    (void)bound;
    (void)stop;
    struct view view = open_view(state, in);
    if (!view.services)
        return TV_OK;
    uint32_t *errors = tv_arena_calloc(&state->scratch, (size_t)in->count + 1, sizeof(*errors));
    memcpy(errors, in->rows, in->count * sizeof(*errors));
    uint32_t error_count =
            tv_pred_filter(state->is_error, in->batch, errors, in->count, &state->scratch);
    uint32_t next = 0;
    for (uint32_t i = 0; i < in->count; i++) {
        struct event event = read_event(state, &view, in->rows[i]);
        event.place = i;
        event.error = next < error_count && errors[next] == event.row;
        next += event.error;
        count_event(state, &view, &event);
        take_span(state, &view, &event);
    }
    tv_arena_release(&state->scratch);
    return TV_OK;
}

static void keep_metric(struct tv_state *state, uint32_t service, struct tv_metric_point point)
{
    bool added;
    uint64_t *index = tv_map_put_copy(
            &state->metric_seen, &state->exec->arena, pair_key(state, service, point.name), &added);
    struct tv_service_state *one = &state->services[service];
    if (!added) {
        if (point.time >= one->metrics[*index].time) {
            one->metrics[*index].time = point.time;
            one->metrics[*index].value = point.value;
        }
        return;
    }
    *index = one->metric_count;
    if (one->metric_count == one->metric_cap) {
        one->metric_cap = tv_grown(one->metric_cap, one->metric_count + 1, 8);
        one->metrics = tv_realloc_array(one->metrics, one->metric_cap, sizeof(*one->metrics));
    }
    point.name = tv_arena_str(&state->exec->arena, point.name);
    one->metrics[one->metric_count++] = point;
}

/* One attribute of a batch: the newest value for each service, then those into the services. */
static void read_metric(struct tv_state *state, const struct tv_batch *batch,
        const uint32_t *service_of_row, const struct tv_attr *attr)
{
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    uint32_t *newest = tv_calloc((size_t)state->service_count + 1, sizeof(*newest));
    for (uint32_t cell = 0; cell < attr->count; cell++) {
        uint32_t row = attr->rows[cell];
        uint32_t service = service_of_row[row];
        bool number = attr->types[cell] == TV_TYPE_I64 || attr->types[cell] == TV_TYPE_F64;
        if (service == 0 || !number)
            continue;
        uint32_t *best = &newest[service - 1];
        if (*best == 0 || times[row] >= times[attr->rows[*best - 1]])
            *best = cell + 1;
    }
    for (uint32_t service = 0; service < state->service_count; service++) {
        if (newest[service] == 0)
            continue;
        uint32_t row = attr->rows[newest[service] - 1];
        uint32_t index = (uint32_t)(attr - batch->attrs);
        struct tv_metric_point point = {.time = times[row]};
        point.name = tv_strings_get(&batch->strings, attr->name);
        if (tv_value_number(tv_batch_attr_value(batch, index, row), &point.value))
            keep_metric(state, service, point);
    }
    free(newest);
}

enum tv_status tv_state_read_metrics(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_state *state = ctx;
    const struct tv_batch *batch = in->batch;
    const uint32_t *services = tv_batch_codes(batch, TV_FIELD_SERVICE);
    (void)bound;
    (void)stop;
    if (!services)
        return TV_OK;
    uint32_t *of_row = tv_arena_calloc(&state->scratch, (size_t)batch->rows + 1, sizeof(*of_row));
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->rows[i];
        of_row[row] = tv_state_service(state, tv_strings_get(&batch->strings, services[row])) + 1;
    }
    for (uint32_t i = 0; i < batch->attr_count; i++)
        read_metric(state, batch, of_row, &batch->attrs[i]);
    tv_arena_release(&state->scratch);
    return TV_OK;
}

enum tv_status tv_state_read_dependencies(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_state *state = ctx;
    const uint32_t *services = tv_batch_codes(in->batch, TV_FIELD_SERVICE);
    (void)bound;
    (void)stop;
    struct tv_field_ref ref = tv_field_ref_attribute(TV_STR("peer.service"));
    struct tv_value *peers =
            tv_arena_calloc(&state->scratch, (size_t)in->count + 1, sizeof(*peers));
    tv_gather(in, &ref, &state->scratch, peers);
    for (uint32_t i = 0; services && i < in->count; i++) {
        if (peers[i].type != TV_TYPE_STR)
            continue;
        struct tv_str name = tv_strings_get(&in->batch->strings, services[in->rows[i]]);
        uint32_t from = tv_state_service(state, name);
        uint32_t to = tv_state_service(state, peers[i].s);
        (void)tv_state_edge(state, from, to);
    }
    tv_arena_release(&state->scratch);
    return TV_OK;
}
