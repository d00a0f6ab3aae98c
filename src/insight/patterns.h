/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns: kinds of events that follow each other more often than chance would have it.
 *
 * "A → B within w" holds for an occurrence of A if B occurs behind it, before the next A and within w.
 * How often that would be so if A and B had nothing to do with each other is told by how much of the
 * time a B is near: over the whole window, around the A's themselves (they are shifted by some multiples
 * of w), and at the same time of other days, whichever is most. The probability of so many hits by chance is corrected for the
 * number of pairs and lengths that were tried (Bonferroni). What is significant is continued by a third
 * and a fourth kind in the same way. */
#ifndef TV_INSIGHT_PATTERNS_H
#define TV_INSIGHT_PATTERNS_H

#include "base/cancel.h"
#include "insight/kinds.h"

enum {
    TV_PATTERN_LENGTH_MAX = 4,
    TV_PATTERN_SUPPORT_MIN = 3,
    TV_PATTERNS_MAX = 1024 /* that are kept: the most significant */
};
/* The share of false patterns that is put up with, over all that were tried. */
#define TV_PATTERN_LEVEL 0.05

struct tv_pattern {
    uint32_t kinds[TV_PATTERN_LENGTH_MAX];
    unsigned length;
    int64_t within_ns;   /* of the last step, from the one before */
    uint64_t of;         /* occurrences of what stands before the last step */
    uint64_t support;    /* of them, followed by the last step */
    double chance;       /* of one of them to be followed by chance */
    double significance; /* the natural logarithm of the corrected probability of all by chance */
    int64_t delay_ns, delay_most_ns; /* from the first step to the last: median, 90 % */
    int64_t last_start, last_end;    /* times of the last occurrence's ends */
};

struct tv_patterns {
    struct tv_pattern *items; /* the most significant first */
    size_t count, cap;
    uint64_t tried;
};

/* Mines settled kinds for patterns; the window holds all their times. *out is owned by the caller
 * (tv_patterns_release) on TV_OK. TV_CANCELLED, TV_TIMEOUT. */
TV_CHECKED enum tv_status tv_patterns_mine(const struct tv_kinds *kinds, int64_t from, int64_t to,
        const struct tv_cancel *cancel, struct tv_patterns *out);
void tv_patterns_release(struct tv_patterns *patterns);

/* Times, ascending; borrowed. */
struct tv_times {
    const int64_t *items;
    size_t count;
};

/* How often `from` is followed by `to` within `within_ns`; fills delays[] (room for from.count) with the
 * distances. */
size_t tv_patterns_follow(
        struct tv_times from, struct tv_times to, int64_t within_ns, int64_t *delays);

#endif
