/* SPDX-License-Identifier: Apache-2.0 */
/* Which rollups answer for which rows.
 *
 * A rollup stands for its segment where its stretches fit into the steps asked for, all its events are
 * among the arrivals asked for, and the condition reads nothing that it has not kept. Of a segment that
 * lies across an edge of the window it tells the stretches that lie inside as a whole, and only the rows
 * of the others are read. Counts by service and type need no reading at all: those are in memory with
 * the segment (rollup.h), and preferred. */
#include "store/series_rolled.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

static void note_field(void *ctx, const struct tv_field_ref *field)
{
    struct tv_series_reading *reading = ctx;
    bool fixed = field->class == TV_FIELD_FIXED;
    bool service = fixed && field->field == TV_FIELD_SERVICE;
    bool instance = fixed && field->field == TV_FIELD_INSTANCE;
    bool type = fixed && field->field == TV_FIELD_TYPE;
    bool name = fixed && field->field == TV_FIELD_NAME;
    reading->names = reading->names || name;
    reading->decides =
            reading->decides && (service || (reading->metrics ? instance : type || name));
}

/* What is inside the window of stretches of this length. */
struct told {
    int64_t from, to; /* from > to: nothing */
};

static struct told told_of(const struct tv_series_spec *spec, int64_t stretch_ns)
{
    struct tv_stepping stepping = {.step_ns = stretch_ns};
    struct told told = {INT64_MIN, INT64_MAX};
    if (spec->from > INT64_MIN / 2)
        told.from = tv_step_of(&stepping, spec->from);
    if (told.from < spec->from && __builtin_add_overflow(told.from, stretch_ns, &told.from))
        return (struct told){1, 0};
    if (spec->to < INT64_MAX)
        told.to = tv_step_of(&stepping, spec->to + 1) - 1;
    return told;
}

static bool is_inside(const struct tv_series_spec *spec, const struct tv_extent *extent)
{
    return extent->min_time >= spec->from && extent->max_time <= spec->to;
}

static bool is_damaged(const struct tv_series_reading *reading, const struct tv_segment *segment)
{
    for (size_t i = 0; i < reading->damaged_count; i++)
        if (reading->damaged[i] == segment)
            return true;
    return false;
}

/* Whether the counts in memory are all that is asked for. */
static bool counts_suffice(
        const struct tv_series_reading *reading, const struct tv_segment *segment)
{
    const struct tv_series_spec *spec = reading->spec;
    return reading->events && !spec->durations && !(spec->by & TV_BY_NAME) && !reading->names &&
            segment->rollup.cell_count > 0 &&
            tv_rolled_fits(segment->rollup.split.step_ns, spec->step_ns);
}

/* The length of the stretches that the segment's rollup answers by; 0: it does not. */
static int64_t stretch_of(const struct tv_series_reading *reading, const struct tv_segment *segment)
{
    const struct tv_series_spec *spec = reading->spec;
    const struct tv_rolled *rolled = atomic_load(&segment->rolled);
    if (!reading->decides || segment->extent.max_arrival > spec->arrival_to ||
            atomic_load(&segment->corrupt))
        return 0;
    if (counts_suffice(reading, segment))
        return segment->rollup.split.step_ns;
    if (!rolled || is_damaged(reading, segment))
        return 0;
    int64_t stretch_ns = reading->events ? rolled->events_step_ns : rolled->metrics_step_ns;
    bool names = (spec->by & TV_BY_NAME) || reading->names;
    bool known = reading->events ? rolled->names || !names
                                 : rolled->labels || !(spec->by & TV_BY_LABELS);
    return known && tv_rolled_fits(stretch_ns, spec->step_ns) ? stretch_ns : 0;
}

static bool meets(const struct tv_series_spec *spec, const struct tv_extent *extent)
{
    return extent->min_time <= spec->to && extent->max_time >= spec->from &&
            extent->min_arrival <= spec->arrival_to;
}

bool tv_series_wants_rows(const void *ctx, const struct tv_segment *segment)
{
    const struct tv_series_reading *reading = ctx;
    const struct tv_extent *extent = &segment->extent;
    int64_t stretch_ns = stretch_of(reading, segment);
    if (stretch_ns == 0)
        return true;
    if (is_inside(reading->spec, extent))
        return false;
    struct told told = told_of(reading->spec, stretch_ns);
    if (told.from > told.to)
        return true;
    return (extent->min_time < told.from && extent->max_time >= reading->spec->from) ||
            (extent->max_time > told.to && extent->min_time <= reading->spec->to);
}

uint32_t tv_series_untold(const struct tv_series_reading *reading, const struct tv_segment *segment,
        const struct tv_scan_batch *found, uint32_t *rows)
{
    const int64_t *times = tv_batch_i64(found->batch, TV_FIELD_TIME);
    int64_t stretch_ns = segment ? stretch_of(reading, segment) : 0;
    struct told told = {1, 0};
    uint32_t kept = 0;
    if (stretch_ns)
        told = told_of(reading->spec, stretch_ns);
    for (uint32_t i = 0; i < found->count; i++) {
        int64_t time = times[found->rows[i]];
        rows[kept] = found->rows[i];
        kept += time < told.from || time > told.to;
    }
    return kept;
}

/* The cells as series, and which of them the condition takes. */
static uint32_t *number_cells(
        struct tv_series_reading *reading, const struct tv_rollup *rollup, struct tv_arena *arena)
{
    uint32_t *numbers = tv_arena_alloc(arena, (size_t)rollup->cell_count * sizeof(*numbers));
    bool *chosen = tv_arena_calloc(arena, rollup->cell_count, sizeof(*chosen));
    tv_rollup_choose(rollup, reading->spec->where, chosen);
    for (uint32_t i = 0; i < rollup->cell_count; i++) {
        struct tv_series names = {
                .service = rollup->cells[i].service, .type = rollup->cells[i].type};
        numbers[i] = chosen[i] ? tv_series_table_number(reading->events, &names) : UINT32_MAX;
    }
    return numbers;
}

static void add_counts(
        struct tv_series_reading *reading, const struct tv_segment *segment, struct told told)
{
    const struct tv_rollup *rollup = &segment->rollup;
    struct tv_arena arena = {0};
    uint32_t *numbers = number_cells(reading, rollup, &arena);
    struct tv_rollup_reader reader = tv_rollup_read(&rollup->split, true);
    struct tv_rollup_entry entry;
    while (tv_rollup_next(&reader, &entry)) {
        struct tv_series_point point = {.time = entry.time, .counts = entry.counts};
        bool inside =
                entry.time >= told.from && entry.time + (rollup->split.step_ns - 1) <= told.to;
        if (inside && entry.cell < rollup->cell_count && numbers[entry.cell] != UINT32_MAX)
            tv_series_table_merge(reading->events, numbers[entry.cell], &point);
    }
    tv_arena_release(&arena);
}

static enum tv_status add_points(struct tv_series_reading *reading, const struct tv_rolled_at *at,
        struct told told, struct tv_error *err)
{
    struct tv_rolled_wish wish = {told.from, told.to, reading->spec->where};
    struct tv_buf bytes = {0}, durations = {0};
    enum tv_rolled_part part = reading->events ? TV_ROLLED_EVENTS : TV_ROLLED_METRICS;
    enum tv_status status = tv_rolled_load(at, part, &bytes, err);
    if (status == TV_OK && reading->events && reading->spec->durations)
        status = tv_rolled_load(at, TV_ROLLED_DURATIONS, &durations, err);
    reading->stats.bytes += bytes.len + durations.len;
    if (status == TV_OK) {
        bool good = reading->events
                ? tv_rolled_add_events(
                          tv_buf_str(&bytes), tv_buf_str(&durations), &wish, reading->events)
                : tv_rolled_add_metrics(tv_buf_str(&bytes), &wish, reading->metrics);
        TV_ASSERT(good); /* the sum matched: nobody but the encoder wrote it */
    }
    tv_buf_release(&bytes);
    tv_buf_release(&durations);
    return status;
}

static void note_damage(struct tv_series_reading *reading, const struct tv_segment *segment)
{
    size_t count = reading->damaged_count + 1;
    reading->damaged = tv_realloc_array(reading->damaged, count, sizeof(const struct tv_segment *));
    reading->damaged[reading->damaged_count++] = segment;
}

static enum tv_status roll_segment(struct tv_series_reading *reading, struct tv_db *db,
        const struct tv_segment *segment, struct tv_error *err)
{
    const struct tv_series_spec *spec = reading->spec;
    int64_t stretch_ns = stretch_of(reading, segment);
    if (stretch_ns == 0 || !meets(spec, &segment->extent))
        return TV_OK;
    struct told told = {INT64_MIN, INT64_MAX};
    if (!is_inside(spec, &segment->extent))
        told = told_of(spec, stretch_ns);
    if (told.from > told.to)
        return TV_OK;
    /* One whose edge is read as well is the scan's to count. */
    bool only = !tv_series_wants_rows(reading, segment);
    reading->stats.segments_total += only;
    reading->stats.rolled_up += only;
    if (counts_suffice(reading, segment)) {
        add_counts(reading, segment, told);
        return TV_OK;
    }
    struct tv_rolled_at at = {db, segment->id, atomic_load(&segment->rolled)};
    enum tv_status status = TV_OK;
    if (!db->sql)
        status = tv_pool_take(reading->snapshot->store, db, err);
    if (status == TV_OK)
        status = add_points(reading, &at, told, err);
    if (status != TV_CORRUPT)
        return status;
    note_damage(reading, segment);
    reading->stats.segments_total -= only;
    reading->stats.rolled_up -= only;
    return TV_OK;
}

enum tv_status tv_series_roll(struct tv_series_reading *reading, struct tv_error *err)
{
    const struct tv_segment_list *list = reading->snapshot->segments;
    struct tv_db db = {0};
    enum tv_status status = TV_OK;
    reading->decides = true;
    if (reading->spec->where)
        tv_pred_fields(reading->spec->where, note_field, reading);
    for (size_t i = 0; i < list->count && status == TV_OK; i++) {
        status = tv_cancel_check(reading->spec->cancel);
        if (status != TV_OK)
            status = tv_fail(err, status, "the reading was stopped");
        else
            status = roll_segment(reading, &db, list->items[i], err);
        if (status == TV_OK)
            status = tv_series_bounded(reading->events, reading->metrics, err);
    }
    tv_pool_put(reading->snapshot->store, &db);
    return status;
}

void tv_series_reading_release(struct tv_series_reading *reading)
{
    free(reading->damaged);
}

enum tv_status tv_rolled_load(const struct tv_rolled_at *at, enum tv_rolled_part part,
        struct tv_buf *out, struct tv_error *err)
{
    const struct tv_block *block = &at->rolled->parts[part];
    sqlite3_blob *blob = NULL;
    if (block->bytes == 0)
        return TV_OK;
    int code = sqlite3_blob_open(at->db->sql, "main", "rollup", "data", at->segment, 0, &blob);
    bool whole =
            code == SQLITE_OK && block->offset + block->bytes <= (uint64_t)sqlite3_blob_bytes(blob);
    if (whole) {
        char *bytes = tv_buf_reserve(out, block->bytes);
        code = sqlite3_blob_read(blob, bytes, (int)block->bytes, (int)block->offset);
        out->len += block->bytes;
    }
    (void)sqlite3_blob_close(blob);
    /* No row (SQLITE_ERROR), a short one or a wrong sum: whatever it was, the rows are there. */
    if (code != SQLITE_OK && code != SQLITE_ERROR)
        return tv_db_fail(at->db, code, "read", err);
    if (whole && code == SQLITE_OK &&
            tv_hash64(out->data + out->len - block->bytes, block->bytes) == block->sum)
        return TV_OK;
    return tv_fail(err, TV_CORRUPT, "the rollup of segment %lld is damaged in '%s'",
            (long long)at->segment, at->db->path);
}
