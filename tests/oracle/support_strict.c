/* SPDX-License-Identifier: Apache-2.0 */
/* A checker of RFC 8259 written from its grammar, byte by byte and by recursion: slow and plain. */
#include "support_json.h"

#include <stdlib.h>

enum { DEPTH_MAX = 2000 };

struct text {
    const uint8_t *at, *end;
    unsigned depth;
};

static bool value(struct text *t);

static void blanks(struct text *t)
{
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\t' || *t->at == '\n' || *t->at == '\r'))
        t->at++;
}

static bool take(struct text *t, uint8_t byte)
{
    if (t->at == t->end || *t->at != byte)
        return false;
    t->at++;
    return true;
}

static bool digit(struct text *t)
{
    if (t->at == t->end || *t->at < '0' || *t->at > '9')
        return false;
    t->at++;
    return true;
}

static bool digits(struct text *t)
{
    if (!digit(t))
        return false;
    while (digit(t))
        continue;
    return true;
}

static bool number(struct text *t)
{
    (void)take(t, '-');
    if (!take(t, '0') && !digits(t))
        return false;
    if (take(t, '.') && !digits(t))
        return false;
    if (take(t, 'e') || take(t, 'E')) {
        if (!take(t, '+'))
            (void)take(t, '-');
        return digits(t);
    }
    return true;
}

static int unit(struct text *t)
{
    int result = 0;
    for (int i = 0; i < 4; i++) {
        if (t->at == t->end)
            return -1;
        uint8_t c = *t->at++;
        if (c >= '0' && c <= '9')
            result = result * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f')
            result = result * 16 + (c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            result = result * 16 + (c - 'A' + 10);
        else
            return -1;
    }
    return result;
}

static bool escape(struct text *t)
{
    if (t->at == t->end)
        return false;
    uint8_t c = *t->at++;
    if (c != 'u')
        return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
    int high = unit(t);
    if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
        return false;
    if (high < 0xd800 || high > 0xdbff)
        return true;
    if (!take(t, '\\') || !take(t, 'u'))
        return false;
    int low = unit(t);
    return low >= 0xdc00 && low <= 0xdfff;
}

/* One code point beyond ASCII, by the definition: decoded, then checked. */
static bool wide(struct text *t)
{
    uint8_t lead = *t->at++;
    int tails = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc0 || lead > 0xf7)
        return false;
    uint32_t point = lead & (0x3fU >> tails);
    for (int i = 0; i < tails; i++) {
        if (t->at == t->end || (*t->at & 0xc0) != 0x80)
            return false;
        point = point << 6 | (*t->at++ & 0x3f);
    }
    uint32_t least = tails == 3 ? 0x10000 : tails == 2 ? 0x800 : 0x80;
    return point >= least && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

static bool string(struct text *t)
{
    if (!take(t, '"'))
        return false;
    while (t->at < t->end) {
        if (take(t, '"'))
            return true;
        if (take(t, '\\')) {
            if (!escape(t))
                return false;
        } else if (*t->at < 0x20) {
            return false;
        } else if (*t->at >= 0x80) {
            if (!wide(t))
                return false;
        } else {
            t->at++;
        }
    }
    return false;
}

static bool members(struct text *t)
{
    blanks(t);
    if (take(t, '}'))
        return true;
    do {
        blanks(t);
        if (!string(t))
            return false;
        blanks(t);
        if (!take(t, ':') || !value(t))
            return false;
    } while (take(t, ','));
    return take(t, '}');
}

static bool elements(struct text *t)
{
    blanks(t);
    if (take(t, ']'))
        return true;
    do {
        if (!value(t))
            return false;
    } while (take(t, ','));
    return take(t, ']');
}

static bool literal(struct text *t, const char *word)
{
    for (; *word; word++)
        if (!take(t, (uint8_t)*word))
            return false;
    return true;
}

static bool value(struct text *t)
{
    bool good = false;
    blanks(t);
    if (t->at == t->end || ++t->depth > DEPTH_MAX)
        return false;
    switch (*t->at) {
    case '{':
        t->at++;
        good = members(t);
        break;
    case '[':
        t->at++;
        good = elements(t);
        break;
    case '"':
        good = string(t);
        break;
    case 't':
        good = literal(t, "true");
        break;
    case 'f':
        good = literal(t, "false");
        break;
    case 'n':
        good = literal(t, "null");
        break;
    default:
        good = number(t);
        break;
    }
    t->depth--;
    blanks(t);
    return good;
}

bool json_is_strict(struct tv_str text)
{
    struct text t = {(const uint8_t *)text.ptr, (const uint8_t *)text.ptr + text.len, 0};
    return value(&t) && t.at == t.end;
}
