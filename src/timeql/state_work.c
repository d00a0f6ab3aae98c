/* SPDX-License-Identifier: Apache-2.0 */
/* Health, quantiles, and which open requests are shown. The rule of health stands in docs/timeql.md. */
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

bool tv_traffic_timed(const struct tv_traffic *traffic)
{
    return traffic->durations && traffic->durations->count > 0;
}

static int64_t quantile(const struct tv_traffic *traffic, unsigned per_cent)
{
    const struct tv_sketch *sketch = traffic->durations;
    double value = tv_sketch_at(sketch, tv_nearest_rank(sketch->count, per_cent));
    return value < 0x1p63 ? (int64_t)value : INT64_MAX;
}

struct tv_value tv_traffic_latency(const struct tv_traffic *traffic, unsigned per_cent)
{
    return tv_traffic_timed(traffic) ? tv_value_i64(quantile(traffic, per_cent)) : tv_value_null();
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
    for (uint32_t i = 0; i < state->service_count; i++)
        state->services[i].health = judge(state, &state->services[i]);
    keep_first(&state->open, TV_OPEN_SHOWN, by_oldest);
}

const char *tv_health_name(enum tv_health health)
{
    static const char *const names[] = {"failing", "healthy", "silent", "unknown"};
    return names[health];
}
