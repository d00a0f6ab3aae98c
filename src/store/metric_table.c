/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics added up by series and step.
 *
 * Attributes are columns here, so labels are put together column by column: each text attribute mixes
 * its name and value into a number of the row, and only where a number is new to the batch are the
 * labels written out. Rows of one service, instance and set of labels share a group; a group and an
 * attribute make a series. Two sets of labels of one batch share a number about once in 2^64 ÷ sets². */
#include "store/series_table.h"

#include "base/hash.h"
#include "base/json_out.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

static const struct tv_value metric_types[] = {{.type = TV_TYPE_STR, .s = {"metric", 6}},
        {.type = TV_TYPE_STR, .s = {"system:metrics", 14}}};

void tv_metric_table_release(struct tv_metric_table *table)
{
    free(table->points);
    free(table->items);
    tv_steps_release(&table->steps);
    tv_map_release(&table->numbers);
    tv_arena_release(&table->arena);
    tv_arena_release(&table->scratch);
}

struct tv_pred *tv_metric_pred(struct tv_arena *arena)
{
    return tv_pred_in(arena, tv_field_ref_fixed(TV_FIELD_TYPE), metric_types, 2);
}

uint32_t tv_metric_table_number(struct tv_metric_table *table, const struct tv_metric_series *names)
{
    static const struct tv_str none = {NULL, 0};
    struct tv_metric_series kept = {.service = names->service,
            .instance = table->by & TV_BY_INSTANCE ? names->instance : none,
            .metric = names->metric,
            .labels = table->by & TV_BY_LABELS ? names->labels : none};
    struct tv_buf key = {0};
    bool added = false;
    tv_series_put_name(&key, kept.service);
    tv_series_put_name(&key, kept.instance);
    tv_series_put_name(&key, kept.metric);
    tv_series_put_name(&key, kept.labels);
    uint64_t *number = tv_map_put_copy(&table->numbers, &table->arena, tv_buf_str(&key), &added);
    tv_buf_release(&key);
    if (!added)
        return (uint32_t)*number;
    if (table->count == table->cap) {
        table->cap = (uint32_t)tv_grown(table->cap, (size_t)table->count + 1, 64);
        table->items = tv_realloc_array(table->items, table->cap, sizeof(*table->items));
    }
    *number = table->count;
    table->bytes += sizeof(*table->items) + kept.labels.len;
    table->items[table->count] =
            (struct tv_metric_series){.service = tv_series_keep(&table->arena, kept.service),
                    .instance = tv_series_keep(&table->arena, kept.instance),
                    .metric = tv_series_keep(&table->arena, kept.metric),
                    .labels = tv_series_keep(&table->arena, kept.labels)};
    return table->count++;
}

static struct tv_metric_point *point_of(
        struct tv_metric_table *table, uint32_t number, int64_t time)
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
    table->points[at] = (struct tv_metric_point){.time = step};
    table->bytes += sizeof(*table->points);
    return &table->points[at];
}

void tv_metric_table_merge(
        struct tv_metric_table *table, uint32_t number, const struct tv_metric_point *point)
{
    struct tv_metric_point *into = point_of(table, number, point->time);
    bool later = point->last_time != into->last_time ? point->last_time > into->last_time
                                                     : point->last_arrival >= into->last_arrival;
    if (into->count == 0) {
        int64_t time = into->time;
        *into = *point;
        into->time = time;
        return;
    }
    into->count += point->count;
    into->sum += point->sum;
    into->min = fmin(into->min, point->min);
    into->max = fmax(into->max, point->max);
    if (!later)
        return;
    into->last = point->last;
    into->last_time = point->last_time;
    into->last_arrival = point->last_arrival;
}

/* A batch while its rows are added. */
struct adding {
    struct tv_metric_table *table;
    const struct tv_batch *batch;
    const uint32_t *services, *instances; /* NULL: absent */
    const int64_t *times;
    const uint64_t *arrivals;
    uint32_t *sorted; /* attributes by name */
    uint64_t *labels; /* by row: a number of its labels; 0: none */
    uint32_t *groups; /* by row: + 1; 0: not selected */
    uint32_t *row_of; /* by group: the first row of it */
    uint32_t group_count, group_cap;
    struct tv_steps found; /* (codes, labels) → group */
};

struct named {
    struct tv_str name;
    uint32_t index;
};

static int compare_named(const void *left, const void *right)
{
    return tv_str_compare(((const struct named *)left)->name, ((const struct named *)right)->name);
}

static void sort_attributes(struct adding *adding)
{
    const struct tv_batch *batch = adding->batch;
    struct tv_arena *scratch = &adding->table->scratch;
    struct named *named = tv_arena_calloc(scratch, (size_t)batch->attr_count + 1, sizeof(*named));
    for (uint32_t i = 0; i < batch->attr_count; i++)
        named[i] = (struct named){tv_strings_get(&batch->strings, batch->attrs[i].name), i};
    qsort(named, batch->attr_count, sizeof(*named), compare_named);
    adding->sorted = tv_arena_calloc(scratch, (size_t)batch->attr_count + 1, sizeof(uint32_t));
    for (uint32_t i = 0; i < batch->attr_count; i++)
        adding->sorted[i] = named[i].index;
}

/* Texts may stand in a batch twice, so values are told apart by content. */
static void mix_labels(struct adding *adding)
{
    const struct tv_batch *batch = adding->batch;
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        const struct tv_attr *attr = &batch->attrs[adding->sorted[i]];
        uint64_t name = tv_mix64(attr->name);
        for (uint32_t cell = 0; cell < attr->count; cell++) {
            if (attr->types[cell] != TV_TYPE_STR || !adding->groups[attr->rows[cell]])
                continue;
            struct tv_str text = tv_strings_get(&batch->strings, (uint32_t)attr->bits[cell]);
            uint64_t *number = &adding->labels[attr->rows[cell]];
            *number = tv_mix64(*number ^ name ^ tv_hash64(text.ptr, text.len));
        }
    }
}

static struct tv_str write_labels(struct adding *adding, uint32_t row)
{
    struct tv_buf text = {0};
    struct tv_json_out json = {.out = &text};
    if (adding->labels[row] == 0)
        return TV_STR("");
    tv_json_object(&json);
    for (uint32_t i = 0; i < adding->batch->attr_count; i++) {
        uint32_t index = adding->sorted[i];
        struct tv_value value = tv_batch_attr_value(adding->batch, index, row);
        if (value.type != TV_TYPE_STR)
            continue;
        tv_json_key_str(
                &json, tv_strings_get(&adding->batch->strings, adding->batch->attrs[index].name));
        tv_json_str(&json, value.s);
    }
    tv_json_end(&json);
    struct tv_str kept = tv_arena_str(&adding->table->scratch, tv_buf_str(&text));
    tv_buf_release(&text);
    return kept;
}

static uint32_t group_of(struct adding *adding, uint32_t row)
{
    uint32_t service = adding->services ? adding->services[row] : 0;
    uint32_t instance = adding->instances ? adding->instances[row] : 0;
    uint64_t labels = tv_mix64(adding->labels[row] ^ tv_mix64(instance));
    uint32_t group = tv_steps_put(&adding->found, service, (int64_t)labels);
    if (group < adding->group_count)
        return group;
    if (group == adding->group_cap) {
        adding->group_cap = (uint32_t)tv_grown(adding->group_cap, (size_t)group + 1, 256);
        adding->row_of =
                tv_realloc_array(adding->row_of, adding->group_cap, sizeof(*adding->row_of));
    }
    adding->row_of[group] = row;
    return adding->group_count++;
}

/* Marks the rows, then gives each its group. */
static void make_groups(struct adding *adding, const struct tv_scan_batch *in)
{
    for (uint32_t i = 0; i < in->count; i++)
        adding->groups[in->rows[i]] = 1;
    if (adding->table->by & TV_BY_LABELS)
        mix_labels(adding);
    for (uint32_t i = 0; i < in->count; i++)
        adding->groups[in->rows[i]] = group_of(adding, in->rows[i]) + 1;
}

/* The series of each group for one metric, + 1; made when first met. */
static uint32_t series_of(
        struct adding *adding, uint32_t *known, uint32_t row, const struct tv_attr *attr)
{
    const struct tv_batch *batch = adding->batch;
    uint32_t group = adding->groups[row] - 1;
    if (known[group])
        return known[group] - 1;
    uint32_t first = adding->row_of[group];
    struct tv_metric_series names = {.service = tv_batch_text(batch, TV_FIELD_SERVICE, first),
            .instance = tv_batch_text(batch, TV_FIELD_INSTANCE, first),
            .metric = tv_strings_get(&batch->strings, attr->name),
            .labels = write_labels(adding, first)};
    known[group] = tv_metric_table_number(adding->table, &names) + 1;
    return known[group] - 1;
}

static void add_metric(struct adding *adding, uint32_t index, uint32_t *known)
{
    const struct tv_batch *batch = adding->batch;
    const struct tv_attr *attr = &batch->attrs[index];
    memset(known, 0, adding->group_count * sizeof(*known));
    for (uint32_t cell = 0; cell < attr->count; cell++) {
        uint32_t row = attr->rows[cell];
        bool number = attr->types[cell] == TV_TYPE_I64 || attr->types[cell] == TV_TYPE_F64;
        double value = 0;
        if (!number || !adding->groups[row] ||
                !tv_value_number(tv_batch_entry_value(batch, attr, cell), &value) ||
                !isfinite(value))
            continue;
        struct tv_metric_point point = {.time = adding->times[row],
                .count = 1,
                .sum = value,
                .min = value,
                .max = value,
                .last = value,
                .last_time = adding->times[row],
                .last_arrival = adding->arrivals ? adding->arrivals[row] : 0};
        tv_metric_table_merge(adding->table, series_of(adding, known, row, attr), &point);
    }
}

static void add_metrics(struct adding *adding)
{
    struct tv_metric_table *table = adding->table;
    uint32_t *known =
            tv_arena_calloc(&table->scratch, (size_t)adding->group_count + 1, sizeof(*known));
    for (uint32_t i = 0; i < adding->batch->attr_count; i++) {
        struct tv_str name = tv_strings_get(&adding->batch->strings, adding->batch->attrs[i].name);
        if (!table->metric.ptr || tv_str_equal(table->metric, name))
            add_metric(adding, i, known);
    }
}

bool tv_metric_table_add_few(
        struct tv_metric_table *table, const struct tv_scan_batch *in, uint32_t most)
{
    const struct tv_batch *batch = in->batch;
    struct adding adding = {.table = table,
            .batch = batch,
            .services = tv_batch_codes(batch, TV_FIELD_SERVICE),
            .times = tv_batch_i64(batch, TV_FIELD_TIME),
            .arrivals = tv_batch_u64(batch, TV_FIELD_ARRIVAL)};
    if (table->by & TV_BY_INSTANCE)
        adding.instances = tv_batch_codes(batch, TV_FIELD_INSTANCE);
    adding.labels = tv_arena_calloc(&table->scratch, (size_t)batch->rows + 1, sizeof(uint64_t));
    adding.groups = tv_arena_calloc(&table->scratch, (size_t)batch->rows + 1, sizeof(uint32_t));
    sort_attributes(&adding);
    make_groups(&adding, in);
    bool few = adding.group_count <= most;
    if (few)
        add_metrics(&adding);
    free(adding.row_of);
    tv_steps_release(&adding.found);
    tv_arena_release(&table->scratch);
    return few;
}

void tv_metric_table_add(struct tv_metric_table *table, const struct tv_scan_batch *in)
{
    bool all = tv_metric_table_add_few(table, in, UINT32_MAX);
    TV_ASSERT(all);
}

static int by_name(const void *left, const void *right)
{
    const struct tv_metric_series *a = left, *b = right;
    int order = tv_series_compare(a->service, b->service);
    if (order == 0)
        order = tv_series_compare(a->instance, b->instance);
    if (order == 0)
        order = tv_series_compare(a->metric, b->metric);
    return order ? order : tv_series_compare(a->labels, b->labels);
}

void tv_metric_table_hand_over(struct tv_metric_table *table, struct tv_metric_list *out)
{
    uint32_t *order = tv_steps_sorted(&table->steps);
    size_t count = table->steps.count;
    out->points = tv_calloc(count + 1, sizeof(*out->points));
    out->point_count = count;
    for (size_t i = 0; i < count; i++) {
        struct tv_metric_series *series = &table->items[table->steps.items[order[i]].series];
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
    tv_arena_release(&table->scratch);
    *table = (struct tv_metric_table){
            .stepping = table->stepping, .by = table->by, .metric = table->metric};
}
