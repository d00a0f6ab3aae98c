/* SPDX-License-Identifier: Apache-2.0 */
/* traversion-load: events from many threads through libtraversion, to try a daemon or the library itself.
 *
 * Each thread records at its share of the rate: it sleeps to the next millisecond's beginning and then records what
 * is due. Rate 0 is as fast as it goes, in which rings overflow; that is what is dropped then. The cost of
 * recording is taken from the thread's own CPU clock around each burst, so that sleeping does not count. */
#include "traversion/collector.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BURST_MAX = 100000, THREADS_MAX = 256, CLOSE_MS = 10000 };

struct settings {
    struct traversion_options collector;
    uint64_t threads, rate, seconds;
};

struct thread {
    struct traversion *t;
    const struct settings *settings;
    pthread_t id;
    uint64_t recorded, cpu_ns;
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Event number n of a thread: mostly spans, each with two attributes; here and there a log and a metric. */
static void record(struct traversion *t, uint64_t n)
{
    static const char *const names[] = {"GET /cart", "POST /order", "GET /item", "GET /search"};
    if (n % 16 == 14) {
        traversion_log(t, TRAVERSION_INFO, "cart was stored", NULL);
        return;
    }
    if (n % 16 == 15) {
        traversion_metric(t,
                &(struct traversion_metric){
                        .name = "queue.length", .value = (double)(n % 97), .unit = "1"});
        return;
    }
    struct traversion_span span = traversion_span_start(t, names[n % 4], TRAVERSION_SERVER, NULL);
    struct traversion_attribute attributes[] = {
            traversion_text("http.route", names[n % 4]),
            traversion_integer("http.response.status_code", 200),
    };
    traversion_span_end(t, &span, TRAVERSION_STATUS_OK, attributes, 2);
}

static void burst(struct thread *thread, uint64_t count)
{
    int64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (uint64_t i = 0; i < count; i++)
        record(thread->t, thread->recorded + i);
    thread->cpu_ns += (uint64_t)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - before);
    thread->recorded += count;
}

static void sleep_until(int64_t monotonic_ns)
{
    struct timespec until = {.tv_sec = (time_t)(monotonic_ns / 1000000000),
            .tv_nsec = (long)(monotonic_ns % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

static void *run(void *pointer)
{
    struct thread *thread = pointer;
    const struct settings *settings = thread->settings;
    int64_t start = clock_ns(CLOCK_MONOTONIC);
    int64_t end = start + (int64_t)settings->seconds * 1000000000;
    double per_ns = (double)settings->rate / (double)settings->threads / 1e9;
    for (int64_t now = start; now < end; now = clock_ns(CLOCK_MONOTONIC)) {
        if (settings->rate == 0) {
            burst(thread, 1024);
            continue;
        }
        uint64_t due = (uint64_t)((double)(now - start) * per_ns);
        uint64_t behind = due > thread->recorded ? due - thread->recorded : 0;
        burst(thread, behind < BURST_MAX ? behind : BURST_MAX);
        sleep_until(now + 1000000);
    }
    return NULL;
}

static void report(
        const struct settings *settings, struct traversion *t, const struct thread *threads)
{
    struct traversion_counts counts;
    uint64_t recorded = 0, cpu_ns = 0;
    for (uint64_t i = 0; i < settings->threads; i++) {
        recorded += threads[i].recorded;
        cpu_ns += threads[i].cpu_ns;
    }
    traversion_counts(t, &counts);
    printf("recorded %llu events, %.1f ns of CPU each; sent %llu, rejected %llu, dropped %llu, waiting "
           "%llu, requests sent again %llu\n",
            (unsigned long long)recorded, recorded ? (double)cpu_ns / (double)recorded : 0.0,
            (unsigned long long)counts.sent, (unsigned long long)counts.rejected,
            (unsigned long long)counts.dropped, (unsigned long long)counts.waiting,
            (unsigned long long)counts.retries);
    if (counts.problem[0])
        printf("last problem: %s\n", counts.problem);
}

static void help(void)
{
    puts("usage: traversion-load [--endpoint URL] [--token TOKEN] [--service NAME] [--threads N]\n"
         "                       [--rate EVENTS] [--seconds N] [--spill DIR]\n"
         "\n"
         "Records events from N threads (4) at a rate for all of them (10000 a second; 0: as fast as it\n"
         "goes) for some seconds (10), sends them to the daemon at URL (http://127.0.0.1:3335), and says\n"
         "what recording cost and what became of the events. Ends with 0 if all were stored.");
}

static bool number(const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || value > most) {
        (void)fprintf(stderr, "traversion-load: '%s' is not a number up to %llu\n", text,
                (unsigned long long)most);
        return false;
    }
    *out = value;
    return true;
}

/* 0 to go on, else 1 + the exit code. */
static int parse(int argc, char **argv, struct settings *out)
{
    static const struct option options[] = {{"endpoint", required_argument, NULL, 'e'},
            {"token", required_argument, NULL, 'k'}, {"service", required_argument, NULL, 's'},
            {"threads", required_argument, NULL, 't'}, {"rate", required_argument, NULL, 'r'},
            {"seconds", required_argument, NULL, 'n'}, {"spill", required_argument, NULL, 'd'},
            {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool ok = true;
    for (int option; ok && (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (option == 'e')
            out->collector.endpoint = optarg;
        else if (option == 'k')
            out->collector.token = optarg;
        else if (option == 's')
            out->collector.service = optarg;
        else if (option == 't')
            ok = number(optarg, THREADS_MAX, &out->threads) && out->threads > 0;
        else if (option == 'r')
            ok = number(optarg, 100000000, &out->rate);
        else if (option == 'n')
            ok = number(optarg, 86400, &out->seconds);
        else if (option == 'd')
            out->collector.spill_dir = optarg;
        else if (option == 'h')
            return help(), 1;
        else
            ok = false;
    }
    if (ok && optind == argc)
        return 0;
    (void)fputs("traversion-load: see traversion-load --help\n", stderr);
    return 1 + 2;
}

int main(int argc, char **argv)
{
    struct settings settings = {
            .collector = {.service = "load"}, .threads = 4, .rate = 10000, .seconds = 10};
    struct thread threads[THREADS_MAX];
    struct traversion *t;
    int ended = parse(argc, argv, &settings);
    if (ended)
        return ended - 1;
    enum traversion_result result = traversion_open(&settings.collector, &t);
    if (result != TRAVERSION_OK) {
        (void)fprintf(stderr, "traversion-load: %s\n", traversion_result_text(result));
        return 1;
    }
    uint64_t started = 0;
    for (; started < settings.threads; started++) {
        threads[started] = (struct thread){.t = t, .settings = &settings};
        if (pthread_create(&threads[started].id, NULL, run, &threads[started]) != 0)
            break;
    }
    settings.threads = started;
    for (uint64_t i = 0; i < started; i++)
        (void)pthread_join(threads[i].id, NULL);
    result = traversion_flush(t, CLOSE_MS);
    report(&settings, t, threads);
    struct traversion_counts counts;
    traversion_counts(t, &counts);
    (void)traversion_close(t, CLOSE_MS);
    return result == TRAVERSION_OK && counts.dropped + counts.rejected == 0 ? 0 : 1;
}
