/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics (opentelemetry/proto/metrics/v1/metrics.proto): one event for each data point.
 *
 * As everywhere in the event model the values of a metric event are its numeric attributes and its
 * labels are texts; so a point's value stands under the metric's name, and labels that are numbers are
 * kept as text. Histograms and summaries give <name>.count, .sum, .min, .max beside their buckets as
 * JSON: what charts and rules need are plain numbers then, and nothing is lost. */
#include "base/json_out.h"
#include "base/time.h"
#include "ingest/otlp_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    METRIC_NAME = 1,
    METRIC_UNIT = 3,
    METRIC_GAUGE = 5,
    METRIC_SUM = 7,
    METRIC_HISTOGRAM = 9,
    METRIC_EXPONENTIAL = 10,
    METRIC_SUMMARY = 11,
    DATA_POINTS = 1,
    DATA_TEMPORALITY = 2,
    SUM_MONOTONIC = 3,
    POINT_START = 2,
    POINT_TIME = 3
};

/* A metric, as its points see it. */
struct metric {
    struct tv_str name, unit;
    uint32_t shape; /* the number of its data's field */
    struct tv_str data;
    uint64_t temporality;
    bool monotonic;
    struct tv_buf path, json; /* scratch */
};

/* How one shape's points are numbered. */
struct shape {
    uint32_t attributes, count, sum, min, max;
    uint32_t value_double, value_int; /* 0: none */
    uint32_t lists[4];                /* fields kept as JSON, 0 ends them */
    const char *list_names[4];
};

static const struct shape number_shape = {.attributes = 7, .value_double = 4, .value_int = 6};
static const struct shape histogram_shape = {.attributes = 9,
        .count = 4,
        .sum = 5,
        .min = 11,
        .max = 12,
        .lists = {6, 7},
        .list_names = {"bucket_counts", "explicit_bounds"}};
static const struct shape exponential_shape = {.attributes = 1,
        .count = 4,
        .sum = 5,
        .min = 12,
        .max = 13,
        .lists = {6, 7, 8, 9},
        .list_names = {"scale", "zero_count", "positive", "negative"}};
static const struct shape summary_shape = {
        .attributes = 7, .count = 4, .sum = 5, .lists = {6}, .list_names = {"quantiles"}};

static const struct shape *shape_of(uint32_t number)
{
    switch (number) {
    case METRIC_GAUGE:
    case METRIC_SUM:
        return &number_shape;
    case METRIC_HISTOGRAM:
        return &histogram_shape;
    case METRIC_EXPONENTIAL:
        return &exponential_shape;
    case METRIC_SUMMARY:
        return &summary_shape;
    default:
        return NULL;
    }
}

/* The metric's name with what of it is meant. */
static struct tv_str path_of(struct metric *metric, const char *part)
{
    tv_buf_clear(&metric->path);
    tv_buf_append_str(&metric->path, metric->name);
    tv_buf_append_char(&metric->path, '.');
    tv_buf_append_str(&metric->path, tv_str_of(part));
    return tv_buf_str(&metric->path);
}

static void set_part(
        struct tv_otlp *otlp, struct metric *metric, const char *part, struct tv_value value)
{
    tv_otlp_attr(otlp, path_of(metric, part), value);
}

/* A label is text, whatever it was. */
static void set_label(struct tv_otlp *otlp, struct tv_str message)
{
    struct tv_otlp_key_value pair;
    char text[32];
    int length = 0;
    if (!tv_otlp_key_value(message, &pair)) {
        otlp->broken = true;
        return;
    }
    struct tv_value value = tv_otlp_value(pair.any, &otlp->json, &otlp->broken);
    if (value.type == TV_TYPE_I64)
        length = snprintf(text, sizeof(text), "%" PRId64, value.i);
    else if (value.type == TV_TYPE_F64)
        length = (int)tv_f64_format(value.f, text);
    if (length > 0)
        value = tv_value_str((struct tv_str){text, (size_t)length});
    tv_otlp_attr(otlp, pair.key, value);
}

/* Packed fixed64 numbers: counts as integers, bounds as doubles. */
static void put_packed(struct tv_json_out *json, struct tv_str packed, bool doubles)
{
    struct tv_proto in = tv_proto_of(packed);
    uint64_t bits = 0;
    while (tv_proto_fixed(&in, 8, &bits)) {
        if (doubles)
            tv_json_f64(json, tv_proto_double(bits));
        else
            tv_json_u64(json, bits);
    }
}

/* A repeated uint64: packed, or one of several fields. */
static void put_counts(struct tv_json_out *json, const struct tv_proto_field *field)
{
    uint64_t count = 0;
    if (field->wire == TV_WIRE_VARINT)
        tv_json_u64(json, field->value);
    if (field->wire != TV_WIRE_BYTES)
        return; /* only those have bytes */
    struct tv_proto packed = tv_proto_of(field->bytes);
    while (packed.at != packed.end && tv_proto_varint(&packed, &count))
        tv_json_u64(json, count);
}

/* Buckets of an exponential histogram: {"offset":…,"bucket_counts":[…]}; counts are varints. */
static void put_buckets(struct tv_json_out *json, struct tv_str message)
{
    struct tv_proto in = tv_proto_of(message);
    struct tv_proto_field field;
    uint64_t offset = 0;
    while (tv_proto_next(&in, &field))
        if (field.number == 1 && field.wire == TV_WIRE_VARINT)
            offset = field.value;
    tv_json_object(json);
    tv_json_key(json, "offset");
    tv_json_i64(json, (int64_t)(offset >> 1) ^ -(int64_t)(offset & 1)); /* sint32 */
    tv_json_key(json, "bucket_counts");
    tv_json_array(json);
    for (in = tv_proto_of(message); tv_proto_next(&in, &field);)
        if (field.number == 2)
            put_counts(json, &field);
    tv_json_end(json);
    tv_json_end(json);
}

/* {"quantile":…,"value":…} */
static void put_quantile(struct tv_json_out *json, struct tv_str message)
{
    struct tv_proto in = tv_proto_of(message);
    struct tv_proto_field field;
    double quantile = 0, value = 0;
    while (tv_proto_next(&in, &field)) {
        if (field.wire != TV_WIRE_FIXED64)
            continue;
        if (field.number == 1)
            quantile = tv_proto_double(field.value);
        else if (field.number == 2)
            value = tv_proto_double(field.value);
    }
    tv_json_object(json);
    tv_json_key(json, "quantile");
    tv_json_f64(json, quantile);
    tv_json_key(json, "value");
    tv_json_f64(json, value);
    tv_json_end(json);
}

/* One of a shape's lists, gathered from all fields of its number: packed or one by one. */
static void set_list(
        struct tv_otlp *otlp, struct metric *metric, struct tv_str point, unsigned which)
{
    const struct shape *shape = shape_of(metric->shape);
    bool single = metric->shape == METRIC_EXPONENTIAL;
    struct tv_proto in = tv_proto_of(point);
    struct tv_proto_field field;
    struct tv_json_out json = {.out = &metric->json};
    bool found = false;
    tv_buf_clear(&metric->json);
    if (!single)
        tv_json_array(&json);
    while (tv_proto_next(&in, &field)) {
        if (field.number != shape->lists[which] || (found && single))
            continue;
        found = true;
        if (metric->shape == METRIC_SUMMARY && field.wire == TV_WIRE_BYTES)
            put_quantile(&json, field.bytes);
        else if (single && field.wire == TV_WIRE_BYTES)
            put_buckets(&json, field.bytes);
        else if (field.wire == TV_WIRE_BYTES)
            put_packed(&json, field.bytes, which == 1);
        else if (field.wire == TV_WIRE_FIXED64 && which == 1 && !single)
            tv_json_f64(&json, tv_proto_double(field.value));
        else if (single && which == 0)
            tv_json_i64(&json, (int64_t)(field.value >> 1) ^ -(int64_t)(field.value & 1));
        else
            tv_json_u64(&json, field.value);
    }
    if (!single)
        tv_json_end(&json);
    if (found)
        set_part(otlp, metric, shape->list_names[which],
                (struct tv_value){.type = TV_TYPE_JSON, .s = tv_buf_str(&metric->json)});
}

static struct tv_value count_value(uint64_t count)
{
    return count <= INT64_MAX ? tv_value_i64((int64_t)count) : tv_value_f64((double)count);
}

static void take_field(struct tv_otlp *otlp, struct metric *metric, const struct shape *shape,
        const struct tv_proto_field *field)
{
    uint32_t number = field->number;
    if (number == shape->attributes && field->wire == TV_WIRE_BYTES)
        set_label(otlp, field->bytes);
    if (field->wire != TV_WIRE_FIXED64)
        return;
    double value = tv_proto_double(field->value);
    if (number == shape->value_double)
        tv_otlp_attr(otlp, metric->name, tv_value_f64(value));
    else if (number == shape->value_int)
        tv_otlp_attr(otlp, metric->name, tv_value_i64((int64_t)field->value));
    else if (number == shape->count)
        set_part(otlp, metric, "count", count_value(field->value));
    else if (number == shape->sum)
        set_part(otlp, metric, "sum", tv_value_f64(value));
    else if (number == shape->min)
        set_part(otlp, metric, "min", tv_value_f64(value));
    else if (number == shape->max)
        set_part(otlp, metric, "max", tv_value_f64(value));
}

static void set_kind(struct tv_otlp *otlp, const struct metric *metric)
{
    static const uint8_t temporalities[] = {
            TV_TEMPORALITY_ABSENT, TV_TEMPORALITY_DELTA, TV_TEMPORALITY_CUMULATIVE};
    uint8_t kind = TV_METRIC_HISTOGRAM;
    if (metric->shape == METRIC_GAUGE)
        kind = TV_METRIC_GAUGE;
    else if (metric->shape == METRIC_SUM)
        kind = TV_METRIC_SUM;
    tv_batch_set_u8(otlp->batch, TV_FIELD_METRIC_KIND, otlp->row, kind);
    if (metric->temporality < sizeof(temporalities))
        tv_batch_set_u8(
                otlp->batch, TV_FIELD_TEMPORALITY, otlp->row, temporalities[metric->temporality]);
    if (metric->monotonic)
        tv_otlp_attr(otlp, TV_STR("otel.metric.monotonic"), tv_value_bool(true));
}

/* The start of a cumulative series tells a reset from a fall. */
static void set_start(struct tv_otlp *otlp, const struct metric *metric, uint64_t start_ns)
{
    char text[TV_TIME_TEXT_BYTES];
    if (metric->temporality != 2 || start_ns == 0 || start_ns > INT64_MAX)
        return;
    size_t length = tv_time_format((int64_t)start_ns, text);
    tv_otlp_attr(otlp, TV_STR("otel.metric.start"), tv_value_str((struct tv_str){text, length}));
}

static void read_point(struct tv_otlp *otlp, struct metric *metric, struct tv_str point)
{
    const struct shape *shape = shape_of(metric->shape);
    struct tv_proto in = tv_proto_of(point);
    struct tv_proto_field field;
    uint64_t time_ns = 0, start_ns = 0;
    if (!tv_otlp_begin(otlp, "metric"))
        return;
    tv_otlp_text(otlp, TV_FIELD_NAME, metric->name);
    tv_otlp_text(otlp, TV_FIELD_UNIT, metric->unit);
    set_kind(otlp, metric);
    while (tv_proto_next(&in, &field)) {
        if (field.number == POINT_TIME && field.wire == TV_WIRE_FIXED64)
            time_ns = field.value;
        else if (field.number == POINT_START && field.wire == TV_WIRE_FIXED64)
            start_ns = field.value;
        else
            take_field(otlp, metric, shape, &field);
    }
    otlp->broken = otlp->broken || in.broken;
    for (unsigned i = 0; i < 4 && shape->lists[i]; i++)
        set_list(otlp, metric, point, i);
    tv_otlp_time(otlp, time_ns);
    set_start(otlp, metric, start_ns);
    tv_otlp_count(otlp, tv_otlp_end(otlp));
}

static void read_data(struct tv_otlp *otlp, struct metric *metric)
{
    struct tv_proto in = tv_proto_of(metric->data);
    struct tv_proto_field field;
    while (tv_proto_next(&in, &field)) {
        if (field.wire != TV_WIRE_VARINT)
            continue;
        if (field.number == DATA_TEMPORALITY && metric->shape != METRIC_GAUGE)
            metric->temporality = field.value;
        else if (field.number == SUM_MONOTONIC && metric->shape == METRIC_SUM)
            metric->monotonic = field.value != 0;
    }
    for (in = tv_proto_of(metric->data); !otlp->broken && tv_proto_next(&in, &field);)
        if (field.number == DATA_POINTS && field.wire == TV_WIRE_BYTES)
            read_point(otlp, metric, field.bytes);
    otlp->broken = otlp->broken || in.broken;
}

void tv_otlp_metric(struct tv_otlp *otlp, struct tv_str message)
{
    struct metric metric = {.shape = 0};
    struct tv_proto in = tv_proto_of(message);
    struct tv_proto_field field;
    while (tv_proto_next(&in, &field)) {
        if (field.wire != TV_WIRE_BYTES)
            continue;
        if (field.number == METRIC_NAME)
            metric.name = field.bytes;
        else if (field.number == METRIC_UNIT)
            metric.unit = field.bytes;
        else if (shape_of(field.number)) {
            metric.shape = field.number;
            metric.data = field.bytes;
        }
    }
    otlp->broken = otlp->broken || in.broken;
    if (metric.shape)
        read_data(otlp, &metric);
    tv_buf_release(&metric.path);
    tv_buf_release(&metric.json);
}
