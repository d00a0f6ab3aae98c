/* SPDX-License-Identifier: Apache-2.0 */
/* Backups: one moment of a store that is being written, whole or not there at all. */
#include "support_world.h"

#include "base/time.h"
#include "store/admin.h"
#include "store/store_internal.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* A world, a folder for its copy, and what progress told. */
struct copying {
    struct test_world world;
    char *folder;
    char from[512], to[512], temporary[520];
    uint64_t done, total;
    size_t steps;
    bool commit; /* events arrive between the steps */
};

static void copying_init(struct copying *copying, uint64_t seed)
{
    *copying = (struct copying){.steps = 0};
    test_world_init(&copying->world, seed);
    copying->folder = test_folder_make();
    (void)snprintf(copying->from, sizeof(copying->from), "%s/traversion.db", copying->world.dir);
    (void)snprintf(copying->to, sizeof(copying->to), "%s/traversion.db", copying->folder);
    (void)snprintf(copying->temporary, sizeof(copying->temporary), "%s.tmp", copying->to);
}

static void copying_release(struct copying *copying)
{
    test_world_release(&copying->world);
    test_folder_remove(copying->folder);
}

static void note_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct copying *copying = ctx;
    assert_true(done >= copying->done && done <= total);
    copying->done = done;
    copying->total = total;
    copying->steps++;
    if (copying->commit)
        test_world_commit(
                &copying->world, 1, &(struct test_shape){100, NOON, TV_NS_PER_MIN, false});
}

static enum tv_status back_up(struct copying *copying, struct tv_error *err)
{
    struct tv_backup_watch watch = {note_progress, copying};
    return tv_store_backup(copying->from, copying->to, &watch, err);
}

static void note_problem(void *ctx, const char *line)
{
    (void)ctx;
    fail_msg("%s", line);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void backup__is_one_moment_of_a_store_being_written(void **state)
{
    (void)state;
    struct copying copying;
    struct tv_error err;
    struct tv_check_totals totals;
    struct tv_check_watch watch = {note_problem, NULL, NULL};
    struct tv_scan_spec spec = test_all();
    struct test_lines expected = {0}, found = {0};
    copying_init(&copying, 911);
    for (int i = 0; i < 40; i++) {
        test_world_commit(&copying.world, 4,
                &(struct test_shape){3000, NOON + i * TV_NS_PER_MIN, TV_NS_PER_HOUR, false});
        if (i == 20)
            test_compact(copying.world.store);
    }
    test_lines_add_scan(&expected, copying.world.store, &spec);
    copying.commit = true;
    assert_int_equal(back_up(&copying, &err), TV_OK);
    assert_true(copying.steps > 2 && copying.done == copying.total);
    assert_false(exists(copying.temporary));
    assert_int_equal(tv_store_check(copying.to, &watch, &totals, &err), TV_OK);
    assert_int_equal(totals.events, expected.count);
    struct tv_store *store = test_open(copying.folder);
    test_lines_add_scan(&found, store, &spec);
    test_lines_assert_equal(&expected, &found);
    tv_store_close(store);
    test_world_check_all(&copying.world);
    test_lines_release(&expected);
    test_lines_release(&found);
    copying_release(&copying);
}

static void backup__never_replaces_a_file(void **state)
{
    (void)state;
    struct copying copying;
    struct tv_error err;
    copying_init(&copying, 912);
    test_world_commit(&copying.world, 1, &(struct test_shape){10, NOON, TV_NS_PER_MIN, false});
    assert_int_equal(back_up(&copying, &err), TV_OK);
    assert_int_equal(back_up(&copying, &err), TV_CONFLICT);
    assert_non_null(strstr(err.message, copying.to));
    copying_release(&copying);
}

/* As after a kill: half a file under the temporary name. */
static void backup__writes_over_what_a_killed_one_left(void **state)
{
    (void)state;
    struct copying copying;
    struct tv_error err;
    copying_init(&copying, 913);
    test_world_commit(&copying.world, 1, &(struct test_shape){10, NOON, TV_NS_PER_MIN, false});
    FILE *file = fopen(copying.temporary, "w");
    assert_non_null(file);
    for (int i = 0; i < 100000; i++)
        (void)fputs("half of something", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(back_up(&copying, &err), TV_OK);
    struct tv_store *store = test_open(copying.folder);
    tv_store_close(store);
    copying_release(&copying);
}

static void backup__leaves_nothing_where_it_cannot_write_all(void **state)
{
    (void)state;
    struct copying copying;
    struct tv_error err;
    struct rlimit before, small;
    copying_init(&copying, 914);
    test_world_commit(&copying.world, 1, &(struct test_shape){20000, NOON, TV_NS_PER_MIN, false});
    test_compact(copying.world.store);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100 << 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum tv_status status = back_up(&copying, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_not_equal(status, TV_OK);
    assert_non_null(strstr(err.message, copying.temporary));
    assert_false(exists(copying.to));
    assert_false(exists(copying.temporary));
    copying_release(&copying);
}

static void backup__refuses_what_is_no_store(void **state)
{
    (void)state;
    struct copying copying;
    struct tv_error err;
    copying_init(&copying, 915);
    (void)snprintf(copying.from, sizeof(copying.from), "%s/other.db", copying.world.dir);
    assert_int_equal(back_up(&copying, &err), TV_IO);
    assert_non_null(strstr(err.message, "other.db"));
    assert_false(exists(copying.to));
    copying_release(&copying);
}

/* What an export reads stays, though all of it moves to other rows meanwhile. */
static void pinned__sees_one_moment_of_a_store_being_compacted(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_store_stats stats;
    struct tv_scan_spec spec = test_all();
    struct test_lines expected = {0}, found = {0};
    test_world_init(&world, 916);
    for (int i = 0; i < 20; i++)
        test_world_commit(&world, 2,
                &(struct test_shape){500, NOON + i * TV_NS_PER_MIN, TV_NS_PER_HOUR, i == 7});
    test_compact(world.store);
    test_world_commit(&world, 2, &(struct test_shape){500, NOON, TV_NS_PER_HOUR, false});
    test_lines_add_scan(&expected, world.store, &spec);
    struct tv_store *pinned = test_open_with(
            &(struct tv_store_config){.dir = world.dir, .read_only = true, .pinned = true});
    for (int i = 0; i < 20; i++) {
        test_world_commit(&world, 2,
                &(struct test_shape){500, NOON + i * TV_NS_PER_MIN, TV_NS_PER_HOUR, false});
        test_compact(world.store);
    }
    test_lines_add_scan(&found, pinned, &spec);
    test_lines_assert_equal(&expected, &found);
    tv_store_stats(pinned, &stats);
    assert_int_equal(stats.corrupt_segments, 0);
    tv_store_close(pinned);
    test_lines_release(&expected);
    test_lines_release(&found);
    test_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(backup__is_one_moment_of_a_store_being_written),
            cmocka_unit_test(backup__never_replaces_a_file),
            cmocka_unit_test(backup__writes_over_what_a_killed_one_left),
            cmocka_unit_test(backup__leaves_nothing_where_it_cannot_write_all),
            cmocka_unit_test(backup__refuses_what_is_no_store),
            cmocka_unit_test(pinned__sees_one_moment_of_a_store_being_compacted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
