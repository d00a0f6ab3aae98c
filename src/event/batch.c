/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a batch.
 *
 * All columns have the same capacity and double together; the cells behind the last row are kept
 * absent. So a new row costs an increment: no column is touched but those that the event has. The
 * arena keeps what was outgrown, which is less than what is in use; who knows the number of rows
 * reserves them and wastes nothing. (Columns of their own from malloc would give that back, at some
 * forty allocations a batch; the arena of a small batch is one.)
 *
 * What the last row has set among the attributes is linked through them, so that a bad document is
 * taken back at the cost of what it had set: looking through all attributes would let a body of one
 * wide event and a million broken ones take minutes. */
#include "event/batch_internal.h"

#include "base/mem.h"
#include "event/redact.h"

#include <stdlib.h>

enum { BATCH_MAGIC = 0x7476b001, ROWS_MIN = 16, ATTRS_MIN = 8, ENTRIES_MIN = 8 };

struct tv_batch *tv_batch_new(void)
{
    struct tv_batch *batch = tv_calloc(1, sizeof(*batch));
    batch->magic = BATCH_MAGIC;
    batch->set_first = UINT32_MAX;
    atomic_init(&batch->refs, 1);
    return batch;
}

struct tv_batch *tv_batch_ref(struct tv_batch *batch)
{
    TV_ASSERT(batch->magic == BATCH_MAGIC);
    atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
    return batch;
}

void tv_batch_unref(struct tv_batch *batch)
{
    if (!batch)
        return;
    TV_ASSERT(batch->magic == BATCH_MAGIC);
    /* Every holder's reads happen before the last one frees. */
    if (atomic_fetch_sub_explicit(&batch->refs, 1, memory_order_acq_rel) != 1)
        return;
    batch->magic = 0;
    tv_map_release(&batch->attr_by_name);
    tv_arena_release(&batch->arena);
    free(batch);
}

size_t tv_batch_bytes(const struct tv_batch *batch)
{
    const struct tv_map *map = &batch->attr_by_name;
    return sizeof(*batch) + batch->arena.bytes + map->cap * sizeof(*map->entries) +
            map->slot_count * sizeof(*map->slots);
}

void tv_batch_clear_cells(enum tv_field field, void *cells, uint32_t from, uint32_t to)
{
    enum tv_column_type type = tv_field_column(field);
    size_t bytes = tv_column_cell_bytes(type);
    if (type != TV_COLUMN_I64) {
        memset((char *)cells + from * bytes, 0, (to - from) * bytes);
        return;
    }
    int64_t *numbers = cells;
    for (uint32_t i = from; i < to; i++)
        numbers[i] = TV_ABSENT_I64;
}

void tv_batch_grow(struct tv_batch *batch, uint32_t rows)
{
    TV_ASSERT(rows <= TV_BATCH_ROWS_MAX);
    uint32_t cap = (uint32_t)tv_grown(batch->cap, rows, ROWS_MIN);
    for (int i = 0; i < TV_FIELD_COUNT; i++) {
        enum tv_field field = (enum tv_field)i;
        if (!batch->columns[field])
            continue;
        size_t bytes = tv_column_cell_bytes(tv_field_column(field));
        batch->columns[field] =
                tv_arena_grow(&batch->arena, batch->columns[field], batch->rows, cap, bytes);
        tv_batch_clear_cells(field, batch->columns[field], batch->rows, cap);
    }
    batch->cap = cap;
}

void tv_batch_reserve(struct tv_batch *batch, uint32_t more)
{
    if (batch->cap - batch->rows < more)
        tv_batch_grow(batch, batch->rows + more);
    tv_strings_expect(&batch->strings, &batch->arena, more, more);
}

void *tv_batch_column(struct tv_batch *batch, enum tv_field field)
{
    if (batch->columns[field])
        return batch->columns[field];
    if (batch->cap == 0)
        tv_batch_grow(batch, 1);
    size_t bytes = tv_column_cell_bytes(tv_field_column(field));
    batch->columns[field] = tv_arena_alloc(&batch->arena, batch->cap * bytes);
    tv_batch_clear_cells(field, batch->columns[field], 0, batch->cap);
    return batch->columns[field];
}

void tv_batch_drop_last_row(struct tv_batch *batch)
{
    TV_ASSERT(batch->rows > 0);
    uint32_t row = --batch->rows;
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        if (batch->columns[i])
            tv_batch_clear_cells((enum tv_field)i, batch->columns[i], row, row + 1);
    for (uint32_t i = batch->set_first; i != UINT32_MAX; i = batch->attrs[i].set_next) {
        struct tv_attr *attr = &batch->attrs[i];
        attr->set_row = UINT32_MAX;
        if (attr->count > 0 && attr->rows[attr->count - 1] == row)
            attr->count--;
    }
    batch->set_first = UINT32_MAX;
}

static uint32_t add_attr(struct tv_batch *batch, struct tv_str name)
{
    if (batch->attr_count == batch->attr_cap) {
        uint32_t cap = (uint32_t)tv_grown(batch->attr_cap, batch->attr_count + 1, ATTRS_MIN);
        batch->attrs = tv_arena_grow(
                &batch->arena, batch->attrs, batch->attr_count, cap, sizeof(*batch->attrs));
        batch->attr_cap = cap;
    }
    uint32_t code = tv_strings_intern(&batch->strings, &batch->arena, name);
    *tv_map_put(&batch->attr_by_name, tv_strings_get(&batch->strings, code), NULL) =
            batch->attr_count;
    unsigned hints = tv_redact_hints(name);
    batch->attrs[batch->attr_count] = (struct tv_attr){.name = code,
            .secret = hints & TV_REDACT_HINT_SECRET,
            .hints = (uint8_t)hints,
            .set_row = UINT32_MAX};
    return batch->attr_count++;
}

uint32_t tv_batch_find_attr(const struct tv_batch *batch, struct tv_str name)
{
    const uint64_t *found = tv_map_get(&batch->attr_by_name, name);
    return found ? (uint32_t)*found : UINT32_MAX;
}

uint32_t tv_batch_attr(struct tv_batch *batch, struct tv_str name)
{
    uint32_t found = tv_batch_find_attr(batch, name);
    if (found != UINT32_MAX || batch->attr_count >= TV_BATCH_ATTRS_MAX)
        return found;
    return add_attr(batch, name);
}

uint32_t tv_batch_attr_unbounded(struct tv_batch *batch, struct tv_str name)
{
    uint32_t found = tv_batch_find_attr(batch, name);
    return found != UINT32_MAX ? found : add_attr(batch, name);
}

void tv_batch_attr_reserve(struct tv_batch *batch, uint32_t index, uint32_t more)
{
    struct tv_attr *attr = &batch->attrs[index];
    if (attr->cap - attr->count >= more)
        return;
    uint32_t cap = (uint32_t)tv_grown(attr->cap, (size_t)attr->count + more, ENTRIES_MIN);
    struct tv_arena *arena = &batch->arena;
    attr->rows = tv_arena_grow(arena, attr->rows, attr->count, cap, sizeof(*attr->rows));
    attr->types = tv_arena_grow(arena, attr->types, attr->count, cap, sizeof(*attr->types));
    attr->bits = tv_arena_grow(arena, attr->bits, attr->count, cap, sizeof(*attr->bits));
    attr->cap = cap;
}

uint32_t tv_batch_attr_text(struct tv_batch *batch, struct tv_str text)
{
    if (text.len <= TV_BATCH_INTERN_BYTES_MAX)
        return tv_strings_intern(&batch->strings, &batch->arena, text);
    return tv_strings_append(&batch->strings, &batch->arena, text);
}

static uint64_t mask_code(struct tv_batch *batch)
{
    if (batch->mask == 0)
        batch->mask = tv_strings_intern(&batch->strings, &batch->arena, tv_redact_mask());
    return batch->mask;
}

/* Remembers that the last row has set the attribute, for tv_batch_drop_last_row. */
static inline void link_set(
        struct tv_batch *batch, struct tv_attr *attr, uint32_t index, uint32_t row)
{
    if (attr->set_row == row || row != batch->rows - 1)
        return;
    attr->set_row = row;
    attr->set_next = batch->set_first;
    batch->set_first = index;
}

static inline void put(struct tv_attr *attr, uint32_t entry, enum tv_type type, uint64_t bits)
{
    attr->types[entry] = (uint8_t)type;
    attr->bits[entry] = bits;
}

static void put_value(
        struct tv_batch *batch, struct tv_attr *attr, uint32_t entry, struct tv_value value)
{
    uint64_t bits = 0;
    if (attr->secret) {
        put(attr, entry, TV_TYPE_STR, mask_code(batch));
    } else if (value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON) {
        put(attr, entry, value.type, tv_batch_attr_text(batch, value.s));
    } else if (value.type == TV_TYPE_F64) {
        memcpy(&bits, &value.f, sizeof(bits));
        put(attr, entry, TV_TYPE_F64, bits);
    } else {
        put(attr, entry, value.type, value.type == TV_TYPE_I64 ? (uint64_t)value.i : value.b);
    }
}

/* Everything that a plain append is not: no value, a second one for the row, no room. */
static __attribute__((noinline)) void set_attr_slowly(
        struct tv_batch *batch, uint32_t index, uint32_t row, struct tv_value value)
{
    struct tv_attr *attr = &batch->attrs[index];
    bool again = attr->count > 0 && attr->rows[attr->count - 1] >= row;
    TV_ASSERT(!again || attr->rows[attr->count - 1] == row);
    if (value.type == TV_TYPE_NULL) {
        attr->count -= again ? 1 : 0;
        return;
    }
    /* An attribute that most rows have will be as long as the columns. */
    bool dense = attr->cap > 0 && attr->count >= row / 2;
    if (!again && attr->count == attr->cap)
        tv_batch_attr_reserve(batch, index, dense ? batch->cap - attr->count : 1);
    if (!again)
        attr->rows[attr->count++] = row;
    link_set(batch, attr, index, row);
    put_value(batch, attr, attr->count - 1, value);
}

void tv_batch_set_attr(struct tv_batch *batch, uint32_t index, uint32_t row, struct tv_value value)
{
    TV_ASSERT(index < batch->attr_count && row < batch->rows);
    struct tv_attr *attr = &batch->attrs[index];
    uint32_t entry = attr->count;
    if (value.type == TV_TYPE_NULL || entry == attr->cap ||
            (entry > 0 && attr->rows[entry - 1] >= row)) {
        set_attr_slowly(batch, index, row, value);
        return;
    }
    link_set(batch, attr, index, row);
    attr->rows[entry] = row;
    attr->count = entry + 1;
    if (value.type == TV_TYPE_I64 && !attr->secret)
        put(attr, entry, TV_TYPE_I64, (uint64_t)value.i);
    else
        put_value(batch, attr, entry, value);
}
