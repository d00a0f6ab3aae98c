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
#define TV_FIELD_LIST(X)                        \
    X(ARRIVAL, "arrival", U64, I64)             \
    X(TIME, "timestamp", I64, I64)              \
    X(RECEIVED, "receivedAt", I64, I64)         \
    X(SERVICE, "service", CODE, STR)            \
    X(INSTANCE, "instance", CODE, STR)          \
    X(HOST, "host", CODE, STR)                  \
    X(TYPE, "eventType", CODE, STR)             \
    X(NAME, "name", CODE, STR)                  \
    X(EVENT_ID, "eventId", CODE, STR)           \
    X(TRACE_ID, "traceId", ID, STR)             \
    X(SPAN_ID, "spanId", U64, STR)              \
    X(PARENT_SPAN_ID, "parentSpanId", U64, STR) \
    X(KIND, "kind", U8, STR)                    \
    X(DURATION, "durationNs", I64, I64)         \
    X(STATUS, "status", U8, STR)                \
    X(SEVERITY, "severity", U8, STR)            \
    X(MESSAGE, "message", CODE, STR)            \
    X(CAUSED_BY, "causedBy", CODE, JSON)        \
    X(UNIT, "unit", CODE, STR)                  \
    X(METRIC_KIND, "metricKind", U8, STR)       \
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
static inline enum tv_column_type tv_field_column(enum tv_field field)
{
    static const uint8_t columns[TV_FIELD_COUNT] = {
#define X(code, name, column, type) TV_COLUMN_##column,
            TV_FIELD_LIST(X)
#undef X
    };
    return (enum tv_column_type)columns[field];
}

/* Bytes of a cell of such a column. */
static inline size_t tv_column_cell_bytes(enum tv_column_type type)
{
    static const uint8_t bytes[] = {[TV_COLUMN_U64] = 8,
            [TV_COLUMN_I64] = 8,
            [TV_COLUMN_ID] = sizeof(struct tv_id),
            [TV_COLUMN_CODE] = 4,
            [TV_COLUMN_U8] = 1};
    return bytes[type];
}

/* Whether the field's texts are appended rather than interned: they seldom repeat. */
static inline bool tv_field_is_appended(enum tv_field field)
{
    return field == TV_FIELD_EVENT_ID || field == TV_FIELD_MESSAGE || field == TV_FIELD_CAUSED_BY;
}

/* STR, I64 or JSON: what tv_batch_value gives for it. */
enum tv_type tv_field_type(enum tv_field field);

/* The field that a top-level member of an event document sets, by canonical name, alias ("ts",
 * "serviceId" …) or snake_case of either; TV_FIELD_COUNT if it is an attribute (also "arrival" and
 * "receivedAt", which no document sets). *rank (may be NULL) is the name's place in the table's
 * order, 0 for the canonical name: of several present, the lowest wins. */
enum tv_field tv_field_by_alias(struct tv_str name, unsigned *rank);

/* What a plain number under this name of TV_FIELD_DURATION counts, in nanoseconds: 1 for
 * "durationNs" and "duration_ns", 1,000,000 for the others ("durationMs", "duration"). */
int64_t tv_field_duration_unit_ns(struct tv_str name);

/* What a name means in TimeQL: canonical names, every alias, snake_case (`trace_id`, `event_id`),
 * `duration`, `type`, virtual fields (`error_occurred`, `cpu`, `memory`, `disk`); anything else is
 * an attribute, also `attributes.x` and `attrs.x` for x, which is how an attribute is reached whose
 * name is a field's. Never fails. The result borrows `name`. */
struct tv_field_ref tv_field_resolve(struct tv_str name);
/* The reference of a fixed field, and of an attribute of exactly this name. */
struct tv_field_ref tv_field_ref_fixed(enum tv_field field);
struct tv_field_ref tv_field_ref_attribute(struct tv_str name);

/* Attribute names behind a virtual metric, best first; *count of them. Static. */
const struct tv_str *tv_virtual_attributes(enum tv_virtual_field field, size_t *count);

/* Attributes whose number ≥ 500 makes an error ("http.response.status_code", …). Static. */
const struct tv_str *tv_http_status_attributes(size_t *count);
/* Attributes that carry a version ("service.version", "version"). Static. */
const struct tv_str *tv_version_attributes(size_t *count);

/* Text of the small enumerations, lower case ("server", "error"; severity as OpenTelemetry spells
 * it: "ERROR", "ERROR2"), "" for absent; and back, any case. Severity also takes "17", syslog's and
 * other loggers' names ("warning", "err", "critical" = 18 as in OpenTelemetry's mapping of syslog);
 * kind, status and temporality also with their prefix in protobuf ("SPAN_KIND_SERVER"). Numbers of
 * the other enumerations differ by protocol and are the decoder's. False for what is not listed. */
struct tv_str tv_enum_text(enum tv_field field, uint8_t value);
TV_CHECKED bool tv_enum_from_text(enum tv_field field, struct tv_str text, uint8_t *out);

/* A trace or span id from its text: 32 (or 16, as 64-bit tracers write it) and 16 hex digits, any
 * case. True if it was that. Any other text is hashed into *out and gives false: the decoder keeps
 * the text as attribute, and a condition with the same text finds the same id. An id of all zeros
 * is absent by OpenTelemetry's rules: *out is 0, true. Never 0 for a hashed text. */
bool tv_trace_id_from_text(struct tv_str text, struct tv_id *out);
bool tv_span_id_from_text(struct tv_str text, uint64_t *out);
/* Lower-case hex: 32 and 16 digits, no NUL. */
void tv_trace_id_format(struct tv_id id, char out[32]);
void tv_span_id_format(uint64_t id, char out[16]);

/* "@" and the arrival number in Crockford's base32, lower case, always 13 digits; 14 characters and
 * a NUL; returns 14. And back, any case, with Crockford's look-alikes (o, i, l). */
enum { TV_ARRIVAL_TEXT_BYTES = 16 };
size_t tv_arrival_format(uint64_t arrival, char out[TV_ARRIVAL_TEXT_BYTES]);
TV_CHECKED bool tv_arrival_parse(struct tv_str text, uint64_t *out);

#endif
