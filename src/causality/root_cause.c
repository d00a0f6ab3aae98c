/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's way: read the window, link it, find the symptom and its onset, let every finder add its
 * evidence, rank, explain. Each step is a file; this one only orders them and copies what the answer
 * keeps into the caller's arena.
 *
 * All is computed when asked, from the events themselves: ingest pays nothing, and AS OF and AT mean
 * what they say. The cost is a scan of the window and some sorts of its spans. */
#include "causality/root_cause.h"

#include "causality/change.h"
#include "causality/evidence.h"
#include "causality/impact.h"
#include "causality/rank.h"
#include "causality/words.h"

#include "base/mem.h"
#include "base/time.h"

#include <math.h>
#include <stdlib.h>

/* A score below it does not stand out. */
#define SCORE_LEAST 0.06
/* Series with few samples in the window are compared with so much more of the past. */
#define HISTORY_NS (12 * TV_NS_PER_HOUR)
enum { SAMPLES_WANTED = 24 };

struct work {
    const struct tv_root_cause_spec *spec;
    struct tv_arena *arena;
    struct tv_facts facts;
    struct tv_facts_cost cost;
    struct tv_graph graph;
    struct tv_timings timings;
    struct tv_evidence_list list;
    struct tv_ranking ranking;
    struct tv_cut cut;
    uint32_t symptom;
};

/* Whether series are sampled too thinly for the window to be their past. */
static bool wants_history(const struct tv_facts *facts)
{
    size_t thin = 0;
    for (size_t i = 0; i < facts->series_count; i++)
        thin += facts->series[i].count < SAMPLES_WANTED;
    return facts->series_count > 0 && thin * 2 > facts->series_count;
}

static enum tv_status read_all(struct work *work, struct tv_error *err)
{
    const struct tv_root_cause_spec *spec = work->spec;
    struct tv_facts_spec facts_spec = {
            spec->snapshot, spec->cancel, spec->from, spec->to, spec->arrival_to};
    enum tv_status status = tv_facts_read(&work->facts, &facts_spec, &work->cost, err);
    if (status != TV_OK || !wants_history(&work->facts) || spec->from <= 0)
        return status;
    int64_t first = work->facts.first;
    int64_t last = work->facts.last;
    facts_spec.to = spec->from - 1;
    facts_spec.from = spec->from > HISTORY_NS ? spec->from - HISTORY_NS : 0;
    status = tv_facts_read_metrics(&work->facts, &facts_spec, &work->cost, err);
    work->facts.first = first;
    work->facts.last = last;
    return status;
}

/* The service of most events that fulfil the condition. */
static enum tv_status find_symptom(struct work *work, struct tv_error *err)
{
    const struct tv_root_cause_spec *spec = work->spec;
    struct tv_scan_spec scan_spec = {.from = spec->from,
            .to = spec->to,
            .arrival_to = spec->arrival_to,
            .where = spec->symptom,
            .columns = {.fields = 1U << TV_FIELD_SERVICE}};
    struct tv_scan *scan = NULL;
    uint64_t *counts = tv_calloc(work->facts.name_count + 1, sizeof(*counts));
    enum tv_status status = tv_scan_open(spec->snapshot, &scan_spec, spec->cancel, &scan, err);
    while (status == TV_OK) {
        struct tv_scan_batch batch;
        status = tv_scan_next(scan, &batch, err);
        if (status != TV_OK || batch.count == 0)
            break;
        for (uint32_t i = 0; i < batch.count; i++) {
            uint64_t *name = tv_map_get(&work->facts.names_by_text,
                    tv_batch_text(batch.batch, TV_FIELD_SERVICE, batch.rows[i]));
            if (name && ++counts[*name] > counts[work->symptom])
                work->symptom = (uint32_t)*name;
        }
    }
    tv_scan_close(scan);
    free(counts);
    return status;
}

static void find_evidence(struct work *work)
{
    work->list.count = 0;
    tv_ranking_release(&work->ranking);
    tv_find_latency(&work->list, &work->facts, &work->graph, &work->timings, &work->cut);
    tv_find_behaviour(&work->list, &work->facts, &work->timings, &work->cut);
    tv_find_series(&work->list, &work->facts, &work->graph, &work->cut);
    tv_find_alerts(&work->list, &work->facts);
    tv_rank(&work->ranking, &work->list, &work->facts, &work->graph, &work->cut);
}

/* Of the moments when it may have begun, the one that sets one candidate off most. */
static void choose_onset(struct work *work)
{
    int64_t onsets[TV_ONSETS_MAX];
    size_t count = tv_onsets_find(&work->facts, &work->timings, &work->graph, onsets);
    size_t best = 0;
    double most = -1;
    for (size_t i = 0; i < count; i++) {
        work->cut.onset = onsets[i];
        find_evidence(work);
        double score = tv_ranking_lead(&work->ranking);
        if (score > most) {
            most = score;
            best = i;
        }
    }
    if (work->cut.onset != onsets[best]) {
        work->cut.onset = onsets[best];
        find_evidence(work);
    }
}

static void write_path(struct work *work, struct tv_cause *cause, uint32_t service)
{
    const struct tv_graph *graph = &work->graph;
    uint32_t back[TV_CAUSE_PATH_MAX];
    size_t count = 0;
    uint32_t at = service;
    if (graph->depth[service] >= TV_CAUSE_PATH_MAX)
        return;
    while (count < TV_CAUSE_PATH_MAX) {
        back[count++] = at;
        if (graph->depth[at] == 0)
            break;
        for (size_t i = 0; i < graph->edge_count; i++) {
            const struct tv_graph_edge *edge = &graph->edges[i];
            if (edge->to == at && graph->depth[edge->from] == graph->depth[at] - 1) {
                at = edge->from;
                break;
            }
        }
    }
    for (size_t i = count; i-- > 0;)
        cause->path[cause->path_count++] =
                tv_arena_str(work->arena, tv_facts_text(&work->facts, back[i]));
}

static void write_evidence(
        struct work *work, struct tv_cause *cause, const struct tv_candidate *candidate)
{
    const struct tv_facts *facts = &work->facts;
    for (size_t i = 0; i < candidate->part_count && i < TV_CAUSE_EVIDENCE_MAX; i++) {
        const struct tv_evidence *item = &work->list.items[candidate->parts[i].evidence];
        struct tv_cause_evidence *out = &cause->evidence[cause->evidence_count++];
        *out = (struct tv_cause_evidence){
                .signal = tv_arena_str(work->arena, tv_evidence_signal(item, facts)),
                .text = tv_evidence_text(item, facts, work->arena),
                .value = item->value,
                .usual = item->dimension >= TV_DIMENSION_ALERTS ? NAN : item->usual,
                .weight = candidate->parts[i].points / candidate->score};
        if (item->series == TV_NONE)
            continue;
        const struct tv_fact_series *series = &facts->series[item->series];
        struct tv_sample *samples = tv_arena_calloc(work->arena, series->count, sizeof(*samples));
        memcpy(samples, series->samples, series->count * sizeof(*samples));
        out->series = samples;
        out->series_count = series->count;
    }
}

static void write_against(
        struct work *work, struct tv_cause *cause, const struct tv_candidate *candidate)
{
    uint32_t service = tv_facts_service(&work->facts, candidate->actor);
    if (work->graph.known && work->graph.depth[service] == TV_NONE)
        cause->against[cause->against_count++] =
                tv_arena_printf(work->arena, "no call from %.*s to it was seen",
                        TV_STR_ARG(tv_facts_text(&work->facts, work->symptom)));
    if (candidate->onset > work->cut.onset + 30 * TV_NS_PER_S)
        cause->against[cause->against_count++] =
                tv_arena_printf(work->arena, "its first sign came %.3g s after the symptom's",
                        (double)(candidate->onset - work->cut.onset) / 1e9);
    if (candidate->part_count == 1)
        cause->against[cause->against_count++] =
                tv_arena_str(work->arena, TV_STR("only one kind of signal points at it"));
}

static void write_cause(struct work *work, struct tv_cause *cause,
        const struct tv_candidate *candidate, double confidence)
{
    const struct tv_facts *facts = &work->facts;
    const struct tv_actor *actor = &facts->actors[candidate->actor];
    char time[TV_TIME_TEXT_BYTES];
    *cause = (struct tv_cause){
            .service = tv_arena_str(work->arena, tv_facts_text(facts, actor->service)),
            .kind = "service",
            .confidence = confidence,
            .onset = candidate->onset == INT64_MAX ? work->cut.onset : candidate->onset};
    if (actor->instance)
        cause->instance = tv_arena_str(work->arena, tv_facts_text(facts, actor->instance));
    if (actor->host)
        cause->host = tv_arena_str(work->arena, tv_facts_text(facts, actor->host));
    write_path(work, cause, actor->service);
    write_evidence(work, cause, candidate);
    write_against(work, cause, candidate);
    if (cause->evidence_count > 0 &&
            work->list.items[candidate->parts[0].evidence].dimension == TV_DIMENSION_SATURATION)
        cause->kind = "resource";
    (void)tv_time_format(cause->onset, time);
    struct tv_str who = cause->instance.ptr ? cause->instance : cause->service;
    if (cause->evidence_count > 0)
        cause->summary = tv_arena_printf(work->arena, "%.*s, since %.8s: %.*s", TV_STR_ARG(who),
                time + 11, TV_STR_ARG(cause->evidence[0].text));
    else
        cause->summary = tv_arena_printf(
                work->arena, "%.*s itself: nothing it calls stands out", TV_STR_ARG(who));
}

/* The change blamed for a cause, told in its sentence. */
static void write_change(struct work *work, struct tv_cause *cause, uint32_t index)
{
    const struct tv_fact_change *change = &work->facts.changes[index];
    struct tv_cause_change *out = tv_arena_calloc(work->arena, 1, sizeof(*out));
    const struct tv_str *texts[] = {
            &change->event_id, &change->name, &change->version, &change->commit};
    struct tv_str *copies[] = {&out->event_id, &out->name, &out->version, &out->commit};
    char time[TV_TIME_TEXT_BYTES];
    for (size_t i = 0; i < 4; i++)
        if (texts[i]->len > 0)
            *copies[i] = tv_arena_str(work->arena, *texts[i]);
    (void)tv_time_format(change->time, time);
    cause->change = out;
    cause->kind = "change";
    cause->summary =
            tv_arena_printf(work->arena, "%.*s; the change of %.8s before it (%.*s) speaks of it",
                    TV_STR_ARG(cause->summary), time + 11, TV_STR_ARG(change->name));
}

/* One change at most, of one of the first causes. */
static void blame_change(struct work *work, struct tv_root_cause *out)
{
    enum { FIRST = 3 };
    struct tv_blame best = {TV_NONE, 0};
    size_t blamed = 0;
    for (size_t i = 0; i < out->cause_count && i < FIRST; i++) {
        uint32_t service = tv_facts_service(&work->facts, work->ranking.items[i].actor);
        struct tv_blame blame = tv_change_blame(&work->facts, &work->cut, service);
        double score = blame.score * work->ranking.items[i].score / work->ranking.items[0].score;
        if (blame.change == TV_NONE || score <= best.score)
            continue;
        best = (struct tv_blame){blame.change, score};
        blamed = i;
    }
    if (best.change != TV_NONE)
        write_change(work, &out->causes[blamed], best.change);
}

static void write_causes(struct work *work, struct tv_root_cause *out)
{
    double first = tv_ranking_confidence(&work->ranking);
    double last = 1;
    for (size_t i = 0; i < work->ranking.count && out->cause_count < TV_CAUSES_MAX; i++) {
        const struct tv_candidate *candidate = &work->ranking.items[i];
        if (candidate->score < SCORE_LEAST)
            break;
        double share = candidate->score / work->ranking.items[0].score;
        double confidence = i == 0 ? first : (1 - first) * share;
        if (confidence >= last)
            confidence = last * 0.99;
        last = confidence;
        write_cause(work, &out->causes[out->cause_count++], candidate, confidence);
    }
}

static enum tv_status find(struct work *work, struct tv_root_cause *out, struct tv_error *err)
{
    enum tv_status status = read_all(work, err);
    if (status == TV_OK)
        status = find_symptom(work, err);
    if (status != TV_OK)
        return status;
    *out = (struct tv_root_cause){.onset = work->spec->to};
    out->stats = work->cost.stats;
    out->rows = work->cost.rows;
    if (work->symptom == 0)
        return TV_OK;
    tv_facts_link(&work->facts);
    tv_graph_build(&work->graph, &work->facts, work->symptom);
    tv_timings_build(&work->timings, &work->facts);
    work->cut = (struct tv_cut){.from = work->spec->from, .to = work->spec->to};
    choose_onset(work);
    out->symptom = tv_arena_str(work->arena, tv_facts_text(&work->facts, work->symptom));
    out->onset = work->cut.onset;
    out->sampled = work->facts.sampled_bits > 0;
    write_causes(work, out);
    blame_change(work, out);
    out->impact_count = tv_impact_find(&work->facts, &work->cut, work->arena, out->impact);
    return TV_OK;
}

enum tv_status tv_root_cause_find(const struct tv_root_cause_spec *spec, struct tv_arena *arena,
        struct tv_root_cause *out, struct tv_error *err)
{
    struct work work = {.spec = spec, .arena = arena};
    enum tv_status status = find(&work, out, err);
    tv_ranking_release(&work.ranking);
    free(work.list.items);
    tv_timings_release(&work.timings);
    tv_graph_release(&work.graph);
    tv_facts_release(&work.facts);
    return status;
}
