/* SPDX-License-Identifier: Apache-2.0 */
/* Level 0: what one commit wrote, as batches in memory and as one payload on disk (FORMAT.md).
 *
 * Immutable once published and shared by counting references: the store's list, snapshots and a
 * compaction hold it at once. Arrival numbers follow each other inside a part. */
#ifndef TV_STORE_LEVEL0_H
#define TV_STORE_LEVEL0_H

#include "base/buf.h"
#include "store/extent.h"

#include <stdatomic.h>

struct tv_level0_part {
    struct tv_batch *batch; /* one reference */
    struct tv_extent extent;
};

struct tv_level0 {
    atomic_uint refs;
    int64_t id; /* of its row in the file */
    struct tv_level0_part *parts;
    size_t count;
    struct tv_extent extent;
    size_t bytes;           /* in memory */
    uint64_t payload_bytes; /* on disk */
    int64_t born_ns;        /* monotonic */
};

/* Takes one reference of each batch (with arrival numbers and receive times, none empty). Owned by
 * the caller, one reference. */
struct tv_level0 *tv_level0_new(int64_t id, struct tv_batch *const *batches, size_t count);
struct tv_level0 *tv_level0_ref(struct tv_level0 *level0);
void tv_level0_unref(struct tv_level0 *level0);

/* Appends the payload of the batches, checksum first. */
void tv_level0_encode(struct tv_batch *const *batches, size_t count, struct tv_buf *out);
/* The way back; TV_CORRUPT if anything in it is wrong. *out is owned, one reference. */
TV_CHECKED enum tv_status tv_level0_decode(
        int64_t id, struct tv_str payload, struct tv_level0 **out);

#endif
