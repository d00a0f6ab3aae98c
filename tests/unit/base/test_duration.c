/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and sizes. */
#include "base/time.h"
#include "support.h"

struct duration_case {
    const char *text;
    int64_t duration_ns;
};

static void duration__takes_symbols_and_words(void **state)
{
    (void)state;
    const struct duration_case cases[] = {
            {"250ms", 250 * TV_NS_PER_MS},
            {"1.5 h", 90 * TV_NS_PER_MIN},
            {"5 minutes", 5 * TV_NS_PER_MIN},
            {"1 Minute", TV_NS_PER_MIN},
            {"30d", 30 * TV_NS_PER_DAY},
            {"2W", 14 * TV_NS_PER_DAY},
            {"1 week", 7 * TV_NS_PER_DAY},
            {"7 days", 7 * TV_NS_PER_DAY},
            {"3 hours", 3 * TV_NS_PER_HOUR},
            {"10 s", 10 * TV_NS_PER_S},
            {"1 second", TV_NS_PER_S},
            {"9 milliseconds", 9000000},
            {"4us", 4000},
            {"4\xc2\xb5s", 4000},
            {"4\xce\xbcs", 4000},
            {"4 microseconds", 4000},
            {"3ns", 3},
            {"1 nanosecond", 1},
            {"15 min", 15 * TV_NS_PER_MIN},
            {"20 secs", 20 * TV_NS_PER_S},
            {"0s", 0},
            {"0.1s", 100000000},
            {"-5m", -300000000000},
            {"  5\tm  ", 5 * TV_NS_PER_MIN},
            {"0.0000000019s", 1},
            {"1.000000001s", 1000000001},
            {"0.9999999999999999999999ns", 0},
            {"9223372036854775807ns", INT64_MAX},
            {"-9223372036854775808ns", INT64_MIN},
            {"106751d", 106751 * TV_NS_PER_DAY},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t duration_ns = -1;
        bool good = tv_duration_parse(tv_str_of(cases[i].text), &duration_ns);
        if (!good || duration_ns != cases[i].duration_ns)
            fail_msg("%s gives %d %lld", cases[i].text, good, (long long)duration_ns);
    }
}

static void duration__refuses_the_rest(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "5", "ms", "-", "5 x", "5 mss", "5 hoursx", "5.m",
            ".5m", "--5m", "+5m", "1e3s", "5 m m", "9223372036854775808ns",
            "-9223372036854775809ns", "106752d", "99999999999999999999s", "15251w", "1.5.5s",
            "1h30m"};
    int64_t duration_ns = 7;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (tv_duration_parse(tv_str_of(wrong[i]), &duration_ns))
            fail_msg("%s gives %lld", wrong[i], (long long)duration_ns);
    }
    assert_int_equal(duration_ns, 7);
}

static void duration__is_written_exactly(void **state)
{
    (void)state;
    const struct duration_case cases[] = {
            {"10s", 10 * TV_NS_PER_S},
            {"1500ms", 1500 * TV_NS_PER_MS},
            {"0s", 0},
            {"1ns", 1},
            {"1us", 1000},
            {"1w", 7 * TV_NS_PER_DAY},
            {"30d", 30 * TV_NS_PER_DAY},
            {"90m", 90 * TV_NS_PER_MIN},
            {"-5m", -5 * TV_NS_PER_MIN},
            {"9223372036854775807ns", INT64_MAX},
            {"-9223372036854775808ns", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[24];
        assert_int_equal(tv_duration_format(cases[i].duration_ns, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void duration__round_trips(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (int i = 0; i < 20000; i++) {
        int64_t duration_ns = (int64_t)(next_random(&seed)) >> (next_random(&seed) % 64);
        char text[24];
        int64_t back = 0;
        size_t length = tv_duration_format(duration_ns, text);
        assert_true(length < sizeof(text));
        assert_true(tv_duration_parse((struct tv_str){text, length}, &back));
        assert_true(back == duration_ns);
    }
}

static void size__takes_decimal_and_binary_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {{"4096", 4096}, {"0", 0}, {"10GiB", UINT64_C(10) << 30}, {"512 MiB", 512 << 20},
            {"1.5kB", 1500}, {"1.5KiB", 1536}, {"2tb", UINT64_C(2000000000000)}, {"7B", 7},
            {"1 byte", 1}, {"7 bytes", 7}, {"0.5B", 0}, {" 1 MB ", 1000000},
            {"18446744073709551615", UINT64_MAX}, {"16777215TiB", UINT64_C(16777215) << 40}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t bytes = 7;
        assert_true(tv_size_parse(tv_str_of(cases[i].text), &bytes));
        assert_true(bytes == cases[i].bytes);
    }
    static const char *const wrong[] = {"", "GiB", "-1", "1G", "1 XB", "1.B", "1GiBs", "1e3",
            "16777216TiB", "18446744073709551616", "18446744073709551615.5kB"};
    uint64_t bytes = 7;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(tv_size_parse(tv_str_of(wrong[i]), &bytes));
    assert_int_equal(bytes, 7);
}

static void parse__absent_text_is_nothing(void **state)
{
    (void)state;
    struct tv_str none = {NULL, 0};
    int64_t duration_ns = 7;
    uint64_t bytes = 7;
    assert_false(tv_duration_parse(none, &duration_ns));
    assert_false(tv_size_parse(none, &bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(duration__takes_symbols_and_words),
            cmocka_unit_test(duration__refuses_the_rest),
            cmocka_unit_test(duration__is_written_exactly),
            cmocka_unit_test(duration__round_trips),
            cmocka_unit_test(size__takes_decimal_and_binary_units),
            cmocka_unit_test(parse__absent_text_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
