/* SPDX-License-Identifier: Apache-2.0 */
/* A segment being encoded, shared by the files that do it. */
#ifndef TV_STORE_ENCODE_INTERNAL_H
#define TV_STORE_ENCODE_INTERNAL_H

#include "store/codec.h"
#include "store/encode.h"

#define TV_NOWHERE UINT32_MAX

/* One source batch that has rows in the segment. */
struct tv_source {
    const struct tv_batch *batch;
    uint32_t *place; /* by row: its row in the segment, or TV_NOWHERE */
    uint32_t *texts; /* by code: the encoder's code, 0 for not yet */
};

struct tv_encoder {
    const struct tv_build *build;
    uint32_t count;            /* rows */
    struct tv_source *sources; /* by batch; batch NULL where it has no row here */
    struct tv_strings texts;   /* of all sources, interned */
    uint32_t *local;           /* by code of texts: code in the column at hand, 0 for none */
    uint32_t local_cap;
    struct tv_segment *segment;
    struct tv_buf *payload;
    size_t start; /* of this segment in the payload */

    /* Room for one column, count cells each. */
    uint32_t *at, *codes;
    int64_t *numbers;
    uint8_t *types;
    uint64_t *bits;
    struct tv_str *dictionary;
    struct tv_arena arena;
};

/* The encoder's code for a source's text. */
uint32_t tv_encoder_text(struct tv_encoder *encoder, struct tv_source *source, uint32_t code);
/* Puts a column of `count` texts given by the encoder's codes (all > 0); lists their hashes in
 * `column` (may be NULL) if they are few. */
void tv_encoder_put_texts(struct tv_encoder *encoder, const uint32_t *codes, uint32_t count,
        struct tv_segment_column *column);
/* Brackets a block in the payload. */
size_t tv_encoder_block_begin(const struct tv_encoder *encoder);
struct tv_block tv_encoder_block_end(const struct tv_encoder *encoder, size_t begin);

/* The parts of a segment, in this order. */
void tv_encoder_rollup(struct tv_encoder *encoder);
void tv_encoder_filters(struct tv_encoder *encoder);
void tv_encoder_fields(struct tv_encoder *encoder);
void tv_encoder_attrs(struct tv_encoder *encoder);

#endif
