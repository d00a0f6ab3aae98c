/* SPDX-License-Identifier: Apache-2.0 */
/* The list that finders add to. */
#include "causality/evidence.h"

struct tv_evidence *tv_evidence_add(
        struct tv_evidence_list *list, uint32_t actor, uint32_t dimension, double strength)
{
    TV_ASSERT(actor != TV_NONE);
    struct tv_evidence *evidence =
            tv_facts_add((void **)&list->items, &list->count, &list->cap, sizeof(*list->items));
    evidence->actor = actor;
    evidence->dimension = dimension;
    evidence->strength = strength;
    evidence->template = TV_NONE;
    evidence->record = TV_NONE;
    evidence->series = TV_NONE;
    return evidence;
}
