/* SPDX-License-Identifier: Apache-2.0 */
/* A record as a line of JSON, in the form of POST /api/v1/events. In the background thread. */
#include "collector/collector_internal.h"
#include "collector/record.h"

#include <execinfo.h>
#include <stdlib.h>
#include <string.h>

static void put_text(struct tvc_text *out, const char *name, const char *text, size_t len)
{
    if (len == 0)
        return;
    tvc_text_puts(out, name);
    tvc_text_quoted(out, text, len);
}

static void put_word(struct tvc_text *out, const char *name, const char *word)
{
    put_text(out, name, word, strlen(word));
}

static void put_hex(struct tvc_text *out, const char *name, const uint8_t *bytes, size_t count)
{
    tvc_text_puts(out, name);
    tvc_text_puts(out, "\"");
    tvc_text_hex(out, bytes, count);
    tvc_text_puts(out, "\"");
}

static void put_integer(struct tvc_text *out, const char *name, int64_t value)
{
    tvc_text_puts(out, name);
    tvc_text_integer(out, value);
}

static void put_ids(struct tvc_text *out, const struct tvc_head *head)
{
    if (!head->has_trace)
        return;
    put_hex(out, ",\"traceId\":", head->trace_id, sizeof(head->trace_id));
    put_hex(out, ",\"spanId\":", head->span_id, sizeof(head->span_id));
    if (head->has_parent)
        put_hex(out, ",\"parentSpanId\":", head->parent_span_id, sizeof(head->parent_span_id));
}

static void put_enumerations(struct tvc_text *out, const struct tvc_head *head)
{
    static const char *const kinds[] = {"internal", "server", "client", "producer", "consumer"};
    static const char *const statuses[] = {"unset", "ok", "error"};
    static const char *const metrics[] = {
            "gauge\"", "sum\",\"temporality\":\"cumulative\"", "sum\",\"temporality\":\"delta\""};
    if (head->kind > 0 && head->kind <= sizeof(kinds) / sizeof(kinds[0])) {
        put_word(out, ",\"kind\":", kinds[head->kind - 1]);
        put_word(out, ",\"status\":", statuses[head->status % 3]);
    }
    if (head->severity > 0)
        put_integer(out, ",\"severity\":", head->severity);
    if (head->metric > 0 && head->metric <= sizeof(metrics) / sizeof(metrics[0])) {
        tvc_text_puts(out, ",\"metricKind\":\"");
        tvc_text_puts(out, metrics[head->metric - 1]);
    }
}

static void put_value(
        struct tvc_text *out, const struct tvc_attribute_head *attribute, const char *text)
{
    switch ((enum traversion_type)attribute->type) {
    case TRAVERSION_TEXT:
        tvc_text_quoted(out, text, attribute->text_bytes);
        break;
    case TRAVERSION_NUMBER:
        tvc_text_number(out, attribute->value.number);
        break;
    case TRAVERSION_INTEGER:
        tvc_text_integer(out, attribute->value.integer);
        break;
    case TRAVERSION_BOOL:
        tvc_text_puts(out, attribute->value.truth ? "true" : "false");
        break;
    }
}

/* One frame a line, the innermost first. Names come from the dynamic symbols; where there are none the
 * object and offset say enough for addr2line. */
static void put_stack(struct tvc_text *out, const struct tvc_record *record)
{
    void *addresses[TVC_STACK_MAX];
    if (record->head.frames == 0)
        return;
    tvc_record_stack(record, addresses);
    char **names = backtrace_symbols(addresses, record->head.frames);
    if (!names)
        return;
    struct tvc_text lines = {0};
    for (size_t i = 0; i < record->head.frames; i++) {
        tvc_text_puts(&lines, names[i]);
        tvc_text_puts(&lines, "\n");
    }
    if (!lines.failed)
        put_text(out, ",\"exception.stacktrace\":", lines.data, lines.len);
    tvc_text_release(&lines);
    free(names);
}

static void put_attributes(
        struct tvc_text *out, const struct traversion *t, struct tvc_record *record)
{
    const char *separator = "";
    tvc_text_puts(out, ",\"attributes\":{");
    if (t->version) {
        tvc_text_puts(out, "\"service.version\":");
        tvc_text_puts(out, t->version);
        separator = ",";
    }
    for (size_t i = 0; i < record->head.attributes; i++) {
        struct tvc_attribute_head attribute;
        const char *key, *text;
        tvc_record_attribute(record, &attribute, &key, &text);
        tvc_text_puts(out, separator);
        tvc_text_quoted(out, key, attribute.key_bytes);
        tvc_text_puts(out, ":");
        put_value(out, &attribute, text);
        separator = ",";
    }
    put_stack(out, record);
    tvc_text_puts(out, "}}\n");
}

bool tvc_line_put(const struct traversion *t, const uint8_t *bytes, struct tvc_text *out)
{
    static const char *const names[TVC_TEXTS] = {
            ",\"type\":", ",\"name\":", ",\"message\":", ",\"unit\":"};
    struct tvc_record record;
    size_t before = out->len;
    tvc_record_open(bytes, &record);
    tvc_text_puts(out, t->prefix);
    put_integer(out, ",\"timestamp\":", record.head.time_ns);
    for (size_t i = 0; i < TVC_TEXTS; i++)
        put_text(out, names[i], record.texts[i], record.head.text_bytes[i]);
    put_ids(out, &record.head);
    if (record.head.has_duration)
        put_integer(out, ",\"durationNs\":", record.head.duration_ns);
    put_enumerations(out, &record.head);
    put_attributes(out, t, &record);
    if (!out->failed)
        return true;
    out->len = before;
    out->failed = false;
    return false;
}
