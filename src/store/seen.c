/* SPDX-License-Identifier: Apache-2.0 */
/* Who was seen.
 *
 * Rows are looked up by (service, instance); neighbours mostly differ, so the codes of a batch lead
 * to entries through a small direct-mapped table before the map of texts is asked. Of two events
 * that tell a version the later one in event time wins, of equal times the greater text, whatever the
 * order in which they are met. */
#include "store/seen.h"

#include "base/mem.h"

#include <stdlib.h>

enum { MEMO = 512 };

/* A batch's codes → index of the entry. */
struct memo {
    uint64_t keys[MEMO]; /* service << 32 | instance */
    uint32_t entries[MEMO];
};

void tv_seen_release(struct tv_seen *seen)
{
    tv_map_release(&seen->map);
    free(seen->entries);
    seen->entries = NULL;
    seen->count = seen->cap = 0;
}

uint32_t tv_seen_fields(void)
{
    return 1u << TV_FIELD_TIME | 1u << TV_FIELD_SERVICE | 1u << TV_FIELD_INSTANCE |
            1u << TV_FIELD_TYPE | 1u << TV_FIELD_STATUS | 1u << TV_FIELD_SEVERITY;
}

struct tv_str *tv_seen_attributes(struct tv_arena *arena, size_t *count)
{
    size_t statuses = 0, versions = 0;
    const struct tv_str *status = tv_http_status_attributes(&statuses);
    const struct tv_str *version = tv_version_attributes(&versions);
    struct tv_str *names = tv_arena_calloc(arena, statuses + versions, sizeof(*names));
    memcpy(names, status, statuses * sizeof(*names));
    memcpy(names + statuses, version, versions * sizeof(*names));
    *count = statuses + versions;
    return names;
}

static uint32_t entry_of(struct tv_seen *seen, struct tv_str service, struct tv_str instance)
{
    struct tv_arena scratch = {0};
    struct tv_str key = tv_arena_printf(&scratch, "%.*s%c%c%.*s", TV_STR_ARG(service), '\0',
            instance.ptr ? 'i' : 'n', TV_STR_ARG(instance));
    bool added = false;
    uint64_t *found = tv_map_put_copy(&seen->map, seen->arena, key, &added);
    tv_arena_release(&scratch);
    if (!added)
        return (uint32_t)*found;
    if (seen->count == seen->cap) {
        seen->cap = tv_grown(seen->cap, seen->count + 1, 16);
        seen->entries = tv_realloc_array(seen->entries, seen->cap, sizeof(*seen->entries));
    }
    *found = seen->count;
    seen->entries[seen->count] = (struct tv_seen_entry){
            .service = tv_arena_str(seen->arena, service),
            .instance =
                    instance.ptr ? tv_arena_str(seen->arena, instance) : (struct tv_str){NULL, 0},
            .first = INT64_MAX,
            .last = INT64_MIN,
            .changed = TV_ABSENT_I64,
            .version_time = INT64_MIN,
    };
    return (uint32_t)seen->count++;
}

static uint32_t entry_of_row(
        struct tv_seen *seen, struct memo *memo, const struct tv_batch *batch, uint32_t row)
{
    const uint32_t *services = tv_batch_codes(batch, TV_FIELD_SERVICE);
    const uint32_t *instances = tv_batch_codes(batch, TV_FIELD_INSTANCE);
    uint64_t key =
            (uint64_t)(services ? services[row] : 0) << 32 | (instances ? instances[row] : 0);
    size_t at = (key ^ key >> 29) % MEMO;
    if (memo->keys[at] != key + 1) {
        memo->keys[at] = key + 1;
        memo->entries[at] = entry_of(seen, tv_batch_text(batch, TV_FIELD_SERVICE, row),
                tv_batch_text(batch, TV_FIELD_INSTANCE, row));
    }
    return memo->entries[at];
}

/* By code of a batch's texts: whether it is "deploy" or "config". */
static bool *change_types(const struct tv_batch *batch, struct tv_arena *arena)
{
    bool *is_change = tv_arena_calloc(arena, (size_t)batch->strings.count + 1, sizeof(*is_change));
    const uint32_t *types = tv_batch_codes(batch, TV_FIELD_TYPE);
    uint32_t last = 0;
    for (uint32_t row = 0; types && row < batch->rows; row++) {
        if (types[row] == last)
            continue;
        last = types[row];
        struct tv_str type = tv_strings_get(&batch->strings, last);
        is_change[last] =
                tv_str_equal(type, TV_STR("deploy")) || tv_str_equal(type, TV_STR("config"));
    }
    return is_change;
}

static void set_version(
        struct tv_seen *seen, struct tv_seen_entry *entry, struct tv_str version, int64_t time)
{
    bool same_time = time == entry->version_time;
    if (time < entry->version_time || version.len == 0 ||
            (same_time && tv_str_compare(version, entry->version) < 0))
        return;
    entry->version_time = time;
    if (!tv_str_equal(entry->version, version))
        entry->version = tv_arena_str(seen->arena, version);
}

/* Versions are rare attributes: their entries are gone through, not the rows. */
static void add_versions(struct tv_seen *seen, struct memo *memo, const struct tv_batch *batch,
        const uint64_t *selected)
{
    size_t count = 0;
    const struct tv_str *names = tv_version_attributes(&count);
    for (size_t i = count; i-- > 0;) {
        uint32_t index = tv_batch_find_attr(batch, names[i]);
        const struct tv_attr *attr = index == UINT32_MAX ? NULL : &batch->attrs[index];
        for (uint32_t k = 0; attr && k < attr->count; k++) {
            uint32_t row = attr->rows[k];
            if (!(selected[row / 64] >> (row % 64) & 1) || attr->types[k] != TV_TYPE_STR)
                continue;
            uint32_t entry = entry_of_row(seen, memo, batch, row);
            set_version(seen, &seen->entries[entry],
                    tv_strings_get(&batch->strings, (uint32_t)attr->bits[k]),
                    tv_batch_i64(batch, TV_FIELD_TIME)[row]);
        }
    }
}

void tv_seen_add_rows(
        struct tv_seen *seen, const struct tv_batch *batch, const uint32_t *rows, uint32_t count)
{
    struct tv_arena scratch = {0};
    struct memo *memo = tv_arena_calloc(&scratch, 1, sizeof(*memo));
    size_t words = ((size_t)batch->rows + 63) / 64;
    uint64_t *errors = tv_arena_calloc(&scratch, words + 1, sizeof(*errors));
    uint64_t *selected = tv_arena_calloc(&scratch, words + 1, sizeof(*selected));
    const uint32_t *types = tv_batch_codes(batch, TV_FIELD_TYPE);
    const bool *is_change = change_types(batch, &scratch);
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    tv_batch_error_bits(batch, errors);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows ? rows[i] : i;
        uint32_t index = entry_of_row(seen, memo, batch, row);
        struct tv_seen_entry *entry = &seen->entries[index];
        selected[row / 64] |= UINT64_C(1) << (row % 64);
        entry->rows++;
        entry->errors += errors[row / 64] >> (row % 64) & 1;
        entry->first = times[row] < entry->first ? times[row] : entry->first;
        entry->last = times[row] > entry->last ? times[row] : entry->last;
        if (types && is_change[types[row]] && times[row] > entry->changed)
            entry->changed = times[row];
    }
    add_versions(seen, memo, batch, selected);
    tv_arena_release(&scratch);
}

void tv_seen_add_entry(struct tv_seen *seen, const struct tv_seen_entry *more)
{
    uint32_t index = entry_of(seen, more->service, more->instance);
    struct tv_seen_entry *entry = &seen->entries[index];
    entry->rows += more->rows;
    entry->errors += more->errors;
    entry->first = more->first < entry->first ? more->first : entry->first;
    entry->last = more->last > entry->last ? more->last : entry->last;
    entry->changed = more->changed > entry->changed ? more->changed : entry->changed;
    if (more->version.ptr)
        set_version(seen, entry, more->version, more->version_time);
}
