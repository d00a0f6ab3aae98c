/* SPDX-License-Identifier: Apache-2.0 */
/* MATCH PATTERN's steps:
 *
 *     pattern = step { [ "NOT" ] "FOLLOWED" "BY" step [ "WITHIN" duration ] }
 *     step    = [ label ":" ] [ "WHERE" ] cond [ "AT" "LEAST" int "TIMES" [ "IN" duration ] ] [ "FOR" duration ]
 *
 * A condition ends where no AND or OR follows, so a step needs no brackets. IN behind TIMES is the
 * step's unless LAST follows: then it is the window's. */
#include "timeql/parser_internal.h"

/* label ":", or nothing taken. */
static void label(struct tv_parser *parser, struct tv_ast_step *step)
{
    bool name = parser->token.kind == TV_LEX_NAME || parser->token.kind == TV_LEX_WORD;
    if (!name)
        return;
    struct tv_parser saved = *parser;
    tv_parser_advance(parser);
    if (tv_parser_take_symbol(parser, ":"))
        step->label = saved.token.text;
    else
        *parser = saved;
}

/* IN LAST begins the window, whatever stands before it. */
static bool take_in(struct tv_parser *parser)
{
    if (!tv_parser_at_word(parser, "IN"))
        return false;
    struct tv_parser saved = *parser;
    tv_parser_advance(parser);
    bool window = tv_parser_at_word(parser, "LAST");
    if (window)
        *parser = saved;
    return !window;
}

static bool at_least(struct tv_parser *parser, struct tv_ast_step *step)
{
    if (!tv_parser_take_word(parser, "AT"))
        return true;
    if (!tv_parser_need_word(parser, "LEAST") || !tv_parse_count(parser, &step->times) ||
            !tv_parser_need_word(parser, "TIMES"))
        return false;
    return !take_in(parser) || tv_parse_duration(parser, &step->spread);
}

static bool step(struct tv_parser *parser, struct tv_ast_step *out)
{
    out->offset = parser->token.offset;
    label(parser, out);
    (void)tv_parser_take_word(parser, "WHERE");
    if (!tv_parse_cond(parser, &out->cond) || !at_least(parser, out))
        return false;
    return !tv_parser_take_word(parser, "FOR") || tv_parse_duration(parser, &out->lasting);
}

/* [ NOT ] FOLLOWED BY; *found tells whether it stood here. */
static bool followed_by(struct tv_parser *parser, bool *negated, bool *found)
{
    *negated = tv_parser_take_word(parser, "NOT");
    *found = tv_parser_take_word(parser, "FOLLOWED");
    if (*found)
        return tv_parser_need_word(parser, "BY");
    return !*negated || tv_parser_unexpected(parser);
}

bool tv_parse_match(struct tv_parser *parser, struct tv_ast *ast)
{
    struct tv_parser_list list = {.item_bytes = sizeof(struct tv_ast_step)};
    bool negated = false;
    bool found;
    do {
        struct tv_ast_step *next = tv_parser_list_add(parser, &list);
        if (!next || !step(parser, next))
            return false;
        next->negated = negated;
        if (list.count > 1 && tv_parser_take_word(parser, "WITHIN") &&
                !tv_parse_duration(parser, &next->within))
            return false;
        if (!followed_by(parser, &negated, &found))
            return false;
    } while (found);
    ast->steps = list.items;
    ast->step_count = list.count;
    return true;
}
