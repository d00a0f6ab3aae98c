/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of a group for its quantiles: themselves while they are few, a sketch beyond. Private to
 * this room. */
#ifndef TV_TIMEQL_QUANTILE_H
#define TV_TIMEQL_QUANTILE_H

#include "stats/sketch.h"

/* Up to this many numbers of a group, its quantiles are exact. */
enum { TV_QUANTILE_EXACT = 1000 };

/* Zero-initialised is empty. */
struct tv_quantile {
    double *numbers; /* in any order; NULL once they are in the sketch */
    uint32_t count, cap;
    struct tv_sketch sketch;
};

void tv_quantile_release(struct tv_quantile *quantile);
/* Takes a number in, but for what is not finite. Returns by how many bytes it has grown, modulo 2^64 as
 * it may shrink, too. */
size_t tv_quantile_add(struct tv_quantile *quantile, double number);
/* Takes all numbers of a sketch in; answers are those of the sketch from then on, if it has any. */
void tv_quantile_merge(struct tv_quantile *quantile, const struct tv_sketch *sketch);
/* Whether answers are those of the sketch. */
bool tv_quantile_is_sketched(const struct tv_quantile *quantile);
/* The quantile by nearest rank; false if there are no numbers. Reorders them. */
TV_CHECKED bool tv_quantile_read(
        const struct tv_quantile *quantile, unsigned per_cent, double *out);
/* Memory held beside the struct. */
size_t tv_quantile_bytes(const struct tv_quantile *quantile);

#endif
