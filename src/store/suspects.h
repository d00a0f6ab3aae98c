/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a group whose keys may have been seen, until each is confirmed or let go. */
#ifndef TV_STORE_SUSPECTS_H
#define TV_STORE_SUSPECTS_H

#include "store/store_internal.h"

struct tv_suspect {
    uint64_t key;
    uint32_t batch, row; /* in the group */
    bool confirmed;      /* its original was found */
};

/* Zero-initialised but for the batches is empty. */
struct tv_suspects {
    struct tv_batch *const *batches; /* the group; borrowed */
    struct tv_suspect *items;        /* by batch and row */
    size_t count, cap;
    size_t open;     /* not confirmed yet */
    uint32_t *slots; /* by key: index + 1 of an item; equal keys follow each other in probing */
    size_t slot_count;
    uint64_t
            *heads; /* by item: batch << 32 | row of the group's first row with its key, or all 1 */
};

void tv_suspects_add(struct tv_suspects *suspects, struct tv_suspect suspect);
/* Once all are added. */
void tv_suspects_index(struct tv_suspects *suspects);
/* Rows of the group themselves, in order. */
void tv_suspects_meet_own(struct tv_suspects *suspects, uint64_t key, uint32_t batch, uint32_t row);
/* Looks for the originals of the rest in what is stored. */
TV_CHECKED enum tv_status tv_suspects_confirm(
        struct tv_suspects *suspects, struct tv_snapshot *snapshot, struct tv_error *err);
void tv_suspects_release(struct tv_suspects *suspects);

#endif
