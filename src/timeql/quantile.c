/* SPDX-License-Identifier: Apache-2.0 */
/* Most groups are small: a service in a step of a chart has some hundred requests, and then the
 * exact number, one that was measured, is cheaper than a sketch. A large group's numbers move into the
 * sketch once, and its memory stops growing. */
#include "timeql/quantile.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

void tv_quantile_release(struct tv_quantile *quantile)
{
    free(quantile->numbers);
    tv_sketch_release(&quantile->sketch);
    *quantile = (struct tv_quantile){0};
}

bool tv_quantile_is_sketched(const struct tv_quantile *quantile)
{
    return quantile->sketch.count > 0;
}

static void move_to_sketch(struct tv_quantile *quantile)
{
    for (uint32_t i = 0; i < quantile->count; i++)
        tv_sketch_add(&quantile->sketch, quantile->numbers[i]);
    free(quantile->numbers);
    quantile->numbers = NULL;
    quantile->count = 0;
    quantile->cap = 0;
}

static size_t add_sketched(struct tv_quantile *quantile, double number)
{
    size_t before = tv_quantile_bytes(quantile);
    if (quantile->count > 0)
        move_to_sketch(quantile);
    tv_sketch_add(&quantile->sketch, number);
    return tv_quantile_bytes(quantile) - before;
}

size_t tv_quantile_add(struct tv_quantile *quantile, double number)
{
    if (!isfinite(number))
        return 0;
    if (quantile->count == TV_QUANTILE_EXACT || tv_quantile_is_sketched(quantile))
        return add_sketched(quantile, number);
    size_t grown = 0;
    if (quantile->count == quantile->cap) {
        grown = quantile->cap;
        quantile->cap = (uint32_t)tv_grown(quantile->cap, quantile->count + 1, 8);
        quantile->numbers =
                tv_realloc_array(quantile->numbers, quantile->cap, sizeof(*quantile->numbers));
        grown = (quantile->cap - grown) * sizeof(*quantile->numbers);
    }
    quantile->numbers[quantile->count++] = number;
    return grown;
}

void tv_quantile_merge(struct tv_quantile *quantile, const struct tv_sketch *sketch)
{
    if (sketch->count > 0)
        move_to_sketch(quantile);
    tv_sketch_merge(&quantile->sketch, sketch);
}

static void swap(double *a, double *b)
{
    double kept = *a;
    *a = *b;
    *b = kept;
}

/* Hoare's selection around the middle of three: the k-th least (from 0) of the numbers. */
static double select_kth(double *numbers, uint32_t count, uint32_t k)
{
    uint32_t low = 0;
    uint32_t high = count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (numbers[middle] < numbers[low])
            swap(&numbers[middle], &numbers[low]);
        if (numbers[high] < numbers[low])
            swap(&numbers[high], &numbers[low]);
        if (numbers[high] < numbers[middle])
            swap(&numbers[high], &numbers[middle]);
        double pivot = numbers[middle];
        uint32_t left = low;
        uint32_t right = high;
        for (;;) {
            while (numbers[left] < pivot)
                left++;
            while (pivot < numbers[right])
                right--;
            if (left >= right)
                break;
            swap(&numbers[left++], &numbers[right--]);
        }
        if (k <= right)
            high = right;
        else
            low = right + 1;
    }
    return numbers[k];
}

bool tv_quantile_read(const struct tv_quantile *quantile, unsigned per_cent, double *out)
{
    if (tv_quantile_is_sketched(quantile)) {
        uint64_t rank = tv_nearest_rank(quantile->sketch.count, per_cent);
        *out = tv_sketch_at(&quantile->sketch, rank);
        return true;
    }
    if (quantile->count == 0)
        return false;
    uint32_t rank = (uint32_t)tv_nearest_rank(quantile->count, per_cent);
    *out = select_kth(quantile->numbers, quantile->count, rank - 1);
    return true;
}

size_t tv_quantile_bytes(const struct tv_quantile *quantile)
{
    return quantile->cap * sizeof(*quantile->numbers) + tv_sketch_bytes(&quantile->sketch);
}
