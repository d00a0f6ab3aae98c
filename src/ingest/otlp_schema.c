/* SPDX-License-Identifier: Apache-2.0 */
/* The tables. Only what the decoder reads is listed: the rest is skipped as unknown. */
#include "ingest/otlp_schema.h"

#define MEMBER(name, number, kind)                             \
    {                                                          \
        {name, sizeof(name) - 1}, number, TV_OTLP_##kind, NULL \
    }
#define NESTED(name, number, message)                                 \
    {                                                                 \
        {name, sizeof(name) - 1}, number, TV_OTLP_MESSAGE, &(message) \
    }
#define MESSAGE(members)                                \
    {                                                   \
        members, sizeof(members) / sizeof((members)[0]) \
    }

static const struct tv_otlp_message any_value;

static const struct tv_otlp_member array_members[] = {NESTED("values", 1, any_value)};
static const struct tv_otlp_message array_value = MESSAGE(array_members);

static const struct tv_otlp_member list_members[] = {
        NESTED("values", 1, tv_otlp_key_value_message)};
static const struct tv_otlp_message key_value_list = MESSAGE(list_members);

static const struct tv_otlp_member any_members[] = {MEMBER("stringValue", 1, STRING),
        MEMBER("boolValue", 2, BOOL), MEMBER("intValue", 3, VARINT),
        MEMBER("doubleValue", 4, DOUBLE), NESTED("arrayValue", 5, array_value),
        NESTED("kvlistValue", 6, key_value_list), MEMBER("bytesValue", 7, BASE64)};
static const struct tv_otlp_message any_value = MESSAGE(any_members);

static const struct tv_otlp_member key_value_members[] = {
        MEMBER("key", 1, STRING), NESTED("value", 2, any_value)};
const struct tv_otlp_message tv_otlp_key_value_message = MESSAGE(key_value_members);

static const struct tv_otlp_member resource_members[] = {
        NESTED("attributes", 1, tv_otlp_key_value_message)};
static const struct tv_otlp_message resource = MESSAGE(resource_members);

static const struct tv_otlp_member scope_members[] = {MEMBER("name", 1, STRING),
        MEMBER("version", 2, STRING), NESTED("attributes", 3, tv_otlp_key_value_message)};
static const struct tv_otlp_message scope = MESSAGE(scope_members);

/* Traces. */
static const struct tv_otlp_member event_members[] = {MEMBER("timeUnixNano", 1, FIXED64),
        MEMBER("name", 2, STRING), NESTED("attributes", 3, tv_otlp_key_value_message)};
static const struct tv_otlp_message span_event = MESSAGE(event_members);

static const struct tv_otlp_member link_members[] = {
        MEMBER("traceId", 1, HEX), MEMBER("spanId", 2, HEX)};
static const struct tv_otlp_message span_link = MESSAGE(link_members);

static const struct tv_otlp_member status_members[] = {
        MEMBER("message", 2, STRING), MEMBER("code", 3, VARINT)};
static const struct tv_otlp_message span_status = MESSAGE(status_members);

static const struct tv_otlp_member span_members[] = {MEMBER("traceId", 1, HEX),
        MEMBER("spanId", 2, HEX), MEMBER("traceState", 3, STRING), MEMBER("parentSpanId", 4, HEX),
        MEMBER("name", 5, STRING), MEMBER("kind", 6, VARINT),
        MEMBER("startTimeUnixNano", 7, FIXED64), MEMBER("endTimeUnixNano", 8, FIXED64),
        NESTED("attributes", 9, tv_otlp_key_value_message), NESTED("events", 11, span_event),
        NESTED("links", 13, span_link), NESTED("status", 15, span_status)};
static const struct tv_otlp_message span = MESSAGE(span_members);

static const struct tv_otlp_member scope_span_members[] = {
        NESTED("scope", 1, scope), NESTED("spans", 2, span)};
static const struct tv_otlp_message scope_spans = MESSAGE(scope_span_members);

static const struct tv_otlp_member resource_span_members[] = {
        NESTED("resource", 1, resource), NESTED("scopeSpans", 2, scope_spans)};
static const struct tv_otlp_message resource_spans = MESSAGE(resource_span_members);

static const struct tv_otlp_member trace_members[] = {NESTED("resourceSpans", 1, resource_spans)};

/* Logs. */
static const struct tv_otlp_member log_members[] = {MEMBER("timeUnixNano", 1, FIXED64),
        MEMBER("severityNumber", 2, VARINT), MEMBER("severityText", 3, STRING),
        NESTED("body", 5, any_value), NESTED("attributes", 6, tv_otlp_key_value_message),
        MEMBER("traceId", 9, HEX), MEMBER("spanId", 10, HEX),
        MEMBER("observedTimeUnixNano", 11, FIXED64), MEMBER("eventName", 12, STRING)};
static const struct tv_otlp_message log_record = MESSAGE(log_members);

static const struct tv_otlp_member scope_log_members[] = {
        NESTED("scope", 1, scope), NESTED("logRecords", 2, log_record)};
static const struct tv_otlp_message scope_logs = MESSAGE(scope_log_members);

static const struct tv_otlp_member resource_log_members[] = {
        NESTED("resource", 1, resource), NESTED("scopeLogs", 2, scope_logs)};
static const struct tv_otlp_message resource_logs = MESSAGE(resource_log_members);

static const struct tv_otlp_member logs_members[] = {NESTED("resourceLogs", 1, resource_logs)};

/* Metrics. */
static const struct tv_otlp_member number_members[] = {MEMBER("startTimeUnixNano", 2, FIXED64),
        MEMBER("timeUnixNano", 3, FIXED64), MEMBER("asDouble", 4, DOUBLE),
        MEMBER("asInt", 6, FIXED64), NESTED("attributes", 7, tv_otlp_key_value_message)};
static const struct tv_otlp_message number_point = MESSAGE(number_members);

static const struct tv_otlp_member histogram_point_members[] = {
        MEMBER("startTimeUnixNano", 2, FIXED64), MEMBER("timeUnixNano", 3, FIXED64),
        MEMBER("count", 4, FIXED64), MEMBER("sum", 5, DOUBLE), MEMBER("bucketCounts", 6, FIXED64),
        MEMBER("explicitBounds", 7, DOUBLE), NESTED("attributes", 9, tv_otlp_key_value_message),
        MEMBER("min", 11, DOUBLE), MEMBER("max", 12, DOUBLE)};
static const struct tv_otlp_message histogram_point = MESSAGE(histogram_point_members);

static const struct tv_otlp_member bucket_members[] = {
        MEMBER("offset", 1, SINT32), MEMBER("bucketCounts", 2, VARINT)};
static const struct tv_otlp_message buckets = MESSAGE(bucket_members);

static const struct tv_otlp_member exponential_point_members[] = {
        NESTED("attributes", 1, tv_otlp_key_value_message), MEMBER("startTimeUnixNano", 2, FIXED64),
        MEMBER("timeUnixNano", 3, FIXED64), MEMBER("count", 4, FIXED64), MEMBER("sum", 5, DOUBLE),
        MEMBER("scale", 6, SINT32), MEMBER("zeroCount", 7, FIXED64), NESTED("positive", 8, buckets),
        NESTED("negative", 9, buckets), MEMBER("min", 12, DOUBLE), MEMBER("max", 13, DOUBLE)};
static const struct tv_otlp_message exponential_point = MESSAGE(exponential_point_members);

static const struct tv_otlp_member quantile_members[] = {
        MEMBER("quantile", 1, DOUBLE), MEMBER("value", 2, DOUBLE)};
static const struct tv_otlp_message quantile = MESSAGE(quantile_members);

static const struct tv_otlp_member summary_point_members[] = {
        MEMBER("startTimeUnixNano", 2, FIXED64), MEMBER("timeUnixNano", 3, FIXED64),
        MEMBER("count", 4, FIXED64), MEMBER("sum", 5, DOUBLE),
        NESTED("quantileValues", 6, quantile), NESTED("attributes", 7, tv_otlp_key_value_message)};
static const struct tv_otlp_message summary_point = MESSAGE(summary_point_members);

static const struct tv_otlp_member gauge_members[] = {NESTED("dataPoints", 1, number_point)};
static const struct tv_otlp_message gauge = MESSAGE(gauge_members);

static const struct tv_otlp_member sum_members[] = {NESTED("dataPoints", 1, number_point),
        MEMBER("aggregationTemporality", 2, VARINT), MEMBER("isMonotonic", 3, BOOL)};
static const struct tv_otlp_message sum = MESSAGE(sum_members);

static const struct tv_otlp_member histogram_members[] = {
        NESTED("dataPoints", 1, histogram_point), MEMBER("aggregationTemporality", 2, VARINT)};
static const struct tv_otlp_message histogram = MESSAGE(histogram_members);

static const struct tv_otlp_member exponential_members[] = {
        NESTED("dataPoints", 1, exponential_point), MEMBER("aggregationTemporality", 2, VARINT)};
static const struct tv_otlp_message exponential = MESSAGE(exponential_members);

static const struct tv_otlp_member summary_members[] = {NESTED("dataPoints", 1, summary_point)};
static const struct tv_otlp_message summary = MESSAGE(summary_members);

static const struct tv_otlp_member metric_members[] = {MEMBER("name", 1, STRING),
        MEMBER("unit", 3, STRING), NESTED("gauge", 5, gauge), NESTED("sum", 7, sum),
        NESTED("histogram", 9, histogram), NESTED("exponentialHistogram", 10, exponential),
        NESTED("summary", 11, summary)};
static const struct tv_otlp_message metric = MESSAGE(metric_members);

static const struct tv_otlp_member scope_metric_members[] = {
        NESTED("scope", 1, scope), NESTED("metrics", 2, metric)};
static const struct tv_otlp_message scope_metrics = MESSAGE(scope_metric_members);

static const struct tv_otlp_member resource_metric_members[] = {
        NESTED("resource", 1, resource), NESTED("scopeMetrics", 2, scope_metrics)};
static const struct tv_otlp_message resource_metrics = MESSAGE(resource_metric_members);

static const struct tv_otlp_member metrics_members[] = {
        NESTED("resourceMetrics", 1, resource_metrics)};

static const struct tv_otlp_message requests[] = {[TV_OTLP_TRACES] = MESSAGE(trace_members),
        [TV_OTLP_LOGS] = MESSAGE(logs_members),
        [TV_OTLP_METRICS] = MESSAGE(metrics_members)};

const struct tv_otlp_message *tv_otlp_request(enum tv_otlp_signal signal)
{
    return &requests[signal];
}
