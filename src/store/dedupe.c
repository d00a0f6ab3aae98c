/* SPDX-License-Identifier: Apache-2.0 */
/* The table of fingerprints.
 *
 * A generation is 4,096 regions of equal size; a key's upper 12 bits choose its region, its lower 32
 * are what is stored there, by linear probing. So 44 bits tell keys apart at four bytes a slot: among
 * eight million keys one look-up in two million is a false alarm, which costs a reading to find out.
 * Fingerprints alone suffice to grow, since a region grows in its place: all regions double together
 * once one of them is three quarters full. (A table indexed by the fingerprint itself would have 32
 * bits to tell by: a thousand false alarms a second at full ingest.) */
#include "store/dedupe.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

enum { REGIONS = 4096, REGION_SLOTS_MIN = 16, GENERATION_KEYS_MAX = 4 << 20, GENERATIONS = 2 };

#define GENERATION_AGE_NS (10 * TV_NS_PER_MIN)

struct generation {
    uint32_t *slots; /* 0 is free */
    uint32_t region_slots;
    uint16_t used[REGIONS];
    size_t keys;
    int64_t born_ns;
};

struct tv_dedupe {
    struct generation generations[GENERATIONS]; /* the younger first */
};

static uint32_t region_of(uint64_t key)
{
    return (uint32_t)(key >> 52);
}

static uint32_t print_of(uint64_t key)
{
    uint32_t print = (uint32_t)key;
    return print ? print : 1;
}

static uint32_t *region_at(const struct generation *generation, uint32_t region)
{
    return generation->slots + (size_t)region * generation->region_slots;
}

/* The slot of the print in a region of `size`, or the free one where it belongs. */
static uint32_t *probe(uint32_t *region, uint32_t size, uint32_t print)
{
    uint32_t at = print & (size - 1);
    while (region[at] != 0 && region[at] != print)
        at = (at + 1) & (size - 1);
    return &region[at];
}

static void grow(struct generation *generation)
{
    uint32_t size = generation->region_slots;
    uint32_t larger = size ? size * 2 : REGION_SLOTS_MIN;
    TV_ASSERT(larger <= UINT16_MAX);
    uint32_t *slots = tv_calloc((size_t)REGIONS * larger, sizeof(*slots));
    for (uint32_t region = 0; region < REGIONS && size; region++) {
        uint32_t *from = region_at(generation, region);
        for (uint32_t i = 0; i < size; i++)
            if (from[i] != 0)
                *probe(slots + (size_t)region * larger, larger, from[i]) = from[i];
    }
    free(generation->slots);
    generation->slots = slots;
    generation->region_slots = larger;
}

static bool holds(const struct generation *generation, uint64_t key)
{
    if (generation->keys == 0)
        return false;
    uint32_t *region = region_at(generation, region_of(key));
    return *probe(region, generation->region_slots, print_of(key)) != 0;
}

static void add(struct generation *generation, uint64_t key)
{
    uint16_t *used = &generation->used[region_of(key)];
    if (*used >= generation->region_slots / 4 * 3)
        grow(generation);
    *probe(region_at(generation, region_of(key)), generation->region_slots, print_of(key)) =
            print_of(key);
    (*used)++;
    generation->keys++;
}

/* Forgets the elder generation and begins a new one. */
static void turn(struct tv_dedupe *dedupe, int64_t now_ns)
{
    free(dedupe->generations[1].slots);
    dedupe->generations[1] = dedupe->generations[0];
    dedupe->generations[0] = (struct generation){.born_ns = now_ns};
}

struct tv_dedupe *tv_dedupe_new(void)
{
    return tv_calloc(1, sizeof(struct tv_dedupe));
}

void tv_dedupe_free(struct tv_dedupe *dedupe)
{
    if (!dedupe)
        return;
    for (int i = 0; i < GENERATIONS; i++)
        free(dedupe->generations[i].slots);
    free(dedupe);
}

bool tv_dedupe_seen(struct tv_dedupe *dedupe, uint64_t key, int64_t now_ns)
{
    struct generation *young = &dedupe->generations[0];
    if (young->keys == 0)
        young->born_ns = now_ns;
    if (holds(young, key))
        return true;
    bool elder = holds(&dedupe->generations[1], key);
    if (young->keys >= GENERATION_KEYS_MAX ||
            (young->keys > 0 && now_ns - young->born_ns > GENERATION_AGE_NS))
        turn(dedupe, now_ns);
    add(young, key);
    return elder;
}

void tv_dedupe_prefetch(const struct tv_dedupe *dedupe, uint64_t key)
{
    for (int i = 0; i < GENERATIONS; i++) {
        const struct generation *generation = &dedupe->generations[i];
        if (generation->keys)
            __builtin_prefetch(region_at(generation, region_of(key)) +
                    (print_of(key) & (generation->region_slots - 1)));
    }
}

size_t tv_dedupe_keys(const struct tv_dedupe *dedupe)
{
    return dedupe->generations[0].keys + dedupe->generations[1].keys;
}

size_t tv_dedupe_bytes(const struct tv_dedupe *dedupe)
{
    size_t slots =
            (size_t)dedupe->generations[0].region_slots + dedupe->generations[1].region_slots;
    return slots * REGIONS * sizeof(uint32_t) + sizeof(*dedupe);
}
