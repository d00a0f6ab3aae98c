/* SPDX-License-Identifier: Apache-2.0 */
/* An event as the JSON of the public contract, and its document form for export. */
#ifndef TV_EVENT_EVENT_JSON_H
#define TV_EVENT_EVENT_JSON_H

#include "base/json_out.h"
#include "event/batch.h"

/* Writes one value as it is: absent as null, arrays as JSON. */
void tv_json_value(struct tv_json_out *json, struct tv_value value);

/* Writes the members of one event (the caller opens and closes the object): "arrival" ("@…"),
 * "eventId", "timestamp", "service", "instance", "host", "eventType", "name", "traceId", "spanId",
 * "parentSpanId", "kind", "durationNs", "status", "severity", "message", "causedBy" (array),
 * "unit", "metricKind", "temporality", "attributes" {dotted names}; absent ones are left out,
 * "attributes" always stands. Array attributes are written as JSON. Only columns that are loaded
 * are seen. */
void tv_event_json_members(struct tv_json_out *json, const struct tv_batch *batch, uint32_t row);
/* The same without "arrival", which belongs to one store, and with a decimal in every double: what
 * the native decoder turns into the same event again. */
void tv_event_json_document(struct tv_json_out *json, const struct tv_batch *batch, uint32_t row);

#endif
