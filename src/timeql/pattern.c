/* SPDX-License-Identifier: Apache-2.0 */
/* MATCH PATTERN in one pass.
 *
 * For each key and each step that is not negated (a level) the automaton keeps how the pattern was
 * last fulfilled up to there: a chain. Whether an event completes the next step depends on the time of
 * the latest such chain alone, as WITHIN binds a step to the one before; so the latest chain is all
 * that is worth keeping, and no dense stretch of matches multiplies anything. The usual alternative, a
 * list of all partial runs, finds the same events and is quadratic.
 *
 * Negated steps guard the level before them: when one is complete it takes back the chains that it
 * follows within its time. So that an older chain, whose time of danger was over, can take their place,
 * a guarded level keeps a list: the chains still in danger, and the last that is not. The list has a
 * bound (GUARDED_MAX). A pattern that ends with a guard matches when its time is over.
 *
 * By default a key starts afresh behind a match: its events are used up. OVERLAPPING keeps all. */
#include "timeql/pattern_internal.h"

#include "base/mem.h"

#include <stdlib.h>

enum {
    GUARDED_MAX = 256,
    ROOM = 2 << 20 /* entries of all lists together: some 200 MB with their chains */
};

/* A step that is not negated, and the negated ones behind it: `guards` steps from `step` + 1. */
struct level {
    size_t step, guards;
    int64_t danger_ns; /* the longest WITHIN of the guards */
};

/* Chains that have come to a level, oldest first: one at most, unless it is guarded. */
struct place {
    struct tv_chain **chains;
    uint32_t count, cap;
};

struct key {
    struct place *places;      /* by level */
    struct tv_repeat *repeats; /* by step */
};

struct tv_pattern {
    struct tv_pattern_spec spec;
    struct level levels[TV_PATTERN_STEPS_MAX];
    size_t level_count;
    uint64_t lasting; /* bits of steps with FOR */
    struct key *keys;
    uint32_t key_count;
    struct tv_chain_pool pool;
    struct tv_arena arena; /* of keys and matches */
    struct tv_pattern_match *matches;
    size_t match_count, match_cap;
    struct tv_pattern_part **spare; /* parts of matches that were cut off */
    size_t spare_count;
    uint64_t total;
};

struct tv_pattern *tv_pattern_new(const struct tv_pattern_spec *spec)
{
    struct tv_pattern *pattern = tv_calloc(1, sizeof(*pattern));
    pattern->spec = *spec;
    pattern->pool.room = ROOM;
    for (size_t i = 0; i < spec->step_count; i++) {
        const struct tv_match_step *step = &spec->steps[i];
        if (step->lasting_ns > 0)
            pattern->lasting |= UINT64_C(1) << i;
        if (!step->negated) {
            pattern->levels[pattern->level_count++] = (struct level){.step = i};
            continue;
        }
        struct level *level = &pattern->levels[pattern->level_count - 1];
        level->guards++;
        level->danger_ns = level->danger_ns > step->within_ns ? level->danger_ns : step->within_ns;
    }
    return pattern;
}

static void clear_place(struct tv_pattern *pattern, struct place *place)
{
    for (uint32_t i = 0; i < place->count; i++)
        tv_chain_unref(&pattern->pool, place->chains[i]);
    place->count = 0;
}

static void clear_key(struct tv_pattern *pattern, struct key *key)
{
    for (size_t i = 0; i < pattern->level_count; i++)
        clear_place(pattern, &key->places[i]);
    for (size_t i = 0; i < pattern->spec.step_count; i++)
        tv_repeat_clear(&key->repeats[i], &pattern->pool);
}

void tv_pattern_free(struct tv_pattern *pattern)
{
    if (!pattern)
        return;
    for (uint32_t k = 0; k < pattern->key_count; k++) {
        struct key *key = &pattern->keys[k];
        for (size_t i = 0; key->places && i < pattern->level_count; i++) {
            clear_place(pattern, &key->places[i]);
            free(key->places[i].chains);
        }
        for (size_t i = 0; key->repeats && i < pattern->spec.step_count; i++)
            tv_repeat_release(&key->repeats[i], &pattern->pool);
    }
    free(pattern->keys);
    free(pattern->matches);
    free(pattern->spare);
    tv_arena_release(&pattern->pool.arena);
    tv_arena_release(&pattern->arena);
    free(pattern);
}

static struct key *key_of(struct tv_pattern *pattern, uint32_t index)
{
    if (index >= pattern->key_count) {
        uint32_t count = (uint32_t)tv_grown(pattern->key_count, (size_t)index + 1, 64);
        pattern->keys = tv_realloc_array(pattern->keys, count, sizeof(*pattern->keys));
        memset(pattern->keys + pattern->key_count, 0,
                (count - pattern->key_count) * sizeof(*pattern->keys));
        pattern->key_count = count;
    }
    struct key *key = &pattern->keys[index];
    if (!key->places) {
        key->places = tv_arena_calloc(&pattern->arena, pattern->level_count, sizeof(*key->places));
        key->repeats =
                tv_arena_calloc(&pattern->arena, pattern->spec.step_count, sizeof(*key->repeats));
    }
    return key;
}

static int by_end(const void *left, const void *right)
{
    const struct tv_pattern_match *a = left;
    const struct tv_pattern_match *b = right;
    int c = tv_moment_compare(a->last, b->last);
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    return c ? c : (a->key > b->key) - (a->key < b->key);
}

/* Sorts what was found and cuts it to the limit. */
static void settle(struct tv_pattern *pattern)
{
    if (pattern->match_count > 1)
        qsort(pattern->matches, pattern->match_count, sizeof(*pattern->matches), by_end);
    while (pattern->match_count > pattern->spec.limit)
        pattern->spare[pattern->spare_count++] = pattern->matches[--pattern->match_count].parts;
}

/* Makes room; parts that are spare are at most as many as there was ever room for matches. */
static void grow_matches(struct tv_pattern *pattern)
{
    size_t most = 2 * pattern->spec.limit + 64;
    size_t cap = tv_grown(pattern->match_cap, pattern->match_count + 1, 64);
    if (pattern->match_cap == most)
        return;
    pattern->match_cap = cap > most ? most : cap;
    pattern->matches =
            tv_realloc_array(pattern->matches, pattern->match_cap, sizeof(*pattern->matches));
    pattern->spare =
            tv_realloc_array(pattern->spare, pattern->match_cap, sizeof(struct tv_pattern_part *));
}

static struct tv_pattern_part *take_parts(struct tv_pattern *pattern)
{
    if (pattern->spare_count > 0)
        return pattern->spare[--pattern->spare_count];
    return tv_arena_calloc(&pattern->arena, pattern->level_count, sizeof(struct tv_pattern_part));
}

static struct tv_pattern_match *add_match(struct tv_pattern *pattern)
{
    if (pattern->match_count == pattern->match_cap)
        grow_matches(pattern);
    if (pattern->match_count == pattern->match_cap)
        settle(pattern);
    return &pattern->matches[pattern->match_count++];
}

/* Matches past the limit are counted only; those found in the order of their end need no look back. */
static bool is_past_limit(const struct tv_pattern *pattern)
{
    bool in_order = pattern->levels[pattern->level_count - 1].guards == 0;
    return in_order && pattern->total > pattern->spec.limit;
}

static void emit(struct tv_pattern *pattern, uint32_t key, const struct tv_chain *chain)
{
    const struct level *last = &pattern->levels[pattern->level_count - 1];
    pattern->total++;
    if (is_past_limit(pattern))
        return;
    struct tv_pattern_match match = {.key = key, .end = chain->part.last.time + last->danger_ns};
    match.parts = take_parts(pattern);
    for (size_t i = pattern->level_count; i-- > 0; chain = chain->before)
        match.parts[i] = chain->part;
    match.start = match.parts[0].first.time;
    match.last = match.parts[pattern->level_count - 1].last;
    *add_match(pattern) = match;
}

/* The latest chain of the level before, if it is recent enough; NULL for the first level. */
static struct tv_chain *chain_before(
        const struct tv_pattern *pattern, const struct key *key, size_t level, int64_t time)
{
    if (level == 0)
        return NULL;
    const struct place *place = &key->places[level - 1];
    const struct tv_match_step *step = &pattern->spec.steps[pattern->levels[level].step];
    if (place->count == 0)
        return NULL;
    struct tv_chain *chain = place->chains[place->count - 1];
    return time - chain->part.last.time <= step->within_ns ? chain : NULL;
}

/* How a step was completed: by which events, and after which chain (borrowed). */
struct completion {
    struct tv_pattern_part part;
    struct tv_chain *before;
};

/* The event holds the step, with out->before standing before it: whether it completes it. */
static bool complete(struct tv_pattern *pattern, struct key *key, size_t index,
        const struct tv_pattern_event *event, struct completion *out)
{
    const struct tv_match_step *step = &pattern->spec.steps[index];
    struct tv_repeat_entry now = {event->moment, out->before};
    struct tv_repeat_entry first = now;
    if (tv_step_repeats(step) &&
            !tv_repeat_holds(&key->repeats[index], step, &pattern->pool, &now, &first))
        return false;
    out->part = (struct tv_pattern_part){first.moment, event->moment};
    out->before = first.before;
    return true;
}

/* Takes the chains back that a completed guard follows within its time. */
static void take_back(struct tv_pattern *pattern, struct place *place,
        const struct tv_match_step *guard, const struct tv_pattern_part *part)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < place->count; i++) {
        struct tv_chain *chain = place->chains[i];
        bool follows = tv_moment_compare(chain->part.last, part->first) < 0;
        if (follows && part->last.time - chain->part.last.time <= guard->within_ns)
            tv_chain_unref(&pattern->pool, chain);
        else
            place->chains[kept++] = chain;
    }
    place->count = kept;
}

static void run_guards(struct tv_pattern *pattern, struct key *key, size_t index,
        const struct tv_pattern_event *event)
{
    const struct level *level = &pattern->levels[index];
    for (size_t i = level->step + 1; i <= level->step + level->guards; i++) {
        struct completion done = {.before = NULL};
        if ((event->holds >> i & 1) && complete(pattern, key, i, event, &done))
            take_back(pattern, &key->places[index], &pattern->spec.steps[i], &done.part);
    }
}

static void drop_first(struct tv_pattern *pattern, struct place *place, uint32_t count)
{
    if (count == 0)
        return;
    for (uint32_t i = 0; i < count; i++)
        tv_chain_unref(&pattern->pool, place->chains[i]);
    place->count -= count;
    memmove(place->chains, place->chains + count, place->count * sizeof(*place->chains));
}

/* Of the chains out of danger only the last is of use. */
static void drop_older(
        struct tv_pattern *pattern, const struct level *level, struct place *place, int64_t time)
{
    uint32_t safe = 0;
    while (safe < place->count && time - place->chains[safe]->part.last.time > level->danger_ns)
        safe++;
    uint32_t drop = safe > 1 ? safe - 1 : 0;
    if (place->count - drop == GUARDED_MAX) {
        pattern->pool.forgot = true;
        drop++;
    }
    drop_first(pattern, place, drop);
}

/* The first chain of a place has its room always. */
static bool grow_place(struct tv_pattern *pattern, struct place *place)
{
    uint32_t cap = place->cap ? place->cap * 2 : 1;
    size_t more = place->cap;
    if (pattern->pool.room < more)
        return false;
    pattern->pool.room -= more;
    place->chains = tv_realloc_array(place->chains, cap, sizeof(struct tv_chain *));
    place->cap = cap;
    return true;
}

static void store(struct tv_pattern *pattern, struct key *key, size_t index, struct tv_chain *chain)
{
    const struct level *level = &pattern->levels[index];
    struct place *place = &key->places[index];
    bool last = index == pattern->level_count - 1;
    if (level->guards == 0)
        clear_place(pattern, place);
    else if (!last || place->count == GUARDED_MAX)
        drop_older(pattern, level, place, chain->part.last.time);
    if (last && place->count > 0 && !pattern->spec.overlapping) {
        tv_chain_unref(&pattern->pool, chain); /* the earlier one waits still */
        return;
    }
    if (place->count == place->cap && !grow_place(pattern, place)) {
        pattern->pool.forgot = true;
        tv_chain_unref(&pattern->pool, chain);
        return;
    }
    place->chains[place->count++] = chain;
}

/* One level at one event; false if a match has used up the key's events. */
static bool run_level(struct tv_pattern *pattern, struct key *key, size_t index,
        const struct tv_pattern_event *event)
{
    const struct level *level = &pattern->levels[index];
    const struct tv_match_step *step = &pattern->spec.steps[level->step];
    struct completion found = {.before = chain_before(pattern, key, index, event->moment.time)};
    bool holds = event->moment.time <= pattern->spec.to && (event->holds >> level->step & 1);
    bool done = holds && complete(pattern, key, level->step, event, &found);
    if (done && index > 0)
        done = found.before && event->moment.time - found.before->part.last.time <= step->within_ns;
    struct tv_chain *chain = NULL;
    if (done)
        chain = tv_chain_new(&pattern->pool, &found.part, tv_chain_ref(found.before));
    run_guards(pattern, key, index, event);
    if (!done)
        return true;
    if (index < pattern->level_count - 1 || level->guards > 0) {
        store(pattern, key, index, chain);
        return true;
    }
    emit(pattern, event->key, chain);
    tv_chain_unref(&pattern->pool, chain);
    if (!pattern->spec.overlapping)
        clear_key(pattern, key);
    return pattern->spec.overlapping;
}

/* Matches of a pattern that ends with a guard, whose time was over before `time`. */
static void settle_absence(
        struct tv_pattern *pattern, struct key *key, uint32_t number, int64_t time)
{
    const struct level *last = &pattern->levels[pattern->level_count - 1];
    struct place *place = &key->places[pattern->level_count - 1];
    uint32_t over = 0;
    if (last->guards == 0)
        return;
    while (over < place->count && time - place->chains[over]->part.last.time > last->danger_ns)
        emit(pattern, number, place->chains[over++]);
    if (over == 0)
        return;
    if (!pattern->spec.overlapping) {
        clear_key(pattern, key);
        return;
    }
    drop_first(pattern, place, over);
}

void tv_pattern_take(struct tv_pattern *pattern, const struct tv_pattern_event *event)
{
    struct key *key = key_of(pattern, event->key);
    settle_absence(pattern, key, event->key, event->moment.time);
    for (uint64_t left = event->fails & pattern->lasting; left; left &= left - 1)
        tv_repeat_clear(&key->repeats[__builtin_ctzll(left)], &pattern->pool);
    if (event->holds == 0)
        return;
    for (size_t i = pattern->level_count; i-- > 0;)
        if (!run_level(pattern, key, i, event))
            return;
}

void tv_pattern_finish(struct tv_pattern *pattern, int64_t known_until)
{
    int64_t over = known_until == INT64_MAX ? known_until : known_until + 1;
    for (uint32_t k = 0; k < pattern->key_count; k++)
        if (pattern->keys[k].places)
            settle_absence(pattern, &pattern->keys[k], k, over);
    settle(pattern);
}

const struct tv_pattern_match *tv_pattern_matches(const struct tv_pattern *pattern, size_t *count)
{
    *count = pattern->match_count;
    return pattern->matches;
}

uint64_t tv_pattern_total(const struct tv_pattern *pattern)
{
    return pattern->total;
}

bool tv_pattern_forgot(const struct tv_pattern *pattern)
{
    return pattern->pool.forgot;
}

size_t tv_pattern_parts(const struct tv_pattern *pattern)
{
    return pattern->level_count;
}
