/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a field of many rows at once. The loops stand inside the choice of the column's type, so
 * that each is a plain walk over an array; sparse attributes are merged with the row list, since both
 * ascend. */
#include "timeql/column.h"

const char *tv_column_kind_name(enum tv_column_kind kind)
{
    static const char *const names[] = {
            "any", "string", "integer", "number", "boolean", "time", "json"};
    return names[kind];
}

static enum tv_column_kind fixed_kind(enum tv_field field)
{
    if (field == TV_FIELD_TIME || field == TV_FIELD_RECEIVED)
        return TV_AS_TIME;
    if (field == TV_FIELD_DURATION)
        return TV_AS_INTEGER;
    return field == TV_FIELD_CAUSED_BY ? TV_AS_JSON : TV_AS_STRING;
}

struct tv_column tv_column_of(struct tv_str name, struct tv_field_ref ref)
{
    struct tv_column column = {.name = name, .kind = TV_AS_ANY, .ref = ref};
    if (ref.class == TV_FIELD_FIXED) {
        column.kind = fixed_kind(ref.field);
        column.unit = ref.field == TV_FIELD_DURATION ? "ns" : NULL;
    } else if (ref.class == TV_FIELD_VIRTUAL) {
        column.kind = ref.virtual_field == TV_VIRTUAL_ERROR_OCCURRED ? TV_AS_BOOLEAN : TV_AS_NUMBER;
    }
    return column;
}

void tv_want_field(struct tv_columns_wanted *wanted, enum tv_field field)
{
    wanted->fields |= 1U << field;
}

static void want_attribute(struct tv_columns_wanted *wanted, struct tv_str name)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (tv_str_equal(wanted->attributes[i], name))
            return;
    if (wanted->count == wanted->cap) {
        wanted->cap = wanted->cap ? wanted->cap * 2 : 8;
        wanted->attributes = tv_arena_grow(wanted->arena, wanted->attributes, wanted->count,
                wanted->cap, sizeof(*wanted->attributes));
    }
    wanted->attributes[wanted->count++] = name;
}

static void want_one(void *ctx, const struct tv_field_ref *ref)
{
    if (ref->class == TV_FIELD_FIXED)
        tv_want_field(ctx, ref->field);
    else
        want_attribute(ctx, ref->name);
}

void tv_want_ref(struct tv_columns_wanted *wanted, const struct tv_field_ref *ref)
{
    if (ref->class == TV_FIELD_VIRTUAL)
        tv_want_pred(wanted, tv_pred_exists(wanted->arena, *ref));
    else
        want_one(wanted, ref);
}

void tv_want_pred(struct tv_columns_wanted *wanted, const struct tv_pred *pred)
{
    if (pred)
        tv_pred_fields(pred, want_one, wanted);
}

struct tv_scan_columns tv_wanted_columns(const struct tv_columns_wanted *wanted)
{
    return (struct tv_scan_columns){.fields = wanted->fields,
            .attributes = wanted->attributes,
            .attribute_count = wanted->count};
}

struct tv_scan_columns tv_all_columns(void)
{
    return (struct tv_scan_columns){.fields = (1U << TV_FIELD_COUNT) - 1, .all_attributes = true};
}

static void gather_codes(const struct tv_scan_batch *in, enum tv_field field, enum tv_type type,
        struct tv_value *out)
{
    const uint32_t *codes = tv_batch_codes(in->batch, field);
    const struct tv_strings *strings = &in->batch->strings;
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t code = codes[in->rows[i]];
        out[i] = code ? (struct tv_value){.type = type, .s = tv_strings_get(strings, code)}
                      : tv_value_null();
    }
}

static void gather_i64(const struct tv_scan_batch *in, enum tv_field field, struct tv_value *out)
{
    const int64_t *values = tv_batch_i64(in->batch, field);
    for (uint32_t i = 0; i < in->count; i++) {
        int64_t value = values[in->rows[i]];
        out[i] = value == TV_ABSENT_I64 ? tv_value_null() : tv_value_i64(value);
    }
}

static void gather_arrivals(
        const struct tv_scan_batch *in, struct tv_arena *arena, struct tv_value *out)
{
    const uint64_t *values = tv_batch_u64(in->batch, TV_FIELD_ARRIVAL);
    for (uint32_t i = 0; i < in->count; i++) {
        char *text = tv_arena_bytes(arena, TV_ARRIVAL_TEXT_BYTES);
        size_t len = tv_arrival_format(values[in->rows[i]], text);
        out[i] = tv_value_str((struct tv_str){text, len});
    }
}

/* Enumerations and ids: text made by the event room. */
static void gather_texts(const struct tv_scan_batch *in, enum tv_field field,
        struct tv_arena *arena, struct tv_value *out)
{
    char scratch[33];
    bool copied = tv_field_column(field) != TV_COLUMN_U8;
    for (uint32_t i = 0; i < in->count; i++) {
        out[i] = tv_batch_value(in->batch, field, in->rows[i], scratch);
        if (copied && out[i].type == TV_TYPE_STR)
            out[i].s = tv_arena_str(arena, out[i].s);
    }
}

static void gather_fixed(const struct tv_scan_batch *in, enum tv_field field,
        struct tv_arena *arena, struct tv_value *out)
{
    if (!in->batch->columns[field]) {
        for (uint32_t i = 0; i < in->count; i++)
            out[i] = tv_value_null();
        return;
    }
    switch (tv_field_column(field)) {
    case TV_COLUMN_CODE:
        gather_codes(in, field, tv_field_type(field), out);
        return;
    case TV_COLUMN_I64:
        gather_i64(in, field, out);
        return;
    case TV_COLUMN_U64:
        if (field == TV_FIELD_ARRIVAL)
            gather_arrivals(in, arena, out);
        else
            gather_texts(in, field, arena, out);
        return;
    case TV_COLUMN_ID:
    case TV_COLUMN_U8:
        gather_texts(in, field, arena, out);
        return;
    }
}

/* The first cell at or behind a row. */
static uint32_t seek_cell(const struct tv_attr *attr, uint32_t row)
{
    uint32_t low = 0;
    uint32_t high = attr->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (attr->rows[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void gather_attribute(
        const struct tv_scan_batch *in, struct tv_str name, struct tv_value *out)
{
    uint32_t index = tv_batch_find_attr(in->batch, name);
    const struct tv_attr *attr = index == UINT32_MAX ? NULL : &in->batch->attrs[index];
    uint32_t cell = 0;
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->rows[i];
        out[i] = tv_value_null();
        if (!attr)
            continue;
        /* Rows ascend but where a batch was not sorted by time. */
        bool step = cell < attr->count && attr->rows[cell] < row && i > 0 && row > in->rows[i - 1];
        if (step)
            cell++;
        if (cell >= attr->count || attr->rows[cell] != row)
            cell = seek_cell(attr, row);
        if (cell < attr->count && attr->rows[cell] == row)
            out[i] = tv_batch_entry_value(in->batch, attr, cell);
    }
}

/* A virtual metric, an attribute at a time: the first that a row has of those behind it. */
static void gather_metric(const struct tv_scan_batch *in, enum tv_virtual_field field,
        struct tv_arena *arena, struct tv_value *out)
{
    size_t count;
    const struct tv_str *names = tv_virtual_attributes(field, &count);
    struct tv_value *more = NULL;
    for (uint32_t i = 0; i < in->count; i++)
        out[i] = tv_value_null();
    for (size_t k = 0; k < count; k++) {
        if (tv_batch_find_attr(in->batch, names[k]) == UINT32_MAX)
            continue;
        if (!more)
            more = tv_arena_calloc(arena, (size_t)in->count + 1, sizeof(*more));
        gather_attribute(in, names[k], more);
        for (uint32_t i = 0; i < in->count; i++)
            if (out[i].type == TV_TYPE_NULL)
                out[i] = more[i];
    }
}

void tv_gather(const struct tv_scan_batch *in, const struct tv_field_ref *ref,
        struct tv_arena *arena, struct tv_value *out)
{
    char scratch[33];
    if (ref->class == TV_FIELD_FIXED) {
        gather_fixed(in, ref->field, arena, out);
    } else if (ref->class == TV_FIELD_ATTRIBUTE) {
        gather_attribute(in, ref->name, out);
    } else if (ref->virtual_field != TV_VIRTUAL_ERROR_OCCURRED) {
        gather_metric(in, ref->virtual_field, arena, out);
    } else {
        for (uint32_t i = 0; i < in->count; i++)
            out[i] = tv_batch_ref_value(in->batch, ref, in->rows[i], scratch);
    }
}

static uint8_t severity_number(struct tv_value value)
{
    uint8_t number = 0;
    bool named =
            value.type == TV_TYPE_STR && tv_enum_from_text(TV_FIELD_SEVERITY, value.s, &number);
    return named ? number : 0;
}

int tv_field_compare(const struct tv_field_ref *ref, struct tv_value a, struct tv_value b)
{
    if (ref->class != TV_FIELD_FIXED || ref->field != TV_FIELD_SEVERITY)
        return tv_value_compare(a, b);
    return (int)severity_number(a) - (int)severity_number(b);
}
