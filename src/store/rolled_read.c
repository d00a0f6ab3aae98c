/* SPDX-License-Identifier: Apache-2.0 */
/* A rollup's points into a table.
 *
 * Columns are unpacked whole: that costs less than deciding anything about single entries would save.
 * Series that the condition leaves out, and stretches outside the window, are passed over when their
 * buckets come. Every count is bounded before memory is taken for it: a segment has no more entries
 * than rows, and no more buckets than durations. */
#include "store/rolled.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/codec.h"

#include <stdlib.h>

enum { STEP_BOUND = 1 << 17 }; /* no two buckets are that far apart */

/* What an entry of either kind begins with. */
struct entries {
    struct tv_arena arena;
    uint32_t series_count, count;
    int64_t step_ns;
    int64_t *stretches, *series;
    bool *chosen;      /* by series */
    uint32_t *numbers; /* by series: the table's, + 1; 0: not asked for yet */
};

static bool get_count(struct tv_reader *in, uint64_t most, uint32_t *out)
{
    uint64_t count = 0;
    if (!tv_get_varint(in, &count) || count > most)
        return false;
    *out = (uint32_t)count;
    return true;
}

static bool get_column(struct tv_reader *in, struct tv_arena *arena, uint32_t count, int64_t **out)
{
    *out = tv_arena_alloc(arena, ((size_t)count + 1) * sizeof(**out));
    return tv_ints_get(in, count, *out);
}

static bool get_doubles(struct tv_reader *in, struct tv_arena *arena, uint32_t count, double **out)
{
    uint64_t *bits = tv_arena_alloc(arena, ((size_t)count + 1) * sizeof(*bits));
    *out = tv_arena_alloc(arena, ((size_t)count + 1) * sizeof(**out));
    if (!tv_floats_get(in, count, bits))
        return false;
    memcpy(*out, bits, count * sizeof(*bits));
    return true;
}

static bool get_names(
        struct tv_reader *in, struct tv_arena *arena, uint32_t count, struct tv_str *out)
{
    uint32_t distinct = 0;
    int64_t *codes = NULL;
    if (!get_count(in, count, &distinct))
        return false;
    struct tv_str *texts = tv_arena_calloc(arena, (size_t)distinct + 1, sizeof(*texts));
    if ((distinct && !tv_texts_get(in, distinct, arena, texts + 1)) ||
            !get_column(in, arena, count, &codes))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (codes[i] < 0 || codes[i] > (int64_t)distinct)
            return false;
        out[i] = texts[codes[i]];
    }
    return true;
}

static bool get_entries(struct tv_reader *in, struct entries *entries)
{
    uint32_t seconds = 0;
    if (!get_count(in, 3600, &seconds) || seconds == 0 ||
            !get_count(in, TV_SEGMENT_ROWS_MAX, &entries->count) ||
            !get_column(in, &entries->arena, entries->count, &entries->stretches) ||
            !get_column(in, &entries->arena, entries->count, &entries->series))
        return false;
    entries->step_ns = seconds * TV_NS_PER_S;
    for (uint32_t i = 0; i < entries->count; i++)
        if (entries->series[i] < 0 || entries->series[i] >= (int64_t)entries->series_count ||
                entries->stretches[i] > INT64_MAX / entries->step_ns ||
                entries->stretches[i] < INT64_MIN / entries->step_ns)
            return false;
    return true;
}

/* The series that the condition takes: each stands as one row of a batch. */
static void choose(
        struct entries *entries, const struct tv_rolled_wish *wish, struct tv_batch *batch)
{
    uint32_t *rows = tv_arena_alloc(&entries->arena, ((size_t)batch->rows + 1) * sizeof(*rows));
    entries->chosen = tv_arena_calloc(&entries->arena, (size_t)batch->rows + 1, sizeof(bool));
    entries->numbers = tv_arena_calloc(&entries->arena, (size_t)batch->rows + 1, sizeof(uint32_t));
    uint32_t count = tv_pred_select(wish->where, batch, rows, &entries->arena);
    for (uint32_t i = 0; i < count; i++)
        entries->chosen[rows[i]] = true;
}

static void set_name(struct tv_batch *batch, enum tv_field field, struct tv_str name)
{
    if (name.ptr)
        tv_batch_set_text(batch, field, batch->rows - 1, name);
}

static bool is_wanted(const struct entries *entries, const struct tv_rolled_wish *wish, uint32_t i)
{
    int64_t begin = entries->stretches[i] * entries->step_ns, end = 0;
    if (__builtin_add_overflow(begin, entries->step_ns - 1, &end))
        return false;
    return entries->chosen[entries->series[i]] && begin >= wish->from && end <= wish->to;
}

/* Events. */

struct events {
    struct entries base;
    struct tv_series *names;
    int64_t *events, *errors, *warnings;
    /* Sketches, spread out. */
    int64_t *durations; /* by entry */
    double *min, *max;  /* by entry with durations, as all below */
    int64_t *above, *below, *zeros, *first, *gaps, *counts;
    uint32_t sketches, sides, gap_count, bucket_count;
    int32_t room[2 * TV_SKETCH_BUCKETS];
    uint64_t room_counts[2 * TV_SKETCH_BUCKETS];
};

static bool get_event_names(struct tv_reader *in, struct events *events)
{
    struct tv_arena *arena = &events->base.arena;
    if (!get_count(in, TV_ROLLED_SERIES_MAX, &events->base.series_count))
        return false;
    uint32_t count = events->base.series_count;
    struct tv_str *texts = tv_arena_calloc(arena, 3 * (size_t)count + 1, sizeof(*texts));
    events->names = tv_arena_calloc(arena, (size_t)count + 1, sizeof(*events->names));
    for (uint32_t k = 0; k < 3; k++)
        if (!get_names(in, arena, count, texts + (size_t)count * k))
            return false;
    for (uint32_t i = 0; i < count; i++)
        events->names[i] = (struct tv_series){.service = texts[i],
                .type = texts[count + i],
                .name = texts[2 * (size_t)count + i]};
    return true;
}

static void choose_events(struct events *events, const struct tv_rolled_wish *wish)
{
    struct tv_batch *batch = tv_batch_new();
    for (uint32_t i = 0; i < events->base.series_count; i++) {
        (void)tv_batch_add_row(batch);
        set_name(batch, TV_FIELD_SERVICE, events->names[i].service);
        set_name(batch, TV_FIELD_TYPE, events->names[i].type);
        set_name(batch, TV_FIELD_NAME, events->names[i].name);
    }
    choose(&events->base, wish, batch);
    tv_batch_unref(batch);
}

/* How many buckets and sides the sketches say they have. */
static bool count_buckets(struct events *events)
{
    for (uint32_t i = 0; i < events->sketches; i++) {
        if (events->above[i] < 0 || events->above[i] > TV_SKETCH_BUCKETS || events->below[i] < 0 ||
                events->below[i] > TV_SKETCH_BUCKETS || events->zeros[i] < 0)
            return false;
        events->sides += (events->above[i] > 0 ? 1U : 0U) + (events->below[i] > 0 ? 1U : 0U);
        events->bucket_count += (uint32_t)(events->above[i] + events->below[i]);
    }
    events->gap_count = events->bucket_count - events->sides;
    return events->bucket_count <= TV_SEGMENT_ROWS_MAX;
}

static bool get_sketches(struct tv_str durations, struct events *events)
{
    const uint8_t *start = (const uint8_t *)durations.ptr;
    struct tv_reader in = {start, start + durations.len};
    struct tv_arena *arena = &events->base.arena;
    if (!get_column(&in, arena, events->base.count, &events->durations))
        return false;
    for (uint32_t i = 0; i < events->base.count; i++)
        events->sketches += events->durations[i] > 0;
    return get_doubles(&in, arena, events->sketches, &events->min) &&
            get_doubles(&in, arena, events->sketches, &events->max) &&
            get_column(&in, arena, events->sketches, &events->above) &&
            get_column(&in, arena, events->sketches, &events->below) &&
            get_column(&in, arena, events->sketches, &events->zeros) && count_buckets(events) &&
            get_column(&in, arena, events->sides, &events->first) &&
            get_column(&in, arena, events->gap_count, &events->gaps) &&
            get_column(&in, arena, events->bucket_count, &events->counts) && in.at == in.end;
}

static bool get_events(struct tv_str bytes, struct tv_str durations, struct events *events)
{
    const uint8_t *start = (const uint8_t *)bytes.ptr;
    struct tv_reader in = {start, start + bytes.len};
    struct tv_arena *arena = &events->base.arena;
    return get_event_names(&in, events) && get_entries(&in, &events->base) &&
            get_column(&in, arena, events->base.count, &events->events) &&
            get_column(&in, arena, events->base.count, &events->errors) &&
            get_column(&in, arena, events->base.count, &events->warnings) && in.at == in.end &&
            (durations.len == 0 || get_sketches(durations, events));
}

/* Where the next sketch lies in the columns. */
struct place {
    uint32_t sketch, side, gap, bucket;
};

/* Distances are bounded here, so that no sum of them overflows; the rest is the sketch's to judge. */
static uint32_t take_side(struct events *events, struct place *place, uint32_t used, uint32_t at)
{
    int64_t bucket = 0;
    for (uint32_t i = 0; i < used; i++) {
        int64_t step = i == 0 ? events->first[place->side++] : events->gaps[place->gap++] + 1;
        bucket += step > STEP_BOUND || step < -STEP_BOUND ? 0 : step;
        events->room[at + i] = (int32_t)bucket;
        events->room_counts[at + i] = (uint64_t)events->counts[place->bucket++];
    }
    return at + used;
}

static void take_sketch(
        struct events *events, struct place *place, uint32_t entry, struct tv_sketch_flat *flat)
{
    uint32_t i = place->sketch++;
    *flat = (struct tv_sketch_flat){.count = (uint64_t)events->durations[entry],
            .zeros = (uint64_t)events->zeros[i],
            .min = events->min[i],
            .max = events->max[i],
            .above = (uint32_t)events->above[i],
            .below = (uint32_t)events->below[i],
            .buckets = events->room,
            .counts = events->room_counts};
    (void)take_side(events, place, flat->below, take_side(events, place, flat->above, 0));
}

static void skip_sketch(const struct events *events, struct place *place)
{
    uint32_t above = (uint32_t)events->above[place->sketch];
    uint32_t below = (uint32_t)events->below[place->sketch++];
    uint32_t sides = (above > 0 ? 1U : 0U) + (below > 0 ? 1U : 0U);
    place->side += sides;
    place->gap += above + below - sides;
    place->bucket += above + below;
}

static uint32_t event_number(struct events *events, struct tv_series_table *table, int64_t series)
{
    uint32_t *number = &events->base.numbers[series];
    if (*number == 0)
        *number = tv_series_table_number(table, &events->names[series]) + 1;
    return *number - 1;
}

static bool add_event(struct events *events, struct tv_series_table *table, uint32_t i,
        const struct tv_sketch_flat *flat)
{
    uint32_t number = event_number(events, table, events->base.series[i]);
    int64_t time = events->base.stretches[i] * events->base.step_ns;
    struct tv_series_point *point = tv_series_table_point(table, number, time);
    point->counts.events += (uint64_t)events->events[i];
    point->counts.errors += (uint64_t)events->errors[i];
    point->counts.warnings += (uint64_t)events->warnings[i];
    if (!flat)
        return true;
    size_t before = tv_sketch_bytes(&point->durations);
    bool good = tv_sketch_merge_flat(&point->durations, flat);
    table->bytes += tv_sketch_bytes(&point->durations) - before;
    return good;
}

static bool add_events(
        struct events *events, const struct tv_rolled_wish *wish, struct tv_series_table *table)
{
    struct place place = {0};
    struct tv_sketch_flat flat;
    bool good = true;
    for (uint32_t i = 0; i < events->base.count && good; i++) {
        bool wanted = is_wanted(&events->base, wish, i);
        bool timed = events->sketches > 0 && events->durations[i] > 0;
        if (timed && wanted)
            take_sketch(events, &place, i, &flat);
        else if (timed)
            skip_sketch(events, &place);
        if (wanted)
            good = add_event(events, table, i, timed ? &flat : NULL);
    }
    return good;
}

bool tv_rolled_add_events(struct tv_str bytes, struct tv_str durations,
        const struct tv_rolled_wish *wish, struct tv_series_table *table)
{
    struct events *events = tv_calloc(1, sizeof(*events));
    bool good = get_events(bytes, durations, events);
    if (good) {
        choose_events(events, wish);
        good = add_events(events, wish, table);
    }
    tv_arena_release(&events->base.arena);
    free(events);
    return good;
}

/* Metrics. */

struct metrics {
    struct entries base;
    struct tv_metric_series *names;
    int64_t *counts, *last_times, *last_arrivals;
    double *sums, *mins, *maxs, *lasts;
};

static bool get_metric_names(struct tv_reader *in, struct metrics *metrics)
{
    struct tv_arena *arena = &metrics->base.arena;
    if (!get_count(in, TV_ROLLED_SERIES_MAX, &metrics->base.series_count))
        return false;
    size_t count = metrics->base.series_count;
    struct tv_str *texts = tv_arena_calloc(arena, 4 * count + 1, sizeof(*texts));
    metrics->names = tv_arena_calloc(arena, count + 1, sizeof(*metrics->names));
    for (uint32_t k = 0; k < 4; k++)
        if (!get_names(in, arena, metrics->base.series_count, texts + count * k))
            return false;
    for (size_t i = 0; i < count; i++)
        metrics->names[i] = (struct tv_metric_series){.service = texts[i],
                .instance = texts[count + i],
                .metric = texts[2 * count + i],
                .labels = texts[3 * count + i]};
    return true;
}

static void choose_metrics(struct metrics *metrics, const struct tv_rolled_wish *wish)
{
    struct tv_batch *batch = tv_batch_new();
    for (uint32_t i = 0; i < metrics->base.series_count; i++) {
        (void)tv_batch_add_row(batch);
        set_name(batch, TV_FIELD_SERVICE, metrics->names[i].service);
        set_name(batch, TV_FIELD_INSTANCE, metrics->names[i].instance);
    }
    choose(&metrics->base, wish, batch);
    tv_batch_unref(batch);
}

static bool get_metrics(struct tv_str bytes, struct metrics *metrics)
{
    const uint8_t *start = (const uint8_t *)bytes.ptr;
    struct tv_reader in = {start, start + bytes.len};
    struct tv_arena *arena = &metrics->base.arena;
    if (!get_metric_names(&in, metrics) || !get_entries(&in, &metrics->base))
        return false;
    uint32_t count = metrics->base.count;
    return get_column(&in, arena, count, &metrics->counts) &&
            get_doubles(&in, arena, count, &metrics->sums) &&
            get_doubles(&in, arena, count, &metrics->mins) &&
            get_doubles(&in, arena, count, &metrics->maxs) &&
            get_doubles(&in, arena, count, &metrics->lasts) &&
            get_column(&in, arena, count, &metrics->last_times) &&
            get_column(&in, arena, count, &metrics->last_arrivals) && in.at == in.end;
}

static void add_metric(struct metrics *metrics, struct tv_metric_table *table, uint32_t i)
{
    const struct tv_metric_series *names = &metrics->names[metrics->base.series[i]];
    uint32_t *number = &metrics->base.numbers[metrics->base.series[i]];
    if (table->metric.ptr && !tv_str_equal(table->metric, names->metric))
        return;
    if (*number == 0)
        *number = tv_metric_table_number(table, names) + 1;
    struct tv_metric_point point = {.time = metrics->base.stretches[i] * metrics->base.step_ns,
            .count = (uint64_t)metrics->counts[i],
            .sum = metrics->sums[i],
            .min = metrics->mins[i],
            .max = metrics->maxs[i],
            .last = metrics->lasts[i],
            .last_time = metrics->last_times[i],
            .last_arrival = (uint64_t)metrics->last_arrivals[i]};
    tv_metric_table_merge(table, *number - 1, &point);
}

bool tv_rolled_add_metrics(
        struct tv_str bytes, const struct tv_rolled_wish *wish, struct tv_metric_table *table)
{
    struct metrics metrics = {0};
    bool good = get_metrics(bytes, &metrics);
    if (good) {
        choose_metrics(&metrics, wish);
        for (uint32_t i = 0; i < metrics.base.count; i++)
            if (is_wanted(&metrics.base, wish, i))
                add_metric(&metrics, table, i);
    }
    tv_arena_release(&metrics.base.arena);
    return good;
}
