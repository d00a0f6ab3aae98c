/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP calls out, on the loop (libcurl's multi interface behind this file). Nothing calls out unless
 * it was configured: the demo's generator posts to its own daemon, webhooks tell incidents. */
#ifndef TV_NET_CLIENT_H
#define TV_NET_CLIENT_H

#include "base/buf.h"
#include "net/loop.h"

struct tv_client;

struct tv_client *tv_client_new(struct tv_loop *loop);
/* Calls under way are given up: their done functions come with TV_CANCELLED. */
void tv_client_free(struct tv_client *client);

/* `http_status` is 0 unless status is TV_OK; `body` is borrowed during the call. */
typedef void tv_client_fn(void *ctx, enum tv_status status, int http_status, struct tv_str body);

struct tv_client_call {
    const char *method; /* "POST", "GET" */
    const char *url;
    const char *content_type; /* NULL without a body */
    const char *bearer;       /* token or NULL */
    const char *request_key;  /* Idempotency-Key or NULL */
    int64_t *retry_after_ns;  /* NULL, or set before `done`: what Retry-After asks for, else 0 */
    struct tv_str body;       /* copied */
    int64_t timeout_ns;
    tv_client_fn *done;
    void *ctx;
};
void tv_client_start(struct tv_client *client, const struct tv_client_call *call);

#endif
