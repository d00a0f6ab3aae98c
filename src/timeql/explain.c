/* SPDX-License-Identifier: Apache-2.0 */
/* EXPLAIN: the plan as it would run; with ANALYZE, as it ran, its answer thrown away.
 *
 * Without ANALYZE the scans are opened, which decides what time alone decides, and closed again; what
 * zones and filters leave out is known only when a segment's turn comes. */
#include "base/time.h"
#include "timeql/exec.h"
#include "timeql/printer.h"

/* One line of the plan: the statement's operator, or a scan. */
struct plan_item {
    const char *operator;
    struct tv_str detail;            /* the statement, or the scan's predicate */
    const struct tv_scan_spec *spec; /* of a scan; NULL: the operator */
    struct tv_scan_stats stats;
    uint64_t rows;
    double ms;
    bool analyzed;
};

static struct tv_str printed_pred(struct tv_exec *exec, const struct tv_pred *pred)
{
    struct tv_buf text = {0};
    if (pred)
        tv_pred_print(pred, &text);
    struct tv_str copy = tv_arena_str(&exec->arena, tv_utf8_prefix(tv_buf_str(&text), 4096));
    tv_buf_release(&text);
    return copy;
}

static struct tv_str printed_statement(struct tv_exec *exec)
{
    struct tv_buf text = {0};
    struct tv_ast plain = *exec->query->ast;
    plain.explain = false;
    tv_ast_print(&plain, &text);
    struct tv_str copy = tv_arena_str(&exec->arena, tv_utf8_prefix(tv_buf_str(&text), 4096));
    tv_buf_release(&text);
    return copy;
}

static uint64_t kept(const struct plan_item *item)
{
    const struct tv_scan_stats *stats = &item->stats;
    if (item->analyzed)
        return stats->segments_read;
    return stats->segments_total - stats->pruned_time;
}

static void columns_member(struct tv_json_out *json, const struct tv_scan_columns *columns)
{
    tv_json_key(json, "columns");
    tv_json_array(json);
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        if ((i == TV_FIELD_TIME && !columns->timeless) || (columns->fields & (1U << i)))
            tv_json_text(json, tv_field_name((enum tv_field)i));
    for (size_t i = 0; i < columns->attribute_count; i++)
        tv_json_str(json, columns->attributes[i]);
    if (columns->all_attributes)
        tv_json_text(json, "attributes.*");
    tv_json_end(json);
}

static void segments_member(struct tv_json_out *json, const struct plan_item *item)
{
    const struct tv_scan_stats *stats = &item->stats;
    tv_json_key(json, "segments");
    tv_json_object(json);
    tv_json_key(json, "kept");
    tv_json_u64(json, kept(item));
    tv_json_key(json, "total");
    tv_json_u64(json, stats->segments_total);
    tv_json_key(json, "why");
    tv_json_object(json);
    tv_json_key(json, "outsideWindow");
    tv_json_u64(json, stats->pruned_time);
    if (item->analyzed) {
        tv_json_key(json, "byZoneMap");
        tv_json_u64(json, stats->pruned_zone);
        tv_json_key(json, "byFilter");
        tv_json_u64(json, stats->pruned_filter);
        tv_json_key(json, "byRollup");
        tv_json_u64(json, stats->rolled_up);
        tv_json_key(json, "notNeeded");
        tv_json_u64(json,
                stats->segments_total - stats->segments_read - stats->pruned_time -
                        stats->pruned_zone - stats->pruned_filter - stats->rolled_up);
    }
    tv_json_end(json);
    tv_json_end(json);
}

static void figures_members(struct tv_json_out *json, const struct plan_item *item)
{
    if (!item->analyzed)
        return;
    tv_json_key(json, "rows");
    tv_json_u64(json, item->rows);
    tv_json_key(json, "events");
    tv_json_u64(json, item->stats.events);
    tv_json_key(json, "bytes");
    tv_json_u64(json, item->stats.bytes);
    tv_json_key(json, "ms");
    tv_json_f64(json, item->ms);
}

static void scan_members(struct tv_json_out *json, const struct plan_item *item)
{
    static const char *const orders[] = {"any", "oldest", "newest"};
    tv_json_key(json, "operator");
    tv_json_text(json, "scan");
    tv_json_key(json, "purpose");
    tv_json_text(json, item->operator);
    if (item->spec) {
        tv_json_key(json, "from");
        tv_json_time(json, item->spec->from);
        tv_json_key(json, "to");
        tv_json_time(json, item->spec->to);
        tv_json_key(json, "order");
        tv_json_text(json, orders[item->spec->order]);
        columns_member(json, &item->spec->columns);
    }
    tv_json_key(json, "predicate");
    if (item->detail.len > 0)
        tv_json_str(json, item->detail);
    else
        tv_json_null(json);
    segments_member(json, item);
    figures_members(json, item);
}

static void plan_cells(const void *ptr, struct tv_arena *arena, struct tv_value *out)
{
    const struct plan_item *item = ptr;
    (void)arena;
    *out++ = tv_value_str(tv_str_of(item->operator));
    *out++ = item->detail.len ? tv_value_str(item->detail) : tv_value_null();
    *out++ = tv_value_i64((int64_t)kept(item));
    *out++ = tv_value_i64((int64_t)item->stats.segments_total);
    *out++ = item->analyzed ? tv_value_i64((int64_t)item->rows) : tv_value_null();
    *out++ = item->analyzed ? tv_value_i64((int64_t)item->stats.bytes) : tv_value_null();
    *out = item->analyzed ? tv_value_f64(item->ms) : tv_value_null();
}

#define COLUMN(text, as)                                 \
    {                                                    \
        .name = {(text), sizeof(text) - 1}, .kind = (as) \
    }

static const struct tv_column plan_columns[] = {COLUMN("scan", TV_AS_STRING),
        COLUMN("predicate", TV_AS_STRING), COLUMN("segmentsKept", TV_AS_INTEGER),
        COLUMN("segmentsTotal", TV_AS_INTEGER), COLUMN("rows", TV_AS_INTEGER),
        COLUMN("bytes", TV_AS_INTEGER), COLUMN("ms", TV_AS_NUMBER)};

static const struct tv_answer_list plan_list = {
        .member = "children",
        .columns = plan_columns,
        .column_count = sizeof(plan_columns) / sizeof(plan_columns[0]),
        .members = NULL,
        .cells = plan_cells,
};

/* The planned scan of a name, or NULL for one that came up while running. */
static const struct tv_planned_scan *planned(const struct tv_exec *exec, const char *name)
{
    for (size_t i = 0; i < exec->plan.count; i++)
        if (strcmp(exec->plan.scans[i].name, name) == 0)
            return &exec->plan.scans[i];
    return NULL;
}

static struct plan_item item_of_note(struct tv_exec *exec, const struct tv_scan_note *note)
{
    const struct tv_planned_scan *scan = planned(exec, note->name);
    struct plan_item item = {.operator= note->name,
            .stats = note->stats,
            .rows = note->rows,
            .ms = note->ms,
            .analyzed = true};
    if (scan) {
        item.spec = &scan->spec;
        item.detail = printed_pred(exec, scan->spec.where);
    }
    return item;
}

static enum tv_status item_of_plan(
        struct tv_exec *exec, const struct tv_planned_scan *planned_scan, struct plan_item *out)
{
    struct tv_scan *scan = NULL;
    *out = (struct plan_item){.operator= planned_scan->name, .spec = &planned_scan->spec};
    out->detail = printed_pred(exec, planned_scan->spec.where);
    enum tv_status status =
            tv_scan_open(exec->snapshot, &planned_scan->spec, exec->cancel, &scan, exec->err);
    if (status != TV_OK)
        return status;
    tv_scan_stats(scan, &out->stats);
    tv_scan_close(scan);
    return TV_OK;
}

static enum tv_status drop(void *ctx, struct tv_str piece)
{
    (void)ctx;
    (void)piece;
    return TV_OK;
}

/* Runs the statement with its answer going nowhere. */
static enum tv_status analyze(struct tv_exec *exec)
{
    struct tv_answer kept_answer = exec->answer;
    struct tv_query_run run = {.write = drop};
    tv_answer_init(&exec->answer, TV_FORMAT_JSON, &run);
    enum tv_status status = tv_operator_of(exec->query->ast->statement)(exec);
    tv_answer_release(&exec->answer);
    exec->answer = kept_answer;
    exec->answer.json.out = &exec->answer.buf;
    return status;
}

static enum tv_status make_items(struct tv_exec *exec, struct plan_item **out, size_t *count)
{
    enum tv_status status = TV_OK;
    *count = 0;
    size_t room = exec->plan.count;
    for (const struct tv_scan_note *note = exec->notes; note; note = note->next)
        room++;
    *out = tv_arena_calloc(&exec->arena, room + 1, sizeof(**out));
    if (exec->query->ast->analyze) {
        for (const struct tv_scan_note *note = exec->notes; note; note = note->next)
            (*out)[(*count)++] = item_of_note(exec, note);
        return TV_OK;
    }
    for (size_t i = 0; status == TV_OK && i < exec->plan.count; i++)
        status = item_of_plan(exec, &exec->plan.scans[i], &(*out)[(*count)++]);
    return status;
}

static void write_tree(struct tv_exec *exec, const struct plan_item *items, size_t count, double ms)
{
    struct tv_json_out *json = tv_answer_json(&exec->answer);
    tv_json_key(json, "plan");
    tv_json_object(json);
    tv_json_key(json, "operator");
    tv_json_text(json, tv_statement_head(exec->query->ast->statement));
    tv_json_key(json, "statement");
    tv_json_str(json, printed_statement(exec));
    if (exec->query->ast->analyze) {
        tv_json_key(json, "ms");
        tv_json_f64(json, ms);
    }
    tv_json_key(json, "children");
    tv_json_array(json);
    for (size_t i = 0; i < count; i++) {
        tv_json_object(json);
        scan_members(json, &items[i]);
        tv_json_end(json);
    }
    tv_json_end(json);
    tv_json_end(json);
}

enum tv_status tv_op_explain(struct tv_exec *exec)
{
    int64_t start = tv_time_monotonic();
    struct plan_item *items;
    size_t count;
    enum tv_status status = exec->query->ast->analyze ? analyze(exec) : TV_OK;
    double ms = (double)(tv_time_monotonic() - start) / (double)TV_NS_PER_MS;
    if (status == TV_OK)
        status = make_items(exec, &items, &count);
    if (status != TV_OK)
        return status;
    tv_exec_head(exec, "EXPLAIN");
    if (tv_answer_json(&exec->answer)) {
        write_tree(exec, items, count, ms);
    } else {
        tv_answer_open(&exec->answer, &plan_list);
        for (size_t i = 0; i < count; i++)
            tv_answer_item(&exec->answer, &items[i]);
        tv_answer_close(&exec->answer);
    }
    return tv_exec_end(exec);
}
