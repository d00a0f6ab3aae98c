/* SPDX-License-Identifier: Apache-2.0 */
/* Which thread writes into which ring.
 *
 * A thread finds its ring through a thread-specific key, whose destructor marks the ring as ended; the
 * background thread reads it out and frees it. A collector may be closed while threads that recorded go on
 * living, so the destructor must not trust its pointer: it looks for it among all rings alive, under the one
 * mutex of the process. That mutex is taken at a thread's first event and at its end, nowhere else on a caller's way.
 *
 * A forked process has the parent's rings but not its background thread. Each ring and collector remembers the
 * count of forks at its making; where that differs nothing is recorded. */
#include "collector/collector_internal.h"
#include "collector/record.h"

#include <stdlib.h>
#include <sys/random.h>

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static struct traversion *open_collectors; /* under it */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic uint32_t forks;

static void lock(void)
{
    (void)pthread_mutex_lock(&registry);
}

static void unlock(void)
{
    (void)pthread_mutex_unlock(&registry);
}

static void in_child(void)
{
    atomic_fetch_add(&forks, 1);
    unlock();
}

static void register_fork(void)
{
    (void)pthread_atfork(lock, unlock, in_child);
}

uint32_t tvc_forks(void)
{
    return atomic_load_explicit(&forks, memory_order_relaxed);
}

static void thread_ended(void *pointer)
{
    lock();
    for (struct traversion *t = open_collectors; t; t = t->next_open)
        for (struct tvc_ring *ring = t->rings; ring; ring = ring->next)
            if (ring == pointer)
                atomic_store(&ring->ended, true);
    unlock();
}

bool tvc_threads_init(struct traversion *t)
{
    (void)pthread_once(&once, register_fork);
    t->forks = tvc_forks();
    if (pthread_key_create(&t->key, thread_ended) != 0)
        return false;
    lock();
    t->next_open = open_collectors;
    open_collectors = t;
    unlock();
    return true;
}

void tvc_threads_release(struct traversion *t)
{
    lock();
    for (struct traversion **at = &open_collectors; *at; at = &(*at)->next_open)
        if (*at == t) {
            *at = t->next_open;
            break;
        }
    unlock();
    (void)pthread_key_delete(t->key);
    while (t->rings) {
        struct tvc_ring *ring = t->rings;
        t->rings = ring->next;
        free(ring);
    }
}

/* Ids that repeat those of another thread would be worse than none. */
static bool seed(struct tvc_ring *ring)
{
    return getrandom(ring->random, sizeof(ring->random), GRND_NONBLOCK) ==
            (ssize_t)sizeof(ring->random) &&
            (ring->random[0] | ring->random[1]) != 0;
}

static bool link_ring(struct traversion *t, struct tvc_ring *ring)
{
    lock();
    bool room = t->ring_count < t->threads_max;
    if (room) {
        ring->next = t->rings;
        t->rings = ring;
        t->ring_count++;
    }
    unlock();
    return room;
}

static struct tvc_ring *make_ring(struct traversion *t)
{
    struct tvc_ring *ring = tvc_ring_new(t->ring_bytes);
    if (ring && seed(ring) && pthread_setspecific(t->key, ring) == 0) {
        if (link_ring(t, ring))
            return ring;
        (void)pthread_setspecific(t->key, NULL);
    }
    free(ring);
    return NULL;
}

struct tvc_ring *tvc_thread_ring(struct traversion *t)
{
    if (t->forks != tvc_forks())
        return NULL;
    struct tvc_ring *ring = pthread_getspecific(t->key);
    return ring ? ring : make_ring(t);
}

void tvc_note_ringless(struct traversion *t)
{
    if (t->forks == tvc_forks())
        atomic_fetch_add_explicit(&t->ringless, 1, memory_order_relaxed);
}

/* Only the background thread unlinks rings, and new ones are put in front: a walk needs the mutex for its first
 * step alone. */
static struct tvc_ring *first_ring(struct traversion *t)
{
    lock();
    struct tvc_ring *first = t->rings;
    unlock();
    return first;
}

void tvc_threads_each(
        struct traversion *t, void (*each)(struct traversion *t, struct tvc_ring *ring))
{
    for (struct tvc_ring *ring = first_ring(t); ring; ring = ring->next)
        each(t, ring);
}

void tvc_threads_sweep(struct traversion *t)
{
    lock();
    for (struct tvc_ring **at = &t->rings; *at;) {
        struct tvc_ring *ring = *at;
        if (!atomic_load(&ring->ended) || tvc_ring_peek(ring)) {
            at = &ring->next;
            continue;
        }
        t->recorded += atomic_load(&ring->recorded);
        t->dropped += atomic_load(&ring->dropped);
        t->ring_count--;
        *at = ring->next;
        free(ring);
    }
    unlock();
}

void tvc_threads_counts(struct traversion *t, uint64_t *recorded, uint64_t *dropped)
{
    uint64_t ringless = atomic_load(&t->ringless);
    lock();
    *recorded = t->recorded + ringless;
    *dropped = t->dropped + ringless;
    for (struct tvc_ring *ring = t->rings; ring; ring = ring->next) {
        *recorded += atomic_load(&ring->recorded);
        *dropped += atomic_load(&ring->dropped);
    }
    unlock();
}
