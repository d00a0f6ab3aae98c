/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT's rules: which items may stand together, what a function takes, what an answer's columns are
 * called, what rows may be ordered by. */
#include "base/time.h"
#include "timeql/parser.h"
#include "timeql/query.h"
#include "timeql/topk.h"

static bool same_ref(const struct tv_field_ref *a, const struct tv_field_ref *b)
{
    if (a->class != b->class)
        return false;
    if (a->class == TV_FIELD_FIXED)
        return a->field == b->field;
    return tv_str_equal(a->name, b->name);
}

/* The name that a plain field's column carries: as it was written, but for a name that tells a unit
 * which the value does not have. */
static struct tv_str column_name(const struct tv_ast_field *field, const struct tv_field_ref *ref)
{
    if (ref->class == TV_FIELD_FIXED && ref->field == TV_FIELD_DURATION &&
            !tv_str_equal(field->name, TV_STR("duration")))
        return ref->name;
    return field->name;
}

static enum tv_status check_numeric(
        struct tv_query *query, const struct tv_ast_item *item, const struct tv_column *column)
{
    bool sums = item->aggregate == TV_AGGREGATE_SUM || item->aggregate == TV_AGGREGATE_AVG ||
            item->aggregate == TV_AGGREGATE_STDDEV || tv_aggregate_per_cent(item->aggregate) > 0;
    bool numeric = column->kind == TV_AS_ANY || column->kind == TV_AS_INTEGER ||
            column->kind == TV_AS_NUMBER;
    if (!sums || numeric)
        return TV_OK;
    tv_compiler_fail(&query->compiler, TV_SYNTAX, item->field.offset,
            "%s needs numbers; '%.*s' is %s", tv_aggregate_name(item->aggregate),
            TV_STR_ARG(tv_utf8_prefix(item->field.name, 64)),
            column->kind == TV_AS_TIME ? "a time" : "text");
    tv_error_hint(query->compiler.err,
            "count, rate, distinct, topk, min, max, first and last take any field");
    return TV_SYNTAX;
}

static enum tv_status check_most(struct tv_query *query, const struct tv_ast_item *item)
{
    if (item->aggregate != TV_AGGREGATE_TOPK ||
            (item->most.value >= 1 && item->most.value <= TV_TOPK_MAX))
        return TV_OK;
    return tv_compiler_fail(&query->compiler, TV_SYNTAX, item->most.offset,
            "topk shows 1 to %d values", TV_TOPK_MAX);
}

/* The answer's column of a function: its kind follows the function and the field. */
static void shape_function(const struct tv_ast_item *item, struct tv_select_item *out)
{
    struct tv_column *column = &out->column;
    out->aggregate = item->aggregate;
    out->star = item->star;
    out->most = item->most.value;
    if (item->aggregate == TV_AGGREGATE_COUNT || item->aggregate == TV_AGGREGATE_DISTINCT) {
        column->kind = TV_AS_INTEGER;
        column->unit = NULL;
    } else if (item->aggregate == TV_AGGREGATE_AVG || item->aggregate == TV_AGGREGATE_STDDEV) {
        column->kind = TV_AS_NUMBER;
    } else if (tv_aggregate_per_cent(item->aggregate) > 0 && column->kind == TV_AS_ANY) {
        column->kind = TV_AS_NUMBER;
    } else if (item->aggregate == TV_AGGREGATE_RATE) {
        column->kind = TV_AS_NUMBER;
        column->unit = "1/s";
    } else if (item->aggregate == TV_AGGREGATE_TOPK) {
        column->kind = TV_AS_JSON;
        column->unit = NULL;
    }
}

static enum tv_status check_item(
        struct tv_query *query, const struct tv_ast_item *item, struct tv_select_item *out)
{
    struct tv_field_ref ref = {.class = TV_FIELD_ATTRIBUTE};
    if (!item->star) {
        enum tv_status status = tv_compile_field(&query->compiler, &item->field, &ref);
        if (status != TV_OK)
            return status;
    }
    struct tv_str name = item->aggregate != TV_AGGREGATE_NONE
            ? tv_str_of(tv_aggregate_name(item->aggregate))
            : column_name(&item->field, &ref);
    out->column = tv_column_of(item->label.ptr ? item->label : name, ref);
    enum tv_status status = check_numeric(query, item, &out->column);
    if (status == TV_OK)
        status = check_most(query, item);
    shape_function(item, out);
    return status;
}

/* The item as it was written; NULL for a field of GROUP BY that nobody selected. */
static const struct tv_ast_item *written(const struct tv_query *query, size_t index)
{
    return index < query->keys ? NULL : &query->ast->items[index - query->keys];
}

/* Whether a column before this one, or the step's, has its name. */
static bool is_taken(const struct tv_query *query, size_t index)
{
    struct tv_str name = query->items[index].column.name;
    if (query->ast->every.present && tv_str_equal(name, TV_STR("time")))
        return true;
    for (size_t i = 0; i < index; i++)
        if (tv_str_equal(query->items[i].column.name, name))
            return true;
    return false;
}

/* Two columns of one name: the later function is called by its whole text. What is the same even then
 * could not be told apart in lines of objects. */
static enum tv_status name_apart(struct tv_query *query, size_t index)
{
    const struct tv_ast_item *item = written(query, index);
    struct tv_column *column = &query->items[index].column;
    if (!item || !is_taken(query, index))
        return TV_OK;
    if (!item->label.ptr && item->aggregate != TV_AGGREGATE_NONE)
        column->name =
                tv_arena_printf(&query->arena, "%s(%.*s)", tv_aggregate_name(item->aggregate),
                        TV_STR_ARG(item->star ? TV_STR("*") : item->field.name));
    if (!is_taken(query, index))
        return TV_OK;
    tv_compiler_fail(&query->compiler, TV_SYNTAX, item->offset, "two columns are called '%.*s'",
            TV_STR_ARG(tv_utf8_prefix(column->name, 64)));
    tv_error_hint(query->compiler.err, "give one of them a name of its own with AS");
    return TV_SYNTAX;
}

static enum tv_status check_groups(struct tv_query *query)
{
    const struct tv_ast_fields *fields = &query->ast->group_by;
    query->groups = tv_arena_calloc(&query->arena, fields->count + 1, sizeof(*query->groups));
    query->group_count = fields->count;
    for (size_t i = 0; i < fields->count; i++) {
        struct tv_field_ref ref;
        enum tv_status status = tv_compile_field(&query->compiler, &fields->items[i], &ref);
        if (status != TV_OK)
            return status;
        query->groups[i] = tv_column_of(column_name(&fields->items[i], &ref), ref);
    }
    return TV_OK;
}

static enum tv_status find_group(struct tv_query *query, const struct tv_ast_item *item,
        const struct tv_field_ref *ref, size_t *out)
{
    for (size_t i = 0; i < query->group_count; i++) {
        if (same_ref(&query->groups[i].ref, ref)) {
            *out = i;
            return TV_OK;
        }
    }
    tv_compiler_fail(&query->compiler, TV_SYNTAX, item->offset,
            "'%.*s' stands beside functions but not in GROUP BY",
            TV_STR_ARG(tv_utf8_prefix(item->field.name, 64)));
    tv_error_hint(query->compiler.err, "add GROUP BY %.*s, or take last(%.*s)",
            TV_STR_ARG(tv_utf8_prefix(item->field.name, 64)),
            TV_STR_ARG(tv_utf8_prefix(item->field.name, 64)));
    return TV_SYNTAX;
}

/* Whether an order's text names the item: by its label or by its whole text. */
static bool names_item(const struct tv_query *query, size_t index, const struct tv_ast_item *order)
{
    const struct tv_ast_item *item = written(query, index);
    if (order->aggregate == TV_AGGREGATE_NONE)
        return tv_str_equal(query->items[index].column.name, order->field.name);
    if (!item || item->aggregate != order->aggregate || item->star != order->star)
        return false;
    return item->star || tv_str_equal(item->field.name, order->field.name);
}

static bool is_bucket_name(const struct tv_query *query, const struct tv_ast_item *order)
{
    return query->ast->every.present && order->aggregate == TV_AGGREGATE_NONE &&
            (tv_str_equal(order->field.name, TV_STR("time")) ||
                    tv_str_equal(order->field.name, TV_STR("timestamp")));
}

static enum tv_status refuse_topk(struct tv_query *query, const struct tv_ast_item *item)
{
    tv_compiler_fail(&query->compiler, TV_SYNTAX, item->offset,
            "topk is a list of values, which no rows can be ordered by");
    tv_error_hint(query->compiler.err, "order by count(*), or by another function");
    return TV_SYNTAX;
}

static enum tv_status order_grouped(
        struct tv_query *query, const struct tv_ast_item *item, struct tv_select_order *out)
{
    out->by_bucket = is_bucket_name(query, item);
    if (out->by_bucket)
        return TV_OK;
    for (size_t i = 0; i < query->item_count; i++) {
        if (names_item(query, i, item)) {
            if (query->items[i].aggregate == TV_AGGREGATE_TOPK)
                return refuse_topk(query, item);
            out->by_item = true;
            out->index = i;
            return TV_OK;
        }
    }
    if (item->aggregate == TV_AGGREGATE_NONE) {
        struct tv_field_ref ref = tv_field_resolve(item->field.name);
        for (size_t i = 0; i < query->group_count; i++) {
            if (same_ref(&query->groups[i].ref, &ref)) {
                out->by_group = true;
                out->index = i;
                return TV_OK;
            }
        }
    }
    tv_compiler_fail(&query->compiler, TV_SYNTAX, item->offset,
            "rows can be ordered by what they show only");
    tv_error_hint(query->compiler.err, "add it to SELECT, or order by a field of GROUP BY");
    return TV_SYNTAX;
}

static enum tv_status order_plain(
        struct tv_query *query, const struct tv_ast_item *item, struct tv_select_order *out)
{
    if (item->aggregate != TV_AGGREGATE_NONE) {
        tv_compiler_fail(&query->compiler, TV_SYNTAX, item->offset,
                "a function orders rows only where functions are selected");
        tv_error_hint(query->compiler.err, "add it to SELECT");
        return TV_SYNTAX;
    }
    for (size_t i = 0; i < query->item_count; i++) {
        if (names_item(query, i, item)) {
            out->ref = query->items[i].column.ref;
            return TV_OK;
        }
    }
    return tv_compile_field(&query->compiler, &item->field, &out->ref);
}

static enum tv_status check_order(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    query->order = tv_arena_calloc(&query->arena, ast->order_count + 1, sizeof(*query->order));
    query->order_count = ast->order_count;
    for (size_t i = 0; i < ast->order_count; i++) {
        const struct tv_ast_item *item = &ast->order_by[i].item;
        query->order[i].descending = ast->order_by[i].descending;
        enum tv_status status = query->grouped ? order_grouped(query, item, &query->order[i])
                                               : order_plain(query, item, &query->order[i]);
        if (status != TV_OK)
            return status;
    }
    return TV_OK;
}

static enum tv_status check_step(struct tv_query *query, bool functions)
{
    const struct tv_ast *ast = query->ast;
    if (!ast->every.present)
        return TV_OK;
    if (!functions) {
        tv_compiler_fail(&query->compiler, TV_SYNTAX, ast->every.offset,
                "EVERY needs a function to compute for each step");
        tv_error_hint(query->compiler.err, "select count(*), or use TIMELINE … EVERY");
        return TV_SYNTAX;
    }
    if ((query->to - query->from) / ast->every.ns < TV_BUCKETS_MAX)
        return TV_OK;
    tv_compiler_fail(&query->compiler, TV_TOO_LARGE, ast->every.offset,
            "the window holds more than %d such steps", TV_BUCKETS_MAX);
    tv_error_hint(query->compiler.err, "choose a longer step or a shorter window");
    return TV_TOO_LARGE;
}

static enum tv_status refuse_star(struct tv_query *query)
{
    tv_compiler_fail(&query->compiler, TV_SYNTAX, query->ast->group_by.items[0].offset,
            "SELECT * shows single events and cannot be grouped");
    tv_error_hint(query->compiler.err, "select the fields of GROUP BY and functions: count(*)");
    return TV_SYNTAX;
}

/* The items as they were written. The array has room for the keys before them. */
static enum tv_status check_items(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    query->items = tv_arena_calloc(
            &query->arena, query->group_count + ast->item_count + 1, sizeof(*query->items));
    query->items += query->group_count;
    query->item_count = ast->item_count;
    enum tv_status status = TV_OK;
    for (size_t i = 0; i < ast->item_count && status == TV_OK; i++) {
        struct tv_select_item *item = &query->items[i];
        status = check_item(query, &ast->items[i], item);
        if (status == TV_OK && query->grouped && item->aggregate == TV_AGGREGATE_NONE)
            status = find_group(query, &ast->items[i], &item->column.ref, &item->group);
    }
    return status;
}

static bool is_selected(const struct tv_query *query, size_t group)
{
    for (size_t i = 0; i < query->item_count; i++)
        if (query->items[i].aggregate == TV_AGGREGATE_NONE && query->items[i].group == group)
            return true;
    return false;
}

/* A row without its key says nothing: fields of GROUP BY that are not selected stand before the rest. */
static void add_keys(struct tv_query *query)
{
    size_t count = query->item_count;
    for (size_t i = query->group_count; i > 0; i--) {
        if (is_selected(query, i - 1))
            continue;
        query->items--;
        query->item_count++;
        query->items[0] = (struct tv_select_item){.column = query->groups[i - 1], .group = i - 1};
    }
    query->keys = query->item_count - count;
}

enum tv_status tv_check_select(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    bool functions = false;
    for (size_t i = 0; i < ast->item_count; i++)
        functions = functions || ast->items[i].aggregate != TV_AGGREGATE_NONE;
    query->grouped = functions || ast->group_by.count > 0;
    if (ast->star && query->grouped)
        return refuse_star(query);
    enum tv_status status = check_groups(query);
    if (status == TV_OK)
        status = check_items(query);
    if (status == TV_OK && query->grouped)
        add_keys(query);
    for (size_t i = 0; i < query->item_count && status == TV_OK; i++)
        status = name_apart(query, i);
    if (status == TV_OK)
        status = check_step(query, functions);
    return status == TV_OK ? check_order(query) : status;
}
