/* SPDX-License-Identifier: Apache-2.0 */
/* Events added up by series and step.
 *
 * The codes of a batch lead to a series through a small direct-mapped table before the map of names is
 * asked, and the last point of each series is remembered while its step lasts: rows ascend by time
 * inside a segment, so nearly every row finds both without hashing a text. */
#include "store/series_table.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

enum { MEMO = 1024 };

void tv_series_table_release(struct tv_series_table *table)
{
    for (uint32_t i = 0; i < table->steps.count; i++)
        tv_sketch_release(&table->points[i].durations);
    free(table->points);
    free(table->items);
    tv_steps_release(&table->steps);
    tv_map_release(&table->numbers);
    tv_arena_release(&table->arena);
}

uint32_t tv_series_table_number(struct tv_series_table *table, const struct tv_series *names)
{
    static const struct tv_str none = {NULL, 0};
    struct tv_str service = table->by & TV_BY_SERVICE ? names->service : none;
    struct tv_str type = table->by & TV_BY_TYPE ? names->type : none;
    struct tv_str name = table->by & TV_BY_NAME ? names->name : none;
    struct tv_buf key = {0};
    bool added = false;
    tv_series_put_name(&key, service);
    tv_series_put_name(&key, type);
    tv_series_put_name(&key, name);
    uint64_t *number = tv_map_put_copy(&table->numbers, &table->arena, tv_buf_str(&key), &added);
    tv_buf_release(&key);
    if (!added)
        return (uint32_t)*number;
    if (table->count == table->cap) {
        table->cap = (uint32_t)tv_grown(table->cap, (size_t)table->count + 1, 64);
        table->items = tv_realloc_array(table->items, table->cap, sizeof(*table->items));
    }
    *number = table->count;
    table->items[table->count] =
            (struct tv_series){.service = tv_series_keep(&table->arena, service),
                    .type = tv_series_keep(&table->arena, type),
                    .name = tv_series_keep(&table->arena, name)};
    return table->count++;
}

struct tv_series_point *tv_series_table_point(
        struct tv_series_table *table, uint32_t number, int64_t time)
{
    uint32_t before = table->steps.count;
    int64_t step = tv_step_of(&table->stepping, time);
    uint32_t at = tv_steps_put(&table->steps, number, step);
    if (at < before)
        return &table->points[at];
    if (at >= table->point_cap) {
        table->point_cap = tv_grown(table->point_cap, (size_t)at + 1, 128);
        table->points = tv_realloc_array(table->points, table->point_cap, sizeof(*table->points));
    }
    table->points[at] = (struct tv_series_point){.time = step};
    table->bytes += sizeof(*table->points);
    return &table->points[at];
}

void tv_series_table_merge(
        struct tv_series_table *table, uint32_t number, const struct tv_series_point *point)
{
    struct tv_series_point *into = tv_series_table_point(table, number, point->time);
    size_t before = tv_sketch_bytes(&into->durations);
    into->counts.events += point->counts.events;
    into->counts.errors += point->counts.errors;
    into->counts.warnings += point->counts.warnings;
    if (table->durations)
        tv_sketch_merge(&into->durations, &point->durations);
    table->bytes += tv_sketch_bytes(&into->durations) - before;
}

/* A batch while its rows are added. */
struct adding {
    struct tv_series_table *table;
    const struct tv_batch *batch;
    const uint32_t *services, *types, *names; /* NULL: absent, or not told apart */
    const int64_t *durations;
    const uint8_t *severities;
    uint64_t *errors; /* bits by row */
    struct {
        uint32_t codes[3]; /* 0 in the first word of `used` */
        bool used;
        uint32_t number, point;
        int64_t begin, end; /* of the point's step */
    } memo[MEMO];
};

static struct tv_str text_of(const struct adding *adding, const uint32_t *codes, uint32_t row)
{
    return codes && codes[row] ? tv_strings_get(&adding->batch->strings, codes[row])
                               : (struct tv_str){NULL, 0};
}

static uint32_t code_of(const uint32_t *codes, uint32_t row)
{
    return codes ? codes[row] : 0;
}

/* The place among those remembered of the row's series. */
static size_t memo_of(struct adding *adding, uint32_t row)
{
    uint32_t codes[3] = {code_of(adding->services, row), code_of(adding->types, row),
            code_of(adding->names, row)};
    size_t at = tv_mix64((uint64_t)codes[0] << 40 ^ (uint64_t)codes[1] << 20 ^ codes[2]) % MEMO;
    if (adding->memo[at].used && memcmp(adding->memo[at].codes, codes, sizeof(codes)) == 0)
        return at;
    struct tv_series names = {.service = text_of(adding, adding->services, row),
            .type = text_of(adding, adding->types, row),
            .name = text_of(adding, adding->names, row)};
    memcpy(adding->memo[at].codes, codes, sizeof(codes));
    adding->memo[at].used = true;
    adding->memo[at].number = tv_series_table_number(adding->table, &names);
    adding->memo[at].begin = 1;
    adding->memo[at].end = 0;
    return at;
}

static struct tv_series_point *point_of(struct adding *adding, uint32_t row, int64_t time)
{
    struct tv_series_table *table = adding->table;
    size_t at = memo_of(adding, row);
    if (time >= adding->memo[at].begin && time < adding->memo[at].end)
        return &table->points[adding->memo[at].point];
    struct tv_series_point *point = tv_series_table_point(table, adding->memo[at].number, time);
    adding->memo[at].point = (uint32_t)(point - table->points);
    adding->memo[at].begin = point->time;
    if (table->stepping.step_ns == 0 ||
            __builtin_add_overflow(point->time, table->stepping.step_ns, &adding->memo[at].end))
        adding->memo[at].end = INT64_MAX;
    return point;
}

static void add_row(struct adding *adding, uint32_t row)
{
    int64_t time = tv_batch_i64(adding->batch, TV_FIELD_TIME)[row];
    struct tv_series_point *point = point_of(adding, row, time);
    bool error = adding->errors[row / 64] >> (row % 64) & 1;
    uint8_t severity = adding->severities ? adding->severities[row] : TV_SEVERITY_ABSENT;
    point->counts.events++;
    point->counts.errors += error;
    point->counts.warnings +=
            !error && severity >= TV_SEVERITY_WARN && severity < TV_SEVERITY_ERROR;
    if (!adding->durations || adding->durations[row] == TV_ABSENT_I64)
        return;
    size_t before = tv_sketch_bytes(&point->durations);
    tv_sketch_add(&point->durations, (double)adding->durations[row]);
    adding->table->bytes += tv_sketch_bytes(&point->durations) - before;
}

void tv_series_table_add(struct tv_series_table *table, const struct tv_scan_batch *in)
{
    const struct tv_batch *batch = in->batch;
    struct adding *adding = tv_calloc(1, sizeof(*adding));
    adding->table = table;
    adding->batch = batch;
    if (table->by & TV_BY_SERVICE)
        adding->services = tv_batch_codes(batch, TV_FIELD_SERVICE);
    if (table->by & TV_BY_TYPE)
        adding->types = tv_batch_codes(batch, TV_FIELD_TYPE);
    if (table->by & TV_BY_NAME)
        adding->names = tv_batch_codes(batch, TV_FIELD_NAME);
    if (table->durations)
        adding->durations = tv_batch_i64(batch, TV_FIELD_DURATION);
    adding->severities = tv_batch_u8(batch, TV_FIELD_SEVERITY);
    adding->errors = tv_calloc((size_t)batch->rows / 64 + 1, sizeof(*adding->errors));
    tv_batch_error_bits(batch, adding->errors);
    for (uint32_t i = 0; i < in->count; i++)
        add_row(adding, in->rows[i]);
    free(adding->errors);
    free(adding);
}

struct tv_scan_columns tv_series_columns(unsigned by, bool durations)
{
    struct tv_scan_columns columns = {.fields = 1U << TV_FIELD_TIME | 1U << TV_FIELD_TYPE |
                    1U << TV_FIELD_STATUS | 1U << TV_FIELD_SEVERITY};
    columns.fields |= by & TV_BY_SERVICE ? 1U << TV_FIELD_SERVICE : 0;
    columns.fields |= by & TV_BY_NAME ? 1U << TV_FIELD_NAME : 0;
    columns.fields |= durations ? 1U << TV_FIELD_DURATION : 0;
    columns.attributes = tv_http_status_attributes(&columns.attribute_count);
    return columns;
}

static int by_name(const void *left, const void *right)
{
    const struct tv_series *a = left, *b = right;
    int order = tv_series_compare(a->service, b->service);
    if (order == 0)
        order = tv_series_compare(a->type, b->type);
    return order ? order : tv_series_compare(a->name, b->name);
}

void tv_series_table_hand_over(struct tv_series_table *table, struct tv_series_list *out)
{
    uint32_t *order = tv_steps_sorted(&table->steps);
    size_t count = table->steps.count;
    out->points = tv_calloc(count + 1, sizeof(*out->points));
    out->point_count = count;
    for (size_t i = 0; i < count; i++) {
        struct tv_series *series = &table->items[table->steps.items[order[i]].series];
        out->points[i] = table->points[order[i]];
        if (series->count++ == 0)
            series->points = &out->points[i];
    }
    free(order);
    out->items = table->items;
    out->count = table->count;
    out->arena = table->arena;
    if (out->count)
        qsort(out->items, out->count, sizeof(*out->items), by_name);
    free(table->points);
    tv_steps_release(&table->steps);
    tv_map_release(&table->numbers);
    *table = (struct tv_series_table){
            .stepping = table->stepping, .by = table->by, .durations = table->durations};
}
