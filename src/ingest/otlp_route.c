/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/traces, /v1/logs and /v1/metrics (OTLP/HTTP 1.x, "OTLP/HTTP Request" and "Response").
 *
 * The answer has the encoding of the request. On full success its partialSuccess is unset: an empty
 * message, and `{}` in JSON. Errors are google.rpc.Status. An overloaded daemon answers 503 with
 * Retry-After, which every exporter retries; 429 is for quotas alone. */
#include "base/hash.h"
#include "base/json_out.h"
#include "base/log.h"
#include "base/time.h"
#include "ingest/otlp.h"
#include "ingest/post.h"
#include "ingest/proto.h"

#include <inttypes.h>
#include <stdio.h>

#define PROTOBUF "application/x-protobuf"
#define JSON     "application/json"

/* A post's variant: signal and encoding. */
enum { VARIANT_JSON = 4 };

/* google.rpc.Code */
enum {
    RPC_INVALID_ARGUMENT = 3,
    RPC_NOT_FOUND = 5,
    RPC_PERMISSION_DENIED = 7,
    RPC_RESOURCE_EXHAUSTED = 8,
    RPC_UNIMPLEMENTED = 12,
    RPC_INTERNAL = 13,
    RPC_UNAVAILABLE = 14,
    RPC_UNAUTHENTICATED = 16
};

static int rpc_code(enum tv_status status)
{
    switch (tv_status_http(status)) {
    case 401:
        return RPC_UNAUTHENTICATED;
    case 403:
        return RPC_PERMISSION_DENIED;
    case 404:
        return RPC_NOT_FOUND;
    case 405:
    case 501:
        return RPC_UNIMPLEMENTED;
    case 429:
        return RPC_RESOURCE_EXHAUSTED;
    case 500:
        return RPC_INTERNAL;
    case 503:
    case 504:
        return RPC_UNAVAILABLE;
    default:
        return RPC_INVALID_ARGUMENT;
    }
}

static bool type_is(struct tv_str header, struct tv_str type)
{
    struct tv_str rest;
    return tv_str_equal_nocase(tv_str_trim(tv_str_cut(header, ';', &rest)), type);
}

static bool is_json(const struct tv_http_request *request)
{
    return type_is(tv_http_header(request, "Content-Type"), TV_STR(JSON));
}

static void put_text(struct tv_buf *out, uint32_t number, struct tv_str text)
{
    tv_buf_put_varint(out, (uint64_t)number << 3 | TV_WIRE_BYTES);
    tv_buf_put_varint(out, text.len);
    tv_buf_append_str(out, text);
}

static void put_number(struct tv_buf *out, uint32_t number, uint64_t value)
{
    tv_buf_put_varint(out, (uint64_t)number << 3 | TV_WIRE_VARINT);
    tv_buf_put_varint(out, value);
}

static const char *error_form(
        const struct tv_http_request *request, const struct tv_error *err, struct tv_buf *body)
{
    int code = rpc_code(err->status);
    if (!is_json(request)) {
        put_number(body, 1, (uint64_t)code);
        put_text(body, 2, tv_str_of(err->message));
        return PROTOBUF;
    }
    struct tv_json_out json = {.out = body};
    tv_json_object(&json);
    tv_json_key(&json, "code");
    tv_json_i64(&json, code);
    tv_json_key(&json, "message");
    tv_json_text(&json, err->message);
    tv_json_end(&json);
    return JSON;
}

/* Exporters that got no answer in time send the same bytes again, and have no key to say so; so the
 * bytes are the key. Not where a record had no time of its own: those are written by hand, and the same
 * again is meant. */
static void set_request_key(struct tv_post *post, struct tv_str body)
{
    static const uint8_t none[sizeof(post->batch->request_key)];
    const struct tv_batch *batch = post->batch;
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    if (memcmp(batch->request_key, none, sizeof(none)) != 0)
        return;
    for (uint32_t row = 0; row < batch->rows; row++)
        if (times[row] == post->received_ns)
            return;
    tv_hash128(body.ptr, body.len, post->batch->request_key);
    post->batch->request_key[0] ^= (uint8_t)post->variant;
}

static enum tv_status decode(struct tv_post *post, struct tv_str body,
        struct tv_decode_report *report, struct tv_error *err)
{
    enum tv_otlp_signal signal = (enum tv_otlp_signal)(post->variant & ~VARIANT_JSON);
    struct tv_decode_options options = {.received_ns = post->received_ns};
    struct tv_buf message = {0};
    enum tv_status status = TV_OK;
    *report = (struct tv_decode_report){.accepted = 0};
    if (post->variant & VARIANT_JSON) {
        status = tv_otlp_from_json(body, signal, &message, err);
        body = tv_buf_str(&message);
    }
    if (status == TV_OK) {
        status = tv_otlp_decode(body, signal, &options, post->batch, report);
        if (status == TV_TOO_LARGE)
            (void)tv_fail(err, status, "a request holds at most %d events", TV_BATCH_ROWS_MAX);
        else if (status != TV_OK)
            (void)tv_fail(err, status, "the body is no valid message of this signal");
        else
            set_request_key(post, body);
    }
    tv_buf_release(&message);
    return status;
}

/* Why records were refused, in one sentence. */
static struct tv_str explain(const struct tv_decode_report *report, char *out, size_t size)
{
    const struct tv_decode_error *first = &report->errors[0];
    int length = snprintf(out, size, "%u of %u refused; record %u: %s%s%s", report->rejected,
            report->accepted + report->rejected, first->index, first->field,
            first->field[0] ? " " : "", first->reason);
    return (struct tv_str){out, length < (int)size ? (size_t)length : size - 1};
}

/* Export…PartialSuccess: how many, and why. */
static void put_partial(struct tv_post *post, const struct tv_decode_report *report)
{
    char reason[320];
    struct tv_str why = explain(report, reason, sizeof(reason));
    struct tv_buf partial = {0};
    put_number(&partial, 1, report->rejected);
    put_text(&partial, 2, why);
    put_text(&post->answer, 1, tv_buf_str(&partial));
    tv_buf_release(&partial);
}

static void put_partial_json(struct tv_post *post, const struct tv_decode_report *report)
{
    static const char *const names[] = {[TV_OTLP_TRACES] = "rejectedSpans",
            [TV_OTLP_LOGS] = "rejectedLogRecords",
            [TV_OTLP_METRICS] = "rejectedDataPoints"};
    char reason[320], count[24];
    struct tv_json_out json = {.out = &post->answer};
    (void)snprintf(count, sizeof(count), "%" PRIu32, report->rejected);
    tv_json_object(&json);
    if (report->rejected) {
        tv_json_key(&json, "partialSuccess");
        tv_json_object(&json);
        tv_json_key(&json, names[post->variant & ~VARIANT_JSON]);
        tv_json_text(&json, count); /* 64-bit numbers are strings in protobuf's JSON */
        tv_json_key(&json, "errorMessage");
        tv_json_str(&json, explain(report, reason, sizeof(reason)));
        tv_json_end(&json);
    }
    tv_json_end(&json);
}

static void answer(struct tv_post *post, const struct tv_decode_report *report)
{
    bool json = post->variant & VARIANT_JSON;
    post->answer_type = json ? JSON : PROTOBUF;
    if (json)
        put_partial_json(post, report);
    else if (report->rejected)
        put_partial(post, report);
}

static void take(
        struct tv_ingest *ingest, struct tv_http_request *request, enum tv_otlp_signal signal)
{
    static const struct tv_post_protocol protocol = {.decode = decode, .answer = answer};
    struct tv_post_spec spec = {ingest, &ingest->otlp_door, &protocol, (int)signal};
    struct tv_str type = tv_str_trim(tv_http_header(request, "Content-Type"));
    struct tv_error err;
    if (is_json(request))
        spec.variant |= VARIANT_JSON;
    if (is_json(request) || type_is(type, TV_STR(PROTOBUF)) ||
            type_is(type, TV_STR("application/protobuf"))) {
        tv_post_take(&spec, request);
        return;
    }
    (void)tv_fail(&err, TV_UNSUPPORTED, "Content-Type must be " PROTOBUF " or " JSON ", not '%.*s'",
            (int)(type.len < 64 ? type.len : 64), type.ptr ? type.ptr : "");
    tv_post_refuse(&spec, request, &err);
}

static void post_traces(void *ctx, struct tv_http_request *request)
{
    take(ctx, request, TV_OTLP_TRACES);
}

static void post_logs(void *ctx, struct tv_http_request *request)
{
    take(ctx, request, TV_OTLP_LOGS);
}

static void post_metrics(void *ctx, struct tv_http_request *request)
{
    take(ctx, request, TV_OTLP_METRICS);
}

void tv_ingest_refuse_grpc(struct tv_ingest *ingest)
{
    int64_t now_ns = tv_time_monotonic();
    ingest->otlp_door.requests++;
    tv_ingest_note_reject(&ingest->otlp_door,
            "a client speaks gRPC; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf in it");
    if (ingest->grpc_told_ns && now_ns - ingest->grpc_told_ns < TV_NS_PER_MIN)
        return;
    ingest->grpc_told_ns = now_ns;
    tv_log(TV_LOG_WARN, "a client speaks HTTP/2, as gRPC does, and OTLP is taken over HTTP/1.1",
            "fix", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", (char *)NULL);
}

void tv_ingest_add_otlp_routes(struct tv_ingest *ingest, struct tv_http_server *server)
{
    const struct {
        const char *path;
        tv_http_handler_fn *handler;
    } routes[] = {
            {"/v1/traces", post_traces}, {"/v1/logs", post_logs}, {"/v1/metrics", post_metrics}};
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        tv_http_route(server,
                &(struct tv_http_route){.method = "POST",
                        .path = routes[i].path,
                        .scope = TV_SCOPE_INGEST,
                        .body_max = TV_INGEST_BODY_BYTES_MAX,
                        .cors = true,
                        .error_form = error_form,
                        .handler = routes[i].handler,
                        .ctx = ingest});
}
