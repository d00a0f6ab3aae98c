/* SPDX-License-Identifier: Apache-2.0 */
/* One request, from its body to its answer. Owned by whoever holds it next: the loop, the lane, the
 * sink. A client that hangs up meanwhile changes nothing, its events are kept. The answer is worded
 * right after decoding, so that what waits for the commit is one short text and not the whole report. */
#include "ingest/post.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

enum {
    LOOP_BYTES_MAX = 64 << 10, /* larger bodies go to the lane */
    CONTENT_BYTES_MAX = 64 << 20
};

static void post_free(struct tv_post *post)
{
    tv_batch_unref(post->batch);
    tv_buf_release(&post->body);
    tv_buf_release(&post->answer);
    free(post->report);
    free(post);
}

static void refuse(struct tv_post *post)
{
    tv_ingest_note_reject(post->door, post->err.message);
    tv_http_fail(post->request, &post->err);
    post_free(post);
}

void tv_post_refuse(const struct tv_post_spec *spec, struct tv_http_request *request,
        const struct tv_error *err)
{
    spec->door->requests++;
    tv_ingest_note_reject(spec->door, err->message);
    tv_http_fail(request, err);
}

static void committed(void *ctx, enum tv_status status)
{
    struct tv_post *post = ctx;
    post->ingest->pending--;
    if (status == TV_OK) {
        post->door->events += post->accepted;
        post->door->last_event_ns = post->received_ns;
        tv_http_respond(post->request, 200, post->answer_type, &post->answer);
        post_free(post);
    } else {
        (void)tv_fail(&post->err, status, "the events could not be stored");
        tv_error_hint(&post->err, "send them again; those that have an eventId are not doubled");
        refuse(post);
    }
}

static void commit(struct tv_post *post)
{
    struct tv_ingest *ingest = post->ingest;
    struct tv_batch *batch = post->batch;
    post->batch = NULL;
    enum tv_status status = tv_sink_accept(&ingest->config.sink, batch, committed, post);
    tv_batch_unref(batch);
    if (status == TV_OK) {
        ingest->pending++;
        return;
    }
    (void)tv_fail(&post->err, status,
            status == TV_FULL ? "the disk reserve is reached"
                              : "too many events wait for the disk");
    refuse(post);
}

/* The loop's part behind decoding. */
static void decoded(struct tv_post *post, const struct tv_decode_report *report)
{
    const struct tv_post_protocol *protocol = post->protocol;
    bool failed = post->status != TV_OK;
    tv_ingest_count(post->door, report, failed ? &post->err : NULL);
    if (protocol->refuses && protocol->refuses(post, report)) {
        tv_http_respond(
                post->request, tv_status_http(post->err.status), post->answer_type, &post->answer);
        post_free(post);
        return;
    }
    if (failed) {
        refuse(post);
        return;
    }
    protocol->answer(post, report);
    post->accepted = report->accepted;
    if (post->batch->rows > 0) {
        commit(post);
        return;
    }
    tv_http_respond(post->request, 200, post->answer_type, &post->answer);
    post_free(post);
}

/* Any thread. Whatever the protocol, nothing goes on that was not redacted. */
static void decode(struct tv_post *post, struct tv_str body, struct tv_decode_report *report)
{
    struct tv_redactor *redactor = post->ingest->config.redactor;
    post->status = post->protocol->decode(post, body, report, &post->err);
    if (redactor && post->status == TV_OK)
        tv_redactor_apply(redactor, post->batch, (struct tv_redact_mark){0, 0});
}

/* On the lane. */
static void run_job(void *ctx)
{
    struct tv_post *post = ctx;
    struct tv_buf content = {0};
    *post->report = (struct tv_decode_report){.accepted = 0};
    if (post->coding == TV_CODING_IDENTITY) {
        decode(post, tv_buf_str(&post->body), post->report);
    } else {
        post->status = tv_body_decompress(
                post->coding, tv_buf_str(&post->body), CONTENT_BYTES_MAX, &content, &post->err);
        if (post->status == TV_OK)
            decode(post, tv_buf_str(&content), post->report);
    }
    tv_buf_release(&content);
    tv_buf_release(&post->body);
}

static void job_done(void *ctx)
{
    struct tv_post *post = ctx;
    post->ingest->pending--;
    decoded(post, post->report);
}

static void submit(struct tv_post *post)
{
    post->body = tv_http_take_body(post->request);
    post->report = tv_malloc(sizeof(*post->report));
    enum tv_status status =
            tv_lane_submit(post->ingest->config.decode_lane, run_job, job_done, post);
    if (status == TV_OK) {
        post->ingest->pending++;
        return;
    }
    (void)tv_fail(&post->err, status, "too many large bodies wait to be read");
    refuse(post);
}

static bool read_coding(struct tv_post *post)
{
    struct tv_str coding = tv_str_trim(tv_http_header(post->request, "Content-Encoding"));
    if (tv_coding_from_name(coding, &post->coding))
        return true;
    (void)tv_fail(&post->err, TV_UNSUPPORTED, "unknown Content-Encoding '%.*s'",
            (int)(coding.len < 64 ? coding.len : 64), coding.ptr);
    tv_error_hint(&post->err, "gzip, zstd and identity are read");
    return false;
}

void tv_post_take(const struct tv_post_spec *spec, struct tv_http_request *request)
{
    struct tv_str body = tv_http_body(request);
    struct tv_post *post = tv_calloc(1, sizeof(*post));
    post->ingest = spec->ingest;
    post->door = spec->door;
    post->protocol = spec->protocol;
    post->variant = spec->variant;
    post->request = request;
    post->received_ns = tv_time_now();
    post->door->requests++;
    post->door->bytes += body.len;
    if (!read_coding(post)) {
        refuse(post);
        return;
    }
    post->batch = tv_batch_new();
    struct tv_str key = tv_http_header(request, "Idempotency-Key");
    if (key.len > 0)
        tv_hash128(key.ptr, key.len, post->batch->request_key);
    if (body.len > LOOP_BYTES_MAX || post->coding != TV_CODING_IDENTITY) {
        submit(post);
        return;
    }
    decode(post, body, &spec->ingest->report);
    decoded(post, &spec->ingest->report);
}
