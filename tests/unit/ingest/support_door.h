/* SPDX-License-Identifier: Apache-2.0 */
/* The doors of ingest on a real loop and server, with a sink that the test commands. */
#ifndef TV_TESTS_INGEST_SUPPORT_DOOR_H
#define TV_TESTS_INGEST_SUPPORT_DOOR_H

#include "base/buf.h"
#include "ingest/ingest.h"

enum { DOOR_BATCHES_MAX = 64 };

struct door {
    struct tv_loop *loop;
    struct tv_lane *lane;
    struct tv_timer *tick; /* so that a turn of the loop always ends */
    struct tv_http_server *server;
    struct tv_ingest *ingest;
    uint16_t port, udp_port;
    const char *path; /* that door_send posts to; NULL is /api/v1/events */

    /* The sink. */
    enum tv_status accept_status; /* what accept() answers */
    enum tv_status commit_status; /* what done() is told */
    bool hold;                    /* commits wait for door_commit */
    struct tv_batch *batches[DOOR_BATCHES_MAX];
    tv_sink_done_fn *done[DOOR_BATCHES_MAX];
    void *done_ctx[DOOR_BATCHES_MAX];
    size_t accepted, committed;
};

/* `lane_queue` bodies may wait for the decode lane. */
void door_open(struct door *door, unsigned lane_queue);
void door_close(struct door *door);
/* Lets what was accepted commit. */
void door_commit(struct door *door);

/* Sends a POST request to the door's path with these header lines (each ends in \r\n) and returns the
 * socket. */
int door_send(struct door *door, const char *headers, struct tv_str body);
/* Runs the loop until the answer is there; the whole answer is in *out, NUL-terminated. Closes the
 * socket. Returns its status code. */
int door_answer(struct door *door, int socket, struct tv_buf *out);
int door_post(struct door *door, const char *headers, struct tv_str body, struct tv_buf *out);
/* Runs the loop a turn. */
void door_turn(struct door *door);

#endif
