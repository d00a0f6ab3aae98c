/* SPDX-License-Identifier: Apache-2.0 */
/* An open-addressed table by 64-bit key. Trace and span id are mixed into one number: of the million
 * spans that a window may hold, two would share one about once in 37 million windows. */
#include "store/spans.h"

#include "base/hash.h"
#include "base/mem.h"
#include "store/extent.h"

#include <stdlib.h>

void tv_spans_release(struct tv_spans *spans)
{
    free(spans->items);
    free(spans->slots);
    *spans = (struct tv_spans){0};
}

uint64_t tv_span_key(struct tv_id trace, uint64_t span_id)
{
    uint64_t key = tv_mix64(span_id ^ tv_mix64(trace.hi ^ tv_mix64(trace.lo)));
    return key ? key : 1;
}

static struct tv_span_slot slot_of(uint64_t key, uint32_t index)
{
    return (struct tv_span_slot){.tag = (uint32_t)(key >> 32), .index = index + 1};
}

/* The first free slot for a key that is not there. */
static size_t free_slot(const struct tv_spans *spans, uint64_t key)
{
    size_t at = key & (spans->slot_count - 1);
    while (spans->slots[at].index)
        at = (at + 1) & (spans->slot_count - 1);
    return at;
}

static void grow(struct tv_spans *spans)
{
    spans->slot_count = spans->slot_count ? spans->slot_count * 2 : 64;
    free(spans->slots);
    spans->slots = tv_calloc(spans->slot_count, sizeof(*spans->slots));
    for (uint32_t i = 0; i < spans->count; i++) {
        uint64_t key = spans->items[i].key;
        spans->slots[free_slot(spans, key)] = slot_of(key, i);
    }
}

struct tv_span *tv_spans_find(const struct tv_spans *spans, uint64_t key)
{
    if (key == 0 || spans->slot_count == 0)
        return NULL;
    size_t at = key & (spans->slot_count - 1);
    for (; spans->slots[at].index; at = (at + 1) & (spans->slot_count - 1)) {
        if (spans->slots[at].tag != (uint32_t)(key >> 32))
            continue;
        struct tv_span *span = &spans->items[spans->slots[at].index - 1];
        if (span->key == key)
            return span;
    }
    return NULL;
}

struct tv_span *tv_spans_put(struct tv_spans *spans, uint64_t key)
{
    struct tv_span *found = tv_spans_find(spans, key);
    if (found)
        return found;
    if (2 * ((size_t)spans->count + 1) > spans->slot_count)
        grow(spans);
    if (spans->count == spans->cap) {
        spans->cap = (uint32_t)tv_grown(spans->cap, spans->count + 1, 32);
        spans->items = tv_realloc_array(spans->items, spans->cap, sizeof(*spans->items));
    }
    spans->slots[free_slot(spans, key)] = slot_of(key, spans->count);
    struct tv_span *span = &spans->items[spans->count++];
    *span = (struct tv_span){.key = key,
            .start = TV_ABSENT_I64,
            .end = TV_ABSENT_I64,
            .ended = TV_ABSENT_I64,
            .ended_after = TV_ABSENT_I64};
    return span;
}

static bool is_later(const struct tv_span_event *event, int64_t time, uint64_t arrival)
{
    return event->time != time ? event->time > time : event->arrival > arrival;
}

/* A whole span stands for itself before a start does, and that before an end. */
static bool stands_for(const struct tv_span_event *event, const struct tv_span *span)
{
    if ((uint8_t)event->role != span->role)
        return (uint8_t)event->role > span->role;
    return is_later(event, span->time, span->arrival);
}

static void note_end(struct tv_span *span, const struct tv_span_event *event)
{
    if (span->ended != TV_ABSENT_I64 && event->time < span->ended)
        return;
    bool timed = event->duration != TV_ABSENT_I64 && event->duration >= 0;
    if (event->time > span->ended || (timed && event->duration > span->ended_after))
        span->ended_after = timed ? event->duration : TV_ABSENT_I64;
    span->ended = event->time;
}

void tv_spans_add(struct tv_spans *spans, const struct tv_span_event *event)
{
    struct tv_span *span = tv_spans_put(spans, event->key);
    span->failed = span->failed || event->error;
    if (event->role == TV_ROLE_RECORD)
        return;
    if (event->role == TV_ROLE_END)
        note_end(span, event);
    /* Where two disagree, which of them is right is not known: the higher number is as good. */
    span->kind = event->kind > span->kind ? event->kind : span->kind;
    span->parent = event->parent > span->parent ? event->parent : span->parent;
    if (!stands_for(event, span)) {
        span->peer = span->peer ? span->peer : event->peer;
        return;
    }
    span->peer = event->peer ? event->peer : span->peer;
    span->role = (uint8_t)event->role;
    span->service = event->service;
    span->arrival = event->arrival;
    span->time = event->time;
    if (event->role != TV_ROLE_END)
        span->start = event->time;
    if (event->role == TV_ROLE_SPAN)
        span->end = tv_event_end(event->time, event->duration);
}

int64_t tv_span_end(const struct tv_span *span)
{
    if (span->role == TV_ROLE_SPAN)
        return span->end;
    return span->start != TV_ABSENT_I64 && span->ended < span->start ? TV_ABSENT_I64 : span->ended;
}

int64_t tv_span_start(const struct tv_span *span)
{
    if (span->start != TV_ABSENT_I64 || span->ended_after == TV_ABSENT_I64)
        return span->start;
    return span->ended - span->ended_after;
}

enum tv_span_type tv_span_type_of(struct tv_str type)
{
    static const struct {
        struct tv_str name;
        enum tv_span_type type;
    } types[] = {{{"span", 4}, TV_SPAN_TYPE_SPAN}, {{"log", 3}, TV_SPAN_TYPE_RECORD},
            {{"error", 5}, TV_SPAN_TYPE_RECORD}, {{"metric", 6}, TV_SPAN_TYPE_RECORD},
            {{"system:metrics", 14}, TV_SPAN_TYPE_RECORD}, {{"deploy", 6}, TV_SPAN_TYPE_RECORD},
            {{"config", 6}, TV_SPAN_TYPE_RECORD}, {{"alert", 5}, TV_SPAN_TYPE_RECORD},
            {{"dependency", 10}, TV_SPAN_TYPE_RECORD}, {{"span:start", 10}, TV_SPAN_TYPE_START},
            {{"http:request", 12}, TV_SPAN_TYPE_START}, {{"span:end", 8}, TV_SPAN_TYPE_END},
            {{"http:response", 13}, TV_SPAN_TYPE_END}, {{"database:query", 14}, TV_SPAN_TYPE_SPAN}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (tv_str_equal(type, types[i].name))
            return types[i].type;
    return TV_SPAN_TYPE_OWN;
}

enum tv_span_role tv_span_role_of(enum tv_span_type type, bool timed, bool kinded)
{
    switch (type) {
    case TV_SPAN_TYPE_RECORD:
        return TV_ROLE_RECORD;
    case TV_SPAN_TYPE_SPAN:
        return TV_ROLE_SPAN;
    case TV_SPAN_TYPE_START:
        return timed ? TV_ROLE_SPAN : TV_ROLE_START;
    case TV_SPAN_TYPE_END:
        return TV_ROLE_END;
    case TV_SPAN_TYPE_OWN:
        break;
    }
    return timed || kinded ? TV_ROLE_SPAN : TV_ROLE_RECORD;
}
