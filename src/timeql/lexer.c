/* SPDX-License-Identifier: Apache-2.0 */
/* The lexer is written by hand: one function for each kind of lexeme, chosen by the first byte.
 *
 * It reads on demand, one lexeme ahead of the parser, because the language has one place (a bare
 * reference) where the text is not made of lexemes: there the parser goes back to an offset. It
 * never fails; bad input becomes a BAD lexeme, reported only where the parser really takes it. */
#include "timeql/lexer.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool starts_word(char c)
{
    return is_letter(c) || c == '_' || c == '@';
}

static bool continues_word(char c)
{
    return is_letter(c) || is_digit(c) || c == '_' || c == '.';
}

bool tv_lexer_is_word(struct tv_str text)
{
    if (text.len == 0 || !starts_word(text.ptr[0]))
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (!continues_word(text.ptr[i]))
            return false;
    return true;
}

/* The byte `ahead` of the reading place, NUL past the end. */
static char peek(const struct tv_lexer *lexer, uint32_t ahead)
{
    size_t at = (size_t)lexer->at + ahead;
    return at < lexer->text.len ? lexer->text.ptr[at] : '\0';
}

static bool at_end(const struct tv_lexer *lexer)
{
    return lexer->at >= lexer->text.len;
}

static void skip_blanks_and_comments(struct tv_lexer *lexer)
{
    while (!at_end(lexer)) {
        if (is_blank(peek(lexer, 0))) {
            lexer->at++;
        } else if (peek(lexer, 0) == '-' && peek(lexer, 1) == '-') {
            while (!at_end(lexer) && peek(lexer, 0) != '\n')
                lexer->at++;
        } else {
            return;
        }
    }
}

static struct tv_lexeme lexeme(
        const struct tv_lexer *lexer, enum tv_lexeme_kind kind, uint32_t offset)
{
    struct tv_lexeme out = {.kind = kind, .offset = offset, .end = lexer->at};
    out.text = (struct tv_str){lexer->text.ptr + offset, lexer->at - offset};
    return out;
}

static struct tv_lexeme bad(
        const struct tv_lexer *lexer, uint32_t offset, const char *problem, const char *hint)
{
    struct tv_lexeme out = lexeme(lexer, TV_LEX_BAD, offset);
    out.problem = problem;
    out.hint = hint;
    return out;
}

static struct tv_lexeme word(struct tv_lexer *lexer)
{
    uint32_t offset = lexer->at;
    while (!at_end(lexer) && (continues_word(peek(lexer, 0)) || lexer->at == offset))
        lexer->at++;
    return lexeme(lexer, TV_LEX_WORD, offset);
}

/* Copies a quoted text, each doubled quote once. */
static struct tv_str undouble(struct tv_arena *arena, struct tv_str text, char quote)
{
    char *out = tv_arena_bytes(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        out[len++] = text.ptr[i];
        if (text.ptr[i] == quote)
            i++;
    }
    return (struct tv_str){out, len};
}

static const char *unclosed_problem(char quote)
{
    if (quote == '`')
        return "this name is not closed";
    return "this text is not closed";
}

static const char *unclosed_hint(char quote)
{
    if (quote == '\'')
        return "put a ' behind its end; a ' inside it is written ''";
    if (quote == '"')
        return "put a \" behind its end; a \" inside it is written \"\"";
    return "put a ` behind its end";
}

static struct tv_lexeme quoted(struct tv_lexer *lexer, char quote)
{
    uint32_t offset = lexer->at++;
    bool doubled = false;
    for (;; lexer->at++) {
        if (at_end(lexer))
            return bad(lexer, offset, unclosed_problem(quote), unclosed_hint(quote));
        if (peek(lexer, 0) != quote)
            continue;
        if (peek(lexer, 1) != quote)
            break;
        doubled = true;
        lexer->at++;
    }
    struct tv_str text = {lexer->text.ptr + offset + 1, lexer->at - offset - 1};
    lexer->at++;
    if (quote == '`' && text.len == 0)
        return bad(lexer, offset, "a name cannot be empty", NULL);
    struct tv_lexeme out = lexeme(lexer, quote == '`' ? TV_LEX_NAME : TV_LEX_STRING, offset);
    out.text = doubled ? undouble(lexer->arena, text, quote) : text;
    return out;
}

static void skip_digits(struct tv_lexer *lexer)
{
    while (is_digit(peek(lexer, 0)))
        lexer->at++;
}

/* "2024-01-15" or "15:47": somebody forgot the quotes. */
static bool looks_like_time(const struct tv_lexer *lexer)
{
    char c = peek(lexer, 0);
    return (c == '-' || c == ':') && is_digit(peek(lexer, 1));
}

static void skip_exponent(struct tv_lexer *lexer)
{
    char c = peek(lexer, 0);
    if (c != 'e' && c != 'E')
        return;
    uint32_t sign = peek(lexer, 1) == '-' || peek(lexer, 1) == '+';
    if (!is_digit(peek(lexer, 1 + sign)))
        return;
    lexer->at += 1 + sign;
    skip_digits(lexer);
}

static struct tv_lexeme number(struct tv_lexer *lexer)
{
    uint32_t offset = lexer->at;
    if (peek(lexer, 0) == '-')
        lexer->at++;
    skip_digits(lexer);
    if (looks_like_time(lexer)) {
        while (!at_end(lexer) && !is_blank(peek(lexer, 0)))
            lexer->at++;
        return bad(lexer, offset, "a date or time must stand in quotes",
                "write it as '2024-01-15 15:47:23'");
    }
    if (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1))) {
        lexer->at++;
        skip_digits(lexer);
    }
    skip_exponent(lexer);
    struct tv_lexeme out = lexeme(lexer, TV_LEX_NUMBER, offset);
    uint32_t unit = lexer->at;
    if (peek(lexer, 0) == '%')
        lexer->at++;
    else
        while (continues_word(peek(lexer, 0)) && !at_end(lexer))
            lexer->at++;
    out.unit = (struct tv_str){lexer->text.ptr + unit, lexer->at - unit};
    out.end = lexer->at;
    return out;
}

static struct tv_lexeme param(struct tv_lexer *lexer)
{
    uint32_t offset = lexer->at++;
    while (!at_end(lexer) &&
            (is_letter(peek(lexer, 0)) || is_digit(peek(lexer, 0)) || peek(lexer, 0) == '_'))
        lexer->at++;
    if (lexer->at == offset + 1)
        return bad(lexer, offset, "a parameter needs a name behind its $", NULL);
    struct tv_lexeme out = lexeme(lexer, TV_LEX_PARAM, offset);
    out.text = (struct tv_str){lexer->text.ptr + offset + 1, lexer->at - offset - 1};
    return out;
}

static struct tv_lexeme symbol(struct tv_lexer *lexer)
{
    static const char *const symbols[] = {
            "==", "=~", "=", "!=", "!~", "<>", "<=", "<", ">=", ">", "(", ")", ",", ";", "*", ":"};
    uint32_t offset = lexer->at;
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        char second = symbols[i][1];
        if (peek(lexer, 0) != symbols[i][0] || (second && peek(lexer, 1) != second))
            continue;
        lexer->at += second ? 2 : 1;
        return lexeme(lexer, TV_LEX_SYMBOL, offset);
    }
    struct tv_str rest = {lexer->text.ptr + offset, lexer->text.len - offset};
    size_t length = tv_utf8_sequence(rest);
    lexer->at += length ? (uint32_t)length : 1;
    return bad(lexer, offset, "this character has no meaning here",
            "a name with unusual characters stands in back quotes: `k8s.pod-name`");
}

struct tv_lexeme tv_lexer_next(struct tv_lexer *lexer)
{
    skip_blanks_and_comments(lexer);
    if (at_end(lexer))
        return lexeme(lexer, TV_LEX_END, lexer->at);
    char c = peek(lexer, 0);
    if (starts_word(c))
        return word(lexer);
    if (c == '\'' || c == '"' || c == '`')
        return quoted(lexer, c);
    if (is_digit(c) || (c == '-' && is_digit(peek(lexer, 1))))
        return number(lexer);
    if (c == '$')
        return param(lexer);
    return symbol(lexer);
}

struct tv_lexeme tv_lexer_reference(struct tv_lexer *lexer, uint32_t offset)
{
    lexer->at = offset;
    while (!at_end(lexer) && !is_blank(peek(lexer, 0)))
        lexer->at++;
    char last = lexer->text.ptr[lexer->at - 1];
    if (lexer->at > offset + 1 && (last == ',' || last == ';'))
        lexer->at--;
    return lexeme(lexer, TV_LEX_WORD, offset);
}
