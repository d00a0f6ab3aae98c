/* SPDX-License-Identifier: Apache-2.0 */
/* The statements' heads. A statement of the language that this release does not run is recognised by
 * its words and refused by name; its text is not read further. */
#include "timeql/parser_internal.h"

static bool statement_state(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parser_need_word(parser, "AT") && tv_parse_time(parser, &ast->at);
}

static bool statement_timeline(struct tv_parser *parser, struct tv_ast *ast)
{
    (void)parser;
    (void)ast;
    return true;
}

static bool not_built(struct tv_parser *parser, uint32_t offset, const char *what)
{
    tv_parser_fail(parser, TV_NOT_BUILT, offset, "%s is not built yet", what);
    tv_parser_hint(parser, "this release runs STATE AT, TIMELINE, TRAVERSE, SELECT and SHOW");
    return false;
}

static bool direction(struct tv_parser *parser, struct tv_ast *ast)
{
    for (int i = TV_DIRECTION_BACKWARD; i <= TV_DIRECTION_BOTH; i++) {
        if (tv_parser_take_word(parser, tv_direction_name((enum tv_direction)i))) {
            ast->direction = (enum tv_direction)i;
            return true;
        }
    }
    uint32_t offset = parser->token.offset;
    if (tv_parser_at_word(parser, "causality"))
        return not_built(parser, offset, "FOLLOWING causality");
    return tv_parser_unexpected(parser);
}

static bool statement_traverse(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parser_need_word(parser, "FROM") && tv_parse_ref(parser, &ast->ref) &&
            tv_parser_need_word(parser, "FOLLOWING") && direction(parser, ast);
}

/* A function's name without a parenthesis behind it is a field of that name. */
static bool at_aggregate(struct tv_parser *parser, enum tv_aggregate *out)
{
    enum tv_aggregate found;
    if (parser->token.kind != TV_LEX_WORD || !tv_aggregate_from_name(parser->token.text, &found))
        return false;
    struct tv_parser ahead = *parser;
    tv_parser_advance(&ahead);
    if (!tv_parser_at_symbol(&ahead, "("))
        return false;
    *out = found;
    return true;
}

static bool arguments(struct tv_parser *parser, struct tv_ast_item *out)
{
    tv_parser_advance(parser);
    if (!tv_parser_need_symbol(parser, "("))
        return false;
    if (tv_parser_at_symbol(parser, ")") && out->aggregate == TV_AGGREGATE_COUNT)
        out->star = true;
    else if (tv_aggregate_takes_star(out->aggregate) && tv_parser_take_symbol(parser, "*"))
        out->star = true;
    else if (!tv_parse_field(parser, &out->field))
        return false;
    if (out->aggregate == TV_AGGREGATE_TOPK &&
            (!tv_parser_need_symbol(parser, ",") || !tv_parse_count(parser, &out->most)))
        return false;
    return tv_parser_need_symbol(parser, ")");
}

bool tv_parse_item(struct tv_parser *parser, struct tv_ast_item *out)
{
    out->offset = parser->token.offset;
    tv_parser_expect(parser, "count(*)");
    if (at_aggregate(parser, &out->aggregate))
        return arguments(parser, out);
    if (!tv_parse_field(parser, &out->field))
        return false;
    if (!tv_parser_at_symbol(parser, "("))
        return true;
    (void)tv_parser_unexpected(parser);
    tv_parser_hint(parser,
            "functions are count sum avg min max distinct first last p50 p90 p95 p99 stddev rate topk");
    return false;
}

/* AS OF is a clause, AS anything else a label. */
static bool label(struct tv_parser *parser, struct tv_ast_item *item)
{
    if (!tv_parser_at_word(parser, "AS"))
        return true;
    struct tv_parser saved = *parser;
    tv_parser_advance(parser);
    if (tv_parser_at_word(parser, "OF")) {
        *parser = saved;
        return true;
    }
    struct tv_ast_field name;
    if (!tv_parse_field(parser, &name))
        return false;
    item->label = name.name;
    return true;
}

static bool item_list(struct tv_parser *parser, struct tv_ast *ast)
{
    struct tv_parser_list list = {.item_bytes = sizeof(struct tv_ast_item)};
    do {
        struct tv_ast_item *item = tv_parser_list_add(parser, &list);
        if (!item || !tv_parse_item(parser, item) || !label(parser, item))
            return false;
    } while (tv_parser_take_symbol(parser, ","));
    ast->items = list.items;
    ast->item_count = list.count;
    return true;
}

static bool statement_select(struct tv_parser *parser, struct tv_ast *ast)
{
    ast->star = tv_parser_take_symbol(parser, "*");
    return ast->star || item_list(parser, ast);
}

bool tv_parse_source(struct tv_parser *parser, enum tv_source *out)
{
    for (int i = TV_SOURCE_EVENTS; i <= TV_SOURCE_METRICS; i++) {
        if (tv_parser_take_word(parser, tv_source_name((enum tv_source)i))) {
            *out = (enum tv_source)i;
            return true;
        }
    }
    uint32_t offset = parser->token.offset;
    if (tv_parser_at_word(parser, "edges"))
        return not_built(parser, offset, "FROM edges");
    if (tv_parser_at_word(parser, "incidents"))
        return not_built(parser, offset, "FROM incidents");
    return tv_parser_unexpected(parser);
}

static bool statement_show(struct tv_parser *parser, struct tv_ast *ast)
{
    for (int i = TV_SHOW_SERVICES; i <= TV_SHOW_DEPLOYS; i++) {
        if (tv_parser_take_word(parser, tv_show_name((enum tv_show)i))) {
            ast->show = (enum tv_show)i;
            return true;
        }
    }
    uint32_t offset = parser->token.offset;
    if (tv_parser_at_word(parser, "incidents"))
        return not_built(parser, offset, "SHOW incidents");
    if (tv_parser_at_word(parser, "edges"))
        return not_built(parser, offset, "SHOW edges");
    return tv_parser_unexpected(parser);
}

typedef bool statement_fn(struct tv_parser *parser, struct tv_ast *ast);

static const struct {
    const char *first, *second; /* the head's words; second may be NULL */
    enum tv_statement statement;
    statement_fn *parse; /* NULL: not built */
} statements[] = {
        {"STATE", NULL, TV_STATEMENT_STATE, statement_state},
        {"TIMELINE", NULL, TV_STATEMENT_TIMELINE, statement_timeline},
        {"TRAVERSE", NULL, TV_STATEMENT_TRAVERSE, statement_traverse},
        {"SELECT", NULL, TV_STATEMENT_SELECT, statement_select},
        {"SHOW", NULL, TV_STATEMENT_SHOW, statement_show},
        {"MATCH", "PATTERN", TV_STATEMENT_MATCH, NULL},
        {"COMPARE", NULL, TV_STATEMENT_COMPARE, NULL},
        {"PREDICT", NULL, TV_STATEMENT_PREDICT, NULL},
        {"ROOT", "CAUSE", TV_STATEMENT_ROOT_CAUSE, NULL},
        {"WHAT", "IF", TV_STATEMENT_WHAT_IF, NULL},
        {"ANOMALIES", NULL, TV_STATEMENT_ANOMALIES, NULL},
        {"PATTERNS", NULL, TV_STATEMENT_PATTERNS, NULL},
        {"DIFF", NULL, TV_STATEMENT_DIFF, NULL},
};

bool tv_parse_statement(struct tv_parser *parser, struct tv_ast *ast)
{
    if (tv_parser_take_word(parser, "EXPLAIN")) {
        ast->explain = true;
        ast->analyze = tv_parser_take_word(parser, "ANALYZE");
    }
    uint32_t offset = parser->token.offset;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (!tv_parser_take_word(parser, statements[i].first))
            continue;
        if (statements[i].second && !tv_parser_need_word(parser, statements[i].second))
            return false;
        ast->statement = statements[i].statement;
        if (!statements[i].parse)
            return not_built(parser, offset, tv_statement_head(ast->statement));
        return statements[i].parse(parser, ast);
    }
    return tv_parser_unexpected(parser);
}
