/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/v1/events: a body in, counts out, and in between a commit.
 *
 * Small plain bodies are decoded on the loop thread, since handing one to a worker costs more than
 * decoding it; large or compressed ones go to the decode lane, which is a pure function over the
 * body. What was decoded is given to the sink, and the answer waits for the commit: 2xx means
 * durable. A client that hangs up meanwhile changes nothing, its events are kept. The answer is
 * worded right after decoding, so that what waits is one short text and not the whole report. */
#include "base/compress.h"
#include "base/hash.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/time.h"
#include "ingest/ingest_internal.h"

#include <stdlib.h>

enum {
    LOOP_BYTES_MAX = 64 << 10, /* larger bodies go to the lane */
    CONTENT_BYTES_MAX = 64 << 20
};

/* One request, from its body to its answer. Owned by whoever holds it next: the loop, the lane, the
 * sink. */
struct post {
    struct tv_ingest *ingest;
    struct tv_http_request *request;
    struct tv_buf body; /* of those that go to the lane */
    enum tv_coding coding;
    int64_t received_ns;
    struct tv_batch *batch;
    struct tv_decode_report *report; /* of those on the lane: their own */
    enum tv_status status;
    struct tv_error err;
    uint32_t accepted;
    struct tv_buf answer;
};

static void post_free(struct post *post)
{
    tv_batch_unref(post->batch);
    tv_buf_release(&post->body);
    tv_buf_release(&post->answer);
    free(post->report);
    free(post);
}

static void refuse(struct post *post)
{
    tv_ingest_note_reject(&post->ingest->events_door, post->err.message);
    tv_http_fail(post->request, &post->err);
    post_free(post);
}

/* {"accepted":n,"rejected":m,"errors":[{"index","field","reason"}]} and a line break */
static void write_counts(struct tv_buf *out, const struct tv_decode_report *report)
{
    struct tv_json_out json = {.out = out};
    tv_json_object(&json);
    tv_json_key(&json, "accepted");
    tv_json_u64(&json, report->accepted);
    tv_json_key(&json, "rejected");
    tv_json_u64(&json, report->rejected);
    tv_json_key(&json, "errors");
    tv_json_array(&json);
    for (uint32_t i = 0; i < report->error_count; i++) {
        const struct tv_decode_error *error = &report->errors[i];
        tv_json_object(&json);
        tv_json_key(&json, "index");
        tv_json_u64(&json, error->index);
        tv_json_key(&json, "field");
        tv_json_text(&json, error->field);
        tv_json_key(&json, "reason");
        tv_json_text(&json, error->reason);
        tv_json_end(&json);
    }
    tv_json_end(&json);
    tv_json_end(&json);
    tv_buf_append_char(out, '\n');
}

/* The error's document with the counts beside its one member: the '}' of the first and the '{' of
 * the second meet in a comma. */
static void write_refusal(
        struct tv_buf *out, const struct tv_error *err, const struct tv_decode_report *report)
{
    tv_json_error(out, err);
    while (out->len > 0 && out->data[out->len - 1] != '}')
        out->len--; /* the line break behind the document */
    TV_ASSERT(out->len > 0);
    size_t joint = out->len - 1;
    out->len = joint;
    write_counts(out, report);
    TV_ASSERT(out->data[joint] == '{');
    out->data[joint] = ',';
}

/* When every event was refused one by one, the first reason stands for all. */
static void explain_refusal(const struct tv_decode_report *report, struct tv_error *err)
{
    const struct tv_decode_error *first = &report->errors[0];
    (void)tv_fail(err, TV_BAD_INPUT, "no event is usable; event %u: %s%s%s", first->index,
            first->field, first->field[0] ? " " : "", first->reason);
}

static void committed(void *ctx, enum tv_status status)
{
    struct post *post = ctx;
    struct tv_ingest_door *door = &post->ingest->events_door;
    post->ingest->pending--;
    if (status == TV_OK) {
        door->events += post->accepted;
        door->last_event_ns = post->received_ns;
        tv_http_respond(post->request, 200, "application/json", &post->answer);
        post_free(post);
    } else {
        (void)tv_fail(&post->err, status, "the events could not be stored");
        tv_error_hint(&post->err, "send them again; those that have an eventId are not doubled");
        refuse(post);
    }
}

/* The loop's part behind decoding. */
static void decoded(struct post *post, const struct tv_decode_report *report)
{
    struct tv_ingest *ingest = post->ingest;
    bool failed = post->status != TV_OK;
    tv_ingest_count(&ingest->events_door, report, failed ? &post->err : NULL);
    if (report->accepted == 0 && (failed || report->rejected > 0)) {
        if (!failed)
            explain_refusal(report, &post->err);
        write_refusal(&post->answer, &post->err, report);
        tv_http_respond(
                post->request, tv_status_http(post->err.status), "application/json", &post->answer);
        post_free(post);
        return;
    }
    write_counts(&post->answer, report);
    post->accepted = report->accepted;
    if (report->accepted == 0) {
        tv_http_respond(post->request, 200, "application/json", &post->answer);
        post_free(post);
        return;
    }
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

static void decode(struct post *post, struct tv_str body, struct tv_decode_report *report)
{
    struct tv_decode_options options = {.received_ns = post->received_ns};
    post->status = tv_native_decode(body, &options, post->batch, report, &post->err);
}

/* On the lane. */
static void run_job(void *ctx)
{
    struct post *post = ctx;
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
    struct post *post = ctx;
    post->ingest->pending--;
    decoded(post, post->report);
}

static void submit(struct post *post)
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

/* Forms that this route does not read; what is JSON the first byte tells, whatever it is called. */
static bool is_foreign_type(struct tv_str type)
{
    static const struct tv_str foreign[] = {
            {"application/x-protobuf", 22}, {"application/protobuf", 20}, {"multipart/", 10}};
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        struct tv_str start = {type.ptr, foreign[i].len};
        if (type.len >= start.len && tv_str_equal_nocase(start, foreign[i]))
            return true;
    }
    return false;
}

/* The coding of the body; TV_UNSUPPORTED if the body cannot be read here. */
static enum tv_status check_headers(struct post *post)
{
    struct tv_str type = tv_str_trim(tv_http_header(post->request, "Content-Type"));
    struct tv_str coding = tv_str_trim(tv_http_header(post->request, "Content-Encoding"));
    if (is_foreign_type(type)) {
        (void)tv_fail(&post->err, TV_UNSUPPORTED, "events are not read from '%.*s'",
                (int)(type.len < 64 ? type.len : 64), type.ptr);
        tv_error_hint(&post->err, "send JSON: an object, an array of objects, or one a line");
        return TV_UNSUPPORTED;
    }
    if (!tv_coding_from_name(coding, &post->coding)) {
        (void)tv_fail(&post->err, TV_UNSUPPORTED, "unknown Content-Encoding '%.*s'",
                (int)(coding.len < 64 ? coding.len : 64), coding.ptr);
        tv_error_hint(&post->err, "gzip, zstd and identity are read");
        return TV_UNSUPPORTED;
    }
    return TV_OK;
}

void tv_ingest_post_events(void *ctx, struct tv_http_request *request)
{
    struct tv_ingest *ingest = ctx;
    struct tv_str body = tv_http_body(request);
    struct post *post = tv_calloc(1, sizeof(*post));
    post->ingest = ingest;
    post->request = request;
    post->received_ns = tv_time_now();
    ingest->events_door.requests++;
    ingest->events_door.bytes += body.len;
    if (check_headers(post) != TV_OK) {
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
    decode(post, body, &ingest->report);
    decoded(post, &ingest->report);
}
