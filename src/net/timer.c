/* SPDX-License-Identifier: Apache-2.0 */
/* Timers, over libuv's, which count milliseconds: durations are rounded up. libuv measures from
 * the time it noted at the turn's beginning; it is asked to look at the clock first, or a timer
 * started late in a long turn would fire early. */
#include "net/loop_internal.h"

#include "base/mem.h"

#include <stdlib.h>

struct tv_timer {
    uv_timer_t uv;
    tv_loop_fn *fn;
    void *ctx;
};

static void on_timer(uv_timer_t *handle)
{
    struct tv_timer *timer = handle->data;
    timer->fn(timer->ctx);
}

struct tv_timer *tv_timer_new(struct tv_loop *loop, tv_loop_fn *fn, void *ctx)
{
    struct tv_timer *timer = tv_calloc(1, sizeof *timer);
    timer->fn = fn;
    timer->ctx = ctx;
    TV_ASSERT(uv_timer_init(tv_loop_uv(loop), &timer->uv) == 0);
    timer->uv.data = timer;
    return timer;
}

void tv_timer_start(struct tv_timer *timer, int64_t after_ns, int64_t repeat_ns)
{
    uv_update_time(timer->uv.loop);
    (void)uv_timer_start(&timer->uv, on_timer, tv_loop_ms(after_ns), tv_loop_ms(repeat_ns));
}

void tv_timer_stop(struct tv_timer *timer)
{
    (void)uv_timer_stop(&timer->uv);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void tv_timer_free(struct tv_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->uv, on_closed);
}
