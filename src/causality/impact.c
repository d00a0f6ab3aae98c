/* SPDX-License-Identifier: Apache-2.0 */
/* A request is a span whose parent is absent or in another service; it is slow if it took longer than 95
 * of 100 of its operation did before the onset, and at least 30 % longer than their median. */
#include "causality/impact.h"

#include "base/mem.h"
#include "stats/robust.h"

#include <math.h>
#include <stdlib.h>

enum { LEAST_BEFORE = 5 };

struct request {
    uint32_t operation;
    bool behind, failed;
    double seconds;
};

static int by_operation(const void *left, const void *right)
{
    const struct request *a = left;
    const struct request *b = right;
    if (a->operation != b->operation)
        return a->operation < b->operation ? -1 : 1;
    if (a->behind != b->behind)
        return a->behind ? 1 : -1;
    return (a->seconds > b->seconds) - (a->seconds < b->seconds);
}

static bool is_request(const struct tv_facts *facts, const struct tv_fact_span *span)
{
    if (span->kind == TV_KIND_SERVER || span->kind == TV_KIND_CONSUMER)
        return true;
    if (span->kind != 0)
        return false;
    return span->parent == TV_NONE ||
            facts->operations[facts->spans[span->parent].operation].service !=
            facts->operations[span->operation].service;
}

static size_t gather(
        const struct tv_facts *facts, const struct tv_cut *cut, struct request *requests)
{
    size_t count = 0;
    for (size_t i = 0; i < facts->span_count; i++) {
        const struct tv_fact_span *span = &facts->spans[i];
        if (is_request(facts, span))
            requests[count++] = (struct request){.operation = span->operation,
                    .behind = span->time >= cut->onset,
                    .failed = span->troubled,
                    .seconds = (double)span->duration / 1e9};
    }
    if (count > 1)
        qsort(requests, count, sizeof(*requests), by_operation);
    return count;
}

/* One operation's requests, those before the onset first, each part by duration. */
static void add_group(struct tv_cause_impact *impact, const struct request *group, size_t count)
{
    size_t before = 0;
    while (before < count && !group[before].behind)
        before++;
    double limit = INFINITY;
    if (before >= LEAST_BEFORE)
        limit = fmax(group[(size_t)(0.95 * (double)(before - 1))].seconds,
                1.3 * group[before / 2].seconds);
    for (size_t i = before; i < count; i++) {
        impact->requests++;
        impact->failed += group[i].failed;
        impact->slow += group[i].seconds > limit;
    }
}

static int by_hits(const void *left, const void *right)
{
    const struct tv_cause_impact *a = left;
    const struct tv_cause_impact *b = right;
    uint64_t hits_a = a->failed + a->slow;
    uint64_t hits_b = b->failed + b->slow;
    return (hits_a < hits_b) - (hits_a > hits_b);
}

size_t tv_impact_find(const struct tv_facts *facts, const struct tv_cut *cut,
        struct tv_arena *arena, struct tv_cause_impact out[TV_IMPACT_MAX])
{
    struct request *requests = tv_malloc((facts->span_count + 1) * sizeof(*requests));
    struct tv_cause_impact *services = tv_calloc(facts->name_count + 1, sizeof(*services));
    size_t count = gather(facts, cut, requests);
    for (size_t first = 0; first < count;) {
        size_t end = first;
        while (end < count && requests[end].operation == requests[first].operation)
            end++;
        uint32_t service = facts->operations[requests[first].operation].service;
        services[service].service = tv_facts_text(facts, service);
        add_group(&services[service], &requests[first], end - first);
        first = end;
    }
    qsort(services, facts->name_count + 1, sizeof(*services), by_hits);
    size_t written = 0;
    for (size_t i = 0; i <= facts->name_count && written < TV_IMPACT_MAX; i++) {
        if (services[i].failed + services[i].slow == 0)
            break;
        out[written] = services[i];
        out[written++].service = tv_arena_str(arena, services[i].service);
    }
    free(requests);
    free(services);
    return written;
}
