/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated system of services and its faults, for the demo and for `traversiond simulate`.
 *
 * A dozen services call each other as a shop's would; requests come at a rate that breathes, spans,
 * logs and metrics follow from a small queueing model, and every few minutes something breaks at a
 * different root (a pool runs out, a deploy is slow, a host saturates), so that failures travel
 * upstream by themselves instead of being painted on. What it makes is posted to the public
 * endpoint like anyone's events. Loop thread only.
 */
#ifndef TV_SIM_SIM_H
#define TV_SIM_SIM_H

#include "base/str.h"
#include "net/loop.h"

#include <stdint.h>

struct tv_sim;

struct tv_sim_config {
    struct tv_loop *loop;
    const char *url;    /* of POST /api/v1/events; copied */
    const char *bearer; /* token or NULL; copied */
    uint64_t seed;      /* 0: a random one */
    int64_t start_ns;   /* where the simulated past begins; 0: 20 minutes ago */
    int64_t until_ns;   /* where it ends; 0: never */
    tv_loop_fn *done;   /* called once all of it is answered; may be NULL without an end */
    void *ctx;
};

/* Starts at once; the caller owns it. The past is sent as fast as it is taken, so that there is one
 * to travel to; then the system runs beside the clock. */
struct tv_sim *tv_sim_new(const struct tv_sim_config *config);
/* Stops; calls under way are given up. */
void tv_sim_free(struct tv_sim *sim);

struct tv_sim_stats {
    uint64_t sent, accepted, rejected;
    uint64_t retried;           /* calls */
    enum tv_status last_status; /* of the last call, its HTTP status (0: no answer) */
    int last_http_status;
};
void tv_sim_stats(const struct tv_sim *sim, struct tv_sim_stats *out);

/* The events from `from_ns` until `until_ns` at once, as lines of NDJSON in the order in which they
 * would have been sent. Seed and start decide them. `write` borrows each piece and returns whether
 * to go on. */
struct tv_sim_stretch {
    uint64_t seed;
    int64_t from_ns, until_ns;
};
void tv_sim_write(const struct tv_sim_stretch *stretch,
        bool (*write)(void *ctx, struct tv_str lines), void *ctx);

#endif
