/* SPDX-License-Identifier: Apache-2.0 */
/* STATE: every service as it was at a moment.
 *
 * What happened in the window before t is computed from its events, exactly; what lies further back
 * (a service that has gone quiet, a version, the last change) comes from the store's directory of last
 * events. Nothing later than t is read. */
#include "base/mem.h"
#include "base/time.h"
#include "timeql/state.h"

#include <stdlib.h>

enum { ERRORS_SHOWN = 20, OPEN_SHOWN = 100 };

static enum tv_status keep_event(
        void *ctx, const struct tv_scan_batch *batch, int64_t bound, bool *stop)
{
    tv_top_add(ctx, batch, bound, stop);
    return TV_OK;
}

/* Whether WHERE would take an event of which only service and instance are known. */
static bool may_show(struct tv_state *state, const struct tv_last_seen *seen)
{
    const struct tv_pred *where = state->exec->query->where;
    if (!where)
        return true;
    struct tv_batch *batch = tv_batch_new();
    uint32_t row = tv_batch_add_row(batch);
    tv_batch_set_time(batch, row, seen->last);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, row, seen->service);
    if (seen->instance.len > 0)
        tv_batch_set_text(batch, TV_FIELD_INSTANCE, row, seen->instance);
    uint32_t rows[1];
    bool shown = tv_pred_select(where, batch, rows, &state->scratch) > 0;
    tv_arena_release(&state->scratch);
    tv_batch_unref(batch);
    return shown;
}

static void take_seen(struct tv_state *state, const struct tv_last_seen *seen)
{
    uint64_t *known = tv_map_get(&state->by_name, seen->service);
    bool windowed = known && state->services[*known].in_window;
    if (!windowed && !may_show(state, seen))
        return;
    uint32_t number = tv_state_service(state, seen->service);
    struct tv_service_state *service = &state->services[number];
    bool newer = service->last == TV_ABSENT_I64 || seen->last >= service->last;
    bool recent = state->at - seen->last <= TV_NS_PER_DAY;
    if (!windowed && recent)
        tv_state_instance(state, number, seen->instance);
    service = &state->services[number];
    if (seen->version.len > 0 && (newer || service->version.len == 0))
        service->version = seen->version;
    if (newer && !(windowed && state->exec->query->where))
        service->last = seen->last;
    if (seen->changed != TV_ABSENT_I64 &&
            (service->changed == TV_ABSENT_I64 || seen->changed > service->changed))
        service->changed = seen->changed;
}

static enum tv_status read_last_seen(struct tv_state *state)
{
    struct tv_exec *exec = state->exec;
    struct tv_last_seen_spec spec = {state->at, exec->arrival_to, exec->cancel};
    struct tv_last_seen_list seen = {0};
    enum tv_status status =
            tv_snapshot_last_seen(exec->snapshot, &spec, &exec->arena, &seen, exec->err);
    for (size_t i = 0; status == TV_OK && i < seen.count; i++)
        take_seen(state, &seen.items[i]);
    return status;
}

static int by_start(const void *left, const void *right)
{
    const struct tv_open_request *a = left;
    const struct tv_open_request *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return (a->arrival > b->arrival) - (a->arrival < b->arrival);
}

/* The events of the requests that have been open longest. */
static enum tv_status read_open(struct tv_state *state, struct tv_top *open)
{
    struct tv_exec *exec = state->exec;
    if (state->open_count == 0)
        return TV_OK;
    qsort(state->open, state->open_count, sizeof(*state->open), by_start);
    size_t count = state->open_count < OPEN_SHOWN ? state->open_count : OPEN_SHOWN;
    struct tv_value *arrivals = tv_arena_calloc(&exec->arena, count, sizeof(*arrivals));
    struct tv_planned_scan scan = {.name = "active requests"};
    scan.spec = (struct tv_scan_spec){.from = state->open[0].start,
            .to = state->open[count - 1].start,
            .arrival_from = UINT64_MAX,
            .columns = tv_all_columns(),
            .order = TV_SCAN_OLDEST};
    for (size_t i = 0; i < count; i++) {
        uint64_t arrival = state->open[i].arrival;
        arrivals[i] = tv_value_i64((int64_t)arrival);
        if (arrival < scan.spec.arrival_from)
            scan.spec.arrival_from = arrival;
        if (arrival > scan.spec.arrival_to)
            scan.spec.arrival_to = arrival;
    }
    scan.spec.where =
            tv_pred_in(&exec->arena, tv_field_ref_fixed(TV_FIELD_ARRIVAL), arrivals, count);
    return tv_exec_scan(exec, &scan, keep_event, open);
}

static enum tv_status read_all(struct tv_state *state, struct tv_top *errors, struct tv_top *open)
{
    struct tv_exec *exec = state->exec;
    const struct tv_planned_scan *scans = exec->plan.scans;
    enum tv_status status = tv_exec_scan(exec, &scans[0], tv_state_read_window, state);
    if (status == TV_OK && scans[1].spec.from <= scans[1].spec.to)
        status = tv_exec_scan(exec, &scans[1], tv_state_read_window, state);
    if (status == TV_OK)
        status = tv_exec_scan(exec, &scans[2], tv_state_read_metrics, state);
    if (status == TV_OK)
        status = tv_exec_scan(exec, &scans[3], tv_state_read_dependencies, state);
    if (status == TV_OK && state->errors > 0)
        status = tv_exec_scan(exec, &scans[4], keep_event, errors);
    if (status == TV_OK)
        status = read_last_seen(state);
    if (status != TV_OK)
        return status;
    tv_state_work(state);
    return read_open(state, open);
}

static void release(struct tv_state *state)
{
    for (uint32_t i = 0; i < state->service_count; i++) {
        free(state->services[i].traffic.durations);
        free(state->services[i].instances);
        free(state->services[i].metrics);
    }
    for (size_t i = 0; i < state->edge_count; i++)
        free(state->edges[i].traffic.durations);
    free(state->services);
    free(state->edges);
    free(state->open);
    tv_map_release(&state->by_name);
    tv_map_release(&state->instance_seen);
    tv_map_release(&state->metric_seen);
    tv_map_release(&state->edge_seen);
    tv_spans_release(&state->spans);
    tv_arena_release(&state->scratch);
}

enum tv_status tv_op_state(struct tv_exec *exec)
{
    struct tv_select_order newest = {.descending = true, .ref = tv_field_ref_fixed(TV_FIELD_TIME)};
    struct tv_state state = {.exec = exec, .from = exec->query->from, .at = exec->query->at};
    struct tv_top errors;
    struct tv_top open;
    state.is_error = tv_pred_compare(&exec->arena, tv_field_resolve(TV_STR("error_occurred")),
            TV_OP_EQ, tv_value_bool(true));
    tv_top_init(&errors, ERRORS_SHOWN, &newest, 1);
    tv_top_init(&open, OPEN_SHOWN, NULL, 0);
    enum tv_status status = read_all(&state, &errors, &open);
    tv_top_finish(&errors);
    tv_top_finish(&open);
    if (status == TV_OK)
        status = tv_state_write(&state, &errors, &open);
    tv_top_release(&errors);
    tv_top_release(&open);
    release(&state);
    return status;
}
