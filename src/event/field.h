/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of an event (DESIGN, "The event"): one table names each field, its aliases and how its
 * column is kept. Decoders, the store and TimeQL all read this table; nothing else knows a name.
 *
 * A field is a fixed column of the batch, an attribute (any other name), or virtual: computed from
 * the others when asked. */
#ifndef TV_EVENT_FIELD_H
#define TV_EVENT_FIELD_H

#include "event/value.h"

/* How a fixed column is kept. Absent is 0 for all but TV_COLUMN_I64, whose absent is
 * TV_ABSENT_I64. */
enum tv_column_type {
    TV_COLUMN_U64,  /* uint64_t: arrival numbers; span ids, big endian read, 0 absent */
    TV_COLUMN_I64,  /* int64_t: times, durations */
    TV_COLUMN_ID,   /* struct tv_id: trace ids */
    TV_COLUMN_CODE, /* uint32_t into the batch's strings; 0 absent */
    TV_COLUMN_U8    /* a small enumeration; 0 absent */
};

#define TV_ABSENT_I64 INT64_MIN

struct tv_id {
    uint64_t hi, lo; /* big endian read of 16 bytes; all 0 is absent */
};

static inline bool tv_id_equal(struct tv_id a, struct tv_id b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

/* X(code, canonical name, column type, TimeQL type) */
#define TV_FIELD_LIST(X)                                                                           \
    X(ARRIVAL, "arrival", U64, I64)                                                                \
    X(TIME, "timestamp", I64, I64)                                                                 \
    X(RECEIVED, "receivedAt", I64, I64)                                                            \
    X(SERVICE, "service", CODE, STR)                                                               \
    X(INSTANCE, "instance", CODE, STR)                                                             \
    X(HOST, "host", CODE, STR)                                                                     \
    X(TYPE, "eventType", CODE, STR)                                                                \
    X(NAME, "name", CODE, STR)                                                                     \
    X(EVENT_ID, "eventId", CODE, STR)                                                              \
    X(TRACE_ID, "traceId", ID, STR)                                                                \
    X(SPAN_ID, "spanId", U64, STR)                                                                 \
    X(PARENT_SPAN_ID, "parentSpanId", U64, STR)                                                    \
    X(KIND, "kind", U8, STR)                                                                       \
    X(DURATION, "durationNs", I64, I64)                                                            \
    X(STATUS, "status", U8, STR)                                                                   \
    X(SEVERITY, "severity", U8, STR)                                                               \
    X(MESSAGE, "message", CODE, STR)                                                               \
    X(CAUSED_BY, "causedBy", CODE, JSON)                                                           \
    X(UNIT, "unit", CODE, STR)                                                                     \
    X(METRIC_KIND, "metricKind", U8, STR)                                                          \
    X(TEMPORALITY, "temporality", U8, STR)

enum tv_field {
#define X(code, name, column, type) TV_FIELD_##code,
    TV_FIELD_LIST(X)
#undef X
    TV_FIELD_COUNT
};

/* What a name in a statement or a document means. */
enum tv_field_class {
    TV_FIELD_FIXED,     /* `field` tells which */
    TV_FIELD_ATTRIBUTE, /* `name` is the attribute's, dotted */
    TV_FIELD_VIRTUAL    /* `virtual_field` tells which */
};

/* Computed from an event's other fields. The metric ones are the first attribute present of
 * tv_virtual_attributes(). */
enum tv_virtual_field {
    TV_VIRTUAL_ERROR_OCCURRED, /* bool */
    TV_VIRTUAL_CPU,
    TV_VIRTUAL_MEMORY,
    TV_VIRTUAL_DISK,
    TV_VIRTUAL_COUNT
};

struct tv_field_ref {
    enum tv_field_class class;
    enum tv_field field;
    enum tv_virtual_field virtual_field;
    struct tv_str name; /* as resolved: canonical for FIXED; borrowed */
};

const char *tv_field_name(enum tv_field field);
enum tv_column_type tv_field_column(enum tv_field field);
/* STR, I64 or JSON: what tv_batch_value gives for it. */
enum tv_type tv_field_type(enum tv_field field);

/* The field that a top-level member of an event document sets, by canonical name or alias
 * ("ts", "serviceId" …); TV_FIELD_COUNT if it is an attribute. *rank (may be NULL) is the alias's
 * place in the table's order, 0 for the canonical name: of several present, the lowest wins. */
enum tv_field tv_field_by_alias(struct tv_str name, unsigned *rank);

/* What a name means in TimeQL: canonical names, every alias, snake_case (`trace_id`, `event_id`),
 * `duration`, `type`, virtual fields; anything else is an attribute, also `attributes.x` and
 * `attrs.x` for x. Never fails. The result borrows `name`. */
struct tv_field_ref tv_field_resolve(struct tv_str name);

/* Attribute names behind a virtual metric, best first; *count of them. Static. */
const struct tv_str *tv_virtual_attributes(enum tv_virtual_field field, size_t *count);

/* Attributes whose number ≥ 500 makes an error ("http.response.status_code", …). Static. */
const struct tv_str *tv_http_status_attributes(size_t *count);
/* Attributes that carry a version ("service.version", "version"). Static. */
const struct tv_str *tv_version_attributes(size_t *count);

/* Text of the small enumerations, "" for absent; and back, any case (severity also "17" and
 * aliases such as "warning", "critical", "err"; kind also OpenTelemetry's "SPAN_KIND_SERVER" and
 * numbers are the decoder's). False for what is not in the list. */
struct tv_str tv_enum_text(enum tv_field field, uint8_t value);
TV_CHECKED bool tv_enum_from_text(enum tv_field field, struct tv_str text, uint8_t *out);

/* "@" and the arrival number in Crockford's base32, lower case, 13 digits without leading zeros'
 * suppression; 15 bytes with NUL. And back, any case. */
enum { TV_ARRIVAL_TEXT_BYTES = 16 };
size_t tv_arrival_format(uint64_t arrival, char out[TV_ARRIVAL_TEXT_BYTES]);
TV_CHECKED bool tv_arrival_parse(struct tv_str text, uint64_t *out);

#endif
