/* SPDX-License-Identifier: Apache-2.0 */
/* Slowness, measured in the seconds that requests lost.
 *
 * Spans of one operation (and one callee, where they call) are compared before and behind the onset.
 * Seconds beyond what was usual (the 95 % quantile, 30 % above the median at least) add up to the time
 * lost; a likelihood-ratio test over how many went beyond it says whether that is chance, divided by how
 * much that share varied before. Time lost adds over operations and services as means do not, and it
 * says how much of the symptom it explains.
 *
 * A call's own time is the network and both ends' queues, so it is shared between caller and callee:
 * most goes to the callee, but if the caller's calls to others are slow as well, to the caller. */
#include "causality/evidence.h"

#include "base/mem.h"
#include "stats/robust.h"

#include <math.h>
#include <stdlib.h>

/* Below this many spans before and behind, nothing is said. */
enum { LEAST_BEFORE = 5, LEAST_BEHIND = 2 };
/* G below it is chance (chi-squared, one degree: p ≈ 0.014), and half trust. */
#define G_LEAST 6.0
#define G_HALF  15.0
/* What no longer happens at the end keeps so much; so many runs of doubt. */
#define PERSISTENCE_LEAST 0.3
#define PERSISTENCE_PRIOR 3.0

static int by_group(const void *left, const void *right)
{
    const struct tv_timing *a = left;
    const struct tv_timing *b = right;
    if (a->operation != b->operation)
        return a->operation < b->operation ? -1 : 1;
    if (a->callee != b->callee)
        return a->callee < b->callee ? -1 : 1;
    return (a->time > b->time) - (a->time < b->time);
}

static int by_number(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The times of all spans in order, so that stretches are found without sorting for every onset. */
static void sort_times(struct tv_timings *timings)
{
    timings->times = tv_malloc((timings->count + 1) * sizeof(*timings->times));
    for (size_t i = 0; i < timings->count; i++)
        timings->times[i] = timings->items[i].time;
    if (timings->count > 1)
        qsort(timings->times, timings->count, sizeof(*timings->times), by_number);
}

void tv_timings_build(struct tv_timings *timings, const struct tv_facts *facts)
{
    timings->count = facts->span_count;
    timings->items = tv_malloc((timings->count + 1) * sizeof(*timings->items));
    for (size_t i = 0; i < facts->span_count; i++) {
        const struct tv_fact_span *span = &facts->spans[i];
        uint32_t service = facts->operations[span->operation].service;
        timings->items[i] = (struct tv_timing){.operation = span->operation,
                .callee = span->callee == service || span->calls_several ? 0 : span->callee,
                .span = (uint32_t)i,
                .time = span->time,
                .seconds = (double)span->own / 1e9};
    }
    if (timings->count > 1)
        qsort(timings->items, timings->count, sizeof(*timings->items), by_group);
    sort_times(timings);
}

size_t tv_timings_group(const struct tv_timings *timings, size_t first)
{
    size_t end = first;
    while (end < timings->count &&
            timings->items[end].operation == timings->items[first].operation &&
            timings->items[end].callee == timings->items[first].callee)
        end++;
    return end;
}

void tv_timings_release(struct tv_timings *timings)
{
    free(timings->items);
    free(timings->times);
    *timings = (struct tv_timings){0};
}

void tv_stretches_of(
        struct tv_stretches *out, const struct tv_timings *timings, const struct tv_cut *cut)
{
    size_t low = 0;
    size_t high = timings->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (timings->times[middle] < cut->onset)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = 0; i < TV_STRETCHES - 1; i++)
        out->ends[i] = low ? timings->times[low * (i + 1) / TV_STRETCHES] : cut->onset;
}

/* One group, compared. */
struct slowness {
    double lost;  /* seconds */
    double trust; /* 0 … 1 */
    double median_before, median_behind;
    int64_t onset;
    double limit;
    uint32_t slow, behind, late;  /* late: slow ones of the second half */
    uint32_t actor, callee_actor; /* of most of the lost time, TV_NONE: of several */
};

/* Votes of seconds for few actors; what does not fit is spread too thin to matter. */
struct votes {
    struct {
        uint32_t actor;
        double seconds;
    } items[8];
    size_t count;
    double sum;
};

static void vote(struct votes *votes, uint32_t actor, double seconds)
{
    votes->sum += seconds;
    size_t at = 0;
    while (at < votes->count && votes->items[at].actor != actor)
        at++;
    if (at == sizeof(votes->items) / sizeof(votes->items[0]))
        return;
    if (at == votes->count) {
        votes->items[votes->count].actor = actor;
        votes->items[votes->count++].seconds = 0;
    }
    votes->items[at].seconds += seconds;
}

static uint32_t elected(const struct votes *votes)
{
    for (size_t i = 0; i < votes->count; i++)
        if (votes->items[i].seconds > 0.6 * votes->sum)
            return votes->items[i].actor;
    return TV_NONE;
}

struct finder {
    const struct tv_facts *facts;
    const struct tv_cut *cut;
    struct tv_stretches stretches;
    double *numbers;
    int64_t middle; /* of the time behind the onset */
};

static double usual_limit(
        struct finder *finder, const struct tv_timing *items, size_t before, double *median)
{
    for (size_t i = 0; i < before; i++)
        finder->numbers[i] = items[i].seconds;
    tv_sort_numbers(finder->numbers, before);
    *median = tv_quantile_sorted(finder->numbers, before, 0.5);
    return fmax(tv_quantile_sorted(finder->numbers, before, 0.95), 1.3 * *median);
}

static void sum_behind(struct finder *finder, const struct tv_timing *items, size_t count,
        double limit, struct slowness *out)
{
    struct votes own = {0};
    struct votes callees = {0};
    for (size_t i = 0; i < count; i++) {
        double beyond = items[i].seconds - limit;
        finder->numbers[i] = items[i].seconds;
        if (beyond <= 0)
            continue;
        const struct tv_fact_span *span = &finder->facts->spans[items[i].span];
        out->slow++;
        out->late += items[i].time >= finder->middle;
        out->lost += beyond;
        if (out->slow == 1)
            out->onset = items[i].time;
        vote(&own, span->actor, beyond);
        vote(&callees, span->callee_actor, beyond);
    }
    tv_sort_numbers(finder->numbers, count);
    out->median_behind = tv_quantile_sorted(finder->numbers, count, 0.5);
    out->actor = elected(&own);
    out->callee_actor = elected(&callees);
}

/* False where it did not become slower. */
static bool compare(
        struct finder *finder, const struct tv_timing *items, size_t count, struct slowness *out)
{
    size_t before = 0;
    while (before < count && items[before].time < finder->cut->onset)
        before++;
    size_t behind = count - before;
    if (before < LEAST_BEFORE || behind < LEAST_BEHIND)
        return false;
    *out = (struct slowness){.behind = (uint32_t)behind};
    double limit = usual_limit(finder, items, before, &out->median_before);
    struct tv_rate stretches[TV_STRETCHES] = {{0}};
    double slow_before = 0;
    double lost_before = 0;
    for (size_t i = 0; i < before; i++) {
        struct tv_rate *stretch = &stretches[tv_stretch_of(&finder->stretches, items[i].time)];
        bool slow = items[i].seconds > limit;
        stretch->exposure += 1;
        stretch->count += slow;
        slow_before += slow;
        lost_before += slow ? items[i].seconds - limit : 0;
    }
    sum_behind(finder, items + before, behind, limit, out);
    struct tv_rate rate_before = {slow_before, (double)before};
    struct tv_rate rate_behind = {out->slow, (double)behind};
    if (rate_behind.count * rate_before.exposure <= rate_before.count * rate_behind.exposure)
        return false;
    double g = tv_rate_contrast(rate_before, rate_behind) /
            tv_rate_dispersion(stretches, TV_STRETCHES);
    out->lost -= lost_before / (double)before * (double)behind;
    size_t late = 0;
    for (size_t i = before; i < count; i++)
        late += items[i].time >= finder->middle;
    out->limit = limit;
    out->trust = g / (g + G_HALF) *
            tv_persistence((struct tv_rate){out->slow, (double)behind},
                    (struct tv_rate){out->late, (double)late});
    return g >= G_LEAST && out->lost > 0;
}

/* A slow call: its lost seconds are shared once all are known. */
struct slow_call {
    uint32_t caller, callee; /* services */
    uint32_t operation;
    struct slowness slowness;
};

static void add(struct tv_evidence_list *list, const struct slowness *slowness, uint32_t actor,
        double seconds, uint32_t operation)
{
    struct tv_evidence *evidence =
            tv_evidence_add(list, actor, TV_DIMENSION_LATENCY, seconds * slowness->trust);
    evidence->value = slowness->median_behind;
    evidence->usual = slowness->median_before;
    evidence->onset = slowness->onset;
    evidence->count = slowness->slow;
    evidence->of = slowness->behind;
    evidence->name = operation;
    evidence->form = "latency";
}

/* What share of an end's other calls are slow as well, 0 … 1; `alone` where it has no other. */
static double others_slow(const struct tv_graph_edge *edges, size_t count, const double *lost,
        size_t index, bool of_caller)
{
    double others = 0;
    double slow = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t end = of_caller ? edges[i].from : edges[i].to;
        uint32_t wanted = of_caller ? edges[index].from : edges[index].to;
        if (i == index || end != wanted)
            continue;
        others += 1;
        slow += lost[i] > (of_caller ? 0.1 * lost[index] : 0);
    }
    return others > 0 ? slow / others : -1;
}

/* The callee's part of the seconds lost on a link. */
static double callee_share(double callers_others, double callees_others)
{
    double caller = callers_others < 0 ? 0.1 : 0.15 + 0.85 * callers_others * callers_others;
    double callee = 0.3 + 0.7 * (callees_others < 0 ? 0.5 : callees_others);
    return callee / (caller + callee);
}

static size_t link_of(const struct tv_graph *graph, uint32_t from, uint32_t to)
{
    uint32_t pair[2] = {from, to};
    uint64_t *index =
            tv_map_get(&graph->by_pair, (struct tv_str){(const char *)pair, sizeof(pair)});
    TV_ASSERT(index);
    return (size_t)*index;
}

static void share_calls(struct tv_evidence_list *list, const struct tv_facts *facts,
        const struct tv_graph *graph, const struct slow_call *calls, size_t count)
{
    double *lost = tv_calloc(graph->edge_count + 1, sizeof(*lost));
    for (size_t i = 0; i < count; i++)
        lost[link_of(graph, calls[i].caller, calls[i].callee)] +=
                calls[i].slowness.lost * calls[i].slowness.trust;
    for (size_t i = 0; i < count; i++) {
        const struct slow_call *call = &calls[i];
        size_t link = link_of(graph, call->caller, call->callee);
        double share = callee_share(others_slow(graph->edges, graph->edge_count, lost, link, true),
                others_slow(graph->edges, graph->edge_count, lost, link, false));
        uint32_t callee = tv_facts_actor_or_whole(facts, call->slowness.callee_actor, call->callee);
        uint32_t caller = tv_facts_actor_or_whole(facts, call->slowness.actor, call->caller);
        if (callee != TV_NONE) {
            add(list, &call->slowness, callee, call->slowness.lost * share, call->operation);
            list->items[list->count - 1].peer = call->caller;
            list->items[list->count - 1].form = "called";
        }
        if (caller != TV_NONE) {
            add(list, &call->slowness, caller, call->slowness.lost * (1 - share), call->operation);
            list->items[list->count - 1].peer = call->callee;
            list->items[list->count - 1].form = "calling";
        }
    }
    free(lost);
}

double tv_persistence(struct tv_rate all, struct tv_rate late)
{
    if (all.count <= 0 || all.exposure <= 0)
        return 1;
    double usual = all.count / all.exposure;
    double share = (late.count + PERSISTENCE_PRIOR * usual) / (late.exposure + PERSISTENCE_PRIOR);
    return PERSISTENCE_LEAST + (1 - PERSISTENCE_LEAST) * fmin(1, share / usual);
}

/* Tells everybody above a slow call that he waited for it. */
static void tell_waiting(struct tv_facts *facts, const struct tv_timing *items, size_t count,
        const struct tv_cut *cut, double limit)
{
    enum { DEPTH_MAX = 512 };
    for (size_t i = 0; i < count; i++) {
        if (items[i].time < cut->onset || items[i].seconds <= limit)
            continue;
        uint32_t at = facts->spans[items[i].span].parent;
        for (int depth = 0; depth < DEPTH_MAX && at != TV_NONE && !facts->waited[at]; depth++) {
            facts->waited[at] = true;
            at = facts->spans[at].parent;
        }
    }
}

void tv_find_latency(struct tv_evidence_list *list, struct tv_facts *facts,
        const struct tv_graph *graph, const struct tv_timings *timings, const struct tv_cut *cut)
{
    struct finder finder = {.facts = facts, .cut = cut};
    finder.numbers = tv_malloc((timings->count + 1) * sizeof(double));
    struct slow_call *calls = NULL;
    size_t call_count = 0;
    size_t call_cap = 0;
    finder.middle = cut->onset + (cut->to - cut->onset) / 2;
    memset(facts->waited, 0, facts->span_count * sizeof(*facts->waited));
    tv_stretches_of(&finder.stretches, timings, cut);
    for (size_t first = 0; first < timings->count;) {
        const struct tv_timing *items = &timings->items[first];
        size_t end = tv_timings_group(timings, first);
        struct slowness slowness;
        bool slow = compare(&finder, items, end - first, &slowness);
        uint32_t service = facts->operations[items->operation].service;
        uint32_t actor = slow ? tv_facts_actor_or_whole(facts, slowness.actor, service) : TV_NONE;
        if (slow && items->callee) {
            tell_waiting(facts, items, end - first, cut, slowness.limit);
            struct slow_call *call =
                    tv_facts_add((void **)&calls, &call_count, &call_cap, sizeof(*calls));
            *call = (struct slow_call){service, items->callee, items->operation, slowness};
        } else if (actor != TV_NONE) {
            add(list, &slowness, actor, slowness.lost, items->operation);
        }
        first = end;
    }
    share_calls(list, facts, graph, calls, call_count);
    free(calls);
    free(finder.numbers);
}
