/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions as text. */
#include "support.h"

#include "event/predicate.h"

static struct tv_arena arena;

static int release(void **state)
{
    (void)state;
    tv_arena_release(&arena);
    return 0;
}

static struct tv_pred *compare(const char *field, enum tv_op op, struct tv_value value)
{
    return tv_pred_compare(&arena, tv_field_resolve(tv_str_of(field)), op, value);
}

static struct tv_value text(const char *bytes)
{
    return tv_value_str(tv_str_of(bytes));
}

static void assert_printed(const struct tv_pred *pred, const char *expected)
{
    struct tv_buf out = {0};
    tv_pred_print(pred, &out);
    assert_text(tv_buf_str(&out), expected);
    tv_buf_release(&out);
}

static void print__writes_comparisons(void **state)
{
    (void)state;
    assert_printed(NULL, "true");
    assert_printed(compare("serviceId", TV_OP_EQ, text("it's")), "service = 'it''s'");
    assert_printed(
            compare("http.status_code", TV_OP_GE, tv_value_i64(500)), "http.status_code >= 500");
    assert_printed(compare("load", TV_OP_LT, tv_value_f64(0.5)), "`load` < 0.5");
    assert_printed(compare("k8s.pod-name", TV_OP_NE, text("a")), "`k8s.pod-name` != 'a'");
    assert_printed(compare("a`b", TV_OP_LE, tv_value_i64(-1)), "`a``b` <= -1");
    assert_printed(compare("a..b", TV_OP_GT, tv_value_i64(1)), "`a..b` > 1");
    assert_printed(compare("cpu", TV_OP_GT, tv_value_i64(80)), "cpu > 80");
    assert_printed(compare("attributes.cpu", TV_OP_GT, tv_value_i64(80)), "attributes.cpu > 80");
    assert_printed(compare("attrs.@timestamp", TV_OP_GT, tv_value_i64(80)),
            "`attributes.@timestamp` > 80");
    assert_printed(
            compare("error_occurred", TV_OP_EQ, tv_value_bool(true)), "error_occurred = true");
    assert_printed(compare("name", TV_OP_CONTAINS, text("cart")), "name CONTAINS 'cart'");
    assert_printed(compare("name", TV_OP_STARTS_WITH, text("GET")), "name STARTS WITH 'GET'");
    assert_printed(compare("ts", TV_OP_LT, text("2024-01-15 15:47:23")),
            "timestamp < '2024-01-15T15:47:23.000000000Z'");
    assert_printed(compare("duration", TV_OP_GT, tv_value_i64(250000000)), "durationNs > 250ms");
    assert_printed(compare("kind", TV_OP_EQ, text("SPAN_KIND_SERVER")), "kind = 'server'");
    assert_printed(compare("x.y", TV_OP_EQ, tv_value_null()), "x.y = NULL");
}

static void print__writes_lists_patterns_and_presence(void **state)
{
    (void)state;
    const struct tv_value values[] = {text("a"), tv_value_i64(2)};
    struct tv_field_ref field = tv_field_resolve(TV_STR("user.id"));
    struct tv_regex *regex = NULL;
    assert_int_equal(tv_regex_new(TV_STR("^u'"), &regex, NULL), TV_OK);
    struct tv_pred *match = tv_pred_match(&arena, field, regex);
    struct tv_pred *exists = tv_pred_exists(&arena, field);
    assert_printed(tv_pred_in(&arena, field, values, 2), "user.id IN ('a', 2)");
    assert_printed(match, "user.id =~ '^u'''");
    assert_printed(tv_pred_not(&arena, match), "user.id !~ '^u'''");
    assert_printed(exists, "user.id IS NOT NULL");
    assert_printed(tv_pred_not(&arena, exists), "user.id IS NULL");
    tv_regex_free(regex);
}

static void print__puts_parentheses_where_they_matter(void **state)
{
    (void)state;
    struct tv_pred *a = compare("service", TV_OP_EQ, text("a"));
    struct tv_pred *b = compare("host", TV_OP_EQ, text("b"));
    struct tv_pred *c = compare("name", TV_OP_EQ, text("c"));
    struct tv_pred *either = tv_pred_or(&arena, a, b);
    assert_printed(tv_pred_and(&arena, either, c), "(service = 'a' OR host = 'b') AND name = 'c'");
    assert_printed(tv_pred_or(&arena, either, c), "service = 'a' OR host = 'b' OR name = 'c'");
    assert_printed(tv_pred_not(&arena, either), "NOT (service = 'a' OR host = 'b')");
    assert_printed(tv_pred_not(&arena, c), "NOT name = 'c'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(print__writes_comparisons),
            cmocka_unit_test(print__writes_lists_patterns_and_presence),
            cmocka_unit_test(print__puts_parentheses_where_they_matter),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
