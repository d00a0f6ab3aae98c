/* SPDX-License-Identifier: Apache-2.0 */
/* The printer mirrors the parser rule by rule; the statements' heads are in printer_statement.c. It adds parentheses only where the tree would read
 * differently without them: OR below AND, either below NOT, and a list below a list of its kind. */
#include "timeql/printer_internal.h"

#include "base/time.h"
#include "timeql/keyword.h"
#include "timeql/lexer.h"

void tv_print_quoted(struct tv_str text, char quote, struct tv_buf *out)
{
    tv_buf_append_char(out, quote);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == quote)
            tv_buf_append_char(out, quote);
        tv_buf_append_char(out, text.ptr[i]);
    }
    tv_buf_append_char(out, quote);
}

void tv_text_print(struct tv_str text, struct tv_buf *out)
{
    tv_print_quoted(text, '\'', out);
}

void tv_name_print(struct tv_str name, struct tv_buf *out)
{
    if (tv_lexer_is_word(name) && !tv_keyword_is_reserved(name))
        tv_buf_append_str(out, name);
    else
        tv_print_quoted(name, '`', out);
}

void tv_print_duration(int64_t ns, struct tv_buf *out)
{
    char text[24];
    size_t len = tv_duration_format(ns, text);
    tv_buf_append(out, text, len);
}

void tv_print_time(const struct tv_ast_time *time, struct tv_buf *out)
{
    if (time->quoted)
        tv_print_quoted(time->text, '\'', out);
    else
        tv_buf_append_str(out, time->text);
}

void tv_print_literal(const struct tv_literal *literal, struct tv_buf *out)
{
    switch (literal->kind) {
    case TV_LITERAL_STRING:
        tv_print_quoted(literal->text, '\'', out);
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
        tv_print_literal(&cond->values[0], out);
    } else if (cond->kind == TV_COND_BETWEEN) {
        tv_buf_append_str(out, TV_STR(" BETWEEN "));
        tv_print_literal(&cond->values[0], out);
        tv_buf_append_str(out, TV_STR(" AND "));
        tv_print_literal(&cond->values[1], out);
    } else if (cond->kind == TV_COND_IN) {
        for (size_t i = 0; i < cond->count; i++) {
            tv_buf_append_str(out, i ? TV_STR(", ") : TV_STR(" IN ("));
            tv_print_literal(&cond->values[i], out);
        }
        tv_buf_append_char(out, ')');
    } else {
        tv_buf_printf(out, " %s ", tv_op_name(cond->op));
        tv_print_literal(&cond->values[0], out);
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

static void print_named_duration(
        const char *name, const struct tv_ast_duration *duration, struct tv_buf *out)
{
    if (!duration->present)
        return;
    tv_buf_printf(out, " %s ", name);
    tv_print_duration(duration->ns, out);
}

static void print_named_time(const char *name, const struct tv_ast_time *time, struct tv_buf *out)
{
    if (!time->present)
        return;
    tv_buf_printf(out, " %s ", name);
    tv_print_time(time, out);
}

static void print_order(const struct tv_ast *ast, struct tv_buf *out)
{
    for (size_t i = 0; i < ast->order_count; i++) {
        tv_buf_append_str(out, i ? TV_STR(", ") : TV_STR(" ORDER BY "));
        tv_print_item(&ast->order_by[i].item, out);
        if (ast->order_by[i].descending)
            tv_buf_append_str(out, TV_STR(" DESC"));
    }
}

static void print_named_fields(
        const char *name, const struct tv_ast_fields *fields, struct tv_buf *out)
{
    if (fields->count == 0)
        return;
    tv_buf_printf(out, " %s ", name);
    tv_print_fields(fields, out);
}

/* FOR and BY read the same list; PREDICT has it in its head. */
static void print_fields_clause(const struct tv_ast *ast, struct tv_buf *out)
{
    if (ast->statement == TV_STATEMENT_DIFF)
        print_named_fields("BY", &ast->fields, out);
    else if (ast->statement != TV_STATEMENT_PREDICT)
        print_named_fields("FOR", &ast->fields, out);
}

void tv_ast_print(const struct tv_ast *ast, struct tv_buf *out)
{
    tv_print_head(ast, out);
    print_named_fields("PER", &ast->per, out);
    if (ast->overlapping)
        tv_buf_append_str(out, TV_STR(" OVERLAPPING"));
    print_fields_clause(ast, out);
    if (ast->statement == TV_STATEMENT_ROOT_CAUSE)
        print_named_time("AT", &ast->at, out);
    print_named_time("FROM", &ast->from, out);
    print_named_time("TO", &ast->to, out);
    print_named_duration("IN LAST", &ast->in_last, out);
    if (ast->where) {
        tv_buf_append_str(out, TV_STR(" WHERE "));
        tv_cond_print(ast->where, out);
    }
    print_named_time("AS OF", &ast->as_of, out);
    print_named_duration("OVER", &ast->over, out);
    if (ast->scores)
        tv_buf_append_str(out, TV_STR(" SCORES"));
    print_named_fields("GROUP BY", &ast->group_by, out);
    print_named_duration("EVERY", &ast->every, out);
    print_order(ast, out);
    if (ast->limit.present)
        tv_buf_printf(out, " LIMIT %llu", (unsigned long long)ast->limit.value);
    if (ast->has_format)
        tv_buf_printf(out, " FORMAT %s", tv_query_format_name(ast->format));
}
