/* SPDX-License-Identifier: Apache-2.0 */
/* count, sum, avg, min, max, distinct, first, last; quantiles, stddev and topk over their own parts.
 *
 * Sums of whole numbers are exact (128 bits); other numbers are summed with compensation, so that the
 * order in which segments come does not show in the result's usual digits. Distinct values are kept as
 * 128-bit fingerprints: two different values share one with a probability that no store ever meets. */
#include "timeql/aggregate.h"

#include "base/hash.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

void tv_aggregator_release(struct tv_aggregator *aggregator)
{
    for (uint32_t i = 0; i < aggregator->count; i++) {
        free(aggregator->states[i].text);
        free(aggregator->states[i].set.slots);
        if (aggregator->states[i].quantile)
            tv_quantile_release(aggregator->states[i].quantile);
        free(aggregator->states[i].quantile);
        if (aggregator->states[i].topk)
            tv_topk_release(aggregator->states[i].topk);
        free(aggregator->states[i].topk);
    }
    free(aggregator->states);
}

void tv_aggregator_reserve(struct tv_aggregator *aggregator, uint32_t group_count)
{
    if (group_count > aggregator->cap) {
        aggregator->cap = (uint32_t)tv_grown(aggregator->cap, group_count, 16);
        aggregator->states =
                tv_realloc_array(aggregator->states, aggregator->cap, sizeof(*aggregator->states));
    }
    for (; aggregator->count < group_count; aggregator->count++)
        aggregator->states[aggregator->count] = (struct tv_aggregate_state){0};
}

static void add_fraction(struct tv_aggregate_state *state, double number)
{
    double sum = state->sum + number;
    if (fabs(state->sum) >= fabs(number))
        state->lost += state->sum - sum + number;
    else
        state->lost += number - sum + state->sum;
    state->sum = sum;
    state->fraction = true;
}

static void add_number(struct tv_aggregate_state *state, struct tv_value value)
{
    double number = 0;
    int64_t whole;
    if (value.type == TV_TYPE_I64) {
        state->whole += value.i;
    } else if (value.type == TV_TYPE_STR && tv_str_to_i64(value.s, &whole)) {
        state->whole += whole;
    } else if (tv_value_number(value, &number)) {
        add_fraction(state, number);
    } else {
        return;
    }
    state->count++;
}

/* Keeps the value, its text in the state's own memory. */
static void keep(struct tv_aggregate_state *state, struct tv_value value)
{
    state->best = value;
    if (value.type != TV_TYPE_STR && value.type != TV_TYPE_JSON)
        return;
    if (value.s.len > state->text_cap) {
        state->text_cap = tv_grown(state->text_cap, value.s.len, 32);
        state->text = tv_realloc(state->text, state->text_cap);
    }
    if (value.s.len > 0)
        memcpy(state->text, value.s.ptr, value.s.len);
    state->best.s.ptr = state->text;
}

static void add_extreme(
        struct tv_aggregate_state *state, struct tv_value value, const struct tv_select_item *item)
{
    bool max = item->aggregate == TV_AGGREGATE_MAX;
    int order = state->count > 0 ? tv_field_compare(&item->column.ref, value, state->best) : 0;
    if (state->count == 0 || (max ? order > 0 : order < 0))
        keep(state, value);
    state->count++;
}

struct moment {
    int64_t time;
    uint64_t arrival;
};

static void add_edge(
        struct tv_aggregate_state *state, struct tv_value value, struct moment at, bool last)
{
    bool later = at.time != state->best_time ? at.time > state->best_time
                                             : at.arrival > state->best_arrival;
    if (state->count == 0 || later == last) {
        keep(state, value);
        state->best_time = at.time;
        state->best_arrival = at.arrival;
    }
    state->count++;
}

static bool set_put(struct tv_distinct_set *set, const uint64_t print[2])
{
    size_t at = print[0] & (set->slot_count - 1);
    while (set->slots[at][0] || set->slots[at][1]) {
        if (set->slots[at][0] == print[0] && set->slots[at][1] == print[1])
            return false;
        at = (at + 1) & (set->slot_count - 1);
    }
    set->slots[at][0] = print[0];
    set->slots[at][1] = print[1];
    set->count++;
    return true;
}

static void set_grow(struct tv_distinct_set *set)
{
    struct tv_distinct_set old = *set;
    set->slot_count = old.slot_count ? old.slot_count * 2 : 16;
    set->slots = tv_calloc(set->slot_count, sizeof(*set->slots));
    set->count = 0;
    for (size_t i = 0; i < old.slot_count; i++)
        if (old.slots[i][0] || old.slots[i][1])
            (void)set_put(set, old.slots[i]);
    free(old.slots);
}

static void fingerprint(struct tv_value value, uint64_t out[2])
{
    bool text = value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON;
    bool whole = value.type == TV_TYPE_F64 && floor(value.f) == value.f && fabs(value.f) < 9e15;
    if (whole)
        value = tv_value_i64((int64_t)value.f);
    if (text) {
        uint8_t bytes[16];
        tv_hash128(value.s.ptr ? value.s.ptr : "", value.s.len, bytes);
        memcpy(out, bytes, sizeof(bytes));
    } else {
        uint64_t bits = value.type == TV_TYPE_BOOL ? value.b : (uint64_t)value.i;
        out[0] = tv_mix64(bits ^ 0x9e3779b97f4a7c15ULL);
        out[1] = bits;
    }
    out[1] ^= (uint64_t)value.type << 60;
    if (out[0] == 0 && out[1] == 0)
        out[0] = 1;
}

static void add_distinct(struct tv_aggregate_state *state, struct tv_value value, size_t *budget)
{
    uint64_t print[2];
    if (*budget == 0)
        return;
    fingerprint(value, print);
    if (2 * (state->set.count + 1) > state->set.slot_count)
        set_grow(&state->set);
    if (set_put(&state->set, print))
        --*budget;
}

static void add_quantile(struct tv_aggregate_state *state, double number, size_t *all_bytes)
{
    if (!state->quantile) {
        state->quantile = tv_calloc(1, sizeof(*state->quantile));
        *all_bytes += sizeof(*state->quantile);
    }
    *all_bytes += tv_quantile_add(state->quantile, number);
}

static void add_topk(struct tv_aggregator *aggregator, struct tv_aggregate_state *state,
        struct tv_value value, struct tv_arena *scratch)
{
    if (!state->topk) {
        state->topk = tv_calloc(1, sizeof(*state->topk));
        *aggregator->bytes += sizeof(*state->topk);
    }
    size_t before = state->topk->bytes;
    tv_topk_add(state->topk, value, 1, scratch);
    *aggregator->bytes += state->topk->bytes - before;
}

static void add_moments(struct tv_aggregate_state *state, struct tv_value value)
{
    double number = 0;
    if (tv_value_number(value, &number) && isfinite(number))
        tv_moments_add(&state->moments, number);
}

static void add_value(const struct tv_select_item *item, struct tv_aggregate_state *state,
        struct tv_value value, struct moment at)
{
    enum tv_aggregate aggregate = item->aggregate;
    if (aggregate == TV_AGGREGATE_SUM || aggregate == TV_AGGREGATE_AVG)
        add_number(state, value);
    else if (aggregate == TV_AGGREGATE_MIN || aggregate == TV_AGGREGATE_MAX)
        add_extreme(state, value, item);
    else if (aggregate == TV_AGGREGATE_FIRST || aggregate == TV_AGGREGATE_LAST)
        add_edge(state, value, at, aggregate == TV_AGGREGATE_LAST);
    else if (aggregate == TV_AGGREGATE_STDDEV)
        add_moments(state, value);
    else
        state->count++;
}

static void count_rows(struct tv_aggregator *aggregator, uint32_t count, const uint32_t *groups)
{
    for (uint32_t i = 0; i < count; i++)
        aggregator->states[groups[i]].count++;
}

/* A field of whole numbers needs no value around each: what most charts ask of durations. Whether the
 * function is one of those. */
static bool add_whole(
        struct tv_aggregator *aggregator, const struct tv_scan_batch *batch, const uint32_t *groups)
{
    enum tv_aggregate aggregate = aggregator->item->aggregate;
    const struct tv_field_ref *ref = &aggregator->item->column.ref;
    bool quantile = tv_aggregate_per_cent(aggregate) > 0;
    bool extreme = aggregate == TV_AGGREGATE_MIN || aggregate == TV_AGGREGATE_MAX;
    bool sum = aggregate == TV_AGGREGATE_SUM || aggregate == TV_AGGREGATE_AVG;
    if (ref->class != TV_FIELD_FIXED || tv_field_column(ref->field) != TV_COLUMN_I64 ||
            !(quantile || extreme || sum))
        return false;
    const int64_t *numbers = tv_batch_i64(batch->batch, ref->field);
    for (uint32_t i = 0; numbers && i < batch->count; i++) {
        int64_t number = numbers[batch->rows[i]];
        struct tv_aggregate_state *state = &aggregator->states[groups[i]];
        if (number == TV_ABSENT_I64)
            continue;
        if (quantile)
            add_quantile(state, (double)number, aggregator->bytes);
        else if (extreme &&
                (state->count == 0 || (aggregate == TV_AGGREGATE_MAX) == (number > state->best.i)))
            state->best = tv_value_i64(number);
        state->whole += number;
        state->count++;
    }
    return true;
}

void tv_aggregator_add(struct tv_aggregator *aggregator, const struct tv_scan_batch *batch,
        const uint32_t *groups, struct tv_arena *scratch)
{
    enum tv_aggregate aggregate = aggregator->item->aggregate;
    if (aggregate == TV_AGGREGATE_NONE)
        return;
    if (aggregator->item->star) {
        count_rows(aggregator, batch->count, groups);
        return;
    }
    if (add_whole(aggregator, batch, groups))
        return;
    const int64_t *times = tv_batch_i64(batch->batch, TV_FIELD_TIME);
    const uint64_t *arrivals = tv_batch_u64(batch->batch, TV_FIELD_ARRIVAL);
    struct tv_value *values = tv_arena_calloc(scratch, (size_t)batch->count + 1, sizeof(*values));
    tv_gather(batch, &aggregator->item->column.ref, scratch, values);
    for (uint32_t i = 0; i < batch->count; i++) {
        if (values[i].type == TV_TYPE_NULL)
            continue;
        struct tv_aggregate_state *state = &aggregator->states[groups[i]];
        uint32_t row = batch->rows[i];
        double number = 0;
        if (aggregate == TV_AGGREGATE_DISTINCT)
            add_distinct(state, values[i], aggregator->budget);
        else if (tv_aggregate_per_cent(aggregate) > 0 && tv_value_number(values[i], &number))
            add_quantile(state, number, aggregator->bytes);
        else if (aggregate == TV_AGGREGATE_TOPK)
            add_topk(aggregator, state, values[i], scratch);
        else
            add_value(aggregator->item, state, values[i],
                    (struct moment){times ? times[row] : 0, arrivals ? arrivals[row] : 0});
    }
}

void tv_aggregator_add_sum(struct tv_aggregator *aggregator, uint32_t group, uint64_t rows,
        const struct tv_sketch *sketch)
{
    struct tv_aggregate_state *state = &aggregator->states[group];
    if (aggregator->item->star)
        state->count += rows;
    if (tv_aggregate_per_cent(aggregator->item->aggregate) == 0 || sketch->count == 0)
        return;
    if (!state->quantile)
        state->quantile = tv_calloc(1, sizeof(*state->quantile));
    size_t before = tv_quantile_bytes(state->quantile);
    tv_quantile_merge(state->quantile, sketch);
    *aggregator->bytes += tv_quantile_bytes(state->quantile) - before;
}

static struct tv_value sum_of(const struct tv_aggregate_state *state)
{
    if (state->count == 0)
        return tv_value_null();
    if (!state->fraction && state->whole >= INT64_MIN && state->whole <= INT64_MAX)
        return tv_value_i64((int64_t)state->whole);
    return tv_value_f64((double)state->whole + (state->sum + state->lost));
}

/* Quantiles of whole nanoseconds are whole; others are numbers, whatever the group's size. */
static struct tv_value quantile_value(const struct tv_select_item *item, double number)
{
    if (item->column.kind != TV_AS_INTEGER)
        return tv_value_f64(number);
    return tv_value_i64(number >= 0x1p63 ? INT64_MAX : (int64_t)llround(number));
}

static void finish_quantile(struct tv_aggregator *aggregator, struct tv_aggregate_state *state)
{
    double number = 0;
    unsigned per_cent = tv_aggregate_per_cent(aggregator->item->aggregate);
    if (!state->quantile || !tv_quantile_read(state->quantile, per_cent, &number))
        return;
    state->best = quantile_value(aggregator->item, number);
    aggregator->sketched = aggregator->sketched || tv_quantile_is_sketched(state->quantile);
}

static void finish_topk(struct tv_aggregator *aggregator, struct tv_aggregate_state *state)
{
    const struct tv_select_item *item = aggregator->item;
    static const struct tv_topk none = {.lost = 0};
    const struct tv_topk *topk = state->topk ? state->topk : &none;
    struct tv_column field = tv_column_of(item->column.name, item->column.ref);
    struct tv_buf out = {0};
    tv_topk_write(topk, item->most, &field, &out);
    state->best = (struct tv_value){.type = TV_TYPE_JSON, .s = tv_buf_str(&out)};
    state->text = out.data;
    if (topk->lost > aggregator->lost)
        aggregator->lost = topk->lost;
}

void tv_aggregator_finish(struct tv_aggregator *aggregator)
{
    for (uint32_t i = 0; i < aggregator->count; i++) {
        struct tv_aggregate_state *state = &aggregator->states[i];
        if (tv_aggregate_per_cent(aggregator->item->aggregate) > 0)
            finish_quantile(aggregator, state);
        else if (aggregator->item->aggregate == TV_AGGREGATE_TOPK)
            finish_topk(aggregator, state);
    }
}

struct tv_value tv_aggregator_result(const struct tv_aggregator *aggregator, uint32_t group)
{
    const struct tv_aggregate_state *state = &aggregator->states[group];
    switch (aggregator->item->aggregate) {
    case TV_AGGREGATE_SUM:
        return sum_of(state);
    case TV_AGGREGATE_AVG:
        if (state->count == 0)
            return tv_value_null();
        return tv_value_f64(
                ((double)state->whole + (state->sum + state->lost)) / (double)state->count);
    case TV_AGGREGATE_MIN:
    case TV_AGGREGATE_MAX:
    case TV_AGGREGATE_FIRST:
    case TV_AGGREGATE_LAST:
        return state->count == 0 ? tv_value_null() : state->best;
    case TV_AGGREGATE_DISTINCT:
        return tv_value_i64((int64_t)state->set.count);
    case TV_AGGREGATE_P50:
    case TV_AGGREGATE_P90:
    case TV_AGGREGATE_P95:
    case TV_AGGREGATE_P99:
    case TV_AGGREGATE_TOPK:
        return state->best;
    case TV_AGGREGATE_STDDEV:
        return state->moments.count == 0 ? tv_value_null()
                                         : tv_value_f64(tv_moments_deviation(&state->moments));
    case TV_AGGREGATE_NONE:
    case TV_AGGREGATE_COUNT:
    case TV_AGGREGATE_RATE:
    case TV_AGGREGATE_ENUM_COUNT:
        break;
    }
    return tv_value_i64((int64_t)state->count);
}
