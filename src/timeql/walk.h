/* SPDX-License-Identifier: Apache-2.0 */
/* The graph that TRAVERSE walks. Private to this room.
 *
 * Events are loaded as they are reached, a whole trace at a time, and kept in one batch. A node is a
 * span with everything that carries its id (its logs and errors), or one event that has no span. Call
 * edges join a node with its parent's; declared edges join an event with those that its causedBy
 * names. */
#ifndef TV_TIMEQL_WALK_H
#define TV_TIMEQL_WALK_H

#include "base/map.h"
#include "timeql/exec.h"

#define TV_NO_NODE UINT32_MAX

struct tv_node {
    uint64_t span, parent;              /* tv_span_key; 0: none */
    uint32_t main_row;                  /* the span's own event, else the first record */
    uint32_t first_row;                 /* all rows, by next_row */
    uint32_t first_child, next_sibling; /* nodes whose parent is this one's span */
    bool has_span_event;
    bool until; /* one of its events fulfils UNTIL */
    bool visited;
    uint32_t depth;
    double confidence; /* of the path by which it was reached */
};

/* A list of rows of tv_walk.effects, hanging on the id that they name. */
struct tv_effect {
    uint32_t row;
    const struct tv_effect *next;
};

struct tv_walk_edge {
    uint32_t from, to; /* rows: cause, effect */
    enum tv_via via;
    double confidence;
};

struct tv_walk {
    struct tv_exec *exec;
    struct tv_batch *events;      /* owned: all that was loaded */
    uint32_t *node_of, *next_row; /* by row */
    uint32_t row_cap;
    struct tv_node *nodes;
    uint32_t node_count, node_cap;
    struct tv_map by_arrival, by_span, by_parent, traces;
    struct tv_map by_event_id; /* id → first row + 1 */
    uint32_t *next_same_id;    /* by row; row + 1 */
    struct tv_map asked;       /* ids looked for already */
    struct tv_batch *effects;  /* owned: events with causedBy; NULL until asked for */
    struct tv_map effects_of;  /* id → list of rows of `effects` */
    struct tv_walk_edge *edges;
    size_t edge_count, edge_cap;
    struct tv_map edge_seen;
    struct tv_arena scratch;
    bool loaded_too_much;
};

void tv_walk_init(struct tv_walk *walk, struct tv_exec *exec);
void tv_walk_release(struct tv_walk *walk);
/* Loads what the predicate selects, and joins it to the graph. The predicate is borrowed for the call. */
TV_CHECKED enum tv_status tv_walk_load(struct tv_walk *walk, const struct tv_planned_scan *scan);
/* Notes that the row's trace is loaded already. */
void tv_walk_has_trace(struct tv_walk *walk, uint32_t row);
/* Loads the whole trace of a row, once. */
TV_CHECKED enum tv_status tv_walk_load_trace(struct tv_walk *walk, uint32_t row);
/* Loads the events with these ids, those not asked for before, in one scan. */
TV_CHECKED enum tv_status tv_walk_load_ids(
        struct tv_walk *walk, const struct tv_str *ids, size_t count);
/* Loads the events that name one of these ids as their cause. */
TV_CHECKED enum tv_status tv_walk_load_effects(
        struct tv_walk *walk, const struct tv_str *ids, size_t count);
uint32_t tv_walk_row_of_arrival(const struct tv_walk *walk, uint64_t arrival);
/* The first row of an event id, or UINT32_MAX; next_same_id leads on. */
uint32_t tv_walk_row_of_id(const struct tv_walk *walk, struct tv_str id);
/* The node of a span, or TV_NO_NODE. */
uint32_t tv_walk_node_of_span(const struct tv_walk *walk, uint64_t span);
/* The node of a span that others name as their parent, made without a row if it is not stored. */
uint32_t tv_walk_stand_in(struct tv_walk *walk, uint64_t span);
/* The events loaded that name an id as their cause, or NULL. */
const struct tv_effect *tv_walk_effects(const struct tv_walk *walk, struct tv_str id);
/* The row among `events` of an effect. */
uint32_t tv_walk_row_of_effect(const struct tv_walk *walk, const struct tv_effect *effect);
/* The ids that a row's causedBy names; texts in the arena. */
size_t tv_walk_causes(
        const struct tv_batch *batch, uint32_t row, struct tv_arena *arena, struct tv_str **out);
void tv_walk_add_edge(struct tv_walk *walk, struct tv_walk_edge edge);

#endif
