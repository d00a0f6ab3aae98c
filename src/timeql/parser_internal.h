/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser's files share. Each function is named after its rule of the grammar, takes the
 * rule's text and returns whether it was there as it must be; false means that the parser has failed
 * and `status` and the error are set. */
#ifndef TV_TIMEQL_PARSER_INTERNAL_H
#define TV_TIMEQL_PARSER_INTERNAL_H

#include "timeql/lexer.h"
#include "timeql/parser.h"

enum { TV_EXPECTED_MAX = 48 };

struct tv_parser {
    struct tv_lexer lexer;
    struct tv_lexeme token; /* the one being looked at */
    struct tv_arena *arena;
    const struct tv_json *params;
    struct tv_error *err;
    enum tv_status status;
    unsigned depth;
    size_t terms;          /* conditions read so far */
    bool open;             /* the statement is being written: parameters have no values yet */
    struct tv_str subject; /* the field that was compared last */
    /* What was asked for at `token` so far: the list of an error message. */
    const char *expected[TV_EXPECTED_MAX];
    size_t expected_count;
};

/* parser.c: looking and taking. */
void tv_parser_advance(struct tv_parser *parser);
/* Notes that `what` would fit here, for the message. */
void tv_parser_expect(struct tv_parser *parser, const char *what);
bool tv_parser_at_word(struct tv_parser *parser, const char *word);
bool tv_parser_at_symbol(struct tv_parser *parser, const char *symbol);
/* Takes it if it stands here. */
bool tv_parser_take_word(struct tv_parser *parser, const char *word);
bool tv_parser_take_symbol(struct tv_parser *parser, const char *symbol);
/* Takes it or fails. */
TV_CHECKED bool tv_parser_need_word(struct tv_parser *parser, const char *word);
TV_CHECKED bool tv_parser_need_symbol(struct tv_parser *parser, const char *symbol);
/* Fail; always false. `unexpected` tells of the token and what was expected in its place. */
bool tv_parser_unexpected(struct tv_parser *parser);
bool tv_parser_fail(struct tv_parser *parser, enum tv_status status, uint32_t offset,
        const char *format, ...) TV_PRINTF(4, 5);
void tv_parser_hint(struct tv_parser *parser, const char *format, ...) TV_PRINTF(2, 3);

/* A list that grows in the arena. */
struct tv_parser_list {
    void *items;
    size_t count, cap, item_bytes;
};
/* Room for one more item, zeroed; NULL (and failed) past TV_LIST_ITEMS_MAX. */
void *tv_parser_list_add(struct tv_parser *parser, struct tv_parser_list *list);

/* parser_value.c */
TV_CHECKED bool tv_parse_field(struct tv_parser *parser, struct tv_ast_field *out);
TV_CHECKED bool tv_parse_literal(struct tv_parser *parser, struct tv_literal *out);
/* IN's list, the parentheses included; a parameter that is an array gives all its items. */
TV_CHECKED bool tv_parse_literal_list(struct tv_parser *parser, struct tv_parser_list *out);
TV_CHECKED bool tv_parse_time(struct tv_parser *parser, struct tv_ast_time *out);
TV_CHECKED bool tv_parse_duration(struct tv_parser *parser, struct tv_ast_duration *out);
TV_CHECKED bool tv_parse_count(struct tv_parser *parser, struct tv_ast_count *out);
TV_CHECKED bool tv_parse_ref(struct tv_parser *parser, struct tv_ast_ref *out);

/* parser_cond.c */
TV_CHECKED bool tv_parse_cond(struct tv_parser *parser, struct tv_cond **out);

/* parser_statement.c; parser_select.c, parser_match.c, parser_what_if.c: what follows the head's
 * words. */
TV_CHECKED bool tv_parse_statement(struct tv_parser *parser, struct tv_ast *ast);
TV_CHECKED bool tv_parse_select(struct tv_parser *parser, struct tv_ast *ast);
TV_CHECKED bool tv_parse_match(struct tv_parser *parser, struct tv_ast *ast);
TV_CHECKED bool tv_parse_what_if(struct tv_parser *parser, struct tv_ast *ast);
TV_CHECKED bool tv_parse_item(struct tv_parser *parser, struct tv_ast_item *out);
TV_CHECKED bool tv_parse_source(struct tv_parser *parser, struct tv_ast *ast);

/* parser_clause.c */
TV_CHECKED bool tv_parse_clauses(struct tv_parser *parser, struct tv_ast *ast);
/* field { "," field } */
TV_CHECKED bool tv_parse_fields(struct tv_parser *parser, struct tv_ast_fields *out);

#endif
