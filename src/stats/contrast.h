/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what was counted after a moment differs from what was counted before it. */
#ifndef TV_STATS_CONTRAST_H
#define TV_STATS_CONTRAST_H

#include <stddef.h>
#include <stdint.h>

/* So many of something in so much (trials, requests, seconds). */
struct tv_rate {
    double count, exposure;
};

/* The likelihood-ratio statistic G of two Poisson rates being different (Wilks; chi-squared with one
 * degree of freedom where they are equal): 0 if there is nothing to compare. */
double tv_rate_contrast(struct tv_rate before, struct tv_rate after);

/* How much more a rate varies between stretches than chance alone would have it: Pearson's chi-squared
 * over its degrees of freedom, never below 1 (McCullagh and Nelder, quasi-likelihood). G divided by it
 * no longer takes a burst for a change. Stretches without exposure do not count. */
double tv_rate_dispersion(const struct tv_rate *stretches, size_t count);

/* One number of a series, with its place on the axis. */
struct tv_sample {
    int64_t time;
    double value;
};

struct tv_samples {
    const struct tv_sample *items; /* in order of time */
    size_t count;
};

/* For each of `cut_count` ascending times: the z of the Mann–Whitney rank test (ties corrected) that
 * samples at or after it are larger than those before; 0 where fewer than three lie before or
 * fewer than two behind. `scratch` has room for twice as many numbers as there are samples. */
void tv_rank_shift(struct tv_samples samples, const int64_t *cuts, size_t cut_count,
        double *scratch, double *out);

#endif
