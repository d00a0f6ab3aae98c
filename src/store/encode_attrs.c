/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes of a segment.
 *
 * The frequent ones have a column each: entries of all sources are scattered to their rows, then
 * read off in order. Rare ones share overflow blocks, where each name stands with its own short list
 * of rows and values; so a thousand names that occur ten times cost ten entries each and no more,
 * and the metadata in memory grows by four bytes a name. */
#include "store/encode_internal.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

enum {
    FREQUENT_SHARE = 100,            /* one row in so many has it */
    OVERFLOW_BLOCK_BYTES = 256 << 10 /* before compression */
};

/* An attribute's part in one source. */
struct piece {
    uint32_t source, attr;
    uint32_t next; /* index of the name's next piece, or TV_NOWHERE */
};

struct name {
    struct tv_str text;
    uint64_t count; /* entries in all sources, an upper bound of those in the segment */
    uint32_t first, last;
};

struct names {
    struct tv_map map; /* text → index of items */
    struct name *items;
    size_t count, cap;
    struct piece *pieces;
    size_t piece_count, piece_cap;
};

static void add_piece(struct names *names, struct tv_str text, struct piece piece, uint32_t count)
{
    bool added = false;
    uint64_t *index = tv_map_put(&names->map, text, &added);
    if (names->count == names->cap && added) {
        names->cap = tv_grown(names->cap, names->count + 1, 64);
        names->items = tv_realloc_array(names->items, names->cap, sizeof(*names->items));
    }
    if (names->piece_count == names->piece_cap) {
        names->piece_cap = tv_grown(names->piece_cap, names->piece_count + 1, 256);
        names->pieces = tv_realloc_array(names->pieces, names->piece_cap, sizeof(*names->pieces));
    }
    uint32_t at = (uint32_t)names->piece_count;
    names->pieces[names->piece_count++] = piece;
    if (added) {
        *index = names->count;
        names->items[names->count++] = (struct name){text, count, at, at};
        return;
    }
    struct name *name = &names->items[*index];
    names->pieces[name->last].next = at;
    name->last = at;
    name->count += count;
}

static void find_names(struct tv_encoder *encoder, struct names *names)
{
    for (size_t b = 0; b < encoder->build->batch_count; b++) {
        const struct tv_batch *batch = encoder->sources[b].batch;
        for (uint32_t i = 0; batch && i < batch->attr_count; i++) {
            struct piece piece = {(uint32_t)b, i, TV_NOWHERE};
            if (batch->attrs[i].count)
                add_piece(names, tv_strings_get(&batch->strings, batch->attrs[i].name), piece,
                        batch->attrs[i].count);
        }
    }
}

static bool is_text(uint8_t type)
{
    return type == TV_TYPE_STR || type == TV_TYPE_JSON;
}

/* Reads off all entries of a name in the order of rows, into at, types and bits (texts as the
 * encoder's codes); returns how many. */
static uint32_t gather(
        struct tv_encoder *encoder, const struct names *names, const struct name *name)
{
    memset(encoder->types, TV_TYPE_NULL, encoder->count);
    for (uint32_t p = name->first; p != TV_NOWHERE; p = names->pieces[p].next) {
        struct tv_source *source = &encoder->sources[names->pieces[p].source];
        const struct tv_attr *attr = &source->batch->attrs[names->pieces[p].attr];
        for (uint32_t k = 0; k < attr->count; k++) {
            uint32_t row = source->place[attr->rows[k]];
            if (row == TV_NOWHERE)
                continue;
            encoder->types[row] = attr->types[k];
            encoder->bits[row] = is_text(attr->types[k])
                    ? tv_encoder_text(encoder, source, (uint32_t)attr->bits[k])
                    : attr->bits[k];
        }
    }
    uint32_t found = 0;
    for (uint32_t row = 0; row < encoder->count; row++) {
        if (encoder->types[row] == TV_TYPE_NULL)
            continue;
        encoder->at[found] = row;
        encoder->types[found] = encoder->types[row];
        encoder->bits[found++] = encoder->bits[row];
    }
    return found;
}

struct rare_entry {
    uint32_t row;
    uint8_t type;
    uint64_t bits;
};

static int by_row(const void *a, const void *b)
{
    uint32_t left = ((const struct rare_entry *)a)->row;
    uint32_t right = ((const struct rare_entry *)b)->row;
    return (left > right) - (left < right);
}

/* The same at the cost of the entries alone. */
static uint32_t gather_rare(
        struct tv_encoder *encoder, const struct names *names, const struct name *name)
{
    struct rare_entry *entries = tv_calloc(name->count, sizeof(*entries));
    uint32_t found = 0;
    bool ascending = true;
    for (uint32_t p = name->first; p != TV_NOWHERE; p = names->pieces[p].next) {
        struct tv_source *source = &encoder->sources[names->pieces[p].source];
        const struct tv_attr *attr = &source->batch->attrs[names->pieces[p].attr];
        for (uint32_t k = 0; k < attr->count; k++) {
            uint32_t row = source->place[attr->rows[k]];
            if (row == TV_NOWHERE)
                continue;
            uint64_t bits = attr->bits[k];
            if (is_text(attr->types[k]))
                bits = tv_encoder_text(encoder, source, (uint32_t)bits);
            ascending = ascending && (found == 0 || entries[found - 1].row < row);
            entries[found++] = (struct rare_entry){row, attr->types[k], bits};
        }
    }
    if (!ascending)
        qsort(entries, found, sizeof(*entries), by_row);
    for (uint32_t i = 0; i < found; i++) {
        encoder->at[i] = entries[i].row;
        encoder->types[i] = entries[i].type;
        encoder->bits[i] = entries[i].bits;
    }
    free(entries);
    return found;
}

static uint8_t types_of(const struct tv_encoder *encoder, uint32_t count)
{
    unsigned types = 0;
    for (uint32_t i = 0; i < count; i++)
        types |= 1u << encoder->types[i];
    return (uint8_t)types;
}

static double number_of(uint8_t type, uint64_t bits)
{
    double value;
    if (type != TV_TYPE_F64)
        return (double)(int64_t)bits;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void set_zone(struct tv_encoder *encoder, uint32_t count, struct tv_segment_column *column)
{
    unsigned numbers = 1u << TV_TYPE_BOOL | 1u << TV_TYPE_I64 | 1u << TV_TYPE_F64;
    if (column->types & ~numbers)
        return;
    double min = INFINITY, max = -INFINITY;
    for (uint32_t i = 0; i < count; i++) {
        double value = number_of(encoder->types[i], encoder->bits[i]);
        if (isnan(value))
            return;
        min = value < min ? value : min;
        max = value > max ? value : max;
    }
    column->zone = (struct tv_zone){true, nextafter(min, -INFINITY), nextafter(max, INFINITY)};
}

/* The values of one type, in order, at the front of bits' copy; returns how many. */
static uint32_t values_of(
        const struct tv_encoder *encoder, uint32_t count, enum tv_type type, uint64_t *out)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        out[found] = encoder->bits[i];
        found += encoder->types[i] == type;
    }
    return found;
}

static void put_stream(struct tv_encoder *encoder, uint32_t count, enum tv_type type,
        struct tv_segment_column *column)
{
    bool only = column->types == 1u << type;
    uint64_t *values = tv_malloc(((size_t)count + 1) * sizeof(*values));
    uint32_t found = values_of(encoder, count, type, values);
    if (found && (type == TV_TYPE_BOOL || type == TV_TYPE_I64)) {
        tv_ints_put(encoder->payload, (const int64_t *)values, found);
    } else if (found && type == TV_TYPE_F64) {
        tv_floats_put(encoder->payload, values, found);
    } else if (found) {
        for (uint32_t i = 0; i < found; i++)
            encoder->codes[i] = (uint32_t)values[i];
        tv_encoder_put_texts(
                encoder, encoder->codes, found, only && type == TV_TYPE_STR ? column : NULL);
    }
    free(values);
}

static void put_column(
        struct tv_encoder *encoder, const struct names *names, const struct name *name)
{
    struct tv_segment *segment = encoder->segment;
    uint32_t count = gather(encoder, names, name);
    if (count == 0)
        return;
    struct tv_segment_attr *attr = &segment->attrs[segment->attr_count++];
    struct tv_segment_column *column = &attr->column;
    size_t begin = tv_encoder_block_begin(encoder);
    attr->name = tv_arena_str(&segment->arena, name->text);
    column->present = count;
    column->types = types_of(encoder, count);
    set_zone(encoder, count, column);
    tv_buf_put_varint(encoder->payload, count);
    tv_rows_put(encoder->payload, encoder->at, count, encoder->count);
    tv_buf_append_char(encoder->payload, (char)column->types);
    if (column->types & (column->types - 1))
        tv_bytes_put(encoder->payload, encoder->types, count);
    for (int type = TV_TYPE_BOOL; type <= TV_TYPE_JSON; type++)
        put_stream(encoder, count, (enum tv_type)type, column);
    column->block = tv_encoder_block_end(encoder, begin);
}

/* One overflow block while it grows. */
struct overflow {
    struct tv_buf plain;
    uint32_t *names; /* hashes */
    size_t count, cap;
};

static void put_entry(const struct tv_encoder *encoder, uint32_t i, struct tv_buf *out)
{
    uint64_t bits = encoder->bits[i];
    tv_buf_append_char(out, (char)encoder->types[i]);
    if (is_text(encoder->types[i])) {
        struct tv_str text = tv_strings_get(&encoder->texts, (uint32_t)bits);
        tv_buf_put_varint(out, text.len);
        tv_buf_append_str(out, text);
    } else if (encoder->types[i] == TV_TYPE_F64) {
        tv_buf_put_u64(out, bits);
    } else {
        tv_buf_put_varint(out, tv_zigzag((int64_t)bits));
    }
}

/* Name, types, number of entries, bytes of the entries, entries (distance of rows, type, value). */
static void put_rare(
        struct tv_encoder *encoder, struct overflow *overflow, struct tv_str name, uint32_t count)
{
    struct tv_buf entries = {0};
    uint32_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        tv_buf_put_varint(&entries, encoder->at[i] - last);
        last = encoder->at[i];
        put_entry(encoder, i, &entries);
    }
    tv_buf_put_varint(&overflow->plain, name.len);
    tv_buf_append_str(&overflow->plain, name);
    tv_buf_append_char(&overflow->plain, (char)types_of(encoder, count));
    tv_buf_put_varint(&overflow->plain, count);
    tv_buf_put_varint(&overflow->plain, entries.len);
    tv_buf_append(&overflow->plain, entries.data, entries.len);
    tv_buf_release(&entries);
    if (overflow->count == overflow->cap) {
        overflow->cap = tv_grown(overflow->cap, overflow->count + 1, 64);
        overflow->names =
                tv_realloc_array(overflow->names, overflow->cap, sizeof(*overflow->names));
    }
    overflow->names[overflow->count++] = tv_segment_hash(name);
}

static int by_value(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void flush_overflow(struct tv_encoder *encoder, struct overflow *overflow)
{
    struct tv_segment *segment = encoder->segment;
    if (overflow->count == 0)
        return;
    size_t begin = tv_encoder_block_begin(encoder);
    tv_buf_put_varint(encoder->payload, overflow->plain.len);
    tv_bytes_put(encoder->payload, overflow->plain.data, overflow->plain.len);
    qsort(overflow->names, overflow->count, sizeof(*overflow->names), by_value);
    segment->overflows = tv_arena_grow(&segment->arena, segment->overflows, segment->overflow_count,
            (size_t)segment->overflow_count + 1, sizeof(*segment->overflows));
    struct tv_segment_overflow *made = &segment->overflows[segment->overflow_count++];
    made->block = tv_encoder_block_end(encoder, begin);
    made->name_count = (uint32_t)overflow->count;
    made->names = tv_arena_grow(&segment->arena, overflow->names, overflow->count, overflow->count,
            sizeof(*made->names));
    tv_buf_clear(&overflow->plain);
    overflow->count = 0;
}

static int by_count(const void *a, const void *b)
{
    const struct name *left = a, *right = b;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return tv_str_compare(left->text, right->text);
}

static int by_text(const void *a, const void *b)
{
    return tv_str_compare(((const struct name *)a)->text, ((const struct name *)b)->text);
}

void tv_encoder_attrs(struct tv_encoder *encoder)
{
    struct names names = {.items = NULL};
    struct overflow overflow = {.names = NULL};
    find_names(encoder, &names);
    if (names.count)
        qsort(names.items, names.count, sizeof(*names.items), by_count);
    size_t frequent = 0;
    while (frequent < names.count && frequent < TV_SEGMENT_COLUMNS_MAX &&
            names.items[frequent].count * FREQUENT_SHARE >= encoder->count)
        frequent++;
    if (frequent)
        qsort(names.items, frequent, sizeof(*names.items), by_text);
    if (names.count > frequent)
        qsort(names.items + frequent, names.count - frequent, sizeof(*names.items), by_text);
    encoder->segment->attrs =
            tv_arena_calloc(&encoder->segment->arena, frequent, sizeof(*encoder->segment->attrs));
    for (size_t i = 0; i < names.count; i++) {
        if (i < frequent) {
            put_column(encoder, &names, &names.items[i]);
            continue;
        }
        uint32_t count = gather_rare(encoder, &names, &names.items[i]);
        if (count)
            put_rare(encoder, &overflow, names.items[i].text, count);
        if (overflow.plain.len >= OVERFLOW_BLOCK_BYTES)
            flush_overflow(encoder, &overflow);
    }
    flush_overflow(encoder, &overflow);
    tv_buf_release(&overflow.plain);
    free(overflow.names);
    tv_map_release(&names.map);
    free(names.items);
    free(names.pieces);
}
