/* SPDX-License-Identifier: Apache-2.0 */
/* One segment: its blocks must fill the payload, fit their sums, and decode.
 *
 * Decoding is what queries use, block by block, so that each problem names its column. A block that
 * is wrong leaves its column out; what compares columns with each other is then not looked at, since
 * it could only repeat the same. */
#include "store/check_internal.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

/* A block and whose it is. */
struct piece {
    const struct tv_block *block;
    struct tv_str name;
    const char *kind;
};

struct pieces {
    struct piece *items;
    size_t count, cap;
};

static const char *const filter_names[] = {"event", "trace", "span"};

static void add_piece(
        struct pieces *pieces, const struct tv_block *block, const char *kind, struct tv_str name)
{
    if (block->bytes == 0)
        return;
    if (pieces->count == pieces->cap) {
        pieces->cap = tv_grown(pieces->cap, pieces->count + 1, 64);
        pieces->items = tv_realloc_array(pieces->items, pieces->cap, sizeof(*pieces->items));
    }
    pieces->items[pieces->count++] = (struct piece){block, name, kind};
}

static void list_pieces(const struct tv_segment *segment, struct pieces *out)
{
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        add_piece(out, &segment->fields[i].block, "column",
                tv_str_of(tv_field_name((enum tv_field)i)));
    for (uint32_t i = 0; i < segment->attr_count; i++)
        add_piece(out, &segment->attrs[i].column.block, "attribute", segment->attrs[i].name);
    for (uint32_t i = 0; i < segment->overflow_count; i++)
        add_piece(out, &segment->overflows[i].block, "column", TV_STR("overflow"));
    for (int i = 0; i < TV_FILTER_COUNT; i++)
        add_piece(out, &segment->filters[i], "filter", tv_str_of(filter_names[i]));
}

static int by_offset(const void *a, const void *b)
{
    uint64_t left = ((const struct piece *)a)->block->offset;
    uint64_t right = ((const struct piece *)b)->block->offset;
    return (left > right) - (left < right);
}

/* A block that the metadata have lost leaves a gap. */
static void check_cover(struct tv_check_segment *at)
{
    struct pieces pieces = {0};
    uint64_t end = 0;
    list_pieces(at->segment, &pieces);
    if (pieces.count)
        qsort(pieces.items, pieces.count, sizeof(*pieces.items), by_offset);
    for (size_t i = 0; i < pieces.count; i++) {
        const struct piece *piece = &pieces.items[i];
        if (piece->block->offset != end)
            tv_check_wrong(at, "%s %.*s: begins at byte %llu of the payload, not at %llu",
                    piece->kind, TV_STR_ARG(piece->name), (unsigned long long)piece->block->offset,
                    (unsigned long long)end);
        end = piece->block->offset + piece->block->bytes;
    }
    if (end != at->segment->payload_bytes)
        tv_check_wrong(at, "payload: %llu bytes, columns for %llu: a column is missing",
                (unsigned long long)at->segment->payload_bytes, (unsigned long long)end);
    free(pieces.items);
}

/* The metadata were read with the payload's length in mind, so every block lies inside. */
static bool sum_fits(const struct tv_check_segment *at, const struct tv_block *block)
{
    return tv_hash64(at->payload.ptr + block->offset, block->bytes) == block->sum;
}

static struct tv_reader reader_of(const struct tv_check_segment *at, const struct tv_block *block)
{
    const uint8_t *start = (const uint8_t *)at->payload.ptr + block->offset;
    return (struct tv_reader){start, start + block->bytes};
}

static void damage(struct tv_check_segment *at, const char *kind, struct tv_str name, bool sum)
{
    at->damaged = true;
    tv_check_wrong(at, "%s %.*s: %s", kind, TV_STR_ARG(name),
            sum ? "cannot be decoded" : "the checksum does not match");
}

/* Columns without which an event is none. */
static bool is_required(enum tv_field field)
{
    return field == TV_FIELD_TIME || field == TV_FIELD_ARRIVAL || field == TV_FIELD_RECEIVED ||
            field == TV_FIELD_SERVICE;
}

static void check_missing(struct tv_check_segment *at, enum tv_field field)
{
    if (!is_required(field))
        return;
    at->damaged = true;
    tv_check_wrong(at, "column %s: missing", tv_field_name(field));
}

static void load_field(struct tv_check_segment *at, enum tv_field field)
{
    const struct tv_segment_column *column = &at->segment->fields[field];
    if (column->block.bytes == 0) {
        check_missing(at, field);
        return;
    }
    struct tv_reader in = reader_of(at, &column->block);
    bool sum = sum_fits(at, &column->block);
    if (sum && tv_view_decode_field(&at->view, field, &in) && in.at == in.end) {
        tv_check_field(at, field);
        return;
    }
    at->view.batch->columns[field] = NULL; /* half of it may be there; the arena owns it */
    damage(at, "column", tv_str_of(tv_field_name(field)), sum);
}

static void load_attr(struct tv_check_segment *at, uint32_t index)
{
    const struct tv_segment_attr *attr = &at->segment->attrs[index];
    struct tv_reader in = reader_of(at, &attr->column.block);
    bool sum = attr->column.block.bytes && sum_fits(at, &attr->column.block);
    if (index > 0 && tv_str_compare(at->segment->attrs[index - 1].name, attr->name) >= 0)
        tv_check_wrong(at, "attribute %.*s: out of order", TV_STR_ARG(attr->name));
    if (sum && tv_view_decode_attr(&at->view, index, &in) && in.at == in.end)
        tv_check_attr(at, index);
    else
        damage(at, "attribute", attr->name, sum);
}

/* The names that decoding added must be those that the metadata list. */
static void check_names(struct tv_check_segment *at, uint32_t index, uint32_t before)
{
    const struct tv_segment_overflow *overflow = &at->segment->overflows[index];
    const struct tv_batch *batch = at->view.batch;
    uint32_t unlisted = 0;
    for (uint32_t i = before; i < batch->attr_count; i++) {
        struct tv_str name = tv_strings_get(&batch->strings, batch->attrs[i].name);
        unlisted +=
                !tv_segment_listed(overflow->names, overflow->name_count, tv_segment_hash(name));
    }
    if (unlisted || batch->attr_count - before != overflow->name_count)
        tv_check_wrong(at,
                "column overflow: %u names are listed, %u are in it, %u of them unlisted",
                overflow->name_count, batch->attr_count - before, unlisted);
}

static void load_overflow(struct tv_check_segment *at, uint32_t index)
{
    const struct tv_block *block = &at->segment->overflows[index].block;
    struct tv_reader in = reader_of(at, block);
    bool sum = sum_fits(at, block);
    uint32_t before = at->view.batch->attr_count;
    if (sum && tv_view_decode_overflow(&at->view, &in) && in.at == in.end)
        check_names(at, index, before);
    else
        damage(at, "column", TV_STR("overflow"), sum);
}

static void load_filter(struct tv_check_segment *at, enum tv_filter_kind kind)
{
    const struct tv_block *block = &at->segment->filters[kind];
    if (!block->bytes || sum_fits(at, block))
        tv_check_filter(at, kind);
    else
        damage(at, "filter", tv_str_of(filter_names[kind]), false);
}

/* Every event has a time, so that column tells how many there are. */
static bool rows_agree(struct tv_check_segment *at)
{
    uint64_t rows = at->segment->extent.rows;
    const struct tv_segment_column *times = &at->segment->fields[TV_FIELD_TIME];
    if (!times->block.bytes || times->present == rows)
        return true;
    tv_check_wrong(at, "column timestamp: has %u rows, the segment %llu", times->present,
            (unsigned long long)rows);
    return false;
}

static void check_blocks(struct tv_check_segment *at)
{
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        load_field(at, (enum tv_field)i);
    for (uint32_t i = 0; i < at->segment->attr_count; i++)
        load_attr(at, i);
    for (uint32_t i = 0; i < at->segment->overflow_count; i++)
        load_overflow(at, i);
    for (int i = 0; i < TV_FILTER_COUNT; i++)
        load_filter(at, (enum tv_filter_kind)i);
    if (at->damaged)
        return;
    tv_check_rows(at);
    tv_check_rollup(at);
}

void tv_check_segment(
        struct tv_check *check, const struct tv_segment *segment, struct tv_str payload)
{
    struct tv_check_segment at = {.check = check, .segment = segment, .payload = payload};
    if (payload.len != segment->payload_bytes) {
        tv_check_wrong(&at, "payload: %zu bytes, the metadata say %llu", payload.len,
                (unsigned long long)segment->payload_bytes);
        return;
    }
    check_cover(&at);
    if (!rows_agree(&at))
        return;
    tv_view_init(&at.view, segment);
    check_blocks(&at);
    tv_view_release(&at.view);
}
