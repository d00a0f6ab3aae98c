/* SPDX-License-Identifier: Apache-2.0 */
/* The last that was seen of each service and instance up to a time.
 *
 * Segments that lie before the time as a whole answer from their directories; those that straddle
 * it (or the arrival number), and level 0, are read. */
#include "store/scan_internal.h"
#include "store/seen.h"

static bool answers_alone(const struct tv_last_seen_spec *spec, const struct tv_segment *segment)
{
    return segment->services_known && segment->extent.max_time <= spec->time &&
            segment->extent.max_arrival <= spec->arrival_to && !atomic_load(&segment->corrupt);
}

static bool must_be_read(const void *ctx, const struct tv_segment *segment)
{
    return !answers_alone(ctx, segment);
}

static void add_directory(struct tv_seen *seen, const struct tv_segment *segment)
{
    for (uint32_t i = 0; i < segment->service_count; i++) {
        const struct tv_segment_service *known = &segment->services[i];
        struct tv_seen_entry entry = {
                .service = known->service,
                .instance = known->instance,
                .version = known->version,
                .rows = known->rows,
                .errors = known->errors,
                .first = known->first,
                .last = known->last,
                .changed = known->changed,
                .version_time = known->version_time,
        };
        tv_seen_add_entry(seen, &entry);
    }
}

static enum tv_status add_rest(struct tv_seen *seen, struct tv_snapshot *snapshot,
        const struct tv_last_seen_spec *question, struct tv_error *err)
{
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    struct tv_scan_spec spec = {.from = INT64_MIN,
            .to = question->time,
            .arrival_to = question->arrival_to,
            .columns.fields = tv_seen_fields()};
    struct tv_scan_some some = {must_be_read, question};
    spec.columns.attributes = tv_seen_attributes(seen->arena, &spec.columns.attribute_count);
    enum tv_status status = tv_scan_open_some(snapshot, &spec, &some, &scan, err);
    if (status == TV_OK)
        scan->cancel = question->cancel;
    while (status == TV_OK) {
        status = tv_scan_next(scan, &found, err);
        if (status != TV_OK || found.count == 0)
            break;
        tv_seen_add_rows(seen, found.batch, found.rows, found.count);
    }
    tv_scan_close(scan);
    return status;
}

static void hand_over(
        const struct tv_seen *seen, struct tv_arena *arena, struct tv_last_seen_list *out)
{
    out->count = seen->count;
    out->items = tv_arena_calloc(arena, seen->count, sizeof(*out->items));
    for (size_t i = 0; i < seen->count; i++) {
        const struct tv_seen_entry *entry = &seen->entries[i];
        out->items[i] = (struct tv_last_seen){
                .service = entry->service,
                .instance = entry->instance,
                .version = entry->version,
                .version_time = entry->version_time,
                .first = entry->first,
                .last = entry->last,
                .changed = entry->changed,
                .events = entry->rows,
                .errors = entry->errors,
        };
    }
}

enum tv_status tv_snapshot_last_seen(struct tv_snapshot *snapshot,
        const struct tv_last_seen_spec *spec, struct tv_arena *arena, struct tv_last_seen_list *out,
        struct tv_error *err)
{
    struct tv_seen seen = {.arena = arena};
    for (size_t i = 0; i < snapshot->segments->count; i++)
        if (answers_alone(spec, snapshot->segments->items[i]))
            add_directory(&seen, snapshot->segments->items[i]);
    enum tv_status status = add_rest(&seen, snapshot, spec, err);
    if (status == TV_OK)
        hand_over(&seen, arena, out);
    tv_seen_release(&seen);
    return status;
}
