/* SPDX-License-Identifier: Apache-2.0 */
/* Count, mean and spread of numbers, in one pass and mergeable.
 *
 * Welford's recurrence (Technometrics 1962), and Chan, Golub and LeVeque's for two parts: the sum of the
 * squared distances from the mean is kept itself, not as a difference of two large sums, which would
 * lose all digits of a small spread around a large mean. Zero-initialised is empty. */
#ifndef TV_STATS_MOMENTS_H
#define TV_STATS_MOMENTS_H

#include <math.h>
#include <stdint.h>

struct tv_moments {
    uint64_t count;
    double mean, squares; /* squares: sum of (x − mean)² */
};

static inline void tv_moments_add(struct tv_moments *moments, double number)
{
    double distance = number - moments->mean;
    moments->count++;
    moments->mean += distance / (double)moments->count;
    moments->squares += distance * (number - moments->mean);
}

static inline void tv_moments_merge(struct tv_moments *into, const struct tv_moments *from)
{
    if (from->count == 0)
        return;
    double distance = from->mean - into->mean;
    double share = (double)from->count / (double)(into->count + from->count);
    into->squares += from->squares + distance * distance * share * (double)into->count;
    into->mean += distance * share;
    into->count += from->count;
}

/* The standard deviation of the numbers themselves (divided by their count); 0 for fewer than two. */
static inline double tv_moments_deviation(const struct tv_moments *moments)
{
    return moments->count < 2 ? 0 : sqrt(fmax(moments->squares, 0) / (double)moments->count);
}

#endif
