/* SPDX-License-Identifier: Apache-2.0 */
/* One table tells everything of a setting: its name, how its text is read, where it lies, what the
 * help says. Flags, environment and file all end in set_text, so a value means the same wherever it
 * stands. The least important source is read first and overwritten by the others. */
#include "daemon/config.h"
#include "base/mem.h"
#include "base/time.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum kind {
    TEXT,
    ADDRESS,
    ADDRESS_OR_OFF,
    SWITCH,
    DURATION,
    SIZE,
    LEVEL,
    FORMAT,
    COMMAND
};

struct setting {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *initial; /* NULL has none */
    const char *argument, *help;
};

#define AT(member) offsetof(struct tv_config, member)

static const struct setting settings[] = {
        {"config", TEXT, AT(config), NULL, "FILE", "settings, one \"name = value\" a line"},
        {"data-dir", TEXT, AT(data_dir), NULL, "DIR",
                "where data lies ($XDG_STATE_HOME/traversion, under systemd its state directory)"},
        {"listen", ADDRESS, AT(listen), "127.0.0.1:3335", "ADDRESS",
                "dashboard, events and queries"},
        {"otlp-listen", ADDRESS_OR_OFF, AT(otlp_listen), "127.0.0.1:4318", "ADDRESS|off",
                "OpenTelemetry (kept closed: not served by this version)"},
        {"udp-listen", ADDRESS_OR_OFF, AT(udp_listen), "127.0.0.1:3335", "ADDRESS|off",
                "JSON events by datagram"},
        {"syslog-listen", ADDRESS_OR_OFF, AT(syslog_listen), "127.0.0.1:5514", "ADDRESS|off",
                "syslog (kept closed: not served by this version)"},
        {"allowed-hosts", TEXT, AT(allowed_hosts), NULL, "NAME,…",
                "further host names under which the daemon is reached"},
        {"host-metrics", SWITCH, AT(host_metrics), "off", "on|off",
                "the host's own metrics (not collected by this version)"},
        {"journal", SWITCH, AT(journal), "off", "on|off",
                "the host's systemd journal (not read by this version)"},
        {"retention", DURATION, AT(retention_ns), "30d", "DURATION", "age at which events go"},
        {"max-disk", SIZE, AT(max_disk_bytes), "10GiB", "SIZE",
                "size of the data file at which the oldest events go"},
        {"max-memory", SIZE, AT(max_memory_bytes), "512MiB", "SIZE",
                "bound of request bodies, waiting events and caches together"},
        {"log-level", LEVEL, AT(log_level), "info", "LEVEL", "debug, info, warn or error"},
        {"log-format", FORMAT, AT(log_format), "logfmt", "FORMAT", "logfmt or json"},
        {"insecure", SWITCH, AT(insecure), "off", "",
                "serve other addresses than loopback without a token"},
        {"demo", SWITCH, AT(demo), "off", "",
                "simulate a system of a dozen services whose failures cascade; data in a folder of its own"},
        {"check-config", COMMAND, AT(check_config), NULL, "", "check the settings and exit"},
        {"print-config", COMMAND, AT(print_config), NULL, "",
                "print the settings in force and exit"},
        {"version", COMMAND, AT(version), NULL, "", "print the version and exit"},
        {"help", COMMAND, AT(help), NULL, "", "print this help and exit"},
};

enum {
    SETTING_COUNT = sizeof settings / sizeof *settings
};

static void *place(struct tv_config *config, const struct setting *setting)
{
    return (char *)config + setting->offset;
}

static const struct setting *find(struct tv_str name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (tv_str_equal(name, tv_str_of(settings[i].name)))
            return &settings[i];
    return NULL;
}

static enum tv_status unknown(struct tv_str name, const char *where, struct tv_error *err)
{
    struct tv_str names[SETTING_COUNT];
    for (size_t i = 0; i < SETTING_COUNT; i++)
        names[i] = tv_str_of(settings[i].name);
    (void)tv_fail(err, TV_BAD_INPUT, "unknown setting '%.*s' %s", TV_STR_ARG(name), where);
    int near = tv_str_nearest(name, names, SETTING_COUNT);
    if (near >= 0)
        tv_error_hint(err, "did you mean '%s'?", settings[near].name);
    return TV_BAD_INPUT;
}

/* Values. Each reads its text into the setting's place; false if it cannot. */

static bool set_copy(struct tv_config *config, const struct setting *setting, struct tv_str text)
{
    if (!text.len)
        return false;
    *(const char **)place(config, setting) = tv_arena_str(&config->arena, text).ptr;
    return true;
}

/* "host:port"; whether the host can be listened on shows when it is. */
static bool set_address(struct tv_config *config, const struct setting *setting, struct tv_str text)
{
    const char *colon = memrchr(text.ptr, ':', text.len);
    uint64_t port;
    if (!colon || colon == text.ptr)
        return false;
    struct tv_str digits = {colon + 1, (size_t)(text.ptr + text.len - colon - 1)};
    return tv_str_to_u64(digits, &port) && port <= UINT16_MAX && set_copy(config, setting, text);
}

static bool set_switch(struct tv_config *config, const struct setting *setting, struct tv_str text)
{
    bool on = tv_str_equal_nocase(text, TV_STR("on")) || tv_str_equal_nocase(text, TV_STR("true"));
    bool off =
            tv_str_equal_nocase(text, TV_STR("off")) || tv_str_equal_nocase(text, TV_STR("false"));
    *(bool *)place(config, setting) = on;
    return on || off;
}

static bool set_value(struct tv_config *config, const struct setting *setting, struct tv_str text)
{
    void *at = place(config, setting);
    switch (setting->kind) {
    case TEXT:
        return set_copy(config, setting, text);
    case ADDRESS:
        return set_address(config, setting, text);
    case ADDRESS_OR_OFF:
        *(const char **)at = NULL;
        return tv_str_equal_nocase(text, TV_STR("off")) || set_address(config, setting, text);
    case COMMAND:
    case SWITCH:
        return set_switch(config, setting, text);
    case DURATION:
        return tv_duration_parse(text, at) && *(int64_t *)at > 0;
    case SIZE:
        return tv_size_parse(text, at) && *(uint64_t *)at > 0;
    case LEVEL:
        return tv_log_level_from_name(text, at);
    case FORMAT:
        return tv_log_format_from_name(text, at);
    }
    return false;
}

static const char *takes(const struct setting *setting)
{
    switch (setting->kind) {
    case TEXT:
        return "a text";
    case ADDRESS:
        return "an address and port, such as 127.0.0.1:3335";
    case ADDRESS_OR_OFF:
        return "an address and port, such as 127.0.0.1:3335, or off";
    case COMMAND:
    case SWITCH:
        return "on or off";
    case DURATION:
        return "a duration, such as 30d or 12 hours";
    case SIZE:
        return "a size, such as 10GiB";
    case LEVEL:
        return "debug, info, warn or error";
    case FORMAT:
        return "logfmt or json";
    }
    return "";
}

static enum tv_status set_text(struct tv_config *config, const struct setting *setting,
        struct tv_str text, const char *where, struct tv_error *err)
{
    if (set_value(config, setting, text))
        return TV_OK;
    return tv_fail(err, TV_BAD_INPUT, "%s %s takes %s, not '%.*s'", setting->name, where,
            takes(setting), TV_STR_ARG(text));
}

/* Sources. */

static void set_initial(struct tv_config *config)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (settings[i].initial)
            TV_ASSERT(set_value(config, &settings[i], tv_str_of(settings[i].initial)));
}

static enum tv_status read_environment(
        struct tv_config *config, char *const *environment, struct tv_error *err)
{
    static const struct tv_str prefix = {"TRAVERSIOND_", 12};
    for (; *environment; environment++) {
        struct tv_str value, name = tv_str_cut(tv_str_of(*environment), '=', &value);
        if (!tv_str_starts_with(name, prefix) || !value.ptr)
            continue;
        char text[64];
        size_t len = name.len - prefix.len < sizeof text ? name.len - prefix.len : sizeof text;
        for (size_t i = 0; i < len; i++) {
            char c = name.ptr[prefix.len + i];
            text[i] = c == '_' ? '-' : (char)tolower((unsigned char)c);
        }
        const struct setting *setting = find((struct tv_str){text, len});
        if (!setting || setting->kind == COMMAND)
            return unknown((struct tv_str){text, len}, "in the environment", err);
        enum tv_status status = set_text(config, setting, value, "in the environment", err);
        if (status != TV_OK)
            return status;
    }
    return TV_OK;
}

struct file_reader {
    struct tv_config *config;
    struct tv_error *err;
    enum tv_status status;
};

static int read_line(void *ctx, const char *section, const char *name, const char *value)
{
    struct file_reader *reader = ctx;
    const struct setting *setting = find(tv_str_of(name));
    if (reader->status != TV_OK)
        return 1;
    if (section[0])
        reader->status =
                tv_fail(reader->err, TV_BAD_INPUT, "unknown section '%s' in the file", section);
    else if (!setting || setting->kind == COMMAND || setting->offset == AT(config))
        reader->status = unknown(tv_str_of(name), "in the file", reader->err);
    else
        reader->status =
                set_text(reader->config, setting, tv_str_of(value), "in the file", reader->err);
    return 1;
}

static enum tv_status read_file(struct tv_config *config, const char *path, struct tv_error *err)
{
    struct file_reader reader = {.config = config, .err = err, .status = TV_OK};
    FILE *file = fopen(path, "re");
    if (!file)
        return tv_fail(err, TV_BAD_INPUT, "cannot read '%s': %s", path, strerror(errno));
    int line = ini_parse_file(file, read_line, &reader);
    (void)fclose(file);
    if (reader.status == TV_OK && line != 0)
        return tv_fail(err, TV_BAD_INPUT, "line %d of '%s' is no \"name = value\"", line, path);
    return reader.status;
}

/* One flag: "--name value", "--name=value", "--switch", "-h". *index moves behind it. */
static enum tv_status read_flag(
        struct tv_config *config, int argc, char *const *argv, int *index, struct tv_error *err)
{
    struct tv_str text = tv_str_of(argv[(*index)++]);
    if (tv_str_equal(text, TV_STR("-h")))
        text = TV_STR("--help");
    if (!tv_str_starts_with(text, TV_STR("--")))
        return tv_fail(
                err, TV_BAD_INPUT, "unexpected argument '%.*s'; see --help", TV_STR_ARG(text));
    struct tv_str value;
    struct tv_str name = tv_str_cut((struct tv_str){text.ptr + 2, text.len - 2}, '=', &value);
    const struct setting *setting = find(name);
    if (!setting)
        return unknown(name, "on the command line", err);
    bool alone = setting->kind == COMMAND || (setting->kind == SWITCH && !setting->argument[0]);
    if (!value.ptr && alone)
        value = TV_STR("on");
    else if (!value.ptr && *index < argc)
        value = tv_str_of(argv[(*index)++]);
    if (!value.ptr)
        return tv_fail(err, TV_BAD_INPUT, "--%s takes %s", setting->name, takes(setting));
    return set_text(config, setting, value, "on the command line", err);
}

static enum tv_status read_flags(
        struct tv_config *config, int argc, char *const *argv, struct tv_error *err)
{
    enum tv_status status = TV_OK;
    for (int i = 1; i < argc && status == TV_OK;)
        status = read_flag(config, argc, argv, &i, err);
    return status;
}

static void choose_data_dir(struct tv_config *config)
{
    const char *systemd = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    struct tv_arena *arena = &config->arena;
    if (!config->data_dir && systemd && systemd[0])
        config->data_dir = tv_arena_str(arena, tv_str_of(systemd)).ptr;
    else if (!config->data_dir && xdg && xdg[0])
        config->data_dir = tv_arena_printf(arena, "%s/traversion", xdg).ptr;
    else if (!config->data_dir)
        config->data_dir =
                tv_arena_printf(arena, "%s/.local/state/traversion", home ? home : "").ptr;
    if (config->demo)
        config->data_dir = tv_arena_printf(arena, "%s/demo", config->data_dir).ptr;
}

enum tv_status tv_config_read(int argc, char *const *argv, char *const *environment,
        struct tv_config *out, struct tv_error *err)
{
    struct tv_config config = {0};
    set_initial(&config);
    /* The flags are read twice: first for the file's name, last because they win. */
    enum tv_status status = read_flags(&config, argc, argv, err);
    if (status == TV_OK && (config.help || config.version))
        goto out;
    const char *file = config.config ? config.config : getenv("TRAVERSIOND_CONFIG");
    if (status == TV_OK && file)
        status = read_file(&config, file, err);
    if (status == TV_OK)
        status = read_environment(&config, environment, err);
    if (status == TV_OK)
        status = read_flags(&config, argc, argv, err);
out:
    if (status != TV_OK) {
        tv_arena_release(&config.arena);
        return status;
    }
    choose_data_dir(&config);
    *out = config;
    return TV_OK;
}

void tv_config_release(struct tv_config *config)
{
    tv_arena_release(&config->arena);
}

/* Printing. */

static void print_value(
        const struct tv_config *config, const struct setting *setting, struct tv_buf *out)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    static const char *const formats[] = {"logfmt", "json"};
    const void *at = (const char *)config + setting->offset;
    char duration[24];
    switch (setting->kind) {
    case TEXT:
    case ADDRESS:
        tv_buf_printf(out, "%s", *(const char *const *)at);
        break;
    case ADDRESS_OR_OFF:
        tv_buf_printf(out, "%s", *(const char *const *)at ? *(const char *const *)at : "off");
        break;
    case COMMAND:
    case SWITCH:
        tv_buf_printf(out, "%s", *(const bool *)at ? "on" : "off");
        break;
    case DURATION:
        tv_duration_format(*(const int64_t *)at, duration);
        tv_buf_printf(out, "%s", duration);
        break;
    case SIZE:
        tv_buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)at);
        break;
    case LEVEL:
        tv_buf_printf(out, "%s", levels[*(const enum tv_log_level *)at]);
        break;
    case FORMAT:
        tv_buf_printf(out, "%s", formats[*(const enum tv_log_format *)at]);
        break;
    }
}

void tv_config_print(const struct tv_config *config, struct tv_buf *out)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &settings[i];
        bool unset = setting->kind == TEXT &&
                !*(const char *const *)((const char *)config + setting->offset);
        if (setting->kind == COMMAND || setting->offset == AT(config) || unset)
            continue;
        tv_buf_printf(out, "%s = ", setting->name);
        print_value(config, setting, out);
        tv_buf_append_char(out, '\n');
    }
}

void tv_config_help(struct tv_buf *out)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &settings[i];
        size_t width = strlen(setting->name) + strlen(setting->argument) + 3;
        tv_buf_printf(out, "  --%s%s%s%*s%s", setting->name, setting->argument[0] ? " " : "",
                setting->argument, width < 30 ? (int)(30 - width) : 1, "", setting->help);
        bool plain = setting->kind == SWITCH && !setting->argument[0];
        if (setting->initial && !plain)
            tv_buf_printf(out, " [%s]", setting->initial);
        tv_buf_append_char(out, '\n');
    }
}
