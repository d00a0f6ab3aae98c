/* SPDX-License-Identifier: Apache-2.0 */
/* Codes and error texts. */
#include "support.h"

static void status__names_and_http_codes_come_from_one_list(void **state)
{
    (void)state;
    assert_string_equal(tv_status_name(TV_OK), "ok");
    assert_int_equal(tv_status_http(TV_OK), 200);
    assert_string_equal(tv_status_name(TV_BAD_INPUT), "bad_input");
    assert_int_equal(tv_status_http(TV_TOO_LARGE), 413);
    assert_string_equal(tv_status_name(TV_TIMEOUT), "timeout");
    assert_int_equal(tv_status_http(TV_TIMEOUT), 504);
}

static void name_of_unknown_status(void)
{
    (void)tv_status_name((enum tv_status)1000);
}

static void status__unknown_code_is_a_broken_invariant(void **state)
{
    (void)state;
    assert_true(dies(name_of_unknown_status));
}

static void fail__fills_and_clears(void **state)
{
    (void)state;
    struct tv_error err;
    memset(&err, 0xff, sizeof(err));
    assert_int_equal(tv_fail(&err, TV_IO, "cannot open '%s'", "x.db"), TV_IO);
    assert_int_equal(err.status, TV_IO);
    assert_string_equal(err.message, "cannot open 'x.db'");
    assert_int_equal(err.offset, 0);
    assert_int_equal(err.line, 0);
    assert_int_equal(err.column, 0);
    assert_string_equal(err.expected, "");
    assert_string_equal(err.hint, "");
}

static void fail__accepts_no_error(void **state)
{
    (void)state;
    assert_int_equal(tv_fail(NULL, TV_IO, "unseen"), TV_IO);
    tv_error_hint(NULL, "unseen");
}

static void fail__cuts_on_a_code_point(void **state)
{
    (void)state;
    char text[600];
    for (size_t start = 250; start <= 256; start++) {
        memset(text, 'a', sizeof(text));
        memcpy(text + start, "\xe2\x82\xac", 3); /* a euro sign across the cut */
        text[sizeof(text) - 1] = '\0';
        struct tv_error err;
        (void)tv_fail(&err, TV_IO, "%s", text);
        size_t length = strlen(err.message);
        assert_true(tv_utf8_valid((struct tv_str){err.message, length}));
        assert_true(length >= TV_ERROR_MESSAGE_BYTES - 1 - 2);
        assert_memory_equal(err.message, text, length);
    }
}

static void fail__keeps_what_just_fits(void **state)
{
    (void)state;
    char text[TV_ERROR_MESSAGE_BYTES];
    memset(text, 'b', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct tv_error err;
    (void)tv_fail(&err, TV_IO, "%s", text);
    assert_string_equal(err.message, text);
}

static void fail__may_quote_its_own_message(void **state)
{
    (void)state;
    struct tv_error err;
    (void)tv_fail(&err, TV_IO, "inner");
    (void)tv_fail(&err, TV_IO, "outer: %s", err.message);
    assert_string_equal(err.message, "outer: inner");
}

static void hint__is_set_beside_the_message(void **state)
{
    (void)state;
    struct tv_error err;
    (void)tv_fail(&err, TV_BAD_INPUT, "unknown field '%s'", "servce");
    tv_error_hint(&err, "did you mean '%s'?", "service");
    assert_string_equal(err.message, "unknown field 'servce'");
    assert_string_equal(err.hint, "did you mean 'service'?");
}

static void break_invariant(void)
{
    TV_ASSERT(1 + 1 == 3);
}

static void assert__aborts(void **state)
{
    (void)state;
    assert_true(dies(break_invariant));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(status__names_and_http_codes_come_from_one_list),
            cmocka_unit_test(status__unknown_code_is_a_broken_invariant),
            cmocka_unit_test(fail__fills_and_clears),
            cmocka_unit_test(fail__accepts_no_error),
            cmocka_unit_test(fail__cuts_on_a_code_point),
            cmocka_unit_test(fail__keeps_what_just_fits),
            cmocka_unit_test(fail__may_quote_its_own_message),
            cmocka_unit_test(hint__is_set_beside_the_message),
            cmocka_unit_test(assert__aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
