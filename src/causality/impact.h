/* SPDX-License-Identifier: Apache-2.0 */
/* Who was hit. Private to this room. */
#ifndef TV_CAUSALITY_IMPACT_H
#define TV_CAUSALITY_IMPACT_H

#include "causality/evidence.h"
#include "causality/root_cause.h"

/* Requests of each service since the onset, those that failed and those that were slow; the services hit
 * most first, those not hit left out. Texts in the arena. Returns how many of TV_IMPACT_MAX were written. */
size_t tv_impact_find(const struct tv_facts *facts, const struct tv_cut *cut,
        struct tv_arena *arena, struct tv_cause_impact out[TV_IMPACT_MAX]);

#endif
