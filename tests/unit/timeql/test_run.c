/* SPDX-License-Identifier: Apache-2.0 */
/* Running: budgets, cancelling, deadlines, a reader that goes away, conditions alone. */
#include "support.h"

#include "fixture.h"

/* More events than an answer may hold, in two segments' worth of level 0. */
static void fill(struct fixture *fixture, unsigned count)
{
    struct tv_batch *batch = tv_batch_new();
    for (unsigned i = 0; i < count; i++) {
        uint32_t row = tv_batch_add_row(batch);
        tv_batch_set_time(batch, row, TEST_NOW - (int64_t)(count - i) * TV_NS_PER_MS);
        tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, TEST_NOW);
        tv_batch_set_text(batch, TV_FIELD_SERVICE, row, TV_STR("orders"));
        tv_batch_set_text(batch, TV_FIELD_TYPE, row, TV_STR("log"));
        tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("n")), row, tv_value_i64(i));
    }
    fixture_commit(fixture, batch);
}

struct reader {
    struct tv_buf text;
    unsigned pieces;
    unsigned fail_at;         /* 0: never */
    struct tv_cancel *cancel; /* raised at the first piece, if set */
};

static enum tv_status take(void *ctx, struct tv_str piece)
{
    struct reader *reader = ctx;
    reader->pieces++;
    if (reader->fail_at && reader->pieces >= reader->fail_at)
        return TV_CANCELLED;
    tv_buf_append_str(&reader->text, piece);
    return TV_OK;
}

static enum tv_status run(struct fixture *fixture, const struct tv_query_env *env,
        const struct tv_cancel *cancel, struct reader *reader)
{
    struct tv_error err;
    struct tv_query *query = NULL;
    assert_int_equal(tv_query_prepare(env, &query, &err), TV_OK);
    struct tv_query_run how = {.snapshot = tv_snapshot_take(fixture->store),
            .cancel = cancel,
            .write = take,
            .ctx = reader};
    enum tv_status status = tv_query_run(query, &how, &err);
    if (status != TV_OK)
        assert_int_equal(err.status, status);
    tv_snapshot_unref(how.snapshot);
    tv_query_free(query);
    tv_buf_append_char(&reader->text, '\0');
    return status;
}

static void run__cuts_at_the_budget_and_says_so(void **state)
{
    (void)state;
    struct fixture fixture;
    struct reader reader = {0};
    fixture_open(&fixture);
    fill(&fixture, 3000);
    struct tv_query_env env = {.text = TV_STR("SELECT n"), .now_ns = TEST_NOW, .rows_max = 7};
    assert_int_equal(run(&fixture, &env, NULL, &reader), TV_OK);
    assert_non_null(strstr(reader.text.data, "\"rows\":[[0],[1],[2],[3],[4],[5],[6]]"));
    assert_non_null(strstr(reader.text.data, "\"truncated\":true"));
    tv_buf_release(&reader.text);
    fixture_close(&fixture);
}

/* Row k has the attributes behind cpu from the k-th on, each with its own number. */
static void run__reads_the_first_attribute_present_of_a_virtual_metric(void **state)
{
    (void)state;
    struct fixture fixture;
    struct reader reader = {0};
    size_t count;
    const struct tv_str *names = tv_virtual_attributes(TV_VIRTUAL_CPU, &count);
    struct tv_batch *batch = tv_batch_new();
    struct tv_buf wanted = {0};
    assert_true(count >= 2);
    tv_buf_printf(&wanted, "\"rows\":[");
    for (size_t k = 0; k < count; k++) {
        uint32_t row = tv_batch_add_row(batch);
        tv_batch_set_time(batch, row, TEST_NOW - (int64_t)(count - k));
        tv_batch_set_text(batch, TV_FIELD_SERVICE, row, TV_STR("orders"));
        for (size_t n = count; n > k; n--)
            tv_batch_set_attr(
                    batch, tv_batch_attr(batch, names[n - 1]), row, tv_value_i64((int64_t)n));
        tv_buf_printf(&wanted, "%s[%zu]", k > 0 ? "," : "", k + 1);
    }
    tv_buf_printf(&wanted, "]%c", '\0');
    fixture_open(&fixture);
    fixture_commit(&fixture, batch);
    struct tv_query_env env = {.text = TV_STR("SELECT cpu"), .now_ns = TEST_NOW};
    assert_int_equal(run(&fixture, &env, NULL, &reader), TV_OK);
    assert_non_null(strstr(reader.text.data, wanted.data));
    tv_buf_release(&wanted);
    tv_buf_release(&reader.text);
    fixture_close(&fixture);
}

static void run__gives_a_long_answer_in_pieces(void **state)
{
    (void)state;
    struct fixture fixture;
    struct reader reader = {0};
    fixture_open(&fixture);
    fill(&fixture, 3000);
    struct tv_query_env env = {.text = TV_STR("TIMELINE LIMIT 3000"), .now_ns = TEST_NOW};
    assert_int_equal(run(&fixture, &env, NULL, &reader), TV_OK);
    assert_true(reader.pieces > 2);
    tv_buf_release(&reader.text);
    fixture_close(&fixture);
}

static void run__stops_with_the_readers_status(void **state)
{
    (void)state;
    struct fixture fixture;
    struct reader reader = {.fail_at = 2};
    fixture_open(&fixture);
    fill(&fixture, 3000);
    struct tv_query_env env = {.text = TV_STR("TIMELINE LIMIT 3000"), .now_ns = TEST_NOW};
    assert_int_equal(run(&fixture, &env, NULL, &reader), TV_CANCELLED);
    assert_int_equal(reader.pieces, 2);
    tv_buf_release(&reader.text);
    fixture_close(&fixture);
}

static void run__stops_when_cancelled_and_leaves_nothing_written(void **state)
{
    (void)state;
    static const char *const statements[] = {"TIMELINE", "SELECT count(*)", "STATE AT 'now'",
            "SHOW hosts", "TRAVERSE FROM @0000000000001 FOLLOWING both",
            "EXPLAIN ANALYZE TIMELINE"};
    struct fixture fixture;
    fixture_open(&fixture);
    fill(&fixture, 10);
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        struct reader reader = {0};
        struct tv_cancel cancel = {.deadline_ns = 0};
        struct tv_query_env env = {.text = tv_str_of(statements[i]), .now_ns = TEST_NOW};
        tv_cancel_raise(&cancel);
        assert_int_equal(run(&fixture, &env, &cancel, &reader), TV_CANCELLED);
        assert_int_equal(reader.pieces, 0);
        tv_buf_release(&reader.text);
    }
    fixture_close(&fixture);
}

static void run__times_out_when_nothing_was_found(void **state)
{
    (void)state;
    struct fixture fixture;
    struct reader reader = {0};
    struct tv_cancel cancel = {.deadline_ns = 1};
    fixture_open(&fixture);
    fill(&fixture, 10);
    struct tv_query_env env = {.text = TV_STR("SELECT count(*)"), .now_ns = TEST_NOW};
    assert_int_equal(run(&fixture, &env, &cancel, &reader), TV_TIMEOUT);
    assert_int_equal(reader.pieces, 0);
    tv_buf_release(&reader.text);
    fixture_close(&fixture);
}

static void run__answers_from_an_empty_store(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    struct tv_query_env env = {.now_ns = TEST_NOW};
    for (size_t i = 0; i < good_statement_count; i++) {
        struct reader reader = {0};
        env.text = tv_str_of(good_statements[i]);
        enum tv_status status = run(&fixture, &env, NULL, &reader);
        if (status != TV_OK && status != TV_NOT_FOUND)
            fail_msg("%s: %s", good_statements[i], tv_status_name(status));
        tv_buf_release(&reader.text);
    }
    fixture_close(&fixture);
}

static void condition__compiles_alone(void **state)
{
    (void)state;
    struct tv_error err;
    struct tv_condition *condition = NULL;
    assert_int_equal(
            tv_condition_prepare(TV_STR("service = 'a' AND s =~ 'x'"), TEST_NOW, &condition, &err),
            TV_OK);
    assert_non_null(tv_condition_pred(condition));
    tv_condition_free(condition);
    assert_int_equal(
            tv_condition_prepare(TV_STR("service = "), TEST_NOW, &condition, &err), TV_SYNTAX);
    assert_int_equal(err.column, 11);
    assert_int_equal(
            tv_condition_prepare(TV_STR("a = 1 LIMIT 5"), TEST_NOW, &condition, &err), TV_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(run__cuts_at_the_budget_and_says_so),
            cmocka_unit_test(run__reads_the_first_attribute_present_of_a_virtual_metric),
            cmocka_unit_test(run__gives_a_long_answer_in_pieces),
            cmocka_unit_test(run__stops_with_the_readers_status),
            cmocka_unit_test(run__stops_when_cancelled_and_leaves_nothing_written),
            cmocka_unit_test(run__times_out_when_nothing_was_found),
            cmocka_unit_test(run__answers_from_an_empty_store),
            cmocka_unit_test(condition__compiles_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
