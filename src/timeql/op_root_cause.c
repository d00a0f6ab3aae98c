/* SPDX-License-Identifier: Apache-2.0 */
/* ROOT CAUSE OF: the causality room finds, this file asks and writes.
 *
 * Of a reference, the symptom is the event's service, and what is read ends a little behind the event,
 * so that what it was part of is seen as a whole; AT sets another end. */
#include "base/time.h"
#include "causality/root_cause.h"
#include "timeql/exec.h"
#include "timeql/parser.h"

#include <math.h>

/* Without AT or a window: so much before and behind the event asked about. */
#define REF_BEFORE_NS TV_NS_PER_HOUR
#define REF_BEHIND_NS (5 * TV_NS_PER_MIN)

struct asked {
    struct tv_exec *exec;
    struct tv_root_cause_spec spec;
    int64_t time; /* of the event, TV_ABSENT_I64: none yet */
    struct tv_str service;
};

static enum tv_status keep_event(
        void *ctx, const struct tv_scan_batch *batch, int64_t bound, bool *stop)
{
    struct asked *asked = ctx;
    const int64_t *times = tv_batch_i64(batch->batch, TV_FIELD_TIME);
    (void)bound;
    (void)stop;
    for (uint32_t i = 0; i < batch->count; i++) {
        uint32_t row = batch->rows[i];
        if (asked->time != TV_ABSENT_I64 && times[row] >= asked->time)
            continue;
        asked->time = times[row];
        asked->service = tv_arena_str(
                &asked->exec->arena, tv_batch_text(batch->batch, TV_FIELD_SERVICE, row));
    }
    return TV_OK;
}

static enum tv_status not_found(struct tv_exec *exec)
{
    const struct tv_ast_ref *ref = &exec->query->ast->ref;
    tv_fail(exec->err, TV_NOT_FOUND, "there is no %s '%.*s'",
            ref->kind == TV_REF_TRACE ? "trace" : "event",
            TV_STR_ARG(tv_utf8_prefix(ref->text, 128)));
    tv_error_place(exec->err, exec->query->compiler.text, ref->offset);
    tv_error_hint(
            exec->err, "a service's symptom is named so: ROOT CAUSE OF WHERE service = 'name'");
    return TV_NOT_FOUND;
}

static enum tv_status resolve_ref(struct asked *asked)
{
    struct tv_exec *exec = asked->exec;
    const struct tv_query *query = exec->query;
    enum tv_status status = tv_exec_scan(exec, &exec->plan.scans[0], keep_event, asked);
    if (status != TV_OK)
        return status;
    if (asked->time == TV_ABSENT_I64)
        return not_found(exec);
    asked->spec.symptom = tv_pred_compare(&exec->arena, tv_field_ref_fixed(TV_FIELD_SERVICE),
            TV_OP_EQ, tv_value_str(asked->service));
    if (query->windowed)
        return TV_OK;
    asked->spec.from = asked->time > REF_BEFORE_NS ? asked->time - REF_BEFORE_NS : 0;
    asked->spec.to = query->has_at                      ? query->at
            : asked->time < TV_TIME_MAX - REF_BEHIND_NS ? asked->time + REF_BEHIND_NS
                                                        : TV_TIME_MAX;
    return TV_OK;
}

static void write_text(struct tv_json_out *json, const char *key, struct tv_str text)
{
    tv_json_key(json, key);
    if (text.ptr)
        tv_json_str(json, text);
    else
        tv_json_null(json);
}

static void write_number(struct tv_json_out *json, const char *key, double number)
{
    tv_json_key(json, key);
    tv_json_f64(json, number);
}

static void write_change(struct tv_json_out *json, const struct tv_cause_change *change)
{
    tv_json_key(json, "change");
    if (!change) {
        tv_json_null(json);
        return;
    }
    tv_json_object(json);
    write_text(json, "eventId", change->event_id);
    write_text(json, "name", change->name);
    write_text(json, "version", change->version);
    write_text(json, "commit", change->commit);
    tv_json_end(json);
}

static void write_series(struct tv_json_out *json, const struct tv_cause_evidence *evidence)
{
    tv_json_key(json, "series");
    tv_json_array(json);
    for (size_t i = 0; i < evidence->series_count; i++) {
        tv_json_object(json);
        tv_json_key(json, "time");
        tv_json_time(json, evidence->series[i].time);
        write_number(json, "value", evidence->series[i].value);
        tv_json_end(json);
    }
    tv_json_end(json);
}

static void write_evidence(struct tv_json_out *json, const struct tv_cause *cause)
{
    tv_json_key(json, "evidence");
    tv_json_array(json);
    for (size_t i = 0; i < cause->evidence_count; i++) {
        const struct tv_cause_evidence *evidence = &cause->evidence[i];
        tv_json_object(json);
        write_text(json, "signal", evidence->signal);
        write_number(json, "value", evidence->value);
        write_number(json, "usual", evidence->usual);
        write_number(json, "weight", evidence->weight);
        write_text(json, "text", evidence->text);
        write_series(json, evidence);
        tv_json_end(json);
    }
    tv_json_end(json);
}

static void write_texts(
        struct tv_json_out *json, const char *key, const struct tv_str *texts, size_t count)
{
    tv_json_key(json, key);
    tv_json_array(json);
    for (size_t i = 0; i < count; i++)
        tv_json_str(json, texts[i]);
    tv_json_end(json);
}

struct cause_item {
    const struct tv_cause *cause;
    size_t rank;
};

static void cause_members(struct tv_json_out *json, const void *ptr)
{
    const struct cause_item *item = ptr;
    const struct tv_cause *cause = item->cause;
    tv_json_key(json, "rank");
    tv_json_u64(json, item->rank);
    write_text(json, "service", cause->service);
    write_text(json, "instance", cause->instance);
    write_text(json, "host", cause->host);
    tv_json_key(json, "kind");
    tv_json_text(json, cause->kind);
    write_change(json, cause->change);
    write_number(json, "confidence", cause->confidence);
    tv_json_key(json, "onset");
    tv_json_time(json, cause->onset);
    write_text(json, "summary", cause->summary);
    write_texts(json, "path", cause->path, cause->path_count);
    write_evidence(json, cause);
    write_texts(json, "against", cause->against, cause->against_count);
}

static struct tv_value text_cell(struct tv_str text)
{
    return text.ptr ? tv_value_str(text) : tv_value_null();
}

static void cause_cells(const void *ptr, struct tv_arena *arena, struct tv_value *out)
{
    const struct cause_item *item = ptr;
    const struct tv_cause *cause = item->cause;
    (void)arena;
    out[0] = tv_value_i64((int64_t)item->rank);
    out[1] = text_cell(cause->service);
    out[2] = text_cell(cause->instance);
    out[3] = tv_value_str(tv_str_of(cause->kind));
    out[4] = tv_value_f64(round(cause->confidence * 1000) / 1000);
    out[5] = tv_value_i64(cause->onset);
    out[6] = text_cell(cause->change ? cause->change->event_id : (struct tv_str){NULL, 0});
    out[7] = text_cell(cause->summary);
}

static const struct tv_column cause_columns[] = {{.name = {"rank", 4}, .kind = TV_AS_INTEGER},
        {.name = {"service", 7}, .kind = TV_AS_STRING},
        {.name = {"instance", 8}, .kind = TV_AS_STRING},
        {.name = {"kind", 4}, .kind = TV_AS_STRING},
        {.name = {"confidence", 10}, .kind = TV_AS_NUMBER},
        {.name = {"onset", 5}, .kind = TV_AS_TIME}, {.name = {"change", 6}, .kind = TV_AS_STRING},
        {.name = {"summary", 7}, .kind = TV_AS_STRING}};

static const struct tv_answer_list cause_list = {
        .member = "causes",
        .columns = cause_columns,
        .column_count = sizeof(cause_columns) / sizeof(cause_columns[0]),
        .members = cause_members,
        .cells = cause_cells,
};

static void write_symptom(struct tv_json_out *json, const struct tv_root_cause *found)
{
    tv_json_key(json, "symptom");
    tv_json_object(json);
    write_text(json, "service", found->symptom);
    tv_json_key(json, "onset");
    if (found->symptom.ptr)
        tv_json_time(json, found->onset);
    else
        tv_json_null(json);
    tv_json_end(json);
}

static void write_impact(struct tv_json_out *json, const struct tv_root_cause *found)
{
    tv_json_key(json, "impact");
    tv_json_array(json);
    for (size_t i = 0; i < found->impact_count; i++) {
        const struct tv_cause_impact *impact = &found->impact[i];
        tv_json_object(json);
        write_text(json, "service", impact->service);
        tv_json_key(json, "requests");
        tv_json_u64(json, impact->requests);
        tv_json_key(json, "failed");
        tv_json_u64(json, impact->failed);
        tv_json_key(json, "slow");
        tv_json_u64(json, impact->slow);
        tv_json_end(json);
    }
    tv_json_end(json);
}

static void warn(struct tv_exec *exec, const struct tv_root_cause *found)
{
    if (!found->symptom.ptr)
        tv_exec_warn(exec, "no event in the window fulfils the condition");
    else if (found->cause_count == 0)
        tv_exec_warn(exec, "nothing stands out: no service differs from what it was before");
    if (found->sampled)
        tv_exec_warn(exec,
                "the window holds more spans than are looked at: a sample of its traces "
                "was taken");
}

static enum tv_status write_answer(struct tv_exec *exec, const struct tv_root_cause_spec *spec,
        const struct tv_root_cause *found)
{
    size_t count = found->cause_count;
    warn(exec, found);
    if (count > exec->query->limit)
        count = (size_t)exec->query->limit;
    tv_answer_head(&exec->answer, "ROOT_CAUSE", spec->from, spec->to);
    struct tv_json_out *json = tv_answer_json(&exec->answer);
    if (json)
        write_symptom(json, found);
    tv_answer_open(&exec->answer, &cause_list);
    for (size_t i = 0; i < count; i++) {
        struct cause_item item = {&found->causes[i], i + 1};
        tv_answer_item(&exec->answer, &item);
    }
    tv_answer_close(&exec->answer);
    if (json)
        write_impact(json, found);
    return tv_exec_end(exec);
}

enum tv_status tv_op_root_cause(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    struct asked asked = {.exec = exec, .time = TV_ABSENT_I64};
    asked.spec = (struct tv_root_cause_spec){.snapshot = exec->snapshot,
            .cancel = exec->cancel,
            .from = query->from,
            .to = query->to,
            .arrival_to = exec->arrival_to,
            .symptom = query->symptom};
    enum tv_status status = query->ast->ref.text.ptr ? resolve_ref(&asked) : TV_OK;
    if (status != TV_OK)
        return status;
    struct tv_root_cause *found = tv_arena_calloc(&exec->arena, 1, sizeof(*found));
    status = tv_root_cause_find(&asked.spec, &exec->arena, found, exec->err);
    if (status != TV_OK)
        return status;
    exec->stats.segments_read += found->stats.segments_read;
    exec->stats.events += found->stats.events;
    exec->stats.bytes += found->stats.bytes;
    return write_answer(exec, &asked.spec, found);
}
