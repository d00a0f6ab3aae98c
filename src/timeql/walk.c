/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and indexing. A trace is found by its id through the store's filters, so loading it costs the
 * segments that hold it and no more; after that the walk asks memory only. */
#include "timeql/walk.h"

#include "base/json_in.h"
#include "base/mem.h"
#include "base/time.h"
#include "store/spans.h"

#include <stdlib.h>

enum { LOADED_ROWS_MAX = 200000, TRACES_MAX = 200, EFFECT_ROWS_MAX = 100000 };

void tv_walk_init(struct tv_walk *walk, struct tv_exec *exec)
{
    *walk = (struct tv_walk){.exec = exec, .events = tv_batch_new()};
}

void tv_walk_release(struct tv_walk *walk)
{
    tv_batch_unref(walk->events);
    if (walk->effects)
        tv_batch_unref(walk->effects);
    free(walk->node_of);
    free(walk->next_row);
    free(walk->next_same_id);
    free(walk->nodes);
    free(walk->edges);
    struct tv_map *maps[] = {&walk->by_arrival, &walk->by_span, &walk->by_parent, &walk->traces,
            &walk->by_event_id, &walk->asked, &walk->effects_of, &walk->edge_seen};
    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
        tv_map_release(maps[i]);
    tv_arena_release(&walk->scratch);
}

static uint64_t *put_number(struct tv_walk *walk, struct tv_map *map, uint64_t number, bool *added)
{
    struct tv_str key = {(const char *)&number, sizeof(number)};
    return tv_map_put_copy(map, &walk->exec->arena, key, added);
}

static uint64_t *get_number(const struct tv_map *map, uint64_t number)
{
    struct tv_str key = {(const char *)&number, sizeof(number)};
    return tv_map_get(map, key);
}

uint32_t tv_walk_row_of_arrival(const struct tv_walk *walk, uint64_t arrival)
{
    const uint64_t *row = get_number(&walk->by_arrival, arrival);
    return row ? (uint32_t)*row : UINT32_MAX;
}

uint32_t tv_walk_row_of_id(const struct tv_walk *walk, struct tv_str id)
{
    const uint64_t *row = tv_map_get(&walk->by_event_id, id);
    return row ? (uint32_t)*row - 1 : UINT32_MAX;
}

uint32_t tv_walk_node_of_span(const struct tv_walk *walk, uint64_t span)
{
    const uint64_t *node = span ? get_number(&walk->by_span, span) : NULL;
    return node ? (uint32_t)*node : TV_NO_NODE;
}

static uint32_t new_node(struct tv_walk *walk, uint64_t span, uint32_t row)
{
    if (walk->node_count == walk->node_cap) {
        walk->node_cap = (uint32_t)tv_grown(walk->node_cap, walk->node_count + 1, 64);
        walk->nodes = tv_realloc_array(walk->nodes, walk->node_cap, sizeof(*walk->nodes));
    }
    walk->nodes[walk->node_count] = (struct tv_node){.span = span,
            .main_row = row,
            .first_row = UINT32_MAX,
            .first_child = TV_NO_NODE,
            .next_sibling = TV_NO_NODE};
    return walk->node_count++;
}

uint32_t tv_walk_stand_in(struct tv_walk *walk, uint64_t span)
{
    uint32_t node = tv_walk_node_of_span(walk, span);
    if (node != TV_NO_NODE || span == 0)
        return node;
    node = new_node(walk, span, UINT32_MAX);
    *put_number(walk, &walk->by_span, span, NULL) = node;
    return node;
}

/* Hangs a node under its parent's span, which may not be loaded yet. */
static void set_parent(struct tv_walk *walk, uint32_t node, uint64_t parent)
{
    bool added;
    if (walk->nodes[node].parent || parent == 0 || parent == walk->nodes[node].span)
        return;
    walk->nodes[node].parent = parent;
    uint64_t *first = put_number(walk, &walk->by_parent, parent, &added);
    walk->nodes[node].next_sibling = added ? TV_NO_NODE : (uint32_t)*first;
    *first = node;
}

static enum tv_span_role role_of(const struct tv_batch *batch, uint32_t row)
{
    const int64_t *durations = tv_batch_i64(batch, TV_FIELD_DURATION);
    const uint8_t *kinds = tv_batch_u8(batch, TV_FIELD_KIND);
    enum tv_span_type type = tv_span_type_of(tv_batch_text(batch, TV_FIELD_TYPE, row));
    return tv_span_role_of(type, durations && durations[row] != TV_ABSENT_I64,
            kinds && kinds[row] != TV_KIND_ABSENT);
}

static void join_row(struct tv_walk *walk, uint32_t row)
{
    const struct tv_batch *batch = walk->events;
    const uint64_t *spans = tv_batch_u64(batch, TV_FIELD_SPAN_ID);
    const uint64_t *parents = tv_batch_u64(batch, TV_FIELD_PARENT_SPAN_ID);
    const struct tv_id *traces = tv_batch_ids(batch, TV_FIELD_TRACE_ID);
    struct tv_id trace = traces ? traces[row] : (struct tv_id){0};
    uint64_t span = spans && spans[row] ? tv_span_key(trace, spans[row]) : 0;
    uint32_t node = tv_walk_node_of_span(walk, span);
    if (node == TV_NO_NODE) {
        node = new_node(walk, span, row);
        if (span)
            *put_number(walk, &walk->by_span, span, NULL) = node;
    }
    enum tv_span_role role = role_of(batch, row);
    bool is_span = role == TV_ROLE_SPAN || role == TV_ROLE_START;
    if (is_span && !walk->nodes[node].has_span_event) {
        walk->nodes[node].has_span_event = true;
        walk->nodes[node].main_row = row;
    }
    if (walk->nodes[node].main_row == UINT32_MAX)
        walk->nodes[node].main_row = row;
    walk->node_of[row] = node;
    walk->next_row[row] = walk->nodes[node].first_row;
    walk->nodes[node].first_row = row;
    set_parent(walk, node, parents && parents[row] ? tv_span_key(trace, parents[row]) : 0);
}

static void join_id(struct tv_walk *walk, uint32_t row)
{
    struct tv_str id = tv_batch_text(walk->events, TV_FIELD_EVENT_ID, row);
    bool added;
    walk->next_same_id[row] = 0;
    if (id.len == 0)
        return;
    uint64_t *first = tv_map_put_copy(&walk->by_event_id, &walk->exec->arena, id, &added);
    if (!added)
        walk->next_same_id[row] = (uint32_t)*first;
    *first = (uint64_t)row + 1;
}

static void mark_until(struct tv_walk *walk, uint32_t from)
{
    const struct tv_pred *until = walk->exec->query->until;
    uint32_t count = walk->events->rows - from;
    if (!until || count == 0)
        return;
    uint32_t *rows = tv_arena_calloc(&walk->scratch, count, sizeof(*rows));
    for (uint32_t i = 0; i < count; i++)
        rows[i] = from + i;
    uint32_t kept = tv_pred_filter(until, walk->events, rows, count, &walk->scratch);
    for (uint32_t i = 0; i < kept; i++)
        walk->nodes[walk->node_of[rows[i]]].until = true;
    tv_arena_release(&walk->scratch);
}

static void join_rows(struct tv_walk *walk, uint32_t from)
{
    uint32_t rows = walk->events->rows;
    if (rows > walk->row_cap) {
        walk->row_cap = (uint32_t)tv_grown(walk->row_cap, rows, 256);
        walk->node_of = tv_realloc_array(walk->node_of, walk->row_cap, sizeof(uint32_t));
        walk->next_row = tv_realloc_array(walk->next_row, walk->row_cap, sizeof(uint32_t));
        walk->next_same_id = tv_realloc_array(walk->next_same_id, walk->row_cap, sizeof(uint32_t));
    }
    for (uint32_t row = from; row < rows; row++) {
        join_row(walk, row);
        join_id(walk, row);
    }
    mark_until(walk, from);
}

/* Copies the rows that were not loaded before. */
static enum tv_status load_batch(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_walk *walk = ctx;
    const uint64_t *arrivals = tv_batch_u64(in->batch, TV_FIELD_ARRIVAL);
    uint32_t from = walk->events->rows;
    uint32_t *fresh = tv_arena_calloc(&walk->scratch, (size_t)in->count + 1, sizeof(*fresh));
    uint32_t count = 0;
    (void)bound;
    for (uint32_t i = 0; i < in->count; i++) {
        bool added;
        uint64_t *row = put_number(walk, &walk->by_arrival, arrivals[in->rows[i]], &added);
        if (!added)
            continue;
        *row = from + count;
        fresh[count++] = in->rows[i];
    }
    tv_batch_append_rows(walk->events, in->batch, fresh, count);
    tv_arena_release(&walk->scratch);
    join_rows(walk, from);
    walk->loaded_too_much = walk->loaded_too_much || walk->events->rows > LOADED_ROWS_MAX;
    *stop = walk->loaded_too_much;
    return TV_OK;
}

enum tv_status tv_walk_load(struct tv_walk *walk, const struct tv_planned_scan *scan)
{
    if (walk->loaded_too_much)
        return TV_OK;
    return tv_exec_scan(walk->exec, scan, load_batch, walk);
}

/* A scan over the statement's window (or everything) for what the predicate says. */
static struct tv_planned_scan look_up(
        const struct tv_walk *walk, const char *name, const struct tv_pred *where)
{
    const struct tv_query *query = walk->exec->query;
    struct tv_planned_scan scan = {.name = name};
    scan.spec = (struct tv_scan_spec){.from = query->from,
            .to = query->to,
            .arrival_to = walk->exec->arrival_to,
            .where = where,
            .columns = tv_all_columns()};
    return scan;
}

void tv_walk_has_trace(struct tv_walk *walk, uint32_t row)
{
    struct tv_id trace = tv_batch_ids(walk->events, TV_FIELD_TRACE_ID)[row];
    struct tv_str key = {(const char *)&trace, sizeof(trace)};
    tv_map_put_copy(&walk->traces, &walk->exec->arena, key, NULL);
}

enum tv_status tv_walk_load_trace(struct tv_walk *walk, uint32_t row)
{
    const struct tv_id *traces = tv_batch_ids(walk->events, TV_FIELD_TRACE_ID);
    bool added;
    if (!traces || (traces[row].hi == 0 && traces[row].lo == 0))
        return TV_OK;
    struct tv_id trace = traces[row];
    struct tv_str key = {(const char *)&trace, sizeof(trace)};
    if (!tv_map_get(&walk->traces, key) && walk->traces.count == TRACES_MAX) {
        walk->loaded_too_much = true;
        return TV_OK;
    }
    tv_map_put_copy(&walk->traces, &walk->exec->arena, key, &added);
    if (!added)
        return TV_OK;
    struct tv_planned_scan scan = look_up(walk, "trace", tv_trace_pred(&walk->exec->arena, trace));
    return tv_walk_load(walk, &scan);
}

enum tv_status tv_walk_load_ids(struct tv_walk *walk, const struct tv_str *ids, size_t count)
{
    struct tv_arena *arena = &walk->exec->arena;
    struct tv_value *values = tv_arena_calloc(arena, count + 1, sizeof(*values));
    size_t fresh = 0;
    for (size_t i = 0; i < count; i++) {
        bool added;
        tv_map_put_copy(&walk->asked, arena, ids[i], &added);
        if (added)
            values[fresh++] = tv_value_str(tv_arena_str(arena, ids[i]));
    }
    if (fresh == 0)
        return TV_OK;
    struct tv_planned_scan scan = look_up(walk, "causes",
            tv_pred_in(arena, tv_field_ref_fixed(TV_FIELD_EVENT_ID), values, fresh));
    return tv_walk_load(walk, &scan);
}

size_t tv_walk_causes(
        const struct tv_batch *batch, uint32_t row, struct tv_arena *arena, struct tv_str **out)
{
    struct tv_json *document = NULL;
    size_t count = 0;
    struct tv_str text = batch->columns[TV_FIELD_CAUSED_BY]
            ? tv_batch_text(batch, TV_FIELD_CAUSED_BY, row)
            : (struct tv_str){NULL, 0};
    if (text.len == 0 || tv_json_parse(text, &document, NULL) != TV_OK)
        return 0;
    bool array = tv_json_type(document) == TV_JSON_ARRAY;
    const struct tv_json *child = array ? tv_json_first(document) : NULL;
    for (; child; child = tv_json_next(child))
        count += tv_json_type(child) == TV_JSON_STRING;
    *out = tv_arena_calloc(arena, count + 1, sizeof(**out));
    count = 0;
    for (child = array ? tv_json_first(document) : NULL; child; child = tv_json_next(child))
        if (tv_json_type(child) == TV_JSON_STRING)
            (*out)[count++] = tv_arena_str(arena, tv_json_string(child));
    tv_json_free(document);
    return count;
}

const struct tv_effect *tv_walk_effects(const struct tv_walk *walk, struct tv_str id)
{
    const uint64_t *list = tv_map_get(&walk->effects_of, id);
    return list ? (const struct tv_effect *)(uintptr_t)*list : NULL;
}

uint32_t tv_walk_row_of_effect(const struct tv_walk *walk, const struct tv_effect *effect)
{
    return tv_walk_row_of_arrival(walk, tv_batch_u64(walk->effects, TV_FIELD_ARRIVAL)[effect->row]);
}

static enum tv_status keep_effects(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct tv_walk *walk = ctx;
    uint32_t from = walk->effects->rows;
    (void)bound;
    tv_batch_append_rows(walk->effects, in->batch, in->rows, in->count);
    for (uint32_t row = from; row < walk->effects->rows; row++) {
        struct tv_str *ids = NULL;
        size_t count = tv_walk_causes(walk->effects, row, &walk->exec->arena, &ids);
        for (size_t i = 0; i < count; i++) {
            uint64_t *list = tv_map_put(&walk->effects_of, ids[i], NULL);
            struct tv_effect *effect = tv_arena_alloc(&walk->exec->arena, sizeof(*effect));
            *effect = (struct tv_effect){row, (const struct tv_effect *)(uintptr_t)*list};
            *list = (uint64_t)(uintptr_t)effect;
        }
    }
    *stop = walk->effects->rows > EFFECT_ROWS_MAX;
    walk->loaded_too_much = walk->loaded_too_much || *stop;
    return TV_OK;
}

/* Every event that names a cause, once. Few do, and segments without any fall away. */
static enum tv_status read_effects(struct tv_walk *walk)
{
    if (walk->effects)
        return TV_OK;
    walk->effects = tv_batch_new();
    struct tv_planned_scan scan = look_up(walk, "effects",
            tv_pred_exists(&walk->exec->arena, tv_field_ref_fixed(TV_FIELD_CAUSED_BY)));
    return tv_exec_scan(walk->exec, &scan, keep_effects, walk);
}

enum tv_status tv_walk_load_effects(struct tv_walk *walk, const struct tv_str *ids, size_t count)
{
    enum tv_status status = read_effects(walk);
    if (status != TV_OK)
        return status;
    const uint64_t *arrivals = tv_batch_u64(walk->effects, TV_FIELD_ARRIVAL);
    for (size_t i = 0; i < count; i++) {
        const struct tv_effect *effect = tv_walk_effects(walk, ids[i]);
        for (; effect; effect = effect->next) {
            bool added;
            uint32_t from = walk->events->rows;
            uint64_t *row = put_number(walk, &walk->by_arrival, arrivals[effect->row], &added);
            if (!added)
                continue;
            *row = from;
            tv_batch_append_rows(walk->events, walk->effects, &effect->row, 1);
            join_rows(walk, from);
        }
    }
    return TV_OK;
}

void tv_walk_add_edge(struct tv_walk *walk, struct tv_walk_edge edge)
{
    bool added;
    if (edge.from == UINT32_MAX || edge.to == UINT32_MAX)
        return;
    uint32_t ends[3] = {edge.from, edge.to, (uint32_t)edge.via};
    struct tv_str key = {(const char *)ends, sizeof(ends)};
    tv_map_put_copy(&walk->edge_seen, &walk->exec->arena, key, &added);
    if (!added)
        return;
    if (walk->edge_count == walk->edge_cap) {
        walk->edge_cap = tv_grown(walk->edge_cap, walk->edge_count + 1, 64);
        walk->edges = tv_realloc_array(walk->edges, walk->edge_cap, sizeof(*walk->edges));
    }
    walk->edges[walk->edge_count++] = edge;
}
