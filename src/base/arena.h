/* SPDX-License-Identifier: Apache-2.0 */
/* Memory with one lifetime: pieces are cut from growing chunks and all freed together.
 * A batch, a statement and a query each have one. Zero-initialised is empty and ready.
 * Not shared between threads while it grows. */
#ifndef TV_BASE_ARENA_H
#define TV_BASE_ARENA_H

#include "base/str.h"

struct tv_arena_chunk;

struct tv_arena {
    struct tv_arena_chunk *chunks; /* newest first */
    char *next, *end;              /* what is left of the newest */
    size_t bytes;                  /* taken from the system, all chunks */
};

/* Frees every piece; the arena is empty and usable. */
void tv_arena_release(struct tv_arena *arena);
/* Uninitialised memory, aligned for any type, valid until release. `bytes` may be 0. */
void *tv_arena_alloc(struct tv_arena *arena, size_t bytes) __attribute__((returns_nonnull));
/* Zeroed array; an overflowing product aborts. */
void *tv_arena_calloc(struct tv_arena *arena, size_t count, size_t bytes)
        __attribute__((returns_nonnull));
/* Unaligned bytes, for text. */
char *tv_arena_bytes(struct tv_arena *arena, size_t bytes) __attribute__((returns_nonnull));
/* A copy that lives as long as the arena; a NUL follows it. */
struct tv_str tv_arena_str(struct tv_arena *arena, struct tv_str text);
struct tv_str tv_arena_printf(struct tv_arena *arena, const char *format, ...) TV_PRINTF(2, 3);
/* Grows an array in the arena: copies `have` of `item_bytes` each to new room for `cap`. */
void *tv_arena_grow(struct tv_arena *arena, const void *items, size_t have, size_t cap,
        size_t item_bytes) __attribute__((returns_nonnull));

#endif
