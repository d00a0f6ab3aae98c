/* SPDX-License-Identifier: Apache-2.0 */
/* The parser: what it takes, what it refuses, and what it says then. */
#include "support.h"

#include "base/json_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void parser__takes_every_good_statement(void **state)
{
    (void)state;
    struct tv_error err;
    for (size_t i = 0; i < good_statement_count; i++)
        if (prepared(good_statements[i], &err) != TV_OK)
            fail_msg("%s: %s (%u:%u)", good_statements[i], err.message, err.line, err.column);
}

static void checker__refuses_what_is_not_built_only_if_it_is_well_formed(void **state)
{
    (void)state;
    struct tv_error err;
    for (size_t i = 0; i < later_statement_count; i++)
        if (prepared(later_statements[i], &err) != TV_NOT_BUILT)
            fail_msg("%s: %s (%u:%u)", later_statements[i], err.message, err.line, err.column);
}

struct refusal {
    const char *text;
    enum tv_status status;
    unsigned line, column;
    const char *message, *hint, *expected; /* parts of each; NULL: any */
};

static const struct refusal refusals[] = {
        {"", TV_SYNTAX, 1, 1, "ends too early", NULL, "STATE, TIMELINE"},
        {"TIMELINE WHER service = 'a'", TV_SYNTAX, 1, 10, "'WHER'", "did you mean WHERE", "WHERE"},
        {"TIMELNE", TV_SYNTAX, 1, 1, "'TIMELNE'", "did you mean TIMELINE", NULL},
        {"TIMELINE WHERE service = 'a", TV_SYNTAX, 1, 26, "not closed", "put a '", NULL},
        {"TIMELINE\nWHERE ü = 1 AND = 2", TV_SYNTAX, 2, 17, "'='", NULL, "field"},
        {"TIMELINE WHERE service = checkout", TV_SYNTAX, 1, 26, "'checkout'", "'checkout'",
                "value"},
        {"TIMELINE WHERE error_occurred", TV_SYNTAX, 1, 30, NULL, "error_occurred = true", "="},
        {"TIMELINE WHERE a = NULL", TV_SYNTAX, 1, 20, NULL, "IS NULL", NULL},
        {"TIMELINE WHERE limit = 1", TV_SYNTAX, 1, 16, "'limit'", "`limit`", NULL},
        {"TIMELINE LIMIT 1 LIMIT 2", TV_SYNTAX, 1, 18, "second time", NULL, NULL},
        {"TIMELINE IN LAST 5m FROM 'now'", TV_SYNTAX, 1, 21, "second time", NULL, NULL},
        {"TIMELINE OVER 5m", TV_SYNTAX, 1, 10, "takes no OVER", NULL, NULL},
        {"STATE AT 'now' IN LAST 5m", TV_SYNTAX, 1, 16, "takes no IN LAST", "OVER", NULL},
        {"STATE AT now", TV_SYNTAX, 1, 10, "'now'", "in quotes", "time"},
        {"STATE AT 2024-01-15", TV_SYNTAX, 1, 10, "must stand in quotes", "'2024-01-15", NULL},
        {"STATE AT 'yesteryear'", TV_SYNTAX, 1, 10, "no time", "yesterday", NULL},
        {"STATE AT 'now' OVER 5", TV_SYNTAX, 1, 21, "no duration", "unit", "ms"},
        {"STATE AT 'now' OVER 5 GiB", TV_SYNTAX, 1, 21, "no duration", "unit", "ms"},
        {"TIMELINE LIMIT 5ms", TV_SYNTAX, 1, 16, "no count", NULL, NULL},
        {"TIMELINE LIMIT -5", TV_SYNTAX, 1, 16, "no count", NULL, NULL},
        {"TIMELINE WHERE duration > 5GiB", TV_SYNTAX, 1, 27, "a size", "250ms", NULL},
        {"TIMELINE WHERE duration > 5 parsecs", TV_SYNTAX, 1, 29, "'parsecs'", NULL, NULL},
        {"TIMELINE WHERE duration > 5parsecs", TV_SYNTAX, 1, 27, "no unit", NULL, NULL},
        {"TIMELINE WHERE service = 5", TV_SYNTAX, 1, 26, "is text", "quotes", NULL},
        {"TIMELINE WHERE status = 'eror'", TV_SYNTAX, 1, 25, "'eror'", "'error'", NULL},
        {"TIMELINE WHERE status = 'x'", TV_SYNTAX, 1, 25, "'x'", "unset, ok, error", NULL},
        {"TIMELINE WHERE error_occurred = 1", TV_SYNTAX, 1, 33, "true or false", NULL, NULL},
        {"TIMELINE WHERE a =~ '('", TV_SYNTAX, 1, 21, NULL, NULL, NULL},
        {"TIMELINE WHERE a CONTAINS 5", TV_SYNTAX, 1, 27, "text", "'5'", NULL},
        {"TIMELINE WHERE timestamp CONTAINS '5'", TV_SYNTAX, 1, 16, "no text", NULL, NULL},
        {"TIMELINE WHERE timestamp > 'soon'", TV_SYNTAX, 1, 28, "no time", NULL, NULL},
        {"TIMELINE WHERE errorRate > 5%", TV_SYNTAX, 1, 16, "service's", "STATE AT", NULL},
        {"TIMELINE WHERE a LIKE 'x%'", TV_SYNTAX, 1, 18, "'LIKE'", "CONTAINS", NULL},
        {"SELECT median(duration)", TV_SYNTAX, 1, 14, "'('", "p50", NULL},
        {"TIMELINE WHERE a IN ()", TV_SYNTAX, 1, 22, "')'", NULL, "value"},
        {"TIMELINE WHERE (a = 1", TV_SYNTAX, 1, 22, "ends too early", NULL, ")"},
        {"TIMELINE WHERE a = 1)", TV_SYNTAX, 1, 21, "')'", NULL, "AND"},
        {"TIMELINE WHERE a # 1", TV_SYNTAX, 1, 18, "no meaning", "back quotes", NULL},
        {"TIMELINE FROM 'now' TO '1 hour ago'", TV_SYNTAX, 1, 24, "before it begins", NULL, NULL},
        {"TIMELINE IN LAST 30 days EVERY 1ms", TV_TOO_LARGE, 1, 32, "steps", "at least", NULL},
        {"TIMELINE EVERY 1m ORDER BY service", TV_SYNTAX, 1, 28, NULL, "ORDER BY", NULL},
        {"TRAVERSE FROM a FOLLOWING sideways", TV_SYNTAX, 1, 27, NULL, NULL, "backward"},
        {"TRAVERSE FROM a", TV_SYNTAX, 1, 16, NULL, NULL, "FOLLOWING"},
        {"TRAVERSE FROM FOLLOWING both", TV_SYNTAX, 1, 15, "'FOLLOWING'", "in quotes", "event id"},
        {"TRAVERSE FROM '' FOLLOWING both", TV_SYNTAX, 1, 15, "empty", NULL, NULL},
        {"SELECT count(*) FROM spams", TV_SYNTAX, 1, 22, "'spams'", "did you mean spans", "spans"},
        {"SELECT sum(service)", TV_SYNTAX, 1, 12, "needs numbers", "count", NULL},
        {"SELECT sum(*)", TV_SYNTAX, 1, 12, "'*'", NULL, "field"},
        {"SELECT service, count(*)", TV_SYNTAX, 1, 8, "GROUP BY", "GROUP BY service", NULL},
        {"SELECT * GROUP BY service", TV_SYNTAX, 1, 19, NULL, "count(*)", NULL},
        {"SELECT service EVERY 1m", TV_SYNTAX, 1, 22, "EVERY", NULL, NULL},
        {"SELECT count(*) GROUP BY service ORDER BY host", TV_SYNTAX, 1, 43, NULL, NULL, NULL},
        {"SELECT service ORDER BY count(*)", TV_SYNTAX, 1, 25, NULL, NULL, NULL},
        {"SHOW fields IN LAST 1h", TV_SYNTAX, 1, 21, "takes no window", NULL, NULL},
        {"TIMELINE LIMIT $n", TV_SYNTAX, 1, 16, "no parameter 'n'", "params", NULL},
        {"TIMELINE; TIMELINE", TV_SYNTAX, 1, 11, "'TIMELINE'", NULL, "end of statement"},
        {"COMPARE 'a' WITH 'now'", TV_SYNTAX, 1, 9, "no time", NULL, NULL},
        {"COMPARE 'now'", TV_SYNTAX, 1, 14, "ends too early", NULL, "WITH"},
        {"COMPARE 'now' WITH '1h ago' TO 'now'", TV_SYNTAX, 1, 20, "a span", "time TO time", NULL},
        {"COMPARE 'now' TO '1h ago' WITH 'now'", TV_SYNTAX, 1, 18, "before it begins", NULL, NULL},
        {"COMPARE 'now' WITH 'now' IN LAST 1h", TV_SYNTAX, 1, 26, "no IN LAST", "TO time", NULL},
        {"PREDICT cpu memory NEXT 5m", TV_SYNTAX, 1, 13, "'memory'", NULL, "NEXT"},
        {"PREDICT NEXT 5m FROM 'now' TO 'now'", TV_SYNTAX, 1, 31, "no TO", "NEXT says", NULL},
        {"PREDICT NEXT 400 days", TV_SYNTAX, 1, 14, "one year", NULL, NULL},
        {"ROOT CAUSE OF", TV_SYNTAX, 1, 14, "ends too early", NULL, "event id"},
        {"ROOT CAUSE OF AT 'now'", TV_SYNTAX, 1, 15, "'AT'", "'AT'", "event id"},
        {"ROOT CAUSE OF WHERE a = 1 WHERE b = 2", TV_SYNTAX, 1, 27, "second time", NULL, NULL},
        {"ROOT CAUSE OF WHERE errorRate > 1%", TV_SYNTAX, 1, 21, "service's", "MATCH", NULL},
        {"ROOT CAUSE OF x AT '1d ago' FROM '1h ago'", TV_SYNTAX, 1, 20, "before the window", NULL,
                NULL},
        {"WHAT IF CHANGE x", TV_SYNTAX, 1, 9, "'CHANGE'", NULL, "REMOVE, SET, DELAY"},
        {"WHAT IF SET errorRate = 5s", TV_SYNTAX, 1, 25, "no such value", "errorRate = 1%", NULL},
        {"WHAT IF SET service = 5", TV_SYNTAX, 1, 23, "is text", NULL, NULL},
        {"WHAT IF SET a > 5", TV_SYNTAX, 1, 15, "'>'", NULL, "="},
        {"WHAT IF SET a = 5 WHERE b = 1 WHERE c = 2", TV_SYNTAX, 1, 31, "second time", NULL, NULL},
        {"WHAT IF DELAY WHERE a = 1", TV_SYNTAX, 1, 26, "too early", NULL, "BY"},
        {"ANOMALIES SCORES LIMIT 5", TV_SYNTAX, 1, 24, "no row limit", NULL, NULL},
        {"TIMELINE SCORES", TV_SYNTAX, 1, 10, "takes no SCORES", NULL, NULL},
        {"DIFF WHERE a = 1", TV_SYNTAX, 1, 17, "too early", NULL, "AGAINST"},
        {"DIFF WHERE a = 1 AGAINST", TV_SYNTAX, 1, 25, "too early", NULL, "REST"},
        {"DIFF WHERE a = 1 AGAINST REST BY errorRate", TV_SYNTAX, 1, 34, "service's", NULL, NULL},
        {"MATCH PATTERN a = 1 FOLLOWED b = 1", TV_SYNTAX, 1, 30, "'b'", NULL, "BY"},
        {"MATCH PATTERN a = 1 NOT b = 1", TV_SYNTAX, 1, 25, "'b'", NULL, "FOLLOWED"},
        {"MATCH PATTERN a = 1 AT 3 TIMES", TV_SYNTAX, 1, 24, "'3'", NULL, "LEAST"},
        {"MATCH PATTERN a = 1 AT LEAST 3", TV_SYNTAX, 1, 31, "too early", NULL, "TIMES"},
        {"MATCH PATTERN a = 1 AT LEAST 0 TIMES", TV_SYNTAX, 1, 30, "1 to", NULL, NULL},
        {"MATCH PATTERN x: a = 1 FOLLOWED BY x: b = 1", TV_SYNTAX, 1, 36, "same label", NULL, NULL},
        {"MATCH PATTERN a = 1 WITHIN 5m", TV_SYNTAX, 1, 21, "'WITHIN'", NULL, "FOLLOWED"},
        {"MATCH PATTERN errorRate > 5% OR a = 1", TV_SYNTAX, 1, 33, "an event's", "AND only", NULL},
        {"MATCH PATTERN errorRate > 5% PER host", TV_SYNTAX, 1, 15, "per service", NULL, NULL},
        {"MATCH PATTERN a = 1 WHERE errorRate > 5%", TV_SYNTAX, 1, 27, "service's", NULL, NULL},
        {"TIMELINE PER host", TV_SYNTAX, 1, 10, "takes no PER", NULL, NULL},
        {"SELECT p99(service)", TV_SYNTAX, 1, 12, "needs numbers", "count", NULL},
        {"SELECT p99(*)", TV_SYNTAX, 1, 12, "'*'", NULL, "field"},
        {"SELECT stddev(timestamp)", TV_SYNTAX, 1, 15, "a time", NULL, NULL},
        {"SELECT topk(service)", TV_SYNTAX, 1, 20, "')'", NULL, ","},
        {"SELECT topk(service, 'a')", TV_SYNTAX, 1, 22, NULL, NULL, "count"},
        {"SELECT topk(service, 0)", TV_SYNTAX, 1, 22, "1 to 100", NULL, NULL},
        {"SELECT topk(service, 101)", TV_SYNTAX, 1, 22, "1 to 100", NULL, NULL},
        {"SELECT topk(host, 3) ORDER BY topk(host, 3)", TV_SYNTAX, 1, 31, "list", "count(*)", NULL},
        {"SELECT count(service, 3)", TV_SYNTAX, 1, 21, "','", NULL, ")"},
};

static void has(const char *text, const char *where, const char *part)
{
    if (part && !strstr(where, part))
        fail_msg("%s: '%s' is not in '%s'", text, part, where);
}

static void parser__says_where_what_and_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *refusal = &refusals[i];
        struct tv_error err;
        enum tv_status status = prepared(refusal->text, &err);
        if (status != refusal->status || err.line != refusal->line || err.column != refusal->column)
            fail_msg("%s: %s at %u:%u: %s", refusal->text, tv_status_name(status), err.line,
                    err.column, err.message);
        has(refusal->text, err.message, refusal->message);
        has(refusal->text, err.hint, refusal->hint);
        has(refusal->text, err.expected, refusal->expected);
    }
}

static char *nested(size_t depth)
{
    char *text = malloc(32 + 2 * depth);
    size_t len = (size_t)snprintf(text, 32, "TIMELINE WHERE ");
    memset(text + len, '(', depth);
    memcpy(text + len + depth, "a = 1", 5);
    memset(text + len + depth + 5, ')', depth);
    text[len + 2 * depth + 5] = '\0';
    return text;
}

static void parser__bounds_nesting(void **state)
{
    (void)state;
    struct tv_error err;
    char *deep = nested(199);
    assert_int_equal(prepared(deep, &err), TV_OK);
    free(deep);
    deep = nested(100000);
    assert_int_equal(prepared(deep, &err), TV_TOO_LARGE);
    free(deep);
}

static void parser__bounds_chains_of_not(void **state)
{
    (void)state;
    struct tv_error err;
    struct tv_buf text = {0};
    tv_buf_append_str(&text, TV_STR("TIMELINE WHERE "));
    for (int i = 0; i < 100000; i++)
        tv_buf_append_str(&text, TV_STR("NOT "));
    tv_buf_append(&text, "a = 1", 6);
    assert_int_equal(prepared(text.data, &err), TV_TOO_LARGE);
    tv_buf_release(&text);
}

static void list_of(struct tv_buf *text, size_t count)
{
    tv_buf_clear(text);
    tv_buf_append_str(text, TV_STR("TIMELINE WHERE a IN (0"));
    for (size_t i = 1; i < count; i++)
        tv_buf_printf(text, ",%zu", i);
    tv_buf_append(text, ")", 2);
}

static void parser__bounds_lists(void **state)
{
    (void)state;
    struct tv_error err;
    struct tv_buf text = {0};
    list_of(&text, 10000);
    assert_int_equal(prepared(text.data, &err), TV_OK);
    list_of(&text, 10001);
    assert_int_equal(prepared(text.data, &err), TV_TOO_LARGE);
    tv_buf_release(&text);
}

static void parser__takes_long_chains_of_or(void **state)
{
    (void)state;
    struct tv_error err;
    struct tv_buf text = {0};
    tv_buf_append_str(&text, TV_STR("TIMELINE WHERE a = 0"));
    for (int i = 1; i < 10000; i++)
        tv_buf_printf(&text, " OR a = %d", i);
    tv_buf_append_char(&text, '\0');
    assert_int_equal(prepared(text.data, &err), TV_OK);
    tv_buf_release(&text);
}

static void parser__bounds_the_statement(void **state)
{
    (void)state;
    struct tv_error err;
    struct tv_buf text = {0};
    tv_buf_append_str(&text, TV_STR("TIMELINE"));
    while (text.len <= TV_STATEMENT_BYTES_MAX)
        tv_buf_append_str(&text, TV_STR("          "));
    tv_buf_append_char(&text, '\0');
    assert_int_equal(prepared(text.data, &err), TV_TOO_LARGE);
    tv_buf_release(&text);
}

static void parser__refuses_broken_utf8(void **state)
{
    (void)state;
    struct tv_error err;
    assert_int_equal(prepared("TIMELINE WHERE a = '\xff'", &err), TV_SYNTAX);
    assert_int_equal(err.offset, 20);
}

static enum tv_status with_params(const char *text, const char *json, struct tv_error *err)
{
    struct tv_json *params = NULL;
    struct tv_query *query = NULL;
    assert_int_equal(tv_json_parse(tv_str_of(json), &params, NULL), TV_OK);
    struct tv_query_env env = {.text = tv_str_of(text), .params = params, .now_ns = TEST_NOW};
    enum tv_status status = tv_query_prepare(&env, &query, err);
    tv_query_free(query);
    tv_json_free(params);
    return status;
}

static void parser__takes_typed_parameters(void **state)
{
    (void)state;
    struct tv_error err;
    const char *params =
            "{\"s\":\"a b\",\"n\":5,\"f\":1.5,\"b\":true,\"l\":[\"x\",2],\"t\":\"now\","
            "\"d\":\"5 minutes\",\"e\":1705333643,\"z\":null}";
    assert_int_equal(with_params("TIMELINE FROM $e TO $t WHERE service = $s AND a > $f AND "
                                 "error_occurred = $b AND c IN ($l, 3) LIMIT $n",
                             params, &err),
            TV_OK);
    assert_int_equal(with_params("TIMELINE IN LAST $d", params, &err), TV_OK);
    assert_int_equal(with_params("TRAVERSE FROM $s FOLLOWING both", params, &err), TV_OK);
    assert_int_equal(with_params("TIMELINE WHERE service = $n", params, &err), TV_SYNTAX);
    assert_int_equal(err.column, 26);
    assert_int_equal(with_params("TIMELINE WHERE a = $z", params, &err), TV_SYNTAX);
    assert_int_equal(with_params("TIMELINE WHERE a = $l", params, &err), TV_SYNTAX);
    assert_int_equal(with_params("TIMELINE LIMIT $f", params, &err), TV_SYNTAX);
    assert_int_equal(with_params("TIMELINE IN LAST $n", params, &err), TV_SYNTAX);
}

static void assert_shown(const char *text, size_t len, const char *expected)
{
    struct tv_error err;
    struct tv_buf out = {0};
    struct tv_str statement = {text, len};
    struct tv_query_env env = {.text = statement, .now_ns = TEST_NOW};
    struct tv_query *query = NULL;
    assert_int_not_equal(tv_query_prepare(&env, &query, &err), TV_OK);
    tv_query_error_text(statement, &err, &out);
    tv_buf_append_char(&out, '\0');
    if (!strstr(out.data, expected))
        fail_msg("'%s' is not in '%s'", expected, out.data);
    for (size_t i = 0; i + 1 < out.len; i++)
        assert_true((unsigned char)out.data[i] >= 0x20 || out.data[i] == '\n');
    tv_buf_release(&out);
}

static void error_text__points_at_the_place(void **state)
{
    (void)state;
    const char *wrong = "STATE AT 'now'\n\tWHER service = 'a'\nOVER 5m";
    assert_shown(wrong, strlen(wrong),
            "error: unexpected 'WHER' (line 2, column 2)\n\n     WHER service = 'a'\n     ^\n");
    assert_shown(wrong, strlen(wrong), "\nexpected: WHERE, AS, OVER");
    assert_shown(wrong, strlen(wrong), "\nhint: did you mean WHERE?\n");
    const char *short_of = "TIMELINE WHERE `ü` =";
    assert_shown(
            short_of, strlen(short_of), "\n    TIMELINE WHERE `ü` =\n                        ^\n");
    assert_shown("", 0, "\n    \n    ^\n");
    assert_shown("TIMELINE \x1b[31m", 14, "^");
}

static void error_text__shows_a_window_of_a_long_line(void **state)
{
    (void)state;
    enum { LENGTH = 100000 };
    char *text = malloc(LENGTH);
    assert_non_null(text);
    memset(text, ' ', LENGTH);
    memcpy(text, "TIMELINE", 8);
    memcpy(text + LENGTH / 2, "WHER", 4);
    char expected[256];
    (void)snprintf(expected, sizeof(expected),
            "\n    \xe2\x80\xa6%60sWHER%36s\xe2\x80\xa6\n%65s^\n", "", "", "");
    assert_shown(text, LENGTH, expected);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(parser__takes_every_good_statement),
            cmocka_unit_test(checker__refuses_what_is_not_built_only_if_it_is_well_formed),
            cmocka_unit_test(parser__says_where_what_and_what_to_do),
            cmocka_unit_test(parser__bounds_nesting),
            cmocka_unit_test(parser__bounds_chains_of_not),
            cmocka_unit_test(parser__bounds_lists),
            cmocka_unit_test(parser__takes_long_chains_of_or),
            cmocka_unit_test(parser__bounds_the_statement),
            cmocka_unit_test(parser__refuses_broken_utf8),
            cmocka_unit_test(parser__takes_typed_parameters),
            cmocka_unit_test(error_text__points_at_the_place),
            cmocka_unit_test(error_text__shows_a_window_of_a_long_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
