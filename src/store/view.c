/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a segment: which blocks, from the file, checked.
 *
 * All blocks that a call wants are read behind each other through one blob handle, which is one
 * short read transaction; decoding starts after it has ended, so that no reader holds the log back
 * while it computes. */
#include "store/view.h"

#include "base/hash.h"
#include "base/mem.h"
#include "store/view_internal.h"

#include <stdlib.h>

void tv_view_init(struct tv_view *view, const struct tv_segment *segment)
{
    *view = (struct tv_view){.segment = segment};
    view->batch = tv_batch_new();
    tv_batch_grow(view->batch, (uint32_t)segment->extent.rows);
    view->batch->rows = (uint32_t)segment->extent.rows;
    view->attr_read = tv_calloc(segment->attr_count + 1, sizeof(*view->attr_read));
    view->overflow_read = tv_calloc(segment->overflow_count + 1, sizeof(*view->overflow_read));
}

void tv_view_release(struct tv_view *view)
{
    tv_batch_unref(view->batch);
    free(view->attr_read);
    free(view->overflow_read);
    *view = (struct tv_view){0};
}

enum tv_status tv_view_corrupt(
        const struct tv_db *db, const struct tv_segment *segment, struct tv_error *err)
{
    return tv_fail(
            err, TV_CORRUPT, "segment %lld of '%s' is damaged", (long long)segment->id, db->path);
}

static enum tv_status open_blob(const struct tv_db *db, const struct tv_segment *segment,
        sqlite3_blob **out, struct tv_error *err)
{
    int code = sqlite3_blob_open(db->sql, "main", "segment", "payload", segment->id, 0, out);
    return code == SQLITE_OK ? TV_OK : tv_db_fail(db, code, "read", err);
}

enum tv_status tv_run_read(const struct tv_db *db, const struct tv_segment *segment,
        struct tv_run run, void *out, struct tv_error *err)
{
    sqlite3_blob *blob = NULL;
    enum tv_status status = open_blob(db, segment, &blob, err);
    if (status != TV_OK)
        return status;
    int code = sqlite3_blob_read(blob, out, (int)run.bytes, (int)run.offset);
    (void)sqlite3_blob_close(blob);
    return code == SQLITE_OK ? TV_OK : tv_db_fail(db, code, "read", err);
}

static int by_offset(const void *a, const void *b)
{
    uint64_t left = ((const struct tv_wanted *)a)->block->offset;
    uint64_t right = ((const struct tv_wanted *)b)->block->offset;
    return (left > right) - (left < right);
}

/* Fills `bytes` with all wanted blocks and says where each lies in it. */
static enum tv_status read_blocks(const struct tv_db *db, const struct tv_segment *segment,
        struct tv_wanted_list *list, struct tv_buf *bytes, struct tv_error *err)
{
    sqlite3_blob *blob = NULL;
    enum tv_status status = open_blob(db, segment, &blob, err);
    if (status != TV_OK)
        return status;
    int code = SQLITE_OK;
    qsort(list->items, list->count, sizeof(*list->items), by_offset);
    for (size_t i = 0; i < list->count && code == SQLITE_OK; i++) {
        const struct tv_block *block = list->items[i].block;
        list->items[i].at = bytes->len;
        void *room = tv_buf_reserve(bytes, block->bytes);
        code = sqlite3_blob_read(blob, room, (int)block->bytes, (int)block->offset);
        bytes->len += block->bytes;
    }
    (void)sqlite3_blob_close(blob);
    return code == SQLITE_OK ? TV_OK : tv_db_fail(db, code, "read", err);
}

void tv_wanted_add(struct tv_wanted_list *list, enum tv_wanted_kind kind, uint32_t index,
        const struct tv_block *block)
{
    if (list->count == list->cap) {
        list->cap = tv_grown(list->cap, list->count + 1, 32);
        list->items = tv_realloc_array(list->items, list->cap, sizeof(*list->items));
    }
    list->items[list->count++] = (struct tv_wanted){.kind = kind, .index = index, .block = block};
}

enum tv_status tv_wanted_read(const struct tv_db *db, const struct tv_segment *segment,
        struct tv_wanted_list *list, struct tv_buf *bytes, struct tv_error *err)
{
    if (list->count == 0)
        return TV_OK;
    enum tv_status status = read_blocks(db, segment, list, bytes, err);
    for (size_t i = 0; i < list->count && status == TV_OK; i++) {
        const struct tv_block *block = list->items[i].block;
        if (tv_hash64(bytes->data + list->items[i].at, block->bytes) != block->sum)
            status = tv_view_corrupt(db, segment, err);
    }
    return status;
}

static bool is_named(const struct tv_scan_columns *columns, struct tv_str name)
{
    for (size_t k = 0; k < columns->attribute_count; k++)
        if (tv_str_equal(columns->attributes[k], name))
            return true;
    return columns->all_attributes;
}

static bool may_list(
        const struct tv_scan_columns *columns, const struct tv_segment_overflow *overflow)
{
    for (size_t k = 0; k < columns->attribute_count; k++)
        if (tv_segment_listed(
                    overflow->names, overflow->name_count, tv_segment_hash(columns->attributes[k])))
            return true;
    return columns->all_attributes;
}

static void want_attrs(
        struct tv_view *view, const struct tv_scan_columns *columns, struct tv_wanted_list *list)
{
    const struct tv_segment *segment = view->segment;
    for (uint32_t i = 0; i < segment->attr_count; i++) {
        if (view->attr_read[i] || !is_named(columns, segment->attrs[i].name))
            continue;
        view->attr_read[i] = true;
        tv_wanted_add(list, TV_WANT_ATTR, i, &segment->attrs[i].column.block);
    }
}

static void want_overflows(
        struct tv_view *view, const struct tv_scan_columns *columns, struct tv_wanted_list *list)
{
    const struct tv_segment *segment = view->segment;
    for (uint32_t i = 0; i < segment->overflow_count; i++) {
        if (view->overflow_read[i] || !may_list(columns, &segment->overflows[i]))
            continue;
        /* All its names at once: the block is decompressed as a whole anyway. */
        view->overflow_read[i] = true;
        tv_wanted_add(list, TV_WANT_OVERFLOW, i, &segment->overflows[i].block);
    }
}

static uint32_t fields_of(const struct tv_scan_columns *columns)
{
    return columns->fields | (columns->timeless ? 0 : 1u << TV_FIELD_TIME);
}

bool tv_view_covers(const struct tv_view *view, const struct tv_segment *segment,
        const struct tv_scan_columns *columns)
{
    if (fields_of(columns) & ~view->fields)
        return false;
    if (view->all_attributes)
        return true;
    for (uint32_t i = 0; i < segment->attr_count; i++)
        if (!view->attr_read[i] && is_named(columns, segment->attrs[i].name))
            return false;
    for (uint32_t i = 0; i < segment->overflow_count; i++)
        if (!view->overflow_read[i] && may_list(columns, &segment->overflows[i]))
            return false;
    return true;
}

void tv_view_want(
        struct tv_view *view, const struct tv_scan_columns *columns, struct tv_wanted_list *list)
{
    const struct tv_segment *segment = view->segment;
    uint32_t fields = fields_of(columns) & ~view->fields;
    view->fields |= fields;
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        if (fields >> i & 1 && segment->fields[i].block.bytes)
            tv_wanted_add(list, TV_WANT_FIELD, (uint32_t)i, &segment->fields[i].block);
    if (view->all_attributes)
        return;
    view->all_attributes = columns->all_attributes;
    want_attrs(view, columns, list);
    want_overflows(view, columns, list);
}

static bool decode(struct tv_view *view, const struct tv_wanted *wanted, struct tv_reader *in)
{
    switch (wanted->kind) {
    case TV_WANT_FIELD:
        return tv_view_decode_field(view, (enum tv_field)wanted->index, in);
    case TV_WANT_ATTR:
        return tv_view_decode_attr(view, wanted->index, in);
    case TV_WANT_OVERFLOW:
        return tv_view_decode_overflow(view, in);
    }
    return false;
}

enum tv_status tv_view_load(struct tv_view *view, const struct tv_db *db,
        const struct tv_scan_columns *columns, struct tv_error *err)
{
    struct tv_wanted_list list = {0};
    struct tv_buf bytes = {0};
    tv_view_want(view, columns, &list);
    enum tv_status status = tv_wanted_read(db, view->segment, &list, &bytes, err);
    view->bytes += bytes.len;
    for (size_t i = 0; i < list.count && status == TV_OK; i++) {
        const uint8_t *start = (const uint8_t *)bytes.data + list.items[i].at;
        struct tv_reader in = {start, start + list.items[i].block->bytes};
        if (!decode(view, &list.items[i], &in) || in.at != in.end)
            status = tv_view_corrupt(db, view->segment, err);
    }
    free(list.items);
    tv_buf_release(&bytes);
    return status;
}
