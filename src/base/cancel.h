/* SPDX-License-Identifier: Apache-2.0 */
/* A flag and a deadline by which long work is told to stop. The loop thread raises it; workers ask
 * between pieces of work. */
#ifndef TV_BASE_CANCEL_H
#define TV_BASE_CANCEL_H

#include "base/status.h"

#include <stdatomic.h>
#include <stdbool.h>

struct tv_cancel {
    atomic_bool raised;
    int64_t deadline_ns; /* on tv_time_monotonic's clock; 0 is never */
};

static inline void tv_cancel_raise(struct tv_cancel *cancel)
{
    atomic_store_explicit(&cancel->raised, true, memory_order_relaxed);
}

/* TV_OK to go on, TV_CANCELLED when raised, TV_TIMEOUT past the deadline. NULL never stops. */
enum tv_status tv_cancel_check(const struct tv_cancel *cancel);

#endif
