/* SPDX-License-Identifier: Apache-2.0 */
/* The collector as a whole, for this room's files.
 *
 * Its settings are read-only after the opening. Rings are linked under the registry's mutex (threads.c). What
 * lies under "background" belongs to the background thread alone; the rest says who guards it. */
#ifndef TV_COLLECTOR_INTERNAL_H
#define TV_COLLECTOR_INTERNAL_H

#include "collector/parcels.h"
#include "collector/post.h"
#include "collector/ring.h"
#include "collector/text.h"
#include "traversion/collector.h"

#include <pthread.h>

struct traversion {
    /* Settings. */
    char *prefix;  /* each line's beginning: {"service":…,"instance":…, */
    char *version; /* as JSON text with its quotes, or NULL */
    uint32_t ring_bytes, threads_max, batch_bytes, interval_ms;
    uint32_t forks; /* of the process when it was opened */

    /* Under the registry's mutex. */
    pthread_key_t key;
    struct traversion *next_open;
    struct tvc_ring *rings;
    uint32_t ring_count;
    uint64_t recorded, dropped; /* of rings that are gone */

    _Atomic int64_t clock_offset; /* what turns the monotonic clock into time since 1970 */
    _Atomic uint64_t ringless;    /* events of threads that got no ring */
    _Atomic bool woken;           /* the background thread was told since it last looked */
    bool threads_made, waiting_made;

    /* Under `mutex`, told by `changed`. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t flush_wanted, flush_done; /* tickets */
    bool closing;
    int64_t deadline_ticks;          /* of the closing */
    struct traversion_counts counts; /* of the background thread, as it last told */

    /* Background. */
    pthread_t thread;
    struct tvc_parcels *parcels;
    struct tvc_poster *poster;
    struct tvc_text batch; /* lines not yet sealed */
    uint64_t batch_events;
    uint64_t unkept; /* events for which there was no room or memory */
};

/* threads.c. */
/* Process-wide count of forks that made this process; 0 in one that was not forked since its first opening. */
uint32_t tvc_forks(void);
/* Prepares the fork handlers and the key; false where the system has no more keys. */
bool tvc_threads_init(struct traversion *t);
/* No thread finds a ring any more; the rings are freed. */
void tvc_threads_release(struct traversion *t);
/* Calls for every ring, one after the other; rings cannot go meanwhile, new ones are not seen. Background thread. */
void tvc_threads_each(
        struct traversion *t, void (*each)(struct traversion *t, struct tvc_ring *ring));
/* Frees rings whose thread ended and that are read out. Background thread. */
void tvc_threads_sweep(struct traversion *t);
void tvc_threads_counts(struct traversion *t, uint64_t *recorded, uint64_t *dropped);
void tvc_note_ringless(struct traversion *t);

/* worker.c. */
void *tvc_worker_run(void *t);
/* Ends the background thread's wait. From any thread. */
void tvc_wake(struct traversion *t);

/* line.c: appends the record as a line; nothing and false where memory runs out. */
bool tvc_line_put(const struct traversion *t, const uint8_t *record, struct tvc_text *out);

#endif
