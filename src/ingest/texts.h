/* SPDX-License-Identifier: Apache-2.0 */
/* Codes of texts seen lately: what stands before the batch's table of strings.
 *
 * A service, an operation or a status comes again and again. Its bytes are read as four masked
 * words, which hash and compare without a branch on the length; the table of strings takes three of
 * them, and each is a guess that random lengths make wrong. A member whose texts do not repeat
 * (user ids) loses its luck and is not looked up any more. Private to the native decoder. */
#ifndef TV_INGEST_TEXTS_H
#define TV_INGEST_TEXTS_H

#include "ingest/scan.h"

enum {
    TV_TEXTS_ENTRIES = 256,
    TV_TEXTS_BYTES_MAX = 32,
    TV_TEXTS_LUCK = 100, /* of a new member */
    TV_TEXTS_LUCK_MAX = 250
};

struct tv_texts_entry {
    uint64_t words[4];
    uint32_t len;  /* UINT32_MAX while unused */
    uint32_t kind; /* what `code` is: 0 a code of the batch's strings, else a field's enumeration */
    uint32_t code;
};

struct tv_texts {
    struct tv_texts_entry entries[TV_TEXTS_ENTRIES];
};

/* Owned by the caller (tv_texts_free). */
struct tv_texts *tv_texts_new(void);
void tv_texts_free(struct tv_texts *texts);

extern const uint8_t tv_texts_mask[2 * TV_TEXTS_BYTES_MAX];

/* Whether the text can be looked up: it is short and there are 32 bytes to read. */
static inline bool tv_texts_takes(const struct tv_scan *scan, struct tv_str text)
{
    return text.len <= TV_TEXTS_BYTES_MAX && text.ptr >= scan->start &&
            text.ptr <= scan->end - TV_TEXTS_BYTES_MAX;
}

/* The text's place. *found tells whether it is there; if not, *entry is filled but for its code. */
static inline struct tv_texts_entry *tv_texts_find(
        struct tv_texts *texts, struct tv_str text, uint32_t kind, bool *found)
{
    const char *mask = (const char *)tv_texts_mask + TV_TEXTS_BYTES_MAX - text.len;
    uint64_t a = tv_load64(text.ptr) & tv_load64(mask);
    uint64_t b = tv_load64(text.ptr + 8) & tv_load64(mask + 8);
    uint64_t c = tv_load64(text.ptr + 16) & tv_load64(mask + 16);
    uint64_t d = tv_load64(text.ptr + 24) & tv_load64(mask + 24);
    uint64_t hash = (a ^ c ^ text.len) * 0x9e3779b97f4a7c15U;
    hash = (hash ^ hash >> 32 ^ b ^ d << 1 ^ kind) * 0xd6e8feb86659fd93U;
    struct tv_texts_entry *entry = &texts->entries[hash >> 56];
    uint64_t differ = (a ^ entry->words[0]) | (b ^ entry->words[1]) | (c ^ entry->words[2]) |
            (d ^ entry->words[3]) | (uint64_t)(text.len ^ entry->len) |
            (uint64_t)(kind ^ entry->kind);
    *found = differ == 0;
    if (differ != 0) {
        entry->words[0] = a;
        entry->words[1] = b;
        entry->words[2] = c;
        entry->words[3] = d;
        entry->len = (uint32_t)text.len;
        entry->kind = kind;
    }
    return entry;
}

#endif
