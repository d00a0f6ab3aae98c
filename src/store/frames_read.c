/* SPDX-License-Identifier: Apache-2.0 */
/* Kept frames into a sum, and what is left to be computed from events.
 *
 * The last bucket of a range is never taken from a frame: whoever asks wants its open requests too, and
 * it seldom ends where its bucket does. A frame that has gone from the file since the snapshot was
 * taken, or is damaged, is computed from events like one that never was. */
#include "store/frames.h"

#include "base/mem.h"
#include "store/frame_code.h"

#include <stdlib.h>

struct reading {
    const struct tv_kept_list *list;
    const struct tv_frames_spec *spec;
    struct tv_frame *sum;
    struct tv_frame_runs *runs;
    struct tv_arena *arena;
    sqlite3_stmt *select;
    uint64_t arrival_to;
    size_t cap;
};

static bool holds(const struct reading *reading, const struct tv_kept_frame *frame)
{
    return frame->used <= reading->arrival_to && atomic_load(&frame->stale) > reading->arrival_to;
}

/* The longest frame that begins with the bucket, holds, and ends before `last`. */
static const struct tv_kept_frame *frame_at(
        const struct reading *reading, size_t *at, int64_t bucket, int64_t last)
{
    const struct tv_kept_list *list = reading->list;
    const struct tv_kept_frame *best = NULL;
    while (*at < list->count && list->items[*at].bucket < bucket)
        (*at)++;
    for (size_t i = *at; i < list->count && list->items[i].bucket == bucket; i++) {
        const struct tv_kept_frame *frame = &list->items[i];
        if (holds(reading, frame) && bucket + frame->buckets <= last &&
                (!best || frame->buckets >= best->buckets))
            best = frame;
    }
    return best;
}

/* False where the frame cannot be read. */
static bool add_frame(struct reading *reading, const struct tv_kept_frame *frame)
{
    bool good = false;
    (void)sqlite3_bind_int64(reading->select, 1, frame->id);
    if (sqlite3_step(reading->select) == SQLITE_ROW) {
        struct tv_str bytes = {sqlite3_column_blob(reading->select, 0),
                (size_t)sqlite3_column_bytes(reading->select, 0)};
        good = bytes.ptr && tv_frame_add(bytes, reading->sum) == TV_OK;
        reading->runs->bytes += bytes.len;
    }
    (void)sqlite3_reset(reading->select);
    return good;
}

/* A stretch for events; joined to the one before where they touch. */
static void add_run(struct reading *reading, int64_t from, int64_t to)
{
    struct tv_frame_runs *runs = reading->runs;
    if (runs->count && runs->items[runs->count - 1].to == from - 1) {
        runs->items[runs->count - 1].to = to;
        return;
    }
    if (runs->count == reading->cap) {
        reading->cap = reading->cap ? reading->cap * 2 : 8;
        runs->items = tv_arena_grow(
                reading->arena, runs->items, runs->count, reading->cap, sizeof(*runs->items));
    }
    runs->items[runs->count++] = (struct tv_frame_range){from, to};
}

static enum tv_status walk(struct reading *reading, struct tv_error *err)
{
    const struct tv_frame_range *range = &reading->spec->range;
    int64_t last = tv_frame_bucket(range->to);
    size_t at = 0;
    for (int64_t bucket = tv_frame_bucket(range->from); bucket <= last;) {
        enum tv_status status = tv_cancel_check(reading->spec->cancel);
        if (status != TV_OK)
            return tv_fail(err, status, "the reading was stopped");
        int64_t from = bucket * TV_FRAME_NS;
        const struct tv_kept_frame *frame =
                from >= range->from ? frame_at(reading, &at, bucket, last) : NULL;
        if (frame && add_frame(reading, frame)) {
            reading->runs->kept++;
            bucket += frame->buckets;
            continue;
        }
        int64_t to = from + TV_FRAME_NS - 1;
        add_run(reading, from > range->from ? from : range->from, to < range->to ? to : range->to);
        bucket++;
    }
    return TV_OK;
}

enum tv_status tv_frames_read(struct tv_snapshot *snapshot, const struct tv_frames_spec *spec,
        struct tv_frame *sum, struct tv_frame_runs *runs, struct tv_error *err)
{
    struct reading reading = {.list = snapshot->kept,
            .spec = spec,
            .sum = sum,
            .runs = runs,
            .arena = spec->arena,
            .arrival_to = spec->arrival_to};
    struct tv_db db = {0};
    *runs = (struct tv_frame_runs){0};
    if (snapshot->extent.rows && reading.arrival_to > snapshot->extent.max_arrival)
        reading.arrival_to = snapshot->extent.max_arrival;
    if (!snapshot->kept || snapshot->kept->count == 0 || !spec->kept) {
        add_run(&reading, spec->range.from, spec->range.to);
        return TV_OK;
    }
    enum tv_status status = tv_pool_take(snapshot->store, &db, err);
    if (status == TV_OK)
        status = tv_db_prepare(&db, "SELECT data FROM frame WHERE id = ?1", &reading.select, err);
    if (status == TV_OK)
        status = walk(&reading, err);
    (void)sqlite3_finalize(reading.select);
    tv_pool_put(snapshot->store, &db);
    return status;
}
