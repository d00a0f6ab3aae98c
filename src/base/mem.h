/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that does not fail: out of memory aborts the daemon, which restarts and has lost
 * nothing. Therefore every size that comes from outside is bounded before it gets here.
 * Results are owned by the caller and released with free(). */
#ifndef TV_BASE_MEM_H
#define TV_BASE_MEM_H

#include <stddef.h>

void *tv_malloc(size_t bytes) __attribute__((malloc, returns_nonnull));
/* `count` × `bytes`, zeroed; an overflowing product aborts. */
void *tv_calloc(size_t count, size_t bytes) __attribute__((malloc, returns_nonnull));
void *tv_realloc(void *block, size_t bytes) __attribute__((returns_nonnull));
/* As tv_realloc for an array; an overflowing product aborts. */
void *tv_realloc_array(void *block, size_t count, size_t bytes) __attribute__((returns_nonnull));

/* The capacity to grow to so that `need` fits: at least double `have`, never below `least`. */
size_t tv_grown(size_t have, size_t need, size_t least);

#endif
