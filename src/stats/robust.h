/* SPDX-License-Identifier: Apache-2.0 */
/* Where numbers lie and how far they spread, unmoved by a few wild ones: the median, the median
 * absolute deviation (Hampel, JASA 1974), quantiles of sorted numbers. NaN must not be among them. */
#ifndef TV_STATS_ROBUST_H
#define TV_STATS_ROBUST_H

#include <stddef.h>

/* Ascending, in place. */
void tv_sort_numbers(double *numbers, size_t count);
/* The q-quantile (0 … 1) of ascending numbers, between two of them where it falls between; 0 of none. */
double tv_quantile_sorted(const double *sorted, size_t count, double q);

struct tv_spread {
    double median;
    double deviation; /* 1.4826 × MAD: a standard deviation, were they normal */
    double low, high; /* 5 % and 95 % quantiles */
    double least, most;
};

/* Of `count` numbers, which are sorted in place; `scratch` has room for as many. All 0 of none. */
struct tv_spread tv_spread_of(double *numbers, size_t count, double *scratch);

#endif
