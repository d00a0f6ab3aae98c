/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline over the real loop, lanes and store, in a folder of its own. */
#ifndef TV_TEST_PIPELINE_SUPPORT_H
#define TV_TEST_PIPELINE_SUPPORT_H

#include "base/time.h"
#include "pipeline/pipeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct house {
    char folder[32];
    struct tv_loop *loop;
    struct tv_lane *writer, *maintenance;
    struct tv_timer *patrol; /* keeps the loop turning, so that a wait can end */
    struct tv_store *store;
    struct tv_feed *feed;
    struct tv_pipeline *pipeline;
    struct tv_sink sink;
    uint64_t next_event; /* numbers the events, whose ids follow from it */
    struct tv_pipeline_config bounds;
};

/* The bounds of house->bounds that are 0 get generous ones. */
void house_open(struct house *house);
/* Drains the pipeline and closes the store; house_open opens the same folder again. */
void house_shut(struct house *house);
/* house_shut, and the folder goes. */
void house_close(struct house *house);

/* Turns the loop until condition(ctx) holds; fails the test after half a minute. */
void house_until(struct house *house, bool (*condition)(void *ctx), void *ctx);
/* Turns the loop until nothing waits and no commit runs. */
void house_settle(struct house *house);
/* A sealed batch of `rows` events with ids of their own; one reference, the caller's. */
struct tv_batch *house_batch(struct house *house, uint32_t rows);
struct tv_store_stats house_store(const struct house *house);
struct tv_pipeline_stats house_stats(const struct house *house);
/* Events found by a scan of the whole store. */
uint64_t house_count(struct house *house);

/* Counts how a batch was answered. */
struct answer {
    unsigned calls;
    enum tv_status status;
};
void answered(void *ctx, enum tv_status status);
/* Has the batch accepted and lets go of it, as the doors do. */
enum tv_status house_accept(
        struct house *house, struct tv_batch *batch, tv_sink_done_fn *done, void *ctx);
/* Accepts a batch of `rows` events; `answer` may be NULL. */
enum tv_status house_post(struct house *house, uint32_t rows, struct answer *answer);

#endif
