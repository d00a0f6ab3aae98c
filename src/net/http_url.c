/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-decoding (RFC 3986 section 2.1). libmicrohttpd's own is switched off: it cuts a path at
 * %00 and lets malformed escapes through, so "/a%00b" would be served as "/a". */
#include "net/http_internal.h"

bool tv_http_url_decode(struct tv_str text, struct tv_arena *arena, struct tv_str *out)
{
    const char *escape = text.len ? memchr(text.ptr, '%', text.len) : NULL;
    if (!escape) {
        *out = text;
        return true;
    }
    char *decoded = tv_arena_bytes(arena, text.len);
    size_t at = (size_t)(escape - text.ptr);
    size_t len = at;
    memcpy(decoded, text.ptr, at);
    while (at < text.len) {
        if (text.ptr[at] != '%') {
            decoded[len++] = text.ptr[at++];
            continue;
        }
        uint8_t byte;
        if (text.len - at < 3 || !tv_hex_decode((struct tv_str){text.ptr + at + 1, 2}, &byte, 1))
            return false;
        if (byte == 0)
            return false;
        decoded[len++] = (char)byte;
        at += 3;
    }
    *out = (struct tv_str){decoded, len};
    return true;
}
