/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of OTLP as their JSON form names them: one table, read by the JSON decoder. Private to
 * the OTLP decoder. Names and numbers are those of opentelemetry-proto 1.x. */
#ifndef TV_INGEST_OTLP_SCHEMA_H
#define TV_INGEST_OTLP_SCHEMA_H

#include "ingest/otlp.h"

enum tv_otlp_kind {
    TV_OTLP_STRING,
    TV_OTLP_HEX,    /* bytes; ids are hex digits and not base64 in OTLP/JSON */
    TV_OTLP_BASE64, /* bytes */
    TV_OTLP_BOOL,
    TV_OTLP_VARINT, /* int64, uint32, uint64 and enumerations */
    TV_OTLP_SINT32, /* zigzag */
    TV_OTLP_FIXED64,
    TV_OTLP_DOUBLE,
    TV_OTLP_MESSAGE
};

struct tv_otlp_member {
    struct tv_str name;
    uint32_t number;
    enum tv_otlp_kind kind;
    const struct tv_otlp_message *message; /* of MESSAGE */
};

struct tv_otlp_message {
    const struct tv_otlp_member *members;
    size_t count;
};

/* The signal's Export…ServiceRequest. */
const struct tv_otlp_message *tv_otlp_request(enum tv_otlp_signal signal);
/* KeyValue, which most of a request consists of. */
extern const struct tv_otlp_message tv_otlp_key_value_message;
/* NULL for a name that the message does not have. `from` is where the search begins: members are
 * mostly sent in the table's order, so the place behind the last one found is a good guess. */
static inline const struct tv_otlp_member *tv_otlp_find(
        const struct tv_otlp_message *message, struct tv_str name, size_t from)
{
    for (size_t i = 0; i < message->count; i++) {
        size_t at = from + i < message->count ? from + i : from + i - message->count;
        const struct tv_otlp_member *member = &message->members[at];
        if (member->name.len == name.len && memcmp(member->name.ptr, name.ptr, name.len) == 0)
            return member;
    }
    return NULL;
}

#endif
