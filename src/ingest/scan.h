/* SPDX-License-Identifier: Apache-2.0 */
/* The lexical half of the native decoder: strings, numbers and literals of RFC 8259, one pass.
 *
 * A scanner knows the bounds of a body; the place in it is passed by value and the place behind what
 * was read is returned, so that it stays in a register. Two kinds of trouble are told apart: a
 * *fault* breaks the JSON itself (nothing behind it can be read, the call returns NULL), a *flaw*
 * spoils one event only (bytes that are not UTF-8, a number no double holds) and the walk goes on.
 * Texts borrow the body, or, where they had escapes, the scanner's scratch, until tv_scan_forget.
 *
 *     struct tv_scan scan = {.start = body.ptr, .end = body.ptr + body.len};
 *     const char *at = tv_scan_blanks(&scan, scan.start);
 *     struct tv_str text;
 *     if (tv_scan_peek(&scan, at) == '"')
 *         at = tv_scan_string(&scan, at + 1, &text);
 *     tv_scan_release(&scan);
 *
 * The short, frequent cases are inline here; what is rare lies in scan.c. */
#ifndef TV_INGEST_SCAN_H
#define TV_INGEST_SCAN_H

#include "base/buf.h"
#include "event/value.h"

#if defined(__SSE2__) && !defined(TV_PORTABLE)
#include <emmintrin.h>
#endif

struct tv_scan {
    const char *start, *end;
    const char *fault; /* static text; the first fault, NULL while there is none */
    const char *fault_at;
    const char *flaw; /* static text; the first flaw since tv_scan_forget */
    /* Unescaped texts of the event at hand. As large as the body, since unescaping never lengthens
     * a text; the system gives memory only to the part that is touched. */
    char *scratch, *scratch_next;
};

void tv_scan_release(struct tv_scan *scan);

/* Ends the life of unescaped texts and clears the flaw. */
static inline void tv_scan_forget(struct tv_scan *scan)
{
    scan->scratch_next = scan->scratch;
    scan->flaw = NULL;
}

/* Notes a fault at `at` unless there is one; returns NULL. */
const char *tv_scan_fault(struct tv_scan *scan, const char *at, const char *text);
/* As tv_scan_fault; where the body is at its end the fault is that. */
const char *tv_scan_expected(struct tv_scan *scan, const char *at, const char *text);

/* Sets the error's offset, line and column (from 1, in characters) to those of `place` in the body. */
void tv_scan_locate(const struct tv_scan *scan, const char *place, struct tv_error *err);

static inline void tv_scan_flaw(struct tv_scan *scan, const char *text)
{
    if (!scan->flaw)
        scan->flaw = text;
}

static inline uint64_t tv_load64(const char *at)
{
    uint64_t word = 0;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* Skips blank, tab, line feed and carriage return. */
static inline const char *tv_scan_blanks(const struct tv_scan *scan, const char *at)
{
    while (at < scan->end && (uint8_t)*at <= ' ' &&
            (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* The byte there, or 0 at the end (a NUL in the body is no part of any grammar either). */
static inline char tv_scan_peek(const struct tv_scan *scan, const char *at)
{
    return at < scan->end ? *at : '\0';
}

#if defined(__SSE2__) && !defined(TV_PORTABLE)
enum { TV_SCAN_BLOCK = 16 };

/* Of the block's bytes: a bit for each quote, backslash and control character; *high has a bit for
 * each byte beyond ASCII. */
static inline uint32_t tv_scan_stops(const char *at, uint32_t *high)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    *high = (uint32_t)_mm_movemask_epi8(bytes);
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control));
}
#else
enum { TV_SCAN_BLOCK = 8 };

static inline uint32_t tv_scan_stops(const char *at, uint32_t *high)
{
    uint32_t stops = 0;
    *high = 0;
    for (unsigned i = 0; i < TV_SCAN_BLOCK; i++) {
        uint8_t byte = (uint8_t)at[i];
        stops |= (uint32_t)(byte == '"' || byte == '\\' || byte < 0x20) << i;
        *high |= (uint32_t)(byte >> 7) << i;
    }
    return stops;
}
#endif

/* Any string; `at` is behind the opening quote. */
const char *tv_scan_string_any(struct tv_scan *scan, const char *at, struct tv_str *out);

/* Reads a string from behind its opening quote to behind its closing one. */
static inline const char *tv_scan_string(struct tv_scan *scan, const char *text, struct tv_str *out)
{
    for (const char *at = text; scan->end - at >= TV_SCAN_BLOCK; at += TV_SCAN_BLOCK) {
        uint32_t high = 0;
        uint32_t stops = tv_scan_stops(at, &high);
        if ((stops | high) == 0)
            continue;
        /* The lowest bit alone decides: it is the closing quote unless something came before. */
        unsigned first = (unsigned)__builtin_ctz(stops | high);
        if (at[first] != '"')
            break;
        *out = (struct tv_str){text, (size_t)(at - text) + first};
        return at + first + 1;
    }
    return tv_scan_string_any(scan, text, out);
}

/* Any number; `at` is on its first byte. */
const char *tv_scan_number_any(struct tv_scan *scan, const char *at, struct tv_value *out);

static inline bool tv_is_digit(char c)
{
    return (uint8_t)(c - '0') <= 9;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* The value of eight digits, the first in the lowest byte (Lemire, "Quickly parsing eight digits");
 * bytes of '0' or 0 before the first count nothing. */
static inline uint64_t tv_eight_digits(uint64_t word)
{
    word = (word & 0x0f0f0f0f0f0f0f0fU) * 2561 >> 8;
    word = (word & 0x00ff00ff00ff00ffU) * 6553601 >> 16;
    return (word & 0x0000ffff0000ffffU) * 42949672960001U >> 32;
}

/* How many of the word's bytes, from the lowest on, are decimal digits. */
static inline unsigned tv_count_digits(uint64_t word)
{
    uint64_t nibbles = word ^ 0x3030303030303030U;
    /* No byte carries into the next: the high bit is masked before the sum and looked at apart. */
    uint64_t others = (((nibbles & 0x7f7f7f7f7f7f7f7fU) + 0x7676767676767676U) | nibbles) &
            0x8080808080808080U;
    return others ? (unsigned)__builtin_ctzll(others) / 8 : 8;
}

extern const uint64_t tv_powers_of_ten[20];

/* Reads the run of digits at `at` on top of *value, which wraps past 19 of them. How many there are
 * is not guessed by a branch, since it is as random as the numbers are. */
static inline const char *tv_scan_digits(
        const struct tv_scan *scan, const char *at, uint64_t *value)
{
    while (scan->end - at >= 8) {
        uint64_t word = tv_load64(at);
        unsigned count = tv_count_digits(word);
        if (count == 0)
            return at;
        *value = *value * tv_powers_of_ten[count] + tv_eight_digits(word << (64 - 8 * count));
        at += count;
        if (count < 8)
            return at;
    }
    for (; at < scan->end && tv_is_digit(*at); at++)
        *value = *value * 10 + (uint64_t)(*at - '0');
    return at;
}
#else
static inline const char *tv_scan_digits(
        const struct tv_scan *scan, const char *at, uint64_t *value)
{
    for (; at < scan->end && tv_is_digit(*at); at++)
        *value = *value * 10 + (uint64_t)(*at - '0');
    return at;
}
#endif

/* Powers of ten that a double holds exactly: 0 to 22. */
extern const double tv_exact_powers[23];

/* Reads a number: I64 where it is an integer that fits, else F64. The result is written member by
 * member: a copy of the whole would wait until the parts have left the store buffer. */
static inline const char *tv_scan_number(
        struct tv_scan *scan, const char *text, struct tv_value *out)
{
    bool negative = *text == '-';
    const char *digits = text + negative;
    uint64_t value = 0;
    const char *at = tv_scan_digits(scan, digits, &value);
    ptrdiff_t count = at - digits;
    if (count == 0 || count > 19 || (count > 1 && *digits == '0') || at == scan->end)
        return tv_scan_number_any(scan, text, out);
    if (*at == '.') {
        const char *fraction = at + 1;
        at = tv_scan_digits(scan, fraction, &value);
        ptrdiff_t decimals = at - fraction;
        if (decimals == 0 || count + decimals > 19 || value > UINT64_C(1) << 53 ||
                at == scan->end || (*at | 0x20) == 'e')
            return tv_scan_number_any(scan, text, out);
        double number = (double)(int64_t)value / tv_exact_powers[decimals];
        out->type = TV_TYPE_F64;
        out->f = negative ? -number : number;
        return at;
    }
    if ((*at | 0x20) == 'e' || value > INT64_MAX)
        return tv_scan_number_any(scan, text, out);
    out->type = TV_TYPE_I64;
    out->i = negative ? -(int64_t)value : (int64_t)value;
    return at;
}

/* true, false or null. */
const char *tv_scan_literal(struct tv_scan *scan, const char *at, struct tv_value *out);

/* Any value that is not taken apart: checked, measured and, inside, cleared of secrets. */
struct tv_scan_skip {
    unsigned depth_max;    /* deeper than this is a flaw */
    bool keep;             /* find secrets inside */
    struct tv_buf *masked; /* with keep: holds the value's text if something was masked */
};

/* Reads a value of any kind; *out borrows the body, or skip->masked. */
const char *tv_scan_any(
        struct tv_scan *scan, const char *at, const struct tv_scan_skip *skip, struct tv_str *out);

#endif
