/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of events and when they occurred.
 *
 * A kind is a service, a type and a name (or what the message says, where there is no name). Events of
 * one kind that follow each other within TV_KIND_BURST_NS are one occurrence, at the time of the first:
 * an incident writes hundreds of errors and happened once. Kinds and times are bounded; what is beyond
 * the bounds is counted in `left_out`. Zero-initialised is empty. */
#ifndef TV_INSIGHT_KINDS_H
#define TV_INSIGHT_KINDS_H

#include "base/map.h"
#include "base/time.h"

enum { TV_KINDS_MAX = 256, TV_KIND_TIMES_MAX = 4 << 20 };
#define TV_KIND_BURST_NS TV_NS_PER_MIN

struct tv_kind_names {
    struct tv_str service, type, name; /* "" for none */
};

struct tv_kind {
    struct tv_kind_names names; /* in the arena */
    int64_t *times;             /* ascending and apart, once settled */
    size_t count, cap;
};

struct tv_kinds {
    struct tv_kind *items;
    uint32_t count, cap;
    size_t times;
    uint64_t left_out;
    struct tv_map numbers;
    struct tv_arena arena;
};

void tv_kinds_release(struct tv_kinds *kinds);
/* The kind's number; UINT32_MAX where there are TV_KINDS_MAX others. Names are copied. */
uint32_t tv_kinds_number(struct tv_kinds *kinds, const struct tv_kind_names *names);
/* Adds an event's time; of UINT32_MAX, and beyond the bound, it is counted only. */
void tv_kinds_add(struct tv_kinds *kinds, uint32_t number, int64_t time);
/* Sorts the times and makes bursts one occurrence each. */
void tv_kinds_settle(struct tv_kinds *kinds);

#endif
