/* SPDX-License-Identifier: Apache-2.0 */
/* The flag is asked first: it costs a load, the clock costs a call. Relaxed order is enough, since
 * nothing is handed over with the flag; stopping a piece of work later is all right. */
#include "base/cancel.h"

#include "base/time.h"

enum tv_status tv_cancel_check(const struct tv_cancel *cancel)
{
    if (!cancel)
        return TV_OK;
    if (atomic_load_explicit(&cancel->raised, memory_order_relaxed))
        return TV_CANCELLED;
    if (cancel->deadline_ns != 0 && tv_time_monotonic() >= cancel->deadline_ns)
        return TV_TIMEOUT;
    return TV_OK;
}
