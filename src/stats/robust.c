/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting answers every question at once, at n log n; a selection would be linear, but the callers
 * want several quantiles of a few hundred numbers. */
#include "stats/robust.h"

#include <math.h>
#include <stdlib.h>

/* Times 1.4826 the MAD of a normal distribution is its standard deviation. */
#define MAD_TO_DEVIATION 1.4826

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

void tv_sort_numbers(double *numbers, size_t count)
{
    if (count > 1)
        qsort(numbers, count, sizeof(*numbers), by_value);
}

double tv_quantile_sorted(const double *sorted, size_t count, double q)
{
    if (count == 0)
        return 0;
    double at = q * (double)(count - 1);
    size_t below = (size_t)at;
    if (below + 1 >= count)
        return sorted[count - 1];
    double part = at - (double)below;
    return sorted[below] * (1 - part) + sorted[below + 1] * part;
}

struct tv_spread tv_spread_of(double *numbers, size_t count, double *scratch)
{
    struct tv_spread spread = {0};
    if (count == 0)
        return spread;
    tv_sort_numbers(numbers, count);
    spread.median = tv_quantile_sorted(numbers, count, 0.5);
    spread.low = tv_quantile_sorted(numbers, count, 0.05);
    spread.high = tv_quantile_sorted(numbers, count, 0.95);
    spread.least = numbers[0];
    spread.most = numbers[count - 1];
    for (size_t i = 0; i < count; i++)
        scratch[i] = fabs(numbers[i] - spread.median);
    tv_sort_numbers(scratch, count);
    spread.deviation = MAD_TO_DEVIATION * tv_quantile_sorted(scratch, count, 0.5);
    return spread;
}
