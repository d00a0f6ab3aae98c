/* SPDX-License-Identifier: Apache-2.0 */
/* Filling the table of fingerprints at start: from level 0, then from the newest segments back, as
 * far as the table's horizon and a bounded time allow. What is not reached is delivered twice at
 * worst, which is what lies beyond the horizon anyway. */
#include "store/remember.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/key.h"
#include "store/view.h"

#include <stdlib.h>

enum { KEYS_MAX = 8 << 20, PREFETCH_AHEAD = 12 };

#define TIME_MAX_NS (800 * TV_NS_PER_MS)

static void remember_batch(struct tv_dedupe *dedupe, const struct tv_batch *batch, int64_t now_ns)
{
    uint64_t *keys = tv_malloc(batch->rows * sizeof(*keys) + 1);
    tv_keys_of(batch, keys);
    for (uint32_t row = 0; row < batch->rows; row++) {
        if (row + PREFETCH_AHEAD < batch->rows && keys[row + PREFETCH_AHEAD])
            tv_dedupe_prefetch(dedupe, keys[row + PREFETCH_AHEAD]);
        if (keys[row])
            (void)tv_dedupe_seen(dedupe, keys[row], now_ns);
    }
    free(keys);
}

static enum tv_status remember_segment(struct tv_dedupe *dedupe, const struct tv_db *db,
        const struct tv_segment *segment, int64_t now_ns, struct tv_error *err)
{
    struct tv_view view;
    struct tv_scan_columns columns = {.fields = tv_key_fields()};
    /* Where every event has an id, nothing else is needed. */
    if (segment->fields[TV_FIELD_EVENT_ID].present == segment->extent.rows)
        columns.fields = 1u << TV_FIELD_EVENT_ID | 1u << TV_FIELD_SERVICE;
    tv_view_init(&view, segment);
    enum tv_status status = tv_view_load(&view, db, &columns, err);
    if (status == TV_OK)
        remember_batch(dedupe, view.batch, now_ns);
    tv_view_release(&view);
    return status == TV_CORRUPT ? TV_OK : status;
}

enum tv_status tv_remember(struct tv_store *store, const struct tv_db *db, struct tv_error *err)
{
    int64_t start_ns = tv_time_monotonic();
    enum tv_status status = TV_OK;
    uint64_t rows = 0;
    for (size_t i = 0; i < store->level0_count; i++)
        for (size_t k = 0; k < store->level0[i]->count; k++)
            remember_batch(store->dedupe, store->level0[i]->parts[k].batch, start_ns);
    for (size_t i = store->segments->count; i-- > 0 && status == TV_OK && rows < KEYS_MAX;) {
        const struct tv_segment *segment = store->segments->items[i];
        if (tv_time_monotonic() - start_ns > TIME_MAX_NS)
            break;
        status = remember_segment(store->dedupe, db, segment, start_ns, err);
        rows += segment->extent.rows;
    }
    return status;
}
