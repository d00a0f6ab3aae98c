/* SPDX-License-Identifier: Apache-2.0 */
/* STATE: every service as it was at a moment.
 *
 * What happened in the window before t is the sum of the frames that the store has kept of it and of what
 * is computed from the events of the rest, which is the same as computing it all; what lies further back
 * (a service that has gone quiet, a version, the last change) comes from the store's directory of last
 * events. Nothing later than t is read. */
#include "base/mem.h"
#include "base/time.h"
#include "timeql/state.h"

#include <stdlib.h>

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
    uint64_t *known = tv_map_get(&state->names.services, seen->service);
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
    /* Of the instances' versions the one told last. */
    int64_t told = seen->version_time;
    if (seen->version.len > 0 &&
            (service->version.len == 0 || told > service->version_time ||
                    (told == service->version_time &&
                            tv_str_compare(seen->version, service->version) > 0))) {
        service->version = seen->version;
        service->version_time = told;
    }
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

/* Copies the rows of an arrival number that is among the picks, and notes where they went. */
static enum tv_status keep_shown(
        void *ctx, const struct tv_scan_batch *batch, int64_t bound, bool *stop)
{
    struct tv_state *state = ctx;
    const uint64_t *arrivals = tv_batch_u64(batch->batch, TV_FIELD_ARRIVAL);
    struct tv_picks *lists[] = {&state->last_errors, &state->open};
    (void)bound;
    (void)stop;
    for (uint32_t i = 0; i < batch->count; i++) {
        for (size_t list = 0; list < 2; list++)
            for (size_t k = 0; k < lists[list]->count; k++)
                if (lists[list]->items[k].arrival == arrivals[batch->rows[i]])
                    lists[list]->items[k].row = state->shown->rows;
        tv_batch_append_rows(state->shown, batch->batch, &batch->rows[i], 1);
    }
    return TV_OK;
}

static void widen(struct tv_scan_spec *spec, const struct tv_pick *pick)
{
    spec->from = pick->time < spec->from ? pick->time : spec->from;
    spec->to = pick->time > spec->to ? pick->time : spec->to;
    if (pick->arrival < spec->arrival_from)
        spec->arrival_from = pick->arrival;
    if (pick->arrival > spec->arrival_to)
        spec->arrival_to = pick->arrival;
}

/* The events to be shown whole, all columns of them in one scan. */
static enum tv_status read_shown(struct tv_state *state)
{
    struct tv_exec *exec = state->exec;
    const struct tv_picks *lists[] = {&state->last_errors, &state->open};
    size_t count = 0;
    struct tv_value *arrivals = tv_arena_calloc(
            &exec->arena, state->last_errors.count + state->open.count + 1, sizeof(*arrivals));
    struct tv_planned_scan scan = {.name = "errors and active requests"};
    scan.spec = (struct tv_scan_spec){
            .from = INT64_MAX, .to = 0, .arrival_from = UINT64_MAX, .columns = tv_all_columns()};
    for (size_t list = 0; list < 2; list++) {
        for (size_t i = 0; i < lists[list]->count; i++) {
            widen(&scan.spec, &lists[list]->items[i]);
            arrivals[count++] = tv_value_i64((int64_t)lists[list]->items[i].arrival);
        }
    }
    if (count == 0)
        return TV_OK;
    scan.spec.where =
            tv_pred_in(&exec->arena, tv_field_ref_fixed(TV_FIELD_ARRIVAL), arrivals, count);
    return tv_exec_scan(exec, &scan, keep_shown, state);
}

/* What is left of the window, by the plan's scans cut to it. The starts come first: what they begin ends
 * in the run. */
static enum tv_status read_run(struct tv_state *state, const struct tv_planned_scan *scans,
        const struct tv_frame_range *run)
{
    struct tv_exec *exec = state->exec;
    struct tv_planned_scan own[3];
    struct tv_scan_spec specs[3];
    tv_frame_scans(run, exec->query->where, &exec->arena, specs);
    for (size_t i = 0; i < 3; i++) {
        own[i] = scans[i];
        own[i].spec.from = specs[i].from;
        own[i].spec.to = specs[i].to;
    }
    tv_frame_builder_free(state->builder);
    state->builder = tv_frame_builder_new(run, &state->sum, true);
    enum tv_status status = tv_exec_scan(exec, &own[1], tv_state_read_starts, state);
    if (status == TV_OK)
        status = tv_exec_scan(exec, &own[0], tv_state_read_window, state);
    if (status == TV_OK)
        status = tv_exec_scan(exec, &own[2], tv_state_read_metrics, state);
    return status;
}

static enum tv_status read_window(struct tv_state *state, const struct tv_planned_scan *scans)
{
    struct tv_exec *exec = state->exec;
    struct tv_frames_spec spec = {.range = state->range,
            .arrival_to = exec->arrival_to,
            .kept = exec->query->where == NULL,
            .arena = &exec->arena,
            .cancel = exec->cancel};
    struct tv_frame_runs runs;
    const struct tv_frame_open *open = NULL;
    size_t count = 0;
    enum tv_status status = tv_frames_read(exec->snapshot, &spec, &state->sum, &runs, exec->err);
    for (size_t i = 0; i < runs.count && status == TV_OK; i++) {
        if (i > 0)
            tv_frame_builder_finish(state->builder, &open, &count);
        status = read_run(state, scans, &runs.items[i]);
    }
    if (status == TV_OK)
        tv_state_take_sum(state);
    return status;
}

enum tv_status tv_state_read(struct tv_state *state, const struct tv_planned_scan *scans)
{
    enum tv_status status = read_window(state, scans);
    if (status == TV_OK)
        status = read_last_seen(state);
    if (status == TV_OK)
        tv_state_work(state);
    return status;
}

void tv_state_init(struct tv_state *state, struct tv_exec *exec, int64_t from, int64_t at)
{
    *state = (struct tv_state){.exec = exec, .from = from, .at = at, .shown = tv_batch_new()};
    /* Buckets before the first event are empty, however long the window is. */
    int64_t oldest = tv_snapshot_oldest(exec->snapshot);
    state->range = (struct tv_frame_range){from, at};
    if (oldest != TV_ABSENT_I64 && from < oldest && oldest <= at) {
        int64_t first = tv_frame_bucket(oldest) * TV_FRAME_NS;
        state->range.from = first > from ? first : from;
    }
    state->sum.names = &state->names;
}

void tv_state_release(struct tv_state *state)
{
    for (uint32_t i = 0; i < state->service_count; i++) {
        free(state->services[i].instances);
        free(state->services[i].metrics);
    }
    free(state->services);
    free(state->edges);
    free(state->open.items);
    free(state->last_errors.items);
    tv_batch_unref(state->shown);
    tv_map_release(&state->instance_seen);
    tv_map_release(&state->edge_seen);
    tv_frame_builder_free(state->builder);
    tv_frame_release(&state->sum);
    tv_frame_names_release(&state->names);
    tv_arena_release(&state->scratch);
}

enum tv_status tv_op_state(struct tv_exec *exec)
{
    struct tv_state state;
    const struct tv_planned_scan *scans = exec->plan.scans;
    tv_state_init(&state, exec, exec->query->from, exec->query->at);
    enum tv_status status = tv_state_read(&state, scans);
    if (status == TV_OK)
        status = tv_exec_scan(exec, &scans[3], tv_state_read_dependencies, &state);
    if (status == TV_OK)
        status = read_shown(&state);
    if (status == TV_OK)
        status = tv_state_write(&state);
    tv_state_release(&state);
    return status;
}
