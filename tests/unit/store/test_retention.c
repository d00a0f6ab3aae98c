/* SPDX-License-Identifier: Apache-2.0 */
/* Retention: by age, by bytes, by classes of services; clocks that step. */
#include "store/retention.h"
#include "support_world.h"

#include "base/time.h"
#include "store/store_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int64_t rows_in_file(struct tv_store *store)
{
    int64_t count = 0;
    struct tv_error err;
    assert_int_equal(tv_db_int(&store->side, "SELECT count(*) FROM segment", &count, &err), TV_OK);
    return count;
}

/* Whole segments go, and only those past their age. */
static void retention__deletes_what_is_old(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store_config config = {.dir = dir, .retention_ns = TV_NS_PER_DAY};
    struct tv_store *store = test_open_with(&config);
    struct test_random random = {51};
    struct tv_store_stats stats;
    int64_t now = tv_time_now();
    struct test_shape old = {300, now - 3 * TV_NS_PER_DAY, TV_NS_PER_MIN, false};
    struct test_shape young = {200, now - TV_NS_PER_HOUR, TV_NS_PER_MIN, false};
    (void)test_commit_one(store, test_batch(&random, &old));
    (void)test_commit_one(store, test_batch(&random, &young));
    test_compact(store);
    tv_store_stats(store, &stats);
    assert_int_equal(stats.events, 200);
    assert_int_equal(stats.expired_events, 300);
    assert_int_equal(rows_in_file(store), 1);
    tv_store_close(store);
    store = test_open_with(&config);
    tv_store_stats(store, &stats);
    assert_int_equal(stats.events, 200);
    tv_store_close(store);
    test_folder_remove(dir);
}

/* An old incident that was imported today is kept: its receive time counts. */
static void retention__counts_from_receive_time(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store_config config = {.dir = dir, .retention_ns = TV_NS_PER_DAY};
    struct tv_store *store = test_open_with(&config);
    struct tv_batch *batch = tv_batch_new();
    struct tv_store_stats stats;
    for (int i = 0; i < 10; i++) {
        uint32_t row = tv_batch_add_row(batch);
        tv_batch_set_time(batch, row, NOON + i);
        tv_batch_set_text(batch, TV_FIELD_SERVICE, row, TV_STR("a"));
    }
    (void)test_commit_one(store, batch);
    test_compact(store);
    tv_store_stats(store, &stats);
    assert_int_equal(stats.events, 10);
    tv_store_close(store);
    test_folder_remove(dir);
}

static void retention__keeps_the_file_in_its_limit(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store_config config = {.dir = dir, .disk_bytes_max = 200000};
    struct tv_store *store = test_open_with(&config);
    struct test_random random = {52};
    struct tv_store_stats stats;
    uint64_t before = 0;
    for (int day = 0; day < 12; day++) {
        struct test_shape shape = {1000, NOON + 2 * day * TV_NS_PER_DAY, TV_NS_PER_MIN, false};
        (void)test_commit_one(store, test_batch(&random, &shape));
        test_compact(store);
        tv_store_stats(store, &stats);
        assert_true(stats.payload_bytes <= config.disk_bytes_max);
        before += 1000;
    }
    assert_true(stats.events > 1000 && stats.events < before);
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    assert_true(tv_snapshot_newest(snapshot) > NOON + 22 * TV_NS_PER_DAY);
    assert_true(tv_snapshot_oldest(snapshot) > NOON + TV_NS_PER_DAY);
    tv_snapshot_unref(snapshot);
    tv_store_close(store);
    test_folder_remove(dir);
}

/* Events of "service-0" … "service-6", all of one time. */
static struct tv_batch *of_seven_services(int64_t time, uint32_t rows)
{
    struct tv_batch *batch = tv_batch_new();
    char name[16];
    for (uint32_t i = 0; i < rows; i++) {
        uint32_t row = tv_batch_add_row(batch);
        (void)snprintf(name, sizeof(name), "service-%u", i % 7);
        tv_batch_set_time(batch, row, time + i);
        tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, time + i);
        tv_batch_set_text(batch, TV_FIELD_SERVICE, row, tv_str_of(name));
        tv_batch_set_text(batch, TV_FIELD_TYPE, row, TV_STR("log"));
    }
    return batch;
}

static uint64_t events_of(struct tv_store *store)
{
    struct tv_store_stats stats;
    tv_store_stats(store, &stats);
    return stats.events;
}

static void classes__are_read_from_rules(void **state)
{
    (void)state;
    static const char *const wrong[] = {
            "a", "a=", "=1d", "a=x", "a=1d,b=2d", "a*b=1d", "a,,b=1d", "a=0s", ";a=1d"};
    struct tv_retention retention = {.age_ns = 1};
    assert_true(tv_retention_parse(
            TV_STR(" payments , ledger-* = 365d; load-*=2 hours ; "), &retention));
    assert_int_equal(retention.count, 2);
    assert_int_equal(retention.rules[0].age_ns, 365 * TV_NS_PER_DAY);
    assert_int_equal(tv_retention_class(&retention, TV_STR("payments")), 1);
    assert_int_equal(tv_retention_class(&retention, TV_STR("payments2")), 0);
    assert_int_equal(tv_retention_class(&retention, TV_STR("ledger-eu")), 1);
    assert_int_equal(tv_retention_class(&retention, TV_STR("load-7")), 2);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        retention = (struct tv_retention){.age_ns = 1};
        if (tv_retention_parse(tv_str_of(wrong[i]), &retention))
            fail_msg("'%s' was taken", wrong[i]);
    }
}

/* Each class comes of age by itself, from segments that hold nothing else. */
static void classes__are_kept_apart_and_expire_apart(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store_config config = {.dir = dir,
            .retention_ns = TV_NS_PER_DAY,
            .retention_for = "service-1,service-2=10d; service-3=1h"};
    struct tv_store *store = test_open_with(&config);
    int64_t now = tv_time_now();
    const int64_t ages_ns[] = {
            20 * TV_NS_PER_DAY, 2 * TV_NS_PER_DAY, 2 * TV_NS_PER_HOUR, TV_NS_PER_HOUR / 2};
    for (size_t i = 0; i < sizeof(ages_ns) / sizeof(ages_ns[0]); i++) {
        (void)test_commit_one(store, of_seven_services(now - ages_ns[i], 700));
        test_compact(store);
    }
    /* 700 of today, 600 without the class of an hour, two services' of the day before yesterday. */
    uint64_t kept = events_of(store);
    for (size_t i = 0; i < store->segments->count; i++)
        assert_true(store->segments->items[i]->class < TV_RETENTION_MIXED);
    tv_store_close(store);
    store = test_open_with(&config);
    assert_int_equal(events_of(store), kept);
    (void)test_jobs(store, 100);
    assert_int_equal(kept, 700 + 600 + 200);
    tv_store_close(store);
    test_folder_remove(dir);
}

/* What was stored under other rules is kept for the longest age of those in it. */
static void classes__that_change_lose_nothing_early(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store_config config = {.dir = dir, .retention_ns = 10 * TV_NS_PER_DAY};
    struct tv_store *store = test_open_with(&config);
    (void)test_commit_one(store, of_seven_services(tv_time_now() - 2 * TV_NS_PER_DAY, 700));
    test_compact(store);
    tv_store_close(store);
    config.retention_ns = TV_NS_PER_DAY;
    config.retention_for = "service-1=5d";
    store = test_open_with(&config);
    (void)test_jobs(store, 100);
    assert_int_equal(store->segments->items[0]->class, TV_RETENTION_MIXED);
    assert_int_equal(events_of(store), 700);
    tv_store_close(store);
    test_folder_remove(dir);
}

static void jobs_at(struct tv_store *store, int64_t now_ns)
{
    struct tv_error err;
    struct tv_store_job *job = NULL;
    while ((job = tv_store_job_next(store, now_ns))) {
        tv_store_job_run(job);
        if (tv_store_job_needs_writer(job))
            tv_store_job_commit(job);
        assert_int_equal(tv_store_job_finish(job, &err), TV_OK);
    }
}

/* A day forward and back again costs nothing; a day that stays counts. */
static void clock__that_steps_forward_deletes_nothing_at_once(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store_config config = {.dir = dir, .retention_ns = 10 * TV_NS_PER_DAY};
    struct tv_store *store = test_open_with(&config);
    int64_t now = tv_time_now();
    (void)test_commit_one(store, of_seven_services(now - 9 * TV_NS_PER_DAY - TV_NS_PER_HOUR, 70));
    test_flush_soon(store);
    jobs_at(store, now);
    assert_int_equal(events_of(store), 70);
    jobs_at(store, now + TV_NS_PER_DAY);
    assert_int_equal(events_of(store), 70);
    assert_true(tv_store_job_due_in(store) > TV_NS_PER_MIN); /* and nobody spins meanwhile */
    jobs_at(store, now - TV_NS_PER_DAY);
    jobs_at(store, now + TV_NS_PER_MIN);
    assert_int_equal(events_of(store), 70);
    jobs_at(store, now + TV_NS_PER_DAY);
    store->clock_read_ns -= 2 * TV_NS_PER_HOUR; /* two hours later */
    jobs_at(store, now + TV_NS_PER_DAY + 2 * TV_NS_PER_HOUR);
    assert_int_equal(events_of(store), 0);
    tv_store_close(store);
    test_folder_remove(dir);
}

/* Arrival numbers go on, and a moment's number is that of what had been received by then. */
static void clock__that_steps_back_leaves_arrivals_in_order(void **state)
{
    (void)state;
    char *dir = test_folder_make();
    struct tv_store *store = test_open(dir);
    struct tv_error err;
    uint64_t arrival = 0;
    assert_int_equal(test_commit_one(store, of_seven_services(NOON, 10)).last_arrival, 10);
    struct tv_commit_result back =
            test_commit_one(store, of_seven_services(NOON - TV_NS_PER_DAY, 10));
    assert_int_equal(back.first_arrival, 11);
    test_compact(store);
    tv_store_close(store);
    store = test_open(dir);
    assert_int_equal(test_commit_one(store, of_seven_services(NOON + 20, 5)).first_arrival, 21);
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    assert_int_equal(tv_snapshot_arrival_at(snapshot, NOON + 22, &arrival, &err), TV_OK);
    assert_int_equal(arrival, 23);
    tv_snapshot_unref(snapshot);
    tv_store_close(store);
    test_folder_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(retention__deletes_what_is_old),
            cmocka_unit_test(retention__counts_from_receive_time),
            cmocka_unit_test(retention__keeps_the_file_in_its_limit),
            cmocka_unit_test(classes__are_read_from_rules),
            cmocka_unit_test(classes__are_kept_apart_and_expire_apart),
            cmocka_unit_test(classes__that_change_lose_nothing_early),
            cmocka_unit_test(clock__that_steps_forward_deletes_nothing_at_once),
            cmocka_unit_test(clock__that_steps_back_leaves_arrivals_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
