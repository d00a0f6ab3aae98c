/* SPDX-License-Identifier: Apache-2.0 */
/* One commit under way, shared by the files that make it. */
#ifndef TV_STORE_COMMIT_INTERNAL_H
#define TV_STORE_COMMIT_INTERNAL_H

#include "store/store_internal.h"

struct tv_commit {
    struct tv_store *store;
    struct tv_snapshot *snapshot; /* what duplicates are looked for in */
    struct tv_batch **batches;    /* as taken */
    size_t count;
    int64_t id; /* of the row it inserts */

    struct tv_batch **merged; /* what goes to level 0: one reference each, until published */
    size_t merged_count;
    struct tv_level0 *level0; /* made by run */
    bool keys_new;            /* there are request keys to remember */
    bool reserve_reached;     /* why it failed */

    struct tv_commit_result result;
    enum tv_status status;
    struct tv_error err;
};

/* Removes from the batches the events that the store, or the group before them, has already; writer
 * lane. Counts them in result.duplicates. */
TV_CHECKED enum tv_status tv_commit_drop_duplicates(struct tv_commit *commit);

#endif
