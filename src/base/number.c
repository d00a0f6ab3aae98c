/* SPDX-License-Identifier: Apache-2.0 */
/* Text to numbers.
 *
 * A double is read in two ways. Clinger's fast path (How to Read Floating Point Numbers Accurately,
 * 1990): a significand below 2^53 and a power of ten up to 10^22 are both exact doubles, so one
 * multiplication or division rounds once and is right; measurements are nearly all of this kind.
 * The rest goes to the C library's strtod_l in the "C" locale, which rounds correctly, on a bounded
 * copy: 768 significant digits decide any rounding, and whether a later digit is not zero is told
 * by one digit more. So a megabyte of digits costs a scan and no memory. */
#define _GNU_SOURCE 1 /* strtod_l */
#include "base/digits.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool tv_str_to_u64(struct tv_str text, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]) || __builtin_mul_overflow(value, UINT64_C(10), &value) ||
                __builtin_add_overflow(value, (uint64_t)(text.ptr[i] - '0'), &value))
            return false;
    }
    if (text.len == 0)
        return false;
    *out = value;
    return true;
}

bool tv_str_to_i64(struct tv_str text, int64_t *out)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    if (negative || (text.len > 0 && text.ptr[0] == '+')) {
        text.ptr++;
        text.len--;
    }
    uint64_t magnitude = 0;
    if (!tv_str_to_u64(text, &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *out = (int64_t)(negative ? -magnitude : magnitude);
    return true;
}

/* Takes the run of digits at the beginning. */
static struct tv_str take_digits(struct tv_str *text)
{
    struct tv_str run = {text->ptr, 0};
    while (run.len < text->len && is_digit(run.ptr[run.len]))
        run.len++;
    if (run.len > 0)
        *text = (struct tv_str){text->ptr + run.len, text->len - run.len};
    return run;
}

static bool take_char(struct tv_str *text, char c)
{
    if (text->len == 0 || *text->ptr != c)
        return false;
    text->ptr++;
    text->len--;
    return true;
}

static bool take_exponent(struct tv_str *text, int64_t *out)
{
    bool negative = take_char(text, '-');
    if (!negative)
        (void)take_char(text, '+');
    struct tv_str digits = take_digits(text);
    int64_t exponent = 0;
    for (size_t i = 0; i < digits.len && exponent < TV_DECIMAL_EXPONENT_MAX; i++)
        exponent = exponent * 10 + (digits.ptr[i] - '0');
    if (exponent > TV_DECIMAL_EXPONENT_MAX)
        exponent = TV_DECIMAL_EXPONENT_MAX;
    *out = negative ? -exponent : exponent;
    return digits.len > 0;
}

bool tv_decimal_split(struct tv_str text, struct tv_decimal *out)
{
    *out = (struct tv_decimal){.negative = take_char(&text, '-')};
    out->whole = take_digits(&text);
    if (out->whole.len == 0 || (out->whole.len > 1 && out->whole.ptr[0] == '0'))
        return false;
    if (take_char(&text, '.')) {
        out->fraction = take_digits(&text);
        if (out->fraction.len == 0)
            return false;
    }
    if (take_char(&text, 'e') || take_char(&text, 'E')) {
        if (!take_exponent(&text, &out->exponent))
            return false;
    }
    return text.len == 0;
}

enum { EXACT_POWER_MAX = 22, EXACT_DIGITS_MAX = 19, DECISIVE_DIGITS = 768 };

static bool fast_f64(const struct tv_decimal *number, double *out)
{
    static const double powers[EXACT_POWER_MAX + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8,
            1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (number->whole.len + number->fraction.len > EXACT_DIGITS_MAX)
        return false;
    int64_t power = number->exponent - (int64_t)number->fraction.len;
    if (power < -EXACT_POWER_MAX || power > EXACT_POWER_MAX)
        return false;
    uint64_t significand = 0;
    for (size_t i = 0; i < number->whole.len; i++)
        significand = significand * 10 + (uint64_t)(number->whole.ptr[i] - '0');
    for (size_t i = 0; i < number->fraction.len; i++)
        significand = significand * 10 + (uint64_t)(number->fraction.ptr[i] - '0');
    if (significand > UINT64_C(1) << 53)
        return false;
    double value = (double)significand;
    value = power < 0 ? value / powers[-power] : value * powers[power];
    *out = number->negative ? -value : value;
    return true;
}

struct significand {
    char digits[DECISIVE_DIGITS + 32]; /* and room for the exponent's text */
    size_t count;
    int64_t point; /* where the decimal point stands, in digits from the first */
    bool rest;     /* a digit left out is not zero */
};

static void gather(struct significand *into, struct tv_str digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (into->count < DECISIVE_DIGITS)
            into->digits[into->count++] = digits.ptr[i];
        else if (digits.ptr[i] != '0')
            into->rest = true;
    }
}

static struct tv_str without_zeros(struct tv_str digits)
{
    while (digits.len > 0 && digits.ptr[0] == '0') {
        digits.ptr++;
        digits.len--;
    }
    return digits;
}

static bool slow_f64(const struct tv_decimal *number, double *out)
{
    struct significand part;
    part.count = 0;
    part.rest = false;
    struct tv_str whole = without_zeros(number->whole);
    struct tv_str fraction = whole.len > 0 ? number->fraction : without_zeros(number->fraction);
    size_t skipped = number->fraction.len - fraction.len;
    part.point = number->exponent + (int64_t)whole.len - (int64_t)skipped;
    gather(&part, whole);
    gather(&part, fraction);
    if (part.count == 0)
        part.digits[part.count++] = '0';
    if (part.rest)
        part.digits[part.count++] = '1';
    /* The digits are read as an integer; beyond ±9999 the answer no longer depends on how far. */
    int64_t exponent = part.point - (int64_t)part.count;
    exponent = exponent > 9999 ? 9999 : exponent < -9999 ? -9999 : exponent;
    (void)snprintf(
            part.digits + part.count, sizeof(part.digits) - part.count, "e%d", (int)exponent);
    /* glibc's "C" locale is a static object: this neither allocates nor needs freeing. */
    double value = strtod_l(part.digits, NULL, newlocale(LC_ALL_MASK, "C", (locale_t)0));
    if (!isfinite(value))
        return false;
    *out = number->negative ? -value : value;
    return true;
}

bool tv_str_to_f64(struct tv_str text, double *out)
{
    if (take_char(&text, '+') && text.len > 0 && text.ptr[0] == '-')
        return false;
    struct tv_decimal number;
    if (!tv_decimal_split(text, &number))
        return false;
    return fast_f64(&number, out) || slow_f64(&number, out);
}

/* Digits behind the point that are kept: ten to the 18th is the largest power below 2^63. */
enum { FRACTION_DIGITS_MAX = 18 };

bool tv_amount_take(struct tv_str *text, struct tv_amount *out)
{
    struct tv_str left = *text;
    *out = (struct tv_amount){.fraction_scale = 1};
    if (!tv_str_to_u64(take_digits(&left), &out->whole))
        return false;
    if (take_char(&left, '.')) {
        struct tv_str digits = take_digits(&left);
        if (digits.len == 0)
            return false;
        for (size_t i = 0; i < digits.len && i < FRACTION_DIGITS_MAX; i++) {
            out->fraction = out->fraction * 10 + (uint64_t)(digits.ptr[i] - '0');
            out->fraction_scale *= 10;
        }
    }
    *text = tv_str_trim(left);
    return true;
}

__extension__ typedef unsigned __int128 wide;

bool tv_amount_scale(const struct tv_amount *amount, uint64_t unit, uint64_t *out)
{
    wide part = (wide)amount->fraction * unit / amount->fraction_scale; /* below unit */
    uint64_t total = 0;
    if (__builtin_mul_overflow(amount->whole, unit, &total) ||
            __builtin_add_overflow(total, (uint64_t)part, &total))
        return false;
    *out = total;
    return true;
}
