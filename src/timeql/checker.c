/* SPDX-License-Identifier: Apache-2.0 */
/* The checker turns what was written into what is meant: times, the window, the predicate, limits.
 * It knows nothing of the store, so it runs on the loop; names of attributes, which only the store
 * knows, are compared when the statement runs. select_check.c has SELECT's own rules. */
#include "base/time.h"
#include "store/frame.h"
#include "timeql/query.h"

enum tv_status tv_check_fail(
        struct tv_query *query, uint32_t offset, const char *message, const char *hint)
{
    tv_compiler_fail(&query->compiler, TV_SYNTAX, offset, "%s", message);
    if (hint)
        tv_error_hint(query->compiler.err, "%s", hint);
    return TV_SYNTAX;
}

static void window_before(struct tv_query *query, int64_t end, int64_t length)
{
    query->windowed = true;
    query->to = end;
    query->from = end > length ? end - length : 0;
}

/* PREDICT's FROM is the moment that the forecast starts at; IN LAST is the history before it. */
static enum tv_status check_predict_window(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    query->at = query->compiler.clock.now_ns;
    if (ast->to.present)
        return tv_check_fail(query, ast->to.offset, "PREDICT takes no TO",
                "FROM is the moment that the forecast starts at, NEXT says how far it goes");
    enum tv_status status = TV_OK;
    if (ast->from.present)
        status = tv_compile_time(&query->compiler, &ast->from, &query->at);
    window_before(query, query->at, ast->in_last.present ? ast->in_last.ns : TV_WINDOW_DEFAULT_NS);
    if (!ast->in_last.present)
        tv_compiler_warn(&query->compiler,
                TV_STR("no history was given: this is forecast from up to a week before; "
                       "IN LAST sets one"));
    return status;
}

static enum tv_status check_from_to(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    query->windowed = true;
    query->to = query->compiler.clock.now_ns;
    enum tv_status status = tv_compile_time(&query->compiler, &ast->from, &query->from);
    if (status == TV_OK && ast->to.present)
        status = tv_compile_time(&query->compiler, &ast->to, &query->to);
    if (status == TV_OK && query->from > query->to)
        return tv_check_fail(query, ast->to.present ? ast->to.offset : ast->from.offset,
                "the window ends before it begins",
                ast->to.present ? "exchange FROM and TO"
                                : "without TO the window ends now, and FROM is later");
    return status;
}

/* Whether a missing window means the last hour; the others look at all that is stored. */
static bool defaults_to_hour(const struct tv_ast *ast)
{
    if (ast->statement == TV_STATEMENT_SHOW)
        return ast->show != TV_SHOW_SERVICES && ast->show != TV_SHOW_FIELDS;
    if (ast->statement == TV_STATEMENT_ROOT_CAUSE)
        return ast->symptom; /* an event's own time says when it was */
    return ast->statement != TV_STATEMENT_TRAVERSE;
}

static void default_window(struct tv_query *query)
{
    window_before(query, query->at, TV_WINDOW_DEFAULT_NS);
    tv_compiler_warn(&query->compiler,
            query->ast->at.present ? TV_STR("no window was given: this is the hour before AT; "
                                            "FROM … TO or IN LAST sets one")
                                   : TV_STR("no window was given: this is the last hour; "
                                            "FROM … TO or IN LAST sets one"));
}

/* The window; IN LAST and the default end at AT, where there is one, else now. */
static enum tv_status check_window(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    query->from = TV_TIME_MIN;
    query->to = TV_TIME_MAX;
    query->at = query->compiler.clock.now_ns;
    if (ast->at.present) {
        query->has_at = true;
        enum tv_status status = tv_compile_time(&query->compiler, &ast->at, &query->at);
        if (status != TV_OK)
            return status;
    }
    if (ast->from.present)
        return check_from_to(query);
    if (ast->in_last.present)
        window_before(query, query->at, ast->in_last.ns);
    else if (ast->at.present || defaults_to_hour(ast))
        default_window(query);
    return TV_OK;
}

static enum tv_status check_state(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    enum tv_status status = tv_compile_time(&query->compiler, &ast->at, &query->at);
    query->over = ast->over.present ? ast->over.ns : TV_OVER_DEFAULT_NS;
    query->windowed = true;
    query->to = query->at;
    query->from = tv_frame_window(query->at, query->over);
    return status;
}

/* eventType IN (…) of FROM spans, logs, metrics. */
static struct tv_pred *source_pred(struct tv_arena *arena, enum tv_source source)
{
    static const char *const spans[] = {
            "span", "span:start", "span:end", "http:request", "http:response", "database:query"};
    static const char *const logs[] = {"log", "error"};
    static const char *const metrics[] = {"metric", "system:metrics"};
    const char *const *types = NULL;
    size_t count = 0;
    if (source == TV_SOURCE_SPANS) {
        types = spans;
        count = sizeof(spans) / sizeof(spans[0]);
    } else if (source == TV_SOURCE_LOGS) {
        types = logs;
        count = sizeof(logs) / sizeof(logs[0]);
    } else if (source == TV_SOURCE_METRICS) {
        types = metrics;
        count = sizeof(metrics) / sizeof(metrics[0]);
    } else {
        return NULL;
    }
    struct tv_value values[8];
    for (size_t i = 0; i < count; i++)
        values[i] = tv_value_str(tv_str_of(types[i]));
    return tv_pred_in(arena, tv_field_ref_fixed(TV_FIELD_TYPE), values, count);
}

/* The statements whose WHERE may ask for derived fields; MATCH's steps may, too, its WHERE may not. */
static bool takes_derived(enum tv_statement statement)
{
    return statement == TV_STATEMENT_STATE || statement == TV_STATEMENT_COMPARE ||
            statement == TV_STATEMENT_PREDICT || statement == TV_STATEMENT_ANOMALIES ||
            statement == TV_STATEMENT_WHAT_IF;
}

static enum tv_status check_conditions(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    enum tv_status status = takes_derived(ast->statement)
            ? tv_check_service_where(query)
            : tv_compile_cond(&query->compiler, ast->where, &query->where);
    if (status == TV_OK)
        status = tv_compile_cond(&query->compiler, ast->until, &query->until);
    struct tv_pred *source = source_pred(&query->arena, ast->source);
    if (source && query->where)
        query->where = tv_pred_and(&query->arena, source, query->where);
    else if (source)
        query->where = source;
    return status;
}

static enum tv_status check_buckets(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    int64_t length = query->to - query->from;
    if (!ast->every.present || length / ast->every.ns < TV_BUCKETS_MAX)
        return TV_OK;
    char step[24];
    size_t len = tv_duration_format(
            length / TV_BUCKETS_MAX / TV_NS_PER_S * TV_NS_PER_S + TV_NS_PER_S, step);
    tv_compiler_fail(&query->compiler, TV_TOO_LARGE, ast->every.offset,
            "the window holds more than %d such steps", TV_BUCKETS_MAX);
    tv_error_hint(query->compiler.err, "choose a step of at least %.*s, or a shorter window",
            (int)len, step);
    return TV_TOO_LARGE;
}

static enum tv_status check_timeline(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    if (ast->every.present && ast->order_count > 0)
        return tv_check_fail(query, ast->order_by[0].item.offset,
                "TIMELINE … EVERY is in the order of time already", "leave ORDER BY out");
    query->order = tv_arena_calloc(&query->arena, ast->order_count + 1, sizeof(*query->order));
    query->order_count = ast->order_count;
    for (size_t i = 0; i < ast->order_count; i++) {
        const struct tv_ast_item *item = &ast->order_by[i].item;
        if (item->aggregate != TV_AGGREGATE_NONE)
            return tv_check_fail(query, item->offset, "TIMELINE orders single events",
                    "functions stand in SELECT … GROUP BY");
        query->order[i].descending = ast->order_by[i].descending;
        enum tv_status status =
                tv_compile_field(&query->compiler, &item->field, &query->order[i].ref);
        if (status != TV_OK)
            return status;
    }
    return check_buckets(query);
}

static enum tv_status check_show(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    if (ast->show != TV_SHOW_FIELDS)
        return TV_OK;
    const char *hint = "it lists the names of every field that is stored";
    if (ast->where)
        return tv_check_fail(query, ast->where->offset, "SHOW fields takes no WHERE", hint);
    if (ast->from.present || ast->in_last.present)
        return tv_check_fail(query, ast->from.present ? ast->from.offset : ast->in_last.offset,
                "SHOW fields takes no window", hint);
    if (ast->as_of.present)
        return tv_check_fail(query, ast->as_of.offset, "SHOW fields takes no AS OF", hint);
    return TV_OK;
}

/* Rows to give: LIMIT, else the statement's default, never more than the budget. */
static void check_limit(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    uint64_t standard = query->rows_max;
    if (ast->statement == TV_STATEMENT_TIMELINE && !ast->every.present)
        standard = TV_TIMELINE_ROWS_DEFAULT;
    else if (ast->statement == TV_STATEMENT_TIMELINE)
        standard = TV_BUCKETS_MAX + 2;
    else if (ast->statement == TV_STATEMENT_TRAVERSE)
        standard = TV_TRAVERSE_EVENTS_MAX;
    else if (ast->statement == TV_STATEMENT_DIFF)
        standard = TV_DIFF_ROWS_DEFAULT;
    else if (ast->statement == TV_STATEMENT_MATCH)
        standard = TV_MATCHES_DEFAULT;
    uint64_t most = ast->every.present ? TV_BUCKETS_MAX + 2 : query->rows_max;
    query->limit = ast->limit.present ? ast->limit.value : standard;
    query->limit_written = ast->limit.present && query->limit <= most;
    if (query->limit > most)
        query->limit = most;
}

enum tv_status tv_check_measures(struct tv_query *query)
{
    const struct tv_ast_fields *fields = &query->ast->fields;
    query->measures = tv_arena_calloc(&query->arena, fields->count + 1, sizeof(*query->measures));
    query->measure_count = fields->count;
    enum tv_status status = TV_OK;
    for (size_t i = 0; i < fields->count && status == TV_OK; i++)
        status = tv_compile_measure(&query->compiler, &fields->items[i], &query->measures[i]);
    return status;
}

typedef enum tv_status check_fn(struct tv_query *query);

/* What a statement has of its own: when it looks, and the rest of its head. */
static const struct rule {
    check_fn *window; /* NULL: check_window */
    check_fn *rest;   /* NULL: nothing */
} rules[TV_STATEMENT_COUNT] = {
        [TV_STATEMENT_STATE] = {check_state, NULL},
        [TV_STATEMENT_TIMELINE] = {NULL, check_timeline},
        [TV_STATEMENT_MATCH] = {NULL, tv_check_match},
        [TV_STATEMENT_COMPARE] = {tv_check_compare, tv_check_measures},
        [TV_STATEMENT_PREDICT] = {check_predict_window, tv_check_predict},
        [TV_STATEMENT_ROOT_CAUSE] = {NULL, tv_check_root_cause},
        [TV_STATEMENT_WHAT_IF] = {NULL, tv_check_what_if},
        [TV_STATEMENT_ANOMALIES] = {NULL, tv_check_anomalies},
        [TV_STATEMENT_DIFF] = {NULL, tv_check_diff},
        [TV_STATEMENT_SELECT] = {NULL, tv_check_select},
        [TV_STATEMENT_SHOW] = {NULL, check_show},
};

enum tv_status tv_check(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    const struct rule *rule = &rules[ast->statement];
    enum tv_status status = rule->window ? rule->window(query) : check_window(query);
    if (status == TV_OK && ast->as_of.present) {
        query->has_as_of = true;
        status = tv_compile_time(&query->compiler, &ast->as_of, &query->as_of);
    }
    if (status == TV_OK)
        status = check_conditions(query);
    if (status == TV_OK && rule->rest)
        status = rule->rest(query);
    check_limit(query);
    return status == TV_OK ? tv_check_built(query) : status;
}
