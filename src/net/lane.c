/* SPDX-License-Identifier: Apache-2.0 */
/* Worker lanes: counters on the loop thread over libuv's one pool.
 *
 * The pool is as large as all lanes together, so a job handed to it never waits behind another
 * lane's; what exceeds a lane's width waits in the lane's own queue, which is bounded. The
 * alternative, a thread set per lane, would need locks and wake-ups of its own for the same effect.
 * Job records are kept for reuse: at tens of thousands of jobs a second they are not allocated.
 */
#include "net/loop_internal.h"

#include "base/mem.h"

#include <stdlib.h>

enum { JOB_MAGIC = 0x4a4f4221 };

struct job {
    uv_work_t work;
    uint32_t magic;
    struct tv_lane *lane;
    tv_loop_fn *run, *done;
    void *ctx;
    struct job *next; /* waiting, or spare */
};

struct tv_lane {
    struct tv_loop *loop;
    const char *name;
    unsigned width, queue_max;
    unsigned running, waiting;
    struct job *first, *last; /* waiting */
    struct job *spare;
};

struct tv_lane *tv_lane_new(
        struct tv_loop *loop, const char *name, unsigned width, unsigned queue_max)
{
    TV_ASSERT(width > 0);
    struct tv_lane *lane = tv_calloc(1, sizeof *lane);
    lane->loop = loop;
    lane->name = name;
    lane->width = width;
    lane->queue_max = queue_max;
    return lane;
}

void tv_lane_free(struct tv_lane *lane)
{
    if (!lane)
        return;
    TV_ASSERT(tv_lane_idle(lane));
    while (lane->spare) {
        struct job *job = lane->spare;
        lane->spare = job->next;
        free(job);
    }
    free(lane);
}

static void on_run(uv_work_t *work)
{
    struct job *job = work->data;
    job->run(job->ctx);
}

static void on_done(uv_work_t *work, int status);

static void start(struct tv_lane *lane, struct job *job)
{
    lane->running++;
    job->work.data = job;
    TV_ASSERT(uv_queue_work(tv_loop_uv(lane->loop), &job->work, on_run, on_done) == 0);
}

static void start_next(struct tv_lane *lane)
{
    struct job *job = lane->first;
    if (!job)
        return;
    lane->first = job->next;
    if (!lane->first)
        lane->last = NULL;
    lane->waiting--;
    start(lane, job);
}

/* The lane is free again before done() runs, which may submit to it or free it. */
static void on_done(uv_work_t *work, int status)
{
    struct job *job = work->data;
    TV_ASSERT(job->magic == JOB_MAGIC && status == 0);
    struct tv_lane *lane = job->lane;
    tv_loop_fn *done = job->done;
    void *ctx = job->ctx;
    lane->running--;
    job->next = lane->spare;
    lane->spare = job;
    start_next(lane);
    done(ctx);
}

enum tv_status tv_lane_submit(struct tv_lane *lane, tv_loop_fn *run, tv_loop_fn *done, void *ctx)
{
    bool now = lane->running < lane->width;
    if (!now && lane->waiting >= lane->queue_max)
        return TV_OVERLOADED;
    struct job *job = lane->spare;
    if (job)
        lane->spare = job->next;
    else
        job = tv_malloc(sizeof *job);
    *job = (struct job){.magic = JOB_MAGIC, .lane = lane, .run = run, .done = done, .ctx = ctx};
    if (now) {
        start(lane, job);
        return TV_OK;
    }
    if (lane->last)
        lane->last->next = job;
    else
        lane->first = job;
    lane->last = job;
    lane->waiting++;
    return TV_OK;
}

bool tv_lane_idle(const struct tv_lane *lane)
{
    return lane->running == 0 && lane->waiting == 0;
}
