/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated system: who calls whom, and a queue in front of every service.
 *
 * A request walks the tree of calls in simulated time. Each service serves `slots` calls at once; a
 * call that finds none free waits for the one that is free first, and gives up after a while; callers
 * wait for an answer until their deadline. Nothing else makes a cascade: when a database's
 * connections are held by somebody, its callers wait, hold their own workers meanwhile, and in the
 * end fail, one after the other up to the front. The walk is depth first, so calls reach a queue slightly out of order; at this scale that
 * changes no picture. */
#include "base/mem.h"
#include "sim/sim_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    METRICS_EVERY_S = 10,
    QUEUE_MS = 1500, /* how long a call waits for a worker or a connection */
    REQUESTS_PER_S = 7,
    HOP_NS = 200000,
    SLOW_MS = 1000 /* worth a warning */
};

/* Share of calls that fail for no reason, as everywhere. */
#define NOISE 0.0003

static const struct {
    const char *name;
    int replicas, slots;
    double cpu_idle, memory_idle;
} services[SIM_SERVICES] = {
        [SIM_STOREFRONT] = {"storefront", 2, 64, 18, 41},
        [SIM_GATEWAY] = {"api-gateway", 2, 64, 24, 38},
        [SIM_AUTH] = {"auth", 2, 16, 12, 30},
        [SIM_SEARCH] = {"search", 2, 16, 33, 58},
        [SIM_CATALOG] = {"catalog", 2, 20, 21, 44},
        [SIM_CART] = {"cart", 2, 16, 11, 36},
        [SIM_ORDERS] = {"orders", 2, 16, 19, 47},
        [SIM_RECOMMEND] = {"recommend", 1, 8, 28, 55},
        [SIM_PRICING] = {"pricing", 1, 12, 14, 33},
        [SIM_INVENTORY] = {"inventory", 1, 12, 16, 39},
        [SIM_PAYMENT] = {"payment", 2, 12, 13, 35},
        [SIM_SHIPPING] = {"shipping", 1, 8, 9, 28},
        [SIM_ORDERS_DB] = {"orders-db", 1, 24, 31, 71},
        [SIM_CATALOG_DB] = {"catalog-db", 1, 24, 27, 68},
};

enum {
    NO_CALL,
    HOME,
    SEARCH,
    CART,
    CHECKOUT,
    API_HOME,
    API_SEARCH,
    API_CART,
    API_ORDERS,
    VERIFY,
    QUERY,
    PRODUCTS,
    PRODUCT,
    ITEMS,
    ORDER,
    CHARGE,
    RECOMMENDATIONS,
    PRICES,
    RESERVE,
    SHIPMENT,
    DB_ORDER,
    DB_PAYMENT,
    DB_STOCK,
    DB_PRODUCTS
};

static const struct sim_operation operations[] = {
        [HOME] = {SIM_STOREFRONT, "GET /", "/", 9, {API_HOME}, {1}, NULL},
        [SEARCH] = {SIM_STOREFRONT, "GET /search", "/search", 8, {API_SEARCH}, {1}, NULL},
        [CART] = {SIM_STOREFRONT, "POST /cart", "/cart", 7, {API_CART}, {1}, NULL},
        [CHECKOUT] = {SIM_STOREFRONT, "POST /checkout", "/checkout", 11, {API_ORDERS}, {1}, NULL},
        [API_HOME] = {SIM_GATEWAY, "GET /api/home", "/api/home", 4,
                {VERIFY, PRODUCTS, RECOMMENDATIONS}, {0.7, 1, 0.5}, NULL},
        [API_SEARCH] = {SIM_GATEWAY, "GET /api/search", "/api/search", 4, {VERIFY, QUERY}, {0.7, 1},
                NULL},
        [API_CART] = {SIM_GATEWAY, "POST /api/cart", "/api/cart", 4, {VERIFY, ITEMS}, {1, 1}, NULL},
        [API_ORDERS] = {SIM_GATEWAY, "POST /api/orders", "/api/orders", 5, {VERIFY, ORDER}, {1, 1},
                NULL},
        [VERIFY] = {SIM_AUTH, "POST /verify", "/verify", 3, {NO_CALL}, {0}, NULL},
        [QUERY] = {SIM_SEARCH, "GET /query", "/query", 22, {PRODUCT}, {0.6}, NULL},
        [PRODUCTS] = {SIM_CATALOG, "GET /products", "/products", 9, {DB_PRODUCTS, PRICES}, {1, 0.6},
                NULL},
        [PRODUCT] = {SIM_CATALOG, "GET /products/{id}", "/products/{id}", 5, {DB_PRODUCTS}, {1},
                NULL},
        [ITEMS] = {SIM_CART, "PUT /items", "/items", 6, {PRICES, RESERVE}, {1, 0.8}, "item added"},
        [ORDER] = {SIM_ORDERS, "POST /orders", "/orders", 14,
                {PRICES, DB_ORDER, RESERVE, CHARGE, SHIPMENT}, {1, 1, 1, 1, 0.9}, "order placed"},
        [CHARGE] = {SIM_PAYMENT, "POST /charge", "/charge", 31, {DB_PAYMENT}, {1}, "card charged"},
        [RECOMMENDATIONS] = {SIM_RECOMMEND, "GET /recommendations", "/recommendations", 26,
                {PRODUCT}, {0.4}, NULL},
        [PRICES] = {SIM_PRICING, "GET /prices", "/prices", 3, {NO_CALL}, {0}, NULL},
        [RESERVE] = {SIM_INVENTORY, "POST /reserve", "/reserve", 6, {DB_STOCK}, {1}, NULL},
        [SHIPMENT] = {SIM_SHIPPING, "POST /shipments", "/shipments", 12, {NO_CALL}, {0},
                "shipment booked"},
        [DB_ORDER] = {SIM_ORDERS_DB, "INSERT orders", NULL, 6, {NO_CALL}, {0}, NULL},
        [DB_PAYMENT] = {SIM_ORDERS_DB, "INSERT payments", NULL, 4, {NO_CALL}, {0}, NULL},
        [DB_STOCK] = {SIM_ORDERS_DB, "UPDATE stock", NULL, 4, {NO_CALL}, {0}, NULL},
        [DB_PRODUCTS] = {SIM_CATALOG_DB, "SELECT products", NULL, 3, {NO_CALL}, {0}, NULL},
};

/* How long a caller waits for an answer, by its depth: less the deeper, so that those behind give
 * up before those in front. */
static const struct {
    int64_t ns;
    const char *failure;
} deadlines[] = {
        {6 * TV_NS_PER_S, "no answer within 6000 ms"},
        {5 * TV_NS_PER_S, "no answer within 5000 ms"},
        {4 * TV_NS_PER_S, "no answer within 4000 ms"},
        {3 * TV_NS_PER_S, "no answer within 3000 ms"},
        {2 * TV_NS_PER_S, "no answer within 2000 ms"},
};

enum { DEPTH_MAX = sizeof deadlines / sizeof *deadlines };

/* What a call came to. */
struct outcome {
    int64_t end_ns;
    const char *failure;
    int http_status;
};

/* Seed and start together decide the events, ids included, so that two runs of one seed do not take
 * each other's events for their own sent again. */
void sim_system_init(struct sim_system *system, uint64_t seed, int64_t start_ns)
{
    *system = (struct sim_system){
            .random = {seed},
            .time_ns = start_ns,
            .next_metrics_ns = start_ns,
            .fault_stage = -1,
    };
    system->random.state = sim_random_next(&system->random) ^ (uint64_t)start_ns;
    system->id_prefix = sim_random_next(&system->random);
    for (int i = 0; i < SIM_SERVICES; i++) {
        system->services[i].name = services[i].name;
        system->services[i].replicas = services[i].replicas;
        system->services[i].slots = services[i].slots;
        system->services[i].cpu_idle = services[i].cpu_idle;
        system->services[i].memory_idle = services[i].memory_idle;
        system->services[i].slow = 1;
    }
}

void sim_system_release(struct sim_system *system)
{
    for (size_t i = 0; i < system->heap_count; i++)
        free(system->heap[i].text);
    free(system->heap);
}

/* The slot of the service that is free first; faults hold the last ones. NULL if they hold all. */
static int64_t *first_free(struct sim_service *service)
{
    int usable = service->slots - service->slots_held;
    if (usable <= 0)
        return NULL;
    int64_t *best = &service->free_at[0];
    for (int i = 1; i < usable; i++)
        if (service->free_at[i] < *best)
            best = &service->free_at[i];
    return best;
}

static int random_replica(struct sim_system *system, int service)
{
    uint64_t replicas = (uint64_t)system->services[service].replicas;
    return (int)(sim_random_next(&system->random) % replicas);
}

static struct outcome call(struct sim_system *system, struct sim_span *span, int depth);

/* The caller's side of one call: its client span around the callee's server span. A caller that
 * gives up does not stop the callee. */
static struct outcome call_out(struct sim_system *system, const struct sim_span *parent,
        const struct sim_operation *operation, int64_t start_ns, int depth)
{
    struct sim_span client = *parent;
    client.operation = operation;
    client.id = sim_random_next(&system->random);
    client.parent = parent->id;
    client.client = true;
    client.start_ns = start_ns;
    struct sim_span server = {
            .operation = operation,
            .service = operation->service,
            .trace_hi = parent->trace_hi,
            .trace_lo = parent->trace_lo,
            .parent = client.id,
            .start_ns = start_ns + HOP_NS,
    };
    server.replica = random_replica(system, operation->service);
    server.id = sim_random_next(&system->random);
    struct outcome outcome = call(system, &server, depth + 1);
    outcome.end_ns += HOP_NS;
    if (outcome.end_ns - start_ns > deadlines[depth].ns)
        outcome = (struct outcome){start_ns + deadlines[depth].ns, deadlines[depth].failure, 0};
    client.duration_ns = outcome.end_ns - start_ns;
    client.failure = outcome.failure;
    client.http_status = outcome.http_status;
    sim_emit_span(system, &client);
    return outcome;
}

/* Waits for a slot; NULL if patience ends first. */
static int64_t *enter(struct sim_system *system, struct sim_span *span)
{
    int64_t patience_ns = QUEUE_MS * TV_NS_PER_MS;
    int64_t *slot = first_free(&system->services[span->service]);
    int64_t wait_ns = slot ? *slot - span->start_ns : INT64_MAX;
    bool served = wait_ns <= patience_ns;
    span->waited_ns = !served ? patience_ns : wait_ns > 0 ? wait_ns : 0;
    return served ? slot : NULL;
}

static const char *own_failure(struct sim_system *system, const struct sim_service *service)
{
    double draw = sim_random_unit(&system->random);
    if (draw < service->fail)
        return service->failure;
    return draw < service->fail + NOISE ? "connection reset by peer" : NULL;
}

static void serve(struct sim_system *system, struct sim_span *span, int depth)
{
    struct sim_service *service = &system->services[span->service];
    const struct sim_operation *operation = span->operation;
    double own_ms =
            sim_random_lognormal(&system->random, operation->median_ms * service->slow, 0.35);
    int64_t own_ns = (int64_t)(own_ms * 1e6);
    int64_t at_ns = span->start_ns + span->waited_ns + own_ns / 2;
    span->failure = own_failure(system, service);
    for (int i = 0; operation->calls[i] && !span->failure && depth < DEPTH_MAX; i++) {
        if (sim_random_unit(&system->random) >= operation->chance[i])
            continue;
        const struct sim_operation *callee = &operations[operation->calls[i]];
        struct outcome outcome = call_out(system, span, callee, at_ns, depth);
        at_ns = outcome.end_ns;
        span->failure = outcome.failure;
        span->blamed = outcome.failure ? callee : NULL;
    }
    service->busy_ns += (double)own_ns;
    span->duration_ns = at_ns + own_ns / 2 - span->start_ns;
}

/* The log that a served call leaves. */
static void tell(struct sim_system *system, const struct sim_span *span)
{
    char text[160];
    if (span->failure && span->blamed) {
        (void)snprintf(text, sizeof text, "%s at %s failed: %s", span->blamed->name,
                system->services[span->blamed->service].name, span->failure);
        sim_emit_log(system, span, "ERROR", text);
    } else if (span->failure) {
        sim_emit_log(system, span, "ERROR", span->failure);
    } else if (span->duration_ns > SLOW_MS * TV_NS_PER_MS) {
        (void)snprintf(text, sizeof text, "%s took %d ms", span->operation->name,
                (int)(span->duration_ns / TV_NS_PER_MS));
        sim_emit_log(system, span, "WARN", text);
    } else if (span->operation->said) {
        sim_emit_log(system, span, "INFO", span->operation->said);
    }
}

/* The callee's side of one call. */
static struct outcome call(struct sim_system *system, struct sim_span *span, int depth)
{
    bool http = span->operation->route != NULL;
    int64_t *slot = enter(system, span);
    if (slot) {
        serve(system, span, depth);
        *slot = span->start_ns + span->duration_ns;
    } else {
        span->duration_ns = span->waited_ns;
        span->failure = http ? "no worker free within 1500 ms"
                             : "connection pool exhausted: no connection within 1500 ms";
    }
    if (http)
        span->http_status = !span->failure ? 200 : slot && !span->blamed ? 500 : 503;
    sim_emit_span(system, span);
    tell(system, span);
    int64_t end_ns = span->start_ns + span->duration_ns;
    const char *failure = span->blamed ? "upstream call failed" : span->failure;
    return (struct outcome){end_ns, span->failure ? failure : NULL, span->http_status};
}

static void start_request(struct sim_system *system, int64_t start_ns)
{
    static const double mix[] = {0.45, 0.7, 0.88, 1.0};
    double draw = sim_random_unit(&system->random);
    int operation = HOME;
    while (operation < CHECKOUT && draw >= mix[operation - HOME])
        operation++;
    struct sim_span span = {
            .operation = &operations[operation],
            .service = SIM_STOREFRONT,
            .start_ns = start_ns,
    };
    /* One statement each: an initialiser's order is the compiler's. */
    span.replica = random_replica(system, SIM_STOREFRONT);
    span.trace_hi = sim_random_next(&system->random);
    span.trace_lo = sim_random_next(&system->random);
    span.id = sim_random_next(&system->random);
    (void)call(system, &span, 0);
}

static void tell_metrics(struct sim_system *system)
{
    for (int i = 0; i < SIM_SERVICES; i++) {
        for (int replica = 0; replica < system->services[i].replicas; replica++)
            sim_emit_metrics(system, i, replica);
        system->services[i].busy_ns = 0;
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
