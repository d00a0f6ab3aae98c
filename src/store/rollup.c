/* SPDX-License-Identifier: Apache-2.0 */
/* Rollups: making them, their bytes, and answering from them.
 *
 * A series is a run of entries, each a stretch's distance from the one before and its counts, all
 * varints; errors and warnings only where there are any. Three bytes an entry are usual. A step is kept
 * if it has ROWS_AN_ENTRY rows for each entry, so that a rollup is never more than a small part of its
 * segment; the coarsest needs two, or a timeline gains nothing over reading the rows.
 *
 * Sketches of durations for each cell were turned down here: at ten seconds a cell of the yardstick
 * holds 400 events, and their sketch is about as long as their column of durations. */
#include "store/rollup.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

enum { ROWS_AN_ENTRY = 16, STEPS = 3 };

static const int64_t steps_ns[STEPS] = {10 * TV_NS_PER_S, TV_NS_PER_MIN, TV_NS_PER_HOUR};

/* Floor division: times before 1970 do not occur, but nothing here depends on that. */
static int64_t stretch_of(int64_t time, int64_t step_ns)
{
    return time / step_ns - (time % step_ns < 0);
}

static void add_row(struct tv_counts *counts, const struct tv_rollup_row *row)
{
    counts->events++;
    counts->errors += row->error;
    counts->warnings += row->warning;
}

struct writer {
    struct tv_buf out;
    bool split, began;
    int64_t step_ns;
    int64_t stretch; /* of the entry before */
    uint32_t entries, most;

    /* The stretch at hand: counts by cell, and which cells have any. */
    struct tv_counts *counts;
    uint32_t *touched;
    uint32_t touched_count;
};

static void put_entry(struct writer *writer, int64_t stretch, uint32_t cell)
{
    const struct tv_counts *counts = &writer->counts[cell];
    bool trouble = counts->errors || counts->warnings;
    if (writer->began)
        tv_buf_put_varint(&writer->out, (uint64_t)(stretch - writer->stretch));
    else
        tv_buf_put_varint(&writer->out, tv_zigzag(stretch));
    writer->began = true;
    writer->stretch = stretch;
    writer->entries++;
    if (writer->split)
        tv_buf_put_varint(&writer->out, cell);
    tv_buf_put_varint(&writer->out, counts->events << 1 | trouble);
    if (!trouble)
        return;
    tv_buf_put_varint(&writer->out, counts->errors);
    tv_buf_put_varint(&writer->out, counts->warnings);
}

static int by_number(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* Writes the stretch at hand and begins the next with all counts 0. */
static void end_stretch(struct writer *writer, int64_t stretch)
{
    if (writer->touched_count > 1)
        qsort(writer->touched, writer->touched_count, sizeof(*writer->touched), by_number);
    for (uint32_t i = 0; i < writer->touched_count; i++) {
        put_entry(writer, stretch, writer->touched[i]);
        writer->counts[writer->touched[i]] = (struct tv_counts){0};
    }
    writer->touched_count = 0;
}

/* False once it comes to too many entries. */
static bool write_rows(struct writer *writer, const struct tv_rollup_row *rows, uint32_t count)
{
    int64_t stretch = 0;
    for (uint32_t i = 0; i < count; i++) {
        int64_t here = stretch_of(rows[i].time, writer->step_ns);
        if (i > 0 && here != stretch)
            end_stretch(writer, stretch);
        if (writer->entries > writer->most)
            return false;
        stretch = here;
        uint32_t cell = writer->split ? rows[i].cell : 0;
        if (writer->counts[cell].events == 0)
            writer->touched[writer->touched_count++] = cell;
        add_row(&writer->counts[cell], &rows[i]);
    }
    end_stretch(writer, stretch);
    return writer->entries <= writer->most;
}

static struct tv_rollup_series make_series(
        struct writer *writer, const struct tv_rollup_row *rows, uint32_t count)
{
    for (int i = 0; i < STEPS; i++) {
        writer->step_ns = steps_ns[i];
        writer->most = i < STEPS - 1 ? count / ROWS_AN_ENTRY : count / 2 + 1;
        writer->entries = 0;
        writer->began = false;
        tv_buf_clear(&writer->out);
        if (write_rows(writer, rows, count))
            return (struct tv_rollup_series){steps_ns[i], tv_buf_str(&writer->out)};
    }
    return (struct tv_rollup_series){.step_ns = 0};
}

void tv_rollup_make(struct tv_rollup *rollup, const struct tv_rollup_row *rows, uint32_t count,
        struct tv_arena *arena)
{
    struct writer writer = {.counts = tv_calloc(rollup->cell_count, sizeof(*writer.counts)),
            .touched = tv_calloc(rollup->cell_count, sizeof(*writer.touched))};
    for (uint32_t i = 0; i < count; i++)
        add_row(&rollup->cells[rows[i].cell].counts, &rows[i]);
    rollup->total = make_series(&writer, rows, count);
    rollup->total.bytes = tv_arena_str(arena, rollup->total.bytes);
    writer.split = true;
    rollup->split = make_series(&writer, rows, count);
    rollup->split.bytes = tv_arena_str(arena, rollup->split.bytes);
    tv_buf_release(&writer.out);
    free(writer.counts);
    free(writer.touched);
}

/* Reading. */

struct tv_rollup_reader tv_rollup_read(const struct tv_rollup_series *series, bool split)
{
    const uint8_t *start = (const uint8_t *)(series->bytes.ptr ? series->bytes.ptr : "");
    return (struct tv_rollup_reader){
            {start, start + series->bytes.len}, series->step_ns, INT64_MIN, split};
}

static bool read_counts(struct tv_reader *in, struct tv_counts *out)
{
    uint64_t events = 0;
    *out = (struct tv_counts){0};
    if (!tv_get_varint(in, &events))
        return false;
    out->events = events >> 1;
    return !(events & 1) || (tv_get_varint(in, &out->errors) && tv_get_varint(in, &out->warnings));
}

bool tv_rollup_next(struct tv_rollup_reader *reader, struct tv_rollup_entry *out)
{
    uint64_t number = 0, cell = 0;
    if (!tv_get_varint(&reader->in, &number))
        return false;
    if (reader->stretch == INT64_MIN)
        reader->stretch = tv_unzigzag(number);
    else if (__builtin_add_overflow(reader->stretch, (int64_t)number, &reader->stretch))
        return false;
    if ((reader->split && !tv_get_varint(&reader->in, &cell)) ||
            !read_counts(&reader->in, &out->counts) ||
            __builtin_mul_overflow(reader->stretch, reader->step_ns, &out->time))
        return false;
    out->cell = (uint32_t)cell;
    return cell < TV_ROLLUP_CELLS_MAX;
}

static void put_text(struct tv_buf *out, struct tv_str text)
{
    tv_buf_put_varint(out, text.ptr ? text.len + 1 : 0);
    tv_buf_append_str(out, text);
}

static bool get_text(struct tv_reader *in, struct tv_arena *arena, struct tv_str *out)
{
    uint64_t length = 0;
    const uint8_t *bytes = NULL;
    *out = (struct tv_str){NULL, 0};
    if (!tv_get_varint(in, &length))
        return false;
    if (length == 0)
        return true;
    if (!tv_get_bytes(in, length - 1, &bytes))
        return false;
    *out = tv_arena_str(arena, (struct tv_str){(const char *)bytes, length - 1});
    return true;
}

static void put_series(struct tv_buf *out, const struct tv_rollup_series *series)
{
    tv_buf_put_varint(out, (uint64_t)(series->step_ns / TV_NS_PER_S));
    put_text(out, series->bytes);
}

static bool get_series(struct tv_reader *in, struct tv_arena *arena, struct tv_rollup_series *out)
{
    uint64_t seconds = 0;
    if (!tv_get_varint(in, &seconds) || seconds > 3600)
        return false;
    out->step_ns = (int64_t)seconds * TV_NS_PER_S;
    return get_text(in, arena, &out->bytes);
}

void tv_rollup_put(const struct tv_rollup *rollup, struct tv_buf *out)
{
    tv_buf_put_varint(out, rollup->cell_count);
    for (uint32_t i = 0; i < rollup->cell_count; i++) {
        put_text(out, rollup->cells[i].service);
        put_text(out, rollup->cells[i].type);
        tv_buf_put_varint(out, rollup->cells[i].counts.events);
        tv_buf_put_varint(out, rollup->cells[i].counts.errors);
        tv_buf_put_varint(out, rollup->cells[i].counts.warnings);
    }
    put_series(out, &rollup->total);
    put_series(out, &rollup->split);
}

bool tv_rollup_get(struct tv_reader *in, struct tv_arena *arena, struct tv_rollup *out)
{
    uint64_t count = 0;
    if (!tv_get_varint(in, &count) || count > TV_ROLLUP_CELLS_MAX)
        return false;
    out->cell_count = (uint32_t)count;
    out->cells = tv_arena_calloc(arena, (size_t)count, sizeof(*out->cells));
    for (uint32_t i = 0; i < out->cell_count; i++) {
        struct tv_rollup_cell *cell = &out->cells[i];
        if (!get_text(in, arena, &cell->service) || !get_text(in, arena, &cell->type) ||
                !tv_get_varint(in, &cell->counts.events) ||
                !tv_get_varint(in, &cell->counts.errors) ||
                !tv_get_varint(in, &cell->counts.warnings))
            return false;
    }
    return get_series(in, arena, &out->total) && get_series(in, arena, &out->split);
}

/* Answering. */

static void visit_field(void *ctx, const struct tv_field_ref *field)
{
    bool *good = ctx;
    *good = *good && field->class == TV_FIELD_FIXED &&
            (field->field == TV_FIELD_SERVICE || field->field == TV_FIELD_TYPE);
}

bool tv_rollup_decides(const struct tv_pred *where)
{
    bool good = true;
    if (where)
        tv_pred_fields(where, visit_field, &good);
    return good;
}

/* Each cell stands as one row of a batch. */
void tv_rollup_choose(const struct tv_rollup *rollup, const struct tv_pred *where, bool *chosen)
{
    struct tv_arena scratch = {0};
    struct tv_batch *batch = tv_batch_new();
    uint32_t *rows = tv_calloc(rollup->cell_count, sizeof(*rows));
    for (uint32_t i = 0; i < rollup->cell_count; i++) {
        uint32_t row = tv_batch_add_row(batch);
        if (rollup->cells[i].service.len)
            tv_batch_set_text(batch, TV_FIELD_SERVICE, row, rollup->cells[i].service);
        if (rollup->cells[i].type.len)
            tv_batch_set_text(batch, TV_FIELD_TYPE, row, rollup->cells[i].type);
    }
    uint32_t count = tv_pred_select(where, batch, rows, &scratch);
    for (uint32_t i = 0; i < count; i++)
        chosen[rows[i]] = true;
    free(rows);
    tv_batch_unref(batch);
    tv_arena_release(&scratch);
}

static void tell_series(
        const struct tv_rollup *rollup, const struct tv_scan_rollup *to, const bool *chosen)
{
    const struct tv_rollup_series *series = chosen ? &rollup->split : &rollup->total;
    struct tv_rollup_reader reader = tv_rollup_read(series, chosen != NULL);
    struct tv_rollup_entry entry;
    while (tv_rollup_next(&reader, &entry))
        if (!chosen || (entry.cell < rollup->cell_count && chosen[entry.cell]))
            to->stretch(to->ctx, entry.time, &entry.counts);
}

/* Whether the series that would answer is fine enough. */
static bool suffices(const struct tv_rollup *rollup, const struct tv_scan_spec *spec)
{
    const struct tv_rollup_series *series = spec->where ? &rollup->split : &rollup->total;
    int64_t step_ns = spec->rollup->step_ns;
    return rollup->cell_count > 0 &&
            (step_ns == 0 || (series->step_ns > 0 && step_ns % series->step_ns == 0));
}

bool tv_rollup_tell(const struct tv_rollup *rollup, const struct tv_scan_spec *spec)
{
    const struct tv_scan_rollup *to = spec->rollup;
    if (!suffices(rollup, spec))
        return false;
    bool *chosen = spec->where ? tv_calloc(rollup->cell_count, sizeof(*chosen)) : NULL;
    if (chosen)
        tv_rollup_choose(rollup, spec->where, chosen);
    for (uint32_t i = 0; i < rollup->cell_count; i++)
        if (!chosen || chosen[i])
            to->cell(to->ctx, rollup->cells[i].service, rollup->cells[i].type,
                    &rollup->cells[i].counts);
    if (to->step_ns > 0)
        tell_series(rollup, to, chosen);
    free(chosen);
    return true;
}
