/* SPDX-License-Identifier: Apache-2.0 */
/* Where decoders put events, and where committed events come out again.
 *
 * The sink makes a batch durable: accept() takes it, and done() is called once, later, on the loop
 * thread, when its commit returned (or failed). The feed then shows every committed batch to its
 * subscribers, in arrival order, on the loop thread. */
#ifndef TV_EVENT_SINK_H
#define TV_EVENT_SINK_H

#include "event/batch.h"

typedef void tv_sink_done_fn(void *ctx, enum tv_status status);

struct tv_sink {
    void *self;
    /* On TV_OK takes a reference of its own and will call done(ctx, status) later, never from
     * inside. TV_OVERLOADED or TV_FULL: nothing was taken, done is never called. `done` may be
     * NULL. The batch must not be written any more. Loop thread only. */
    enum tv_status (*accept)(void *self, struct tv_batch *batch, tv_sink_done_fn *done, void *ctx);
};

TV_CHECKED static inline enum tv_status tv_sink_accept(
        const struct tv_sink *sink, struct tv_batch *batch, tv_sink_done_fn *done, void *ctx)
{
    return sink->accept(sink->self, batch, done, ctx);
}

struct tv_feed;
struct tv_feed_subscription;

typedef void tv_feed_fn(void *ctx, struct tv_batch *batch);

struct tv_feed *tv_feed_new(void);
/* All subscriptions must have ended. */
void tv_feed_free(struct tv_feed *feed);
/* `fn` borrows each batch during the call and may take a reference. May be called, and a
 * subscription ended, from inside fn. */
struct tv_feed_subscription *tv_feed_subscribe(struct tv_feed *feed, tv_feed_fn *fn, void *ctx);
void tv_feed_unsubscribe(struct tv_feed_subscription *subscription);
/* Not from inside a subscriber: batches are seen in order of arrival. */
void tv_feed_publish(struct tv_feed *feed, struct tv_batch *batch);

#endif
