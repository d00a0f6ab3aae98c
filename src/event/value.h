/* SPDX-License-Identifier: Apache-2.0 */
/* One value of an event's field: what a cell of a column holds, and what a condition compares
 * with. */
#ifndef TV_EVENT_VALUE_H
#define TV_EVENT_VALUE_H

#include "base/str.h"

enum tv_type {
    TV_TYPE_NULL, /* absent */
    TV_TYPE_BOOL,
    TV_TYPE_I64,
    TV_TYPE_F64,
    TV_TYPE_STR,
    TV_TYPE_JSON /* text of a JSON array, as it was sent */
};

struct tv_value {
    enum tv_type type;
    union {
        bool b;
        int64_t i;
        double f;
        struct tv_str s; /* of STR and JSON; borrowed */
    };
};

static inline struct tv_value tv_value_null(void)
{
    return (struct tv_value){.type = TV_TYPE_NULL};
}

static inline struct tv_value tv_value_bool(bool b)
{
    return (struct tv_value){.type = TV_TYPE_BOOL, .b = b};
}

static inline struct tv_value tv_value_i64(int64_t i)
{
    return (struct tv_value){.type = TV_TYPE_I64, .i = i};
}

static inline struct tv_value tv_value_f64(double f)
{
    return (struct tv_value){.type = TV_TYPE_F64, .f = f};
}

static inline struct tv_value tv_value_str(struct tv_str s)
{
    return (struct tv_value){.type = TV_TYPE_STR, .s = s};
}

/* The number a value stands for: I64, F64, BOOL as 0 or 1, and STR that is a number as a whole
 * ("500"). False for the rest. */
TV_CHECKED bool tv_value_number(struct tv_value value, double *out);

/* The order of values in ORDER BY and comparisons: NULL first; then numbers by value (I64 and F64
 * compared exactly; BOOL as 0 and 1; STR that is a number as a whole counts as that number, against
 * other text too, or the order would have cycles; NaN behind all others); then text by bytes.
 * <0, 0, >0. An order, not an identity: "1", "1.0" and 1 stand at the same place. */
int tv_value_compare(struct tv_value a, struct tv_value b);

/* A number kept exactly. */
struct tv_number {
    bool is_int;
    int64_t i; /* where is_int */
    double f;  /* else */
};

/* The number of a value as tv_value_number sees it, without rounding integers. */
TV_CHECKED bool tv_value_exact(struct tv_value value, struct tv_number *out);
/* Exact comparison, NaN behind all others and equal to itself. <0, 0, >0. */
int tv_number_compare(struct tv_number a, struct tv_number b);

/* "status", "span" … of the event model's small enumerations. */
enum tv_span_kind {
    TV_KIND_ABSENT,
    TV_KIND_INTERNAL,
    TV_KIND_SERVER,
    TV_KIND_CLIENT,
    TV_KIND_PRODUCER,
    TV_KIND_CONSUMER,
    TV_KIND_COUNT
};
enum tv_event_status {
    TV_EVENT_STATUS_ABSENT,
    TV_EVENT_STATUS_UNSET,
    TV_EVENT_STATUS_OK,
    TV_EVENT_STATUS_ERROR,
    TV_EVENT_STATUS_COUNT
};
/* OpenTelemetry's severity numbers, 1 (TRACE) to 24 (FATAL4); 0 is absent. */
enum {
    TV_SEVERITY_ABSENT = 0,
    TV_SEVERITY_WARN = 13,
    TV_SEVERITY_ERROR = 17,
    TV_SEVERITY_FATAL = 21,
    TV_SEVERITY_COUNT = 25
};
enum tv_metric_kind {
    TV_METRIC_ABSENT,
    TV_METRIC_GAUGE,
    TV_METRIC_SUM,
    TV_METRIC_HISTOGRAM,
    TV_METRIC_KIND_COUNT
};
enum tv_temporality {
    TV_TEMPORALITY_ABSENT,
    TV_TEMPORALITY_DELTA,
    TV_TEMPORALITY_CUMULATIVE,
    TV_TEMPORALITY_COUNT
};

#endif
