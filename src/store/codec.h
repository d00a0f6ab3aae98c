/* SPDX-License-Identifier: Apache-2.0 */
/* How the values of a column become bytes (FORMAT.md). Pairs of put and get; every get checks the
 * bounds of what it reads and gives false where the bytes are wrong. The number of values is not
 * stored: who reads knows it. Pure functions. */
#ifndef TV_STORE_CODEC_H
#define TV_STORE_CODEC_H

#include "base/arena.h"
#include "base/buf.h"

/* Words are copied as they lie in memory, here and in level 0: the file is little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a little-endian machine");

/* Plain bytes, compressed if it gains. */
void tv_bytes_put(struct tv_buf *out, const void *bytes, size_t count);
TV_CHECKED bool tv_bytes_get(struct tv_reader *in, size_t count, uint8_t *out);

/* Integers: constant, or distances from the least value or of neighbours, in planes of bytes. */
void tv_ints_put(struct tv_buf *out, const int64_t *values, uint32_t count);
TV_CHECKED bool tv_ints_get(struct tv_reader *in, uint32_t count, int64_t *out);

/* Doubles (as bits): decimals as integers where that is exact, else their bits. */
void tv_floats_put(struct tv_buf *out, const uint64_t *bits, uint32_t count);
TV_CHECKED bool tv_floats_get(struct tv_reader *in, uint32_t count, uint64_t *out);

/* Codes 0 … limit − 1 of a dictionary; smallest where they are given at first appearance. */
void tv_codes_put(struct tv_buf *out, const uint32_t *codes, uint32_t count);
TV_CHECKED bool tv_codes_get(struct tv_reader *in, uint32_t count, uint32_t limit, uint32_t *out);

/* Ids of 8 or 16 bytes: a dictionary where they repeat, else as they are. */
void tv_ids_put(struct tv_buf *out, const uint64_t *words, uint32_t words_each, uint32_t count);
TV_CHECKED bool tv_ids_get(
        struct tv_reader *in, uint32_t words_each, uint32_t count, uint64_t *out);

/* Texts in order, each by itself (a dictionary's, or a column's that does not repeat). */
void tv_texts_put(struct tv_buf *out, const struct tv_str *texts, uint32_t count);
TV_CHECKED bool tv_texts_get(
        struct tv_reader *in, uint32_t count, struct tv_arena *arena, struct tv_str *out);

/* Of those, the ones at `at` (ascending), without making the others. */
struct tv_picks {
    const uint32_t *at;
    uint32_t count;
};
TV_CHECKED bool tv_texts_pick(struct tv_reader *in, uint32_t count, struct tv_picks picks,
        struct tv_arena *arena, struct tv_str *out);

/* Whether all texts are one prefix and a plain number behind it; the numbers, then. */
TV_CHECKED bool tv_texts_are_numbered(const struct tv_str *texts, uint32_t count, int64_t *numbers);

/* A column of texts that may repeat: `codes` (from 1) into `dictionary`, all of it used. */
void tv_text_column_put(struct tv_buf *out, const struct tv_str *dictionary, uint32_t distinct,
        const uint32_t *codes, uint32_t count);
/* What a column of texts decodes to: a dictionary in the arena, and codes from 1 into it. */
struct tv_text_column {
    struct tv_str *dictionary;
    uint32_t distinct;
    uint32_t *codes; /* room for all, given by the caller */
};
TV_CHECKED bool tv_text_column_get(
        struct tv_reader *in, uint32_t count, struct tv_arena *arena, struct tv_text_column *out);

/* The texts at `picks` among the column's values. */
TV_CHECKED bool tv_text_column_pick(struct tv_reader *in, uint32_t count, struct tv_picks picks,
        struct tv_arena *arena, struct tv_str *out);

/* Ascending row numbers below `rows`. The getter's `out` may be NULL where all are expected. */
void tv_rows_put(struct tv_buf *out, const uint32_t *at, uint32_t count, uint32_t rows);
TV_CHECKED bool tv_rows_get(struct tv_reader *in, uint32_t count, uint32_t rows, uint32_t *out);

#endif
