/* SPDX-License-Identifier: Apache-2.0 */
/* A store of its own in a temporary folder, for tests that need real segments. Static functions, so
 * that tests of several folders can include it.
 *
 *     struct fixture fixture;
 *     fixture_open(&fixture);
 *     fixture_commit(&fixture, batch);      takes the batch
 *     fixture_query(&fixture, &env, &answer, &err);
 *     fixture_close(&fixture);
 */
#ifndef TV_TESTS_LIB_FIXTURE_H
#define TV_TESTS_LIB_FIXTURE_H

#include "base/time.h"
#include "timeql/timeql.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
    char dir[64];
    struct tv_store *store;
};

static void fixture_fail(const char *what, const struct tv_error *err)
{
    (void)fprintf(stderr, "%s: %s\n", what, err ? err->message : "");
    abort();
}

static inline void fixture_open(struct fixture *fixture)
{
    struct tv_error err;
    (void)snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/traversion-test-XXXXXX");
    if (!mkdtemp(fixture->dir))
        fixture_fail("mkdtemp", NULL);
    struct tv_store_config config = {.dir = fixture->dir,
            .retention_ns = INT64_C(3650) * TV_NS_PER_DAY,
            .disk_bytes_max = UINT64_C(1) << 32,
            .cache_bytes = 32 << 20};
    if (tv_store_open(&config, &fixture->store, &err) != TV_OK)
        fixture_fail("open", &err);
}

static inline void fixture_commit(struct fixture *fixture, struct tv_batch *batch)
{
    struct tv_error err;
    struct tv_commit_result result;
    struct tv_commit *commit = tv_commit_begin(fixture->store, &batch, 1);
    tv_commit_run(commit);
    if (tv_commit_finish(commit, NULL, NULL, &result, &err) != TV_OK)
        fixture_fail("commit", &err);
}

static inline enum tv_status fixture_write(void *ctx, struct tv_str piece)
{
    tv_buf_append_str(ctx, piece);
    return TV_OK;
}

/* Prepares and runs; the answer is appended. */
static inline enum tv_status fixture_query(struct fixture *fixture, const struct tv_query_env *env,
        struct tv_buf *answer, struct tv_error *err)
{
    struct tv_query *query = NULL;
    enum tv_status status = tv_query_prepare(env, &query, err);
    if (status != TV_OK)
        return status;
    struct tv_query_run run = {
            .snapshot = tv_snapshot_take(fixture->store), .write = fixture_write, .ctx = answer};
    status = tv_query_run(query, &run, err);
    tv_snapshot_unref(run.snapshot);
    tv_query_free(query);
    return status;
}

static inline void fixture_close(struct fixture *fixture)
{
    tv_store_close(fixture->store);
    DIR *dir = opendir(fixture->dir);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", fixture->dir, entry->d_name);
        if (entry->d_name[0] != '.')
            (void)unlink(path);
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(fixture->dir);
}

#endif
