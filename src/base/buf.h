/* SPDX-License-Identifier: Apache-2.0 */
/* A growing run of bytes, owned by whoever embeds it. Zero-initialised is empty and ready.
 *
 *     struct tv_buf out = {0};
 *     tv_buf_printf(&out, "%d events", n);
 *     ...
 *     tv_buf_release(&out);
 */
#ifndef TV_BASE_BUF_H
#define TV_BASE_BUF_H

#include "base/str.h"

struct tv_buf {
    char *data;
    size_t len, cap;
};

/* Frees the bytes and leaves the buffer empty and usable. */
void tv_buf_release(struct tv_buf *buf);
/* Makes room for `more` bytes behind the end and returns where they go; `len` is unchanged. */
char *tv_buf_reserve(struct tv_buf *buf, size_t more);
void tv_buf_append(struct tv_buf *buf, const void *bytes, size_t count);
void tv_buf_append_str(struct tv_buf *buf, struct tv_str text);
void tv_buf_printf(struct tv_buf *buf, const char *format, ...) TV_PRINTF(2, 3);

static inline void tv_buf_append_char(struct tv_buf *buf, char c)
{
    if (buf->len == buf->cap)
        (void)tv_buf_reserve(buf, 1);
    buf->data[buf->len++] = c;
}

static inline void tv_buf_clear(struct tv_buf *buf)
{
    buf->len = 0;
}

/* Borrows the content; valid until the buffer changes. */
static inline struct tv_str tv_buf_str(const struct tv_buf *buf)
{
    return (struct tv_str){buf->data, buf->len};
}

/* Little-endian integers and LEB128 varints, for the encoded forms of the store. */
void tv_buf_put_u32(struct tv_buf *buf, uint32_t value);
void tv_buf_put_u64(struct tv_buf *buf, uint64_t value);
void tv_buf_put_varint(struct tv_buf *buf, uint64_t value);

/* Reads what the above wrote, bounds checked: every getter returns false at the end of the bytes
 * (or at a varint over 64 bits) and leaves the reader where it was. */
struct tv_reader {
    const uint8_t *at, *end;
};

TV_CHECKED bool tv_get_u32(struct tv_reader *in, uint32_t *out);
TV_CHECKED bool tv_get_u64(struct tv_reader *in, uint64_t *out);
TV_CHECKED bool tv_get_varint(struct tv_reader *in, uint64_t *out);
/* Borrows `count` bytes from the reader. */
TV_CHECKED bool tv_get_bytes(struct tv_reader *in, size_t count, const uint8_t **out);

static inline uint64_t tv_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline int64_t tv_unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

#endif
