/* SPDX-License-Identifier: Apache-2.0 */
/* Moving rows between batches, and leaving rows out: what compaction, sorting and filtering do.
 *
 * The dictionaries differ, so each text's code is translated, once: a table from old to new code is
 * filled as texts come by. For a few rows of a batch with many texts such a table would cost more
 * than it saves, and texts are looked up directly. A text that was appended (never interned) keeps
 * its own table, so that a code which serves both a message and a name stays interned as a name.
 *
 * Attribute entries must stay ascending while rows come in any order: a sparse attribute sorts its
 * few entries by their new place, a dense one is scattered over all places and gathered again. */
#include "event/batch_internal.h"

#include <stdlib.h>

#define NOWHERE UINT32_MAX

struct copy {
    struct tv_batch *into;
    const struct tv_batch *from;
    const uint32_t *rows;
    uint32_t count;
    uint32_t base;      /* row of `into` that rows[0] becomes */
    uint32_t *interned; /* by code of `from`: code of `into`, 0 for not yet; NULL for no table */
    uint32_t *appended;
    uint32_t *place;       /* by row of `from`: its index in `rows`, or NOWHERE */
    uint64_t *pairs;       /* of a sparse attribute: place << 32 | entry */
    uint32_t *by_place;    /* of a dense one: entry, or NOWHERE */
    struct tv_arena arena; /* of all tables */
};

static uint32_t translate(struct copy *copy, uint32_t code, bool append)
{
    if (code == 0)
        return 0;
    uint32_t *known = append ? copy->appended : copy->interned;
    if (known && known[code] != 0)
        return known[code];
    struct tv_batch *into = copy->into;
    struct tv_str text = tv_strings_get(&copy->from->strings, code);
    uint32_t made = append ? tv_strings_append(&into->strings, &into->arena, text)
                           : tv_strings_intern(&into->strings, &into->arena, text);
    if (known)
        known[code] = made;
    return made;
}

static void copy_codes(struct copy *copy, enum tv_field field)
{
    bool append = tv_field_is_appended(field);
    const uint32_t *from = tv_batch_codes(copy->from, field);
    uint32_t *into = (uint32_t *)tv_batch_column(copy->into, field) + copy->base;
    for (uint32_t i = 0; i < copy->count; i++)
        into[i] = translate(copy, from[copy->rows[i]], append);
}

static void copy_cells(struct copy *copy, enum tv_field field)
{
    size_t bytes = tv_column_cell_bytes(tv_field_column(field));
    const char *from = copy->from->columns[field];
    char *into = (char *)tv_batch_column(copy->into, field) + copy->base * bytes;
    for (uint32_t i = 0; i < copy->count; i++)
        memcpy(into + i * bytes, from + copy->rows[i] * bytes, bytes);
}

static void add_entry(
        struct copy *copy, uint32_t index, uint32_t place, uint8_t type, uint64_t bits)
{
    struct tv_attr *attr = &copy->into->attrs[index];
    attr->rows[attr->count] = copy->base + place;
    attr->types[attr->count] = type;
    attr->bits[attr->count] = bits;
    attr->count++;
}

static void copy_entry(struct copy *copy, uint32_t index, const struct tv_attr *from,
        uint32_t place, uint32_t entry)
{
    uint64_t bits = from->bits[entry];
    if (from->types[entry] == TV_TYPE_STR || from->types[entry] == TV_TYPE_JSON) {
        struct tv_str text = tv_strings_get(&copy->from->strings, (uint32_t)bits);
        bits = translate(copy, (uint32_t)bits, text.len > TV_BATCH_INTERN_BYTES_MAX);
    }
    add_entry(copy, index, place, from->types[entry], bits);
}

static int compare_pairs(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void copy_sparse(struct copy *copy, uint32_t index, const struct tv_attr *from)
{
    uint32_t found = 0;
    bool ascending = true;
    for (uint32_t entry = 0; entry < from->count; entry++) {
        uint32_t place = copy->place[from->rows[entry]];
        if (place == NOWHERE)
            continue;
        copy->pairs[found] = (uint64_t)place << 32 | entry;
        ascending = ascending && (found == 0 || copy->pairs[found - 1] < copy->pairs[found]);
        found++;
    }
    if (!ascending)
        qsort(copy->pairs, found, sizeof(*copy->pairs), compare_pairs);
    tv_batch_attr_reserve(copy->into, index, found);
    for (uint32_t i = 0; i < found; i++)
        copy_entry(copy, index, from, (uint32_t)(copy->pairs[i] >> 32), (uint32_t)copy->pairs[i]);
}

static void copy_dense(struct copy *copy, uint32_t index, const struct tv_attr *from)
{
    memset(copy->by_place, 0xff, copy->count * sizeof(*copy->by_place));
    uint32_t found = 0;
    for (uint32_t entry = 0; entry < from->count; entry++) {
        uint32_t place = copy->place[from->rows[entry]];
        if (place == NOWHERE)
            continue;
        copy->by_place[place] = entry;
        found++;
    }
    tv_batch_attr_reserve(copy->into, index, found);
    for (uint32_t place = 0; place < copy->count; place++)
        if (copy->by_place[place] != NOWHERE)
            copy_entry(copy, index, from, place, copy->by_place[place]);
}

/* Whether any of the attribute's entries is among the rows. */
static bool is_hit(const struct copy *copy, const struct tv_attr *attr)
{
    for (uint32_t entry = 0; entry < attr->count; entry++)
        if (copy->place[attr->rows[entry]] != NOWHERE)
            return true;
    return false;
}

static void copy_attr(struct copy *copy, const struct tv_attr *from)
{
    if (!is_hit(copy, from))
        return;
    struct tv_str name = tv_strings_get(&copy->from->strings, from->name);
    uint32_t index = tv_batch_attr_unbounded(copy->into, name);
    if (from->count >= copy->count / 8)
        copy_dense(copy, index, from);
    else
        copy_sparse(copy, index, from);
}

static void copy_attrs(struct copy *copy)
{
    uint32_t widest = 0;
    for (uint32_t i = 0; i < copy->from->attr_count; i++)
        if (copy->from->attrs[i].count > widest)
            widest = copy->from->attrs[i].count;
    if (widest == 0)
        return;
    size_t rows = copy->from->rows;
    copy->place = tv_arena_alloc(&copy->arena, rows * sizeof(*copy->place));
    copy->by_place = tv_arena_alloc(&copy->arena, copy->count * sizeof(*copy->by_place));
    copy->pairs = tv_arena_alloc(&copy->arena, widest * sizeof(*copy->pairs));
    memset(copy->place, 0xff, rows * sizeof(*copy->place));
    for (uint32_t i = 0; i < copy->count; i++) {
        TV_ASSERT(copy->place[copy->rows[i]] == NOWHERE);
        copy->place[copy->rows[i]] = i;
    }
    for (uint32_t i = 0; i < copy->from->attr_count; i++)
        copy_attr(copy, &copy->from->attrs[i]);
}

void tv_batch_append_rows(
        struct tv_batch *into, const struct tv_batch *from, const uint32_t *rows, uint32_t count)
{
    TV_ASSERT(into != from);
    if (count == 0)
        return;
    for (uint32_t i = 0; i < count; i++)
        TV_ASSERT(rows[i] < from->rows);
    struct copy copy = {
            .into = into, .from = from, .rows = rows, .count = count, .base = into->rows};
    uint32_t texts = from->strings.count;
    if (count >= texts / 16) {
        copy.interned = tv_arena_calloc(&copy.arena, texts, sizeof(*copy.interned));
        copy.appended = tv_arena_calloc(&copy.arena, texts, sizeof(*copy.appended));
    }
    if (into->cap - into->rows < count)
        tv_batch_grow(into, into->rows + count);
    into->rows += count;
    into->set_first = UINT32_MAX;
    for (int i = 0; i < TV_FIELD_COUNT; i++) {
        if (!from->columns[i])
            continue;
        if (tv_field_column((enum tv_field)i) == TV_COLUMN_CODE)
            copy_codes(&copy, (enum tv_field)i);
        else
            copy_cells(&copy, (enum tv_field)i);
    }
    copy_attrs(&copy);
    tv_arena_release(&copy.arena);
}

static void keep_entries(struct tv_attr *attr, const uint32_t *rows, uint32_t count)
{
    uint32_t kept = 0, place = 0;
    for (uint32_t entry = 0; entry < attr->count && place < count;) {
        if (attr->rows[entry] < rows[place]) {
            entry++;
        } else if (attr->rows[entry] > rows[place]) {
            place++;
        } else {
            attr->rows[kept] = place++;
            attr->types[kept] = attr->types[entry];
            attr->bits[kept++] = attr->bits[entry++];
        }
    }
    attr->count = kept;
    attr->set_row = UINT32_MAX;
}

void tv_batch_keep(struct tv_batch *batch, const uint32_t *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        TV_ASSERT(rows[i] < batch->rows && (i == 0 || rows[i - 1] < rows[i]));
    for (int i = 0; i < TV_FIELD_COUNT; i++) {
        size_t bytes = tv_column_cell_bytes(tv_field_column((enum tv_field)i));
        char *cells = batch->columns[i];
        if (!cells)
            continue;
        /* Never forward: rows[place] ≥ place. */
        for (uint32_t place = 0; place < count; place++)
            if (rows[place] != place)
                memcpy(cells + place * bytes, cells + rows[place] * bytes, bytes);
        tv_batch_clear_cells((enum tv_field)i, cells, count, batch->rows);
    }
    for (uint32_t i = 0; i < batch->attr_count; i++)
        keep_entries(&batch->attrs[i], rows, count);
    batch->rows = count;
    batch->set_first = UINT32_MAX;
}
