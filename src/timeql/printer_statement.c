/* SPDX-License-Identifier: Apache-2.0 */
/* The statements' heads, printed: one function for each, as the parser has one to read it. */
#include "timeql/printer_internal.h"

void tv_print_item(const struct tv_ast_item *item, struct tv_buf *out)
{
    if (item->aggregate == TV_AGGREGATE_NONE) {
        tv_name_print(item->field.name, out);
    } else {
        tv_buf_printf(out, "%s(", tv_aggregate_name(item->aggregate));
        if (item->star)
            tv_buf_append_char(out, '*');
        else
            tv_name_print(item->field.name, out);
        if (item->most.present)
            tv_buf_printf(out, ", %llu", (unsigned long long)item->most.value);
        tv_buf_append_char(out, ')');
    }
    if (item->label.ptr) {
        tv_buf_append_str(out, TV_STR(" AS "));
        tv_name_print(item->label, out);
    }
}

static void print_ref(const struct tv_ast_ref *ref, struct tv_buf *out)
{
    static const char *const names[] = {"", "event_id = ", "trace_id = "};
    tv_buf_printf(out, "%s", names[ref->kind]);
    tv_print_quoted(ref->text, '\'', out);
}

void tv_print_fields(const struct tv_ast_fields *fields, struct tv_buf *out)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (i > 0)
            tv_buf_append_str(out, TV_STR(", "));
        tv_name_print(fields->items[i].name, out);
    }
}

static void print_via(unsigned via, struct tv_buf *out)
{
    const char *before = " VIA ";
    for (int i = 0; i < TV_EDGE_COUNT; i++) {
        if (!(via & (1U << i)))
            continue;
        tv_buf_printf(out, "%s%s", before, tv_edge_name((enum tv_edge)i));
        before = ", ";
    }
}

static void print_traverse(const struct tv_ast *ast, struct tv_buf *out)
{
    tv_buf_append_str(out, TV_STR(" FROM "));
    print_ref(&ast->ref, out);
    tv_buf_printf(out, " FOLLOWING %s", tv_direction_name(ast->direction));
    print_via(ast->via, out);
    if (ast->until) {
        tv_buf_append_str(out, TV_STR(" UNTIL "));
        tv_cond_print(ast->until, out);
    }
    if (ast->depth.present)
        tv_buf_printf(out, " DEPTH %llu", (unsigned long long)ast->depth.value);
}

static void print_select(const struct tv_ast *ast, struct tv_buf *out)
{
    tv_buf_append_str(out, ast->star ? TV_STR(" *") : TV_STR(" "));
    for (size_t i = 0; i < ast->item_count; i++) {
        if (i > 0)
            tv_buf_append_str(out, TV_STR(", "));
        tv_print_item(&ast->items[i], out);
    }
    if (ast->source != TV_SOURCE_NONE)
        tv_buf_printf(out, " FROM %s", tv_source_name(ast->source));
}

static void print_state(const struct tv_ast *ast, struct tv_buf *out)
{
    tv_buf_append_char(out, ' ');
    tv_print_time(&ast->at, out);
}

static void print_show(const struct tv_ast *ast, struct tv_buf *out)
{
    tv_buf_printf(out, " %s", tv_show_name(ast->show));
}

static void print_worded_duration(
        const char *word, const struct tv_ast_duration *duration, struct tv_buf *out)
{
    if (!duration->present)
        return;
    tv_buf_printf(out, " %s ", word);
    tv_print_duration(duration->ns, out);
}

static void print_step(const struct tv_ast_step *step, struct tv_buf *out)
{
    tv_buf_append_char(out, ' ');
    if (step->label.ptr) {
        tv_name_print(step->label, out);
        tv_buf_append_str(out, TV_STR(": "));
    }
    tv_buf_append_str(out, TV_STR("WHERE "));
    tv_cond_print(step->cond, out);
    if (step->times.present)
        tv_buf_printf(out, " AT LEAST %llu TIMES", (unsigned long long)step->times.value);
    print_worded_duration("IN", &step->spread, out);
    print_worded_duration("FOR", &step->lasting, out);
    print_worded_duration("WITHIN", &step->within, out);
}

static void print_match(const struct tv_ast *ast, struct tv_buf *out)
{
    for (size_t i = 0; i < ast->step_count; i++) {
        if (i > 0)
            tv_buf_append_str(out,
                    ast->steps[i].negated ? TV_STR(" NOT FOLLOWED BY") : TV_STR(" FOLLOWED BY"));
        print_step(&ast->steps[i], out);
    }
}

static void print_span(const struct tv_ast_span *span, struct tv_buf *out)
{
    tv_buf_append_char(out, ' ');
    tv_print_time(&span->from, out);
    if (!span->to.present)
        return;
    tv_buf_append_str(out, TV_STR(" TO "));
    tv_print_time(&span->to, out);
}

static void print_compare(const struct tv_ast *ast, struct tv_buf *out)
{
    print_span(&ast->before, out);
    tv_buf_append_str(out, TV_STR(" WITH"));
    print_span(&ast->after, out);
}

static void print_predict(const struct tv_ast *ast, struct tv_buf *out)
{
    if (ast->fields.count > 0)
        tv_buf_append_char(out, ' ');
    tv_print_fields(&ast->fields, out);
    print_worded_duration("NEXT", &ast->next, out);
}

static void print_where(const struct tv_cond *cond, struct tv_buf *out)
{
    tv_buf_append_str(out, TV_STR(" WHERE "));
    tv_cond_print(cond, out);
}

static void print_root_cause(const struct tv_ast *ast, struct tv_buf *out)
{
    if (ast->symptom) {
        print_where(ast->symptom, out);
        return;
    }
    tv_buf_append_char(out, ' ');
    print_ref(&ast->ref, out);
}

static void print_set(const struct tv_ast_change *change, struct tv_buf *out)
{
    tv_buf_append_str(out, TV_STR(" SET "));
    tv_name_print(change->field.name, out);
    tv_buf_append_str(out, TV_STR(" = "));
    if (change->baseline)
        tv_buf_append_str(out, TV_STR("BASELINE"));
    else
        tv_print_literal(&change->value, out);
}

static void print_change(const struct tv_ast_change *change, struct tv_buf *out)
{
    if (change->kind == TV_CHANGE_SET) {
        print_set(change, out);
    } else {
        tv_buf_append_str(
                out, change->kind == TV_CHANGE_DELAY ? TV_STR(" DELAY") : TV_STR(" REMOVE"));
        if (change->ref.text.ptr)
            tv_buf_append_char(out, ' ');
    }
    if (change->ref.text.ptr)
        print_ref(&change->ref, out);
    if (change->where)
        print_where(change->where, out);
    print_worded_duration("BY", &change->by, out);
}

static void print_what_if(const struct tv_ast *ast, struct tv_buf *out)
{
    for (size_t i = 0; i < ast->change_count; i++) {
        if (i > 0)
            tv_buf_append_char(out, ',');
        print_change(&ast->changes[i], out);
    }
}

static void print_diff(const struct tv_ast *ast, struct tv_buf *out)
{
    print_where(ast->subject, out);
    tv_buf_append_str(out, TV_STR(" AGAINST"));
    if (ast->against)
        print_where(ast->against, out);
    else
        tv_buf_append_str(out, TV_STR(" REST"));
}

typedef void print_fn(const struct tv_ast *ast, struct tv_buf *out);

void tv_print_head(const struct tv_ast *ast, struct tv_buf *out)
{
    static print_fn *const heads[TV_STATEMENT_COUNT] = {
            [TV_STATEMENT_STATE] = print_state,
            [TV_STATEMENT_TRAVERSE] = print_traverse,
            [TV_STATEMENT_MATCH] = print_match,
            [TV_STATEMENT_COMPARE] = print_compare,
            [TV_STATEMENT_PREDICT] = print_predict,
            [TV_STATEMENT_ROOT_CAUSE] = print_root_cause,
            [TV_STATEMENT_WHAT_IF] = print_what_if,
            [TV_STATEMENT_DIFF] = print_diff,
            [TV_STATEMENT_SELECT] = print_select,
            [TV_STATEMENT_SHOW] = print_show,
    };
    if (ast->explain)
        tv_buf_append_str(out, ast->analyze ? TV_STR("EXPLAIN ANALYZE ") : TV_STR("EXPLAIN "));
    tv_buf_printf(out, "%s", tv_statement_head(ast->statement));
    if (heads[ast->statement])
        heads[ast->statement](ast, out);
}
