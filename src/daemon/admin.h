/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands on a data folder share beside their flags (command.h): a file named on the
 * command line, and progress for who waits. */
#ifndef TV_DAEMON_ADMIN_H
#define TV_DAEMON_ADMIN_H

#include "base/arena.h"

/* Takes the one argument that is neither a flag nor a flag's value out of `argv`: the first or the
 * last of them ("-" counts as such). Gives it, or NULL if there is none. */
const char *tv_admin_take_file(int *argc, char *const **argv);

/* The store's file in a data folder; in the arena. */
const char *tv_admin_store_path(struct tv_arena *arena, const char *dir);

/* A line on standard error that is written over a few times a second; nothing where that is no
 * terminal. Zero-initialised but for `name` is ready. */
struct tv_admin_progress {
    const char *name; /* the command */
    int64_t next_ns;
    bool shown;
};
/* Whether it is time to tell again. */
bool tv_admin_progress_due(struct tv_admin_progress *progress);
void tv_admin_progress_tell(struct tv_admin_progress *progress, const char *format, ...)
        TV_PRINTF(2, 3);
/* Clears the line. */
void tv_admin_progress_end(struct tv_admin_progress *progress);

#endif
