/* SPDX-License-Identifier: Apache-2.0 */
/* The set of suspects: a hash table by key over an array in the group's order. */
#include "store/suspects.h"

#include "base/mem.h"
#include "store/filter.h"
#include "store/key.h"
#include "store/view.h"

#include <stdlib.h>

#define NO_HEAD UINT64_MAX
/* How far back duplicates are looked for, counted in arrivals: what the table can remember, twice
 * over, since not every event has a key. */
#define HORIZON_EVENTS (UINT64_C(16) << 20)

void tv_suspects_add(struct tv_suspects *suspects, struct tv_suspect suspect)
{
    if (suspects->count == suspects->cap) {
        suspects->cap = tv_grown(suspects->cap, suspects->count + 1, 64);
        suspects->items =
                tv_realloc_array(suspects->items, suspects->cap, sizeof(*suspects->items));
    }
    suspects->items[suspects->count++] = suspect;
    suspects->open++;
}

void tv_suspects_index(struct tv_suspects *suspects)
{
    suspects->slot_count = 64;
    while (suspects->slot_count < suspects->count * 2)
        suspects->slot_count *= 2;
    suspects->slots = tv_calloc(suspects->slot_count, sizeof(*suspects->slots));
    suspects->heads = tv_calloc(suspects->count, sizeof(*suspects->heads));
    for (size_t i = 0; i < suspects->count; i++) {
        size_t at = (suspects->items[i].key >> 8) & (suspects->slot_count - 1);
        while (suspects->slots[at])
            at = (at + 1) & (suspects->slot_count - 1);
        suspects->slots[at] = (uint32_t)i + 1;
        suspects->heads[i] = NO_HEAD;
    }
}

/* The next item with this key from a place in the slots on, or NULL; moves the place behind it. */
static struct tv_suspect *next_with(const struct tv_suspects *suspects, uint64_t key, size_t *place)
{
    size_t mask = suspects->slot_count - 1;
    for (size_t at = *place & mask; suspects->slots[at]; at = (at + 1) & mask) {
        struct tv_suspect *item = &suspects->items[suspects->slots[at] - 1];
        if (item->key == key) {
            *place = at + 1;
            return item;
        }
    }
    return NULL;
}

static void confirm(struct tv_suspects *suspects, struct tv_suspect *item)
{
    suspects->open -= !item->confirmed;
    item->confirmed = true;
}

void tv_suspects_meet_own(struct tv_suspects *suspects, uint64_t key, uint32_t batch, uint32_t row)
{
    struct tv_batch *const *batches = suspects->batches;
    struct tv_suspect *item = NULL;
    for (size_t place = key >> 8; (item = next_with(suspects, key, &place));) {
        uint64_t *head = &suspects->heads[item - suspects->items];
        bool self = item->batch == batch && item->row == row;
        if (*head == NO_HEAD)
            *head = (uint64_t)batch << 32 | row;
        uint32_t head_batch = (uint32_t)(*head >> 32), head_row = (uint32_t)*head;
        bool later = head_batch != batch || head_row != row;
        if (self && later && tv_key_equal(batches[head_batch], head_row, batches[batch], row))
            confirm(suspects, item);
    }
}

/* Rows of something stored. */
static void meet_stored(struct tv_suspects *suspects, const struct tv_batch *stored,
        struct tv_batch *const *batches, struct tv_arena *scratch)
{
    uint64_t *keys = tv_arena_alloc(scratch, stored->rows * sizeof(*keys) + 1);
    tv_keys_of(stored, keys);
    for (uint32_t row = 0; row < stored->rows; row++) {
        struct tv_suspect *item = NULL;
        if (keys[row] == 0)
            continue;
        for (size_t place = keys[row] >> 8; (item = next_with(suspects, keys[row], &place));)
            if (!item->confirmed && tv_key_equal(stored, row, batches[item->batch], item->row))
                confirm(suspects, item);
    }
}

static void meet_level0(struct tv_suspects *suspects, const struct tv_snapshot *snapshot,
        struct tv_batch *const *batches)
{
    for (size_t i = snapshot->level0_count; i-- > 0 && suspects->open;) {
        const struct tv_level0 *level0 = snapshot->level0[i];
        for (size_t k = 0; k < level0->count && suspects->open; k++) {
            struct tv_arena scratch = {0};
            meet_stored(suspects, level0->parts[k].batch, batches, &scratch);
            tv_arena_release(&scratch);
        }
    }
}

/* Whether the time of any suspect lies in the segment. */
static bool is_around(const struct tv_suspects *suspects, const struct tv_extent *extent,
        struct tv_batch *const *batches)
{
    for (size_t i = 0; i < suspects->count; i++) {
        const struct tv_suspect *item = &suspects->items[i];
        int64_t time = tv_batch_i64(batches[item->batch], TV_FIELD_TIME)[item->row];
        if (!item->confirmed && time >= extent->min_time && time <= extent->max_time)
            return true;
    }
    return false;
}

/* Whether a suspect's event id may be in the segment's filter. Spans are keyed with their time, so
 * the pass around their time has found them. */
static bool may_hold(const struct tv_suspects *suspects, const uint8_t *filter, size_t bytes,
        struct tv_batch *const *batches)
{
    for (size_t i = 0; i < suspects->count; i++) {
        const struct tv_suspect *item = &suspects->items[i];
        struct tv_str id = tv_batch_text(batches[item->batch], TV_FIELD_EVENT_ID, item->row);
        if (item->confirmed || !id.ptr)
            continue;
        uint64_t key = tv_filter_event_key(id);
        if (tv_filter_may_hold(filter + tv_filter_block(bytes, key), key))
            return true;
    }
    return false;
}

static enum tv_status filter_holds(const struct tv_suspects *suspects, const struct tv_db *db,
        const struct tv_segment *segment, struct tv_batch *const *batches, bool *out)
{
    const struct tv_block *block = &segment->filters[TV_FILTER_EVENT];
    *out = false;
    if (block->bytes == 0)
        return TV_OK;
    uint8_t *filter = tv_malloc(block->bytes);
    struct tv_run run = {block->offset, block->bytes};
    enum tv_status status = tv_run_read(db, segment, run, filter, NULL);
    *out = status == TV_OK && may_hold(suspects, filter, block->bytes, batches);
    free(filter);
    return status;
}

static enum tv_status meet_segment(struct tv_suspects *suspects, const struct tv_db *db,
        struct tv_segment *segment, struct tv_batch *const *batches, struct tv_error *err)
{
    struct tv_view view;
    struct tv_arena scratch = {0};
    struct tv_scan_columns columns = {.fields = tv_key_fields()};
    tv_view_init(&view, segment);
    enum tv_status status = tv_view_load(&view, db, &columns, err);
    if (status == TV_OK)
        meet_stored(suspects, view.batch, batches, &scratch);
    tv_arena_release(&scratch);
    tv_view_release(&view);
    /* What cannot be read cannot confirm: the event is kept. */
    return status == TV_CORRUPT ? TV_OK : status;
}

/* Newest first: around the suspects' times, or where a filter says so. */
static enum tv_status meet_segments(struct tv_suspects *suspects,
        const struct tv_snapshot *snapshot, const struct tv_db *db, bool around,
        struct tv_error *err)
{
    struct tv_batch *const *batches = suspects->batches;
    enum tv_status status = TV_OK;
    uint64_t newest = snapshot->extent.max_arrival;
    for (size_t i = snapshot->segments->count; i-- > 0 && suspects->open && status == TV_OK;) {
        struct tv_segment *segment = snapshot->segments->items[i];
        const struct tv_extent *extent = &segment->extent;
        bool wanted = is_around(suspects, extent, batches);
        if (atomic_load(&segment->corrupt) || extent->max_arrival + HORIZON_EVENTS < newest ||
                wanted != around)
            continue;
        if (!around)
            status = filter_holds(suspects, db, segment, batches, &wanted);
        if (status == TV_OK && wanted)
            status = meet_segment(suspects, db, segment, batches, err);
    }
    return status;
}

enum tv_status tv_suspects_confirm(
        struct tv_suspects *suspects, struct tv_snapshot *snapshot, struct tv_error *err)
{
    struct tv_db db = {0};
    meet_level0(suspects, snapshot, suspects->batches);
    if (suspects->open == 0 || snapshot->segments->count == 0)
        return TV_OK;
    enum tv_status status = tv_pool_take(snapshot->store, &db, err);
    if (status == TV_OK)
        status = meet_segments(suspects, snapshot, &db, true, err);
    if (status == TV_OK && suspects->open)
        status = meet_segments(suspects, snapshot, &db, false, err);
    tv_pool_put(snapshot->store, &db);
    return status;
}

void tv_suspects_release(struct tv_suspects *suspects)
{
    free(suspects->items);
    free(suspects->slots);
    free(suspects->heads);
    *suspects = (struct tv_suspects){0};
}
