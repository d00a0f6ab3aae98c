/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping the first few of many.
 *
 * A heap of single rows would copy row by row; batches copy well only many rows at a time. So rows are
 * appended until there are twice as many as needed, then sorted once and the better half copied to a
 * new batch. Ties are broken by time and then by arrival, so that an answer is the same however the
 * rows came. */
#include "timeql/top.h"

#include "base/mem.h"

#include <stdlib.h>

enum { SLACK_ROWS = 4096 };

/* Whether the order is that of time alone, and which way. */
static bool by_time(const struct tv_select_order *order, size_t count, bool *descending)
{
    *descending = false;
    if (count == 0)
        return true;
    *descending = order[0].descending;
    return order[0].ref.class == TV_FIELD_FIXED && order[0].ref.field == TV_FIELD_TIME;
}

enum tv_scan_order tv_top_scan_order(const struct tv_select_order *order, size_t order_count)
{
    bool descending;
    if (!by_time(order, order_count, &descending))
        return TV_SCAN_ANY;
    return descending ? TV_SCAN_NEWEST : TV_SCAN_OLDEST;
}

void tv_top_init(
        struct tv_top *top, uint64_t limit, const struct tv_select_order *order, size_t order_count)
{
    *top = (struct tv_top){.limit = limit, .order = order, .order_count = order_count};
    top->kept = tv_batch_new();
}

void tv_top_release(struct tv_top *top)
{
    tv_batch_unref(top->kept);
    tv_arena_release(&top->arena);
    free(top->sorted);
}

/* What rows are compared by: the values of the order's fields, row by row, then time and arrival. */
struct sorting {
    const struct tv_value *values; /* order_count for each row */
    const struct tv_select_order *order;
    size_t order_count;
    const int64_t *times;
    const uint64_t *arrivals;
};

static int compare_rows(const void *left, const void *right, void *ctx)
{
    const struct sorting *sorting = ctx;
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    for (size_t i = 0; i < sorting->order_count; i++) {
        int c = tv_field_compare(&sorting->order[i].ref,
                sorting->values[a * sorting->order_count + i],
                sorting->values[b * sorting->order_count + i]);
        if (c != 0)
            return sorting->order[i].descending ? -c : c;
    }
    if (sorting->times[a] != sorting->times[b])
        return sorting->times[a] < sorting->times[b] ? -1 : 1;
    uint64_t first = sorting->arrivals ? sorting->arrivals[a] : a;
    uint64_t second = sorting->arrivals ? sorting->arrivals[b] : b;
    return first < second ? -1 : first > second;
}

/* The order's values of all kept rows, beside each other for each row. */
static const struct tv_value *read_values(struct tv_top *top, const uint32_t *rows)
{
    uint32_t count = top->kept->rows;
    struct tv_scan_batch all = {.batch = top->kept, .rows = rows, .count = count};
    struct tv_value *out =
            tv_arena_calloc(&top->arena, (size_t)count * top->order_count + 1, sizeof(*out));
    struct tv_value *column = tv_arena_calloc(&top->arena, (size_t)count + 1, sizeof(*column));
    for (size_t i = 0; i < top->order_count; i++) {
        tv_gather(&all, &top->order[i].ref, &top->arena, column);
        for (uint32_t row = 0; row < count; row++)
            out[row * top->order_count + i] = column[row];
    }
    return out;
}

static void sort(struct tv_top *top)
{
    uint32_t count = top->kept->rows;
    top->sorted = tv_realloc_array(top->sorted, (size_t)count + 1, sizeof(*top->sorted));
    for (uint32_t i = 0; i < count; i++)
        top->sorted[i] = i;
    struct sorting sorting = {.values = read_values(top, top->sorted),
            .order = top->order,
            .order_count = top->order_count,
            .times = tv_batch_i64(top->kept, TV_FIELD_TIME),
            .arrivals = tv_batch_u64(top->kept, TV_FIELD_ARRIVAL)};
    qsort_r(top->sorted, count, sizeof(*top->sorted), compare_rows, &sorting);
    top->dropped = top->dropped || count > top->limit;
    top->count = count > top->limit ? (uint32_t)top->limit : count;
    tv_arena_release(&top->arena);
}

/* Keeps only the best `limit`. */
static void cut(struct tv_top *top)
{
    sort(top);
    struct tv_batch *best = tv_batch_new();
    tv_batch_append_rows(best, top->kept, top->sorted, top->count);
    tv_batch_unref(top->kept);
    top->kept = best;
    top->full = top->count == top->limit;
    if (top->full && top->count > 0)
        top->worst = tv_batch_i64(best, TV_FIELD_TIME)[top->count - 1];
}

/* Rows of a batch that may belong, where the order is by time: those on the right side of the worst
 * kept, and no more than the limit of them. */
static void narrow(const struct tv_top *top, bool descending, struct tv_scan_batch *batch)
{
    const int64_t *times = tv_batch_i64(batch->batch, TV_FIELD_TIME);
    uint32_t begin = 0;
    uint32_t end = batch->count;
    if (top->full && descending)
        while (begin < end && times[batch->rows[begin]] < top->worst)
            begin++;
    else if (top->full)
        while (end > begin && times[batch->rows[end - 1]] > top->worst)
            end--;
    bool exact = top->order_count <= 1;
    if (exact && end - begin > top->limit && !descending) {
        end = begin + (uint32_t)top->limit;
        while (end < batch->count && end > 0 &&
                times[batch->rows[end]] == times[batch->rows[end - 1]])
            end++;
    } else if (exact && end - begin > top->limit) {
        begin = end - (uint32_t)top->limit;
        while (begin > 0 && times[batch->rows[begin - 1]] == times[batch->rows[begin]])
            begin--;
    }
    batch->rows += begin;
    batch->count = end - begin;
}

void tv_top_add(struct tv_top *top, const struct tv_scan_batch *batch, int64_t bound, bool *stop)
{
    struct tv_scan_batch part = *batch;
    bool descending;
    bool timed = by_time(top->order, top->order_count, &descending);
    if (top->limit == 0) {
        top->dropped = top->dropped || batch->count > 0;
        *stop = true;
        return;
    }
    if (timed)
        narrow(top, descending, &part);
    top->dropped = top->dropped || part.count < batch->count;
    tv_batch_append_rows(top->kept, part.batch, part.rows, part.count);
    if (top->kept->rows >= 2 * top->limit + SLACK_ROWS || (timed && top->kept->rows >= top->limit))
        cut(top);
    if (timed && top->full)
        *stop = descending ? bound < top->worst : bound > top->worst;
}

void tv_top_finish(struct tv_top *top)
{
    sort(top);
}
