/* SPDX-License-Identifier: Apache-2.0 */
/* EXPLAIN ANALYZE: its numbers add up. */
#include "../lib/compact.h"

#include "base/json_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TEST_NOW INT64_C(1705333643000000000)

static void fill(struct fixture *fixture)
{
    struct tv_batch *batch = tv_batch_new();
    for (int i = 0; i < 4000; i++) {
        uint32_t row = tv_batch_add_row(batch);
        tv_batch_set_time(batch, row, TEST_NOW - (int64_t)(4000 - i) * 10 * TV_NS_PER_S);
        tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, TEST_NOW);
        tv_batch_set_text(batch, TV_FIELD_SERVICE, row, i % 3 ? TV_STR("a") : TV_STR("b"));
        tv_batch_set_text(batch, TV_FIELD_TYPE, row, TV_STR("span"));
        tv_batch_set_i64(batch, TV_FIELD_DURATION, row, i * TV_NS_PER_MS);
        tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("cpu")), row, tv_value_i64(i % 100));
    }
    fixture_commit(fixture, batch);
}

static double number(const struct tv_json *object, const char *name)
{
    const struct tv_json *value = tv_json_member(object, name);
    assert_non_null(value);
    return tv_json_number(value);
}

struct sums {
    double segments, events, bytes, ms;
};

static void add_scan(const char *statement, const struct tv_json *scan, struct sums *sums)
{
    const struct tv_json *segments = tv_json_member(scan, "segments");
    const struct tv_json *why = tv_json_member(segments, "why");
    double kept = number(segments, "kept");
    double left_out = number(why, "outsideWindow") + number(why, "byZoneMap") +
            number(why, "byFilter") + number(why, "byRollup") + number(why, "notNeeded");
    if (kept + left_out != number(segments, "total") || number(why, "notNeeded") < 0 ||
            number(scan, "rows") > number(scan, "events"))
        fail_msg("%s: %g kept, %g left out, of %g", statement, kept, left_out,
                number(segments, "total"));
    sums->segments += kept;
    sums->events += number(scan, "events");
    sums->bytes += number(scan, "bytes");
    sums->ms += number(scan, "ms");
}

static void check(struct fixture *fixture, const char *statement)
{
    struct tv_error err;
    struct tv_json *document = NULL;
    struct tv_buf answer = {0};
    struct sums sums = {0};
    struct tv_query_env env = {.text = tv_str_of(statement), .now_ns = TEST_NOW};
    if (fixture_query(fixture, &env, &answer, &err) != TV_OK)
        fail_msg("%s: %s", statement, err.message);
    assert_int_equal(tv_json_parse(tv_buf_str(&answer), &document, NULL), TV_OK);
    const struct tv_json *plan = tv_json_member(document, "plan");
    const struct tv_json *scanned = tv_json_member(document, "scanned");
    const struct tv_json *scan = tv_json_first(tv_json_member(plan, "children"));
    for (; scan; scan = tv_json_next(scan))
        add_scan(statement, scan, &sums);
    if (sums.segments != number(scanned, "segments") || sums.events != number(scanned, "events") ||
            sums.bytes != number(scanned, "bytes"))
        fail_msg("%s: %s", statement, answer.data);
    /* The scans are parts of the whole, one after the other. */
    assert_true(sums.ms <= number(plan, "ms"));
    assert_true(number(plan, "ms") <= number(document, "tookMs"));
    tv_json_free(document);
    tv_buf_release(&answer);
}

static void explain__adds_up_for_every_statement(void **state)
{
    static const char *const statements[] = {
            "EXPLAIN ANALYZE SELECT count(*) IN LAST 2h WHERE service = 'a'",
            "EXPLAIN ANALYZE SELECT p99(duration) IN LAST 1 day GROUP BY service EVERY 1h",
            "EXPLAIN ANALYZE SELECT * IN LAST 1 day WHERE cpu > 98 LIMIT 3",
            "EXPLAIN ANALYZE TIMELINE IN LAST 3h WHERE cpu > 100",
            "EXPLAIN ANALYZE TIMELINE IN LAST 3h LIMIT 5",
            "EXPLAIN ANALYZE TIMELINE IN LAST 1 day EVERY 1h",
            "EXPLAIN ANALYZE STATE AT 'now'",
            "EXPLAIN ANALYZE COMPARE '2 hours ago' WITH 'now'",
            "EXPLAIN ANALYZE SHOW hosts IN LAST 1 day",
            "EXPLAIN ANALYZE SHOW deploys IN LAST 1 day",
            "EXPLAIN ANALYZE DIFF WHERE cpu > 50 AGAINST REST IN LAST 1 day",
            "EXPLAIN ANALYZE MATCH PATTERN cpu > 97 FOLLOWED BY cpu < 2 IN LAST 1 day",
            "EXPLAIN ANALYZE MATCH PATTERN requestRate > 0 FOLLOWED BY cpu < 2 IN LAST 3h",
            "EXPLAIN ANALYZE ANOMALIES FOR errorRate, cpu IN LAST 3h",
    };
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fill(&fixture);
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        check(&fixture, statements[i]);
    fixture_compact(&fixture);
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        check(&fixture, statements[i]);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(explain__adds_up_for_every_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
