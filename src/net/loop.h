/* SPDX-License-Identifier: Apache-2.0 */
/* The loop thread and its worker lanes (libuv behind this file).
 *
 * One thread, the one that runs tv_loop_run, owns all shared state. Work that takes longer than a
 * few hundred microseconds is a pure function over immutable input, given to a lane; its done
 * function comes back on the loop. Lanes are counted on the loop, over one pool of threads large
 * enough for all of them, so that nothing queues behind something slow: the writer lane (commits),
 * the maintenance lane (compaction), the decode lane (bodies), the query lane.
 *
 * Every callback is asynchronous: never called from inside the function it was given to.
 * Everything here is for the loop thread only, but tv_loop_post.
 */
#ifndef TV_NET_LOOP_H
#define TV_NET_LOOP_H

#include "base/status.h"

#include <stdbool.h>

struct tv_loop;
struct tv_lane;
struct tv_timer;

/* Make. `threads` is the sum of the widths of all lanes to come: it sizes libuv's pool and must be
 * set before the first work (a thread for this room's own lane comes on top). One loop a process.
 * SIGPIPE is ignored from then on. */
TV_CHECKED enum tv_status tv_loop_new(unsigned threads, struct tv_loop **out, struct tv_error *err);
/* All lanes idle, all timers and sockets closed; pending closes are run here. */
void tv_loop_free(struct tv_loop *loop);

/* Runs until tv_loop_stop. */
void tv_loop_run(struct tv_loop *loop);
void tv_loop_stop(struct tv_loop *loop);
/* Runs callbacks that are due, waiting for at least one; for tests and orderly shutdown. */
void tv_loop_run_once(struct tv_loop *loop);

/* Calls fn(ctx) at the end of this turn of the loop: sockets have been read, finished work told, and
 * the HTTP answers given in this turn written. A function that defers another gets it a turn later,
 * that is after the sockets were read once more. */
typedef void tv_loop_fn(void *ctx);
void tv_loop_defer(struct tv_loop *loop, tv_loop_fn *fn, void *ctx);
/* From any thread or signal handler's reader: calls fn(ctx) on the loop thread. */
void tv_loop_post(struct tv_loop *loop, tv_loop_fn *fn, void *ctx);
/* Calls fn(ctx) on SIGINT and SIGTERM. */
void tv_loop_on_signal(struct tv_loop *loop, tv_loop_fn *fn, void *ctx);

/* Lanes. `width` jobs run at once; of those that wait at most `queue_max` are taken. */
struct tv_lane *tv_lane_new(
        struct tv_loop *loop, const char *name, unsigned width, unsigned queue_max);
/* Idle by then (asserted). */
void tv_lane_free(struct tv_lane *lane);
/* run(ctx) on a worker, then done(ctx) on the loop. TV_OVERLOADED if the queue is full: then
 * neither is called. */
TV_CHECKED enum tv_status tv_lane_submit(
        struct tv_lane *lane, tv_loop_fn *run, tv_loop_fn *done, void *ctx);
bool tv_lane_idle(const struct tv_lane *lane);

/* Timers; a repeat of 0 is once. Owned by the caller. A stopped timer may be started again. */
struct tv_timer *tv_timer_new(struct tv_loop *loop, tv_loop_fn *fn, void *ctx);
void tv_timer_start(struct tv_timer *timer, int64_t after_ns, int64_t repeat_ns);
void tv_timer_stop(struct tv_timer *timer);
void tv_timer_free(struct tv_timer *timer);

#endif
