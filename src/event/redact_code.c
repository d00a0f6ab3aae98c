/* SPDX-License-Identifier: Apache-2.0 */
/* Bank accounts (ISO 13616: a length for each country, remainder 1 modulo 97) and addresses of the
 * Internet protocol, in the notations of RFC 791 and RFC 4291. */
#include "event/redact_internal.h"

enum { IBAN_MAX = 34, IP6_COLONS = 7, IP6_BYTES_MAX = 39 };

/* Lengths by country, from the registry of IBAN formats. */
static size_t iban_length(char a, char b)
{
    static const char lengths[] =
            "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29"
            "ES24FI18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20"
            "LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25"
            "QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20";
    for (const char *at = lengths; *at; at += 4)
        if (at[0] == a && at[1] == b)
            return (size_t)(at[2] - '0') * 10 + (size_t)(at[3] - '0');
    return 0;
}

/* The remainder modulo 97 with the first four characters moved to the end and letters as numbers
 * from 10. */
static unsigned iban_remainder(const char *chars, size_t count)
{
    unsigned remainder = 0;
    for (size_t i = 0; i < count; i++) {
        char c = chars[(i + 4) % count];
        unsigned value = tv_redact_is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10;
        remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
    }
    return remainder;
}

size_t tv_redact_iban(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    size_t length = iban_length(tv_redact_byte(search, at), tv_redact_byte(search, at + 1));
    char chars[IBAN_MAX];
    size_t count = 0, end = at;
    if (length == 0 || !tv_redact_is_digit(tv_redact_byte(search, at + 3)) ||
            tv_redact_is_alnum(tv_redact_before(search, at)))
        return 0;
    while (count < length) {
        char c = tv_redact_byte(search, end);
        /* Written in groups of four. */
        bool gap = (c == ' ' || c == '-' || c == '+') && count > 0 && count % 4 == 0 &&
                tv_redact_is_alnum(tv_redact_byte(search, end - 1));
        if (!gap && !tv_redact_is_digit(c) && !tv_redact_is_upper(c))
            return 0;
        if (!gap)
            chars[count++] = c;
        end++;
    }
    if (tv_redact_is_alnum(tv_redact_byte(search, end)) || iban_remainder(chars, length) != 1)
        return 0;
    return tv_redact_found(match, TV_REDACT_IBAN, at, end);
}

/* One number up to 255 at *at, moved behind it. */
static bool read_octet(const struct tv_redact_search *search, size_t *at)
{
    unsigned value = 0;
    size_t start = *at;
    while (tv_redact_is_digit(tv_redact_byte(search, *at)) && *at - start < 4)
        value = value * 10 + (unsigned)(tv_redact_byte(search, (*at)++) - '0');
    return *at > start && *at - start < 4 && value <= 255;
}

static bool is_word(char c)
{
    return tv_redact_is_alnum(c) || c == '_' || c == '.' || c == '-';
}

size_t tv_redact_ip4(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    size_t start = at;
    while (tv_redact_is_digit(tv_redact_before(search, start)))
        start--;
    size_t end = start;
    if (is_word(tv_redact_before(search, start)))
        return 0;
    for (int i = 0; i < 4; i++) {
        if (i > 0 && tv_redact_byte(search, end++) != '.')
            return 0;
        if (!read_octet(search, &end))
            return 0;
    }
    char next = tv_redact_byte(search, end);
    if (tv_redact_is_alnum(next) || next == '_' ||
            (next == '.' && tv_redact_is_digit(tv_redact_byte(search, end + 1))))
        return 0;
    return tv_redact_found(match, TV_REDACT_IP, start, end);
}

static bool is_hex(char c)
{
    return tv_redact_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

size_t tv_redact_ip6(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    size_t start = at, group = 0;
    unsigned colons = 0, doubled = 0, digits = 0;
    while (at - start < IP6_BYTES_MAX &&
            (is_hex(tv_redact_before(search, start)) || tv_redact_before(search, start) == ':'))
        start--;
    if (is_word(tv_redact_before(search, start)))
        return 0;
    size_t end = start;
    for (char c; is_hex(c = tv_redact_byte(search, end)) || c == ':'; end++) {
        bool colon = c == ':';
        doubled += colon && tv_redact_byte(search, end + 1) == ':';
        colons += colon;
        digits += tv_redact_is_digit(c);
        group = colon ? 0 : group + 1;
        if (group > 4 || end - start >= IP6_BYTES_MAX)
            return 0;
    }
    /* A time has two colons, a hardware address five, a name of C++ no digit. */
    bool full = doubled == 0 && colons == IP6_COLONS;
    bool shortened = doubled == 1 && colons <= IP6_COLONS && digits > 0;
    if ((!full && !shortened) || is_word(tv_redact_byte(search, end)))
        return 0;
    return tv_redact_found(match, TV_REDACT_IP, start, end);
}
