/* SPDX-License-Identifier: Apache-2.0 */
/* One side's numbers and errors, gathered by service.
 *
 * Numbers are the fields that FOR names, in any event; without FOR, every number of the metric events.
 * Errors are told apart by what they say, not by when: parts of a message that hold digits (ids, counts,
 * durations) stand as "#", so that a hundred failures of one kind are one row. Learned templates would
 * tell apart better and need a history; these need nothing and say the same on both sides. */
#include "base/mem.h"
#include "timeql/compare.h"

enum { TEXT_BYTES_MAX = 300 };

/* The number kept under two or three texts; UINT64_MAX where there is no room for a new one. */
static uint64_t number_of(struct tv_compare_half *half, struct tv_map *map,
        const struct tv_str parts[3], uint64_t next, uint64_t most)
{
    struct tv_str key = tv_arena_printf(&half->scratch, "%.*s%c%.*s%c%.*s", TV_STR_ARG(parts[0]),
            '\0', TV_STR_ARG(parts[1]), '\0', TV_STR_ARG(parts[2]));
    uint64_t *known = tv_map_get(map, key);
    if (known)
        return *known;
    if (next >= most) {
        half->overfull = true;
        return UINT64_MAX;
    }
    *tv_map_put_copy(map, &half->exec->arena, key, NULL) = next;
    return next;
}

/* The place of what is measured of a service; UINT64_MAX where there is no room for it. */
static uint64_t measured_of(
        struct tv_compare_half *half, struct tv_str service, struct tv_str metric)
{
    const struct tv_str parts[3] = {service, metric, {NULL, 0}};
    uint64_t number =
            number_of(half, &half->measured_by, parts, half->measured_count, TV_COMPARE_SERIES_MAX);
    if (number == UINT64_MAX || number < half->measured_count)
        return number;
    if (half->measured_count == half->measured_cap) {
        half->measured_cap = tv_grown(half->measured_cap, half->measured_count + 1, 32);
        half->measured =
                tv_realloc_array(half->measured, half->measured_cap, sizeof(*half->measured));
    }
    half->measured[half->measured_count] =
            (struct tv_measured){.service = tv_arena_str(&half->exec->arena, service),
                    .metric = tv_arena_str(&half->exec->arena, metric),
                    .time = INT64_MIN};
    return half->measured_count++;
}

static void add_number(struct tv_measured *to, double value, int64_t time, uint64_t arrival)
{
    to->count++;
    to->sum += value;
    if (time < to->time || (time == to->time && arrival < to->arrival))
        return;
    to->time = time;
    to->arrival = arrival;
    to->last = value;
}

/* The numbers that a field has in the batch's rows, under the name `metric`. */
static void take_field(struct tv_compare_half *half, const struct tv_scan_batch *in,
        const struct tv_field_ref *ref, struct tv_str metric)
{
    const uint32_t *services = tv_batch_codes(in->batch, TV_FIELD_SERVICE);
    const int64_t *times = tv_batch_i64(in->batch, TV_FIELD_TIME);
    const uint64_t *arrivals = tv_batch_u64(in->batch, TV_FIELD_ARRIVAL);
    struct tv_value *values = tv_arena_calloc(&half->scratch, in->count, sizeof(*values));
    /* By the service's code: its place + 1. */
    uint64_t *places =
            tv_arena_calloc(&half->scratch, (size_t)in->batch->strings.count + 1, sizeof(*places));
    tv_gather(in, ref, &half->scratch, values);
    for (uint32_t i = 0; services && i < in->count; i++) {
        double number = 0;
        uint32_t row = in->rows[i];
        bool is_number = values[i].type == TV_TYPE_I64 || values[i].type == TV_TYPE_F64;
        if (services[row] == 0 || !is_number || !tv_value_number(values[i], &number))
            continue;
        uint64_t *place = &places[services[row]];
        if (*place == 0)
            *place = measured_of(half, tv_strings_get(&in->batch->strings, services[row]), metric) +
                    1;
        if (*place != 0)
            add_number(
                    &half->measured[*place - 1], number, times[row], arrivals ? arrivals[row] : 0);
    }
}

enum tv_status tv_compare_read_measures(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_compare_half *half = ctx;
    const struct tv_query *query = half->exec->query;
    (void)bound;
    (void)stop;
    for (size_t i = 0; i < query->measure_count; i++) {
        const struct tv_measure *measure = &query->measures[i];
        if (measure->derived == TV_DERIVED_NONE)
            take_field(half, in, &measure->ref, measure->written.name);
    }
    for (uint32_t i = 0; query->measure_count == 0 && i < in->batch->attr_count; i++) {
        struct tv_str name = tv_strings_get(&in->batch->strings, in->batch->attrs[i].name);
        struct tv_field_ref ref = tv_field_ref_attribute(name);
        take_field(half, in, &ref, name);
    }
    tv_arena_release(&half->scratch);
    return TV_OK;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (unsigned char)c >= 0x80;
}

/* The text with "#" for each word that has a digit in it. */
static struct tv_str shape_of(struct tv_arena *arena, struct tv_str text)
{
    text = tv_utf8_prefix(text, TEXT_BYTES_MAX);
    char *out = tv_arena_bytes(arena, text.len);
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        bool digits = false;
        for (; end < text.len && is_letter_or_digit(text.ptr[end]); end++)
            digits = digits || is_digit(text.ptr[end]);
        if (end == at)
            end++;
        if (digits)
            out[len++] = '#';
        else
            memcpy(out + len, text.ptr + at, end - at), len += end - at;
        at = end;
    }
    return (struct tv_str){out, len};
}

/* The cells of an error that its kind is made of. */
enum { SERVICE, TYPE, MESSAGE, NAME, EVENT_ID, ARRIVAL, CELLS };
static const enum tv_field cell_fields[CELLS] = {TV_FIELD_SERVICE, TV_FIELD_TYPE, TV_FIELD_MESSAGE,
        TV_FIELD_NAME, TV_FIELD_EVENT_ID, TV_FIELD_ARRIVAL};

static struct tv_str text_of(struct tv_value value)
{
    return value.type == TV_TYPE_STR ? value.s : (struct tv_str){NULL, 0};
}

static struct tv_error_kind *kind_of(
        struct tv_compare_half *half, const struct tv_error_kind *wanted)
{
    const struct tv_str parts[3] = {wanted->service, wanted->type, wanted->text};
    struct tv_arena *arena = &half->exec->arena;
    uint64_t number =
            number_of(half, &half->kind_by, parts, half->kind_count, TV_COMPARE_KINDS_MAX);
    if (number == UINT64_MAX)
        return NULL;
    if (number < half->kind_count)
        return &half->kinds[number];
    if (half->kind_count == half->kind_cap) {
        half->kind_cap = tv_grown(half->kind_cap, half->kind_count + 1, 16);
        half->kinds = tv_realloc_array(half->kinds, half->kind_cap, sizeof(*half->kinds));
    }
    half->kinds[half->kind_count] =
            (struct tv_error_kind){.service = tv_arena_str(arena, wanted->service),
                    .type = tv_arena_str(arena, wanted->type),
                    .text = tv_arena_str(arena, wanted->text),
                    .first = INT64_MAX,
                    .last = INT64_MIN};
    return &half->kinds[half->kind_count++];
}

static void take_error(struct tv_compare_half *half, const struct tv_value *cells, int64_t time)
{
    struct tv_str told = text_of(cells[MESSAGE]);
    struct tv_error_kind wanted = {.service = text_of(cells[SERVICE]),
            .type = text_of(cells[TYPE]),
            .text = shape_of(&half->scratch, told.len > 0 ? told : text_of(cells[NAME]))};
    struct tv_error_kind *kind = kind_of(half, &wanted);
    if (!kind)
        return;
    kind->count++;
    kind->first = time < kind->first ? time : kind->first;
    if (time < kind->last)
        return;
    struct tv_str event = text_of(cells[EVENT_ID]);
    kind->last = time;
    kind->event = tv_arena_str(&half->exec->arena, event.len > 0 ? event : text_of(cells[ARRIVAL]));
}

enum tv_status tv_compare_read_errors(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_compare_half *half = ctx;
    const int64_t *times = tv_batch_i64(in->batch, TV_FIELD_TIME);
    struct tv_value *columns[CELLS];
    (void)bound;
    (void)stop;
    for (size_t c = 0; c < CELLS; c++) {
        struct tv_field_ref ref = tv_field_ref_fixed(cell_fields[c]);
        columns[c] = tv_arena_calloc(&half->scratch, in->count, sizeof(struct tv_value));
        tv_gather(in, &ref, &half->scratch, columns[c]);
    }
    for (uint32_t i = 0; i < in->count; i++) {
        struct tv_value cells[CELLS];
        for (size_t c = 0; c < CELLS; c++)
            cells[c] = columns[c][i];
        take_error(half, cells, times[in->rows[i]]);
    }
    tv_arena_release(&half->scratch);
    return TV_OK;
}

static uint64_t *find(const struct tv_map *map, struct tv_str a, struct tv_str b, struct tv_str c)
{
    struct tv_arena arena = {0};
    struct tv_str key = tv_arena_printf(
            &arena, "%.*s%c%.*s%c%.*s", TV_STR_ARG(a), '\0', TV_STR_ARG(b), '\0', TV_STR_ARG(c));
    uint64_t *found = tv_map_get(map, key);
    tv_arena_release(&arena);
    return found;
}

struct tv_value tv_compare_value(
        const struct tv_compare_half *half, struct tv_str service, struct tv_str metric)
{
    const uint64_t *number = find(&half->measured_by, service, metric, (struct tv_str){NULL, 0});
    if (!number)
        return tv_value_null();
    const struct tv_measured *measured = &half->measured[*number];
    return tv_value_f64(
            half->side->moment ? measured->last : measured->sum / (double)measured->count);
}

const struct tv_error_kind *tv_compare_kind(
        const struct tv_compare_half *half, const struct tv_error_kind *kind)
{
    const uint64_t *number = find(&half->kind_by, kind->service, kind->type, kind->text);
    return number ? &half->kinds[*number] : NULL;
}
