/* SPDX-License-Identifier: Apache-2.0 */
/* Texts.
 *
 * Two shapes that are common and do not compress well as text get a form of their own: hex of equal
 * length (ids) becomes its bytes, and a common prefix before a plain number ("u1234") becomes the
 * numbers. All else is lengths and bytes. */
#include "store/codec.h"

#include "base/digits.h"
#include "base/mem.h"

#include <stdlib.h>

enum texts_method { TEXTS_PLAIN, TEXTS_HEX, TEXTS_NUMBERED };

enum { NUMBER_DIGITS_MAX = 18, NUMBERED_COUNT_MIN = 8 };

static bool is_lower_hex(struct tv_str text)
{
    unsigned bad = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bad |= !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    }
    return !bad;
}

static bool are_hex(const struct tv_str *texts, uint32_t count)
{
    size_t len = count ? texts[0].len : 0;
    if (len < 4 || len % 2)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (texts[i].len != len || !is_lower_hex(texts[i]))
            return false;
    return true;
}

static void put_hex(struct tv_buf *out, const struct tv_str *texts, uint32_t count)
{
    size_t bytes = texts[0].len / 2;
    tv_buf_put_varint(out, bytes);
    char *room = tv_buf_reserve(out, bytes * count);
    for (uint32_t i = 0; i < count; i++)
        TV_ASSERT(tv_hex_decode(texts[i], (uint8_t *)room + i * bytes, bytes));
    out->len += bytes * count;
}

/* Where a text's number begins: behind its last non-digit, without leading zeros, and short enough
 * for 64 bits. text.len if it ends in none. */
static size_t number_start(struct tv_str text)
{
    size_t start = text.len;
    while (start > 0 && text.len - start < NUMBER_DIGITS_MAX && text.ptr[start - 1] >= '0' &&
            text.ptr[start - 1] <= '9')
        start--;
    if (start < text.len && text.ptr[start] == '0' && start + 1 < text.len)
        return text.len;
    return start;
}

bool tv_texts_are_numbered(const struct tv_str *texts, uint32_t count, int64_t *numbers)
{
    if (count < NUMBERED_COUNT_MIN)
        return false;
    size_t prefix = number_start(texts[0]);
    for (uint32_t i = 0; i < count; i++) {
        struct tv_str text = texts[i];
        if (number_start(text) != prefix || prefix == text.len ||
                memcmp(text.ptr, texts[0].ptr, prefix) != 0)
            return false;
        struct tv_str digits = {text.ptr + prefix, text.len - prefix};
        if (!tv_str_to_i64(digits, &numbers[i]))
            return false;
    }
    return true;
}

static void put_plain(
        struct tv_buf *out, const struct tv_str *texts, uint32_t count, int64_t *lengths)
{
    size_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        lengths[i] = (int64_t)texts[i].len;
        total += texts[i].len;
    }
    tv_ints_put(out, lengths, count);
    char *all = tv_malloc(total + 1), *to = all;
    for (uint32_t i = 0; i < count; i++) {
        if (texts[i].len)
            memcpy(to, texts[i].ptr, texts[i].len);
        to += texts[i].len;
    }
    tv_bytes_put(out, all, total);
    free(all);
}

void tv_texts_put(struct tv_buf *out, const struct tv_str *texts, uint32_t count)
{
    int64_t *numbers = tv_malloc(count * sizeof(*numbers) + 1);
    if (are_hex(texts, count)) {
        tv_buf_append_char(out, TEXTS_HEX);
        put_hex(out, texts, count);
    } else if (tv_texts_are_numbered(texts, count, numbers)) {
        size_t prefix = number_start(texts[0]);
        tv_buf_append_char(out, TEXTS_NUMBERED);
        tv_buf_put_varint(out, prefix);
        tv_buf_append(out, texts[0].ptr, prefix);
        tv_ints_put(out, numbers, count);
    } else {
        tv_buf_append_char(out, TEXTS_PLAIN);
        put_plain(out, texts, count, numbers);
    }
    free(numbers);
}

/* Four bytes to eight digits at once: nibbles are spread over the bytes of a word, then each is
 * moved to '0' … '9' or, where adding six carries, to 'a' … 'f'. */
static void encode_hex(const uint8_t *from, size_t bytes, char *to)
{
    size_t i = 0;
    for (; i + 4 <= bytes; i += 4) {
        uint32_t four;
        memcpy(&four, from + i, sizeof(four));
        uint64_t word = four;
        word = (word | word << 16) & 0x0000ffff0000ffffULL;
        word = (word | word << 8) & 0x00ff00ff00ff00ffULL;
        uint64_t nibbles = (word >> 4 | word << 8) & 0x0f0f0f0f0f0f0f0fULL;
        uint64_t letters = (nibbles + 0x0606060606060606ULL) >> 4 & 0x0101010101010101ULL;
        uint64_t digits = nibbles + 0x3030303030303030ULL + letters * ('a' - '0' - 10);
        memcpy(to + 2 * i, &digits, sizeof(digits));
    }
    tv_hex_encode(from + i, bytes - i, to + 2 * i);
}

static bool get_hex(
        struct tv_reader *in, uint32_t count, struct tv_arena *arena, struct tv_str *out)
{
    uint64_t bytes = 0;
    const uint8_t *from = NULL;
    if (!tv_get_varint(in, &bytes) || bytes > SIZE_MAX / 2 / ((size_t)count + 1) ||
            !tv_get_bytes(in, bytes * count, &from))
        return false;
    char *to = tv_arena_bytes(arena, bytes * 2 * count);
    encode_hex(from, bytes * count, to);
    for (uint32_t i = 0; i < count; i++)
        out[i] = (struct tv_str){to + i * bytes * 2, bytes * 2};
    return true;
}

static struct tv_str numbered_text(struct tv_str prefix, int64_t number, struct tv_arena *arena)
{
    char digits[TV_DIGITS_I64_BYTES];
    size_t length = tv_digits_i64(number, digits);
    char *to = tv_arena_bytes(arena, prefix.len + length);
    if (prefix.len)
        memcpy(to, prefix.ptr, prefix.len);
    memcpy(to + prefix.len, digits, length);
    return (struct tv_str){to, prefix.len + length};
}

static bool get_numbered(
        struct tv_reader *in, uint32_t count, struct tv_arena *arena, struct tv_str *out)
{
    uint64_t prefix = 0;
    const uint8_t *head = NULL;
    if (!tv_get_varint(in, &prefix) || !tv_get_bytes(in, prefix, &head))
        return false;
    int64_t *numbers = tv_malloc(count * sizeof(*numbers) + 1);
    bool good = tv_ints_get(in, count, numbers);
    for (uint32_t i = 0; good && i < count; i++)
        out[i] = numbered_text((struct tv_str){(const char *)head, prefix}, numbers[i], arena);
    free(numbers);
    return good;
}

static bool get_plain(
        struct tv_reader *in, uint32_t count, struct tv_arena *arena, struct tv_str *out)
{
    int64_t *lengths = tv_malloc(count * sizeof(*lengths) + 1);
    bool good = tv_ints_get(in, count, lengths);
    uint64_t total = 0;
    for (uint32_t i = 0; good && i < count; i++) {
        good = lengths[i] >= 0 && lengths[i] <= UINT32_MAX;
        total += (uint64_t)lengths[i];
    }
    /* A text is at most as long as a body may be; this bounds what a forged length can ask for. */
    good = good && total <= UINT64_C(1) << 32;
    char *all = good ? tv_arena_bytes(arena, total) : NULL;
    good = good && tv_bytes_get(in, total, (uint8_t *)all);
    for (uint32_t i = 0; good && i < count; i++) {
        out[i] = (struct tv_str){all, (size_t)lengths[i]};
        all += lengths[i];
    }
    free(lengths);
    return good;
}

bool tv_texts_get(struct tv_reader *in, uint32_t count, struct tv_arena *arena, struct tv_str *out)
{
    const uint8_t *method = NULL;
    if (!tv_get_bytes(in, 1, &method))
        return false;
    if (*method == TEXTS_HEX)
        return get_hex(in, count, arena, out);
    if (*method == TEXTS_NUMBERED)
        return get_numbered(in, count, arena, out);
    return *method == TEXTS_PLAIN && get_plain(in, count, arena, out);
}

static bool pick_hex(struct tv_reader *in, uint32_t count, struct tv_picks picks,
        struct tv_arena *arena, struct tv_str *out)
{
    uint64_t bytes = 0;
    const uint8_t *from = NULL;
    if (!tv_get_varint(in, &bytes) || bytes > SIZE_MAX / 2 / ((size_t)count + 1) ||
            !tv_get_bytes(in, bytes * count, &from))
        return false;
    for (uint32_t i = 0; i < picks.count; i++) {
        char *to = tv_arena_bytes(arena, bytes * 2);
        encode_hex(from + picks.at[i] * bytes, bytes, to);
        out[i] = (struct tv_str){to, bytes * 2};
    }
    return true;
}

static bool pick_numbered(struct tv_reader *in, uint32_t count, struct tv_picks picks,
        struct tv_arena *arena, struct tv_str *out)
{
    uint64_t prefix = 0;
    const uint8_t *head = NULL;
    if (!tv_get_varint(in, &prefix) || !tv_get_bytes(in, prefix, &head))
        return false;
    int64_t *numbers = tv_malloc(count * sizeof(*numbers) + 1);
    bool good = tv_ints_get(in, count, numbers);
    for (uint32_t i = 0; good && i < picks.count; i++)
        out[i] = numbered_text(
                (struct tv_str){(const char *)head, prefix}, numbers[picks.at[i]], arena);
    free(numbers);
    return good;
}

static bool pick_plain(struct tv_reader *in, uint32_t count, struct tv_picks picks,
        struct tv_arena *arena, struct tv_str *out)
{
    struct tv_arena scratch = {0};
    struct tv_str *all = tv_arena_alloc(&scratch, ((size_t)count + 1) * sizeof(*all));
    bool good = get_plain(in, count, &scratch, all);
    for (uint32_t i = 0; good && i < picks.count; i++)
        out[i] = tv_arena_str(arena, all[picks.at[i]]);
    tv_arena_release(&scratch);
    return good;
}

bool tv_texts_pick(struct tv_reader *in, uint32_t count, struct tv_picks picks,
        struct tv_arena *arena, struct tv_str *out)
{
    const uint8_t *method = NULL;
    if (!tv_get_bytes(in, 1, &method))
        return false;
    if (*method == TEXTS_HEX)
        return pick_hex(in, count, picks, arena, out);
    if (*method == TEXTS_NUMBERED)
        return pick_numbered(in, count, picks, arena, out);
    return *method == TEXTS_PLAIN && pick_plain(in, count, picks, arena, out);
}
