/* SPDX-License-Identifier: Apache-2.0 */
/* Random JSON and the strict checker. The generator favours what decoders get wrong: escapes,
 * numbers at the edges, repeated and respelled names, values of the wrong type, odd blanks. */
#include "support_json.h"

#define COUNT(list) (uint32_t)(sizeof(list) / sizeof((list)[0]))

uint64_t dice_roll(struct dice *dice)
{
    uint64_t z = (dice->state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

uint32_t dice_below(struct dice *dice, uint32_t n)
{
    return (uint32_t)(dice_roll(dice) % n);
}

bool dice_one_in(struct dice *dice, uint32_t n)
{
    return dice_below(dice, n) == 0;
}

/* Names, and what usually stands for them at the top: a text, an id (a number will do), a time, a
 * duration, causes, or anything. */
static const struct {
    const char *text;
    char kind;
} names[] = {{"service", 's'}, {"serviceId", 's'}, {"service.name", 's'}, {"timestamp", 't'},
        {"ts", 't'}, {"time", 't'}, {"@timestamp", 't'}, {"eventId", 'i'}, {"id", 'i'},
        {"eventType", 's'}, {"type", 's'}, {"name", 's'}, {"operation", 's'}, {"spanName", 's'},
        {"traceId", 'i'}, {"trace_id", 'i'}, {"spanId", 'i'}, {"span_id", 'i'},
        {"parentSpanId", 'i'}, {"parentId", 'i'}, {"kind", '*'}, {"spanKind", '*'},
        {"durationNs", 'd'}, {"durationMs", 'd'}, {"duration", 'd'}, {"status", '*'},
        {"severity", '*'}, {"level", '*'}, {"message", 'i'}, {"body", 'i'}, {"msg", 'i'},
        {"causedBy", 'c'}, {"triggeredBy", 'c'}, {"host", 'i'}, {"hostname", 'i'},
        {"instance", 'i'}, {"pod", 'i'}, {"unit", 's'}, {"metricKind", '*'}, {"temporality", '*'},
        {"attributes", '*'}, {"attrs", '*'}, {"data", '*'}, {"metadata", '*'}, {"cpu", '*'},
        {"http.status_code", '*'}, {"user.id", '*'}, {"password", '*'}, {"auth_token", '*'},
        {"author", '*'}, {"a", '*'}, {"", '*'}, {"name with blanks", '*'}, {"\xc3\xa9", '*'},
        {"k1", '*'}, {"k2", '*'}, {"k3", '*'}, {"k4", '*'},
        {"a-name-that-is-longer-than-twenty-four-bytes", '*'},
        {"a-name-that-is-longer-than-twenty-four-bytez", '*'}, {"receivedAt", '*'},
        {"arrival", '*'}, {"service_name", 's'}, {"unknown", '*'}};

static const char *const words[] = {"checkout", "cart", "ok", "error", "unset", "server", "client",
        "SPAN_KIND_PRODUCER", "info", "WARN", "17", "span", "log", "metric", "GET /cart", "a", "",
        "POST /cart/checkout and more than thirty-two bytes", "2024-01-15T15:46:40.5Z",
        "1705333600", "2024-01-15T16:46:40+01:00", "2034-01-01T00:00:00Z", "0", "12.5", "gauge",
        "delta", "0123456789abcdef0123456789ABCDEF", "0123456789abcdef",
        "00000000000000000000000000000000", "0000000000000000", "0123456789abcdeg", "u12345", "yes",
        "-1", "exactly-16-bytes", "exactly-17-bytes!", "exactly-32-bytes-are-in-this-one"};

static const char *const numbers[] = {"0", "-0", "1", "2", "5", "17", "24", "25", "200", "500",
        "-1", "1705333600", "1705333600123", "1705333600123456", "1705333600123456789", "99999999",
        "100000000", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "-9223372036854775809", "18446744073709551616", "0.5", "46.4", "-0.001", "1e3", "1E+2",
        "2.5e-3", "1e22", "1e23", "123456789.123456789", "0.1", "0.30000000000000004", "1e308",
        "1.7976931348623157e308", "1e309", "1e-320", "1e-400", "9007199254740993",
        "4503599627370496.5", "9007199254740993.0", "1705333600.123456789", "1705333600123.25",
        "0.000000000000000001"};

static void write_blanks(struct dice *dice, bool breaks, struct tv_buf *out)
{
    while (dice_one_in(dice, 12))
        tv_buf_append_char(out, " \t\n\r"[dice_below(dice, breaks ? 4 : 2)]);
}

static void write_unit(uint32_t unit, struct dice *dice, struct tv_buf *out)
{
    tv_buf_printf(out, dice_one_in(dice, 2) ? "\\u%04x" : "\\u%04X", unit);
}

/* A character that is not plain ASCII, escaped or not. Never U+0000, which cJSON cannot hold. */
static void write_odd_char(struct dice *dice, struct tv_buf *out)
{
    static const char *const plain[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\x7f",
            "\xef\xbf\xbf", "\xc2\x80", "\xe0\xa0\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"};
    static const char *const escapes[] = {"\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"};
    switch (dice_below(dice, 4)) {
    case 0:
        tv_buf_append_str(out, tv_str_of(plain[dice_below(dice, COUNT(plain))]));
        break;
    case 1:
        tv_buf_append_str(out, tv_str_of(escapes[dice_below(dice, COUNT(escapes))]));
        break;
    case 2:
        write_unit(1 + dice_below(dice, 0xd7ff), dice, out);
        break;
    default:
        write_unit(0xd800 + dice_below(dice, 0x400), dice, out);
        write_unit(0xdc00 + dice_below(dice, 0x400), dice, out);
        break;
    }
}

/* A text in quotes; now and then letters are escaped or odd ones put in between. */
static void write_text(struct dice *dice, const char *text, bool plain, struct tv_buf *out)
{
    bool odd = !plain && dice_one_in(dice, 6);
    tv_buf_append_char(out, '"');
    for (const char *at = text; *at; at++) {
        if (odd && dice_one_in(dice, 6) && (uint8_t)*at < 0x80)
            write_unit((uint8_t)*at, dice, out);
        else
            tv_buf_append_char(out, *at);
        if (odd && dice_one_in(dice, 10) && ((uint8_t)at[1] & 0xc0) != 0x80)
            write_odd_char(dice, out);
    }
    tv_buf_append_char(out, '"');
}

static void write_number(struct dice *dice, struct tv_buf *out)
{
    switch (dice_below(dice, 4)) {
    case 0:
        tv_buf_append_str(out, tv_str_of(numbers[dice_below(dice, COUNT(numbers))]));
        break;
    case 1:
        tv_buf_printf(out, "%s%llu", dice_one_in(dice, 5) ? "-" : "",
                (unsigned long long)(dice_roll(dice) >> dice_below(dice, 64)));
        break;
    case 2:
        tv_buf_printf(out, "%u.%0*u", dice_below(dice, 1000), 1 + (int)dice_below(dice, 9),
                dice_below(dice, 10));
        break;
    default:
        tv_buf_printf(out, "%s%llu.%llue%d", dice_one_in(dice, 3) ? "-" : "",
                (unsigned long long)(dice_roll(dice) >> (20 + dice_below(dice, 44))),
                (unsigned long long)(dice_roll(dice) >> (20 + dice_below(dice, 44))),
                (int)dice_below(dice, 40) - 20);
        break;
    }
}

static void write_time(struct dice *dice, struct tv_buf *out)
{
    static const char *const times[] = {"\"2024-01-15T15:46:40.5Z\"",
            "\"2024-01-15 15:46:40+01:00\"", "\"1705333600.123456789\"", "null", "0",
            "1705333600.5", "1.7053336e9", "\"2034-01-01T00:00:00.1Z\"", "4000000000",
            "9223372036854775807"};
    uint32_t digits = dice_below(dice, 4);
    if (dice_one_in(dice, 2))
        tv_buf_append_str(out, tv_str_of(times[dice_below(dice, COUNT(times))]));
    else
        tv_buf_printf(
                out, "17053%05u%.*s", dice_below(dice, 100000), (int)(3 * digits), "123456789");
}

/* What a field of this kind usually has. */
static void write_fitting(struct dice *dice, char kind, struct tv_buf *out)
{
    static const char *const durations[] = {"0", "12", "1500000", "12.345678", "0.1", "1e3",
            "\"250\"", "\"0.5\"", "9223372036854", "null"};
    const char *word = words[dice_below(dice, COUNT(words))];
    if (kind == 't')
        write_time(dice, out);
    else if (kind == 'd')
        tv_buf_append_str(out, tv_str_of(durations[dice_below(dice, COUNT(durations))]));
    else if (kind == 'c' && dice_one_in(dice, 2))
        tv_buf_printf(out, "[\"%s\" ,7,\"b\"]", word);
    else if (kind == 'i' && dice_one_in(dice, 6))
        write_number(dice, out);
    else
        write_text(dice, word, false, out);
}

static void write_value(struct dice *dice, unsigned depth, bool breaks, struct tv_buf *out);

static void write_array(struct dice *dice, unsigned depth, bool breaks, struct tv_buf *out)
{
    uint32_t count = dice_below(dice, 4);
    tv_buf_append_char(out, '[');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            tv_buf_append_char(out, ',');
        write_value(dice, depth + 1, breaks, out);
    }
    write_blanks(dice, breaks, out);
    tv_buf_append_char(out, ']');
}

static void write_member(
        struct dice *dice, uint32_t name, unsigned depth, bool breaks, struct tv_buf *out)
{
    write_blanks(dice, breaks, out);
    write_text(dice, names[name].text, !dice_one_in(dice, 20), out);
    write_blanks(dice, breaks, out);
    tv_buf_append_char(out, ':');
    write_blanks(dice, breaks, out);
    if (depth > 1 || names[name].kind == '*' || dice_one_in(dice, 40))
        write_value(dice, depth, breaks, out);
    else
        write_fitting(dice, names[name].kind, out);
    write_blanks(dice, breaks, out);
}

static void write_object(struct dice *dice, unsigned depth, bool breaks, struct tv_buf *out)
{
    uint32_t count = dice_below(dice, 5);
    tv_buf_append_char(out, '{');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            tv_buf_append_char(out, ',');
        write_member(dice, dice_below(dice, COUNT(names)), depth + 1, breaks, out);
    }
    write_blanks(dice, breaks, out);
    tv_buf_append_char(out, '}');
}

static void write_value(struct dice *dice, unsigned depth, bool breaks, struct tv_buf *out)
{
    static const char *const literals[] = {"true", "false", "null"};
    uint32_t kind = dice_below(dice, depth > 40 ? 8 : 12);
    write_blanks(dice, breaks, out);
    if (kind < 4)
        write_text(dice, words[dice_below(dice, COUNT(words))], false, out);
    else if (kind < 7)
        write_number(dice, out);
    else if (kind < 8)
        tv_buf_append_str(out, tv_str_of(literals[dice_below(dice, COUNT(literals))]));
    else if (kind < 10)
        write_object(dice, depth, breaks, out);
    else if (kind < 11)
        write_array(dice, depth, breaks, out);
    else
        tv_buf_printf(out, "%u", dice_below(dice, 100));
    write_blanks(dice, breaks, out);
}

void shape_roll(struct dice *dice, struct shape *out)
{
    out->count = 1 + dice_below(dice, COUNT(out->names) - 1);
    for (uint32_t i = 0; i < out->count; i++)
        out->names[i] = dice_below(dice, COUNT(names));
}

/* Wraps a value in so many arrays or objects that the limit of nesting is near. */
static void write_deep(struct dice *dice, struct tv_buf *out)
{
    uint32_t depth = 26 + dice_below(dice, 10);
    bool object = dice_one_in(dice, 2);
    tv_buf_append_str(out, TV_STR(",\"deep\":"));
    for (uint32_t i = 0; i < depth; i++)
        tv_buf_append_str(out, object ? TV_STR("{\"o\":") : TV_STR("["));
    tv_buf_append_char(out, '1');
    for (uint32_t i = 0; i < depth; i++)
        tv_buf_append_char(out, object ? '}' : ']');
}

void write_document(struct dice *dice, const struct shape *shape, bool breaks, struct tv_buf *out)
{
    tv_buf_append_char(out, '{');
    write_blanks(dice, breaks, out);
    if (!dice_one_in(dice, 30)) {
        tv_buf_append_str(out, TV_STR("\"service\":"));
        write_text(dice, words[dice_below(dice, 16)], false, out);
    } else {
        tv_buf_append_str(out, TV_STR("\"k\":1"));
    }
    for (uint32_t i = 0; i < shape->count; i++) {
        uint32_t name = dice_one_in(dice, 15) ? dice_below(dice, COUNT(names)) : shape->names[i];
        if (dice_one_in(dice, 15))
            continue;
        tv_buf_append_char(out, ',');
        write_member(dice, name, 1, breaks, out);
    }
    if (dice_one_in(dice, 60))
        write_deep(dice, out);
    tv_buf_append_char(out, '}');
}

static void mutate_once(struct dice *dice, struct tv_buf *text)
{
    static const char bytes[] = "\"\\{}[]:,0123456789.eE+-tfnu \n\t\x01\x7f\x80\xc3\xa9\xed\xff";
    uint32_t at = dice_below(dice, (uint32_t)text->len);
    char byte = dice_one_in(dice, 3) ? (char)dice_below(dice, 256)
                                     : bytes[dice_below(dice, sizeof(bytes) - 1)];
    switch (dice_below(dice, 5)) {
    case 0:
        text->data[at] = byte;
        break;
    case 1: /* take one out */
        memmove(text->data + at, text->data + at + 1, text->len - at - 1);
        text->len--;
        break;
    case 2: /* put one in */
        (void)tv_buf_reserve(text, 1);
        memmove(text->data + at + 1, text->data + at, text->len - at);
        text->data[at] = byte;
        text->len++;
        break;
    case 3: /* cut the end off */
        text->len = at;
        break;
    default: { /* exchange two */
        uint32_t other = dice_below(dice, (uint32_t)text->len);
        char held = text->data[at];
        text->data[at] = text->data[other];
        text->data[other] = held;
        break;
    }
    }
}

void mutate(struct dice *dice, struct tv_buf *text)
{
    uint32_t times = 1 + dice_below(dice, 3);
    for (uint32_t i = 0; i < times && text->len > 0; i++)
        mutate_once(dice, text);
}
