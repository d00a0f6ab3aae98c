/* SPDX-License-Identifier: Apache-2.0 */
/* From spans to requests, edges and health.
 *
 * A request counts when it ends: one that began before the window and timed out inside it belongs to
 * the window's errors, one that is still open at t is active and counts for nothing else. It is a span
 * of kind server or consumer, or, where the kind is not known, one without a parent in its own
 * service. The rule of health stands in docs/timeql.md. */
#include "base/mem.h"
#include "base/time.h"
#include "timeql/state.h"

#include <stdlib.h>

/* The rule's figures. */
enum {
    REQUESTS_LEAST = 5,        /* below this, a rate says little */
    FAILING_PER_CENT = 5,      /* of requests, from REQUESTS_LEAST on */
    FEW_FAILING_PER_CENT = 50, /* of fewer requests */
    SILENT_WINDOWS = 5         /* windows without an event before it is silence */
};
#define SILENT_LEAST_NS TV_NS_PER_MIN
#define SILENT_MOST_NS  TV_NS_PER_DAY

void tv_traffic_add(struct tv_traffic *traffic, int64_t duration_ns, bool failed)
{
    traffic->requests++;
    traffic->failed += failed;
    tv_traffic_time(traffic, duration_ns);
}

void tv_traffic_time(struct tv_traffic *traffic, int64_t duration_ns)
{
    if (duration_ns == TV_ABSENT_I64)
        return;
    if (traffic->count == traffic->cap) {
        traffic->cap = tv_grown(traffic->cap, traffic->count + 1, 32);
        traffic->durations =
                tv_realloc_array(traffic->durations, traffic->cap, sizeof(*traffic->durations));
    }
    traffic->durations[traffic->count++] = duration_ns;
}

static void swap(int64_t *a, int64_t *b)
{
    int64_t kept = *a;
    *a = *b;
    *b = kept;
}

/* The middle one of three goes to `low`, which makes sorted and equal values cheap. */
static int64_t pivot(int64_t *values, size_t low, size_t high)
{
    size_t middle = low + (high - low) / 2;
    if (values[middle] > values[high])
        swap(&values[middle], &values[high]);
    if (values[low] > values[high])
        swap(&values[low], &values[high]);
    if (values[middle] > values[low])
        swap(&values[middle], &values[low]);
    return values[low];
}

/* Hoare's selection (1961): afterwards values[k] is what sorting would put there. */
static int64_t select_kth(int64_t *values, size_t count, size_t k)
{
    size_t low = 0;
    size_t high = count - 1;
    while (low < high) {
        int64_t split = pivot(values, low, high);
        size_t i = low;
        size_t j = high + 1;
        for (;;) {
            while (values[++i] < split && i < high)
                continue;
            while (values[--j] > split)
                continue;
            if (i >= j)
                break;
            swap(&values[i], &values[j]);
        }
        swap(&values[low], &values[j]);
        if (j == k)
            break;
        if (j > k)
            high = j - 1;
        else
            low = j + 1;
    }
    return values[k];
}

int64_t tv_traffic_quantile(const struct tv_traffic *traffic, unsigned per_cent)
{
    size_t rank = (traffic->count * per_cent + 99) / 100;
    return select_kth(traffic->durations, traffic->count, rank > 0 ? rank - 1 : 0);
}

/* The span's parent, if its event was found. */
static struct tv_span *parent_of(const struct tv_state *state, const struct tv_span *span)
{
    struct tv_span *parent = tv_spans_find(&state->spans, span->parent);
    return parent && parent->seen ? parent : NULL;
}

static bool is_request(const struct tv_span *span, const struct tv_span *parent)
{
    if (span->kind == TV_KIND_SERVER || span->kind == TV_KIND_CONSUMER)
        return true;
    return span->kind == TV_KIND_ABSENT && (!parent || parent->service != span->service);
}

static void note_open(struct tv_state *state, const struct tv_span *span)
{
    if (span->start < state->at - TV_START_TIMEOUT_NS && span->end == TV_ABSENT_I64)
        return;
    state->services[span->service].active++;
    tv_picks_add(&state->open, (struct tv_pick){span->arrival, span->start, UINT32_MAX});
}

static void mark_callers(struct tv_state *state)
{
    for (uint32_t i = 0; i < state->spans.count; i++) {
        const struct tv_span *span = &state->spans.items[i];
        struct tv_span *parent = span->seen ? parent_of(state, span) : NULL;
        if (parent && parent->service != span->service)
            parent->calls_elsewhere = true;
    }
}

static void add_to_edge(
        struct tv_state *state, uint32_t from, uint32_t to, const struct tv_span *span)
{
    struct tv_state_edge *edge = tv_state_edge(state, from, to);
    edge->measured = true;
    tv_traffic_add(&edge->traffic,
            span->start == TV_ABSENT_I64 ? TV_ABSENT_I64 : span->end - span->start, span->failed);
}

/* A call to something that sends no spans itself. */
static bool calls_outside(const struct tv_span *span)
{
    bool out = span->kind == TV_KIND_CLIENT || span->kind == TV_KIND_PRODUCER ||
            span->kind == TV_KIND_ABSENT;
    return out && span->peer && !span->calls_elsewhere && span->peer - 1 != span->service;
}

static void work_span(struct tv_state *state, const struct tv_span *span)
{
    const struct tv_span *parent = parent_of(state, span);
    bool request = is_request(span, parent);
    bool open = span->end == TV_ABSENT_I64 || span->end > state->at;
    if (open) {
        if (request && span->start != TV_ABSENT_I64)
            note_open(state, span);
        return;
    }
    if (span->end < state->from)
        return;
    int64_t duration = span->start == TV_ABSENT_I64 ? TV_ABSENT_I64 : span->end - span->start;
    if (request)
        tv_traffic_add(&state->services[span->service].traffic, duration, span->failed);
    if (parent && parent->service != span->service)
        add_to_edge(state, parent->service, span->service, span);
    if (calls_outside(span))
        add_to_edge(state, span->service, span->peer - 1, span);
}

/* Requests and responses without ids: one of each is one request. */
static void work_bare(struct tv_service_state *service)
{
    uint64_t pairs =
            service->bare_starts > service->bare_ends ? service->bare_starts : service->bare_ends;
    service->traffic.requests += pairs;
    if (service->traffic.failed > service->traffic.requests)
        service->traffic.failed = service->traffic.requests;
}

static enum tv_health health_of_window(const struct tv_service_state *service)
{
    uint64_t requests = service->traffic.requests;
    uint64_t failed = service->traffic.failed;
    if (requests >= REQUESTS_LEAST)
        return failed * 100 >= requests * FAILING_PER_CENT ? TV_HEALTH_FAILING : TV_HEALTH_HEALTHY;
    if (requests > 0 && failed > 0)
        return failed * 100 >= requests * FEW_FAILING_PER_CENT ? TV_HEALTH_FAILING
                                                               : TV_HEALTH_UNKNOWN;
    if (requests == 0 && service->errors > 0)
        return TV_HEALTH_FAILING;
    return TV_HEALTH_HEALTHY;
}

static enum tv_health judge(const struct tv_state *state, const struct tv_service_state *service)
{
    if (service->in_window || service->traffic.requests > 0)
        return health_of_window(service);
    if (service->last == TV_ABSENT_I64)
        return TV_HEALTH_UNKNOWN;
    int64_t age = state->at - service->last;
    int64_t least = (state->at - state->from) * SILENT_WINDOWS;
    if (least < SILENT_LEAST_NS)
        least = SILENT_LEAST_NS;
    return age > least && age <= SILENT_MOST_NS ? TV_HEALTH_SILENT : TV_HEALTH_UNKNOWN;
}

static int by_oldest(const void *left, const void *right)
{
    const struct tv_pick *a = left;
    const struct tv_pick *b = right;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->arrival > b->arrival) - (a->arrival < b->arrival);
}

static int by_newest(const void *left, const void *right)
{
    return by_oldest(right, left);
}

static void keep_first(
        struct tv_picks *picks, size_t most, int (*compare)(const void *left, const void *right))
{
    if (picks->count > 0)
        qsort(picks->items, picks->count, sizeof(*picks->items), compare);
    if (picks->count > most)
        picks->count = most;
}

void tv_state_work(struct tv_state *state)
{
    mark_callers(state);
    for (uint32_t i = 0; i < state->spans.count; i++)
        if (state->spans.items[i].seen)
            work_span(state, &state->spans.items[i]);
    for (uint32_t i = 0; i < state->service_count; i++) {
        struct tv_service_state *service = &state->services[i];
        work_bare(service);
        service->health = judge(state, service);
    }
    keep_first(&state->last_errors, TV_ERRORS_SHOWN, by_newest);
    keep_first(&state->open, TV_OPEN_SHOWN, by_oldest);
}

const char *tv_health_name(enum tv_health health)
{
    static const char *const names[] = {"failing", "healthy", "silent", "unknown"};
    return names[health];
}
