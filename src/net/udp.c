/* SPDX-License-Identifier: Apache-2.0 */
/* UDP. Datagrams are lost when nobody reads for longer than the receive buffer lasts, so the buffer is
 * made as large as allowed (SO_RCVBUFFORCE passes the system's limit where the process may, else
 * SO_RCVBUF up to it), and each system call brings up to 32 datagrams (recvmmsg). libuv's own
 * reader could do the latter but not tell what the kernel dropped, and gives no end of a batch.
 *
 * One turn reads at most a few hundred datagrams, and fewer if they are large: the sockets of the others wait no longer, and what
 * is left makes the descriptor readable again. The kernel's count of drops is asked for when wanted
 * (SO_MEMINFO); SO_RXQ_OVFL would tell the same beside each datagram, but only with the next one.
 */
#include "net/udp.h"

#include "base/mem.h"
#include "net/address.h"
#include "net/loop_internal.h"

#include <linux/sock_diag.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    RECEIVE_BUFFER_BYTES = 32 << 20,
    BURST = 32, /* datagrams of one system call */
    BURSTS_A_TURN = 8,
    BYTES_A_TURN = 256 << 10, /* about; none follows a burst that brings them */
    SLOT_BYTES = 64 << 10,    /* no UDP payload over IPv4 or IPv6 is larger, jumbograms aside */
};

/* A reused set of places to receive to; the bytes are touched only as far as they are filled. */
struct burst {
    struct mmsghdr messages[BURST];
    struct iovec parts[BURST];
    char *bytes;
};

struct tv_udp {
    struct tv_udp_config config;
    uv_poll_t poll;
    int fd;
    struct burst burst;
    struct tv_udp_stats stats;
};

static void size_receive_buffer(struct tv_udp *udp)
{
    int wanted = RECEIVE_BUFFER_BYTES;
    if (setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0)
        (void)setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
    int got = 0;
    socklen_t bytes = sizeof got;
    if (getsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &got, &bytes) == 0)
        udp->stats.receive_buffer_bytes = (uint64_t)got;
}

static void lay_out(struct burst *burst)
{
    burst->bytes = tv_malloc((size_t)BURST * SLOT_BYTES);
    for (size_t i = 0; i < BURST; i++) {
        burst->parts[i] = (struct iovec){burst->bytes + i * SLOT_BYTES, SLOT_BYTES};
        burst->messages[i].msg_hdr = (struct msghdr){.msg_iov = &burst->parts[i], .msg_iovlen = 1};
    }
}

static void take(struct tv_udp *udp, struct mmsghdr *message)
{
    struct msghdr *header = &message->msg_hdr;
    if (header->msg_flags & MSG_TRUNC) {
        udp->stats.truncated++;
        return;
    }
    udp->stats.datagrams++;
    udp->stats.bytes += message->msg_len;
    udp->config.on_datagram(
            udp->config.ctx, (struct tv_str){header->msg_iov->iov_base, message->msg_len});
}

/* Whether there may be more. A datagram's function may close the listener. */
static bool read_burst(struct tv_udp *udp)
{
    struct burst *burst = &udp->burst;
    int count = recvmmsg(udp->fd, burst->messages, BURST, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count && udp->fd >= 0; i++)
        take(udp, &burst->messages[i]);
    return count == BURST && udp->fd >= 0;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status; /* An error of the socket is cleared by reading it. */
    (void)events;
    struct tv_udp *udp = poll->data;
    struct tv_udp_stats before = udp->stats;
    int bursts = 0;
    while (bursts < BURSTS_A_TURN && udp->stats.bytes - before.bytes < BYTES_A_TURN &&
            read_burst(udp))
        bursts++;
    if (udp->fd >= 0 && udp->config.on_batch_end && udp->stats.datagrams > before.datagrams)
        udp->config.on_batch_end(udp->config.ctx);
}

enum tv_status tv_udp_open(struct tv_loop *loop, const struct tv_udp_config *config,
        struct tv_udp **out, uint16_t *port, struct tv_error *err)
{
    int fd;
    enum tv_status status = tv_address_bind(config->address, SOCK_DGRAM, &fd, port, err);
    if (status != TV_OK)
        return status;
    struct tv_udp *udp = tv_calloc(1, sizeof *udp);
    udp->config = *config;
    udp->config.address = NULL;
    udp->fd = fd;
    size_receive_buffer(udp);
    lay_out(&udp->burst);
    TV_ASSERT(uv_poll_init(tv_loop_uv(loop), &udp->poll, fd) == 0);
    udp->poll.data = udp;
    TV_ASSERT(uv_poll_start(&udp->poll, UV_READABLE, on_readable) == 0);
    *out = udp;
    return TV_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct tv_udp *udp = handle->data;
    free(udp->burst.bytes);
    free(udp);
}

void tv_udp_close(struct tv_udp *udp)
{
    if (!udp)
        return;
    (void)uv_poll_stop(&udp->poll);
    (void)close(udp->fd);
    udp->fd = -1;
    uv_close((uv_handle_t *)&udp->poll, on_closed);
}

void tv_udp_stats(struct tv_udp *udp, struct tv_udp_stats *out)
{
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t bytes = sizeof memory;
    (void)getsockopt(udp->fd, SOL_SOCKET, SO_MEMINFO, memory, &bytes);
    *out = udp->stats;
    out->dropped_by_kernel = memory[SK_MEMINFO_DROPS];
}
