/* SPDX-License-Identifier: Apache-2.0 */
/* Narrow numbers.
 *
 * One byte tells the width, a varint the least value, then come the distances, little-endian. Each
 * width has its own loop, so that the compiler makes vector code of it. */
#include "store/narrow.h"

static unsigned width_of(uint64_t range)
{
    return range == 0             ? 0
            : range <= UINT8_MAX  ? 1
            : range <= UINT16_MAX ? 2
            : range <= UINT32_MAX ? 4
                                  : 8;
}

static char *put_head(struct tv_buf *out, unsigned width, int64_t base, uint32_t count)
{
    tv_buf_append_char(out, (char)width);
    tv_buf_put_varint(out, tv_zigzag(base));
    size_t bytes = (size_t)width * count;
    char *room = tv_buf_reserve(out, bytes);
    out->len += bytes;
    return room;
}

/* Copies the distances of `values` (any integer type) in `width` bytes. Stores through memcpy are
 * single instructions; the widths are fixed so that each loop is plain. */
#define PUT_DISTANCES(values)                                        \
    do {                                                             \
        for (uint32_t i = 0; width == 1 && i < count; i++)           \
            room[i] = (char)((uint64_t)(values)[i] - low);           \
        for (uint32_t i = 0; width == 2 && i < count; i++) {         \
            uint16_t cell = (uint16_t)((uint64_t)(values)[i] - low); \
            memcpy(room + 2 * (size_t)i, &cell, sizeof(cell));       \
        }                                                            \
        for (uint32_t i = 0; width == 4 && i < count; i++) {         \
            uint32_t cell = (uint32_t)((uint64_t)(values)[i] - low); \
            memcpy(room + 4 * (size_t)i, &cell, sizeof(cell));       \
        }                                                            \
        for (uint32_t i = 0; width == 8 && i < count; i++) {         \
            uint64_t cell = (uint64_t)(values)[i] - low;             \
            memcpy(room + 8 * (size_t)i, &cell, sizeof(cell));       \
        }                                                            \
    } while (0)

void tv_narrow_put(struct tv_buf *out, const int64_t *values, uint32_t count)
{
    int64_t least = count ? values[0] : 0, greatest = least;
    for (uint32_t i = 1; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        greatest = values[i] > greatest ? values[i] : greatest;
    }
    uint64_t low = (uint64_t)least;
    unsigned width = width_of((uint64_t)greatest - low);
    char *room = put_head(out, width, least, count);
    PUT_DISTANCES(values);
}

void tv_narrow_put_u32(struct tv_buf *out, const uint32_t *values, uint32_t count)
{
    uint32_t least = count ? values[0] : 0, greatest = least;
    for (uint32_t i = 1; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        greatest = values[i] > greatest ? values[i] : greatest;
    }
    uint64_t low = least;
    unsigned width = width_of(greatest - low);
    char *room = put_head(out, width, (int64_t)least, count);
    PUT_DISTANCES(values);
}

static bool get_head(
        struct tv_reader *in, uint32_t count, unsigned *width, uint64_t *low, const uint8_t **cells)
{
    const uint8_t *first = NULL;
    uint64_t base = 0;
    if (!tv_get_bytes(in, 1, &first) || !tv_get_varint(in, &base))
        return false;
    if (*first > 8 || (*first & (*first - 1)) != 0)
        return false;
    *width = *first;
    *low = (uint64_t)tv_unzigzag(base);
    return tv_get_bytes(in, (size_t)*width * count, cells);
}

static inline uint64_t cell_at(const uint8_t *cells, unsigned width, uint32_t i)
{
    uint64_t cell = 0;
    for (unsigned byte = 0; byte < width; byte++)
        cell |= (uint64_t)cells[(size_t)i * width + byte] << (8 * byte);
    return cell;
}

bool tv_narrow_get(struct tv_reader *in, uint32_t count, int64_t *out)
{
    unsigned width = 0;
    uint64_t low = 0;
    const uint8_t *cells = NULL;
    if (!get_head(in, count, &width, &low, &cells))
        return false;
    for (uint32_t i = 0; i < count; i++)
        out[i] = (int64_t)(low + cell_at(cells, width, i));
    return true;
}

bool tv_narrow_get_u32(struct tv_reader *in, uint32_t count, uint64_t limit, uint32_t *out)
{
    unsigned width = 0;
    uint64_t low = 0;
    const uint8_t *cells = NULL;
    if (!get_head(in, count, &width, &low, &cells))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t value = low + cell_at(cells, width, i);
        if (value >= limit)
            return false;
        out[i] = (uint32_t)value;
    }
    return true;
}
