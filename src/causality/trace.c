/* SPDX-License-Identifier: Apache-2.0 */
/* Spans put into their traces.
 *
 * A span's own time is what is left of its duration when its children are taken away, so that who only
 * waits is not called slow. Some tracers record a call beside the span that makes it, as its sibling; a
 * sibling of the same service that starts inside a childless span and fills most of it is taken away as
 * well. Spans are sorted by trace and time once; parents are found by a table of ids. */
#include "causality/facts.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

static int by_trace(const void *left, const void *right)
{
    const struct tv_fact_span *a = left;
    const struct tv_fact_span *b = right;
    if (a->trace.hi != b->trace.hi)
        return a->trace.hi < b->trace.hi ? -1 : 1;
    if (a->trace.lo != b->trace.lo)
        return a->trace.lo < b->trace.lo ? -1 : 1;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

static int by_time(const void *left, const void *right)
{
    const struct tv_sample *a = left;
    const struct tv_sample *b = right;
    return (a->time > b->time) - (a->time < b->time);
}

/* Span ids to indexes, open addressing. */
struct index {
    uint32_t *slots; /* index + 1 */
    size_t mask;
};

static size_t slot_of(const struct index *index, struct tv_id trace, uint64_t id)
{
    return tv_mix64(trace.lo ^ tv_mix64(id ^ trace.hi)) & index->mask;
}

static uint32_t find(
        const struct tv_facts *facts, const struct index *index, struct tv_id trace, uint64_t id)
{
    for (size_t at = slot_of(index, trace, id); id && index->slots[at];
            at = (at + 1) & index->mask) {
        const struct tv_fact_span *span = &facts->spans[index->slots[at] - 1];
        if (span->id == id && tv_id_equal(span->trace, trace))
            return index->slots[at] - 1;
    }
    return TV_NONE;
}

static void build(const struct tv_facts *facts, struct index *index)
{
    size_t slots = 16;
    while (slots < facts->span_count * 2)
        slots *= 2;
    index->mask = slots - 1;
    index->slots = tv_calloc(slots, sizeof(*index->slots));
    for (size_t i = 0; i < facts->span_count; i++) {
        const struct tv_fact_span *span = &facts->spans[i];
        if (find(facts, index, span->trace, span->id) != TV_NONE || !span->id)
            continue;
        size_t at = slot_of(index, span->trace, span->id);
        while (index->slots[at])
            at = (at + 1) & index->mask;
        index->slots[at] = (uint32_t)i + 1;
    }
}

/* Children of each span in order of time: first[i], then next[]. Index + 1; 0 ends. */
struct children {
    uint32_t *first, *next;
};

static int64_t end_of(const struct tv_fact_span *span)
{
    return span->time + span->duration;
}

/* Time inside `outer` that the spans of a list fill, each moment once. */
static int64_t filled(const struct tv_facts *facts, const struct tv_fact_span *outer,
        const struct children *children, uint32_t first)
{
    int64_t sum = 0;
    int64_t done = outer->time;
    for (uint32_t at = first; at; at = children->next[at - 1]) {
        const struct tv_fact_span *inner = &facts->spans[at - 1];
        int64_t start = inner->time > done ? inner->time : done;
        int64_t end = end_of(inner) < end_of(outer) ? end_of(inner) : end_of(outer);
        if (end <= start)
            continue;
        sum += end - start;
        done = end;
    }
    return sum;
}

/* The part of a childless span that its next siblings of the same service fill, if it is most of it. */
static int64_t filled_by_siblings(
        const struct tv_facts *facts, const struct children *children, uint32_t index)
{
    enum { LOOK = 8 };
    const struct tv_fact_span *span = &facts->spans[index];
    uint32_t at = children->next[index];
    for (int i = 0; i < LOOK && at; i++, at = children->next[at - 1]) {
        const struct tv_fact_span *sibling = &facts->spans[at - 1];
        int64_t end = end_of(sibling) < end_of(span) ? end_of(sibling) : end_of(span);
        bool same = facts->operations[sibling->operation].service ==
                facts->operations[span->operation].service;
        if (sibling->time >= end_of(span))
            return 0;
        if (same && end - sibling->time > span->duration / 2)
            return end - sibling->time;
    }
    return 0;
}

static void compute_own(struct tv_facts *facts, const struct children *children)
{
    for (size_t i = 0; i < facts->span_count; i++) {
        struct tv_fact_span *span = &facts->spans[i];
        uint32_t first = children->first[i];
        int64_t others = first            ? filled(facts, span, children, first)
                : span->parent != TV_NONE ? filled_by_siblings(facts, children, (uint32_t)i)
                                          : 0;
        span->own = span->duration - others;
    }
}

/* A span that calls several services is no call to any of them: its own time is its own. */
static void note_callee(
        struct tv_facts *facts, struct tv_fact_span *parent, const struct tv_fact_span *child)
{
    uint32_t service = facts->operations[child->operation].service;
    if (service == facts->operations[parent->operation].service)
        return;
    if (parent->callee_actor != TV_NONE && parent->callee != service)
        parent->calls_several = true;
    parent->callee = service;
    parent->callee_actor = child->actor;
}

static void link_spans(struct tv_facts *facts, const struct index *index)
{
    struct children children = {tv_calloc(facts->span_count + 1, sizeof(uint32_t)),
            tv_calloc(facts->span_count + 1, sizeof(uint32_t))};
    for (size_t i = facts->span_count; i-- > 0;) {
        struct tv_fact_span *span = &facts->spans[i];
        span->parent = find(facts, index, span->trace, span->parent_id);
        if (span->parent == i)
            span->parent = TV_NONE;
        if (span->parent == TV_NONE)
            continue;
        children.next[i] = children.first[span->parent];
        children.first[span->parent] = (uint32_t)i + 1;
        note_callee(facts, &facts->spans[span->parent], span);
    }
    compute_own(facts, &children);
    free(children.first);
    free(children.next);
}

/* Tells all spans above a failed one, where a service boundary lies between, that the failure came from
 * below. An ancestor told already ends the walk, so the whole costs a step per span; the bound is for
 * parents in a ring. */
static void tell_failure(struct tv_facts *facts, uint32_t index)
{
    enum { DEPTH_MAX = 512 };
    uint32_t service = facts->operations[facts->spans[index].operation].service;
    uint32_t at = facts->spans[index].parent;
    for (int depth = 0; depth < DEPTH_MAX && at != TV_NONE; depth++) {
        struct tv_fact_span *span = &facts->spans[at];
        if (facts->operations[span->operation].service != service) {
            if (span->failed_below)
                return;
            span->failed_below = true;
        }
        at = span->parent;
    }
}

static void tell_failures(struct tv_facts *facts)
{
    for (size_t i = 0; i < facts->span_count; i++)
        if (facts->spans[i].failed) {
            facts->spans[i].troubled = true;
            tell_failure(facts, (uint32_t)i);
        }
    for (size_t i = 0; i < facts->record_count; i++)
        if (facts->records[i].error && facts->records[i].span != TV_NONE) {
            facts->spans[facts->records[i].span].troubled = true;
            tell_failure(facts, facts->records[i].span);
        }
}

/* An actor for every service as a whole, those included that are only called. */
static void complete_actors(struct tv_facts *facts)
{
    size_t count = facts->actor_count;
    for (size_t i = 0; i < count; i++)
        (void)tv_facts_actor(facts, facts->actors[i].service, 0);
    for (size_t i = 0; i < facts->span_count; i++)
        if (facts->spans[i].callee)
            (void)tv_facts_actor(facts, facts->spans[i].callee, 0);
    facts->whole = tv_malloc((facts->name_count + 1) * sizeof(*facts->whole));
    memset(facts->whole, 0xff, (facts->name_count + 1) * sizeof(*facts->whole));
    for (size_t i = 0; i < facts->actor_count; i++)
        if (facts->actors[i].instance == 0)
            facts->whole[facts->actors[i].service] = (uint32_t)i;
}

void tv_facts_link(struct tv_facts *facts)
{
    if (facts->span_count > 1)
        qsort(facts->spans, facts->span_count, sizeof(*facts->spans), by_trace);
    struct index index = {0};
    build(facts, &index);
    link_spans(facts, &index);
    for (size_t i = 0; i < facts->record_count; i++)
        facts->records[i].span =
                find(facts, &index, facts->records[i].trace, facts->records[i].span_id);
    free(index.slots);
    tell_failures(facts);
    complete_actors(facts);
    facts->waited = tv_calloc(facts->span_count + 1, sizeof(*facts->waited));
    for (size_t i = 0; i < facts->series_count; i++)
        if (facts->series[i].count > 1)
            qsort(facts->series[i].samples, facts->series[i].count,
                    sizeof(*facts->series[i].samples), by_time);
}
