/* SPDX-License-Identifier: Apache-2.0 */
/* A command's own flags are picked out, the rest goes on to the daemon's reader, which also says
 * what is wrong with what neither knows. */
#include "daemon/command.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct reader {
    int argc, index;
    char *const *argv;
    char **rest;
    int rest_count;
};

static const struct tv_command_flag *find(const struct tv_command_flag *flags, struct tv_str name)
{
    for (; flags->name; flags++)
        if (tv_str_equal(name, tv_str_of(flags->name)))
            return flags;
    return NULL;
}

static enum tv_status take(
        struct reader *reader, const struct tv_command_flag *flags, struct tv_error *err)
{
    char *text = reader->argv[reader->index++];
    struct tv_str value, name = tv_str_cut(tv_str_of(text), '=', &value);
    const struct tv_command_flag *flag = NULL;
    if (tv_str_starts_with(name, TV_STR("--")))
        flag = find(flags, (struct tv_str){name.ptr + 2, name.len - 2});
    if (!flag) {
        reader->rest[reader->rest_count++] = text;
        return TV_OK;
    }
    if (flag->set) {
        *flag->set = true;
        return value.ptr ? tv_fail(err, TV_BAD_INPUT, "--%s takes no value", flag->name) : TV_OK;
    }
    if (!value.ptr && reader->index < reader->argc)
        value = tv_str_of(reader->argv[reader->index++]);
    if (!value.ptr)
        return tv_fail(err, TV_BAD_INPUT, "--%s takes a value", flag->name);
    *flag->value = value.ptr;
    return TV_OK;
}

enum tv_status tv_command_read(int argc, char *const *argv, const struct tv_command_flag *flags,
        struct tv_config *config, struct tv_error *err)
{
    struct reader reader = {.argc = argc, .argv = argv, .rest_count = 1};
    enum tv_status status = TV_OK;
    reader.rest = tv_calloc((size_t)argc + 1, sizeof *reader.rest);
    while (status == TV_OK && reader.index < argc)
        status = take(&reader, flags, err);
    if (status == TV_OK)
        status = tv_config_read(reader.rest_count, reader.rest, environ, config, err);
    free(reader.rest);
    return status;
}

int tv_command_fail(const char *name, const struct tv_error *err)
{
    (void)fprintf(stderr, "traversiond %s: %s%s%s\n", name, err->message, err->hint[0] ? "; " : "",
            err->hint);
    return err->status == TV_BAD_INPUT ? 2 : 1;
}
