/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated system: who calls whom, and a queue in front of every service.
 *
 * A request walks the tree of calls in simulated time. Each service serves `slots` calls at once; a
 * call that finds none free waits for the one that is free first, and gives up after its caller's
 * patience. Nothing else makes a cascade: when a database's connections are held by somebody, its
 * callers wait, hold their own workers meanwhile, and in the end fail, one after the other up to the
 * front. The walk is depth first, so calls reach a queue slightly out of order; at this scale that
 * changes no picture. */
#include "base/mem.h"
#include "sim/sim_internal.h"

#include <math.h>
#include <stdlib.h>

enum {
    STOREFRONT,
    GATEWAY,
    AUTH,
    SEARCH,
    CATALOG,
    CART,
    ORDERS,
    RECOMMEND,
    PRICING,
    INVENTORY,
    PAYMENT,
    SHIPPING,
    ORDERS_DB,
    CATALOG_DB
};

enum {
    METRICS_EVERY_S = 10,
    PATIENCE_MS = 3000,
    REQUESTS_PER_S = 6,
    DEPTH_MAX = 8
};

static const struct sim_service services[SIM_SERVICES] = {
        [STOREFRONT] = {"storefront", 2, 48, 18, 41},
        [GATEWAY] = {"api-gateway", 2, 48, 24, 38},
        [AUTH] = {"auth", 2, 16, 12, 30},
        [SEARCH] = {"search", 2, 16, 33, 62},
        [CATALOG] = {"catalog", 2, 16, 21, 44},
        [CART] = {"cart", 2, 16, 11, 36},
        [ORDERS] = {"orders", 2, 16, 19, 47},
        [RECOMMEND] = {"recommend", 1, 8, 28, 55},
        [PRICING] = {"pricing", 1, 12, 14, 33},
        [INVENTORY] = {"inventory", 1, 12, 16, 39},
        [PAYMENT] = {"payment", 2, 12, 13, 35},
        [SHIPPING] = {"shipping", 1, 8, 9, 28},
        [ORDERS_DB] = {"orders-db", 1, 24, 31, 71},
        [CATALOG_DB] = {"catalog-db", 1, 24, 27, 68},
};

const struct sim_operation sim_operations[SIM_OPERATIONS] = {
        [0] = {STOREFRONT, "GET /", "/", 9, {4, -1}, {1}},
        [1] = {STOREFRONT, "GET /search", "/search", 8, {5, -1}, {1}},
        [2] = {STOREFRONT, "POST /cart", "/cart", 7, {6, -1}, {1}},
        [3] = {STOREFRONT, "POST /checkout", "/checkout", 11, {7, -1}, {1}},
        [4] = {GATEWAY, "GET /api/home", "/api/home", 4, {8, 10, 15, -1}, {0.7, 1, 0.5}},
        [5] = {GATEWAY, "GET /api/search", "/api/search", 4, {8, 9, -1}, {0.7, 1}},
        [6] = {GATEWAY, "POST /api/cart", "/api/cart", 4, {8, 12, -1}, {1, 1}},
        [7] = {GATEWAY, "POST /api/orders", "/api/orders", 5, {8, 13, -1}, {1, 1}},
        [8] = {AUTH, "POST /verify", "/verify", 3, {-1}, {0}},
        [9] = {SEARCH, "GET /query", "/query", 22, {11, -1}, {0.6}},
        [10] = {CATALOG, "GET /products", "/products", 9, {21, 16, -1}, {1, 0.6}},
        [11] = {CATALOG, "GET /products/{id}", "/products/{id}", 5, {21, -1}, {1}},
        [12] = {CART, "PUT /items", "/items", 6, {16, 17, -1}, {1, 0.8}},
        [13] = {ORDERS, "POST /orders", "/orders", 14, {17, 16, 14, 20, 19, -1}, {1, 1, 1, 1, 0.9}},
        [14] = {PAYMENT, "POST /charge", "/charge", 31, {18, -1}, {1}},
        [15] = {RECOMMEND, "GET /recommendations", "/recommendations", 26, {11, -1}, {0.4}},
        [16] = {PRICING, "GET /prices", "/prices", 3, {-1}, {0}},
        [17] = {INVENTORY, "POST /reserve", "/reserve", 6, {-1}, {0}},
        [18] = {ORDERS_DB, "INSERT payments", NULL, 4, {-1}, {0}},
        [19] = {SHIPPING, "POST /shipments", "/shipments", 12, {-1}, {0}},
        [20] = {ORDERS_DB, "INSERT orders", NULL, 6, {-1}, {0}},
        [21] = {CATALOG_DB, "SELECT products", NULL, 3, {-1}, {0}},
};

/* What a call came to. */
struct outcome {
    int64_t end_ns;
    const char *failure;
};

void sim_system_init(struct sim_system *system, uint64_t seed, int64_t start_ns)
{
    *system = (struct sim_system){
            .random = {seed},
            .time_ns = start_ns,
            .next_metrics_ns = start_ns,
            .id_prefix = seed,
            .fault_stage = -1,
    };
    memcpy(system->services, services, sizeof services);
    for (int i = 0; i < SIM_SERVICES; i++)
        system->services[i].slow = 1;
}

void sim_system_release(struct sim_system *system)
{
    for (size_t i = 0; i < system->heap_count; i++)
        free(system->heap[i].text);
    free(system->heap);
}

/* The slot of the service that is free first; faults hold the last ones. */
static int64_t *first_free(struct sim_service *service)
{
    int usable = service->slots - service->slots_held;
    int64_t *best = &service->free_at[0];
    for (int i = 1; i < usable; i++)
        if (service->free_at[i] < *best)
            best = &service->free_at[i];
    return best;
}

static struct outcome call(struct sim_system *system, struct sim_span *span, int depth);

/* The caller's side of one call: its client span around the callee's server span. */
static struct outcome call_out(struct sim_system *system, const struct sim_span *parent,
        int operation, int64_t start_ns, int depth)
{
    const struct sim_operation *callee = &sim_operations[operation];
    struct sim_span client = {
            .service = parent->service,
            .replica = parent->replica,
            .operation = operation,
            .trace_hi = parent->trace_hi,
            .trace_lo = parent->trace_lo,
            .id = sim_random_next(&system->random),
            .parent = parent->id,
            .client = true,
            .peer = callee->service,
            .start_ns = start_ns,
    };
    int replicas = system->services[callee->service].replicas;
    struct sim_span server = {
            .service = callee->service,
            .replica = (int)(sim_random_next(&system->random) % (uint64_t)replicas),
            .operation = operation,
            .trace_hi = parent->trace_hi,
            .trace_lo = parent->trace_lo,
            .id = sim_random_next(&system->random),
            .parent = client.id,
            .start_ns = start_ns + 200000,
    };
    struct outcome outcome = call(system, &server, depth + 1);
    outcome.end_ns += 200000;
    client.duration_ns = outcome.end_ns - start_ns;
    client.failure = outcome.failure;
    client.http_status = callee->route ? (outcome.failure ? 503 : 200) : 0;
    sim_emit_span(system, &client);
    return outcome;
}

static void tell_failure(struct sim_system *system, const struct sim_span *span)
{
    sim_emit_log(system, span, "ERROR", span->failure);
}

/* Waits for a slot; false if the caller's patience ends first. */
static bool enter(struct sim_system *system, struct sim_span *span, int64_t **slot)
{
    struct sim_service *service = &system->services[span->service];
    int64_t patience_ns = PATIENCE_MS * TV_NS_PER_MS;
    *slot = first_free(service);
    span->waited_ns = **slot > span->start_ns ? **slot - span->start_ns : 0;
    bool served = span->waited_ns <= patience_ns;
    if (!served)
        span->waited_ns = patience_ns;
    service->waited_ns += (double)span->waited_ns;
    return served;
}

static void serve(struct sim_system *system, struct sim_span *span, int depth)
{
    struct sim_service *service = &system->services[span->service];
    const struct sim_operation *operation = &sim_operations[span->operation];
    double own_ms =
            sim_random_lognormal(&system->random, operation->median_ms * service->slow, 0.35);
    int64_t own_ns = (int64_t)(own_ms * 1e6);
    int64_t at_ns = span->start_ns + span->waited_ns + own_ns / 2;
    if (sim_random_unit(&system->random) < service->fail)
        span->failure = service->failure;
    for (int i = 0; operation->calls[i] >= 0 && !span->failure && depth < DEPTH_MAX; i++) {
        if (sim_random_unit(&system->random) >= operation->chance[i])
            continue;
        struct outcome outcome = call_out(system, span, operation->calls[i], at_ns, depth);
        at_ns = outcome.end_ns;
        span->failure = outcome.failure ? "upstream call failed" : NULL;
    }
    service->busy_ns += (double)own_ns;
    span->duration_ns = at_ns + own_ns / 2 - span->start_ns;
}

static struct outcome call(struct sim_system *system, struct sim_span *span, int depth)
{
    struct sim_service *service = &system->services[span->service];
    int64_t *slot;
    if (enter(system, span, &slot)) {
        serve(system, span, depth);
        *slot = span->start_ns + span->duration_ns;
    } else {
        span->duration_ns = span->waited_ns;
        span->failure = sim_operations[span->operation].route
                ? "no worker free within 3000 ms"
                : "connection pool exhausted: no connection within 3000 ms";
    }
    service->calls++;
    service->failures += span->failure != NULL;
    span->http_status = sim_operations[span->operation].route ? (span->failure ? 503 : 200) : 0;
    sim_emit_span(system, span);
    if (span->failure)
        tell_failure(system, span);
    return (struct outcome){.end_ns = span->start_ns + span->duration_ns, .failure = span->failure};
}

static void start_request(struct sim_system *system, int64_t start_ns)
{
    static const double mix[] = {0.45, 0.7, 0.88, 1.0};
    double draw = sim_random_unit(&system->random);
    int operation = 0;
    while (operation < 3 && draw >= mix[operation])
        operation++;
    struct sim_span span = {
            .service = sim_operations[operation].service,
            .replica = (int)(sim_random_next(&system->random) % 2),
            .operation = operation,
            .trace_hi = sim_random_next(&system->random),
            .trace_lo = sim_random_next(&system->random),
            .id = sim_random_next(&system->random),
            .start_ns = start_ns,
    };
    (void)call(system, &span, 0);
}

static void tell_metrics(struct sim_system *system)
{
    for (int i = 0; i < SIM_SERVICES; i++) {
        for (int replica = 0; replica < system->services[i].replicas; replica++)
            sim_emit_metrics(system, i, replica);
        system->services[i].calls = 0;
        system->services[i].failures = 0;
        system->services[i].busy_ns = 0;
        system->services[i].waited_ns = 0;
    }
}

void sim_system_advance(struct sim_system *system, int64_t until_ns)
{
    while (system->time_ns < until_ns) {
        /* The rate breathes by a third over ten minutes. */
        double phase = (double)(system->time_ns % (600 * TV_NS_PER_S)) / (600.0 * 1e9);
        double rate = REQUESTS_PER_S * (1 + 0.33 * sin(6.283185307179586 * phase));
        sim_faults_apply(system);
        while (system->next_metrics_ns <= system->time_ns) {
            tell_metrics(system);
            system->next_metrics_ns += METRICS_EVERY_S * TV_NS_PER_S;
        }
        start_request(system, system->time_ns);
        system->time_ns += (int64_t)(sim_random_exponential(&system->random, 1e9 / rate)) + 1;
    }
}
