/* SPDX-License-Identifier: Apache-2.0 */
/* The condition grammar:
 *
 *     cond = conjunction { "OR" conjunction }      conjunction = term { "AND" term }      term = "NOT" term | "(" cond ")" | test
 *     test = "EXISTS" field | field "EXISTS" | field op value | field [ "NOT" ] "IN" "(" … ")" | …
 *
 * A negated form (`!~`, `NOT IN`) becomes NOT of the plain one, so later stages know fewer kinds;
 * `!=` stays, as its meaning for absent fields is the same either way. */
#include "timeql/keyword.h"
#include "timeql/parser_internal.h"

static struct tv_cond *new_cond(struct tv_parser *parser, enum tv_cond_kind kind, uint32_t offset)
{
    struct tv_cond *cond = tv_arena_calloc(parser->arena, 1, sizeof(*cond));
    cond->kind = kind;
    cond->offset = offset;
    return cond;
}

static struct tv_cond *new_list(struct tv_parser *parser, enum tv_cond_kind kind, uint32_t offset,
        const struct tv_parser_list *list)
{
    struct tv_cond *cond = new_cond(parser, kind, offset);
    cond->children = list->items;
    cond->count = list->count;
    return cond;
}

/* Puts NOT around the condition. */
static struct tv_cond *negate(struct tv_parser *parser, struct tv_cond *child)
{
    struct tv_parser_list list = {.item_bytes = sizeof(struct tv_cond *)};
    struct tv_cond **item = tv_parser_list_add(parser, &list);
    *item = child;
    return new_list(parser, TV_COND_NOT, child->offset, &list);
}

static bool enter(struct tv_parser *parser)
{
    if (++parser->depth <= TV_CONDITION_DEPTH_MAX)
        return true;
    return tv_parser_fail(parser, TV_TOO_LARGE, parser->token.offset,
            "conditions nest at most %d deep", TV_CONDITION_DEPTH_MAX);
}

/* Reads `count` literals into the condition. */
static bool literals(struct tv_parser *parser, struct tv_cond *cond, size_t count)
{
    cond->values = tv_arena_calloc(parser->arena, count, sizeof(*cond->values));
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && !tv_parser_need_word(parser, "AND"))
            return false;
        if (!tv_parse_literal(parser, &cond->values[i]))
            return false;
        cond->count++;
    }
    return true;
}

static bool compare(struct tv_parser *parser, struct tv_cond *cond, enum tv_op op)
{
    cond->kind = TV_COND_COMPARE;
    cond->op = op;
    return literals(parser, cond, 1);
}

/* The operators that are symbols; *found tells whether one stood here. */
static bool symbol_test(struct tv_parser *parser, struct tv_cond **cond, bool *found)
{
    static const struct {
        const char *symbol;
        enum tv_op op;
    } symbols[] = {{"=", TV_OP_EQ}, {"==", TV_OP_EQ}, {"!=", TV_OP_NE}, {"<>", TV_OP_NE},
            {"<", TV_OP_LT}, {"<=", TV_OP_LE}, {">", TV_OP_GT}, {">=", TV_OP_GE}};
    *found = true;
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
        if (tv_parser_take_symbol(parser, symbols[i].symbol))
            return compare(parser, *cond, symbols[i].op);
    bool negated = false;
    if (!tv_parser_take_symbol(parser, "=~")) {
        negated = tv_parser_take_symbol(parser, "!~");
        *found = negated;
        if (!negated)
            return true;
    }
    (*cond)->kind = TV_COND_MATCH;
    if (!literals(parser, *cond, 1))
        return false;
    if (negated)
        *cond = negate(parser, *cond);
    return true;
}

static bool in_list(struct tv_parser *parser, struct tv_cond *cond)
{
    struct tv_parser_list list = {.item_bytes = sizeof(struct tv_literal)};
    cond->kind = TV_COND_IN;
    if (!tv_parse_literal_list(parser, &list))
        return false;
    cond->values = list.items;
    cond->count = list.count;
    return true;
}

static bool null_test(struct tv_parser *parser, struct tv_cond *cond)
{
    cond->kind = tv_parser_take_word(parser, "NOT") ? TV_COND_EXISTS : TV_COND_IS_NULL;
    return tv_parser_need_word(parser, "NULL");
}

/* The operators that are words, behind an optional NOT. */
static bool word_test(struct tv_parser *parser, struct tv_cond **cond)
{
    bool negated = tv_parser_take_word(parser, "NOT");
    bool ok;
    if (tv_parser_take_word(parser, "IN"))
        ok = in_list(parser, *cond);
    else if (tv_parser_take_word(parser, "BETWEEN"))
        ok = ((*cond)->kind = TV_COND_BETWEEN, literals(parser, *cond, 2));
    else if (tv_parser_take_word(parser, "CONTAINS"))
        ok = compare(parser, *cond, TV_OP_CONTAINS);
    else if (tv_parser_take_word(parser, "STARTS"))
        ok = tv_parser_need_word(parser, "WITH") && compare(parser, *cond, TV_OP_STARTS_WITH);
    else if (tv_parser_take_word(parser, "EXISTS"))
        ok = ((*cond)->kind = TV_COND_EXISTS, true);
    else if (!negated && tv_parser_take_word(parser, "IS"))
        ok = null_test(parser, *cond);
    else
        ok = tv_parser_unexpected(parser);
    if (ok && negated)
        *cond = negate(parser, *cond);
    return ok;
}

static bool no_operator(struct tv_parser *parser, const struct tv_cond *cond)
{
    const struct tv_lexeme *token = &parser->token;
    bool ends = token->kind == TV_LEX_END ||
            (token->kind == TV_LEX_WORD && tv_keyword_is_reserved(token->text)) ||
            (token->kind == TV_LEX_SYMBOL && token->text.ptr[0] == ')');
    (void)tv_parser_unexpected(parser);
    if (tv_parser_at_word(parser, "LIKE") || tv_parser_at_word(parser, "ILIKE"))
        tv_parser_hint(parser, "write CONTAINS 'text', STARTS WITH 'text' or =~ 'regex'");
    else if (ends)
        tv_parser_hint(parser, "a field alone is no condition: write %.*s = true, or %.*s EXISTS",
                TV_STR_ARG(tv_utf8_prefix(cond->field.name, 64)),
                TV_STR_ARG(tv_utf8_prefix(cond->field.name, 64)));
    return false;
}

static bool begins_word_test(struct tv_parser *parser)
{
    static const char *const words[] = {
            "NOT", "IN", "BETWEEN", "CONTAINS", "STARTS", "EXISTS", "IS"};
    bool begins = false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        begins = tv_parser_at_word(parser, words[i]) || begins;
    return begins;
}

static bool test(struct tv_parser *parser, struct tv_cond **out)
{
    struct tv_cond *cond = new_cond(parser, TV_COND_EXISTS, parser->token.offset);
    if (++parser->terms > TV_CONDITION_TERMS_MAX)
        return tv_parser_fail(parser, TV_TOO_LARGE, parser->token.offset,
                "a statement has at most %d conditions", TV_CONDITION_TERMS_MAX);
    *out = cond;
    if (tv_parser_take_word(parser, "EXISTS")) {
        bool bracket = tv_parser_take_symbol(parser, "(");
        return tv_parse_field(parser, &cond->field) &&
                (!bracket || tv_parser_need_symbol(parser, ")"));
    }
    if (!tv_parse_field(parser, &cond->field))
        return false;
    parser->subject = cond->field.name;
    bool found;
    if (!symbol_test(parser, out, &found))
        return false;
    if (found)
        return true;
    return begins_word_test(parser) ? word_test(parser, out) : no_operator(parser, cond);
}

static bool term(struct tv_parser *parser, struct tv_cond **out)
{
    uint32_t offset = parser->token.offset;
    if (!enter(parser))
        return false;
    bool ok;
    if (tv_parser_take_word(parser, "NOT")) {
        ok = term(parser, out);
        if (ok) {
            *out = negate(parser, *out);
            (*out)->offset = offset;
        }
    } else if (tv_parser_take_symbol(parser, "(")) {
        ok = tv_parse_cond(parser, out) && tv_parser_need_symbol(parser, ")");
    } else {
        ok = test(parser, out);
    }
    parser->depth--;
    return ok;
}

typedef bool rule_fn(struct tv_parser *parser, struct tv_cond **out);

/* part { word part } */
static bool joined(
        struct tv_parser *parser, enum tv_cond_kind kind, rule_fn *part, struct tv_cond **out)
{
    struct tv_parser_list list = {.item_bytes = sizeof(struct tv_cond *)};
    uint32_t offset = parser->token.offset;
    do {
        struct tv_cond **item = tv_parser_list_add(parser, &list);
        if (!item || !part(parser, item))
            return false;
    } while (tv_parser_take_word(parser, kind == TV_COND_AND ? "AND" : "OR"));
    *out = list.count == 1 ? *(struct tv_cond **)list.items : new_list(parser, kind, offset, &list);
    return true;
}

static bool conjunction(struct tv_parser *parser, struct tv_cond **out)
{
    return joined(parser, TV_COND_AND, term, out);
}

bool tv_parse_cond(struct tv_parser *parser, struct tv_cond **out)
{
    return joined(parser, TV_COND_OR, conjunction, out);
}
