/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing, searching and cutting of borrowed text, and hex digits.
 *
 * Nothing here looks at the locale: case and blanks are ASCII's, all other bytes are themselves. */
#define _GNU_SOURCE 1 /* memmem */
#include "base/str.h"

#include <endian.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int tv_str_compare(struct tv_str a, struct tv_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool tv_str_equal_nocase(struct tv_str a, struct tv_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

bool tv_str_starts_with(struct tv_str text, struct tv_str prefix)
{
    return text.len >= prefix.len &&
            (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

bool tv_str_contains(struct tv_str text, struct tv_str part)
{
    if (part.len == 0)
        return true;
    return text.len >= part.len && memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

struct tv_str tv_str_trim(struct tv_str text)
{
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

struct tv_str tv_str_cut(struct tv_str text, char separator, struct tv_str *rest)
{
    const char *found = text.len ? memchr(text.ptr, separator, text.len) : NULL;
    if (!found) {
        *rest = (struct tv_str){NULL, 0};
        return text;
    }
    size_t before = (size_t)(found - text.ptr);
    *rest = (struct tv_str){found + 1, text.len - before - 1};
    return (struct tv_str){text.ptr, before};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Eight digits at once, in the bytes of one word: bit 6 tells a letter from a figure, and a digit is
 * good if it stands where its value says. Four bytes out. */
static bool hex_decode8(const char *text, uint8_t *out)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, text, sizeof word);
    word = le64toh(word);
    uint64_t letters = word >> 6 & ones;
    uint64_t values = (word & 0x0f * ones) + 9 * letters;
    uint64_t standing = values + 0x30 * ones + 39 * letters;
    uint64_t above_nine = (values + 6 * ones) >> 4 & ones;
    if ((word | 0x20 * letters) != standing || above_nine != letters || values & 0x10 * ones)
        return false;
    uint64_t pairs = (values << 4 | values >> 8) & UINT64_C(0x00ff00ff00ff00ff);
    pairs = (pairs | pairs >> 8) & UINT64_C(0x0000ffff0000ffff);
    uint32_t packed = htole32((uint32_t)(pairs | pairs >> 16));
    memcpy(out, &packed, sizeof packed);
    return true;
}

bool tv_hex_decode(struct tv_str text, uint8_t *out, size_t bytes)
{
    if (text.len % 2 != 0 || text.len / 2 != bytes)
        return false;
    size_t i = 0;
    for (; i + 4 <= bytes; i += 4)
        if (!hex_decode8(text.ptr + 2 * i, out + i))
            return false;
    for (; i < bytes; i++) {
        int high = hex_digit(text.ptr[2 * i]);
        int low = hex_digit(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void tv_hex_encode(const uint8_t *in, size_t bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
}
