/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this room share: simulated events, read back from their lines. */
#ifndef TV_TEST_SIM_SUPPORT_H
#define TV_TEST_SIM_SUPPORT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_in.h"
#include "base/time.h"
#include "sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A full round of faults begins here: 2024-01-15T00:00:00Z. */
#define START_NS (INT64_C(1705276800) * TV_NS_PER_S)

/* One event; absent texts are empty, absent numbers −1. All texts lie in the arena. */
struct told {
    struct tv_str id, service, type, kind, severity, message, trace, span, parent;
    int64_t time_ns, duration_ns;
    bool error; /* a span's status */
    double http_status, pool_in_use, pool_size, memory;
};

struct tale {
    struct tv_buf text;
    struct tv_arena arena;
    struct told *events;
    size_t count, cap;
};

/* Simulates from START_NS + `skip_ns` for `length_ns`; the lines go to tale->text. */
void tale_write(struct tale *tale, uint64_t seed, int64_t skip_ns, int64_t length_ns);
/* Reads the lines; fails the test at a line that is no JSON object. */
void tale_read(struct tale *tale);
void tale_release(struct tale *tale);

#endif
