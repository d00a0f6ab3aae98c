/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: the system's parts, its faults, and how events are written. */
#ifndef TV_SIM_SIM_INTERNAL_H
#define TV_SIM_SIM_INTERNAL_H

#include "base/buf.h"
#include "base/time.h"
#include "sim/sim.h"

enum {
    SIM_STOREFRONT,
    SIM_GATEWAY,
    SIM_AUTH,
    SIM_SEARCH,
    SIM_CATALOG,
    SIM_CART,
    SIM_ORDERS,
    SIM_RECOMMEND,
    SIM_PRICING,
    SIM_INVENTORY,
    SIM_PAYMENT,
    SIM_SHIPPING,
    SIM_ORDERS_DB,
    SIM_CATALOG_DB,
    SIM_SERVICES
};

enum { SIM_CALLS = 5, SIM_SLOTS_MAX = 64 };

/* splitmix64 (Steele, Lea, Flood 2014). */
struct sim_random {
    uint64_t state;
};
uint64_t sim_random_next(struct sim_random *random);
/* Uniform in [0, 1). */
double sim_random_unit(struct sim_random *random);
/* Exponential with the given mean; log-normal with the given median and sigma. */
double sim_random_exponential(struct sim_random *random, double mean);
double sim_random_lognormal(struct sim_random *random, double median, double sigma);

/* A service as it stands at the moment of the simulation. */
struct sim_service {
    const char *name;
    int replicas;
    int slots; /* concurrent calls it serves: workers, or connections of a pool */
    double cpu_idle, memory_idle; /* per cent */
    /* What faults change: */
    double slow;         /* factor on its own time */
    double fail;         /* share of calls that fail by themselves */
    const char *failure; /* the message of such a failure */
    int slots_held;      /* taken by something else */
    double memory_extra;
    unsigned patch; /* of its version */
    /* What the queue knows: */
    int64_t free_at[SIM_SLOTS_MAX];
    double busy_ns; /* since the last metrics */
};

/* One operation of a service: its own time and the calls it makes, one after the other. */
struct sim_operation {
    int service;
    const char *name, *route; /* route NULL: a query to a database */
    double median_ms;
    int calls[SIM_CALLS + 1]; /* numbers of operations, 0 ends */
    double chance[SIM_CALLS];
    const char *said; /* logged when it went well, or NULL */
};

/* Events wait in a heap until their time has come: a span is told when it ends. */
struct sim_pending {
    int64_t due_ns;
    uint64_t order; /* ties keep the order of making */
    char *text;     /* one line of NDJSON without its end */
    size_t bytes;
};

struct sim_system {
    struct sim_random random;
    struct sim_service services[SIM_SERVICES];
    struct sim_pending *heap;
    size_t heap_count, heap_cap;
    uint64_t next_id, id_prefix;
    int64_t time_ns; /* simulated up to here */
    int64_t next_metrics_ns;
    int64_t fault_stage; /* the calendar's last stage whose changes were announced; −1 at first */
    bool fault_was_on;
};

void sim_system_init(struct sim_system *system, uint64_t seed, int64_t start_ns);
void sim_system_release(struct sim_system *system);
/* Simulates up to `until_ns`: requests, metrics, faults. Events come due in the heap. */
void sim_system_advance(struct sim_system *system, int64_t until_ns);
/* Moves events that are due at `now_ns` to `out` as NDJSON, at most `max` of them; how many. */
size_t sim_system_take(struct sim_system *system, int64_t now_ns, size_t max, struct tv_buf *out);

/* The calendar of faults: sets what is broken at the system's time, and makes the events that
 * announce it (deploys, configuration) once each. */
void sim_faults_apply(struct sim_system *system);

/* Makes events. All texts are copied. */
struct sim_span {
    const struct sim_operation *operation;
    int service, replica;
    uint64_t trace_hi, trace_lo, id, parent;
    bool client; /* the caller's side of a call */
    int64_t start_ns, duration_ns, waited_ns;
    const char *failure;                /* NULL: it went well */
    const struct sim_operation *blamed; /* the call that made it fail, or NULL */
    int http_status;                    /* 0: none */
};
void sim_emit_span(struct sim_system *system, const struct sim_span *span);
void sim_emit_log(struct sim_system *system, const struct sim_span *span, const char *severity,
        const char *message);
void sim_emit_metrics(struct sim_system *system, int service, int replica);
/* A change: type "deploy" or "config", at the system's time. */
void sim_emit_change(struct sim_system *system, int service, const char *type, const char *message);

#endif
