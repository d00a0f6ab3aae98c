/* SPDX-License-Identifier: Apache-2.0 */
/* STATE's answer: services as the main list, then for JSON the graph, errors, open requests, summary.
 * What is not learned yet (usual, since, what, newSince) stands there as null. */
#include "base/time.h"
#include "timeql/events.h"
#include "timeql/state.h"

#include <stdlib.h>

struct service_item {
    const struct tv_state *state;
    const struct tv_service_state *service;
};

static double window_seconds(const struct tv_state *state)
{
    int64_t length = state->at - state->from;
    return (double)(length > 0 ? length : 1) / (double)TV_NS_PER_S;
}

struct tv_value tv_state_request_rate(
        const struct tv_state *state, const struct tv_traffic *traffic)
{
    return tv_value_f64((double)traffic->requests / window_seconds(state));
}

struct tv_value tv_state_error_rate(const struct tv_traffic *traffic)
{
    if (traffic->requests == 0)
        return tv_value_null();
    return tv_value_f64((double)traffic->failed / (double)traffic->requests);
}

static struct tv_value time_or_null(int64_t time)
{
    return time == TV_ABSENT_I64 ? tv_value_null() : tv_value_i64(time);
}

static struct tv_value text_or_null(struct tv_str text)
{
    return text.len == 0 ? tv_value_null() : tv_value_str(text);
}

static void member(struct tv_json_out *json, const char *name, struct tv_value value)
{
    static const struct tv_column plain = {.kind = TV_AS_ANY};
    tv_json_key(json, name);
    tv_cell_json(json, &plain, value);
}

static void time_member(struct tv_json_out *json, const char *name, int64_t time)
{
    static const struct tv_column timed = {.kind = TV_AS_TIME};
    tv_json_key(json, name);
    tv_cell_json(json, &timed, time_or_null(time));
}

static int compare_texts(const void *left, const void *right)
{
    return tv_str_compare(*(const struct tv_str *)left, *(const struct tv_str *)right);
}

static void instances_member(struct tv_json_out *json, const struct tv_service_state *service)
{
    tv_json_key(json, "instances");
    tv_json_array(json);
    if (service->instance_count > 0)
        qsort(service->instances, service->instance_count, sizeof(struct tv_str), compare_texts);
    for (size_t i = 0; i < service->instance_count; i++)
        tv_json_str(json, service->instances[i]);
    tv_json_end(json);
}

static int compare_metrics(const void *left, const void *right)
{
    return tv_str_compare(((const struct tv_metric_point *)left)->name,
            ((const struct tv_metric_point *)right)->name);
}

static void metrics_member(struct tv_json_out *json, const struct tv_service_state *service)
{
    tv_json_key(json, "metrics");
    tv_json_object(json);
    if (service->metric_count > 0)
        qsort(service->metrics, service->metric_count, sizeof(struct tv_metric_point),
                compare_metrics);
    for (size_t i = 0; i < service->metric_count; i++) {
        tv_json_key_str(json, service->metrics[i].name);
        tv_json_f64(json, service->metrics[i].value);
    }
    tv_json_end(json);
}

static void latency_member(struct tv_json_out *json, const struct tv_traffic *traffic)
{
    tv_json_key(json, "latency");
    if (!tv_traffic_timed(traffic)) {
        tv_json_null(json);
        return;
    }
    tv_json_object(json);
    member(json, "p50", tv_traffic_latency(traffic, 50));
    member(json, "p95", tv_traffic_latency(traffic, 95));
    member(json, "p99", tv_traffic_latency(traffic, 99));
    tv_json_end(json);
}

static void service_members(struct tv_json_out *json, const void *ptr)
{
    const struct service_item *item = ptr;
    const struct tv_service_state *service = item->service;
    member(json, "service", tv_value_str(service->name));
    instances_member(json, service);
    tv_json_key(json, "health");
    tv_json_text(json, tv_health_name(service->health));
    member(json, "version", text_or_null(service->version));
    time_member(json, "changedAt", service->changed);
    time_member(json, "lastEvent", service->last);
    metrics_member(json, service);
    member(json, "errorRate", tv_state_error_rate(&service->traffic));
    member(json, "requestRate", tv_state_derived(item->state, service, TV_DERIVED_REQUEST_RATE));
    latency_member(json, &service->traffic);
    member(json, "activeRequests", tv_value_i64((int64_t)service->active));
    member(json, "usual", tv_value_null());
    member(json, "since", tv_value_null());
    member(json, "what", tv_value_null());
}

#define COLUMN(text, as, in)                                           \
    {                                                                  \
        .name = {(text), sizeof(text) - 1}, .kind = (as), .unit = (in) \
    }

static const struct tv_column service_columns[] = {COLUMN("service", TV_AS_STRING, NULL),
        COLUMN("health", TV_AS_STRING, NULL), COLUMN("requestRate", TV_AS_NUMBER, "1/s"),
        COLUMN("errorRate", TV_AS_NUMBER, "1"), COLUMN("p50", TV_AS_INTEGER, "ns"),
        COLUMN("p95", TV_AS_INTEGER, "ns"), COLUMN("p99", TV_AS_INTEGER, "ns"),
        COLUMN("activeRequests", TV_AS_INTEGER, NULL), COLUMN("instances", TV_AS_INTEGER, NULL),
        COLUMN("version", TV_AS_STRING, NULL), COLUMN("changedAt", TV_AS_TIME, NULL),
        COLUMN("lastEvent", TV_AS_TIME, NULL)};

static void service_cells(const void *ptr, struct tv_arena *arena, struct tv_value *out)
{
    const struct service_item *item = ptr;
    const struct tv_service_state *service = item->service;
    (void)arena;
    *out++ = tv_value_str(service->name);
    *out++ = tv_value_str(tv_str_of(tv_health_name(service->health)));
    *out++ = tv_state_derived(item->state, service, TV_DERIVED_REQUEST_RATE);
    *out++ = tv_state_error_rate(&service->traffic);
    *out++ = tv_traffic_latency(&service->traffic, 50);
    *out++ = tv_traffic_latency(&service->traffic, 95);
    *out++ = tv_traffic_latency(&service->traffic, 99);
    *out++ = tv_value_i64((int64_t)service->active);
    *out++ = tv_value_i64((int64_t)service->instance_count);
    *out++ = text_or_null(service->version);
    *out++ = time_or_null(service->changed);
    *out = time_or_null(service->last);
}

static const struct tv_answer_list service_list = {
        .member = "services",
        .columns = service_columns,
        .column_count = sizeof(service_columns) / sizeof(service_columns[0]),
        .members = service_members,
        .cells = service_cells,
};

/* Names that only edges know (a database, a queue) are no services. */
static bool is_shown(const struct tv_service_state *service)
{
    return service->in_window || service->last != TV_ABSENT_I64 || service->traffic.requests > 0;
}

static int by_name(const void *left, const void *right)
{
    const struct tv_service_state *a = *(const struct tv_service_state *const *)left;
    const struct tv_service_state *b = *(const struct tv_service_state *const *)right;
    return tv_str_compare(a->name, b->name);
}

static int by_ends(const void *left, const void *right, void *ctx)
{
    const struct tv_state *state = ctx;
    const struct tv_state_edge *a = left;
    const struct tv_state_edge *b = right;
    int c = tv_str_compare(state->services[a->from].name, state->services[b->from].name);
    return c ? c : tv_str_compare(state->services[a->to].name, state->services[b->to].name);
}

static void write_edges(struct tv_state *state, struct tv_json_out *json)
{
    tv_json_key(json, "edges");
    tv_json_array(json);
    if (state->edge_count > 0)
        qsort_r(state->edges, state->edge_count, sizeof(*state->edges), by_ends, state);
    for (size_t i = 0; i < state->edge_count; i++) {
        const struct tv_state_edge *edge = &state->edges[i];
        tv_json_object(json);
        member(json, "from", tv_value_str(state->services[edge->from].name));
        member(json, "to", tv_value_str(state->services[edge->to].name));
        tv_json_key(json, "kind");
        tv_json_text(json, "call");
        member(json, "requestRate",
                edge->measured ? tv_state_request_rate(state, &edge->traffic) : tv_value_null());
        member(json, "errorRate", tv_state_error_rate(&edge->traffic));
        member(json, "p95", tv_traffic_latency(&edge->traffic, 95));
        member(json, "newSince", tv_value_null());
        tv_json_end(json);
    }
    tv_json_end(json);
}

static void write_events(const struct tv_state *state, const char *name,
        const struct tv_picks *picks, struct tv_json_out *json)
{
    tv_json_key(json, name);
    tv_json_array(json);
    for (size_t i = 0; i < picks->count; i++)
        if (picks->items[i].row != UINT32_MAX)
            tv_event_object(json, state->shown, picks->items[i].row);
    tv_json_end(json);
}

struct tv_state_totals tv_state_sum(const struct tv_state_list *list)
{
    struct tv_state_totals totals = {0};
    for (size_t i = 0; i < list->count; i++) {
        const struct tv_service_state *service = list->items[i];
        totals.health[service->health]++;
        totals.active += service->active;
        totals.traffic.requests += service->traffic.requests;
        totals.traffic.failed += service->traffic.failed;
    }
    return totals;
}

/* The worst that says something about the system as a whole. */
static const char *overall(const struct tv_state_totals *totals)
{
    for (int i = 0; i < TV_HEALTH_COUNT; i++)
        if (totals->health[i] > 0)
            return tv_health_name((enum tv_health)i);
    return tv_health_name(TV_HEALTH_UNKNOWN);
}

static void write_health(const struct tv_state_list *list, struct tv_json_out *json)
{
    struct tv_state_totals totals = tv_state_sum(list);
    tv_json_key(json, "health");
    tv_json_text(json, overall(&totals));
}

static void write_summary(
        const struct tv_state *state, const struct tv_state_list *list, struct tv_json_out *json)
{
    struct tv_state_totals totals = tv_state_sum(list);
    tv_json_key(json, "summary");
    tv_json_object(json);
    member(json, "services", tv_value_i64((int64_t)list->count));
    for (int i = 0; i < TV_HEALTH_COUNT; i++)
        member(json, tv_health_name((enum tv_health)i), tv_value_i64((int64_t)totals.health[i]));
    member(json, "anomalous", tv_value_i64(0));
    member(json, "events", tv_value_i64((int64_t)state->events));
    member(json, "errors", tv_value_i64((int64_t)state->errors));
    member(json, "requests", tv_value_i64((int64_t)totals.traffic.requests));
    member(json, "requestRate", tv_state_request_rate(state, &totals.traffic));
    member(json, "errorRate", tv_state_error_rate(&totals.traffic));
    member(json, "activeRequests", tv_value_i64((int64_t)totals.active));
    tv_json_end(json);
}

void tv_state_shown(struct tv_state *state, struct tv_state_list *out)
{
    out->items = tv_arena_calloc(&state->exec->arena, (size_t)state->service_count + 1,
            sizeof(const struct tv_service_state *));
    out->count = 0;
    for (uint32_t i = 0; i < state->service_count; i++)
        if (is_shown(&state->services[i]))
            out->items[out->count++] = &state->services[i];
    out->count = tv_state_choose(state, out->items, out->count);
    qsort(out->items, out->count, sizeof(const struct tv_service_state *), by_name);
}

void tv_state_members(
        struct tv_state *state, const struct tv_state_list *list, struct tv_json_out *json)
{
    write_health(list, json);
    tv_json_key(json, "services");
    tv_json_array(json);
    for (size_t i = 0; i < list->count; i++) {
        struct service_item item = {.state = state, .service = list->items[i]};
        tv_json_object(json);
        service_members(json, &item);
        tv_json_end(json);
    }
    tv_json_end(json);
    write_summary(state, list, json);
}

static void write_services(struct tv_state *state, const struct tv_state_list *list)
{
    struct tv_answer *answer = &state->exec->answer;
    tv_answer_open(answer, &service_list);
    for (size_t i = 0; i < list->count; i++) {
        struct service_item item = {.state = state, .service = list->items[i]};
        tv_answer_item(answer, &item);
    }
    tv_answer_close(answer);
}

enum tv_status tv_state_write(struct tv_state *state)
{
    struct tv_exec *exec = state->exec;
    struct tv_state_list list;
    tv_state_shown(state, &list);
    tv_exec_head(exec, "STATE");
    struct tv_json_out *json = tv_answer_json(&exec->answer);
    if (json) {
        time_member(json, "time", state->at);
        write_health(&list, json);
    }
    write_services(state, &list);
    if (json) {
        write_edges(state, json);
        write_events(state, "errors", &state->last_errors, json);
        write_events(state, "activeRequests", &state->open, json);
        write_summary(state, &list, json);
    }
    return tv_exec_end(exec);
}
