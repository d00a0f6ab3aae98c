/* SPDX-License-Identifier: Apache-2.0 */
/* An erasure under way. */
#ifndef TV_STORE_ERASE_INTERNAL_H
#define TV_STORE_ERASE_INTERNAL_H

#include "store/erase.h"
#include "store/job_internal.h"

enum tv_erase_phase {
    TV_ERASE_RECORD,  /* put it down */
    TV_ERASE_REWRITE, /* segments without the selected events */
    TV_ERASE_SCRUB    /* nothing of the old ones is left in the file */
};

struct tv_erasure {
    struct tv_erasure *next;
    struct tv_erasure_spec spec;
    char *text; /* owned */
    enum tv_erase_phase phase;
    int64_t id;
    uint64_t arrival_to;
    int64_t examined; /* segments up to this id */
    struct tv_erasure_result result;
};

/* Whether level 0 holds what an erasure is about: it is examined once it is compacted. */
bool tv_erase_wants_flush(const struct tv_store *store);
/* Those that are open, at the store's close. */
void tv_erase_release(struct tv_store *store);

bool tv_erase_due(struct tv_store *store, struct tv_store_job *job);
void tv_erase_run(struct tv_store_job *job);
void tv_erase_commit(struct tv_store_job *job);
void tv_erase_finish(struct tv_store_job *job);

#endif
