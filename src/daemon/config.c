/* SPDX-License-Identifier: Apache-2.0 */
/* One table tells everything of a setting: its name, how its text is read, where it lies, what the
 * help says. Flags, environment and file (config_read.c) all end in tv_setting_set, so a value means
 * the same wherever it stands. */
#include "base/time.h"
#include "daemon/config_internal.h"
#include "event/redactor.h"
#include "store/retention.h"

#include <stddef.h>

#define AT(member) offsetof(struct tv_config, member)

static const struct tv_setting settings[] = {
        {"config", TV_SETTING_TEXT, AT(config), NULL, "FILE",
                "settings, one \"name = value\" a line"},
        {"data-dir", TV_SETTING_TEXT, AT(data_dir), NULL, "DIR",
                "where data lies ($XDG_STATE_HOME/traversion, under systemd its state directory)"},
        {"listen", TV_SETTING_ADDRESS, AT(listen), "127.0.0.1:3335", "ADDRESS",
                "dashboard, events and queries"},
        {"otlp-listen", TV_SETTING_ADDRESS_OR_OFF, AT(otlp_listen), "127.0.0.1:4318", "ADDRESS|off",
                "OpenTelemetry over HTTP, which --listen serves too"},
        {"udp-listen", TV_SETTING_ADDRESS_OR_OFF, AT(udp_listen), "127.0.0.1:3335", "ADDRESS|off",
                "JSON events by datagram"},
        {"syslog-listen", TV_SETTING_ADDRESS_OR_OFF, AT(syslog_listen), "127.0.0.1:5514",
                "ADDRESS|off", "syslog (kept closed: not served by this version)"},
        {"allowed-hosts", TV_SETTING_TEXT, AT(allowed_hosts), NULL, "NAME,...",
                "further host names under which the daemon is reached"},
        {"redact", TV_SETTING_REDACT, AT(redact), NULL, "RULES",
                "personal data in values, such as email=hash,ip=replace,phone=off; or off"},
        {"host-metrics", TV_SETTING_SWITCH, AT(host_metrics), "off", "on|off",
                "the host's own metrics, every ten seconds"},
        {"journal", TV_SETTING_SWITCH, AT(journal), "off", "on|off",
                "the host's systemd journal, through libsystemd"},
        {"retention", TV_SETTING_DURATION, AT(retention_ns), "30d", "DURATION",
                "age at which events go"},
        {"retention-for", TV_SETTING_AGES, AT(retention_for), NULL, "RULES",
                "ages of some services' events: payments,ledger-*=365d; load-*=2d"},
        {"max-disk", TV_SETTING_SIZE, AT(max_disk_bytes), "10GiB", "SIZE",
                "size of the data file at which the oldest events go"},
        {"disk-reserve", TV_SETTING_SIZE, AT(disk_reserve_bytes), "256MiB", "SIZE",
                "room left free on the disk, a twentieth of it at most; below it posts get 503"},
        {"max-memory", TV_SETTING_SIZE, AT(max_memory_bytes), "512MiB", "SIZE",
                "bound of request bodies, waiting events and caches together"},
        {"log-level", TV_SETTING_LEVEL, AT(log_level), "info", "LEVEL",
                "debug, info, warn or error"},
        {"log-format", TV_SETTING_FORMAT, AT(log_format), "logfmt", "FORMAT", "logfmt or json"},
        {"insecure", TV_SETTING_SWITCH, AT(insecure), "off", "",
                "serve other addresses than loopback without a token"},
        {"demo", TV_SETTING_SWITCH, AT(demo), "off", "",
                "simulate a system of 14 services whose failures cascade; data in a folder of its own"},
        {"check-config", TV_SETTING_COMMAND, AT(check_config), NULL, "",
                "check the settings and exit"},
        {"print-config", TV_SETTING_COMMAND, AT(print_config), NULL, "",
                "print the settings in force and exit"},
        {"version", TV_SETTING_COMMAND, AT(version), NULL, "", "print the version and exit"},
        {"help", TV_SETTING_COMMAND, AT(help), NULL, "", "print this help and exit"},
};

enum { SETTING_COUNT = sizeof settings / sizeof *settings };

static void *place(struct tv_config *config, const struct tv_setting *setting)
{
    return (char *)config + setting->offset;
}

const struct tv_setting *tv_setting_find(struct tv_str name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (tv_str_equal(name, tv_str_of(settings[i].name)))
            return &settings[i];
    return NULL;
}

enum tv_status tv_setting_unknown(struct tv_str name, const char *where, struct tv_error *err)
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

bool tv_setting_stands_alone(const struct tv_setting *setting)
{
    return setting->kind == TV_SETTING_COMMAND ||
            (setting->kind == TV_SETTING_SWITCH && !setting->argument[0]);
}

/* Values. Each reads its text into the setting's place; false if it cannot. */

static bool set_copy(struct tv_config *config, const struct tv_setting *setting, struct tv_str text)
{
    if (!text.len)
        return false;
    *(const char **)place(config, setting) = tv_arena_str(&config->arena, text).ptr;
    return true;
}

/* "host:port"; whether the host can be listened on shows when it is. */
static bool set_address(
        struct tv_config *config, const struct tv_setting *setting, struct tv_str text)
{
    const char *colon = memrchr(text.ptr, ':', text.len);
    uint64_t port;
    if (!colon || colon == text.ptr)
        return false;
    struct tv_str digits = {colon + 1, (size_t)(text.ptr + text.len - colon - 1)};
    return tv_str_to_u64(digits, &port) && port <= UINT16_MAX && set_copy(config, setting, text);
}

static bool set_switch(
        struct tv_config *config, const struct tv_setting *setting, struct tv_str text)
{
    bool on = tv_str_equal_nocase(text, TV_STR("on")) || tv_str_equal_nocase(text, TV_STR("true"));
    bool off =
            tv_str_equal_nocase(text, TV_STR("off")) || tv_str_equal_nocase(text, TV_STR("false"));
    *(bool *)place(config, setting) = on;
    return on || off;
}

static bool set_redact(
        struct tv_config *config, const struct tv_setting *setting, struct tv_str text)
{
    const uint8_t key[TV_SECRET_KEY_BYTES] = {0};
    struct tv_redactor *tried = NULL;
    bool known = tv_redactor_new(text, key, &tried, NULL) == TV_OK;
    tv_redactor_free(tried);
    return known && set_copy(config, setting, text);
}

static bool set_value(
        struct tv_config *config, const struct tv_setting *setting, struct tv_str text)
{
    void *at = place(config, setting);
    switch (setting->kind) {
    case TV_SETTING_TEXT:
        return set_copy(config, setting, text);
    case TV_SETTING_ADDRESS:
        return set_address(config, setting, text);
    case TV_SETTING_ADDRESS_OR_OFF:
        *(const char **)at = NULL;
        return tv_str_equal_nocase(text, TV_STR("off")) || set_address(config, setting, text);
    case TV_SETTING_COMMAND:
    case TV_SETTING_SWITCH:
        return set_switch(config, setting, text);
    case TV_SETTING_DURATION:
        return tv_duration_parse(text, at) && *(int64_t *)at > 0;
    case TV_SETTING_SIZE:
        return tv_size_parse(text, at) && *(uint64_t *)at > 0;
    case TV_SETTING_LEVEL:
        return tv_log_level_from_name(text, at);
    case TV_SETTING_FORMAT:
        return tv_log_format_from_name(text, at);
    case TV_SETTING_REDACT:
        return set_redact(config, setting, text);
    case TV_SETTING_AGES:
        return tv_retention_parse(text, &(struct tv_retention){.age_ns = 0}) &&
                set_copy(config, setting, text);
    }
    return false;
}

const char *tv_setting_takes(const struct tv_setting *setting)
{
    switch (setting->kind) {
    case TV_SETTING_TEXT:
        return "a text";
    case TV_SETTING_ADDRESS:
        return "an address and port, such as 127.0.0.1:3335";
    case TV_SETTING_ADDRESS_OR_OFF:
        return "an address and port, such as 127.0.0.1:3335, or off";
    case TV_SETTING_COMMAND:
    case TV_SETTING_SWITCH:
        return "on or off";
    case TV_SETTING_DURATION:
        return "a duration, such as 30d or 12 hours";
    case TV_SETTING_SIZE:
        return "a size, such as 10GiB";
    case TV_SETTING_LEVEL:
        return "debug, info, warn or error";
    case TV_SETTING_FORMAT:
        return "logfmt or json";
    case TV_SETTING_REDACT:
        return "off, or rules with replace, hash, drop or off, such as email=hash,ip=replace";
    case TV_SETTING_AGES:
        return "services and an age for them, such as payments,ledger-*=365d; load-*=2d";
    }
    return "";
}

enum tv_status tv_setting_set(struct tv_config *config, const struct tv_setting *setting,
        struct tv_str text, const char *where, struct tv_error *err)
{
    if (set_value(config, setting, text))
        return TV_OK;
    return tv_fail(err, TV_BAD_INPUT, "%s %s takes %s, not '%.*s'", setting->name, where,
            tv_setting_takes(setting), TV_STR_ARG(text));
}

void tv_setting_set_initial(struct tv_config *config)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (settings[i].initial)
            TV_ASSERT(set_value(config, &settings[i], tv_str_of(settings[i].initial)));
}

/* Printing. */

static void print_value(
        const struct tv_config *config, const struct tv_setting *setting, struct tv_buf *out)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    static const char *const formats[] = {"logfmt", "json"};
    const void *at = (const char *)config + setting->offset;
    char duration[24];
    switch (setting->kind) {
    case TV_SETTING_TEXT:
    case TV_SETTING_ADDRESS:
    case TV_SETTING_REDACT:
    case TV_SETTING_AGES:
        tv_buf_printf(out, "%s", *(const char *const *)at);
        break;
    case TV_SETTING_ADDRESS_OR_OFF:
        tv_buf_printf(out, "%s", *(const char *const *)at ? *(const char *const *)at : "off");
        break;
    case TV_SETTING_COMMAND:
    case TV_SETTING_SWITCH:
        tv_buf_printf(out, "%s", *(const bool *)at ? "on" : "off");
        break;
    case TV_SETTING_DURATION:
        tv_duration_format(*(const int64_t *)at, duration);
        tv_buf_printf(out, "%s", duration);
        break;
    case TV_SETTING_SIZE:
        tv_buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)at);
        break;
    case TV_SETTING_LEVEL:
        tv_buf_printf(out, "%s", levels[*(const enum tv_log_level *)at]);
        break;
    case TV_SETTING_FORMAT:
        tv_buf_printf(out, "%s", formats[*(const enum tv_log_format *)at]);
        break;
    }
}

void tv_config_print(const struct tv_config *config, struct tv_buf *out)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct tv_setting *setting = &settings[i];
        bool unset = (setting->kind == TV_SETTING_TEXT || setting->kind == TV_SETTING_REDACT ||
                             setting->kind == TV_SETTING_AGES) &&
                !*(const char *const *)((const char *)config + setting->offset);
        if (setting->kind == TV_SETTING_COMMAND || setting->offset == AT(config) || unset)
            continue;
        tv_buf_printf(out, "%s = ", setting->name);
        print_value(config, setting, out);
        tv_buf_append_char(out, '\n');
    }
}

void tv_config_help(struct tv_buf *out)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct tv_setting *setting = &settings[i];
        int pad = 28 - (int)strlen(setting->name) - (int)strlen(setting->argument);
        tv_buf_printf(out, "  --%s %s%*s%s", setting->name, setting->argument, pad > 1 ? pad : 1,
                "", setting->help);
        bool plain = setting->kind == TV_SETTING_SWITCH && !setting->argument[0];
        if (setting->initial && !plain)
            tv_buf_printf(out, " [%s]", setting->initial);
        tv_buf_append_char(out, '\n');
    }
}
