/* SPDX-License-Identifier: Apache-2.0 */
/* Erasure: events that a condition selects leave the store, and nothing of them is left in its file.
 *
 * An erasure concerns what was committed when it began (by arrival number). It is recorded first, so
 * that one which a crash interrupts is found again at the next start and goes on. Segments that hold
 * selected events are written anew without them, one at a time, by the store's maintenance; then the
 * old ones' pages are given back and the log is emptied. Queries that began before see the old
 * segments to their end. The loop thread owns erasures.
 *
 *     struct tv_erasure_spec spec = {.text = where, .where = pred, .done = told, .ctx = request};
 *     tv_erase_begin(store, &spec);      and let the pipeline look for jobs
 */
#ifndef TV_STORE_ERASE_H
#define TV_STORE_ERASE_H

#include "store/store.h"

struct tv_erasure_result {
    uint64_t events;   /* erased */
    uint64_t segments; /* written anew, or gone as a whole */
    uint64_t damaged;  /* could not be read, so may hold selected events still */
};

struct tv_erasure_spec {
    struct tv_str text;          /* of the condition, recorded; copied */
    int64_t now_ns;              /* what its relative times were taken from; recorded */
    const struct tv_pred *where; /* borrowed until done, or until the store's close */
    /* Once, on the loop thread, when nothing is left of the events. Not called where the store closes
     * before; the erasure then goes on at the next start. */
    void (*done)(void *ctx, const struct tv_erasure_result *result);
    void *ctx;
};

void tv_erase_begin(struct tv_store *store, const struct tv_erasure_spec *spec);

/* What was recorded and not done at the last close. */
struct tv_erasure_record {
    int64_t id;
    uint64_t arrival_to;
    int64_t now_ns;
    struct tv_str text; /* in the caller's arena */
};
TV_CHECKED enum tv_status tv_erasures_recorded(struct tv_store *store, struct tv_arena *arena,
        struct tv_erasure_record **out, size_t *count, struct tv_error *err);
/* Goes on with a recorded one; spec.text is not used. */
void tv_erase_resume(struct tv_store *store, const struct tv_erasure_record *record,
        const struct tv_erasure_spec *spec);
/* Those not yet done. */
size_t tv_erasures_open(const struct tv_store *store);

#endif
