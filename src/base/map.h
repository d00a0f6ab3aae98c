/* SPDX-License-Identifier: Apache-2.0 */
/* A hash map from bytes to a 64-bit value: open addressing, linear probing, insertion order kept
 * in `entries`. Keys are borrowed unless tv_map_put_copy is used. Zero-initialised is empty.
 *
 *     for (size_t i = 0; i < map.count; i++)
 *         use(map.entries[i].key, map.entries[i].value);
 */
#ifndef TV_BASE_MAP_H
#define TV_BASE_MAP_H

#include "base/arena.h"

struct tv_map_entry {
    struct tv_str key;
    uint64_t hash; /* seeded per process: not for storing */
    uint64_t value;
};

struct tv_map_slot {
    uint32_t entry; /* index + 1 into entries; 0 is free */
    uint32_t tag;   /* the upper half of its hash */
};

struct tv_map {
    struct tv_map_entry *entries; /* in order of insertion */
    size_t count, cap;
    struct tv_map_slot *slots;
    size_t slot_count; /* a power of two */
};

/* Frees the tables (not borrowed keys). */
void tv_map_release(struct tv_map *map);
/* The entry's value, which may be changed in place, or NULL. Valid until the next put. */
uint64_t *tv_map_get(const struct tv_map *map, struct tv_str key);
/* The value of the key's entry, made with value 0 if there was none (then *added, if not NULL, is
 * true). The key is borrowed for the map's life. Valid until the next put. */
uint64_t *tv_map_put(struct tv_map *map, struct tv_str key, bool *added);
/* As tv_map_put, but a new key is copied into the arena first. */
uint64_t *tv_map_put_copy(
        struct tv_map *map, struct tv_arena *arena, struct tv_str key, bool *added);

#endif
