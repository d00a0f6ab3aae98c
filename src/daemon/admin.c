/* SPDX-License-Identifier: Apache-2.0 */
/* traversiond check and backup: work on the file of a data folder, beside a running daemon too. */
#include "daemon/admin.h"

#include "base/time.h"
#include "daemon/command.h"
#include "daemon/daemon.h"
#include "store/admin.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { PROGRESS_MS = 200, MIB = 1 << 20 };

static const char check_usage[] =
        "usage: traversiond check [--data-dir DIR | --file FILE]\n\n"
        "Reads all that is stored and compares checksums, counts, zone maps, directories and filters\n"
        "with the events themselves. Tells each problem in a line of its own, then a summary. Ends\n"
        "with 0 if there is none, 1 if there is. Works beside a running daemon.\n\n"
        "  --file FILE  a backup's file instead of a data folder's\n";

static const char backup_usage[] =
        "usage: traversiond backup FILE [--data-dir DIR]\n\n"
        "Copies the store as it is at this moment into the new FILE, beside a running daemon too.\n"
        "FILE is there when it is whole, or not at all. To restore, lay it as traversion.db into an\n"
        "empty folder and start traversiond with that --data-dir.\n";

static bool is_bare(const char *text)
{
    return strncmp(text, "--", 2) != 0;
}

const char *tv_admin_take_file(int *argc, char *const **argv)
{
    int count = *argc;
    if (count > 0 && is_bare((*argv)[0])) {
        (*argc)--;
        return *(*argv)++;
    }
    /* The last is a flag's value if it follows a flag without "=". */
    if (count < 2 || !is_bare((*argv)[count - 1]) ||
            (!is_bare((*argv)[count - 2]) && !strchr((*argv)[count - 2], '=')))
        return NULL;
    (*argc)--;
    return (*argv)[count - 1];
}

const char *tv_admin_store_path(struct tv_arena *arena, const char *dir)
{
    return tv_arena_printf(arena, "%s/traversion.db", dir).ptr;
}

bool tv_admin_progress_due(struct tv_admin_progress *progress)
{
    int64_t now_ns = tv_time_monotonic();
    if (now_ns < progress->next_ns || !isatty(STDERR_FILENO))
        return false;
    progress->next_ns = now_ns + PROGRESS_MS * TV_NS_PER_MS;
    return true;
}

void tv_admin_progress_tell(struct tv_admin_progress *progress, const char *format, ...)
{
    va_list arguments;
    progress->shown = true;
    (void)fprintf(stderr, "\r\033[K%s: ", progress->name);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fflush(stderr);
}

void tv_admin_progress_end(struct tv_admin_progress *progress)
{
    if (progress->shown)
        (void)fputs("\r\033[K", stderr);
    progress->shown = false;
}

static void print_problem(void *ctx, const char *line)
{
    tv_admin_progress_end(ctx);
    (void)printf("%s\n", line);
}

static void show_check(void *ctx, const struct tv_check_totals *totals, int64_t id, int64_t last)
{
    if (tv_admin_progress_due(ctx))
        tv_admin_progress_tell(ctx, "segment %" PRId64 " of %" PRId64 ", %" PRIu64 " events", id,
                last, totals->events);
}

static int run_check(const char *path)
{
    struct tv_admin_progress progress = {.name = "check"};
    struct tv_check_watch watch = {print_problem, show_check, &progress};
    struct tv_check_totals totals;
    struct tv_error err;
    if (isatty(STDERR_FILENO))
        tv_admin_progress_tell(&progress, "SQLite's pages of '%s'", path);
    enum tv_status status = tv_store_check(path, &watch, &totals, &err);
    tv_admin_progress_end(&progress);
    if (status != TV_OK)
        return tv_command_fail("check", &err);
    (void)printf("%" PRIu64 " segments and %" PRIu64 " commits, %" PRIu64 " events, %" PRIu64
                 " bytes: %" PRIu64 " problem%s\n",
            totals.segments, totals.level0, totals.events, totals.bytes, totals.problems,
            totals.problems == 1 ? "" : "s");
    return totals.problems ? 1 : 0;
}

int tv_check_command(int argc, char *const *argv)
{
    const char *file = NULL;
    const struct tv_command_flag flags[] = {{"file", &file, NULL}, {0}};
    struct tv_config config;
    struct tv_error err;
    if (tv_command_read(argc, argv, flags, &config, &err) != TV_OK)
        return tv_command_fail("check", &err);
    int code = 0;
    if (config.help)
        (void)fputs(check_usage, stdout);
    else
        code = run_check(file ? file : tv_admin_store_path(&config.arena, config.data_dir));
    tv_config_release(&config);
    return code;
}

static void show_backup(void *ctx, uint64_t done, uint64_t total)
{
    if (tv_admin_progress_due(ctx))
        tv_admin_progress_tell(ctx, "%" PRIu64 " of %" PRIu64 " MiB", done / MIB, total / MIB);
}

static int run_backup(const char *path, const char *copy)
{
    struct tv_admin_progress progress = {.name = "backup"};
    struct tv_backup_watch watch = {show_backup, &progress};
    struct tv_error err;
    enum tv_status status = tv_store_backup(path, copy, &watch, &err);
    tv_admin_progress_end(&progress);
    if (status != TV_OK)
        return tv_command_fail("backup", &err);
    (void)fprintf(stderr, "'%s' copied to '%s'\n", path, copy);
    return 0;
}

int tv_backup_command(int argc, char *const *argv)
{
    const struct tv_command_flag flags[] = {{0}};
    struct tv_config config;
    struct tv_error err;
    const char *copy = tv_admin_take_file(&argc, &argv);
    if (tv_command_read(argc, argv, flags, &config, &err) != TV_OK)
        return tv_command_fail("backup", &err);
    int code = 2;
    if (config.help)
        code = fputs(backup_usage, stdout) < 0;
    else if (copy && strcmp(copy, "-") != 0)
        code = run_backup(tv_admin_store_path(&config.arena, config.data_dir), copy);
    else
        (void)fputs(backup_usage, stderr);
    tv_config_release(&config);
    return code;
}
