/* SPDX-License-Identifier: Apache-2.0 */
/* The batch: the one data type that moves through the house.
 *
 * Events in columns of equal length. A fixed field is an array with a cell for every row; it is
 * NULL while no row has it (or when a scan did not ask for it). An attribute is a sparse column:
 * ascending row numbers beside tagged values, so memory follows what was sent and 2,000 names do no
 * harm. Names and texts are codes into the batch's own strings; everything lives in one arena.
 *
 * A batch is written by one thread, then sealed by being given away: from then on it is immutable
 * and shared by counting references (commit, level 0, queries and feed hold it at once). The one
 * exception is the commit itself, which fills `arrival` before anybody else sees the batch.
 *
 *     struct tv_batch *batch = tv_batch_new();
 *     uint32_t row = tv_batch_add_row(batch);
 *     tv_batch_set_time(batch, row, now);
 *     tv_batch_set_text(batch, TV_FIELD_SERVICE, row, TV_STR("checkout"));
 *     tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("user.id")), row, tv_value_i64(7));
 *     tv_batch_unref(batch);
 */
#ifndef TV_EVENT_BATCH_H
#define TV_EVENT_BATCH_H

#include "base/map.h"
#include "event/field.h"
#include "event/strings.h"

#include <stdatomic.h>

struct tv_attr {
    uint32_t name; /* code */
    bool secret;   /* masked by its name: its values are stored as tv_redact_mask() */
    uint8_t hints; /* enum tv_redact_hint: what the name says of its values */
    uint32_t count, cap;
    uint32_t set_row, set_next; /* private: the list of what the last row has set */
    uint32_t *rows;             /* ascending, no row twice */
    uint8_t *types;             /* enum tv_type of each */
    uint64_t *bits;             /* bool 0/1; int64; double's bits; code of STR and JSON */
};

struct tv_batch {
    uint32_t magic;
    atomic_uint refs;
    uint32_t rows, cap;            /* cells of rows … cap − 1 are absent in every column */
    void *columns[TV_FIELD_COUNT]; /* by tv_field_column's type, or NULL */
    struct tv_attr *attrs;
    uint32_t attr_count, attr_cap;
    uint32_t set_first;         /* private: see struct tv_attr */
    uint32_t mask;              /* private: code of the secrets' mask, or 0 */
    struct tv_map attr_by_name; /* name → index into attrs */
    struct tv_strings strings;
    struct tv_arena arena;
    uint8_t request_key[16]; /* hash of an Idempotency-Key; all 0 is none */
};

enum { TV_BATCH_ROWS_MAX = 1 << 20, TV_BATCH_ATTRS_MAX = 65536 };

/* One reference, owned by the caller. */
struct tv_batch *tv_batch_new(void);
struct tv_batch *tv_batch_ref(struct tv_batch *batch);
void tv_batch_unref(struct tv_batch *batch);
/* All memory it holds. */
size_t tv_batch_bytes(const struct tv_batch *batch);

/* Writing. A new row has every field absent. Setting a fixed cell again replaces it. A row that
 * the batch does not have, or a setter that does not fit the field's column, is asserted. */
void tv_batch_grow(struct tv_batch *batch, uint32_t rows);
/* Makes room for `more` events at once where their number is roughly known: for rows, and for about
 * as many texts of either kind. */
void tv_batch_reserve(struct tv_batch *batch, uint32_t more);

static inline uint32_t tv_batch_add_row(struct tv_batch *batch)
{
    if (batch->rows == batch->cap)
        tv_batch_grow(batch, batch->rows + 1);
    batch->set_first = UINT32_MAX;
    return batch->rows++;
}

/* Takes back the last row with all its cells (a document turned out bad half-way). Costs what the
 * row has set, however many attributes the batch has. Texts stay in the table of strings. Only for
 * a row made by tv_batch_add_row whose attributes were set while it was the last. */
void tv_batch_drop_last_row(struct tv_batch *batch);
/* The column, made (all absent) if there was none; cap cells, the first `rows` in use. Moves when
 * rows are added. */
void *tv_batch_column(struct tv_batch *batch, enum tv_field field);

/* Private to the setters: the column of a field that must be of this type. */
static inline void *tv_batch_cells(
        struct tv_batch *batch, enum tv_field field, enum tv_column_type type, uint32_t row)
{
    TV_ASSERT(tv_field_column(field) == type && row < batch->rows);
    void *cells = batch->columns[field];
    return cells ? cells : tv_batch_column(batch, field);
}

static inline void tv_batch_set_i64(
        struct tv_batch *batch, enum tv_field field, uint32_t row, int64_t value)
{
    ((int64_t *)tv_batch_cells(batch, field, TV_COLUMN_I64, row))[row] = value;
}

static inline void tv_batch_set_time(struct tv_batch *batch, uint32_t row, int64_t time_ns)
{
    tv_batch_set_i64(batch, TV_FIELD_TIME, row, time_ns);
}

static inline void tv_batch_set_u64(
        struct tv_batch *batch, enum tv_field field, uint32_t row, uint64_t value)
{
    ((uint64_t *)tv_batch_cells(batch, field, TV_COLUMN_U64, row))[row] = value;
}

static inline void tv_batch_set_u8(
        struct tv_batch *batch, enum tv_field field, uint32_t row, uint8_t value)
{
    ((uint8_t *)tv_batch_cells(batch, field, TV_COLUMN_U8, row))[row] = value;
}

static inline void tv_batch_set_id(
        struct tv_batch *batch, enum tv_field field, uint32_t row, struct tv_id id)
{
    ((struct tv_id *)tv_batch_cells(batch, field, TV_COLUMN_ID, row))[row] = id;
}

/* A code that the batch's strings gave. */
static inline void tv_batch_set_code(
        struct tv_batch *batch, enum tv_field field, uint32_t row, uint32_t code)
{
    ((uint32_t *)tv_batch_cells(batch, field, TV_COLUMN_CODE, row))[row] = code;
}

/* Interns the text; EVENT_ID, MESSAGE and CAUSED_BY are appended instead. */
static inline void tv_batch_set_text(
        struct tv_batch *batch, enum tv_field field, uint32_t row, struct tv_str text)
{
    uint32_t code = tv_field_is_appended(field)
            ? tv_strings_append(&batch->strings, &batch->arena, text)
            : tv_strings_intern(&batch->strings, &batch->arena, text);
    tv_batch_set_code(batch, field, row, code);
}

/* The attribute's index, made if there was none; `name` is copied. UINT32_MAX past
 * TV_BATCH_ATTRS_MAX names. Whether it is a secret is decided here, once. */
uint32_t tv_batch_attr(struct tv_batch *batch, struct tv_str name);
/* The same without the limit, for batches that are read back or put together. */
uint32_t tv_batch_attr_unbounded(struct tv_batch *batch, struct tv_str name);
/* tv_batch_attr with a guess, which is much faster if right: events of one kind carry the same
 * names in the same order, so the index found at this place of the last event is a good one. Any
 * number is allowed as guess. */
static inline uint32_t tv_batch_attr_guess(
        struct tv_batch *batch, struct tv_str name, uint32_t guess)
{
    if (guess < batch->attr_count &&
            tv_str_equal(tv_strings_get(&batch->strings, batch->attrs[guess].name), name))
        return guess;
    return tv_batch_attr(batch, name);
}

/* The index, or UINT32_MAX. */
uint32_t tv_batch_find_attr(const struct tv_batch *batch, struct tv_str name);
/* Sets the last row's value or that of a later row than any set so far (asserted); again for the
 * same row replaces. NULL values take it away. Text is interned up to 128 bytes, else appended. A
 * secret attribute stores the mask whatever the value. Many values of one attribute at once:
 * tv_batch_attr_reserve first. */
void tv_batch_set_attr(struct tv_batch *batch, uint32_t attr, uint32_t row, struct tv_value value);
/* As tv_batch_set_attr for the last row, of a value in the form that is kept (see struct tv_attr):
 * for decoders, which know the codes of texts. False, and nothing is set, where that takes more than
 * appending: the attribute is a secret, its arrays are full, or it has the row already. */
TV_CHECKED static inline bool tv_batch_push_attr(
        struct tv_batch *batch, uint32_t index, enum tv_type type, uint64_t bits)
{
    struct tv_attr *attr = &batch->attrs[index];
    uint32_t row = batch->rows - 1;
    uint32_t count = attr->count;
    if (attr->secret || count == attr->cap || (count > 0 && attr->rows[count - 1] >= row))
        return false;
    if (attr->set_row != row) {
        attr->set_row = row;
        attr->set_next = batch->set_first;
        batch->set_first = index;
    }
    attr->rows[count] = row;
    attr->types[count] = (uint8_t)type;
    attr->bits[count] = bits;
    attr->count = count + 1;
    return true;
}
/* Makes room for `more` values of the attribute. */
void tv_batch_attr_reserve(struct tv_batch *batch, uint32_t attr, uint32_t more);
/* The code of an attribute's text: interned up to 128 bytes, else appended. */
uint32_t tv_batch_attr_text(struct tv_batch *batch, struct tv_str text);

/* Reading. */
static inline const int64_t *tv_batch_i64(const struct tv_batch *batch, enum tv_field field)
{
    return batch->columns[field];
}

static inline const uint64_t *tv_batch_u64(const struct tv_batch *batch, enum tv_field field)
{
    return batch->columns[field];
}

static inline const uint32_t *tv_batch_codes(const struct tv_batch *batch, enum tv_field field)
{
    return batch->columns[field];
}

static inline const uint8_t *tv_batch_u8(const struct tv_batch *batch, enum tv_field field)
{
    return batch->columns[field];
}

static inline const struct tv_id *tv_batch_ids(const struct tv_batch *batch, enum tv_field field)
{
    return batch->columns[field];
}

/* Text of a CODE field; {NULL, 0} if absent. Borrowed from the batch. */
struct tv_str tv_batch_text(const struct tv_batch *batch, enum tv_field field, uint32_t row);
/* A fixed field as a value: enumerations as their text, ids as 32 or 16 hex digits written into
 * `scratch`, absent as NULL. The result borrows batch or scratch. */
struct tv_value tv_batch_value(
        const struct tv_batch *batch, enum tv_field field, uint32_t row, char scratch[33]);
/* An attribute's value in a row (binary search), NULL if absent. */
struct tv_value tv_batch_attr_value(const struct tv_batch *batch, uint32_t attr, uint32_t row);
/* An attribute's entry (0 … count − 1) as a value, and the first entry of `row` or a later one
 * (`count` if there is none): for walking a sparse column. */
struct tv_value tv_batch_entry_value(
        const struct tv_batch *batch, const struct tv_attr *attr, uint32_t entry);
uint32_t tv_attr_lower_bound(const struct tv_attr *attr, uint32_t row);
/* Any field by reference, virtual ones included. */
struct tv_value tv_batch_ref_value(const struct tv_batch *batch, const struct tv_field_ref *ref,
        uint32_t row, char scratch[33]);
/* DESIGN's error_occurred of a row: type error, status error, severity ≥ ERROR, HTTP status ≥ 500
 * (a number or a text that is one). */
bool tv_batch_is_error(const struct tv_batch *batch, uint32_t row);
/* The same for all rows, a column at a time: sets bit row % 64 of bits[row / 64] for every row with
 * an error and clears the others; (rows + 63) / 64 words. */
void tv_batch_error_bits(const struct tv_batch *batch, uint64_t *bits);

/* Appends the given rows of `from` to `into` (all columns, texts re-interned; request_key is not
 * taken over). For compaction and sorting; `rows` in any order, none twice. Nothing is refused:
 * `into` may come to have more than TV_BATCH_ATTRS_MAX names. */
void tv_batch_append_rows(
        struct tv_batch *into, const struct tv_batch *from, const uint32_t *rows, uint32_t count);
/* Keeps only the given rows (ascending) of a batch that nobody else holds. */
void tv_batch_keep(struct tv_batch *batch, const uint32_t *rows, uint32_t count);

#endif
