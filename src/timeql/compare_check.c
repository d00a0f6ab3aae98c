/* SPDX-License-Identifier: Apache-2.0 */
/* COMPARE's and DIFF's rules: two sides of one kind, and what is held against what. */
#include "base/time.h"
#include "store/frame.h"
#include "timeql/query.h"

static enum tv_status check_side(
        struct tv_query *query, const struct tv_ast_span *span, struct tv_compare_side *out)
{
    out->moment = !span->to.present;
    enum tv_status status = tv_compile_time(&query->compiler, &span->from, &out->from);
    if (status != TV_OK)
        return status;
    out->to = out->from;
    if (span->to.present)
        status = tv_compile_time(&query->compiler, &span->to, &out->to);
    if (status == TV_OK && out->to < out->from)
        return tv_check_fail(
                query, span->to.offset, "the span ends before it begins", "exchange its times");
    return status;
}

/* The answer's window is from the earliest moment looked at to the latest. */
static void span_window(struct tv_query *query)
{
    int64_t from = query->before.from < query->after.from ? query->before.from : query->after.from;
    query->windowed = true;
    query->to = query->before.to > query->after.to ? query->before.to : query->after.to;
    query->from = from;
    if (query->before.moment)
        query->from = tv_frame_window(from, query->over);
}

enum tv_status tv_check_compare(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    query->over = ast->over.present ? ast->over.ns : TV_OVER_DEFAULT_NS;
    enum tv_status status = check_side(query, &ast->before, &query->before);
    if (status == TV_OK)
        status = check_side(query, &ast->after, &query->after);
    if (status != TV_OK)
        return status;
    if (query->before.moment != query->after.moment)
        return tv_check_fail(query, ast->after.from.offset,
                "a moment cannot be compared with a span",
                "write both sides as one time, or both as time TO time");
    if (!query->before.moment && ast->over.present)
        return tv_check_fail(query, ast->over.offset, "OVER stands beside moments only",
                "the spans themselves say what is counted");
    span_window(query);
    return TV_OK;
}

enum tv_status tv_check_diff(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    struct tv_compiler *compiler = &query->compiler;
    enum tv_status status = tv_compile_cond(compiler, ast->subject, &query->subject);
    if (status == TV_OK)
        status = tv_compile_cond(compiler, ast->against, &query->against);
    for (size_t i = 0; i < ast->fields.count && status == TV_OK; i++) {
        struct tv_field_ref ref;
        status = tv_compile_field(compiler, &ast->fields.items[i], &ref);
    }
    return status == TV_OK ? tv_check_measures(query) : status;
}
