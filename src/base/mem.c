/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that aborts instead of failing.
 *
 * Code that handles a failed malloc is code that no test reaches; the daemon restarts in less time
 * than it would need to free anything, and what it acknowledged is on disk. A request for nothing
 * still gets a pointer that is not NULL, so that callers need no special case. */
#include "base/mem.h"

#include "base/status.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void out_of_memory(size_t bytes)
{
    (void)fprintf(stderr, "out of memory: cannot allocate %zu bytes\n", bytes);
    abort();
}

static size_t product(size_t count, size_t bytes)
{
    size_t total = 0;
    if (__builtin_mul_overflow(count, bytes, &total))
        out_of_memory(SIZE_MAX);
    return total;
}

void *tv_malloc(size_t bytes)
{
    void *block = malloc(bytes ? bytes : 1);
    if (!block)
        out_of_memory(bytes);
    return block;
}

void *tv_calloc(size_t count, size_t bytes)
{
    size_t total = product(count, bytes);
    void *block = calloc(1, total ? total : 1);
    if (!block)
        out_of_memory(total);
    return block;
}

void *tv_realloc(void *block, size_t bytes)
{
    void *moved = realloc(block, bytes ? bytes : 1);
    if (!moved)
        out_of_memory(bytes);
    return moved;
}

void *tv_realloc_array(void *block, size_t count, size_t bytes)
{
    return tv_realloc(block, product(count, bytes));
}

size_t tv_grown(size_t have, size_t need, size_t least)
{
    size_t doubled = have <= SIZE_MAX / 2 ? have * 2 : SIZE_MAX;
    size_t cap = doubled > least ? doubled : least;
    return cap > need ? cap : need;
}
