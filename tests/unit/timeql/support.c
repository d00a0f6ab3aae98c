/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the room's tests: the list of good statements, and equality of trees, written apart from
 * the printer so that what the printer forgets is noticed. */
#include "support.h"

const char *const good_statements[] = {
        "STATE AT '2024-01-15 15:47:23' WHERE service = 'api-gateway'",
        "STATE AT 'now' OVER 10s AS OF '10 minutes ago' FORMAT table",
        "state at 1705333643 where cpu > 80%",
        "TIMELINE",
        "TIMELINE FROM '10 minutes ago' TO 'now' WHERE eventType = 'error'",
        "TIMELINE IN LAST 5 minutes EVERY 10s LIMIT 20",
        "TIMELINE LIMIT 3 ORDER BY duration DESC, service IN LAST 1h WHERE NOT (a = 1 OR b = 2)",
        "TRAVERSE FROM event_id FOLLOWING backward UNTIL error_occurred = true",
        "TRAVERSE FROM 9b2f4c1e-aa00-4b1c-9f00-0123456789ab FOLLOWING both",
        "TRAVERSE FROM @0000000000001 FOLLOWING forward VIA call, declared DEPTH 3",
        "TRAVERSE FROM trace_id = '0af7651916cd43dd8448eb211c80319c' FOLLOWING both LIMIT 5",
        "TRAVERSE FROM event_id = 'it''s' FOLLOWING both WHERE service = \"a\"",
        "SELECT count(*) FROM spans WHERE duration > 250ms GROUP BY service EVERY 1m",
        ("SELECT count(user.id), distinct(`k8s.pod-name`) AS pods, sum(x), avg(x), min(x), max(x), "
         "first(x), last(x) FROM events FROM '2024-01-15' TO '2024-01-16' GROUP BY `from` "
         "ORDER BY pods DESC"),
        "SELECT p50(duration), p90(x), p95(x) AS y, P99(x), stddev(x) ORDER BY p95(x) DESC, p90(x)",
        "SELECT rate(*), rate(x), topk(host, 5), topk(name, 100) AS t GROUP BY service ORDER BY rate(*)",
        "SELECT * FROM logs LIMIT 10",
        "SELECT service, duration AS d FROM metrics ORDER BY duration ASC FORMAT csv",
        "SELECT service WHERE a == 1 AND b != 2 AND c <> 3 AND d < 4 AND e <= 5 AND f > 6 AND g >= 7",
        "SELECT service WHERE a =~ '^x' OR b !~ 'y' OR c IN (1, 'two', true) OR d NOT IN (3)",
        "SELECT service WHERE a BETWEEN 1 AND 2 AND b CONTAINS 'x' AND c STARTS WITH 'y'",
        "SELECT service WHERE EXISTS a AND b EXISTS AND EXISTS(c) AND d IS NULL AND e IS NOT NULL",
        "SELECT service WHERE (a = 1 AND (b = 2 AND c = 3)) OR NOT NOT d = 4 AND e = -1.5e3",
        "SELECT service WHERE size > 1.5GiB AND rest > 10 MB AND wait > 2 hours AND load = 80%",
        "SHOW services IN LAST 1 day -- a comment\n;",
        "SHOW fields",
        "SHOW hosts LIMIT 3",
        "SHOW deploys FROM '1 week ago'",
        "COMPARE '2024-01-15 15:45:00' WITH '2024-01-15 15:50:00' FOR cpu, memory, errorRate",
        "COMPARE '2024-01-15' TO '2024-01-16' WITH 1705333643 TO 'now' WHERE errorRate > 5%",
        "COMPARE '1 hour ago' WITH 'now' OVER 2m AS OF 'now' FORMAT table",
        "DIFF WHERE error_occurred = true AGAINST REST IN LAST 1h BY host, version LIMIT 5",
        "DIFF WHERE host = 'a' OR host = 'b' AGAINST WHERE host = 'c' FROM 'yesterday 14:00'",
        "MATCH PATTERN WHERE cpu > 80% FOLLOWED BY memory > 90% WITHIN 5 minutes IN LAST 30 days",
        ("MATCH PATTERN a: WHERE x = 1 AT LEAST 3 TIMES IN 10s FOR 1m FOLLOWED BY `b c`: y = 2 FOR 5s "
         "WITHIN 2m NOT FOLLOWED BY z = 3 AT LEAST 2 TIMES IN LAST 1h PER service, host OVERLAPPING"),
        "MATCH PATTERN errorRate > 5% AND service = 'a' WHERE host = 'h' FROM '2024-01-15' LIMIT 3",
        "EXPLAIN MATCH PATTERN a = 1 AND b = 2 OR c = 3",
        "EXPLAIN TIMELINE",
        "EXPLAIN ANALYZE SELECT count(*) FORMAT ndjson",
        "ANOMALIES",
        "ANOMALIES FOR errorRate, cpu IN LAST 1 day WHERE service = 'a' LIMIT 20",
        "ANOMALIES FOR latency SCORES",
        "PATTERNS IN LAST 1h WHERE eventType = 'error' LIMIT 10",
        "PREDICT NEXT 5 minutes FROM 'now'",
        "PREDICT cpu, errorRate NEXT 1h FROM '2024-01-15' IN LAST 2 days WHERE service = 'a'",
        "ROOT CAUSE OF err-12",
        "ROOT CAUSE OF trace_id = 'abc' AT '2024-01-15 15:47:23' WHERE service = 'orders' LIMIT 3;",
        "ROOT CAUSE OF WHERE service = 'orders' AND error_occurred = true IN LAST 10m",
};
const size_t good_statement_count = sizeof(good_statements) / sizeof(good_statements[0]);

const char *const later_statements[] = {

        "WHAT IF REMOVE dep-1",
        ("WHAT IF REMOVE WHERE eventType = 'deploy', SET errorRate = 1% WHERE service = 'a', "
         "SET latency = BASELINE, SET pool.size = 50, DELAY WHERE service = 'b' BY 200ms IN LAST 1h"),
        "WHAT IF REMOVE dep-1, REMOVE event_id = 'dep-2' WHERE service = 'orders'",
        "TRAVERSE FROM err-12 FOLLOWING causality",
        "TRAVERSE FROM err-12 FOLLOWING backward VIA failure, declared, temporal, dataflow, change",
        "SHOW incidents",
        "SHOW edges IN LAST 1h",
        "SELECT type, confidence FROM edges WHERE confidence > 0.5",
        "SELECT title FROM incidents IN LAST 1 day",
};
const size_t later_statement_count = sizeof(later_statements) / sizeof(later_statements[0]);

static struct tv_ast *parsed(struct tv_arena *arena, const char *text)
{
    struct tv_ast *ast = NULL;
    struct tv_error err;
    struct tv_source_text source = {.text = tv_str_of(text)};
    if (tv_parse_query(&source, arena, &ast, &err) != TV_OK)
        fail_msg("%s: %s (%u:%u)", text, err.message, err.line, err.column);
    return ast;
}

const char *printed(struct tv_arena *arena, const char *text)
{
    struct tv_buf out = {0};
    tv_ast_print(parsed(arena, text), &out);
    struct tv_str copy = tv_arena_str(arena, tv_buf_str(&out));
    tv_buf_release(&out);
    return copy.ptr;
}

enum tv_status prepared(const char *text, struct tv_error *err)
{
    struct tv_query *query = NULL;
    struct tv_query_env env = {.text = tv_str_of(text), .now_ns = TEST_NOW};
    memset(err, 0, sizeof(*err));
    enum tv_status status = tv_query_prepare(&env, &query, err);
    tv_query_free(query);
    return status;
}

static bool value_equal(const struct tv_literal *a, const struct tv_literal *b)
{
    return a->kind == b->kind && tv_str_equal(a->text, b->text) && a->value.type == b->value.type &&
            tv_value_compare(a->value, b->value) == 0;
}

static bool cond_equal(const struct tv_cond *a, const struct tv_cond *b)
{
    if (!a || !b)
        return a == b;
    bool equal = a->kind == b->kind && a->count == b->count && a->op == b->op &&
            tv_str_equal(a->field.name, b->field.name);
    for (size_t i = 0; equal && i < a->count; i++)
        equal = a->children ? cond_equal(a->children[i], b->children[i])
                            : value_equal(&a->values[i], &b->values[i]);
    return equal;
}

static bool time_equal(const struct tv_ast_time *a, const struct tv_ast_time *b)
{
    return a->present == b->present && a->quoted == b->quoted && tv_str_equal(a->text, b->text);
}

static bool item_equal(const struct tv_ast_item *a, const struct tv_ast_item *b)
{
    return a->aggregate == b->aggregate && a->star == b->star &&
            a->most.present == b->most.present && a->most.value == b->most.value &&
            tv_str_equal(a->field.name, b->field.name) && tv_str_equal(a->label, b->label);
}

static bool ref_equal(const struct tv_ast_ref *a, const struct tv_ast_ref *b)
{
    return a->kind == b->kind && tv_str_equal(a->text, b->text);
}

static bool duration_equal(const struct tv_ast_duration *a, const struct tv_ast_duration *b)
{
    return a->present == b->present && a->ns == b->ns;
}

static bool count_equal(const struct tv_ast_count *a, const struct tv_ast_count *b)
{
    return a->present == b->present && a->value == b->value;
}

static bool fields_equal(const struct tv_ast_fields *a, const struct tv_ast_fields *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = tv_str_equal(a->items[i].name, b->items[i].name);
    return equal;
}

static bool step_equal(const struct tv_ast_step *a, const struct tv_ast_step *b)
{
    return tv_str_equal(a->label, b->label) && a->negated == b->negated &&
            cond_equal(a->cond, b->cond) && count_equal(&a->times, &b->times) &&
            duration_equal(&a->spread, &b->spread) && duration_equal(&a->lasting, &b->lasting) &&
            duration_equal(&a->within, &b->within);
}

static bool change_equal(const struct tv_ast_change *a, const struct tv_ast_change *b)
{
    bool valued = a->kind == TV_CHANGE_SET && !a->baseline;
    return a->kind == b->kind && ref_equal(&a->ref, &b->ref) && cond_equal(a->where, b->where) &&
            tv_str_equal(a->field.name, b->field.name) && a->baseline == b->baseline &&
            duration_equal(&a->by, &b->by) && (!valued || value_equal(&a->value, &b->value));
}

static bool lists_equal(const struct tv_ast *a, const struct tv_ast *b)
{
    bool equal = a->item_count == b->item_count && a->order_count == b->order_count &&
            a->step_count == b->step_count && a->change_count == b->change_count;
    for (size_t i = 0; equal && i < a->item_count; i++)
        equal = item_equal(&a->items[i], &b->items[i]);
    for (size_t i = 0; equal && i < a->order_count; i++)
        equal = a->order_by[i].descending == b->order_by[i].descending &&
                item_equal(&a->order_by[i].item, &b->order_by[i].item);
    for (size_t i = 0; equal && i < a->step_count; i++)
        equal = step_equal(&a->steps[i], &b->steps[i]);
    for (size_t i = 0; equal && i < a->change_count; i++)
        equal = change_equal(&a->changes[i], &b->changes[i]);
    return equal && fields_equal(&a->group_by, &b->group_by) && fields_equal(&a->per, &b->per) &&
            fields_equal(&a->fields, &b->fields);
}

static bool heads_equal(const struct tv_ast *a, const struct tv_ast *b)
{
    return a->statement == b->statement && time_equal(&a->at, &b->at) &&
            ref_equal(&a->ref, &b->ref) && a->direction == b->direction && a->via == b->via &&
            cond_equal(a->until, b->until) && count_equal(&a->depth, &b->depth) &&
            a->star == b->star && a->source == b->source && a->show == b->show &&
            a->overlapping == b->overlapping && a->scores == b->scores &&
            time_equal(&a->before.from, &b->before.from) &&
            time_equal(&a->before.to, &b->before.to) &&
            time_equal(&a->after.from, &b->after.from) && time_equal(&a->after.to, &b->after.to) &&
            duration_equal(&a->next, &b->next) && cond_equal(a->symptom, b->symptom) &&
            cond_equal(a->subject, b->subject) && cond_equal(a->against, b->against);
}

bool ast_equal(const struct tv_ast *a, const struct tv_ast *b)
{
    return a->explain == b->explain && a->analyze == b->analyze && heads_equal(a, b) &&
            time_equal(&a->from, &b->from) && time_equal(&a->to, &b->to) &&
            duration_equal(&a->in_last, &b->in_last) && cond_equal(a->where, b->where) &&
            time_equal(&a->as_of, &b->as_of) && duration_equal(&a->over, &b->over) &&
            duration_equal(&a->every, &b->every) && count_equal(&a->limit, &b->limit) &&
            a->has_format == b->has_format && a->format == b->format && lists_equal(a, b);
}
