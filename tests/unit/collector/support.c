/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 8192 };

static void header(const char *head, const char *name, char *out, size_t bytes)
{
    const char *at = strcasestr(head, name);
    size_t len = at ? strcspn(at + strlen(name), "\r\n") : 0;
    len = len < bytes ? len : bytes - 1;
    if (at)
        memcpy(out, at + strlen(name), len);
    out[len] = '\0';
}

static bool read_head(int fd, char *head)
{
    size_t len = 0;
    while (len < HEAD_MAX - 1 && recv(fd, head + len, 1, 0) == 1) {
        head[++len] = '\0';
        if (len >= 4 && memcmp(head + len - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

static bool read_body(int fd, char *body, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = recv(fd, body + at, len - at, 0);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    body[len] = '\0';
    return true;
}

static void answer(struct server *server, int fd, struct post *post)
{
    char text[512];
    (void)pthread_mutex_lock(&server->mutex);
    bool refused = server->refusals > 0;
    server->refusals -= refused;
    int len = snprintf(text, sizeof(text), "HTTP/1.1 %s",
            refused ? "503 Busy\r\nContent-Length: 0\r\n\r\n" : server->answer);
    bool taken = !refused && server->answer[0] == '2';
    if (taken && server->count < POSTS_MAX)
        server->posts[server->count++] = *post;
    else
        free(post->body);
    (void)pthread_mutex_unlock(&server->mutex);
    (void)send(fd, text, (size_t)len, MSG_NOSIGNAL);
}

static void serve(struct server *server, int fd)
{
    char head[HEAD_MAX], length[32];
    while (read_head(fd, head)) {
        struct post post;
        header(head, "Content-Length: ", length, sizeof(length));
        header(head, "Idempotency-Key: ", post.key, sizeof(post.key));
        header(head, "Authorization: Bearer ", post.token, sizeof(post.token));
        size_t len = strtoul(length, NULL, 10);
        post.body = malloc(len + 1);
        if (!read_body(fd, post.body, len)) {
            free(post.body);
            return;
        }
        answer(server, fd, &post);
    }
}

static void *run(void *pointer)
{
    struct server *server = pointer;
    for (int fd; (fd = accept(server->listener, NULL, NULL)) >= 0; (void)close(fd))
        serve(server, fd);
    return NULL;
}

void server_start(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    *server = (struct server){.answer = "200 OK\r\nContent-Length: 0\r\n\r\n"};
    (void)pthread_mutex_init(&server->mutex, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(server->endpoint, sizeof(server->endpoint), "http://127.0.0.1:%u",
            (unsigned)ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, run, server), 0);
}

/* Collectors are closed, and their connections with them. */
void server_stop(struct server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->listener);
    for (size_t i = 0; i < server->count; i++)
        free(server->posts[i].body);
    (void)pthread_mutex_destroy(&server->mutex);
}

void server_answer(struct server *server, const char *answer, int refusals)
{
    (void)pthread_mutex_lock(&server->mutex);
    server->answer = answer;
    server->refusals = refusals;
    (void)pthread_mutex_unlock(&server->mutex);
}

size_t server_count(struct server *server)
{
    (void)pthread_mutex_lock(&server->mutex);
    size_t count = server->count;
    (void)pthread_mutex_unlock(&server->mutex);
    return count;
}

static bool seen_before(const struct server *server, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(server->posts[i].key, server->posts[index].key) == 0)
            return true;
    return false;
}

char *server_lines(struct server *server)
{
    size_t len = 0, cap = 1;
    (void)pthread_mutex_lock(&server->mutex);
    for (size_t i = 0; i < server->count; i++)
        cap += strlen(server->posts[i].body);
    char *lines = calloc(1, cap);
    for (size_t i = 0; i < server->count; i++) {
        if (seen_before(server, i))
            continue;
        size_t bytes = strlen(server->posts[i].body);
        memcpy(lines + len, server->posts[i].body, bytes);
        len += bytes;
    }
    (void)pthread_mutex_unlock(&server->mutex);
    return lines;
}

/* memmem, since the sanitizer measures both texts at every strstr. */
size_t occurrences(const char *text, const char *part)
{
    size_t count = 0, len = strlen(part);
    const char *end = text + strlen(text);
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), part, len)); at += len)
        count++;
    return count;
}
