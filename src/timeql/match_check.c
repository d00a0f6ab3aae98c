/* SPDX-License-Identifier: Apache-2.0 */
/* MATCH's rules: what steps may ask for, how long they may take, what a key is. */
#include "base/time.h"
#include "timeql/parser.h"
#include "timeql/query.h"

enum { TIMES_MAX = 100000 };

static bool same_label(const struct tv_ast_step *a, const struct tv_ast_step *b)
{
    return a->label.ptr && b->label.ptr && tv_str_equal(a->label, b->label);
}

static enum tv_status check_label(struct tv_query *query, size_t index)
{
    const struct tv_ast_step *steps = query->ast->steps;
    for (size_t i = 0; i < index; i++)
        if (same_label(&steps[i], &steps[index]))
            return tv_check_fail(query, steps[index].offset, "two steps have the same label",
                    "give each its own name");
    return TV_OK;
}

static enum tv_status check_times(struct tv_query *query, const struct tv_ast_step *step)
{
    if (!step->times.present || (step->times.value >= 1 && step->times.value <= TIMES_MAX))
        return TV_OK;
    return tv_compiler_fail(&query->compiler, TV_SYNTAX, step->times.offset,
            "a step repeats 1 to %d times", TIMES_MAX);
}

/* The offset of a condition on open requests, which are not worked out bucket by bucket; or NULL. */
static const struct tv_cond *find_active(const struct tv_cond *cond)
{
    bool joined =
            cond->kind == TV_COND_AND || cond->kind == TV_COND_OR || cond->kind == TV_COND_NOT;
    const struct tv_cond *found = NULL;
    if (!joined)
        return tv_derived_of(cond->field.name) == TV_DERIVED_ACTIVE_REQUESTS ? cond : NULL;
    for (size_t i = 0; i < cond->count && !found; i++)
        found = find_active(cond->children[i]);
    return found;
}

static enum tv_status check_active(struct tv_query *query, const struct tv_cond *cond)
{
    const struct tv_cond *active = find_active(cond);
    if (!active)
        return TV_OK;
    tv_compiler_fail(&query->compiler, TV_NOT_BUILT, active->offset,
            "activeRequests in MATCH PATTERN is not built yet");
    tv_error_hint(query->compiler.err, "STATE AT tells them; requestRate and latency stand here");
    return TV_NOT_BUILT;
}

static enum tv_status check_step(
        struct tv_query *query, const struct tv_ast_step *step, struct tv_match_step *out)
{
    *out = (struct tv_match_step){.label = step->label,
            .negated = step->negated,
            .derived = tv_asks_derived(step->cond),
            .times = step->times.present ? step->times.value : 1,
            .within_ns = step->within.present ? step->within.ns : TV_WITHIN_DEFAULT_NS,
            .lasting_ns = step->lasting.present ? step->lasting.ns : 0};
    out->spread_ns = step->spread.present ? step->spread.ns : out->within_ns;
    enum tv_status status = check_times(query, step);
    if (status == TV_OK)
        status = check_active(query, step->cond);
    if (status != TV_OK)
        return status;
    return out->derived ? tv_compile_service_cond(&query->compiler, step->cond, &out->where)
                        : tv_compile_cond(&query->compiler, step->cond, &out->where);
}

static bool is_service(const struct tv_field_ref *ref)
{
    return ref->class == TV_FIELD_FIXED && ref->field == TV_FIELD_SERVICE;
}

/* Derived fields are a service's, so that a key with anything else in it has none. */
static enum tv_status check_derived_key(struct tv_query *query)
{
    if (query->per_count == 1 && is_service(&query->per[0].ref))
        return TV_OK;
    for (size_t i = 0; i < query->step_count; i++)
        if (query->steps[i].derived)
            return tv_check_fail(query, query->ast->steps[i].cond->offset,
                    "what is computed for a service can be matched per service only",
                    "leave PER out, or write PER service");
    return TV_OK;
}

static enum tv_status check_per(struct tv_query *query)
{
    static struct tv_ast_field service = {.name = {"service", 7}};
    static const struct tv_ast_fields standard = {.items = &service, .count = 1};
    const struct tv_ast_fields *fields = query->ast->per.count ? &query->ast->per : &standard;
    query->per = tv_arena_calloc(&query->arena, fields->count, sizeof(*query->per));
    query->per_count = fields->count;
    for (size_t i = 0; i < fields->count; i++) {
        struct tv_field_ref ref;
        enum tv_status status = tv_compile_field(&query->compiler, &fields->items[i], &ref);
        if (status != TV_OK)
            return status;
        query->per[i] = tv_column_of(fields->items[i].name, ref);
    }
    if (query->ast->per.count == 0)
        tv_compiler_warn(&query->compiler,
                TV_STR("no key was given: steps are joined per service; PER sets one"));
    return TV_OK;
}

enum tv_status tv_check_match(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    if (ast->step_count > TV_PATTERN_STEPS_MAX)
        return tv_compiler_fail(&query->compiler, TV_TOO_LARGE,
                ast->steps[TV_PATTERN_STEPS_MAX].offset, "a pattern has at most %d steps",
                TV_PATTERN_STEPS_MAX);
    query->steps = tv_arena_calloc(&query->arena, ast->step_count, sizeof(*query->steps));
    query->step_count = ast->step_count;
    enum tv_status status = TV_OK;
    for (size_t i = 0; i < ast->step_count && status == TV_OK; i++) {
        status = check_label(query, i);
        if (status == TV_OK)
            status = check_step(query, &ast->steps[i], &query->steps[i]);
    }
    if (status == TV_OK)
        status = check_per(query);
    return status == TV_OK ? check_derived_key(query) : status;
}
