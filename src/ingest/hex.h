/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen hex digits to a number without a branch that depends on a digit: ids are random, and a
 * processor guesses every second digit of theirs wrong. */
#ifndef TV_INGEST_HEX_H
#define TV_INGEST_HEX_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(TV_PORTABLE)
#include <emmintrin.h>

/* Any case, first digit highest; false if one of the 16 bytes is no hex digit. */
static inline bool tv_hex16(const char *digits, uint64_t *out)
{
    __m128i text = _mm_loadu_si128((const __m128i *)(const void *)digits);
    __m128i decimal = _mm_sub_epi8(text, _mm_set1_epi8('0'));
    __m128i letter = _mm_sub_epi8(_mm_or_si128(text, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    __m128i is_decimal = _mm_cmpeq_epi8(_mm_min_epu8(decimal, _mm_set1_epi8(9)), decimal);
    __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
    if (_mm_movemask_epi8(_mm_or_si128(is_decimal, is_letter)) != 0xffff)
        return false;
    __m128i value = _mm_or_si128(_mm_and_si128(decimal, is_decimal),
            _mm_and_si128(_mm_add_epi8(letter, _mm_set1_epi8(10)), is_letter));
    /* Pairs of digits, the first of each in the lower byte, become a byte each. */
    __m128i pairs = _mm_or_si128(_mm_slli_epi16(value, 4), _mm_srli_epi16(value, 8));
    pairs = _mm_packus_epi16(_mm_and_si128(pairs, _mm_set1_epi16(0xff)), _mm_setzero_si128());
    uint64_t word = 0;
    memcpy(&word, &pairs, sizeof(word));
    *out = __builtin_bswap64(word);
    return true;
}
#else
static inline bool tv_hex16(const char *digits, uint64_t *out)
{
    uint64_t value = 0;
    unsigned bad = 0;
    for (int i = 0; i < 16; i++) {
        unsigned decimal = (unsigned)(uint8_t)digits[i] - '0';
        unsigned letter = ((unsigned)(uint8_t)digits[i] | 0x20) - 'a';
        bad |= (decimal > 9) & (letter > 5);
        value = value << 4 | (decimal > 9 ? letter + 10 : decimal);
    }
    *out = value;
    return !bad;
}
#endif

#endif
