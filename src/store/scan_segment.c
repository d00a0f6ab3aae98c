/* SPDX-License-Identifier: Apache-2.0 */
/* A scan's work on one segment: cheap questions first, then the columns that decide, then the rest.
 *
 * 1. zones, value lists and the directory, in memory; 2. for each id or text asked for the prints,
 * once a scan, and one block of the segment's own filter; 3. time, and what the predicate reads; 4. if any row is left, the columns asked for. */
#include "store/scan_internal.h"

#include "store/filter.h"

enum { FEW_SHARE = 64 }; /* rows are picked where one in so many is selected, or fewer */

/* The predicate's questions about a segment, and whether a filter gave the answer. */
struct asked {
    struct tv_scan *scan;
    const struct tv_segment *segment;
    bool filtered;
    enum tv_status status; /* of reading filters */
    struct tv_error err;
};

static const struct tv_segment_column *column_of(
        const struct tv_segment *segment, const struct tv_field_ref *field)
{
    return field->class == TV_FIELD_FIXED ? &segment->fields[field->field]
                                          : tv_segment_find_attr(segment, field->name);
}

static bool in_overflow(const struct tv_segment *segment, struct tv_str name)
{
    uint32_t hash = tv_segment_hash(name);
    for (uint32_t i = 0; i < segment->overflow_count; i++)
        if (tv_segment_listed(segment->overflows[i].names, segment->overflows[i].name_count, hash))
            return true;
    return false;
}

/* low > high says that no row has the field. */
static bool no_row(double *min, double *max)
{
    *min = 1;
    *max = 0;
    return true;
}

static bool zone_range(void *ctx, const struct tv_field_ref *field, double *min, double *max)
{
    const struct asked *asked = ctx;
    if (field->class == TV_FIELD_VIRTUAL)
        return false;
    const struct tv_segment_column *column = column_of(asked->segment, field);
    if (!column)
        return !in_overflow(asked->segment, field->name) && no_row(min, max);
    if (column->block.bytes == 0)
        return no_row(min, max);
    if (!column->zone.known)
        return false;
    *min = column->zone.min;
    *max = column->zone.max;
    return true;
}

static enum tv_probe_answer ask_prints(struct asked *asked, enum tv_prints_kind kind, uint64_t key)
{
    struct tv_probe question = {.kind = kind, .key = key};
    struct tv_scan *scan = asked->scan;
    enum tv_probe_answer answer = tv_probe(
            &scan->probes, scan->snapshot->prints, &scan->db, &question, asked->segment->id);
    asked->filtered = asked->filtered || answer == TV_PROBE_NO;
    return answer;
}

/* Asks the prints, and where these do not say no the segment's own filter, by one block of it. */
static bool ask_filter(struct asked *asked, enum tv_filter_kind kind, uint64_t key)
{
    uint8_t block[TV_FILTER_BLOCK_BYTES];
    const struct tv_block *filter = &asked->segment->filters[kind];
    if (filter->bytes == 0)
        return false; /* no row of it has such an id */
    if (ask_prints(asked, (enum tv_prints_kind)kind, key) == TV_PROBE_NO)
        return false;
    struct tv_run run = {filter->offset + tv_filter_block(filter->bytes, key), sizeof(block)};
    asked->status = tv_run_read(&asked->scan->db, asked->segment, run, block, &asked->err);
    asked->scan->stats.bytes += sizeof(block);
    if (asked->status != TV_OK || tv_filter_may_hold(block, key))
        return true;
    asked->filtered = true;
    return false;
}

static bool id_may_equal(struct asked *asked, enum tv_field field, struct tv_str text)
{
    struct tv_id trace;
    uint64_t span = 0;
    if (field == TV_FIELD_EVENT_ID)
        return ask_filter(asked, TV_FILTER_EVENT, tv_filter_event_key(text));
    if (field == TV_FIELD_TRACE_ID) {
        (void)tv_trace_id_from_text(text, &trace);
        return (trace.hi | trace.lo) == 0 ||
                ask_filter(asked, TV_FILTER_TRACE, tv_filter_trace_key(trace));
    }
    (void)tv_span_id_from_text(text, &span);
    return span == 0 || ask_filter(asked, TV_FILTER_SPAN, tv_filter_span_key(span));
}

static bool service_may_equal(
        const struct tv_segment *segment, enum tv_field field, struct tv_str text)
{
    for (uint32_t i = 0; i < segment->service_count; i++) {
        const struct tv_segment_service *known = &segment->services[i];
        if (tv_str_equal(field == TV_FIELD_SERVICE ? known->service : known->instance, text))
            return true;
    }
    return !segment->services_known;
}

static bool fixed_may_equal(struct asked *asked, enum tv_field field, struct tv_str text)
{
    const struct tv_segment_column *column = &asked->segment->fields[field];
    uint8_t number = 0;
    if (column->block.bytes == 0)
        return false;
    if (field == TV_FIELD_EVENT_ID || field == TV_FIELD_TRACE_ID || field == TV_FIELD_SPAN_ID)
        return id_may_equal(asked, field, text);
    if (field == TV_FIELD_SERVICE || field == TV_FIELD_INSTANCE)
        return service_may_equal(asked->segment, field, text);
    if (column->value_count == 0)
        return true;
    if (tv_field_column(field) == TV_COLUMN_CODE)
        return tv_segment_listed(column->values, column->value_count, tv_segment_hash(text));
    if (tv_field_column(field) == TV_COLUMN_U8 && tv_enum_from_text(field, text, &number))
        return tv_segment_listed(column->values, column->value_count, number);
    return true;
}

/* A list of the column's texts in memory, or the prints of those that have none. */
static bool attribute_may_equal(
        struct asked *asked, const struct tv_field_ref *field, struct tv_value value)
{
    const struct tv_segment_column *column = column_of(asked->segment, field);
    if (!column && !in_overflow(asked->segment, field->name))
        return false;
    if (value.type != TV_TYPE_STR)
        return true;
    if (column && column->value_count)
        return tv_segment_listed(column->values, column->value_count, tv_segment_hash(value.s));
    return ask_prints(asked, TV_PRINTS_VALUE, tv_print_value_key(field->name, value.s)) !=
            TV_PROBE_NO;
}

static bool zone_may_equal(void *ctx, const struct tv_field_ref *field, struct tv_value value)
{
    struct asked *asked = ctx;
    if (field->class == TV_FIELD_VIRTUAL || asked->status != TV_OK)
        return true;
    if (field->class == TV_FIELD_ATTRIBUTE)
        return attribute_may_equal(asked, field, value);
    return value.type != TV_TYPE_STR || fixed_may_equal(asked, field->field, value.s);
}

static bool zone_may_be_number(void *ctx, const struct tv_field_ref *field)
{
    const struct asked *asked = ctx;
    const struct tv_segment_column *column =
            field->class == TV_FIELD_ATTRIBUTE ? column_of(asked->segment, field) : NULL;
    return !column || column->types & ~(1u << TV_TYPE_STR | 1u << TV_TYPE_JSON);
}

static enum tv_status prune(
        struct tv_scan *scan, const struct tv_segment *segment, bool *keep, struct tv_error *err)
{
    struct asked asked = {.scan = scan, .segment = segment, .status = TV_OK};
    struct tv_pred_zones zones = {&asked, zone_range, zone_may_equal, zone_may_be_number};
    *keep = !scan->spec.where || tv_pred_may_match(scan->spec.where, &zones);
    if (asked.status != TV_OK && err)
        *err = asked.err;
    if (asked.status == TV_OK && !*keep && asked.filtered)
        scan->stats.pruned_filter++;
    else if (asked.status == TV_OK && !*keep)
        scan->stats.pruned_zone++;
    return asked.status;
}

/* Collects the columns that a predicate reads. */
struct needs {
    struct tv_scan_columns columns;
    struct tv_str *names;
    size_t cap;
    struct tv_arena *arena;
};

static void need_field(void *ctx, const struct tv_field_ref *field)
{
    struct needs *needs = ctx;
    if (field->class == TV_FIELD_FIXED) {
        needs->columns.fields |= 1u << field->field;
        return;
    }
    size_t count = needs->columns.attribute_count;
    if (count == needs->cap) {
        needs->cap = needs->cap ? needs->cap * 2 : 8;
        needs->names =
                tv_arena_grow(needs->arena, needs->names, count, needs->cap, sizeof(*needs->names));
    }
    needs->names[needs->columns.attribute_count++] = field->name;
    needs->columns.attributes = needs->names;
}

static struct tv_scan_columns deciding_columns(
        struct tv_scan *scan, const struct tv_segment *segment)
{
    const struct tv_scan_spec *spec = &scan->spec;
    struct needs needs = {.columns.timeless = true, .arena = &scan->scratch};
    if (spec->where)
        tv_pred_fields(spec->where, need_field, &needs);
    if (tv_scan_holds(spec, &segment->extent))
        return needs.columns;
    needs.columns.timeless = false;
    if (spec->overlapping)
        needs.columns.fields |= 1u << TV_FIELD_DURATION;
    if (segment->extent.min_arrival < spec->arrival_from ||
            segment->extent.max_arrival > spec->arrival_to)
        needs.columns.fields |= 1u << TV_FIELD_ARRIVAL;
    return needs.columns;
}

static uint32_t select_rows(
        struct tv_scan *scan, const struct tv_segment *segment, const struct tv_batch *batch)
{
    uint32_t *rows = tv_scan_rows(scan, batch->rows);
    if (tv_scan_holds(&scan->spec, &segment->extent))
        return tv_pred_select(scan->spec.where, batch, rows, &scan->scratch);
    uint32_t count = tv_scan_window(&scan->spec, batch, rows);
    if (count && scan->spec.where)
        count = tv_pred_filter(scan->spec.where, batch, rows, count, &scan->scratch);
    return count;
}

/* The rows of the selection become those of a batch that has no others. */
static enum tv_status pick_rows(struct tv_scan *scan, uint32_t count, struct tv_error *err)
{
    struct tv_view_pick pick = {scan->spec.columns, {scan->rows, count}};
    enum tv_status status = tv_view_pick(&scan->view, &scan->db, &pick, &scan->picked, err);
    for (uint32_t i = 0; i < count; i++)
        scan->rows[i] = i;
    return status;
}

static enum tv_status read_segment(struct tv_scan *scan, const struct tv_segment *segment,
        const struct tv_scan_columns *deciding, struct tv_scan_batch *out, struct tv_error *err)
{
    tv_view_init(&scan->view, segment);
    enum tv_status status = tv_view_load(&scan->view, &scan->db, deciding, err);
    uint32_t count = status == TV_OK ? select_rows(scan, segment, scan->view.batch) : 0;
    bool few = count > 0 && count <= segment->extent.rows / FEW_SHARE &&
            !tv_view_covers(&scan->view, segment, &scan->spec.columns);
    if (few)
        status = pick_rows(scan, count, err);
    else if (count)
        status = tv_view_load(&scan->view, &scan->db, &scan->spec.columns, err);
    scan->stats.bytes += scan->view.bytes;
    if (status == TV_OK)
        *out = (struct tv_scan_batch){few ? scan->picked : scan->view.batch, scan->rows, count};
    else
        tv_view_release(&scan->view); /* half of it is not worth keeping */
    return status;
}

static enum tv_status find_or_read(struct tv_scan *scan, const struct tv_segment *segment,
        struct tv_scan_batch *out, struct tv_error *err)
{
    struct tv_scan_columns deciding = deciding_columns(scan, segment);
    struct tv_cache *cache = scan->snapshot->store->cache;
    scan->stats.segments_read++;
    scan->stats.events += segment->extent.rows;
    scan->cached = tv_cache_find(cache, segment, &deciding, &scan->spec.columns);
    if (!scan->cached)
        return read_segment(scan, segment, &deciding, out, err);
    const struct tv_batch *batch = scan->cached->view.batch;
    uint32_t count = select_rows(scan, segment, batch);
    *out = (struct tv_scan_batch){batch, scan->rows, count};
    return TV_OK;
}

void tv_scan_retire(struct tv_scan *scan)
{
    tv_cached_unref(scan->cached);
    scan->cached = NULL;
    if (scan->picked)
        tv_view_release(&scan->view); /* what it says it has looked at it does not hold */
    tv_batch_unref(scan->picked);
    scan->picked = NULL;
    if (scan->view.batch)
        tv_cache_put(scan->snapshot->store->cache, &scan->view);
}

enum tv_status tv_scan_segment(struct tv_scan *scan, struct tv_segment *segment,
        struct tv_scan_batch *out, struct tv_error *err)
{
    struct tv_store *store = scan->snapshot->store;
    bool keep = false;
    enum tv_status status = TV_OK;
    if (atomic_load(&segment->corrupt))
        return TV_OK;
    if (!scan->db.sql)
        status = tv_pool_take(store, &scan->db, err);
    if (status == TV_OK)
        status = prune(scan, segment, &keep, err);
    if (status == TV_OK && keep)
        status = find_or_read(scan, segment, out, err);
    if (status != TV_CORRUPT)
        return status;
    tv_store_set_aside(store, segment);
    return TV_OK;
}
