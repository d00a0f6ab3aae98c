/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the batch share among themselves. */
#ifndef TV_EVENT_BATCH_INTERNAL_H
#define TV_EVENT_BATCH_INTERNAL_H

#include "event/batch.h"

/* Longer attribute texts are appended: they seldom repeat, and hashing them costs. */
enum { TV_BATCH_INTERN_BYTES_MAX = 128 };

/* Makes cells [from, to) of a column absent. */
void tv_batch_clear_cells(enum tv_field field, void *cells, uint32_t from, uint32_t to);

#endif
