/* SPDX-License-Identifier: Apache-2.0 */
/* STATE's arithmetic: quantiles and the table of spans. */
#include "support.h"

#include "timeql/state.h"

#include <math.h>
#include <stdlib.h>

static int compare_i64(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Fills in one of several shapes that selections are known to fall over. */
static int64_t shaped(unsigned shape, size_t i, size_t count)
{
    static uint64_t seed = 1;
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    switch (shape) {
    case 0:
        return (int64_t)(seed >> 33);
    case 1:
        return (int64_t)i;
    case 2:
        return (int64_t)(count - i);
    case 3:
        return 7;
    default:
        return (int64_t)((seed >> 33) % 3);
    }
}

static void quantile__is_near_the_nearest_rank(void **state)
{
    (void)state;
    static const unsigned per_cents[] = {50, 95, 99, 100};
    static const size_t counts[] = {1, 2, 3, 4, 10, 99, 100, 101, 1000};
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        for (unsigned shape = 0; shape < 5; shape++) {
            struct tv_sketch durations = {0};
            struct tv_traffic traffic = {.durations = &durations};
            int64_t *sorted = malloc(counts[c] * sizeof(*sorted));
            assert_false(tv_traffic_timed(&traffic));
            for (size_t i = 0; i < counts[c]; i++) {
                sorted[i] = shaped(shape, i, counts[c]);
                tv_sketch_add(&durations, (double)sorted[i]);
            }
            assert_true(tv_traffic_timed(&traffic));
            qsort(sorted, counts[c], sizeof(*sorted), compare_i64);
            for (size_t p = 0; p < 4; p++) {
                double exact = (double)sorted[(counts[c] * per_cents[p] + 99) / 100 - 1];
                double given = (double)tv_traffic_latency(&traffic, per_cents[p]).i;
                assert_true(fabs(given - exact) <= exact * TV_SKETCH_ACCURACY + 1);
            }
            free(sorted);
            tv_sketch_release(&durations);
        }
    }
}

static void spans__are_found_by_trace_and_id(void **state)
{
    (void)state;
    struct tv_spans spans = {0};
    assert_null(tv_spans_find(&spans, 1));
    for (uint64_t i = 1; i <= 5000; i++) {
        struct tv_id trace = {i % 7, i % 3};
        tv_spans_put(&spans, tv_span_key(trace, i))->start = (int64_t)i;
    }
    assert_int_equal(spans.count, 5000);
    for (uint64_t i = 1; i <= 5000; i++) {
        struct tv_id trace = {i % 7, i % 3};
        struct tv_id other = {i % 7 + 1, i % 3};
        assert_int_equal(tv_spans_find(&spans, tv_span_key(trace, i))->start, i);
        assert_null(tv_spans_find(&spans, tv_span_key(other, i)));
    }
    assert_null(tv_spans_find(&spans, 0));
    tv_spans_release(&spans);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(quantile__is_near_the_nearest_rank),
            cmocka_unit_test(spans__are_found_by_trace_and_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
