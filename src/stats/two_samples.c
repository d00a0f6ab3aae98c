/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that ask nothing of a distribution, since latencies, queue lengths and row counts follow none.
 * A t-test would be cheaper and is wrong here: one request of ten minutes moves its mean, and no rank.
 *
 * Fisher's sum runs on logarithms of factorials (lgamma), which hold for counts of any size; it begins
 * at the observed table and adds what is no likelier on either side. */
#include "stats/two_samples.h"

#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* With fewer than this in all, or expected in a cell, the G statistic is too far from its distribution. */
#define MEMBERS_LEAST  200.0
#define EXPECTED_LEAST 5.0

/* 2 × 2: rows are the samples, columns yes and no. */
struct table {
    double a, b, c, d;
};

static struct table table_of(const struct tv_shares *shares)
{
    return (struct table){(double)shares->first_yes,
            (double)(shares->first_count - shares->first_yes), (double)shares->second_yes,
            (double)(shares->second_count - shares->second_yes)};
}

static double log_factorial(double n)
{
    int sign;
    return lgamma_r(n + 1, &sign);
}

static double log_likelihood(const struct table *t)
{
    return -log_factorial(t->a) - log_factorial(t->b) - log_factorial(t->c) - log_factorial(t->d);
}

static struct table shifted(const struct table *t, double by)
{
    return (struct table){t->a + by, t->b - by, t->c - by, t->d + by};
}

static double fisher(const struct table *observed)
{
    double least = observed->a < observed->d ? observed->a : observed->d;
    double most = observed->b < observed->c ? observed->b : observed->c;
    double rows =
            log_factorial(observed->a + observed->b) + log_factorial(observed->c + observed->d);
    double columns =
            log_factorial(observed->a + observed->c) + log_factorial(observed->b + observed->d);
    double all = log_factorial(observed->a + observed->b + observed->c + observed->d);
    double limit = log_likelihood(observed) + 1e-7; /* equal ones but for rounding */
    double sum = 0;
    for (double by = -least; by <= most; by++) {
        struct table other = shifted(observed, by);
        double likelihood = log_likelihood(&other);
        if (likelihood <= limit)
            sum += exp(rows + columns - all + likelihood);
    }
    return sum < 1 ? sum : 1;
}

static double part_of_g(double observed, double expected)
{
    return observed > 0 ? 2 * observed * log(observed / expected) : 0;
}

/* The upper tail of chi-squared with one degree of freedom is that of a squared normal. */
static double g_test(const struct table *t, double yes, double no)
{
    double first = t->a + t->b;
    double second = t->c + t->d;
    double all = first + second;
    double g = part_of_g(t->a, first * yes / all) + part_of_g(t->b, first * no / all) +
            part_of_g(t->c, second * yes / all) + part_of_g(t->d, second * no / all);
    return erfc(sqrt(g > 0 ? g / 2 : 0));
}

struct tv_difference tv_shares_compare(const struct tv_shares *shares)
{
    struct tv_difference result = {0, 1};
    if (shares->first_count == 0 || shares->second_count == 0)
        return result;
    struct table t = table_of(shares);
    double first = t.a + t.b;
    double second = t.c + t.d;
    double yes = t.a + t.c;
    double no = t.b + t.d;
    result.effect = t.a / first - t.c / second;
    double rarest = fmin(yes, no) * fmin(first, second) / (first + second);
    bool few = first + second < MEMBERS_LEAST || rarest < EXPECTED_LEAST;
    result.p = few ? fisher(&t) : g_test(&t, yes, no);
    return result;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* What ranking both samples together comes to. */
struct ranking {
    double u;    /* pairs in which the first is above, a tie being half a pair */
    double ties; /* sum of t³ − t over groups of t equal numbers */
};

/* A merge of two sorted arrays, one group of equal numbers at a time. */
static struct ranking rank_both(const double *x, size_t n, const double *y, size_t m)
{
    struct ranking out = {0, 0};
    size_t i = 0;
    size_t k = 0;
    while (i < n || k < m) {
        double at = k >= m || (i < n && x[i] <= y[k]) ? x[i] : y[k];
        size_t i_from = i;
        size_t k_from = k;
        while (i < n && x[i] == at)
            i++;
        while (k < m && y[k] == at)
            k++;
        double ours = (double)(i - i_from);
        double theirs = (double)(k - k_from);
        double t = ours + theirs;
        out.u += ours * ((double)k_from + theirs / 2);
        out.ties += t * t * t - t;
    }
    return out;
}

struct tv_difference tv_numbers_compare(
        double *first, size_t first_count, double *second, size_t second_count)
{
    struct tv_difference result = {0, 1};
    if (first_count == 0 || second_count == 0)
        return result;
    qsort(first, first_count, sizeof(*first), ascending);
    qsort(second, second_count, sizeof(*second), ascending);
    struct ranking ranking = rank_both(first, first_count, second, second_count);
    double n = (double)first_count;
    double m = (double)second_count;
    double all = n + m;
    double distance = ranking.u - n * m / 2;
    double variance = n * m / 12 * (all + 1 - ranking.ties / (all * (all - 1)));
    result.effect = 2 * ranking.u / (n * m) - 1;
    if (variance <= 0)
        return result;
    double z = fmax(fabs(distance) - 0.5, 0) / sqrt(variance);
    result.p = erfc(z / sqrt(2));
    return result;
}

double tv_sorted_median(const double *sorted, size_t count)
{
    return count == 0 ? (double)NAN : sorted[(count - 1) / 2];
}

struct placed {
    double p;
    size_t place;
};

static int smallest_first(const void *left, const void *right)
{
    const struct placed *a = left;
    const struct placed *b = right;
    if (a->p != b->p)
        return a->p < b->p ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

void tv_benjamini_hochberg(double *p, size_t count, size_t tests)
{
    struct placed *sorted = tv_calloc(count + 1, sizeof(*sorted));
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct placed){p[i], i};
    qsort(sorted, count, sizeof(*sorted), smallest_first);
    double least = 1;
    for (size_t i = count; i > 0; i--) {
        double corrected = sorted[i - 1].p * (double)tests / (double)i;
        least = corrected < least ? corrected : least;
        p[sorted[i - 1].place] = least;
    }
    free(sorted);
}
