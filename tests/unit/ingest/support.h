/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding for tests: a body in, its events out as the JSON of the public contract. */
#ifndef TV_TESTS_INGEST_SUPPORT_H
#define TV_TESTS_INGEST_SUPPORT_H

#include "base/buf.h"
#include "ingest/native.h"

/* 2024-01-15T15:47:23Z: the receive time of all test events. */
#define TEST_RECEIVED_NS INT64_C(1705333643000000000)

struct decoded {
    enum tv_status status;
    struct tv_error err;
    struct tv_decode_report report;
    struct tv_batch *batch;
    char *copy; /* the body in a block of exactly its size, so that reading past it is found */
    struct tv_buf json;
};

/* Decodes the body into a new batch; decoded_release ends it. */
void decode_body(struct tv_str body, struct decoded *out);
void decode_text(const char *body, struct decoded *out);
void decoded_release(struct decoded *decoded);

/* One row as JSON, without the braces' blanks; valid until the next call or release. */
const char *row_json(struct decoded *decoded, uint32_t row);

#endif
