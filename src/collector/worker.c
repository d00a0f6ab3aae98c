/* SPDX-License-Identifier: Apache-2.0 */
/* The background thread: empties the rings, fills batches, sends the oldest, one at a time.
 *
 * A batch stays open while the daemon is busy or away, so that what waits is few large batches and not many small
 * ones. Retries wait twice as long each time, with a random part so that the processes of a fleet do not come
 * back at once, or as long as the daemon asks. One thread does both halves: libcurl's poll also waits for the
 * callers' wake, so a slow answer does not keep rings from being emptied. */
#include "collector/collector_internal.h"
#include "collector/record.h"

#include <string.h>

enum { BACKOFF_LEAST_MS = 100, BACKOFF_MOST_MS = 30000, CLOSING_MOST_MS = 250 };

struct worker {
    struct traversion *t;
    struct traversion_counts counts;
    int64_t batch_since; /* when its first line came */
    int64_t next_try;
    uint32_t backoff_ms;               /* 0: the last request went well */
    uint64_t flush_ticket, flush_mark; /* done when no parcel up to the mark is left */
    bool closing;
    int64_t deadline;
};

void tvc_wake(struct traversion *t)
{
    if (!atomic_exchange_explicit(&t->woken, true, memory_order_acq_rel))
        tvc_poster_wake(t->poster);
}

static void seal(struct traversion *t)
{
    if (t->batch_events == 0)
        return;
    if (!tvc_parcels_add(t->parcels, &t->batch, t->batch_events))
        t->unkept += t->batch_events;
    t->batch_events = 0;
}

static void drain(struct traversion *t, struct tvc_ring *ring)
{
    for (const uint8_t *record; (record = tvc_ring_peek(ring)); tvc_ring_consume(ring)) {
        if (tvc_line_put(t, record, &t->batch))
            t->batch_events++;
        else
            t->unkept++;
        if (t->batch.len >= t->batch_bytes)
            seal(t);
    }
}

/* What the callers ask for. */
static void hear(struct worker *worker, uint64_t *flush_wanted)
{
    struct traversion *t = worker->t;
    (void)pthread_mutex_lock(&t->mutex);
    *flush_wanted = t->flush_wanted;
    if (t->closing && !worker->closing)
        worker->next_try = 0;
    worker->closing = t->closing;
    worker->deadline = t->deadline_ticks;
    (void)pthread_mutex_unlock(&t->mutex);
}

static void gather(struct worker *worker)
{
    struct traversion *t = worker->t;
    uint64_t flush_wanted;
    int64_t now = tvc_ticks();
    hear(worker, &flush_wanted);
    bool empty = t->batch_events == 0;
    tvc_threads_each(t, drain);
    tvc_threads_sweep(t);
    if (empty)
        worker->batch_since = now;
    bool idle = tvc_parcels_oldest(t->parcels) == 0;
    bool old = now - worker->batch_since >= (int64_t)t->interval_ms * 1000000;
    if (worker->closing || flush_wanted > worker->flush_ticket || (idle && old))
        seal(t);
    if (flush_wanted > worker->flush_ticket) {
        worker->flush_ticket = flush_wanted;
        worker->flush_mark = tvc_parcels_youngest(t->parcels);
    }
}

static uint32_t longer(const struct worker *worker, uint32_t asked_ms)
{
    uint32_t most = worker->closing ? CLOSING_MOST_MS : BACKOFF_MOST_MS;
    uint32_t ms = worker->backoff_ms ? 2 * worker->backoff_ms : BACKOFF_LEAST_MS;
    ms = ms < asked_ms ? asked_ms : ms;
    return ms < most ? ms : most;
}

static void judge(struct worker *worker, const struct tvc_outcome *outcome)
{
    struct traversion *t = worker->t;
    uint64_t lost = 0;
    struct tvc_parcel *parcel = tvc_parcels_first(t->parcels, &lost);
    memcpy(worker->counts.problem, outcome->problem, sizeof(worker->counts.problem));
    if (outcome->answer == TVC_ANSWER_TRY_AGAIN) {
        worker->counts.retries++;
        worker->backoff_ms = longer(worker, outcome->retry_after_ms);
        /* The clock's low bits are random enough to part processes. */
        int64_t now = tvc_ticks();
        int64_t jitter = now / 1000 % (worker->backoff_ms / 4 + 1);
        worker->next_try = now + ((int64_t)worker->backoff_ms + jitter) * 1000000;
        return;
    }
    uint64_t rejected = outcome->answer == TVC_ANSWER_REFUSED ? parcel->events : outcome->rejected;
    rejected = rejected < parcel->events ? rejected : parcel->events;
    worker->counts.rejected += rejected;
    worker->counts.sent += parcel->events - rejected;
    worker->backoff_ms = 0;
    worker->next_try = 0;
    tvc_parcels_done(t->parcels);
}

/* Begins and goes on with requests until the one under way has to be waited for. */
static void send_some(struct worker *worker)
{
    struct traversion *t = worker->t;
    struct tvc_outcome outcome;
    do {
        if (!tvc_poster_busy(t->poster) && tvc_ticks() >= worker->next_try) {
            struct tvc_parcel *parcel = tvc_parcels_first(t->parcels, &t->unkept);
            if (parcel)
                tvc_poster_start(t->poster, parcel);
        }
        tvc_poster_step(t->poster, &outcome);
        if (outcome.answer != TVC_ANSWER_NONE)
            judge(worker, &outcome);
    } while (outcome.answer == TVC_ANSWER_TAKEN || outcome.answer == TVC_ANSWER_REFUSED);
}

static void tell(struct worker *worker)
{
    struct traversion *t = worker->t;
    uint64_t oldest = tvc_parcels_oldest(t->parcels);
    worker->counts.waiting_bytes = tvc_parcels_bytes(t->parcels) + t->batch.len;
    worker->counts.dropped = t->unkept;
    (void)pthread_mutex_lock(&t->mutex);
    t->counts = worker->counts;
    if (t->flush_done < worker->flush_ticket && (oldest == 0 || oldest > worker->flush_mark)) {
        t->flush_done = worker->flush_ticket;
        (void)pthread_cond_broadcast(&t->changed);
    }
    (void)pthread_mutex_unlock(&t->mutex);
}

static uint32_t wait_ms(const struct worker *worker)
{
    struct traversion *t = worker->t;
    int64_t now = tvc_ticks();
    int64_t until = now + (int64_t)t->interval_ms * 1000000;
    bool waits = !tvc_poster_busy(t->poster) && tvc_parcels_oldest(t->parcels) != 0;
    if (waits && worker->next_try < until)
        until = worker->next_try;
    if (worker->closing && worker->deadline < until)
        until = worker->deadline;
    return until <= now ? 0 : (uint32_t)((until - now) / 1000000) + 1;
}

static bool over(const struct worker *worker)
{
    struct traversion *t = worker->t;
    bool nothing_left = tvc_parcels_oldest(t->parcels) == 0 && t->batch_events == 0;
    return worker->closing && (nothing_left || tvc_ticks() >= worker->deadline);
}

void *tvc_worker_run(void *pointer)
{
    struct worker worker = {.t = pointer};
    for (;;) {
        atomic_store_explicit(&worker.t->woken, false, memory_order_release);
        tvc_set_clock(worker.t);
        gather(&worker);
        send_some(&worker);
        tell(&worker);
        if (over(&worker))
            return NULL;
        tvc_poster_wait(worker.t->poster, wait_ms(&worker));
    }
}
