/* SPDX-License-Identifier: Apache-2.0 */
/* OTLP/JSON, turned into the protobuf bytes of the same request.
 *
 * One decoder then gives both encodings their meaning, and they cannot drift apart; a second one that
 * goes from JSON to columns would save a copy of the bytes. The walk is driven by the schema's table:
 * a member that is not in it is skipped, null counts as not sent, a 64-bit number may be a string. A
 * nested message's length stands before it and is known behind it, so four bytes are left for it: a
 * varint may be longer than it needs to be. */
#include "base/buf.h"
#include "ingest/otlp_schema.h"
#include "ingest/proto.h"
#include "ingest/scan.h"

enum {
    DEPTH_MAX =
            96, /* of nested messages: some ten around an AnyValue, whose own depth is bounded later */
    LENGTH_BYTES = 4,
    FIELD_BYTES = 1 + 10 /* a tag and a varint */
};

struct walk {
    struct tv_scan scan;
    struct tv_buf *out;
    int depth;
};

static const char *put_value(
        struct walk *walk, const struct tv_otlp_member *member, const char *at);

/* Room for so many bytes more; the caller writes them and moves `len`. */
static inline uint8_t *room(struct walk *walk, size_t bytes)
{
    struct tv_buf *out = walk->out;
    char *at = out->cap - out->len >= bytes ? out->data + out->len : tv_buf_reserve(out, bytes);
    return (uint8_t *)at;
}

static inline void wrote(struct walk *walk, const uint8_t *end)
{
    walk->out->len = (size_t)((const char *)end - walk->out->data);
}

static inline uint8_t *write_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* A field's tag: one byte, since no number of the table is beyond 15. */
static inline uint8_t *write_tag(uint8_t *at, uint32_t number, enum tv_wire wire)
{
    *at = (uint8_t)(number << 3 | wire);
    return at + 1;
}

static inline uint8_t *write_bytes(uint8_t *at, uint32_t number, struct tv_str bytes)
{
    at = write_varint(write_tag(at, number, TV_WIRE_BYTES), bytes.len);
    if (bytes.len > 0)
        memcpy(at, bytes.ptr, bytes.len);
    return at + bytes.len;
}

static void put_bytes(struct walk *walk, const struct tv_otlp_member *member, struct tv_str bytes)
{
    wrote(walk, write_bytes(room(walk, FIELD_BYTES + bytes.len), member->number, bytes));
}

/* Behind a member's name: the colon. */
static const char *read_name(struct walk *walk, const char *at, struct tv_str *name)
{
    if (tv_scan_peek(&walk->scan, at) != '"')
        return tv_scan_expected(&walk->scan, at, "expected a member's name");
    at = tv_scan_string(&walk->scan, at + 1, name);
    if (!at)
        return NULL;
    at = tv_scan_blanks(&walk->scan, at);
    if (tv_scan_peek(&walk->scan, at) != ':')
        return tv_scan_expected(&walk->scan, at, "expected ':'");
    return tv_scan_blanks(&walk->scan, at + 1);
}

static const char *skip_value(struct walk *walk, const char *at)
{
    struct tv_scan_skip skip = {.depth_max = TV_DECODE_DEPTH_MAX};
    struct tv_str ignored;
    return tv_scan_any(&walk->scan, at, &skip, &ignored);
}

/* Behind an element: true and behind the comma, or false and behind the closing bracket; *at is NULL
 * where neither stands. */
static bool more(struct walk *walk, const char **at, char closing)
{
    if (!*at)
        return false;
    *at = tv_scan_blanks(&walk->scan, *at);
    char next = tv_scan_peek(&walk->scan, *at);
    if (next == ',') {
        *at = tv_scan_blanks(&walk->scan, *at + 1);
        return true;
    }
    *at = next == closing ? *at + 1
                          : tv_scan_expected(&walk->scan, *at, "expected ',' or a closing bracket");
    return false;
}

/* An object's members; `at` is on its '{'. */
static const char *put_members(
        struct walk *walk, const struct tv_otlp_message *message, const char *at)
{
    size_t next = 0;
    if (tv_scan_peek(&walk->scan, at) != '{')
        return tv_scan_expected(&walk->scan, at, "expected an object");
    at = tv_scan_blanks(&walk->scan, at + 1);
    if (tv_scan_peek(&walk->scan, at) == '}')
        return at + 1;
    do {
        struct tv_str name;
        at = read_name(walk, at, &name);
        if (!at)
            return NULL;
        const struct tv_otlp_member *member = tv_otlp_find(message, name, next);
        next = member ? (size_t)(member - message->members) + 1 : next;
        at = member ? put_value(walk, member, at) : skip_value(walk, at);
    } while (more(walk, &at, '}'));
    return at;
}

/* Whether the bytes stand at `at`. */
#define STANDS(walk, at, literal)                                \
    ((size_t)((walk)->scan.end - (at)) >= sizeof(literal) - 1 && \
            memcmp(at, literal, sizeof(literal) - 1) == 0)

static size_t varint_bytes(uint64_t value)
{
    return value < 0x80 ? 1 : 1 + varint_bytes(value >> 7);
}

/* A pair as encoders write it. */
struct plain {
    struct tv_str key, text;
    bool is_number;
    int64_t number;
};

/* Behind {"key":"…": a text or a whole number, and the brackets; NULL where it is anything else. */
static const char *read_plain_value(struct walk *walk, const char *at, struct plain *out)
{
    struct tv_value value = {.type = TV_TYPE_NULL};
    out->is_number = STANDS(walk, at, ",\"value\":{\"intValue\":");
    if (out->is_number) {
        bool quoted = tv_scan_peek(&walk->scan, at + 21) == '"';
        char first = tv_scan_peek(&walk->scan, at + 21 + quoted);
        at = tv_is_digit(first) ? tv_scan_number(&walk->scan, at + 21 + quoted, &value) : NULL;
        out->number = value.i;
        if (!at || value.type != TV_TYPE_I64 || (quoted && tv_scan_peek(&walk->scan, at) != '"'))
            return NULL;
        at += quoted;
    } else {
        if (!STANDS(walk, at, ",\"value\":{\"stringValue\":\""))
            return NULL;
        at = tv_scan_string(&walk->scan, at + 25, &out->text);
    }
    return at && STANDS(walk, at, "}}") ? at + 2 : NULL;
}

static void write_plain(
        struct walk *walk, const struct tv_otlp_member *member, const struct plain *pair)
{
    size_t length = pair->is_number ? varint_bytes((uint64_t)pair->number)
                                    : varint_bytes(pair->text.len) + pair->text.len;
    size_t any = 1 + length;
    size_t all = 1 + varint_bytes(pair->key.len) + pair->key.len + 1 + varint_bytes(any) + any;
    uint8_t *out = room(walk, 4 * FIELD_BYTES + all);
    out = write_varint(write_tag(out, member->number, TV_WIRE_BYTES), all);
    out = write_bytes(out, 1, pair->key);
    out = write_varint(write_tag(out, 2, TV_WIRE_BYTES), any);
    if (pair->is_number)
        out = write_varint(write_tag(out, 3, TV_WIRE_VARINT), (uint64_t)pair->number);
    else
        out = write_bytes(out, 1, pair->text);
    wrote(walk, out);
}

/* {"key":"…","value":{"stringValue":"…"}} or intValue, as encoders write it, without a blank: two
 * thirds of what there is to read. NULL, and nothing was read, where it is anything else. */
static const char *put_plain_pair(
        struct walk *walk, const struct tv_otlp_member *member, const char *at)
{
    char *scratch = walk->scan.scratch_next;
    struct plain pair;
    if (!STANDS(walk, at, "{\"key\":\""))
        return NULL;
    at = tv_scan_string(&walk->scan, at + 8, &pair.key);
    if (at)
        at = read_plain_value(walk, at, &pair);
    if (at)
        write_plain(walk, member, &pair);
    else /* what was unescaped will be again; the scratch may have been made for it */
        walk->scan.scratch_next = scratch ? scratch : walk->scan.scratch;
    return at;
}

static const char *put_message(
        struct walk *walk, const struct tv_otlp_member *member, const char *at)
{
    if (member->message == &tv_otlp_key_value_message) {
        const char *end = put_plain_pair(walk, member, at);
        if (end)
            return end;
    }
    if (walk->depth == DEPTH_MAX)
        return tv_scan_fault(&walk->scan, at, "values are nested too deeply");
    wrote(walk, write_tag(room(walk, 1 + LENGTH_BYTES), member->number, TV_WIRE_BYTES));
    size_t length_at = walk->out->len;
    walk->out->len += LENGTH_BYTES; /* written below, once it is known */
    walk->depth++;
    at = put_members(walk, member->message, at);
    walk->depth--;
    size_t length = walk->out->len - length_at - LENGTH_BYTES;
    if (at && length >> (7 * LENGTH_BYTES))
        return tv_scan_fault(&walk->scan, at, "a message is too large");
    for (int i = 0; i < LENGTH_BYTES; i++) {
        unsigned more_follow = i < LENGTH_BYTES - 1 ? 0x80 : 0;
        walk->out->data[length_at + (size_t)i] = (char)((length >> (7 * i) & 0x7f) | more_follow);
    }
    return at;
}

static const char *wrong(struct walk *walk, const char *at, const char *text)
{
    return tv_scan_fault(&walk->scan, at, text);
}

static const char *put_hex(struct walk *walk, const struct tv_otlp_member *member,
        struct tv_str digits, const char *at)
{
    uint8_t bytes[16];
    if (digits.len % 2 || digits.len > 2 * sizeof(bytes) ||
            !tv_hex_decode(digits, bytes, digits.len / 2))
        return wrong(walk, at, "an id must be up to 32 hex digits");
    put_bytes(walk, member, (struct tv_str){(const char *)bytes, digits.len / 2});
    return at;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

static const char *put_base64(
        struct walk *walk, const struct tv_otlp_member *member, struct tv_str text, const char *at)
{
    while (text.len && text.ptr[text.len - 1] == '=')
        text.len--;
    uint8_t *out = room(walk, FIELD_BYTES + text.len);
    out = write_varint(write_tag(out, member->number, TV_WIRE_BYTES), text.len * 6 / 8);
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = base64_digit(text.ptr[i]);
        if (digit < 0)
            return wrong(walk, at, "bytes must be base64");
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            *out++ = (uint8_t)(bits >> count);
        }
    }
    wrote(walk, out);
    return at;
}

static const char *put_text(struct walk *walk, const struct tv_otlp_member *member, const char *at)
{
    struct tv_str text;
    if (tv_scan_peek(&walk->scan, at) != '"')
        return tv_scan_expected(&walk->scan, at, "expected a string");
    at = tv_scan_string(&walk->scan, at + 1, &text);
    if (!at)
        return NULL;
    if (member->kind == TV_OTLP_HEX)
        return put_hex(walk, member, text, at);
    if (member->kind == TV_OTLP_BASE64)
        return put_base64(walk, member, text, at);
    put_bytes(walk, member, text);
    return at;
}

/* The numbers that JSON has no form for, as protobuf's JSON mapping writes them. */
static bool named_double(struct tv_str text, double *out)
{
    *out = __builtin_nan("");
    if (tv_str_equal(text, TV_STR("NaN")))
        return true;
    *out = tv_str_starts_with(text, TV_STR("-")) ? -__builtin_inf() : __builtin_inf();
    return tv_str_equal(text, TV_STR("Infinity")) || tv_str_equal(text, TV_STR("-Infinity"));
}

/* A number, or a string that is one. */
static const char *read_number(
        struct walk *walk, bool is_double, struct tv_value *out, const char *at)
{
    char first = tv_scan_peek(&walk->scan, at);
    struct tv_str text;
    if (first == '-' || tv_is_digit(first))
        return tv_scan_number(&walk->scan, at, out);
    if (first != '"')
        return tv_scan_expected(&walk->scan, at, "expected a number");
    const char *end = tv_scan_string(&walk->scan, at + 1, &text);
    if (!end)
        return NULL;
    uint64_t whole = 0;
    out->type = TV_TYPE_I64;
    if (tv_str_to_i64(text, &out->i))
        return end;
    if (tv_str_to_u64(text, &whole)) {
        out->i = (int64_t)whole; /* the same 64 bits */
        return end;
    }
    out->type = TV_TYPE_F64;
    if (tv_str_to_f64(text, &out->f) || (is_double && named_double(text, &out->f)))
        return end;
    return wrong(walk, at, "the text is no number");
}

static bool whole_of(const struct tv_value *value, int64_t *out)
{
    *out = value->i;
    if (value->type == TV_TYPE_I64)
        return true;
    /* 1e9 is a whole number too; what is beyond 2^63 has no whole value here. */
    if (!(value->f >= -9.2e18 && value->f <= 9.2e18))
        return false;
    *out = (int64_t)value->f;
    return (double)*out == value->f;
}

static void put_fixed64(struct walk *walk, const struct tv_otlp_member *member, uint64_t bits)
{
    uint8_t *out = write_tag(room(walk, 1 + sizeof(bits)), member->number, TV_WIRE_FIXED64);
    for (size_t i = 0; i < sizeof(bits); i++)
        *out++ = (uint8_t)(bits >> (8 * i));
    wrote(walk, out);
}

static void put_varint(struct walk *walk, const struct tv_otlp_member *member, uint64_t value)
{
    uint8_t *out = write_tag(room(walk, FIELD_BYTES), member->number, TV_WIRE_VARINT);
    wrote(walk, write_varint(out, value));
}

static const char *put_number(
        struct walk *walk, const struct tv_otlp_member *member, const char *at)
{
    struct tv_value value = {.type = TV_TYPE_I64};
    int64_t whole = 0;
    const char *end = read_number(walk, member->kind == TV_OTLP_DOUBLE, &value, at);
    if (!end)
        return NULL;
    if (member->kind == TV_OTLP_DOUBLE) {
        double number = value.type == TV_TYPE_I64 ? (double)value.i : value.f;
        uint64_t bits = 0;
        memcpy(&bits, &number, sizeof(bits));
        put_fixed64(walk, member, bits);
        return end;
    }
    if (!whole_of(&value, &whole))
        return wrong(walk, at, "expected a whole number of 64 bits");
    if (member->kind == TV_OTLP_FIXED64) {
        put_fixed64(walk, member, (uint64_t)whole);
        return end;
    }
    put_varint(walk, member, member->kind == TV_OTLP_SINT32 ? tv_zigzag(whole) : (uint64_t)whole);
    return end;
}

static const char *put_one(struct walk *walk, const struct tv_otlp_member *member, const char *at)
{
    struct tv_value value;
    char first = tv_scan_peek(&walk->scan, at);
    if (first == 'n' || first == 't' || first == 'f') {
        const char *end = tv_scan_literal(&walk->scan, at, &value);
        if (!end || value.type == TV_TYPE_NULL)
            return end;
        if (member->kind != TV_OTLP_BOOL)
            return wrong(walk, at, "expected something else than a boolean");
        put_varint(walk, member, value.b);
        return end;
    }
    switch (member->kind) {
    case TV_OTLP_STRING:
    case TV_OTLP_HEX:
    case TV_OTLP_BASE64:
        return put_text(walk, member, at);
    case TV_OTLP_MESSAGE:
        return put_message(walk, member, at);
    case TV_OTLP_BOOL:
        return tv_scan_expected(&walk->scan, at, "expected true or false");
    case TV_OTLP_VARINT:
    case TV_OTLP_SINT32:
    case TV_OTLP_FIXED64:
    case TV_OTLP_DOUBLE:
        return put_number(walk, member, at);
    }
    return NULL;
}

/* A value, or an array of them for a repeated field. Arrays of arrays are in no message. */
static const char *put_value(struct walk *walk, const struct tv_otlp_member *member, const char *at)
{
    if (tv_scan_peek(&walk->scan, at) != '[')
        return put_one(walk, member, at);
    at = tv_scan_blanks(&walk->scan, at + 1);
    if (tv_scan_peek(&walk->scan, at) == ']')
        return at + 1;
    do {
        at = put_one(walk, member, at);
    } while (more(walk, &at, ']'));
    return at;
}

static enum tv_status fail(const struct walk *walk, struct tv_error *err)
{
    const char *at = walk->scan.fault_at ? walk->scan.fault_at : walk->scan.start;
    const char *what = walk->scan.fault ? walk->scan.fault : "the JSON is broken";
    (void)tv_fail(err, TV_BAD_INPUT, "%s", what);
    if (err)
        tv_scan_locate(&walk->scan, at, err);
    return TV_BAD_INPUT;
}

enum tv_status tv_otlp_from_json(
        struct tv_str body, enum tv_otlp_signal signal, struct tv_buf *out, struct tv_error *err)
{
    struct walk walk = {.scan = {.start = body.ptr, .end = body.ptr + body.len}, .out = out};
    const char *at = tv_scan_blanks(&walk.scan, walk.scan.start);
    at = put_members(&walk, tv_otlp_request(signal), at);
    if (at && tv_scan_blanks(&walk.scan, at) != walk.scan.end)
        at = tv_scan_fault(&walk.scan, at, "there is more behind the request");
    if (at && walk.scan.flaw)
        at = tv_scan_fault(&walk.scan, walk.scan.start, walk.scan.flaw);
    enum tv_status status = at ? TV_OK : fail(&walk, err);
    tv_scan_release(&walk.scan);
    return status;
}
