/* SPDX-License-Identifier: Apache-2.0 */
/* Lets the simulated system run beside the clock and posts what it does: first the past, as fast as
 * it is taken, then the present, a few times a second. One call is under way at a time; a refused or
 * lost one is sent again as it was, which the ids make harmless. */
#include "sim/sim.h"
#include "base/json_in.h"
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
    STEP_S = 10 /* of the past, simulated at a time, so that the loop is not held up */
};

struct tv_sim {
    struct tv_sim_config config;
    struct tv_client *client;
    struct tv_timer *timer;
    char *url, *bearer;
    struct sim_system system;
    struct tv_buf body; /* the batch under way, kept until it is taken */
    size_t body_events;
    bool calling;
    struct tv_sim_stats stats;
};

static void plan(struct tv_sim *sim, int64_t after_ms)
{
    tv_timer_start(sim->timer, after_ms * TV_NS_PER_MS, 0);
}

/* Where the simulation may go: the clock, or its end. */
static int64_t horizon(const struct tv_sim *sim)
{
    int64_t now_ns = tv_time_now(), until_ns = sim->config.until_ns;
    return until_ns && until_ns < now_ns ? until_ns : now_ns;
}

static int64_t next_goal(const struct sim_system *system, int64_t horizon_ns)
{
    int64_t step_ns = STEP_S * TV_NS_PER_S;
    return horizon_ns - system->time_ns > step_ns ? system->time_ns + step_ns : horizon_ns;
}

static void plan_next(struct tv_sim *sim)
{
    int64_t horizon_ns = horizon(sim);
    bool behind = next_goal(&sim->system, horizon_ns) < horizon_ns;
    plan(sim, behind || sim->config.until_ns == horizon_ns ? 0 : TICK_MS);
}

static uint64_t member(const struct tv_json *object, const char *name)
{
    const struct tv_json *value = tv_json_member(object, name);
    if (!value || tv_json_type(value) != TV_JSON_NUMBER || tv_json_number(value) < 0)
        return 0;
    return (uint64_t)tv_json_number(value);
}

static void count(struct tv_sim *sim, int http_status, struct tv_str body)
{
    struct tv_json *answer = NULL;
    if (http_status != 200 || tv_json_parse(body, &answer, NULL) != TV_OK) {
        sim->stats.rejected += sim->body_events;
        return;
    }
    sim->stats.accepted += member(answer, "accepted");
    sim->stats.rejected += member(answer, "rejected");
    tv_json_free(answer);
}

static void answered(void *ctx, enum tv_status status, int http_status, struct tv_str body)
{
    struct tv_sim *sim = ctx;
    sim->calling = false;
    if (status == TV_CANCELLED)
        return;
    sim->stats.last_status = status;
    sim->stats.last_http_status = http_status;
    if (status != TV_OK || http_status >= 500 || http_status == 429) {
        sim->stats.retried++;
        plan(sim, RETRY_MS);
        return;
    }
    count(sim, http_status, body);
    tv_buf_clear(&sim->body);
    plan_next(sim);
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
    if (!sim->body.len) {
        int64_t goal_ns = next_goal(&sim->system, horizon(sim));
        sim_system_advance(&sim->system, goal_ns);
        sim->body_events = sim_system_take(&sim->system, goal_ns, BATCH_EVENTS_MAX, &sim->body);
        sim->stats.sent += sim->body_events;
        if (!sim->body_events && goal_ns == sim->config.until_ns) {
            sim->config.done(sim->config.ctx);
            return;
        }
    }
    if (sim->body.len)
        post(sim);
    else
        plan_next(sim);
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
    TV_ASSERT(config->done || !config->until_ns);
    struct tv_sim *sim = tv_calloc(1, sizeof *sim);
    int64_t start_ns = config->start_ns;
    uint64_t seed = config->seed;
    if (!start_ns)
        start_ns = tv_time_now() - BACKFILL_MIN * TV_NS_PER_MIN;
    if (!seed)
        tv_secret_random((uint8_t *)&seed, sizeof seed);
    sim->config = *config;
    sim->url = copy(config->url);
    sim->bearer = copy(config->bearer);
    sim->client = tv_client_new(config->loop);
    sim->timer = tv_timer_new(config->loop, step, sim);
    sim_system_init(&sim->system, seed, start_ns);
    plan(sim, 0);
    return sim;
}

void tv_sim_free(struct tv_sim *sim)
{
    if (!sim)
        return;
    tv_client_free(sim->client);
    tv_timer_free(sim->timer);
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

void tv_sim_write(const struct tv_sim_stretch *stretch,
        bool (*write)(void *ctx, struct tv_str lines), void *ctx)
{
    struct sim_system system;
    struct tv_buf lines = {0};
    bool more = true;
    sim_system_init(&system, stretch->seed, stretch->from_ns);
    for (int64_t at_ns = stretch->from_ns; more && at_ns < stretch->until_ns;) {
        at_ns = next_goal(&system, stretch->until_ns);
        sim_system_advance(&system, at_ns);
        tv_buf_clear(&lines);
        if (sim_system_take(&system, at_ns, SIZE_MAX, &lines))
            more = write(ctx, tv_buf_str(&lines));
    }
    tv_buf_release(&lines);
    sim_system_release(&system);
}
