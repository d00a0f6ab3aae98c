/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a rollup's points (FORMAT.md): what makes them and what writes them share. */
#ifndef TV_STORE_ROLLED_INTERNAL_H
#define TV_STORE_ROLLED_INTERNAL_H

#include "store/rolled.h"

struct tv_rolled_writer {
    struct tv_buf *data;
    size_t start; /* of this rollup in it */
    struct tv_rolled *rolled;
};

/* Append a part each (events: two of them) and note in `rolled` where they lie. */
void tv_rolled_put_events(struct tv_rolled_writer *writer, const struct tv_series_table *table);
void tv_rolled_put_metrics(struct tv_rolled_writer *writer, const struct tv_metric_table *table);

#endif
