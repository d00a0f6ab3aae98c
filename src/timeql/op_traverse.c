/* SPDX-License-Identifier: Apache-2.0 */
/* TRAVERSE: from one event along its edges.
 *
 * The walk is breadth first, a level at a time, so that what a level needs from the store is asked in
 * one scan and every event gets its least depth. `both` follows each edge either way, so from any event
 * of a trace it reaches the root and every leaf. UNTIL stops behind an event that fulfils it; the start
 * is not asked, or a walk from an error until an error would never begin. */
#include "timeql/events.h"
#include "timeql/parser.h"
#include "timeql/walk.h"

#include <stdlib.h>

struct traversal {
    struct tv_exec *exec;
    struct tv_walk walk;
    uint32_t start; /* row */
    unsigned via;
    uint32_t *level, *next; /* nodes */
    size_t level_count, next_count, level_cap, next_cap;
    uint32_t depth;
    uint64_t visited_rows;
    uint64_t parents_missing;
};

static void place_at_ref(const struct traversal *traversal)
{
    const struct tv_query *query = traversal->exec->query;
    tv_error_place(traversal->exec->err, query->compiler.text, query->ast->ref.offset);
}

static enum tv_status not_found(struct traversal *traversal)
{
    const struct tv_ast_ref *ref = &traversal->exec->query->ast->ref;
    struct tv_error *err = traversal->exec->err;
    struct tv_str text = tv_utf8_prefix(ref->text, 128);
    uint8_t hex[16];
    tv_fail(err, TV_NOT_FOUND, "there is no %s '%.*s'%s",
            ref->kind == TV_REF_TRACE ? "trace" : "event", TV_STR_ARG(text),
            traversal->exec->query->where ? " for which WHERE holds" : "");
    place_at_ref(traversal);
    if (ref->kind == TV_REF_BARE && tv_hex_decode(ref->text, hex, sizeof(hex)))
        tv_error_hint(err, "a trace is named so: TRAVERSE FROM trace_id = '%.*s' FOLLOWING both",
                TV_STR_ARG(text));
    else if (traversal->exec->query->windowed)
        tv_error_hint(
                err, "the statement has a window; without one all that is stored is searched");
    return TV_NOT_FOUND;
}

static size_t arrival_text(
        const struct traversal *traversal, uint32_t row, char out[TV_ARRIVAL_TEXT_BYTES])
{
    return tv_arrival_format(tv_batch_u64(traversal->walk.events, TV_FIELD_ARRIVAL)[row], out);
}

/* Several services have an event of that id: names them all, as far as there is room. */
static enum tv_status ambiguous(struct traversal *traversal, uint32_t count)
{
    struct tv_error *err = traversal->exec->err;
    struct tv_buf list = {0};
    tv_fail(err, TV_CONFLICT, "%u events are called '%.*s'", count,
            TV_STR_ARG(tv_utf8_prefix(traversal->exec->query->ast->ref.text, 128)));
    place_at_ref(traversal);
    for (uint32_t row = 0; row < count; row++) {
        char text[TV_ARRIVAL_TEXT_BYTES];
        size_t len = arrival_text(traversal, row, text);
        if (list.len + len + 2 >= sizeof(err->expected))
            break;
        tv_buf_printf(&list, "%s%.*s", row ? ", " : "", (int)len, text);
    }
    memcpy(err->expected, list.data, list.len);
    err->expected[list.len] = '\0';
    tv_buf_release(&list);
    struct tv_str service = tv_batch_text(traversal->walk.events, TV_FIELD_SERVICE, 0);
    tv_error_hint(err, "name one of these, or add WHERE service = '%.*s'",
            TV_STR_ARG(tv_utf8_prefix(service, 64)));
    return TV_CONFLICT;
}

static bool one_service(const struct tv_batch *events)
{
    struct tv_str first = tv_batch_text(events, TV_FIELD_SERVICE, 0);
    for (uint32_t row = 1; row < events->rows; row++)
        if (!tv_str_equal(first, tv_batch_text(events, TV_FIELD_SERVICE, row)))
            return false;
    return true;
}

/* Among rows 0 … count − 1 the earliest; with `roots`, of those whose parent is not there. */
static uint32_t earliest(const struct tv_walk *walk, uint32_t count, bool roots)
{
    const int64_t *times = tv_batch_i64(walk->events, TV_FIELD_TIME);
    uint32_t best = UINT32_MAX;
    for (uint32_t row = 0; row < count; row++) {
        const struct tv_node *node = &walk->nodes[walk->node_of[row]];
        bool root = tv_walk_node_of_span(walk, node->parent) == TV_NO_NODE &&
                node->main_row == row && node->span;
        if (roots && !root)
            continue;
        if (best == UINT32_MAX || times[row] < times[best])
            best = row;
    }
    return best;
}

static enum tv_status find_start(struct traversal *traversal)
{
    struct tv_exec *exec = traversal->exec;
    struct tv_walk *walk = &traversal->walk;
    bool is_trace = exec->query->ast->ref.kind == TV_REF_TRACE;
    enum tv_status status = tv_walk_load(walk, &exec->plan.scans[0]);
    uint32_t count = walk->events->rows;
    if (status != TV_OK)
        return status;
    if (count == 0)
        return not_found(traversal);
    if (!is_trace && count > 1 && !one_service(walk->events))
        return ambiguous(traversal, count);
    traversal->start = UINT32_MAX;
    if (is_trace && !exec->query->where) {
        tv_walk_has_trace(walk, 0);
        traversal->start = earliest(walk, count, true);
    }
    if (traversal->start == UINT32_MAX)
        traversal->start = earliest(walk, count, false);
    return TV_OK;
}

static void reach(struct traversal *traversal, uint32_t index, double confidence)
{
    struct tv_node *node = &traversal->walk.nodes[index];
    if (node->visited)
        return;
    node->visited = true;
    node->depth = traversal->depth;
    node->confidence = confidence;
    if (traversal->next_count == traversal->next_cap) {
        traversal->next_cap = traversal->next_cap ? traversal->next_cap * 2 : 64;
        traversal->next = tv_arena_grow(&traversal->exec->arena, traversal->next,
                traversal->next_count, traversal->next_cap, sizeof(uint32_t));
    }
    traversal->next[traversal->next_count++] = index;
    for (uint32_t row = node->first_row; row != UINT32_MAX; row = traversal->walk.next_row[row])
        traversal->visited_rows++;
}

static bool goes_back(const struct traversal *traversal)
{
    return traversal->exec->query->ast->direction != TV_DIRECTION_FORWARD;
}

static bool goes_on(const struct traversal *traversal)
{
    return traversal->exec->query->ast->direction != TV_DIRECTION_BACKWARD;
}

static void walk_calls(struct traversal *traversal, uint32_t index)
{
    struct tv_walk *walk = &traversal->walk;
    uint32_t parent = tv_walk_node_of_span(walk, walk->nodes[index].parent);
    if (parent == TV_NO_NODE && walk->nodes[index].parent) {
        traversal->parents_missing++;
        /* Its other children are still this one's kin. */
        if (goes_back(traversal) && goes_on(traversal))
            parent = tv_walk_stand_in(walk, walk->nodes[index].parent);
    }
    double own = walk->nodes[index].confidence;
    if (goes_back(traversal) && parent != TV_NO_NODE) {
        reach(traversal, parent, own);
        tv_walk_add_edge(walk,
                (struct tv_walk_edge){walk->nodes[parent].main_row, walk->nodes[index].main_row,
                        TV_VIA_CALL, 1.0});
    }
    uint64_t span = walk->nodes[index].span;
    struct tv_str key = {(const char *)&span, sizeof(span)};
    const uint64_t *first = goes_on(traversal) && span ? tv_map_get(&walk->by_parent, key) : NULL;
    uint32_t child = first ? (uint32_t)*first : TV_NO_NODE;
    for (; child != TV_NO_NODE; child = walk->nodes[child].next_sibling) {
        reach(traversal, child, own);
        tv_walk_add_edge(walk,
                (struct tv_walk_edge){walk->nodes[index].main_row, walk->nodes[child].main_row,
                        TV_VIA_CALL, 1.0});
    }
}

/* From a row to the causes that it names. */
static void walk_causes(struct traversal *traversal, uint32_t row)
{
    struct tv_walk *walk = &traversal->walk;
    struct tv_str *ids = NULL;
    double own = walk->nodes[walk->node_of[row]].confidence;
    size_t count = tv_walk_causes(walk->events, row, &traversal->exec->arena, &ids);
    for (size_t i = 0; i < count; i++) {
        uint32_t found = 0;
        uint32_t first = tv_walk_row_of_id(walk, ids[i]);
        for (uint32_t at = first; at != UINT32_MAX; at = walk->next_same_id[at] - 1)
            found++;
        for (uint32_t at = first; at != UINT32_MAX; at = walk->next_same_id[at] - 1) {
            reach(traversal, walk->node_of[at], own / found);
            tv_walk_add_edge(walk, (struct tv_walk_edge){at, row, TV_VIA_DECLARED, 1.0 / found});
        }
    }
}

/* From a row to the events that name it. */
static void walk_effects(struct traversal *traversal, uint32_t row)
{
    struct tv_walk *walk = &traversal->walk;
    struct tv_str id = tv_batch_text(walk->events, TV_FIELD_EVENT_ID, row);
    const struct tv_effect *effect = id.len > 0 ? tv_walk_effects(walk, id) : NULL;
    double from = walk->nodes[walk->node_of[row]].confidence;
    for (; effect; effect = effect->next) {
        uint32_t other = tv_walk_row_of_effect(walk, effect);
        if (other == UINT32_MAX)
            continue;
        reach(traversal, walk->node_of[other], from);
        tv_walk_add_edge(walk, (struct tv_walk_edge){row, other, TV_VIA_DECLARED, 1.0});
    }
}

/* All ids of a kind on the current level: of the causes named, or of the events themselves. */
static size_t level_ids(struct traversal *traversal, bool causes, struct tv_str **out)
{
    struct tv_walk *walk = &traversal->walk;
    struct tv_arena *arena = &traversal->exec->arena;
    size_t count = 0;
    size_t cap = 0;
    *out = NULL;
    for (size_t i = 0; i < traversal->level_count; i++) {
        uint32_t row = walk->nodes[traversal->level[i]].first_row;
        for (; row != UINT32_MAX; row = walk->next_row[row]) {
            struct tv_str own = tv_batch_text(walk->events, TV_FIELD_EVENT_ID, row);
            struct tv_str *ids = &own;
            size_t more = causes ? tv_walk_causes(walk->events, row, arena, &ids) : own.len > 0;
            if (count + more > cap) {
                cap = 2 * (count + more) + 16;
                *out = tv_arena_grow(arena, *out, count, cap, sizeof(**out));
            }
            for (size_t k = 0; k < more; k++)
                (*out)[count++] = ids[k];
        }
    }
    return count;
}

static enum tv_status load_level(struct traversal *traversal)
{
    struct tv_walk *walk = &traversal->walk;
    enum tv_status status = TV_OK;
    for (size_t i = 0; status == TV_OK && i < traversal->level_count; i++)
        if (walk->nodes[traversal->level[i]].main_row != UINT32_MAX)
            status = tv_walk_load_trace(walk, walk->nodes[traversal->level[i]].main_row);
    if (status != TV_OK || !(traversal->via & TV_VIA_DECLARED))
        return status;
    struct tv_str *ids;
    size_t count = goes_back(traversal) ? level_ids(traversal, true, &ids) : 0;
    if (count > 0)
        status = tv_walk_load_ids(walk, ids, count);
    count = goes_on(traversal) ? level_ids(traversal, false, &ids) : 0;
    if (status == TV_OK && count > 0)
        status = tv_walk_load_effects(walk, ids, count);
    return status;
}

static void walk_node(struct traversal *traversal, uint32_t index)
{
    struct tv_walk *walk = &traversal->walk;
    if (traversal->via & TV_VIA_CALL)
        walk_calls(traversal, index);
    uint32_t row = walk->nodes[index].first_row;
    for (; row != UINT32_MAX && (traversal->via & TV_VIA_DECLARED); row = walk->next_row[row]) {
        if (goes_back(traversal))
            walk_causes(traversal, row);
        if (goes_on(traversal) && walk->effects && walk->effects->rows > 0)
            walk_effects(traversal, row);
    }
}

static void next_level(struct traversal *traversal)
{
    uint32_t *level = traversal->level;
    size_t cap = traversal->level_cap;
    traversal->level = traversal->next;
    traversal->level_cap = traversal->next_cap;
    traversal->level_count = traversal->next_count;
    traversal->next = level;
    traversal->next_cap = cap;
    traversal->next_count = 0;
    traversal->depth++;
}

static enum tv_status walk_all(struct traversal *traversal)
{
    const struct tv_ast *ast = traversal->exec->query->ast;
    struct tv_walk *walk = &traversal->walk;
    uint32_t start = walk->node_of[traversal->start];
    reach(traversal, start, 1.0);
    next_level(traversal);
    while (traversal->level_count > 0) {
        if (ast->depth.present && traversal->depth > ast->depth.value)
            return TV_OK;
        if (traversal->visited_rows > TV_TRAVERSE_EVENTS_MAX)
            return TV_OK;
        enum tv_status status = load_level(traversal);
        if (status != TV_OK)
            return status;
        for (size_t i = 0; i < traversal->level_count; i++)
            if (!walk->nodes[traversal->level[i]].until || traversal->level[i] == start)
                walk_node(traversal, traversal->level[i]);
        next_level(traversal);
    }
    return TV_OK;
}

/* Rows of visited nodes, by depth, then time, then arrival. */
static int by_depth(const void *left, const void *right, void *ctx)
{
    const struct tv_walk *walk = ctx;
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    const int64_t *times = tv_batch_i64(walk->events, TV_FIELD_TIME);
    const uint64_t *arrivals = tv_batch_u64(walk->events, TV_FIELD_ARRIVAL);
    uint32_t depth_a = walk->nodes[walk->node_of[a]].depth;
    uint32_t depth_b = walk->nodes[walk->node_of[b]].depth;
    if (depth_a != depth_b)
        return depth_a < depth_b ? -1 : 1;
    if (times[a] != times[b])
        return times[a] < times[b] ? -1 : 1;
    return (arrivals[a] > arrivals[b]) - (arrivals[a] < arrivals[b]);
}

static void write_arrival(
        struct tv_json_out *json, const struct traversal *traversal, const char *name, uint32_t row)
{
    char text[TV_ARRIVAL_TEXT_BYTES];
    size_t len = arrival_text(traversal, row, text);
    tv_json_key(json, name);
    tv_json_str(json, (struct tv_str){text, len});
}

/* What says so: the member of the effect's event that names its cause. */
static void write_evidence(
        struct tv_json_out *json, const struct tv_walk *walk, const struct tv_walk_edge *edge)
{
    char scratch[33];
    bool call = edge->via == TV_VIA_CALL;
    tv_json_key(json, "evidence");
    tv_json_array(json);
    tv_json_object(json);
    tv_json_key(json, "signal");
    tv_json_text(json, call ? "parentSpanId" : "causedBy");
    tv_json_key(json, "value");
    struct tv_value value = tv_batch_value(
            walk->events, call ? TV_FIELD_SPAN_ID : TV_FIELD_EVENT_ID, edge->from, scratch);
    if (value.type == TV_TYPE_STR)
        tv_json_str(json, value.s);
    else
        tv_json_null(json);
    tv_json_end(json);
    tv_json_end(json);
}

static void write_edges(
        struct tv_json_out *json, const struct traversal *traversal, const uint32_t *shown)
{
    const struct tv_walk *walk = &traversal->walk;
    tv_json_key(json, "edges");
    tv_json_array(json);
    for (size_t i = 0; i < walk->edge_count; i++) {
        const struct tv_walk_edge *edge = &walk->edges[i];
        if (!shown[edge->from] || !shown[edge->to])
            continue;
        tv_json_object(json);
        write_arrival(json, traversal, "from", edge->from);
        write_arrival(json, traversal, "to", edge->to);
        tv_json_key(json, "type");
        tv_json_text(json, edge->via == TV_VIA_CALL ? "call" : "declared");
        tv_json_key(json, "confidence");
        tv_json_f64(json, edge->confidence);
        write_evidence(json, walk, edge);
        tv_json_end(json);
    }
    tv_json_end(json);
}

static double least_confidence(const struct tv_walk *walk)
{
    double least = 1.0;
    for (size_t i = 0; i < walk->edge_count; i++)
        if (walk->edges[i].confidence < least)
            least = walk->edges[i].confidence;
    return least;
}

static uint32_t sorted_rows(struct traversal *traversal, uint32_t *rows)
{
    struct tv_walk *walk = &traversal->walk;
    uint32_t count = 0;
    for (uint32_t row = 0; row < walk->events->rows; row++)
        if (walk->nodes[walk->node_of[row]].visited)
            rows[count++] = row;
    qsort_r(rows, count, sizeof(*rows), by_depth, walk);
    return count;
}

static uint32_t limit_rows(struct traversal *traversal, uint32_t count)
{
    struct tv_exec *exec = traversal->exec;
    bool more = count > exec->query->limit;
    uint32_t kept = more ? (uint32_t)exec->query->limit : count;
    if (traversal->walk.loaded_too_much || (more && !exec->query->limit_written)) {
        exec->truncated = true;
        tv_exec_warn(exec,
                "the walk goes further than the %u events shown; DEPTH, UNTIL or VIA "
                "narrow it",
                kept);
    }
    return kept;
}

/* The window of a statement without one is that of the events shown. */
static void write_head(struct traversal *traversal, const uint32_t *rows, uint32_t count)
{
    const int64_t *times = tv_batch_i64(traversal->walk.events, TV_FIELD_TIME);
    if (traversal->exec->query->windowed || count == 0) {
        tv_exec_head(traversal->exec, "TRAVERSE");
        return;
    }
    int64_t from = times[rows[0]];
    int64_t to = from;
    for (uint32_t i = 1; i < count; i++) {
        from = times[rows[i]] < from ? times[rows[i]] : from;
        to = times[rows[i]] > to ? times[rows[i]] : to;
    }
    tv_answer_head(&traversal->exec->answer, "TRAVERSE", from, to);
}

static enum tv_status write_answer(struct traversal *traversal)
{
    struct tv_exec *exec = traversal->exec;
    struct tv_walk *walk = &traversal->walk;
    size_t room = (size_t)walk->events->rows + 1;
    uint32_t *rows = tv_arena_calloc(&exec->arena, room, sizeof(*rows));
    uint32_t *shown = tv_arena_calloc(&exec->arena, room, sizeof(*shown));
    uint32_t count = limit_rows(traversal, sorted_rows(traversal, rows));
    if (traversal->parents_missing > 0 && goes_back(traversal))
        tv_exec_warn(exec, "%llu spans name a parent that is not stored",
                (unsigned long long)traversal->parents_missing);
    write_head(traversal, rows, count);
    struct tv_json_out *json = tv_answer_json(&exec->answer);
    if (json) {
        tv_json_key(json, "root");
        tv_event_object(json, walk->events, traversal->start);
    }
    struct tv_event_item item = {.batch = walk->events, .kind = TV_EVENTS_WALKED};
    tv_answer_open(&exec->answer, tv_event_list(TV_EVENTS_WALKED, exec->query->format));
    for (uint32_t i = 0; i < count; i++) {
        item.row = rows[i];
        item.depth = walk->nodes[walk->node_of[rows[i]]].depth;
        item.confidence = walk->nodes[walk->node_of[rows[i]]].confidence;
        shown[rows[i]] = 1;
        tv_answer_item(&exec->answer, &item);
    }
    tv_answer_close(&exec->answer);
    if (json) {
        write_edges(json, traversal, shown);
        tv_json_key(json, "confidence");
        tv_json_f64(json, least_confidence(walk));
    }
    return tv_exec_end(exec);
}

enum tv_status tv_op_traverse(struct tv_exec *exec)
{
    struct traversal traversal = {.exec = exec};
    traversal.via = exec->query->ast->via ? exec->query->ast->via
                                          : (unsigned)(TV_VIA_CALL | TV_VIA_DECLARED);
    tv_walk_init(&traversal.walk, exec);
    enum tv_status status = find_start(&traversal);
    if (status == TV_OK)
        status = walk_all(&traversal);
    if (status == TV_OK)
        status = write_answer(&traversal);
    tv_walk_release(&traversal.walk);
    return status;
}
