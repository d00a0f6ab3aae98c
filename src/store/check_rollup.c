/* SPDX-License-Identifier: Apache-2.0 */
/* A segment's rollup against its rows.
 *
 * The cells and the counts by time are computed again; those by time and cell must add up to both, which
 * leaves no entry unnoticed unless two of one stretch and one cell each were exchanged. */
#include "store/check_internal.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>

/* Counts of one stretch or cell. */
struct sum {
    int64_t time;
    struct tv_counts counts;
};

static bool same(const struct tv_counts *a, const struct tv_counts *b)
{
    return a->events == b->events && a->errors == b->errors && a->warnings == b->warnings;
}

static void add(struct tv_counts *to, const struct tv_counts *more)
{
    to->events += more->events;
    to->errors += more->errors;
    to->warnings += more->warnings;
}

static struct tv_counts count_of(const struct tv_batch *batch, uint32_t row)
{
    const uint8_t *severities = tv_batch_u8(batch, TV_FIELD_SEVERITY);
    bool error = tv_batch_is_error(batch, row);
    bool warning = severities && !error && severities[row] >= TV_SEVERITY_WARN &&
            severities[row] < TV_SEVERITY_ERROR;
    return (struct tv_counts){1, error, warning};
}

static void check_cells(struct tv_check_segment *at)
{
    const struct tv_rollup *rollup = &at->segment->rollup;
    const struct tv_batch *batch = at->view.batch;
    struct tv_arena arena = {0};
    struct tv_map by_name = {0};
    struct tv_counts *found = tv_arena_calloc(&arena, (size_t)batch->rows + 1, sizeof(*found));
    for (uint32_t row = 0; row < batch->rows; row++) {
        struct tv_str service = tv_batch_text(batch, TV_FIELD_SERVICE, row);
        struct tv_str type = tv_batch_text(batch, TV_FIELD_TYPE, row);
        struct tv_str key = tv_arena_printf(
                &arena, "%zu %.*s %.*s", service.len, TV_STR_ARG(service), TV_STR_ARG(type));
        bool added = false;
        uint64_t *number = tv_map_put_copy(&by_name, &arena, key, &added);
        if (added)
            *number = by_name.count - 1;
        struct tv_counts one = count_of(batch, row);
        add(&found[*number], &one);
    }
    uint32_t wrong = by_name.count != rollup->cell_count;
    for (uint32_t i = 0; i < rollup->cell_count; i++) {
        const struct tv_rollup_cell *cell = &rollup->cells[i];
        struct tv_str key = tv_arena_printf(&arena, "%zu %.*s %.*s", cell->service.len,
                TV_STR_ARG(cell->service), TV_STR_ARG(cell->type));
        const uint64_t *number = tv_map_get(&by_name, key);
        wrong += !number || !same(&found[*number], &cell->counts);
    }
    if (wrong)
        tv_check_wrong(at, "rollup: %u counts of services and types are wrong", wrong);
    tv_map_release(&by_name);
    tv_arena_release(&arena);
}

/* The rows' counts by stretch, ascending; returns how many stretches. */
static uint32_t sum_rows(const struct tv_batch *batch, int64_t step_ns, struct sum *out)
{
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    uint32_t count = 0;
    for (uint32_t row = 0; row < batch->rows; row++) {
        int64_t below = times[row] % step_ns;
        int64_t time = times[row] - below - (below < 0 ? step_ns : 0);
        if (count == 0 || out[count - 1].time != time)
            out[count++] = (struct sum){.time = time};
        struct tv_counts one = count_of(batch, row);
        add(&out[count - 1].counts, &one);
    }
    return count;
}

/* The entries' counts by stretch, and (of the split series) by cell. */
static uint32_t sum_series(const struct tv_rollup_series *series, struct tv_counts *cells,
        uint32_t cell_count, struct sum *out, uint32_t most)
{
    struct tv_rollup_reader reader = tv_rollup_read(series, cells != NULL);
    struct tv_rollup_entry entry;
    uint32_t count = 0;
    while (tv_rollup_next(&reader, &entry)) {
        if (count == 0 || out[count - 1].time != entry.time) {
            if (count == most)
                return most + 1;
            out[count++] = (struct sum){.time = entry.time};
        }
        add(&out[count - 1].counts, &entry.counts);
        if (cells && entry.cell < cell_count)
            add(&cells[entry.cell], &entry.counts);
    }
    return count;
}

static void check_series(struct tv_check_segment *at, bool split)
{
    const struct tv_rollup *rollup = &at->segment->rollup;
    const struct tv_rollup_series *series = split ? &rollup->split : &rollup->total;
    const struct tv_batch *batch = at->view.batch;
    if (series->step_ns == 0)
        return;
    struct sum *rows = tv_calloc((size_t)batch->rows + 1, sizeof(*rows));
    struct sum *entries = tv_calloc((size_t)batch->rows + 1, sizeof(*entries));
    struct tv_counts *cells = split ? tv_calloc(rollup->cell_count, sizeof(*cells)) : NULL;
    uint32_t count = sum_rows(batch, series->step_ns, rows);
    bool good = sum_series(series, cells, rollup->cell_count, entries, batch->rows) == count;
    for (uint32_t i = 0; i < count && good; i++)
        good = rows[i].time == entries[i].time && same(&rows[i].counts, &entries[i].counts);
    for (uint32_t i = 0; cells && i < rollup->cell_count; i++)
        good = good && same(&cells[i], &rollup->cells[i].counts);
    if (!good)
        tv_check_wrong(
                at, "rollup: the counts by time%s do not add up", split ? " and service" : "");
    free(rows);
    free(entries);
    free(cells);
}

void tv_check_rollup(struct tv_check_segment *at)
{
    if (at->segment->rollup.cell_count == 0)
        return;
    check_cells(at);
    check_series(at, false);
    check_series(at, true);
}
