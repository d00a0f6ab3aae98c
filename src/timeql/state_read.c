/* SPDX-License-Identifier: Apache-2.0 */
/* Events into STATE's working set. The traffic is the store's to compute (store/frame.h); what is left
 * here is handing it the rows and taking its sum over. */
#include "base/mem.h"
#include "timeql/state.h"

#include <stdlib.h>

uint32_t tv_state_service(struct tv_state *state, struct tv_str name)
{
    uint32_t number = tv_frame_name_service(&state->names, name);
    if (state->names.service_count > state->service_cap) {
        state->service_cap = (uint32_t)tv_grown(state->service_cap, state->names.service_count, 64);
        state->services =
                tv_realloc_array(state->services, state->service_cap, sizeof(*state->services));
    }
    for (; state->service_count < state->names.service_count; state->service_count++)
        state->services[state->service_count] =
                (struct tv_service_state){.name = state->names.service[state->service_count],
                        .last = TV_ABSENT_I64,
                        .changed = TV_ABSENT_I64};
    return number;
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

enum tv_status tv_state_read_starts(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_state *state = ctx;
    (void)bound;
    (void)stop;
    tv_frame_take_starts(state->builder, in);
    return TV_OK;
}

enum tv_status tv_state_read_window(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_state *state = ctx;
    (void)stop;
    tv_frame_take(state->builder, in);
    tv_frame_bound(state->builder, bound);
    return TV_OK;
}

enum tv_status tv_state_read_metrics(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_state *state = ctx;
    (void)bound;
    (void)stop;
    tv_frame_take_metrics(state->builder, in);
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

static void take_service(struct tv_state *state, uint32_t number)
{
    const struct tv_frame_service *from = &state->sum.services[number];
    struct tv_service_state *service = &state->services[number];
    service->in_window = from->events > 0;
    service->has_spans = from->spans;
    service->events = from->events;
    service->errors = from->errors;
    if (from->events > 0)
        service->last = from->last;
    /* Requests and responses without ids: one of each is one request. */
    uint64_t pairs = from->bare_starts > from->bare_ends ? from->bare_starts : from->bare_ends;
    uint64_t requests = from->requests + pairs;
    service->traffic = (struct tv_traffic){.requests = requests,
            .failed = from->failed < requests ? from->failed : requests,
            .durations = &from->durations};
    state->events += from->events;
    state->errors += from->errors;
}

static void take_value(struct tv_state *state, uint32_t series)
{
    const struct tv_frame_value *value = &state->sum.values[series];
    const struct tv_frame_instance *name = &state->names.one_series[series];
    struct tv_service_state *one = &state->services[name->service];
    if (one->metric_count == one->metric_cap) {
        one->metric_cap = tv_grown(one->metric_cap, one->metric_count + 1, 8);
        one->metrics = tv_realloc_array(one->metrics, one->metric_cap, sizeof(*one->metrics));
    }
    one->metrics[one->metric_count++] =
            (struct tv_metric_point){name->name, value->time, value->value};
}

static void take_edges(struct tv_state *state)
{
    for (uint32_t i = 0; i < state->names.edge_count && i < state->sum.edge_count; i++) {
        const struct tv_frame_edge *from = &state->sum.edges[i];
        struct tv_frame_edge_ends ends = state->names.edge[i];
        struct tv_state_edge *edge = tv_state_edge(state, ends.from, ends.to);
        edge->measured = true;
        edge->traffic = (struct tv_traffic){from->requests, from->failed, &from->durations};
    }
}

static void take_picks(struct tv_state *state)
{
    const struct tv_frame_open *open = NULL;
    size_t count = 0;
    tv_frame_builder_finish(state->builder, &open, &count);
    for (size_t i = 0; i < count; i++) {
        (void)tv_state_service(state, state->names.service[open[i].service]);
        state->services[open[i].service].active++;
        tv_picks_add(&state->open,
                (struct tv_pick){open[i].event.arrival, open[i].event.time, UINT32_MAX});
    }
    for (size_t i = 0; i < state->sum.error_count; i++)
        tv_picks_add(&state->last_errors,
                (struct tv_pick){
                        state->sum.errors[i].arrival, state->sum.errors[i].time, UINT32_MAX});
}

void tv_state_take_sum(struct tv_state *state)
{
    const struct tv_frame_names *names = &state->names;
    take_picks(state);
    if (names->service_count == 0)
        return;
    (void)tv_state_service(state, names->service[0]);
    for (uint32_t i = 0; i < names->service_count && i < state->sum.service_count; i++)
        take_service(state, i);
    for (uint32_t i = 0; i < names->series_count && i < state->sum.value_count; i++)
        if (state->sum.values[i].known)
            take_value(state, i);
    for (uint32_t i = 0; i < names->instance_count && i < state->sum.instance_count; i++)
        if (state->sum.instances[i])
            tv_state_instance(state, names->instance[i].service, names->instance[i].name);
    take_edges(state);
}
