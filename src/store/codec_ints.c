/* SPDX-License-Identifier: Apache-2.0 */
/* Integers.
 *
 * Values, or the differences of neighbours where those reach less far, become distances from their
 * least. Distances of one or two bits are packed; wider ones are cut into planes: the lowest bytes
 * of all values, then the next, and so on, each plane compressed by itself. Packing to the exact
 * width would spend on every value what the widest needs; planes let an outlier cost its own upper
 * bytes only, since a plane that is nearly all zero vanishes in zstd, while the low bytes, which are
 * noise in times and durations, are stored as they are and read by a vector loop. */
#include "store/codec.h"

#include "base/compress.h"
#include "base/mem.h"

#include <stdlib.h>

enum bytes_method { BYTES_PLAIN, BYTES_ZSTD, BYTES_CONSTANT };

enum ints_method { INTS_CONSTANT, INTS_DISTANCE, INTS_DELTA };

enum { ZSTD_LEVEL = 1, ZSTD_BYTES_MIN = 24, PACKED_BITS_MAX = 2 };

static bool all_equal(const uint8_t *bytes, size_t count)
{
    return count > 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

void tv_bytes_put(struct tv_buf *out, const void *bytes, size_t count)
{
    if (count > 1 && all_equal(bytes, count)) {
        tv_buf_append_char(out, BYTES_CONSTANT);
        tv_buf_append(out, bytes, 1);
        return;
    }
    size_t start = out->len;
    if (count >= ZSTD_BYTES_MIN) {
        struct tv_buf packed = {0};
        tv_zstd_compress((struct tv_str){bytes, count}, ZSTD_LEVEL, &packed);
        if (packed.len + packed.len / 64 + 4 < count) {
            tv_buf_append_char(out, BYTES_ZSTD);
            tv_buf_put_varint(out, packed.len);
            tv_buf_append(out, packed.data, packed.len);
        }
        tv_buf_release(&packed);
    }
    if (out->len > start)
        return;
    tv_buf_append_char(out, BYTES_PLAIN);
    tv_buf_append(out, bytes, count);
}

/* Where `count` bytes lie once they are unpacked: in the input itself where they are plain, else at
 * the end of `room`, which has space for them (so it does not move). */
static bool bytes_view(struct tv_reader *in, size_t count, struct tv_buf *room, const uint8_t **out)
{
    const uint8_t *method = NULL, *from = NULL;
    uint64_t packed = 0;
    if (!tv_get_bytes(in, 1, &method) || *method > BYTES_CONSTANT)
        return false;
    if (*method == BYTES_PLAIN)
        return tv_get_bytes(in, count, out);
    *out = (const uint8_t *)tv_buf_reserve(room, count);
    if (*method == BYTES_CONSTANT) {
        if (!tv_get_bytes(in, 1, &from))
            return false;
        memset(room->data + room->len, *from, count);
        room->len += count;
        return true;
    }
    if (!tv_get_varint(in, &packed) || !tv_get_bytes(in, packed, &from))
        return false;
    struct tv_str frame = {(const char *)from, packed};
    return tv_zstd_decompress_exact(frame, count, room) == TV_OK;
}

bool tv_bytes_get(struct tv_reader *in, size_t count, uint8_t *out)
{
    struct tv_buf room = {0};
    const uint8_t *bytes = NULL;
    bool good = bytes_view(in, count, &room, &bytes);
    if (good && count)
        memcpy(out, bytes, count);
    tv_buf_release(&room);
    return good;
}

/* Least value and reach of a run of values. */
struct range {
    int64_t least;
    uint64_t reach;
};

static struct range range_of(const int64_t *values, uint32_t count)
{
    int64_t least = values[0], greatest = values[0];
    for (uint32_t i = 1; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        greatest = values[i] > greatest ? values[i] : greatest;
    }
    return (struct range){least, (uint64_t)greatest - (uint64_t)least};
}

static unsigned bits_of(uint64_t reach)
{
    return reach ? 64 - (unsigned)__builtin_clzll(reach) : 0;
}

static void put_packed(
        struct tv_buf *out, const int64_t *values, uint32_t count, struct range range)
{
    unsigned bits = bits_of(range.reach), each = 8 / bits;
    size_t bytes = (count + each - 1) / each;
    uint8_t *packed = tv_calloc(bytes, 1);
    for (uint32_t i = 0; i < count; i++)
        packed[i / each] = (uint8_t)(packed[i / each] |
                ((uint64_t)values[i] - (uint64_t)range.least) << (i % each * bits));
    tv_bytes_put(out, packed, bytes);
    free(packed);
}

static void put_planes(
        struct tv_buf *out, const int64_t *values, uint32_t count, struct range range)
{
    unsigned planes = (bits_of(range.reach) + 7) / 8;
    uint8_t *plane = tv_malloc(count);
    for (unsigned k = 0; k < planes; k++) {
        for (uint32_t i = 0; i < count; i++)
            plane[i] = (uint8_t)(((uint64_t)values[i] - (uint64_t)range.least) >> (8 * k));
        tv_bytes_put(out, plane, count);
    }
    free(plane);
}

static void put_distances(
        struct tv_buf *out, const int64_t *values, uint32_t count, struct range range)
{
    unsigned bits = bits_of(range.reach);
    tv_buf_put_varint(out, tv_zigzag(range.least));
    tv_buf_append_char(out, (char)bits);
    if (bits == 0)
        return;
    if (bits <= PACKED_BITS_MAX)
        put_packed(out, values, count, range);
    else
        put_planes(out, values, count, range);
}

void tv_ints_put(struct tv_buf *out, const int64_t *values, uint32_t count)
{
    if (count == 0)
        return;
    struct range range = range_of(values, count);
    if (range.reach == 0) {
        tv_buf_append_char(out, INTS_CONSTANT);
        tv_buf_put_varint(out, tv_zigzag(range.least));
        return;
    }
    int64_t *deltas = tv_malloc(count * sizeof(*deltas));
    for (uint32_t i = 1; i < count; i++)
        deltas[i - 1] = (int64_t)((uint64_t)values[i] - (uint64_t)values[i - 1]);
    struct range steps = range_of(deltas, count - 1);
    if (bits_of(steps.reach) < bits_of(range.reach)) {
        tv_buf_append_char(out, INTS_DELTA);
        tv_buf_put_varint(out, tv_zigzag(values[0]));
        put_distances(out, deltas, count - 1, steps);
    } else {
        tv_buf_append_char(out, INTS_DISTANCE);
        put_distances(out, values, count, range);
    }
    free(deltas);
}

static bool get_packed(
        struct tv_reader *in, uint32_t count, unsigned bits, uint64_t least, int64_t *out)
{
    unsigned each = 8 / bits, mask = (1u << bits) - 1;
    struct tv_buf room = {0};
    const uint8_t *packed = NULL;
    bool good = bytes_view(in, (count + each - 1) / each, &room, &packed);
    for (uint32_t i = 0; good && i < count; i++)
        out[i] = (int64_t)(least + (packed[i / each] >> (i % each * bits) & mask));
    tv_buf_release(&room);
    return good;
}

/* Puts planes together again; one pass for each of the usual numbers of planes. */
static void join_planes(const uint8_t *const plane[8], unsigned planes, uint32_t count,
        uint64_t least, int64_t *out)
{
    const uint8_t *a = plane[0], *b = plane[1], *c = plane[2], *d = plane[3];
    for (uint32_t i = 0; planes == 1 && i < count; i++)
        out[i] = (int64_t)(least + a[i]);
    for (uint32_t i = 0; planes == 2 && i < count; i++)
        out[i] = (int64_t)(least + ((uint64_t)b[i] << 8 | a[i]));
    for (uint32_t i = 0; planes == 3 && i < count; i++)
        out[i] = (int64_t)(least + ((uint64_t)c[i] << 16 | (uint64_t)b[i] << 8 | a[i]));
    for (uint32_t i = 0; planes >= 4 && i < count; i++)
        out[i] = (int64_t)(least +
                ((uint64_t)d[i] << 24 | (uint64_t)c[i] << 16 | (uint64_t)b[i] << 8 | a[i]));
    for (unsigned k = 4; k < planes; k++)
        for (uint32_t i = 0; i < count; i++)
            out[i] = (int64_t)((uint64_t)out[i] + ((uint64_t)plane[k][i] << (8 * k)));
}

static bool get_planes(
        struct tv_reader *in, uint32_t count, unsigned bits, uint64_t least, int64_t *out)
{
    unsigned planes = (bits + 7) / 8;
    const uint8_t *plane[8] = {NULL};
    struct tv_buf room = {0};
    bool good = true;
    (void)tv_buf_reserve(&room, (size_t)planes * count);
    for (unsigned k = 0; good && k < planes; k++)
        good = bytes_view(in, count, &room, &plane[k]);
    if (good)
        join_planes(plane, planes, count, least, out);
    tv_buf_release(&room);
    return good;
}

static bool get_distances(struct tv_reader *in, uint32_t count, int64_t *out)
{
    uint64_t least = 0;
    const uint8_t *bits = NULL;
    if (!tv_get_varint(in, &least) || !tv_get_bytes(in, 1, &bits) || *bits > 64)
        return false;
    least = (uint64_t)tv_unzigzag(least);
    if (*bits > PACKED_BITS_MAX)
        return get_planes(in, count, *bits, least, out);
    if (*bits)
        return get_packed(in, count, *bits, least, out);
    for (uint32_t i = 0; i < count; i++)
        out[i] = (int64_t)least;
    return true;
}

bool tv_ints_get(struct tv_reader *in, uint32_t count, int64_t *out)
{
    const uint8_t *method = NULL;
    uint64_t first = 0;
    if (count == 0)
        return true;
    if (!tv_get_bytes(in, 1, &method))
        return false;
    if (*method == INTS_DISTANCE)
        return get_distances(in, count, out);
    if (*method > INTS_DELTA || !tv_get_varint(in, &first))
        return false;
    out[0] = tv_unzigzag(first);
    if (*method == INTS_CONSTANT) {
        for (uint32_t i = 1; i < count; i++)
            out[i] = out[0];
        return true;
    }
    if (!get_distances(in, count - 1, out + 1))
        return false;
    for (uint32_t i = 1; i < count; i++)
        out[i] = (int64_t)((uint64_t)out[i] + (uint64_t)out[i - 1]);
    return true;
}
