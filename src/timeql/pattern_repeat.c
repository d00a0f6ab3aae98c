/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that take more than one event.
 *
 * AT LEAST n TIMES IN d keeps the last n events in a ring: the step is complete at an event if the
 * n-th last lies no further back than d. What stood before the pattern's step is remembered with each
 * event as it came, so that the n events all follow it.
 *
 * FOR d asks that the condition held all through d: a stretch begins with the first event for which
 * it holds and ends with one for which it is false. The step is complete at an event if the stretch has an
 * event at least d before. Of the stretch only those events are kept before which another chain stood
 * than before the one in front; for a pattern's first step that is its first event alone. A list that
 * grows all the same is cut at STRETCH_MAX, and said to be. */
#include "timeql/pattern_internal.h"

#include "base/mem.h"

#include <stdlib.h>

enum { STRETCH_MAX = 1024 };

struct tv_chain *tv_chain_new(
        struct tv_chain_pool *pool, const struct tv_pattern_part *part, struct tv_chain *before)
{
    struct tv_chain *chain = pool->spare;
    if (chain)
        pool->spare = chain->before;
    else
        chain = tv_arena_alloc(&pool->arena, sizeof(*chain));
    *chain = (struct tv_chain){.refs = 1, .part = *part, .before = before};
    return chain;
}

void tv_chain_unref(struct tv_chain_pool *pool, struct tv_chain *chain)
{
    while (chain && --chain->refs == 0) {
        struct tv_chain *before = chain->before;
        chain->before = pool->spare;
        pool->spare = chain;
        chain = before;
    }
}

static void clear_ring(struct tv_repeat *repeat, struct tv_chain_pool *pool)
{
    for (uint32_t i = 0; i < repeat->ring_count; i++)
        tv_chain_unref(pool, repeat->ring[(repeat->ring_at + i) % repeat->ring_cap].before);
    repeat->ring_at = repeat->ring_count = 0;
}

static void clear_stretch(struct tv_repeat *repeat, struct tv_chain_pool *pool)
{
    for (uint32_t i = 0; i < repeat->stretch_count; i++)
        tv_chain_unref(pool, repeat->stretch[repeat->stretch_at + i].before);
    repeat->stretch_at = repeat->stretch_count = 0;
}

void tv_repeat_clear(struct tv_repeat *repeat, struct tv_chain_pool *pool)
{
    clear_ring(repeat, pool);
    clear_stretch(repeat, pool);
}

void tv_repeat_release(struct tv_repeat *repeat, struct tv_chain_pool *pool)
{
    tv_repeat_clear(repeat, pool);
    free(repeat->ring);
    free(repeat->stretch);
    *repeat = (struct tv_repeat){0};
}

/* Rings begin small: most keys never see n events. False if there is no room for more. */
static bool grow_ring(struct tv_repeat *repeat, struct tv_chain_pool *pool, uint64_t times)
{
    uint32_t cap = repeat->ring_cap ? repeat->ring_cap * 2 : 8;
    cap = cap > times ? (uint32_t)times : cap;
    if (pool->room < cap - repeat->ring_cap)
        return false;
    struct tv_repeat_entry *ring = tv_calloc(cap, sizeof(*ring));
    for (uint32_t i = 0; i < repeat->ring_count; i++)
        ring[i] = repeat->ring[(repeat->ring_at + i) % repeat->ring_cap];
    free(repeat->ring);
    pool->room -= cap - repeat->ring_cap;
    repeat->ring = ring;
    repeat->ring_at = 0;
    repeat->ring_cap = cap;
    return true;
}

static void drop_oldest(struct tv_repeat *repeat, struct tv_chain_pool *pool)
{
    tv_chain_unref(pool, repeat->ring[repeat->ring_at].before);
    repeat->ring_at = (repeat->ring_at + 1) % repeat->ring_cap;
    repeat->ring_count--;
}

/* Adds the event; true with the n-th last if that lies within the spread. */
static bool count_times(struct tv_repeat *repeat, const struct tv_match_step *step,
        struct tv_chain_pool *pool, const struct tv_repeat_entry *event,
        struct tv_repeat_entry *out)
{
    while (repeat->ring_count > 0 &&
            event->moment.time - repeat->ring[repeat->ring_at].moment.time > step->spread_ns)
        drop_oldest(repeat, pool);
    if (repeat->ring_count == step->times)
        drop_oldest(repeat, pool);
    if (repeat->ring_count == repeat->ring_cap && !grow_ring(repeat, pool, step->times)) {
        pool->forgot = true;
        if (repeat->ring_count == 0)
            return false;
        drop_oldest(repeat, pool);
    }
    repeat->ring[(repeat->ring_at + repeat->ring_count++) % repeat->ring_cap] =
            (struct tv_repeat_entry){event->moment, tv_chain_ref(event->before)};
    if (repeat->ring_count < step->times)
        return false;
    *out = repeat->ring[repeat->ring_at];
    return true;
}

/* Forgets the oldest of the list, or, if it is full, the one behind: the stretch's beginning stays. */
static void shorten(struct tv_repeat *repeat, struct tv_chain_pool *pool)
{
    struct tv_repeat_entry *entries = repeat->stretch + repeat->stretch_at;
    tv_chain_unref(pool, entries[1].before);
    memmove(entries + 1, entries + 2, (repeat->stretch_count - 2) * sizeof(*entries));
    repeat->stretch_count--;
}

/* False if there is no room for more. */
static bool grow_stretch(struct tv_repeat *repeat, struct tv_chain_pool *pool)
{
    uint32_t cap = repeat->stretch_cap ? repeat->stretch_cap * 2 : 4;
    if (cap > STRETCH_MAX || pool->room < cap - repeat->stretch_cap)
        return false;
    repeat->stretch = tv_realloc_array(repeat->stretch, cap, sizeof(*repeat->stretch));
    pool->room -= cap - repeat->stretch_cap;
    repeat->stretch_cap = cap;
    return true;
}

static void add_entry(
        struct tv_repeat *repeat, struct tv_chain_pool *pool, const struct tv_repeat_entry *event)
{
    if (repeat->stretch_at > 0 &&
            repeat->stretch_at + repeat->stretch_count == repeat->stretch_cap) {
        memmove(repeat->stretch, repeat->stretch + repeat->stretch_at,
                repeat->stretch_count * sizeof(*repeat->stretch));
        repeat->stretch_at = 0;
    }
    if (repeat->stretch_count == repeat->stretch_cap && !grow_stretch(repeat, pool)) {
        pool->forgot = true;
        if (repeat->stretch_count < 2)
            return;
        shorten(repeat, pool);
    }
    repeat->stretch[repeat->stretch_at + repeat->stretch_count++] =
            (struct tv_repeat_entry){event->moment, tv_chain_ref(event->before)};
}

/* Adds the event; true with the latest that is `lasting_ns` back, if the stretch reaches so far. */
static bool hold(struct tv_repeat *repeat, const struct tv_match_step *step,
        struct tv_chain_pool *pool, const struct tv_repeat_entry *event,
        struct tv_repeat_entry *out)
{
    uint32_t end = repeat->stretch_at + repeat->stretch_count;
    if (repeat->stretch_count == 0 || repeat->stretch[end - 1].before != event->before)
        add_entry(repeat, pool, event);
    if (repeat->stretch_count == 0)
        return false;
    struct tv_repeat_entry *first = repeat->stretch + repeat->stretch_at;
    int64_t latest = event->moment.time - step->lasting_ns;
    for (; repeat->stretch_count > 1 && first[1].moment.time <= latest; first++) {
        tv_chain_unref(pool, first->before);
        repeat->stretch_at++;
        repeat->stretch_count--;
    }
    *out = *first;
    return first->moment.time <= latest;
}

bool tv_repeat_holds(struct tv_repeat *repeat, const struct tv_match_step *step,
        struct tv_chain_pool *pool, const struct tv_repeat_entry *event,
        struct tv_repeat_entry *out)
{
    struct tv_repeat_entry lasted;
    bool counted = true;
    *out = *event;
    if (step->times > 1)
        counted = count_times(repeat, step, pool, event, out);
    if (step->lasting_ns == 0)
        return counted;
    if (!hold(repeat, step, pool, event, &lasted))
        return false;
    if (step->times == 1 || tv_moment_compare(lasted.moment, out->moment) < 0)
        *out = lasted;
    return counted;
}
