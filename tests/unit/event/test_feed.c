/* SPDX-License-Identifier: Apache-2.0 */
/* The feed, while its subscribers come and go. */
#include "support.h"

#include "event/sink.h"

struct listener {
    struct tv_feed *feed;
    struct tv_feed_subscription *own;
    struct listener *starts; /* subscribed from inside */
    struct listener *ends;   /* unsubscribed from inside */
    int calls;
    int *order;
    int at;
};

static void heard(void *ctx, struct tv_batch *batch)
{
    struct listener *listener = ctx;
    assert_non_null(batch);
    listener->calls++;
    if (listener->order)
        listener->at = ++*listener->order;
    if (listener->starts && !listener->starts->own)
        listener->starts->own = tv_feed_subscribe(listener->feed, heard, listener->starts);
    if (listener->ends && listener->ends->own) {
        tv_feed_unsubscribe(listener->ends->own);
        listener->ends->own = NULL;
    }
}

static void feed__calls_in_order_of_subscription(void **state)
{
    (void)state;
    struct tv_feed *feed = tv_feed_new();
    struct tv_batch *batch = tv_batch_new();
    int order = 0;
    struct listener a = {.feed = feed, .order = &order}, b = a;
    tv_feed_publish(feed, batch);
    a.own = tv_feed_subscribe(feed, heard, &a);
    b.own = tv_feed_subscribe(feed, heard, &b);
    tv_feed_publish(feed, batch);
    assert_int_equal(a.at, 1);
    assert_int_equal(b.at, 2);
    tv_feed_unsubscribe(a.own);
    tv_feed_publish(feed, batch);
    assert_int_equal(a.calls, 1);
    assert_int_equal(b.calls, 2);
    tv_feed_unsubscribe(b.own);
    tv_feed_unsubscribe(NULL);
    tv_feed_free(feed);
    tv_feed_free(NULL);
    tv_batch_unref(batch);
}

static void feed__shows_newcomers_the_next_batch_first(void **state)
{
    (void)state;
    struct tv_feed *feed = tv_feed_new();
    struct tv_batch *batch = tv_batch_new();
    struct listener late = {.feed = feed}, first = {.feed = feed, .starts = &late};
    first.own = tv_feed_subscribe(feed, heard, &first);
    tv_feed_publish(feed, batch);
    assert_int_equal(late.calls, 0);
    tv_feed_publish(feed, batch);
    assert_int_equal(late.calls, 1);
    tv_feed_unsubscribe(first.own);
    tv_feed_unsubscribe(late.own);
    tv_feed_free(feed);
    tv_batch_unref(batch);
}

/* Each one ends the one behind, itself or the one before, in every place of the list. */
static void feed__lets_subscribers_end_each_other(void **state)
{
    (void)state;
    for (int who = 0; who < 3; who++) {
        for (int whom = 0; whom < 3; whom++) {
            struct tv_feed *feed = tv_feed_new();
            struct tv_batch *batch = tv_batch_new();
            struct listener all[3] = {{.feed = feed}, {.feed = feed}, {.feed = feed}};
            for (int i = 0; i < 3; i++)
                all[i].own = tv_feed_subscribe(feed, heard, &all[i]);
            all[who].ends = &all[whom];
            tv_feed_publish(feed, batch);
            tv_feed_publish(feed, batch);
            for (int i = 0; i < 3; i++)
                assert_int_equal(all[i].calls, i != whom ? 2 : whom > who ? 0 : 1);
            for (int i = 0; i < 3; i++)
                tv_feed_unsubscribe(all[i].own);
            tv_feed_free(feed);
            tv_batch_unref(batch);
        }
    }
}

static void publish_inside(void *ctx, struct tv_batch *batch)
{
    tv_feed_publish(ctx, batch);
}

static void publish_nested(void)
{
    struct tv_feed *feed = tv_feed_new();
    (void)tv_feed_subscribe(feed, publish_inside, feed);
    tv_feed_publish(feed, tv_batch_new());
}

static void free_in_use(void)
{
    struct tv_feed *feed = tv_feed_new();
    (void)tv_feed_subscribe(feed, publish_inside, feed);
    tv_feed_free(feed);
}

static void feed__asserts_its_rules(void **state)
{
    (void)state;
    assert_true(dies(publish_nested));
    assert_true(dies(free_in_use));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(feed__calls_in_order_of_subscription),
            cmocka_unit_test(feed__shows_newcomers_the_next_batch_first),
            cmocka_unit_test(feed__lets_subscribers_end_each_other),
            cmocka_unit_test(feed__asserts_its_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
