/* SPDX-License-Identifier: Apache-2.0 */
/* Spans put together from events.
 *
 * A span may come as one event with a duration, or as a start and an end (span:start and span:end,
 * http:request and http:response); logs and errors with its id tell whether it failed. One table
 * entry gathers all that is known of it. What an entry says depends on the events put into it, never
 * on their order: of two that say the same thing differently the later one (time, then arrival) holds. */
#ifndef TV_STORE_SPANS_H
#define TV_STORE_SPANS_H

#include "event/batch.h"

/* What an event is to spans, by its type and cells. */
enum tv_span_role {
    TV_ROLE_RECORD, /* a log, an error, a metric …: belongs to a span at most */
    TV_ROLE_END,
    TV_ROLE_START,
    TV_ROLE_SPAN /* a whole span */
};

/* An event that says something of a span. */
struct tv_span_event {
    int64_t time, duration; /* duration TV_ABSENT_I64: none */
    uint64_t arrival;
    uint64_t key, parent; /* tv_span_key; 0: none */
    uint32_t service;     /* the caller's number */
    uint32_t peer;        /* the caller's number + 1 of what it says to have called; 0: none */
    uint8_t kind;
    bool error;
    enum tv_span_role role;
};

struct tv_span {
    uint64_t key, parent;
    uint64_t arrival;    /* of the event that stands for it */
    int64_t time;        /* of that event */
    int64_t start;       /* as a start or a whole span tells it; TV_ABSENT_I64: not told */
    int64_t end;         /* of a whole span */
    int64_t ended;       /* the last end event */
    int64_t ended_after; /* the duration that it tells */
    uint32_t service, peer;
    uint8_t kind;
    uint8_t role; /* of the event that stands for it; TV_ROLE_RECORD: only records were seen */
    bool failed;
    bool calls_elsewhere; /* a child of it is in another service */
};

/* The upper half of the key stands beside the index, so that a look-up that fails, or passes over
 * others, does not touch their entries. */
struct tv_span_slot {
    uint32_t tag;
    uint32_t index; /* + 1; 0 is free */
};

/* Zero-initialised is empty. */
struct tv_spans {
    struct tv_span *items;
    uint32_t count, cap;
    struct tv_span_slot *slots;
    size_t slot_count;
};

void tv_spans_release(struct tv_spans *spans);
/* One number for a trace's span; never 0. */
uint64_t tv_span_key(struct tv_id trace, uint64_t span_id);
/* The entry, made if there was none; valid until the next call. */
struct tv_span *tv_spans_put(struct tv_spans *spans, uint64_t key);
/* The entry, or NULL; also for key 0. */
struct tv_span *tv_spans_find(const struct tv_spans *spans, uint64_t key);
/* Adds an event to the entry of its key. */
void tv_spans_add(struct tv_spans *spans, const struct tv_span_event *event);

/* When it began and ended; TV_ABSENT_I64: not known, or not yet. An end before its start is none. */
int64_t tv_span_start(const struct tv_span *span);
int64_t tv_span_end(const struct tv_span *span);

/* What a type's name says of its events. OWN: a type that the model does not know, whose events are
 * spans if they have a kind or a duration. */
enum tv_span_type {
    TV_SPAN_TYPE_OWN,
    TV_SPAN_TYPE_RECORD,
    TV_SPAN_TYPE_SPAN,
    TV_SPAN_TYPE_START,
    TV_SPAN_TYPE_END
};

enum tv_span_type tv_span_type_of(struct tv_str type);
/* The role of an event; `timed`: it has a duration, `kinded`: it has a kind. */
enum tv_span_role tv_span_role_of(enum tv_span_type type, bool timed, bool kinded);

#endif
