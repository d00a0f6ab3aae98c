/* SPDX-License-Identifier: Apache-2.0 */
/* A segment's metadata as bytes: all that is kept in memory of it, in one compressed blob with a
 * checksum, so that opening a store of a thousand segments reads a few megabytes. */
#include "store/segment.h"

#include "base/compress.h"
#include "base/hash.h"

enum { META_VERSION = 1, META_ZSTD_LEVEL = 3, META_BYTES_MAX = 64 << 20 };

static void put_i64(struct tv_buf *out, int64_t value)
{
    tv_buf_put_u64(out, (uint64_t)value);
}

static void put_f64(struct tv_buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    tv_buf_put_u64(out, bits);
}

/* Absent is 0, a text its length + 1. */
static void put_text(struct tv_buf *out, struct tv_str text)
{
    tv_buf_put_varint(out, text.ptr ? text.len + 1 : 0);
    tv_buf_append_str(out, text);
}

static void put_block(struct tv_buf *out, const struct tv_block *block)
{
    tv_buf_put_varint(out, block->offset);
    tv_buf_put_varint(out, block->bytes);
    tv_buf_put_u64(out, block->sum);
}

static void put_hashes(struct tv_buf *out, const uint32_t *hashes, uint32_t count)
{
    tv_buf_put_varint(out, count);
    for (uint32_t i = 0; i < count; i++)
        tv_buf_put_u32(out, hashes[i]);
}

static void put_column(struct tv_buf *out, const struct tv_segment_column *column)
{
    put_block(out, &column->block);
    if (column->block.bytes == 0)
        return;
    tv_buf_put_varint(out, column->present);
    tv_buf_append_char(out, (char)column->types);
    tv_buf_append_char(out, column->zone.known);
    if (column->zone.known) {
        put_f64(out, column->zone.min);
        put_f64(out, column->zone.max);
    }
    put_hashes(out, column->values, column->value_count);
}

static void put_extent(struct tv_buf *out, const struct tv_extent *extent)
{
    tv_buf_put_varint(out, extent->rows);
    put_i64(out, extent->min_time);
    put_i64(out, extent->max_time);
    put_i64(out, extent->min_end);
    put_i64(out, extent->max_end);
    put_i64(out, extent->min_received);
    put_i64(out, extent->max_received);
    tv_buf_put_u64(out, extent->min_arrival);
    tv_buf_put_u64(out, extent->max_arrival);
}

static void put_services(struct tv_buf *out, const struct tv_segment *segment)
{
    tv_buf_append_char(out, segment->services_known);
    tv_buf_put_varint(out, segment->service_count);
    for (uint32_t i = 0; i < segment->service_count; i++) {
        const struct tv_segment_service *service = &segment->services[i];
        put_text(out, service->service);
        put_text(out, service->instance);
        put_text(out, service->version);
        tv_buf_put_varint(out, service->rows);
        tv_buf_put_varint(out, service->errors);
        put_i64(out, service->first);
        put_i64(out, service->last);
        put_i64(out, service->changed);
        put_i64(out, service->version_time);
    }
}

void tv_segment_put_meta(const struct tv_segment *segment, struct tv_buf *out)
{
    struct tv_buf plain = {0};
    put_extent(&plain, &segment->extent);
    tv_buf_put_varint(&plain, segment->payload_bytes);
    tv_buf_put_varint(&plain, TV_FIELD_COUNT);
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        put_column(&plain, &segment->fields[i]);
    tv_buf_put_varint(&plain, segment->attr_count);
    for (uint32_t i = 0; i < segment->attr_count; i++) {
        put_text(&plain, segment->attrs[i].name);
        put_column(&plain, &segment->attrs[i].column);
    }
    tv_buf_put_varint(&plain, segment->overflow_count);
    for (uint32_t i = 0; i < segment->overflow_count; i++) {
        put_block(&plain, &segment->overflows[i].block);
        put_hashes(&plain, segment->overflows[i].names, segment->overflows[i].name_count);
    }
    tv_buf_put_varint(&plain, TV_FILTER_COUNT);
    for (int i = 0; i < TV_FILTER_COUNT; i++)
        put_block(&plain, &segment->filters[i]);
    put_services(&plain, segment);
    tv_rollup_put(&segment->rollup, &plain);
    tv_buf_append_char(out, META_VERSION);
    tv_buf_put_u64(out, tv_hash64(plain.data, plain.len));
    tv_buf_put_varint(out, plain.len);
    tv_zstd_compress(tv_buf_str(&plain), META_ZSTD_LEVEL, out);
    tv_buf_release(&plain);
}

static bool get_i64(struct tv_reader *in, int64_t *out)
{
    uint64_t value = 0;
    if (!tv_get_u64(in, &value))
        return false;
    *out = (int64_t)value;
    return true;
}

static bool get_f64(struct tv_reader *in, double *out)
{
    uint64_t bits = 0;
    if (!tv_get_u64(in, &bits))
        return false;
    memcpy(out, &bits, sizeof(*out));
    return true;
}

static bool get_count(struct tv_reader *in, uint64_t max, uint32_t *out)
{
    uint64_t value = 0;
    if (!tv_get_varint(in, &value) || value > max)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool get_byte(struct tv_reader *in, uint8_t *out)
{
    const uint8_t *byte = NULL;
    if (!tv_get_bytes(in, 1, &byte))
        return false;
    *out = *byte;
    return true;
}

static bool get_text(struct tv_reader *in, struct tv_arena *arena, struct tv_str *out)
{
    uint64_t length = 0;
    const uint8_t *bytes = NULL;
    *out = (struct tv_str){NULL, 0};
    if (!tv_get_varint(in, &length))
        return false;
    if (length == 0)
        return true;
    if (!tv_get_bytes(in, length - 1, &bytes))
        return false;
    *out = tv_arena_str(arena, (struct tv_str){(const char *)bytes, length - 1});
    return true;
}

static bool get_block(struct tv_reader *in, const struct tv_segment *segment, struct tv_block *out)
{
    uint32_t bytes = 0;
    if (!tv_get_varint(in, &out->offset) || !get_count(in, UINT32_MAX, &bytes) ||
            !tv_get_u64(in, &out->sum))
        return false;
    out->bytes = bytes;
    return out->offset <= segment->payload_bytes && bytes <= segment->payload_bytes - out->offset;
}

static bool get_hashes(
        struct tv_reader *in, struct tv_arena *arena, uint32_t **out, uint32_t *count)
{
    if (!get_count(in, (uint64_t)(in->end - in->at) / sizeof(**out), count))
        return false;
    *out = *count ? tv_arena_alloc(arena, *count * sizeof(**out)) : NULL;
    for (uint32_t i = 0; i < *count; i++)
        if (!tv_get_u32(in, &(*out)[i]))
            return false;
    return true;
}

static bool get_column(
        struct tv_reader *in, struct tv_segment *segment, struct tv_segment_column *out)
{
    uint8_t known = 0;
    if (!get_block(in, segment, &out->block))
        return false;
    if (out->block.bytes == 0)
        return true;
    if (!get_count(in, segment->extent.rows, &out->present) || !get_byte(in, &out->types) ||
            !get_byte(in, &known))
        return false;
    out->zone.known = known;
    if (known && (!get_f64(in, &out->zone.min) || !get_f64(in, &out->zone.max)))
        return false;
    return get_hashes(in, &segment->arena, &out->values, &out->value_count);
}

static bool get_extent(struct tv_reader *in, struct tv_extent *out)
{
    return tv_get_varint(in, &out->rows) && out->rows > 0 && out->rows <= TV_SEGMENT_ROWS_MAX &&
            get_i64(in, &out->min_time) && get_i64(in, &out->max_time) &&
            get_i64(in, &out->min_end) && get_i64(in, &out->max_end) &&
            get_i64(in, &out->min_received) && get_i64(in, &out->max_received) &&
            tv_get_u64(in, &out->min_arrival) && tv_get_u64(in, &out->max_arrival);
}

static bool get_fields(struct tv_reader *in, struct tv_segment *segment)
{
    uint32_t count = 0;
    if (!get_count(in, TV_FIELD_COUNT, &count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!get_column(in, segment, &segment->fields[i]))
            return false;
    return true;
}

static bool get_attrs(struct tv_reader *in, struct tv_segment *segment)
{
    struct tv_arena *arena = &segment->arena;
    if (!get_count(in, TV_SEGMENT_COLUMNS_MAX, &segment->attr_count))
        return false;
    segment->attrs = tv_arena_calloc(arena, segment->attr_count, sizeof(*segment->attrs));
    for (uint32_t i = 0; i < segment->attr_count; i++)
        if (!get_text(in, arena, &segment->attrs[i].name) ||
                !get_column(in, segment, &segment->attrs[i].column))
            return false;
    if (!get_count(in, (uint64_t)(in->end - in->at), &segment->overflow_count))
        return false;
    segment->overflows =
            tv_arena_calloc(arena, segment->overflow_count, sizeof(*segment->overflows));
    for (uint32_t i = 0; i < segment->overflow_count; i++) {
        struct tv_segment_overflow *overflow = &segment->overflows[i];
        if (!get_block(in, segment, &overflow->block) ||
                !get_hashes(in, arena, &overflow->names, &overflow->name_count))
            return false;
    }
    return true;
}

static bool get_service(
        struct tv_reader *in, struct tv_arena *arena, struct tv_segment_service *out)
{
    return get_text(in, arena, &out->service) && get_text(in, arena, &out->instance) &&
            get_text(in, arena, &out->version) && get_count(in, UINT32_MAX, &out->rows) &&
            get_count(in, UINT32_MAX, &out->errors) && get_i64(in, &out->first) &&
            get_i64(in, &out->last) && get_i64(in, &out->changed) &&
            get_i64(in, &out->version_time);
}

static bool get_services(struct tv_reader *in, struct tv_segment *segment)
{
    uint8_t known = 0;
    if (!get_byte(in, &known) || !get_count(in, TV_SEGMENT_SERVICES_MAX, &segment->service_count))
        return false;
    segment->services_known = known;
    segment->services =
            tv_arena_calloc(&segment->arena, segment->service_count, sizeof(*segment->services));
    for (uint32_t i = 0; i < segment->service_count; i++)
        if (!get_service(in, &segment->arena, &segment->services[i]))
            return false;
    return true;
}

static bool get_all(struct tv_reader *in, struct tv_segment *segment)
{
    uint32_t filters = 0;
    if (!get_extent(in, &segment->extent) || !tv_get_varint(in, &segment->payload_bytes) ||
            !get_fields(in, segment) || !get_attrs(in, segment) ||
            !get_count(in, TV_FILTER_COUNT, &filters))
        return false;
    for (uint32_t i = 0; i < filters; i++)
        if (!get_block(in, segment, &segment->filters[i]))
            return false;
    return get_services(in, segment) && tv_rollup_get(in, &segment->arena, &segment->rollup) &&
            in->at == in->end;
}

static bool unpack(struct tv_str meta, struct tv_buf *plain)
{
    const uint8_t *start = (const uint8_t *)meta.ptr;
    struct tv_reader in = {start, start + meta.len};
    uint8_t version = 0;
    uint64_t sum = 0, bytes = 0;
    if (!get_byte(&in, &version) || version != META_VERSION || !tv_get_u64(&in, &sum) ||
            !tv_get_varint(&in, &bytes) || bytes > META_BYTES_MAX)
        return false;
    struct tv_str frame = {(const char *)in.at, (size_t)(in.end - in.at)};
    return tv_zstd_decompress_exact(frame, bytes, plain) == TV_OK &&
            tv_hash64(plain->data, plain->len) == sum;
}

enum tv_status tv_segment_get_meta(int64_t id, struct tv_str meta, struct tv_segment **out)
{
    struct tv_buf plain = {0};
    struct tv_segment *segment = tv_segment_new();
    segment->id = id;
    segment->meta_bytes = meta.len;
    bool good = unpack(meta, &plain);
    if (good) {
        const uint8_t *start = (const uint8_t *)plain.data;
        struct tv_reader in = {start, start + plain.len};
        good = get_all(&in, segment);
    }
    tv_buf_release(&plain);
    if (!good) {
        tv_segment_unref(segment);
        return TV_CORRUPT;
    }
    *out = segment;
    return TV_OK;
}
