/* SPDX-License-Identifier: Apache-2.0 */
/* The printer mirrors the parser rule by rule. It adds parentheses only where the tree would read
 * differently without them: OR below AND, either below NOT, and a list below a list of its kind. */
#include "timeql/printer.h"

#include "base/time.h"
#include "timeql/keyword.h"
#include "timeql/lexer.h"

static void print_quoted(struct tv_str text, char quote, struct tv_buf *out)
{
    tv_buf_append_char(out, quote);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == quote)
            tv_buf_append_char(out, quote);
        tv_buf_append_char(out, text.ptr[i]);
    }
    tv_buf_append_char(out, quote);
}

void tv_name_print(struct tv_str name, struct tv_buf *out)
{
    if (tv_lexer_is_word(name) && !tv_keyword_is_reserved(name))
        tv_buf_append_str(out, name);
    else
        print_quoted(name, '`', out);
}

static void print_duration(int64_t ns, struct tv_buf *out)
{
    char text[24];
    size_t len = tv_duration_format(ns, text);
    tv_buf_append(out, text, len);
}

static void print_time(const struct tv_ast_time *time, struct tv_buf *out)
{
    if (time->quoted)
        print_quoted(time->text, '\'', out);
    else
        tv_buf_append_str(out, time->text);
}

static void print_literal(const struct tv_literal *literal, struct tv_buf *out)
{
    switch (literal->kind) {
    case TV_LITERAL_STRING:
        print_quoted(literal->text, '\'', out);
        return;
    case TV_LITERAL_BOOL:
        tv_buf_printf(out, "%s", literal->value.b ? "true" : "false");
        return;
    case TV_LITERAL_NUMBER:
    case TV_LITERAL_PERCENT:
    case TV_LITERAL_DURATION:
    case TV_LITERAL_SIZE:
        tv_buf_append_str(out, literal->text);
        return;
    }
}

static void print_test(const struct tv_cond *cond, struct tv_buf *out)
{
    tv_name_print(cond->field.name, out);
    if (cond->kind == TV_COND_EXISTS) {
        tv_buf_append_str(out, TV_STR(" EXISTS"));
    } else if (cond->kind == TV_COND_IS_NULL) {
        tv_buf_append_str(out, TV_STR(" IS NULL"));
    } else if (cond->kind == TV_COND_MATCH) {
        tv_buf_append_str(out, TV_STR(" =~ "));
        print_literal(&cond->values[0], out);
    } else if (cond->kind == TV_COND_BETWEEN) {
        tv_buf_append_str(out, TV_STR(" BETWEEN "));
        print_literal(&cond->values[0], out);
        tv_buf_append_str(out, TV_STR(" AND "));
        print_literal(&cond->values[1], out);
    } else if (cond->kind == TV_COND_IN) {
        for (size_t i = 0; i < cond->count; i++) {
            tv_buf_append_str(out, i ? TV_STR(", ") : TV_STR(" IN ("));
            print_literal(&cond->values[i], out);
        }
        tv_buf_append_char(out, ')');
    } else {
        tv_buf_printf(out, " %s ", tv_op_name(cond->op));
        print_literal(&cond->values[0], out);
    }
}

/* Whether `child` needs parentheses inside `parent`. */
static bool needs_brackets(const struct tv_cond *parent, const struct tv_cond *child)
{
    if (child->kind == TV_COND_OR)
        return true;
    return child->kind == TV_COND_AND && parent->kind != TV_COND_OR;
}

static void print_child(const struct tv_cond *parent, size_t index, struct tv_buf *out)
{
    const struct tv_cond *child = parent->children[index];
    bool brackets = needs_brackets(parent, child);
    if (brackets)
        tv_buf_append_char(out, '(');
    tv_cond_print(child, out);
    if (brackets)
        tv_buf_append_char(out, ')');
}

void tv_cond_print(const struct tv_cond *cond, struct tv_buf *out)
{
    if (cond->kind == TV_COND_NOT) {
        tv_buf_append_str(out, TV_STR("NOT "));
        print_child(cond, 0, out);
        return;
    }
    if (cond->kind != TV_COND_AND && cond->kind != TV_COND_OR) {
        print_test(cond, out);
        return;
    }
    for (size_t i = 0; i < cond->count; i++) {
        if (i > 0)
            tv_buf_append_str(out, cond->kind == TV_COND_AND ? TV_STR(" AND ") : TV_STR(" OR "));
        print_child(cond, i, out);
    }
}

static void print_item(const struct tv_ast_item *item, struct tv_buf *out)
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
    print_quoted(ref->text, '\'', out);
}

static void print_traverse(const struct tv_ast *ast, struct tv_buf *out)
{
    tv_buf_append_str(out, TV_STR(" FROM "));
    print_ref(&ast->ref, out);
    tv_buf_printf(out, " FOLLOWING %s", tv_direction_name(ast->direction));
    if (ast->via)
        tv_buf_printf(out, " VIA %s%s%s", ast->via & TV_VIA_CALL ? "call" : "",
                ast->via == (TV_VIA_CALL | TV_VIA_DECLARED) ? ", " : "",
                ast->via & TV_VIA_DECLARED ? "declared" : "");
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
        print_item(&ast->items[i], out);
    }
    if (ast->source != TV_SOURCE_NONE)
        tv_buf_printf(out, " FROM %s", tv_source_name(ast->source));
}

static void print_head(const struct tv_ast *ast, struct tv_buf *out)
{
    if (ast->explain)
        tv_buf_append_str(out, ast->analyze ? TV_STR("EXPLAIN ANALYZE ") : TV_STR("EXPLAIN "));
    tv_buf_printf(out, "%s", tv_statement_head(ast->statement));
    if (ast->statement == TV_STATEMENT_STATE) {
        tv_buf_append_char(out, ' ');
        print_time(&ast->at, out);
    } else if (ast->statement == TV_STATEMENT_TRAVERSE) {
        print_traverse(ast, out);
    } else if (ast->statement == TV_STATEMENT_SELECT) {
        print_select(ast, out);
    } else if (ast->statement == TV_STATEMENT_SHOW) {
        tv_buf_printf(out, " %s", tv_show_name(ast->show));
    }
}

static void print_named_duration(
        const char *name, const struct tv_ast_duration *duration, struct tv_buf *out)
{
    if (!duration->present)
        return;
    tv_buf_printf(out, " %s ", name);
    print_duration(duration->ns, out);
}

static void print_named_time(const char *name, const struct tv_ast_time *time, struct tv_buf *out)
{
    if (!time->present)
        return;
    tv_buf_printf(out, " %s ", name);
    print_time(time, out);
}

static void print_order(const struct tv_ast *ast, struct tv_buf *out)
{
    for (size_t i = 0; i < ast->order_count; i++) {
        tv_buf_append_str(out, i ? TV_STR(", ") : TV_STR(" ORDER BY "));
        print_item(&ast->order_by[i].item, out);
        if (ast->order_by[i].descending)
            tv_buf_append_str(out, TV_STR(" DESC"));
    }
}

static void print_group(const struct tv_ast *ast, struct tv_buf *out)
{
    for (size_t i = 0; i < ast->group_by.count; i++) {
        tv_buf_append_str(out, i ? TV_STR(", ") : TV_STR(" GROUP BY "));
        tv_name_print(ast->group_by.items[i].name, out);
    }
}

void tv_ast_print(const struct tv_ast *ast, struct tv_buf *out)
{
    print_head(ast, out);
    print_named_time("FROM", &ast->from, out);
    print_named_time("TO", &ast->to, out);
    print_named_duration("IN LAST", &ast->in_last, out);
    if (ast->where) {
        tv_buf_append_str(out, TV_STR(" WHERE "));
        tv_cond_print(ast->where, out);
    }
    print_named_time("AS OF", &ast->as_of, out);
    print_named_duration("OVER", &ast->over, out);
    print_group(ast, out);
    print_named_duration("EVERY", &ast->every, out);
    print_order(ast, out);
    if (ast->limit.present)
        tv_buf_printf(out, " LIMIT %llu", (unsigned long long)ast->limit.value);
    if (ast->has_format)
        tv_buf_printf(out, " FORMAT %s", tv_query_format_name(ast->format));
}
