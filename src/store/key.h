/* SPDX-License-Identifier: Apache-2.0 */
/* What makes an event the same as another (DESIGN, "Duplicates"): its eventId and service, or for a
 * span without one its trace, span, service, time, duration and type. Logs, errors and metrics
 * without an eventId have no key: a third of them share a span with another. */
#ifndef TV_STORE_KEY_H
#define TV_STORE_KEY_H

#include "event/batch.h"

/* The hash of each row's key, 0 for none. Stored nowhere: it may change with a release. */
void tv_keys_of(const struct tv_batch *batch, uint64_t *keys);
/* Whether two rows with equal hashes have equal keys. */
bool tv_key_equal(
        const struct tv_batch *a, uint32_t a_row, const struct tv_batch *b, uint32_t b_row);
/* The fields that keys are made of, as bits. */
uint32_t tv_key_fields(void);

#endif
