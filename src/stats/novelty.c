/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest neighbour in one dimension, in bounded memory.
 *
 * The remembered values are a sorted array, so the nearest is one of two after a binary search. A value
 * nearer than a five-hundredth of the range to a known one is not kept: it could not change an answer by
 * more than that. Kernel densities and histograms were turned down: both need a width, and the right one
 * differs by orders of magnitude between series and within one that changes its level.
 *
 * Cost: a search over 128 values, and when one is inserted a move and a walk over them. */
#include "stats/novelty.h"

#include <math.h>
#include <string.h>

#define SAME 0.002 /* of the range: not worth remembering apart */

double tv_novelty_range(const struct tv_novelty *novelty)
{
    double range = novelty->high - novelty->low;
    return isfinite(range) ? range : 0;
}

static void widen(struct tv_novelty *novelty, double number)
{
    double share = M_LN2 / TV_NOVELTY_FORGET;
    novelty->high = fmax(number, novelty->high - (novelty->high - number) * share);
    novelty->low = fmin(number, novelty->low + (number - novelty->low) * share);
}

/* The place of the first value that is not below the number. */
static uint32_t place_of(const struct tv_novelty *novelty, double number)
{
    uint32_t low = 0;
    uint32_t high = novelty->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (novelty->values[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Lets one of the two nearest values go; returns its place. */
static uint32_t drop_nearest(struct tv_novelty *novelty)
{
    uint32_t victim = 1;
    double least = INFINITY;
    for (uint32_t i = 1; i < novelty->count; i++) {
        double gap = novelty->values[i] - novelty->values[i - 1];
        if (gap < least) {
            least = gap;
            victim = i;
        }
    }
    if (victim == novelty->count - 1)
        victim--; /* the extremes stay */
    novelty->count--;
    memmove(&novelty->values[victim], &novelty->values[victim + 1],
            (novelty->count - victim) * sizeof(novelty->values[0]));
    return victim;
}

static void insert(struct tv_novelty *novelty, uint32_t place, double number)
{
    if (novelty->count == TV_NOVELTY_VALUES && drop_nearest(novelty) < place)
        place--;
    memmove(&novelty->values[place + 1], &novelty->values[place],
            (novelty->count - place) * sizeof(novelty->values[0]));
    novelty->values[place] = number;
    novelty->count++;
}

double tv_novelty_next(struct tv_novelty *novelty, double number)
{
    if (novelty->count == 0) {
        novelty->low = novelty->high = number;
        insert(novelty, 0, number);
        return 0;
    }
    widen(novelty, number);
    double range = tv_novelty_range(novelty);
    if (range <= 0)
        return 0;
    uint32_t place = place_of(novelty, number);
    double distance = INFINITY;
    if (place < novelty->count)
        distance = novelty->values[place] - number;
    if (place > 0)
        distance = fmin(distance, number - novelty->values[place - 1]);
    if (distance > SAME * range)
        insert(novelty, place, number);
    return fmin(distance / range, 1);
}
