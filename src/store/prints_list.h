/* SPDX-License-Identifier: Apache-2.0 */
/* All prints of a moment, part of a snapshot, and what they cover. */
#ifndef TV_STORE_PRINTS_LIST_H
#define TV_STORE_PRINTS_LIST_H

#include "store/prints.h"

struct tv_store;
struct tv_segment_list;

/* Which prints a segment is in, and its number there. */
struct tv_prints_place {
    int64_t segment;
    uint32_t item, member;
};

/* Immutable and counted. */
struct tv_prints_list {
    atomic_uint refs;
    struct tv_prints **items; /* one reference each */
    size_t count;
    struct tv_prints_place *places; /* by segment */
    size_t place_count;
};

struct tv_prints_list *tv_prints_list_ref(struct tv_prints_list *list);
void tv_prints_list_unref(struct tv_prints_list *list);
/* Where a segment is covered by prints that can be read, or NULL. */
const struct tv_prints_place *tv_prints_list_find(
        const struct tv_prints_list *list, int64_t segment);
/* Members that are among the segments, as bits. */
uint64_t tv_prints_live(const struct tv_prints *prints, const struct tv_segment_list *segments);

/* Loop. Replaces prints by one (whose reference it takes; NULL for none); the rows of the old ones
 * die with their last reference. */
void tv_store_swap_prints(struct tv_store *store, struct tv_prints *const *old, size_t old_count,
        struct tv_prints *fresh);
/* Lets go of prints of which no member is left. After segments were replaced. */
void tv_store_prune_prints(struct tv_store *store);
/* Start: reads all rows; damaged ones are put aside, to be deleted. */
TV_CHECKED enum tv_status tv_prints_load(
        struct tv_store *store, const struct tv_db *db, struct tv_error *err);

#endif
