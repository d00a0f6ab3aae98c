/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to text.
 *
 * Integers are written two digits at a time from the end (Lemire, Alexandrescu: one division per
 * pair), since an answer of a hundred thousand events is mostly numbers and printf is ten times
 * slower. A double is written in the shortest form that reads back the same. Ryū or Grisu would do
 * that in one pass with tables of ten kilobytes; here the two cases that telemetry is made of are
 * fast instead: whole numbers, and decimals of at most 15 digits, found by scaling with powers of
 * ten. The rest tries 15, 16 and 17 digits, of which the last is always enough;
 * a subnormal double has fewer significant digits and begins at one. */
#include "base/digits.h"

#include "base/json_out.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

size_t tv_digits_u64(uint64_t value, char out[TV_DIGITS_U64_BYTES])
{
    char text[TV_DIGITS_U64_BYTES];
    char *at = text + sizeof(text);
    while (value >= 100) {
        at -= 2;
        memcpy(at, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(at, pairs + value * 2, 2);
    } else {
        *--at = (char)('0' + value);
    }
    size_t length = (size_t)(text + sizeof(text) - at);
    memcpy(out, at, length);
    return length;
}

size_t tv_digits_i64(int64_t value, char out[TV_DIGITS_I64_BYTES])
{
    if (value >= 0)
        return tv_digits_u64((uint64_t)value, out);
    char digits[TV_DIGITS_U64_BYTES];
    size_t length = tv_digits_u64(-(uint64_t)value, digits); /* at most 19: 2^63 has 19 digits */
    out[0] = '-';
    memcpy(out + 1, digits, length);
    return length + 1;
}

void tv_digits_padded(uint32_t value, unsigned width, char *out)
{
    for (; width >= 2; width -= 2) {
        memcpy(out + width - 2, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (width == 1)
        out[0] = (char)('0' + value % 10);
}

/* A decimal number 0.d1d2d3… × 10^point. */
struct decimal_text {
    char digits[24];
    int count, point;
};

/* JavaScript's rule (ECMA-262 Number::toString): plain between 1e-6 and 1e21, else an exponent. */
enum { PLAIN_POINT_MIN = -5, PLAIN_POINT_MAX = 21 };

static size_t write_exponent(const struct decimal_text *number, char *out)
{
    size_t length = 0;
    out[length++] = number->digits[0];
    if (number->count > 1) {
        out[length++] = '.';
        memcpy(out + length, number->digits + 1, (size_t)number->count - 1);
        length += (size_t)number->count - 1;
    }
    out[length++] = 'e';
    return length + tv_digits_i64(number->point - 1, out + length);
}

static size_t write_plain(const struct decimal_text *number, char *out)
{
    size_t length = 0;
    if (number->point <= 0) {
        out[length++] = '0';
        out[length++] = '.';
        for (int i = number->point; i < 0; i++)
            out[length++] = '0';
    }
    for (int i = 0; i < number->count; i++) {
        if (i > 0 && i == number->point)
            out[length++] = '.';
        out[length++] = number->digits[i];
    }
    for (int i = number->count; i < number->point; i++)
        out[length++] = '0';
    return length;
}

static size_t write_decimal(struct decimal_text *number, char *out)
{
    while (number->count > 1 && number->digits[number->count - 1] == '0')
        number->count--;
    if (number->point < PLAIN_POINT_MIN || number->point > PLAIN_POINT_MAX)
        return write_exponent(number, out);
    return write_plain(number, out);
}

/* A decimal of at most 15 digits, six of them behind the point. Such a decimal is the only one of
 * 15 digits near its double, and value × 10^k is off by less than half, so llround finds it; the
 * quotient of two exact doubles is rounded once, so equality proves it. */
static bool short_decimal(double value, struct decimal_text *out)
{
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    for (int k = 0; k < (int)(sizeof(powers) / sizeof(powers[0])); k++) {
        double scaled = value * powers[k];
        if (scaled >= 1e15)
            return false;
        long long nearest = llround(scaled);
        if ((double)nearest / powers[k] != value)
            continue;
        out->count = (int)tv_digits_u64((uint64_t)nearest, out->digits);
        out->point = out->count - k;
        return true;
    }
    return false;
}

/* Only digits are taken from printf's text, whatever the locale's decimal point looks like. */
static void printed_decimal(double value, int precision, struct decimal_text *out)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%.*e", precision - 1, value);
    const char *at = text;
    for (out->count = 0; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9')
            out->digits[out->count++] = *at;
    }
    int64_t exponent = 0;
    TV_ASSERT(tv_str_to_i64(tv_str_of(at + 1), &exponent));
    out->point = (int)exponent + 1;
}

static size_t write_positive(double value, char *out)
{
    struct decimal_text number;
    if (short_decimal(value, &number))
        return write_decimal(&number, out);
    for (int precision = value < DBL_MIN ? 1 : 15;; precision++) {
        printed_decimal(value, precision, &number);
        size_t length = write_decimal(&number, out);
        double back = 0;
        /* 15 or 16 digits may round the largest double up to infinity, which reads as false. */
        if (precision == 17 ||
                (tv_str_to_f64((struct tv_str){out, length}, &back) && back == value))
            return length;
    }
}

size_t tv_f64_format(double value, char out[32])
{
    size_t length = 0;
    if (!isfinite(value)) {
        memcpy(out, "null", sizeof("null"));
        return sizeof("null") - 1;
    }
    if (signbit(value))
        out[length++] = '-';
    value = fabs(value);
    if (value < 0x1p53 && (double)(uint64_t)value == value)
        length += tv_digits_u64((uint64_t)value, out + length);
    else
        length += write_positive(value, out + length);
    out[length] = '\0';
    return length;
}
