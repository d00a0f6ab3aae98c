/* SPDX-License-Identifier: Apache-2.0 */
/* Lets the simulated system run beside the clock and posts what it does: first the past, as fast as
 * it is taken, then the present, a few times a second. One call is under way at a time; a refused or
 * lost one is sent again as it was, which the ids make harmless. */
#include "sim/sim.h"
#include "base/mem.h"
#include "base/secret.h"
#include "net/client.h"
#include "sim/sim_internal.h"

#include <stdlib.h>

enum {
    TICK_MS = 250,
    RETRY_MS = 1000,
    CALL_TIMEOUT_S = 30,
    BATCH_EVENTS_MAX = 2000,
    BACKFILL_MIN = 20,
    STEP_S = 5 /* of the past, simulated at a time, so that the loop is not held up */
};

struct tv_sim {
    struct tv_loop *loop;
    struct tv_client *client;
    struct tv_timer *timer;
    char *url, *bearer;
    struct sim_system system;
    struct tv_buf body; /* the batch under way, kept until it is taken */
    size_t body_events;
    bool calling;
    struct tv_sim_stats stats;
};

static void step(void *ctx);

static void plan(struct tv_sim *sim, int64_t after_ms)
{
    tv_timer_start(sim->timer, after_ms * TV_NS_PER_MS, 0);
}

/* Whether the past is still being made. */
static bool is_behind(const struct tv_sim *sim)
{
    return sim->system.time_ns + STEP_S * TV_NS_PER_S < tv_time_now();
}

static void answered(void *ctx, enum tv_status status, int http_status, struct tv_str body)
{
    struct tv_sim *sim = ctx;
    (void)body;
    sim->calling = false;
    if (status == TV_CANCELLED)
        return;
    if (status != TV_OK || http_status >= 500 || http_status == 429) {
        sim->stats.retried++;
        plan(sim, RETRY_MS);
        return;
    }
    if (http_status == 200)
        sim->stats.accepted += sim->body_events;
    else
        sim->stats.rejected += sim->body_events;
    tv_buf_clear(&sim->body);
    plan(sim, is_behind(sim) ? 0 : TICK_MS);
}

static void post(struct tv_sim *sim)
{
    sim->calling = true;
    struct tv_client_call call = {
            .method = "POST",
            .url = sim->url,
            .content_type = "application/x-ndjson",
            .bearer = sim->bearer,
            .body = tv_buf_str(&sim->body),
            .timeout_ns = CALL_TIMEOUT_S * TV_NS_PER_S,
            .done = answered,
            .ctx = sim,
    };
    tv_client_start(sim->client, &call);
}

static void step(void *ctx)
{
    struct tv_sim *sim = ctx;
    if (sim->calling)
        return;
    if (sim->body.len) {
        post(sim);
        return;
    }
    int64_t now_ns = tv_time_now();
    int64_t until_ns = is_behind(sim) ? sim->system.time_ns + STEP_S * TV_NS_PER_S : now_ns;
    sim_system_advance(&sim->system, until_ns);
    sim->body_events = sim_system_take(&sim->system, until_ns, BATCH_EVENTS_MAX, &sim->body);
    sim->stats.sent += sim->body_events;
    if (sim->body_events)
        post(sim);
    else
        plan(sim, is_behind(sim) ? 0 : TICK_MS);
}

static char *copy(const char *text)
{
    if (!text)
        return NULL;
    size_t bytes = strlen(text) + 1;
    return memcpy(tv_malloc(bytes), text, bytes);
}

struct tv_sim *tv_sim_new(const struct tv_sim_config *config)
{
    struct tv_sim *sim = tv_calloc(1, sizeof *sim);
    int64_t backfill_ns = config->backfill_ns ? config->backfill_ns : BACKFILL_MIN * TV_NS_PER_MIN;
    uint64_t seed = config->seed;
    if (!seed)
        tv_secret_random((uint8_t *)&seed, sizeof seed);
    sim->loop = config->loop;
    sim->url = copy(config->url);
    sim->bearer = copy(config->bearer);
    sim->client = tv_client_new(config->loop);
    sim->timer = tv_timer_new(config->loop, step, sim);
    sim_system_init(&sim->system, seed, tv_time_now() - (backfill_ns > 0 ? backfill_ns : 0));
    plan(sim, 0);
    return sim;
}

void tv_sim_free(struct tv_sim *sim)
{
    tv_timer_free(sim->timer);
    tv_client_free(sim->client);
    sim_system_release(&sim->system);
    tv_buf_release(&sim->body);
    free(sim->url);
    free(sim->bearer);
    free(sim);
}

void tv_sim_stats(const struct tv_sim *sim, struct tv_sim_stats *out)
{
    *out = sim->stats;
}
