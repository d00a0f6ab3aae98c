/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629).
 *
 * Telemetry is nearly all ASCII, so eight bytes are tested at once for a high bit, and only the
 * bytes behind one are looked at singly. The table of well-formed sequences is Unicode's table 3-7:
 * only the second byte's range depends on the first. */
#include "base/str.h"

static bool is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Length of the sequence that `lead` begins (0 if none does) and the range of its second byte. */
static size_t sequence_form(uint8_t lead, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef) {
        if (lead == 0xe0)
            *low = 0xa0; /* below are overlong forms */
        if (lead == 0xed)
            *high = 0x9f; /* above are surrogates */
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (lead == 0xf0)
            *low = 0x90; /* below are overlong forms */
        if (lead == 0xf4)
            *high = 0x8f; /* above is beyond U+10FFFF */
        return 4;
    }
    return 0;
}

size_t tv_utf8_sequence(struct tv_str text)
{
    if (text.len == 0)
        return 0;
    const uint8_t *bytes = (const uint8_t *)text.ptr;
    if (bytes[0] < 0x80)
        return 1;
    uint8_t low = 0;
    uint8_t high = 0;
    size_t length = sequence_form(bytes[0], &low, &high);
    if (length == 0 || length > text.len || bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if (!is_tail(bytes[i]))
            return 0;
    }
    return length;
}

bool tv_utf8_valid(struct tv_str text)
{
    size_t at = 0;
    while (at < text.len) {
        uint64_t eight = 0;
        if (text.len - at >= sizeof(eight)) {
            memcpy(&eight, text.ptr + at, sizeof(eight));
            if ((eight & 0x8080808080808080ULL) == 0) {
                at += sizeof(eight);
                continue;
            }
        }
        size_t length = tv_utf8_sequence((struct tv_str){text.ptr + at, text.len - at});
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

struct tv_str tv_utf8_prefix(struct tv_str text, size_t max_bytes)
{
    if (text.len <= max_bytes)
        return text;
    /* No sequence has more than three tail bytes; more of them in a row are not UTF-8 anyway. */
    size_t cut = max_bytes;
    for (int i = 0; i < 3 && cut > 0 && is_tail((uint8_t)text.ptr[cut]); i++)
        cut--;
    return (struct tv_str){text.ptr, cut};
}
