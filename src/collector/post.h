/* SPDX-License-Identifier: Apache-2.0 */
/* One request at a time to the daemon, without waiting for it (libcurl's multi interface). One thread uses
 * it, but for tvc_poster_wake. */
#ifndef TV_COLLECTOR_POST_H
#define TV_COLLECTOR_POST_H

#include "collector/parcels.h"

struct tvc_poster;

enum tvc_answer {
    TVC_ANSWER_NONE,     /* nothing is under way, or not answered yet */
    TVC_ANSWER_TAKEN,    /* 2xx: durable, but for `rejected` events */
    TVC_ANSWER_REFUSED,  /* a 4xx that says of the body that it will never do */
    TVC_ANSWER_TRY_AGAIN /* all else, with `retry_after_ms` if the daemon asked for it */
};

struct tvc_outcome {
    enum tvc_answer answer;
    uint64_t rejected;
    uint32_t retry_after_ms; /* 0: it named none */
    char problem[160];       /* "" where taken */
};

/* `endpoint` as in the options; texts are copied. NULL without memory or for an endpoint that is none. */
struct tvc_poster *tvc_poster_new(const char *endpoint, const char *token);
void tvc_poster_free(struct tvc_poster *poster);
/* Begins to send; nothing is under way (tvc_poster_busy). The parcel is borrowed until the answer. */
void tvc_poster_start(struct tvc_poster *poster, const struct tvc_parcel *parcel);
bool tvc_poster_busy(const struct tvc_poster *poster);
/* Goes on with it as far as that is possible without waiting. */
void tvc_poster_step(struct tvc_poster *poster, struct tvc_outcome *out);
/* Waits for the network, a wake, or the time. */
void tvc_poster_wait(struct tvc_poster *poster, uint32_t ms);
/* From any thread; neither waits nor fails. */
void tvc_poster_wake(struct tvc_poster *poster);

#endif
