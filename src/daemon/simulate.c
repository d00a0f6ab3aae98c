/* SPDX-License-Identifier: Apache-2.0 */
/* traversiond simulate: the sim room against a daemon over HTTP, as anyone's events would come, or
 * as text on standard output. Progress goes to standard error. */
#include "base/secret.h"
#include "base/time.h"
#include "daemon/command.h"
#include "daemon/daemon.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    BACKFILL_MIN = 20,
    WATCH_MS = 1000,
    GRACE_S = 30 /* after the end, for a daemon that does not answer */
};

static const char usage[] =
        "usage: traversiond simulate [FLAGS]\n\n"
        "Sends what a shop of fourteen services does to a daemon: first the past, then beside the\n"
        "clock until Ctrl-C. Every four minutes something else breaks.\n\n"
        "  --url URL            POST /api/v1/events of the daemon [http://127.0.0.1:3335/api/v1/events]\n"
        "  --token TOKEN        with the scope ingest\n"
        "  --seed N             same seed and start, same events [random]\n"
        "  --backfill DURATION  how much past [20m]\n"
        "  --start TIME         where the past begins instead; RFC 3339 or epoch\n"
        "  --for DURATION       end this long after now\n"
        "  --stdout             write the past as NDJSON and end: --backfill from --start\n";

struct arguments {
    const char *url, *token, *seed, *start, *backfill, *length;
    bool to_stdout;
};

struct plan {
    uint64_t seed;
    int64_t now_ns, start_ns, backfill_ns, until_ns; /* until_ns 0: no end */
};

struct run {
    struct tv_loop *loop;
    struct tv_sim *sim;
    const char *url;
    int64_t until_ns;
    bool warned;
    struct tv_sim_stats stats;
};

/* An absent text leaves *out as it is; so with the next. */
static enum tv_status read_duration(
        const char *flag, const char *text, int64_t *out, struct tv_error *err)
{
    if (!text || (tv_duration_parse(tv_str_of(text), out) && *out >= 0))
        return TV_OK;
    return tv_fail(err, TV_BAD_INPUT, "--%s takes a duration such as 20m, not '%s'", flag, text);
}

static bool read_start(const char *text, int64_t *out)
{
    struct tv_str time = tv_str_of(text);
    return !text || tv_time_parse_rfc3339(time, out) || tv_time_parse_local(time, 0, out) ||
            tv_time_parse_epoch(time, out);
}

static enum tv_status make_plan(
        const struct arguments *arguments, struct plan *plan, struct tv_error *err)
{
    int64_t length_ns = -1;
    *plan = (struct plan){.now_ns = tv_time_now(), .backfill_ns = BACKFILL_MIN * TV_NS_PER_MIN};
    tv_secret_random((uint8_t *)&plan->seed, sizeof plan->seed);
    if (arguments->seed && !tv_str_to_u64(tv_str_of(arguments->seed), &plan->seed))
        return tv_fail(err, TV_BAD_INPUT, "--seed takes a number, not '%s'", arguments->seed);
    enum tv_status status = read_duration("backfill", arguments->backfill, &plan->backfill_ns, err);
    if (status == TV_OK)
        status = read_duration("for", arguments->length, &length_ns, err);
    if (status != TV_OK)
        return status;
    plan->start_ns = plan->now_ns - plan->backfill_ns;
    if (!read_start(arguments->start, &plan->start_ns))
        return tv_fail(err, TV_BAD_INPUT,
                "--start takes a time such as 2024-01-15T15:40:00Z, not '%s'", arguments->start);
    if (plan->start_ns < 0 || plan->backfill_ns > INT64_MAX - plan->start_ns ||
            length_ns > INT64_MAX - plan->now_ns)
        return tv_fail(err, TV_BAD_INPUT, "times reach from 1970 to 2262");
    plan->until_ns = length_ns >= 0 ? plan->now_ns + length_ns : 0;
    return TV_OK;
}

static bool write_lines(void *ctx, struct tv_str lines)
{
    return fwrite(lines.ptr, 1, lines.len, ctx) == lines.len;
}

static enum tv_status write_all(const struct plan *plan, struct tv_error *err)
{
    struct tv_sim_stretch stretch = {
            plan->seed, plan->start_ns, plan->start_ns + plan->backfill_ns};
    tv_sim_write(&stretch, write_lines, stdout);
    if (fflush(stdout) != 0 || ferror(stdout))
        return tv_fail(err, TV_IO, "cannot write all events to standard output");
    return TV_OK;
}

static void stop(void *ctx)
{
    tv_loop_stop(ctx);
}

/* Tells once that nobody answers, and ends where nothing is let in. */
static void watch(void *ctx)
{
    struct run *run = ctx;
    struct tv_sim_stats *stats = &run->stats;
    tv_sim_stats(run->sim, stats);
    if (stats->retried && !stats->accepted && !run->warned)
        (void)fprintf(stderr, "traversiond simulate: '%s' %s; trying again\n", run->url,
                stats->last_status == TV_OK ? "is busy" : "cannot be reached");
    run->warned = run->warned || stats->retried;
    int64_t late_ns = tv_time_now() - GRACE_S * TV_NS_PER_S;
    if ((stats->rejected && !stats->accepted) || (run->until_ns && late_ns > run->until_ns))
        tv_loop_stop(run->loop);
}

static enum tv_status conclude(struct run *run, struct tv_error *err)
{
    const struct tv_sim_stats *stats = &run->stats;
    tv_sim_stats(run->sim, &run->stats);
    (void)fprintf(stderr, "sent %" PRIu64 ", accepted %" PRIu64 ", rejected %" PRIu64 "\n",
            stats->sent, stats->accepted, stats->rejected);
    if (stats->accepted || !stats->sent)
        return TV_OK;
    if (stats->last_http_status)
        return tv_fail(err, TV_FORBIDDEN, "'%s' answers %d", run->url, stats->last_http_status);
    return tv_fail(err, TV_IO, "'%s' cannot be reached", run->url);
}

static enum tv_status send_all(
        const struct arguments *arguments, const struct plan *plan, struct tv_error *err)
{
    struct run run = {.url = arguments->url, .until_ns = plan->until_ns};
    enum tv_status status = tv_loop_new(1, &run.loop, err);
    if (status != TV_OK)
        return status;
    struct tv_timer *timer = tv_timer_new(run.loop, watch, &run);
    run.sim = tv_sim_new(&(struct tv_sim_config){
            .loop = run.loop,
            .url = arguments->url,
            .bearer = arguments->token,
            .seed = plan->seed,
            .start_ns = plan->start_ns,
            .until_ns = plan->until_ns,
            .done = stop,
            .ctx = run.loop,
    });
    tv_timer_start(timer, WATCH_MS * TV_NS_PER_MS, WATCH_MS * TV_NS_PER_MS);
    tv_loop_on_signal(run.loop, stop, run.loop);
    tv_loop_run(run.loop);
    status = conclude(&run, err);
    tv_timer_free(timer);
    tv_sim_free(run.sim);
    tv_loop_free(run.loop);
    return status;
}

static enum tv_status run_command(
        struct arguments *arguments, struct tv_config *config, struct tv_error *err)
{
    struct plan plan;
    enum tv_status status = make_plan(arguments, &plan, err);
    if (status != TV_OK)
        return status;
    if (arguments->to_stdout)
        return write_all(&plan, err);
    if (!arguments->url)
        arguments->url =
                tv_arena_printf(&config->arena, "http://%s/api/v1/events", config->listen).ptr;
    return send_all(arguments, &plan, err);
}

int tv_simulate_command(int argc, char *const *argv)
{
    struct arguments arguments = {0};
    const struct tv_command_flag flags[] = {
            {"url", &arguments.url, NULL},
            {"token", &arguments.token, NULL},
            {"seed", &arguments.seed, NULL},
            {"start", &arguments.start, NULL},
            {"backfill", &arguments.backfill, NULL},
            {"for", &arguments.length, NULL},
            {"stdout", NULL, &arguments.to_stdout},
            {0},
    };
    struct tv_config config;
    struct tv_error err;
    if (tv_command_read(argc, argv, flags, &config, &err) != TV_OK)
        return tv_command_fail("simulate", &err);
    int code = 0;
    if (config.help)
        (void)fputs(usage, stdout);
    else if (run_command(&arguments, &config, &err) != TV_OK)
        code = tv_command_fail("simulate", &err);
    tv_config_release(&config);
    return code;
}
