/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/v1/events: a body in, counts out, and in between a commit (post.h). The first byte tells
 * object, array or lines, whatever the Content-Type calls it.
 *
 * POST /api/v1/deployments is the same with one event whose type is known: what a CI job can say in one
 * line should not need the words of the event model. Its other members stay attributes, so a link to
 * the job or an environment is kept too. */
#include "base/json_out.h"
#include "ingest/post.h"

/* A post's variant. */
enum { EVENTS, DEPLOYMENT };

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

static bool refuses(struct tv_post *post, const struct tv_decode_report *report)
{
    bool failed = post->status != TV_OK;
    if (report->accepted > 0 || (!failed && report->rejected == 0))
        return false;
    if (!failed)
        explain_refusal(report, &post->err);
    write_refusal(&post->answer, &post->err, report);
    post->answer_type = "application/json";
    return true;
}

static void answer(struct tv_post *post, const struct tv_decode_report *report)
{
    write_counts(&post->answer, report);
    post->answer_type = "application/json";
}

/* Whether the first row has one of the attributes. */
static bool has_any(const struct tv_batch *batch, const struct tv_str *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t attr = tv_batch_find_attr(batch, names[i]);
        if (attr != UINT32_MAX && tv_batch_attr_value(batch, attr, 0).type != TV_TYPE_NULL)
            return true;
    }
    return false;
}

/* Makes the one event a deployment, or says what keeps it from being one. */
static enum tv_status make_deployment(
        struct tv_batch *batch, const struct tv_decode_report *report, struct tv_error *err)
{
    static const struct tv_str commits[] = {{"commit", 6}, {"vcs.ref.head.revision", 21}};
    size_t version_count = 0;
    const struct tv_str *versions = tv_version_attributes(&version_count);
    if (report->accepted + report->rejected != 1)
        return tv_fail(err, TV_BAD_INPUT, "a deployment is one JSON object");
    if (report->accepted == 0)
        return TV_OK; /* the report tells why */
    if (!has_any(batch, versions, version_count) && !has_any(batch, commits, 2)) {
        (void)tv_fail(err, TV_BAD_INPUT, "a deployment needs a version or a commit");
        tv_error_hint(err, "such as {\"service\":\"shop\",\"version\":\"1.4.2\"}");
        return TV_BAD_INPUT;
    }
    tv_batch_set_text(batch, TV_FIELD_TYPE, 0, TV_STR("deploy"));
    if (!tv_batch_text(batch, TV_FIELD_NAME, 0).ptr)
        tv_batch_set_text(batch, TV_FIELD_NAME, 0, TV_STR("deploy"));
    return TV_OK;
}

static enum tv_status decode(struct tv_post *post, struct tv_str body,
        struct tv_decode_report *report, struct tv_error *err)
{
    struct tv_decode_options options = {.received_ns = post->received_ns};
    enum tv_status status = tv_native_decode(body, &options, post->batch, report, err);
    if (status != TV_OK || post->variant != DEPLOYMENT)
        return status;
    status = make_deployment(post->batch, report, err);
    if (status != TV_OK) {
        report->rejected += report->accepted;
        report->accepted = 0;
    }
    return status;
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

static void take(struct tv_ingest *ingest, struct tv_http_request *request, int variant)
{
    static const struct tv_post_protocol protocol = {decode, answer, refuses};
    struct tv_post_spec spec = {ingest, &ingest->events_door, &protocol, variant};
    struct tv_str type = tv_str_trim(tv_http_header(request, "Content-Type"));
    struct tv_error err;
    if (!is_foreign_type(type)) {
        tv_post_take(&spec, request);
        return;
    }
    (void)tv_fail(&err, TV_UNSUPPORTED, "events are not read from '%.*s'",
            (int)(type.len < 64 ? type.len : 64), type.ptr);
    tv_error_hint(&err, "send JSON: an object, an array of objects, or one a line");
    tv_post_refuse(&spec, request, &err);
}

void tv_ingest_post_events(void *ctx, struct tv_http_request *request)
{
    take(ctx, request, EVENTS);
}

void tv_ingest_post_deployment(void *ctx, struct tv_http_request *request)
{
    take(ctx, request, DEPLOYMENT);
}
