/* SPDX-License-Identifier: Apache-2.0 */
/* The list of kept frames, and what makes them stale.
 *
 * An event that comes late matters to the bucket of its time, to those that it touches and the one
 * behind, and, in case it is half a request, to the six that wait for its other half. That reach is
 * taken for every event, whatever it is: a frame too many is computed anew, none too few.
 *
 * Marks are lost with the process, but what they tell follows from level 0, which is decoded at the
 * start anyway; so they go to the file only when level 0 becomes segments, in that transaction. */
#include "store/frames.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

static struct tv_kept_list *list_new(size_t cap)
{
    struct tv_kept_list *list = tv_calloc(1, sizeof(*list));
    atomic_init(&list->refs, 1);
    list->cap = cap;
    list->items = tv_calloc(cap + 1, sizeof(*list->items));
    return list;
}

struct tv_kept_list *tv_kept_ref(struct tv_kept_list *list)
{
    if (list)
        atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
    return list;
}

void tv_kept_unref(struct tv_kept_list *list)
{
    if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(list->items);
    free(list);
}

static void copy_frame(struct tv_kept_frame *to, const struct tv_kept_frame *from)
{
    *to = (struct tv_kept_frame){.id = from->id,
            .bucket = from->bucket,
            .buckets = from->buckets,
            .first = from->first,
            .known = from->known,
            .used = from->used,
            .told = from->told,
            .marked_ns = from->marked_ns,
            .bytes = from->bytes};
    atomic_init(&to->stale, atomic_load(&from->stale));
}

static int by_bucket(const void *left, const void *right)
{
    const struct tv_kept_frame *a = left, *b = right;
    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

static bool is_among(int64_t id, const int64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

void tv_kept_change(struct tv_store *store, const struct tv_kept_frame *fresh, size_t fresh_count,
        const int64_t *gone, size_t gone_count)
{
    struct tv_kept_list *before = store->kept;
    size_t held = before ? before->count : 0;
    struct tv_kept_list *after = list_new(held + fresh_count);
    for (size_t i = 0; i < held; i++) {
        if (!is_among(before->items[i].id, gone, gone_count))
            copy_frame(&after->items[after->count++], &before->items[i]);
        else
            store->stats.payload_bytes -= before->items[i].bytes;
    }
    for (size_t i = 0; i < fresh_count; i++) {
        copy_frame(&after->items[after->count++], &fresh[i]);
        store->stats.payload_bytes += fresh[i].bytes;
    }
    if (after->count)
        qsort(after->items, after->count, sizeof(*after->items), by_bucket);
    store->kept = after;
    tv_kept_unref(before);
    tv_store_lists_changed(store);
}

size_t tv_kept_near(const struct tv_kept_list *list, int64_t bucket)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->items[middle].bucket <= bucket - TV_FRAME_BUCKETS_MAX)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void mark(struct tv_kept_list *list, struct tv_reach reach, uint64_t arrival)
{
    for (size_t i = tv_kept_near(list, reach.from); i < list->count; i++) {
        struct tv_kept_frame *frame = &list->items[i];
        if (frame->bucket > reach.to)
            return;
        if (frame->bucket + frame->buckets <= reach.from || arrival <= frame->known ||
                arrival >= atomic_load(&frame->stale))
            continue;
        atomic_store(&frame->stale, arrival);
        frame->told = false;
        frame->marked_ns = tv_time_monotonic();
    }
}

void tv_kept_note(struct tv_store *store, const struct tv_level0 *level0)
{
    struct tv_kept_list *list = store->kept;
    if (!list || list->count == 0)
        return;
    const struct tv_kept_frame *newest = &list->items[list->count - 1];
    int64_t last = newest->bucket + TV_FRAME_BUCKETS_MAX;
    for (size_t i = 0; i < level0->count; i++) {
        const struct tv_batch *batch = level0->parts[i].batch;
        const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
        const int64_t *durations = tv_batch_i64(batch, TV_FIELD_DURATION);
        const uint64_t *arrivals = tv_batch_u64(batch, TV_FIELD_ARRIVAL);
        if (tv_frame_bucket(level0->parts[i].extent.min_time) > last)
            continue;
        for (uint32_t row = 0; row < batch->rows; row++) {
            int64_t end = durations ? tv_event_end(times[row], durations[row]) : times[row];
            mark(list, tv_frame_reach(times[row], end), arrivals[row]);
        }
    }
}

int64_t *tv_kept_touched(
        const struct tv_store *store, const struct tv_extent *extent, size_t *count)
{
    const struct tv_kept_list *list = store->kept;
    struct tv_reach reach = tv_frame_reach(extent->min_time, extent->max_end);
    int64_t *ids = tv_calloc(list->count + 1, sizeof(*ids));
    *count = 0;
    for (size_t i = tv_kept_near(list, reach.from); i < list->count; i++)
        if (list->items[i].bucket <= reach.to &&
                list->items[i].bucket + list->items[i].buckets > reach.from)
            ids[(*count)++] = list->items[i].id;
    return ids;
}

struct tv_kept_mark *tv_kept_untold(const struct tv_store *store, size_t *count)
{
    const struct tv_kept_list *list = store->kept;
    struct tv_kept_mark *marks = NULL;
    size_t cap = 0;
    *count = 0;
    for (size_t i = 0; list && i < list->count; i++) {
        const struct tv_kept_frame *frame = &list->items[i];
        if (frame->told || atomic_load(&frame->stale) == UINT64_MAX)
            continue;
        if (*count == cap) {
            cap = tv_grown(cap, cap + 1, 16);
            marks = tv_realloc_array(marks, cap, sizeof(*marks));
        }
        marks[(*count)++] = (struct tv_kept_mark){frame->id, atomic_load(&frame->stale)};
    }
    return marks;
}

void tv_kept_told(struct tv_store *store, const struct tv_kept_mark *marks, size_t count)
{
    for (size_t i = 0; i < store->kept->count; i++)
        for (size_t k = 0; k < count; k++)
            if (store->kept->items[i].id == marks[k].id &&
                    atomic_load(&store->kept->items[i].stale) == marks[k].stale)
                store->kept->items[i].told = true;
}

static struct tv_kept_frame read_row(sqlite3_stmt *row)
{
    struct tv_kept_frame frame = {.id = sqlite3_column_int64(row, 0),
            .bucket = sqlite3_column_int64(row, 1),
            .buckets = (uint32_t)sqlite3_column_int(row, 2),
            .first = sqlite3_column_int(row, 3) != 0,
            .known = (uint64_t)sqlite3_column_int64(row, 4),
            .used = (uint64_t)sqlite3_column_int64(row, 5),
            .told = true,
            .bytes = (uint32_t)sqlite3_column_int64(row, 7)};
    bool stale = sqlite3_column_type(row, 6) != SQLITE_NULL;
    atomic_init(&frame.stale, stale ? (uint64_t)sqlite3_column_int64(row, 6) : UINT64_MAX);
    return frame;
}

enum tv_status tv_kept_load(struct tv_store *store, const struct tv_db *db, struct tv_error *err)
{
    sqlite3_stmt *rows = NULL;
    struct tv_kept_frame *found = NULL;
    size_t count = 0, cap = 0;
    int64_t cursor = INT64_MIN;
    enum tv_status status = tv_db_prepare(db,
            "SELECT id, bucket, buckets, first, known, used, stale, length(data) FROM frame", &rows,
            err);
    if (status != TV_OK)
        return status;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        if (count == cap) {
            cap = tv_grown(cap, cap + 1, 256);
            found = tv_realloc_array(found, cap, sizeof(*found));
        }
        found[count] = read_row(rows);
        store->next_frame =
                found[count].id >= store->next_frame ? found[count].id + 1 : store->next_frame;
        count++;
    }
    (void)sqlite3_finalize(rows);
    tv_kept_change(store, found, count, NULL, 0);
    free(found);
    if (code != SQLITE_DONE)
        return tv_db_fail(db, code, "read", err);
    status = tv_db_int(db,
            "SELECT coalesce((SELECT value FROM counter WHERE name = 'framed'),"
            " -9223372036854775807)",
            &cursor, err);
    store->frame_cursor = cursor;
    for (size_t i = 0; i < store->level0_count; i++) {
        tv_kept_note(store, store->level0[i]);
        tv_frames_reopen(store, store->level0[i]);
    }
    return status;
}
