/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of answers and the reading of fields from batches. Private to this room. */
#ifndef TV_TIMEQL_COLUMN_H
#define TV_TIMEQL_COLUMN_H

#include "store/store.h"

/* How a column's values are shown. */
enum tv_column_kind {
    TV_AS_ANY, /* an attribute: as its values are */
    TV_AS_STRING,
    TV_AS_INTEGER,
    TV_AS_NUMBER,
    TV_AS_BOOLEAN,
    TV_AS_TIME, /* ns since 1970 in the cell, RFC 3339 in the answer */
    TV_AS_JSON
};

struct tv_column {
    struct tv_str name;
    enum tv_column_kind kind;
    const char *unit; /* "ns", or NULL */
    struct tv_field_ref ref;
};

/* "string", "integer" … */
const char *tv_column_kind_name(enum tv_column_kind kind);
/* The column of a field. `name` is borrowed. */
struct tv_column tv_column_of(struct tv_str name, struct tv_field_ref ref);

/* Which columns a scan must load. */
struct tv_columns_wanted {
    uint32_t fields;
    struct tv_str *attributes;
    size_t count, cap;
    struct tv_arena *arena;
};

void tv_want_field(struct tv_columns_wanted *wanted, enum tv_field field);
/* A field by reference, a virtual one as all that stand behind it. */
void tv_want_ref(struct tv_columns_wanted *wanted, const struct tv_field_ref *ref);
/* All that the predicate reads; NULL reads nothing. */
void tv_want_pred(struct tv_columns_wanted *wanted, const struct tv_pred *pred);
struct tv_scan_columns tv_wanted_columns(const struct tv_columns_wanted *wanted);
/* Every field and attribute. */
struct tv_scan_columns tv_all_columns(void);

/* The field's values in the given rows into out[0 … count − 1]. Texts borrow the batch, ids lie in the
 * arena; arrival numbers come as "@…". A column at a time: the kind of column is asked once. */
void tv_gather(const struct tv_scan_batch *in, const struct tv_field_ref *ref,
        struct tv_arena *arena, struct tv_value *out);

/* Order of two values of a field: as values compare, but severities by their number. */
int tv_field_compare(const struct tv_field_ref *ref, struct tv_value a, struct tv_value b);

#endif
