/* SPDX-License-Identifier: Apache-2.0 */
/* The WHERE of STATE, COMPARE, PREDICT, ANOMALIES and WHAT IF may ask for what is derived: errorRate,
 * requestRate, latency, activeRequests.
 *
 * Those belong to services and are known only after their events were read, so WHERE is cut where it
 * is joined by AND: parts about events go into the scans, parts about services choose among the rows
 * of the answer. A part that asks for both in one breath (OR, NOT) has no such order and is refused.
 * Services become rows of a batch, their figures its attributes, so the same predicates serve. */
#include "timeql/parser.h"
#include "timeql/state.h"

struct parts {
    struct tv_pred **events, **services;
    size_t event_count, service_count;
};

static size_t conjuncts(const struct tv_cond *cond)
{
    size_t count = 0;
    if (cond->kind != TV_COND_AND)
        return 1;
    for (size_t i = 0; i < cond->count; i++)
        count += conjuncts(cond->children[i]);
    return count;
}

static enum tv_status cut(
        struct tv_compiler *compiler, const struct tv_cond *cond, struct parts *parts)
{
    if (cond->kind == TV_COND_AND) {
        enum tv_status status = TV_OK;
        for (size_t i = 0; i < cond->count && status == TV_OK; i++)
            status = cut(compiler, cond->children[i], parts);
        return status;
    }
    if (tv_asks_derived(cond))
        return tv_compile_service_cond(compiler, cond, &parts->services[parts->service_count++]);
    return tv_compile_cond(compiler, cond, &parts->events[parts->event_count++]);
}

enum tv_status tv_check_service_where(struct tv_query *query)
{
    const struct tv_cond *where = query->ast->where;
    struct tv_arena *arena = &query->arena;
    if (!where)
        return TV_OK;
    size_t most = conjuncts(where);
    struct parts parts = {.events = tv_arena_calloc(arena, most, sizeof(struct tv_pred *)),
            .services = tv_arena_calloc(arena, most, sizeof(struct tv_pred *))};
    enum tv_status status = cut(&query->compiler, where, &parts);
    if (status != TV_OK)
        return status;
    if (parts.event_count > 0)
        query->where = tv_pred_all(arena, parts.events, parts.event_count);
    if (parts.service_count > 0)
        query->services = tv_pred_all(arena, parts.services, parts.service_count);
    return TV_OK;
}

struct tv_value tv_state_derived(const struct tv_state *state,
        const struct tv_service_state *service, enum tv_derived derived)
{
    const struct tv_traffic *traffic = &service->traffic;
    switch (derived) {
    case TV_DERIVED_ERROR_RATE:
        return tv_state_error_rate(traffic);
    case TV_DERIVED_REQUEST_RATE:
        return service->has_spans || traffic->requests > 0 ? tv_state_request_rate(state, traffic)
                                                           : tv_value_null();
    case TV_DERIVED_LATENCY_P50:
        return tv_traffic_latency(traffic, 50);
    case TV_DERIVED_LATENCY_P95:
        return tv_traffic_latency(traffic, 95);
    case TV_DERIVED_LATENCY_P99:
        return tv_traffic_latency(traffic, 99);
    case TV_DERIVED_ACTIVE_REQUESTS:
        return tv_value_i64((int64_t)service->active);
    case TV_DERIVED_NONE:
    case TV_DERIVED_COUNT:
        break;
    }
    return tv_value_null();
}

static void put_service(const struct tv_state *state, struct tv_batch *batch,
        const struct tv_service_state *service)
{
    uint32_t row = tv_batch_add_row(batch);
    tv_batch_set_time(batch, row, state->at);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, row, service->name);
    tv_batch_set_text(batch, TV_FIELD_UNIT, row, TV_STR("1")); /* so that 5% is 0.05 */
    size_t count;
    const struct tv_derived_name *names = tv_derived_names(&count);
    for (size_t i = 0; i < count; i++) {
        struct tv_value value = tv_state_derived(state, service, names[i].derived);
        if (value.type != TV_TYPE_NULL)
            tv_batch_set_attr(batch, tv_batch_attr(batch, names[i].name), row, value);
    }
}

size_t tv_state_choose(
        struct tv_state *state, const struct tv_service_state **services, size_t count)
{
    const struct tv_pred *wanted = state->exec->query->services;
    if (!wanted || count == 0)
        return count;
    struct tv_batch *batch = tv_batch_new();
    uint32_t *rows = tv_arena_calloc(&state->exec->arena, count, sizeof(*rows));
    for (size_t i = 0; i < count; i++)
        put_service(state, batch, services[i]);
    uint32_t kept = tv_pred_select(wanted, batch, rows, &state->scratch);
    for (uint32_t i = 0; i < kept; i++)
        services[i] = services[rows[i]];
    tv_arena_release(&state->scratch);
    tv_batch_unref(batch);
    return kept;
}
