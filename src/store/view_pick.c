/* SPDX-License-Identifier: Apache-2.0 */
/* Few rows of a segment with many columns.
 *
 * A trace is a dozen rows among sixty thousand. Decoding every column whole makes half a million texts
 * and numbers for two hundred that are wanted, which is most of such a query's time. Here numbers are
 * decoded into scratch memory, since their planes come whole anyway, but texts are made for the rows
 * alone, and the batch has only them. What the view has loaded already is copied out of it. The result
 * is not kept in the cache: it serves one question. */
#include "store/view_internal.h"

#include "base/mem.h"

#include <stdlib.h>

struct picking {
    struct tv_view *view;
    struct tv_picks rows;
    struct tv_batch *batch;
    struct tv_arena scratch; /* of one block */
};

/* A block's values that belong to picked rows: their places among the values, and among the rows. */
struct placed {
    uint32_t count;   /* values in the block */
    uint32_t *at;     /* ascending */
    uint32_t *row;    /* in the picked batch */
    uint32_t matches; /* length of both */
};

static bool place(struct picking *picking, struct tv_reader *in, struct placed *out)
{
    uint64_t count = 0;
    uint32_t rows = picking->view->batch->rows;
    if (!tv_get_varint(in, &count) || count == 0 || count > rows)
        return false;
    *out = (struct placed){.count = (uint32_t)count};
    size_t room = ((size_t)picking->rows.count + 1) * sizeof(uint32_t);
    out->at = tv_arena_alloc(&picking->scratch, room);
    out->row = tv_arena_alloc(&picking->scratch, room);
    if (count == rows) {
        for (; out->matches < picking->rows.count; out->matches++) {
            out->at[out->matches] = picking->rows.at[out->matches];
            out->row[out->matches] = out->matches;
        }
        return tv_rows_get(in, rows, rows, NULL);
    }
    uint32_t *present = tv_arena_alloc(&picking->scratch, count * sizeof(*present));
    if (!tv_rows_get(in, out->count, rows, present))
        return false;
    for (uint32_t value = 0, pick = 0; value < out->count && pick < picking->rows.count;) {
        if (present[value] < picking->rows.at[pick]) {
            value++;
        } else if (present[value] > picking->rows.at[pick]) {
            pick++;
        } else {
            out->at[out->matches] = value++;
            out->row[out->matches++] = pick++;
        }
    }
    return true;
}

static bool pick_texts(struct picking *picking, enum tv_field field, const struct placed *placed,
        struct tv_reader *in)
{
    struct tv_str *texts =
            tv_arena_alloc(&picking->scratch, ((size_t)placed->matches + 1) * sizeof(*texts));
    struct tv_picks picks = {placed->at, placed->matches};
    if (!tv_text_column_pick(in, placed->count, picks, &picking->scratch, texts))
        return false;
    for (uint32_t i = 0; i < placed->matches; i++)
        tv_batch_set_text(picking->batch, field, placed->row[i], texts[i]);
    return true;
}

static bool pick_field(struct picking *picking, enum tv_field field, struct tv_reader *in)
{
    struct tv_batch *batch = picking->batch;
    enum tv_column_type type = tv_field_column(field);
    uint32_t words_each = type == TV_COLUMN_ID ? 2 : 1;
    struct placed placed;
    if (!place(picking, in, &placed))
        return false;
    if (type == TV_COLUMN_CODE)
        return pick_texts(picking, field, &placed, in);
    uint64_t *words =
            tv_arena_alloc(&picking->scratch, (size_t)placed.count * words_each * sizeof(*words));
    bool ids = type == TV_COLUMN_ID || (type == TV_COLUMN_U64 && field != TV_FIELD_ARRIVAL);
    if (!(ids ? tv_ids_get(in, words_each, placed.count, words)
              : tv_ints_get(in, placed.count, (int64_t *)words)))
        return false;
    for (uint32_t i = 0; i < placed.matches; i++) {
        const uint64_t *word = words + (size_t)placed.at[i] * words_each;
        uint32_t row = placed.row[i];
        if (type == TV_COLUMN_I64)
            tv_batch_set_i64(batch, field, row, (int64_t)*word);
        else if (type == TV_COLUMN_U8)
            tv_batch_set_u8(batch, field, row, (uint8_t)*word);
        else if (type == TV_COLUMN_ID)
            tv_batch_set_id(batch, field, row, (struct tv_id){word[0], word[1]});
        else
            tv_batch_set_u64(batch, field, row, *word);
    }
    return true;
}

/* The picked values of one type: which of the matches they are, and their places among the values of
 * that type. */
struct typed {
    uint32_t count, found;
    uint32_t *places, *matches;
};

static struct typed typed_of(struct picking *picking, const struct placed *placed,
        const uint8_t *types, enum tv_type type)
{
    size_t room = ((size_t)placed->matches + 1) * sizeof(uint32_t);
    struct typed typed = {.places = tv_arena_alloc(&picking->scratch, room),
            .matches = tv_arena_alloc(&picking->scratch, room)};
    for (uint32_t i = 0, next = 0; i < placed->count; i++) {
        bool picked = next < placed->matches && placed->at[next] == i;
        if (picked && types[i] == type) {
            typed.places[typed.found] = typed.count;
            typed.matches[typed.found++] = next;
        }
        next += picked;
        typed.count += types[i] == type;
    }
    return typed;
}

static struct tv_value value_of(enum tv_type type, uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof(number));
    return type == TV_TYPE_F64     ? tv_value_f64(number)
            : type == TV_TYPE_BOOL ? tv_value_bool(bits != 0)
                                   : tv_value_i64((int64_t)bits);
}

static bool pick_stream(struct picking *picking, enum tv_type type, const struct typed *typed,
        struct tv_value *values, struct tv_reader *in)
{
    struct tv_arena *scratch = &picking->scratch;
    bool good = true;
    if (type == TV_TYPE_STR || type == TV_TYPE_JSON) {
        struct tv_str *texts = tv_arena_alloc(scratch, ((size_t)typed->found + 1) * sizeof(*texts));
        struct tv_picks picks = {typed->places, typed->found};
        good = tv_text_column_pick(in, typed->count, picks, scratch, texts);
        for (uint32_t i = 0; good && i < typed->found; i++)
            values[typed->matches[i]] = (struct tv_value){.type = type, .s = texts[i]};
        return good;
    }
    uint64_t *bits = tv_arena_alloc(scratch, ((size_t)typed->count + 1) * sizeof(*bits));
    good = type == TV_TYPE_F64 ? tv_floats_get(in, typed->count, bits)
                               : tv_ints_get(in, typed->count, (int64_t *)bits);
    for (uint32_t i = 0; good && i < typed->found; i++)
        values[typed->matches[i]] = value_of(type, bits[typed->places[i]]);
    return good;
}

/* Types of all entries; one that all share is not written out. */
static bool get_types(struct tv_reader *in, uint32_t count, uint8_t *types, uint8_t *mask)
{
    const uint8_t *byte = NULL;
    if (!tv_get_bytes(in, 1, &byte) || *byte == 0 || *byte & 1 || *byte >> (TV_TYPE_JSON + 1))
        return false;
    *mask = *byte;
    if (*mask & (*mask - 1))
        return tv_bytes_get(in, count, types);
    memset(types, __builtin_ctz(*mask), count);
    return true;
}

static bool pick_attr(struct picking *picking, uint32_t index, struct tv_reader *in)
{
    struct tv_arena *scratch = &picking->scratch;
    struct placed placed;
    uint8_t mask = 0;
    if (!place(picking, in, &placed))
        return false;
    uint8_t *types = (uint8_t *)tv_arena_bytes(scratch, placed.count);
    struct tv_value *values = tv_arena_calloc(scratch, (size_t)placed.matches + 1, sizeof(*values));
    if (!get_types(in, placed.count, types, &mask))
        return false;
    for (int type = TV_TYPE_BOOL; type <= TV_TYPE_JSON; type++) {
        struct typed typed;
        if (!(mask >> type & 1))
            continue;
        typed = typed_of(picking, &placed, types, (enum tv_type)type);
        if (!pick_stream(picking, (enum tv_type)type, &typed, values, in))
            return false;
    }
    struct tv_str name = picking->view->segment->attrs[index].name;
    uint32_t attr = placed.matches ? tv_batch_attr_unbounded(picking->batch, name) : 0;
    for (uint32_t i = 0; i < placed.matches; i++)
        tv_batch_set_attr(picking->batch, attr, placed.row[i], values[i]);
    return true;
}

/* Entries of the view's attributes from `first` on. */
static void copy_attrs(struct picking *picking, const struct tv_batch *from, uint32_t first)
{
    for (uint32_t a = first; a < from->attr_count; a++) {
        const struct tv_attr *attr = &from->attrs[a];
        uint32_t into = UINT32_MAX;
        for (uint32_t i = 0; i < picking->rows.count; i++) {
            uint32_t entry = tv_attr_lower_bound(attr, picking->rows.at[i]);
            if (entry == attr->count || attr->rows[entry] != picking->rows.at[i])
                continue;
            if (into == UINT32_MAX)
                into = tv_batch_attr_unbounded(
                        picking->batch, tv_strings_get(&from->strings, attr->name));
            tv_batch_set_attr(picking->batch, into, i, tv_batch_entry_value(from, attr, entry));
        }
    }
}

/* Names that share a block are few entries each: decoded into the view, then copied. */
static bool pick_overflow(struct picking *picking, struct tv_reader *in)
{
    uint32_t before = picking->view->batch->attr_count;
    if (!tv_view_decode_overflow(picking->view, in))
        return false;
    copy_attrs(picking, picking->view->batch, before);
    return true;
}

static bool pick_block(
        struct picking *picking, const struct tv_wanted *wanted, struct tv_reader *in)
{
    tv_arena_release(&picking->scratch);
    switch (wanted->kind) {
    case TV_WANT_FIELD:
        return pick_field(picking, (enum tv_field)wanted->index, in);
    case TV_WANT_ATTR:
        return pick_attr(picking, wanted->index, in);
    case TV_WANT_OVERFLOW:
        return pick_overflow(picking, in);
    }
    return false;
}

enum tv_status tv_view_pick(struct tv_view *view, const struct tv_db *db,
        const struct tv_view_pick *pick, struct tv_batch **out, struct tv_error *err)
{
    struct picking picking = {.view = view, .rows = pick->rows, .batch = tv_batch_new()};
    struct tv_wanted_list list = {0};
    struct tv_buf bytes = {0};
    /* Columns that are there come first: the batch is made of them. */
    tv_batch_append_rows(picking.batch, view->batch, pick->rows.at, pick->rows.count);
    tv_view_want(view, &pick->columns, &list);
    enum tv_status status = tv_wanted_read(db, view->segment, &list, &bytes, err);
    view->bytes += bytes.len;
    for (size_t i = 0; i < list.count && status == TV_OK; i++) {
        const uint8_t *start = (const uint8_t *)bytes.data + list.items[i].at;
        struct tv_reader in = {start, start + list.items[i].block->bytes};
        if (!pick_block(&picking, &list.items[i], &in) || in.at != in.end)
            status = tv_view_corrupt(db, view->segment, err);
    }
    tv_arena_release(&picking.scratch);
    free(list.items);
    tv_buf_release(&bytes);
    if (status == TV_OK)
        *out = picking.batch;
    else
        tv_batch_unref(picking.batch);
    return status;
}
