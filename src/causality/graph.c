/* SPDX-License-Identifier: Apache-2.0 */
/* Who calls whom in the window, and how many calls away from the symptom everybody is. Failures and
 * slowness travel against the calls, so what the symptom does not reach by calls is an unlikely cause;
 * unlikely, not impossible: spans go missing, and not everybody is traced. */
#include "causality/evidence.h"

#include "base/mem.h"

#include <stdlib.h>

static void add_call(struct tv_graph *graph, uint32_t from, uint32_t to)
{
    if (from == to || from == 0 || to == 0)
        return;
    bool added = false;
    uint32_t pair[2] = {from, to};
    uint64_t *index = tv_map_put_copy(&graph->by_pair, &graph->arena,
            (struct tv_str){(const char *)pair, sizeof(pair)}, &added);
    if (!added) {
        graph->edges[*index].calls++;
        return;
    }
    *index = graph->edge_count;
    struct tv_graph_edge *edge = tv_facts_add(
            (void **)&graph->edges, &graph->edge_count, &graph->edge_cap, sizeof(*graph->edges));
    *edge = (struct tv_graph_edge){from, to, 1};
}

static void add_traced(struct tv_graph *graph, uint32_t from, uint32_t to)
{
    if (from == to || to == 0)
        return;
    add_call(graph, from, to);
    graph->traced[from] = true;
    graph->traced[to] = true;
}

static void add_spans(struct tv_graph *graph, const struct tv_facts *facts)
{
    for (size_t i = 0; i < facts->span_count; i++) {
        const struct tv_fact_span *span = &facts->spans[i];
        uint32_t service = facts->operations[span->operation].service;
        add_traced(graph, service, span->callee);
        if (span->parent == TV_NONE)
            continue;
        const struct tv_fact_span *parent = &facts->spans[span->parent];
        add_traced(graph, facts->operations[parent->operation].service, service);
    }
}

/* Breadth first; a pass over the edges for each depth, which is as many as the deepest call. */
static void walk(struct tv_graph *graph, uint32_t symptom)
{
    bool moved = true;
    graph->depth[symptom] = 0;
    for (uint32_t depth = 0; moved; depth++) {
        moved = false;
        for (size_t i = 0; i < graph->edge_count; i++) {
            const struct tv_graph_edge *edge = &graph->edges[i];
            if (graph->depth[edge->from] != depth || graph->depth[edge->to] != TV_NONE)
                continue;
            graph->depth[edge->to] = depth + 1;
            moved = true;
        }
    }
}

void tv_graph_build(struct tv_graph *graph, const struct tv_facts *facts, uint32_t symptom)
{
    *graph = (struct tv_graph){.name_count = facts->name_count + 1, .symptom = symptom};
    graph->depth = tv_malloc(graph->name_count * sizeof(*graph->depth));
    memset(graph->depth, 0xff, graph->name_count * sizeof(*graph->depth));
    graph->traced = tv_calloc(graph->name_count, sizeof(*graph->traced));
    add_spans(graph, facts);
    for (size_t i = 0; i < facts->dependency_count; i++)
        add_call(graph, tv_facts_service(facts, facts->dependencies[i].caller),
                tv_facts_service(facts, facts->dependencies[i].callee));
    walk(graph, symptom);
    for (size_t i = 0; i < graph->edge_count; i++)
        graph->known |= graph->edges[i].from == symptom;
}

void tv_graph_release(struct tv_graph *graph)
{
    free(graph->edges);
    free(graph->depth);
    free(graph->traced);
    tv_map_release(&graph->by_pair);
    tv_arena_release(&graph->arena);
    *graph = (struct tv_graph){0};
}
