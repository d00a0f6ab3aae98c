/* SPDX-License-Identifier: Apache-2.0 */
/* The hash map: a dense array of entries in order of insertion, and a table of slots that point
 * into it (the layout of CPython's dict, Hettinger 2012).
 *
 * Slots are probed linearly and at most half full. Each holds half of its key's hash, so a probe
 * that misses seldom touches an entry. Growing the table moves slots of eight bytes by stored
 * hashes and never reads a key. Entries are not removed: the maps of this program live as long as
 * a batch or a query. Keys come from outside, so the hash is seeded per process; nobody can
 * prepare a body whose keys all fall into one slot. */
#include "base/map.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/secret.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { ENTRIES_MIN = 8, SLOTS_MIN = 16 };

static uint64_t seed(void)
{
    static _Atomic uint64_t shared;
    uint64_t value = atomic_load_explicit(&shared, memory_order_relaxed);
    if (value != 0)
        return value;
    uint64_t fresh = 0;
    tv_secret_random((uint8_t *)&fresh, sizeof(fresh));
    fresh |= 1;
    /* Of two threads that come here at once the first decides, and the other learns its value. */
    if (atomic_compare_exchange_strong(&shared, &value, fresh))
        return fresh;
    return value;
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

void tv_map_release(struct tv_map *map)
{
    free(map->entries);
    free(map->slots);
    *map = (struct tv_map){0};
}

/* The slot that holds the key, or the free one where it belongs. */
static struct tv_map_slot *find(const struct tv_map *map, struct tv_str key, uint64_t hash)
{
    size_t mask = map->slot_count - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        struct tv_map_slot *slot = &map->slots[at];
        if (slot->entry == 0)
            return slot;
        if (slot->tag == tag_of(hash) && tv_str_equal(map->entries[slot->entry - 1].key, key))
            return slot;
    }
}

static void grow_slots(struct tv_map *map)
{
    size_t count = map->slot_count ? map->slot_count * 2 : SLOTS_MIN;
    TV_ASSERT(count / 2 < UINT32_MAX);
    free(map->slots);
    map->slots = tv_calloc(count, sizeof(*map->slots));
    map->slot_count = count;
    for (size_t i = 0; i < map->count; i++) {
        uint64_t hash = map->entries[i].hash;
        size_t at = hash & (count - 1);
        while (map->slots[at].entry != 0)
            at = (at + 1) & (count - 1);
        map->slots[at] = (struct tv_map_slot){(uint32_t)i + 1, tag_of(hash)};
    }
}

uint64_t *tv_map_get(const struct tv_map *map, struct tv_str key)
{
    if (map->count == 0)
        return NULL;
    const struct tv_map_slot *slot = find(map, key, tv_hash64_seeded(key.ptr, key.len, seed()));
    return slot->entry ? &map->entries[slot->entry - 1].value : NULL;
}

/* tv_map_put; a new key is copied into the arena where there is one. */
static uint64_t *put(struct tv_map *map, struct tv_arena *arena, struct tv_str key, bool *added)
{
    if ((map->count + 1) * 2 > map->slot_count)
        grow_slots(map);
    uint64_t hash = tv_hash64_seeded(key.ptr, key.len, seed());
    struct tv_map_slot *slot = find(map, key, hash);
    if (added)
        *added = slot->entry == 0;
    if (slot->entry != 0)
        return &map->entries[slot->entry - 1].value;
    if (map->count == map->cap) {
        map->cap = tv_grown(map->cap, map->count + 1, ENTRIES_MIN);
        map->entries = tv_realloc_array(map->entries, map->cap, sizeof(*map->entries));
    }
    struct tv_map_entry *entry = &map->entries[map->count++];
    *entry = (struct tv_map_entry){arena ? tv_arena_str(arena, key) : key, hash, 0};
    *slot = (struct tv_map_slot){(uint32_t)map->count, tag_of(hash)};
    return &entry->value;
}

uint64_t *tv_map_put(struct tv_map *map, struct tv_str key, bool *added)
{
    return put(map, NULL, key, added);
}

uint64_t *tv_map_put_copy(
        struct tv_map *map, struct tv_arena *arena, struct tv_str key, bool *added)
{
    return put(map, arena, key, added);
}
