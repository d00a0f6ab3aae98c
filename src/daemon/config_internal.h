/* SPDX-License-Identifier: Apache-2.0 */
/* The table of settings, shared by the files that fill it and those that read the sources. */
#ifndef TV_DAEMON_CONFIG_INTERNAL_H
#define TV_DAEMON_CONFIG_INTERNAL_H

#include "daemon/config.h"

enum tv_setting_kind {
    TV_SETTING_TEXT,
    TV_SETTING_ADDRESS,
    TV_SETTING_ADDRESS_OR_OFF,
    TV_SETTING_SWITCH,
    TV_SETTING_DURATION,
    TV_SETTING_SIZE,
    TV_SETTING_LEVEL,
    TV_SETTING_FORMAT,
    TV_SETTING_REDACT,
    TV_SETTING_AGES,
    TV_SETTING_COMMAND /* a flag alone: neither in the file nor in the environment */
};

struct tv_setting {
    const char *name;
    enum tv_setting_kind kind;
    size_t offset;       /* in struct tv_config */
    const char *initial; /* NULL has none */
    const char *argument, *help;
};

/* By name, or NULL. */
const struct tv_setting *tv_setting_find(struct tv_str name);
/* Whether the flag takes no value. */
bool tv_setting_stands_alone(const struct tv_setting *setting);
/* What values it takes, for messages. */
const char *tv_setting_takes(const struct tv_setting *setting);
/* TV_BAD_INPUT, says that there is no such setting and which is meant. `where`: "in the file" … */
enum tv_status tv_setting_unknown(struct tv_str name, const char *where, struct tv_error *err);
/* Reads the text into the setting's place. */
TV_CHECKED enum tv_status tv_setting_set(struct tv_config *config, const struct tv_setting *setting,
        struct tv_str text, const char *where, struct tv_error *err);
/* All settings to their defaults; *config is zeroed before. */
void tv_setting_set_initial(struct tv_config *config);

#endif
