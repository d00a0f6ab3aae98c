/* SPDX-License-Identifier: Apache-2.0 */
/* Statements with a mistake in them: every prefix, and every one with a lexeme left out, doubled, or
 * exchanged with the next.
 *
 * Either it is refused, and then the error says where, what and what to do; or it is a statement, and
 * then it means what it says: printed, it has the very characters that were written, none dropped, none
 * made up (blanks, quotes and parentheses aside). The statements are taken in the printer's form, so that
 * printing again changes nothing by itself. Which mistakes make statements is listed here. */
#include "support.h"

#include "timeql/keyword.h"
#include "timeql/lexer.h"

#include <ctype.h>
#include <stdlib.h>

enum { LEXEMES_MAX = 256 };

struct histogram {
    int of[256];
};

/* Counts a text's characters in small letters, but for blanks, quotes, parentheses, semicolons and
 * stars: count() is count(*). */
static void count_characters(struct tv_str text, int by, struct histogram *out)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (!strchr(" '();*", c))
            out->of[tolower(c)] += by;
    }
}

/* Whether the two have the same characters; the printed one may have WHERE before steps besides. */
static bool says_the_same(struct tv_str written, struct tv_str printed)
{
    struct histogram difference = {{0}};
    count_characters(printed, 1, &difference);
    count_characters(written, -1, &difference);
    int wheres = difference.of['w'];
    static const char where[] = "where";
    for (size_t i = 0; i < sizeof(where) - 1; i++)
        difference.of[(unsigned char)where[i]] -= wheres;
    for (size_t i = 0; i < 256; i++)
        if (difference.of[i] != 0)
            return false;
    return wheres >= 0;
}

static void assert_helpful(struct tv_str text, const struct tv_error *err)
{
    struct tv_buf shown = {0};
    bool helps = err->expected[0] || err->hint[0] || strstr(err->message, "is no ") ||
            strstr(err->message, "is not ") || strstr(err->message, "takes no ") ||
            strstr(err->message, "cannot be ");
    if (err->line == 0 || err->offset > text.len || !err->message[0] || !helps)
        fail_msg("%.*s: '%s' (%u:%u, %u)", TV_STR_ARG(text), err->message, err->line, err->column,
                err->offset);
    tv_query_error_text(text, err, &shown);
    tv_buf_append_char(&shown, '\0');
    if (!strstr(shown.data, "^\n"))
        fail_msg("%.*s has no caret: %s", TV_STR_ARG(text), shown.data);
    tv_buf_release(&shown);
}

/* Checks one text; true if it is a statement. */
static bool is_statement(struct tv_str text)
{
    struct tv_error err;
    struct tv_query *query = NULL;
    struct tv_query_env env = {.text = text, .now_ns = TEST_NOW};
    memset(&err, 0, sizeof(err));
    enum tv_status status = tv_query_prepare(&env, &query, &err);
    tv_query_free(query);
    if (status != TV_OK && status != TV_NOT_BUILT) {
        assert_helpful(text, &err);
        return false;
    }
    struct tv_arena arena = {0};
    char *copy = tv_arena_bytes(&arena, text.len + 1);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    const char *again = printed(&arena, copy);
    if (!says_the_same(text, tv_str_of(again)))
        fail_msg("%.*s\n is read as %s", TV_STR_ARG(text), again);
    tv_arena_release(&arena);
    return true;
}

static size_t split(struct tv_arena *arena, const char *text, struct tv_str *out)
{
    struct tv_lexer lexer = {.text = tv_str_of(text), .arena = arena};
    size_t count = 0;
    for (;;) {
        struct tv_lexeme lexeme = tv_lexer_next(&lexer);
        if (lexeme.kind == TV_LEX_END)
            return count;
        assert_true(count < LEXEMES_MAX);
        out[count++] = (struct tv_str){text + lexeme.offset, lexeme.end - lexeme.offset};
    }
}

enum mistake { LEFT_OUT, DOUBLED, EXCHANGED, MISTAKES };

static void make(const struct tv_str *parts, size_t count, enum mistake mistake, size_t at,
        struct tv_buf *out)
{
    tv_buf_clear(out);
    for (size_t i = 0; i < count; i++) {
        size_t from = i;
        if (mistake == EXCHANGED && (i == at || i == at + 1))
            from = i == at ? at + 1 : at;
        if (mistake == LEFT_OUT && i == at)
            continue;
        tv_buf_append_str(out, parts[from]);
        tv_buf_append_char(out, ' ');
        if (mistake == DOUBLED && i == at) {
            tv_buf_append_str(out, parts[from]);
            tv_buf_append_char(out, ' ');
        }
    }
}

static bool is_among(struct tv_str lexeme, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (tv_str_equal_nocase(lexeme, tv_str_of(words[i])))
            return true;
    return false;
}

/* The lexemes whose loss, doubling or exchange with the next leaves a statement, which says something
 * else, and means that. Any other is a mistake that must be noticed. */
static bool is_free(enum mistake mistake, struct tv_str lexeme, struct tv_str next)
{
    static const char *const lost[] = {
            "EXPLAIN", "ANALYZE", "NOT", "DESC", "WHERE", "LAST", "OVERLAPPING", "SCORES"};
    static const char *const moved[] = {"EXISTS", "NOT", "(", ")"};
    if (mistake == DOUBLED)
        return tv_str_equal_nocase(lexeme, TV_STR("NOT"));
    if (mistake == LEFT_OUT)
        return is_among(lexeme, lost, sizeof(lost) / sizeof(lost[0]));
    return tv_str_equal(lexeme, next) || is_among(lexeme, moved, 4) || is_among(next, moved, 4);
}

static void try_mistakes(const char *statement)
{
    static const char *const names[] = {"left out", "doubled", "exchanged"};
    struct tv_arena arena = {0};
    struct tv_buf text = {0};
    struct tv_str parts[LEXEMES_MAX];
    size_t count = split(&arena, printed(&arena, statement), parts);
    for (int mistake = 0; mistake < MISTAKES; mistake++) {
        for (size_t at = 0; at + (mistake == EXCHANGED) < count; at++) {
            struct tv_str next = at + 1 < count ? parts[at + 1] : TV_STR("");
            make(parts, count, (enum mistake)mistake, at, &text);
            bool counts = tv_str_contains(tv_buf_str(&text), TV_STR("count ( )"));
            if (is_statement(tv_buf_str(&text)) && !counts &&
                    !is_free((enum mistake)mistake, parts[at], next))
                fail_msg("'%.*s' %s is not noticed: %.*s", TV_STR_ARG(parts[at]), names[mistake],
                        TV_STR_ARG(tv_buf_str(&text)));
        }
    }
    tv_buf_release(&text);
    tv_arena_release(&arena);
}

static void try_prefixes(const char *statement)
{
    struct tv_arena arena = {0};
    const char *text = printed(&arena, statement);
    /* Copies of their own, so that reading past the end is noticed. */
    for (size_t len = 0; len < strlen(text); len++) {
        char *copy = malloc(len + 1);
        memcpy(copy, text, len);
        (void)is_statement((struct tv_str){copy, len});
        free(copy);
    }
    tv_arena_release(&arena);
}

static void mangled__is_noticed_or_means_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < good_statement_count; i++)
        try_mistakes(good_statements[i]);
    for (size_t i = 0; i < later_statement_count; i++)
        try_mistakes(later_statements[i]);
}

static void mangled__prefixes_are_noticed_or_mean_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < good_statement_count; i++)
        try_prefixes(good_statements[i]);
    for (size_t i = 0; i < later_statement_count; i++)
        try_prefixes(later_statements[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(mangled__is_noticed_or_means_what_it_says),
            cmocka_unit_test(mangled__prefixes_are_noticed_or_mean_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
