/* SPDX-License-Identifier: Apache-2.0 */
/* A condition's tree to a predicate over columns: names are resolved, types and units checked, texts
 * turned into times, ids and enumerations here, so that the predicate compares plain values.
 * Private to this room. */
#ifndef TV_TIMEQL_COMPILE_H
#define TV_TIMEQL_COMPILE_H

#include "timeql/ast.h"
#include "timeql/when.h"

struct tv_compiler {
    struct tv_arena *arena;
    struct tv_str text; /* the statement, for positions */
    struct tv_clock clock;
    struct tv_error *err;
    bool of_services;          /* the condition is about derived fields, not about events' */
    struct tv_regex **regexes; /* owned by the compiler's owner: tv_compiler_release */
    size_t regex_count, regex_cap;
    struct tv_str *names; /* attributes that were named, for "did you mean" */
    size_t name_count, name_cap;
    struct tv_str *warnings;
    size_t warning_count, warning_cap;
};

/* Frees the regular expressions; predicates made must not be used any more. */
void tv_compiler_release(struct tv_compiler *compiler);

/* *out lives in the arena and until tv_compiler_release. A NULL condition gives NULL. */
TV_CHECKED enum tv_status tv_compile_cond(
        struct tv_compiler *compiler, const struct tv_cond *cond, struct tv_pred **out);
/* Whether it is computed for a service over a span of time (errorRate …), not a field of an event. */
bool tv_is_derived(struct tv_str name);
/* Resolves the name of an event's field; a derived one is an error, or, `of_services`, any other. */
TV_CHECKED enum tv_status tv_compile_field(
        struct tv_compiler *compiler, const struct tv_ast_field *field, struct tv_field_ref *out);
TV_CHECKED enum tv_status tv_compile_time(
        struct tv_compiler *compiler, const struct tv_ast_time *time, int64_t *out);
/* Adds a warning to the answer, once. */
void tv_compiler_warn(struct tv_compiler *compiler, struct tv_str text);
/* Fails with a position; returns `status`. */
enum tv_status tv_compiler_fail(struct tv_compiler *compiler, enum tv_status status,
        uint32_t offset, const char *format, ...) TV_PRINTF(4, 5);

/* The predicate that holds where all of `count` (≥ 1) or any of them do, built as a balanced tree,
 * since evaluation recurses. */
struct tv_pred *tv_pred_all(struct tv_arena *arena, struct tv_pred **parts, size_t count);
struct tv_pred *tv_pred_any(struct tv_arena *arena, struct tv_pred **parts, size_t count);

#endif
