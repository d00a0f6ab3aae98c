/* SPDX-License-Identifier: Apache-2.0 */
/* JSON's grammar (RFC 8259), without recursion.
 *
 * cJSON takes more than the grammar: numbers like 01, control characters in strings, bytes that are
 * not UTF-8, and "\u0000", which would cut a C string short. It also cannot say where it stopped.
 * So the document is walked here first, with a stack of brackets instead of calls, and only what is
 * right is given on. This is the control APIs' path; its cost is a scan of at most a megabyte. */
#include "base/json_check.h"

#include "base/digits.h"

struct checker {
    const char *start, *at, *end;
    int depth;
    char open[TV_JSON_CHECK_DEPTH_MAX];
    const char *wrong; /* what is wrong at `at`, or NULL */
};

static enum tv_status wrong_at(struct checker *checker, const char *what)
{
    checker->wrong = what;
    return TV_BAD_INPUT;
}

static void skip_blanks(struct checker *checker)
{
    while (checker->at < checker->end && *checker->at != '\0' && strchr(" \t\r\n", *checker->at))
        checker->at++;
}

static bool take(struct checker *checker, char c)
{
    if (checker->at == checker->end || *checker->at != c)
        return false;
    checker->at++;
    return true;
}

/* The code unit of "\uXXXX" at `at`, or -1. */
static int code_unit(const struct checker *checker, const char *at)
{
    uint8_t bytes[2];
    if (checker->end - at < 6 || at[0] != '\\' || at[1] != 'u' ||
            !tv_hex_decode((struct tv_str){at + 2, 4}, bytes, sizeof(bytes)))
        return -1;
    return bytes[0] << 8 | bytes[1];
}

static bool is_high_surrogate(int unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(int unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

static enum tv_status check_escape(struct checker *checker)
{
    if (checker->end - checker->at < 2)
        return wrong_at(checker, "escape is cut off");
    char kind = checker->at[1];
    if (kind != 'u') {
        if (kind == '\0' || !strchr("\"\\/bfnrt", kind))
            return wrong_at(checker, "no such escape");
        checker->at += 2;
        return TV_OK;
    }
    int unit = code_unit(checker, checker->at);
    if (unit < 0)
        return wrong_at(checker, "four hex digits expected behind \\u");
    if (unit == 0)
        return wrong_at(checker, "NUL in a string");
    if (is_low_surrogate(unit))
        return wrong_at(checker, "half of a surrogate pair");
    if (is_high_surrogate(unit)) {
        if (!is_low_surrogate(code_unit(checker, checker->at + 6)))
            return wrong_at(checker, "half of a surrogate pair");
        checker->at += 6;
    }
    checker->at += 6;
    return TV_OK;
}

/* Behind the opening quote. */
static enum tv_status check_string(struct checker *checker)
{
    while (checker->at < checker->end) {
        unsigned char c = (unsigned char)*checker->at;
        if (c == '"') {
            checker->at++;
            return TV_OK;
        }
        if (c < 0x20)
            return wrong_at(checker, "control character in a string");
        if (c == '\\') {
            if (check_escape(checker) != TV_OK)
                return TV_BAD_INPUT;
            continue;
        }
        struct tv_str left = {checker->at, (size_t)(checker->end - checker->at)};
        size_t sequence = tv_utf8_sequence(left);
        if (sequence == 0)
            return wrong_at(checker, "invalid UTF-8");
        checker->at += sequence;
    }
    return wrong_at(checker, "string is not closed");
}

static enum tv_status check_number(struct checker *checker)
{
    struct tv_str text = {checker->at, 0};
    while (checker->at + text.len < checker->end && text.ptr[text.len] != '\0' &&
            strchr("+-.0123456789eE", text.ptr[text.len]))
        text.len++;
    double value = 0;
    struct tv_decimal parts;
    if (!tv_decimal_split(text, &parts))
        return wrong_at(checker, "malformed number");
    if (text.len > TV_JSON_CHECK_NUMBER_BYTES)
        return wrong_at(checker, "number is too long");
    if (!tv_str_to_f64(text, &value))
        return wrong_at(checker, "number is too large");
    checker->at += text.len;
    return TV_OK;
}

static enum tv_status check_word(struct checker *checker)
{
    static const char *const words[] = {"true", "false", "null"};
    struct tv_str left = {checker->at, (size_t)(checker->end - checker->at)};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (tv_str_starts_with(left, tv_str_of(words[i]))) {
            checker->at += strlen(words[i]);
            return TV_OK;
        }
    }
    return wrong_at(checker, left.len ? "a value was expected" : "document is cut off");
}

static enum tv_status check_name(struct checker *checker)
{
    skip_blanks(checker);
    if (!take(checker, '"'))
        return wrong_at(checker, "a member's name in quotes was expected");
    if (check_string(checker) != TV_OK)
        return TV_BAD_INPUT;
    skip_blanks(checker);
    return take(checker, ':') ? TV_OK : wrong_at(checker, "':' was expected");
}

/* A scalar, an empty container, or the opening of another (then *opened). */
static enum tv_status check_value(struct checker *checker, bool *opened)
{
    *opened = false;
    skip_blanks(checker);
    char c = checker->at < checker->end ? *checker->at : '\0';
    if (c == '"') {
        checker->at++;
        return check_string(checker);
    }
    if (c == '-' || (c >= '0' && c <= '9'))
        return check_number(checker);
    if (c != '{' && c != '[')
        return check_word(checker);
    if (checker->depth == TV_JSON_CHECK_DEPTH_MAX)
        return wrong_at(checker, "nested more than 64 deep");
    checker->at++;
    char closing = c == '{' ? '}' : ']';
    skip_blanks(checker);
    if (take(checker, closing))
        return TV_OK;
    checker->open[checker->depth++] = closing;
    *opened = true;
    return c == '{' ? check_name(checker) : TV_OK;
}

/* Behind a value: closes what ends here; at a comma stops before the next value. */
static enum tv_status check_after_value(struct checker *checker)
{
    while (checker->depth > 0) {
        char closing = checker->open[checker->depth - 1];
        skip_blanks(checker);
        if (take(checker, ','))
            return closing == '}' ? check_name(checker) : TV_OK;
        if (!take(checker, closing))
            return wrong_at(checker,
                    closing == '}' ? "',' or '}' was expected" : "',' or ']' was expected");
        checker->depth--;
    }
    return TV_OK;
}

static enum tv_status check_document(struct checker *checker)
{
    do {
        bool opened = true;
        while (opened) {
            if (check_value(checker, &opened) != TV_OK)
                return TV_BAD_INPUT;
        }
        if (check_after_value(checker) != TV_OK)
            return TV_BAD_INPUT;
    } while (checker->depth > 0);
    skip_blanks(checker);
    return checker->at == checker->end ? TV_OK
                                       : wrong_at(checker, "something follows the document");
}

static void locate(const struct checker *checker, struct tv_error *err)
{
    err->offset = (uint32_t)(checker->at - checker->start);
    err->line = err->column = 1;
    for (const char *at = checker->start; at < checker->at; at++) {
        if (*at == '\n') {
            err->line++;
            err->column = 1;
        } else if (((unsigned char)*at & 0xc0) != 0x80) {
            err->column++;
        }
    }
}

enum tv_status tv_json_check(struct tv_str text, struct tv_error *err)
{
    const char *start = text.ptr ? text.ptr : "";
    struct checker checker = {.start = start, .at = start, .end = start + text.len};
    enum tv_status status = check_document(&checker);
    if (status != TV_OK && err) {
        (void)tv_fail(err, status, "invalid JSON: %s", checker.wrong);
        locate(&checker, err);
    }
    return status;
}
