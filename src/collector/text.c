/* SPDX-License-Identifier: Apache-2.0 */
/* The house has JSON writers, but they abort without memory; here that is an event less. */
#include "collector/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 4096 };

void tvc_text_release(struct tvc_text *text)
{
    free(text->data);
    *text = (struct tvc_text){0};
}

static bool grow(struct tvc_text *text, size_t len)
{
    size_t cap = text->cap < LEAST ? LEAST : text->cap;
    while (cap - text->len < len)
        cap *= 2;
    char *data = realloc(text->data, cap);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->cap = cap;
    return true;
}

void tvc_text_put(struct tvc_text *text, const char *bytes, size_t len)
{
    if (len == 0 || text->failed || (text->cap - text->len < len && !grow(text, len)))
        return;
    memcpy(text->data + text->len, bytes, len);
    text->len += len;
}

void tvc_text_puts(struct tvc_text *text, const char *s)
{
    tvc_text_put(text, s, strlen(s));
}

void tvc_text_integer(struct tvc_text *text, int64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)value);
    tvc_text_put(text, digits, (size_t)len);
}

void tvc_text_number(struct tvc_text *text, double value)
{
    char digits[40];
    int len = snprintf(digits, sizeof(digits), "%.17g", value);
    /* A locale of the program may have another decimal point. */
    for (int i = 0; i < len; i++)
        if (!strchr("0123456789+-e", digits[i]))
            digits[i] = '.';
    tvc_text_put(text, digits, (size_t)len);
}

void tvc_text_hex(struct tvc_text *text, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        tvc_text_put(text, pair, sizeof(pair));
    }
}

/* The bytes of the well-formed character at `s` (The Unicode Standard, table 3-7), 0 where there is none. */
static size_t character(const uint8_t *s, size_t len)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    size_t bytes = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (len < bytes)
        return 0;
    uint8_t least = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t most = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < least || s[1] > most)
        return 0;
    for (size_t i = 2; i < bytes; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return bytes;
}

static void put_escape(struct tvc_text *text, uint8_t byte)
{
    char escape[8];
    int len = byte == '"' || byte == '\\' ? snprintf(escape, sizeof(escape), "\\%c", byte)
                                          : snprintf(escape, sizeof(escape), "\\u%04x", byte);
    tvc_text_put(text, escape, (size_t)len);
}

void tvc_text_quoted(struct tvc_text *text, const char *bytes, size_t len)
{
    const uint8_t *s = (const uint8_t *)bytes;
    size_t from = 0, at = 0;
    tvc_text_put(text, "\"", 1);
    while (at < len) {
        size_t width = character(s + at, len - at);
        bool plain = width > 1 || (width == 1 && s[at] >= 0x20 && s[at] != '"' && s[at] != '\\');
        if (plain) {
            at += width;
            continue;
        }
        tvc_text_put(text, bytes + from, at - from);
        if (width == 0)
            tvc_text_puts(text, "\xef\xbf\xbd");
        else
            put_escape(text, s[at]);
        from = ++at;
    }
    tvc_text_put(text, bytes + from, at - from);
    tvc_text_put(text, "\"", 1);
}
