/* SPDX-License-Identifier: Apache-2.0 */
/* Frames kept in the file: traffic of stretches of buckets that have long ended, computed once.
 *
 * A kept frame holds for a question when all that it was computed from is among the arrivals asked for,
 * and nothing that came later among them matters to its buckets. The first later arrival that does is
 * noted (`stale`), so the frame still answers AS OF anything before it. Of a stretch the first
 * frame is kept for good, and the newest one.
 *
 * The loop owns the list. It is copied when frames come or go; marks are set in place, since a mark
 * tells of an arrival that no snapshot taken before has. */
#ifndef TV_STORE_FRAMES_H
#define TV_STORE_FRAMES_H

#include "store/frame.h"
#include "store/store_internal.h"

enum { TV_FRAME_BUCKETS_MAX = 30 /* of one stretch */ };

struct tv_kept_frame {
    int64_t id; /* of its row */
    int64_t bucket;
    uint32_t buckets;
    bool first;                 /* of its stretch */
    uint64_t known;             /* arrivals up to here were there when it was computed */
    uint64_t used;              /* the highest of them that matters to it */
    atomic_uint_fast64_t stale; /* the first later one that does; UINT64_MAX: none */
    bool told;                  /* `stale` is in the file */
    int64_t marked_ns;          /* monotonic: when it became stale; 0: before the start */
    uint32_t bytes;
};

struct tv_kept_list {
    atomic_uint refs;
    size_t count, cap;
    struct tv_kept_frame *items; /* by bucket, then id */
};

struct tv_kept_list *tv_kept_ref(struct tv_kept_list *list);
void tv_kept_unref(struct tv_kept_list *list);

/* Loop. Reads the table, then marks what level 0 makes stale. */
TV_CHECKED enum tv_status tv_kept_load(
        struct tv_store *store, const struct tv_db *db, struct tv_error *err);
/* Marks the frames that events of level 0 matter to, of arrivals beyond what each knows. */
void tv_kept_note(struct tv_store *store, const struct tv_level0 *level0);
/* Replaces the list by one with `fresh` (copied) and without those of `gone` ids. */
void tv_kept_change(struct tv_store *store, const struct tv_kept_frame *fresh, size_t fresh_count,
        const int64_t *gone, size_t gone_count);
/* The first frame that may reach the bucket. */
size_t tv_kept_near(const struct tv_kept_list *list, int64_t bucket);
/* Ids of the frames that events of the extent matter to; owned by the caller. */
int64_t *tv_kept_touched(
        const struct tv_store *store, const struct tv_extent *extent, size_t *count);

/* Marks that the file does not have yet: they go into the transaction that turns level 0, from which
 * they could be worked out again, into segments. */
struct tv_kept_mark {
    int64_t id;
    uint64_t stale;
};
struct tv_kept_mark *tv_kept_untold(const struct tv_store *store, size_t *count);
void tv_kept_told(struct tv_store *store, const struct tv_kept_mark *marks, size_t count);

/* There are other segments than before: there may be frames to make. */
void tv_frames_wake(struct tv_store *store);
/* New events, perhaps where few were before: frames are looked for from there on. */
void tv_frames_reopen(struct tv_store *store, const struct tv_level0 *level0);

/* The buckets that an event may matter to. */
struct tv_reach {
    int64_t from, to;
};
static inline struct tv_reach tv_frame_reach(int64_t time, int64_t end)
{
    int64_t from = tv_frame_bucket(time);
    int64_t last = tv_frame_bucket(end) + 1;
    int64_t halves = from + TV_START_TIMEOUT_NS / TV_FRAME_NS;
    return (struct tv_reach){from, last > halves ? last : halves};
}

#endif
