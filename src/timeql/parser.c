/* SPDX-License-Identifier: Apache-2.0 */
/* Recursive descent, one function for each rule, one lexeme ahead.
 *
 * Every question that a rule asks of the current lexeme ("is it WHERE?") leaves its word in
 * `expected` until the lexeme is taken; so when nothing fits, the list of what would have fitted is
 * complete without any table. Depth is bounded by a counter, lists by their length; nothing recurses
 * over a list. */
#include "timeql/parser_internal.h"

#include <stdarg.h>
#include <stdio.h>

void tv_error_place(struct tv_error *err, struct tv_str text, uint32_t offset)
{
    if (!err)
        return;
    err->offset = offset;
    err->line = 1;
    err->column = 1;
    for (uint32_t i = 0; i < offset && i < text.len; i++) {
        if (text.ptr[i] == '\n') {
            err->line++;
            err->column = 1;
        } else if (((unsigned char)text.ptr[i] & 0xc0) != 0x80) {
            err->column++;
        }
    }
}

void tv_parser_advance(struct tv_parser *parser)
{
    parser->token = tv_lexer_next(&parser->lexer);
    parser->expected_count = 0;
}

void tv_parser_expect(struct tv_parser *parser, const char *what)
{
    for (size_t i = 0; i < parser->expected_count; i++)
        if (strcmp(parser->expected[i], what) == 0)
            return;
    if (parser->expected_count < TV_EXPECTED_MAX)
        parser->expected[parser->expected_count++] = what;
}

bool tv_parser_at_word(struct tv_parser *parser, const char *word)
{
    tv_parser_expect(parser, word);
    return parser->token.kind == TV_LEX_WORD &&
            tv_str_equal_nocase(parser->token.text, tv_str_of(word));
}

bool tv_parser_at_symbol(struct tv_parser *parser, const char *symbol)
{
    tv_parser_expect(parser, symbol);
    return parser->token.kind == TV_LEX_SYMBOL &&
            tv_str_equal(parser->token.text, tv_str_of(symbol));
}

bool tv_parser_take_word(struct tv_parser *parser, const char *word)
{
    if (!tv_parser_at_word(parser, word))
        return false;
    tv_parser_advance(parser);
    return true;
}

bool tv_parser_take_symbol(struct tv_parser *parser, const char *symbol)
{
    if (!tv_parser_at_symbol(parser, symbol))
        return false;
    tv_parser_advance(parser);
    return true;
}

bool tv_parser_need_word(struct tv_parser *parser, const char *word)
{
    return tv_parser_take_word(parser, word) || tv_parser_unexpected(parser);
}

bool tv_parser_need_symbol(struct tv_parser *parser, const char *symbol)
{
    return tv_parser_take_symbol(parser, symbol) || tv_parser_unexpected(parser);
}

bool tv_parser_fail(
        struct tv_parser *parser, enum tv_status status, uint32_t offset, const char *format, ...)
{
    char message[TV_ERROR_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    parser->status = tv_fail(parser->err, status, "%s", message);
    tv_error_place(parser->err, parser->lexer.text, offset);
    return false;
}

void tv_parser_hint(struct tv_parser *parser, const char *format, ...)
{
    char hint[TV_ERROR_HINT_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(hint, sizeof(hint), format, args);
    va_end(args);
    tv_error_hint(parser->err, "%s", hint);
}

/* Writes what would have fitted, as much as there is room for. */
static void list_expected(struct tv_parser *parser)
{
    if (!parser->err)
        return;
    size_t len = 0;
    for (size_t i = 0; i < parser->expected_count; i++) {
        const char *comma = i > 0 ? ", " : "";
        size_t need = strlen(comma) + strlen(parser->expected[i]);
        if (len + need >= sizeof(parser->err->expected))
            break;
        len += (size_t)snprintf(parser->err->expected + len, sizeof(parser->err->expected) - len,
                "%s%s", comma, parser->expected[i]);
    }
}

/* The word that was meant: among those that fit here, else among all. */
static const char *meant(const struct tv_parser *parser)
{
    struct tv_str candidates[TV_EXPECTED_MAX];
    for (size_t i = 0; i < parser->expected_count; i++)
        candidates[i] = tv_str_of(parser->expected[i]);
    int nearest = tv_str_nearest(parser->token.text, candidates, parser->expected_count);
    return nearest >= 0 ? parser->expected[nearest] : NULL;
}

bool tv_parser_unexpected(struct tv_parser *parser)
{
    const struct tv_lexeme *token = &parser->token;
    if (token->kind == TV_LEX_END) {
        tv_parser_fail(parser, TV_SYNTAX, token->offset, "the statement ends too early");
    } else if (token->kind == TV_LEX_BAD) {
        tv_parser_fail(parser, TV_SYNTAX, token->offset, "%s", token->problem);
    } else {
        struct tv_str source = {parser->lexer.text.ptr + token->offset, token->end - token->offset};
        tv_parser_fail(parser, TV_SYNTAX, token->offset, "unexpected '%.*s'",
                TV_STR_ARG(tv_utf8_prefix(source, 80)));
    }
    list_expected(parser);
    if (token->kind == TV_LEX_BAD && token->hint)
        tv_parser_hint(parser, "%s", token->hint);
    const char *word = token->kind == TV_LEX_WORD ? meant(parser) : NULL;
    if (word)
        tv_parser_hint(parser, "did you mean %s?", word);
    return false;
}

void *tv_parser_list_add(struct tv_parser *parser, struct tv_parser_list *list)
{
    if (list->count == TV_LIST_ITEMS_MAX) {
        tv_parser_fail(parser, TV_TOO_LARGE, parser->token.offset, "a list holds at most %d items",
                TV_LIST_ITEMS_MAX);
        return NULL;
    }
    if (list->count == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 4;
        list->items =
                tv_arena_grow(parser->arena, list->items, list->count, list->cap, list->item_bytes);
    }
    char *item = (char *)list->items + list->count++ * list->item_bytes;
    memset(item, 0, list->item_bytes);
    return item;
}

/* The first byte that is no UTF-8. */
static uint32_t invalid_at(struct tv_str text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t length = tv_utf8_sequence((struct tv_str){text.ptr + at, text.len - at});
        if (length == 0)
            break;
        at += length;
    }
    return (uint32_t)at;
}

static bool begin(struct tv_parser *parser, const struct tv_source_text *source,
        struct tv_arena *arena, struct tv_error *err)
{
    *parser = (struct tv_parser){.arena = arena, .params = source->params, .err = err};
    parser->lexer = (struct tv_lexer){.text = source->text, .arena = arena};
    if (source->text.len > TV_STATEMENT_BYTES_MAX) {
        parser->status = tv_fail(
                err, TV_TOO_LARGE, "a statement is at most %d bytes long", TV_STATEMENT_BYTES_MAX);
        return false;
    }
    if (!tv_utf8_valid(source->text))
        return tv_parser_fail(
                parser, TV_SYNTAX, invalid_at(source->text), "the statement is not valid UTF-8");
    tv_parser_advance(parser);
    return true;
}

static bool need_end(struct tv_parser *parser)
{
    tv_parser_take_symbol(parser, ";");
    tv_parser_expect(parser, "end of statement");
    return parser->token.kind == TV_LEX_END || tv_parser_unexpected(parser);
}

enum tv_status tv_parse_query(const struct tv_source_text *source, struct tv_arena *arena,
        struct tv_ast **out, struct tv_error *err)
{
    struct tv_parser parser;
    struct tv_ast *ast = tv_arena_calloc(arena, 1, sizeof(*ast));
    if (!begin(&parser, source, arena, err) || !tv_parse_statement(&parser, ast) ||
            !tv_parse_clauses(&parser, ast) || !need_end(&parser))
        return parser.status;
    *out = ast;
    return TV_OK;
}

void tv_parse_probe(struct tv_str text, struct tv_arena *arena, struct tv_parse_probe *out)
{
    struct tv_parser parser;
    struct tv_source_text source = {.text = text};
    struct tv_ast *ast = tv_arena_calloc(arena, 1, sizeof(*ast));
    *out = (struct tv_parse_probe){.count = 0};
    if (!begin(&parser, &source, arena, NULL))
        return;
    parser.open = true;
    out->known = tv_parse_statement(&parser, ast);
    if (out->known && tv_parse_clauses(&parser, ast))
        (void)need_end(&parser);
    out->statement = ast->statement;
    if (parser.token.kind != TV_LEX_END)
        return;
    const char **expected = tv_arena_calloc(arena, TV_EXPECTED_MAX, sizeof(*expected));
    memcpy(expected, parser.expected, sizeof(parser.expected));
    out->expected = expected;
    out->count = parser.expected_count;
    out->field = parser.subject;
}

enum tv_status tv_parse_condition(const struct tv_source_text *source, struct tv_arena *arena,
        struct tv_cond **out, struct tv_error *err)
{
    struct tv_parser parser;
    struct tv_cond *cond = NULL;
    if (!begin(&parser, source, arena, err) || !tv_parse_cond(&parser, &cond) || !need_end(&parser))
        return parser.status;
    *out = cond;
    return TV_OK;
}
