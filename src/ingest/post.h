/* SPDX-License-Identifier: Apache-2.0 */
/* A body of events on its way: from the request to the commit and the answer.
 *
 * Every HTTP route that brings events in goes this way; a protocol says how a body becomes a batch and
 * how answers are worded. Small plain bodies are decoded on the loop thread, since handing one to a
 * worker costs more than decoding it; large or compressed ones go to the decode lane. What was decoded
 * is given to the sink, and the answer waits for the commit: 2xx means durable. */
#ifndef TV_INGEST_POST_H
#define TV_INGEST_POST_H

#include "base/compress.h"
#include "ingest/ingest_internal.h"

struct tv_post {
    struct tv_ingest *ingest;
    struct tv_ingest_door *door;
    const struct tv_post_protocol *protocol;
    int variant; /* the protocol's own: which signal, which encoding */
    struct tv_http_request *request;
    struct tv_buf body; /* of those that go to the lane */
    enum tv_coding coding;
    int64_t received_ns;
    struct tv_batch *batch;
    struct tv_decode_report *report; /* of those on the lane: their own */
    enum tv_status status;
    struct tv_error err;
    uint32_t accepted;
    const char *answer_type;
    struct tv_buf answer;
};

struct tv_post_protocol {
    /* Any thread: `body` to post->batch; post->variant and post->received_ns are set. */
    enum tv_status (*decode)(struct tv_post *post, struct tv_str body,
            struct tv_decode_report *report, struct tv_error *err);
    /* Words the answer of a success, before its commit; sets answer_type. */
    void (*answer)(struct tv_post *post, const struct tv_decode_report *report);
    /* Whether what was decoded is refused as a whole; then words the refusal too (post->err is set) and
     * the answer's status is that of post->err. NULL: only what decode fails is, by tv_http_fail. */
    bool (*refuses)(struct tv_post *post, const struct tv_decode_report *report);
};

struct tv_post_spec {
    struct tv_ingest *ingest;
    struct tv_ingest_door *door;
    const struct tv_post_protocol *protocol;
    int variant;
};

/* Takes the request, whatever comes of it. TV_UNSUPPORTED Content-Encoding is refused here. */
void tv_post_take(const struct tv_post_spec *spec, struct tv_http_request *request);
/* Refuses a request that never became a post, in the route's error form, and counts it. */
void tv_post_refuse(const struct tv_post_spec *spec, struct tv_http_request *request,
        const struct tv_error *err);

#endif
