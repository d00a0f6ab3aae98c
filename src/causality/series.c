/* SPDX-License-Identifier: Apache-2.0 */
/* Series: what left the band it was in before the onset.
 *
 * A series is compared with its own past by a robust z; what was so shortly before the onset already is
 * taken off, since it is no change. Resources, traffic and others count by z alone.
 *
 * Slowness and failures travel against calls, so they are accounted for like money: a service's excess
 * (its change times its requests, where those are known), less the excess of the services it calls, is
 * its own. So the deepest one whose callees do not explain it stands out, and a rare request that became
 * very slow does not. A service that has spans is left out of slowness: its spans say it better. And an
 * excess that the symptom itself does not show is worth little. */
#include "causality/evidence.h"

#include "base/mem.h"
#include "stats/robust.h"

#include <math.h>
#include <stdlib.h>

enum { LEAST_BEFORE = 4, MOST_BEFORE = 60, RECENT = 3 };
/* Of a z: below it is noise; for what is accounted for; half trust. */
#define Z_LEAST      4.0
#define Z_LEAST_OWN  2.5
#define Z_HALF       8.0
#define SYMPTOM_HALF 4.0
/* Of what the callees explain wholly so much is left. */
#define EXPLAINED_LEFT 0.05
/* An idle resource that is less idle counts so much. */
#define FULL_LEAST 0.15
/* An excess is worth that where the symptom has no such series. */
#define RELEVANCE_UNKNOWN 0.5

struct compared {
    uint32_t series;
    enum tv_measure_class class;
    double z;      /* in the direction that is bad, or without direction */
    double excess; /* mean behind less median before, absolute */
    double usual, value, deviation, largest;
    int64_t onset;
};

struct finder {
    const struct tv_facts *facts;
    const struct tv_graph *graph;
    const struct tv_cut *cut;
    struct compared *items;
    size_t count, cap;
    double *requests; /* by name of service: requests per sample behind the onset; 0: unknown */
    double *numbers, *scratch;
};

static bool is_rate(enum tv_measure_class class)
{
    return class == TV_CLASS_SUCCESSES || class == TV_CLASS_FAILURES;
}

/* A deviation below which numbers of such a kind do not differ, however steady they were. */
static double least_deviation(
        enum tv_measure_class class, const struct tv_spread *before, double largest)
{
    double share = class == TV_CLASS_SUCCESSES ? 0.003 : class == TV_CLASS_FAILURES ? 0.02 : 0.1;
    double range = is_rate(class) ? 0.002 : 0.01;
    double floor = fmax(share * fabs(before->median), range * largest);
    return fmax(floor, 1e-12);
}

/* The z of the stretch behind: its median, or of one or two samples the more extreme if both agree. */
static double z_behind(const struct finder *finder, const struct tv_sample *samples, size_t count,
        double median, double deviation)
{
    double *z = finder->scratch;
    for (size_t i = 0; i < count; i++)
        z[i] = (samples[i].value - median) / deviation;
    if (count == 2 && z[0] * z[1] < 0)
        return (z[0] + z[1]) / 2;
    if (count == 2)
        return fabs(z[0]) > fabs(z[1]) ? z[0] : z[1];
    tv_sort_numbers(z, count);
    return tv_quantile_sorted(z, count, 0.5);
}

/* The z of the last samples before the onset. */
static double z_recent(
        const struct tv_sample *samples, size_t before, double median, double deviation)
{
    double z[RECENT];
    size_t count = before < RECENT ? before : RECENT;
    for (size_t i = 0; i < count; i++)
        z[i] = (samples[before - 1 - i].value - median) / deviation;
    tv_sort_numbers(z, count);
    return tv_quantile_sorted(z, count, 0.5);
}

static int64_t first_beyond(const struct tv_sample *samples, size_t count, double limit, bool above)
{
    for (size_t i = 0; i < count; i++)
        if (above ? samples[i].value > limit : samples[i].value < limit)
            return samples[i].time;
    return samples[0].time;
}

static double directed(enum tv_measure_class class, double z)
{
    if (class == TV_CLASS_SUCCESSES)
        return -z;
    return class == TV_CLASS_TRAFFIC || class == TV_CLASS_OTHER ? fabs(z) : z;
}

static void compare(struct finder *finder, uint32_t index)
{
    const struct tv_fact_series *series = &finder->facts->series[index];
    size_t before = 0;
    size_t end = 0;
    while (end < series->count && series->samples[end].time <= finder->cut->to)
        before += series->samples[end++].time < finder->cut->onset;
    size_t first = before > MOST_BEFORE ? before - MOST_BEFORE : 0;
    size_t behind = end - before;
    if (before - first < LEAST_BEFORE || behind == 0)
        return;
    const struct tv_sample *samples = series->samples;
    double sum = 0;
    double largest = 0;
    for (size_t i = first; i < end; i++) {
        largest = fmax(largest, fabs(samples[i].value));
        if (i < before)
            finder->numbers[i - first] = samples[i].value;
        else
            sum += samples[i].value;
    }
    enum tv_measure_class class = tv_measure_class_of(tv_facts_text(finder->facts, series->metric));
    struct tv_spread spread = tv_spread_of(finder->numbers, before - first, finder->scratch);
    double deviation = fmax(fmax(spread.deviation, (spread.high - spread.low) / 3.3),
            least_deviation(class, &spread, largest));
    double z = z_behind(finder, samples + before, behind, spread.median, deviation);
    double recent = z_recent(samples, before, spread.median, deviation);
    if (z * recent > 0)
        z = fabs(recent) < fabs(z) ? z - recent : 0;
    double value = sum / (double)behind;
    struct compared *compared = tv_facts_add(
            (void **)&finder->items, &finder->count, &finder->cap, sizeof(*finder->items));
    *compared = (struct compared){.series = index,
            .class = class,
            .z = directed(class, z),
            .excess = fabs(value - spread.median),
            .usual = spread.median,
            .value = value,
            .deviation = deviation,
            .largest = largest,
            .onset = first_beyond(
                    samples + before, behind, spread.median + (z > 0 ? 3 : -3) * deviation, z > 0)};
}

static uint32_t service_of(const struct finder *finder, const struct compared *compared)
{
    return tv_facts_service(finder->facts, finder->facts->series[compared->series].actor);
}

static bool contains(struct tv_str text, const char *word)
{
    return tv_str_contains(text, tv_str_of(word));
}

static bool counts_requests(struct tv_str metric)
{
    return contains(metric, "req") || contains(metric, "qps") || contains(metric, "rps") ||
            contains(metric, "ops") || contains(metric, "calls");
}

static void learn_requests(struct finder *finder)
{
    for (size_t i = 0; i < finder->count; i++) {
        const struct compared *item = &finder->items[i];
        struct tv_str metric =
                tv_facts_text(finder->facts, finder->facts->series[item->series].metric);
        double *requests = &finder->requests[service_of(finder, item)];
        if (item->class == TV_CLASS_TRAFFIC && counts_requests(metric))
            *requests = fmax(*requests, item->value);
    }
}

static struct tv_evidence *add(struct tv_evidence_list *list, const struct finder *finder,
        const struct compared *compared, enum tv_dimension dimension, double strength)
{
    const struct tv_fact_series *series = &finder->facts->series[compared->series];
    struct tv_evidence *evidence =
            tv_evidence_add(list, series->actor, (uint32_t)dimension, strength);
    evidence->value = compared->value;
    evidence->usual = compared->usual;
    evidence->onset = compared->onset;
    evidence->name = series->metric;
    evidence->series = compared->series;
    evidence->form = "series";
    return evidence;
}

/* How much of a change it is: three doublings are all of it, so that a resource which is idle and a
 * little less idle now is not taken for one that ran out. */
static double magnitude(const struct compared *item)
{
    double usual = fmax(fabs(item->usual), item->deviation);
    double ratio = fabs(item->value) > usual ? fabs(item->value) / usual
                                             : usual / fmax(fabs(item->value), usual / 64);
    return fmin(1, fmax(0.1, log2(ratio) / 3));
}

/* What is measured as a share of what there is, and for which numbers mean how full it is. */
enum resource { RESOURCE_OTHER, RESOURCE_CPU, RESOURCE_MEMORY };

static enum resource resource_of(const struct finder *finder, const struct compared *item)
{
    struct tv_str name = tv_facts_text(finder->facts, finder->facts->series[item->series].metric);
    if (item->class != TV_CLASS_RESOURCE)
        return RESOURCE_OTHER;
    return contains(name, "cpu")    ? RESOURCE_CPU
            : contains(name, "mem") ? RESOURCE_MEMORY
                                    : RESOURCE_OTHER;
}

/* 100 or 1 if all series of the metric stay within per cent or within 1; 0: it has no scale. */
static double scale_of(const struct finder *finder, uint32_t metric)
{
    double most = 0;
    for (size_t i = 0; i < finder->count; i++) {
        const struct compared *item = &finder->items[i];
        if (finder->facts->series[item->series].metric == metric)
            most = fmax(most, fmax(item->largest, 0));
    }
    return most <= 1.05 ? 1 : most <= 120 && most > 20 ? 100 : 0;
}

/* A full resource counts wholly, an idle one little; and where the share is known, the same resource in
 * other units is not counted. */
static double fullness(const struct finder *finder, const struct compared *item)
{
    enum resource resource = resource_of(finder, item);
    if (resource == RESOURCE_OTHER)
        return 1;
    uint32_t metric = finder->facts->series[item->series].metric;
    uint32_t actor = finder->facts->series[item->series].actor;
    double scale = scale_of(finder, metric);
    if (scale > 0)
        return fmin(1, FULL_LEAST + item->value / scale);
    for (size_t i = 0; i < finder->count; i++) {
        const struct compared *other = &finder->items[i];
        const struct tv_fact_series *series = &finder->facts->series[other->series];
        if (series->actor == actor && series->metric != metric &&
                resource_of(finder, other) == resource && scale_of(finder, series->metric) > 0)
            return 0;
    }
    return 1;
}

static void add_plain(struct tv_evidence_list *list, const struct finder *finder)
{
    for (size_t i = 0; i < finder->count; i++) {
        const struct compared *item = &finder->items[i];
        enum tv_dimension dimension = item->class == TV_CLASS_RESOURCE ? TV_DIMENSION_SATURATION
                : item->class == TV_CLASS_TRAFFIC                      ? TV_DIMENSION_TRAFFIC
                                                                       : TV_DIMENSION_OTHER;
        double strength =
                item->z > Z_LEAST ? log1p(item->z) * magnitude(item) * fullness(finder, item) : 0;
        if (strength > 0 && !is_rate(item->class) && item->class != TV_CLASS_DURATION)
            (void)add(list, finder, item, dimension, strength);
    }
}

/* How far the symptom itself shows what a class of series tells. */
static double relevance(const struct finder *finder, uint32_t symptom, bool slowness)
{
    double z = -1;
    for (size_t i = 0; i < finder->count; i++) {
        const struct compared *item = &finder->items[i];
        bool fits = slowness ? item->class == TV_CLASS_DURATION : is_rate(item->class);
        if (fits && service_of(finder, item) == symptom)
            z = fmax(z, fmax(item->z, 0));
    }
    return z < 0 ? RELEVANCE_UNKNOWN : z / (z + SYMPTOM_HALF);
}

/* The excesses of one metric, by service. */
struct account {
    uint32_t metric;
    enum tv_measure_class class;
    double *excess;   /* by name of service */
    uint32_t *origin; /* by name: index + 1 of the item */
};

static bool is_mean(struct tv_str metric)
{
    return contains(metric, "avg") || contains(metric, "mean");
}

/* Whether one of the class's metrics is a mean: only means times requests are sums. */
static bool has_mean(const struct finder *finder, enum tv_measure_class class)
{
    for (size_t i = 0; i < finder->count; i++) {
        const struct compared *item = &finder->items[i];
        if (item->class == class && item->z > Z_LEAST_OWN &&
                is_mean(tv_facts_text(finder->facts, finder->facts->series[item->series].metric)))
            return true;
    }
    return false;
}

static double least_requests(const struct finder *finder)
{
    double least = 0;
    for (size_t i = 0; i < finder->facts->name_count; i++)
        if (finder->requests[i] > 0 && (least == 0 || finder->requests[i] < least))
            least = finder->requests[i];
    return least > 0 ? least : 1;
}

/* Gathers one metric's excesses; false if nobody has any. */
static bool fill(const struct finder *finder, struct account *account)
{
    size_t names = finder->facts->name_count + 1;
    double unknown = least_requests(finder);
    bool any = false;
    memset(account->excess, 0, names * sizeof(*account->excess));
    memset(account->origin, 0, names * sizeof(*account->origin));
    for (size_t i = 0; i < finder->count; i++) {
        const struct compared *item = &finder->items[i];
        uint32_t service = service_of(finder, item);
        bool traced = account->class == TV_CLASS_DURATION && finder->graph->traced[service];
        if (finder->facts->series[item->series].metric != account->metric || traced ||
                item->z <= Z_LEAST_OWN)
            continue;
        double requests = finder->requests[service] > 0 ? finder->requests[service] : unknown;
        if (item->excess * requests <= account->excess[service])
            continue;
        account->excess[service] = item->excess * requests;
        account->origin[service] = (uint32_t)i + 1;
        any = true;
    }
    return any;
}

/* Takes the callees' excess off: what is left is a service's own, weighed by how sure it is. */
static double settle(const struct finder *finder, const struct account *account, double *own)
{
    const struct tv_graph *graph = finder->graph;
    double most = 0;
    memcpy(own, account->excess, (finder->facts->name_count + 1) * sizeof(*own));
    for (size_t i = 0; i < graph->edge_count; i++)
        if (graph->edges[i].from < finder->facts->name_count)
            own[graph->edges[i].from] -= account->excess[graph->edges[i].to];
    for (size_t i = 0; i < finder->facts->name_count; i++) {
        if (account->origin[i] == 0) {
            own[i] = 0;
            continue;
        }
        double z = finder->items[account->origin[i] - 1].z;
        own[i] = fmax(own[i], EXPLAINED_LEFT * account->excess[i]) * z / (z + Z_HALF);
        most = fmax(most, own[i]);
    }
    return most;
}

/* One class: every metric of it gives each service a share, the mean of them is the strength. */
static void add_accounts(struct tv_evidence_list *list, const struct finder *finder,
        enum tv_measure_class class, double relevance)
{
    size_t names = finder->facts->name_count + 1;
    struct account account = {.class = class,
            .excess = tv_calloc(names, sizeof(double)),
            .origin = tv_calloc(names, sizeof(uint32_t))};
    double *own = tv_calloc(names, sizeof(double));
    double *shares = tv_calloc(names, sizeof(double));
    uint32_t *origins = tv_calloc(names, sizeof(uint32_t));
    bool *seen = tv_calloc(names, sizeof(bool));
    bool means = has_mean(finder, class);
    double metrics = 0;
    for (size_t i = 0; i < finder->count; i++) {
        account.metric = finder->facts->series[finder->items[i].series].metric;
        bool counts = !means || is_mean(tv_facts_text(finder->facts, account.metric));
        if (finder->items[i].class != class || seen[account.metric] || !counts)
            continue;
        seen[account.metric] = true;
        double most = fill(finder, &account) ? settle(finder, &account, own) : 0;
        metrics += most > 0;
        for (size_t k = 0; most > 0 && k < names; k++) {
            shares[k] += own[k] / most;
            if (own[k] == most || (own[k] > 0 && !origins[k]))
                origins[k] = account.origin[k];
        }
    }
    enum tv_dimension dimension =
            class == TV_CLASS_DURATION ? TV_DIMENSION_SLOWNESS : TV_DIMENSION_ERRORS;
    for (size_t k = 0; k < names; k++)
        if (shares[k] > 0)
            (void)add(list, finder, &finder->items[origins[k] - 1], dimension,
                    relevance * shares[k] / metrics);
    free(account.excess);
    free(account.origin);
    free(own);
    free(shares);
    free(origins);
    free(seen);
}

void tv_find_series(struct tv_evidence_list *list, const struct tv_facts *facts,
        const struct tv_graph *graph, const struct tv_cut *cut)
{
    struct finder finder = {.facts = facts, .graph = graph, .cut = cut};
    uint32_t longest = 0;
    for (size_t i = 0; i < facts->series_count; i++)
        longest = facts->series[i].count > longest ? facts->series[i].count : longest;
    finder.numbers = tv_calloc((size_t)longest + 1, sizeof(double));
    finder.scratch = tv_calloc((size_t)longest + 1, sizeof(double));
    finder.requests = tv_calloc(facts->name_count + 1, sizeof(double));
    for (size_t i = 0; i < facts->series_count; i++)
        compare(&finder, (uint32_t)i);
    learn_requests(&finder);
    add_plain(list, &finder);
    double slow = relevance(&finder, graph->symptom, true);
    double failing = relevance(&finder, graph->symptom, false);
    add_accounts(list, &finder, TV_CLASS_DURATION, slow);
    add_accounts(list, &finder, TV_CLASS_FAILURES, failing);
    add_accounts(list, &finder, TV_CLASS_SUCCESSES, failing);
    free(finder.items);
    free(finder.numbers);
    free(finder.scratch);
    free(finder.requests);
}
