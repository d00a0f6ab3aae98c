/* SPDX-License-Identifier: Apache-2.0 */
/* Log records (opentelemetry/proto/logs/v1/logs.proto). A record with an exception is an error, as a
 * span's recorded exception is; its severity stays its own. */
#include "ingest/otlp_internal.h"

enum {
    LOG_TIME = 1,
    LOG_SEVERITY = 2,
    LOG_SEVERITY_TEXT = 3,
    LOG_BODY = 5,
    LOG_ATTRIBUTES = 6,
    LOG_TRACE_ID = 9,
    LOG_SPAN_ID = 10,
    LOG_OBSERVED_TIME = 11,
    LOG_EVENT_NAME = 12
};

/* What is known of a record once all of it was read. */
struct head {
    uint64_t time_ns, observed_ns, severity;
    struct tv_str severity_text;
};

static void set_body(struct tv_otlp *otlp, struct tv_str any)
{
    struct tv_value value = tv_otlp_value(any, &otlp->json, &otlp->broken);
    if (value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON)
        tv_otlp_text(otlp, TV_FIELD_MESSAGE, value.s);
    else
        tv_otlp_attr(otlp, TV_STR("body"), value);
}

static void take_bytes(struct tv_otlp *otlp, struct head *head, const struct tv_proto_field *field)
{
    switch (field->number) {
    case LOG_SEVERITY_TEXT:
        head->severity_text = field->bytes;
        break;
    case LOG_BODY:
        set_body(otlp, field->bytes);
        break;
    case LOG_ATTRIBUTES:
        tv_otlp_pair(otlp, field->bytes);
        break;
    case LOG_TRACE_ID:
        tv_otlp_trace_id(otlp, field->bytes);
        break;
    case LOG_SPAN_ID:
        tv_otlp_span_id(otlp, TV_FIELD_SPAN_ID, field->bytes);
        break;
    case LOG_EVENT_NAME:
        tv_otlp_text(otlp, TV_FIELD_NAME, field->bytes);
        break;
    default:
        break;
    }
}

static void take_field(struct tv_otlp *otlp, struct head *head, const struct tv_proto_field *field)
{
    if (field->wire == TV_WIRE_BYTES)
        take_bytes(otlp, head, field);
    else if (field->number == LOG_SEVERITY && field->wire == TV_WIRE_VARINT)
        head->severity = field->value;
    else if (field->number == LOG_TIME && field->wire == TV_WIRE_FIXED64)
        head->time_ns = field->value;
    else if (field->number == LOG_OBSERVED_TIME && field->wire == TV_WIRE_FIXED64)
        head->observed_ns = field->value;
}

/* The number counts; a source that sent only a text is asked for what that means. */
static void set_severity(struct tv_otlp *otlp, const struct head *head)
{
    uint8_t severity = TV_SEVERITY_ABSENT;
    if (head->severity > 0 && head->severity < TV_SEVERITY_COUNT)
        severity = (uint8_t)head->severity;
    else if (!tv_enum_from_text(TV_FIELD_SEVERITY, head->severity_text, &severity) &&
            head->severity_text.len)
        tv_otlp_attr(otlp, TV_STR("severity.text"), tv_value_str(head->severity_text));
    if (severity)
        tv_batch_set_u8(otlp->batch, TV_FIELD_SEVERITY, otlp->row, severity);
}

static bool has_exception(const struct tv_otlp *otlp)
{
    static const struct tv_str names[] = {{"exception.type", 14}, {"exception.message", 17}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        uint32_t attr = tv_batch_find_attr(otlp->batch, names[i]);
        const struct tv_attr *found = attr == UINT32_MAX ? NULL : &otlp->batch->attrs[attr];
        if (found && found->count && found->rows[found->count - 1] == otlp->row)
            return true;
    }
    return false;
}

void tv_otlp_log(struct tv_otlp *otlp, struct tv_str message)
{
    struct tv_proto in = tv_proto_of(message);
    struct tv_proto_field field;
    struct head head = {.time_ns = 0};
    if (!tv_otlp_begin(otlp, "log"))
        return;
    while (tv_proto_next(&in, &field))
        take_field(otlp, &head, &field);
    otlp->broken = otlp->broken || in.broken;
    set_severity(otlp, &head);
    tv_otlp_time(otlp, head.time_ns ? head.time_ns : head.observed_ns);
    if (has_exception(otlp))
        tv_otlp_text(otlp, TV_FIELD_TYPE, TV_STR("error"));
    tv_otlp_count(otlp, tv_otlp_end(otlp));
}
