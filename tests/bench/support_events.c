/* SPDX-License-Identifier: Apache-2.0 */
/* One generator of random numbers is drawn from in a fixed order, also for what is skipped, so that
 * the stream does not depend on how it is cut or written. */
#include "support_events.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

enum { SERVICES = 20, HOSTS = 16, LIVE_TRACES = 256, RAGGED_NAMES = 300, TYPES = 10 };

#define FIRST_TIME_NS 1724300000000000000ULL

static const char *const services[SERVICES] = {"checkout", "cart", "payment", "frontend", "catalog",
        "shipping", "email", "currency", "ads", "recommend", "auth", "inventory", "search",
        "orders", "users", "gateway", "billing", "notify", "session", "ledger"};
static const char *const operations[SERVICES] = {"POST /cart/checkout", "GET /cart", "POST /pay",
        "GET /product/{id}", "SELECT orders", "INSERT ledger", "GET /search", "POST /login",
        "redis GET", "redis SET", "kafka publish", "kafka consume", "GET /users/{id}", "PUT /stock",
        "POST /email", "GET /ads", "grpc Convert", "grpc Ship", "GET /health", "POST /notify"};
static const char *const routes[SERVICES] = {"/cart/checkout", "/cart", "/pay", "/product/{id}",
        "/orders", "/ledger", "/search", "/login", "/cache", "/cache", "/topic", "/topic",
        "/users/{id}", "/stock", "/email", "/ads", "/convert", "/ship", "/health", "/notify"};
static const char *const types[TYPES] = {
        "span", "span", "span", "span", "span", "span", "log", "log", "state", "metric"};

struct trace {
    uint64_t hi, lo, root_span;
    int spans_left;
};

/* Load of one service on one host. */
struct walk {
    double cpu, memory;
    int surge; /* events left of it */
};

struct events {
    uint64_t state;
    enum events_shape shape;
    uint64_t step_ns, now_ns;
    struct trace traces[LIVE_TRACES];
    struct walk walks[SERVICES][HOSTS];
};

struct events *events_new(uint64_t seed, enum events_shape shape, double per_second)
{
    struct events *events = tv_calloc(1, sizeof(*events));
    events->state = seed;
    events->shape = shape;
    events->step_ns = (uint64_t)(2e9 / per_second);
    events->now_ns = FIRST_TIME_NS;
    return events;
}

void events_free(struct events *events)
{
    free(events);
}

/* splitmix64 */
static uint64_t next(struct events *events)
{
    uint64_t z = (events->state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static uint64_t below(struct events *events, uint64_t n)
{
    return next(events) % n;
}

static void start_trace(struct events *events, struct trace *trace)
{
    trace->hi = next(events);
    trace->lo = next(events);
    trace->root_span = next(events);
    trace->spans_left = 6 + (int)below(events, 14);
}

static void put_even(struct events *events, struct tv_buf *out, int operation, bool failed)
{
    uint64_t user = below(events, 20000);
    uint64_t rows = below(events, below(events, 2) ? 5 : 200);
    uint64_t cpu = below(events, 100), tenth = below(events, 10);
    const char *form = events->shape == EVENTS_FLAT
            ? "\"http_status_code\":%d,\"http_route\":\"%s\",\"user_id\":\"u%" PRIu64
              "\",\"db_rows\":%" PRIu64 ",\"cpu\":%" PRIu64 ".%" PRIu64 "}\n"
            : "\"attrs\":{\"http.status_code\":%d,\"http.route\":\"%s\",\"user.id\":\"u%" PRIu64
              "\",\"db.rows\":%" PRIu64 ",\"cpu\":%" PRIu64 ".%" PRIu64 "}}\n";
    if (out)
        tv_buf_printf(out, form, failed ? 500 : 200, routes[operation], user, rows, cpu, tenth);
}

static void put_ragged_value(struct events *events, struct tv_buf *out, int name)
{
    static const uint64_t reach[4] = {1000000, 50, 1000, 2};
    uint64_t value = below(events, reach[name % 4]);
    if (!out)
        return;
    if (name % 4 == 3)
        tv_buf_printf(out, "%s", value ? "true" : "false");
    else
        tv_buf_printf(out,
                name % 4 == 0           ? "%" PRIu64
                        : name % 4 == 1 ? "\"v%" PRIu64 "\""
                                        : "%" PRIu64 ".5",
                value);
}

static void put_ragged(struct events *events, struct tv_buf *out)
{
    int count = (int)below(events, 13);
    int first = (int)below(events, RAGGED_NAMES);
    if (out)
        tv_buf_printf(out, "\"attrs\":{");
    for (int i = 0; i < count; i++) {
        int name = (first + i * 7) % RAGGED_NAMES;
        if (out)
            tv_buf_printf(out, "%s\"app.k%d\":", i ? "," : "", name);
        put_ragged_value(events, out, name);
    }
    if (out)
        tv_buf_printf(out, "}}\n");
}

static double clamped(double percent)
{
    return percent < 0 ? 0 : percent > 100 ? 100 : percent;
}

/* A walk that is drawn to its middle; during a surge both climb, memory with a delay. */
static void put_metrics(struct events *events, struct tv_buf *out)
{
    int service = (int)below(events, SERVICES), host = (int)below(events, HOSTS);
    struct walk *walk = &events->walks[service][host];
    int surge = walk->surge;
    if (!surge && !below(events, 2000))
        surge = 60;
    double cpu_goal = surge ? 95 : 40, memory_goal = surge && surge < 40 ? 96 : 50;
    walk->cpu += (cpu_goal - walk->cpu) * 0.2 + ((double)below(events, 1000) / 1000 - 0.5) * 12;
    walk->memory +=
            (memory_goal - walk->memory) * 0.2 + ((double)below(events, 1000) / 1000 - 0.5) * 4;
    walk->cpu = clamped(walk->cpu);
    walk->memory = clamped(walk->memory);
    walk->surge = surge ? surge - 1 : 0;
    if (out)
        tv_buf_printf(out,
                "{\"ts\":%" PRIu64 ",\"service\":\"%s\",\"type\":\"system:metrics\","
                "\"host\":\"node-%d\",\"instance\":\"%s-%d\","
                "\"attrs\":{\"cpu\":%.1f,\"memory\":%.1f}}\n",
                events->now_ns, services[service], host, services[service], host, walk->cpu,
                walk->memory);
}

static void put_span(struct events *events, struct tv_buf *out)
{
    struct trace *trace = &events->traces[below(events, LIVE_TRACES)];
    if (!trace->spans_left)
        start_trace(events, trace);
    trace->spans_left--;
    int service = (int)below(events, SERVICES);
    int operation = (service * 3 + (int)below(events, 5)) % SERVICES;
    bool failed = !below(events, 50);
    uint64_t id_hi = next(events), span = next(events);
    uint32_t id_lo = (uint32_t)next(events);
    uint64_t jitter_ns = below(events, 2000000);
    uint64_t duration_ns = 10000 + below(events, 1u << (10 + below(events, 17)));
    const char *type = types[below(events, TYPES)];
    int host = (int)below(events, HOSTS);
    if (out)
        tv_buf_printf(out,
                "{\"id\":\"%016" PRIx64 "%08" PRIx32 "\",\"ts\":%" PRIu64
                ",\"service\":\"%s\",\"type\":\"%s\",\"name\":\"%s\",\"traceId\":\"%016" PRIx64
                "%016" PRIx64 "\",\"spanId\":\"%016" PRIx64 "\",\"parentId\":\"%016" PRIx64
                "\",\"durationNs\":%" PRIu64 ",\"status\":\"%s\",\"host\":\"node-%d\",",
                id_hi, id_lo, events->now_ns - jitter_ns, services[service], type,
                operations[operation], trace->hi, trace->lo, span, trace->root_span, duration_ns,
                failed ? "error" : "ok", host);
    if (events->shape == EVENTS_RAGGED)
        put_ragged(events, out);
    else
        put_even(events, out, operation, failed);
}

void events_next(struct events *events, struct tv_buf *out)
{
    events->now_ns += below(events, events->step_ns);
    if (events->shape == EVENTS_METRICS)
        put_metrics(events, out);
    else
        put_span(events, out);
}
