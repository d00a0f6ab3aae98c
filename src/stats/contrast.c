/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that ask of two stretches of time whether they differ. Ranks and counts rather than means and
 * variances: durations have heavy tails, and one slow request must not look like a change. The cost is
 * a sort per series; the ranks are then shared by every cut. */
#include "stats/contrast.h"

#include "stats/robust.h"

#include <math.h>
#include <string.h>

static double term(double count, double expected)
{
    return count > 0 && expected > 0 ? count * log(count / expected) : 0;
}

double tv_rate_contrast(struct tv_rate before, struct tv_rate after)
{
    double count = before.count + after.count;
    double exposure = before.exposure + after.exposure;
    if (count <= 0 || before.exposure <= 0 || after.exposure <= 0)
        return 0;
    double rate = count / exposure;
    double g = 2 *
            (term(before.count, before.exposure * rate) + term(after.count, after.exposure * rate));
    return g > 0 ? g : 0;
}

double tv_rate_dispersion(const struct tv_rate *stretches, size_t count)
{
    double total = 0;
    double exposure = 0;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        total += stretches[i].count;
        exposure += stretches[i].exposure;
        used += stretches[i].exposure > 0;
    }
    if (used < 2 || total <= 0)
        return 1;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        double expected = total / exposure * stretches[i].exposure;
        if (expected > 0)
            squares += (stretches[i].count - expected) * (stretches[i].count - expected) / expected;
    }
    return fmax(1, squares / (double)(used - 1));
}

/* The first of the ascending numbers that is not less than `value` (or, with `beyond`, is greater). */
static size_t lower(const double *sorted, size_t count, double value, int beyond)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (sorted[middle] < value || (beyond && sorted[middle] == value))
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* Σ (t³ − t) over groups of t equal numbers. */
static double ties(const double *sorted, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && sorted[end] == sorted[i])
            end++;
        double t = (double)(end - i);
        sum += t * t * t - t;
        i = end;
    }
    return sum;
}

enum { RANK_LEAST_BEFORE = 3, RANK_LEAST_AFTER = 2 };

void tv_rank_shift(struct tv_samples samples, const int64_t *cuts, size_t cut_count,
        double *scratch, double *out)
{
    size_t count = samples.count;
    double *sorted = scratch;
    double *sums = scratch + count; /* ranks from the end */
    for (size_t i = 0; i < count; i++)
        sorted[i] = samples.items[i].value;
    tv_sort_numbers(sorted, count);
    double sum = 0;
    for (size_t i = count; i-- > 0;) {
        double value = samples.items[i].value;
        sum += ((double)lower(sorted, count, value, 0) + (double)lower(sorted, count, value, 1) +
                       1) /
                2;
        sums[i] = sum;
    }
    double n = (double)count;
    double tie = count > 1 ? ties(sorted, count) / (n * (n - 1)) : 0;
    size_t first = 0;
    for (size_t i = 0; i < cut_count; i++) {
        while (first < count && samples.items[first].time < cuts[i])
            first++;
        double after = (double)(count - first);
        double variance = (double)first * after / 12 * (n + 1 - tie);
        out[i] = 0;
        if (first >= RANK_LEAST_BEFORE && count - first >= RANK_LEAST_AFTER && variance > 0)
            out[i] = (sums[first] - after * (n + 1) / 2) / sqrt(variance);
    }
}
