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
/* What is computed for a service over a span of time, and is no field of an event. */
enum tv_derived {
    TV_DERIVED_NONE,
    TV_DERIVED_ERROR_RATE,
    TV_DERIVED_REQUEST_RATE,
    TV_DERIVED_LATENCY_P50, /* also `latency` */
    TV_DERIVED_LATENCY_P95,
    TV_DERIVED_LATENCY_P99,
    TV_DERIVED_ACTIVE_REQUESTS,
    TV_DERIVED_COUNT
};

/* Their names, every spelling. Static. */
struct tv_derived_name {
    struct tv_str name;
    enum tv_derived derived;
    bool synonym; /* another name stands before it */
};
const struct tv_derived_name *tv_derived_names(size_t *count);
/* NONE for any other name. */
enum tv_derived tv_derived_of(struct tv_str name);
bool tv_is_derived(struct tv_str name);
/* Whether a condition asks for a derived field anywhere. */
bool tv_asks_derived(const struct tv_cond *cond);
/* A condition on services: fields are derived ones, and `service`. */
TV_CHECKED enum tv_status tv_compile_service_cond(
        struct tv_compiler *compiler, const struct tv_cond *cond, struct tv_pred **out);

/* What a statement measures: a number of events, or a derived field. */
struct tv_measure {
    struct tv_ast_field written;
    enum tv_derived derived;
    struct tv_field_ref ref; /* if derived is NONE */
};
/* Resolves either. */
TV_CHECKED enum tv_status tv_compile_measure(
        struct tv_compiler *compiler, const struct tv_ast_field *field, struct tv_measure *out);
/* Resolves the name of an event's field; a derived one is an error, or, `of_services`, any other
 * but `service`. */
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
