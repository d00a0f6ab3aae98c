/* SPDX-License-Identifier: Apache-2.0 */
/* A rollup's points in columns.
 *
 * Entries stand by stretch, then series, and each of their figures is a column of its own under the
 * codecs of the segments. The sketches are spread out in the same way: how many buckets each has, where
 * the first lies, the gaps between them, their counts. Gaps and counts are small numbers, which zstd
 * packs into three or four bits; a sketch by itself would spend two bytes on each bucket. */
#include "store/rolled_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"
#include "store/codec.h"

#include <stdlib.h>

enum { HEAD_VERSION = 1 };

static void begin_part(const struct tv_rolled_writer *writer, enum tv_rolled_part part)
{
    writer->rolled->parts[part].offset = writer->data->len - writer->start;
}

static void end_part(const struct tv_rolled_writer *writer, enum tv_rolled_part part)
{
    struct tv_block *block = &writer->rolled->parts[part];
    const char *bytes = writer->data->data + writer->start + block->offset;
    size_t count = writer->data->len - writer->start - block->offset;
    TV_ASSERT(count <= UINT32_MAX);
    block->bytes = (uint32_t)count;
    block->sum = tv_hash64(bytes, count);
}

/* Names: their texts once, then a code for each, 0 for none. */
struct names {
    struct tv_arena arena;
    struct tv_strings texts;
    int64_t *codes;
    uint32_t count;
};

static void add_name(struct names *names, struct tv_str name)
{
    names->codes[names->count++] =
            name.ptr ? tv_strings_intern(&names->texts, &names->arena, name) : 0;
}

static void put_names(struct tv_buf *out, struct names *names)
{
    uint32_t distinct = names->texts.count ? names->texts.count - 1 : 0;
    struct tv_str *texts = tv_calloc((size_t)distinct + 1, sizeof(*texts));
    for (uint32_t i = 0; i < distinct; i++)
        texts[i] = tv_strings_get(&names->texts, i + 1);
    tv_buf_put_varint(out, distinct);
    if (distinct)
        tv_texts_put(out, texts, distinct);
    tv_ints_put(out, names->codes, names->count);
    free(texts);
    tv_arena_release(&names->arena);
}

/* The entries by time, then series. */
static int by_time(const void *left, const void *right, void *ctx)
{
    const struct tv_step *steps = ctx;
    const struct tv_step *a = &steps[*(const uint32_t *)left];
    const struct tv_step *b = &steps[*(const uint32_t *)right];
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->series > b->series) - (a->series < b->series);
}

static uint32_t *entries_of(const struct tv_steps *steps)
{
    uint32_t *order = tv_calloc((size_t)steps->count + 1, sizeof(*order));
    for (uint32_t i = 0; i < steps->count; i++)
        order[i] = i;
    qsort_r(order, steps->count, sizeof(*order), by_time, steps->items);
    return order;
}

static void put_places(
        struct tv_buf *out, const struct tv_steps *steps, const uint32_t *order, int64_t step_ns)
{
    int64_t *column = tv_calloc((size_t)steps->count + 1, sizeof(*column));
    for (uint32_t i = 0; i < steps->count; i++)
        column[i] = steps->items[order[i]].time / step_ns;
    tv_ints_put(out, column, steps->count);
    for (uint32_t i = 0; i < steps->count; i++)
        column[i] = steps->items[order[i]].series;
    tv_ints_put(out, column, steps->count);
    free(column);
}

/* A figure of every point, by its place in the struct: all of them are 64 bits wide. */
static void put_column(
        struct tv_buf *out, const void *points, size_t size, const uint32_t *order, uint32_t count)
{
    int64_t *column = tv_calloc((size_t)count + 1, sizeof(*column));
    for (uint32_t i = 0; i < count; i++)
        memcpy(&column[i], (const char *)points + order[i] * size, sizeof(*column));
    tv_ints_put(out, column, count);
    free(column);
}

static void put_doubles(
        struct tv_buf *out, const void *points, size_t size, const uint32_t *order, uint32_t count)
{
    uint64_t *column = tv_calloc((size_t)count + 1, sizeof(*column));
    for (uint32_t i = 0; i < count; i++)
        memcpy(&column[i], (const char *)points + order[i] * size, sizeof(*column));
    tv_floats_put(out, column, count);
    free(column);
}

static void put_event_names(struct tv_buf *out, const struct tv_series_table *table)
{
    struct names services = {0}, types = {0}, names = {0};
    int64_t *codes = tv_calloc((size_t)table->count * 3 + 1, sizeof(*codes));
    services.codes = codes;
    types.codes = codes + table->count;
    names.codes = types.codes + table->count;
    for (uint32_t i = 0; i < table->count; i++) {
        add_name(&services, table->items[i].service);
        add_name(&types, table->items[i].type);
        add_name(&names, table->items[i].name);
    }
    tv_buf_put_varint(out, table->count);
    put_names(out, &services);
    put_names(out, &types);
    put_names(out, &names);
    free(codes);
}

/* Columns of the buckets of all sketches. */
struct buckets {
    int64_t *above, *below, *zeros; /* by sketch */
    int64_t *first;                 /* of each side that has any */
    int64_t *gaps, *counts;
    uint32_t sketches, sides, gap_count, count;
    int32_t *room;
    uint64_t *room_counts;
};

static void add_side(struct buckets *out, const struct tv_sketch_flat *flat, bool below)
{
    uint32_t start = below ? flat->above : 0;
    uint32_t used = below ? flat->below : flat->above;
    for (uint32_t i = start; i < start + used; i++) {
        if (i == start)
            out->first[out->sides++] = flat->buckets[i];
        else
            out->gaps[out->gap_count++] = flat->buckets[i] - flat->buckets[i - 1] - 1;
        out->counts[out->count++] = (int64_t)flat->counts[i];
    }
}

static void add_sketch(struct buckets *out, const struct tv_sketch *sketch)
{
    struct tv_sketch_flat flat;
    tv_sketch_spread(sketch, out->room, out->room_counts, &flat);
    out->above[out->sketches] = flat.above;
    out->below[out->sketches] = flat.below;
    out->zeros[out->sketches++] = (int64_t)flat.zeros;
    add_side(out, &flat, false);
    add_side(out, &flat, true);
}

static void put_buckets(struct tv_buf *out, const struct buckets *buckets)
{
    tv_ints_put(out, buckets->above, buckets->sketches);
    tv_ints_put(out, buckets->below, buckets->sketches);
    tv_ints_put(out, buckets->zeros, buckets->sketches);
    tv_ints_put(out, buckets->first, buckets->sides);
    tv_ints_put(out, buckets->gaps, buckets->gap_count);
    tv_ints_put(out, buckets->counts, buckets->count);
}

/* Those of the entries with durations, in order: the others have none to tell. */
static void put_sketches(
        struct tv_buf *out, const struct tv_series_table *table, const uint32_t *order)
{
    struct tv_arena arena = {0};
    uint32_t count = table->steps.count, kept = 0;
    size_t total = 0;
    uint32_t *some = tv_arena_calloc(&arena, (size_t)count + 1, sizeof(*some));
    for (uint32_t i = 0; i < count; i++) {
        total += tv_sketch_used(&table->points[order[i]].durations);
        if (table->points[order[i]].durations.count)
            some[kept++] = order[i];
    }
    struct buckets buckets = {.above = tv_arena_calloc(&arena, (size_t)kept + 1, 8),
            .below = tv_arena_calloc(&arena, (size_t)kept + 1, 8),
            .zeros = tv_arena_calloc(&arena, (size_t)kept + 1, 8),
            .first = tv_arena_calloc(&arena, 2 * (size_t)kept + 1, 8),
            .gaps = tv_arena_calloc(&arena, total + 1, 8),
            .counts = tv_arena_calloc(&arena, total + 1, 8),
            .room = tv_arena_calloc(&arena, 2 * TV_SKETCH_BUCKETS, sizeof(int32_t)),
            .room_counts = tv_arena_calloc(&arena, 2 * TV_SKETCH_BUCKETS, sizeof(uint64_t))};
    for (uint32_t i = 0; i < kept; i++)
        add_sketch(&buckets, &table->points[some[i]].durations);
    put_column(out, &table->points[0].durations.count, sizeof(*table->points), order, count);
    put_doubles(out, &table->points[0].durations.min, sizeof(*table->points), some, kept);
    put_doubles(out, &table->points[0].durations.max, sizeof(*table->points), some, kept);
    put_buckets(out, &buckets);
    tv_arena_release(&arena);
}

void tv_rolled_put_events(struct tv_rolled_writer *writer, const struct tv_series_table *table)
{
    struct tv_buf *out = writer->data;
    const struct tv_series_point *points = table->points;
    uint32_t *order = entries_of(&table->steps);
    uint32_t count = table->steps.count;
    begin_part(writer, TV_ROLLED_EVENTS);
    put_event_names(out, table);
    tv_buf_put_varint(out, (uint64_t)(table->stepping.step_ns / TV_NS_PER_S));
    tv_buf_put_varint(out, count);
    put_places(out, &table->steps, order, table->stepping.step_ns);
    put_column(out, &points[0].counts.events, sizeof(*points), order, count);
    put_column(out, &points[0].counts.errors, sizeof(*points), order, count);
    put_column(out, &points[0].counts.warnings, sizeof(*points), order, count);
    end_part(writer, TV_ROLLED_EVENTS);
    begin_part(writer, TV_ROLLED_DURATIONS);
    put_sketches(out, table, order);
    end_part(writer, TV_ROLLED_DURATIONS);
    free(order);
}

static void put_metric_names(struct tv_buf *out, const struct tv_metric_table *table)
{
    struct names names[4] = {0};
    int64_t *codes = tv_calloc((size_t)table->count * 4 + 1, sizeof(*codes));
    for (uint32_t k = 0; k < 4; k++)
        names[k].codes = codes + (size_t)table->count * k;
    for (uint32_t i = 0; i < table->count; i++) {
        add_name(&names[0], table->items[i].service);
        add_name(&names[1], table->items[i].instance);
        add_name(&names[2], table->items[i].metric);
        add_name(&names[3], table->items[i].labels);
    }
    tv_buf_put_varint(out, table->count);
    for (uint32_t k = 0; k < 4; k++)
        put_names(out, &names[k]);
    free(codes);
}

void tv_rolled_put_metrics(struct tv_rolled_writer *writer, const struct tv_metric_table *table)
{
    struct tv_buf *out = writer->data;
    const struct tv_metric_point *points = table->points;
    uint32_t *order = entries_of(&table->steps);
    uint32_t count = table->steps.count;
    size_t size = sizeof(*points);
    begin_part(writer, TV_ROLLED_METRICS);
    put_metric_names(out, table);
    tv_buf_put_varint(out, (uint64_t)(table->stepping.step_ns / TV_NS_PER_S));
    tv_buf_put_varint(out, count);
    put_places(out, &table->steps, order, table->stepping.step_ns);
    put_column(out, &points[0].count, size, order, count);
    put_doubles(out, &points[0].sum, size, order, count);
    put_doubles(out, &points[0].min, size, order, count);
    put_doubles(out, &points[0].max, size, order, count);
    put_doubles(out, &points[0].last, size, order, count);
    put_column(out, &points[0].last_time, size, order, count);
    put_column(out, &points[0].last_arrival, size, order, count);
    end_part(writer, TV_ROLLED_METRICS);
    free(order);
}

void tv_rolled_put(const struct tv_rolled *rolled, struct tv_buf *out)
{
    tv_buf_put_varint(out, HEAD_VERSION);
    tv_buf_put_varint(out, (uint64_t)(rolled->events_step_ns / TV_NS_PER_S));
    tv_buf_put_varint(out, (uint64_t)(rolled->metrics_step_ns / TV_NS_PER_S));
    tv_buf_append_char(out, (char)(rolled->names | rolled->labels << 1));
    for (int i = 0; i < TV_ROLLED_PARTS; i++) {
        tv_buf_put_varint(out, rolled->parts[i].bytes);
        tv_buf_put_u64(out, rolled->parts[i].sum);
    }
}

static bool get_step(struct tv_reader *in, int64_t *step_ns)
{
    uint64_t seconds = 0;
    if (!tv_get_varint(in, &seconds) || seconds > 3600)
        return false;
    *step_ns = (int64_t)seconds * TV_NS_PER_S;
    return true;
}

bool tv_rolled_get(struct tv_str head, struct tv_rolled *out)
{
    const uint8_t *start = (const uint8_t *)head.ptr, *flags = NULL;
    struct tv_reader in = {start, start + head.len};
    uint64_t version = 0, bytes = 0, offset = 0;
    *out = (struct tv_rolled){0};
    if (!tv_get_varint(&in, &version) || version != HEAD_VERSION ||
            !get_step(&in, &out->events_step_ns) || !get_step(&in, &out->metrics_step_ns) ||
            !tv_get_bytes(&in, 1, &flags) || *flags > 3)
        return false;
    out->names = *flags & 1;
    out->labels = *flags >> 1;
    for (int i = 0; i < TV_ROLLED_PARTS; i++) {
        if (!tv_get_varint(&in, &bytes) || bytes > UINT32_MAX ||
                !tv_get_u64(&in, &out->parts[i].sum))
            return false;
        out->parts[i].offset = offset;
        out->parts[i].bytes = (uint32_t)bytes;
        offset += bytes;
    }
    return in.at == in.end;
}
