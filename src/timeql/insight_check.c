/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the statements that judge: PREDICT, ANOMALIES, ROOT CAUSE OF, WHAT IF. */
#include "base/time.h"
#include "timeql/literal.h"
#include "timeql/query.h"

#define PREDICT_MAX_NS (366 * TV_NS_PER_DAY)

enum tv_status tv_check_predict(struct tv_query *query)
{
    const struct tv_ast_duration *next = &query->ast->next;
    query->next_ns = next->ns;
    if (next->ns > PREDICT_MAX_NS)
        return tv_check_fail(
                query, next->offset, "a forecast goes one year far at most", "shorten NEXT");
    if (query->at > TV_TIME_MAX - next->ns)
        return tv_check_fail(
                query, query->ast->from.offset, "the forecast would end after time does", NULL);
    if (query->services)
        return tv_check_fail(query, query->ast->where->offset,
                "PREDICT chooses events by their own fields",
                "name derived fields behind PREDICT, and services by service = …");
    return tv_check_measures(query);
}

enum tv_status tv_check_anomalies(struct tv_query *query)
{
    if (query->ast->scores && query->ast->limit.present)
        return tv_check_fail(query, query->ast->limit.offset, "SCORES has no row limit",
                "leave LIMIT out, or SCORES");
    if (query->services)
        return tv_check_fail(query, query->ast->where->offset,
                "ANOMALIES chooses events by their own fields",
                "name derived fields behind FOR, and services by service = …");
    return tv_check_measures(query);
}

/* AT t reads nothing later than t, whatever the window says. */
enum tv_status tv_check_root_cause(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    if (query->has_at && query->windowed && query->from > query->at)
        return tv_check_fail(query, ast->at.offset, "AT lies before the window",
                "nothing later than AT is read");
    if (query->has_at && query->windowed && query->to > query->at)
        query->to = query->at;
    return tv_compile_cond(&query->compiler, ast->symptom, &query->symptom);
}

static enum tv_status check_derived_value(
        struct tv_query *query, const struct tv_literal *literal, struct tv_what_if_change *out)
{
    enum tv_derived derived = out->measure.derived;
    bool latency = derived == TV_DERIVED_LATENCY_P50 || derived == TV_DERIVED_LATENCY_P95 ||
            derived == TV_DERIVED_LATENCY_P99;
    bool share = derived == TV_DERIVED_ERROR_RATE && literal->kind == TV_LITERAL_PERCENT;
    out->value = share ? tv_value_f64(literal->value.f / 100) : literal->value;
    if (share || literal->kind == TV_LITERAL_NUMBER ||
            (latency && literal->kind == TV_LITERAL_DURATION))
        return TV_OK;
    return tv_check_fail(query, literal->offset, "this field takes no such value",
            "write errorRate = 1%, requestRate = 50 or latency = 250ms");
}

static enum tv_status check_value(
        struct tv_query *query, const struct tv_literal *literal, struct tv_what_if_change *out)
{
    if (out->measure.derived != TV_DERIVED_NONE)
        return check_derived_value(query, literal, out);
    struct tv_literal_place place = {
            .ref = out->measure.ref, .written = out->measure.written, .op = TV_OP_EQ};
    return tv_literal_value(&query->compiler, &place, literal, &out->value);
}

static enum tv_status check_change(
        struct tv_query *query, const struct tv_ast_change *change, struct tv_what_if_change *out)
{
    *out = (struct tv_what_if_change){.kind = change->kind,
            .ref = change->ref.text.ptr ? &change->ref : NULL,
            .baseline = change->baseline,
            .by_ns = change->by.ns};
    enum tv_status status = tv_compile_cond(&query->compiler, change->where, &out->where);
    if (status == TV_OK && change->kind == TV_CHANGE_SET)
        status = tv_compile_measure(&query->compiler, &change->field, &out->measure);
    if (status == TV_OK && change->kind == TV_CHANGE_SET && !change->baseline)
        status = check_value(query, &change->value, out);
    return status;
}

enum tv_status tv_check_what_if(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    query->changes = tv_arena_calloc(&query->arena, ast->change_count, sizeof(*query->changes));
    query->change_count = ast->change_count;
    enum tv_status status = TV_OK;
    for (size_t i = 0; i < ast->change_count && status == TV_OK; i++)
        status = check_change(query, &ast->changes[i], &query->changes[i]);
    return status;
}
