/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of values are looked up once for each distinct text of a batch where the column is made of
 * codes, as fields and attributes of text are; that is nearly always the case, so the inner loop reads an
 * array. So does the search of a group by one field, within one step of time. Two values have one number
 * when they are of one type and equal; 1 and 1.0 share theirs, since they compare as equal. */
#include "timeql/group.h"

#include "base/hash.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

enum { ONE_FIELD_MAX = 4096 };

void tv_groups_init(struct tv_groups *groups, const struct tv_column *columns, size_t count)
{
    *groups = (struct tv_groups){.columns = columns, .column_count = count};
    groups->numberings = tv_calloc(count + 1, sizeof(*groups->numberings));
}

void tv_groups_by_time(struct tv_groups *groups, int64_t from, int64_t step_ns)
{
    groups->step = step_ns;
    groups->origin = from - from % step_ns;
}

void tv_groups_release(struct tv_groups *groups)
{
    for (size_t i = 0; i < groups->column_count; i++) {
        tv_map_release(&groups->numberings[i].by_key);
        free(groups->numberings[i].values);
    }
    free(groups->numberings);
    free(groups->keys);
    free(groups->slots);
    tv_arena_release(&groups->arena);
}

/* A key of bytes for a value: its type's family and its content. */
static struct tv_str value_key(struct tv_value value, char scratch[16], struct tv_arena *arena)
{
    bool whole = value.type == TV_TYPE_F64 && floor(value.f) == value.f && fabs(value.f) < 9e15;
    if (whole)
        value = tv_value_i64((int64_t)value.f);
    if (value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON) {
        char *bytes = tv_arena_bytes(arena, value.s.len + 1);
        bytes[0] = (char)value.type;
        memcpy(bytes + 1, value.s.ptr ? value.s.ptr : "", value.s.len);
        return (struct tv_str){bytes, value.s.len + 1};
    }
    scratch[0] = (char)value.type;
    size_t len = 1;
    if (value.type == TV_TYPE_BOOL) {
        scratch[len++] = value.b;
    } else if (value.type != TV_TYPE_NULL) {
        memcpy(scratch + 1, &value.i, sizeof(value.i));
        len += sizeof(value.i);
    }
    return (struct tv_str){scratch, len};
}

static uint32_t number_value(struct tv_groups *groups, struct tv_numbering *numbering,
        struct tv_value value, struct tv_arena *scratch)
{
    char small[16];
    bool added;
    struct tv_str key = value_key(value, small, scratch);
    uint64_t *number = tv_map_put_copy(&numbering->by_key, &groups->arena, key, &added);
    if (!added)
        return (uint32_t)*number;
    *number = numbering->count;
    if (numbering->count == numbering->cap) {
        numbering->cap = (uint32_t)tv_grown(numbering->cap, numbering->count + 1, 16);
        numbering->values =
                tv_realloc_array(numbering->values, numbering->cap, sizeof(*numbering->values));
    }
    if (value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON)
        value.s = tv_arena_str(&groups->arena, value.s);
    numbering->values[numbering->count] = value;
    return numbering->count++;
}

static void number_codes(struct tv_groups *groups, size_t column, const struct tv_scan_batch *batch,
        struct tv_arena *scratch, uint32_t *out)
{
    enum tv_field field = groups->columns[column].ref.field;
    const uint32_t *codes = tv_batch_codes(batch->batch, field);
    const struct tv_strings *strings = &batch->batch->strings;
    uint32_t *memo = tv_arena_calloc(scratch, (size_t)strings->count + 1, sizeof(*memo));
    for (uint32_t i = 0; i < batch->count; i++) {
        uint32_t code = codes[batch->rows[i]];
        if (memo[code] == 0) {
            struct tv_value value =
                    code ? tv_value_str(tv_strings_get(strings, code)) : tv_value_null();
            if (code)
                value.type = tv_field_type(field);
            memo[code] = number_value(groups, &groups->numberings[column], value, scratch) + 1;
        }
        out[i] = memo[code] - 1;
    }
}

/* An attribute's texts have codes, too; rows and entries both ascend. */
static void number_attribute(struct tv_groups *groups, size_t column,
        const struct tv_scan_batch *batch, struct tv_arena *scratch, uint32_t *out)
{
    struct tv_numbering *numbering = &groups->numberings[column];
    const struct tv_strings *strings = &batch->batch->strings;
    uint32_t index = tv_batch_find_attr(batch->batch, groups->columns[column].ref.name);
    const struct tv_attr *attr = index == UINT32_MAX ? NULL : &batch->batch->attrs[index];
    uint32_t *memo = tv_arena_calloc(scratch, (size_t)strings->count + 1, sizeof(*memo));
    uint32_t absent = number_value(groups, numbering, tv_value_null(), scratch);
    uint32_t entry = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        uint32_t row = batch->rows[i];
        if (attr && i > 0 && row < batch->rows[i - 1])
            entry = tv_attr_lower_bound(attr, row);
        while (attr && entry < attr->count && attr->rows[entry] < row)
            entry++;
        out[i] = absent;
        if (!attr || entry >= attr->count || attr->rows[entry] != row)
            continue;
        uint64_t code = attr->types[entry] == TV_TYPE_STR ? attr->bits[entry] : 0;
        if (code == 0 || memo[code] == 0) {
            struct tv_value value = tv_batch_entry_value(batch->batch, attr, entry);
            memo[code] = number_value(groups, numbering, value, scratch) + 1;
        }
        out[i] = memo[code] - 1;
    }
}

static void number_values(struct tv_groups *groups, size_t column,
        const struct tv_scan_batch *batch, struct tv_arena *scratch, uint32_t *out)
{
    struct tv_value *values = tv_arena_calloc(scratch, (size_t)batch->count + 1, sizeof(*values));
    tv_gather(batch, &groups->columns[column].ref, scratch, values);
    for (uint32_t i = 0; i < batch->count; i++) {
        /* Neighbours are often alike; texts of one batch are alike when they are the same bytes. */
        bool same = i > 0 && values[i].type == values[i - 1].type &&
                (values[i].type == TV_TYPE_STR
                                ? values[i].s.ptr == values[i - 1].s.ptr
                                : values[i].type == TV_TYPE_I64 && values[i].i == values[i - 1].i);
        out[i] = same ? out[i - 1]
                      : number_value(groups, &groups->numberings[column], values[i], scratch);
    }
}

static void number_column(struct tv_groups *groups, size_t column,
        const struct tv_scan_batch *batch, struct tv_arena *scratch, uint32_t *out)
{
    const struct tv_field_ref *ref = &groups->columns[column].ref;
    bool codes = ref->class == TV_FIELD_FIXED && tv_field_column(ref->field) == TV_COLUMN_CODE &&
            batch->batch->columns[ref->field];
    if (codes)
        number_codes(groups, column, batch, scratch, out);
    else if (ref->class == TV_FIELD_ATTRIBUTE)
        number_attribute(groups, column, batch, scratch, out);
    else
        number_values(groups, column, batch, scratch, out);
}

static uint64_t hash_key(const uint32_t *key, size_t count)
{
    uint64_t hash = 0x9e3779b97f4a7c15ULL;
    for (size_t i = 0; i < count; i++)
        hash = tv_mix64(hash ^ key[i]);
    return hash;
}

static void grow_slots(struct tv_groups *groups)
{
    size_t width = groups->column_count + 1;
    groups->slot_count = groups->slot_count ? groups->slot_count * 2 : 64;
    free(groups->slots);
    groups->slots = tv_calloc(groups->slot_count, sizeof(*groups->slots));
    for (uint32_t i = 0; i < groups->count; i++) {
        size_t at = hash_key(groups->keys + i * width, width) & (groups->slot_count - 1);
        while (groups->slots[at])
            at = (at + 1) & (groups->slot_count - 1);
        groups->slots[at] = i + 1;
    }
}

static uint32_t add_group(struct tv_groups *groups, const uint32_t *key)
{
    size_t width = groups->column_count + 1;
    if (groups->count == groups->cap) {
        groups->cap = (uint32_t)tv_grown(groups->cap, groups->count + 1, 64);
        groups->keys = tv_realloc_array(groups->keys, groups->cap, width * sizeof(uint32_t));
    }
    memcpy(groups->keys + groups->count * width, key, width * sizeof(uint32_t));
    return groups->count++;
}

static uint32_t find_group(struct tv_groups *groups, const uint32_t *key)
{
    size_t width = groups->column_count + 1;
    if (2 * ((size_t)groups->count + 1) > groups->slot_count)
        grow_slots(groups);
    size_t at = hash_key(key, width) & (groups->slot_count - 1);
    while (groups->slots[at]) {
        uint32_t group = groups->slots[at] - 1;
        if (memcmp(groups->keys + group * width, key, width * sizeof(uint32_t)) == 0)
            return group;
        at = (at + 1) & (groups->slot_count - 1);
    }
    uint32_t group = add_group(groups, key);
    groups->slots[at] = group + 1;
    return group;
}

/* The number of each row's step of time. */
static void number_steps(
        const struct tv_groups *groups, const struct tv_scan_batch *batch, uint32_t *out)
{
    const int64_t *times = tv_batch_i64(batch->batch, TV_FIELD_TIME);
    for (uint32_t i = 0; i < batch->count; i++)
        out[i] = groups->step ? (uint32_t)((times[batch->rows[i]] - groups->origin) / groups->step)
                              : 0;
}

/* Groups of one field: within a step the field's number alone tells the group. */
static void assign_by_one(struct tv_groups *groups, const struct tv_scan_batch *batch,
        struct tv_arena *scratch, uint32_t *const numbers[2], uint32_t *out)
{
    size_t count = groups->numberings[0].count;
    uint32_t *memo = tv_arena_calloc(scratch, count + 1, sizeof(*memo));
    uint32_t step = batch->count > 0 ? numbers[0][0] : 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        uint32_t key[2] = {numbers[0][i], numbers[1][i]};
        if (key[0] != step)
            memset(memo, 0, count * sizeof(*memo));
        step = key[0];
        if (memo[key[1]] == 0)
            memo[key[1]] = find_group(groups, key) + 1;
        out[i] = memo[key[1]] - 1;
    }
}

void tv_groups_assign(struct tv_groups *groups, const struct tv_scan_batch *batch,
        struct tv_arena *scratch, uint32_t *out)
{
    size_t width = groups->column_count + 1;
    uint32_t **numbers = tv_arena_calloc(scratch, width, sizeof(uint32_t *));
    uint32_t *key = tv_arena_calloc(scratch, width, sizeof(*key));
    for (size_t i = 0; i < width; i++)
        numbers[i] = tv_arena_calloc(scratch, (size_t)batch->count + 1, sizeof(uint32_t));
    number_steps(groups, batch, numbers[0]);
    for (size_t i = 0; i < groups->column_count; i++)
        number_column(groups, i, batch, scratch, numbers[i + 1]);
    /* With many values and steps, clearing the memory for each would cost more than it saves. */
    if (width == 2 && (groups->step == 0 || groups->numberings[0].count <= ONE_FIELD_MAX)) {
        assign_by_one(groups, batch, scratch, numbers, out);
        return;
    }
    uint32_t last = UINT32_MAX;
    for (uint32_t i = 0; i < batch->count; i++) {
        bool same = last != UINT32_MAX;
        for (size_t k = 0; k < width; k++) {
            same = same && key[k] == numbers[k][i];
            key[k] = numbers[k][i];
        }
        if (!same)
            last = find_group(groups, key);
        out[i] = last;
    }
}

void tv_groups_ensure_one(struct tv_groups *groups)
{
    uint32_t key = 0;
    if (groups->count == 0 && groups->column_count == 0 && groups->step == 0)
        (void)find_group(groups, &key);
}

struct tv_value tv_groups_value(const struct tv_groups *groups, uint32_t group, size_t column)
{
    const uint32_t *key = groups->keys + group * (groups->column_count + 1);
    return groups->numberings[column].values[key[column + 1]];
}

int64_t tv_groups_time(const struct tv_groups *groups, uint32_t group)
{
    const uint32_t *key = groups->keys + group * (groups->column_count + 1);
    return groups->origin + (int64_t)key[0] * groups->step;
}
