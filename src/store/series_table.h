/* SPDX-License-Identifier: Apache-2.0 */
/* Tables in which points of series are added up: by whoever reads them, and by the encoder that makes
 * a segment's rollup. One thread. */
#ifndef TV_STORE_SERIES_TABLE_H
#define TV_STORE_SERIES_TABLE_H

#include "store/series.h"

/* (series, step) → index, given in order from 0. Zero-initialised is empty. */
struct tv_step {
    int64_t time; /* at which it begins */
    uint32_t series;
};
struct tv_steps {
    struct tv_step *items;
    uint32_t count, cap;
    uint32_t *slots; /* index + 1 */
    size_t slot_count;
};

void tv_steps_release(struct tv_steps *steps);
/* The pair's index; a new one's is the count from before. */
uint32_t tv_steps_put(struct tv_steps *steps, uint32_t series, int64_t time);
/* The indices by series, then time; owned by the caller. */
uint32_t *tv_steps_sorted(const struct tv_steps *steps);

/* Names that may be absent ({NULL, 0}): into a key of a map, into an arena, in order (absent first). */
void tv_series_put_name(struct tv_buf *key, struct tv_str name);
struct tv_str tv_series_keep(struct tv_arena *arena, struct tv_str name);
int tv_series_compare(struct tv_str a, struct tv_str b);

/* How time is cut. */
struct tv_stepping {
    int64_t step_ns; /* 0: one step, that begins at `from` */
    int64_t from;
};
static inline int64_t tv_step_of(const struct tv_stepping *stepping, int64_t time)
{
    if (stepping->step_ns == 0)
        return stepping->from;
    int64_t below = time % stepping->step_ns;
    return time - below - (below < 0 ? stepping->step_ns : 0);
}

/* Events. Zero-initialised but for the settings is empty. */
struct tv_series_table {
    struct tv_stepping stepping;
    unsigned by;
    bool durations;
    struct tv_arena arena;
    struct tv_map numbers;   /* → series */
    struct tv_series *items; /* names alone */
    uint32_t count, cap;
    struct tv_steps steps;
    struct tv_series_point *points; /* by the steps' indices */
    size_t point_cap;
    size_t bytes; /* of points and sketches */
};

void tv_series_table_release(struct tv_series_table *table);
/* The number of a series; names that `by` does not tell apart are ignored. */
uint32_t tv_series_table_number(struct tv_series_table *table, const struct tv_series *names);
/* The point of a series at a time; valid until the next call. */
struct tv_series_point *tv_series_table_point(
        struct tv_series_table *table, uint32_t number, int64_t time);
/* Adds a whole point to the one of its time. */
void tv_series_table_merge(
        struct tv_series_table *table, uint32_t number, const struct tv_series_point *point);
/* Adds rows, with the columns of tv_series_columns. */
void tv_series_table_add(struct tv_series_table *table, const struct tv_scan_batch *in);
struct tv_scan_columns tv_series_columns(unsigned by, bool durations);
/* Moves all that was gathered into the list, sorted; the table is empty then. */
void tv_series_table_hand_over(struct tv_series_table *table, struct tv_series_list *out);

/* Metrics, in the same way. */
struct tv_metric_table {
    struct tv_stepping stepping;
    unsigned by;
    struct tv_str metric; /* {NULL, 0}: all */
    struct tv_arena arena, scratch;
    struct tv_map numbers; /* → series */
    struct tv_metric_series *items;
    uint32_t count, cap;
    struct tv_steps steps;
    struct tv_metric_point *points;
    size_t point_cap;
    size_t bytes;
};

void tv_metric_table_release(struct tv_metric_table *table);
uint32_t tv_metric_table_number(
        struct tv_metric_table *table, const struct tv_metric_series *names);
void tv_metric_table_merge(
        struct tv_metric_table *table, uint32_t number, const struct tv_metric_point *point);
/* Adds rows that are metric events, with all attributes. */
void tv_metric_table_add(struct tv_metric_table *table, const struct tv_scan_batch *in);
/* As that, unless the rows have more than `most` sets of labels: then nothing is added, false. */
TV_CHECKED bool tv_metric_table_add_few(
        struct tv_metric_table *table, const struct tv_scan_batch *in, uint32_t most);
void tv_metric_table_hand_over(struct tv_metric_table *table, struct tv_metric_list *out);
/* TV_TOO_LARGE where a table (either may be NULL) holds more than a reading may. */
TV_CHECKED enum tv_status tv_series_bounded(const struct tv_series_table *events,
        const struct tv_metric_table *metrics, struct tv_error *err);
/* Selects metric events. */
struct tv_pred *tv_metric_pred(struct tv_arena *arena);

#endif
