/* SPDX-License-Identifier: Apache-2.0 */
/* An open-addressed table of (series, step). Points lie beside it in an array of their own, so that the
 * table moves nothing but eight-byte entries when it grows. */
#include "store/series_table.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

void tv_steps_release(struct tv_steps *steps)
{
    free(steps->items);
    free(steps->slots);
    *steps = (struct tv_steps){0};
}

static size_t slot_of(const struct tv_steps *steps, uint32_t series, int64_t time)
{
    return tv_mix64((uint64_t)time ^ (uint64_t)series * UINT64_C(0x9e3779b97f4a7c15)) &
            (steps->slot_count - 1);
}

static void grow(struct tv_steps *steps)
{
    steps->slot_count = steps->slot_count ? steps->slot_count * 2 : 256;
    free(steps->slots);
    steps->slots = tv_calloc(steps->slot_count, sizeof(*steps->slots));
    for (uint32_t i = 0; i < steps->count; i++) {
        size_t at = slot_of(steps, steps->items[i].series, steps->items[i].time);
        while (steps->slots[at])
            at = (at + 1) & (steps->slot_count - 1);
        steps->slots[at] = i + 1;
    }
}

uint32_t tv_steps_put(struct tv_steps *steps, uint32_t series, int64_t time)
{
    if (2 * ((size_t)steps->count + 1) > steps->slot_count)
        grow(steps);
    size_t at = slot_of(steps, series, time);
    for (; steps->slots[at]; at = (at + 1) & (steps->slot_count - 1)) {
        const struct tv_step *step = &steps->items[steps->slots[at] - 1];
        if (step->series == series && step->time == time)
            return steps->slots[at] - 1;
    }
    if (steps->count == steps->cap) {
        steps->cap = (uint32_t)tv_grown(steps->cap, (size_t)steps->count + 1, 128);
        steps->items = tv_realloc_array(steps->items, steps->cap, sizeof(*steps->items));
    }
    steps->items[steps->count] = (struct tv_step){time, series};
    steps->slots[at] = ++steps->count;
    return steps->count - 1;
}

static int by_series(const void *left, const void *right, void *ctx)
{
    const struct tv_steps *steps = ctx;
    const struct tv_step *a = &steps->items[*(const uint32_t *)left];
    const struct tv_step *b = &steps->items[*(const uint32_t *)right];
    if (a->series != b->series)
        return a->series < b->series ? -1 : 1;
    return (a->time > b->time) - (a->time < b->time);
}

uint32_t *tv_steps_sorted(const struct tv_steps *steps)
{
    uint32_t *order = tv_calloc((size_t)steps->count + 1, sizeof(*order));
    union {
        const struct tv_steps *read;
        void *any;
    } ctx = {.read = steps};
    for (uint32_t i = 0; i < steps->count; i++)
        order[i] = i;
    qsort_r(order, steps->count, sizeof(*order), by_series, ctx.any);
    return order;
}

void tv_series_put_name(struct tv_buf *key, struct tv_str name)
{
    tv_buf_put_varint(key, name.ptr ? name.len + 1 : 0);
    tv_buf_append_str(key, name);
}

struct tv_str tv_series_keep(struct tv_arena *arena, struct tv_str name)
{
    return name.ptr ? tv_arena_str(arena, name) : (struct tv_str){NULL, 0};
}

int tv_series_compare(struct tv_str a, struct tv_str b)
{
    if (!a.ptr || !b.ptr)
        return (a.ptr != NULL) - (b.ptr != NULL);
    return tv_str_compare(a, b);
}
