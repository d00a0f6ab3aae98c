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

#include "net/loop.h"

#include <stdint.h>

struct tv_sim;

struct tv_sim_config {
    struct tv_loop *loop;
    const char *url;     /* of POST /api/v1/events; copied */
    const char *bearer;  /* token or NULL; copied */
    uint64_t seed;       /* 0: taken from the clock */
    int64_t backfill_ns; /* history made at the start, so that there is a past to travel to; 0: the
                            default of 20 minutes, negative: none */
};

/* Starts at once; the caller owns it. */
struct tv_sim *tv_sim_new(const struct tv_sim_config *config);
/* Stops; calls under way are given up. */
void tv_sim_free(struct tv_sim *sim);

struct tv_sim_stats {
    uint64_t sent, accepted, rejected, retried;
};
void tv_sim_stats(const struct tv_sim *sim, struct tv_sim_stats *out);

#endif
