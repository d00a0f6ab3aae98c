/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as decimal digits: what the other files of this room share to read and write them. */
#ifndef TV_BASE_DIGITS_H
#define TV_BASE_DIGITS_H

#include "base/str.h"

enum { TV_DIGITS_U64_BYTES = 20, TV_DIGITS_I64_BYTES = 20 };

/* Writes the number without NUL; returns its length. */
size_t tv_digits_u64(uint64_t value, char out[TV_DIGITS_U64_BYTES]);
size_t tv_digits_i64(int64_t value, char out[TV_DIGITS_I64_BYTES]);
/* Writes exactly `width` digits with leading zeros. */
void tv_digits_padded(uint32_t value, unsigned width, char *out);

/* A number of JSON's grammar (RFC 8259 section 6), taken apart: borrowed runs of digits and the
 * exponent, which is held at ±TV_DECIMAL_EXPONENT_MAX where it is written larger. */
struct tv_decimal {
    bool negative;
    struct tv_str whole, fraction;
    int64_t exponent;
};

#define TV_DECIMAL_EXPONENT_MAX INT64_C(1000000000000000)

/* The whole text; false if it is no such number. */
TV_CHECKED bool tv_decimal_split(struct tv_str text, struct tv_decimal *out);

/* "12.5": the digits before and behind the point of an amount with a unit, which stay exact. */
struct tv_amount {
    uint64_t whole;
    uint64_t fraction, fraction_scale; /* fraction / fraction_scale, scale a power of ten */
};

/* Reads the digits at the beginning of *text and moves it behind them and the blanks that follow.
 * False if there are none or they do not fit. */
TV_CHECKED bool tv_amount_take(struct tv_str *text, struct tv_amount *out);
/* amount × unit, cut towards zero. False beyond 64 bits. */
TV_CHECKED bool tv_amount_scale(const struct tv_amount *amount, uint64_t unit, uint64_t *out);

#endif
