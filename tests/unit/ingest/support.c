/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding for tests. */
#include "support.h"

#include "base/mem.h"
#include "event/event_json.h"

#include <stdlib.h>

void decode_body(struct tv_str body, struct decoded *out)
{
    struct tv_decode_options options = {.received_ns = TEST_RECEIVED_NS};
    *out = (struct decoded){.batch = tv_batch_new(), .copy = tv_malloc(body.len)};
    if (body.len > 0)
        memcpy(out->copy, body.ptr, body.len);
    struct tv_str copy = {out->copy, body.len};
    out->status = tv_native_decode(copy, &options, out->batch, &out->report, &out->err);
}

void decode_text(const char *body, struct decoded *out)
{
    decode_body(tv_str_of(body), out);
}

void decoded_release(struct decoded *decoded)
{
    tv_buf_release(&decoded->json);
    tv_batch_unref(decoded->batch);
    free(decoded->copy);
}

const char *row_json(struct decoded *decoded, uint32_t row)
{
    struct tv_json_out json = {.out = &decoded->json};
    tv_buf_clear(&decoded->json);
    tv_json_object(&json);
    tv_event_json_members(&json, decoded->batch, row);
    tv_json_end(&json);
    tv_buf_append_char(&decoded->json, '\0');
    return decoded->json.data;
}
