/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers from text and doubles to text. */
#include "base/digits.h"
#include "base/json_out.h"
#include "support.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void u64__takes_digits_only(void **state)
{
    (void)state;
    uint64_t value = 7;
    assert_true(tv_str_to_u64(TV_STR("0"), &value) && value == 0);
    assert_true(tv_str_to_u64(TV_STR("007"), &value) && value == 7);
    assert_true(tv_str_to_u64(TV_STR("18446744073709551615"), &value) && value == UINT64_MAX);
    value = 7;
    static const char *const wrong[] = {"", "-1", "+1", " 1", "1 ", "1x", "0x1", "1.0",
            "18446744073709551616", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(tv_str_to_u64(tv_str_of(wrong[i]), &value));
    assert_int_equal(value, 7);
}

static void i64__takes_a_sign(void **state)
{
    (void)state;
    int64_t value = 7;
    assert_true(tv_str_to_i64(TV_STR("-9223372036854775808"), &value) && value == INT64_MIN);
    assert_true(tv_str_to_i64(TV_STR("9223372036854775807"), &value) && value == INT64_MAX);
    assert_true(tv_str_to_i64(TV_STR("+5"), &value) && value == 5);
    assert_true(tv_str_to_i64(TV_STR("-0"), &value) && value == 0);
    value = 7;
    static const char *const wrong[] = {
            "", "-", "+", "--1", "+-1", "-9223372036854775809", "9223372036854775808", "1e3"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(tv_str_to_i64(tv_str_of(wrong[i]), &value));
    assert_int_equal(value, 7);
}

static void f64__takes_the_grammar_of_json(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } right[] = {{"0", 0}, {"-0", -0.0}, {"1", 1}, {"+1", 1}, {"-1.5", -1.5}, {"1e3", 1000},
            {"1E+3", 1000}, {"25e-2", 0.25}, {"0.1", 0.1},
            {"123456789012345678", 123456789012345678.0}, {"1e22", 1e22}, {"1e23", 1e23},
            {"1.7976931348623157e308", DBL_MAX}, {"4.9406564584124654e-324", 0x1p-1074},
            {"2.2250738585072014e-308", DBL_MIN}, {"1e-400", 0}, {"0e999999999999999999999", 0},
            {"9007199254740993", 9007199254740992.0},
            {"0.000000000000000000000000000000000000000000000000001e51", 1}};
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        double value = 7;
        assert_true(tv_str_to_f64(tv_str_of(right[i].text), &value));
        assert_memory_equal(&value, &right[i].value, sizeof(value));
    }
    double value = 7;
    static const char *const wrong[] = {"", "-", "+", "+-1", "01", "1.", ".5", "1e", "1e+", "1.e2",
            "0x10", "inf", "nan", "NaN", " 1", "1 ", "1,5", "1e400", "-1e400", "1e309", "--1",
            "1.7976931348623159e308"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(tv_str_to_f64(tv_str_of(wrong[i]), &value));
    assert_true(value == 7);
    assert_false(tv_str_to_f64(TV_STR("1\0"), &value));
}

static void f64__reads_no_further_than_its_length(void **state)
{
    (void)state;
    double value = 0;
    assert_true(tv_str_to_f64((struct tv_str){"123", 2}, &value) && value == 12);
    char *exact = malloc(4);
    memcpy(exact, "1e22", 4); /* a byte more is found by the address sanitizer */
    assert_true(tv_str_to_f64((struct tv_str){exact, 4}, &value) && value == 1e22);
    free(exact);
}

/* 2^53 + 1 is a tie, which goes to the even neighbour unless any later digit breaks it. */
static void f64__rounds_by_digits_however_far(void **state)
{
    (void)state;
    struct tv_buf text = {0};
    tv_buf_printf(&text, "9007199254740993.");
    for (int i = 0; i < 5000; i++)
        tv_buf_append_char(&text, '0');
    double value = 0;
    assert_true(tv_str_to_f64(tv_buf_str(&text), &value) && value == 9007199254740992.0);
    tv_buf_append_char(&text, '1');
    assert_true(tv_str_to_f64(tv_buf_str(&text), &value) && value == 9007199254740994.0);
    tv_buf_clear(&text);
    for (int i = 0; i < 100000; i++)
        tv_buf_append_char(&text, '1');
    assert_false(tv_str_to_f64(tv_buf_str(&text), &value));
    tv_buf_printf(&text, "e-99999");
    assert_true(tv_str_to_f64(tv_buf_str(&text), &value) && value == 1.1111111111111112);
    tv_buf_clear(&text);
    tv_buf_printf(&text, "0.");
    for (int i = 0; i < 100000; i++)
        tv_buf_append_char(&text, '0');
    tv_buf_printf(&text, "5e100001");
    assert_true(tv_str_to_f64(tv_buf_str(&text), &value) && value == 5);
    tv_buf_release(&text);
}

static void f64__agrees_with_the_library(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        uint64_t random = next_random(&seed);
        char text[64];
        int exponent = (int)(next_random(&seed) % 700) - 350;
        if (i % 2)
            exponent = exponent % 30;
        uint64_t significand = random >> (next_random(&seed) % 64);
        (void)snprintf(text, sizeof(text), "%llu.%lue%d", (unsigned long long)significand,
                (unsigned long)(next_random(&seed) % 1000), exponent);
        double expected = strtod(text, NULL);
        double value = 0;
        assert_int_equal(tv_str_to_f64(tv_str_of(text), &value), isfinite(expected));
        if (isfinite(expected))
            assert_memory_equal(&value, &expected, sizeof(value));
    }
}

static void check_format(double value, const char *expected)
{
    char text[32];
    size_t length = tv_f64_format(value, text);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

static void format__is_the_shortest(void **state)
{
    (void)state;
    check_format(0, "0");
    check_format(-0.0, "-0");
    check_format(1, "1");
    check_format(-42, "-42");
    check_format(0.1, "0.1");
    check_format(-12.5, "-12.5");
    check_format(0.1 + 0.2, "0.30000000000000004");
    check_format(1.0 / 3, "0.3333333333333333");
    check_format(100.25, "100.25");
    check_format(123456.789, "123456.789");
    check_format(9007199254740991.0, "9007199254740991");
    check_format(9007199254740992.0, "9007199254740992");
    check_format(1e20, "100000000000000000000");
    check_format(1e21, "1e21");
    check_format(1.5e300, "1.5e300");
    check_format(0.000001, "0.000001");
    check_format(0.0000001, "1e-7");
    check_format(0.00000123, "0.00000123");
    check_format(5e-324, "5e-324");
    check_format(DBL_MAX, "1.7976931348623157e308");
    check_format(-DBL_MAX, "-1.7976931348623157e308");
    check_format(DBL_MIN, "2.2250738585072014e-308");
    check_format((double)NAN, "null");
    check_format(-HUGE_VAL, "null");
}

/* No other text of fewer digits may read back as the same double. */
static size_t least_digits(double value)
{
    for (int precision = 1; precision < 17; precision++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "%.*e", precision - 1, value);
        if (strtod(text, NULL) == value)
            return (size_t)precision;
    }
    return 17;
}

static size_t count_digits(const char *text)
{
    size_t digits = 0;
    size_t zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && digits == 0))
            continue;
        zeros = *text == '0' ? zeros + 1 : 0;
        digits++;
    }
    return digits - zeros;
}

static void check_round_trip(double value)
{
    char text[32];
    double back = 0;
    size_t length = tv_f64_format(value, text);
    assert_true(length < sizeof(text));
    assert_true(tv_str_to_f64((struct tv_str){text, length}, &back));
    assert_memory_equal(&back, &value, sizeof(back));
}

static void format__round_trips_random_bits(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = next_random(&seed);
        double value = 0;
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        check_round_trip(value);
        if (i % 10 == 0 && value != 0) {
            char text[32];
            (void)tv_f64_format(value, text);
            assert_true(count_digits(text) <= least_digits(value));
        }
    }
}

/* Measurements: decimals of few digits, where the quick way is taken. */
static void format__round_trips_decimals(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 100000; i++) {
        char decimal[64];
        int decimals = (int)(next_random(&seed) % 9);
        uint64_t whole = next_random(&seed) % UINT64_C(10000000);
        uint64_t fraction = next_random(&seed) % (uint64_t)pow(10, decimals);
        (void)snprintf(decimal, sizeof(decimal), "%llu.%0*llu", (unsigned long long)whole, decimals,
                (unsigned long long)fraction);
        double value = strtod(decimal, NULL);
        char text[32];
        (void)tv_f64_format(value, text);
        check_round_trip(value);
        if (value != 0)
            assert_true(count_digits(text) <= count_digits(decimal));
    }
}

static void digits__write_every_length(void **state)
{
    (void)state;
    char text[TV_DIGITS_U64_BYTES];
    char expected[32];
    uint64_t value = 1;
    for (int i = 0; i < 20; i++, value = value * 10) {
        for (int less = 0; less < 2; less++) {
            size_t length = tv_digits_u64(value - (uint64_t)less, text);
            (void)snprintf(expected, sizeof(expected), "%llu",
                    (unsigned long long)(value - (uint64_t)less));
            assert_text((struct tv_str){text, length}, expected);
        }
    }
    assert_text((struct tv_str){text, tv_digits_u64(UINT64_MAX, text)}, "18446744073709551615");
    assert_text((struct tv_str){text, tv_digits_i64(INT64_MIN, text)}, "-9223372036854775808");
    assert_text((struct tv_str){text, tv_digits_i64(-1, text)}, "-1");
    tv_digits_padded(7, 3, text);
    assert_text((struct tv_str){text, 3}, "007");
    tv_digits_padded(2024, 4, text);
    assert_text((struct tv_str){text, 4}, "2024");
}

/* A thread whose locale writes a decimal comma reads and writes the same. */
static void numbers__do_not_depend_on_the_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ru_RU.UTF-8"};
    locale_t comma = (locale_t)0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !comma; i++)
        comma = newlocale(LC_ALL_MASK, names[i], (locale_t)0);
    /* Where no such locale is installed the plain one is used; the answers must be the same. */
    locale_t before = comma ? uselocale(comma) : (locale_t)0;
    double value = 0;
    assert_true(tv_str_to_f64(TV_STR("0.12345678901234567890"), &value));
    assert_true(value == 0.12345678901234567890);
    check_format(0.1 + 0.2, "0.30000000000000004");
    if (comma) {
        (void)uselocale(before);
        freelocale(comma);
    }
}

static void numbers__absent_text_is_none(void **state)
{
    (void)state;
    struct tv_str none = {NULL, 0};
    uint64_t natural = 7;
    int64_t integer = 7;
    double real = 7;
    assert_false(tv_str_to_u64(none, &natural));
    assert_false(tv_str_to_i64(none, &integer));
    assert_false(tv_str_to_f64(none, &real));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(u64__takes_digits_only),
            cmocka_unit_test(i64__takes_a_sign),
            cmocka_unit_test(f64__takes_the_grammar_of_json),
            cmocka_unit_test(f64__reads_no_further_than_its_length),
            cmocka_unit_test(f64__rounds_by_digits_however_far),
            cmocka_unit_test(f64__agrees_with_the_library),
            cmocka_unit_test(format__is_the_shortest),
            cmocka_unit_test(format__round_trips_random_bits),
            cmocka_unit_test(format__round_trips_decimals),
            cmocka_unit_test(digits__write_every_length),
            cmocka_unit_test(numbers__do_not_depend_on_the_locale),
            cmocka_unit_test(numbers__absent_text_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
