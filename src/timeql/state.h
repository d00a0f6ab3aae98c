/* SPDX-License-Identifier: Apache-2.0 */
/* STATE's working set: services, edges and spans of a window. Private to this room.
 *
 * op_state.c runs the scans, state_read.c takes events in, state_work.c computes requests, edges and
 * health from them, state_write.c writes the answer. COMPARE makes two of them:
 *
 *     tv_state_init(&state, exec, from, at);
 *     status = tv_state_read(&state, scans);      the first three of a side's, as planned
 *     tv_state_shown(&state, &list);
 *     tv_state_release(&state);
 */
#ifndef TV_TIMEQL_STATE_H
#define TV_TIMEQL_STATE_H

#include "base/map.h"
#include "store/frame.h"
#include "timeql/exec.h"

enum tv_health {
    TV_HEALTH_FAILING,
    TV_HEALTH_HEALTHY,
    TV_HEALTH_SILENT,
    TV_HEALTH_UNKNOWN,
    TV_HEALTH_COUNT
};

/* Requests and how long they took. */
struct tv_traffic {
    uint64_t requests, failed;
    const struct tv_sketch *durations; /* ns, of those that tell one; NULL: none */
};

struct tv_metric_point {
    struct tv_str name;
    int64_t time;
    double value;
};

struct tv_service_state {
    struct tv_str name, version;
    bool in_window; /* events of it in the window */
    bool has_spans;
    int64_t version_time;
    int64_t last;    /* time of its last event */
    int64_t changed; /* TV_ABSENT_I64: never */
    uint64_t events, errors;
    struct tv_traffic traffic;
    uint64_t active;
    struct tv_str *instances;
    size_t instance_count, instance_cap;
    struct tv_metric_point *metrics;
    size_t metric_count, metric_cap;
    enum tv_health health;
};

struct tv_state_edge {
    uint32_t from, to; /* numbers of services */
    bool measured;
    struct tv_traffic traffic;
};

/* An event to be shown whole: fetched by its arrival number once all are known. */
struct tv_pick {
    uint64_t arrival;
    int64_t time;
    uint32_t row; /* of the fetched batch; UINT32_MAX: not found */
};

struct tv_picks {
    struct tv_pick *items;
    size_t count, cap;
};

enum { TV_OPEN_SHOWN = 100 };

struct tv_state {
    struct tv_exec *exec;
    int64_t from, at;
    struct tv_frame_names names; /* numbers of services are theirs */
    struct tv_frame sum;         /* of the window */
    struct tv_frame_range range; /* of it what may hold events */
    struct tv_frame_builder *builder;
    struct tv_service_state *services;
    uint32_t service_count, service_cap;
    struct tv_map instance_seen, edge_seen;
    struct tv_state_edge *edges;
    size_t edge_count, edge_cap;
    struct tv_picks last_errors, open; /* newest first; in any order until tv_state_work */
    struct tv_batch *shown;            /* owned: the events of both */
    struct tv_arena scratch;
    uint64_t events, errors;
};

/* op_state.c. The window is from `from` to `at`. */
void tv_state_init(struct tv_state *state, struct tv_exec *exec, int64_t from, int64_t at);
/* Takes the frames that the store has kept of the window; of what is left runs a plan's scans "window", "open starts", "metrics", and reads
 * what is known of before; judges. */
TV_CHECKED enum tv_status tv_state_read(
        struct tv_state *state, const struct tv_planned_scan *scans);
void tv_state_release(struct tv_state *state);

/* state_read.c. Batches of the planned scans, each for tv_exec_scan; the starts before the window. */
tv_exec_batch_fn tv_state_read_starts;
tv_exec_batch_fn tv_state_read_window;
tv_exec_batch_fn tv_state_read_metrics;
tv_exec_batch_fn tv_state_read_dependencies;
/* What was read, as services, edges and picks. */
void tv_state_take_sum(struct tv_state *state);
/* The service's number; its entry is made if there was none. */
uint32_t tv_state_service(struct tv_state *state, struct tv_str name);
void tv_state_instance(struct tv_state *state, uint32_t service, struct tv_str instance);
void tv_picks_add(struct tv_picks *picks, struct tv_pick pick);
struct tv_state_edge *tv_state_edge(struct tv_state *state, uint32_t from, uint32_t to);

/* state_work.c */
/* The value below which `per_cent` of the durations lie (nearest rank), within the sketch's accuracy;
 * NULL of none. */
struct tv_value tv_traffic_latency(const struct tv_traffic *traffic, unsigned per_cent);
bool tv_traffic_timed(const struct tv_traffic *traffic);
/* Judges every service and sorts the open requests (oldest first), no more than are shown. */
void tv_state_work(struct tv_state *state);
const char *tv_health_name(enum tv_health health);

/* state_filter.c. A derived field of a service; NULL where it has none. */
struct tv_value tv_state_derived(const struct tv_state *state,
        const struct tv_service_state *service, enum tv_derived derived);
/* Keeps those of the services that WHERE's derived fields choose; returns how many. */
size_t tv_state_choose(
        struct tv_state *state, const struct tv_service_state **services, size_t count);

/* The services that the answer shows, by name; in the run's arena. */
struct tv_state_list {
    const struct tv_service_state **items;
    size_t count;
};
/* What all of them together are and had. */
struct tv_state_totals {
    uint64_t health[TV_HEALTH_COUNT];
    uint64_t active;
    struct tv_traffic traffic;
};

/* state_write.c */
void tv_state_shown(struct tv_state *state, struct tv_state_list *out);
struct tv_state_totals tv_state_sum(const struct tv_state_list *list);
/* The members "health", "services" and "summary". */
void tv_state_members(
        struct tv_state *state, const struct tv_state_list *list, struct tv_json_out *json);
struct tv_value tv_state_request_rate(
        const struct tv_state *state, const struct tv_traffic *traffic);
struct tv_value tv_state_error_rate(const struct tv_traffic *traffic);
/* The answer from head to end. */
TV_CHECKED enum tv_status tv_state_write(struct tv_state *state);

#endif
