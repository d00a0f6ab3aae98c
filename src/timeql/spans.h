/* SPDX-License-Identifier: Apache-2.0 */
/* Spans put together from events. Private to this room.
 *
 * A span may come as one event with a duration, or as a start and an end (span:start and span:end,
 * http:request and http:response); logs and errors with its id tell whether it failed. One table
 * entry gathers all that is known of it, whatever came first. */
#ifndef TV_TIMEQL_SPANS_H
#define TV_TIMEQL_SPANS_H

#include "store/store.h"

/* What an event is to spans, by its type and cells. */
enum tv_span_role {
    TV_ROLE_RECORD, /* a log, an error, a metric …: belongs to a span at most */
    TV_ROLE_SPAN,   /* a whole span */
    TV_ROLE_START,
    TV_ROLE_END
};

struct tv_span {
    uint64_t key, parent; /* tv_span_key; parent 0: none */
    uint64_t arrival;     /* of the event that stands for it */
    int64_t start, end;   /* TV_ABSENT_I64 while not known */
    uint32_t service;     /* the caller's number */
    uint32_t peer;        /* the caller's number of what it says to have called; 0: none */
    uint8_t kind;
    bool seen; /* not only by a record with its id */
    bool failed;
    bool calls_elsewhere; /* a child of it is in another service */
};

/* The upper half of the key stands beside the index, so that a look-up that fails, or passes over
 * others, does not touch their entries. */
struct tv_span_slot {
    uint32_t tag;
    uint32_t index; /* + 1; 0 is free */
};

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
