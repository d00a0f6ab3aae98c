/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of several batches to one columnar segment. Pure: needs no store. */
#ifndef TV_STORE_ENCODE_H
#define TV_STORE_ENCODE_H

#include "store/segment.h"

/* A row and what it is sorted by. */
struct tv_build_row {
    int64_t time;
    uint64_t arrival;
    uint32_t batch, row;
};

struct tv_build {
    struct tv_batch *const *batches;
    size_t batch_count;
    const struct tv_build_row *rows; /* sorted; at most TV_SEGMENT_ROWS_MAX */
    uint32_t count;
};

/* All rows of the batches, sorted by time, then arrival. Owned by the caller; *count of them. */
struct tv_build_row *tv_build_sorted(
        struct tv_batch *const *batches, size_t batch_count, size_t *count);

/* Appends the payload, and gives the segment (without id), owned by the caller. */
void tv_segment_encode(
        const struct tv_build *build, struct tv_buf *payload, struct tv_segment **out);

#endif
