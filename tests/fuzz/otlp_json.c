/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as OTLP/JSON; the first byte tells the signal. What the JSON decoder writes must be a
 * message that the protobuf decoder reads: the two share one meaning. */
#include "base/mem.h"
#include "ingest/otlp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tv_decode_report report;
    struct tv_decode_options options = {.received_ns = INT64_C(1705333643000000000)};
    struct tv_buf message = {0};
    struct tv_error err;
    if (size == 0)
        return 0;
    enum tv_otlp_signal signal = (enum tv_otlp_signal)(data[0] % 3);
    char *body = tv_malloc(size);
    memcpy(body, data + 1, size - 1);
    if (tv_otlp_from_json((struct tv_str){body, size - 1}, signal, &message, &err) == TV_OK) {
        struct tv_batch *batch = tv_batch_new();
        TV_ASSERT(tv_otlp_decode(tv_buf_str(&message), signal, &options, batch, &report) == TV_OK);
        TV_ASSERT(report.accepted <= batch->rows);
        tv_batch_unref(batch);
    } else {
        TV_ASSERT(err.line >= 1 && err.column >= 1 && err.offset <= size);
    }
    tv_buf_release(&message);
    free(body);
    return 0;
}
