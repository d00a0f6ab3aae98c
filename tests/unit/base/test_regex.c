/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions from outside. */
#include "base/buf.h"
#include "base/regex.h"
#include "base/time.h"
#include "support.h"

static bool found(const char *pattern, struct tv_str text)
{
    struct tv_regex *regex = NULL;
    struct tv_error err = {0};
    if (tv_regex_new(tv_str_of(pattern), &regex, &err) != TV_OK)
        fail_msg("%s: %s", pattern, err.message);
    bool gave_up = true;
    bool result = tv_regex_found(regex, text, &gave_up);
    assert_false(gave_up);
    assert_int_equal(tv_regex_found(regex, text, NULL), result);
    tv_regex_free(regex);
    return result;
}

static void regex__searches_anywhere(void **state)
{
    (void)state;
    assert_true(found("time.?out", TV_STR("a timeout of 5 s")));
    assert_false(found("^time", TV_STR("a timeout")));
    assert_true(found("(?i)ERROR|fatal", TV_STR("an error")));
    assert_true(found("^.$", TV_STR("\xe2\x82\xac"))); /* one code point */
    assert_true(found("", (struct tv_str){NULL, 0}));
    assert_true(found("a\\x00b", TV_STR("a\0b")));
    assert_false(found("x", TV_STR("")));
}

static void regex__searches_text_that_is_not_utf8(void **state)
{
    (void)state;
    assert_true(found("needle", TV_STR("\xff\xfe needle \xc3")));
    assert_false(found("other", TV_STR("\xff\xfe needle \xc3")));
}

static void regex__refuses_broken_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        uint32_t offset;
    } cases[] = {{"a(b", 3}, {"*a", 0}, {"[z-a]", 3}, {"a\\", 2}, {"ab\xff", 2}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tv_regex *regex = NULL;
        struct tv_error err = {0};
        assert_int_equal(tv_regex_new(tv_str_of(cases[i].pattern), &regex, &err), TV_BAD_INPUT);
        assert_null(regex);
        assert_int_equal(err.offset, cases[i].offset);
        assert_true(strlen(err.message) > strlen("invalid regular expression: "));
        assert_int_equal(tv_regex_new(tv_str_of(cases[i].pattern), &regex, NULL), TV_BAD_INPUT);
    }
    struct tv_regex *regex = NULL;
    assert_int_equal(tv_regex_new(TV_STR("\\C"), &regex, NULL), TV_BAD_INPUT);
    tv_regex_free(NULL);
}

static void regex__limits_the_pattern(void **state)
{
    (void)state;
    struct tv_buf pattern = {0};
    struct tv_regex *regex = NULL;
    while (pattern.len < 4096)
        tv_buf_append_char(&pattern, 'a');
    assert_int_equal(tv_regex_new(tv_buf_str(&pattern), &regex, NULL), TV_OK);
    assert_true(tv_regex_found(regex, tv_buf_str(&pattern), NULL));
    tv_regex_free(regex);
    tv_buf_append_char(&pattern, 'a');
    assert_int_equal(tv_regex_new(tv_buf_str(&pattern), &regex, NULL), TV_BAD_INPUT);
    tv_buf_clear(&pattern);
    tv_buf_append_str(&pattern, TV_STR("(((a{1,1000}){1,1000}){1,1000}){1,1000}"));
    assert_int_equal(tv_regex_new(tv_buf_str(&pattern), &regex, NULL), TV_BAD_INPUT);
    tv_buf_release(&pattern);
}

static void regex__gives_up_on_exponential_work(void **state)
{
    (void)state;
    static const char *const patterns[] = {"^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(x+x+)+y"};
    char text[60];
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        memset(text, i == 3 ? 'x' : 'a', sizeof(text));
        text[sizeof(text) - 1] = '!';
        struct tv_regex *regex = NULL;
        assert_int_equal(tv_regex_new(tv_str_of(patterns[i]), &regex, NULL), TV_OK);
        bool gave_up = false;
        int64_t start = tv_time_monotonic();
        assert_false(tv_regex_found(regex, (struct tv_str){text, sizeof(text)}, &gave_up));
        assert_true(tv_time_monotonic() - start < 2 * TV_NS_PER_S);
        /* The last needs a 'y', which PCRE2 looks for first: no work at all. */
        assert_int_equal(gave_up, i < 3);
        tv_regex_free(regex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(regex__searches_anywhere),
            cmocka_unit_test(regex__searches_text_that_is_not_utf8),
            cmocka_unit_test(regex__refuses_broken_patterns),
            cmocka_unit_test(regex__limits_the_pattern),
            cmocka_unit_test(regex__gives_up_on_exponential_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
