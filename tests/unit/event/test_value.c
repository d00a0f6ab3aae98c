/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of values, and the order of all values. */
#include "support.h"

#include <math.h>

static struct tv_value text(const char *bytes)
{
    return tv_value_str(tv_str_of(bytes));
}

static void value__is_a_number_where_it_stands_for_one(void **state)
{
    (void)state;
    double out = 0;
    assert_true(tv_value_number(tv_value_i64(7), &out) && out == 7);
    assert_true(tv_value_number(tv_value_f64(0.5), &out) && out == 0.5);
    assert_true(tv_value_number(tv_value_bool(true), &out) && out == 1);
    assert_true(tv_value_number(text("500"), &out) && out == 500);
    assert_true(tv_value_number(text("-1.5e2"), &out) && out == -150);
    assert_false(tv_value_number(text("500 ms"), &out));
    assert_false(tv_value_number(text(""), &out));
    assert_false(tv_value_number(text("abc"), &out));
    assert_false(tv_value_number(tv_value_null(), &out));
    assert_false(tv_value_number((struct tv_value){.type = TV_TYPE_JSON, .s = TV_STR("5")}, &out));
}

/* In ascending order; values of one row are equal. */
static void value__orders_null_numbers_text(void **state)
{
    (void)state;
    const struct tv_value rows[][3] = {
            {tv_value_null(), tv_value_null(), tv_value_null()},
            {tv_value_f64((double)-INFINITY), tv_value_f64((double)-INFINITY), text("-1e308")},
            {tv_value_i64(INT64_MIN), tv_value_f64(-0x1p63), text("-9223372036854775808")},
            {tv_value_i64(-3), text("-3"), tv_value_f64(-3)},
            {tv_value_i64(0), tv_value_bool(false), tv_value_f64(-0.0)},
            {tv_value_i64(1), tv_value_bool(true), text("1.0")},
            {tv_value_f64(9.5), text("9.5"), text("95e-1")},
            {tv_value_i64(10), text("10"), tv_value_f64(10)},
            {tv_value_i64(1LL << 53), tv_value_f64(0x1p53), text("9007199254740992")},
            {tv_value_i64((1LL << 53) + 1), text("9007199254740993"), text("9007199254740993")},
            {tv_value_i64(INT64_MAX), text("9223372036854775807"), tv_value_i64(INT64_MAX)},
            {tv_value_f64(0x1p63), text("9223372036854775808"), tv_value_f64(0x1p63)},
            {tv_value_f64((double)NAN), tv_value_f64((double)NAN), tv_value_f64((double)NAN)},
            {text(""), text(""), text("")},
            {text("10 ms"), text("10 ms"), text("10 ms")},
            {text("abc"), text("abc"), text("abc")},
            {text("abd"), text("abd"), text("abd")},
    };
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    for (int a = 0; a < ROWS; a++)
        for (int b = 0; b < ROWS; b++)
            for (int i = 0; i < 9; i++) {
                if (a == 1 || b == 1) /* -1e308 stands behind -inf: only its first two are equal */
                    continue;
                int sign = tv_value_compare(rows[a][i / 3], rows[b][i % 3]);
                assert_int_equal((sign > 0) - (sign < 0), (a > b) - (a < b));
            }
    assert_true(tv_value_compare(rows[1][0], rows[1][2]) < 0);
    assert_true(tv_value_compare(rows[1][0], rows[2][0]) < 0);
}

static void value__order_has_no_cycles(void **state)
{
    (void)state;
    uint64_t seed = 11;
    static const char *const texts[] = {"9", "10", "9.5", "1e1", "x", "", "-0", "10 ", "+3", "a9"};
    struct tv_value all[40];
    for (int i = 0; i < 40; i++) {
        uint32_t kind = below(&seed, 4);
        all[i] = kind == 0  ? tv_value_i64((int64_t)below(&seed, 12))
                : kind == 1 ? tv_value_f64(below(&seed, 24) / 2.0)
                            : text(texts[below(&seed, 10)]);
    }
    for (int a = 0; a < 40; a++)
        for (int b = 0; b < 40; b++) {
            assert_int_equal(
                    tv_value_compare(all[a], all[b]) < 0, tv_value_compare(all[b], all[a]) > 0);
            for (int c = 0; c < 40; c++)
                if (tv_value_compare(all[a], all[b]) <= 0 && tv_value_compare(all[b], all[c]) <= 0)
                    assert_true(tv_value_compare(all[a], all[c]) <= 0);
        }
}

static void value__compares_integers_with_doubles_exactly(void **state)
{
    (void)state;
    struct tv_number big = {.is_int = true, .i = (1LL << 53) + 1};
    struct tv_number near = {.f = 0x1p53};
    assert_true(tv_number_compare(big, near) > 0);
    assert_true(tv_number_compare(near, big) < 0);
    struct tv_number half = {.f = -2.5}, two = {.is_int = true, .i = -2};
    assert_true(tv_number_compare(half, two) < 0);
    assert_true(tv_number_compare(two, half) > 0);
    struct tv_number nan = {.f = (double)NAN};
    assert_true(tv_number_compare(nan, big) > 0);
    assert_int_equal(tv_number_compare(nan, nan), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(value__is_a_number_where_it_stands_for_one),
            cmocka_unit_test(value__orders_null_numbers_text),
            cmocka_unit_test(value__order_has_no_cycles),
            cmocka_unit_test(value__compares_integers_with_doubles_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
