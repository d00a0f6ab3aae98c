/* SPDX-License-Identifier: Apache-2.0 */
/* The terms of the tail are added from the first one on, each as a multiple of it: the first comes from
 * lgamma, the others from the ratio of neighbours. Above the mean they fall geometrically and a few dozen
 * are enough; below it, the other tail is the shorter sum. Logarithms, since tails of 1e-300 and less are
 * common where a pattern is real. */
#include "stats/binomial.h"

#include <math.h>
#include <stdbool.h>

static double log_term(double hits, double trials, double chance)
{
    return lgamma(trials + 1) - lgamma(hits + 1) - lgamma(trials - hits + 1) + hits * log(chance) +
            (trials - hits) * log1p(-chance);
}

/* The sum of the terms from `hits` upwards (or, `down`, downwards), as a multiple of the first. */
static double run_of_terms(double hits, double trials, double chance, bool down)
{
    double sum = 1;
    double term = 1;
    double odds = chance / (1 - chance);
    for (double k = hits; down ? k > 0 : k < trials; k += down ? -1 : 1) {
        term *= down ? k / ((trials - k + 1) * odds) : (trials - k) / (k + 1) * odds;
        sum += term;
        if (term < sum * 1e-17)
            break;
    }
    return sum;
}

double tv_binomial_tail(uint64_t hits, uint64_t trials, double chance)
{
    if (hits == 0 || (chance >= 1 && hits <= trials))
        return 0;
    if (hits > trials || chance <= 0)
        return -INFINITY;
    double n = (double)trials;
    double k = (double)hits;
    if (k > n * chance)
        return fmin(log_term(k, n, chance) + log(run_of_terms(k, n, chance, false)), 0);
    double below = exp(log_term(k - 1, n, chance)) * run_of_terms(k - 1, n, chance, true);
    return log1p(-fmin(below, 1 - 1e-16));
}
