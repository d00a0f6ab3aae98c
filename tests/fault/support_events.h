/* SPDX-License-Identifier: Apache-2.0 */
/* The script's events, each a function of its number, and what a reader must find of them. */
#ifndef TV_TESTS_FAULT_SUPPORT_EVENTS_H
#define TV_TESTS_FAULT_SUPPORT_EVENTS_H

#include "support_script.h"

#include "base/time.h"

/* The wall clock of all jobs. */
#define SCRIPT_NOW          INT64_C(1724300000000000000)
#define SCRIPT_RETENTION_NS (10 * TV_NS_PER_DAY)

/* Owned by the caller. `keyless`: without event ids, so that only the request's key tells a second
 * delivery. */
struct tv_batch *script_events(uint32_t first, uint32_t rows, bool keyless);
bool script_event_is_old(uint32_t seq);    /* past the age of retention */
bool script_event_is_erased(uint32_t seq); /* what the script's erasure selects */

/* Reads all events of the snapshot and asks for one by its id and for counts. Fails the test if an
 * answer is wrong; a status if there is none. */
TV_CHECKED enum tv_status script_look(
        struct script *script, struct tv_snapshot *snapshot, struct tv_error *err);

#endif
