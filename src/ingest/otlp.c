/* SPDX-License-Identifier: Apache-2.0 */
/* OTLP requests: resources, scopes, and the records below them.
 *
 * The three signals have one shape, with one set of field numbers: a request holds resource groups,
 * each with a Resource and scope groups, each with an InstrumentationScope and records. One walk
 * serves them all. A message's fields may come in any order, so a group is walked twice: for what
 * stands around the records first, then for those.
 *
 * Resource attributes are decoded once and set on every record: the columns of a batch take a value
 * that repeats for nothing, and each event can then be understood alone. */
#include "ingest/otlp_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"
#include "event/redact.h"

#include <stdio.h>
#include <stdlib.h>

/* Field numbers of Export…ServiceRequest, Resource…, Scope…, Resource and InstrumentationScope. */
enum {
    REQUEST_GROUPS = 1,
    GROUP_HEAD = 1,  /* Resource or InstrumentationScope */
    GROUP_ITEMS = 2, /* scope groups or records */
    RESOURCE_ATTRIBUTES = 1,
    SCOPE_NAME = 1,
    SCOPE_VERSION = 2,
    SCOPE_ATTRIBUTES = 3
};

#define FUTURE_NS (10 * TV_NS_PER_MIN)

static void refuse(struct tv_otlp *otlp, struct tv_str name, const char *reason)
{
    if (otlp->reason)
        return;
    otlp->reason = reason;
    struct tv_str shown = tv_utf8_prefix(name, sizeof(otlp->reason_field) - 1);
    (void)snprintf(otlp->reason_field, sizeof(otlp->reason_field), "%.*s", TV_STR_ARG(shown));
}

/* What is wrong with a text, or NULL. */
static const char *flaw_of(struct tv_str text, size_t bytes_max)
{
    if (text.len > bytes_max)
        return bytes_max == TV_DECODE_NAME_BYTES_MAX ? "is longer than 512 bytes"
                                                     : "is longer than 1 MiB";
    return tv_utf8_valid(text) ? NULL : "is not UTF-8";
}

/* Counts an attribute of the record; false past the limit. */
static bool may_add(struct tv_otlp *otlp)
{
    if (otlp->attr_count++ < TV_DECODE_EVENT_ATTRS_MAX)
        return true;
    refuse(otlp, (struct tv_str){NULL, 0}, "has more than 1024 attributes");
    return false;
}

static bool is_text(const struct tv_value *value)
{
    return value->type == TV_TYPE_STR || value->type == TV_TYPE_JSON;
}

/* The value in the form in which the batch keeps it. */
static uint64_t bits_of(struct tv_otlp *otlp, const struct tv_value *value)
{
    uint64_t bits = 0;
    if (is_text(value))
        return tv_batch_attr_text(otlp->batch, value->s);
    if (value->type == TV_TYPE_BOOL)
        return value->b;
    if (value->type == TV_TYPE_I64)
        return (uint64_t)value->i;
    memcpy(&bits, &value->f, sizeof(bits));
    return bits;
}

static bool is_sound(struct tv_otlp *otlp, struct tv_str name, const struct tv_value *value)
{
    const char *flaw = is_text(value) ? flaw_of(value->s, TV_DECODE_VALUE_BYTES_MAX) : NULL;
    if (flaw)
        refuse(otlp, name, flaw);
    return !flaw;
}

/* The attribute of this name; UINT32_MAX, and the record is refused, where there can be none. A name
 * that the batch has was looked at when it was new. */
static uint32_t find_attr(struct tv_otlp *otlp, struct tv_str name)
{
    struct tv_batch *batch = otlp->batch;
    if (otlp->guess < batch->attr_count) {
        struct tv_str known = tv_strings_get(&batch->strings, batch->attrs[otlp->guess].name);
        if (tv_str_equal(known, name))
            return otlp->guess;
    }
    const char *flaw = flaw_of(name, TV_DECODE_NAME_BYTES_MAX);
    uint32_t attr = flaw ? UINT32_MAX : tv_batch_attr(batch, name);
    if (attr == UINT32_MAX)
        refuse(otlp, name, flaw ? flaw : "is one attribute name too many for one request");
    return attr;
}

void tv_otlp_attr(struct tv_otlp *otlp, struct tv_str name, struct tv_value value)
{
    if (name.len == 0 || value.type == TV_TYPE_NULL || !is_sound(otlp, name, &value))
        return;
    uint32_t attr = find_attr(otlp, name);
    if (attr == UINT32_MAX || !may_add(otlp))
        return;
    otlp->guess = attr + 1;
    if (otlp->batch->attrs[attr].secret ||
            !tv_batch_push_attr(otlp->batch, attr, value.type, bits_of(otlp, &value)))
        tv_batch_set_attr(otlp->batch, attr, otlp->row, value);
}

void tv_otlp_pair(struct tv_otlp *otlp, struct tv_str message)
{
    struct tv_otlp_key_value pair;
    if (!tv_otlp_key_value(message, &pair)) {
        otlp->broken = true;
        return;
    }
    tv_otlp_attr(otlp, pair.key, tv_otlp_value(pair.any, &otlp->json, &otlp->broken));
}

void tv_otlp_text(struct tv_otlp *otlp, enum tv_field field, struct tv_str text)
{
    size_t most = field == TV_FIELD_MESSAGE ? TV_DECODE_VALUE_BYTES_MAX : TV_DECODE_NAME_BYTES_MAX;
    if (text.len == 0)
        return;
    const char *flaw = flaw_of(text, most);
    if (flaw)
        refuse(otlp, tv_str_of(tv_field_name(field)), flaw);
    else
        tv_batch_set_text(otlp->batch, field, otlp->row, text);
}

static uint64_t big_endian(const char *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | (uint8_t)bytes[i];
    return value;
}

void tv_otlp_trace_id(struct tv_otlp *otlp, struct tv_str bytes)
{
    if (bytes.len == 16)
        tv_batch_set_id(otlp->batch, TV_FIELD_TRACE_ID, otlp->row,
                (struct tv_id){big_endian(bytes.ptr), big_endian(bytes.ptr + 8)});
    else if (bytes.len != 0)
        refuse(otlp, TV_STR("traceId"), "is not 16 bytes");
}

void tv_otlp_span_id(struct tv_otlp *otlp, enum tv_field field, struct tv_str bytes)
{
    if (bytes.len == 8)
        tv_batch_set_u64(otlp->batch, field, otlp->row, big_endian(bytes.ptr));
    else if (bytes.len != 0)
        refuse(otlp, tv_str_of(tv_field_name(field)), "is not 8 bytes");
}

void tv_otlp_time(struct tv_otlp *otlp, uint64_t time_ns)
{
    int64_t received_ns = otlp->options->received_ns;
    int64_t event_ns = time_ns > INT64_MAX ? INT64_MAX : (int64_t)time_ns;
    if (time_ns == 0) {
        event_ns = received_ns;
    } else if (event_ns - FUTURE_NS > received_ns) {
        char claimed[TV_TIME_TEXT_BYTES];
        size_t length = tv_time_format(event_ns, claimed);
        tv_otlp_attr(
                otlp, TV_STR("timestamp.claimed"), tv_value_str((struct tv_str){claimed, length}));
        otlp->report->future++;
        event_ns = received_ns;
    }
    tv_batch_set_time(otlp->batch, otlp->row, event_ns);
    tv_batch_set_i64(otlp->batch, TV_FIELD_RECEIVED, otlp->row, received_ns);
}

/* What a pair's bits stand for. */
static struct tv_value value_of(const struct tv_otlp *otlp, const struct tv_otlp_pair *pair)
{
    struct tv_value value = {.type = pair->type};
    if (pair->type == TV_TYPE_STR || pair->type == TV_TYPE_JSON)
        value.s = tv_strings_get(&otlp->batch->strings, (uint32_t)pair->bits);
    else if (pair->type == TV_TYPE_BOOL)
        value.b = pair->bits != 0;
    else if (pair->type == TV_TYPE_I64)
        value.i = (int64_t)pair->bits;
    else
        memcpy(&value.f, &pair->bits, sizeof(value.f));
    return value;
}

/* Sets what a resource or scope says of the record, by codes that were made once. */
static void set_shared(struct tv_otlp *otlp, const struct tv_otlp_shared *shared)
{
    if (shared->reason)
        refuse(otlp, tv_str_of(shared->reason_field), shared->reason);
    for (size_t i = 0; i < shared->count; i++) {
        const struct tv_otlp_pair *pair = &shared->pairs[i];
        if (!may_add(otlp))
            return;
        if (!tv_batch_push_attr(otlp->batch, pair->attr, pair->type, pair->bits))
            tv_batch_set_attr(otlp->batch, pair->attr, otlp->row, value_of(otlp, pair));
    }
}

static void set_code(struct tv_otlp *otlp, enum tv_field field, uint32_t code)
{
    if (code)
        tv_batch_set_code(otlp->batch, field, otlp->row, code);
}

bool tv_otlp_begin(struct tv_otlp *otlp, const char *type)
{
    if (otlp->batch->rows == TV_BATCH_ROWS_MAX) {
        otlp->full = otlp->broken = true;
        return false;
    }
    otlp->row = tv_batch_add_row(otlp->batch);
    otlp->attr_count = 0;
    otlp->guess = 0;
    tv_batch_set_text(otlp->batch, TV_FIELD_TYPE, otlp->row, tv_str_of(type));
    set_code(otlp, TV_FIELD_SERVICE, otlp->service);
    set_code(otlp, TV_FIELD_INSTANCE, otlp->instance);
    set_code(otlp, TV_FIELD_HOST, otlp->host);
    set_shared(otlp, &otlp->resource);
    set_shared(otlp, &otlp->scope);
    return true;
}

bool tv_otlp_end(struct tv_otlp *otlp)
{
    if (!otlp->reason)
        return true;
    tv_batch_drop_last_row(otlp->batch);
    return false;
}

void tv_otlp_count(struct tv_otlp *otlp, bool kept)
{
    struct tv_decode_report *report = otlp->report;
    uint32_t index = report->accepted + report->rejected;
    report->accepted += kept;
    report->rejected += !kept;
    if (!kept && report->error_count < TV_DECODE_ERRORS_MAX) {
        struct tv_decode_error *error = &report->errors[report->error_count++];
        error->index = index;
        (void)snprintf(error->field, sizeof(error->field), "%s", otlp->reason_field);
        (void)snprintf(error->reason, sizeof(error->reason), "%s", otlp->reason);
    }
    otlp->reason = NULL;
}

/* Keeps what is wrong with the resource or scope for the records below it. */
static void keep_reason(struct tv_otlp *otlp, struct tv_otlp_shared *shared)
{
    if (!otlp->reason || shared->reason)
        return;
    shared->reason = otlp->reason;
    memcpy(shared->reason_field, otlp->reason_field, sizeof(shared->reason_field));
    otlp->reason = NULL;
}

static void begin_shared(struct tv_otlp_shared *shared)
{
    shared->count = 0;
    shared->reason = NULL;
}

/* Attributes of a resource or scope, for the records to come. */
static void share(struct tv_otlp *otlp, struct tv_otlp_shared *shared, struct tv_str name,
        struct tv_value value)
{
    if (name.len == 0 || value.type == TV_TYPE_NULL || !is_sound(otlp, name, &value))
        return;
    uint32_t attr = find_attr(otlp, name);
    if (attr == UINT32_MAX)
        return;
    if (shared->count >= TV_DECODE_EVENT_ATTRS_MAX) {
        refuse(otlp, name, "is one attribute too many");
        return;
    }
    for (size_t i = 0; i < shared->count; i++)
        if (shared->pairs[i].attr == attr)
            return; /* the first of equal keys; the protocol forbids a second */
    if (shared->count == shared->cap) {
        shared->cap = tv_grown(shared->cap, shared->count + 1, 16);
        shared->pairs = tv_realloc_array(shared->pairs, shared->cap, sizeof(*shared->pairs));
    }
    if (otlp->batch->attrs[attr].secret) /* the text itself must not get among the batch's */
        value = tv_value_str(tv_redact_mask());
    shared->pairs[shared->count++] = (struct tv_otlp_pair){attr, value.type, bits_of(otlp, &value)};
}

static void share_pair(struct tv_otlp *otlp, struct tv_otlp_shared *shared, struct tv_str message)
{
    struct tv_otlp_key_value pair;
    if (!tv_otlp_key_value(message, &pair)) {
        otlp->broken = true;
        return;
    }
    share(otlp, shared, pair.key, tv_otlp_value(pair.any, &otlp->json, &otlp->broken));
}

/* Keeps the text where one of the resource's fields is meant; true if it was. */
static bool take_identity(struct tv_otlp *otlp, struct tv_str key, struct tv_value value)
{
    const struct {
        struct tv_str key;
        uint32_t *to;
    } fields[] = {{TV_STR("service.name"), &otlp->service},
            {TV_STR("service.instance.id"), &otlp->instance}, {TV_STR("host.name"), &otlp->host}};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!tv_str_equal(key, fields[i].key) || value.type != TV_TYPE_STR)
            continue;
        const char *flaw = flaw_of(value.s, TV_DECODE_NAME_BYTES_MAX);
        if (flaw)
            refuse(otlp, key, flaw);
        else if (value.s.len > 0)
            *fields[i].to = tv_strings_intern(&otlp->batch->strings, &otlp->batch->arena, value.s);
        return true;
    }
    return false;
}

static void read_resource(struct tv_otlp *otlp, struct tv_str resource)
{
    struct tv_proto in = tv_proto_of(resource);
    struct tv_proto_field field;
    struct tv_otlp_key_value pair;
    while (tv_proto_next(&in, &field)) {
        if (field.number != RESOURCE_ATTRIBUTES || field.wire != TV_WIRE_BYTES)
            continue;
        if (!tv_otlp_key_value(field.bytes, &pair)) {
            otlp->broken = true;
            return;
        }
        struct tv_value value = tv_otlp_value(pair.any, &otlp->json, &otlp->broken);
        if (!take_identity(otlp, pair.key, value))
            share(otlp, &otlp->resource, pair.key, value);
    }
    keep_reason(otlp, &otlp->resource);
    otlp->broken = otlp->broken || in.broken;
}

static void read_scope(struct tv_otlp *otlp, struct tv_str scope)
{
    struct tv_proto in = tv_proto_of(scope);
    struct tv_proto_field field;
    while (tv_proto_next(&in, &field)) {
        if (field.wire != TV_WIRE_BYTES)
            continue;
        struct tv_value text = field.bytes.len ? tv_value_str(field.bytes) : tv_value_null();
        if (field.number == SCOPE_NAME)
            share(otlp, &otlp->scope, TV_STR("otel.scope.name"), text);
        else if (field.number == SCOPE_VERSION)
            share(otlp, &otlp->scope, TV_STR("otel.scope.version"), text);
        else if (field.number == SCOPE_ATTRIBUTES)
            share_pair(otlp, &otlp->scope, field.bytes);
    }
    keep_reason(otlp, &otlp->scope);
    otlp->broken = otlp->broken || in.broken;
}

typedef void message_fn(struct tv_otlp *otlp, struct tv_str message);

/* Calls `each` for the messages of this field number. */
static void for_each(struct tv_otlp *otlp, struct tv_str group, uint32_t number, message_fn *each)
{
    struct tv_proto in = tv_proto_of(group);
    struct tv_proto_field field;
    while (!otlp->broken && tv_proto_next(&in, &field))
        if (field.number == number && field.wire == TV_WIRE_BYTES)
            each(otlp, field.bytes);
    otlp->broken = otlp->broken || in.broken;
}

/* What is wrong with a resource or scope refuses its records, not the resources beside it. */
static void read_scope_group(struct tv_otlp *otlp, struct tv_str group, message_fn *record)
{
    begin_shared(&otlp->scope);
    for_each(otlp, group, GROUP_HEAD, read_scope);
    for_each(otlp, group, GROUP_ITEMS, record);
}

static void read_spans(struct tv_otlp *otlp, struct tv_str group)
{
    read_scope_group(otlp, group, tv_otlp_span);
}

static void read_logs(struct tv_otlp *otlp, struct tv_str group)
{
    read_scope_group(otlp, group, tv_otlp_log);
}

static void read_metrics(struct tv_otlp *otlp, struct tv_str group)
{
    read_scope_group(otlp, group, tv_otlp_metric);
}

enum tv_status tv_otlp_decode(struct tv_str message, enum tv_otlp_signal signal,
        const struct tv_decode_options *options, struct tv_batch *batch,
        struct tv_decode_report *report)
{
    static message_fn *const scopes[] = {[TV_OTLP_TRACES] = read_spans,
            [TV_OTLP_LOGS] = read_logs,
            [TV_OTLP_METRICS] = read_metrics};
    struct tv_otlp otlp = {.options = options, .batch = batch, .report = report};
    struct tv_proto in = tv_proto_of(message);
    struct tv_proto_field field;
    *report = (struct tv_decode_report){.accepted = 0};
    while (!otlp.broken && tv_proto_next(&in, &field)) {
        if (field.number != REQUEST_GROUPS || field.wire != TV_WIRE_BYTES)
            continue;
        /* What OpenTelemetry's SDKs name a service that nobody named. */
        otlp.service = tv_strings_intern(&batch->strings, &batch->arena, TV_STR("unknown_service"));
        otlp.instance = otlp.host = 0;
        begin_shared(&otlp.resource);
        for_each(&otlp, field.bytes, GROUP_HEAD, read_resource);
        for_each(&otlp, field.bytes, GROUP_ITEMS, scopes[signal]);
    }
    tv_buf_release(&otlp.json);
    free(otlp.resource.pairs);
    free(otlp.scope.pairs);
    if (otlp.full)
        return TV_TOO_LARGE;
    return otlp.broken || in.broken ? TV_BAD_INPUT : TV_OK;
}
