/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed text: a pointer and a length, passed by value, not NUL-terminated, never owned.
 * Who made the bytes says how long they live. An absent text is {NULL, 0}. */
#ifndef TV_BASE_STR_H
#define TV_BASE_STR_H

#include "base/status.h"

#include <stdbool.h>
#include <string.h>

struct tv_str {
    const char *ptr;
    size_t len;
};

/* For printf: "%.*s", TV_STR_ARG(s). */
#define TV_STR_ARG(s) (int)(s).len, ((s).ptr ? (s).ptr : "")
/* A literal. */
#define TV_STR(literal) ((struct tv_str){(literal), sizeof(literal) - 1})

static inline struct tv_str tv_str_of(const char *text)
{
    return (struct tv_str){text, text ? strlen(text) : 0};
}

static inline bool tv_str_equal(struct tv_str a, struct tv_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Byte order, shorter first among equals; <0, 0, >0. */
int tv_str_compare(struct tv_str a, struct tv_str b);
/* ASCII case ignored. */
bool tv_str_equal_nocase(struct tv_str a, struct tv_str b);
bool tv_str_starts_with(struct tv_str text, struct tv_str prefix);
bool tv_str_contains(struct tv_str text, struct tv_str part);
/* Without ASCII blanks at both ends. */
struct tv_str tv_str_trim(struct tv_str text);
/* Cuts the text at the first `separator`: returns what is before it, *rest what is behind; without
 * one, returns all and *rest is {NULL, 0}. */
struct tv_str tv_str_cut(struct tv_str text, char separator, struct tv_str *rest);

/* Whether the bytes are UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
bool tv_utf8_valid(struct tv_str text);
/* The length of the UTF-8 sequence that the text begins with; 0 if it begins with none. */
size_t tv_utf8_sequence(struct tv_str text);
/* The longest prefix of at most `max_bytes` that ends on a code point's boundary. */
struct tv_str tv_utf8_prefix(struct tv_str text, size_t max_bytes);

/* The whole text as a number; false (and *out untouched) if anything is left over, it is empty, or
 * the value does not fit. Integers are decimal digits, for int64 behind an optional sign.
 * tv_str_to_f64 takes JSON's number grammar plus a leading '+', finite
 * results only, correctly rounded and independent of the locale. */
TV_CHECKED bool tv_str_to_u64(struct tv_str text, uint64_t *out);
TV_CHECKED bool tv_str_to_i64(struct tv_str text, int64_t *out);
TV_CHECKED bool tv_str_to_f64(struct tv_str text, double *out);

/* Bytes from hex digits of any case: `text.len` must be 2 × bytes; false otherwise,
 * when `out` may be partly written. */
TV_CHECKED bool tv_hex_decode(struct tv_str text, uint8_t *out, size_t bytes);
/* Writes 2 × bytes lower-case digits, no NUL. */
void tv_hex_encode(const uint8_t *in, size_t bytes, char *out);

/* The nearest of `count` candidates by optimal string alignment distance (Damerau 1964's four
 * errors, no substring edited twice; ASCII case ignored), at most a third of the text's length
 * away; its index or -1. Texts and candidates over 64 bytes are not compared. For "did you mean". */
int tv_str_nearest(struct tv_str text, const struct tv_str *candidates, size_t count);

#endif
