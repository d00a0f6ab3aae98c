/* SPDX-License-Identifier: Apache-2.0 */
/* The yardstick's events, always the same for the same specification.
 *
 * 20 services, 256 interleaved traces of 6 to 19 spans, about 366 bytes an event, 4,000 events a
 * second of event time unless told otherwise (10 million cover 42 minutes; 3.9 a second make them a
 * month), up to 2 ms out of order, 2 % errors, random ids (the part that no codec can shrink). */
#ifndef TV_BENCH_SUPPORT_EVENTS_H
#define TV_BENCH_SUPPORT_EVENTS_H

#include "base/buf.h"

#include <stdint.h>

enum events_shape {
    EVENTS_EVEN,   /* the same five attributes each, which is kind to columnar stores */
    EVENTS_FLAT,   /* the same events without nesting, for readers that know none */
    EVENTS_RAGGED, /* each carries 0 to 12 of 300 attribute names */
    EVENTS_METRICS /* cpu and memory of 20 services on 16 hosts; memory follows a surge of cpu */
};

struct events;

/* Owned by the caller. */
struct events *events_new(uint64_t seed, enum events_shape shape, double per_second);
void events_free(struct events *events);
/* Appends the next event as a line of JSON; a NULL buffer skips it. */
void events_next(struct events *events, struct tv_buf *out);

#endif
