/* SPDX-License-Identifier: Apache-2.0 */
/* The statements' heads: what stands before the clauses. The longer ones have files of their own,
 * parser_select.c, parser_match.c and parser_what_if.c. */
#include "timeql/parser_internal.h"

static bool statement_state(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parser_need_word(parser, "AT") && tv_parse_time(parser, &ast->at);
}

static bool direction(struct tv_parser *parser, struct tv_ast *ast)
{
    ast->direction_offset = parser->token.offset;
    for (int i = 0; i < TV_DIRECTION_COUNT; i++) {
        if (tv_parser_take_word(parser, tv_direction_name((enum tv_direction)i))) {
            ast->direction = (enum tv_direction)i;
            return true;
        }
    }
    return tv_parser_unexpected(parser);
}

static bool statement_traverse(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parser_need_word(parser, "FROM") && tv_parse_ref(parser, &ast->ref) &&
            tv_parser_need_word(parser, "FOLLOWING") && direction(parser, ast);
}

static bool statement_show(struct tv_parser *parser, struct tv_ast *ast)
{
    ast->show_offset = parser->token.offset;
    for (int i = 0; i < TV_SHOW_COUNT; i++) {
        if (tv_parser_take_word(parser, tv_show_name((enum tv_show)i))) {
            ast->show = (enum tv_show)i;
            return true;
        }
    }
    return tv_parser_unexpected(parser);
}

static bool span(struct tv_parser *parser, struct tv_ast_span *out)
{
    if (!tv_parse_time(parser, &out->from))
        return false;
    return !tv_parser_take_word(parser, "TO") || tv_parse_time(parser, &out->to);
}

static bool statement_compare(struct tv_parser *parser, struct tv_ast *ast)
{
    return span(parser, &ast->before) && tv_parser_need_word(parser, "WITH") &&
            span(parser, &ast->after);
}

static bool statement_predict(struct tv_parser *parser, struct tv_ast *ast)
{
    if (!tv_parser_at_word(parser, "NEXT") && !tv_parse_fields(parser, &ast->fields))
        return false;
    return tv_parser_need_word(parser, "NEXT") && tv_parse_duration(parser, &ast->next);
}

static bool statement_root_cause(struct tv_parser *parser, struct tv_ast *ast)
{
    if (!tv_parser_need_word(parser, "OF"))
        return false;
    if (tv_parser_take_word(parser, "WHERE"))
        return tv_parse_cond(parser, &ast->symptom);
    return tv_parse_ref(parser, &ast->ref);
}

static bool statement_diff(struct tv_parser *parser, struct tv_ast *ast)
{
    if (!tv_parser_need_word(parser, "WHERE") || !tv_parse_cond(parser, &ast->subject) ||
            !tv_parser_need_word(parser, "AGAINST"))
        return false;
    if (tv_parser_take_word(parser, "REST"))
        return true;
    return tv_parser_need_word(parser, "WHERE") && tv_parse_cond(parser, &ast->against);
}

static bool no_head(struct tv_parser *parser, struct tv_ast *ast)
{
    (void)parser;
    (void)ast;
    return true;
}

typedef bool statement_fn(struct tv_parser *parser, struct tv_ast *ast);

static const struct {
    const char *first, *second; /* the head's words; second may be NULL */
    enum tv_statement statement;
    statement_fn *parse; /* what follows them */
} statements[] = {
        {"STATE", NULL, TV_STATEMENT_STATE, statement_state},
        {"TIMELINE", NULL, TV_STATEMENT_TIMELINE, no_head},
        {"TRAVERSE", NULL, TV_STATEMENT_TRAVERSE, statement_traverse},
        {"SELECT", NULL, TV_STATEMENT_SELECT, tv_parse_select},
        {"SHOW", NULL, TV_STATEMENT_SHOW, statement_show},
        {"MATCH", "PATTERN", TV_STATEMENT_MATCH, tv_parse_match},
        {"COMPARE", NULL, TV_STATEMENT_COMPARE, statement_compare},
        {"PREDICT", NULL, TV_STATEMENT_PREDICT, statement_predict},
        {"ROOT", "CAUSE", TV_STATEMENT_ROOT_CAUSE, statement_root_cause},
        {"WHAT", "IF", TV_STATEMENT_WHAT_IF, tv_parse_what_if},
        {"ANOMALIES", NULL, TV_STATEMENT_ANOMALIES, no_head},
        {"PATTERNS", NULL, TV_STATEMENT_PATTERNS, no_head},
        {"DIFF", NULL, TV_STATEMENT_DIFF, statement_diff},
};

bool tv_parse_statement(struct tv_parser *parser, struct tv_ast *ast)
{
    if (tv_parser_take_word(parser, "EXPLAIN")) {
        ast->explain = true;
        ast->analyze = tv_parser_take_word(parser, "ANALYZE");
    }
    ast->offset = parser->token.offset;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (!tv_parser_take_word(parser, statements[i].first))
            continue;
        if (statements[i].second && !tv_parser_need_word(parser, statements[i].second))
            return false;
        ast->statement = statements[i].statement;
        return statements[i].parse(parser, ast);
    }
    return tv_parser_unexpected(parser);
}
