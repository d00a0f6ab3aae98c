/* SPDX-License-Identifier: Apache-2.0 */
/* The sink that ties it together: gathers accepted batches into a group, commits one group at a
 * time on the writer lane, acknowledges, publishes on the feed, and gives the store's jobs their
 * turns on the maintenance lane.
 *
 * There is no timer: while one commit is in flight the next group gathers; after a commit the
 * released answers are written and the sockets read once before the next group starts, so that
 * clients which wait for their answer join it. Level 0 is bounded: when compaction falls behind,
 * accept answers TV_OVERLOADED. */
#ifndef TV_PIPELINE_PIPELINE_H
#define TV_PIPELINE_PIPELINE_H

#include "event/sink.h"
#include "net/loop.h"
#include "store/store.h"

struct tv_pipeline;

struct tv_pipeline_config {
    struct tv_loop *loop;
    struct tv_lane *writer_lane;      /* width 1 */
    struct tv_lane *maintenance_lane; /* width 1 */
    struct tv_store *store;
    struct tv_feed *feed;
    size_t waiting_bytes_max; /* accepted, not yet committed */
    size_t level0_bytes_max;  /* committed, not yet compacted */
};

struct tv_pipeline *tv_pipeline_new(const struct tv_pipeline_config *config);
/* Takes nothing more, commits what waits, lets the running job end; runs the loop meanwhile. */
void tv_pipeline_drain(struct tv_pipeline *pipeline);
/* Drained by then (asserted). */
void tv_pipeline_free(struct tv_pipeline *pipeline);
struct tv_sink tv_pipeline_sink(struct tv_pipeline *pipeline);
/* The store has work that no commit brought: looks for due jobs now. Loop thread. */
void tv_pipeline_look(struct tv_pipeline *pipeline);

struct tv_pipeline_stats {
    uint64_t accepted_events, committed_events, failed_events, refused;
    uint64_t groups;
    size_t waiting_bytes;
    int64_t last_commit_ns;      /* wall clock */
    enum tv_status last_failure; /* TV_OK if the last commit was good */
};
void tv_pipeline_stats(const struct tv_pipeline *pipeline, struct tv_pipeline_stats *out);

#endif
