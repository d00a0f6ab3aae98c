/* SPDX-License-Identifier: Apache-2.0 */
/* How new a number is: its distance from the nearest number seen before.
 *
 * The distance is told as a share of the range that the numbers span, so it means the same for bytes and
 * for per cent: 0 is a value well known, 1 one that lies as far off as all others together. The range
 * forgets slowly (half of an old extreme in TV_NOVELTY_FORGET numbers), so one outlier of long ago does
 * not blind it for ever. At most TV_NOVELTY_VALUES are remembered; the two nearest become one when there
 * are more, which blurs crowds and keeps what stands alone.
 *
 * A struct is embedded; zero-initialised has seen nothing. */
#ifndef TV_STATS_NOVELTY_H
#define TV_STATS_NOVELTY_H

#include <stdint.h>

enum { TV_NOVELTY_VALUES = 128, TV_NOVELTY_FORGET = 15000 };

struct tv_novelty {
    double values[TV_NOVELTY_VALUES]; /* ascending */
    uint32_t count;
    double low, high; /* the range, forgetting */
};

/* The novelty of a finite number, 0 … 1, against those before it; then remembers it. 0 for the first. */
double tv_novelty_next(struct tv_novelty *novelty, double number);
/* What the numbers span; 0 while they are all the same. */
double tv_novelty_range(const struct tv_novelty *novelty);

#endif
