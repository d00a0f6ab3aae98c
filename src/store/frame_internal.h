/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that compute traffic share. */
#ifndef TV_STORE_FRAME_INTERNAL_H
#define TV_STORE_FRAME_INTERNAL_H

#include "store/frame.h"

/* A span that ended in the bucket before: it may be a parent. */
struct tv_frame_before {
    uint64_t key, parent;
    uint32_t service;
};

/* A span of more than TV_START_TIMEOUT_NS: may be a parent in any bucket that it touches, and stands
 * in the table of none but its last. */
struct tv_frame_long {
    struct tv_span_event event;
    int64_t end;
};

/* A bucket that is not worked out yet. */
struct tv_frame_work {
    struct tv_spans spans;
    struct tv_frame_before *before;
    size_t before_count, before_cap;
};

struct tv_frame_builder {
    struct tv_frame_range range;
    struct tv_frame *frames; /* borrowed */
    bool one_frame;
    bool starts; /* while rows of the second scan are taken */
    struct tv_frame_names *names;
    int64_t first, last; /* buckets */
    int64_t open_from;   /* buckets before it are worked out */
    struct tv_frame_work *works;
    size_t work_count, work_cap;
    struct tv_frame_long *longs;
    size_t long_count, long_cap;
    struct tv_frame_open *open;
    size_t open_count, open_cap;
    struct tv_arena scratch; /* of one batch */
};

struct tv_frame *tv_frame_of_bucket(struct tv_frame_builder *builder, int64_t bucket);
/* Sends an event with a key to the buckets that it matters to. */
void tv_frame_put_span(struct tv_frame_builder *builder, const struct tv_span_event *event);
/* From a bucket's spans to requests, calls and, in the last bucket, open requests. */
void tv_frame_work_out(
        struct tv_frame_builder *builder, struct tv_frame_work *work, int64_t bucket);

#endif
