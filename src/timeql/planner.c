/* SPDX-License-Identifier: Apache-2.0 */
/* The planner says what is read: which window, which rows (the predicate runs inside the scan, where
 * whole segments fall away), which columns, in which order. Operators only choose what to do with it.
 *
 * TIMELINE and SELECT read twice where few rows are shown out of many: narrow columns of all that
 * match for the counts, every column of the first few for the rows, in time's order so that the second
 * scan stops early. */
#include "base/time.h"
#include "timeql/compare.h"
#include "timeql/match_feed.h"
#include "timeql/measure_read.h"
#include "timeql/occurrences.h"
#include "timeql/top.h"

#include <endian.h>

static struct tv_planned_scan *add_scan(struct tv_exec *exec, const char *name)
{
    const struct tv_query *query = exec->query;
    struct tv_planned_scan *scan = &exec->plan.scans[exec->plan.count++];
    scan->name = name;
    scan->spec = (struct tv_scan_spec){.from = query->from,
            .to = query->to,
            .arrival_to = exec->arrival_to,
            .where = query->where,
            .order = TV_SCAN_ANY};
    return scan;
}

static struct tv_columns_wanted wanted(struct tv_exec *exec)
{
    return (struct tv_columns_wanted){.arena = &exec->arena};
}

static struct tv_pred *error_pred(struct tv_arena *arena)
{
    return tv_pred_compare(
            arena, tv_field_resolve(TV_STR("error_occurred")), TV_OP_EQ, tv_value_bool(true));
}

static void plan_timeline(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    struct tv_columns_wanted columns = wanted(exec);
    struct tv_planned_scan *counts = add_scan(exec, "counts");
    tv_want_field(&columns, TV_FIELD_SERVICE);
    tv_want_field(&columns, TV_FIELD_TYPE);
    if (query->ast->every.present) {
        tv_want_field(&columns, TV_FIELD_SEVERITY);
        tv_want_pred(&columns, error_pred(&exec->arena));
    }
    counts->spec.columns = tv_wanted_columns(&columns);
    if (query->ast->every.present)
        return;
    struct tv_planned_scan *rows = add_scan(exec, "rows");
    rows->spec.columns = tv_all_columns();
    rows->spec.order = tv_top_scan_order(query->order, query->order_count);
}

static void plan_select(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    struct tv_columns_wanted columns = wanted(exec);
    for (size_t i = 0; i < query->item_count; i++)
        if (!query->items[i].star)
            tv_want_ref(&columns, &query->items[i].column.ref);
    for (size_t i = 0; i < query->group_count; i++)
        tv_want_ref(&columns, &query->groups[i].ref);
    if (query->grouped) {
        struct tv_planned_scan *groups = add_scan(exec, "groups");
        bool timed = false;
        for (size_t i = 0; i < query->item_count; i++)
            timed = timed || query->items[i].aggregate == TV_AGGREGATE_FIRST ||
                    query->items[i].aggregate == TV_AGGREGATE_LAST;
        if (timed)
            tv_want_field(&columns, TV_FIELD_ARRIVAL);
        groups->spec.columns = tv_wanted_columns(&columns);
        groups->spec.columns.timeless = !timed && !query->ast->every.present;
        return;
    }
    for (size_t i = 0; i < query->order_count; i++)
        tv_want_ref(&columns, &query->order[i].ref);
    tv_want_field(&columns, TV_FIELD_ARRIVAL);
    struct tv_planned_scan *rows = add_scan(exec, "rows");
    rows->spec.columns = query->ast->star ? tv_all_columns() : tv_wanted_columns(&columns);
    rows->spec.order = tv_top_scan_order(query->order, query->order_count);
}

static void plan_show(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    struct tv_columns_wanted columns = wanted(exec);
    enum tv_show show = query->ast->show;
    if (show == TV_SHOW_DEPLOYS) {
        static const struct tv_value types[] = {{.type = TV_TYPE_STR, .s = {"deploy", 6}},
                {.type = TV_TYPE_STR, .s = {"config", 6}}};
        struct tv_planned_scan *scan = add_scan(exec, "changes");
        struct tv_pred *changes =
                tv_pred_in(&exec->arena, tv_field_ref_fixed(TV_FIELD_TYPE), types, 2);
        scan->spec.where =
                query->where ? tv_pred_and(&exec->arena, changes, query->where) : changes;
        scan->spec.columns = tv_all_columns();
        scan->spec.order = TV_SCAN_NEWEST;
        return;
    }
    bool scans = show == TV_SHOW_HOSTS ||
            (show == TV_SHOW_SERVICES && (query->windowed || query->where));
    if (!scans)
        return;
    struct tv_planned_scan *scan = add_scan(exec, "events");
    tv_want_field(&columns, TV_FIELD_SERVICE);
    tv_want_field(&columns, TV_FIELD_INSTANCE);
    tv_want_field(&columns, TV_FIELD_HOST);
    tv_want_pred(&columns, error_pred(&exec->arena));
    scan->spec.columns = tv_wanted_columns(&columns);
}

/* What the store's computation of traffic reads, WHERE and AS OF applied. */
static void plan_frames(
        struct tv_exec *exec, const struct tv_frame_range *range, const char *const names[3])
{
    struct tv_scan_spec specs[3];
    tv_frame_scans(range, exec->query->where, &exec->arena, specs);
    for (size_t i = 0; i < 3; i++) {
        struct tv_planned_scan *scan = add_scan(exec, names[i]);
        scan->spec = specs[i];
        scan->spec.arrival_to = exec->arrival_to;
    }
}

/* Traffic, and the graph that dependency events tell of. */
static void plan_state(struct tv_exec *exec)
{
    static const char *const names[] = {"window", "open starts", "metrics"};
    const struct tv_query *query = exec->query;
    struct tv_arena *arena = &exec->arena;
    struct tv_field_ref type = tv_field_ref_fixed(TV_FIELD_TYPE);
    struct tv_frame_range range = {query->from, query->at};
    plan_frames(exec, &range, names);

    static const struct tv_value dependency = {.type = TV_TYPE_STR, .s = {"dependency", 10}};
    struct tv_planned_scan *graph = add_scan(exec, "dependencies");
    struct tv_pred *is_edge = tv_pred_compare(arena, type, TV_OP_EQ, dependency);
    static const struct tv_str peer = {"peer.service", 12};
    graph->spec.from = query->at > TV_NS_PER_DAY ? query->at - TV_NS_PER_DAY : 0;
    graph->spec.where = query->where ? tv_pred_and(arena, is_edge, query->where) : is_edge;
    graph->spec.columns = (struct tv_scan_columns){
            .fields = 1U << TV_FIELD_SERVICE, .attributes = &peer, .attribute_count = 1};
}

/* The events that have any of the fields that FOR names, or, without FOR, the metrics. */
static void plan_measures(
        struct tv_exec *exec, const struct tv_frame_range *range, const char *name)
{
    const struct tv_query *query = exec->query;
    struct tv_columns_wanted columns = wanted(exec);
    struct tv_planned_scan *scan = add_scan(exec, name);
    struct tv_pred *any = NULL;
    scan->spec.from = range->from;
    scan->spec.to = range->to;
    if (query->measure_count == 0) {
        struct tv_scan_spec specs[3];
        tv_frame_scans(range, query->where, &exec->arena, specs);
        scan->spec.where = specs[2].where;
        scan->spec.columns = specs[2].columns;
        return;
    }
    tv_want_field(&columns, TV_FIELD_SERVICE);
    tv_want_field(&columns, TV_FIELD_ARRIVAL);
    for (size_t i = 0; i < query->measure_count; i++) {
        if (query->measures[i].derived != TV_DERIVED_NONE)
            continue;
        struct tv_pred *exists = tv_pred_exists(&exec->arena, query->measures[i].ref);
        any = any ? tv_pred_or(&exec->arena, any, exists) : exists;
        tv_want_ref(&columns, &query->measures[i].ref);
    }
    if (!any) /* derived fields only: the traffic has them */
        any = tv_pred_not(&exec->arena, tv_pred_true(&exec->arena));
    scan->spec.where = tv_pred_and(&exec->arena, any, query->where);
    scan->spec.columns = tv_wanted_columns(&columns);
}

static void plan_errors(struct tv_exec *exec, const struct tv_frame_range *range, const char *name)
{
    struct tv_planned_scan *scan = add_scan(exec, name);
    scan->spec.from = range->from;
    scan->spec.to = range->to;
    scan->spec.where = tv_pred_and(&exec->arena, error_pred(&exec->arena), exec->query->where);
    scan->spec.columns.fields = 1U << TV_FIELD_SERVICE | 1U << TV_FIELD_TYPE |
            1U << TV_FIELD_MESSAGE | 1U << TV_FIELD_NAME | 1U << TV_FIELD_EVENT_ID |
            1U << TV_FIELD_ARRIVAL;
}

/* Each side's traffic, numbers and errors, in the order of compare.h. */
static void plan_compare(struct tv_exec *exec)
{
    static const char *const names[2][5] = {
            {"window before", "open starts before", "metrics before", "measures before",
                    "errors before"},
            {"window after", "open starts after", "metrics after", "measures after",
                    "errors after"}};
    const struct tv_compare_side *sides[] = {&exec->query->before, &exec->query->after};
    for (size_t i = 0; i < 2; i++) {
        struct tv_frame_range range = tv_compare_range(exec->query, sides[i]);
        plan_frames(exec, &range, names[i]);
        plan_measures(exec, &range, names[i][3]);
        plan_errors(exec, &range, names[i][4]);
    }
}

/* Once for the counts, which say how thin a sample suffices, and once for the sample. */
static void plan_diff(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    struct tv_columns_wanted columns = wanted(exec);
    struct tv_pred *either =
            query->against ? tv_pred_or(&exec->arena, query->subject, query->against) : NULL;
    struct tv_planned_scan *counts = add_scan(exec, "counts");
    struct tv_planned_scan *sample = add_scan(exec, "sample");
    tv_want_pred(&columns, query->subject);
    tv_want_pred(&columns, query->against);
    counts->spec.where = tv_pred_and(&exec->arena, either, query->where);
    counts->spec.columns = tv_wanted_columns(&columns);
    sample->spec.where = counts->spec.where;
    tv_want_field(&columns, TV_FIELD_ARRIVAL);
    for (size_t i = 0; i < query->measure_count; i++)
        tv_want_ref(&columns, &query->measures[i].ref);
    sample->spec.columns =
            query->measure_count > 0 ? tv_wanted_columns(&columns) : tv_all_columns();
}

struct tv_pred *tv_trace_pred(struct tv_arena *arena, struct tv_id trace)
{
    uint64_t words[2] = {htobe64(trace.hi), htobe64(trace.lo)};
    char *hex = tv_arena_bytes(arena, 32);
    tv_hex_encode((const uint8_t *)words, sizeof(words), hex);
    return tv_pred_compare(arena, tv_field_ref_fixed(TV_FIELD_TRACE_ID), TV_OP_EQ,
            tv_value_str((struct tv_str){hex, 32}));
}

/* The event that a reference names. */
static struct tv_pred *ref_pred(struct tv_exec *exec, uint64_t *arrival)
{
    const struct tv_ast_ref *ref = &exec->query->ast->ref;
    struct tv_arena *arena = &exec->arena;
    *arrival = 0;
    if (ref->kind == TV_REF_BARE && ref->text.ptr[0] == '@' && tv_arrival_parse(ref->text, arrival))
        return tv_pred_true(arena);
    if (ref->kind != TV_REF_TRACE)
        return tv_pred_compare(
                arena, tv_field_ref_fixed(TV_FIELD_EVENT_ID), TV_OP_EQ, tv_value_str(ref->text));
    struct tv_id id;
    (void)tv_trace_id_from_text(ref->text, &id);
    return tv_trace_pred(arena, id);
}

static void plan_traverse(struct tv_exec *exec)
{
    uint64_t arrival;
    struct tv_pred *named = ref_pred(exec, &arrival);
    struct tv_planned_scan *find = add_scan(exec, "find");
    find->spec.where =
            exec->query->where ? tv_pred_and(&exec->arena, named, exec->query->where) : named;
    find->spec.columns = tv_all_columns();
    if (arrival > 0) {
        find->spec.arrival_from = arrival;
        if (find->spec.arrival_to > arrival)
            find->spec.arrival_to = arrival;
    }
}

/* ANOMALIES and PREDICT. */
static void plan_points(struct tv_exec *exec)
{
    if (tv_measures_recorded(exec->query))
        tv_plan_measures(exec, add_scan(exec, "points"));
}

/* How long after its end a pattern that ends with NOT FOLLOWED BY waits. */
static int64_t absence_ns(const struct tv_query *query)
{
    int64_t longest = 0;
    for (size_t i = query->step_count; i-- > 0 && query->steps[i].negated;)
        longest = query->steps[i].within_ns > longest ? query->steps[i].within_ns : longest;
    return longest;
}

static void plan_match(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    struct tv_columns_wanted columns = wanted(exec);
    struct tv_pred *pred = tv_match_pred(query, &exec->arena);
    if (!pred)
        return;
    struct tv_planned_scan *scan = add_scan(exec, "pattern");
    scan->spec.where = pred;
    scan->spec.order = TV_SCAN_OLDEST;
    int64_t absence = absence_ns(query);
    scan->spec.to = query->to > TV_TIME_MAX - absence ? TV_TIME_MAX : query->to + absence;
    for (size_t i = 0; i < query->per_count; i++)
        tv_want_ref(&columns, &query->per[i].ref);
    for (size_t i = 0; i < query->step_count; i++)
        if (!query->steps[i].derived)
            tv_want_pred(&columns, query->steps[i].where);
    tv_want_field(&columns, TV_FIELD_ARRIVAL);
    scan->spec.columns = tv_wanted_columns(&columns);
}

/* Of a condition, the causality room reads the window itself, every column of it; of a reference, the
 * event is looked up first. */
static void plan_root_cause(struct tv_exec *exec)
{
    if (exec->query->ast->ref.text.ptr)
        plan_traverse(exec);
    else
        add_scan(exec, "window")->spec.columns = tv_all_columns();
}

static void plan_patterns(struct tv_exec *exec)
{
    tv_plan_occurrences(exec, add_scan(exec, "occurrences"));
}

typedef void plan_fn(struct tv_exec *exec);

/* A statement without a function here reads by other ways than planned scans. */
static plan_fn *const plans[TV_STATEMENT_COUNT] = {
        [TV_STATEMENT_STATE] = plan_state,
        [TV_STATEMENT_TIMELINE] = plan_timeline,
        [TV_STATEMENT_TRAVERSE] = plan_traverse,
        [TV_STATEMENT_MATCH] = plan_match,
        [TV_STATEMENT_COMPARE] = plan_compare,
        [TV_STATEMENT_DIFF] = plan_diff,
        [TV_STATEMENT_ROOT_CAUSE] = plan_root_cause,
        [TV_STATEMENT_SELECT] = plan_select,
        [TV_STATEMENT_SHOW] = plan_show,
        [TV_STATEMENT_ANOMALIES] = plan_points,
        [TV_STATEMENT_PREDICT] = plan_points,
        [TV_STATEMENT_PATTERNS] = plan_patterns,
};

void tv_plan_make(struct tv_exec *exec)
{
    plan_fn *plan = plans[exec->query->ast->statement];
    exec->plan.count = 0;
    if (plan)
        plan(exec);
}
