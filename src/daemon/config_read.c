/* SPDX-License-Identifier: Apache-2.0 */
/* The sources of settings. The least important is read first and overwritten by the others:
 * defaults, file, environment, flags. */
#include "base/mem.h"
#include "daemon/config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>

#define MEMORY_BYTES_MIN ((uint64_t)32 << 20)

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
        const struct tv_setting *setting = tv_setting_find((struct tv_str){text, len});
        const char *where =
                tv_arena_printf(&config->arena, "in the variable %.*s", TV_STR_ARG(name)).ptr;
        if (!setting || setting->kind == TV_SETTING_COMMAND)
            return tv_setting_unknown((struct tv_str){text, len}, where, err);
        enum tv_status status = tv_setting_set(config, setting, value, where, err);
        if (status != TV_OK)
            return status;
    }
    return TV_OK;
}

struct file_reader {
    struct tv_config *config;
    const char *where; /* "in 'path'" */
    struct tv_error *err;
    enum tv_status status;
};

static int read_line(void *ctx, const char *section, const char *name, const char *value)
{
    struct file_reader *reader = ctx;
    const struct tv_setting *setting = tv_setting_find(tv_str_of(name));
    if (reader->status != TV_OK)
        return 1;
    if (section[0])
        reader->status = tv_fail(
                reader->err, TV_BAD_INPUT, "unknown section '%s' %s", section, reader->where);
    else if (!setting || setting->kind == TV_SETTING_COMMAND ||
            setting->offset == offsetof(struct tv_config, config))
        reader->status = tv_setting_unknown(tv_str_of(name), reader->where, reader->err);
    else
        reader->status = tv_setting_set(
                reader->config, setting, tv_str_of(value), reader->where, reader->err);
    return 1;
}

static enum tv_status read_file(struct tv_config *config, const char *path, struct tv_error *err)
{
    struct file_reader reader = {
            .config = config,
            .where = tv_arena_printf(&config->arena, "in '%s'", path).ptr,
            .err = err,
            .status = TV_OK,
    };
    FILE *file = fopen(path, "re");
    if (!file)
        return tv_fail(err, TV_BAD_INPUT, "cannot read '%s': %s", path, strerror(errno));
    errno = 0;
    int line = ini_parse_file(file, read_line, &reader);
    int failure = ferror(file) ? errno : 0;
    (void)fclose(file);
    if (failure) /* a folder can be opened, but not read */
        return tv_fail(err, TV_BAD_INPUT, "cannot read '%s': %s", path, strerror(failure));
    if (reader.status == TV_OK && line != 0)
        return tv_fail(err, TV_BAD_INPUT,
                "line %d of '%s' is no \"name = value\", or a line is over 199 bytes", line, path);
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
    const struct tv_setting *setting = tv_setting_find(name);
    if (!setting)
        return tv_setting_unknown(name, "on the command line", err);
    if (!value.ptr && tv_setting_stands_alone(setting))
        value = TV_STR("on");
    else if (!value.ptr && *index < argc)
        value = tv_str_of(argv[(*index)++]);
    if (!value.ptr)
        return tv_fail(
                err, TV_BAD_INPUT, "--%s takes %s", setting->name, tv_setting_takes(setting));
    return tv_setting_set(config, setting, value, "on the command line", err);
}

static enum tv_status read_flags(
        struct tv_config *config, int argc, char *const *argv, struct tv_error *err)
{
    enum tv_status status = TV_OK;
    for (int i = 1; i < argc && status == TV_OK;)
        status = read_flag(config, argc, argv, &i, err);
    return status;
}

/* A variable's value, or {NULL, 0} if it is not set or empty. */
static struct tv_str variable(char *const *environment, const char *name)
{
    for (; *environment; environment++) {
        struct tv_str value, key = tv_str_cut(tv_str_of(*environment), '=', &value);
        if (tv_str_equal(key, tv_str_of(name)) && value.len)
            return value;
    }
    return (struct tv_str){NULL, 0};
}

/* As the XDG base directories and systemd.exec(5) have it: the latter may name several folders. */
static enum tv_status choose_data_dir(
        struct tv_config *config, char *const *environment, struct tv_error *err)
{
    struct tv_str rest, systemd = variable(environment, "STATE_DIRECTORY");
    struct tv_str xdg = variable(environment, "XDG_STATE_HOME");
    struct tv_str home = variable(environment, "HOME");
    struct tv_arena *arena = &config->arena;
    if (config->data_dir)
        systemd = tv_str_of(config->data_dir);
    else
        systemd = tv_str_cut(systemd, ':', &rest);
    if (systemd.len)
        config->data_dir = tv_arena_str(arena, systemd).ptr;
    else if (xdg.len && xdg.ptr[0] == '/')
        config->data_dir = tv_arena_printf(arena, "%.*s/traversion", TV_STR_ARG(xdg)).ptr;
    else if (home.len)
        config->data_dir =
                tv_arena_printf(arena, "%.*s/.local/state/traversion", TV_STR_ARG(home)).ptr;
    else
        return tv_fail(
                err, TV_BAD_INPUT, "no folder for the data: neither HOME nor data-dir is set");
    if (config->demo)
        config->data_dir = tv_arena_printf(arena, "%s/demo", config->data_dir).ptr;
    return TV_OK;
}

static enum tv_status finish(
        struct tv_config *config, char *const *environment, struct tv_error *err)
{
    if (config->max_memory_bytes < MEMORY_BYTES_MIN)
        return tv_fail(err, TV_BAD_INPUT, "max-memory takes at least 32MiB");
    return choose_data_dir(config, environment, err);
}

/* File and environment, in this order. */
static enum tv_status read_surroundings(
        struct tv_config *config, char *const *environment, struct tv_error *err)
{
    const char *named = variable(environment, "TRAVERSIOND_CONFIG").ptr;
    const char *file = config->config ? config->config : named;
    enum tv_status status = file ? read_file(config, file, err) : TV_OK;
    return status == TV_OK ? read_environment(config, environment, err) : status;
}

enum tv_status tv_config_read(int argc, char *const *argv, char *const *environment,
        struct tv_config *out, struct tv_error *err)
{
    struct tv_config config = {0};
    tv_setting_set_initial(&config);
    /* The flags are read twice: first for the file's name, last because they win. */
    enum tv_status status = read_flags(&config, argc, argv, err);
    if (status == TV_OK && (config.help || config.version))
        goto out;
    if (status == TV_OK)
        status = read_surroundings(&config, environment, err);
    if (status == TV_OK)
        status = read_flags(&config, argc, argv, err);
    if (status == TV_OK)
        status = finish(&config, environment, err);
out:
    if (status == TV_OK)
        *out = config;
    else
        tv_arena_release(&config.arena);
    return status;
}

void tv_config_release(struct tv_config *config)
{
    tv_arena_release(&config->arena);
}
