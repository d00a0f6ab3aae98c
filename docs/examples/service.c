/* SPDX-License-Identifier: Apache-2.0 */
/* A small service that tells a traversiond what it does: it serves HTTP on a port, "queries" a database for each
 * request, and fails for /broken. Build it with
 *
 *     cc service.c $(pkg-config --cflags --libs traversion) -o service
 *
 * and run ./service 8080; the daemon is found through TRAVERSION_ENDPOINT. It ends when its input does (Ctrl-D). */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <traversion/collector.h>
#include <unistd.h>

struct request {
    char method[8], path[256], traceparent[80];
};

/* Copies what stands between `from` and the first of `ends`. */
static void cut(const char *from, const char *ends, char *out, size_t bytes)
{
    size_t len = strcspn(from, ends);
    len = len < bytes ? len : bytes - 1;
    memcpy(out, from, len);
    out[len] = '\0';
}

static bool read_request(int fd, struct request *out)
{
    char text[4096];
    ssize_t len = recv(fd, text, sizeof(text) - 1, 0);
    if (len <= 0)
        return false;
    text[len] = '\0';
    cut(text, " ", out->method, sizeof(out->method));
    const char *path = strchr(text, ' ');
    cut(path ? path + 1 : "", " \r\n", out->path, sizeof(out->path));
    const char *parent = strstr(text, "\r\ntraceparent: ");
    cut(parent ? parent + strlen("\r\ntraceparent: ") : "", "\r\n", out->traceparent,
            sizeof(out->traceparent));
    return true;
}

static int handle(struct traversion *t, const char *path, const struct traversion_context *inside)
{
    bool broken = strcmp(path, "/broken") == 0;
    traversion_query(t,
            &(struct traversion_query){.system = "postgresql",
                    .database = "shop",
                    .statement = "SELECT * FROM carts WHERE id = $1",
                    .rows = broken ? -1 : 1,
                    .error = broken ? "connection refused" : NULL,
                    .duration_ns = 1200000,
                    .parent = inside});
    if (broken)
        traversion_error(t, "DatabaseError", "carts cannot be read: connection refused", inside);
    return broken ? 500 : 200;
}

static void serve(struct traversion *t, int fd)
{
    struct request request;
    struct traversion_context caller;
    char answer[256];
    if (!read_request(fd, &request))
        return;
    traversion_context_parse(request.traceparent, &caller);
    struct traversion_span span =
            traversion_span_start(t, request.path, TRAVERSION_SERVER, &caller);
    int status = handle(t, request.path, &span.context);
    traversion_http_end(t, &span,
            &(struct traversion_http){.method = request.method,
                    .route = request.path,
                    .url = request.path,
                    .status = status});
    int len = snprintf(answer, sizeof(answer),
            "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status,
            status == 200 ? "OK" : "Internal Server Error");
    (void)send(fd, answer, (size_t)len, MSG_NOSIGNAL);
}

static int listen_on(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 16) != 0 ||
            getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return -1;
    printf("listening on http://127.0.0.1:%u\n", (unsigned)ntohs(address.sin_port));
    (void)fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    struct traversion *t;
    struct traversion_options options = {.service = "example", .version = "1.0"};
    int listener = listen_on(argc > 1 ? argv[1] : "8080");
    if (listener < 0 || traversion_open(&options, &t) != TRAVERSION_OK)
        return 1;
    struct pollfd watched[] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    char byte;
    while (poll(watched, 2, -1) > 0) {
        if (watched[0].revents) {
            int fd = accept(listener, NULL, NULL);
            serve(t, fd);
            (void)close(fd);
        }
        if (watched[1].revents && read(0, &byte, 1) <= 0)
            break;
    }
    return traversion_close(t, 5000) == TRAVERSION_OK ? 0 : 1;
}
