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

/* A short text as four words; what is behind its end is 0. */
struct tv_texts_words {
    uint64_t a, b, c, d;
};

struct tv_texts_entry {
    struct tv_texts_words words;
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

/* Reads the text without a branch on its length. */
static inline struct tv_texts_words tv_texts_load(struct tv_str text)
{
    const char *mask = (const char *)tv_texts_mask + TV_TEXTS_BYTES_MAX - text.len;
    return (struct tv_texts_words){
            .a = tv_load64(text.ptr) & tv_load64(mask),
            .b = tv_load64(text.ptr + 8) & tv_load64(mask + 8),
            .c = tv_load64(text.ptr + 16) & tv_load64(mask + 16),
            .d = tv_load64(text.ptr + 24) & tv_load64(mask + 24),
    };
}

static inline uint64_t tv_texts_mix(struct tv_texts_words words, size_t len, uint32_t kind)
{
    uint64_t hash = (words.a ^ words.c ^ len) * 0x9e3779b97f4a7c15U;
    hash = (hash ^ hash >> 32 ^ words.b ^ words.d << 1 ^ kind) * 0xd6e8feb86659fd93U;
    return hash >> 32;
}

/* A hash of a text that tv_texts_takes. */
static inline uint64_t tv_texts_hash(struct tv_str text, uint32_t kind)
{
    return tv_texts_mix(tv_texts_load(text), text.len, kind);
}

/* The text's place. *found tells whether it is there; if not, *entry is filled but for its code. */
static inline struct tv_texts_entry *tv_texts_find(
        struct tv_texts *texts, struct tv_str text, uint32_t kind, bool *found)
{
    struct tv_texts_words words = tv_texts_load(text);
    uint64_t hash = tv_texts_mix(words, text.len, kind);
    struct tv_texts_entry *entry = &texts->entries[hash >> 24];
    uint64_t differ = (words.a ^ entry->words.a) | (words.b ^ entry->words.b) |
            (words.c ^ entry->words.c) | (words.d ^ entry->words.d) |
            (uint64_t)(text.len ^ entry->len) | (uint64_t)(kind ^ entry->kind);
    *found = differ == 0;
    if (differ != 0) {
        entry->words = words;
        entry->len = (uint32_t)text.len;
        entry->kind = kind;
    }
    return entry;
}

#endif
