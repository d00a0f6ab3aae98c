/* SPDX-License-Identifier: Apache-2.0 */
/* The printer, and what parser and printer owe each other: parse → print → parse is the identity, for
 * good statements and for whatever mangled form of them still parses. */
#include "support.h"

#include "timeql/lexer.h"

static bool parses(struct tv_arena *arena, struct tv_str text, struct tv_ast **out)
{
    struct tv_error err;
    struct tv_source_text source = {.text = text};
    memset(&err, 0, sizeof(err));
    enum tv_status status = tv_parse_query(&source, arena, out, &err);
    if (status != TV_OK && (err.line == 0 || err.message[0] == '\0'))
        fail_msg("no position or message for: %.*s", TV_STR_ARG(text));
    return status == TV_OK;
}

/* Whatever parses must print to a text that parses to an equal tree, and prepare without a crash. */
static void check_identity(struct tv_str text)
{
    struct tv_arena arena = {0};
    struct tv_ast *ast = NULL;
    struct tv_ast *again = NULL;
    struct tv_buf out = {0};
    if (parses(&arena, text, &ast)) {
        tv_ast_print(ast, &out);
        if (!parses(&arena, tv_buf_str(&out), &again) || !ast_equal(ast, again))
            fail_msg("%.*s\n printed as %.*s", TV_STR_ARG(text), TV_STR_ARG(tv_buf_str(&out)));
        struct tv_error err;
        struct tv_query *query = NULL;
        struct tv_query_env env = {.text = text, .now_ns = TEST_NOW};
        if (tv_query_prepare(&env, &query, &err) == TV_OK)
            tv_query_free(query);
    }
    tv_buf_release(&out);
    tv_arena_release(&arena);
}

static void printer__is_read_back_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < good_statement_count; i++)
        check_identity(tv_str_of(good_statements[i]));
    for (size_t i = 0; i < later_statement_count; i++)
        check_identity(tv_str_of(later_statements[i]));
}

static void printer__writes_clauses_in_one_order(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    assert_string_equal(printed(&arena,
                                "timeline limit 3 where a=1 or (b=2 and not(c=3 or d=4)) "
                                "order by x desc in last 90s format CSV"),
            "TIMELINE IN LAST 90s WHERE a = 1 OR b = 2 AND NOT (c = 3 OR d = 4) ORDER BY x DESC "
            "LIMIT 3 FORMAT csv");
    assert_string_equal(
            printed(&arena, "traverse from a-b following BOTH depth 2 via declared,call"),
            "TRAVERSE FROM 'a-b' FOLLOWING both VIA call, declared DEPTH 2");
    assert_string_equal(printed(&arena, "select count() as `group` group by `a b`, service"),
            "SELECT count(*) AS `group` GROUP BY `a b`, service");
    tv_arena_release(&arena);
}

enum { LEXEMES_MAX = 128 };

static size_t split(struct tv_arena *arena, const char *text, struct tv_str *out)
{
    struct tv_lexer lexer = {.text = tv_str_of(text), .arena = arena};
    size_t count = 0;
    for (;;) {
        struct tv_lexeme lexeme = tv_lexer_next(&lexer);
        if (lexeme.kind == TV_LEX_END || count == LEXEMES_MAX)
            return count;
        out[count++] = (struct tv_str){text + lexeme.offset, lexeme.end - lexeme.offset};
    }
}

/* Joins the lexemes with `skip` left out, `twice` doubled, `swap` exchanged with the next one. */
static void joined(
        const struct tv_str *parts, size_t count, const size_t how[3], struct tv_buf *out)
{
    tv_buf_clear(out);
    for (size_t i = 0; i < count; i++) {
        size_t at = i == how[2] && i + 1 < count ? i + 1 : i == how[2] + 1 ? i - 1 : i;
        if (i == how[0])
            continue;
        tv_buf_append_str(out, parts[at]);
        tv_buf_append_char(out, ' ');
        if (i == how[1])
            tv_buf_append_str(out, parts[at]);
    }
}

static void printer__survives_every_mangled_statement(void **state)
{
    (void)state;
    struct tv_str parts[LEXEMES_MAX];
    struct tv_buf text = {0};
    for (size_t i = 0; i < good_statement_count; i++) {
        struct tv_arena arena = {0};
        size_t count = split(&arena, good_statements[i], parts);
        for (size_t at = 0; at < count; at++) {
            for (size_t kind = 0; kind < 3; kind++) {
                size_t how[3] = {SIZE_MAX, SIZE_MAX, SIZE_MAX - 1};
                how[kind] = at;
                joined(parts, count, how, &text);
                check_identity(tv_buf_str(&text));
            }
        }
        tv_arena_release(&arena);
    }
    tv_buf_release(&text);
}

static void printer__survives_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < good_statement_count; i++)
        for (size_t len = 0; len < strlen(good_statements[i]); len++) {
            struct tv_arena arena = {0};
            /* A copy of its own, so that reading past its end is noticed. */
            struct tv_str prefix = {good_statements[i], len};
            check_identity(tv_arena_str(&arena, prefix));
            tv_arena_release(&arena);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(printer__is_read_back_the_same),
            cmocka_unit_test(printer__writes_clauses_in_one_order),
            cmocka_unit_test(printer__survives_every_mangled_statement),
            cmocka_unit_test(printer__survives_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
