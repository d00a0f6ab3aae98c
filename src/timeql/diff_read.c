/* SPDX-License-Identifier: Apache-2.0 */
/* DIFF's events, batch by batch: which side each belongs to, and what its fields hold.
 *
 * Most cells of a batch repeat a few texts, interned and therefore at one address. A small table by
 * address in front of the counts of a field takes a whole batch's repetitions in one step each; what
 * falls out of it is only counted sooner. */
#include "base/hash.h"
#include "base/mem.h"
#include "timeql/diff.h"

struct side_rows {
    uint32_t *rows[TV_DIFF_SIDES];
    uint32_t counts[TV_DIFF_SIDES];
};

/* Rows for which the subject is true; and of all others, those that `against` takes. */
static struct side_rows split(struct tv_diff *diff, const struct tv_scan_batch *in)
{
    const struct tv_query *query = diff->exec->query;
    struct side_rows out;
    for (size_t side = 0; side < TV_DIFF_SIDES; side++)
        out.rows[side] = tv_arena_calloc(&diff->scratch, (size_t)in->count + 1, sizeof(uint32_t));
    uint32_t *selected = out.rows[TV_DIFF_SELECTED];
    uint32_t *others = out.rows[TV_DIFF_OTHERS];
    memcpy(selected, in->rows, in->count * sizeof(*selected));
    uint32_t count = tv_pred_filter(query->subject, in->batch, selected, in->count, &diff->scratch);
    uint32_t rest = 0;
    uint32_t next = 0;
    for (uint32_t i = 0; i < in->count; i++) {
        if (next < count && selected[next] == in->rows[i])
            next++;
        else
            others[rest++] = in->rows[i];
    }
    if (query->against)
        rest = tv_pred_filter(query->against, in->batch, others, rest, &diff->scratch);
    out.counts[TV_DIFF_SELECTED] = count;
    out.counts[TV_DIFF_OTHERS] = rest;
    return out;
}

enum tv_status tv_diff_count(void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_diff *diff = ctx;
    (void)bound;
    (void)stop;
    struct side_rows sides = split(diff, in);
    for (size_t side = 0; side < TV_DIFF_SIDES; side++)
        diff->counts[side] += sides.counts[side];
    tv_arena_release(&diff->scratch);
    return TV_OK;
}

static uint32_t thin_out(
        const uint64_t *arrivals, uint64_t threshold, uint32_t *rows, uint32_t count)
{
    uint32_t kept = 0;
    if (threshold == UINT64_MAX || !arrivals)
        return count;
    for (uint32_t i = 0; i < count; i++)
        if (tv_mix64(arrivals[rows[i]]) <= threshold)
            rows[kept++] = rows[i];
    return kept;
}

/* The table by address. */
enum { RECENT = 256 };

struct recent {
    struct {
        struct tv_value value;
        uint64_t count;
    } slots[RECENT];
    struct tv_topk *to;
    struct tv_arena *scratch;
};

static uint64_t address_of(struct tv_value value)
{
    if (value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON)
        return (uint64_t)(uintptr_t)value.s.ptr ^ value.s.len << 48;
    return value.type == TV_TYPE_BOOL ? value.b : (uint64_t)value.i;
}

static void recent_flush(struct recent *recent, size_t slot)
{
    if (recent->slots[slot].count > 0)
        tv_topk_add(
                recent->to, recent->slots[slot].value, recent->slots[slot].count, recent->scratch);
    recent->slots[slot].count = 0;
}

static void recent_add(struct recent *recent, struct tv_value value)
{
    uint64_t address = address_of(value);
    size_t slot = tv_mix64(address) % RECENT;
    if (recent->slots[slot].count > 0 &&
            (recent->slots[slot].value.type != value.type ||
                    address_of(recent->slots[slot].value) != address))
        recent_flush(recent, slot);
    recent->slots[slot].value = value;
    recent->slots[slot].count++;
}

static void keep_number(
        struct tv_diff *diff, struct tv_diff_field *field, struct tv_diff_part *part, double number)
{
    if (diff->number_count == TV_DIFF_NUMBERS_MAX) {
        field->cut = true;
        return;
    }
    if (part->number_count == part->number_cap) {
        part->number_cap = tv_grown(part->number_cap, part->number_count + 1, 256);
        part->numbers = tv_realloc_array(part->numbers, part->number_cap, sizeof(*part->numbers));
    }
    part->numbers[part->number_count++] = number;
    diff->number_count++;
}

static void take_cell(struct tv_diff *diff, struct tv_diff_field *field, struct tv_diff_part *part,
        struct tv_value value, struct recent *recent)
{
    double number = 0;
    bool text = value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON;
    if (value.type == TV_TYPE_NULL)
        return;
    part->present++;
    if (text)
        value.s = tv_utf8_prefix(value.s, TV_DIFF_VALUE_BYTES_MAX);
    recent_add(recent, value);
    if ((value.type == TV_TYPE_I64 || value.type == TV_TYPE_F64) && tv_value_number(value, &number))
        keep_number(diff, field, part, number);
    else
        field->mixed = true;
}

static void take_field(struct tv_diff *diff, struct tv_diff_field *field, size_t side,
        const struct tv_scan_batch *in)
{
    struct tv_diff_part *part = &field->parts[side];
    struct tv_value *values = tv_arena_calloc(&diff->scratch, in->count, sizeof(*values));
    struct recent recent = {.to = &part->values, .scratch = &diff->scratch};
    tv_gather(in, &field->column.ref, &diff->scratch, values);
    for (uint32_t i = 0; i < in->count; i++)
        take_cell(diff, field, part, values[i], &recent);
    for (size_t slot = 0; slot < RECENT; slot++)
        recent_flush(&recent, slot);
}

enum tv_status tv_diff_take(void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_diff *diff = ctx;
    const uint64_t *arrivals = tv_batch_u64(in->batch, TV_FIELD_ARRIVAL);
    (void)bound;
    (void)stop;
    struct side_rows sides = split(diff, in);
    for (size_t side = 0; side < TV_DIFF_SIDES; side++) {
        struct tv_scan_batch part = {.batch = in->batch, .rows = sides.rows[side]};
        part.count =
                thin_out(arrivals, diff->threshold[side], sides.rows[side], sides.counts[side]);
        diff->sampled[side] += part.count;
        for (size_t i = 0; part.count > 0 && i < diff->field_count; i++)
            take_field(diff, &diff->fields[i], side, &part);
    }
    tv_arena_release(&diff->scratch);
    return TV_OK;
}
