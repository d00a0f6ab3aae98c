/* SPDX-License-Identifier: Apache-2.0 */
/* OpenTelemetry's protocol (OTLP 1.x, opentelemetry-proto): export requests to columns.
 *
 * Pure: bytes in, batch out, no state. A span, a span's event, a log record and a metric's data point
 * become an event each; resource and scope attributes stand on each of them. Names follow
 * OpenTelemetry's semantic conventions (docs/mapping.md). Unknown fields are ignored, as the protocol
 * asks. A record that cannot be kept (a text over the limits) is rejected alone.
 */
#ifndef TV_INGEST_OTLP_H
#define TV_INGEST_OTLP_H

#include "base/buf.h"
#include "ingest/native.h"

enum tv_otlp_signal { TV_OTLP_TRACES, TV_OTLP_LOGS, TV_OTLP_METRICS };

/* Appends what the ExportTraceServiceRequest (or Logs, Metrics), encoded as protobuf, holds to `batch`
 * and fills *report, which counts the protocol's records: spans, log records, data points; a span's
 * events belong to their span. TV_BAD_INPUT if the message is broken, TV_TOO_LARGE if it holds more
 * than TV_BATCH_ROWS_MAX events: the batch is then to be thrown away with what was read before. Texts are copied. */
TV_CHECKED enum tv_status tv_otlp_decode(struct tv_str message, enum tv_otlp_signal signal,
        const struct tv_decode_options *options, struct tv_batch *batch,
        struct tv_decode_report *report);

/* The same request in JSON (OTLP/JSON: camelCase names, hex ids, integers also as strings) to the
 * bytes that its protobuf form has, appended to `out`; what the protocol does not know is left out.
 * TV_BAD_INPUT with the place where the JSON is broken or a value has the wrong type. */
TV_CHECKED enum tv_status tv_otlp_from_json(
        struct tv_str body, enum tv_otlp_signal signal, struct tv_buf *out, struct tv_error *err);

#endif
