/* SPDX-License-Identifier: Apache-2.0 */
/* The lexical half of the native decoder: strings, numbers and literals of RFC 8259, one pass.
 *
 * A scanner is a cursor over a body. Two kinds of trouble are told apart: a *fault* breaks the JSON
 * itself (nothing behind it can be read, the call returns false), a *flaw* spoils one event only
 * (bytes that are not UTF-8, a number no double holds) and the walk goes on. Texts borrow the body,
 * or, where they had escapes, the scanner's scratch, until tv_scan_forget.
 *
 *     struct tv_scan scan = {.at = body.ptr, .start = body.ptr, .end = body.ptr + body.len};
 *     struct tv_str text;
 *     if (*scan.at++ == '"' && tv_scan_string(&scan, &text)) ...
 *     tv_scan_release(&scan);
 *
 * The short, frequent cases are inline here; what is rare lies in scan.c. */
#ifndef TV_INGEST_SCAN_H
#define TV_INGEST_SCAN_H

#include "base/buf.h"
#include "event/value.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct tv_scan {
    const char *at, *end, *start;
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

/* Notes a fault at `at` unless there is one; returns false. */
bool tv_scan_fault(struct tv_scan *scan, const char *at, const char *text);

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
static inline void tv_scan_blanks(struct tv_scan *scan)
{
    while (scan->at < scan->end && (uint8_t)*scan->at <= ' ' &&
            (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

/* The next byte, or 0 at the end (a NUL in the body is no part of any grammar either). */
static inline char tv_scan_peek(const struct tv_scan *scan)
{
    return scan->at < scan->end ? *scan->at : '\0';
}

#ifdef __SSE2__
enum {
    TV_SCAN_BLOCK = 16
};

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
enum {
    TV_SCAN_BLOCK = 8
};

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

/* Any string; scan->at stands behind the opening quote. */
TV_CHECKED bool tv_scan_string_any(struct tv_scan *scan, struct tv_str *out);

/* Reads a string whose opening quote was taken, and its closing quote. */
TV_CHECKED static inline bool tv_scan_string(struct tv_scan *scan, struct tv_str *out)
{
    const char *text = scan->at;
    for (const char *at = text; scan->end - at >= TV_SCAN_BLOCK; at += TV_SCAN_BLOCK) {
        uint32_t high = 0;
        uint32_t stops = tv_scan_stops(at, &high);
        if (stops == 0 && high == 0)
            continue;
        unsigned first = stops ? (unsigned)__builtin_ctz(stops) : 0;
        if (stops == 0 || (high & ((1U << first) - 1)) != 0 || at[first] != '"')
            break;
        *out = (struct tv_str){text, (size_t)(at - text) + first};
        scan->at = at + first + 1;
        return true;
    }
    return tv_scan_string_any(scan, out);
}

/* Numbers with a point, an exponent or many digits; scan->at stands on the first byte. */
TV_CHECKED bool tv_scan_number_any(struct tv_scan *scan, struct tv_value *out);

/* Whether the eight bytes are decimal digits. */
static inline bool tv_is_eight_digits(uint64_t word)
{
    return (((word & 0xf0f0f0f0f0f0f0f0U) |
                    (((word + 0x0606060606060606U) & 0xf0f0f0f0f0f0f0f0U) >> 4)) ==
            0x3333333333333333U);
}

/* Their value; the first digit is in the lowest byte (Lemire, "Quickly parsing eight digits"). */
static inline uint64_t tv_eight_digits(uint64_t word)
{
    word = (word & 0x0f0f0f0f0f0f0f0fU) * 2561 >> 8;
    word = (word & 0x00ff00ff00ff00ffU) * 6553601 >> 16;
    return (word & 0x0000ffff0000ffffU) * 42949672960001U >> 32;
}

static inline bool tv_is_digit(char c)
{
    return (uint8_t)(c - '0') <= 9;
}

/* Reads the run of digits at *at into *value, which wraps past 19 of them. */
static inline const char *tv_scan_digits(const char *at, const char *end, uint64_t *value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (end - at >= 8 && tv_is_eight_digits(tv_load64(at))) {
        *value = *value * 100000000U + tv_eight_digits(tv_load64(at));
        at += 8;
    }
#endif
    for (; at < end && tv_is_digit(*at); at++)
        *value = *value * 10 + (uint64_t)(*at - '0');
    return at;
}

/* Powers of ten that a double holds exactly: 0 to 22. */
extern const double tv_exact_powers[23];

/* Reads a number: I64 where it is an integer that fits, else F64. */
TV_CHECKED static inline bool tv_scan_number(struct tv_scan *scan, struct tv_value *out)
{
    const char *at = scan->at;
    bool negative = *at == '-';
    at += negative;
    const char *digits = at;
    uint64_t value = 0;
    at = tv_scan_digits(at, scan->end, &value);
    ptrdiff_t count = at - digits;
    if (count == 0 || count > 18 || (count > 1 && *digits == '0') || at == scan->end)
        return tv_scan_number_any(scan, out);
    if (*at == '.') {
        const char *fraction = at + 1;
        at = tv_scan_digits(fraction, scan->end, &value);
        ptrdiff_t decimals = at - fraction;
        if (decimals == 0 || count + decimals > 18 || value > UINT64_C(1) << 53 ||
                at == scan->end || (*at | 0x20) == 'e')
            return tv_scan_number_any(scan, out);
        double number = (double)value / tv_exact_powers[decimals];
        *out = tv_value_f64(negative ? -number : number);
    } else if ((*at | 0x20) == 'e') {
        return tv_scan_number_any(scan, out);
    } else {
        *out = tv_value_i64(negative ? -(int64_t)value : (int64_t)value);
    }
    scan->at = at;
    return true;
}

/* true, false or null. */
TV_CHECKED bool tv_scan_literal(struct tv_scan *scan, struct tv_value *out);

/* Any value that is not taken apart: checked, measured and, inside, cleared of secrets. */
struct tv_scan_skip {
    unsigned depth_max;    /* deeper than this is a flaw */
    bool keep;             /* find secrets inside */
    struct tv_buf *masked; /* with keep: holds the value's text if something was masked */
};

/* Reads a value of any kind; *out borrows the body, or skip->masked. */
TV_CHECKED bool tv_scan_any(
        struct tv_scan *scan, const struct tv_scan_skip *skip, struct tv_str *out);

#endif
