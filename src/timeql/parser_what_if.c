/* SPDX-License-Identifier: Apache-2.0 */
/* WHAT IF's assumptions:
 *
 *     change = "REMOVE" ( ref | "WHERE" cond ) | "SET" field "=" ( value | "BASELINE" ) [ "WHERE" cond ]
 *            | "DELAY" "WHERE" cond "BY" duration
 *
 * A WHERE behind SET belongs to SET. */
#include "timeql/parser_internal.h"

static bool change_remove(struct tv_parser *parser, struct tv_ast_change *change)
{
    change->kind = TV_CHANGE_REMOVE;
    if (tv_parser_take_word(parser, "WHERE"))
        return tv_parse_cond(parser, &change->where);
    return tv_parse_ref(parser, &change->ref);
}

static bool change_set(struct tv_parser *parser, struct tv_ast_change *change)
{
    change->kind = TV_CHANGE_SET;
    if (!tv_parse_field(parser, &change->field))
        return false;
    if (!tv_parser_take_symbol(parser, "==") && !tv_parser_need_symbol(parser, "="))
        return false;
    change->baseline = tv_parser_take_word(parser, "BASELINE");
    if (!change->baseline && !tv_parse_literal(parser, &change->value))
        return false;
    return !tv_parser_take_word(parser, "WHERE") || tv_parse_cond(parser, &change->where);
}

static bool change_delay(struct tv_parser *parser, struct tv_ast_change *change)
{
    change->kind = TV_CHANGE_DELAY;
    return tv_parser_need_word(parser, "WHERE") && tv_parse_cond(parser, &change->where) &&
            tv_parser_need_word(parser, "BY") && tv_parse_duration(parser, &change->by);
}

static bool change(struct tv_parser *parser, struct tv_ast_change *out)
{
    out->offset = parser->token.offset;
    if (tv_parser_take_word(parser, "REMOVE"))
        return change_remove(parser, out);
    if (tv_parser_take_word(parser, "SET"))
        return change_set(parser, out);
    if (tv_parser_take_word(parser, "DELAY"))
        return change_delay(parser, out);
    return tv_parser_unexpected(parser);
}

bool tv_parse_what_if(struct tv_parser *parser, struct tv_ast *ast)
{
    struct tv_parser_list list = {.item_bytes = sizeof(struct tv_ast_change)};
    do {
        struct tv_ast_change *next = tv_parser_list_add(parser, &list);
        if (!next || !change(parser, next))
            return false;
    } while (tv_parser_take_symbol(parser, ","));
    ast->changes = list.items;
    ast->change_count = list.count;
    return true;
}
