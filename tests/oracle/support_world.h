/* SPDX-License-Identifier: Apache-2.0 */
/* A store full of random events, and the same events as plain structs beside it. */
#ifndef TV_TESTS_ORACLE_SUPPORT_WORLD_H
#define TV_TESTS_ORACLE_SUPPORT_WORLD_H

#include "../lib/compact.h"
#include "support_executor.h"

#define BASE_NS INT64_C(1705333643000000000)

struct world {
    struct fixture fixture;
    struct row *rows; /* as stored, in order of arrival; its index is attribute "seq" */
    unsigned count, most;
    unsigned steps;          /* of a tenth of a second, over which most event times are spread */
    unsigned id_count;       /* event ids are below it, so some come again */
    int64_t received_ns;     /* of the next batch; a second later each */
    unsigned char *ids;      /* by id: bit 1 << service for each that was seen */
    unsigned *hits, *sorted; /* room for a query's rows */
    int64_t *durations;
};

/* Up to 400 events, or as many as `most` says. A tenth is late, up to days; a third of those with an
 * id in a small world, a tenth in a large one, are second deliveries. */
void world_make(struct world *world, unsigned most);
void world_release(struct world *world);
struct tv_id oracle_trace_id(int trace);

#endif
