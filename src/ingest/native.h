/* SPDX-License-Identifier: Apache-2.0 */
/* The native form of events: JSON object, array of objects, or NDJSON, in one pass into columns.
 *
 * Pure: bytes in, batch out, no state. The first byte that is no blank tells the form: '[' an array,
 * '{' one object or lines of objects. The grammar is RFC 8259's, strictly (docs/http-api.md lists
 * where common parsers are laxer); nesting up to 32; of duplicate keys the last wins. Events are
 * good or bad one by one: a bad one is reported with its index and the rest goes on; where the JSON
 * itself breaks, NDJSON goes on at the next line, while in an array the rest cannot be read and is
 * one rejection. Field names, aliases, times and limits are DESIGN's ("The event").
 */
#ifndef TV_INGEST_NATIVE_H
#define TV_INGEST_NATIVE_H

#include "event/batch.h"

enum {
    TV_DECODE_ERRORS_MAX = 32,          /* described in an answer; more are only counted */
    TV_DECODE_DEPTH_MAX = 32,           /* nesting of one event */
    TV_DECODE_EVENT_ATTRS_MAX = 1024,   /* attributes of one event */
    TV_DECODE_NAME_BYTES_MAX = 512,     /* of a (dotted) attribute name, service, type, name … */
    TV_DECODE_VALUE_BYTES_MAX = 1 << 20 /* of one text */
};

struct tv_decode_error {
    uint32_t index; /* of the event in the body, from 0 */
    char field[64]; /* "" when the event as a whole is at fault */
    char reason[160];
};

struct tv_decode_report {
    uint32_t accepted, rejected;
    uint32_t future;      /* times later than received + 10 min, set to the time of receipt */
    uint32_t error_count; /* of `errors` in use */
    struct tv_decode_error errors[TV_DECODE_ERRORS_MAX];
};

struct tv_decode_options {
    int64_t received_ns; /* the receive time of all events; also their time where they have none */
};

/* Appends the good events of `body` to `batch` (empty, or filled by earlier bodies of one group) and
 * fills *report. TV_OK whenever the body could be walked, even if every event was bad (the caller
 * looks at the counts; an empty array is TV_OK with 0); TV_BAD_INPUT, with position, when nothing
 * was usable because the body as a whole is no JSON or empty. Texts are copied. */
TV_CHECKED enum tv_status tv_native_decode(struct tv_str body,
        const struct tv_decode_options *options, struct tv_batch *batch,
        struct tv_decode_report *report, struct tv_error *err);

#endif
