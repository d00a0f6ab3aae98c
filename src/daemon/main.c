/* SPDX-License-Identifier: Apache-2.0 */
/* traversiond: reads the command line and either serves or runs one command on a data folder. */
#include "daemon/daemon.h"

#include <stdio.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

static const struct {
    const char *name;
    int (*run)(int argc, char *const *argv);
} commands[] = {
        {"backup", tv_backup_command},
        {"check", tv_check_command},
        {"export", tv_export_command},
        {"import", tv_import_command},
        {"redact", tv_redact_command},
        {"simulate", tv_simulate_command},
        {"token", tv_token_command},
};

static void print_help(void)
{
    struct tv_buf text = {0};
    tv_buf_printf(&text,
            "traversiond %s: the production time machine\n\n"
            "usage: traversiond [FLAGS]                         record and serve\n"
            "       traversiond token create|list|revoke …      who may reach it\n"
            "       traversiond backup FILE                     copy the store, beside a daemon too\n"
            "       traversiond check                           verify all that is stored\n"
            "       traversiond export                          write events as lines of JSON\n"
            "       traversiond import FILE|-                   post such lines to a running daemon\n"
            "       traversiond redact FILE|-                   show what of such lines would be stored\n"
            "       traversiond simulate …                      send a simulated system's events\n\n",
            TRAVERSION_VERSION);
    tv_config_help(&text);
    tv_buf_printf(&text,
            "\nA flag --max-disk is also the variable TRAVERSIOND_MAX_DISK and the file's key max-disk;\n"
            "flags win over the environment, that over the file, that over the defaults.\n");
    (void)fwrite(text.data, 1, text.len, stdout);
    tv_buf_release(&text);
}

static int fail(const struct tv_error *err, int code)
{
    (void)fprintf(
            stderr, "traversiond: %s%s%s\n", err->message, err->hint[0] ? "; " : "", err->hint);
    return code;
}

static int print_config(const struct tv_config *config)
{
    struct tv_buf text = {0};
    tv_config_print(config, &text);
    (void)fwrite(text.data, 1, text.len, stdout);
    tv_buf_release(&text);
    return 0;
}

static int serve(const struct tv_config *config)
{
    struct tv_error err;
    tv_log_setup(config->log_level, config->log_format);
    return tv_daemon_run(config, &err) == TV_OK ? 0 : fail(&err, 1);
}

int main(int argc, char **argv)
{
    struct tv_config config;
    struct tv_error err;
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    if (tv_config_read(argc, argv, environ, &config, &err) != TV_OK)
        return fail(&err, EXIT_USAGE);
    int code = 0;
    if (config.help)
        print_help();
    else if (config.version)
        (void)printf("traversiond %s\n", TRAVERSION_VERSION);
    else if (config.print_config)
        code = print_config(&config);
    else if (!config.check_config)
        code = serve(&config);
    tv_config_release(&config);
    return code;
}
