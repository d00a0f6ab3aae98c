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
        "SELECT count(user.id), distinct(`k8s.pod-name`) AS pods, sum(x), avg(x), min(x), max(x), "
        "first(x), last(x) FROM events FROM '2024-01-15' TO '2024-01-16' GROUP BY `from` "
        "ORDER BY pods DESC",
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
        "EXPLAIN TIMELINE",
        "EXPLAIN ANALYZE SELECT count(*) FORMAT ndjson",
};
const size_t good_statement_count = sizeof(good_statements) / sizeof(good_statements[0]);

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

static bool lists_equal(const struct tv_ast *a, const struct tv_ast *b)
{
    bool equal = a->item_count == b->item_count && a->order_count == b->order_count &&
            a->group_by.count == b->group_by.count;
    for (size_t i = 0; equal && i < a->item_count; i++)
        equal = item_equal(&a->items[i], &b->items[i]);
    for (size_t i = 0; equal && i < a->order_count; i++)
        equal = a->order_by[i].descending == b->order_by[i].descending &&
                item_equal(&a->order_by[i].item, &b->order_by[i].item);
    for (size_t i = 0; equal && i < a->group_by.count; i++)
        equal = tv_str_equal(a->group_by.items[i].name, b->group_by.items[i].name);
    return equal;
}

bool ast_equal(const struct tv_ast *a, const struct tv_ast *b)
{
    return a->explain == b->explain && a->analyze == b->analyze && a->statement == b->statement &&
            time_equal(&a->at, &b->at) && a->ref.kind == b->ref.kind &&
            tv_str_equal(a->ref.text, b->ref.text) && a->direction == b->direction &&
            a->via == b->via && cond_equal(a->until, b->until) &&
            a->depth.present == b->depth.present && a->depth.value == b->depth.value &&
            a->star == b->star && a->source == b->source && a->show == b->show &&
            time_equal(&a->from, &b->from) && time_equal(&a->to, &b->to) &&
            a->in_last.ns == b->in_last.ns && cond_equal(a->where, b->where) &&
            time_equal(&a->as_of, &b->as_of) && a->over.ns == b->over.ns &&
            a->every.ns == b->every.ns && a->limit.present == b->limit.present &&
            a->limit.value == b->limit.value && a->has_format == b->has_format &&
            a->format == b->format && lists_equal(a, b);
}
