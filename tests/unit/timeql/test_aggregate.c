/* SPDX-License-Identifier: Apache-2.0 */
/* Quantiles and topk past what they keep exactly. */
#include "timeql/quantile.h"
#include "timeql/topk.h"

#include "fixture.h"
#include "support.h"

static void add_numbers(struct tv_quantile *quantile, int first, int last)
{
    /* 7919 is prime to the count, so every number comes once, in no order. */
    int count = last - first + 1;
    for (int64_t i = 0; i < count; i++)
        (void)tv_quantile_add(quantile, (double)(first + i * 7919 % count));
}

static void quantile__is_exact_while_numbers_are_few(void **state)
{
    (void)state;
    double number = 0;
    struct tv_quantile quantile = {0};
    assert_false(tv_quantile_read(&quantile, 50, &number));
    add_numbers(&quantile, 1, TV_QUANTILE_EXACT);
    for (unsigned per_cent = 1; per_cent <= 100; per_cent++) {
        assert_true(tv_quantile_read(&quantile, per_cent, &number));
        assert_true(number == per_cent * 10);
    }
    assert_false(tv_quantile_is_sketched(&quantile));
    tv_quantile_release(&quantile);
}

static void quantile__is_within_a_hundredth_in_bounded_memory_beyond(void **state)
{
    (void)state;
    double number = 0;
    struct tv_quantile quantile = {0};
    add_numbers(&quantile, 1, 200000);
    assert_true(tv_quantile_is_sketched(&quantile));
    assert_true(tv_quantile_bytes(&quantile) < 10000);
    for (unsigned per_cent = 1; per_cent <= 100; per_cent++) {
        assert_true(tv_quantile_read(&quantile, per_cent, &number));
        assert_true(number >= 2000 * per_cent * 0.99 && number <= 2000 * per_cent * 1.0100001);
    }
    tv_quantile_release(&quantile);
}

static void quantile__selects_among_equal_numbers(void **state)
{
    (void)state;
    double number = 0;
    struct tv_quantile quantile = {0};
    for (int i = 0; i < 900; i++)
        (void)tv_quantile_add(&quantile, i % 3 ? 7 : -1);
    assert_true(tv_quantile_read(&quantile, 33, &number) && number == -1);
    assert_true(tv_quantile_read(&quantile, 34, &number) && number == 7);
    tv_quantile_release(&quantile);
}

static void assert_topk(const struct tv_topk *topk, uint64_t most, const char *want)
{
    struct tv_buf out = {0};
    static const struct tv_column column = {.kind = TV_AS_ANY};
    tv_topk_write(topk, most, &column, &out);
    assert_int_equal(out.len, strlen(want));
    assert_memory_equal(out.data, want, out.len);
    tv_buf_release(&out);
}

static void topk__keeps_types_apart(void **state)
{
    (void)state;
    struct tv_topk topk = {0};
    struct tv_arena scratch = {0};
    const struct tv_value values[] = {tv_value_i64(1), tv_value_f64(1.0), tv_value_str(TV_STR("1")),
            tv_value_f64(1.5), tv_value_bool(true), tv_value_str(TV_STR(""))};
    for (size_t i = 0; i < 6; i++)
        tv_topk_add(&topk, values[i], 1, &scratch);
    assert_topk(&topk, 1, "[{\"value\":1,\"count\":2}]");
    assert_topk(&topk, 9,
            "[{\"value\":1,\"count\":2},{\"value\":true,\"count\":1},{\"value\":\"1\",\"count\":1},"
            "{\"value\":1.5,\"count\":1},{\"value\":\"\",\"count\":1}]");
    tv_topk_release(&topk);
    tv_arena_release(&scratch);
}

static void topk__keeps_what_is_frequent_among_a_million_values(void **state)
{
    (void)state;
    struct tv_topk topk = {0};
    struct tv_arena scratch = {0};
    for (int64_t i = 0; i < 1000000; i++) {
        int64_t value = i % 10 == 0 ? -1 : i % 25 == 1 ? -2 : i;
        tv_topk_add(&topk, tv_value_i64(value), 1, &scratch);
        tv_arena_release(&scratch);
        assert_true(topk.counts.count <= TV_TOPK_COUNTED);
    }
    assert_true(topk.lost > 0 && topk.lost <= 2 * 1000000 / TV_TOPK_COUNTED);
    assert_true(topk.bytes < 1000000);
    struct tv_map *counts = &topk.counts;
    uint64_t most = 0;
    uint64_t second = 0;
    for (size_t i = 0; i < counts->count; i++) {
        uint64_t count = counts->entries[i].value;
        if (count > most) {
            second = most;
            most = count;
        } else if (count > second) {
            second = count;
        }
    }
    assert_true(most <= 100000 && most + topk.lost >= 100000);
    assert_true(second <= 40000 && second + topk.lost >= 40000);
    tv_topk_release(&topk);
}

static void aggregate__says_when_it_is_not_exact(void **state)
{
    (void)state;
    struct fixture fixture;
    struct tv_error err;
    struct tv_buf answer = {0};
    struct tv_batch *batch = tv_batch_new();
    for (int i = 0; i < 10000; i++) {
        uint32_t row = tv_batch_add_row(batch);
        tv_batch_set_time(batch, row, TEST_NOW - i);
        tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, TEST_NOW);
        tv_batch_set_text(batch, TV_FIELD_SERVICE, row, TV_STR("orders"));
        tv_batch_set_text(batch, TV_FIELD_TYPE, row, TV_STR("log"));
        tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("n")), row, tv_value_i64(i));
    }
    fixture_open(&fixture);
    fixture_commit(&fixture, batch);
    struct tv_query_env env = {
            .text = TV_STR("SELECT p95(n), topk(n, 1) IN LAST 1m"), .now_ns = TEST_NOW};
    assert_int_equal(fixture_query(&fixture, &env, &answer, &err), TV_OK);
    tv_buf_append_char(&answer, '\0');
    assert_non_null(strstr(answer.data, "p95 is within 1 % of the exact value"));
    assert_non_null(strstr(answer.data, "topk has counts that may be too low by up to 1"));
    fixture_close(&fixture);
    tv_buf_release(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(quantile__is_exact_while_numbers_are_few),
            cmocka_unit_test(quantile__is_within_a_hundredth_in_bounded_memory_beyond),
            cmocka_unit_test(quantile__selects_among_equal_numbers),
            cmocka_unit_test(topk__keeps_types_apart),
            cmocka_unit_test(topk__keeps_what_is_frequent_among_a_million_values),
            cmocka_unit_test(aggregate__says_when_it_is_not_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
