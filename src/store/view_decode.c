/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks to columns of the view's batch.
 *
 * Texts are decoded into the batch's arena and their codes follow those already there: no text is
 * looked up, so a column's cost does not depend on the others. */
#include "store/view_internal.h"

#include "base/mem.h"
#include "store/codec.h"

#include <stdlib.h>

/* Room for the values of a block that are present in some rows, while they are spread over all. */
struct present {
    uint32_t count;
    uint32_t *at; /* NULL: every row */
};

static bool get_present(struct tv_view *view, struct tv_reader *in, struct present *present)
{
    uint64_t count = 0;
    uint32_t rows = view->batch->rows;
    present->at = NULL;
    if (!tv_get_varint(in, &count) || count == 0 || count > rows)
        return false;
    present->count = (uint32_t)count;
    if (count == rows)
        return tv_rows_get(in, rows, rows, NULL);
    present->at = tv_malloc(count * sizeof(*present->at));
    return tv_rows_get(in, present->count, rows, present->at);
}

/* Adds texts that live in the batch's arena; returns what is added to a local code (from 1). */
static uint32_t add_texts(struct tv_batch *batch, const struct tv_str *texts, uint32_t count)
{
    tv_strings_reserve(&batch->strings, &batch->arena, count + 1);
    uint32_t base = batch->strings.count ? batch->strings.count - 1 : 0;
    for (uint32_t i = 0; i < count; i++)
        (void)tv_strings_borrow(&batch->strings, &batch->arena, texts[i]);
    return base;
}

static bool get_codes(struct tv_reader *in, struct tv_batch *batch, uint32_t count, uint32_t *codes)
{
    struct tv_text_column column = {.codes = codes};
    if (!tv_text_column_get(in, count, &batch->arena, &column))
        return false;
    uint32_t base = add_texts(batch, column.dictionary, column.distinct);
    for (uint32_t i = 0; i < count; i++)
        codes[i] += base;
    return true;
}

/* Cells decode in place and move to their rows from the last to the first, never onto one that has
 * still to move; rows behind and between become absent. */
#define SPREAD(type, cells, present, rows, absent)                 \
    do {                                                           \
        uint32_t left = (present)->count;                          \
        for (uint32_t row = (rows); left < (rows) && row-- > 0;) { \
            bool has = left > 0 && (present)->at[left - 1] == row; \
            (cells)[row] = has ? (cells)[--left] : (absent);       \
            if (left == row)                                       \
                break;                                             \
        }                                                          \
    } while (0)

static bool decode_u8(struct tv_reader *in, uint8_t *cells, const struct present *present)
{
    int64_t *numbers = tv_malloc(present->count * sizeof(*numbers));
    bool good = tv_ints_get(in, present->count, numbers);
    for (uint32_t i = 0; good && i < present->count; i++)
        cells[present->at ? present->at[i] : i] = (uint8_t)numbers[i];
    free(numbers);
    return good;
}

static bool decode_cells(struct tv_view *view, enum tv_field field, const struct present *present,
        struct tv_reader *in)
{
    struct tv_batch *batch = view->batch;
    uint32_t rows = batch->rows, count = present->count;
    void *cells = tv_batch_column(batch, field);
    switch (tv_field_column(field)) {
    case TV_COLUMN_I64:
        if (!tv_ints_get(in, count, cells))
            return false;
        SPREAD(int64_t, (int64_t *)cells, present, rows, TV_ABSENT_I64);
        return true;
    case TV_COLUMN_U64:
        if (!(field == TV_FIELD_ARRIVAL ? tv_ints_get(in, count, cells)
                                        : tv_ids_get(in, 1, count, cells)))
            return false;
        SPREAD(uint64_t, (uint64_t *)cells, present, rows, 0);
        return true;
    case TV_COLUMN_ID:
        if (!tv_ids_get(in, 2, count, cells))
            return false;
        SPREAD(struct tv_id, (struct tv_id *)cells, present, rows, ((struct tv_id){0, 0}));
        return true;
    case TV_COLUMN_CODE:
        if (!get_codes(in, batch, count, cells))
            return false;
        SPREAD(uint32_t, (uint32_t *)cells, present, rows, 0);
        return true;
    case TV_COLUMN_U8:
        return decode_u8(in, cells, present);
    }
    return false;
}

bool tv_view_decode_field(struct tv_view *view, enum tv_field field, struct tv_reader *in)
{
    struct present present = {0};
    bool good = get_present(view, in, &present) && decode_cells(view, field, &present, in);
    free(present.at);
    return good;
}

static bool get_stream(struct tv_reader *in, struct tv_batch *batch, enum tv_type type,
        uint32_t count, uint64_t *out)
{
    if (type == TV_TYPE_BOOL || type == TV_TYPE_I64)
        return tv_ints_get(in, count, (int64_t *)out);
    if (type == TV_TYPE_F64)
        return tv_floats_get(in, count, out);
    uint32_t *codes = tv_malloc(count * sizeof(*codes));
    bool good = get_codes(in, batch, count, codes);
    for (uint32_t i = 0; good && i < count; i++)
        out[i] = codes[i];
    free(codes);
    return good;
}

/* The streams of an attribute's types, each then dealt out to the entries of its type; where there is
 * one type there is nothing to deal out. */
static bool get_streams(struct tv_reader *in, struct tv_batch *batch, struct tv_attr *attr,
        uint32_t count, uint8_t types)
{
    if ((types & (types - 1)) == 0)
        return get_stream(in, batch, (enum tv_type)__builtin_ctz(types), count, attr->bits);
    uint64_t *values = tv_malloc(count * sizeof(*values));
    bool good = true;
    for (int type = TV_TYPE_BOOL; type <= TV_TYPE_JSON && good; type++) {
        uint32_t found = 0;
        if (!(types >> type & 1))
            continue;
        for (uint32_t i = 0; i < count; i++)
            found += attr->types[i] == type;
        good = get_stream(in, batch, (enum tv_type)type, found, values);
        for (uint32_t i = 0, at = 0; good && i < count; i++)
            if (attr->types[i] == type)
                attr->bits[i] = values[at++];
    }
    free(values);
    return good;
}

static bool get_types(struct tv_reader *in, struct tv_attr *attr, uint32_t count, uint8_t *types)
{
    const uint8_t *mask = NULL;
    if (!tv_get_bytes(in, 1, &mask) || *mask == 0 || *mask & 1 || *mask >> (TV_TYPE_JSON + 1))
        return false;
    *types = *mask;
    if ((*mask & (*mask - 1)) == 0) {
        memset(attr->types, __builtin_ctz(*mask), count);
        return true;
    }
    if (!tv_bytes_get(in, count, attr->types))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (attr->types[i] > TV_TYPE_JSON || !(*mask >> attr->types[i] & 1))
            return false;
    return true;
}

bool tv_view_decode_attr(struct tv_view *view, uint32_t index, struct tv_reader *in)
{
    struct tv_batch *batch = view->batch;
    uint64_t count = 0;
    uint8_t types = 0;
    uint32_t into = tv_batch_attr(batch, view->segment->attrs[index].name);
    if (into == UINT32_MAX || batch->attrs[into].count || !tv_get_varint(in, &count) ||
            count == 0 || count > batch->rows)
        return false;
    tv_batch_attr_reserve(batch, into, (uint32_t)count);
    struct tv_attr *attr = &batch->attrs[into];
    if (!tv_rows_get(in, (uint32_t)count, batch->rows, attr->rows) ||
            !get_types(in, attr, (uint32_t)count, &types) ||
            !get_streams(in, batch, attr, (uint32_t)count, types))
        return false;
    attr->count = (uint32_t)count;
    return true;
}

static bool get_entry(struct tv_reader *in, struct tv_batch *batch, uint8_t type, uint64_t *bits)
{
    uint64_t value = 0;
    const uint8_t *text = NULL;
    if (type == TV_TYPE_F64)
        return tv_get_u64(in, bits);
    if (!tv_get_varint(in, &value))
        return false;
    if (type == TV_TYPE_BOOL || type == TV_TYPE_I64) {
        *bits = (uint64_t)tv_unzigzag(value);
        return true;
    }
    if ((type != TV_TYPE_STR && type != TV_TYPE_JSON) || !tv_get_bytes(in, value, &text))
        return false;
    *bits = tv_batch_attr_text(batch, (struct tv_str){(const char *)text, value});
    return true;
}

static bool get_entries(struct tv_reader *in, struct tv_batch *batch, uint32_t into, uint32_t count)
{
    uint64_t row = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t distance = 0, bits = 0;
        const uint8_t *type = NULL;
        if (!tv_get_varint(in, &distance) || !tv_get_bytes(in, 1, &type) ||
                (i > 0 && distance == 0) || distance >= batch->rows ||
                !get_entry(in, batch, *type, &bits))
            return false;
        row += distance;
        if (row >= batch->rows)
            return false;
        struct tv_attr *attr = &batch->attrs[into];
        attr->rows[i] = (uint32_t)row;
        attr->types[i] = *type;
        attr->bits[i] = bits;
    }
    batch->attrs[into].count = count;
    return true;
}

/* One name of an overflow block and where its entries lie. */
struct rare {
    struct tv_str name;
    uint8_t types;
    uint64_t count;
    struct tv_reader entries;
};

static bool get_rare(struct tv_reader *in, struct rare *out)
{
    uint64_t length = 0, bytes = 0;
    const uint8_t *name = NULL, *types = NULL, *entries = NULL;
    if (!tv_get_varint(in, &length) || !tv_get_bytes(in, length, &name) ||
            !tv_get_bytes(in, 1, &types) || !tv_get_varint(in, &out->count) ||
            !tv_get_varint(in, &bytes) || !tv_get_bytes(in, bytes, &entries))
        return false;
    out->name = (struct tv_str){(const char *)name, length};
    out->types = *types;
    out->entries = (struct tv_reader){entries, entries + bytes};
    return true;
}

static bool unpack_overflow(struct tv_reader *in, struct tv_buf *plain)
{
    uint64_t bytes = 0;
    if (!tv_get_varint(in, &bytes) || bytes > UINT32_MAX)
        return false;
    bool good = tv_bytes_get(in, bytes, (uint8_t *)tv_buf_reserve(plain, bytes));
    plain->len = good ? bytes : 0;
    return good;
}

bool tv_view_decode_overflow(struct tv_view *view, struct tv_reader *in)
{
    struct tv_batch *batch = view->batch;
    struct tv_buf plain = {0};
    struct rare rare;
    bool good = unpack_overflow(in, &plain);
    const uint8_t *start = (const uint8_t *)plain.data;
    struct tv_reader names = {start, start + plain.len};
    while (good && names.at < names.end) {
        good = get_rare(&names, &rare) && rare.count > 0 && rare.count <= batch->rows;
        if (!good)
            break;
        uint32_t into = tv_batch_attr(batch, rare.name);
        good = into != UINT32_MAX && batch->attrs[into].count == 0;
        if (good) {
            tv_batch_attr_reserve(batch, into, (uint32_t)rare.count);
            good = get_entries(&rare.entries, batch, into, (uint32_t)rare.count);
        }
    }
    tv_buf_release(&plain);
    return good;
}

static bool note_names(struct tv_reader *in,
        void (*note)(void *ctx, struct tv_str name, uint32_t types), void *ctx)
{
    struct tv_buf plain = {0};
    struct rare rare;
    bool good = unpack_overflow(in, &plain);
    const uint8_t *start = (const uint8_t *)plain.data;
    struct tv_reader names = {start, start + plain.len};
    while (good && names.at < names.end) {
        good = get_rare(&names, &rare);
        if (good)
            note(ctx, rare.name, rare.types);
    }
    tv_buf_release(&plain);
    return good;
}

enum tv_status tv_view_overflow_names(const struct tv_db *db, const struct tv_segment *segment,
        void (*note)(void *ctx, struct tv_str name, uint32_t types), void *ctx,
        struct tv_error *err)
{
    struct tv_wanted_list list = {0};
    struct tv_buf bytes = {0};
    for (uint32_t i = 0; i < segment->overflow_count; i++)
        tv_wanted_add(&list, TV_WANT_OVERFLOW, i, &segment->overflows[i].block);
    enum tv_status status = tv_wanted_read(db, segment, &list, &bytes, err);
    for (size_t i = 0; i < list.count && status == TV_OK; i++) {
        const uint8_t *start = (const uint8_t *)bytes.data + list.items[i].at;
        struct tv_reader in = {start, start + list.items[i].block->bytes};
        if (!note_names(&in, note, ctx))
            status = tv_view_corrupt(db, segment, err);
    }
    free(list.items);
    tv_buf_release(&bytes);
    return status;
}
