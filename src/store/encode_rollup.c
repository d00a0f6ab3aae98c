/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a segment as its rollup counts them: a cell for each pair of service and event type,
 * found through the encoder's codes by a small open table. A segment with more pairs than
 * TV_ROLLUP_CELLS_MAX has no rollup: nobody draws a timeline of that many services from one segment. */
#include "store/encode_internal.h"

#include "base/mem.h"

#include <stdlib.h>

enum { SLOTS = 4 * TV_ROLLUP_CELLS_MAX };

struct cells {
    uint64_t keys[SLOTS]; /* service << 32 | type, + 1; 0 is free */
    uint32_t numbers[SLOTS];
    struct tv_rollup_cell *items;
    uint32_t count, cap;
};

/* UINT32_MAX where there are too many. */
static uint32_t cell_of(
        struct cells *cells, struct tv_encoder *encoder, uint32_t service, uint32_t type)
{
    uint64_t key = ((uint64_t)service << 32 | type) + 1;
    size_t at = (key ^ key >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 50;
    for (at %= SLOTS; cells->keys[at] && cells->keys[at] != key; at = (at + 1) % SLOTS)
        continue;
    if (cells->keys[at])
        return cells->numbers[at];
    if (cells->count == TV_ROLLUP_CELLS_MAX)
        return UINT32_MAX;
    if (cells->count == cells->cap) {
        cells->cap = (uint32_t)tv_grown(cells->cap, cells->count + 1, 64);
        cells->items = tv_realloc_array(cells->items, cells->cap, sizeof(*cells->items));
    }
    cells->keys[at] = key;
    cells->numbers[at] = cells->count;
    cells->items[cells->count] = (struct tv_rollup_cell){0};
    if (service)
        cells->items[cells->count].service = tv_strings_get(&encoder->texts, service);
    if (type)
        cells->items[cells->count].type = tv_strings_get(&encoder->texts, type);
    return cells->count++;
}

/* Each source's share, at the rows' places in the segment. */
static bool fill_source(struct tv_encoder *encoder, struct tv_source *source, struct cells *cells,
        struct tv_rollup_row *rows)
{
    const struct tv_batch *batch = source->batch;
    const uint32_t *services = tv_batch_codes(batch, TV_FIELD_SERVICE);
    const uint32_t *types = tv_batch_codes(batch, TV_FIELD_TYPE);
    const uint8_t *severities = tv_batch_u8(batch, TV_FIELD_SEVERITY);
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    uint64_t *errors = tv_calloc(((size_t)batch->rows + 63) / 64 + 1, sizeof(*errors));
    bool good = true;
    tv_batch_error_bits(batch, errors);
    for (uint32_t row = 0; row < batch->rows && good; row++) {
        if (source->place[row] == TV_NOWHERE)
            continue;
        struct tv_rollup_row *out = &rows[source->place[row]];
        uint32_t service = tv_encoder_text(encoder, source, services ? services[row] : 0);
        uint32_t type = tv_encoder_text(encoder, source, types ? types[row] : 0);
        out->time = times[row];
        out->cell = cell_of(cells, encoder, service, type);
        out->error = errors[row / 64] >> (row % 64) & 1;
        out->warning = severities && !out->error && severities[row] >= TV_SEVERITY_WARN &&
                severities[row] < TV_SEVERITY_ERROR;
        good = out->cell != UINT32_MAX;
    }
    free(errors);
    return good;
}

/* The names go to the segment's arena; those of the encoder do not last. */
static void keep_cells(struct tv_segment *segment, const struct cells *cells)
{
    struct tv_arena *arena = &segment->arena;
    segment->rollup.cells = tv_arena_calloc(arena, cells->count, sizeof(*cells->items));
    segment->rollup.cell_count = cells->count;
    for (uint32_t i = 0; i < cells->count; i++) {
        const struct tv_rollup_cell *cell = &cells->items[i];
        if (cell->service.ptr)
            segment->rollup.cells[i].service = tv_arena_str(arena, cell->service);
        if (cell->type.ptr)
            segment->rollup.cells[i].type = tv_arena_str(arena, cell->type);
    }
}

void tv_encoder_rollup(struct tv_encoder *encoder)
{
    struct cells *cells = tv_calloc(1, sizeof(*cells));
    struct tv_rollup_row *rows = tv_calloc(encoder->count, sizeof(*rows));
    bool good = true;
    for (size_t i = 0; i < encoder->build->batch_count && good; i++)
        if (encoder->sources[i].batch)
            good = fill_source(encoder, &encoder->sources[i], cells, rows);
    if (good) {
        keep_cells(encoder->segment, cells);
        tv_rollup_make(&encoder->segment->rollup, rows, encoder->count, &encoder->segment->arena);
    }
    free(cells->items);
    free(cells);
    free(rows);
}
