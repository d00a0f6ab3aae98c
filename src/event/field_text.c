/* SPDX-License-Identifier: Apache-2.0 */
/* How the cells of fixed columns look as text: small enumerations, trace and span ids, arrival
 * numbers.
 *
 * Names of severities come from OpenTelemetry's log data model, with its appendix for syslog and
 * other loggers. An id that is no hex is hashed instead of refused: systems with ids of their own
 * (a request number, a UUID with dashes) still get their traces put together. */
#include "event/field.h"

#include "base/hash.h"

#include <endian.h>

struct word {
    struct tv_str text; /* lower case */
    uint8_t value;
};

#define WORD(text, value)                   \
    {                                       \
        {(text), sizeof(text) - 1}, (value) \
    }

static const struct tv_str kind_texts[TV_KIND_COUNT] = {[TV_KIND_INTERNAL] = {"internal", 8},
        [TV_KIND_SERVER] = {"server", 6},
        [TV_KIND_CLIENT] = {"client", 6},
        [TV_KIND_PRODUCER] = {"producer", 8},
        [TV_KIND_CONSUMER] = {"consumer", 8}};
static const struct tv_str status_texts[TV_EVENT_STATUS_COUNT] = {
        [TV_EVENT_STATUS_UNSET] = {"unset", 5},
        [TV_EVENT_STATUS_OK] = {"ok", 2},
        [TV_EVENT_STATUS_ERROR] = {"error", 5}};
static const struct tv_str severity_texts[TV_SEVERITY_COUNT] = {{"", 0}, {"TRACE", 5},
        {"TRACE2", 6}, {"TRACE3", 6}, {"TRACE4", 6}, {"DEBUG", 5}, {"DEBUG2", 6}, {"DEBUG3", 6},
        {"DEBUG4", 6}, {"INFO", 4}, {"INFO2", 5}, {"INFO3", 5}, {"INFO4", 5}, {"WARN", 4},
        {"WARN2", 5}, {"WARN3", 5}, {"WARN4", 5}, {"ERROR", 5}, {"ERROR2", 6}, {"ERROR3", 6},
        {"ERROR4", 6}, {"FATAL", 5}, {"FATAL2", 6}, {"FATAL3", 6}, {"FATAL4", 6}};
static const struct tv_str metric_texts[TV_METRIC_KIND_COUNT] = {[TV_METRIC_GAUGE] = {"gauge", 5},
        [TV_METRIC_SUM] = {"sum", 3},
        [TV_METRIC_HISTOGRAM] = {"histogram", 9}};
static const struct tv_str temporality_texts[TV_TEMPORALITY_COUNT] = {
        [TV_TEMPORALITY_DELTA] = {"delta", 5}, [TV_TEMPORALITY_CUMULATIVE] = {"cumulative", 10}};

static const struct word severity_words[] = {WORD("warning", 13), WORD("err", 17),
        WORD("information", 9), WORD("informational", 9), WORD("notice", 10), WORD("critical", 18),
        WORD("crit", 18), WORD("alert", 19), WORD("emergency", 21), WORD("emerg", 21),
        WORD("panic", 21), WORD("severe", 17), WORD("verbose", 5), WORD("fine", 5),
        WORD("finest", 1), WORD("t", 1), WORD("d", 5), WORD("i", 9), WORD("w", 13), WORD("e", 17),
        WORD("f", 21)};
static const struct word metric_words[] = {WORD("counter", TV_METRIC_SUM)};

/* An enumeration: its texts by value, other words for them, and a prefix that may stand before. */
struct listing {
    const struct tv_str *texts;
    size_t count;
    const struct word *words;
    size_t word_count;
    struct tv_str prefix;
};

static bool listing_of(enum tv_field field, struct listing *out)
{
    *out = (struct listing){0};
    if (field == TV_FIELD_KIND)
        *out = (struct listing){kind_texts, TV_KIND_COUNT, NULL, 0, TV_STR("SPAN_KIND_")};
    else if (field == TV_FIELD_STATUS)
        *out = (struct listing){
                status_texts, TV_EVENT_STATUS_COUNT, NULL, 0, TV_STR("STATUS_CODE_")};
    else if (field == TV_FIELD_SEVERITY)
        *out = (struct listing){severity_texts, TV_SEVERITY_COUNT, severity_words,
                sizeof(severity_words) / sizeof(severity_words[0]), TV_STR("SEVERITY_NUMBER_")};
    else if (field == TV_FIELD_METRIC_KIND)
        *out = (struct listing){metric_texts, TV_METRIC_KIND_COUNT, metric_words,
                sizeof(metric_words) / sizeof(metric_words[0]), TV_STR("")};
    else if (field == TV_FIELD_TEMPORALITY)
        *out = (struct listing){temporality_texts, TV_TEMPORALITY_COUNT, NULL, 0,
                TV_STR("AGGREGATION_TEMPORALITY_")};
    return out->count > 0;
}

struct tv_str tv_enum_text(enum tv_field field, uint8_t value)
{
    struct listing listing;
    if (value == 0 || !listing_of(field, &listing) || value >= listing.count)
        return TV_STR("");
    return listing.texts[value];
}

bool tv_enum_from_text(enum tv_field field, struct tv_str text, uint8_t *out)
{
    struct listing listing;
    if (!listing_of(field, &listing))
        return false;
    size_t cut = listing.prefix.len;
    if (cut > 0 && text.len > cut &&
            tv_str_equal_nocase((struct tv_str){text.ptr, cut}, listing.prefix))
        text = (struct tv_str){text.ptr + cut, text.len - cut};
    for (size_t i = 1; i < listing.count; i++) {
        if (!tv_str_equal_nocase(text, listing.texts[i]))
            continue;
        *out = (uint8_t)i;
        return true;
    }
    for (size_t i = 0; i < listing.word_count; i++) {
        if (!tv_str_equal_nocase(text, listing.words[i].text))
            continue;
        *out = listing.words[i].value;
        return true;
    }
    uint64_t number = 0;
    if (field != TV_FIELD_SEVERITY || !tv_str_to_u64(text, &number) || number == 0 ||
            number >= TV_SEVERITY_COUNT)
        return false;
    *out = (uint8_t)number;
    return true;
}

static uint64_t load_big(const uint8_t bytes[8])
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return be64toh(word);
}

static void store_big(uint64_t word, uint8_t bytes[8])
{
    word = htobe64(word);
    memcpy(bytes, &word, sizeof(word));
}

bool tv_trace_id_from_text(struct tv_str text, struct tv_id *out)
{
    uint8_t bytes[16] = {0};
    bool hex = tv_hex_decode(text, bytes, 16) || tv_hex_decode(text, bytes + 8, 8);
    if (!hex)
        tv_hash128(text.ptr, text.len, bytes);
    *out = (struct tv_id){load_big(bytes), load_big(bytes + 8)};
    if (!hex && out->hi == 0 && out->lo == 0)
        out->lo = 1;
    return hex;
}

bool tv_span_id_from_text(struct tv_str text, uint64_t *out)
{
    uint8_t bytes[8];
    if (tv_hex_decode(text, bytes, 8)) {
        *out = load_big(bytes);
        return true;
    }
    uint64_t hash = tv_hash64(text.ptr, text.len);
    *out = hash ? hash : 1;
    return false;
}

void tv_trace_id_format(struct tv_id id, char out[32])
{
    tv_span_id_format(id.hi, out);
    tv_span_id_format(id.lo, out + 16);
}

void tv_span_id_format(uint64_t id, char out[16])
{
    uint8_t bytes[8];
    store_big(id, bytes);
    tv_hex_encode(bytes, sizeof(bytes), out);
}

enum { ARRIVAL_DIGITS = 13 };

size_t tv_arrival_format(uint64_t arrival, char out[TV_ARRIVAL_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    out[0] = '@';
    for (int i = ARRIVAL_DIGITS; i > 0; i--) {
        out[i] = digits[arrival & 31];
        arrival >>= 5;
    }
    out[ARRIVAL_DIGITS + 1] = '\0';
    return ARRIVAL_DIGITS + 1;
}

/* Value of a digit in Crockford's base32, or -1. */
static int base32_digit(char c)
{
    static const char letters[] = "abcdefghjkmnpqrstvwxyz";
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'Z')
        c = (char)(c | 0x20);
    if (c == 'o')
        return 0;
    if (c == 'i' || c == 'l')
        return 1;
    const char *found = c == '\0' ? NULL : strchr(letters, c);
    return found ? 10 + (int)(found - letters) : -1;
}

bool tv_arrival_parse(struct tv_str text, uint64_t *out)
{
    if (text.len != ARRIVAL_DIGITS + 1 || text.ptr[0] != '@')
        return false;
    uint64_t arrival = 0;
    for (size_t i = 1; i < text.len; i++) {
        int digit = base32_digit(text.ptr[i]);
        if (digit < 0 || arrival >> 59 != 0)
            return false;
        arrival = arrival << 5 | (uint64_t)digit;
    }
    *out = arrival;
    return true;
}
