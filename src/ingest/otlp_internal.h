/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the OTLP decoder share: the record at hand and what stands around it. */
#ifndef TV_INGEST_OTLP_INTERNAL_H
#define TV_INGEST_OTLP_INTERNAL_H

#include "base/buf.h"
#include "ingest/otlp.h"
#include "ingest/proto.h"

enum { TV_OTLP_VALUE_DEPTH_MAX = 32 };

/* Attributes that every record below a resource or scope gets. */
struct tv_otlp_shared {
    struct tv_otlp_pair {
        uint32_t attr;
        enum tv_type type;
        uint64_t bits; /* as the batch keeps it: see struct tv_attr */
    } * pairs;
    size_t count, cap;
    const char *reason; /* why all records below are refused, or NULL */
    char reason_field[64];
};

struct tv_otlp {
    const struct tv_decode_options *options;
    struct tv_batch *batch;
    struct tv_decode_report *report;
    struct tv_buf json; /* scratch */
    bool broken;
    bool full; /* broken off because the batch is */

    uint32_t service, instance, host; /* codes of the resource's; 0 is none */
    struct tv_otlp_shared resource, scope;
    uint32_t guess; /* where the last record's attributes lay */

    uint32_t row, attr_count;
    const char *reason; /* why the record is refused; static, or NULL */
    char reason_field[64];
};

/* otlp_value.c. An AnyValue: arrays and maps as JSON text, bytes as base64, in `scratch`; NULL where
 * it is empty or nested too deeply. The text of a string borrows the message. */
struct tv_value tv_otlp_value(struct tv_str any, struct tv_buf *scratch, bool *broken);
/* A KeyValue's parts. */
struct tv_otlp_key_value {
    struct tv_str key, any;
};
TV_CHECKED bool tv_otlp_key_value(struct tv_str message, struct tv_otlp_key_value *out);

/* otlp.c: the record at hand. */
/* Begins a row with service, host and what the resource and scope say. False where the batch can have
 * no more: then nothing is to be set. */
TV_CHECKED bool tv_otlp_begin(struct tv_otlp *otlp, const char *type);
/* Sets time and receive time; `time_ns` 0 is the receive time. */
void tv_otlp_time(struct tv_otlp *otlp, uint64_t time_ns);
void tv_otlp_text(struct tv_otlp *otlp, enum tv_field field, struct tv_str text);
void tv_otlp_trace_id(struct tv_otlp *otlp, struct tv_str bytes);
void tv_otlp_span_id(struct tv_otlp *otlp, enum tv_field field, struct tv_str bytes);
/* Sets an attribute within the limits. */
void tv_otlp_attr(struct tv_otlp *otlp, struct tv_str name, struct tv_value value);
/* Sets the attribute that a KeyValue message is. */
void tv_otlp_pair(struct tv_otlp *otlp, struct tv_str message);
/* Keeps the row and returns true, or takes it back. Neither counts. */
TV_CHECKED bool tv_otlp_end(struct tv_otlp *otlp);
/* Counts a record that was kept or, with its reason, refused. */
void tv_otlp_count(struct tv_otlp *otlp, bool kept);

/* One record of each signal: a Span, a LogRecord, a Metric. */
void tv_otlp_span(struct tv_otlp *otlp, struct tv_str message);
void tv_otlp_log(struct tv_otlp *otlp, struct tv_str message);
void tv_otlp_metric(struct tv_otlp *otlp, struct tv_str message);

#endif
