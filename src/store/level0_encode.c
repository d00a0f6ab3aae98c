/* SPDX-License-Identifier: Apache-2.0 */
/* Batches to bytes, fast.
 *
 * A commit's latency and half of ingest's CPU lie here, so columns are only narrowed to whole bytes
 * and nothing is looked up: the batch's own codes are written as they are. Numbers are mostly ids
 * and barely compress; texts do, so the table of texts alone goes through zstd. The columnar
 * encoding that is worth its time comes at compaction. */
#include "store/level0.h"

#include "base/compress.h"
#include "base/hash.h"
#include "base/mem.h"
#include "store/level0_format.h"
#include "store/narrow.h"

static void put_bitmap(struct tv_buf *out, const int64_t *cells, uint32_t rows)
{
    size_t bytes = (rows + 7) / 8;
    char *room = tv_buf_reserve(out, bytes);
    memset(room, 0, bytes);
    for (uint32_t i = 0; i < rows; i++)
        room[i / 8] = (char)(room[i / 8] | (cells[i] != TV_ABSENT_I64) << (i % 8));
    out->len += bytes;
}

/* Absent cells would spoil the range of the others, so where there are any the present ones stand
 * behind a bitmap. */
static void put_i64(
        struct tv_buf *out, const int64_t *cells, uint32_t rows, struct tv_arena *scratch)
{
    uint32_t present = 0;
    for (uint32_t i = 0; i < rows; i++)
        present += cells[i] != TV_ABSENT_I64;
    tv_buf_append_char(out, present != rows);
    if (present == rows) {
        tv_narrow_put(out, cells, rows);
        return;
    }
    put_bitmap(out, cells, rows);
    int64_t *values = tv_arena_alloc(scratch, present * sizeof(*values) + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows; i++)
        if (cells[i] != TV_ABSENT_I64)
            values[count++] = cells[i];
    tv_narrow_put(out, values, count);
}

static void put_field(struct tv_buf *out, const struct tv_batch *batch, enum tv_field field,
        struct tv_arena *scratch)
{
    uint32_t rows = batch->rows;
    switch (tv_field_column(field)) {
    case TV_COLUMN_I64:
        put_i64(out, tv_batch_i64(batch, field), rows, scratch);
        break;
    case TV_COLUMN_U64:
        tv_narrow_put(out, batch->columns[field], rows);
        break;
    case TV_COLUMN_ID:
        tv_buf_append(out, tv_batch_ids(batch, field), rows * sizeof(struct tv_id));
        break;
    case TV_COLUMN_CODE:
        tv_narrow_put_u32(out, tv_batch_codes(batch, field), rows);
        break;
    case TV_COLUMN_U8:
        tv_buf_append(out, tv_batch_u8(batch, field), rows);
        break;
    }
}

static uint32_t stored_fields(const struct tv_batch *batch)
{
    uint32_t mask = 0;
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        if (batch->columns[i] && i != TV_FIELD_ARRIVAL)
            mask |= 1u << i;
    return mask;
}

static bool is_uniform(const struct tv_attr *attr)
{
    for (uint32_t i = 1; i < attr->count; i++)
        if (attr->types[i] != attr->types[0])
            return false;
    return true;
}

static void put_attr(struct tv_buf *out, const struct tv_batch *batch, const struct tv_attr *attr)
{
    bool dense = attr->count == batch->rows;
    bool uniform = is_uniform(attr);
    tv_buf_put_varint(out, attr->name);
    tv_buf_put_varint(out, attr->count);
    tv_buf_append_char(
            out, (char)((dense ? TV_LEVEL0_DENSE : 0) | (uniform ? TV_LEVEL0_UNIFORM : 0)));
    if (!dense)
        tv_narrow_put_u32(out, attr->rows, attr->count);
    tv_buf_append(out, attr->types, uniform ? 1 : attr->count);
    tv_narrow_put(out, (const int64_t *)attr->bits, attr->count);
}

static void put_attrs(struct tv_buf *out, const struct tv_batch *batch)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < batch->attr_count; i++)
        used += batch->attrs[i].count > 0;
    tv_buf_put_varint(out, used);
    for (uint32_t i = 0; i < batch->attr_count; i++)
        if (batch->attrs[i].count > 0)
            put_attr(out, batch, &batch->attrs[i]);
}

static char *gather_texts(const struct tv_strings *strings, struct tv_arena *scratch)
{
    char *all = tv_arena_bytes(scratch, strings->text_bytes);
    char *to = all;
    for (uint32_t i = 1; i < strings->count; i++) {
        memcpy(to, strings->items[i].ptr, strings->items[i].len);
        to += strings->items[i].len;
    }
    return all;
}

static void put_texts(struct tv_buf *out, const struct tv_batch *batch, struct tv_arena *scratch)
{
    const struct tv_strings *strings = &batch->strings;
    uint32_t count = strings->count ? strings->count - 1 : 0;
    uint32_t *lengths = tv_arena_alloc(scratch, count * sizeof(*lengths) + 1);
    for (uint32_t i = 0; i < count; i++) {
        TV_ASSERT(strings->items[i + 1].len <= UINT32_MAX);
        lengths[i] = (uint32_t)strings->items[i + 1].len;
    }
    tv_buf_put_varint(out, count);
    tv_narrow_put_u32(out, lengths, count);
    tv_buf_put_varint(out, strings->text_bytes);
    struct tv_str all = {count ? gather_texts(strings, scratch) : "", strings->text_bytes};
    bool packed = all.len >= TV_LEVEL0_ZSTD_BYTES_MIN;
    tv_buf_append_char(out, packed);
    if (!packed) {
        tv_buf_append_str(out, all);
        return;
    }
    size_t length_at = out->len;
    tv_buf_put_u32(out, 0);
    size_t start = out->len;
    tv_zstd_compress(all, TV_LEVEL0_ZSTD_LEVEL, out);
    uint32_t bytes = (uint32_t)(out->len - start);
    for (int i = 0; i < 4; i++)
        out->data[length_at + (size_t)i] = (char)(bytes >> (8 * i) & 0xff);
}

static void put_batch(struct tv_buf *out, const struct tv_batch *batch)
{
    struct tv_arena scratch = {0};
    uint32_t mask = stored_fields(batch);
    tv_buf_put_varint(out, batch->rows);
    tv_buf_put_u64(out, tv_batch_u64(batch, TV_FIELD_ARRIVAL)[0]);
    tv_buf_put_u32(out, mask);
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        if (mask >> i & 1)
            put_field(out, batch, (enum tv_field)i, &scratch);
    put_attrs(out, batch);
    put_texts(out, batch, &scratch);
    tv_arena_release(&scratch);
}

void tv_level0_encode(struct tv_batch *const *batches, size_t count, struct tv_buf *out)
{
    size_t start = out->len;
    tv_buf_put_u64(out, 0);
    tv_buf_append_char(out, TV_LEVEL0_VERSION);
    tv_buf_put_varint(out, count);
    for (size_t i = 0; i < count; i++)
        put_batch(out, batches[i]);
    size_t behind = start + sizeof(uint64_t);
    uint64_t sum = tv_hash64(out->data + behind, out->len - behind);
    for (size_t i = 0; i < sizeof(sum); i++)
        out->data[start + i] = (char)(sum >> (8 * i) & 0xff);
}
