/* SPDX-License-Identifier: Apache-2.0 */
/* What a segment's metadata claim about its events, against the events.
 *
 * Everything is computed again from the decoded columns, not by the encoder's own code: a wrong zone
 * map or list makes a query pass a segment over in silence, and an encoder that is wrong twice would
 * agree with itself. The directory is the exception: it is gathered by the code that readers use. */
#include "store/check_internal.h"
#include "store/filter.h"
#include "store/seen.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

/* What values came to. */
struct found {
    uint32_t present;
    unsigned types;
    bool numbers; /* all are, and none is NaN */
    double min, max;
};

static void add_number(struct found *found, double value)
{
    found->numbers = found->numbers && !isnan(value);
    found->min = value < found->min ? value : found->min;
    found->max = value > found->max ? value : found->max;
}

/* Zones reach one step further than the values, since a double rounds. */
static void compare(struct tv_check_segment *at, const char *name, const struct found *found,
        const struct tv_segment_column *column)
{
    if (found->present != column->present)
        tv_check_wrong(
                at, "%s: %u values, the metadata say %u", name, found->present, column->present);
    if (found->types != column->types)
        tv_check_wrong(at, "%s: types %#x, the metadata say %#x", name, found->types,
                (unsigned)column->types);
    if (!column->zone.known)
        return;
    if (!found->numbers || !(column->zone.min < found->min) || !(column->zone.max > found->max) ||
            column->zone.min != nextafter(found->min, -INFINITY) ||
            column->zone.max != nextafter(found->max, INFINITY))
        tv_check_wrong(at, "%s: values from %.17g to %.17g, the zone map says %.17g to %.17g", name,
                found->min, found->max, column->zone.min, column->zone.max);
}

/* Lists of hashes: each value listed, each listed one there. */
struct tally {
    const struct tv_segment_column *column;
    bool *used;
    bool stray;
};

static void tally_init(struct tally *tally, const struct tv_segment_column *column)
{
    *tally = (struct tally){.column = column};
    tally->used = tv_calloc((size_t)column->value_count + 1, sizeof(*tally->used));
}

static void tally_add(struct tally *tally, uint32_t hash)
{
    bool listed = false;
    for (uint32_t i = 0; i < tally->column->value_count; i++)
        if (tally->column->values[i] == hash)
            listed = tally->used[i] = true;
    tally->stray = tally->stray || !listed;
}

static void tally_end(struct tv_check_segment *at, struct tally *tally, const char *name)
{
    uint32_t unused = 0;
    for (uint32_t i = 0; i < tally->column->value_count; i++)
        unused += !tally->used[i];
    if (tally->stray || unused)
        tv_check_wrong(at, "%s: the list of values does not name %s", name,
                tally->stray ? "all that occur" : "those that occur");
    free(tally->used);
}

/* `codes` of texts, `stride` bytes apart: each distinct one once. */
static void check_texts(struct tv_check_segment *at, const char *name,
        const struct tv_segment_column *column, const uint32_t *codes)
{
    const struct tv_batch *batch = at->view.batch;
    struct tally tally;
    if (column->value_count == 0)
        return;
    bool *met = tv_calloc((size_t)batch->strings.count + 1, sizeof(*met));
    tally_init(&tally, column);
    for (uint32_t i = 0; i < batch->rows; i++) {
        if (codes[i] == 0 || met[codes[i]])
            continue;
        met[codes[i]] = true;
        tally_add(&tally, tv_segment_hash(tv_strings_get(&batch->strings, codes[i])));
    }
    tally_end(at, &tally, name);
    free(met);
}

static void check_small(struct tv_check_segment *at, const char *name,
        const struct tv_segment_column *column, const uint8_t *cells)
{
    bool met[256] = {false};
    struct tally tally;
    if (column->value_count == 0)
        return;
    for (uint32_t i = 0; i < at->view.batch->rows; i++)
        met[cells[i]] = true;
    tally_init(&tally, column);
    for (uint32_t value = 1; value < 256; value++)
        if (met[value])
            tally_add(&tally, value);
    tally_end(at, &tally, name);
}

static struct found find_field(const struct tv_batch *batch, enum tv_field field)
{
    struct found found = {.min = INFINITY, .max = -INFINITY, .types = 1u << tv_field_type(field)};
    enum tv_column_type type = tv_field_column(field);
    found.numbers = type == TV_COLUMN_I64 || field == TV_FIELD_SEVERITY;
    for (uint32_t row = 0; row < batch->rows; row++) {
        if (type == TV_COLUMN_I64) {
            int64_t cell = tv_batch_i64(batch, field)[row];
            found.present += cell != TV_ABSENT_I64;
            if (cell != TV_ABSENT_I64)
                add_number(&found, (double)cell);
        } else if (type == TV_COLUMN_U8) {
            uint8_t cell = tv_batch_u8(batch, field)[row];
            found.present += cell != 0;
            if (cell != 0)
                add_number(&found, cell);
        } else if (type == TV_COLUMN_U64) {
            found.present += tv_batch_u64(batch, field)[row] != 0;
        } else if (type == TV_COLUMN_ID) {
            struct tv_id id = tv_batch_ids(batch, field)[row];
            found.present += (id.hi | id.lo) != 0;
        } else {
            found.present += tv_batch_codes(batch, field)[row] != 0;
        }
    }
    return found;
}

void tv_check_field(struct tv_check_segment *at, enum tv_field field)
{
    const struct tv_batch *batch = at->view.batch;
    const struct tv_segment_column *column = &at->segment->fields[field];
    struct tv_arena scratch = {0};
    const char *name = tv_arena_printf(&scratch, "column %s", tv_field_name(field)).ptr;
    struct found found = find_field(batch, field);
    compare(at, name, &found, column);
    if (tv_field_column(field) == TV_COLUMN_CODE)
        check_texts(at, name, column, tv_batch_codes(batch, field));
    else if (tv_field_column(field) == TV_COLUMN_U8)
        check_small(at, name, column, tv_batch_u8(batch, field));
    tv_arena_release(&scratch);
}

static void add_entry(struct found *found, uint8_t type, uint64_t bits)
{
    double value = 0;
    found->present++;
    found->types |= 1u << type;
    if (type == TV_TYPE_F64)
        memcpy(&value, &bits, sizeof(value));
    else if (type == TV_TYPE_BOOL || type == TV_TYPE_I64)
        value = (double)(int64_t)bits;
    else
        found->numbers = false;
    add_number(found, value);
}

void tv_check_attr(struct tv_check_segment *at, uint32_t index)
{
    const struct tv_batch *batch = at->view.batch;
    const struct tv_segment_attr *wanted = &at->segment->attrs[index];
    uint32_t place = tv_batch_find_attr(batch, wanted->name);
    const struct tv_attr *attr = &batch->attrs[place];
    struct tv_arena scratch = {0};
    const char *name = tv_arena_printf(&scratch, "attribute %.*s", TV_STR_ARG(wanted->name)).ptr;
    struct found found = {.min = INFINITY, .max = -INFINITY, .numbers = true};
    uint32_t *codes = tv_calloc((size_t)batch->rows + 1, sizeof(*codes));
    for (uint32_t i = 0; i < attr->count; i++) {
        add_entry(&found, attr->types[i], attr->bits[i]);
        codes[i] = attr->types[i] == TV_TYPE_STR ? (uint32_t)attr->bits[i] : 0;
    }
    compare(at, name, &found, &wanted->column);
    check_texts(at, name, &wanted->column, codes);
    free(codes);
    tv_arena_release(&scratch);
}

static void check_extent(struct tv_check_segment *at)
{
    struct tv_extent real = tv_extent_of(at->view.batch);
    const struct tv_extent *said = &at->segment->extent;
    const struct {
        const char *name;
        int64_t real_min, real_max, said_min, said_max;
    } ranges[] = {
            {"timestamp", real.min_time, real.max_time, said->min_time, said->max_time},
            {"durationNs", real.min_end, real.max_end, said->min_end, said->max_end},
            {"receivedAt", real.min_received, real.max_received, said->min_received,
                    said->max_received},
            {"arrival", (int64_t)real.min_arrival, (int64_t)real.max_arrival,
                    (int64_t)said->min_arrival, (int64_t)said->max_arrival},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (ranges[i].real_min != ranges[i].said_min || ranges[i].real_max != ranges[i].said_max)
            tv_check_wrong(at,
                    "column %s: the events reach from %lld to %lld, the extent from %lld to %lld",
                    ranges[i].name, (long long)ranges[i].real_min, (long long)ranges[i].real_max,
                    (long long)ranges[i].said_min, (long long)ranges[i].said_max);
}

/* By time, then by arrival number, none twice. */
static void check_order(struct tv_check_segment *at)
{
    const struct tv_batch *batch = at->view.batch;
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    const uint64_t *arrivals = tv_batch_u64(batch, TV_FIELD_ARRIVAL);
    for (uint32_t row = 1; row < batch->rows; row++) {
        if (times[row - 1] < times[row] ||
                (times[row - 1] == times[row] && arrivals[row - 1] < arrivals[row]))
            continue;
        tv_check_wrong(at, "column timestamp: row %u is out of order", row);
        return;
    }
}

static int by_service(const void *a, const void *b)
{
    const struct tv_seen_entry *left = a, *right = b;
    int order = tv_str_compare(left->service, right->service);
    return order ? order : tv_str_compare(left->instance, right->instance);
}

/* Which version won among events of one nanosecond is not recorded, so it is not compared. */
static bool same_service(const struct tv_seen_entry *real, const struct tv_segment_service *said)
{
    return tv_str_equal(real->service, said->service) &&
            tv_str_equal(real->instance, said->instance) && real->rows == said->rows &&
            real->errors == said->errors && real->first == said->first &&
            real->last == said->last && real->changed == said->changed &&
            real->version_time == said->version_time && !real->version.ptr == !said->version.ptr;
}

static void compare_directory(struct tv_check_segment *at, const struct tv_seen *seen)
{
    const struct tv_segment *segment = at->segment;
    if (seen->count != segment->service_count) {
        tv_check_wrong(at, "directory: lists %u services and instances, the events are of %zu",
                segment->service_count, seen->count);
        return;
    }
    for (size_t i = 0; i < seen->count; i++)
        if (!same_service(&seen->entries[i], &segment->services[i]))
            tv_check_wrong(at,
                    "directory: %.*s has %llu events, %llu errors; listed is %.*s with %u, %u",
                    TV_STR_ARG(seen->entries[i].service), (unsigned long long)seen->entries[i].rows,
                    (unsigned long long)seen->entries[i].errors,
                    TV_STR_ARG(segment->services[i].service), segment->services[i].rows,
                    segment->services[i].errors);
}

static void check_directory(struct tv_check_segment *at)
{
    struct tv_arena arena = {0};
    struct tv_seen seen = {.arena = &arena};
    if (!at->segment->services_known)
        return;
    tv_seen_add_rows(&seen, at->view.batch, NULL, at->view.batch->rows);
    if (seen.count)
        qsort(seen.entries, seen.count, sizeof(*seen.entries), by_service);
    compare_directory(at, &seen);
    tv_seen_release(&seen);
    tv_arena_release(&arena);
}

void tv_check_rows(struct tv_check_segment *at)
{
    check_extent(at);
    check_order(at);
    check_directory(at);
}

/* The key of a row's id; false if it has none. */
static bool key_of(
        const struct tv_batch *batch, enum tv_filter_kind kind, uint32_t row, uint64_t *out)
{
    if (kind == TV_FILTER_EVENT) {
        struct tv_str id = tv_batch_text(batch, TV_FIELD_EVENT_ID, row);
        *out = id.ptr ? tv_filter_event_key(id) : 0;
        return id.ptr;
    }
    if (kind == TV_FILTER_TRACE) {
        const struct tv_id *ids = tv_batch_ids(batch, TV_FIELD_TRACE_ID);
        bool present = ids && (ids[row].hi | ids[row].lo);
        *out = present ? tv_filter_trace_key(ids[row]) : 0;
        return present;
    }
    const uint64_t *ids = tv_batch_u64(batch, TV_FIELD_SPAN_ID);
    bool present = ids && ids[row];
    *out = present ? tv_filter_span_key(ids[row]) : 0;
    return present;
}

void tv_check_filter(struct tv_check_segment *at, enum tv_filter_kind kind)
{
    static const char *const names[] = {"event", "trace", "span"};
    static const enum tv_field fields[] = {TV_FIELD_EVENT_ID, TV_FIELD_TRACE_ID, TV_FIELD_SPAN_ID};
    const struct tv_batch *batch = at->view.batch;
    const struct tv_block *block = &at->segment->filters[kind];
    const uint8_t *filter = (const uint8_t *)at->payload.ptr + block->offset;
    uint32_t missed = 0, keys = 0;
    for (uint32_t row = 0; row < batch->rows; row++) {
        uint64_t key = 0;
        if (!key_of(batch, kind, row, &key))
            continue;
        keys++;
        missed += block->bytes < TV_FILTER_BLOCK_BYTES ||
                !tv_filter_may_hold(filter + tv_filter_block(block->bytes, key), key);
    }
    if (missed)
        tv_check_wrong(at, "filter %s: %u of %u ids are not in it", names[kind], missed, keys);
    if (block->bytes && !at->segment->fields[fields[kind]].block.bytes)
        tv_check_wrong(at, "filter %s: stands, but column %s is missing", names[kind],
                tv_field_name(fields[kind]));
}
