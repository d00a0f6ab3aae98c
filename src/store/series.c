/* SPDX-License-Identifier: Apache-2.0 */
/* Reading series: rollups tell what they can (series_rolled.c), a scan brings the rows of the rest, and
 * both are added up in one table. */
#include "store/series.h"

#include "base/mem.h"
#include "store/series_rolled.h"

#include <stdlib.h>

enum tv_status tv_series_bounded(const struct tv_series_table *events,
        const struct tv_metric_table *metrics, struct tv_error *err)
{
    size_t points = (events ? events->steps.count : 0) + (metrics ? metrics->steps.count : 0);
    size_t bytes = (events ? events->bytes : 0) + (metrics ? metrics->bytes : 0);
    if (points <= TV_SERIES_POINTS_MAX && bytes <= TV_SERIES_BYTES_MAX)
        return TV_OK;
    return tv_fail(err, TV_TOO_LARGE,
            "there are more than %d points or %d MiB of them; ask for a longer step, a shorter window "
            "or fewer series",
            TV_SERIES_POINTS_MAX, TV_SERIES_BYTES_MAX >> 20);
}

static void add_rows(struct tv_series_reading *reading, const struct tv_scan *scan,
        const struct tv_scan_batch *found, uint32_t *rows)
{
    const struct tv_segment *segment = scan->items[scan->next - 1].segment;
    struct tv_scan_batch untold = {found->batch, rows, 0};
    untold.count = tv_series_untold(reading, segment, found, rows);
    if (untold.count && reading->events)
        tv_series_table_add(reading->events, &untold);
    else if (untold.count)
        tv_metric_table_add(reading->metrics, &untold);
}

static enum tv_status drain(
        struct tv_series_reading *reading, struct tv_scan *scan, struct tv_error *err)
{
    struct tv_scan_batch found;
    uint32_t *rows = NULL;
    enum tv_status status = TV_OK;
    for (;;) {
        status = tv_scan_next(scan, &found, err);
        if (status != TV_OK || found.count == 0)
            break;
        rows = tv_realloc_array(rows, found.count, sizeof(*rows));
        add_rows(reading, scan, &found, rows);
        status = tv_series_bounded(reading->events, reading->metrics, err);
        if (status != TV_OK)
            break;
    }
    free(rows);
    return status;
}

/* `wanted` has condition and columns; what else there is to it comes from the reading. */
static enum tv_status read_all(
        struct tv_series_reading *reading, struct tv_scan_spec *wanted, struct tv_error *err)
{
    const struct tv_series_spec *spec = reading->spec;
    struct tv_scan_some some = {tv_series_wants_rows, reading};
    struct tv_scan *scan = NULL;
    struct tv_scan_stats stats;
    wanted->from = spec->from;
    wanted->to = spec->to;
    wanted->arrival_to = spec->arrival_to;
    enum tv_status status = tv_series_roll(reading, err);
    if (status != TV_OK)
        return status;
    status = tv_scan_open_some(reading->snapshot, wanted, &some, &scan, err);
    if (status == TV_OK) {
        scan->cancel = spec->cancel;
        status = drain(reading, scan, err);
        tv_scan_stats(scan, &stats);
        stats.bytes += reading->stats.bytes;
        stats.segments_total += reading->stats.segments_total;
        stats.rolled_up = reading->stats.rolled_up;
        reading->stats = stats;
    }
    tv_scan_close(scan);
    return status;
}

enum tv_status tv_series_read(struct tv_snapshot *snapshot, const struct tv_series_spec *spec,
        struct tv_series_list *out, struct tv_error *err)
{
    struct tv_series_table table = {
            .stepping = {spec->step_ns, spec->from}, .by = spec->by, .durations = spec->durations};
    struct tv_series_reading reading = {.snapshot = snapshot, .spec = spec, .events = &table};
    struct tv_scan_spec wanted = {
            .where = spec->where, .columns = tv_series_columns(spec->by, spec->durations)};
    enum tv_status status = read_all(&reading, &wanted, err);
    if (status == TV_OK) {
        *out = (struct tv_series_list){.stats = reading.stats};
        tv_series_table_hand_over(&table, out);
    }
    tv_series_table_release(&table);
    tv_series_reading_release(&reading);
    return status;
}

void tv_series_list_release(struct tv_series_list *list)
{
    for (size_t i = 0; i < list->point_count; i++)
        tv_sketch_release(&list->points[i].durations);
    free(list->points);
    free(list->items);
    tv_arena_release(&list->arena);
    *list = (struct tv_series_list){0};
}

/* Labels need every attribute, one metric without them only its own. */
static struct tv_scan_columns metric_columns(const struct tv_series_spec *spec)
{
    struct tv_scan_columns columns = {
            .fields = 1U << TV_FIELD_SERVICE | 1U << TV_FIELD_ARRIVAL | 1U << TV_FIELD_TYPE};
    columns.fields |= spec->by & TV_BY_INSTANCE ? 1U << TV_FIELD_INSTANCE : 0;
    columns.all_attributes = !spec->metric.ptr || (spec->by & TV_BY_LABELS);
    if (!columns.all_attributes) {
        columns.attributes = &spec->metric;
        columns.attribute_count = 1;
    }
    return columns;
}

enum tv_status tv_metrics_read(struct tv_snapshot *snapshot, const struct tv_series_spec *spec,
        struct tv_metric_list *out, struct tv_error *err)
{
    struct tv_arena arena = {0};
    struct tv_metric_table table = {
            .stepping = {spec->step_ns, spec->from}, .by = spec->by, .metric = spec->metric};
    struct tv_series_reading reading = {.snapshot = snapshot, .spec = spec, .metrics = &table};
    struct tv_scan_spec wanted = {.where = tv_pred_and(&arena, tv_metric_pred(&arena), spec->where),
            .columns = metric_columns(spec)};
    enum tv_status status = read_all(&reading, &wanted, err);
    if (status == TV_OK) {
        *out = (struct tv_metric_list){.stats = reading.stats};
        tv_metric_table_hand_over(&table, out);
    }
    tv_metric_table_release(&table);
    tv_series_reading_release(&reading);
    tv_arena_release(&arena);
    return status;
}

void tv_metric_list_release(struct tv_metric_list *list)
{
    free(list->points);
    free(list->items);
    tv_arena_release(&list->arena);
    *list = (struct tv_metric_list){0};
}
