/* SPDX-License-Identifier: Apache-2.0 */
/* Second deliveries: dropped where the original is stored, wherever it is by then, and nowhere
 * else. */
#include "store/dedupe.h"
#include "support_world.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static uint32_t add(struct tv_batch *batch, const char *service, const char *type, int64_t time)
{
    uint32_t row = tv_batch_add_row(batch);
    tv_batch_set_time(batch, row, time);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, row, tv_str_of(service));
    tv_batch_set_text(batch, TV_FIELD_TYPE, row, tv_str_of(type));
    return row;
}

static void add_id(struct tv_batch *batch, const char *service, const char *id, int64_t time)
{
    uint32_t row = add(batch, service, "log", time);
    tv_batch_set_text(batch, TV_FIELD_EVENT_ID, row, tv_str_of(id));
}

static void add_span(struct tv_batch *batch, const char *type, uint64_t span, int64_t duration)
{
    uint32_t row = add(batch, "cart", type, NOON);
    tv_batch_set_id(batch, TV_FIELD_TRACE_ID, row, (struct tv_id){1, 2});
    tv_batch_set_u64(batch, TV_FIELD_SPAN_ID, row, span);
    tv_batch_set_i64(batch, TV_FIELD_DURATION, row, duration);
}

struct home {
    char *dir;
    struct tv_store *store;
};

static struct home home_make(void)
{
    struct home home = {.dir = test_folder_make()};
    home.store = test_open(home.dir);
    return home;
}

static void home_remove(struct home *home)
{
    tv_store_close(home->store);
    test_folder_remove(home->dir);
}

/* Commits and says how many of the batch were new. */
static uint64_t fresh_of(struct tv_store *store, struct tv_batch *batch)
{
    uint64_t rows = batch->rows;
    struct tv_commit_result result = test_commit_one(store, batch);
    assert_int_equal(result.events + result.duplicates, rows);
    return result.events;
}

static struct tv_batch *hundred(const char *service, int64_t time)
{
    struct tv_batch *batch = tv_batch_new();
    for (int i = 0; i < 100; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "event-%d", i);
        add_id(batch, service, id, time + i);
    }
    return batch;
}

static void duplicates__are_dropped_wherever_the_original_is(void **state)
{
    (void)state;
    struct home home = home_make();
    assert_int_equal(fresh_of(home.store, hundred("a", NOON)), 100);
    assert_int_equal(fresh_of(home.store, hundred("a", NOON)), 0);
    assert_int_equal(fresh_of(home.store, hundred("b", NOON)), 100);
    test_compact(home.store);
    assert_int_equal(fresh_of(home.store, hundred("a", NOON)), 0);
    /* The same ids with another time, which no time hint finds. */
    assert_int_equal(fresh_of(home.store, hundred("b", NOON + TV_NS_PER_DAY)), 0);
    tv_store_close(home.store);
    home.store = test_open(home.dir);
    assert_int_equal(fresh_of(home.store, hundred("a", NOON)), 0);
    struct tv_store_stats stats;
    tv_store_stats(home.store, &stats);
    assert_int_equal(stats.events, 200);
    home_remove(&home);
}

static void duplicates__are_found_inside_a_group(void **state)
{
    (void)state;
    struct home home = home_make();
    struct tv_batch *group[2] = {tv_batch_new(), tv_batch_new()};
    add_id(group[0], "a", "1", NOON);
    add_id(group[0], "a", "1", NOON);
    add_id(group[0], "b", "1", NOON);
    add_id(group[1], "a", "2", NOON);
    add_id(group[1], "a", "1", NOON + 5);
    struct tv_commit_result result = test_commit(home.store, group, 2);
    assert_int_equal(result.events, 3);
    assert_int_equal(result.duplicates, 2);
    assert_int_equal(result.last_arrival - result.first_arrival, 2);
    home_remove(&home);
}

static void duplicates__of_spans_are_known_by_all_of_their_key(void **state)
{
    (void)state;
    struct home home = home_make();
    struct tv_batch *batch = tv_batch_new();
    add_span(batch, "span", 7, 1000);
    add_span(batch, "span", 7, 1001);
    add_span(batch, "span:start", 7, 1000);
    add_span(batch, "span", 8, 1000);
    add_span(batch, "span", 7, 1000);
    assert_int_equal(fresh_of(home.store, batch), 4);
    home_remove(&home);
}

static void duplicates__are_never_logs_that_share_a_span(void **state)
{
    (void)state;
    struct home home = home_make();
    struct tv_batch *batch = tv_batch_new();
    for (int i = 0; i < 3; i++) {
        add_span(batch, "log", 7, 1000);
        add_span(batch, "error", 7, 1000);
        add_span(batch, "metric", 7, 1000);
    }
    assert_int_equal(fresh_of(home.store, batch), 9);
    home_remove(&home);
}

static void duplicates__of_requests_are_known_by_their_key(void **state)
{
    (void)state;
    struct home home = home_make();
    for (int round = 0; round < 3; round++) {
        struct tv_batch *batch = tv_batch_new();
        add(batch, "a", "log", NOON);
        memset(batch->request_key, 7, sizeof(batch->request_key));
        assert_int_equal(fresh_of(home.store, batch), round == 0);
        if (round == 1) {
            tv_store_close(home.store);
            home.store = test_open(home.dir);
        }
    }
    home_remove(&home);
}

/* A fingerprint without an event behind it, as a failed commit leaves: nothing may be dropped. */
static void duplicates__are_confirmed_before_they_are_dropped(void **state)
{
    (void)state;
    struct tv_dedupe *dedupe = tv_dedupe_new();
    struct test_random random = {31};
    uint64_t again = 0;
    for (int i = 0; i < 300000; i++)
        again += tv_dedupe_seen(dedupe, test_next(&random), 1);
    assert_true(again <= 1);
    random.state = 31;
    again = 0;
    for (int i = 0; i < 300000; i++)
        again += tv_dedupe_seen(dedupe, test_next(&random), 1);
    assert_int_equal(again, 300000);
    tv_dedupe_free(dedupe);
}

static void duplicates__are_forgotten_by_age(void **state)
{
    (void)state;
    struct tv_dedupe *dedupe = tv_dedupe_new();
    int64_t minute = TV_NS_PER_MIN;
    assert_false(tv_dedupe_seen(dedupe, 1, 0));
    assert_false(tv_dedupe_seen(dedupe, 2, 11 * minute));
    assert_true(tv_dedupe_seen(dedupe, 1, 12 * minute));
    assert_false(tv_dedupe_seen(dedupe, 3, 23 * minute));
    assert_false(tv_dedupe_seen(dedupe, 4, 40 * minute));
    assert_false(tv_dedupe_seen(dedupe, 2, 41 * minute));
    tv_dedupe_free(dedupe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(duplicates__are_dropped_wherever_the_original_is),
            cmocka_unit_test(duplicates__are_found_inside_a_group),
            cmocka_unit_test(duplicates__of_spans_are_known_by_all_of_their_key),
            cmocka_unit_test(duplicates__are_never_logs_that_share_a_span),
            cmocka_unit_test(duplicates__of_requests_are_known_by_their_key),
            cmocka_unit_test(duplicates__are_confirmed_before_they_are_dropped),
            cmocka_unit_test(duplicates__are_forgotten_by_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
