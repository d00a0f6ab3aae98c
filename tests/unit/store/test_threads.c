/* SPDX-License-Identifier: Apache-2.0 */
/* Commits, jobs and queries at the same time, on lanes of their own, with this thread as the loop;
 * and a disk that is full. Meant for ThreadSanitizer too. */
#include "support_world.h"

#include "base/time.h"
#include "store/store_internal.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 30, ROWS = 3000 };

static void *run_commit(void *commit)
{
    tv_commit_run(commit);
    return NULL;
}

static void *run_job(void *job)
{
    tv_store_job_run(job);
    return NULL;
}

/* A query lane: counts what its snapshot holds. */
struct query {
    pthread_t thread;
    struct tv_snapshot *snapshot;
    uint64_t expected, found;
    enum tv_status status;
};

static void *run_query(void *ctx)
{
    struct query *query = ctx;
    struct tv_scan_spec spec = test_all();
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    query->status = tv_scan_open(query->snapshot, &spec, NULL, &scan, NULL);
    while (query->status == TV_OK) {
        query->status = tv_scan_next(scan, &found, NULL);
        if (found.count == 0)
            break;
        query->found += found.count;
    }
    tv_scan_close(scan);
    tv_snapshot_unref(query->snapshot);
    return NULL;
}

static void start_query(struct query *query, struct tv_store *store, uint64_t expected)
{
    *query = (struct query){.snapshot = tv_snapshot_take(store), .expected = expected};
    assert_int_equal(pthread_create(&query->thread, NULL, run_query, query), 0);
}

static void end_query(struct query *query)
{
    assert_int_equal(pthread_join(query->thread, NULL), 0);
    assert_int_equal(query->status, TV_OK);
    assert_int_equal(query->found, query->expected);
}

/* One turn of the house: a commit and a job run at once, then the job's transaction, then both are
 * finished; two queries run over all of it. */
static void turn(struct test_world *world, uint64_t done)
{
    struct test_shape shape = {ROWS, NOON, TV_NS_PER_HOUR, false};
    struct tv_batch *batch = test_batch(&world->random, &shape);
    struct query queries[2];
    struct tv_commit_result result;
    struct tv_error err;
    pthread_t writer, maintenance;
    start_query(&queries[0], world->store, done);
    if (world->store->level0_count > 4)
        test_flush_soon(world->store);
    struct tv_commit *commit = tv_commit_begin(world->store, &batch, 1);
    struct tv_store_job *job = tv_store_job_next(world->store, tv_time_now());
    assert_int_equal(pthread_create(&writer, NULL, run_commit, commit), 0);
    if (job)
        assert_int_equal(pthread_create(&maintenance, NULL, run_job, job), 0);
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(tv_commit_finish(commit, NULL, NULL, &result, &err), TV_OK);
    start_query(&queries[1], world->store, done + ROWS);
    if (job) {
        assert_int_equal(pthread_join(maintenance, NULL), 0);
        if (tv_store_job_needs_writer(job))
            tv_store_job_commit(job);
        assert_int_equal(tv_store_job_finish(job, &err), TV_OK);
    }
    end_query(&queries[0]);
    end_query(&queries[1]);
}

static void lanes__work_at_the_same_time(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_store_stats stats;
    test_world_init(&world, 71);
    for (uint64_t i = 0; i < ROUNDS; i++)
        turn(&world, i * ROWS);
    tv_store_stats(world.store, &stats);
    assert_int_equal(stats.events, ROUNDS * ROWS);
    assert_true(stats.compactions > 2);
    test_world_release(&world);
}

static void limit_pages(struct tv_store *store, int pages)
{
    char sql[64];
    struct tv_error err;
    (void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%d", pages);
    assert_int_equal(tv_db_exec(&store->writer, sql, &err), TV_OK);
}

static enum tv_status try_commit(struct test_world *world, struct tv_error *err)
{
    struct test_shape shape = {ROWS, NOON, TV_NS_PER_HOUR, false};
    struct tv_batch *batch = test_batch(&world->random, &shape);
    struct tv_commit_result result;
    struct tv_commit *commit = tv_commit_begin(world->store, &batch, 1);
    tv_commit_run(commit);
    return tv_commit_finish(commit, NULL, NULL, &result, err);
}

/* Refused with the file's name, nothing half written, reads go on, writes resume. */
static void full_disk__is_told_and_left_behind(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_store_stats stats;
    struct tv_error err;
    test_world_init(&world, 72);
    test_world_commit(&world, 1, &(struct test_shape){ROWS, NOON, TV_NS_PER_HOUR, false});
    limit_pages(world.store, 1); /* what the file has already stays */
    struct test_random before = world.random;
    assert_int_equal(try_commit(&world, &err), TV_FULL);
    assert_non_null(strstr(err.message, world.dir));
    tv_store_stats(world.store, &stats);
    assert_true(stats.read_only);
    assert_int_equal(stats.events, ROWS);
    test_world_check_all(&world);
    limit_pages(world.store, 1 << 20);
    /* The very same events again: their fingerprints are known, their originals are not stored. */
    world.random = before;
    assert_int_equal(try_commit(&world, &err), TV_OK);
    tv_store_stats(world.store, &stats);
    assert_false(stats.read_only);
    assert_int_equal(stats.events, 2 * ROWS);
    test_world_release(&world);
}

/* A compaction that fails leaves level 0 as it is and is tried again. */
static void full_disk__does_not_harm_a_compaction(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_error err;
    test_world_init(&world, 73);
    test_world_commit(&world, 1, &(struct test_shape){ROWS, NOON, TV_NS_PER_HOUR, false});
    limit_pages(world.store, 1);
    test_flush_soon(world.store);
    struct tv_store_job *job = tv_store_job_next(world.store, tv_time_now());
    assert_non_null(job);
    tv_store_job_run(job);
    assert_true(tv_store_job_needs_writer(job));
    tv_store_job_commit(job);
    assert_int_equal(tv_store_job_finish(job, &err), TV_FULL);
    test_world_check_all(&world);
    limit_pages(world.store, 1 << 20);
    test_world_reopen(&world);
    test_world_check_all(&world);
    test_compact(world.store);
    test_world_check_all(&world);
    test_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(lanes__work_at_the_same_time),
            cmocka_unit_test(full_disk__is_told_and_left_behind),
            cmocka_unit_test(full_disk__does_not_harm_a_compaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
