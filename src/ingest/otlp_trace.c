/* SPDX-License-Identifier: Apache-2.0 */
/* Spans (opentelemetry/proto/trace/v1/trace.proto): one event for the span, one for each event on it.
 *
 * An exception that a span recorded becomes an event of type error at its own moment, in the span's
 * trace: causality then sees when it was thrown, not only that the span failed. Names that have no
 * field follow OpenTelemetry's "mapping to non-OTLP formats". */
#include "base/json_out.h"
#include "ingest/otlp_internal.h"

enum {
    SPAN_TRACE_ID = 1,
    SPAN_ID = 2,
    SPAN_TRACE_STATE = 3,
    SPAN_PARENT_ID = 4,
    SPAN_NAME = 5,
    SPAN_KIND = 6,
    SPAN_START = 7,
    SPAN_END = 8,
    SPAN_ATTRIBUTES = 9,
    SPAN_EVENTS = 11,
    SPAN_LINKS = 13,
    SPAN_STATUS = 15,
    EVENT_TIME = 1,
    EVENT_NAME = 2,
    EVENT_ATTRIBUTES = 3,
    LINK_TRACE_ID = 1,
    LINK_SPAN_ID = 2,
    STATUS_MESSAGE = 2,
    STATUS_CODE = 3
};

/* What a span's events need of it. */
struct head {
    struct tv_str trace_id, span_id;
    uint64_t start_ns, end_ns;
    bool has_events;
    struct tv_buf links;
    struct tv_json_out links_json;
};

static void set_kind(struct tv_otlp *otlp, uint64_t kind)
{
    static const uint8_t kinds[] = {TV_KIND_ABSENT, TV_KIND_INTERNAL, TV_KIND_SERVER,
            TV_KIND_CLIENT, TV_KIND_PRODUCER, TV_KIND_CONSUMER};
    if (kind < sizeof(kinds))
        tv_batch_set_u8(otlp->batch, TV_FIELD_KIND, otlp->row, kinds[kind]);
}

static void set_status(struct tv_otlp *otlp, struct tv_str status)
{
    static const uint8_t codes[] = {
            TV_EVENT_STATUS_UNSET, TV_EVENT_STATUS_OK, TV_EVENT_STATUS_ERROR};
    struct tv_proto in = tv_proto_of(status);
    struct tv_proto_field field;
    uint64_t code = 0;
    while (tv_proto_next(&in, &field)) {
        if (field.number == STATUS_CODE && field.wire == TV_WIRE_VARINT)
            code = field.value;
        else if (field.number == STATUS_MESSAGE && field.wire == TV_WIRE_BYTES)
            tv_otlp_text(otlp, TV_FIELD_MESSAGE, field.bytes);
    }
    otlp->broken = otlp->broken || in.broken;
    if (code < sizeof(codes))
        tv_batch_set_u8(otlp->batch, TV_FIELD_STATUS, otlp->row, codes[code]);
}

static void put_hex(struct tv_json_out *json, const char *key, struct tv_str bytes)
{
    char hex[32];
    if (bytes.len > sizeof(hex) / 2)
        return;
    tv_hex_encode((const uint8_t *)bytes.ptr, bytes.len, hex);
    tv_json_key(json, key);
    tv_json_str(json, (struct tv_str){hex, 2 * bytes.len});
}

/* Links are kept as one JSON array of what they point to. */
static void add_link(struct tv_otlp *otlp, struct head *head, struct tv_str link)
{
    struct tv_proto in = tv_proto_of(link);
    struct tv_proto_field field;
    if (!head->links_json.out) {
        head->links_json.out = &head->links;
        tv_json_array(&head->links_json);
    }
    tv_json_object(&head->links_json);
    while (tv_proto_next(&in, &field)) {
        if (field.number == LINK_TRACE_ID && field.wire == TV_WIRE_BYTES)
            put_hex(&head->links_json, "traceId", field.bytes);
        else if (field.number == LINK_SPAN_ID && field.wire == TV_WIRE_BYTES)
            put_hex(&head->links_json, "spanId", field.bytes);
    }
    tv_json_end(&head->links_json);
    otlp->broken = otlp->broken || in.broken;
}

static void take_bytes(struct tv_otlp *otlp, struct head *head, const struct tv_proto_field *field)
{
    switch (field->number) {
    case SPAN_TRACE_ID:
        head->trace_id = field->bytes;
        tv_otlp_trace_id(otlp, field->bytes);
        break;
    case SPAN_ID:
        head->span_id = field->bytes;
        tv_otlp_span_id(otlp, TV_FIELD_SPAN_ID, field->bytes);
        break;
    case SPAN_PARENT_ID:
        tv_otlp_span_id(otlp, TV_FIELD_PARENT_SPAN_ID, field->bytes);
        break;
    case SPAN_TRACE_STATE:
        if (field->bytes.len)
            tv_otlp_attr(otlp, TV_STR("w3c.tracestate"), tv_value_str(field->bytes));
        break;
    case SPAN_NAME:
        tv_otlp_text(otlp, TV_FIELD_NAME, field->bytes);
        break;
    case SPAN_ATTRIBUTES:
        tv_otlp_pair(otlp, field->bytes);
        break;
    case SPAN_EVENTS:
        head->has_events = true;
        break;
    case SPAN_LINKS:
        add_link(otlp, head, field->bytes);
        break;
    case SPAN_STATUS:
        set_status(otlp, field->bytes);
        break;
    default:
        break;
    }
}

/* A field of the span; those of another wire type than the protocol's are unknown ones. */
static void take_field(struct tv_otlp *otlp, struct head *head, const struct tv_proto_field *field)
{
    if (field->wire == TV_WIRE_BYTES)
        take_bytes(otlp, head, field);
    else if (field->wire == TV_WIRE_VARINT && field->number == SPAN_KIND)
        set_kind(otlp, field->value);
    else if (field->wire == TV_WIRE_FIXED64 && field->number == SPAN_START)
        head->start_ns = field->value;
    else if (field->wire == TV_WIRE_FIXED64 && field->number == SPAN_END)
        head->end_ns = field->value;
}

static void set_times(struct tv_otlp *otlp, const struct head *head)
{
    uint64_t length = head->end_ns > head->start_ns ? head->end_ns - head->start_ns : 0;
    tv_otlp_time(otlp, head->start_ns);
    if (head->end_ns && head->start_ns && length <= INT64_MAX)
        tv_batch_set_i64(otlp->batch, TV_FIELD_DURATION, otlp->row, (int64_t)length);
}

/* One attribute of a span's event; of an exception the message is the event's. */
static void take_event_attribute(struct tv_otlp *otlp, bool exception, struct tv_str message)
{
    struct tv_otlp_key_value pair;
    bool broken = false;
    if (exception && tv_otlp_key_value(message, &pair) &&
            tv_str_equal(pair.key, TV_STR("exception.message"))) {
        struct tv_value value = tv_otlp_value(pair.any, &otlp->json, &broken);
        if (value.type == TV_TYPE_STR)
            tv_otlp_text(otlp, TV_FIELD_MESSAGE, value.s);
        otlp->broken = otlp->broken || broken;
        return;
    }
    tv_otlp_pair(otlp, message);
}

static void read_event(struct tv_otlp *otlp, const struct head *head, struct tv_str message)
{
    struct tv_proto in = tv_proto_of(message);
    struct tv_proto_field field;
    struct tv_str name = {NULL, 0};
    uint64_t time_ns = head->start_ns;
    while (tv_proto_next(&in, &field)) {
        if (field.number == EVENT_NAME && field.wire == TV_WIRE_BYTES)
            name = field.bytes;
        else if (field.number == EVENT_TIME && field.wire == TV_WIRE_FIXED64 && field.value)
            time_ns = field.value;
    }
    bool exception = tv_str_equal(name, TV_STR("exception"));
    otlp->broken = otlp->broken || in.broken;
    if (!tv_otlp_begin(otlp, exception ? "error" : "log"))
        return;
    tv_otlp_text(otlp, TV_FIELD_NAME, name);
    tv_otlp_trace_id(otlp, head->trace_id);
    tv_otlp_span_id(otlp, TV_FIELD_SPAN_ID, head->span_id);
    tv_otlp_time(otlp, time_ns);
    for (in = tv_proto_of(message); tv_proto_next(&in, &field);)
        if (field.number == EVENT_ATTRIBUTES && field.wire == TV_WIRE_BYTES)
            take_event_attribute(otlp, exception, field.bytes);
    /* An event that cannot be kept takes nothing from its span. */
    if (!tv_otlp_end(otlp))
        otlp->reason = NULL;
}

static void read_events(struct tv_otlp *otlp, const struct head *head, struct tv_str message)
{
    struct tv_proto in = tv_proto_of(message);
    struct tv_proto_field field;
    while (tv_proto_next(&in, &field))
        if (field.number == SPAN_EVENTS && field.wire == TV_WIRE_BYTES)
            read_event(otlp, head, field.bytes);
}

void tv_otlp_span(struct tv_otlp *otlp, struct tv_str message)
{
    struct tv_proto in = tv_proto_of(message);
    struct tv_proto_field field;
    struct head head = {.start_ns = 0};
    if (!tv_otlp_begin(otlp, "span"))
        return;
    while (tv_proto_next(&in, &field))
        take_field(otlp, &head, &field);
    otlp->broken = otlp->broken || in.broken;
    set_times(otlp, &head);
    if (head.links_json.out) {
        tv_json_end(&head.links_json);
        tv_otlp_attr(otlp, TV_STR("links"),
                (struct tv_value){.type = TV_TYPE_JSON, .s = tv_buf_str(&head.links)});
    }
    bool kept = tv_otlp_end(otlp);
    tv_otlp_count(otlp, kept);
    if (kept && head.has_events)
        read_events(otlp, &head, message);
    tv_buf_release(&head.links);
}
