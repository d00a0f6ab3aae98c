/* SPDX-License-Identifier: Apache-2.0 */
/* The arena: a list of chunks, of which the first is being cut.
 *
 * A new chunk is as large as all before it together, from 4 KiB to 1 MiB, so an arena of n bytes
 * costs log n calls of malloc while it is small and wastes at most a megabyte when it is large. A
 * piece over a quarter of that size gets a chunk of its own behind the first, which goes on being
 * cut: nothing is thrown away because something large came by. Under AddressSanitizer the uncut
 * part is poisoned, so that a write past a piece is found there too. */
#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#endif

#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#define POISON(start, bytes)   ASAN_POISON_MEMORY_REGION((start), (bytes))
#define UNPOISON(start, bytes) ASAN_UNPOISON_MEMORY_REGION((start), (bytes))
#else
#define POISON(start, bytes)   ((void)(start), (void)(bytes))
#define UNPOISON(start, bytes) ((void)(start), (void)(bytes))
#endif

struct tv_arena_chunk {
    struct tv_arena_chunk *next;
    size_t bytes; /* of data */
    alignas(max_align_t) char data[];
};

enum { CHUNK_BYTES_MIN = 4096, CHUNK_BYTES_MAX = 1 << 20, ALIGNMENT = alignof(max_align_t) };

void tv_arena_release(struct tv_arena *arena)
{
    struct tv_arena_chunk *chunk = arena->chunks;
    while (chunk) {
        struct tv_arena_chunk *next = chunk->next;
        UNPOISON(chunk->data, chunk->bytes);
        free(chunk);
        chunk = next;
    }
    *arena = (struct tv_arena){0};
}

static struct tv_arena_chunk *chunk_new(struct tv_arena *arena, size_t bytes)
{
    TV_ASSERT(bytes <= SIZE_MAX / 2);
    struct tv_arena_chunk *chunk = tv_malloc(sizeof(*chunk) + bytes);
    chunk->bytes = bytes;
    arena->bytes += sizeof(*chunk) + bytes;
    POISON(chunk->data, bytes);
    return chunk;
}

/* Makes room where the first chunk has none for `bytes`. Returns a piece of a chunk's beginning. */
static __attribute__((noinline)) char *take_from_new(struct tv_arena *arena, size_t bytes)
{
    size_t size = arena->bytes < CHUNK_BYTES_MIN ? CHUNK_BYTES_MIN : arena->bytes;
    size = size > CHUNK_BYTES_MAX ? CHUNK_BYTES_MAX : size;
    bool own = bytes > size / 4;
    struct tv_arena_chunk *chunk = chunk_new(arena, own ? bytes : size);
    if (own && arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->next = chunk->data + bytes;
        arena->end = chunk->data + chunk->bytes;
    }
    UNPOISON(chunk->data, bytes);
    return chunk->data;
}

void *tv_arena_alloc(struct tv_arena *arena, size_t bytes)
{
    size_t gap = -(uintptr_t)arena->next & (ALIGNMENT - 1);
    size_t room = (size_t)(arena->end - arena->next);
    if (room < gap || room - gap < bytes || !arena->next)
        return take_from_new(arena, bytes);
    char *piece = arena->next + gap;
    arena->next = piece + bytes;
    UNPOISON(piece, bytes);
    return piece;
}

char *tv_arena_bytes(struct tv_arena *arena, size_t bytes)
{
    if ((size_t)(arena->end - arena->next) < bytes || !arena->next)
        return take_from_new(arena, bytes);
    char *piece = arena->next;
    arena->next += bytes;
    UNPOISON(piece, bytes);
    return piece;
}

void *tv_arena_calloc(struct tv_arena *arena, size_t count, size_t bytes)
{
    size_t total = 0;
    TV_ASSERT(!__builtin_mul_overflow(count, bytes, &total));
    return memset(tv_arena_alloc(arena, total), 0, total);
}

struct tv_str tv_arena_str(struct tv_arena *arena, struct tv_str text)
{
    char *copy = tv_arena_bytes(arena, text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return (struct tv_str){copy, text.len};
}

struct tv_str tv_arena_printf(struct tv_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    TV_ASSERT(length >= 0);
    char *text = tv_arena_bytes(arena, (size_t)length + 1);
    (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return (struct tv_str){text, (size_t)length};
}

void *tv_arena_grow(
        struct tv_arena *arena, const void *items, size_t have, size_t cap, size_t item_bytes)
{
    TV_ASSERT(have <= cap);
    size_t total = 0;
    TV_ASSERT(!__builtin_mul_overflow(cap, item_bytes, &total));
    void *grown = tv_arena_alloc(arena, total);
    if (have > 0)
        memcpy(grown, items, have * item_bytes);
    return grown;
}
