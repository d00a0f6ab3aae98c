/* SPDX-License-Identifier: Apache-2.0 */
/* Posts a file of NDJSON to a daemon and waits for each answer:
 *
 *   load PORT FILE EVENTS_PER_POST CONNECTIONS
 *
 * One thread serves all connections, each of which has one request under way, so that the client
 * costs as little as it can: the file is mapped, a body is sent from where it lies, and nothing of
 * an answer is parsed but its status and length. A 503 is posted again after 20 ms. Prints one line
 * of JSON. */
#include "base/mem.h"
#include "base/time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 4096, ANSWER_BYTES = 4096, HEAD_BYTES = 160, AT_ONCE = 64 };

#define REST_NS (20 * TV_NS_PER_MS)

struct connection {
    int fd;
    char head[HEAD_BYTES];
    size_t head_bytes, sent; /* of head and body together */
    const char *body;
    size_t body_bytes;
    long events;
    char answer[ANSWER_BYTES];
    size_t answer_bytes;
    int64_t started_ns, rest_until_ns; /* rest: 0 for none */
};

struct load {
    const char *at, *end; /* of the file: what nobody has taken yet */
    long events_per_post;
    struct connection *connections;
    size_t count, busy;
    int epoll;
    long events, posts, refused;
    double *latencies_ms;
    size_t latency_cap;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void map_file(struct load *load, const char *path)
{
    struct stat stat;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &stat) != 0 || stat.st_size == 0)
        die(path);
    const char *bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED)
        die(path);
    (void)close(file);
    load->at = bytes;
    load->end = bytes + stat.st_size;
}

/* The next piece of the file; false at its end. */
static bool take(struct load *load, struct connection *connection)
{
    connection->body = load->at;
    connection->events = 0;
    while (load->at < load->end && connection->events < load->events_per_post) {
        const char *line_end = memchr(load->at, '\n', (size_t)(load->end - load->at));
        load->at = line_end ? line_end + 1 : load->end;
        connection->events++;
    }
    connection->body_bytes = (size_t)(load->at - connection->body);
    return connection->events > 0;
}

static void dial(struct load *load, struct connection *connection, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&to, sizeof to) != 0 ||
            setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
            fcntl(connection->fd, F_SETFL, O_NONBLOCK) != 0)
        die("connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
        die("epoll_ctl");
}

/* Sends what the socket takes. */
static void send_some(struct connection *connection)
{
    size_t total = connection->head_bytes + connection->body_bytes;
    while (connection->sent < total) {
        size_t in_head = connection->sent < connection->head_bytes
                ? connection->head_bytes - connection->sent
                : 0;
        size_t in_body = total - connection->sent - in_head;
        struct iovec parts[2] = {
                {connection->head + connection->head_bytes - in_head, in_head},
                {(void *)(uintptr_t)(connection->body + connection->body_bytes - in_body), in_body},
        };
        ssize_t sent = writev(connection->fd, in_head ? parts : parts + 1, in_head ? 2 : 1);
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent <= 0)
            die("write");
        connection->sent += (size_t)sent;
    }
}

static void begin(struct connection *connection)
{
    connection->head_bytes = (size_t)snprintf(connection->head, sizeof connection->head,
            "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n",
            connection->body_bytes);
    connection->sent = connection->answer_bytes = 0;
    connection->rest_until_ns = 0;
    send_some(connection);
}

/* The status once the whole answer is here, else 0. */
static int read_some(struct connection *connection)
{
    for (;;) {
        size_t room = sizeof connection->answer - 1 - connection->answer_bytes;
        ssize_t got = read(connection->fd, connection->answer + connection->answer_bytes, room);
        if (got < 0 && errno == EAGAIN)
            return 0;
        if (got <= 0)
            die("read");
        connection->answer_bytes += (size_t)got;
        connection->answer[connection->answer_bytes] = '\0';
        const char *body = strstr(connection->answer, "\r\n\r\n");
        const char *length = strcasestr(connection->answer, "\r\nContent-Length:");
        if (body && length &&
                connection->answer_bytes >=
                        (size_t)(body + 4 - connection->answer) + strtoul(length + 17, NULL, 10))
            return (int)strtol(connection->answer + 9, NULL, 10);
    }
}

static void note_latency(struct load *load, const struct connection *connection)
{
    if ((size_t)load->posts == load->latency_cap) {
        load->latency_cap = tv_grown(load->latency_cap, load->latency_cap + 1, 1 << 16);
        load->latencies_ms =
                tv_realloc_array(load->latencies_ms, load->latency_cap, sizeof *load->latencies_ms);
    }
    int64_t taken_ns = tv_time_monotonic() - connection->started_ns;
    load->latencies_ms[load->posts++] = (double)taken_ns / TV_NS_PER_MS;
    load->events += connection->events;
}

static void start_next(struct load *load, struct connection *connection)
{
    if (!take(load, connection)) {
        load->busy--;
        return;
    }
    connection->started_ns = tv_time_monotonic();
    begin(connection);
}

static void serve(struct load *load, struct connection *connection)
{
    if (connection->events == 0 || connection->rest_until_ns)
        return;
    send_some(connection);
    int status = read_some(connection);
    if (status == 200) {
        note_latency(load, connection);
        start_next(load, connection);
    } else if (status == 503) {
        load->refused++;
        connection->rest_until_ns = tv_time_monotonic() + REST_NS;
    } else if (status) {
        (void)fprintf(stderr, "answered %s\n", connection->answer);
        exit(1);
    }
}

static void wake_rested(struct load *load)
{
    int64_t now_ns = tv_time_monotonic();
    for (size_t i = 0; i < load->count; i++)
        if (load->connections[i].rest_until_ns && load->connections[i].rest_until_ns <= now_ns)
            begin(&load->connections[i]);
}

static double run(struct load *load)
{
    struct epoll_event events[AT_ONCE];
    int64_t start_ns = tv_time_monotonic();
    load->busy = load->count;
    long refused = 0;
    for (size_t i = 0; i < load->count; i++)
        start_next(load, &load->connections[i]);
    while (load->busy) {
        bool resting = load->refused > refused;
        int count = epoll_wait(load->epoll, events, AT_ONCE, resting ? 5 : 1000);
        for (int i = 0; i < count; i++)
            serve(load, events[i].data.ptr);
        if (!resting)
            continue;
        wake_rested(load);
        refused = load->refused;
        for (size_t i = 0; i < load->count; i++)
            refused -= load->connections[i].rest_until_ns != 0;
    }
    return (double)(tv_time_monotonic() - start_ns) / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(struct load *load, double seconds)
{
    struct rusage usage;
    size_t posts = (size_t)load->posts;
    (void)getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
            (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    if (posts)
        qsort(load->latencies_ms, posts, sizeof *load->latencies_ms, by_value);
    (void)printf("{\"events\":%ld,\"posts\":%zu,\"seconds\":%.4f,\"cpu\":%.3f,\"refused\":%ld,"
                 "\"p50Ms\":%.3f,\"p99Ms\":%.3f}\n",
            load->events, posts, seconds, cpu, load->refused,
            posts ? load->latencies_ms[posts / 2] : 0,
            posts ? load->latencies_ms[posts * 99 / 100] : 0);
}

int main(int argc, char **argv)
{
    struct load load = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    long connections = argc == 5 ? strtol(argv[4], NULL, 10) : 0;
    if (connections < 1 || connections > CONNECTIONS_MAX) {
        (void)fprintf(stderr, "usage: load PORT FILE EVENTS_PER_POST CONNECTIONS\n");
        return 2;
    }
    map_file(&load, argv[2]);
    load.events_per_post = strtol(argv[3], NULL, 10);
    load.count = (size_t)connections;
    load.connections = tv_calloc(load.count, sizeof *load.connections);
    for (size_t i = 0; i < load.count; i++)
        dial(&load, &load.connections[i], (int)strtol(argv[1], NULL, 10));
    print(&load, run(&load));
    free(load.connections);
    free(load.latencies_ms);
    return 0;
}
