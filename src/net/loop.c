/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: one libuv loop, and what it lacks for this house.
 *
 * libuv has no "call this soon on the same thread" and its async handles merge calls, so both are
 * built here: deferred functions stand in an array that the check handle (it runs right after the
 * sockets were read) empties, and an idle handle keeps the loop from sleeping while the array is
 * not empty; posts from other threads stand in an array under a mutex, and one async handle wakes
 * the loop. Arrays are swapped before they are run: what a callback adds runs in the next turn, so a
 * function that defers itself cannot starve the sockets. An idle loop owns no active timer and
 * therefore sleeps until something happens.
 */
#include "net/loop_internal.h"

#include "base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* The answers' gzip lane of an HTTP server is this room's own and comes on top. */
enum { OWN_THREADS = 1, THREADS_MAX = 256, SIGNAL_COUNT = 2 };

struct call {
    tv_loop_fn *fn;
    void *ctx;
};

struct call_list {
    struct call *calls;
    size_t count, cap;
};

struct tv_loop {
    uv_loop_t uv;
    uv_check_t turn_end;
    uv_idle_t awake;
    struct tv_flush *flushes, **flushes_end;
    uint64_t turn;                      /* counts the runs of `flushes` */
    struct call_list deferred, running; /* swapped, so that both keep their memory */
    uv_async_t wake;
    uv_mutex_t post_lock; /* guards `posted` */
    struct call_list posted, taken;
    uv_signal_t signals[SIGNAL_COUNT];
    struct call on_signal;
};

static void list_add(struct call_list *list, tv_loop_fn *fn, void *ctx)
{
    if (list->count == list->cap) {
        list->cap = tv_grown(list->cap, list->count + 1, 64);
        list->calls = tv_realloc_array(list->calls, list->cap, sizeof *list->calls);
    }
    list->calls[list->count++] = (struct call){fn, ctx};
}

static void list_run(struct call_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        list->calls[i].fn(list->calls[i].ctx);
    list->count = 0;
}

static void list_swap(struct call_list *a, struct call_list *b)
{
    struct call_list held = *a;
    *a = *b;
    *b = held;
}

static void on_awake(uv_idle_t *handle)
{
    (void)handle; /* Its being active is all: the loop does not sleep. */
}

static void keep_awake(struct tv_loop *loop)
{
    if (!uv_is_active((uv_handle_t *)&loop->awake))
        (void)uv_idle_start(&loop->awake, on_awake);
}

/* What a flush asks for while it runs waits for the next call. */
static void run_flushes(struct tv_loop *loop)
{
    loop->turn++;
    while (loop->flushes && loop->flushes->turn < loop->turn) {
        struct tv_flush *flush = loop->flushes;
        tv_loop_unflush(loop, flush);
        flush->fn(flush->ctx);
    }
}

static void on_turn_end(uv_check_t *handle)
{
    struct tv_loop *loop = handle->data;
    run_flushes(loop);
    if (loop->deferred.count) {
        list_swap(&loop->deferred, &loop->running);
        list_run(&loop->running);
        run_flushes(loop);
    }
    if (!loop->flushes && !loop->deferred.count)
        (void)uv_idle_stop(&loop->awake);
}

static void on_wake(uv_async_t *handle)
{
    struct tv_loop *loop = handle->data;
    uv_mutex_lock(&loop->post_lock);
    list_swap(&loop->posted, &loop->taken);
    uv_mutex_unlock(&loop->post_lock);
    list_run(&loop->taken);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    struct tv_loop *loop = handle->data;
    loop->on_signal.fn(loop->on_signal.ctx);
}

/* libuv reads the variable once, at the first work it queues. */
static enum tv_status size_pool(unsigned threads, struct tv_error *err)
{
    char text[16];
    unsigned all = threads + OWN_THREADS;
    if (threads > THREADS_MAX)
        return tv_fail(
                err, TV_BAD_INPUT, "%u worker threads are more than %d", threads, THREADS_MAX);
    (void)snprintf(text, sizeof text, "%u", all);
    if (setenv("UV_THREADPOOL_SIZE", text, 1) != 0)
        return tv_fail(err, TV_INTERNAL, "cannot set the size of the thread pool");
    return TV_OK;
}

static void init_handles(struct tv_loop *loop)
{
    TV_ASSERT(uv_check_init(&loop->uv, &loop->turn_end) == 0);
    TV_ASSERT(uv_idle_init(&loop->uv, &loop->awake) == 0);
    TV_ASSERT(uv_check_start(&loop->turn_end, on_turn_end) == 0);
    uv_unref((uv_handle_t *)&loop->turn_end);
    loop->turn_end.data = loop;
    loop->wake.data = loop;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        TV_ASSERT(uv_signal_init(&loop->uv, &loop->signals[i]) == 0);
        uv_unref((uv_handle_t *)&loop->signals[i]);
        loop->signals[i].data = loop;
    }
}

enum tv_status tv_loop_new(unsigned threads, struct tv_loop **out, struct tv_error *err)
{
    enum tv_status status = size_pool(threads, err);
    if (status != TV_OK)
        return status;
    struct tv_loop *loop = tv_calloc(1, sizeof *loop);
    int failed = uv_loop_init(&loop->uv);
    if (failed) {
        free(loop);
        return tv_fail(err, TV_IO, "cannot make the event loop: %s", uv_strerror(failed));
    }
    failed = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (failed) {
        (void)uv_loop_close(&loop->uv);
        free(loop);
        return tv_fail(err, TV_IO, "cannot make the event loop: %s", uv_strerror(failed));
    }
    TV_ASSERT(uv_mutex_init(&loop->post_lock) == 0);
    loop->flushes_end = &loop->flushes;
    init_handles(loop);
    /* A peer that hung up is told by the write's result, never by a signal. */
    (void)signal(SIGPIPE, SIG_IGN);
    *out = loop;
    return TV_OK;
}

void tv_loop_free(struct tv_loop *loop)
{
    if (!loop)
        return;
    uv_close((uv_handle_t *)&loop->turn_end, NULL);
    uv_close((uv_handle_t *)&loop->awake, NULL);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        uv_close((uv_handle_t *)&loop->signals[i], NULL);
    /* A tv_loop_stop that came when nothing ran any more ends the first of these at once. */
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
        continue;
    TV_ASSERT(uv_loop_close(&loop->uv) == 0);
    uv_mutex_destroy(&loop->post_lock);
    free(loop->deferred.calls);
    free(loop->running.calls);
    free(loop->posted.calls);
    free(loop->taken.calls);
    free(loop);
}

void tv_loop_run(struct tv_loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void tv_loop_stop(struct tv_loop *loop)
{
    uv_stop(&loop->uv);
}

void tv_loop_run_once(struct tv_loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_ONCE);
}

void tv_loop_run_due(struct tv_loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
}

void tv_loop_defer(struct tv_loop *loop, tv_loop_fn *fn, void *ctx)
{
    list_add(&loop->deferred, fn, ctx);
    keep_awake(loop);
}

void tv_loop_post(struct tv_loop *loop, tv_loop_fn *fn, void *ctx)
{
    uv_mutex_lock(&loop->post_lock);
    list_add(&loop->posted, fn, ctx);
    uv_mutex_unlock(&loop->post_lock);
    (void)uv_async_send(&loop->wake);
}

void tv_loop_on_signal(struct tv_loop *loop, tv_loop_fn *fn, void *ctx)
{
    static const int numbers[SIGNAL_COUNT] = {SIGINT, SIGTERM};
    loop->on_signal = (struct call){fn, ctx};
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        TV_ASSERT(uv_signal_start(&loop->signals[i], on_signal, numbers[i]) == 0);
}

uv_loop_t *tv_loop_uv(struct tv_loop *loop)
{
    return &loop->uv;
}

void tv_loop_flush(struct tv_loop *loop, struct tv_flush *flush)
{
    if (flush->queued)
        return;
    flush->queued = true;
    flush->turn = loop->turn;
    flush->next = NULL;
    *loop->flushes_end = flush;
    loop->flushes_end = &flush->next;
    keep_awake(loop);
}

void tv_loop_unflush(struct tv_loop *loop, struct tv_flush *flush)
{
    if (!flush->queued)
        return;
    struct tv_flush **at = &loop->flushes;
    while (*at != flush)
        at = &(*at)->next;
    *at = flush->next;
    if (!*at)
        loop->flushes_end = at;
    flush->queued = false;
}

uint64_t tv_loop_ms(int64_t ns)
{
    return ns <= 0 ? 0 : ((uint64_t)ns + 999999) / 1000000;
}
