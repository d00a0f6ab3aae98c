/* SPDX-License-Identifier: Apache-2.0 */
/* What an event document means, worked out slowly from cJSON's tree. */
#ifndef TV_TESTS_ORACLE_SUPPORT_MODEL_H
#define TV_TESTS_ORACLE_SUPPORT_MODEL_H

#include "base/arena.h"
#include "event/batch.h"

#include <cjson/cJSON.h>

enum { MODEL_ATTRS_MAX = 2048, MODEL_RANKS_MAX = 8 };

/* A leaf of the document: a cJSON node and, of a number, its text. */
struct model_leaf {
    const cJSON *node; /* NULL: none */
    struct tv_str number;
    struct tv_str path, name; /* from the top; as attribute */
};

struct model_attr {
    struct tv_str name;
    struct model_leaf leaf;
    struct tv_str text; /* instead of a leaf: a text that a field left */
    bool present;
};

struct model {
    struct tv_arena arena;
    int64_t received_ns;
    const char *refused; /* why, or NULL */
    struct model_leaf fields[TV_FIELD_COUNT][MODEL_RANKS_MAX];
    struct model_attr attrs[MODEL_ATTRS_MAX];
    size_t attr_count;

    /* Filled from the fields. */
    int64_t i64[TV_FIELD_COUNT]; /* times, durations; TV_ABSENT_I64 */
    struct tv_str text[TV_FIELD_COUNT];
    uint8_t small[TV_FIELD_COUNT];
    struct tv_id trace;
    uint64_t span[TV_FIELD_COUNT];
    const cJSON *causes; /* a string, a number or an array; NULL is none */
    struct tv_str causes_number;

    cJSON *tree;        /* what the leaves point into; the owner frees it */
    struct tv_str rest; /* of the document: where the next number's text is looked for */
};

/* Works out the document, of which `tree` is cJSON's reading. */
void model_build(struct model *model, struct tv_str document, const cJSON *tree);
void model_release(struct model *model);

/* NULL if the batch's row is what the model says, else what differs. */
const char *model_compare(const struct model *model, const struct tv_batch *batch, uint32_t row);
/* Attributes that the model has. */
size_t model_count(const struct model *model);

#endif
