/* SPDX-License-Identifier: Apache-2.0 */
/* The steps, and how they cope. */
#include "support_script.h"
#include "support_events.h"
#include "support_vfs.h"

#include "base/time.h"
#include "store/admin.h"
#include "store/store_internal.h"
#include "timeql/timeql.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { JOBS_MAX = 200, JOB_FAILURES_MAX = 3 };

char script_blame[160];

void script_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "%s: ", script_blame);
    (void)vfprintf(stderr, format, arguments);
    (void)fprintf(stderr, "\n");
    va_end(arguments);
    abort();
}

/* A step came back with a failure: it must be one that the disk explains, and name a file. */
static void cope(struct script *script, const char *step, const struct tv_error *err)
{
    script->failures++;
    if (!script->faulty || vfs_hits() == 0)
        script_fail("%s failed without a fault: %s", step, err->message);
    if (!strstr(err->message, script->dir))
        script_fail("%s names no file: %s", step, err->message);
}

static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry; entry = readdir(folder)) {
        char inner[512];
        (void)snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && unlink(inner) != 0)
            remove_folder(inner);
    }
    if (folder)
        (void)closedir(folder);
    (void)rmdir(path);
}

struct script *script_new(void)
{
    struct script *script = calloc(1, sizeof(*script));
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    struct tv_error err = {.status = TV_OK}; /* whose message is none */
    (void)snprintf(script->dir, sizeof(script->dir), "%s/traversion-fault-XXXXXX", parent);
    if (!mkdtemp(script->dir) ||
            tv_condition_prepare(TV_STR("user = 'u3'"), SCRIPT_NOW, &script->condition, &err) !=
                    TV_OK)
        script_fail("cannot begin");
    return script;
}

void script_close(struct script *script)
{
    tv_store_close(script->store);
    script->store = NULL;
}

void script_free(struct script *script)
{
    script_close(script);
    remove_folder(script->dir);
    tv_condition_free(script->condition);
    free(script);
}

static void erased(void *ctx, const struct tv_erasure_result *result)
{
    struct script *script = ctx;
    for (uint32_t seq = 0; seq < script->count; seq++)
        if (script_event_is_erased(seq) && script->states[seq] != SCRIPT_UNKNOWN &&
                !script->again[seq] && result->damaged == 0)
            script->states[seq] = SCRIPT_GONE;
}

static void go_on_erasing(struct script *script)
{
    struct tv_arena arena = {0};
    struct tv_erasure_record *records = NULL;
    size_t count = 0;
    struct tv_error err = {.status = TV_OK}; /* whose message is none */
    if (tv_erasures_recorded(script->store, &arena, &records, &count, &err) != TV_OK) {
        cope(script, "reading erasures", &err);
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct tv_erasure_spec spec = {
                .where = tv_condition_pred(script->condition), .done = erased, .ctx = script};
        tv_erase_resume(script->store, &records[i], &spec);
    }
    tv_arena_release(&arena);
}

static bool open_store(struct script *script)
{
    struct tv_store_config config = {
            .dir = script->dir, .retention_ns = SCRIPT_RETENTION_NS, .cache_bytes = 1 << 20};
    struct tv_error err = {.status = TV_OK}; /* whose message is none */
    if (script->store)
        return true;
    if (tv_store_open(&config, &script->store, &err) != TV_OK) {
        cope(script, "opening", &err);
        return false;
    }
    go_on_erasing(script);
    return true;
}

/* Acknowledged. What was erased is new when it comes again, and stays. */
static void note_sent(struct script *script, uint32_t seq)
{
    enum script_state *state = &script->states[seq];
    bool erasing = script->erase_asked && script_event_is_erased(seq);
    script->again[seq] = erasing;
    if (script_event_is_old(seq) || (erasing && *state != SCRIPT_GONE))
        *state = SCRIPT_PERHAPS;
    else
        *state = SCRIPT_THERE;
}

bool script_commit(struct script *script, uint32_t first, uint32_t rows, uint8_t request)
{
    struct tv_commit_result result;
    struct tv_error err = {.status = TV_OK}; /* whose message is none */
    if (script->count < first + rows)
        script->count = first + rows;
    if (!open_store(script))
        return false;
    struct tv_batch *batch = script_events(first, rows, request != 0);
    memset(batch->request_key, request, sizeof(batch->request_key));
    struct tv_commit *commit = tv_commit_begin(script->store, &batch, 1);
    tv_commit_run(commit);
    if (tv_commit_finish(commit, NULL, NULL, &result, &err) != TV_OK) {
        cope(script, "committing", &err);
        return false;
    }
    for (uint32_t seq = first; seq < first + rows; seq++)
        if (!request || script->states[seq] == SCRIPT_UNKNOWN) /* a known request changes nothing */
            note_sent(script, seq);
    return true;
}

void script_work(struct script *script, int most)
{
    struct tv_error err = {.status = TV_OK}; /* whose message is none */
    int failed = 0;
    if (!open_store(script))
        return;
    for (size_t i = 0; i < script->store->level0_count; i++)
        script->store->level0[i]->born_ns -= TV_NS_PER_HOUR;
    for (int done = 0; done < most && failed < JOB_FAILURES_MAX; done++) {
        struct tv_store_job *job = tv_store_job_next(script->store, SCRIPT_NOW);
        if (!job)
            break;
        tv_store_job_run(job);
        if (tv_store_job_needs_writer(job))
            tv_store_job_commit(job);
        if (tv_store_job_finish(job, &err) != TV_OK) {
            cope(script, "a job", &err);
            failed++;
        }
        memset(script->store->retry_ns, 0, sizeof(script->store->retry_ns));
        script->store->erase_due_ns = 0;
    }
}

static void work(struct script *script)
{
    script_work(script, JOBS_MAX);
}

static void checkpoint(struct script *script)
{
    if (!open_store(script))
        return;
    script->store->checkpointed_frames = 0;
    atomic_store(&script->store->wal_frames, 1 << 20);
    work(script);
    if (script->store)
        atomic_store(&script->store->wal_frames, 0);
}

static void erase(struct script *script)
{
    if (!open_store(script))
        return;
    struct tv_erasure_spec spec = {.text = TV_STR("user = 'u3'"),
            .now_ns = SCRIPT_NOW,
            .where = tv_condition_pred(script->condition),
            .done = erased,
            .ctx = script};
    for (uint32_t seq = 0; seq < script->count; seq++)
        if (script_event_is_erased(seq) && script->states[seq] == SCRIPT_THERE)
            script->states[seq] = SCRIPT_PERHAPS;
    script->erase_asked = true;
    tv_erase_begin(script->store, &spec);
    work(script);
}

static void look(struct script *script)
{
    struct tv_error err = {.status = TV_OK}; /* whose message is none */
    if (!open_store(script))
        return;
    struct tv_snapshot *snapshot = tv_snapshot_take(script->store);
    if (script_look(script, snapshot, &err) != TV_OK)
        cope(script, "a query", &err);
    tv_snapshot_unref(snapshot);
}

static void tell_problem(void *ctx, const char *line)
{
    if (ctx)
        (void)fprintf(stderr, "%s: %s\n", script_blame, line);
}

/* The copy is a store of its own, whole or absent. */
static void look_at_copy(struct script *script, const char *folder)
{
    struct tv_store_config config = {.dir = folder, .read_only = true};
    struct tv_store *copy = NULL;
    struct tv_error err = {.status = TV_OK}; /* whose message is none */
    if (tv_store_open(&config, &copy, &err) != TV_OK) {
        cope(script, "opening the copy", &err);
        return;
    }
    struct tv_snapshot *snapshot = tv_snapshot_take(copy);
    if (script_look(script, snapshot, &err) != TV_OK)
        cope(script, "a query of the copy", &err);
    tv_snapshot_unref(snapshot);
    tv_store_close(copy);
}

static void back_up(struct script *script)
{
    char from[128], folder[128], to[160];
    struct tv_backup_watch watch = {0};
    struct tv_error err = {.status = TV_OK}; /* whose message is none */
    (void)snprintf(from, sizeof(from), "%s/traversion.db", script->dir);
    (void)snprintf(folder, sizeof(folder), "%s/copy", script->dir);
    (void)snprintf(to, sizeof(to), "%s/traversion.db", folder);
    if (!open_store(script) || (mkdir(folder, 0700) != 0 && access(folder, W_OK) != 0))
        return;
    if (tv_store_backup(from, to, &watch, &err) != TV_OK) {
        cope(script, "a backup", &err);
        if (access(to, F_OK) == 0)
            script_fail("a failed backup left '%s'", to);
        return;
    }
    look_at_copy(script, folder);
    remove_folder(folder);
}

static void add_token(struct script *script)
{
    struct tv_token token = {.name = "ci", .scopes = 1};
    struct tv_error err = {.status = TV_OK}; /* whose message is none */
    if (tv_token_add(script->dir, &token, &err) != TV_OK)
        cope(script, "adding a token", &err);
    else if (tv_token_remove(script->dir, "ci", &err) != TV_OK)
        cope(script, "removing a token", &err);
}

void script_run(struct script *script)
{
    (void)script_commit(script, 0, 60, 0);
    (void)script_commit(script, 60, 5, 0);
    look(script);
    work(script);
    (void)script_commit(script, 65, 40, 7); /* without ids, under a key */
    (void)script_commit(script, 30, 35, 0); /* most of it again */
    look(script);
    work(script);
    checkpoint(script);
    (void)script_commit(script, 65, 40, 7); /* as the client does that heard nothing */
    (void)script_commit(script, 105, 200, 0);
    script_work(script, 1); /* a compaction, which nothing syncs before the next commit */
    (void)script_commit(script, 305, 10, 0);
    (void)script_commit(script, 315, 10, 0);
    work(script);
    look(script);
    add_token(script);
    erase(script);
    look(script);
    back_up(script);
    script_close(script);
    (void)script_commit(script, 0, 60, 0);
    (void)script_commit(script, 325, 50, 0);
    checkpoint(script);
    work(script);
    look(script);
}

void script_verify(struct script *script)
{
    char path[128];
    struct tv_check_totals totals;
    struct tv_check_watch watch = {.problem = tell_problem, .ctx = script};
    struct tv_error err = {.status = TV_OK}; /* whose message is none */
    script_close(script);
    script->faulty = script->zeroed = false;
    look(script);
    work(script);
    (void)script_commit(script, 0, 60, 0);
    (void)script_commit(script, 65, 40, 7);
    look(script);
    script_close(script);
    (void)snprintf(path, sizeof(path), "%s/traversion.db", script->dir);
    if (tv_store_check(path, &watch, &totals, &err) != TV_OK || totals.problems)
        script_fail("the check finds problems");
    look(script);
}
