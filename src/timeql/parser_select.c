/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT's items and sources. Functions are no keywords: a function's name is one only with a
 * parenthesis behind it, so that fields may be called count or last. */
#include "timeql/parser_internal.h"

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

bool tv_parse_select(struct tv_parser *parser, struct tv_ast *ast)
{
    ast->star = tv_parser_take_symbol(parser, "*");
    return ast->star || item_list(parser, ast);
}

bool tv_parse_source(struct tv_parser *parser, struct tv_ast *ast)
{
    ast->source_offset = parser->token.offset;
    for (int i = TV_SOURCE_EVENTS; i < TV_SOURCE_COUNT; i++) {
        if (tv_parser_take_word(parser, tv_source_name((enum tv_source)i))) {
            ast->source = (enum tv_source)i;
            return true;
        }
    }
    return tv_parser_unexpected(parser);
}
