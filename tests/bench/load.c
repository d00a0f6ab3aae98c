/* SPDX-License-Identifier: Apache-2.0 */
/* Posts a file of NDJSON to a daemon and waits for each answer: load PORT FILE EVENTS_PER_POST
 * CONNECTIONS. Each connection is a thread that takes the next piece of the file, so that the client
 * costs as little as it can: the file is mapped, and nothing is parsed but the status line. Prints
 * one line of JSON. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, LATENCIES_MAX = 1 << 22 };

static struct {
    const char *bytes;
    size_t size, taken;
    int port;
    long events_per_post;
    pthread_mutex_t mutex;
    atomic_long posts, events, refused;
    double *latencies;
} job = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* The next piece of the file; false at the end. */
static bool take(const char **piece, size_t *bytes, long *events)
{
    (void)pthread_mutex_lock(&job.mutex);
    const char *at = job.bytes + job.taken, *end = job.bytes + job.size;
    *piece = at;
    *events = 0;
    while (at < end && *events < job.events_per_post) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        at = line_end ? line_end + 1 : end;
        ++*events;
    }
    *bytes = (size_t)(at - *piece);
    job.taken += *bytes;
    (void)pthread_mutex_unlock(&job.mutex);
    return *bytes > 0;
}

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)job.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    return fd;
}

static void send_all(int fd, const char *bytes, size_t count)
{
    while (count) {
        ssize_t sent = write(fd, bytes, count);
        if (sent <= 0)
            die("write");
        bytes += sent;
        count -= (size_t)sent;
    }
}

/* Reads one answer with a Content-Length; its status. */
static int read_answer(int fd)
{
    char text[8192];
    size_t have = 0;
    for (;;) {
        ssize_t got = read(fd, text + have, sizeof text - 1 - have);
        if (got <= 0)
            die("read");
        have += (size_t)got;
        text[have] = '\0';
        const char *body = strstr(text, "\r\n\r\n");
        const char *length = strcasestr(text, "\r\nContent-Length:");
        if (body && length && have >= (size_t)(body + 4 - text) + strtoul(length + 17, NULL, 10))
            return (int)strtol(text + 9, NULL, 10);
    }
}

static void *run(void *ctx)
{
    (void)ctx;
    int fd = dial();
    const char *piece;
    size_t bytes;
    long events;
    while (take(&piece, &bytes, &events)) {
        char head[160];
        int head_bytes = snprintf(head, sizeof head,
                "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n",
                bytes);
        double start = now_s();
        for (;;) {
            send_all(fd, head, (size_t)head_bytes);
            send_all(fd, piece, bytes);
            int status = read_answer(fd);
            if (status == 200)
                break;
            if (status != 503) {
                (void)fprintf(stderr, "answered %d\n", status);
                exit(1);
            }
            atomic_fetch_add(&job.refused, 1);
            (void)usleep(20000);
        }
        long post = atomic_fetch_add(&job.posts, 1);
        if (post < LATENCIES_MAX)
            job.latencies[post] = now_s() - start;
        atomic_fetch_add(&job.events, events);
    }
    (void)close(fd);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        (void)fprintf(stderr, "usage: load PORT FILE EVENTS_PER_POST CONNECTIONS\n");
        return 2;
    }
    int file = open(argv[2], O_RDONLY | O_CLOEXEC);
    struct stat stat;
    if (file < 0 || fstat(file, &stat) != 0)
        die(argv[2]);
    job.port = (int)strtol(argv[1], NULL, 10);
    job.size = (size_t)stat.st_size;
    job.bytes = mmap(NULL, job.size, PROT_READ, MAP_PRIVATE, file, 0);
    job.events_per_post = strtol(argv[3], NULL, 10);
    job.latencies = calloc(LATENCIES_MAX, sizeof *job.latencies);
    long connections = strtol(argv[4], NULL, 10);
    if (job.bytes == MAP_FAILED || !job.latencies || connections < 1 ||
            connections > CONNECTIONS_MAX)
        die("set-up");
    pthread_t threads[CONNECTIONS_MAX];
    double start = now_s();
    for (long i = 0; i < connections; i++)
        if (pthread_create(&threads[i], NULL, run, NULL) != 0)
            die("pthread_create");
    for (long i = 0; i < connections; i++)
        (void)pthread_join(threads[i], NULL);
    double seconds = now_s() - start;
    size_t posts = (size_t)atomic_load(&job.posts);
    posts = posts < LATENCIES_MAX ? posts : LATENCIES_MAX;
    qsort(job.latencies, posts, sizeof *job.latencies, by_value);
    (void)printf(
            "{\"events\":%ld,\"posts\":%zu,\"seconds\":%.3f,\"refused\":%ld,\"p50Ms\":%.3f,\"p99Ms\":%.3f}\n",
            atomic_load(&job.events), posts, seconds, atomic_load(&job.refused),
            posts ? job.latencies[posts / 2] * 1e3 : 0,
            posts ? job.latencies[posts * 99 / 100] * 1e3 : 0);
    return 0;
}
