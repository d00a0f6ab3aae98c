/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon's stand-in of a few lines: takes POSTs on loopback, keeps their bodies and keys, and answers what the test has
 * laid out. The real daemon is met in tests/wire. */
#ifndef TV_TESTS_COLLECTOR_SUPPORT_H
#define TV_TESTS_COLLECTOR_SUPPORT_H

#include "traversion/collector.h"

#include <pthread.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { POSTS_MAX = 4096 };

struct post {
    char *body; /* with a NUL */
    char key[64], token[64];
};

struct server {
    int listener;
    char endpoint[64];
    pthread_t thread;
    pthread_mutex_t mutex;
    const char *answer; /* status line's rest and headers, with their line ends; under the mutex */
    int refusals;       /* so many posts are answered 503 before that */
    struct post posts[POSTS_MAX];
    size_t count;
};

/* Starts to serve on a port of its own: the endpoint is there afterwards. */
void server_start(struct server *server);
void server_stop(struct server *server);
/* Answers "HTTP/1.1 " and that, to this many posts 503 first. */
void server_answer(struct server *server, const char *answer, int refusals);
size_t server_count(struct server *server);
/* The accepted bodies one behind the other, each key once; owned by the caller. */
char *server_lines(struct server *server);
/* How often a text occurs. */
size_t occurrences(const char *text, const char *part);

#endif
