/* SPDX-License-Identifier: Apache-2.0 */
/* The automaton's parts: chains, and what repeats. Private to pattern*.c. */
#ifndef TV_TIMEQL_PATTERN_INTERNAL_H
#define TV_TIMEQL_PATTERN_INTERNAL_H

#include "timeql/pattern.h"

/* How far a key has come: the completion of one step, and of those before it. Counted references,
 * since later events may share a beginning; on one thread. */
struct tv_chain {
    uint32_t refs;
    struct tv_pattern_part part;
    struct tv_chain *before; /* a reference; NULL for the first step */
};

/* Chains come and go with nearly every event, so they are kept for the next. `room` is how many more
 * may be remembered in lists, over all keys; `forgot` is set where that, or another bound, made a list
 * shorter than it should be. */
struct tv_chain_pool {
    struct tv_chain *spare;
    struct tv_arena arena;
    size_t room;
    bool forgot;
};

static inline struct tv_chain *tv_chain_ref(struct tv_chain *chain)
{
    if (chain)
        chain->refs++;
    return chain;
}

/* Takes the reference to `before`. */
struct tv_chain *tv_chain_new(
        struct tv_chain_pool *pool, const struct tv_pattern_part *part, struct tv_chain *before);
void tv_chain_unref(struct tv_chain_pool *pool, struct tv_chain *chain);

/* An event that a repeating step has taken, and the chain that stood before it. */
struct tv_repeat_entry {
    struct tv_moment moment;
    struct tv_chain *before; /* a reference, or NULL */
};

/* AT LEAST n TIMES and FOR of one step and key; zero-initialised is empty. */
struct tv_repeat {
    struct tv_repeat_entry *ring; /* of AT LEAST: the last ones, oldest at `ring_at` */
    uint32_t ring_at, ring_count, ring_cap;
    struct tv_repeat_entry *stretch; /* of FOR: where the chain before changed, oldest first */
    uint32_t stretch_at, stretch_count, stretch_cap;
};

/* The step holds at an event; `before` is what stands before it (borrowed). Returns whether it is
 * complete now; then *out is the event that it counts from and what stood before that (borrowed from
 * the repeat). */
TV_CHECKED bool tv_repeat_holds(struct tv_repeat *repeat, const struct tv_match_step *step,
        struct tv_chain_pool *pool, const struct tv_repeat_entry *event,
        struct tv_repeat_entry *out);
void tv_repeat_clear(struct tv_repeat *repeat, struct tv_chain_pool *pool);
void tv_repeat_release(struct tv_repeat *repeat, struct tv_chain_pool *pool);
static inline bool tv_step_repeats(const struct tv_match_step *step)
{
    return step->times > 1 || step->lasting_ns > 0;
}

#endif
