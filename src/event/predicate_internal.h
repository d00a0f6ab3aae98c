/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a condition, shared by the files that build, evaluate, prune and print it. */
#ifndef TV_EVENT_PREDICATE_INTERNAL_H
#define TV_EVENT_PREDICATE_INTERNAL_H

#include "event/predicate.h"

enum pred_kind {
    PRED_TRUE,
    PRED_AND,    /* `parts` */
    PRED_OR,     /* `parts` */
    PRED_NOT,    /* `child` */
    PRED_MEMBER, /* =, !=, IN */
    PRED_ORDER,  /* <, <=, >, >= */
    PRED_TEXT,   /* CONTAINS, STARTS WITH */
    PRED_MATCH,
    PRED_EXISTS
};

/* What is known of one row; 0 is "not decided yet". */
enum pred_tri { PRED_UNDECIDED, PRED_YES, PRED_NO, PRED_UNKNOWN };

/* The parts of AND and OR. A node sees the first `count` of a list that only grows, so that a chain
 * of n terms takes n steps to build and one level of recursion to run. */
struct pred_parts {
    struct tv_pred **items;
    uint32_t count, cap;
};

/* The values of =, != and IN, sorted for search. A text that is a number equals numbers as one, and
 * texts by its bytes. */
struct pred_set {
    struct tv_str *texts;
    struct tv_number *numbers, *text_numbers;
    struct tv_id *ids; /* of texts, where the field is an id; `lo` alone for span ids */
    uint32_t text_count, number_count, text_number_count, id_count;
    bool has_null, has_bool[2], has_bool_text[2];
};

/* A severity as a range of its numbers: a name covers its band. */
struct pred_band {
    double low, high;
};

struct tv_pred {
    enum pred_kind kind;
    struct pred_parts *parts;
    uint32_t count; /* of parts, or of values */
    struct tv_pred *child;
    struct tv_field_ref field;
    enum tv_op op;
    bool is_in;
    struct tv_value *values; /* made fit for the field: times as int64, canonical names */
    struct pred_set set;
    struct pred_band *bands; /* of values, where the field is severity; low > high for none */
    /* For integers the whole comparison is "low ≤ x ≤ high", or its opposite. */
    bool has_range, outside;
    int64_t low, high;
    /* For doubles, where the value is exact as one. */
    bool has_double;
    double number;
    const struct tv_regex *regex;
};

/* How often matching has given up in one evaluation. */
struct pred_effort {
    uint32_t gave_up;
};

/* What a leaf other than EXISTS says of one cell, NULL included. Severity and ids excepted, which
 * have functions of their own. */
enum pred_tri tv_pred_decide(
        const struct tv_pred *leaf, struct tv_value cell, struct pred_effort *effort);
enum pred_tri tv_pred_decide_severity(
        const struct tv_pred *leaf, uint8_t severity, struct pred_effort *effort);
/* Of PRED_MEMBER only. */
enum pred_tri tv_pred_decide_id(const struct tv_pred *leaf, struct tv_id id);

/* Fills `set`, `bands`, the range and the double from field, op and values. */
void tv_pred_compile(struct tv_pred *leaf, struct tv_arena *arena);

#endif
