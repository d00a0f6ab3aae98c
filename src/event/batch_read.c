/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a batch: cells as values, and what is computed from several cells.
 *
 * One cell at a time is for answers and tests; what walks many rows (predicates, aggregates) reads
 * the columns. error_occurred has both forms, and the one by column is what scans use. */
#include "event/batch.h"

struct tv_str tv_batch_text(const struct tv_batch *batch, enum tv_field field, uint32_t row)
{
    const uint32_t *codes = tv_batch_codes(batch, field);
    return codes ? tv_strings_get(&batch->strings, codes[row]) : (struct tv_str){NULL, 0};
}

static struct tv_value text_or_null(enum tv_type type, struct tv_str text)
{
    if (!text.ptr)
        return tv_value_null();
    return (struct tv_value){.type = type, .s = text};
}

static struct tv_value u64_value(enum tv_field field, uint64_t cell, char scratch[33])
{
    if (cell == 0)
        return tv_value_null();
    if (field == TV_FIELD_ARRIVAL)
        return tv_value_i64((int64_t)cell);
    tv_span_id_format(cell, scratch);
    return tv_value_str((struct tv_str){scratch, 16});
}

static struct tv_value id_value(struct tv_id id, char scratch[33])
{
    if (id.hi == 0 && id.lo == 0)
        return tv_value_null();
    tv_trace_id_format(id, scratch);
    return tv_value_str((struct tv_str){scratch, 32});
}

struct tv_value tv_batch_value(
        const struct tv_batch *batch, enum tv_field field, uint32_t row, char scratch[33])
{
    if (!batch->columns[field])
        return tv_value_null();
    switch (tv_field_column(field)) {
    case TV_COLUMN_U64:
        return u64_value(field, tv_batch_u64(batch, field)[row], scratch);
    case TV_COLUMN_I64: {
        int64_t cell = tv_batch_i64(batch, field)[row];
        return cell == TV_ABSENT_I64 ? tv_value_null() : tv_value_i64(cell);
    }
    case TV_COLUMN_ID:
        return id_value(tv_batch_ids(batch, field)[row], scratch);
    case TV_COLUMN_CODE:
        return text_or_null(tv_field_type(field), tv_batch_text(batch, field, row));
    case TV_COLUMN_U8: {
        uint8_t cell = tv_batch_u8(batch, field)[row];
        return cell ? tv_value_str(tv_enum_text(field, cell)) : tv_value_null();
    }
    }
    return tv_value_null();
}

struct tv_value tv_batch_entry_value(
        const struct tv_batch *batch, const struct tv_attr *attr, uint32_t entry)
{
    uint64_t bits = attr->bits[entry];
    struct tv_value value = {.type = (enum tv_type)attr->types[entry]};
    switch (value.type) {
    case TV_TYPE_NULL:
        break;
    case TV_TYPE_BOOL:
        value.b = bits != 0;
        break;
    case TV_TYPE_I64:
        value.i = (int64_t)bits;
        break;
    case TV_TYPE_F64:
        memcpy(&value.f, &bits, sizeof(value.f));
        break;
    case TV_TYPE_STR:
    case TV_TYPE_JSON:
        value.s = tv_strings_get(&batch->strings, (uint32_t)bits);
        break;
    }
    return value;
}

uint32_t tv_attr_lower_bound(const struct tv_attr *attr, uint32_t row)
{
    uint32_t low = 0, high = attr->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (attr->rows[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct tv_value tv_batch_attr_value(const struct tv_batch *batch, uint32_t index, uint32_t row)
{
    if (index >= batch->attr_count)
        return tv_value_null();
    const struct tv_attr *attr = &batch->attrs[index];
    uint32_t entry = tv_attr_lower_bound(attr, row);
    if (entry == attr->count || attr->rows[entry] != row)
        return tv_value_null();
    return tv_batch_entry_value(batch, attr, entry);
}

/* The first attribute present of those behind a virtual metric. */
static struct tv_value first_present(
        const struct tv_batch *batch, enum tv_virtual_field field, uint32_t row)
{
    size_t count;
    const struct tv_str *names = tv_virtual_attributes(field, &count);
    struct tv_value value = tv_value_null();
    for (size_t i = 0; i < count && value.type == TV_TYPE_NULL; i++)
        value = tv_batch_attr_value(batch, tv_batch_find_attr(batch, names[i]), row);
    return value;
}

struct tv_value tv_batch_ref_value(const struct tv_batch *batch, const struct tv_field_ref *ref,
        uint32_t row, char scratch[33])
{
    switch (ref->class) {
    case TV_FIELD_FIXED:
        return tv_batch_value(batch, ref->field, row, scratch);
    case TV_FIELD_ATTRIBUTE:
        return tv_batch_attr_value(batch, tv_batch_find_attr(batch, ref->name), row);
    case TV_FIELD_VIRTUAL:
        break;
    }
    if (ref->virtual_field == TV_VIRTUAL_ERROR_OCCURRED)
        return tv_value_bool(tv_batch_is_error(batch, row));
    return first_present(batch, ref->virtual_field, row);
}

static bool is_failed_http(struct tv_value status)
{
    double number;
    return tv_value_number(status, &number) && number >= 500;
}

bool tv_batch_is_error(const struct tv_batch *batch, uint32_t row)
{
    const uint8_t *status = tv_batch_u8(batch, TV_FIELD_STATUS);
    const uint8_t *severity = tv_batch_u8(batch, TV_FIELD_SEVERITY);
    if (status && status[row] == TV_EVENT_STATUS_ERROR)
        return true;
    if (severity && severity[row] >= TV_SEVERITY_ERROR)
        return true;
    if (tv_str_equal(tv_batch_text(batch, TV_FIELD_TYPE, row), TV_STR("error")))
        return true;
    size_t count;
    const struct tv_str *names = tv_http_status_attributes(&count);
    for (size_t i = 0; i < count; i++) {
        uint32_t attr = tv_batch_find_attr(batch, names[i]);
        if (is_failed_http(tv_batch_attr_value(batch, attr, row)))
            return true;
    }
    return false;
}

static void set_bit(uint64_t *bits, uint32_t row)
{
    bits[row / 64] |= UINT64_C(1) << (row % 64);
}

static void mark_failed_http(
        const struct tv_batch *batch, const struct tv_attr *attr, uint64_t *bits)
{
    for (uint32_t i = 0; i < attr->count; i++) {
        bool failed = attr->types[i] == TV_TYPE_I64
                ? (int64_t)attr->bits[i] >= 500
                : is_failed_http(tv_batch_entry_value(batch, attr, i));
        if (failed)
            set_bit(bits, attr->rows[i]);
    }
}

/* Types are few, so the text is compared again only where the code changes. */
static void mark_error_types(const struct tv_batch *batch, uint64_t *bits)
{
    const uint32_t *codes = tv_batch_codes(batch, TV_FIELD_TYPE);
    uint32_t known = 0;
    bool is_error = false;
    for (uint32_t row = 0; codes && row < batch->rows; row++) {
        if (codes[row] != known) {
            known = codes[row];
            is_error = tv_str_equal(tv_strings_get(&batch->strings, known), TV_STR("error"));
        }
        if (is_error)
            set_bit(bits, row);
    }
}

void tv_batch_error_bits(const struct tv_batch *batch, uint64_t *bits)
{
    const uint8_t *status = tv_batch_u8(batch, TV_FIELD_STATUS);
    const uint8_t *severity = tv_batch_u8(batch, TV_FIELD_SEVERITY);
    memset(bits, 0, ((size_t)batch->rows + 63) / 64 * sizeof(*bits));
    for (uint32_t row = 0; status && row < batch->rows; row++)
        bits[row / 64] |= (uint64_t)(status[row] == TV_EVENT_STATUS_ERROR) << (row % 64);
    for (uint32_t row = 0; severity && row < batch->rows; row++)
        bits[row / 64] |= (uint64_t)(severity[row] >= TV_SEVERITY_ERROR) << (row % 64);
    mark_error_types(batch, bits);
    size_t count;
    const struct tv_str *names = tv_http_status_attributes(&count);
    for (size_t i = 0; i < count; i++) {
        uint32_t attr = tv_batch_find_attr(batch, names[i]);
        if (attr != UINT32_MAX)
            mark_failed_http(batch, &batch->attrs[attr], bits);
    }
}
