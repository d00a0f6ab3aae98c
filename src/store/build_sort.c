/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting rows by time.
 *
 * Rows come nearly in order, a few milliseconds of disorder apart, and sometimes not at all. A radix
 * sort over the bits in which their times differ takes two to four passes over 64 thousand rows
 * whatever their order; it is stable, so rows that came by arrival stay so among equal times. Where
 * they did not (segments being merged), equal times are put right afterwards. */
#include "store/encode.h"

#include "base/mem.h"

#include <stdlib.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

static void pass(const struct tv_build_row *from, struct tv_build_row *to, size_t count,
        int64_t least, unsigned shift)
{
    size_t starts[DIGITS] = {0};
    for (size_t i = 0; i < count; i++)
        starts[((uint64_t)from[i].time - (uint64_t)least) >> shift & (DIGITS - 1)]++;
    size_t sum = 0;
    for (int digit = 0; digit < DIGITS; digit++) {
        size_t here = starts[digit];
        starts[digit] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++)
        to[starts[((uint64_t)from[i].time - (uint64_t)least) >> shift & (DIGITS - 1)]++] = from[i];
}

static int by_arrival(const void *a, const void *b)
{
    uint64_t left = ((const struct tv_build_row *)a)->arrival;
    uint64_t right = ((const struct tv_build_row *)b)->arrival;
    return (left > right) - (left < right);
}

static void order_equal_times(struct tv_build_row *rows, size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        bool ordered = true;
        for (; end < count && rows[end].time == rows[i].time; end++)
            ordered = ordered && rows[end - 1].arrival < rows[end].arrival;
        if (!ordered)
            qsort(rows + i, end - i, sizeof(*rows), by_arrival);
        i = end;
    }
}

static struct tv_build_row *gather(
        struct tv_batch *const *batches, size_t batch_count, size_t total)
{
    struct tv_build_row *rows = tv_calloc(total + 1, sizeof(*rows));
    size_t at = 0;
    for (size_t b = 0; b < batch_count; b++) {
        const int64_t *times = tv_batch_i64(batches[b], TV_FIELD_TIME);
        const uint64_t *arrivals = tv_batch_u64(batches[b], TV_FIELD_ARRIVAL);
        for (uint32_t row = 0; row < batches[b]->rows; row++)
            rows[at++] = (struct tv_build_row){times[row], arrivals[row], (uint32_t)b, row};
    }
    return rows;
}

struct tv_build_row *tv_build_sorted(
        struct tv_batch *const *batches, size_t batch_count, size_t *count)
{
    size_t total = 0;
    for (size_t b = 0; b < batch_count; b++)
        total += batches[b]->rows;
    struct tv_build_row *rows = gather(batches, batch_count, total);
    struct tv_build_row *other = tv_calloc(total + 1, sizeof(*other));
    int64_t least = INT64_MAX, greatest = INT64_MIN;
    bool sorted = true;
    for (size_t i = 0; i < total; i++) {
        sorted = sorted && (i == 0 || rows[i - 1].time <= rows[i].time);
        least = rows[i].time < least ? rows[i].time : least;
        greatest = rows[i].time > greatest ? rows[i].time : greatest;
    }
    uint64_t reach = total ? (uint64_t)greatest - (uint64_t)least : 0;
    for (unsigned shift = 0; !sorted && shift < 64 && reach >> shift; shift += DIGIT_BITS) {
        pass(rows, other, total, least, shift);
        struct tv_build_row *swapped = rows;
        rows = other;
        other = swapped;
    }
    free(other);
    order_equal_times(rows, total);
    *count = total;
    return rows;
}
