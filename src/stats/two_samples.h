/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two samples differ, by how much, and how likely chance alone would make them differ so.
 *
 * Both kinds of difference have an effect on one scale from −1 to 1: the chance that a member of the
 * first sample is above a member of the second, less the chance that it is below (Cliff, Dominance
 * statistics, 1993). For yes and no that is the difference of the two shares. A p-value says nothing of
 * how much, and an effect nothing of how sure. */
#ifndef TV_STATS_TWO_SAMPLES_H
#define TV_STATS_TWO_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* Of `first_count` members of the first sample `first_yes` have something, and so on. */
struct tv_shares {
    uint64_t first_yes, first_count;
    uint64_t second_yes, second_count;
};

struct tv_difference {
    double effect; /* > 0: the first sample has more */
    double p;      /* two-sided; 1 where there is nothing to compare */
};

/* Fisher's exact test (The Design of Experiments, 1935; two-sided as the sum of all tables that are no
 * likelier) of fewer than 200 members or where a cell's expected count is below 5, else the G-test (Sokal and Rohlf, Biometry) with
 * one degree of freedom. The exact sum is over at most the smallest of the table's four sums. */
struct tv_difference tv_shares_compare(const struct tv_shares *shares);

/* The Mann–Whitney rank-sum test (Annals of Mathematical Statistics, 1947) by its normal approximation,
 * corrected for ties and continuity. Good from some 8 numbers a side on. Sorts both arrays. */
struct tv_difference tv_numbers_compare(
        double *first, size_t first_count, double *second, size_t second_count);

/* The middle of sorted numbers, the lower of two; NaN of none. */
double tv_sorted_median(const double *sorted, size_t count);

/* Turns the p-values of `count` tests into those that bound the share of false discoveries (Benjamini
 * and Hochberg, Journal of the Royal Statistical Society B, 1995), in place. `tests` counts all that were
 * made, also those whose p is not among these and is 1. */
void tv_benjamini_hochberg(double *p, size_t count, size_t tests);

#endif
