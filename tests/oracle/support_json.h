/* SPDX-License-Identifier: Apache-2.0 */
/* JSON for oracles: random event documents, mutations of bytes, and a strict checker of the grammar
 * that shares no code with the decoder. */
#ifndef TV_TESTS_ORACLE_SUPPORT_JSON_H
#define TV_TESTS_ORACLE_SUPPORT_JSON_H

#include "base/buf.h"

/* splitmix64: the same sequence for the same seed everywhere. */
struct dice {
    uint64_t state;
};

uint64_t dice_roll(struct dice *dice);
/* 0 … n − 1 */
uint32_t dice_below(struct dice *dice, uint32_t n);
bool dice_one_in(struct dice *dice, uint32_t n);

/* A shape is what the events of one body have in common: the members of most of them. */
struct shape {
    uint32_t count;
    uint32_t names[24]; /* see write_document */
};

void shape_roll(struct dice *dice, struct shape *out);
/* Appends one event document, mostly of the shape; valid JSON, though not always a good event.
 * Without `breaks`, no line break stands in it. */
void write_document(struct dice *dice, const struct shape *shape, bool breaks, struct tv_buf *out);
/* Changes some bytes at random. */
void mutate(struct dice *dice, struct tv_buf *text);

/* Whether the text is one JSON value by RFC 8259, in UTF-8 and without half surrogate pairs. */
bool json_is_strict(struct tv_str text);

#endif
