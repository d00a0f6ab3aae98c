/* SPDX-License-Identifier: Apache-2.0 */
/* From the spans of a bucket to requests and calls.
 *
 * A request counts when it ends. It is a span of kind server or consumer, or, where the kind is not
 * known, one without a parent in its own service. Parents that the bucket's table lacks are looked
 * for among what ended in the bucket before, and among the long spans that touch the bucket. */
#include "store/frame_internal.h"

#include "base/mem.h"

#include <stdlib.h>

/* Parents wanted, and whose they turn out to be. */
struct wanted {
    struct wanted_slot {
        uint64_t key;
        uint32_t service; /* + 1; 0: not found */
    } * slots;
    size_t mask, count;
};

struct working {
    struct tv_frame_builder *builder;
    struct tv_frame_work *work;
    int64_t start, from, to; /* from: what ends before counts elsewhere or not at all */
    bool last;
    struct tv_frame *frame;
    struct wanted wanted;
    struct tv_spans still; /* long spans that are open at the end of the last bucket */
};

static struct wanted_slot *wanted_slot(const struct wanted *wanted, uint64_t key)
{
    size_t at = key & wanted->mask;
    while (wanted->slots[at].key && wanted->slots[at].key != key)
        at = (at + 1) & wanted->mask;
    return &wanted->slots[at];
}

static struct tv_span *seen_span(const struct working *in, uint64_t key)
{
    struct tv_span *span = tv_spans_find(&in->work->spans, key);
    return span && span->role != TV_ROLE_RECORD ? span : NULL;
}

static void want_parent(struct working *in, const struct tv_span *span)
{
    if (span->parent == 0 || seen_span(in, span->parent))
        return;
    wanted_slot(&in->wanted, span->parent)->key = span->parent;
    in->wanted.count++;
}

/* Notes the parents that the table lacks; tells those it has of their children. Returns whether any
 * span says what it called. */
static bool collect_parents(struct working *in)
{
    bool calls = false;
    size_t slots = 64;
    while (slots < ((size_t)in->work->spans.count + in->still.count) * 2)
        slots *= 2;
    in->wanted.slots = tv_calloc(slots, sizeof(*in->wanted.slots));
    in->wanted.mask = slots - 1;
    for (uint32_t i = 0; i < in->still.count; i++)
        want_parent(in, &in->still.items[i]);
    for (uint32_t i = 0; i < in->work->spans.count; i++) {
        const struct tv_span *span = &in->work->spans.items[i];
        if (span->role == TV_ROLE_RECORD)
            continue;
        calls = calls || span->peer != 0;
        want_parent(in, span);
        struct tv_span *parent = seen_span(in, span->parent);
        if (parent && parent->service != span->service)
            parent->calls_elsewhere = true;
    }
    return calls;
}

/* What is open at the end but too long for the table. */
static void collect_still_open(struct working *in)
{
    for (size_t i = 0; i < in->builder->long_count && in->last; i++) {
        const struct tv_frame_long *one = &in->builder->longs[i];
        if (one->event.time <= in->to && tv_frame_bucket(one->end) > in->builder->last)
            tv_spans_add(&in->still, &one->event);
    }
}

/* Of two spans with one id the one whose service comes first by name is it. */
static void found_parent(struct working *in, uint64_t key, uint32_t service)
{
    const struct tv_frame_names *names = in->builder->names;
    struct wanted_slot *slot = wanted_slot(&in->wanted, key);
    if (!slot->key)
        return;
    if (slot->service == 0 ||
            tv_str_compare(names->service[service], names->service[slot->service - 1]) < 0)
        slot->service = service + 1;
}

static void look_before(struct working *in, bool calls)
{
    const struct tv_frame_work *work = in->work;
    for (size_t i = 0; i < work->before_count; i++) {
        const struct tv_frame_before *before = &work->before[i];
        if (in->wanted.count > 0)
            found_parent(in, before->key, before->service);
        struct tv_span *parent = calls ? seen_span(in, before->parent) : NULL;
        if (parent && parent->service != before->service)
            parent->calls_elsewhere = true;
    }
    for (size_t i = 0; i < in->builder->long_count && in->wanted.count > 0; i++) {
        const struct tv_frame_long *one = &in->builder->longs[i];
        if (one->event.time <= in->to && one->end >= in->start - TV_FRAME_NS)
            found_parent(in, one->event.key, one->event.service);
    }
}

/* The service of the span's parent + 1; 0: no parent was seen. */
static uint32_t parent_service(const struct working *in, const struct tv_span *span)
{
    if (span->parent == 0)
        return 0;
    const struct tv_span *parent = seen_span(in, span->parent);
    return parent ? parent->service + 1 : wanted_slot(&in->wanted, span->parent)->service;
}

static bool is_request(const struct tv_span *span, uint32_t parent)
{
    if (span->kind == TV_KIND_SERVER || span->kind == TV_KIND_CONSUMER)
        return true;
    return span->kind == TV_KIND_ABSENT && parent != span->service + 1;
}

static void note_open(struct working *in, const struct tv_span *span, int64_t start)
{
    struct tv_frame_builder *builder = in->builder;
    if (span->role != TV_ROLE_SPAN && start < in->to - TV_START_TIMEOUT_NS)
        return;
    if (builder->open_count == builder->open_cap) {
        builder->open_cap = tv_grown(builder->open_cap, builder->open_count + 1, 64);
        builder->open = tv_realloc_array(builder->open, builder->open_cap, sizeof(*builder->open));
    }
    builder->open[builder->open_count++] =
            (struct tv_frame_open){span->service, {start, span->arrival}};
}

static void add_call(struct working *in, uint32_t from, uint32_t to, const struct tv_span *span)
{
    uint32_t number = tv_frame_name_edge(in->builder->names, from, to);
    struct tv_frame_edge *edge = tv_frame_edge(in->frame, number);
    int64_t start = tv_span_start(span);
    edge->requests++;
    edge->failed += span->failed;
    if (start != TV_ABSENT_I64)
        tv_sketch_add(&edge->durations, (double)(tv_span_end(span) - start));
}

/* A call to something that sends no spans itself. */
static bool calls_outside(const struct tv_span *span)
{
    bool out = span->kind == TV_KIND_CLIENT || span->kind == TV_KIND_PRODUCER ||
            span->kind == TV_KIND_ABSENT;
    return out && span->peer && !span->calls_elsewhere && span->peer - 1 != span->service;
}

static void judge(struct working *in, const struct tv_span *span)
{
    int64_t start = tv_span_start(span);
    int64_t end = tv_span_end(span);
    bool open = end == TV_ABSENT_I64 || end > in->to;
    if (open && !in->last)
        return;
    if (!open && end < in->from)
        return;
    uint32_t parent = parent_service(in, span);
    bool request = is_request(span, parent);
    if (open) {
        if (request && start != TV_ABSENT_I64)
            note_open(in, span, start);
        return;
    }
    if (request) {
        struct tv_frame_service *service = tv_frame_service(in->frame, span->service);
        service->requests++;
        service->failed += span->failed;
        if (start != TV_ABSENT_I64)
            tv_sketch_add(&service->durations, (double)(end - start));
    }
    if (parent && parent - 1 != span->service)
        add_call(in, parent - 1, span->service, span);
    if (calls_outside(span))
        add_call(in, span->service, span->peer - 1, span);
}

void tv_frame_work_out(struct tv_frame_builder *builder, struct tv_frame_work *work, int64_t bucket)
{
    int64_t start = bucket * TV_FRAME_NS;
    int64_t end = start + TV_FRAME_NS - 1;
    struct working in = {.builder = builder,
            .work = work,
            .start = start,
            .from = start > builder->range.from ? start : builder->range.from,
            .to = end < builder->range.to ? end : builder->range.to,
            .last = bucket == builder->last,
            .frame = tv_frame_of_bucket(builder, bucket)};
    collect_still_open(&in);
    bool calls = collect_parents(&in);
    if (calls || in.wanted.count > 0)
        look_before(&in, calls);
    for (uint32_t i = 0; i < work->spans.count; i++)
        if (work->spans.items[i].role != TV_ROLE_RECORD)
            judge(&in, &work->spans.items[i]);
    for (uint32_t i = 0; i < in.still.count; i++)
        judge(&in, &in.still.items[i]);
    tv_spans_release(&in.still);
    free(in.wanted.slots);
}
