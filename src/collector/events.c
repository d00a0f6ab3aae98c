/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions that record: each fills a draft with the house's names and hands it over. Attribute names are those
 * of OpenTelemetry's semantic conventions. */
#include "collector/collector_internal.h"
#include "collector/record.h"

#include <execinfo.h>
#include <string.h>

static bool any_byte(const uint8_t *bytes, size_t count)
{
    uint8_t any = 0;
    for (size_t i = 0; i < count; i++)
        any |= bytes[i];
    return any != 0;
}

struct traversion_span traversion_span_start(struct traversion *t, const char *name,
        enum traversion_kind kind, const struct traversion_context *parent)
{
    struct traversion_span span = {.kind = kind, .name = name};
    struct tvc_ring *ring = t ? tvc_thread_ring(t) : NULL;
    if (!ring)
        return span;
    span.context.flags = 1;
    if (parent && any_byte(parent->trace_id, sizeof(parent->trace_id))) {
        span.context = *parent;
        memcpy(span.parent_span_id, parent->span_id, sizeof(parent->span_id));
    } else {
        tvc_new_id(ring, span.context.trace_id, sizeof(span.context.trace_id));
    }
    tvc_new_id(ring, span.context.span_id, sizeof(span.context.span_id));
    span.started_ns = tvc_ticks();
    span.start_ns = tvc_time_of(t, span.started_ns);
    return span;
}

static void draft_span(struct tvc_draft *draft, const struct traversion_span *span)
{
    struct tvc_head *head = &draft->head;
    draft->texts[TVC_TYPE] = "span";
    draft->texts[TVC_NAME] = span->name;
    head->kind = (uint8_t)(1 + span->kind);
    tvc_draft_in(draft, &span->context);
    head->has_parent = any_byte(span->parent_span_id, sizeof(span->parent_span_id));
    memcpy(head->parent_span_id, span->parent_span_id, sizeof(span->parent_span_id));
    head->time_ns = span->start_ns;
    head->has_duration = 1;
    head->duration_ns = tvc_ticks() - span->started_ns;
}

/* A span that was started without a ring, in a child process for one, is none. */
static bool is_span(const struct traversion *t, const struct traversion_span *span)
{
    return t && span && any_byte(span->context.span_id, sizeof(span->context.span_id));
}

void traversion_span_end(struct traversion *t, const struct traversion_span *span,
        enum traversion_status status, const struct traversion_attribute *attributes, size_t count)
{
    if (!is_span(t, span))
        return;
    struct tvc_draft draft = {.given = attributes, .given_count = attributes ? count : 0};
    draft_span(&draft, span);
    draft.head.status = (uint8_t)status;
    tvc_record_put(t, &draft);
}

void traversion_record(struct traversion *t, const struct traversion_event *event)
{
    if (!t || !event)
        return;
    struct tvc_draft draft = {
            .given = event->attributes, .given_count = event->attributes ? event->count : 0};
    draft.texts[TVC_TYPE] = event->type ? event->type : "log";
    draft.texts[TVC_NAME] = event->name;
    draft.texts[TVC_MESSAGE] = event->message;
    draft.head.severity = (uint8_t)event->severity;
    draft.head.time_ns = event->time_ns ? event->time_ns : tvc_time_of(t, tvc_ticks());
    tvc_draft_in(&draft, event->context);
    tvc_record_put(t, &draft);
}

void traversion_log(struct traversion *t, enum traversion_severity severity, const char *message,
        const struct traversion_context *context)
{
    traversion_record(t,
            &(struct traversion_event){
                    .message = message, .severity = severity, .context = context});
}

void traversion_error(struct traversion *t, const char *type, const char *message,
        const struct traversion_context *context)
{
    if (!t)
        return;
    struct traversion_attribute own[] = {traversion_text("exception.type", type)};
    void *stack[TVC_STACK_MAX];
    int frames = backtrace(stack, TVC_STACK_MAX);
    struct tvc_draft draft = {.own = own, .own_count = 1, .stack = stack};
    draft.texts[TVC_TYPE] = "error";
    draft.texts[TVC_NAME] = type;
    draft.texts[TVC_MESSAGE] = message;
    draft.head.severity = TRAVERSION_ERROR;
    draft.head.time_ns = tvc_time_of(t, tvc_ticks());
    tvc_draft_in(&draft, context);
    draft.head.frames = (uint8_t)(frames > 0 ? frames : 0);
    tvc_record_put(t, &draft);
}

void traversion_query(struct traversion *t, const struct traversion_query *query)
{
    if (!t || !query)
        return;
    struct traversion_span span =
            traversion_span_start(t, query->statement, TRAVERSION_CLIENT, query->parent);
    if (!is_span(t, &span))
        return;
    span.start_ns -= query->duration_ns;
    span.started_ns -= query->duration_ns;
    struct traversion_attribute own[] = {
            traversion_text("db.system.name", query->system),
            traversion_text("db.namespace", query->database),
            traversion_text("db.query.text", query->statement),
            traversion_integer(query->rows < 0 ? NULL : "db.rows", query->rows),
    };
    struct tvc_draft draft = {.own = own, .own_count = sizeof(own) / sizeof(own[0])};
    draft_span(&draft, &span);
    draft.texts[TVC_NAME] = query->database ? query->database : query->system;
    draft.texts[TVC_MESSAGE] = query->error;
    draft.head.duration_ns = query->duration_ns;
    draft.head.status = query->error ? TRAVERSION_STATUS_ERROR : TRAVERSION_STATUS_OK;
    tvc_record_put(t, &draft);
}

void traversion_http_end(struct traversion *t, const struct traversion_span *span,
        const struct traversion_http *http)
{
    if (!is_span(t, span) || !http)
        return;
    bool server = span->kind == TRAVERSION_SERVER;
    bool failed = http->status == 0 || http->status >= (server ? 500 : 400);
    struct traversion_attribute own[] = {
            traversion_text("http.request.method", http->method),
            traversion_text("http.route", http->route),
            traversion_text(server ? "url.path" : "url.full", http->url),
            traversion_integer(http->status ? "http.response.status_code" : NULL, http->status),
    };
    struct tvc_draft draft = {.own = own, .own_count = sizeof(own) / sizeof(own[0])};
    draft_span(&draft, span);
    draft.head.status = failed ? TRAVERSION_STATUS_ERROR : TRAVERSION_STATUS_UNSET;
    tvc_record_put(t, &draft);
}

void traversion_metric(struct traversion *t, const struct traversion_metric *metric)
{
    if (!t || !metric || !metric->name)
        return;
    struct traversion_attribute own[] = {traversion_number(metric->name, metric->value)};
    struct tvc_draft draft = {.own = own,
            .own_count = 1,
            .given = metric->labels,
            .given_count = metric->labels ? metric->count : 0};
    draft.texts[TVC_TYPE] = "metric";
    draft.texts[TVC_NAME] = metric->name;
    draft.texts[TVC_UNIT] = metric->unit;
    draft.head.metric = (uint8_t)(1 + metric->kind);
    draft.head.time_ns = tvc_time_of(t, tvc_ticks());
    tvc_record_put(t, &draft);
}
