/* SPDX-License-Identifier: Apache-2.0 */
/* Behaviour: what an operation calls and says each time it runs, and whether it fails.
 *
 * For every operation the children, messages and failures per run are counted before and behind the
 * onset. A call that is no longer made, a message that is no longer written, an error that was never
 * seen: each is a rate per run, compared by a likelihood-ratio test divided by how much the rate varied
 * before. Counting per run, not per second, keeps a change of traffic from looking like a fault. A
 * change all the way (never before, or never again) says more than a shift, so it weighs by its square.
 *
 * An error is its origin's: what happened above a failed span of another service is explained by that
 * one, and counts little. Messages that belong to no span are counted per second instead. */
#include "causality/evidence.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

enum { LEAST_BEFORE = 3, LEAST_BEHIND = 2 };
#define G_LEAST 5.0
/* What a kind of change is worth. */
#define WORTH_ERROR        1.0
#define WORTH_WARNING      0.6
#define WORTH_GONE         0.8
#define WORTH_NEW_MESSAGE  0.35
#define WORTH_NEW_CALL     0.3
#define WORTH_FREE_MESSAGE 0.15
#define EXPLAINED_LEFT     0.2

enum what { WHAT_CALL, WHAT_MESSAGE, WHAT_WARNING, WHAT_ERROR, WHAT_FAILED };

struct counter {
    uint32_t operation; /* or actor, of messages outside of spans */
    uint32_t what, key;
    uint32_t before, behind;
    uint32_t late;      /* in the second half of the time behind */
    uint32_t explained; /* behind, above another's failure */
    uint32_t troubled;  /* before, of runs that were in trouble themselves */
    uint32_t stretches[TV_STRETCHES];
    int64_t onset;
    uint32_t actor, record; /* of the last one behind */
    bool mixed;             /* several actors */
};

struct counters {
    struct tv_map by_key;
    struct tv_arena arena;
    struct counter *items;
    size_t count, cap;
};

struct runs {
    uint32_t before, behind, late;
    uint32_t stretches[TV_STRETCHES];
};

struct finder {
    const struct tv_facts *facts;
    const struct tv_cut *cut;
    struct tv_stretches stretches;
    struct runs *runs; /* by operation */
    struct counters in_spans, outside;
    int64_t middle; /* of the time behind the onset */
};

static struct counter *counter_of(
        struct counters *counters, uint32_t operation, enum what what, uint32_t key)
{
    uint32_t words[3] = {operation, (uint32_t)what, key};
    bool added = false;
    uint64_t *index = tv_map_put_copy(&counters->by_key, &counters->arena,
            (struct tv_str){(const char *)words, sizeof(words)}, &added);
    if (!added)
        return &counters->items[*index];
    *index = counters->count;
    struct counter *counter = tv_facts_add(
            (void **)&counters->items, &counters->count, &counters->cap, sizeof(*counters->items));
    *counter = (struct counter){
            .operation = operation, .what = what, .key = key, .actor = TV_NONE, .record = TV_NONE};
    return counter;
}

/* Where something happened. */
struct place {
    int64_t time;
    uint32_t actor, record;
    bool explained, troubled;
};

static void count_one(
        const struct finder *finder, struct counter *counter, const struct place *place)
{
    if (place->time < finder->cut->onset) {
        counter->before++;
        counter->troubled += place->troubled;
        counter->stretches[tv_stretch_of(&finder->stretches, place->time)]++;
        return;
    }
    if (counter->behind == 0 || place->time < counter->onset)
        counter->onset = place->time;
    counter->mixed |= counter->behind > 0 && counter->actor != place->actor;
    counter->behind++;
    counter->late += place->time >= finder->middle;
    counter->explained += place->explained;
    counter->actor = place->actor;
    counter->record = place->record;
}

static void count_spans(struct finder *finder)
{
    const struct tv_facts *facts = finder->facts;
    for (size_t i = 0; i < facts->span_count; i++) {
        const struct tv_fact_span *span = &facts->spans[i];
        struct runs *runs = &finder->runs[span->operation];
        bool behind = span->time >= finder->cut->onset;
        runs->behind += behind;
        runs->before += !behind;
        runs->late += span->time >= finder->middle;
        if (!behind)
            runs->stretches[tv_stretch_of(&finder->stretches, span->time)]++;
        struct place place = {
                span->time, span->actor, TV_NONE, span->failed_below || facts->waited[i], false};
        if (span->failed)
            count_one(
                    finder, counter_of(&finder->in_spans, span->operation, WHAT_FAILED, 0), &place);
        if (span->parent == TV_NONE)
            continue;
        const struct tv_fact_span *parent = &facts->spans[span->parent];
        place = (struct place){parent->time, parent->actor, TV_NONE, false, parent->troubled};
        count_one(finder,
                counter_of(&finder->in_spans, parent->operation, WHAT_CALL, span->operation),
                &place);
    }
}

static enum what what_of(const struct tv_fact_record *record)
{
    if (record->error)
        return WHAT_ERROR;
    return record->severity >= TV_SEVERITY_WARN ? WHAT_WARNING : WHAT_MESSAGE;
}

static void count_records(struct finder *finder)
{
    const struct tv_facts *facts = finder->facts;
    for (size_t i = 0; i < facts->record_count; i++) {
        const struct tv_fact_record *record = &facts->records[i];
        struct place place = {record->time, record->actor, (uint32_t)i, false, false};
        if (record->span == TV_NONE) {
            count_one(finder,
                    counter_of(&finder->outside, record->actor, what_of(record), record->template),
                    &place);
            continue;
        }
        const struct tv_fact_span *span = &facts->spans[record->span];
        place.time = span->time;
        place.explained = span->failed_below || facts->waited[record->span];
        place.troubled = span->troubled;
        count_one(finder,
                counter_of(&finder->in_spans, span->operation, what_of(record), record->template),
                &place);
    }
}

/* What a change in this direction is worth; 0: nothing (errors that went away are no fault, and
 * neither is what was called or said because of them). */
static double worth(const struct counter *counter, bool more)
{
    if (!more && counter->troubled * 2 > counter->before)
        return 0;
    switch ((enum what)counter->what) {
    case WHAT_FAILED:
    case WHAT_ERROR:
        return more ? WORTH_ERROR : 0;
    case WHAT_WARNING:
        return more ? WORTH_WARNING : 0;
    case WHAT_MESSAGE:
        return more ? WORTH_NEW_MESSAGE : WORTH_GONE;
    case WHAT_CALL:
        return more ? WORTH_NEW_CALL : WORTH_GONE;
    }
    return 0;
}

static const char *form_of(const struct counter *counter, bool more)
{
    switch ((enum what)counter->what) {
    case WHAT_FAILED:
        return "failing";
    case WHAT_ERROR:
    case WHAT_WARNING:
        return "message";
    case WHAT_MESSAGE:
        return more ? "message" : "silenced";
    case WHAT_CALL:
        return more ? "new call" : "missing call";
    }
    return "message";
}

static struct tv_evidence *add(struct tv_evidence_list *list, const struct finder *finder,
        const struct counter *counter, uint32_t dimension, double strength)
{
    const struct tv_facts *facts = finder->facts;
    bool outside = dimension == TV_DIMENSION_MESSAGES;
    uint32_t service = outside ? facts->actors[counter->operation].service
                               : facts->operations[counter->operation].service;
    uint32_t actor =
            tv_facts_actor_or_whole(facts, counter->mixed ? TV_NONE : counter->actor, service);
    struct tv_evidence *evidence = tv_evidence_add(list, actor, dimension, strength);
    evidence->onset = counter->behind ? counter->onset : finder->cut->onset;
    evidence->count = counter->behind;
    evidence->record = counter->record;
    if (!outside)
        evidence->name = counter->operation;
    if (counter->what == WHAT_CALL) {
        evidence->peer = facts->operations[counter->key].service;
        evidence->template = counter->key;
    } else if (counter->what != WHAT_FAILED) {
        evidence->template = counter->key;
    }
    return evidence;
}

/* Of what became less, how far it stays away counts. */
static double persistence(const struct counter *counter, const struct runs *runs, bool more)
{
    struct tv_rate all = {counter->behind, runs->behind};
    struct tv_rate late = {counter->late, runs->late};
    if (more)
        return tv_persistence(all, late);
    double usual = (double)counter->before / runs->before;
    struct tv_rate missing = {fmax(0, usual * all.exposure - all.count), all.exposure};
    struct tv_rate missing_late = {fmax(0, usual * late.exposure - late.count), late.exposure};
    return tv_persistence(missing, missing_late);
}

static void judge_in_span(
        struct tv_evidence_list *list, struct finder *finder, const struct counter *counter)
{
    const struct runs *runs = &finder->runs[counter->operation];
    if (runs->before < LEAST_BEFORE || runs->behind < LEAST_BEHIND)
        return;
    struct tv_rate before = {counter->before, runs->before};
    struct tv_rate behind = {counter->behind, runs->behind};
    struct tv_rate stretches[TV_STRETCHES];
    for (size_t i = 0; i < TV_STRETCHES; i++)
        stretches[i] = (struct tv_rate){counter->stretches[i], runs->stretches[i]};
    double g = tv_rate_contrast(before, behind) / tv_rate_dispersion(stretches, TV_STRETCHES);
    double usual = before.count / before.exposure;
    double now = behind.count / behind.exposure;
    double flip = fabs(now - usual) / fmax(now, usual);
    double strength =
            g * worth(counter, now > usual) * flip * flip * fmin(1, 2 * sqrt(fabs(now - usual)));
    strength *= persistence(counter, runs, now > usual);
    if (counter->behind > 0)
        strength *= 1 - (1 - EXPLAINED_LEFT) * counter->explained / counter->behind;
    if (g < G_LEAST || strength <= 0)
        return;
    struct tv_evidence *evidence = add(list, finder, counter, TV_DIMENSION_BEHAVIOUR, strength);
    evidence->value = now;
    evidence->usual = usual;
    evidence->of = runs->behind;
    evidence->form = form_of(counter, now > usual);
}

static void judge_outside(
        struct tv_evidence_list *list, struct finder *finder, const struct counter *counter)
{
    const struct tv_facts *facts = finder->facts;
    int64_t first = facts->first < finder->cut->onset ? facts->first : finder->cut->onset;
    struct tv_rate before = {counter->before, fmax(1, (double)(finder->cut->onset - first) / 1e9)};
    struct tv_rate behind = {
            counter->behind, fmax(1, (double)(finder->cut->to - finder->cut->onset) / 1e9)};
    double usual = before.count / before.exposure;
    double now = behind.count / behind.exposure;
    if (now <= usual || counter->what == WHAT_FAILED)
        return;
    double flip = 1 - usual / now;
    double value = counter->what == WHAT_MESSAGE ? WORTH_FREE_MESSAGE : worth(counter, true);
    double strength = tv_rate_contrast(before, behind) * value * flip * flip;
    if (strength <= 0)
        return;
    struct tv_evidence *evidence = add(list, finder, counter, TV_DIMENSION_MESSAGES, strength);
    evidence->value = now;
    evidence->usual = usual;
    evidence->form = "message";
}

static void release(struct counters *counters)
{
    free(counters->items);
    tv_map_release(&counters->by_key);
    tv_arena_release(&counters->arena);
}

void tv_find_behaviour(struct tv_evidence_list *list, const struct tv_facts *facts,
        const struct tv_timings *timings, const struct tv_cut *cut)
{
    struct finder finder = {.facts = facts, .cut = cut};
    finder.middle = cut->onset + (cut->to - cut->onset) / 2;
    finder.runs = tv_calloc(facts->operation_count + 1, sizeof(*finder.runs));
    tv_stretches_of(&finder.stretches, timings, cut);
    count_spans(&finder);
    count_records(&finder);
    for (size_t i = 0; i < finder.in_spans.count; i++)
        judge_in_span(list, &finder, &finder.in_spans.items[i]);
    for (size_t i = 0; i < finder.outside.count && !tv_facts_have_no_past(facts); i++)
        judge_outside(list, &finder, &finder.outside.items[i]);
    release(&finder.in_spans);
    release(&finder.outside);
    free(finder.runs);
}
