/* SPDX-License-Identifier: Apache-2.0 */
/* Times, dates, durations, sizes and cancelling. */
#include "base/cancel.h"
#include "base/time.h"
#include "support.h"

#include <time.h>

/* 2024-01-15T15:47:23Z */
#define MOMENT_S INT64_C(1705333643)

static void format__writes_nine_decimals(void **state)
{
    (void)state;
    char text[TV_TIME_TEXT_BYTES];
    assert_int_equal(tv_time_format(0, text), 30);
    assert_string_equal(text, "1970-01-01T00:00:00.000000000Z");
    (void)tv_time_format(MOMENT_S * TV_NS_PER_S + 123456789, text);
    assert_string_equal(text, "2024-01-15T15:47:23.123456789Z");
    (void)tv_time_format(TV_TIME_MAX, text);
    assert_string_equal(text, "2262-04-11T23:47:16.854775807Z");
    (void)tv_time_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999999Z");
    (void)tv_time_format(INT64_MIN, text);
    assert_string_equal(text, "1677-09-21T00:12:43.145224192Z");
}

static void civil__agrees_with_the_library_on_every_day(void **state)
{
    (void)state;
    for (int64_t day = -40000; day <= 106751; day++) {
        time_t seconds = (time_t)(day * 86400 + day % 86400 * 7 % 86400);
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        struct tv_civil civil = tv_time_civil((int64_t)seconds * TV_NS_PER_S + 5);
        assert_int_equal(civil.year, tm.tm_year + 1900);
        assert_int_equal(civil.month, tm.tm_mon + 1);
        assert_int_equal(civil.day, tm.tm_mday);
        assert_int_equal(civil.hour, tm.tm_hour);
        assert_int_equal(civil.minute, tm.tm_min);
        assert_int_equal(civil.second, tm.tm_sec);
        assert_int_equal(civil.weekday, tm.tm_wday);
        assert_int_equal(civil.nanosecond, 5);
        int64_t back = -1;
        assert_int_equal(tv_time_from_civil(&civil, &back), seconds >= 0);
        if (seconds >= 0)
            assert_true(back == (int64_t)seconds * TV_NS_PER_S + 5);
    }
}

static void from_civil__refuses_parts_out_of_range(void **state)
{
    (void)state;
    const struct tv_civil good = {2024, 2, 29, 23, 59, 59, 999999999, 0};
    int64_t time_ns = 7;
    assert_true(tv_time_from_civil(&good, &time_ns));
    time_ns = 7;
    const struct tv_civil wrong[] = {{2023, 2, 29, 0, 0, 0, 0, 0}, {1900, 2, 29, 0, 0, 0, 0, 0},
            {2100, 2, 29, 0, 0, 0, 0, 0}, {2024, 2, 30, 0, 0, 0, 0, 0}, {2024, 0, 1, 0, 0, 0, 0, 0},
            {2024, 13, 1, 0, 0, 0, 0, 0}, {2024, 4, 31, 0, 0, 0, 0, 0}, {2024, 4, 0, 0, 0, 0, 0, 0},
            {2024, 4, 1, 24, 0, 0, 0, 0}, {2024, 4, 1, 0, 60, 0, 0, 0},
            {2024, 4, 1, 0, 0, 60, 0, 0}, {2024, 4, 1, -1, 0, 0, 0, 0},
            {2024, 4, 1, 0, 0, 0, 1000000000, 0}, {1969, 12, 31, 0, 0, 0, 0, 0},
            {2262, 4, 12, 0, 0, 0, 0, 0}, {9999, 12, 31, 0, 0, 0, 0, 0},
            {2262, 4, 11, 23, 47, 16, 854775808, 0}, {-1, 1, 1, 0, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(tv_time_from_civil(&wrong[i], &time_ns));
    assert_int_equal(time_ns, 7);
    const struct tv_civil leap_century = {2000, 2, 29, 0, 0, 0, 0, 0};
    assert_true(tv_time_from_civil(&leap_century, &time_ns));
}

struct time_case {
    const char *text;
    int64_t time_ns;
};

static void rfc3339__takes_zones_and_decimals(void **state)
{
    (void)state;
    const int64_t moment = MOMENT_S * TV_NS_PER_S;
    const struct time_case cases[] = {
            {"2024-01-15T15:47:23Z", moment},
            {"2024-01-15t15:47:23z", moment},
            {"2024-01-15 15:47:23Z", moment},
            {"2024-01-15T15:47:23.1Z", moment + 100000000},
            {"2024-01-15T15:47:23.123456789Z", moment + 123456789},
            {"2024-01-15T15:47:23.1234567899999999999999Z", moment + 123456789},
            {"2024-01-15T16:47:23+01:00", moment},
            {"2024-01-15T21:17:23+05:30", moment},
            {"2024-01-15T07:47:23-08:00", moment},
            {"2024-01-16T15:46:23+23:59", moment},
            {"2024-01-15T15:47:23-00:00", moment},
            {"1970-01-01T00:00:00Z", 0},
            {"1970-01-01T01:00:00+01:00", 0},
            {"1969-12-31T23:00:00-01:00", 0},
            {"2262-04-11T23:47:16.854775807Z", INT64_MAX},
            {"2262-04-12T00:47:16.854775807+01:00", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t time_ns = -1;
        assert_true(tv_time_parse_rfc3339(tv_str_of(cases[i].text), &time_ns));
        assert_true(time_ns == cases[i].time_ns);
    }
}

static void rfc3339__refuses_everything_else(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "2024", "2024-01-15", "2024-01-15T15:47Z",
            "2024-01-15T15:47:23", "2024-01-15T15:47:23.Z", "2024-01-15T15:47:60Z",
            "2024-01-15T24:00:00Z", "2023-02-29T00:00:00Z", "2024-1-15T15:47:23Z",
            "2024-01-15T15:47:23+1:00", "2024-01-15T15:47:23+0100", "2024-01-15T15:47:23+24:00",
            "2024-01-15T15:47:23+01:60", "2024-01-15T15:47:23+01", "2024-01-15T15:47:23 Z",
            "2024-01-15T15:47:23ZZ", " 2024-01-15T15:47:23Z", "2024-01-15_15:47:23Z",
            "2024/01/15T15:47:23Z", "+024-01-15T15:47:23Z", "1969-12-31T23:59:59Z",
            "1970-01-01T00:30:00+01:00", "2262-04-11T23:47:16.854775808Z", "9999-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z", "2024-01-15T15:47:23,5Z"};
    int64_t time_ns = 7;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(tv_time_parse_rfc3339(tv_str_of(wrong[i]), &time_ns));
    assert_false(tv_time_parse_rfc3339(TV_STR("2024-01-15\0"
                                              "15:47:23Z"),
            &time_ns));
    assert_int_equal(time_ns, 7);
}

static void rfc3339__reads_what_format_writes(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int i = 0; i < 20000; i++) {
        int64_t time_ns = (int64_t)(next_random(&seed) >> 1);
        int64_t back = -1;
        char text[TV_TIME_TEXT_BYTES];
        size_t length = tv_time_format(time_ns, text);
        assert_true(tv_time_parse_rfc3339((struct tv_str){text, length}, &back));
        assert_true(back == time_ns);
    }
}

static void local__takes_the_short_forms(void **state)
{
    (void)state;
    const int64_t day = (MOMENT_S - (15 * 3600 + 47 * 60 + 23)) * TV_NS_PER_S;
    const struct time_case cases[] = {
            {"2024-01-15", day},
            {"2024-01-15 15:47", day + 15 * TV_NS_PER_HOUR + 47 * TV_NS_PER_MIN},
            {"2024-01-15 15:47:23", MOMENT_S * TV_NS_PER_S},
            {"2024-01-15T15:47:23.5", MOMENT_S * TV_NS_PER_S + 500000000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t time_ns = -1;
        assert_true(tv_time_parse_local(tv_str_of(cases[i].text), 0, &time_ns));
        assert_true(time_ns == cases[i].time_ns);
        assert_true(tv_time_parse_local(tv_str_of(cases[i].text), 2 * TV_NS_PER_HOUR, &time_ns));
        assert_true(time_ns == cases[i].time_ns - 2 * TV_NS_PER_HOUR);
        assert_true(tv_time_parse_local(tv_str_of(cases[i].text), -1, &time_ns));
        assert_true(time_ns == cases[i].time_ns + 1);
    }
    int64_t time_ns = -1;
    assert_true(tv_time_parse_local(TV_STR("1969-12-31 20:00"), -4 * TV_NS_PER_HOUR, &time_ns));
    assert_true(time_ns == 0);
    assert_true(tv_time_parse_local(TV_STR("1970-01-01 00:00:00.5"), 500000000, &time_ns));
    assert_true(time_ns == 0);
    assert_true(tv_time_parse_local(TV_STR("1970-01-01 00:00:01.25"), 500000000, &time_ns));
    assert_true(time_ns == 750000000);
    assert_true(tv_time_parse_local(TV_STR("1970-01-01 00:00:00.75"), -500000000, &time_ns));
    assert_true(time_ns == 1250000000);
    static const char *const wrong[] = {"", "2024-01", "2024-01-15 ", "2024-01-15 15",
            "2024-01-15 15:", "2024-01-15 15:47:", "2024-01-15 15:47:23.", "2024-01-15 15:47:23Z",
            "2024-01-15 15:47+01:00", "2024-13-15", "1970-01-01x", "1969-12-31"};
    time_ns = 7;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(tv_time_parse_local(tv_str_of(wrong[i]), 0, &time_ns));
    assert_false(tv_time_parse_local(TV_STR("1970-01-01"), 1, &time_ns));
    assert_int_equal(time_ns, 7);
}

static void epoch__size_tells_the_unit(void **state)
{
    (void)state;
    const struct time_case cases[] = {
            {"0", 0},
            {"0.0", 0},
            {"0e5", 0},
            {"0.000000001", 1},
            {"1", TV_NS_PER_S},
            {"1705333643", MOMENT_S * TV_NS_PER_S},
            {"1705333643.123456789", MOMENT_S * TV_NS_PER_S + 123456789},
            {"1705333643.1234567899", MOMENT_S * TV_NS_PER_S + 123456789},
            {"1705333643123", MOMENT_S * TV_NS_PER_S + 123000000},
            {"1705333643123.456789", MOMENT_S * TV_NS_PER_S + 123456789},
            {"1705333643123456", MOMENT_S * TV_NS_PER_S + 123456000},
            {"1705333643123456.789", MOMENT_S * TV_NS_PER_S + 123456789},
            {"1705333643123456789", MOMENT_S * TV_NS_PER_S + 123456789},
            {"1705333643123456789.9", MOMENT_S * TV_NS_PER_S + 123456789},
            {"1.705333643e9", MOMENT_S * TV_NS_PER_S},
            {"1.705333643123456789e9", MOMENT_S * TV_NS_PER_S + 123456789},
            {"1705333643123e-3", MOMENT_S * TV_NS_PER_S + 123000000},
            {"1e9", 1000000000 * TV_NS_PER_S},
            {"5e-9", 5},
            {"5e-30", 0},
            {"0.00000000000000000000017e31", 1700000000 * TV_NS_PER_S},
            /* around the cuts, each unit as far as 2262 */
            {"9223372036", INT64_C(9223372036) * TV_NS_PER_S},
            {"9223372036.854775807", INT64_MAX},
            {"100000000000", INT64_C(100000000000) * TV_NS_PER_MS},
            {"9223372036854", INT64_C(9223372036854) * TV_NS_PER_MS},
            {"100000000000000", INT64_C(100000000000000) * TV_NS_PER_US},
            {"9223372036854775", INT64_C(9223372036854775) * TV_NS_PER_US},
            {"100000000000000000", INT64_C(100000000000000000)},
            {"9223372036854775807", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t time_ns = -1;
        bool good = tv_time_parse_epoch(tv_str_of(cases[i].text), &time_ns);
        if (!good || time_ns != cases[i].time_ns)
            fail_msg("%s gives %d %lld", cases[i].text, good, (long long)time_ns);
    }
}

static void epoch__refuses_the_rest(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "-1", "-0", "+1", "1e", "abc", "0x10", " 1", "1 ", "01",
            ".5", "1.", "1e400", "1e999999999999999999999", "9223372036.854775808", "9223372037",
            "99999999999", "9223372036854775808", "18446744073709551616", "99999999999999999999",
            "NaN", "2024-01-15"};
    int64_t time_ns = 7;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (tv_time_parse_epoch(tv_str_of(wrong[i]), &time_ns))
            fail_msg("%s gives %lld", wrong[i], (long long)time_ns);
    }
    assert_int_equal(time_ns, 7);
}

static void clocks__run(void **state)
{
    (void)state;
    assert_true(tv_time_now() > MOMENT_S * TV_NS_PER_S);
    int64_t before = tv_time_monotonic();
    assert_true(before > 0);
    assert_true(tv_time_monotonic() >= before);
}

static void cancel__tells_why(void **state)
{
    (void)state;
    assert_int_equal(tv_cancel_check(NULL), TV_OK);
    struct tv_cancel cancel = {0};
    assert_int_equal(tv_cancel_check(&cancel), TV_OK);
    cancel.deadline_ns = tv_time_monotonic() + TV_NS_PER_HOUR;
    assert_int_equal(tv_cancel_check(&cancel), TV_OK);
    cancel.deadline_ns = 1;
    assert_int_equal(tv_cancel_check(&cancel), TV_TIMEOUT);
    tv_cancel_raise(&cancel);
    assert_int_equal(tv_cancel_check(&cancel), TV_CANCELLED);
}

static void parse__absent_text_is_no_time(void **state)
{
    (void)state;
    struct tv_str none = {NULL, 0};
    int64_t time_ns = 7;
    assert_false(tv_time_parse_rfc3339(none, &time_ns));
    assert_false(tv_time_parse_local(none, 0, &time_ns));
    assert_false(tv_time_parse_epoch(none, &time_ns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(format__writes_nine_decimals),
            cmocka_unit_test(civil__agrees_with_the_library_on_every_day),
            cmocka_unit_test(from_civil__refuses_parts_out_of_range),
            cmocka_unit_test(rfc3339__takes_zones_and_decimals),
            cmocka_unit_test(rfc3339__refuses_everything_else),
            cmocka_unit_test(rfc3339__reads_what_format_writes),
            cmocka_unit_test(local__takes_the_short_forms),
            cmocka_unit_test(epoch__size_tells_the_unit),
            cmocka_unit_test(epoch__refuses_the_rest),
            cmocka_unit_test(clocks__run),
            cmocka_unit_test(cancel__tells_why),
            cmocka_unit_test(parse__absent_text_is_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
