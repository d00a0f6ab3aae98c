/* SPDX-License-Identifier: Apache-2.0 */
/* The doors without a store: nostore prints its port and serves POST /api/v1/events until it is
 * ended; what was decoded is let go and answered a turn of the loop later. The rate at which it
 * answers is what a commit that costs nothing would give. */
#include "base/mem.h"
#include "base/time.h"
#include "ingest/ingest.h"
#include "net/http.h"
#include "net/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { DECODE_THREADS = 2, DECODE_QUEUE = 256, WAITING_MAX = 8192, ANSWER_BYTES = 64 << 20 };

struct waiting {
    tv_sink_done_fn *done;
    void *ctx;
};

struct nowhere {
    struct tv_loop *loop;
    struct waiting waiting[WAITING_MAX];
    size_t count;
};

static void answer(void *ctx)
{
    struct nowhere *nowhere = ctx;
    size_t count = nowhere->count;
    nowhere->count = 0;
    for (size_t i = 0; i < count; i++)
        nowhere->waiting[i].done(nowhere->waiting[i].ctx, TV_OK);
}

static enum tv_status accept_batch(
        void *self, struct tv_batch *batch, tv_sink_done_fn *done, void *ctx)
{
    struct nowhere *nowhere = self;
    (void)batch;
    if (nowhere->count == WAITING_MAX)
        return TV_OVERLOADED;
    if (nowhere->count == 0)
        tv_loop_defer(nowhere->loop, answer, nowhere);
    nowhere->waiting[nowhere->count++] = (struct waiting){done, ctx};
    return TV_OK;
}

static unsigned no_token(void *ctx, struct tv_str token)
{
    (void)ctx, (void)token;
    return 0;
}

static bool none_required(void *ctx)
{
    (void)ctx;
    return false;
}

static void on_signal(void *ctx)
{
    tv_loop_stop(ctx);
}

static void raise_descriptors(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

int main(void)
{
    static struct nowhere nowhere;
    struct tv_error err;
    uint16_t port = 0;
    raise_descriptors();
    if (tv_loop_new(DECODE_THREADS, &nowhere.loop, &err) != TV_OK)
        return 1;
    struct tv_lane *decode = tv_lane_new(nowhere.loop, "decode", DECODE_THREADS, DECODE_QUEUE);
    struct tv_http_server *server = tv_http_server_new(nowhere.loop,
            &(struct tv_http_config){.inflight_bytes_max = ANSWER_BYTES,
                    .answers_bytes_max = ANSWER_BYTES,
                    .token_scopes = no_token,
                    .token_required = none_required});
    struct tv_ingest *ingest = tv_ingest_new(&(struct tv_ingest_config){.loop = nowhere.loop,
            .decode_lane = decode,
            .sink = {.self = &nowhere, .accept = accept_batch}});
    tv_ingest_add_routes(ingest, server);
    if (tv_http_listen(server, "127.0.0.1:0", &port, &err) != TV_OK) {
        (void)fprintf(stderr, "nostore: %s\n", err.message);
        return 1;
    }
    tv_loop_on_signal(nowhere.loop, on_signal, nowhere.loop);
    (void)printf("%u\n", (unsigned)port);
    (void)fflush(stdout);
    tv_loop_run(nowhere.loop);
    tv_http_server_free(server);
    while (!tv_lane_idle(decode))
        tv_loop_run_once(nowhere.loop);
    tv_ingest_free(ingest);
    tv_lane_free(decode);
    tv_loop_free(nowhere.loop);
    return 0;
}
