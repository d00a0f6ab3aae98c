/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol Buffers' wire format, read field by field (protobuf.dev, "Encoding"). Nothing is allocated
 * and nothing read outside of the message; a message that breaks the format ends with `broken` set.
 *
 *     struct tv_proto in = tv_proto_of(bytes);
 *     struct tv_proto_field field;
 *     while (tv_proto_next(&in, &field))
 *         if (field.number == 1 && field.wire == TV_WIRE_BYTES) …
 *     if (in.broken) …
 */
#ifndef TV_INGEST_PROTO_H
#define TV_INGEST_PROTO_H

#include "base/str.h"

#include <string.h>

enum tv_wire { TV_WIRE_VARINT = 0, TV_WIRE_FIXED64 = 1, TV_WIRE_BYTES = 2, TV_WIRE_FIXED32 = 5 };

struct tv_proto {
    const uint8_t *at, *end;
    bool broken;
};

struct tv_proto_field {
    uint32_t number;
    uint32_t wire;       /* enum tv_wire */
    uint64_t value;      /* of VARINT, FIXED64 and FIXED32 */
    struct tv_str bytes; /* of BYTES: borrowed from the message */
};

static inline struct tv_proto tv_proto_of(struct tv_str message)
{
    const uint8_t *start = (const uint8_t *)(message.ptr ? message.ptr : "");
    return (struct tv_proto){start, start + message.len, false};
}

/* A varint of up to ten bytes; false past the end or beyond 64 bits. Nearly all have one byte. */
static inline bool tv_proto_varint(struct tv_proto *in, uint64_t *out)
{
    uint64_t value = 0;
    if (in->at < in->end && *in->at < 0x80) {
        *out = *in->at++;
        return true;
    }
    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        uint64_t byte = *in->at++;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return shift < 63 || byte < 2;
        }
    }
    return false;
}

static inline bool tv_proto_fixed(struct tv_proto *in, size_t bytes, uint64_t *out)
{
    if ((size_t)(in->end - in->at) < bytes)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)in->at[i] << (8 * i);
    in->at += bytes;
    *out = value;
    return true;
}

static inline bool tv_proto_value(struct tv_proto *in, struct tv_proto_field *out)
{
    switch (out->wire) {
    case TV_WIRE_VARINT:
        return tv_proto_varint(in, &out->value);
    case TV_WIRE_FIXED64:
        return tv_proto_fixed(in, 8, &out->value);
    case TV_WIRE_FIXED32:
        return tv_proto_fixed(in, 4, &out->value);
    case TV_WIRE_BYTES:
        if (!tv_proto_varint(in, &out->value) || out->value > (uint64_t)(in->end - in->at))
            return false;
        out->bytes = (struct tv_str){(const char *)in->at, (size_t)out->value};
        in->at += out->value;
        return true;
    default: /* groups, which proto3 does not have, and what no version has */
        return false;
    }
}

/* The next field; false at the end of the message or where it is broken. */
static inline bool tv_proto_next(struct tv_proto *in, struct tv_proto_field *out)
{
    uint64_t tag = 0;
    if (in->at == in->end || in->broken)
        return false;
    in->broken = !tv_proto_varint(in, &tag) || tag >> 3 == 0 || tag >> 32 != 0;
    out->number = (uint32_t)(tag >> 3);
    out->wire = (uint32_t)(tag & 7);
    in->broken = in->broken || !tv_proto_value(in, out);
    return !in->broken;
}

/* A double from its bits. */
static inline double tv_proto_double(uint64_t bits)
{
    double value = 0;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

#endif
