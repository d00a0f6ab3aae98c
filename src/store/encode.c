/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding a segment: what its parts share.
 *
 * Columns are gathered one at a time straight from the sources, in the order of the sorted rows, so
 * that no row is ever copied whole. Texts of all sources get one code each, looked up once for each
 * code of a source; a column's own dictionary is then a matter of arrays. */
#include "store/encode_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "store/seen.h"

#include <stdlib.h>

uint32_t tv_encoder_text(struct tv_encoder *encoder, struct tv_source *source, uint32_t code)
{
    if (code == 0)
        return 0;
    if (source->texts[code] == 0)
        source->texts[code] = tv_strings_intern(
                &encoder->texts, &encoder->arena, tv_strings_get(&source->batch->strings, code));
    return source->texts[code];
}

static int by_value(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void list_values(
        struct tv_encoder *encoder, uint32_t distinct, struct tv_segment_column *column)
{
    if (!column || distinct > TV_SEGMENT_VALUES_MAX)
        return;
    column->values =
            tv_arena_alloc(&encoder->segment->arena, distinct * sizeof(*column->values) + 1);
    column->value_count = distinct;
    for (uint32_t i = 0; i < distinct; i++)
        column->values[i] = tv_segment_hash(encoder->dictionary[i]);
    qsort(column->values, distinct, sizeof(*column->values), by_value);
}

static void reserve_local(struct tv_encoder *encoder)
{
    uint32_t need = encoder->texts.count;
    if (need <= encoder->local_cap)
        return;
    uint32_t cap = (uint32_t)tv_grown(encoder->local_cap, need, 1024);
    encoder->local = tv_realloc_array(encoder->local, cap, sizeof(*encoder->local));
    memset(encoder->local + encoder->local_cap, 0,
            (cap - encoder->local_cap) * sizeof(*encoder->local));
    encoder->local_cap = cap;
}

void tv_encoder_put_texts(struct tv_encoder *encoder, const uint32_t *codes, uint32_t count,
        struct tv_segment_column *column)
{
    uint32_t distinct = 0;
    uint32_t *own = tv_malloc(count * sizeof(*own) + 1);
    reserve_local(encoder);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *local = &encoder->local[codes[i]];
        if (*local == 0) {
            encoder->dictionary[distinct++] = tv_strings_get(&encoder->texts, codes[i]);
            *local = distinct;
        }
        own[i] = *local;
    }
    for (uint32_t i = 0; i < count; i++)
        encoder->local[codes[i]] = 0;
    list_values(encoder, distinct, column);
    tv_text_column_put(encoder->payload, encoder->dictionary, distinct, own, count);
    free(own);
}

size_t tv_encoder_block_begin(const struct tv_encoder *encoder)
{
    return encoder->payload->len;
}

struct tv_block tv_encoder_block_end(const struct tv_encoder *encoder, size_t begin)
{
    size_t bytes = encoder->payload->len - begin;
    TV_ASSERT(bytes <= UINT32_MAX);
    return (struct tv_block){begin - encoder->start, (uint32_t)bytes,
            tv_hash64(encoder->payload->data + begin, bytes)};
}

static void make_sources(struct tv_encoder *encoder)
{
    const struct tv_build *build = encoder->build;
    encoder->sources =
            tv_arena_calloc(&encoder->arena, build->batch_count, sizeof(*encoder->sources));
    for (uint32_t i = 0; i < encoder->count; i++) {
        struct tv_source *source = &encoder->sources[build->rows[i].batch];
        if (!source->batch) {
            source->batch = build->batches[build->rows[i].batch];
            size_t rows = source->batch->rows;
            source->place = tv_arena_alloc(&encoder->arena, rows * sizeof(*source->place));
            memset(source->place, 0xff, rows * sizeof(*source->place));
            source->texts = tv_arena_calloc(
                    &encoder->arena, (size_t)source->batch->strings.count + 1, sizeof(uint32_t));
        }
        source->place[build->rows[i].row] = i;
    }
}

static void make_room(struct tv_encoder *encoder)
{
    size_t count = encoder->count;
    struct tv_arena *arena = &encoder->arena;
    encoder->at = tv_arena_alloc(arena, count * sizeof(*encoder->at));
    encoder->codes = tv_arena_alloc(arena, count * sizeof(*encoder->codes));
    encoder->numbers = tv_arena_alloc(arena, count * sizeof(*encoder->numbers));
    encoder->types = tv_arena_alloc(arena, count * sizeof(*encoder->types));
    encoder->bits = tv_arena_alloc(arena, count * sizeof(*encoder->bits));
    encoder->dictionary = tv_arena_alloc(arena, count * sizeof(*encoder->dictionary));
}

static int by_service(const void *a, const void *b)
{
    const struct tv_segment_service *left = a, *right = b;
    int order = tv_str_compare(left->service, right->service);
    return order ? order : tv_str_compare(left->instance, right->instance);
}

static void copy_services(struct tv_segment *segment, const struct tv_seen *seen)
{
    segment->services_known = seen->count <= TV_SEGMENT_SERVICES_MAX;
    if (!segment->services_known)
        return;
    segment->service_count = (uint32_t)seen->count;
    segment->services = tv_arena_calloc(&segment->arena, seen->count, sizeof(*segment->services));
    for (size_t i = 0; i < seen->count; i++) {
        const struct tv_seen_entry *entry = &seen->entries[i];
        segment->services[i] = (struct tv_segment_service){
                .service = entry->service,
                .instance = entry->instance,
                .version = entry->version,
                .rows = (uint32_t)entry->rows,
                .errors = (uint32_t)entry->errors,
                .first = entry->first,
                .last = entry->last,
                .changed = entry->changed,
                .version_time = entry->version_time,
        };
    }
    qsort(segment->services, segment->service_count, sizeof(*segment->services), by_service);
}

/* The directory, and the extent: both are sums over the sources' rows. */
static void add_directory(struct tv_encoder *encoder)
{
    struct tv_seen seen = {.arena = &encoder->segment->arena};
    const struct tv_build *build = encoder->build;
    for (size_t b = 0; b < build->batch_count; b++) {
        const struct tv_source *source = &encoder->sources[b];
        uint32_t found = 0;
        for (uint32_t row = 0; source->batch && row < source->batch->rows; row++)
            if (source->place[row] != TV_NOWHERE)
                encoder->at[found++] = row;
        if (found)
            tv_seen_add_rows(&seen, source->batch, encoder->at, found);
    }
    copy_services(encoder->segment, &seen);
    tv_seen_release(&seen);
}

static void add_extent(struct tv_encoder *encoder)
{
    const struct tv_build *build = encoder->build;
    struct tv_extent *extent = &encoder->segment->extent;
    for (uint32_t i = 0; i < encoder->count; i++) {
        const struct tv_build_row *at = &build->rows[i];
        const struct tv_batch *batch = build->batches[at->batch];
        const int64_t *durations = tv_batch_i64(batch, TV_FIELD_DURATION);
        int64_t end = durations ? tv_event_end(at->time, durations[at->row]) : at->time;
        int64_t received = tv_batch_i64(batch, TV_FIELD_RECEIVED)[at->row];
        struct tv_extent one = {
                1, at->time, at->time, end, end, received, received, at->arrival, at->arrival};
        tv_extent_add(extent, &one);
    }
}

void tv_segment_encode(
        const struct tv_build *build, struct tv_buf *payload, struct tv_segment **out)
{
    TV_ASSERT(build->count > 0 && build->count <= TV_SEGMENT_ROWS_MAX);
    struct tv_encoder encoder = {.build = build,
            .count = build->count,
            .segment = tv_segment_new(),
            .payload = payload,
            .start = payload->len};
    make_sources(&encoder);
    make_room(&encoder);
    add_extent(&encoder);
    add_directory(&encoder);
    tv_encoder_rollup(&encoder);
    tv_encoder_filters(&encoder);
    tv_encoder_fields(&encoder);
    tv_encoder_attrs(&encoder);
    encoder.segment->payload_bytes = payload->len - encoder.start;
    *out = encoder.segment;
    free(encoder.local);
    tv_arena_release(&encoder.arena);
}
