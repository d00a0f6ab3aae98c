/* SPDX-License-Identifier: Apache-2.0 */
/* Counting texts: how many events each service, each type has. Private to this room. */
#ifndef TV_TIMEQL_TALLY_H
#define TV_TIMEQL_TALLY_H

#include "base/json_out.h"
#include "base/map.h"
#include "store/store.h"

/* Text → count. Zero-initialised is empty. */
struct tv_tally {
    struct tv_map map;
    struct tv_arena arena;
};

void tv_tally_release(struct tv_tally *tally);
/* Counts a text field in the batch's rows. */
void tv_tally_add(struct tv_tally *tally, const struct tv_scan_batch *batch, enum tv_field field);
/* Counts a text `times` more; {NULL, 0} is not counted. */
void tv_tally_count(struct tv_tally *tally, struct tv_str text, uint64_t times);
/* {"name": count, …}, the largest first, then by name. */
void tv_tally_json(const struct tv_tally *tally, struct tv_json_out *json);

#endif
