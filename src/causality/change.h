/* SPDX-License-Identifier: Apache-2.0 */
/* Which change is to blame. Private to this room. */
#ifndef TV_CAUSALITY_CHANGE_H
#define TV_CAUSALITY_CHANGE_H

#include "causality/evidence.h"

/* A change that may be to blame for what a service does since the onset. */
struct tv_blame {
    uint32_t change; /* index, or TV_NONE: none is */
    double score;
};

/* The change of `service` that explains best what went wrong since the onset. */
struct tv_blame tv_change_blame(
        const struct tv_facts *facts, const struct tv_cut *cut, uint32_t service);

#endif
