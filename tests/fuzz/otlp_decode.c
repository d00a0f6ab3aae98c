/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an OTLP message; the first byte tells the signal. What is read must be writable as
 * events, and a broken message must not keep the counts from adding up. */
#include "base/mem.h"
#include "event/event_json.h"
#include "ingest/otlp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_rows(const struct tv_batch *batch)
{
    struct tv_buf text = {0};
    for (uint32_t row = 0; row < batch->rows; row++) {
        struct tv_json_out json = {.out = &text};
        tv_buf_clear(&text);
        tv_json_object(&json);
        tv_event_json_members(&json, batch, row);
        tv_json_end(&json);
        TV_ASSERT(tv_batch_text(batch, TV_FIELD_SERVICE, row).len > 0);
    }
    tv_buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tv_decode_report report;
    struct tv_decode_options options = {.received_ns = INT64_C(1705333643000000000)};
    if (size == 0)
        return 0;
    char *body = tv_malloc(size); /* of its own size, so that reading past it is found */
    memcpy(body, data + 1, size - 1);
    struct tv_batch *batch = tv_batch_new();
    enum tv_status status = tv_otlp_decode((struct tv_str){body, size - 1},
            (enum tv_otlp_signal)(data[0] % 3), &options, batch, &report);
    TV_ASSERT(status == TV_OK || status == TV_BAD_INPUT || status == TV_TOO_LARGE);
    TV_ASSERT(report.accepted <= batch->rows);
    TV_ASSERT(report.error_count <= report.rejected && report.error_count <= TV_DECODE_ERRORS_MAX);
    write_rows(batch);
    tv_batch_unref(batch);
    free(body);
    return 0;
}
