/* SPDX-License-Identifier: Apache-2.0 */
/* The clauses, in any order, each once: one table says which words begin a clause, which function
 * reads it, and which statements take it. */
#include "timeql/parser_internal.h"

#define TAKES(statement) (1U << TV_STATEMENT_##statement)

typedef bool clause_fn(struct tv_parser *parser, struct tv_ast *ast);

static bool clause_from(struct tv_parser *parser, struct tv_ast *ast)
{
    bool source = ast->statement == TV_STATEMENT_SELECT && ast->source == TV_SOURCE_NONE;
    /* take_source has seen that none stands here. */
    for (int i = TV_SOURCE_EVENTS; source && i < TV_SOURCE_COUNT; i++)
        tv_parser_expect(parser, tv_source_name((enum tv_source)i));
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

bool tv_parse_fields(struct tv_parser *parser, struct tv_ast_fields *out)
{
    struct tv_parser_list list = {.item_bytes = sizeof(struct tv_ast_field)};
    do {
        struct tv_ast_field *field = tv_parser_list_add(parser, &list);
        if (!field || !tv_parse_field(parser, field))
            return false;
    } while (tv_parser_take_symbol(parser, ","));
    *out = (struct tv_ast_fields){list.items, list.count};
    return true;
}

static bool clause_group(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parser_need_word(parser, "BY") && tv_parse_fields(parser, &ast->group_by);
}

/* FOR of COMPARE and ANOMALIES, BY of DIFF. */
static bool clause_fields(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parse_fields(parser, &ast->fields);
}

static bool clause_per(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parse_fields(parser, &ast->per);
}

static bool clause_overlapping(struct tv_parser *parser, struct tv_ast *ast)
{
    (void)parser;
    ast->overlapping = true;
    return true;
}

static bool clause_scores(struct tv_parser *parser, struct tv_ast *ast)
{
    (void)parser;
    ast->scores = true;
    return true;
}

static bool clause_at(struct tv_parser *parser, struct tv_ast *ast)
{
    return tv_parse_time(parser, &ast->at);
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

static bool edge(struct tv_parser *parser, unsigned *set)
{
    for (int i = 0; i < TV_EDGE_COUNT; i++) {
        if (tv_parser_take_word(parser, tv_edge_name((enum tv_edge)i))) {
            *set |= 1U << i;
            return true;
        }
    }
    return tv_parser_unexpected(parser);
}

static bool clause_via(struct tv_parser *parser, struct tv_ast *ast)
{
    ast->via_offset = parser->token.offset;
    do {
        if (!edge(parser, &ast->via))
            return false;
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
    LISTED = TAKES(TIMELINE) | TAKES(SELECT),
    INSIGHT = TAKES(ROOT_CAUSE) | TAKES(WHAT_IF) | TAKES(ANOMALIES) | TAKES(PATTERNS),
    WINDOWED = LISTED | INSIGHT | TAKES(TRAVERSE) | TAKES(SHOW) | TAKES(MATCH) | TAKES(PREDICT) |
            TAKES(DIFF),
    LIMITED = LISTED | TAKES(TRAVERSE) | TAKES(SHOW) | TAKES(MATCH) | TAKES(ROOT_CAUSE) |
            TAKES(ANOMALIES) | TAKES(PATTERNS) | TAKES(DIFF) | TAKES(COMPARE),
    MOMENTS = TAKES(STATE) | TAKES(COMPARE) /* their heads say when */
};

static const struct clause {
    const char *word;
    clause_fn *parse;
    unsigned statements;
} clauses[] = {
        {"FROM", clause_from, WINDOWED},
        {"IN", clause_in, WINDOWED},
        {"WHERE", clause_where, WINDOWED | MOMENTS},
        {"AS", clause_as, WINDOWED | MOMENTS},
        {"OVER", clause_over, MOMENTS},
        {"GROUP", clause_group, TAKES(SELECT)},
        {"EVERY", clause_every, LISTED},
        {"ORDER", clause_order, LISTED},
        {"LIMIT", clause_limit, LIMITED},
        {"VIA", clause_via, TAKES(TRAVERSE)},
        {"UNTIL", clause_until, TAKES(TRAVERSE)},
        {"DEPTH", clause_depth, TAKES(TRAVERSE)},
        {"PER", clause_per, TAKES(MATCH)},
        {"OVERLAPPING", clause_overlapping, TAKES(MATCH)},
        {"FOR", clause_fields, TAKES(COMPARE) | TAKES(ANOMALIES)},
        {"BY", clause_fields, TAKES(DIFF)},
        {"AT", clause_at, TAKES(ROOT_CAUSE)},
        {"SCORES", clause_scores, TAKES(ANOMALIES)},
        {"FORMAT", clause_format, ~0U},
};

enum { CLAUSE_FROM, CLAUSE_IN, CLAUSE_WHERE, CLAUSE_COUNT = sizeof(clauses) / sizeof(clauses[0]) };

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
    if (ast->statement == TV_STATEMENT_STATE && index <= CLAUSE_IN)
        tv_parser_hint(parser, "STATE looks at one moment; OVER says how far its rates reach back");
    else if (ast->statement == TV_STATEMENT_COMPARE && index <= CLAUSE_IN)
        tv_parser_hint(
                parser, "COMPARE's sides say when: COMPARE time [TO time] WITH time [TO time]");
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
    *failed = !tv_parse_source(parser, ast);
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

/* The clauses that the head has used up: a second WHERE would read as belonging to the first. */
static unsigned seen_in_head(const struct tv_ast *ast)
{
    bool ends_with_where = ast->symptom ||
            (ast->change_count > 0 && ast->changes[ast->change_count - 1].kind == TV_CHANGE_SET &&
                    ast->changes[ast->change_count - 1].where);
    return ends_with_where ? 1U << CLAUSE_WHERE : 0;
}

/* A window stands once, as FROM or as IN LAST; but PREDICT's FROM is the moment that it starts at,
 * and IN LAST the history before. */
static bool is_second_window(const struct tv_ast *ast, size_t index, unsigned seen)
{
    return index <= CLAUSE_IN && ast->statement != TV_STATEMENT_PREDICT &&
            (seen & (1U << CLAUSE_FROM | 1U << CLAUSE_IN));
}

bool tv_parse_clauses(struct tv_parser *parser, struct tv_ast *ast)
{
    unsigned seen = seen_in_head(ast);
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
        if (is_second_window(ast, index, seen) || (seen & (1U << index)))
            return twice(parser, index);
        seen |= 1U << index;
        tv_parser_advance(parser);
        if (!clauses[index].parse(parser, ast))
            return false;
    }
}
