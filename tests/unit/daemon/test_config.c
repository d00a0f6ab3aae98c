/* SPDX-License-Identifier: Apache-2.0 */
/* Every setting from every source. The lists here are written by hand, not derived from the table
 * under test: a setting that is new there fails the first test until it is listed. */
#include "base/time.h"
#include "daemon/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGUMENTS_MAX = 8, VARIABLES_MAX = 8 };

/* A setting as a user writes it, and how tv_config_print shows the value and the default. */
struct sample {
    const char *name, *variable, *text, *shown, *initial; /* initial NULL: not shown */
};

static const struct sample samples[] = {
        {"data-dir", "DATA_DIR", "/tmp/some where", "/tmp/some where",
                "/nonexistent/me/.local/state/traversion"},
        {"listen", "LISTEN", "[::1]:99", "[::1]:99", "127.0.0.1:3335"},
        {"otlp-listen", "OTLP_LISTEN", "Off", "off", "127.0.0.1:4318"},
        {"udp-listen", "UDP_LISTEN", "0.0.0.0:0", "0.0.0.0:0", "127.0.0.1:3335"},
        {"syslog-listen", "SYSLOG_LISTEN", "off", "off", "127.0.0.1:5514"},
        {"allowed-hosts", "ALLOWED_HOSTS", "a.example, b.example", "a.example, b.example", NULL},
        {"host-metrics", "HOST_METRICS", "ON", "on", "off"},
        {"journal", "JOURNAL", "true", "on", "off"},
        {"retention", "RETENTION", "12 hours", "12h", "30d"},
        {"retention-for", "RETENTION_FOR", "a,b-*=1d; c=2h", "a,b-*=1d; c=2h", NULL},
        {"max-disk", "MAX_DISK", "1.5GiB", "1610612736", "10737418240"},
        {"disk-reserve", "DISK_RESERVE", "64MiB", "67108864", "268435456"},
        {"max-memory", "MAX_MEMORY", "1GiB", "1073741824", "536870912"},
        {"log-level", "LOG_LEVEL", "debug", "debug", "info"},
        {"log-format", "LOG_FORMAT", "json", "json", "logfmt"},
        {"insecure", "INSECURE", "on", "on", "off"},
};

enum { SAMPLES = sizeof samples / sizeof *samples };

static char program[] = "traversiond", home[] = "HOME=/nonexistent/me", config_flag[] = "--config";
static char folder[] = "/tmp/traversion-config-XXXXXX";
static char file_path[sizeof folder + 16];

static int make_folder(void **state)
{
    (void)state;
    (void)mkdtemp(folder);
    (void)snprintf(file_path, sizeof file_path, "%s/settings", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    (void)unlink(file_path);
    return rmdir(folder);
}

/* One reading: texts are set, NULL-terminated, then read_all is called. */
struct reading {
    const char *flags[ARGUMENTS_MAX], *variables[VARIABLES_MAX], *file;
    struct tv_config config;
    struct tv_error err;
};

static enum tv_status read_all(struct reading *reading)
{
    char *argv[ARGUMENTS_MAX + 4] = {program};
    char *environment[VARIABLES_MAX + 2] = {home};
    int argc = 1;
    if (reading->file) {
        FILE *file = fopen(file_path, "w");
        assert_non_null(file);
        (void)fputs(reading->file, file);
        (void)fclose(file);
        argv[argc++] = config_flag;
        argv[argc++] = file_path;
    }
    for (size_t i = 0; i < ARGUMENTS_MAX && reading->flags[i]; i++)
        argv[argc++] = (char *)(uintptr_t)reading->flags[i];
    for (size_t i = 0; i < VARIABLES_MAX && reading->variables[i]; i++)
        environment[i + 1] = (char *)(uintptr_t)reading->variables[i];
    reading->err.message[0] = reading->err.hint[0] = '\0';
    return tv_config_read(argc, argv, environment, &reading->config, &reading->err);
}

static void read_well(struct reading *reading)
{
    if (read_all(reading) != TV_OK)
        fail_msg("%s", reading->err.message);
}

/* Whether the printed configuration has the line "name = value" (value NULL: no line of that name). */
static bool shows(const struct tv_config *config, const char *name, const char *value)
{
    struct tv_buf text = {0};
    char wanted[256];
    tv_config_print(config, &text);
    tv_buf_append_char(&text, '\0');
    (void)snprintf(wanted, sizeof wanted, value ? "%s = %s\n" : "%s = ", name, value);
    const char *at = strstr(text.data, wanted);
    bool found = at && (at == text.data || at[-1] == '\n');
    if (found != (value != NULL))
        print_error("wanted %s in:\n%s", wanted, text.data);
    tv_buf_release(&text);
    return found == (value != NULL);
}

static void config__has_defaults_and_no_setting_unknown_to_these_tests(void **state)
{
    (void)state;
    struct reading reading = {.file = NULL};
    struct tv_buf text = {0};
    read_well(&reading);
    tv_config_print(&reading.config, &text);
    size_t lines = 0, expected = 1; /* demo */
    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    for (size_t i = 0; i < SAMPLES; i++) {
        assert_true(shows(&reading.config, samples[i].name, samples[i].initial));
        expected += samples[i].initial != NULL;
    }
    assert_true(shows(&reading.config, "demo", "off"));
    assert_int_equal(lines, expected);
    tv_buf_release(&text);
    tv_config_release(&reading.config);
}

static void config__reads_every_setting_from_a_flag(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        char joined[128];
        (void)snprintf(joined, sizeof joined, "--%s=%s", samples[i].name, samples[i].text);
        struct reading one = {.flags = {joined}};
        read_well(&one);
        assert_true(shows(&one.config, samples[i].name, samples[i].shown));
        tv_config_release(&one.config);
        if (strcmp(samples[i].name, "insecure") == 0)
            continue; /* stands alone: below */
        char flag[64];
        (void)snprintf(flag, sizeof flag, "--%s", samples[i].name);
        struct reading two = {.flags = {flag, samples[i].text}};
        read_well(&two);
        assert_true(shows(&two.config, samples[i].name, samples[i].shown));
        tv_config_release(&two.config);
    }
}

static void config__reads_flags_that_stand_alone(void **state)
{
    (void)state;
    struct reading reading = {
            .flags = {"--insecure", "--demo", "--check-config", "--print-config"}};
    read_well(&reading);
    assert_true(reading.config.insecure && reading.config.demo);
    assert_true(reading.config.check_config && reading.config.print_config);
    assert_false(reading.config.help || reading.config.version);
    tv_config_release(&reading.config);
    struct reading off = {.flags = {"--insecure=off", "--demo=false"}};
    read_well(&off);
    assert_false(off.config.insecure || off.config.demo);
    tv_config_release(&off.config);
}

static void config__reads_every_setting_from_the_environment_and_the_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        char variable[128], line[128];
        (void)snprintf(variable, sizeof variable, "TRAVERSIOND_%s=%s", samples[i].variable,
                samples[i].text);
        (void)snprintf(
                line, sizeof line, "# a remark\n%s = %s\n", samples[i].name, samples[i].text);
        struct reading from_variable = {.variables = {"OTHER=x", variable}};
        read_well(&from_variable);
        assert_true(shows(&from_variable.config, samples[i].name, samples[i].shown));
        tv_config_release(&from_variable.config);
        struct reading from_file = {.file = line};
        read_well(&from_file);
        assert_true(shows(&from_file.config, samples[i].name, samples[i].shown));
        tv_config_release(&from_file.config);
    }
}

static void config__lets_flags_win_over_the_environment_over_the_file(void **state)
{
    (void)state;
    struct reading reading = {
            .file = "retention = 1d\nlog-level = warn\nlisten = 127.0.0.1:1\n",
            .variables = {"TRAVERSIOND_RETENTION=2d", "TRAVERSIOND_LOG_LEVEL=error"},
            .flags = {"--retention", "3d"},
    };
    read_well(&reading);
    assert_int_equal(reading.config.retention_ns, 3 * TV_NS_PER_DAY);
    assert_int_equal(reading.config.log_level, TV_LOG_ERROR);
    assert_string_equal(reading.config.listen, "127.0.0.1:1");
    tv_config_release(&reading.config);
}

static void config__finds_its_file_through_the_environment(void **state)
{
    (void)state;
    struct reading written = {.file = "retention = 5d\n"};
    char variable[64];
    read_well(&written);
    tv_config_release(&written.config);
    (void)snprintf(variable, sizeof variable, "TRAVERSIOND_CONFIG=%s", file_path);
    struct reading reading = {.variables = {variable}};
    read_well(&reading);
    assert_int_equal(reading.config.retention_ns, 5 * TV_NS_PER_DAY);
    tv_config_release(&reading.config);
}

static void config__reads_back_what_it_prints(void **state)
{
    (void)state;
    struct reading reading = {
            .flags = {"--retention=36h", "--max-disk=3GB", "--udp-listen=off", "--host-metrics=on",
                    "--log-format=json", "--insecure", "--allowed-hosts=x.example"}};
    struct tv_buf first = {0}, second = {0};
    read_well(&reading);
    tv_config_print(&reading.config, &first);
    tv_buf_append_char(&first, '\0');
    struct reading again = {.file = first.data};
    read_well(&again);
    tv_config_print(&again.config, &second);
    tv_buf_append_char(&second, '\0');
    assert_string_equal(first.data, second.data);
    tv_buf_release(&first);
    tv_buf_release(&second);
    tv_config_release(&reading.config);
    tv_config_release(&again.config);
}

static void config__names_every_flag_in_its_help(void **state)
{
    (void)state;
    static const char *const alone[] = {
            "config", "demo", "check-config", "print-config", "version", "help"};
    struct tv_buf help = {0};
    char wanted[64];
    tv_config_help(&help);
    tv_buf_append_char(&help, '\0');
    for (size_t i = 0; i < SAMPLES + sizeof alone / sizeof *alone; i++) {
        const char *name = i < SAMPLES ? samples[i].name : alone[i - SAMPLES];
        (void)snprintf(wanted, sizeof wanted, "  --%s ", name);
        if (!strstr(help.data, wanted))
            fail_msg("no '%s' in:\n%s", wanted, help.data);
    }
    assert_non_null(strstr(help.data, "[127.0.0.1:3335]"));
    tv_buf_release(&help);
}

static void config__chooses_the_data_folder(void **state)
{
    (void)state;
    static const struct {
        const char *variables[3], *flags[3], *expected;
    } cases[] = {
            {{NULL}, {NULL}, "/nonexistent/me/.local/state/traversion"},
            {{"XDG_STATE_HOME=/x"}, {NULL}, "/x/traversion"},
            {{"XDG_STATE_HOME=not/absolute"}, {NULL}, "/nonexistent/me/.local/state/traversion"},
            {{"STATE_DIRECTORY=/var/lib/traversion", "XDG_STATE_HOME=/x"}, {NULL},
                    "/var/lib/traversion"},
            {{"STATE_DIRECTORY=/one:/two"}, {NULL}, "/one"},
            {{"STATE_DIRECTORY=/one"}, {"--data-dir", "/two"}, "/two"},
            {{"XDG_STATE_HOME=/x"}, {"--demo"}, "/x/traversion/demo"},
            {{NULL}, {"--demo", "--data-dir=/d"}, "/d/demo"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading reading = {.file = NULL};
        memcpy(reading.variables, cases[i].variables, sizeof cases[i].variables);
        memcpy(reading.flags, cases[i].flags, sizeof cases[i].flags);
        read_well(&reading);
        assert_string_equal(reading.config.data_dir, cases[i].expected);
        tv_config_release(&reading.config);
    }
    char *nothing[] = {NULL}, *argv[] = {program};
    struct tv_config config;
    struct tv_error err;
    assert_int_equal(tv_config_read(1, argv, nothing, &config, &err), TV_BAD_INPUT);
    assert_non_null(strstr(err.message, "data-dir"));
}

static void refuses(struct reading *reading, const char *message, const char *hint)
{
    if (read_all(reading) == TV_OK)
        fail_msg("%s was taken", message);
    if (!strstr(reading->err.message, message) || !strstr(reading->err.hint, hint))
        fail_msg("'%s' ('%s') does not say '%s' ('%s')", reading->err.message, reading->err.hint,
                message, hint);
}

static void config__suggests_the_setting_that_was_meant(void **state)
{
    (void)state;
    refuses(&(struct reading){.flags = {"--retenton", "3d"}},
            "unknown setting 'retenton' on the command line", "did you mean 'retention'?");
    refuses(&(struct reading){.variables = {"TRAVERSIOND_MAX_DSIK=1GiB"}},
            "unknown setting 'max-dsik' in the variable TRAVERSIOND_MAX_DSIK",
            "did you mean 'max-disk'?");
    refuses(&(struct reading){.file = "log_level = warn\n"}, "unknown setting 'log_level' in '",
            "did you mean 'log-level'?");
    refuses(&(struct reading){.flags = {"--nothing-like-it"}}, "unknown setting", "");
}

static void config__keeps_commands_to_the_command_line(void **state)
{
    (void)state;
    refuses(&(struct reading){.file = "help = on\n"}, "unknown setting 'help'", "");
    refuses(&(struct reading){.file = "config = /x\n"}, "unknown setting 'config'", "");
    refuses(&(struct reading){.variables = {"TRAVERSIOND_VERSION=1"}}, "unknown setting 'version'",
            "");
}

static void config__refuses_bad_values_of_every_kind(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *message;
    } cases[] = {
            {"--data-dir=", "data-dir on the command line takes a text"},
            {"--listen=nowhere", "takes an address and port"},
            {"--listen=:80", "takes an address and port"},
            {"--listen=127.0.0.1:65536", "takes an address and port"},
            {"--listen=127.0.0.1:", "takes an address and port"},
            {"--listen=off", "takes an address and port"},
            {"--udp-listen=of", "or off, not 'of'"},
            {"--host-metrics=maybe", "takes on or off"},
            {"--insecure=2", "takes on or off"},
            {"--help=perhaps", "takes on or off"},
            {"--retention=soon", "takes a duration"},
            {"--retention=0s", "takes a duration"},
            {"--retention=-1d", "takes a duration"},
            {"--max-disk=much", "takes a size"},
            {"--max-disk=0", "takes a size"},
            {"--max-disk=-1", "takes a size"},
            {"--max-memory=1MiB", "at least 32MiB"},
            {"--log-level=loud", "takes debug, info, warn or error"},
            {"--log-format=xml", "takes logfmt or json"},
            {"--retention", "--retention takes a duration"},
            {"retention", "unexpected argument 'retention'"},
            {"-v", "unexpected argument '-v'"},
            {"--", "unknown setting ''"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(&(struct reading){.flags = {cases[i].flag}}, cases[i].message, "");
    refuses(&(struct reading){.variables = {"TRAVERSIOND_RETENTION=x"}},
            "retention in the variable TRAVERSIOND_RETENTION takes a duration", "");
    refuses(&(struct reading){.file = "retention = x\n"}, "takes a duration", "");
}

static void config__refuses_bad_files(void **state)
{
    (void)state;
    char long_line[512] = "allowed-hosts = ";
    size_t len = strlen(long_line);
    memset(long_line + len, 'a', 400);
    long_line[len + 400] = '\n';
    refuses(&(struct reading){.file = "retention = 1d\nwhat is this\n"}, "line 2 of '", "");
    refuses(&(struct reading){.file = "[daemon]\nretention = 1d\n"}, "unknown section 'daemon'",
            "");
    refuses(&(struct reading){.file = long_line}, "or a line is over 199 bytes", "");
    refuses(&(struct reading){.flags = {"--config", "/nowhere/at/all"}}, "'/nowhere/at/all'", "");
    refuses(&(struct reading){.flags = {"--config", folder}}, folder, "");
}

static void config__reads_nothing_more_for_help_and_version(void **state)
{
    (void)state;
    static const char *const flags[] = {"--help", "-h", "--version"};
    for (size_t i = 0; i < 3; i++) {
        struct reading reading = {
                .flags = {flags[i], "--config", "/nowhere"}, .variables = {"TRAVERSIOND_X=1"}};
        read_well(&reading);
        assert_true(reading.config.help || reading.config.version);
        tv_config_release(&reading.config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(config__has_defaults_and_no_setting_unknown_to_these_tests),
            cmocka_unit_test(config__reads_every_setting_from_a_flag),
            cmocka_unit_test(config__reads_flags_that_stand_alone),
            cmocka_unit_test(config__reads_every_setting_from_the_environment_and_the_file),
            cmocka_unit_test(config__lets_flags_win_over_the_environment_over_the_file),
            cmocka_unit_test(config__finds_its_file_through_the_environment),
            cmocka_unit_test(config__reads_back_what_it_prints),
            cmocka_unit_test(config__names_every_flag_in_its_help),
            cmocka_unit_test(config__chooses_the_data_folder),
            cmocka_unit_test(config__suggests_the_setting_that_was_meant),
            cmocka_unit_test(config__keeps_commands_to_the_command_line),
            cmocka_unit_test(config__refuses_bad_values_of_every_kind),
            cmocka_unit_test(config__refuses_bad_files),
            cmocka_unit_test(config__reads_nothing_more_for_help_and_version),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
