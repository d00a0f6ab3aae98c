/* SPDX-License-Identifier: Apache-2.0 */
/* The batch's table of texts: a dense array of texts by code, and a table of slots over the
 * interned ones.
 *
 * Interning is the hottest call of ingest (about a dozen an event), so it is made for texts of a
 * few bytes that were seen before. The hash reads a short text as two overlapping words and folds
 * one 128-bit product (the idea of wyhash, Wang Yi); a general hash costs twice as much in call
 * overhead alone. Slots are probed linearly, at most half full, and carry half of the hash, so that
 * the text itself is touched once, to confirm. Growing moves slots by that half and reads no text.
 *
 * Texts come from outside: the hash is seeded with random bits of the process, so that nobody can
 * prepare a body whose texts all fall into one slot. The seed never leaves the process; codes are
 * given in order of arrival and do not depend on it. */
#include "event/strings.h"

#include "base/hash.h"
#include "base/secret.h"

#include <stdatomic.h>

enum { ITEMS_MIN = 32, SLOTS_MIN = 64, SLOTS_SMALL_MAX = 4096 };

static uint64_t process_seed(void)
{
    static _Atomic uint64_t shared;
    uint64_t value = atomic_load_explicit(&shared, memory_order_relaxed);
    if (value != 0)
        return value;
    uint64_t fresh = 0;
    tv_secret_random((uint8_t *)&fresh, sizeof(fresh));
    fresh |= 1;
    /* Of two threads that come here at once the first decides, and the other learns its value. */
    return atomic_compare_exchange_strong(&shared, &value, fresh) ? fresh : value;
}

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load64(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static inline uint64_t load32(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* Texts over 16 bytes go through base's hash; below, two words hold all of it. */
static inline uint64_t hash_of(struct tv_str text, uint64_t seed)
{
    const char *at = text.ptr;
    size_t len = text.len;
    uint64_t a = 0, b = 0;
    if (len > 16)
        return tv_hash64_seeded(at, len, seed);
    if (len >= 8) {
        a = load64(at);
        b = load64(at + len - 8);
    } else if (len >= 4) {
        a = load32(at);
        b = load32(at + len - 4);
    } else if (len > 0) {
        a = (uint64_t)(uint8_t)at[0] << 16 | (uint64_t)(uint8_t)at[len / 2] << 8 |
                (uint8_t)at[len - 1];
    }
    return fold(a ^ seed, b ^ len * 0x9e3779b97f4a7c15ULL ^ (seed >> 7 | seed << 57));
}

static inline uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

/* Compares as the hash reads: overlapping words instead of a call of memcmp. */
static inline bool same_bytes(const char *a, const char *b, size_t len)
{
    if (len >= 8 && len <= 16)
        return ((load64(a) ^ load64(b)) | (load64(a + len - 8) ^ load64(b + len - 8))) == 0;
    if (len >= 4 && len < 8)
        return ((load32(a) ^ load32(b)) | (load32(a + len - 4) ^ load32(b + len - 4))) == 0;
    return len == 0 || memcmp(a, b, len) == 0;
}

/* The slot of the text, or the free one where it belongs. The tag's bits choose the place, so that
 * growing needs nothing but the slots. */
static inline struct tv_strings_slot *find(
        const struct tv_strings *strings, struct tv_str text, uint32_t tag)
{
    uint32_t mask = strings->slot_count - 1;
    for (uint32_t at = tag & mask;; at = (at + 1) & mask) {
        struct tv_strings_slot *slot = &strings->slots[at];
        if (slot->code == 0)
            return slot;
        if (slot->tag != tag)
            continue;
        struct tv_str have = strings->items[slot->code];
        if (have.len == text.len && same_bytes(have.ptr, text.ptr, text.len))
            return slot;
    }
}

static inline uint32_t find_code(const struct tv_strings *strings, struct tv_str text)
{
    return find(strings, text, tag_of(hash_of(text, strings->seed)))->code;
}

/* Makes the table at least `least` slots large, a power of two. */
static void grow_slots(struct tv_strings *strings, struct tv_arena *arena, uint64_t least)
{
    TV_ASSERT(least <= UINT32_C(1) << 31);
    uint32_t count = SLOTS_MIN;
    while (count < least)
        count *= 2;
    if (strings->seed == 0)
        strings->seed = process_seed();
    struct tv_strings_slot *slots = tv_arena_calloc(arena, count, sizeof(*slots));
    for (uint32_t i = 0; i < strings->slot_count; i++) {
        struct tv_strings_slot moved = strings->slots[i];
        if (moved.code == 0)
            continue;
        uint32_t at = moved.tag & (count - 1);
        while (slots[at].code != 0)
            at = (at + 1) & (count - 1);
        slots[at] = moved;
    }
    strings->slots = slots;
    strings->slot_count = count;
}

void tv_strings_reserve(struct tv_strings *strings, struct tv_arena *arena, uint32_t more)
{
    uint64_t need = (uint64_t)(strings->count ? strings->count : 1) + more;
    if (need <= strings->cap)
        return;
    uint64_t cap = strings->cap ? (uint64_t)strings->cap * 2 : ITEMS_MIN;
    cap = cap < need ? need : cap;
    TV_ASSERT(cap <= UINT32_MAX);
    strings->items =
            tv_arena_grow(arena, strings->items, strings->count, cap, sizeof(*strings->items));
    strings->cap = (uint32_t)cap;
    if (strings->count == 0)
        strings->items[strings->count++] = (struct tv_str){NULL, 0};
}

void tv_strings_expect(
        struct tv_strings *strings, struct tv_arena *arena, uint32_t interned, uint32_t appended)
{
    tv_strings_reserve(strings, arena, interned + appended);
    uint64_t slots = ((uint64_t)strings->interned + interned) * 2;
    if (slots > strings->slot_count)
        grow_slots(strings, arena, slots);
}

uint32_t tv_strings_borrow(struct tv_strings *strings, struct tv_arena *arena, struct tv_str text)
{
    if (strings->count == strings->cap)
        tv_strings_reserve(strings, arena, 1);
    strings->items[strings->count] = (struct tv_str){text.ptr ? text.ptr : "", text.len};
    strings->text_bytes += text.len;
    return strings->count++;
}

uint32_t tv_strings_append(struct tv_strings *strings, struct tv_arena *arena, struct tv_str text)
{
    char *copy = tv_arena_bytes(arena, text.len);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return tv_strings_borrow(strings, arena, (struct tv_str){copy, text.len});
}

/* A text not seen before. Apart and not inlined, so that the way of those seen is short: it then
 * needs no registers saved. */
static __attribute__((noinline)) uint32_t intern_new(
        struct tv_strings *strings, struct tv_arena *arena, struct tv_str text)
{
    if (strings->interned >= strings->slot_count / 2)
        grow_slots(strings, arena,
                (uint64_t)strings->slot_count * (strings->slot_count < SLOTS_SMALL_MAX ? 4 : 2));
    uint32_t tag = tag_of(hash_of(text, strings->seed));
    struct tv_strings_slot *slot = find(strings, text, tag);
    *slot = (struct tv_strings_slot){tv_strings_append(strings, arena, text), tag};
    strings->interned++;
    return slot->code;
}

uint32_t tv_strings_intern(struct tv_strings *strings, struct tv_arena *arena, struct tv_str text)
{
    uint32_t code = strings->slot_count ? find_code(strings, text) : 0;
    return code ? code : intern_new(strings, arena, text);
}

void tv_strings_forget(struct tv_strings *strings, uint32_t code)
{
    strings->text_bytes -= strings->items[code].len;
    strings->items[code] = (struct tv_str){"", 0};
}

uint32_t tv_strings_find(const struct tv_strings *strings, struct tv_str text)
{
    return strings->slot_count ? find_code(strings, text) : 0;
}
