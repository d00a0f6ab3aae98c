/* SPDX-License-Identifier: Apache-2.0 */
/* The host collector: what the machine itself does, every ten seconds, as metric events.
 *
 * CPU, load, memory, pressure, file descriptors, disks, file systems, networks, control groups and the busiest
 * processes, read from /proc and /sys; and the kernel's log for processes that it killed for want of memory. Names are
 * OpenTelemetry's where it has one (docs/host-metrics.md). A sample is taken on a lane, so a slow /proc delays nobody,
 * and only one at a time. What cannot be read on this machine is left out without a word. */
#ifndef TV_INGEST_HOST_H
#define TV_INGEST_HOST_H

#include "event/sink.h"
#include "net/loop.h"

struct tv_host;

struct tv_host_config {
    struct tv_loop *loop;
    struct tv_lane *lane;
    struct tv_sink sink;
    int64_t interval_ns;
    const char *root; /* before /proc, /sys and /dev: "" but in tests; outlives the collector */
};

/* Takes the first sample at once, which rates need to compare with. Owned by the caller. */
struct tv_host *tv_host_new(const struct tv_host_config *config);
/* Waits for a sample under way. The sink and the lane are still there. */
void tv_host_free(struct tv_host *host);

#endif
