/* SPDX-License-Identifier: Apache-2.0 */
/* The feed: a list of subscribers, called in the order in which they came.
 *
 * Subscribers come and go while one of them is being called. One that left is only marked and is
 * freed when the round is over, so that the walk never stands on a freed one; one that came stands
 * behind the round's last and sees the next batch first. */
#include "event/sink.h"

#include "base/mem.h"

#include <stdlib.h>

struct tv_feed_subscription {
    struct tv_feed *feed;
    struct tv_feed_subscription *previous, *next;
    tv_feed_fn *fn; /* NULL: left during a round */
    void *ctx;
};

struct tv_feed {
    struct tv_feed_subscription *first, *last;
    bool publishing, left; /* `left`: someone is marked */
};

struct tv_feed *tv_feed_new(void)
{
    return tv_calloc(1, sizeof(struct tv_feed));
}

void tv_feed_free(struct tv_feed *feed)
{
    if (!feed)
        return;
    TV_ASSERT(!feed->first && !feed->publishing);
    free(feed);
}

struct tv_feed_subscription *tv_feed_subscribe(struct tv_feed *feed, tv_feed_fn *fn, void *ctx)
{
    TV_ASSERT(fn != NULL);
    struct tv_feed_subscription *made = tv_calloc(1, sizeof(*made));
    *made = (struct tv_feed_subscription){
            .feed = feed, .previous = feed->last, .fn = fn, .ctx = ctx};
    if (feed->last)
        feed->last->next = made;
    else
        feed->first = made;
    feed->last = made;
    return made;
}

static void unlink_and_free(struct tv_feed *feed, struct tv_feed_subscription *subscription)
{
    if (subscription->previous)
        subscription->previous->next = subscription->next;
    else
        feed->first = subscription->next;
    if (subscription->next)
        subscription->next->previous = subscription->previous;
    else
        feed->last = subscription->previous;
    free(subscription);
}

void tv_feed_unsubscribe(struct tv_feed_subscription *subscription)
{
    if (!subscription)
        return;
    TV_ASSERT(subscription->fn != NULL);
    struct tv_feed *feed = subscription->feed;
    if (!feed->publishing) {
        unlink_and_free(feed, subscription);
        return;
    }
    subscription->fn = NULL;
    feed->left = true;
}

static void sweep(struct tv_feed *feed)
{
    struct tv_feed_subscription *next = NULL;
    for (struct tv_feed_subscription *each = feed->first; each; each = next) {
        next = each->next;
        if (!each->fn)
            unlink_and_free(feed, each);
    }
    feed->left = false;
}

void tv_feed_publish(struct tv_feed *feed, struct tv_batch *batch)
{
    TV_ASSERT(!feed->publishing);
    if (!feed->first)
        return;
    feed->publishing = true;
    struct tv_feed_subscription *last = feed->last;
    for (struct tv_feed_subscription *each = feed->first;; each = each->next) {
        if (each->fn)
            each->fn(each->ctx, batch);
        if (each == last)
            break;
    }
    feed->publishing = false;
    if (feed->left)
        sweep(feed);
}
