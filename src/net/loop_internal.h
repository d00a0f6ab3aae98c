/* SPDX-License-Identifier: Apache-2.0 */
/* What the other files of this room see of the loop: libuv's loop, and the end of a turn.
 *
 * A turn of the loop is: timers, then sockets and finished work, then the turn's end. The end runs
 * first the flushes (an HTTP listener that writes the answers given during the turn, in one
 * sweep), then what was deferred, then the flushes which that asked for.
 */
#ifndef TV_NET_LOOP_INTERNAL_H
#define TV_NET_LOOP_INTERNAL_H

#include "net/loop.h"

#include <uv.h>

/* Embedded in its owner, zero-initialised but for fn and ctx. */
struct tv_flush {
    tv_loop_fn *fn;
    void *ctx;
    bool queued;
    uint64_t turn; /* in which it was asked for */
    struct tv_flush *next;
};

uv_loop_t *tv_loop_uv(struct tv_loop *loop);
/* Runs flush->fn once at the end of this turn, however often it is asked for. */
void tv_loop_flush(struct tv_loop *loop, struct tv_flush *flush);
/* Takes it back; nothing happens if it is not queued. */
void tv_loop_unflush(struct tv_loop *loop, struct tv_flush *flush);
/* Milliseconds, rounded up: a timer never fires early. */
uint64_t tv_loop_ms(int64_t ns);
/* Runs what is due without waiting; for this room's own orderly ends. */
void tv_loop_run_due(struct tv_loop *loop);

#endif
