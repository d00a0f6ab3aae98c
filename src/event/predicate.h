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
 *     uint32_t n = tv_pred_select(p, batch, rows, &scratch);
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

/* Makers. Results live in the arena; children and texts are borrowed for as long. The depth of a
 * tree is that of its parentheses (chains of one kind and NOT NOT cost none), which the caller
 * bounds.
 *
 * Comparisons, where types differ:
 * - a number, and a text that is a number as a whole ("500"), compare with numbers exactly; a
 *   number compares with such a text in a cell; text with text goes by bytes ('1.0' is not "1");
 * - bools are 0 and 1 to numbers, and "true" and "false" of any case to texts;
 * - values that cannot be ordered ('abc' and 5, NaN) are unequal, and <, <=, >, >= are unknown;
 *   a comparison with NULL is unknown, and so is IN of a list with NULL that finds nothing;
 * - ids compare with hex of any case; other texts as the ids that tv_trace_id_from_text makes;
 * - times, durations and arrival numbers are int64 (timeql converts literals before; RFC 3339,
 *   "250ms" and "@…" as text are understood as well);
 * - enumerations compare with their names, also an alias ("SPAN_KIND_SERVER");
 * - severity goes by its number. A name that is the first of its four ("ERROR", also an alias such
 *   as "warning") covers the four: = 'ERROR' is 17 to 20, > 'ERROR' is above 20, >= 'ERROR' is 17
 *   and above. Other names ("ERROR2", "critical") and numbers are exact;
 * - CONTAINS, STARTS WITH and =~ read a number or bool as its text (STARTS WITH '5' finds 500), and
 *   a JSON array as it was sent;
 * - error_occurred is true or false, never unknown; cpu, memory and disk are the first attribute
 *   present of tv_virtual_attributes.
 *
 * A NULL condition means "always": tv_pred_and gives the other one. */
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

/* Selects, of `count` candidate rows, those for which the predicate is true: they stay in `rows`, in
 * the given order, and their number is returned. NULL predicate selects all. `scratch` is used and
 * may be released or kept by the caller afterwards. Matching gives up a text that takes too long
 * (regex.h), and after 64 of those finds nothing more in this call. */
uint32_t tv_pred_filter(const struct tv_pred *pred, const struct tv_batch *batch, uint32_t *rows,
        uint32_t count, struct tv_arena *scratch);
/* The same of all rows of the batch; writes their numbers to `rows` (room for batch->rows). */
uint32_t tv_pred_select(const struct tv_pred *pred, const struct tv_batch *batch, uint32_t *rows,
        struct tv_arena *scratch);

/* Every field that evaluation reads is given to `visit` (a virtual one as all fields behind it,
 * each of class FIXED or ATTRIBUTE). */
typedef void tv_pred_field_fn(void *ctx, const struct tv_field_ref *field);
void tv_pred_fields(const struct tv_pred *pred, tv_pred_field_fn *visit, void *ctx);

/* What is known of a segment without reading it. `range` tells the least and greatest value of a
 * field, and returns true only if every value there is of it is I64, F64 (no NaN) or BOOL (or the
 * field is severity, by number); low > high says that no row has the field; false if unknown.
 * `may_equal` tells whether any row's value can equal the given one (a filter or a dictionary; true
 * if unknown): ids come as text for tv_trace_id_from_text and tv_span_id_from_text, enumerations by
 * their names; a number may also equal a text that is one. `may_be_number` is false where all there
 * is of it is text, so that a text that is asked for need not be as a number. Each may be NULL. */
struct tv_pred_zones {
    void *ctx;
    bool (*range)(void *ctx, const struct tv_field_ref *field, double *min, double *max);
    bool (*may_equal)(void *ctx, const struct tv_field_ref *field, struct tv_value value);
    bool (*may_be_number)(void *ctx, const struct tv_field_ref *field);
};

/* False only if no row of such a segment can satisfy the predicate. */
bool tv_pred_may_match(const struct tv_pred *pred, const struct tv_pred_zones *zones);

/* Appends the predicate as TimeQL text, for EXPLAIN. */
void tv_pred_print(const struct tv_pred *pred, struct tv_buf *out);

#endif
