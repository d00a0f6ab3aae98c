/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: one daemon a folder, files of other versions, tokens. */
#include "support_world.h"

#include "base/time.h"
#include "store/store_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void run_sql(const char *dir, const char *sql)
{
    char path[512];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof(path), "%s/traversion.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static enum tv_status open_status(const char *dir, bool read_only, struct tv_error *err)
{
    struct tv_store *store = NULL;
    struct tv_store_config config = {.dir = dir, .read_only = read_only};
    enum tv_status status = tv_store_open(&config, &store, err);
    if (status == TV_OK)
        tv_store_close(store);
    return status;
}

static void open__refuses_a_second_daemon(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_error err;
    struct tv_store *store = test_open(dir);
    assert_int_equal(open_status(dir, false, &err), TV_CONFLICT);
    assert_non_null(strstr(err.message, dir));
    assert_int_equal(open_status(dir, true, &err), TV_OK);
    tv_store_close(store);
    assert_int_equal(open_status(dir, false, &err), TV_OK);
    test_folder_remove(dir);
}

static void open__refuses_a_newer_file(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_error err;
    tv_store_close(test_open(dir));
    run_sql(dir, "PRAGMA user_version=99");
    assert_int_equal(open_status(dir, false, &err), TV_NEWER);
    assert_int_equal(open_status(dir, true, &err), TV_NEWER);
    test_folder_remove(dir);
}

static void open__refuses_what_is_no_store(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    char path[512];
    struct tv_error err;
    run_sql(dir, "PRAGMA user_version=3; CREATE TABLE t(a)");
    assert_int_equal(open_status(dir, false, &err), TV_CORRUPT);
    (void)snprintf(path, sizeof(path), "%s/traversion.db", dir);
    assert_int_equal(remove(path), 0);
    run_sql(dir, "CREATE TABLE t(a)"); /* another program's, without a version */
    assert_int_equal(open_status(dir, false, &err), TV_CORRUPT);
    run_sql(dir, "SELECT a FROM t");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        (void)fputs("this is not a database\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(open_status(dir, false, &err), TV_CORRUPT);
    assert_non_null(strstr(err.message, "traversion.db"));
    test_folder_remove(dir);
}

static void open__names_a_folder_that_cannot_be_made(void **state)
{
    (void)state;
    struct tv_error err;
    assert_int_equal(open_status("/dev/null/folder", false, &err), TV_IO);
    assert_non_null(strstr(err.message, "/dev/null"));
}

static void open__never_gives_an_arrival_number_twice(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store_config config = {.dir = dir, .retention_ns = 1};
    struct test_random random = {41};
    struct test_shape shape = {10, NOON, TV_NS_PER_S, false};
    struct tv_store *store = test_open_with(&config);
    uint64_t last = test_commit_one(store, test_batch(&random, &shape)).last_arrival;
    assert_int_equal(last, 10);
    test_compact(store);
    struct tv_store_stats stats;
    tv_store_stats(store, &stats);
    assert_int_equal(stats.events, 0); /* all of it has expired */
    tv_store_close(store);
    store = test_open_with(&config);
    assert_int_equal(test_commit_one(store, test_batch(&random, &shape)).first_arrival, 11);
    tv_store_close(store);
    test_folder_remove(dir);
}

static void tokens__work_beside_a_running_store(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store *store = test_open(dir);
    struct tv_token token = {.name = "ci", .scopes = 5, .created_ns = 77}, *tokens = NULL;
    struct tv_error err;
    size_t count = 0;
    memset(token.hash, 9, sizeof(token.hash));
    assert_int_equal(tv_token_add(dir, &token, &err), TV_OK);
    assert_int_equal(tv_token_add(dir, &token, &err), TV_CONFLICT);
    assert_int_equal(tv_store_tokens(store, &tokens, &count, &err), TV_OK);
    assert_int_equal(count, 1);
    assert_memory_equal(&tokens[0], &token, sizeof(token));
    free(tokens);
    assert_int_equal(tv_token_remove(dir, "ci", &err), TV_OK);
    assert_int_equal(tv_token_remove(dir, "ci", &err), TV_NOT_FOUND);
    assert_int_equal(tv_store_tokens(store, &tokens, &count, &err), TV_OK);
    assert_int_equal(count, 0);
    free(tokens);
    tv_store_close(store);
    test_folder_remove(dir);
}

static void tokens__work_before_the_first_start(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_token token = {.name = "first", .scopes = 1}, *tokens = NULL;
    struct tv_error err;
    size_t count = 0;
    assert_int_equal(tv_token_add(dir, &token, &err), TV_OK);
    struct tv_store *store = test_open(dir);
    assert_int_equal(tv_store_tokens(store, &tokens, &count, &err), TV_OK);
    assert_int_equal(count, 1);
    free(tokens);
    tv_store_close(store);
    test_folder_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(open__refuses_a_second_daemon),
            cmocka_unit_test(open__refuses_a_newer_file),
            cmocka_unit_test(open__refuses_what_is_no_store),
            cmocka_unit_test(open__names_a_folder_that_cannot_be_made),
            cmocka_unit_test(open__never_gives_an_arrival_number_twice),
            cmocka_unit_test(tokens__work_beside_a_running_store),
            cmocka_unit_test(tokens__work_before_the_first_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
