/* SPDX-License-Identifier: Apache-2.0 */
/* Composition: makes every room, ties them together, runs the loop, takes them down again. */
#ifndef TV_DAEMON_DAEMON_H
#define TV_DAEMON_DAEMON_H

#include "daemon/config.h"

/* Runs until SIGINT or SIGTERM; TV_OK after an orderly end. */
TV_CHECKED enum tv_status tv_daemon_run(const struct tv_config *config, struct tv_error *err);

/* The commands `traversiond token …` and so on; the process's exit code. `argv` starts behind the
 * command's name. */
int tv_backup_command(int argc, char *const *argv);
int tv_check_command(int argc, char *const *argv);
int tv_export_command(int argc, char *const *argv);
int tv_import_command(int argc, char *const *argv);
int tv_redact_command(int argc, char *const *argv);
int tv_token_command(int argc, char *const *argv);
int tv_simulate_command(int argc, char *const *argv);

#endif
