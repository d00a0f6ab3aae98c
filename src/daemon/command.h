/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands (`traversiond token …`, `traversiond simulate …`) share: each has flags of its
 * own among the daemon's, which it takes too, so that it finds the same data folder and address. */
#ifndef TV_DAEMON_COMMAND_H
#define TV_DAEMON_COMMAND_H

#include "daemon/config.h"

struct tv_command_flag {
    const char *name;   /* without its dashes */
    const char **value; /* takes a value: "--name value" or "--name=value"; borrowed from argv */
    bool *set;          /* stands alone; one of the two is NULL */
};

/* Takes the command's own flags (a list that an empty name ends) out of the arguments (argv[0] is
 * the first of them) and reads the rest as the daemon's. On TV_OK the caller releases *config, as from
 * tv_config_read. */
TV_CHECKED enum tv_status tv_command_read(int argc, char *const *argv,
        const struct tv_command_flag *flags, struct tv_config *config, struct tv_error *err);

/* "traversiond NAME: message; hint" on standard error; returns the exit code: 2 for bad
 * input, else 1. */
int tv_command_fail(const char *name, const struct tv_error *err);

#endif
