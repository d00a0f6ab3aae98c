/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a body of events: nothing but a batch and a report may come of it. */
#include "base/mem.h"
#include "event/event_json.h"
#include "ingest/native.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken must be writable and read back as the same number of events. */
static void check_rows(const struct tv_batch *batch)
{
    static struct tv_decode_report report;
    struct tv_decode_options options = {.received_ns = INT64_C(1705333643000000000)};
    struct tv_buf text = {0};
    for (uint32_t row = 0; row < batch->rows; row++) {
        struct tv_json_out json = {.out = &text};
        tv_json_object(&json);
        tv_event_json_members(&json, batch, row);
        tv_json_end(&json);
        tv_buf_append_char(&text, '\n');
    }
    struct tv_batch *again = tv_batch_new();
    enum tv_status status = tv_native_decode(tv_buf_str(&text), &options, again, &report, NULL);
    if (batch->rows > 0)
        TV_ASSERT(status == TV_OK && again->rows == batch->rows && report.rejected == 0);
    tv_batch_unref(again);
    tv_buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tv_decode_report report;
    struct tv_decode_options options = {.received_ns = INT64_C(1705333643000000000)};
    struct tv_error err;
    char *body = tv_malloc(size); /* of its own size, so that reading past it is found */
    if (size > 0)
        memcpy(body, data, size);
    struct tv_batch *batch = tv_batch_new();
    enum tv_status status =
            tv_native_decode((struct tv_str){body, size}, &options, batch, &report, &err);
    TV_ASSERT(report.accepted == batch->rows);
    TV_ASSERT(report.error_count <= report.rejected && report.error_count <= TV_DECODE_ERRORS_MAX);
    TV_ASSERT(status == TV_OK || (status == TV_BAD_INPUT && report.accepted == 0));
    TV_ASSERT(status == TV_OK || (err.line >= 1 && err.column >= 1 && err.offset <= size));
    check_rows(batch);
    tv_batch_unref(batch);
    free(body);
    return 0;
}
