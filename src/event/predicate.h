/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions compiled over a batch's columns.
 *
 * timeql builds a tree in its arena with the makers below; store and feed run it. Evaluation works
 * a column at a time: a comparison with text is decided once for each string of the batch, then
 * rows look it up by code. Logic is three-valued as in SQL: a comparison with an absent field is
 * unknown, NOT unknown is unknown, and only true selects. A built predicate is immutable; any
 * thread may run it.
 *
 *     struct tv_pred *p = tv_pred_compare(&arena, tv_field_resolve(TV_STR("service")), TV_OP_EQ,
 *                                         tv_value_str(TV_STR("checkout")));
 *     uint32_t n = tv_pred_select(p, batch, NULL, batch->rows, rows, &scratch);
 */
#ifndef TV_EVENT_PREDICATE_H
#define TV_EVENT_PREDICATE_H

#include "base/buf.h"
#include "base/regex.h"
#include "event/batch.h"

struct tv_pred;

enum tv_op {
    TV_OP_EQ,
    TV_OP_NE,
    TV_OP_LT,
    TV_OP_LE,
    TV_OP_GT,
    TV_OP_GE,
    TV_OP_CONTAINS,
    TV_OP_STARTS_WITH
};

/* Makers. Results live in the arena; children and texts are borrowed for as long. Text compares
 * with ids as hex of any case, with enumerations by their names (also an alias), with times as
 * times (timeql converts literals to int64 before). A number compares with a STR attribute that is
 * a number as a whole. severity compares by its number in < and >, also against a name. */
struct tv_pred *tv_pred_true(struct tv_arena *arena);
struct tv_pred *tv_pred_and(struct tv_arena *arena, struct tv_pred *a, struct tv_pred *b);
struct tv_pred *tv_pred_or(struct tv_arena *arena, struct tv_pred *a, struct tv_pred *b);
struct tv_pred *tv_pred_not(struct tv_arena *arena, struct tv_pred *a);
struct tv_pred *tv_pred_compare(
        struct tv_arena *arena, struct tv_field_ref field, enum tv_op op, struct tv_value value);
/* `values` are copied. */
struct tv_pred *tv_pred_in(struct tv_arena *arena, struct tv_field_ref field,
        const struct tv_value *values, size_t count);
/* Borrows the compiled regex, which must outlive the predicate. */
struct tv_pred *tv_pred_match(
        struct tv_arena *arena, struct tv_field_ref field, const struct tv_regex *regex);
/* True if the field is present, false (never unknown) if absent. */
struct tv_pred *tv_pred_exists(struct tv_arena *arena, struct tv_field_ref field);

/* Selects, of `count` candidate rows (NULL: rows 0 … count − 1), those for which the predicate is
 * true; writes their numbers, in the given order, to `out` (room for `count`) and returns how many.
 * `out` may be `candidates`. NULL predicate selects all. `scratch` is used and may be released or
 * kept by the caller afterwards. */
uint32_t tv_pred_select(const struct tv_pred *pred, const struct tv_batch *batch,
        const uint32_t *candidates, uint32_t count, uint32_t *out, struct tv_arena *scratch);

/* Every field that evaluation reads is given to `visit` (a virtual one as all fields behind it, each
 * of class FIXED or ATTRIBUTE). */
typedef void tv_pred_field_fn(void *ctx, const struct tv_field_ref *field);
void tv_pred_fields(const struct tv_pred *pred, tv_pred_field_fn *visit, void *ctx);

/* What is known of a segment without reading it. `range` tells the least and greatest number of a
 * field's values and whether all rows have it numeric; `may_equal` whether any row can equal the
 * value (a filter or a dictionary; true if unknown). Either may be NULL. */
struct tv_pred_zones {
    void *ctx;
    bool (*range)(void *ctx, const struct tv_field_ref *field, double *min, double *max);
    bool (*may_equal)(void *ctx, const struct tv_field_ref *field, struct tv_value value);
};

/* False only if no row of such a segment can satisfy the predicate. */
bool tv_pred_may_match(const struct tv_pred *pred, const struct tv_pred_zones *zones);

/* Appends the predicate as TimeQL text, for EXPLAIN. */
void tv_pred_print(const struct tv_pred *pred, struct tv_buf *out);

#endif
