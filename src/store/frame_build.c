/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets of traffic from events.
 *
 * A bucket is judged by what is seen in it: spans that end in it or are open at its end, with the
 * records of their ids, make its table; what ended in the bucket before is only asked whether it is
 * a parent, so it is noted in a plain list and held against the few parents that the table lacks
 * (a table of all of it would cost more than all the rest). So every event goes to the buckets that
 * it touches and the one behind, and a pass over any number of buckets gives what a pass over each
 * alone gives. Buckets are worked out as soon as no more can come for them, which bounds memory by
 * how far the events are out of order. */
#include "store/frame_internal.h"

#include "base/mem.h"
#include "store/extent.h"

#include <stdlib.h>

struct tv_frame_builder *tv_frame_builder_new(
        const struct tv_frame_range *range, struct tv_frame *frames, bool one_frame)
{
    struct tv_frame_builder *builder = tv_calloc(1, sizeof(*builder));
    builder->range = *range;
    builder->frames = frames;
    builder->one_frame = one_frame;
    builder->first = builder->open_from = tv_frame_bucket(range->from);
    builder->last = tv_frame_bucket(range->to);
    builder->names = frames->names;
    return builder;
}

static void release_bucket(struct tv_frame_work *work)
{
    tv_spans_release(&work->spans);
    free(work->before);
    *work = (struct tv_frame_work){0};
}

void tv_frame_builder_free(struct tv_frame_builder *builder)
{
    if (!builder)
        return;
    for (size_t i = 0; i < builder->work_count; i++)
        release_bucket(&builder->works[i]);
    free(builder->works);
    free(builder->longs);
    free(builder->open);
    tv_arena_release(&builder->scratch);
    free(builder);
}

struct tv_frame *tv_frame_of_bucket(struct tv_frame_builder *builder, int64_t bucket)
{
    return &builder->frames[builder->one_frame ? 0 : bucket - builder->first];
}

/* The bucket's working set; buckets that were worked out already get nothing more (NULL). */
static struct tv_frame_work *work_of(struct tv_frame_builder *builder, int64_t bucket)
{
    if (bucket < builder->open_from || bucket > builder->last)
        return NULL;
    size_t at = (size_t)(bucket - builder->open_from);
    if (at >= builder->work_cap) {
        size_t cap = tv_grown(builder->work_cap, at + 1, 8);
        builder->works = tv_realloc_array(builder->works, cap, sizeof(*builder->works));
        builder->work_cap = cap;
    }
    for (; builder->work_count <= at; builder->work_count++)
        builder->works[builder->work_count] = (struct tv_frame_work){0};
    return &builder->works[at];
}

void tv_frame_bound(struct tv_frame_builder *builder, int64_t bound)
{
    int64_t until = tv_frame_bucket(bound);
    if (until > builder->last + 1)
        until = builder->last + 1;
    size_t done = 0;
    for (; builder->open_from < until; builder->open_from++, done++) {
        if (done >= builder->work_count) {
            builder->open_from = until;
            break;
        }
        tv_frame_work_out(builder, &builder->works[done], builder->open_from);
        release_bucket(&builder->works[done]);
    }
    if (done == 0)
        return;
    builder->work_count -= done < builder->work_count ? done : builder->work_count;
    memmove(builder->works, builder->works + done, builder->work_count * sizeof(*builder->works));
}

void tv_frame_builder_finish(
        struct tv_frame_builder *builder, const struct tv_frame_open **open, size_t *count)
{
    (void)work_of(builder, builder->last);
    tv_frame_bound(builder, INT64_MAX);
    *open = builder->open;
    *count = builder->open_count;
}

static void note_before(struct tv_frame_work *work, const struct tv_span_event *event)
{
    if (work->before_count == work->before_cap) {
        work->before_cap = tv_grown(work->before_cap, work->before_count + 1, 1024);
        work->before = tv_realloc_array(work->before, work->before_cap, sizeof(*work->before));
    }
    work->before[work->before_count++] =
            (struct tv_frame_before){event->key, event->parent, event->service};
}

static void note_long(struct tv_frame_builder *builder, const struct tv_frame_long *one)
{
    if (builder->long_count == builder->long_cap) {
        builder->long_cap = tv_grown(builder->long_cap, builder->long_count + 1, 32);
        builder->longs =
                tv_realloc_array(builder->longs, builder->long_cap, sizeof(*builder->longs));
    }
    builder->longs[builder->long_count++] = *one;
}

/* Puts an event into the tables of the buckets from … to. */
static void put_between(struct tv_frame_builder *builder, const struct tv_span_event *event,
        int64_t from, int64_t to)
{
    from = from > builder->open_from ? from : builder->open_from;
    to = to < builder->last ? to : builder->last;
    for (int64_t bucket = from; bucket <= to; bucket++)
        tv_spans_add(&work_of(builder, bucket)->spans, event);
}

void tv_frame_put_span(struct tv_frame_builder *builder, const struct tv_span_event *event)
{
    int64_t begins = tv_frame_bucket(event->time);
    int64_t end = tv_event_end(event->time, event->duration);
    int64_t ends = tv_frame_bucket(end);
    if (event->role == TV_ROLE_RECORD) {
        put_between(builder, event, begins, begins + 1);
        return;
    }
    if (event->role != TV_ROLE_SPAN) {
        put_between(builder, event, begins, begins + TV_START_TIMEOUT_NS / TV_FRAME_NS);
        return;
    }
    if (end - event->time > TV_START_TIMEOUT_NS) {
        note_long(builder, &(struct tv_frame_long){*event, end});
        begins = ends;
    }
    put_between(builder, event, begins, ends);
    struct tv_frame_work *behind = ends < builder->last ? work_of(builder, ends + 1) : NULL;
    if (behind)
        note_before(behind, event);
}
