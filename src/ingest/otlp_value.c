/* SPDX-License-Identifier: Apache-2.0 */
/* AnyValue and KeyValue of opentelemetry/proto/common/v1/common.proto.
 *
 * Scalars are kept as what they are. Arrays and maps become JSON text, as native events' arrays do;
 * flattening maps to dotted names instead would let one log body make a thousand columns. Secrets in
 * maps are masked by their key, as everywhere. */
#include "base/json_out.h"
#include "event/redact.h"
#include "ingest/otlp_internal.h"

/* Numbers of the fields. */
enum {
    ANY_STRING = 1,
    ANY_BOOL = 2,
    ANY_INT = 3,
    ANY_DOUBLE = 4,
    ANY_ARRAY = 5,
    ANY_MAP = 6,
    ANY_BYTES = 7,
    VALUES = 1, /* of ArrayValue and KeyValueList */
    KEY = 1,
    VALUE = 2
};

/* A KeyValue as every encoder writes it: the key, then the value, each with a length of one byte. */
static bool read_plain_pair(struct tv_str message, struct tv_otlp_key_value *out)
{
    enum { KEY_TAG = KEY << 3 | TV_WIRE_BYTES, VALUE_TAG = VALUE << 3 | TV_WIRE_BYTES };
    const uint8_t *at = (const uint8_t *)message.ptr;
    if (message.len < 4 || at[0] != KEY_TAG || at[1] >= 0x80 || message.len < 4U + at[1])
        return false;
    size_t value = 2U + at[1];
    if (at[value] != VALUE_TAG || at[value + 1] >= 0x80 || message.len != value + 2 + at[value + 1])
        return false;
    out->key = (struct tv_str){message.ptr + 2, at[1]};
    out->any = (struct tv_str){message.ptr + value + 2, at[value + 1]};
    return true;
}

bool tv_otlp_key_value(struct tv_str message, struct tv_otlp_key_value *out)
{
    if (read_plain_pair(message, out))
        return true;
    struct tv_proto in = tv_proto_of(message);
    struct tv_proto_field field;
    *out = (struct tv_otlp_key_value){.key = {NULL, 0}};
    while (tv_proto_next(&in, &field)) {
        if (field.wire != TV_WIRE_BYTES)
            continue;
        if (field.number == KEY)
            out->key = field.bytes;
        else if (field.number == VALUE)
            out->any = field.bytes;
    }
    return !in.broken;
}

/* RFC 4648, section 4. */
static void put_base64(struct tv_buf *out, struct tv_str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t word = (uint32_t)(uint8_t)bytes.ptr[i] << 16;
        word |= left > 1 ? (uint32_t)(uint8_t)bytes.ptr[i + 1] << 8 : 0;
        word |= left > 2 ? (uint32_t)(uint8_t)bytes.ptr[i + 2] : 0;
        tv_buf_append_char(out, digits[word >> 18]);
        tv_buf_append_char(out, digits[word >> 12 & 63]);
        tv_buf_append_char(out, left > 1 ? digits[word >> 6 & 63] : '=');
        tv_buf_append_char(out, left > 2 ? digits[word & 63] : '=');
    }
}

/* The last of the value's fields, as of every oneof; number 0 if there is none. */
static bool last_field(struct tv_str any, struct tv_proto_field *out)
{
    struct tv_proto in = tv_proto_of(any);
    struct tv_proto_field field;
    *out = (struct tv_proto_field){.number = 0};
    while (tv_proto_next(&in, &field))
        if (field.number <= ANY_BYTES)
            *out = field;
    return !in.broken;
}

static bool put_json(struct tv_json_out *json, struct tv_str any, int depth);

static bool put_list(struct tv_json_out *json, struct tv_str list, int depth)
{
    struct tv_proto in = tv_proto_of(list);
    struct tv_proto_field field;
    bool good = true;
    tv_json_array(json);
    while (good && tv_proto_next(&in, &field))
        if (field.number == VALUES && field.wire == TV_WIRE_BYTES)
            good = put_json(json, field.bytes, depth + 1);
    tv_json_end(json);
    return good && !in.broken;
}

static bool put_map(struct tv_json_out *json, struct tv_str map, int depth)
{
    struct tv_proto in = tv_proto_of(map);
    struct tv_proto_field field;
    struct tv_otlp_key_value pair;
    bool good = true;
    tv_json_object(json);
    while (good && tv_proto_next(&in, &field)) {
        if (field.number != VALUES || field.wire != TV_WIRE_BYTES)
            continue;
        good = tv_otlp_key_value(field.bytes, &pair);
        tv_json_key_str(json, pair.key);
        if (tv_redact_is_secret(pair.key))
            tv_json_str(json, tv_redact_mask());
        else
            good = good && put_json(json, pair.any, depth + 1);
    }
    tv_json_end(json);
    return good && !in.broken;
}

static void put_bytes(struct tv_json_out *json, struct tv_str bytes)
{
    struct tv_buf text = {0};
    put_base64(&text, bytes);
    tv_json_str(json, tv_buf_str(&text));
    tv_buf_release(&text);
}

static bool put_json(struct tv_json_out *json, struct tv_str any, int depth)
{
    struct tv_proto_field field;
    bool good = last_field(any, &field);
    bool nested = field.wire == TV_WIRE_BYTES && depth < TV_OTLP_VALUE_DEPTH_MAX;
    if (field.number == ANY_STRING && field.wire == TV_WIRE_BYTES)
        tv_json_str(json, field.bytes);
    else if (field.number == ANY_BOOL && field.wire == TV_WIRE_VARINT)
        tv_json_bool(json, field.value != 0);
    else if (field.number == ANY_INT && field.wire == TV_WIRE_VARINT)
        tv_json_i64(json, (int64_t)field.value);
    else if (field.number == ANY_DOUBLE && field.wire == TV_WIRE_FIXED64)
        tv_json_f64(json, tv_proto_double(field.value));
    else if (field.number == ANY_ARRAY && nested)
        good = put_list(json, field.bytes, depth) && good;
    else if (field.number == ANY_MAP && nested)
        good = put_map(json, field.bytes, depth) && good;
    else if (field.number == ANY_BYTES && field.wire == TV_WIRE_BYTES)
        put_bytes(json, field.bytes);
    else
        tv_json_null(json);
    return good;
}

static struct tv_value composed(struct tv_str any, struct tv_buf *scratch, bool *broken)
{
    struct tv_json_out json = {.out = scratch};
    tv_buf_clear(scratch);
    if (!put_json(&json, any, 0))
        *broken = true;
    return (struct tv_value){.type = TV_TYPE_JSON, .s = tv_buf_str(scratch)};
}

struct tv_value tv_otlp_value(struct tv_str any, struct tv_buf *scratch, bool *broken)
{
    enum { STRING_TAG = ANY_STRING << 3 | TV_WIRE_BYTES };
    struct tv_proto_field field;
    /* Most values are short texts. */
    if (any.len >= 2 && any.ptr[0] == STRING_TAG && (size_t)(uint8_t)any.ptr[1] == any.len - 2 &&
            any.len < 0x82)
        return tv_value_str((struct tv_str){any.ptr + 2, any.len - 2});
    if (!last_field(any, &field)) {
        *broken = true;
        return tv_value_null();
    }
    if (field.wire == TV_WIRE_VARINT && field.number == ANY_BOOL)
        return tv_value_bool(field.value != 0);
    if (field.wire == TV_WIRE_VARINT && field.number == ANY_INT)
        return tv_value_i64((int64_t)field.value);
    if (field.wire == TV_WIRE_FIXED64 && field.number == ANY_DOUBLE)
        return tv_value_f64(tv_proto_double(field.value));
    if (field.wire != TV_WIRE_BYTES)
        return tv_value_null();
    if (field.number == ANY_STRING)
        return tv_value_str(field.bytes);
    if (field.number == ANY_BYTES) {
        tv_buf_clear(scratch);
        put_base64(scratch, field.bytes);
        return tv_value_str(tv_buf_str(scratch));
    }
    return field.number ? composed(any, scratch, broken) : tv_value_null();
}
