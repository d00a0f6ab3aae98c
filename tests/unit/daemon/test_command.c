/* SPDX-License-Identifier: Apache-2.0 */
/* A command's flags among the daemon's. */
#include "daemon/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ARGUMENTS_MAX = 128 };

struct asked {
    const char *url;
    bool loud;
    struct tv_config config;
    struct tv_error err;
};

static enum tv_status ask(struct asked *asked, const char *const *arguments)
{
    const struct tv_command_flag flags[] = {
            {"url", &asked->url, NULL}, {"loud", NULL, &asked->loud}, {0}};
    char *argv[ARGUMENTS_MAX];
    int argc = 0;
    while (arguments[argc]) {
        argv[argc] = (char *)(uintptr_t)arguments[argc];
        argc++;
    }
    *asked = (struct asked){.url = NULL};
    return tv_command_read(argc, argv, flags, &asked->config, &asked->err);
}

static void command__takes_its_own_flags_and_leaves_the_daemons(void **state)
{
    (void)state;
    struct asked asked;
    static const char *const spread[] = {
            "--retention", "3d", "--url", "a", "--loud", "--data-dir=/d", NULL};
    static const char *const joined[] = {"--loud", "--url=b=c", NULL};
    assert_int_equal(ask(&asked, spread), TV_OK);
    assert_string_equal(asked.url, "a");
    assert_true(asked.loud);
    assert_string_equal(asked.config.data_dir, "/d");
    assert_int_equal(asked.config.retention_ns, INT64_C(259200000000000));
    tv_config_release(&asked.config);
    assert_int_equal(ask(&asked, joined), TV_OK);
    assert_string_equal(asked.url, "b=c");
    tv_config_release(&asked.config);
}

static void command__needs_none(void **state)
{
    (void)state;
    struct asked asked;
    static const char *const none[] = {NULL};
    assert_int_equal(ask(&asked, none), TV_OK);
    assert_null(asked.url);
    assert_false(asked.loud);
    tv_config_release(&asked.config);
}

static void command__reads_as_many_as_there_are(void **state)
{
    (void)state;
    struct asked asked;
    const char *many[ARGUMENTS_MAX] = {NULL};
    for (size_t i = 0; i < ARGUMENTS_MAX - 2; i++)
        many[i] = "--insecure";
    many[ARGUMENTS_MAX - 3] = "--data-dir=/last";
    assert_int_equal(ask(&asked, many), TV_OK);
    assert_string_equal(asked.config.data_dir, "/last");
    tv_config_release(&asked.config);
}

static void command__says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[3], *message;
    } cases[] = {
            {{"--url"}, "--url takes a value"},
            {{"--loud=yes"}, "--loud takes no value"},
            {{"--lout"}, "unknown setting 'lout' on the command line"},
            {{"url"}, "unexpected argument 'url'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct asked asked;
        assert_int_equal(ask(&asked, cases[i].arguments), TV_BAD_INPUT);
        if (!strstr(asked.err.message, cases[i].message))
            fail_msg("'%s' does not say '%s'", asked.err.message, cases[i].message);
        assert_int_equal(tv_command_fail("test", &asked.err), 2);
    }
}

int main(void)
{
    (void)setenv("HOME", "/nonexistent/me", 1);
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(command__takes_its_own_flags_and_leaves_the_daemons),
            cmocka_unit_test(command__needs_none),
            cmocka_unit_test(command__reads_as_many_as_there_are),
            cmocka_unit_test(command__says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
