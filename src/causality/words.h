/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence in words. Private to this room. */
#ifndef TV_CAUSALITY_WORDS_H
#define TV_CAUSALITY_WORDS_H

#include "causality/evidence.h"

/* What kind of signal an item is: a metric's name, "latency", "message" … */
struct tv_str tv_evidence_signal(const struct tv_evidence *evidence, const struct tv_facts *facts);
/* A sentence without full stop, in the arena: "GetCart took 812 ms where 4.1 ms are usual". */
struct tv_str tv_evidence_text(
        const struct tv_evidence *evidence, const struct tv_facts *facts, struct tv_arena *arena);

#endif
