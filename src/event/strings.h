/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of a batch: a table of strings named by 32-bit codes. Code 0 is "absent".
 *
 * Texts that repeat (services, names, attribute values) are interned: equal text, equal code. Texts
 * that do not (event ids, messages) are appended without a look-up; they get a code each, so equal
 * codes mean equal text, but not the other way round. The bytes live in the batch's arena. The
 * empty text is a text like any other and has a code of its own. */
#ifndef TV_EVENT_STRINGS_H
#define TV_EVENT_STRINGS_H

#include "base/arena.h"

/* Private to strings.c: an interned text's code beside half of its hash; code 0 is free. */
struct tv_strings_slot {
    uint32_t code, tag;
};

struct tv_strings {
    struct tv_str *items; /* by code; items[0] is absent */
    uint32_t count, cap;  /* count includes code 0 once anything was added */
    struct tv_strings_slot *slots;
    uint32_t slot_count;
    uint32_t interned; /* slots in use */
    uint64_t seed;     /* of the hash; differs between processes */
    uint64_t text_bytes;
};

/* All memory comes from `arena`, which must be the same in every call. */
uint32_t tv_strings_intern(struct tv_strings *strings, struct tv_arena *arena, struct tv_str text);
uint32_t tv_strings_append(struct tv_strings *strings, struct tv_arena *arena, struct tv_str text);
/* As tv_strings_append, but borrows the bytes: they must live as long as the arena. */
uint32_t tv_strings_borrow(struct tv_strings *strings, struct tv_arena *arena, struct tv_str text);
/* Puts the empty text in the place of one that no cell has any more. Not found again by what it was. */
void tv_strings_forget(struct tv_strings *strings, uint32_t code);
/* The code of an interned text, or 0. */
uint32_t tv_strings_find(const struct tv_strings *strings, struct tv_str text);
/* Makes room for `more` codes at once, where their number is known before. */
void tv_strings_reserve(struct tv_strings *strings, struct tv_arena *arena, uint32_t more);
/* The same for so many texts to be interned and so many to be appended. */
void tv_strings_expect(
        struct tv_strings *strings, struct tv_arena *arena, uint32_t interned, uint32_t appended);

static inline struct tv_str tv_strings_get(const struct tv_strings *strings, uint32_t code)
{
    return code ? strings->items[code] : (struct tv_str){NULL, 0};
}

#endif
