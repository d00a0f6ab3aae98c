/* SPDX-License-Identifier: Apache-2.0 */
/* Reading series: a scan whose rows are added up in a table. */
#include "store/series.h"

#include "base/mem.h"
#include "store/series_table.h"

#include <stdlib.h>

static enum tv_status too_large(struct tv_error *err)
{
    return tv_fail(err, TV_TOO_LARGE,
            "there are more than %d points or %d MiB of them; ask for a longer step, a shorter window "
            "or fewer series",
            TV_SERIES_POINTS_MAX, TV_SERIES_BYTES_MAX >> 20);
}

static bool is_too_large(const struct tv_steps *steps, size_t bytes)
{
    return steps->count > TV_SERIES_POINTS_MAX || bytes > TV_SERIES_BYTES_MAX;
}

static struct tv_scan_spec scan_of(const struct tv_series_spec *spec)
{
    return (struct tv_scan_spec){.from = spec->from,
            .to = spec->to,
            .arrival_to = spec->arrival_to,
            .where = spec->where,
            .order = TV_SCAN_ANY};
}

static enum tv_status add_events(
        struct tv_scan *scan, struct tv_series_table *table, struct tv_error *err)
{
    struct tv_scan_batch found;
    for (;;) {
        enum tv_status status = tv_scan_next(scan, &found, err);
        if (status != TV_OK || found.count == 0)
            return status;
        tv_series_table_add(table, &found);
        if (is_too_large(&table->steps, table->bytes))
            return too_large(err);
    }
}

enum tv_status tv_series_read(struct tv_snapshot *snapshot, const struct tv_series_spec *spec,
        struct tv_series_list *out, struct tv_error *err)
{
    struct tv_series_table table = {
            .stepping = {spec->step_ns, spec->from}, .by = spec->by, .durations = spec->durations};
    struct tv_scan *scan = NULL;
    struct tv_scan_spec wanted = scan_of(spec);
    wanted.columns = tv_series_columns(spec->by, spec->durations);
    enum tv_status status = tv_scan_open(snapshot, &wanted, spec->cancel, &scan, err);
    if (status == TV_OK)
        status = add_events(scan, &table, err);
    if (status == TV_OK) {
        *out = (struct tv_series_list){0};
        tv_scan_stats(scan, &out->stats);
        tv_series_table_hand_over(&table, out);
    }
    tv_scan_close(scan);
    tv_series_table_release(&table);
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

static enum tv_status add_metrics(
        struct tv_scan *scan, struct tv_metric_table *table, struct tv_error *err)
{
    struct tv_scan_batch found;
    for (;;) {
        enum tv_status status = tv_scan_next(scan, &found, err);
        if (status != TV_OK || found.count == 0)
            return status;
        tv_metric_table_add(table, &found);
        if (is_too_large(&table->steps, table->bytes))
            return too_large(err);
    }
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
    struct tv_metric_table table = {
            .stepping = {spec->step_ns, spec->from}, .by = spec->by, .metric = spec->metric};
    struct tv_scan *scan = NULL;
    struct tv_arena arena = {0};
    struct tv_scan_spec wanted = scan_of(spec);
    wanted.where = tv_pred_and(&arena, tv_metric_pred(&arena), spec->where);
    wanted.columns = metric_columns(spec);
    enum tv_status status = tv_scan_open(snapshot, &wanted, spec->cancel, &scan, err);
    if (status == TV_OK)
        status = add_metrics(scan, &table, err);
    if (status == TV_OK) {
        *out = (struct tv_metric_list){0};
        tv_scan_stats(scan, &out->stats);
        tv_metric_table_hand_over(&table, out);
    }
    tv_scan_close(scan);
    tv_metric_table_release(&table);
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
