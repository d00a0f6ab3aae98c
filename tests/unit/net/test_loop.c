/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "net/loop_internal.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmocka.h>

static int setup(void **state)
{
    struct tv_loop *loop;
    if (tv_loop_new(4, &loop, NULL) != TV_OK)
        return 1;
    *state = loop;
    return 0;
}

static int teardown(void **state)
{
    tv_loop_free(*state);
    return 0;
}

/* What happened, in order, as letters. */
struct trace {
    struct tv_loop *loop;
    char letters[64];
    size_t count;
    struct tv_flush flush;
    struct tv_lane *lane;
};

static void note(struct trace *trace, char letter)
{
    assert_true(trace->count + 1 < sizeof trace->letters);
    trace->letters[trace->count++] = letter;
}

static void on_a(void *ctx)
{
    note(ctx, 'a');
}

static void on_b_defers_a(void *ctx)
{
    struct trace *trace = ctx;
    note(trace, 'b');
    tv_loop_defer(trace->loop, on_a, trace);
}

static void loop__deferred_functions_run_later_in_order(void **state)
{
    struct trace trace = {.loop = *state};
    tv_loop_defer(*state, on_b_defers_a, &trace);
    tv_loop_defer(*state, on_a, &trace);
    assert_int_equal(trace.count, 0);
    tv_loop_run_once(*state);
    assert_string_equal(trace.letters, "ba");
    tv_loop_run_once(*state);
    assert_string_equal(trace.letters, "baa");
}

static void on_flush(void *ctx)
{
    note(ctx, 'f');
}

static void on_flush_again(void *ctx)
{
    struct trace *trace = ctx;
    note(trace, 'F');
    if (trace->count < 4)
        tv_loop_flush(trace->loop, &trace->flush);
}

static void on_c_flushes(void *ctx)
{
    struct trace *trace = ctx;
    note(trace, 'c');
    tv_loop_flush(trace->loop, &trace->flush);
}

static void loop__flushes_run_once_before_and_after_what_is_deferred(void **state)
{
    struct trace trace = {.loop = *state};
    trace.flush = (struct tv_flush){.fn = on_flush, .ctx = &trace};
    tv_loop_defer(*state, on_c_flushes, &trace);
    tv_loop_flush(*state, &trace.flush);
    tv_loop_flush(*state, &trace.flush);
    tv_loop_run_once(*state);
    assert_string_equal(trace.letters, "fcf");
}

static void loop__a_flush_that_asks_again_waits_and_one_taken_back_does_not_run(void **state)
{
    struct trace trace = {.loop = *state};
    struct tv_flush other = {.fn = on_flush, .ctx = &trace};
    trace.flush = (struct tv_flush){.fn = on_flush_again, .ctx = &trace};
    tv_loop_flush(*state, &other);
    tv_loop_flush(*state, &trace.flush);
    tv_loop_unflush(*state, &other);
    for (int i = 1; i <= 4; i++) {
        tv_loop_run_once(*state);
        assert_int_equal(trace.count, i);
    }
}

enum { POSTERS = 4, POSTS = 2000 };

struct posting {
    struct tv_loop *loop;
    int received;
};

static void on_post(void *ctx)
{
    struct posting *posting = ctx;
    if (++posting->received == POSTERS * POSTS)
        tv_loop_stop(posting->loop);
}

static void *post_many(void *ctx)
{
    struct posting *posting = ctx;
    for (int i = 0; i < POSTS; i++)
        tv_loop_post(posting->loop, on_post, posting);
    return NULL;
}

static void loop__posts_from_many_threads_all_arrive(void **state)
{
    struct posting posting = {.loop = *state};
    pthread_t threads[POSTERS];
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posting), 0);
    tv_loop_run(*state);
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(posting.received, POSTERS * POSTS);
}

static void on_stop(void *ctx)
{
    tv_loop_stop(ctx);
}

static void loop__signals_arrive_on_the_loop(void **state)
{
    tv_loop_on_signal(*state, on_stop, *state);
    assert_int_equal(raise(SIGTERM), 0);
    tv_loop_run(*state);
    assert_int_equal(raise(SIGINT), 0);
    tv_loop_run(*state);
}

static void loop__stopped_after_its_end_is_freed(void **state)
{
    tv_loop_defer(*state, on_stop, *state);
    tv_loop_run(*state);
    tv_loop_stop(*state); /* The teardown frees it. */
}

static void timer__fires_not_before_its_time_and_can_be_restarted(void **state)
{
    struct tv_timer *timer = tv_timer_new(*state, on_stop, *state);
    int64_t begin = tv_time_monotonic();
    tv_timer_start(timer, 5500000, 0);
    tv_loop_run(*state);
    assert_true(tv_time_monotonic() - begin >= 5500000);
    tv_timer_start(timer, 0, 0);
    tv_loop_run(*state);
    tv_timer_free(timer);
}

struct ticking {
    struct tv_loop *loop;
    struct tv_timer *timer;
    int ticks;
};

static void on_tick(void *ctx)
{
    struct ticking *ticking = ctx;
    if (++ticking->ticks == 3) {
        tv_timer_stop(ticking->timer);
        tv_loop_stop(ticking->loop);
    }
}

static void timer__repeats_until_stopped(void **state)
{
    struct ticking ticking = {.loop = *state};
    ticking.timer = tv_timer_new(*state, on_tick, &ticking);
    tv_timer_start(ticking.timer, 0, 1000000);
    tv_loop_run(*state);
    assert_int_equal(ticking.ticks, 3);
    assert_int_equal(tv_loop_ms(-5), 0);
    assert_int_equal(tv_loop_ms(1), 1);
    assert_int_equal(tv_loop_ms(1000000), 1);
    tv_timer_free(ticking.timer);
}

enum { JOBS = 5 };

struct works {
    struct tv_loop *loop;
    struct tv_lane *lane;
    pthread_mutex_t gate; /* held by the test: jobs that run wait */
    atomic_int running, most_running, ran;
    int done;
    pthread_t loop_thread;
};

static void run_job(void *ctx)
{
    struct works *works = ctx;
    int now = atomic_fetch_add(&works->running, 1) + 1;
    int most = atomic_load(&works->most_running);
    while (now > most && !atomic_compare_exchange_weak(&works->most_running, &most, now))
        continue;
    (void)pthread_mutex_lock(&works->gate);
    (void)pthread_mutex_unlock(&works->gate);
    assert_false(pthread_equal(pthread_self(), works->loop_thread));
    (void)atomic_fetch_sub(&works->running, 1);
    (void)atomic_fetch_add(&works->ran, 1);
}

static void job_done(void *ctx)
{
    struct works *works = ctx;
    assert_true(pthread_equal(pthread_self(), works->loop_thread));
    works->done++;
    if (tv_lane_idle(works->lane))
        tv_loop_stop(works->loop);
}

static void works_init(struct works *works, struct tv_loop *loop, unsigned width, unsigned queue)
{
    *works = (struct works){.loop = loop, .loop_thread = pthread_self()};
    assert_int_equal(pthread_mutex_init(&works->gate, NULL), 0);
    works->lane = tv_lane_new(loop, "test", width, queue);
}

static void works_release(struct works *works)
{
    tv_lane_free(works->lane);
    (void)pthread_mutex_destroy(&works->gate);
}

static void lane__takes_width_and_queue_and_refuses_the_rest(void **state)
{
    struct works works;
    works_init(&works, *state, 2, 3);
    assert_true(tv_lane_idle(works.lane));
    assert_int_equal(pthread_mutex_lock(&works.gate), 0);
    for (unsigned i = 0; i < JOBS; i++)
        assert_int_equal(tv_lane_submit(works.lane, run_job, job_done, &works), TV_OK);
    assert_int_equal(tv_lane_submit(works.lane, run_job, job_done, &works), TV_OVERLOADED);
    assert_false(tv_lane_idle(works.lane));
    assert_int_equal(works.done, 0);
    assert_int_equal(pthread_mutex_unlock(&works.gate), 0);
    tv_loop_run(*state);
    assert_int_equal(works.done, JOBS);
    assert_int_equal(atomic_load(&works.ran), JOBS);
    assert_in_range(atomic_load(&works.most_running), 1, 2);
    works_release(&works);
}

static void run_nothing(void *ctx)
{
    (void)ctx;
}

static void done_resubmits(void *ctx)
{
    struct works *works = ctx;
    if (++works->done == 1000) {
        tv_loop_stop(works->loop);
        return;
    }
    assert_true(tv_lane_idle(works->lane));
    assert_int_equal(tv_lane_submit(works->lane, run_nothing, done_resubmits, works), TV_OK);
}

static void lane__may_be_given_work_by_a_done_function(void **state)
{
    struct works works;
    works_init(&works, *state, 1, 0);
    assert_int_equal(tv_lane_submit(works.lane, run_nothing, done_resubmits, &works), TV_OK);
    tv_loop_run(*state);
    assert_int_equal(works.done, 1000);
    works_release(&works);
}

static void lane__one_that_is_blocked_does_not_hold_up_another(void **state)
{
    struct works slow;
    struct works quick;
    works_init(&slow, *state, 2, 0);
    works_init(&quick, *state, 1, 0);
    assert_int_equal(pthread_mutex_lock(&slow.gate), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(tv_lane_submit(slow.lane, run_job, job_done, &slow), TV_OK);
    assert_int_equal(tv_lane_submit(quick.lane, run_job, job_done, &quick), TV_OK);
    tv_loop_run(*state); /* quick's end stops it */
    assert_int_equal(quick.done, 1);
    assert_int_equal(slow.done, 0);
    assert_int_equal(pthread_mutex_unlock(&slow.gate), 0);
    tv_loop_run(*state);
    works_release(&slow);
    works_release(&quick);
}

static void loop__sleeps_when_nothing_is_due(void **state)
{
    struct rusage before;
    struct rusage after;
    struct trace trace = {.loop = *state};
    tv_loop_defer(*state, on_a, &trace);
    tv_loop_run_once(*state); /* the idle handle must stop again */
    struct tv_timer *timer = tv_timer_new(*state, on_stop, *state);
    tv_timer_start(timer, 200 * TV_NS_PER_MS, 0);
    assert_int_equal(getrusage(RUSAGE_THREAD, &before), 0);
    tv_loop_run(*state);
    assert_int_equal(getrusage(RUSAGE_THREAD, &after), 0);
    assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 0, 3);
    tv_timer_free(timer);
}

static void loop__refuses_too_many_threads(void **state)
{
    (void)state;
    struct tv_loop *loop;
    struct tv_error err;
    assert_int_equal(tv_loop_new(100000, &loop, &err), TV_BAD_INPUT);
    assert_non_null(strstr(err.message, "100000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(
                    loop__deferred_functions_run_later_in_order, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    loop__flushes_run_once_before_and_after_what_is_deferred, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    loop__a_flush_that_asks_again_waits_and_one_taken_back_does_not_run, setup,
                    teardown),
            cmocka_unit_test_setup_teardown(
                    loop__posts_from_many_threads_all_arrive, setup, teardown),
            cmocka_unit_test_setup_teardown(loop__signals_arrive_on_the_loop, setup, teardown),
            cmocka_unit_test_setup_teardown(loop__stopped_after_its_end_is_freed, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    timer__fires_not_before_its_time_and_can_be_restarted, setup, teardown),
            cmocka_unit_test_setup_teardown(timer__repeats_until_stopped, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    lane__takes_width_and_queue_and_refuses_the_rest, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    lane__may_be_given_work_by_a_done_function, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    lane__one_that_is_blocked_does_not_hold_up_another, setup, teardown),
            cmocka_unit_test_setup_teardown(loop__sleeps_when_nothing_is_due, setup, teardown),
            cmocka_unit_test(loop__refuses_too_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
