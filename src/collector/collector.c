/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing, flushing, counting. */
#include "collector/collector_internal.h"
#include "collector/record.h"

#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *traversion_result_text(enum traversion_result result)
{
    switch (result) {
    case TRAVERSION_OK:
        return "success";
    case TRAVERSION_INVALID:
        return "an option is missing or out of range";
    case TRAVERSION_NO_MEMORY:
        return "no memory, thread or descriptor is left";
    case TRAVERSION_NO_SPILL:
        return "the spill folder cannot be made or written";
    case TRAVERSION_TIMED_OUT:
        return "the time ran out before all was acknowledged";
    }
    return "unknown result";
}

/* Defaults and bounds of the numbers. */
struct range {
    uint64_t least, most, initial;
};

static bool in_range(uint64_t *value, struct range range)
{
    if (*value == 0)
        *value = range.initial;
    return *value >= range.least && *value <= range.most;
}

static bool in_range_32(uint32_t *value, struct range range)
{
    uint64_t wide = *value;
    bool ok = in_range(&wide, range);
    *value = (uint32_t)wide;
    return ok;
}

static const char *first_of(const char *given, const char *variable, const char *initial)
{
    if (given && *given)
        return given;
    const char *value = getenv(variable);
    return value && *value ? value : initial;
}

static bool is_name(const char *text)
{
    return !text || strnlen(text, TVC_NAME_BYTES_MAX + 1) <= TVC_NAME_BYTES_MAX;
}

/* Fills the defaults in; false where an option is out of range. */
static bool complete(struct traversion_options *options)
{
    bool ok = options->service && *options->service && is_name(options->service) &&
            is_name(options->instance) && is_name(options->version);
    options->endpoint = first_of(options->endpoint, "TRAVERSION_ENDPOINT", "http://127.0.0.1:3335");
    options->token = first_of(options->token, "TRAVERSION_TOKEN", NULL);
    ok = ok && in_range_32(&options->ring_bytes, (struct range){4 << 10, 64 << 20, 256 << 10});
    ok = ok && (options->ring_bytes & (options->ring_bytes - 1)) == 0;
    ok = ok && in_range_32(&options->threads_max, (struct range){1, 65536, 1024});
    ok = ok && in_range_32(&options->batch_bytes, (struct range){4 << 10, 16 << 20, 512 << 10});
    ok = ok && in_range_32(&options->interval_ms, (struct range){1, 60000, 200});
    ok = ok && in_range(&options->memory_bytes, (struct range){1, UINT64_MAX / 2, 8 << 20});
    ok = ok && in_range(&options->spill_bytes, (struct range){1, UINT64_MAX / 2, 64 << 20});
    return ok &&
            (strncmp(options->endpoint, "http://", 7) == 0 ||
                    strncmp(options->endpoint, "https://", 8) == 0);
}

/* Each line's beginning, up to the instance. */
static bool make_prefix(struct traversion *t, const struct traversion_options *options)
{
    struct tvc_text text = {0};
    char host[256] = "unknown", instance[320];
    (void)gethostname(host, sizeof(host) - 1);
    (void)snprintf(instance, sizeof(instance), "%s-%ld", host, (long)getpid());
    const char *shown = options->instance && *options->instance ? options->instance : instance;
    tvc_text_puts(&text, "{\"service\":");
    tvc_text_quoted(&text, options->service, strlen(options->service));
    tvc_text_puts(&text, ",\"instance\":");
    tvc_text_quoted(&text, shown, strlen(shown));
    tvc_text_puts(&text, ",\"host\":");
    tvc_text_quoted(&text, host, strlen(host));
    tvc_text_put(&text, "", 1);
    t->prefix = text.data;
    bool ok = !text.failed;
    if (ok && options->version && *options->version) {
        struct tvc_text version = {0};
        tvc_text_quoted(&version, options->version, strlen(options->version));
        tvc_text_put(&version, "", 1);
        t->version = version.data;
        ok = !version.failed;
    }
    return ok;
}

static bool make_waiting(struct traversion *t)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    bool ok = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
            pthread_cond_init(&t->changed, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    if (!ok)
        return false;
    t->waiting_made = pthread_mutex_init(&t->mutex, NULL) == 0;
    if (!t->waiting_made)
        (void)pthread_cond_destroy(&t->changed);
    return t->waiting_made;
}

/* Signals are the program's business: its handlers never run on this thread. */
static bool start_thread(struct traversion *t)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = pthread_create(&t->thread, NULL, tvc_worker_run, t) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

/* In a forked process libcurl's handles are shared with the parent, whose connection closing them would end. */
static void release(struct traversion *t, bool forked)
{
    if (t->threads_made)
        tvc_threads_release(t);
    if (!forked) {
        tvc_poster_free(t->poster);
        if (t->waiting_made) {
            (void)pthread_cond_destroy(&t->changed);
            (void)pthread_mutex_destroy(&t->mutex);
        }
    }
    tvc_parcels_free(t->parcels);
    tvc_text_release(&t->batch);
    free(t->prefix);
    free(t->version);
    free(t);
}

static enum traversion_result build(struct traversion *t, const struct traversion_options *options)
{
    bool folder_failed = false;
    t->ring_bytes = options->ring_bytes;
    t->threads_max = options->threads_max;
    t->batch_bytes = options->batch_bytes;
    t->interval_ms = options->interval_ms;
    tvc_set_clock(t);
    t->parcels = tvc_parcels_new(&(struct tvc_parcels_config){.memory_bytes = options->memory_bytes,
                                         .spill_dir = options->spill_dir,
                                         .spill_bytes = options->spill_bytes},
            &folder_failed);
    if (!t->parcels)
        return folder_failed ? TRAVERSION_NO_SPILL : TRAVERSION_NO_MEMORY;
    t->poster = tvc_poster_new(options->endpoint, options->token);
    if (!t->poster || !make_prefix(t, options) || !make_waiting(t))
        return TRAVERSION_NO_MEMORY;
    t->threads_made = tvc_threads_init(t);
    return t->threads_made && start_thread(t) ? TRAVERSION_OK : TRAVERSION_NO_MEMORY;
}

enum traversion_result traversion_open(
        const struct traversion_options *options, struct traversion **out)
{
    *out = NULL;
    struct traversion_options settings = options ? *options : (struct traversion_options){0};
    if (!complete(&settings))
        return TRAVERSION_INVALID;
    struct traversion *t = calloc(1, sizeof(*t));
    if (!t)
        return TRAVERSION_NO_MEMORY;
    /* Its first call loads a library; the first error should not. */
    void *frame[1];
    (void)backtrace(frame, 1);
    enum traversion_result result = build(t, &settings);
    if (result == TRAVERSION_OK)
        *out = t;
    else
        release(t, false);
    return result;
}

static struct timespec timespec_of(int64_t ticks)
{
    return (struct timespec){
            .tv_sec = (time_t)(ticks / 1000000000), .tv_nsec = (long)(ticks % 1000000000)};
}

enum traversion_result traversion_flush(struct traversion *t, uint32_t timeout_ms)
{
    if (!t || t->forks != tvc_forks())
        return TRAVERSION_OK;
    struct timespec deadline = timespec_of(tvc_ticks() + (int64_t)timeout_ms * 1000000);
    (void)pthread_mutex_lock(&t->mutex);
    uint64_t ticket = ++t->flush_wanted;
    tvc_wake(t);
    int waited = 0;
    while (t->flush_done < ticket && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&t->changed, &t->mutex, &deadline);
    bool done = t->flush_done >= ticket;
    (void)pthread_mutex_unlock(&t->mutex);
    return done ? TRAVERSION_OK : TRAVERSION_TIMED_OUT;
}

enum traversion_result traversion_close(struct traversion *t, uint32_t timeout_ms)
{
    if (!t)
        return TRAVERSION_OK;
    if (t->forks != tvc_forks()) {
        release(t, true);
        return TRAVERSION_OK;
    }
    (void)pthread_mutex_lock(&t->mutex);
    t->closing = true;
    t->deadline_ticks = tvc_ticks() + (int64_t)timeout_ms * 1000000;
    tvc_wake(t);
    (void)pthread_mutex_unlock(&t->mutex);
    (void)pthread_join(t->thread, NULL);
    bool left = tvc_parcels_oldest(t->parcels) != 0;
    (void)tvc_parcels_save(t->parcels);
    release(t, false);
    return left ? TRAVERSION_TIMED_OUT : TRAVERSION_OK;
}

void traversion_counts(struct traversion *t, struct traversion_counts *out)
{
    uint64_t dropped;
    *out = (struct traversion_counts){0};
    if (!t || t->forks != tvc_forks())
        return;
    (void)pthread_mutex_lock(&t->mutex);
    *out = t->counts;
    (void)pthread_mutex_unlock(&t->mutex);
    tvc_threads_counts(t, &out->recorded, &dropped);
    out->dropped += dropped;
    uint64_t gone = out->sent + out->rejected + out->dropped;
    out->waiting = out->recorded > gone ? out->recorded - gone : 0;
}
