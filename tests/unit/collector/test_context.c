/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <string.h>

static const char example[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

static void context__reads_and_writes_the_recommendations_example(void **state)
{
    (void)state;
    struct traversion_context context;
    char text[TRAVERSION_TRACEPARENT_BYTES];
    assert_true(traversion_context_parse(example, &context));
    assert_int_equal(context.trace_id[0], 0x4b);
    assert_int_equal(context.trace_id[15], 0x36);
    assert_int_equal(context.span_id[7], 0xb7);
    assert_int_equal(context.flags, 1);
    traversion_context_format(&context, text);
    assert_string_equal(text, example);
}

static void context__takes_later_versions_with_more_behind(void **state)
{
    (void)state;
    struct traversion_context context;
    assert_true(traversion_context_parse(
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", &context));
    assert_true(traversion_context_parse(
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", &context));
}

static void context__refuses_what_is_not_valid(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01"};
    struct traversion_context context, none = {.flags = 0};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        memset(&context, 0xa5, sizeof(context));
        if (traversion_context_parse(texts[i], &context))
            fail_msg("taken: %s", texts[i]);
        assert_memory_equal(&context, &none, sizeof(none));
    }
    assert_false(traversion_context_parse(NULL, &context));
}

static void context__without_a_trace_is_written_as_nothing(void **state)
{
    (void)state;
    struct traversion_context context = {.flags = 1};
    char text[TRAVERSION_TRACEPARENT_BYTES] = "x";
    traversion_context_format(&context, text);
    assert_string_equal(text, "");
    traversion_context_format(NULL, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(context__reads_and_writes_the_recommendations_example),
            cmocka_unit_test(context__takes_later_versions_with_more_behind),
            cmocka_unit_test(context__refuses_what_is_not_valid),
            cmocka_unit_test(context__without_a_trace_is_written_as_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
