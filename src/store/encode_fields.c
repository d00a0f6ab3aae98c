/* SPDX-License-Identifier: Apache-2.0 */
/* The fixed columns of a segment. */
#include "store/encode_internal.h"

#include <math.h>

/* The segment's row i in its source. */
static inline const void *column_of(
        const struct tv_encoder *encoder, uint32_t i, enum tv_field field, uint32_t *row)
{
    const struct tv_build_row *at = &encoder->build->rows[i];
    *row = at->row;
    return encoder->build->batches[at->batch]->columns[field];
}

static void set_zone(struct tv_zone *zone, const int64_t *numbers, uint32_t count)
{
    int64_t least = numbers[0], greatest = numbers[0];
    for (uint32_t i = 1; i < count; i++) {
        least = numbers[i] < least ? numbers[i] : least;
        greatest = numbers[i] > greatest ? numbers[i] : greatest;
    }
    /* Doubles round: outwards is safe. */
    *zone = (struct tv_zone){
            true, nextafter((double)least, -INFINITY), nextafter((double)greatest, INFINITY)};
}

static uint32_t gather_i64(struct tv_encoder *encoder, enum tv_field field)
{
    uint32_t found = 0, row = 0;
    for (uint32_t i = 0; i < encoder->count; i++) {
        const int64_t *cells = column_of(encoder, i, field, &row);
        int64_t cell = cells ? cells[row] : TV_ABSENT_I64;
        encoder->at[found] = i;
        encoder->numbers[found] = cell;
        found += cell != TV_ABSENT_I64;
    }
    return found;
}

static uint32_t gather_u64(struct tv_encoder *encoder, enum tv_field field)
{
    uint32_t found = 0, row = 0;
    for (uint32_t i = 0; i < encoder->count; i++) {
        const uint64_t *cells = column_of(encoder, i, field, &row);
        uint64_t cell = cells ? cells[row] : 0;
        encoder->at[found] = i;
        encoder->bits[found] = cell;
        found += cell != 0;
    }
    return found;
}

static uint32_t gather_u8(struct tv_encoder *encoder, enum tv_field field)
{
    uint32_t found = 0, row = 0;
    for (uint32_t i = 0; i < encoder->count; i++) {
        const uint8_t *cells = column_of(encoder, i, field, &row);
        uint8_t cell = cells ? cells[row] : 0;
        encoder->at[found] = i;
        encoder->numbers[found] = cell;
        found += cell != 0;
    }
    return found;
}

/* Two words each. */
static uint32_t gather_ids(struct tv_encoder *encoder, enum tv_field field, uint64_t *words)
{
    uint32_t found = 0, row = 0;
    for (uint32_t i = 0; i < encoder->count; i++) {
        const struct tv_id *cells = column_of(encoder, i, field, &row);
        struct tv_id cell = cells ? cells[row] : (struct tv_id){0, 0};
        encoder->at[found] = i;
        words[2 * (size_t)found] = cell.hi;
        words[2 * (size_t)found + 1] = cell.lo;
        found += (cell.hi | cell.lo) != 0;
    }
    return found;
}

static uint32_t gather_codes(struct tv_encoder *encoder, enum tv_field field)
{
    uint32_t found = 0, row = 0;
    for (uint32_t i = 0; i < encoder->count; i++) {
        const uint32_t *cells = column_of(encoder, i, field, &row);
        if (!cells || cells[row] == 0)
            continue;
        struct tv_source *source = &encoder->sources[encoder->build->rows[i].batch];
        encoder->at[found] = i;
        encoder->codes[found++] = tv_encoder_text(encoder, source, cells[row]);
    }
    return found;
}

/* Texts that do not repeat are not even looked up. */
static uint32_t gather_texts(struct tv_encoder *encoder, enum tv_field field)
{
    uint32_t found = 0, row = 0;
    for (uint32_t i = 0; i < encoder->count; i++) {
        const uint32_t *cells = column_of(encoder, i, field, &row);
        if (!cells || cells[row] == 0)
            continue;
        const struct tv_batch *batch = encoder->build->batches[encoder->build->rows[i].batch];
        encoder->at[found] = i;
        encoder->dictionary[found] = tv_strings_get(&batch->strings, cells[row]);
        encoder->codes[found] = found + 1;
        found++;
    }
    return found;
}

/* The small numbers that occur, ascending. */
static void list_numbers(
        struct tv_encoder *encoder, uint32_t count, struct tv_segment_column *column)
{
    uint64_t occurs[4] = {0};
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++)
        occurs[encoder->numbers[i] / 64] |= UINT64_C(1) << (encoder->numbers[i] % 64);
    column->values = tv_arena_alloc(
            &encoder->segment->arena, TV_SEGMENT_VALUES_MAX * sizeof(*column->values));
    for (uint32_t value = 0; value < 256 && found < TV_SEGMENT_VALUES_MAX; value++)
        if (occurs[value / 64] >> (value % 64) & 1)
            column->values[found++] = value;
    column->value_count = found < TV_SEGMENT_VALUES_MAX ? found : 0;
}

static uint32_t gather(struct tv_encoder *encoder, enum tv_field field, uint64_t *words)
{
    switch (tv_field_column(field)) {
    case TV_COLUMN_I64:
        return gather_i64(encoder, field);
    case TV_COLUMN_U64:
        return gather_u64(encoder, field);
    case TV_COLUMN_U8:
        return gather_u8(encoder, field);
    case TV_COLUMN_ID:
        return gather_ids(encoder, field, words);
    case TV_COLUMN_CODE:
        return field == TV_FIELD_EVENT_ID ? gather_texts(encoder, field)
                                          : gather_codes(encoder, field);
    }
    return 0;
}

static void put_values(struct tv_encoder *encoder, enum tv_field field, uint32_t count,
        const uint64_t *words, struct tv_segment_column *column)
{
    switch (tv_field_column(field)) {
    case TV_COLUMN_I64:
        set_zone(&column->zone, encoder->numbers, count);
        tv_ints_put(encoder->payload, encoder->numbers, count);
        break;
    case TV_COLUMN_U64:
        if (field == TV_FIELD_ARRIVAL)
            tv_ints_put(encoder->payload, (const int64_t *)encoder->bits, count);
        else
            tv_ids_put(encoder->payload, encoder->bits, 1, count);
        break;
    case TV_COLUMN_U8:
        list_numbers(encoder, count, column);
        if (field == TV_FIELD_SEVERITY)
            set_zone(&column->zone, encoder->numbers, count);
        tv_ints_put(encoder->payload, encoder->numbers, count);
        break;
    case TV_COLUMN_ID:
        tv_ids_put(encoder->payload, words, 2, count);
        break;
    case TV_COLUMN_CODE:
        if (field == TV_FIELD_EVENT_ID)
            tv_text_column_put(encoder->payload, encoder->dictionary, count, encoder->codes, count);
        else
            tv_encoder_put_texts(encoder, encoder->codes, count, column);
        break;
    }
}

static bool any_source_has(const struct tv_encoder *encoder, enum tv_field field)
{
    for (size_t b = 0; b < encoder->build->batch_count; b++)
        if (encoder->sources[b].batch && encoder->sources[b].batch->columns[field])
            return true;
    return false;
}

void tv_encoder_fields(struct tv_encoder *encoder)
{
    uint64_t *words = tv_arena_alloc(&encoder->arena, encoder->count * 2 * sizeof(*words));
    for (int i = 0; i < TV_FIELD_COUNT; i++) {
        enum tv_field field = (enum tv_field)i;
        struct tv_segment_column *column = &encoder->segment->fields[i];
        uint32_t count = any_source_has(encoder, field) ? gather(encoder, field, words) : 0;
        if (count == 0)
            continue;
        size_t begin = tv_encoder_block_begin(encoder);
        column->present = count;
        column->types = (uint8_t)(1u << tv_field_type(field));
        tv_buf_put_varint(encoder->payload, count);
        tv_rows_put(encoder->payload, encoder->at, count, encoder->count);
        put_values(encoder, field, count, words, column);
        column->block = tv_encoder_block_end(encoder, begin);
    }
}
