/* SPDX-License-Identifier: Apache-2.0 */
/* The clauses, in any order, each once: one table says which words begin a clause, which function
 * reads it, and which statements take it. */
#include "timeql/parser_internal.h"

#define TAKES(statement) (1U << TV_STATEMENT_##statement)

typedef bool clause_fn(struct tv_parser *parser, struct tv_ast *ast);

static bool clause_from(struct tv_parser *parser, struct tv_ast *ast)
{
    if (!tv_parse_time(parser, &ast->from))
        return false;
    return !tv_parser_take_word(parser, "TO") || tv_parse_time(parser, &ast->to);
}

static bool clause_in(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parser_need_word(parser, "LAST") && tv_parse_duration(parser, &ast->in_last);
}

static bool clause_where(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parse_cond(parser, &ast->where);
}

static bool clause_as(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parser_need_word(parser, "OF") && tv_parse_time(parser, &ast->as_of);
}

static bool clause_over(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parse_duration(parser, &ast->over);
}

static bool clause_every(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parse_duration(parser, &ast->every);
}

static bool clause_group(struct tv_parser *parser, struct tv_ast *ast)
{
    struct tv_parser_list list = {.item_bytes = sizeof(struct tv_ast_field)};
    if (!tv_parser_need_word(parser, "BY"))
        return false;
    do {
        struct tv_ast_field *field = tv_parser_list_add(parser, &list);
        if (!field || !tv_parse_field(parser, field))
            return false;
    } while (tv_parser_take_symbol(parser, ","));
    ast->group_by = (struct tv_ast_fields){list.items, list.count};
    return true;
}

static bool clause_order(struct tv_parser *parser, struct tv_ast *ast)
{
    struct tv_parser_list list = {.item_bytes = sizeof(struct tv_ast_order)};
    if (!tv_parser_need_word(parser, "BY"))
        return false;
    do {
        struct tv_ast_order *order = tv_parser_list_add(parser, &list);
        if (!order || !tv_parse_item(parser, &order->item))
            return false;
        order->descending = tv_parser_take_word(parser, "DESC");
        if (!order->descending)
            tv_parser_take_word(parser, "ASC");
    } while (tv_parser_take_symbol(parser, ","));
    ast->order_by = list.items;
    ast->order_count = list.count;
    return true;
}

static bool clause_limit(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parse_count(parser, &ast->limit);
}

static bool clause_format(struct tv_parser *parser, struct tv_ast *ast)
{
    for (int i = TV_FORMAT_JSON; i <= TV_FORMAT_TABLE; i++) {
        if (tv_parser_take_word(parser, tv_query_format_name((enum tv_query_format)i))) {
            ast->has_format = true;
            ast->format = (enum tv_query_format)i;
            return true;
        }
    }
    return tv_parser_unexpected(parser);
}

static bool clause_via(struct tv_parser *parser, struct tv_ast *ast)
{
    static const char *const later[] = {"failure", "dataflow", "resource", "change", "temporal"};
    do {
        uint32_t offset = parser->token.offset;
        if (tv_parser_take_word(parser, "call")) {
            ast->via |= TV_VIA_CALL;
            continue;
        }
        if (tv_parser_take_word(parser, "declared")) {
            ast->via |= TV_VIA_DECLARED;
            continue;
        }
        for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
            if (tv_parser_at_word(parser, later[i]))
                return tv_parser_fail(
                        parser, TV_NOT_BUILT, offset, "VIA %s is not built yet", later[i]);
        return tv_parser_unexpected(parser);
    } while (tv_parser_take_symbol(parser, ","));
    return true;
}

static bool clause_until(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parse_cond(parser, &ast->until);
}

static bool clause_depth(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parse_count(parser, &ast->depth);
}

enum {
    WINDOWED = TAKES(TIMELINE) | TAKES(TRAVERSE) | TAKES(SELECT) | TAKES(SHOW),
    LISTED = TAKES(TIMELINE) | TAKES(SELECT)
};

static const struct clause {
    const char *word;
    clause_fn *parse;
    unsigned statements;
} clauses[] = {
        {"FROM", clause_from, WINDOWED},
        {"IN", clause_in, WINDOWED},
        {"WHERE", clause_where, WINDOWED | TAKES(STATE)},
        {"AS", clause_as, WINDOWED | TAKES(STATE)},
        {"OVER", clause_over, TAKES(STATE)},
        {"GROUP", clause_group, TAKES(SELECT)},
        {"EVERY", clause_every, LISTED},
        {"ORDER", clause_order, LISTED},
        {"LIMIT", clause_limit, WINDOWED},
        {"VIA", clause_via, TAKES(TRAVERSE)},
        {"UNTIL", clause_until, TAKES(TRAVERSE)},
        {"DEPTH", clause_depth, TAKES(TRAVERSE)},
        {"FORMAT", clause_format, ~0U},
};

enum { CLAUSE_COUNT = sizeof(clauses) / sizeof(clauses[0]) };

/* What the user calls the clause that begins with this word. */
static const char *clause_name(const struct clause *clause)
{
    static const struct {
        const char *word, *name;
    } longer[] = {{"IN", "IN LAST"}, {"AS", "AS OF"}, {"GROUP", "GROUP BY"}, {"ORDER", "ORDER BY"}};
    for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++)
        if (strcmp(clause->word, longer[i].word) == 0)
            return longer[i].name;
    return clause->word;
}

static bool refuse(struct tv_parser *parser, const struct tv_ast *ast, size_t index)
{
    const char *head = tv_statement_head(ast->statement);
    const char *name = clause_name(&clauses[index]);
    uint32_t offset = parser->token.offset;
    tv_parser_fail(parser, TV_SYNTAX, offset, "%s takes no %s", head, name);
    if (ast->statement == TV_STATEMENT_STATE && (index == 0 || index == 1))
        tv_parser_hint(parser, "STATE looks at one moment; OVER says how far its rates reach back");
    else if (ast->statement == TV_STATEMENT_STATE && clauses[index].parse == clause_every)
        tv_parser_hint(parser, "TIMELINE … EVERY shows how things went over time");
    return false;
}

/* Whether the words at hand begin FROM and a source, which is no window. */
static bool take_source(struct tv_parser *parser, struct tv_ast *ast, bool *failed)
{
    if (ast->statement != TV_STATEMENT_SELECT || ast->source != TV_SOURCE_NONE ||
            !tv_parser_at_word(parser, "FROM"))
        return false;
    struct tv_parser saved = *parser;
    tv_parser_advance(parser);
    if (parser->token.kind != TV_LEX_WORD) {
        *parser = saved;
        return false;
    }
    *failed = !tv_parse_source(parser, &ast->source);
    return true;
}

/* The clause that begins here, or CLAUSE_COUNT; notes only what the statement takes as expected. */
static size_t find_clause(struct tv_parser *parser, const struct tv_ast *ast, unsigned seen)
{
    for (size_t i = 0; i < CLAUSE_COUNT; i++) {
        bool fits = (clauses[i].statements & (1U << ast->statement)) && !(seen & (1U << i));
        if (fits && tv_parser_at_word(parser, clauses[i].word))
            return i;
        if (!fits && parser->token.kind == TV_LEX_WORD &&
                tv_str_equal_nocase(parser->token.text, tv_str_of(clauses[i].word)))
            return i;
    }
    return CLAUSE_COUNT;
}

static bool twice(struct tv_parser *parser, size_t index)
{
    tv_parser_fail(parser, TV_SYNTAX, parser->token.offset, "%s stands here a second time",
            clause_name(&clauses[index]));
    tv_parser_hint(parser, "each clause stands once; conditions are joined with AND or OR");
    return false;
}

bool tv_parse_clauses(struct tv_parser *parser, struct tv_ast *ast)
{
    unsigned seen = 0;
    for (;;) {
        bool failed = false;
        if (take_source(parser, ast, &failed)) {
            if (failed)
                return false;
            continue;
        }
        size_t index = find_clause(parser, ast, seen);
        if (index == CLAUSE_COUNT)
            return true;
        if (!(clauses[index].statements & (1U << ast->statement)))
            return refuse(parser, ast, index);
        bool window_twice = index < 2 && (seen & 3U);
        if (window_twice || (seen & (1U << index)))
            return twice(parser, index);
        seen |= 1U << index;
        tv_parser_advance(parser);
        if (!clauses[index].parse(parser, ast))
            return false;
    }
}
