/* SPDX-License-Identifier: Apache-2.0 */
/* A server on a loop thread of its own, and blocking raw clients on the test's thread: the wire is
 * real and the test reads from top to bottom. What belongs to the loop thread is looked at through
 * house_call. Every read has a time limit, so that a lost answer fails the test and does not hang it. */
#ifndef TESTS_NET_SUPPORT_H
#define TESTS_NET_SUPPORT_H

#include "net/http_internal.h"

#include <pthread.h>
#include <semaphore.h>

struct house {
    struct tv_loop *loop;
    struct tv_http_server *server;
    uint16_t port;
    pthread_t thread;
    bool running;
};

/* A loop and a server without routes; house_start listens (NULL: 127.0.0.1:0) and runs it. */
void house_open(struct house *house, const struct tv_http_config *config);
void house_start(struct house *house, const char *address);
/* Runs fn(ctx) on the loop thread and waits for it. */
void house_call(struct house *house, tv_loop_fn *fn, void *ctx);
/* Stops the loop thread; the loop and the server are this thread's again. */
void house_stop(struct house *house);
void house_close(struct house *house);
void house_route(
        struct house *house, const char *method, const char *path, tv_http_handler_fn *handler);
struct tv_http_stats house_stats(struct house *house);
/* *flag, which the loop thread writes. */
int house_peek(struct house *house, const int *flag);
/* Waits (bounded) until *flag, which the loop thread writes, is at least `least`. */
void house_await(struct house *house, const int *flag, int least);

/* A client's connection, with what was read and not yet used. */
struct peer {
    int fd;
    struct tv_buf in;
};

struct reply {
    int status; /* 0: the connection was closed before an answer */
    char head[4096];
    struct tv_buf body;
};

void peer_dial(struct peer *peer, uint16_t port);
void peer_close(struct peer *peer);
void peer_send(struct peer *peer, const char *text);
/* False if the other side closed. */
bool peer_send_bytes(struct peer *peer, const void *bytes, size_t count);
/* Reads one answer; `no_body` for HEAD. The reply is released by reply_release. */
void peer_read(struct peer *peer, struct reply *reply, bool no_body);
/* Reads until `text` has come; false if the connection closed before. Drops it and what is before. */
bool peer_expect(struct peer *peer, const char *text);
/* Whether the other side closes within the time limit (what comes before is thrown away). */
bool peer_sees_end(struct peer *peer);
void reply_release(struct reply *reply);
/* A header's value or {NULL, 0}. */
struct tv_str reply_header(const struct reply *reply, const char *name);

/* One request on a connection of its own; the printf text is the whole request. */
void ask(struct house *house, struct reply *reply, const char *format, ...) TV_PRINTF(3, 4);
/* Asserts its status; for tables. */
void ask_status(struct house *house, int status, const char *request);

/* Handlers: the method, path and client; the body's length and bytes back. */
void answer_ok(void *ctx, struct tv_http_request *request);
void answer_echo(void *ctx, struct tv_http_request *request);

#endif
