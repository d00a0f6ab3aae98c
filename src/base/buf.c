/* SPDX-License-Identifier: Apache-2.0 */
/* The growing buffer and the little-endian encodings of the store.
 *
 * Bytes are shifted in and out one by one: compilers make a plain load or store of it where the
 * machine is little-endian, and it stays right where it is not. */
#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_BYTES_MIN = 64, VARINT_BYTES_MAX = 10 };

void tv_buf_release(struct tv_buf *buf)
{
    free(buf->data);
    *buf = (struct tv_buf){0};
}

char *tv_buf_reserve(struct tv_buf *buf, size_t more)
{
    TV_ASSERT(more <= SIZE_MAX - buf->len);
    size_t need = buf->len + more;
    if (need > buf->cap || !buf->data) {
        buf->cap = tv_grown(buf->cap, need, BUF_BYTES_MIN);
        buf->data = tv_realloc(buf->data, buf->cap);
    }
    return buf->data + buf->len;
}

void tv_buf_append(struct tv_buf *buf, const void *bytes, size_t count)
{
    if (count == 0)
        return;
    memcpy(tv_buf_reserve(buf, count), bytes, count);
    buf->len += count;
}

void tv_buf_append_str(struct tv_buf *buf, struct tv_str text)
{
    tv_buf_append(buf, text.ptr, text.len);
}

void tv_buf_printf(struct tv_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    char *room = tv_buf_reserve(buf, 1);
    int length = vsnprintf(room, buf->cap - buf->len, format, args);
    TV_ASSERT(length >= 0);
    if ((size_t)length >= buf->cap - buf->len) {
        room = tv_buf_reserve(buf, (size_t)length + 1);
        (void)vsnprintf(room, (size_t)length + 1, format, again);
    }
    buf->len += (size_t)length;
    va_end(again);
    va_end(args);
}

void tv_buf_put_u32(struct tv_buf *buf, uint32_t value)
{
    char *room = tv_buf_reserve(buf, 4);
    for (int i = 0; i < 4; i++)
        room[i] = (char)(value >> (8 * i) & 0xff);
    buf->len += 4;
}

void tv_buf_put_u64(struct tv_buf *buf, uint64_t value)
{
    char *room = tv_buf_reserve(buf, 8);
    for (int i = 0; i < 8; i++)
        room[i] = (char)(value >> (8 * i) & 0xff);
    buf->len += 8;
}

void tv_buf_put_varint(struct tv_buf *buf, uint64_t value)
{
    char *room = tv_buf_reserve(buf, VARINT_BYTES_MAX);
    size_t length = 0;
    while (value >= 0x80) {
        room[length++] = (char)((value & 0x7f) | 0x80);
        value >>= 7;
    }
    room[length++] = (char)value;
    buf->len += length;
}

static size_t left(const struct tv_reader *in)
{
    return in->at ? (size_t)(in->end - in->at) : 0;
}

bool tv_get_u32(struct tv_reader *in, uint32_t *out)
{
    if (left(in) < 4)
        return false;
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value |= (uint32_t)in->at[i] << (8 * i);
    in->at += 4;
    *out = value;
    return true;
}

bool tv_get_u64(struct tv_reader *in, uint64_t *out)
{
    if (left(in) < 8)
        return false;
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)in->at[i] << (8 * i);
    in->at += 8;
    *out = value;
    return true;
}

bool tv_get_varint(struct tv_reader *in, uint64_t *out)
{
    uint64_t value = 0;
    size_t most = left(in) < VARINT_BYTES_MAX ? left(in) : VARINT_BYTES_MAX;
    for (size_t i = 0; i < most; i++) {
        uint8_t byte = in->at[i];
        if (i == VARINT_BYTES_MAX - 1 && byte > 1)
            return false; /* the tenth byte holds the 64th bit alone */
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            in->at += i + 1;
            *out = value;
            return true;
        }
    }
    return false;
}

bool tv_get_bytes(struct tv_reader *in, size_t count, const uint8_t **out)
{
    if (left(in) < count)
        return false;
    *out = in->at;
    if (count > 0)
        in->at += count;
    return true;
}
