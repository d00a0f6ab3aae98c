/* SPDX-License-Identifier: Apache-2.0 */
/* Text to tree. Private to this room.
 *
 *     status = tv_parse_query(&source, &arena, &ast, &err);
 *
 * Trees live in the arena and borrow the text; parameters are copied. A statement is at most
 * TV_STATEMENT_BYTES_MAX long, conditions nest at most TV_CONDITION_DEPTH_MAX deep, lists hold at
 * most TV_LIST_ITEMS_MAX items. Errors are TV_SYNTAX (TV_TOO_LARGE for a bound, TV_NOT_BUILT for a
 * statement of the language that this release does not run) with position, what was expected, and a
 * hint where there is one. */
#ifndef TV_TIMEQL_PARSER_H
#define TV_TIMEQL_PARSER_H

#include "timeql/ast.h"

enum {
    TV_STATEMENT_BYTES_MAX = 1 << 20,
    TV_CONDITION_DEPTH_MAX = 200,
    TV_LIST_ITEMS_MAX = 10000,
    TV_CONDITION_TERMS_MAX = 100000
};

struct tv_source_text {
    struct tv_str text;
    const struct tv_json *params; /* or NULL */
};

TV_CHECKED enum tv_status tv_parse_query(const struct tv_source_text *source,
        struct tv_arena *arena, struct tv_ast **out, struct tv_error *err);
/* WHERE's grammar alone. */
TV_CHECKED enum tv_status tv_parse_condition(const struct tv_source_text *source,
        struct tv_arena *arena, struct tv_cond **out, struct tv_error *err);

/* What would fit behind a statement's beginning. */
struct tv_parse_probe {
    const char *const
            *expected; /* as in an error's list; none if the text went wrong before its end */
    size_t count;
    bool known; /* the statement's words are complete */
    enum tv_statement statement;
    struct tv_str field; /* whose value may stand there, or {NULL, 0} */
};
/* Parameters need no values here. The result lies in the arena and borrows the text. */
void tv_parse_probe(struct tv_str text, struct tv_arena *arena, struct tv_parse_probe *out);

/* Sets the position of an error from an offset into the statement. */
void tv_error_place(struct tv_error *err, struct tv_str text, uint32_t offset);

#endif
