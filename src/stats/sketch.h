/* SPDX-License-Identifier: Apache-2.0 */
/* A sketch of many numbers, from which quantiles are read with a bounded relative error.
 *
 * Numbers fall into buckets whose borders grow by a constant factor, so whatever is answered out of a
 * bucket is within TV_SKETCH_ACCURACY of the true value. Sketches of parts merge into exactly the
 * sketch of the whole, in any order. At most TV_SKETCH_BUCKETS are kept on either side of zero: past
 * that the numbers nearest to zero share one bucket, and only they lose the bound.
 *
 * A sketch is embedded; zero-initialised is empty. It belongs to one thread at a time.
 *
 *     struct tv_sketch sketch = {0};
 *     tv_sketch_add(&sketch, 12.5);
 *     double p95 = tv_sketch_at(&sketch, tv_nearest_rank(sketch.count, 95));
 *     tv_sketch_release(&sketch);
 */
#ifndef TV_STATS_SKETCH_H
#define TV_STATS_SKETCH_H

#include "base/buf.h"

/* The greatest relative error of an answer. */
#define TV_SKETCH_ACCURACY 0.01

/* Buckets on one side of zero; they span a factor of 10^17. */
enum { TV_SKETCH_BUCKETS = 2048 };

/* The buckets of the numbers on one side of zero. */
struct tv_sketch_side {
    uint64_t *counts; /* of the buckets low … low + span − 1 */
    int32_t low, top; /* top: the highest bucket that is not empty */
    uint32_t span;
};

struct tv_sketch {
    uint64_t count, zeros;
    double min, max; /* exact; 0 while count is 0 */
    struct tv_sketch_side above, below;
};

/* Leaves the sketch empty and usable. */
void tv_sketch_release(struct tv_sketch *sketch);
/* Takes a number in. What is not finite is left out; what is nearer to zero than any normal double is
 * a zero. */
void tv_sketch_add(struct tv_sketch *sketch, double number);
/* Adds all of `from` to `into`; they are two sketches. */
void tv_sketch_merge(struct tv_sketch *into, const struct tv_sketch *from);
/* The number of the given rank, 1 (the least) … count. */
double tv_sketch_at(const struct tv_sketch *sketch, uint64_t rank);
/* Memory held beside the struct. */
size_t tv_sketch_bytes(const struct tv_sketch *sketch);

/* Appends the sketch: varints, two for each bucket that is not empty. Equal content gives equal bytes. */
void tv_sketch_encode(const struct tv_sketch *sketch, struct tv_buf *out);
/* Reads what encode wrote into *out (overwritten, owned by the caller). False for bytes that no encode
 * wrote; *out and the reader are then as they were. */
TV_CHECKED bool tv_sketch_decode(struct tv_reader *in, struct tv_sketch *out);

/* A sketch spread out, for those who keep many of them in columns. Buckets of the numbers above zero come
 * first, then of those below; of each side ascending. */
struct tv_sketch_flat {
    uint64_t count, zeros;
    double min, max;
    uint32_t above, below;  /* buckets of each side that are not empty */
    const int32_t *buckets; /* above + below of them, borrowed */
    const uint64_t *counts;
};

/* How many buckets are not empty, and those, in the order above; room for all of them in both. */
uint32_t tv_sketch_used(const struct tv_sketch *sketch);
void tv_sketch_spread(const struct tv_sketch *sketch, int32_t *buckets, uint64_t *counts,
        struct tv_sketch_flat *out);
/* Adds all of `from`. False, and nothing is added, where no sketch spreads out to that. */
TV_CHECKED bool tv_sketch_merge_flat(struct tv_sketch *into, const struct tv_sketch_flat *from);

/* The rank of a quantile: the least such that `per_cent` of `count` numbers lie at or below it. At
 * least 1; per_cent ≤ 100. */
static inline uint64_t tv_nearest_rank(uint64_t count, unsigned per_cent)
{
    uint64_t rank = count / 100 * per_cent + (count % 100 * per_cent + 99) / 100;
    return rank > 0 ? rank : 1;
}

#endif
