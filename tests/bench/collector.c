/* SPDX-License-Identifier: Apache-2.0 */
/* What recording costs a thread that uses libtraversion, in nanoseconds of its CPU: runs of 2,000 events into a ring
 * that has room for them while the background thread rests, medians of 101 runs; the ring is read out in between, out
 * of the clock. Beside it, what reading the clock costs, which each event does once and a span twice. */
#include "traversion/collector.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUNS = 101, EVENTS = 2000, GOAL_NS = 100 };

static double cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void record_clock(struct traversion *t)
{
    struct timespec now;
    (void)t;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
}

static void record_log(struct traversion *t)
{
    traversion_log(t, TRAVERSION_INFO, "cart was stored", NULL);
}

static void record_event(struct traversion *t)
{
    struct traversion_attribute attributes[] = {traversion_text("http.route", "/cart"),
            traversion_integer("http.response.status_code", 200)};
    traversion_record(t,
            &(struct traversion_event){.type = "log",
                    .name = "cart",
                    .message = "cart was stored",
                    .severity = TRAVERSION_INFO,
                    .attributes = attributes,
                    .count = 2});
}

static void record_metric(struct traversion *t)
{
    traversion_metric(
            t, &(struct traversion_metric){.name = "queue.length", .value = 17, .unit = "1"});
}

static void record_span(struct traversion *t)
{
    struct traversion_attribute attributes[] = {traversion_text("http.route", "/cart"),
            traversion_integer("http.response.status_code", 200)};
    struct traversion_span span = traversion_span_start(t, "GET /cart", TRAVERSION_SERVER, NULL);
    traversion_span_end(t, &span, TRAVERSION_STATUS_OK, attributes, 2);
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(struct traversion *t, void (*record)(struct traversion *t))
{
    double runs[RUNS];
    for (int run = 0; run < RUNS; run++) {
        double before = cpu_ns();
        for (int i = 0; i < EVENTS; i++)
            record(t);
        runs[run] = (cpu_ns() - before) / EVENTS;
        (void)traversion_flush(t, 1000);
    }
    qsort(runs, RUNS, sizeof(runs[0]), by_value);
    return runs[RUNS / 2];
}

int main(void)
{
    static const struct {
        const char *name;
        void (*record)(struct traversion *t);
    } kinds[] = {{"reading the clock", record_clock}, {"log line", record_log},
            {"event, two attributes", record_event}, {"metric", record_metric},
            {"span, two attributes", record_span}};
    struct traversion *t;
    const char *endpoint = getenv("TRAVERSION_ENDPOINT");
    struct traversion_options options = {.service = "bench",
            .endpoint = endpoint,
            .ring_bytes = 1 << 20,
            .memory_bytes = 1 << 30,
            .interval_ms = 60000};
    if (traversion_open(&options, &t) != TRAVERSION_OK)
        return 1;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        printf("%-22s %6.1f ns (goal %d)\n", kinds[i].name, median(t, kinds[i].record), GOAL_NS);
    struct traversion_counts counts;
    traversion_counts(t, &counts);
    printf("recorded %llu, dropped %llu, sent %llu\n", (unsigned long long)counts.recorded,
            (unsigned long long)counts.dropped, (unsigned long long)counts.sent);
    (void)traversion_close(t, 1000);
    return counts.dropped > 0;
}
