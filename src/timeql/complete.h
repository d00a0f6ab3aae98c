/* SPDX-License-Identifier: Apache-2.0 */
/* Completion's working set. Private to this room.
 *
 * complete.c finds what is being written and writes the answer, complete_word.c knows the language,
 * complete_store.c what is stored. All offer candidates; what does not fit the text at hand is dropped
 * at once. */
#ifndef TV_TIMEQL_COMPLETE_H
#define TV_TIMEQL_COMPLETE_H

#include "timeql/parser.h"

/* In an answer; and how many of them only words of the language may be, so that they have room beside
 * thousands of stored names. */
enum { TV_COMPLETIONS_MAX = 100, TV_COMPLETIONS_FOR_WORDS = 50 };

enum tv_completion_kind {
    TV_COMPLETE_KEYWORD,
    TV_COMPLETE_FUNCTION,
    TV_COMPLETE_FIELD,
    TV_COMPLETE_OPERATOR,
    TV_COMPLETE_VALUE,
    TV_COMPLETE_TIME,
    TV_COMPLETE_DURATION,
    TV_COMPLETE_UNIT,
    TV_COMPLETE_COUNT,
    TV_COMPLETE_REFERENCE,
    TV_COMPLETE_SYMBOL
};

struct tv_candidate {
    enum tv_completion_kind kind;
    struct tv_str text;   /* to be put in; borrowed by the completion, or in its arena */
    struct tv_str key;    /* what the written part is compared with; {NULL, 0}: the text */
    struct tv_str detail; /* for the reader, or {NULL, 0} */
};

struct tv_completion {
    const struct tv_completion_env *env;
    struct tv_error *err;
    struct tv_arena arena;
    struct tv_parse_probe probe;
    uint32_t from, to;     /* the bytes of the statement to replace */
    struct tv_str written; /* the part that stands there already, without an opening quote */
    /* Those whose key begins with the written part, and those that only contain it. */
    struct tv_candidate begin[TV_COMPLETIONS_MAX], inside[TV_COMPLETIONS_MAX];
    size_t begin_count, inside_count;
    bool truncated;
};

/* Takes the candidate if it fits and there is room. */
void tv_complete_offer(struct tv_completion *completion, const struct tv_candidate *candidate);
bool tv_complete_expects(const struct tv_completion *completion, const char *what);

/* complete_word.c: everything that needs no store. */
void tv_complete_functions(struct tv_completion *completion);
void tv_complete_words(struct tv_completion *completion);
void tv_complete_durations(struct tv_completion *completion);
void tv_complete_times(struct tv_completion *completion);

/* complete_store.c */
TV_CHECKED enum tv_status tv_complete_fields(struct tv_completion *completion);
/* Of the field that the probe names; anything else if it names none. */
TV_CHECKED enum tv_status tv_complete_values(struct tv_completion *completion);
/* The newest errors, as references. */
TV_CHECKED enum tv_status tv_complete_references(struct tv_completion *completion);

#endif
