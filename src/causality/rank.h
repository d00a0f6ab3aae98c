/* SPDX-License-Identifier: Apache-2.0 */
/* From evidence to ranked candidates. Private to this room. */
#ifndef TV_CAUSALITY_RANK_H
#define TV_CAUSALITY_RANK_H

#include "causality/evidence.h"

/* An evidence item's part in a candidate's score. */
struct tv_part {
    uint32_t evidence; /* index */
    double points;
};

struct tv_candidate {
    uint32_t actor;
    double score;
    double alerted;        /* share of the score that alerts without a past gave */
    int64_t onset;         /* first sign */
    struct tv_part *parts; /* strongest first, one for each dimension */
    size_t part_count;
};

struct tv_ranking {
    struct tv_candidate *items; /* best first */
    size_t count;
    struct tv_arena arena;
};

void tv_rank(struct tv_ranking *ranking, const struct tv_evidence_list *list,
        const struct tv_facts *facts, const struct tv_graph *graph, const struct tv_cut *cut);
void tv_ranking_release(struct tv_ranking *ranking);
/* How far the first candidate stands out. */
double tv_ranking_lead(const struct tv_ranking *ranking);
/* How likely the first candidate is right, 0 … 1. */
double tv_ranking_confidence(const struct tv_ranking *ranking);

#endif
