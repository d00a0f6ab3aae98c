/* SPDX-License-Identifier: Apache-2.0 */
/* DDSketch (Masson, Rim, Lee: DDSketch, a fast and fully-mergeable quantile sketch with relative-error
 * guarantees, VLDB 2019), with buckets that collapse from zero outwards.
 *
 * Bucket i holds the numbers in (g^(i−1), g^i], g = (1 + a) / (1 − a); its answer 2 g^i / (g + 1) is
 * within a of all of them. Which bucket collapses depends on the highest bucket ever met and on
 * nothing else, so a sketch is a function of the numbers in it, not of their order or of how they were
 * split: merging is exactly associative. For that reason there is no sum here; a sum of doubles is not.
 * t-digest (smaller) and KLL (rank error) were not taken: neither bounds the relative error, and p99 of
 * a long tail is where the others are worst.
 *
 * Counts stand in an array that covers the buckets between lowest and highest, in steps of 64: a
 * service's latencies use some 200 buckets, 1.6 kB. Encoded, empty buckets cost nothing. */
#include "stats/sketch.h"

#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP = 64,
    FORMAT_VERSION = 1,    /* of the encoded form; also names accuracy and bucket limit */
    BUCKET_BOUND = 1 << 16 /* no finite double's bucket is that far from 0 */
};

/* More numbers than any store holds; merging what was decoded cannot overflow. */
#define COUNT_BOUND (UINT64_C(1) << 48)

static double growth_log(void)
{
    return log((1 + TV_SKETCH_ACCURACY) / (1 - TV_SKETCH_ACCURACY));
}

static int32_t bucket_of(double magnitude)
{
    return (int32_t)ceil(log(magnitude) / growth_log());
}

static double bucket_answer(int32_t bucket)
{
    /* 2 g^i / (g + 1) is (1 − a) g^i. */
    return (1 - TV_SKETCH_ACCURACY) * exp((double)bucket * growth_log());
}

static int32_t aligned_down(int32_t bucket)
{
    int32_t rest = bucket % STEP;
    return bucket - (rest < 0 ? rest + STEP : rest);
}

static int32_t lower_of(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t higher_of(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Makes the array cover low … end − 1; what lies below `low` falls into it. */
static void side_cover(struct tv_sketch_side *side, int32_t low, int32_t end)
{
    uint32_t span = (uint32_t)(end - low);
    uint64_t *counts = tv_calloc(span, sizeof(*counts));
    for (uint32_t i = 0; i < side->span; i++)
        if (side->counts[i] > 0)
            counts[higher_of(side->low + (int32_t)i, low) - low] += side->counts[i];
    free(side->counts);
    side->counts = counts;
    side->low = low;
    side->span = span;
}

static void side_add(struct tv_sketch_side *side, int32_t bucket, uint64_t count)
{
    bool empty = side->span == 0;
    int32_t top = empty ? bucket : higher_of(side->top, bucket);
    int32_t floor = top - (TV_SKETCH_BUCKETS - 1);
    int32_t low = empty ? bucket : side->low;
    int32_t end = empty ? bucket + 1 : side->low + (int32_t)side->span;
    bucket = higher_of(bucket, floor);
    if (empty || bucket < low || bucket >= end) {
        low = higher_of(lower_of(low, aligned_down(bucket)), floor);
        end = higher_of(end, aligned_down(bucket) + STEP);
        side_cover(side, low, lower_of(end, low + TV_SKETCH_BUCKETS));
    }
    side->top = top;
    side->counts[bucket - side->low] += count;
}

static void side_merge(struct tv_sketch_side *into, const struct tv_sketch_side *from)
{
    for (uint32_t i = from->span; i > 0; i--)
        if (from->counts[i - 1] > 0)
            side_add(into, from->low + (int32_t)(i - 1), from->counts[i - 1]);
}

void tv_sketch_release(struct tv_sketch *sketch)
{
    free(sketch->above.counts);
    free(sketch->below.counts);
    *sketch = (struct tv_sketch){0};
}

static void widen(struct tv_sketch *sketch, double min, double max)
{
    if (sketch->count == 0 || min < sketch->min)
        sketch->min = min;
    if (sketch->count == 0 || max > sketch->max)
        sketch->max = max;
}

void tv_sketch_add(struct tv_sketch *sketch, double number)
{
    if (!isfinite(number))
        return;
    if (fabs(number) < DBL_MIN) {
        number = 0;
        sketch->zeros++;
    } else if (number > 0) {
        side_add(&sketch->above, bucket_of(number), 1);
    } else {
        side_add(&sketch->below, bucket_of(-number), 1);
    }
    widen(sketch, number, number);
    sketch->count++;
}

void tv_sketch_merge(struct tv_sketch *into, const struct tv_sketch *from)
{
    TV_ASSERT(into != from);
    if (from->count == 0)
        return;
    side_merge(&into->above, &from->above);
    side_merge(&into->below, &from->below);
    widen(into, from->min, from->max);
    into->zeros += from->zeros;
    into->count += from->count;
}

/* The numbers below zero ascend as their buckets descend. */
static bool find_below(const struct tv_sketch_side *side, uint64_t *rank, double *out)
{
    for (uint32_t i = side->span; i > 0; i--) {
        if (*rank <= side->counts[i - 1]) {
            *out = -bucket_answer(side->low + (int32_t)(i - 1));
            return true;
        }
        *rank -= side->counts[i - 1];
    }
    return false;
}

static bool find_above(const struct tv_sketch_side *side, uint64_t *rank, double *out)
{
    for (uint32_t i = 0; i < side->span; i++) {
        if (*rank <= side->counts[i]) {
            *out = bucket_answer(side->low + (int32_t)i);
            return true;
        }
        *rank -= side->counts[i];
    }
    return false;
}

double tv_sketch_at(const struct tv_sketch *sketch, uint64_t rank)
{
    TV_ASSERT(rank >= 1 && rank <= sketch->count);
    double number = 0;
    if (rank == 1)
        return sketch->min;
    if (rank == sketch->count)
        return sketch->max;
    if (find_below(&sketch->below, &rank, &number) || rank <= sketch->zeros)
        return fmin(fmax(number, sketch->min), sketch->max);
    rank -= sketch->zeros;
    bool found = find_above(&sketch->above, &rank, &number);
    TV_ASSERT(found); /* the counts of the buckets are the sketch's count */
    return fmin(fmax(number, sketch->min), sketch->max);
}

size_t tv_sketch_bytes(const struct tv_sketch *sketch)
{
    return ((size_t)sketch->above.span + sketch->below.span) * sizeof(uint64_t);
}

static void put_double(struct tv_buf *out, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    tv_buf_put_u64(out, bits);
}

static void side_encode(const struct tv_sketch_side *side, struct tv_buf *out)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < side->span; i++)
        used += side->counts[i] > 0;
    tv_buf_put_varint(out, used);
    int32_t last = 0;
    bool first = true;
    for (uint32_t i = 0; i < side->span; i++) {
        int32_t bucket = side->low + (int32_t)i;
        if (side->counts[i] == 0)
            continue;
        tv_buf_put_varint(out, first ? tv_zigzag(bucket) : (uint64_t)(bucket - last - 1));
        tv_buf_put_varint(out, side->counts[i]);
        last = bucket;
        first = false;
    }
}

void tv_sketch_encode(const struct tv_sketch *sketch, struct tv_buf *out)
{
    tv_buf_put_varint(out, FORMAT_VERSION);
    tv_buf_put_varint(out, sketch->count);
    if (sketch->count == 0)
        return;
    put_double(out, sketch->min);
    put_double(out, sketch->max);
    tv_buf_put_varint(out, sketch->zeros);
    side_encode(&sketch->above, out);
    side_encode(&sketch->below, out);
}

static bool get_double(struct tv_reader *in, double *out)
{
    uint64_t bits;
    if (!tv_get_u64(in, &bits))
        return false;
    memcpy(out, &bits, sizeof(bits));
    return isfinite(*out);
}

/* One bucket's number and count; `index` counts from 0. */
static bool get_bucket(struct tv_reader *in, uint64_t index, int64_t *bucket, uint64_t *count)
{
    uint64_t step;
    if (!tv_get_varint(in, &step) || !tv_get_varint(in, count) || *count == 0)
        return false;
    if (index == 0)
        *bucket = tv_unzigzag(step);
    else if (step < TV_SKETCH_BUCKETS)
        *bucket += (int64_t)step + 1;
    else
        return false;
    return *bucket > -BUCKET_BOUND && *bucket < BUCKET_BOUND;
}

/* `left` is what the sketch's count leaves for this side; it shrinks by what is read. */
static bool side_decode(struct tv_reader *in, struct tv_sketch_side *side, uint64_t *left)
{
    uint64_t used;
    int64_t bucket = 0;
    int64_t first = 0;
    if (!tv_get_varint(in, &used) || used > TV_SKETCH_BUCKETS)
        return false;
    for (uint64_t i = 0; i < used; i++) {
        uint64_t count;
        if (!get_bucket(in, i, &bucket, &count) || count > *left)
            return false;
        if (i == 0)
            first = bucket;
        if (bucket - first >= TV_SKETCH_BUCKETS)
            return false;
        side_add(side, (int32_t)bucket, count);
        *left -= count;
    }
    return true;
}

/* All behind version and count. */
static bool decode_content(struct tv_reader *in, struct tv_sketch *out)
{
    if (!get_double(in, &out->min) || !get_double(in, &out->max) || out->min > out->max)
        return false;
    if (!tv_get_varint(in, &out->zeros) || out->zeros > out->count)
        return false;
    uint64_t left = out->count - out->zeros;
    return side_decode(in, &out->above, &left) && side_decode(in, &out->below, &left) && left == 0;
}

bool tv_sketch_decode(struct tv_reader *in, struct tv_sketch *out)
{
    struct tv_reader ahead = *in;
    struct tv_sketch sketch = {0};
    uint64_t version;
    if (!tv_get_varint(&ahead, &version) || version != FORMAT_VERSION ||
            !tv_get_varint(&ahead, &sketch.count) || sketch.count > COUNT_BOUND)
        return false;
    if (sketch.count > 0 && !decode_content(&ahead, &sketch)) {
        tv_sketch_release(&sketch);
        return false;
    }
    *in = ahead;
    *out = sketch;
    return true;
}

static uint32_t side_used(const struct tv_sketch_side *side)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < side->span; i++)
        used += side->counts[i] > 0;
    return used;
}

uint32_t tv_sketch_used(const struct tv_sketch *sketch)
{
    return side_used(&sketch->above) + side_used(&sketch->below);
}

static uint32_t side_spread(const struct tv_sketch_side *side, int32_t *buckets, uint64_t *counts)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < side->span; i++) {
        if (side->counts[i] == 0)
            continue;
        buckets[used] = side->low + (int32_t)i;
        counts[used++] = side->counts[i];
    }
    return used;
}

void tv_sketch_spread(const struct tv_sketch *sketch, int32_t *buckets, uint64_t *counts,
        struct tv_sketch_flat *out)
{
    *out = (struct tv_sketch_flat){.count = sketch->count,
            .zeros = sketch->zeros,
            .min = sketch->min,
            .max = sketch->max,
            .buckets = buckets,
            .counts = counts};
    out->above = side_spread(&sketch->above, buckets, counts);
    out->below = side_spread(&sketch->below, buckets + out->above, counts + out->above);
}

/* Whether buckets and counts can be those of one side; adds the counts up. */
static bool is_side(const int32_t *buckets, const uint64_t *counts, uint32_t used, uint64_t *sum)
{
    for (uint32_t i = 0; i < used; i++) {
        if (counts[i] == 0 || counts[i] > COUNT_BOUND || buckets[i] <= -BUCKET_BOUND ||
                buckets[i] >= BUCKET_BOUND || (i > 0 && buckets[i] <= buckets[i - 1]) ||
                buckets[i] - buckets[0] >= TV_SKETCH_BUCKETS)
            return false;
        *sum += counts[i];
    }
    return true;
}

/* From the highest on, so that the array is widened once. */
static void side_put(
        struct tv_sketch_side *side, const int32_t *buckets, const uint64_t *counts, uint32_t used)
{
    if (used == 0)
        return;
    side_add(side, buckets[used - 1], counts[used - 1]);
    side_add(side, buckets[0], counts[0] * (used > 1));
    bool inside = buckets[0] >= side->low;
    for (uint32_t i = 1; i + 1 < used && inside; i++)
        side->counts[buckets[i] - side->low] += counts[i];
    for (uint32_t i = used - 1; i > 1 && !inside; i--)
        side_add(side, buckets[i - 1], counts[i - 1]);
}

bool tv_sketch_merge_flat(struct tv_sketch *into, const struct tv_sketch_flat *from)
{
    uint64_t sum = from->zeros;
    if (from->zeros > COUNT_BOUND || from->count > COUNT_BOUND || from->above > TV_SKETCH_BUCKETS ||
            from->below > TV_SKETCH_BUCKETS ||
            !is_side(from->buckets, from->counts, from->above, &sum) ||
            !is_side(from->buckets + from->above, from->counts + from->above, from->below, &sum) ||
            sum != from->count)
        return false;
    if (from->count == 0)
        return true;
    if (!isfinite(from->min) || !isfinite(from->max) || from->min > from->max)
        return false;
    side_put(&into->above, from->buckets, from->counts, from->above);
    side_put(&into->below, from->buckets + from->above, from->counts + from->above, from->below);
    widen(into, from->min, from->max);
    into->zeros += from->zeros;
    into->count += from->count;
    return true;
}
