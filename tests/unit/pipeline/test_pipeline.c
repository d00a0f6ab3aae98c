/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline over the real store: what is accepted is committed, answered and published, in
 * groups, within bounds, and the store's jobs have their turns. */
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { CLIENTS = 64, FULL_ROWS = 65536 /* level 0 is compacted at once */ };

static void pipeline__answers_each_batch_once_and_later(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    struct answer answers[5] = {{0, TV_OK}};
    house_open(&house);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(house_post(&house, (uint32_t)i + 1, &answers[i]), TV_OK);
        assert_int_equal(answers[i].calls, 0);
    }
    house_settle(&house);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(answers[i].calls, 1);
        assert_int_equal(answers[i].status, TV_OK);
    }
    assert_int_equal(house_count(&house), 15);
    struct tv_pipeline_stats stats = house_stats(&house);
    assert_int_equal(stats.committed_events, 15);
    assert_int_equal(stats.waiting_bytes, 0);
    assert_true(stats.last_commit_ns > 0);
    house_close(&house);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(answers[i].calls, 1);
}

static void pipeline__commits_what_comes_in_one_turn_as_one_group(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    house_open(&house);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(house_post(&house, 1, NULL), TV_OK);
    house_settle(&house);
    assert_int_equal(house_stats(&house).groups, 1);
    assert_int_equal(house_store(&house).commits, 1);
    house_close(&house);
}

static void pipeline__cuts_groups_at_what_a_commit_takes(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    house_open(&house);
    for (size_t i = 0; i < 2 * TV_COMMIT_BATCHES_MAX + 1; i++)
        assert_int_equal(house_post(&house, 1, NULL), TV_OK);
    house_settle(&house);
    assert_int_equal(house_stats(&house).groups, 3);
    assert_int_equal(house_count(&house), 2 * TV_COMMIT_BATCHES_MAX + 1);
    house_close(&house);
}

/* A client that posts again when it was answered, half of them a turn later than the others, as
 * sockets are read. */
struct client {
    struct house *house;
    unsigned number, posts_left, answers;
};

static void client_post(void *ctx);

static void client_answered(void *ctx, enum tv_status status)
{
    struct client *client = ctx;
    assert_int_equal(status, TV_OK);
    client->answers++;
    if (!client->posts_left)
        return;
    if (client->number % 2)
        tv_loop_defer(client->house->loop, client_post, client);
    else
        client_post(client);
}

static void client_post(void *ctx)
{
    struct client *client = ctx;
    struct tv_batch *batch = house_batch(client->house, 1);
    client->posts_left--;
    assert_int_equal(house_accept(client->house, batch, client_answered, client), TV_OK);
}

static bool all_posted(void *ctx)
{
    const struct client *clients = ctx;
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].posts_left)
            return false;
    return true;
}

static void pipeline__lets_clients_that_wait_for_their_answers_share_the_next_group(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    struct client clients[CLIENTS];
    house_open(&house);
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){&house, i, 10, 0};
        client_post(&clients[i]);
    }
    house_until(&house, all_posted, clients);
    house_settle(&house);
    assert_int_equal(house_stats(&house).groups, 10);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(clients[i].answers, 10);
    house_close(&house);
}

/* Bounds. */

static void pipeline__refuses_what_passes_its_bound(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    struct answer first = {0, TV_OK}, refused = {0, TV_OK}, third = {0, TV_OK};
    house.bounds.waiting_bytes_max = 1;
    house_open(&house);
    /* Alone, even a batch over the bound is taken, or it never would be. */
    assert_int_equal(house_post(&house, 3, &first), TV_OK);
    assert_true(house_stats(&house).waiting_bytes > 1);
    assert_int_equal(house_post(&house, 3, &refused), TV_OVERLOADED);
    assert_int_equal(house_stats(&house).refused, 1);
    house_settle(&house);
    assert_int_equal(house_post(&house, 3, &third), TV_OK);
    house_settle(&house);
    assert_int_equal(first.calls, 1);
    assert_int_equal(refused.calls, 0);
    assert_int_equal(third.calls, 1);
    assert_int_equal(house_count(&house), 6);
    house_close(&house);
}

static bool level0_is_empty(void *ctx)
{
    struct tv_store_stats stats = house_store(ctx);
    return stats.level0_segments == 0;
}

static void pipeline__refuses_while_level_0_is_over_its_bound(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    struct answer answer = {0, TV_OK};
    house.bounds.level0_bytes_max = 1;
    house_open(&house);
    assert_int_equal(house_post(&house, FULL_ROWS, &answer), TV_OK);
    house_settle(&house);
    assert_int_equal(house_post(&house, 1, NULL), TV_OVERLOADED);
    house_until(&house, level0_is_empty, &house);
    assert_int_equal(house_post(&house, 1, NULL), TV_OK);
    house_settle(&house);
    assert_int_equal(house_count(&house), FULL_ROWS + 1);
    house_close(&house);
}

static void pipeline__drains_what_waits_and_takes_no_more(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    struct answer answers[CLIENTS] = {{0, TV_OK}};
    house_open(&house);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(house_post(&house, 1, &answers[i]), TV_OK);
    tv_pipeline_drain(house.pipeline);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(answers[i].calls, 1);
    assert_int_equal(house_post(&house, 1, NULL), TV_OVERLOADED);
    assert_int_equal(house_count(&house), CLIENTS);
    house_close(&house);
}

/* The feed. */

struct reader {
    uint64_t last_arrival, events;
    unsigned answers, answers_too_early;
};

static void on_publish(void *ctx, struct tv_batch *batch)
{
    struct reader *reader = ctx;
    const uint64_t *arrivals = tv_batch_u64(batch, TV_FIELD_ARRIVAL);
    for (uint32_t row = 0; row < batch->rows; row++) {
        assert_int_equal(arrivals[row], reader->last_arrival + 1);
        reader->last_arrival = arrivals[row];
        reader->events++;
    }
}

static void on_answer(void *ctx, enum tv_status status)
{
    struct reader *reader = ctx;
    assert_int_equal(status, TV_OK);
    reader->answers++;
    reader->answers_too_early += reader->answers > reader->events;
}

static void pipeline__publishes_in_order_of_arrival_before_it_answers(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    struct reader reader = {0};
    house_open(&house);
    struct tv_feed_subscription *subscription = tv_feed_subscribe(house.feed, on_publish, &reader);
    for (size_t i = 0; i < 1500; i++) {
        struct tv_batch *batch = house_batch(&house, 1);
        assert_int_equal(house_accept(&house, batch, on_answer, &reader), TV_OK);
        if (i % 100 == 0)
            tv_loop_run_once(house.loop);
    }
    house_settle(&house);
    assert_true(house_stats(&house).groups > 1);
    assert_int_equal(reader.events, 1500);
    assert_int_equal(reader.answers, 1500);
    assert_int_equal(reader.answers_too_early, 0);
    tv_feed_unsubscribe(subscription);
    house_close(&house);
}

/* The store behind it. */

static void pipeline__finds_all_again_after_a_restart(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    house_open(&house);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(house_post(&house, 7, NULL), TV_OK);
    house_shut(&house);
    house_open(&house);
    assert_int_equal(house_count(&house), 700);
    assert_int_equal(house_post(&house, 1, NULL), TV_OK);
    house_settle(&house);
    assert_int_equal(house_count(&house), 701);
    house_close(&house);
}

static void pipeline__runs_the_jobs_of_the_store(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    house_open(&house);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(house_post(&house, FULL_ROWS / 64, NULL), TV_OK);
    house_settle(&house);
    house_until(&house, level0_is_empty, &house);
    assert_true(house_store(&house).compactions > 0);
    assert_int_equal(house_store(&house).events_compacted, FULL_ROWS);
    assert_int_equal(house_count(&house), FULL_ROWS);
    house_close(&house);
}

static void pipeline__runs_a_job_that_falls_due_while_nothing_arrives(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    house_open(&house);
    assert_int_equal(house_post(&house, 3, NULL), TV_OK);
    house_settle(&house);
    assert_false(level0_is_empty(&house));
    house_until(&house, level0_is_empty, &house);
    assert_int_equal(house_count(&house), 3);
    house_close(&house);
}

/* Posts of one event weigh kilobytes each while they wait; in level 0 they must not. */
static void pipeline__keeps_single_events_small_in_level_0(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    size_t alone_bytes = 0;
    house_open(&house);
    for (size_t i = 0; i < 20 * CLIENTS; i++) {
        struct tv_batch *batch = house_batch(&house, 1);
        alone_bytes += tv_batch_bytes(batch);
        assert_int_equal(house_accept(&house, batch, NULL, NULL), TV_OK);
        if (i % CLIENTS == CLIENTS - 1)
            house_settle(&house);
    }
    struct tv_store_stats stats = house_store(&house);
    assert_int_equal(stats.level0_events, 20 * CLIENTS);
    if (stats.level0_bytes * 5 > alone_bytes)
        fail_msg("%llu bytes in level 0, %zu alone", (unsigned long long)stats.level0_bytes,
                alone_bytes);
    house_close(&house);
}

/* A disk that is full, played by a limit on the size of files. */

static struct rlimit unlimited;

static void disk_full(bool full)
{
    struct rlimit limit = unlimited;
    limit.rlim_cur = full ? 4096 : unlimited.rlim_cur;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static bool takes_again(void *ctx)
{
    return house_post(ctx, 1, NULL) == TV_OK;
}

static void pipeline__answers_a_failed_commit_and_takes_events_again_by_itself(void **state)
{
    (void)state;
    struct house house = {.folder = ""};
    struct answer before = {0, TV_OK}, failed = {0, TV_OK};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    house_open(&house);
    assert_int_equal(house_post(&house, 10, &before), TV_OK);
    house_settle(&house);
    disk_full(true);
    assert_int_equal(house_post(&house, 1000, &failed), TV_OK);
    house_settle(&house);
    enum tv_status refused = house_post(&house, 1, NULL);
    disk_full(false);
    assert_int_equal(before.status, TV_OK);
    assert_int_equal(failed.calls, 1);
    assert_int_not_equal(failed.status, TV_OK);
    assert_int_not_equal(refused, TV_OK);
    assert_int_equal(house_stats(&house).failed_events, 1000);
    assert_int_not_equal(house_stats(&house).last_failure, TV_OK);
    house_until(&house, takes_again, &house);
    house_settle(&house);
    assert_int_equal(house_stats(&house).last_failure, TV_OK);
    assert_int_equal(house_count(&house), 11);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(pipeline__answers_each_batch_once_and_later),
            cmocka_unit_test(pipeline__commits_what_comes_in_one_turn_as_one_group),
            cmocka_unit_test(pipeline__cuts_groups_at_what_a_commit_takes),
            cmocka_unit_test(
                    pipeline__lets_clients_that_wait_for_their_answers_share_the_next_group),
            cmocka_unit_test(pipeline__refuses_what_passes_its_bound),
            cmocka_unit_test(pipeline__refuses_while_level_0_is_over_its_bound),
            cmocka_unit_test(pipeline__drains_what_waits_and_takes_no_more),
            cmocka_unit_test(pipeline__publishes_in_order_of_arrival_before_it_answers),
            cmocka_unit_test(pipeline__finds_all_again_after_a_restart),
            cmocka_unit_test(pipeline__runs_the_jobs_of_the_store),
            cmocka_unit_test(pipeline__runs_a_job_that_falls_due_while_nothing_arrives),
            cmocka_unit_test(pipeline__keeps_single_events_small_in_level_0),
            cmocka_unit_test(pipeline__answers_a_failed_commit_and_takes_events_again_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
