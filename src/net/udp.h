/* SPDX-License-Identifier: Apache-2.0 */
/* A UDP listener that loses little: large receive buffer (forced where allowed), many datagrams a
 * system call, the kernel's drops counted (SO_MEMINFO). */
#ifndef TV_NET_UDP_H
#define TV_NET_UDP_H

#include "base/str.h"
#include "net/loop.h"

struct tv_udp;

/* One datagram; the bytes are borrowed during the call. */
typedef void tv_udp_fn(void *ctx, struct tv_str datagram);

struct tv_udp_config {
    const char *address; /* "127.0.0.1:3335" */
    tv_udp_fn *on_datagram;
    /* Called after a run of datagrams, before the loop waits again; may be NULL. */
    tv_loop_fn *on_batch_end;
    void *ctx;
};

TV_CHECKED enum tv_status tv_udp_open(struct tv_loop *loop, const struct tv_udp_config *config,
        struct tv_udp **out, uint16_t *port, struct tv_error *err);
void tv_udp_close(struct tv_udp *udp);

struct tv_udp_stats {
    uint64_t datagrams, bytes, dropped_by_kernel, truncated;
    uint64_t receive_buffer_bytes;
};
void tv_udp_stats(struct tv_udp *udp, struct tv_udp_stats *out);

#endif
