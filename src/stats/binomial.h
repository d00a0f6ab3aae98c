/* SPDX-License-Identifier: Apache-2.0 */
/* How likely so many hits are by chance. */
#ifndef TV_STATS_BINOMIAL_H
#define TV_STATS_BINOMIAL_H

#include <stdint.h>

/* The natural logarithm of the probability of `hits` or more in `trials` independent trials, each a hit
 * with probability `chance` (0 … 1). 0 (certainty) for no hits, −INFINITY for what cannot be. */
double tv_binomial_tail(uint64_t hits, uint64_t trials, double chance);

#endif
