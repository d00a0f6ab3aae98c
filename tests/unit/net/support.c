/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { LIMIT_MS = 20000 };

struct errand {
    tv_loop_fn *fn;
    void *ctx;
    sem_t done;
};

void house_open(struct house *house, const struct tv_http_config *config)
{
    struct tv_error err;
    *house = (struct house){0};
    assert_int_equal(tv_loop_new(4, &house->loop, &err), TV_OK);
    house->server = tv_http_server_new(house->loop, config);
}

static void *run(void *ctx)
{
    struct house *house = ctx;
    tv_loop_run(house->loop);
    return NULL;
}

void house_start(struct house *house, const char *address)
{
    struct tv_error err = {0};
    enum tv_status status =
            tv_http_listen(house->server, address ? address : "127.0.0.1:0", &house->port, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, TV_OK);
    assert_int_equal(pthread_create(&house->thread, NULL, run, house), 0);
    house->running = true;
}

static void on_errand(void *ctx)
{
    struct errand *errand = ctx;
    errand->fn(errand->ctx);
    (void)sem_post(&errand->done);
}

void house_call(struct house *house, tv_loop_fn *fn, void *ctx)
{
    struct errand errand = {.fn = fn, .ctx = ctx};
    assert_int_equal(sem_init(&errand.done, 0, 0), 0);
    tv_loop_post(house->loop, on_errand, &errand);
    while (sem_wait(&errand.done) != 0)
        assert_int_equal(errno, EINTR);
    (void)sem_destroy(&errand.done);
}

static void on_stop(void *ctx)
{
    tv_loop_stop(ctx);
}

void house_stop(struct house *house)
{
    if (!house->running)
        return;
    tv_loop_post(house->loop, on_stop, house->loop);
    assert_int_equal(pthread_join(house->thread, NULL), 0);
    house->running = false;
}

void house_close(struct house *house)
{
    house_stop(house);
    tv_http_server_free(house->server);
    tv_loop_free(house->loop);
}

void house_route(
        struct house *house, const char *method, const char *path, tv_http_handler_fn *handler)
{
    tv_http_route(house->server,
            &(struct tv_http_route){.method = method,
                    .path = path,
                    .body_max = 1 << 20,
                    .handler = handler,
                    .ctx = house});
}

struct stats_errand {
    struct house *house;
    struct tv_http_stats stats;
};

static void on_stats(void *ctx)
{
    struct stats_errand *errand = ctx;
    tv_http_stats(errand->house->server, &errand->stats);
}

struct tv_http_stats house_stats(struct house *house)
{
    struct stats_errand errand = {.house = house};
    house_call(house, on_stats, &errand);
    return errand.stats;
}

struct flag_errand {
    const int *flag;
    int value;
};

static void on_flag(void *ctx)
{
    struct flag_errand *errand = ctx;
    errand->value = *errand->flag;
}

int house_peek(struct house *house, const int *flag)
{
    struct flag_errand errand = {.flag = flag};
    house_call(house, on_flag, &errand);
    return errand.value;
}

void house_await(struct house *house, const int *flag, int least)
{
    int value = 0;
    for (int waited_ms = 0; waited_ms < LIMIT_MS; waited_ms++) {
        value = house_peek(house, flag);
        if (value >= least)
            return;
        (void)poll(NULL, 0, 1);
    }
    fail_msg("a flag stayed at %d below %d", value, least);
}

void peer_dial(struct peer *peer, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons(port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *peer = (struct peer){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(peer->fd >= 0);
    assert_int_equal(connect(peer->fd, (struct sockaddr *)&address, sizeof address), 0);
}

void peer_close(struct peer *peer)
{
    (void)close(peer->fd);
    peer->fd = -1;
    tv_buf_release(&peer->in);
}

bool peer_send_bytes(struct peer *peer, const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count) {
        ssize_t sent = send(peer->fd, at, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        count -= (size_t)sent;
    }
    return true;
}

void peer_send(struct peer *peer, const char *text)
{
    assert_true(peer_send_bytes(peer, text, strlen(text)));
}

/* Reads once into `in`; false at the end. */
static bool fill(struct peer *peer)
{
    struct pollfd poller = {.fd = peer->fd, .events = POLLIN};
    if (poll(&poller, 1, LIMIT_MS) <= 0)
        fail_msg("no answer within %d ms; so far: %.*s", LIMIT_MS, (int)peer->in.len,
                peer->in.data ? peer->in.data : "");
    char *room = tv_buf_reserve(&peer->in, 65536);
    ssize_t got = recv(peer->fd, room, 65536, 0);
    if (got <= 0)
        return false;
    peer->in.len += (size_t)got;
    return true;
}

static void drop(struct peer *peer, size_t count)
{
    assert_true(count <= peer->in.len);
    memmove(peer->in.data, peer->in.data + count, peer->in.len - count);
    peer->in.len -= count;
}

/* The offset behind `text`, reading as needed; 0 if the connection closed before. */
static size_t find(struct peer *peer, const char *text)
{
    for (;;) {
        char *at = NULL;
        if (peer->in.len)
            at = memmem(peer->in.data, peer->in.len, text, strlen(text));
        if (at)
            return (size_t)(at - peer->in.data) + strlen(text);
        if (!fill(peer))
            return 0;
    }
}

bool peer_expect(struct peer *peer, const char *text)
{
    size_t behind = find(peer, text);
    drop(peer, behind);
    return behind > 0;
}

bool peer_sees_end(struct peer *peer)
{
    while (fill(peer))
        tv_buf_clear(&peer->in);
    return true;
}

static void take(struct peer *peer, struct reply *reply, size_t count)
{
    while (peer->in.len < count)
        if (!fill(peer))
            fail_msg("the answer's body was cut off");
    tv_buf_append(&reply->body, peer->in.data, count);
    drop(peer, count);
}

static void take_chunks(struct peer *peer, struct reply *reply)
{
    for (;;) {
        size_t line = find(peer, "\r\n");
        assert_true(line > 0);
        size_t count = strtoul(peer->in.data, NULL, 16);
        drop(peer, line);
        take(peer, reply, count);
        assert_true(peer_expect(peer, "\r\n"));
        if (count == 0)
            return;
    }
}

void peer_read(struct peer *peer, struct reply *reply, bool no_body)
{
    *reply = (struct reply){0};
    size_t end = find(peer, "\r\n\r\n");
    if (end == 0)
        return;
    assert_true(end < sizeof reply->head);
    memcpy(reply->head, peer->in.data, end);
    drop(peer, end);
    assert_memory_equal(reply->head, "HTTP/1.", 7);
    reply->status = (int)strtol(reply->head + 9, NULL, 10);
    uint64_t length = 0;
    struct tv_str text = reply_header(reply, "Content-Length");
    if (text.ptr)
        assert_true(tv_str_to_u64(text, &length));
    if (no_body || reply->status == 100)
        return;
    if (reply_header(reply, "Transfer-Encoding").ptr)
        take_chunks(peer, reply);
    else
        take(peer, reply, length);
    tv_buf_append_char(&reply->body, '\0');
    reply->body.len--;
}

void reply_release(struct reply *reply)
{
    tv_buf_release(&reply->body);
}

struct tv_str reply_header(const struct reply *reply, const char *name)
{
    struct tv_str rest = tv_str_of(reply->head);
    while (rest.len) {
        struct tv_str line = tv_str_cut(rest, '\n', &rest);
        struct tv_str value;
        struct tv_str key = tv_str_cut(line, ':', &value);
        if (value.ptr && tv_str_equal_nocase(key, tv_str_of(name)))
            return tv_str_trim(value);
    }
    return (struct tv_str){NULL, 0};
}

void ask(struct house *house, struct reply *reply, const char *format, ...)
{
    char request[4096];
    struct peer peer;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(request, sizeof request, format, args);
    va_end(args);
    assert_true(length > 0 && (size_t)length < sizeof request);
    peer_dial(&peer, house->port);
    peer_send(&peer, request);
    peer_read(&peer, reply, strncmp(request, "HEAD ", 5) == 0);
    peer_close(&peer);
}

void ask_status(struct house *house, int status, const char *request)
{
    struct reply reply;
    ask(house, &reply, "%s", request);
    if (reply.status != status)
        fail_msg("status %d instead of %d for:\n%s\n%s%s", reply.status, status, request,
                reply.head, reply.body.data ? reply.body.data : "");
    reply_release(&reply);
}

void answer_ok(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    struct tv_buf body = {0};
    tv_buf_append_str(&body, tv_http_method(request));
    tv_buf_append_char(&body, ' ');
    tv_buf_append_str(&body, tv_http_path(request));
    tv_http_respond(request, 200, "text/plain; charset=utf-8", &body);
}

void answer_echo(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    struct tv_buf body = tv_http_take_body(request);
    tv_http_respond(request, 200, "application/octet-stream", &body);
}
