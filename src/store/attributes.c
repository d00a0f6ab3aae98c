/* SPDX-License-Identifier: Apache-2.0 */
/* Which attribute names the store knows, for SHOW fields and "did you mean". */
#include "store/store_internal.h"
#include "store/view.h"

#include <stdlib.h>

/* What is known of a name so far: its types as bits and in how many pieces it occurs. */
struct known {
    uint32_t types;
    uint64_t pieces;
};

struct gathering {
    struct tv_arena *arena;
    struct tv_map map; /* name → struct known in the arena */
};

static void note(struct gathering *gathering, struct tv_str name, uint32_t types)
{
    bool added = false;
    uint64_t *value = tv_map_put_copy(&gathering->map, gathering->arena, name, &added);
    if (added)
        *value = (uint64_t)(uintptr_t)tv_arena_calloc(gathering->arena, 1, sizeof(struct known));
    struct known *known = (struct known *)(uintptr_t)*value;
    known->types |= types;
    known->pieces++;
}

static void note_overflow(void *ctx, struct tv_str name, uint32_t types)
{
    note(ctx, name, types);
}

static void note_batch(struct gathering *gathering, const struct tv_batch *batch)
{
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        const struct tv_attr *attr = &batch->attrs[i];
        uint32_t types = 0;
        for (uint32_t k = 0; k < attr->count; k++)
            types |= 1u << attr->types[k];
        if (types)
            note(gathering, tv_strings_get(&batch->strings, attr->name), types);
    }
}

/* One type for an attribute that may have several: the one that holds all, text last. */
static enum tv_type type_of(uint32_t types)
{
    if (types & 1u << TV_TYPE_STR)
        return TV_TYPE_STR;
    if (types & 1u << TV_TYPE_JSON)
        return TV_TYPE_JSON;
    if (types & 1u << TV_TYPE_F64)
        return TV_TYPE_F64;
    return types & 1u << TV_TYPE_I64 ? TV_TYPE_I64 : TV_TYPE_BOOL;
}

static int by_name(const void *a, const void *b)
{
    return tv_str_compare(((const struct tv_known_attribute *)a)->name,
            ((const struct tv_known_attribute *)b)->name);
}

static enum tv_status note_segments(
        struct gathering *gathering, struct tv_snapshot *snapshot, struct tv_error *err)
{
    struct tv_db db = {0};
    enum tv_status status = TV_OK;
    for (size_t i = 0; i < snapshot->segments->count && status == TV_OK; i++) {
        struct tv_segment *segment = snapshot->segments->items[i];
        if (atomic_load(&segment->corrupt))
            continue;
        for (uint32_t k = 0; k < segment->attr_count; k++)
            note(gathering, segment->attrs[k].name, segment->attrs[k].column.types);
        if (segment->overflow_count == 0)
            continue;
        if (!db.sql)
            status = tv_pool_take(snapshot->store, &db, err);
        if (status == TV_OK)
            status = tv_view_overflow_names(&db, segment, note_overflow, gathering, err);
        if (status == TV_CORRUPT) {
            tv_store_set_aside(snapshot->store, segment);
            status = TV_OK;
        }
    }
    tv_pool_put(snapshot->store, &db);
    return status;
}

enum tv_status tv_snapshot_attributes(struct tv_snapshot *snapshot, struct tv_arena *arena,
        struct tv_known_attribute **out, size_t *count, struct tv_error *err)
{
    struct gathering gathering = {.arena = arena};
    for (size_t i = 0; i < snapshot->level0_count; i++)
        for (size_t k = 0; k < snapshot->level0[i]->count; k++)
            note_batch(&gathering, snapshot->level0[i]->parts[k].batch);
    enum tv_status status = note_segments(&gathering, snapshot, err);
    if (status == TV_OK) {
        *count = gathering.map.count;
        *out = tv_arena_calloc(arena, *count, sizeof(**out));
        for (size_t i = 0; i < *count; i++) {
            const struct tv_map_entry *entry = &gathering.map.entries[i];
            const struct known *known = (const struct known *)(uintptr_t)entry->value;
            (*out)[i] =
                    (struct tv_known_attribute){entry->key, type_of(known->types), known->pieces};
        }
        if (*count)
            qsort(*out, *count, sizeof(**out), by_name);
    }
    tv_map_release(&gathering.map);
    return status;
}
