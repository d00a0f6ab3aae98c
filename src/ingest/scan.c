/* SPDX-License-Identifier: Apache-2.0 */
/* The rare half of the scanner: escapes, bytes beyond ASCII, exponents, literals.
 *
 * The inline functions of scan.h give up as soon as a token is not of the plain kind and these read
 * it again from its start: the second reading costs less than carrying the general case through
 * the loop that nearly every token takes. UTF-8 is looked at only in strings that hold a byte beyond
 * ASCII. */
#include "ingest/scan.h"

#include "base/mem.h"

#include <stdlib.h>

const double tv_exact_powers[23] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

const uint64_t tv_powers_of_ten[20] = {UINT64_C(1), UINT64_C(10), UINT64_C(100), UINT64_C(1000),
        UINT64_C(10000), UINT64_C(100000), UINT64_C(1000000), UINT64_C(10000000),
        UINT64_C(100000000), UINT64_C(1000000000), UINT64_C(10000000000), UINT64_C(100000000000),
        UINT64_C(1000000000000), UINT64_C(10000000000000), UINT64_C(100000000000000),
        UINT64_C(1000000000000000), UINT64_C(10000000000000000), UINT64_C(100000000000000000),
        UINT64_C(1000000000000000000), UINT64_C(10000000000000000000)};

void tv_scan_release(struct tv_scan *scan)
{
    free(scan->scratch);
    scan->scratch = NULL;
    scan->scratch_next = NULL;
}

const char *tv_scan_fault(struct tv_scan *scan, const char *at, const char *text)
{
    if (!scan->fault) {
        scan->fault = text;
        scan->fault_at = at;
    }
    return NULL;
}

const char *tv_scan_expected(struct tv_scan *scan, const char *at, const char *text)
{
    return tv_scan_fault(scan, at, at == scan->end ? "the body ends inside an event" : text);
}

/* The first quote, backslash or control character at or behind `at`, or the end. */
static const char *find_stop(const char *at, const char *end, uint32_t *high)
{
    for (; end - at >= TV_SCAN_BLOCK; at += TV_SCAN_BLOCK) {
        uint32_t bits = 0;
        uint32_t stops = tv_scan_stops(at, &bits);
        if (stops != 0) {
            unsigned first = (unsigned)__builtin_ctz(stops);
            *high |= bits & ((1U << first) - 1);
            return at + first;
        }
        *high |= bits;
    }
    for (; at < end && *at != '"' && *at != '\\' && (uint8_t)*at >= 0x20; at++)
        *high |= (uint8_t)*at >> 7;
    return at;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind "\u"; -1 if they are none. */
static int32_t hex_unit(const char *at, const char *end)
{
    int32_t unit = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static char *put_utf8(char *to, uint32_t point)
{
    if (point < 0x80) {
        *to++ = (char)point;
        return to;
    }
    if (point < 0x800) {
        *to++ = (char)(0xc0 | point >> 6);
    } else {
        if (point < 0x10000) {
            *to++ = (char)(0xe0 | point >> 12);
        } else {
            *to++ = (char)(0xf0 | point >> 18);
            *to++ = (char)(0x80 | (point >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (point >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (point & 0x3f));
    return to;
}

/* One "\uXXXX", or two of them that make a pair; *at stands on the 'u'. */
static bool unescape_unit(struct tv_scan *scan, const char **at, const char *end, char **to)
{
    const char *digits = *at + 1;
    int32_t unit = hex_unit(digits, end);
    if (unit < 0)
        return tv_scan_fault(scan, *at - 1, "'\\u' needs four hex digits") != NULL;
    *at = digits + 4;
    uint32_t point = (uint32_t)unit;
    if (unit >= 0xd800 && unit <= 0xdfff) {
        bool paired = unit <= 0xdbff && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u';
        int32_t low = paired ? hex_unit(*at + 2, end) : -1;
        if (low >= 0xdc00 && low <= 0xdfff) {
            point = 0x10000 + (((uint32_t)unit - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
            *at += 6;
        } else {
            tv_scan_flaw(scan, "text has half a surrogate pair");
            point = 0xfffd;
        }
    }
    *to = put_utf8(*to, point);
    return true;
}

/* One escape; *at stands behind the backslash, before `end`. */
static bool unescape_one(struct tv_scan *scan, const char **at, const char *end, char **to)
{
    static const char from[] = "\"\\/bfnrt";
    static const char into[] = "\"\\/\b\f\n\r\t";
    if (**at == 'u')
        return unescape_unit(scan, at, end, to);
    const char *found = **at ? strchr(from, **at) : NULL;
    if (!found)
        return tv_scan_fault(scan, *at - 1, "no such escape in a string") != NULL;
    *(*to)++ = into[found - from];
    (*at)++;
    return true;
}

static bool unescape(struct tv_scan *scan, struct tv_str raw, struct tv_str *out)
{
    if (!scan->scratch) {
        scan->scratch = tv_malloc((size_t)(scan->end - scan->start));
        scan->scratch_next = scan->scratch;
    }
    const char *at = raw.ptr;
    const char *end = raw.ptr + raw.len;
    char *to = scan->scratch_next;
    while (at < end) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((slash ? slash : end) - at);
        memcpy(to, at, plain);
        to += plain;
        at += plain;
        if (slash) {
            at++;
            if (!unescape_one(scan, &at, end, &to))
                return false;
        }
    }
    *out = (struct tv_str){scan->scratch_next, (size_t)(to - scan->scratch_next)};
    scan->scratch_next = to;
    return true;
}

const char *tv_scan_string_any(struct tv_scan *scan, const char *text, struct tv_str *out)
{
    const char *at = text;
    bool escaped = false;
    uint32_t high = 0;
    for (;;) {
        at = find_stop(at, scan->end, &high);
        if (at == scan->end)
            return tv_scan_fault(scan, at, "the body ends inside a string");
        if (*at == '"')
            break;
        if (*at != '\\')
            return tv_scan_fault(scan, at, "a control character in a string must be escaped");
        if (scan->end - at < 2)
            return tv_scan_fault(scan, scan->end, "the body ends inside a string");
        escaped = true;
        at += 2;
    }
    *out = (struct tv_str){text, (size_t)(at - text)};
    if (high != 0 && !tv_utf8_valid(*out))
        tv_scan_flaw(scan, "text is not UTF-8");
    return escaped && !unescape(scan, *out, out) ? NULL : at + 1;
}

/* The digits at `at`, of which there must be one. NULL with a fault otherwise. */
static const char *some_digits(struct tv_scan *scan, const char *at, const char *otherwise)
{
    const char *first = at;
    while (at < scan->end && tv_is_digit(*at))
        at++;
    return at == first ? tv_scan_fault(scan, at, otherwise) : at;
}

const char *tv_scan_number_any(struct tv_scan *scan, const char *at, struct tv_value *out)
{
    struct tv_str text = {at, 0};
    bool integer = true;
    at += *at == '-';
    const char *digits = at;
    at = some_digits(scan, at, "expected a value");
    if (at && *digits == '0' && at - digits > 1)
        return tv_scan_fault(scan, digits, "a number has a leading zero");
    if (at && tv_scan_peek(scan, at) == '.') {
        integer = false;
        at = some_digits(scan, at + 1, "a number needs a digit behind its point");
    }
    if (at && (tv_scan_peek(scan, at) | 0x20) == 'e') {
        integer = false;
        at++;
        at += tv_scan_peek(scan, at) == '-' || tv_scan_peek(scan, at) == '+';
        at = some_digits(scan, at, "a number needs a digit in its exponent");
    }
    if (!at)
        return NULL;
    text.len = (size_t)(at - text.ptr);
    out->type = TV_TYPE_I64;
    if (integer && tv_str_to_i64(text, &out->i))
        return at;
    *out = tv_value_f64(0);
    if (!tv_str_to_f64(text, &out->f))
        tv_scan_flaw(scan, "number is beyond the range of a double");
    return at;
}

const char *tv_scan_literal(struct tv_scan *scan, const char *at, struct tv_value *out)
{
    static const struct {
        struct tv_str text;
        enum tv_type type;
        bool value;
    } literals[] = {
            {{"true", 4}, TV_TYPE_BOOL, true},
            {{"false", 5}, TV_TYPE_BOOL, false},
            {{"null", 4}, TV_TYPE_NULL, false},
    };
    struct tv_str rest = {at, (size_t)(scan->end - at)};
    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        if (tv_str_starts_with(rest, literals[i].text)) {
            *out = (struct tv_value){.type = literals[i].type, .b = literals[i].value};
            return at + literals[i].text.len;
        }
    }
    return tv_scan_expected(scan, at, "expected a value");
}

void tv_scan_locate(const struct tv_scan *scan, const char *place, struct tv_error *err)
{
    const char *line = scan->start;
    err->line = 1;
    for (const char *at = scan->start; at < place; at++) {
        if (*at == '\n') {
            err->line++;
            line = at + 1;
        }
    }
    err->column = 1;
    for (const char *at = line; at < place; at++)
        err->column += ((uint8_t)*at & 0xc0) != 0x80;
    err->offset = (uint32_t)(place - scan->start);
}
