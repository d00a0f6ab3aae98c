/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to batches, at start. The checksum has been compared before, so what is wrong here is a
 * fault of the writer or a forged file; nothing is read or written out of bounds all the same. */
#include "store/level0.h"

#include "base/compress.h"
#include "base/hash.h"
#include "base/mem.h"
#include "store/level0_format.h"
#include "store/narrow.h"

#include <stdlib.h>

static bool get_i64(struct tv_reader *in, int64_t *cells, uint32_t rows, struct tv_arena *scratch)
{
    const uint8_t *sparse = NULL, *bitmap = NULL;
    if (!tv_get_bytes(in, 1, &sparse))
        return false;
    if (!*sparse)
        return tv_narrow_get(in, rows, cells);
    if (!tv_get_bytes(in, (rows + 7) / 8, &bitmap))
        return false;
    uint32_t present = 0;
    for (uint32_t i = 0; i < rows; i++)
        present += bitmap[i / 8] >> (i % 8) & 1;
    int64_t *values = tv_arena_alloc(scratch, present * sizeof(*values) + 1);
    if (!tv_narrow_get(in, present, values))
        return false;
    for (uint32_t i = 0, at = 0; i < rows; i++)
        if (bitmap[i / 8] >> (i % 8) & 1)
            cells[i] = values[at++];
    return true;
}

static bool get_plain(struct tv_reader *in, void *cells, size_t bytes)
{
    const uint8_t *from = NULL;
    if (!tv_get_bytes(in, bytes, &from))
        return false;
    memcpy(cells, from, bytes);
    return true;
}

static bool get_field(
        struct tv_reader *in, struct tv_batch *batch, enum tv_field field, struct tv_arena *scratch)
{
    uint32_t rows = batch->rows;
    void *cells = tv_batch_column(batch, field);
    switch (tv_field_column(field)) {
    case TV_COLUMN_I64:
        return get_i64(in, cells, rows, scratch);
    case TV_COLUMN_U64:
        return tv_narrow_get(in, rows, cells);
    case TV_COLUMN_ID:
        return get_plain(in, cells, rows * sizeof(struct tv_id));
    case TV_COLUMN_CODE:
        return tv_narrow_get_u32(in, rows, UINT32_MAX, cells);
    case TV_COLUMN_U8:
        return get_plain(in, cells, rows);
    }
    return false;
}

/* An attribute before its texts are known. */
struct found_attr {
    uint64_t name, count;
    uint32_t *rows;
    uint8_t *types;
    int64_t *bits;
};

static bool get_rows(struct tv_reader *in, struct found_attr *attr, uint32_t rows, bool dense)
{
    if (dense) {
        for (uint32_t i = 0; i < attr->count; i++)
            attr->rows[i] = i;
        return attr->count == rows;
    }
    if (!tv_narrow_get_u32(in, (uint32_t)attr->count, rows, attr->rows))
        return false;
    for (uint32_t i = 1; i < attr->count; i++)
        if (attr->rows[i] <= attr->rows[i - 1])
            return false;
    return true;
}

static bool get_types(struct tv_reader *in, struct found_attr *attr, bool uniform)
{
    const uint8_t *types = NULL;
    if (!tv_get_bytes(in, uniform ? 1 : attr->count, &types))
        return false;
    for (uint32_t i = 0; i < attr->count; i++) {
        attr->types[i] = types[uniform ? 0 : i];
        if (attr->types[i] == TV_TYPE_NULL || attr->types[i] > TV_TYPE_JSON)
            return false;
    }
    return true;
}

static bool get_attr(
        struct tv_reader *in, uint32_t rows, struct tv_arena *arena, struct found_attr *attr)
{
    const uint8_t *flags = NULL;
    if (!tv_get_varint(in, &attr->name) || !tv_get_varint(in, &attr->count) ||
            !tv_get_bytes(in, 1, &flags) || attr->count == 0 || attr->count > rows)
        return false;
    uint32_t count = (uint32_t)attr->count;
    attr->rows = tv_arena_alloc(arena, count * sizeof(*attr->rows));
    attr->types = tv_arena_alloc(arena, count);
    attr->bits = tv_arena_alloc(arena, count * sizeof(*attr->bits));
    return get_rows(in, attr, rows, *flags & TV_LEVEL0_DENSE) &&
            get_types(in, attr, *flags & TV_LEVEL0_UNIFORM) && tv_narrow_get(in, count, attr->bits);
}

static bool get_text_bytes(
        struct tv_reader *in, uint64_t bytes, struct tv_arena *arena, const char **out)
{
    const uint8_t *packed = NULL, *from = NULL;
    uint32_t packed_bytes = 0;
    if (!tv_get_bytes(in, 1, &packed))
        return false;
    if (*packed && !tv_get_u32(in, &packed_bytes))
        return false;
    if (!tv_get_bytes(in, *packed ? packed_bytes : bytes, &from))
        return false;
    struct tv_buf plain = {0};
    struct tv_str text = {(const char *)from, bytes};
    if (*packed) {
        struct tv_str frame = {(const char *)from, packed_bytes};
        if (tv_zstd_decompress_exact(frame, bytes, &plain) != TV_OK) {
            tv_buf_release(&plain);
            return false;
        }
        text = tv_buf_str(&plain);
    }
    *out = tv_arena_str(arena, text).ptr;
    tv_buf_release(&plain);
    return true;
}

static bool get_texts(struct tv_reader *in, struct tv_batch *batch, struct tv_arena *scratch)
{
    uint64_t count = 0, bytes = 0;
    const char *at = NULL;
    /* Texts of equal length cost no byte each, so their number needs a bound of its own. */
    if (!tv_get_varint(in, &count) || count > (uint64_t)TV_BATCH_ROWS_MAX * 64)
        return false;
    uint32_t *lengths = tv_arena_alloc(scratch, count * sizeof(*lengths) + 1);
    if (!tv_narrow_get_u32(in, (uint32_t)count, UINT32_MAX, lengths) || !tv_get_varint(in, &bytes))
        return false;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++)
        sum += lengths[i];
    if (sum != bytes || !get_text_bytes(in, bytes, &batch->arena, &at))
        return false;
    tv_strings_reserve(&batch->strings, &batch->arena, (uint32_t)count);
    for (uint64_t i = 0; i < count; i++) {
        (void)tv_strings_borrow(&batch->strings, &batch->arena, (struct tv_str){at, lengths[i]});
        at += lengths[i];
    }
    return true;
}

static bool codes_fit(const struct tv_batch *batch)
{
    uint32_t limit = batch->strings.count ? batch->strings.count : 1;
    for (int i = 0; i < TV_FIELD_COUNT; i++) {
        const uint32_t *codes = batch->columns[i];
        if (!codes || tv_field_column((enum tv_field)i) != TV_COLUMN_CODE)
            continue;
        for (uint32_t row = 0; row < batch->rows; row++)
            if (codes[row] >= limit)
                return false;
    }
    return true;
}

static bool place_attr(struct tv_batch *batch, uint32_t texts, const struct found_attr *found)
{
    if (found->name == 0 || found->name >= texts)
        return false;
    for (uint32_t i = 0; i < found->count; i++) {
        bool is_text = found->types[i] == TV_TYPE_STR || found->types[i] == TV_TYPE_JSON;
        if (is_text && (found->bits[i] <= 0 || (uint64_t)found->bits[i] >= texts))
            return false;
    }
    struct tv_str name = tv_strings_get(&batch->strings, (uint32_t)found->name);
    uint32_t index = tv_batch_attr(batch, name);
    if (index == UINT32_MAX || batch->attrs[index].count > 0)
        return false;
    uint32_t count = (uint32_t)found->count;
    tv_batch_attr_reserve(batch, index, count);
    struct tv_attr *attr = &batch->attrs[index];
    memcpy(attr->rows, found->rows, count * sizeof(*attr->rows));
    memcpy(attr->types, found->types, count);
    memcpy(attr->bits, found->bits, count * sizeof(*attr->bits));
    attr->count = count;
    return true;
}

static bool get_attrs_and_texts(
        struct tv_reader *in, struct tv_batch *batch, struct tv_arena *scratch)
{
    uint64_t count = 0;
    if (!tv_get_varint(in, &count) || count > TV_BATCH_ATTRS_MAX)
        return false;
    struct found_attr *attrs = tv_arena_calloc(scratch, count, sizeof(*attrs));
    for (uint64_t i = 0; i < count; i++)
        if (!get_attr(in, batch->rows, scratch, &attrs[i]))
            return false;
    if (!get_texts(in, batch, scratch) || !codes_fit(batch))
        return false;
    uint32_t texts = batch->strings.count;
    for (uint64_t i = 0; i < count; i++)
        if (!place_attr(batch, texts, &attrs[i]))
            return false;
    return true;
}

static bool get_batch(struct tv_reader *in, struct tv_batch *batch, struct tv_arena *scratch)
{
    uint64_t rows = 0, arrival = 0;
    uint32_t mask = 0;
    if (!tv_get_varint(in, &rows) || !tv_get_u64(in, &arrival) || !tv_get_u32(in, &mask))
        return false;
    uint32_t needed = 1u << TV_FIELD_TIME | 1u << TV_FIELD_RECEIVED;
    if (rows == 0 || rows > TV_BATCH_ROWS_MAX || mask >> TV_FIELD_COUNT || ~mask & needed)
        return false;
    tv_batch_reserve(batch, (uint32_t)rows);
    batch->rows = (uint32_t)rows;
    uint64_t *arrivals = tv_batch_column(batch, TV_FIELD_ARRIVAL);
    for (uint32_t i = 0; i < rows; i++)
        arrivals[i] = arrival + i;
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        if (mask >> i & 1 && !get_field(in, batch, (enum tv_field)i, scratch))
            return false;
    return get_attrs_and_texts(in, batch, scratch);
}

static bool get_batches(struct tv_reader *in, struct tv_batch **batches, size_t count)
{
    struct tv_arena scratch = {0};
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
        batches[i] = tv_batch_new();
        good = get_batch(in, batches[i], &scratch);
        tv_arena_release(&scratch);
    }
    return good && in->at == in->end;
}

enum tv_status tv_level0_decode(int64_t id, struct tv_str payload, struct tv_level0 **out)
{
    const uint8_t *version = NULL, *start = (const uint8_t *)payload.ptr;
    struct tv_reader in = {start, start + payload.len};
    uint64_t sum = 0, count = 0;
    if (!tv_get_u64(&in, &sum) || sum != tv_hash64(in.at, (size_t)(in.end - in.at)))
        return TV_CORRUPT;
    if (!tv_get_bytes(&in, 1, &version) || *version != TV_LEVEL0_VERSION ||
            !tv_get_varint(&in, &count) || count == 0 || count > payload.len)
        return TV_CORRUPT;
    struct tv_batch **batches = tv_calloc(count, sizeof(struct tv_batch *));
    bool good = get_batches(&in, batches, count);
    if (good) {
        *out = tv_level0_new(id, batches, count);
        (*out)->payload_bytes = payload.len;
    }
    for (uint64_t i = 0; !good && i < count; i++)
        tv_batch_unref(batches[i]);
    free(batches);
    return good ? TV_OK : TV_CORRUPT;
}
