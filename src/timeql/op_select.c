/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT: rows of fields, or functions over groups.
 *
 * Plain rows are the first of an order (top.c). Groups are a hash aggregation: each batch's rows get
 * their group's number (group.c), then each function runs over the whole batch (aggregate.c). Groups
 * are sorted at the end: by ORDER BY, else by step of time and the grouping fields. Where rollups know all
 * that is asked for, rows are only read for what they do not tell (select_rolled.c). */
#include "base/mem.h"
#include "base/time.h"
#include "timeql/aggregate.h"
#include "timeql/exec.h"
#include "timeql/group.h"
#include "timeql/select_rolled.h"
#include "timeql/top.h"

#include <stdlib.h>

enum { GROUPS_MAX = 1000000 };

struct selection {
    struct tv_exec *exec;
    struct tv_top top; /* plain rows */
    struct tv_groups groups;
    struct tv_aggregator *aggregators; /* one for each item */
    struct tv_select_roll roll;        /* what rollups told */
    size_t distinct_budget, aggregate_bytes;
    struct tv_arena scratch;
    struct tv_column *columns; /* of the answer */
    size_t column_count;
    struct tv_value *rows; /* cells, row by row */
    uint32_t row_count;
};

static enum tv_status keep_rows(
        void *ctx, const struct tv_scan_batch *batch, int64_t bound, bool *stop)
{
    struct selection *selection = ctx;
    tv_top_add(&selection->top, batch, bound, stop);
    return TV_OK;
}

static enum tv_status add_batch(
        void *ctx, const struct tv_scan_batch *batch, int64_t bound, bool *stop)
{
    struct selection *selection = ctx;
    const struct tv_query *query = selection->exec->query;
    (void)bound;
    (void)stop;
    uint32_t *groups =
            tv_arena_calloc(&selection->scratch, (size_t)batch->count + 1, sizeof(*groups));
    tv_groups_assign(&selection->groups, batch, &selection->scratch, groups);
    if (selection->groups.count > GROUPS_MAX)
        return tv_fail(selection->exec->err, TV_TOO_LARGE,
                "there are more than %d groups; group by fewer fields or a shorter window",
                GROUPS_MAX);
    struct tv_scan_batch rest = *batch;
    if (selection->roll.done_count) {
        uint32_t *rows = tv_arena_alloc(&selection->scratch, batch->count * sizeof(*rows));
        memcpy(rows, batch->rows, batch->count * sizeof(*rows));
        rest.rows = rows;
        rest.count = tv_select_undone(&selection->roll, rows, groups, batch->count);
    }
    for (size_t i = 0; i < query->item_count; i++) {
        tv_aggregator_reserve(&selection->aggregators[i], selection->groups.count);
        tv_aggregator_add(&selection->aggregators[i], &rest, groups, &selection->scratch);
    }
    tv_arena_release(&selection->scratch);
    if (selection->aggregate_bytes > TV_AGGREGATE_BYTES_MAX)
        return tv_fail(selection->exec->err, TV_TOO_LARGE,
                "quantiles and topk of all groups need more than %d MiB; group by fewer fields or "
                "a shorter window",
                TV_AGGREGATE_BYTES_MAX >> 20);
    return TV_OK;
}

/* The kind that an attribute's column turns out to have: that of its values, if they agree. */
static void settle_kind(struct selection *selection, size_t index)
{
    struct tv_column *column = &selection->columns[index];
    static const enum tv_column_kind kinds[] = {
            TV_AS_ANY, TV_AS_BOOLEAN, TV_AS_INTEGER, TV_AS_NUMBER, TV_AS_STRING, TV_AS_JSON};
    enum tv_column_kind found = TV_AS_ANY;
    if (column->kind != TV_AS_ANY && column->kind != TV_AS_NUMBER)
        return;
    for (uint32_t i = 0; i < selection->row_count; i++) {
        enum tv_type type = selection->rows[i * selection->column_count + index].type;
        enum tv_column_kind kind = kinds[type];
        bool numeric = (kind == TV_AS_INTEGER && found == TV_AS_NUMBER) ||
                (kind == TV_AS_NUMBER && found == TV_AS_INTEGER);
        if (type == TV_TYPE_NULL || kind == found)
            continue;
        if (found != TV_AS_ANY && !numeric)
            return;
        found = numeric ? TV_AS_NUMBER : kind;
    }
    if (column->kind == TV_AS_ANY)
        column->kind = found;
}

static void cells_of_item(const void *ptr, struct tv_arena *arena, struct tv_value *out)
{
    const struct tv_value *const *row = ptr;
    size_t count = (size_t)(row[1] - row[0]);
    (void)arena;
    memcpy(out, row[0], count * sizeof(*out));
}

static void write_rows(struct selection *selection)
{
    struct tv_exec *exec = selection->exec;
    for (size_t i = 0; i < selection->column_count; i++)
        settle_kind(selection, i);
    struct tv_answer_list list = {.member = "rows",
            .columns = selection->columns,
            .column_count = selection->column_count,
            .rows = true,
            .cells = cells_of_item};
    tv_exec_head(exec, "SELECT");
    tv_answer_open(&exec->answer, &list);
    for (uint32_t i = 0; i < selection->row_count; i++) {
        const struct tv_value *begin = selection->rows + i * selection->column_count;
        const struct tv_value *row[2] = {begin, begin + selection->column_count};
        tv_answer_item(&exec->answer, row);
    }
    tv_answer_close(&exec->answer);
}

/* SELECT *: the fields and attributes that any of the rows has. */
static void star_columns(struct selection *selection)
{
    const struct tv_batch *kept = selection->top.kept;
    struct tv_arena *arena = &selection->exec->arena;
    size_t count = 0;
    struct tv_column *columns =
            tv_arena_calloc(arena, (size_t)TV_FIELD_COUNT + kept->attr_count + 1, sizeof(*columns));
    for (int i = 0; i < TV_FIELD_COUNT; i++) {
        struct tv_field_ref ref = tv_field_ref_fixed((enum tv_field)i);
        if (kept->columns[i] || i == TV_FIELD_TIME || i == TV_FIELD_SERVICE)
            columns[count++] = tv_column_of(ref.name, ref);
    }
    for (uint32_t i = 0; i < kept->attr_count; i++) {
        struct tv_str name = tv_strings_get(&kept->strings, kept->attrs[i].name);
        columns[count++] = tv_column_of(name, tv_field_ref_attribute(name));
    }
    selection->columns = columns;
    selection->column_count = count;
}

static void plain_columns(struct selection *selection)
{
    const struct tv_query *query = selection->exec->query;
    if (query->ast->star) {
        star_columns(selection);
        return;
    }
    selection->column_count = query->item_count;
    selection->columns = tv_arena_calloc(
            &selection->exec->arena, query->item_count + 1, sizeof(*selection->columns));
    for (size_t i = 0; i < query->item_count; i++)
        selection->columns[i] = query->items[i].column;
}

/* The kept rows' cells, from columns of values. */
static void plain_rows(struct selection *selection)
{
    const struct tv_top *top = &selection->top;
    struct tv_arena *arena = &selection->exec->arena;
    struct tv_scan_batch all = {.batch = top->kept, .rows = top->sorted, .count = top->count};
    size_t width = selection->column_count;
    struct tv_value *column = tv_arena_calloc(arena, (size_t)top->count + 1, sizeof(*column));
    selection->row_count = top->count;
    selection->rows = tv_calloc(width * top->count + 1, sizeof(*selection->rows));
    for (size_t i = 0; i < width; i++) {
        tv_gather(&all, &selection->columns[i].ref, arena, column);
        for (uint32_t row = 0; row < top->count; row++)
            selection->rows[row * width + i] = column[row];
    }
}

static enum tv_status select_plain(struct selection *selection)
{
    struct tv_exec *exec = selection->exec;
    enum tv_status status = tv_exec_scan(exec, &exec->plan.scans[0], keep_rows, selection);
    if (status != TV_OK)
        return status;
    tv_top_finish(&selection->top);
    if (selection->top.dropped && !exec->query->limit_written) {
        exec->truncated = true;
        tv_exec_warn(exec, "there are more rows than the %u shown; LIMIT and maxRows set how many",
                selection->top.count);
    }
    plain_columns(selection);
    plain_rows(selection);
    write_rows(selection);
    return tv_exec_end(exec);
}

/* Over the step or the window; the steps at the window's edges count as whole. */
static struct tv_value per_second(const struct selection *selection, int64_t count)
{
    const struct tv_query *query = selection->exec->query;
    const struct tv_ast_duration *every = &query->ast->every;
    int64_t span = every->present ? every->ns : query->to - query->from;
    if (span == 0)
        return tv_value_null();
    return tv_value_f64((double)count / ((double)span / (double)TV_NS_PER_S));
}

static struct tv_value group_cell(const struct selection *selection, uint32_t group, size_t item)
{
    const struct tv_select_item *one = &selection->exec->query->items[item];
    if (one->aggregate == TV_AGGREGATE_NONE)
        return tv_groups_value(&selection->groups, group, one->group);
    struct tv_value value = tv_aggregator_result(&selection->aggregators[item], group);
    return one->aggregate == TV_AGGREGATE_RATE ? per_second(selection, value.i) : value;
}

static int compare_by(const struct selection *selection, const struct tv_select_order *order,
        uint32_t a, uint32_t b)
{
    const struct tv_query *query = selection->exec->query;
    bool plain = order->by_item && query->items[order->index].aggregate == TV_AGGREGATE_NONE;
    size_t group = plain ? query->items[order->index].group : order->index;
    int c;
    if (order->by_bucket)
        c = tv_value_compare(tv_value_i64(tv_groups_time(&selection->groups, a)),
                tv_value_i64(tv_groups_time(&selection->groups, b)));
    else if (order->by_item && !plain)
        c = tv_value_compare(
                group_cell(selection, a, order->index), group_cell(selection, b, order->index));
    else
        c = tv_field_compare(&query->groups[group].ref,
                tv_groups_value(&selection->groups, a, group),
                tv_groups_value(&selection->groups, b, group));
    return order->descending ? -c : c;
}

static int compare_groups(const void *left, const void *right, void *ctx)
{
    const struct selection *selection = ctx;
    const struct tv_query *query = selection->exec->query;
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    int c = 0;
    for (size_t i = 0; i < query->order_count && c == 0; i++)
        c = compare_by(selection, &query->order[i], a, b);
    struct tv_select_order by_time = {.by_bucket = true};
    if (c == 0)
        c = compare_by(selection, &by_time, a, b);
    for (size_t i = 0; i < query->group_count && c == 0; i++) {
        struct tv_select_order by_group = {.by_group = true, .index = i};
        c = compare_by(selection, &by_group, a, b);
    }
    return c;
}

static void group_columns(struct selection *selection)
{
    const struct tv_query *query = selection->exec->query;
    bool stepped = query->ast->every.present;
    selection->columns = tv_arena_calloc(
            &selection->exec->arena, query->item_count + 2, sizeof(*selection->columns));
    if (stepped)
        selection->columns[0] = (struct tv_column){.name = TV_STR("time"), .kind = TV_AS_TIME};
    for (size_t i = 0; i < query->item_count; i++)
        selection->columns[stepped + i] = query->items[i].column;
    selection->column_count = stepped + query->item_count;
}

static void group_rows(struct selection *selection)
{
    const struct tv_query *query = selection->exec->query;
    uint32_t count = selection->groups.count;
    uint32_t *sorted = tv_calloc((size_t)count + 1, sizeof(*sorted));
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = i;
    qsort_r(sorted, count, sizeof(*sorted), compare_groups, selection);
    uint64_t most = query->ast->limit.present ? query->limit : query->rows_max;
    if (count > most && !query->limit_written) {
        selection->exec->truncated = true;
        tv_exec_warn(selection->exec, "there are %u rows, the first %llu are shown", count,
                (unsigned long long)most);
    }
    selection->row_count = count > most ? (uint32_t)most : count;
    size_t width = selection->column_count;
    selection->rows = tv_calloc(width * selection->row_count + 1, sizeof(*selection->rows));
    bool stepped = query->ast->every.present;
    for (uint32_t row = 0; row < selection->row_count; row++) {
        struct tv_value *cells = selection->rows + row * width;
        if (stepped)
            cells[0] = tv_value_i64(tv_groups_time(&selection->groups, sorted[row]));
        for (size_t i = 0; i < query->item_count; i++)
            cells[stepped + i] = group_cell(selection, sorted[row], i);
    }
    free(sorted);
}

/* Works the functions out and says which of them are not exact. */
static void finish_functions(struct selection *selection)
{
    struct tv_exec *exec = selection->exec;
    for (size_t i = 0; i < exec->query->item_count; i++) {
        struct tv_aggregator *aggregator = &selection->aggregators[i];
        struct tv_str name = tv_utf8_prefix(exec->query->items[i].column.name, 64);
        tv_aggregator_reserve(aggregator, selection->groups.count);
        tv_aggregator_finish(aggregator);
        if (aggregator->sketched)
            tv_exec_warn(exec,
                    "%.*s is within %g %% of the exact value where a group has more "
                    "than %d numbers",
                    TV_STR_ARG(name), TV_SKETCH_ACCURACY * 100, TV_QUANTILE_EXACT);
        if (aggregator->lost > 0)
            tv_exec_warn(exec,
                    "%.*s has counts that may be too low by up to %llu: a group has more "
                    "than %d different values",
                    TV_STR_ARG(name), (unsigned long long)aggregator->lost, TV_TOPK_COUNTED);
    }
}

/* More than a reading of rollups may hold is added up from rows. */
static enum tv_status gather(struct selection *selection)
{
    struct tv_exec *exec = selection->exec;
    const struct tv_planned_scan *scan = &exec->plan.scans[0];
    selection->roll = (struct tv_select_roll){.exec = exec,
            .groups = &selection->groups,
            .aggregators = selection->aggregators,
            .scan = scan};
    enum tv_status status =
            tv_select_rolls(exec->query) ? tv_select_roll(&selection->roll) : TV_TOO_LARGE;
    if (status == TV_TOO_LARGE)
        return tv_exec_scan(exec, scan, add_batch, selection);
    for (size_t i = 0; i < selection->roll.left_count && status == TV_OK; i++)
        status = tv_exec_scan(exec, &selection->roll.left[i], add_batch, selection);
    return status;
}

static enum tv_status select_grouped(struct selection *selection)
{
    struct tv_exec *exec = selection->exec;
    enum tv_status status = gather(selection);
    if (status != TV_OK)
        return status;
    tv_groups_ensure_one(&selection->groups);
    finish_functions(selection);
    if (selection->distinct_budget == 0) {
        exec->truncated = true;
        tv_exec_warn(exec, "distinct stopped at %d values in all: the true number is higher",
                TV_DISTINCT_MAX);
    }
    group_columns(selection);
    group_rows(selection);
    write_rows(selection);
    return tv_exec_end(exec);
}

enum tv_status tv_op_select(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    struct selection selection = {.exec = exec, .distinct_budget = TV_DISTINCT_MAX};
    tv_top_init(&selection.top, query->limit, query->order, query->order_count);
    tv_groups_init(&selection.groups, query->groups, query->group_count);
    if (query->ast->every.present)
        tv_groups_by_time(&selection.groups, query->from, query->ast->every.ns);
    selection.aggregators = tv_calloc(query->item_count + 1, sizeof(*selection.aggregators));
    for (size_t i = 0; i < query->item_count; i++)
        selection.aggregators[i] = (struct tv_aggregator){.item = &query->items[i],
                .budget = &selection.distinct_budget,
                .bytes = &selection.aggregate_bytes};
    enum tv_status status = query->grouped ? select_grouped(&selection) : select_plain(&selection);
    for (size_t i = 0; i < query->item_count; i++)
        tv_aggregator_release(&selection.aggregators[i]);
    free(selection.aggregators);
    tv_groups_release(&selection.groups);
    tv_select_roll_release(&selection.roll);
    tv_top_release(&selection.top);
    tv_arena_release(&selection.scratch);
    free(selection.rows);
    return status;
}
