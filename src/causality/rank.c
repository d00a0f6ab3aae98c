/* SPDX-License-Identifier: Apache-2.0 */
/* Ranking: a sum over dimensions of evidence, each trusted by its contrast.
 *
 * In every dimension the strongest candidate counts 1 and the others their share of it. A dimension is
 * trusted by how few it singles out: log((N + 1) / (n + ½)), where n is the sum of the shares, the number
 * of candidates that it cannot tell apart. So if everybody is slow, slowness says little and the one new
 * error decides; traces, logs and metrics that disagree need no fixed order of precedence. What is
 * left to choose are one weight and one scale for each dimension, which docs/root-cause.md gives the
 * reasons and the ablations for.
 *
 * Fusing the signals by adding z-scores was turned down: the loudest dimension always won. */
#include "causality/rank.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

/* Weight; strength that is worth half of it (0: strengths are shares already). */
static const struct {
    double weight, half;
} dimensions[TV_DIMENSION_ALERTS + 1] = {
        [TV_DIMENSION_LATENCY] = {1.0, 0.15}, /* of the seconds that all requests took */
        [TV_DIMENSION_BEHAVIOUR] = {1.0, 15},
        [TV_DIMENSION_MESSAGES] = {0.8, 15},
        [TV_DIMENSION_SLOWNESS] = {0.8, 0},
        [TV_DIMENSION_ERRORS] = {0.8, 0},
        [TV_DIMENSION_SATURATION] = {0.6, 3},
        [TV_DIMENSION_TRAFFIC] = {0.15, 4},
        [TV_DIMENSION_OTHER] = {0.3, 4},
        [TV_DIMENSION_ALERTS] = {0.3, 0},
};
/* Who is not reached from the symptom by calls keeps so much, if nobody knows whom he serves; one that
 * has spans is seen to serve others, and is no candidate. */
#define UNREACHED 0.3
/* What the symptom's own series say of failures and slowness is the symptom, where it has callees. */
#define OF_SYMPTOM 0.3
/* The symptom itself is a candidate like others, a little before those without any evidence. */
#define SYMPTOM_BONUS 0.1

enum { DIMENSIONS_MAX = 512 };

struct board {
    const struct tv_evidence_list *list;
    const struct tv_facts *facts;
    const struct tv_graph *graph;
    uint32_t dimension_count;
    uint32_t *best;   /* [actor × dimensions]: evidence + 1 of the greatest strength */
    uint32_t *actors; /* candidates */
    size_t actor_count;
    double request_seconds;
};

static uint32_t *best_of(const struct board *board, uint32_t actor, uint32_t dimension)
{
    return &board->best[(size_t)actor * board->dimension_count + dimension];
}

static void fill(struct board *board)
{
    uint32_t most = 0;
    for (size_t i = 0; i < board->list->count; i++)
        most = board->list->items[i].dimension > most ? board->list->items[i].dimension : most;
    board->dimension_count = most < DIMENSIONS_MAX ? most + 1 : DIMENSIONS_MAX;
    board->best =
            tv_calloc(board->facts->actor_count * board->dimension_count + 1, sizeof(*board->best));
    for (size_t i = 0; i < board->list->count; i++) {
        const struct tv_evidence *item = &board->list->items[i];
        if (item->dimension >= board->dimension_count)
            continue;
        uint32_t *best = best_of(board, item->actor, item->dimension);
        if (*best == 0 || board->list->items[*best - 1].strength < item->strength)
            *best = (uint32_t)i + 1;
    }
}

static double reach_of(const struct tv_graph *graph, uint32_t service)
{
    if (!graph->known || graph->depth[service] != TV_NONE)
        return 1;
    return graph->traced[service] && graph->traced[graph->symptom] ? 0 : UNREACHED;
}

static bool may_be(const struct board *board, uint32_t actor)
{
    if (reach_of(board->graph, board->facts->actors[actor].service) <= 0)
        return false;
    for (uint32_t d = 0; d < board->dimension_count; d++)
        if (*best_of(board, actor, d))
            return true;
    return false;
}

/* Instances with evidence; a service as a whole only where none of its instances has any. */
static void choose_candidates(struct board *board)
{
    const struct tv_facts *facts = board->facts;
    bool *single = tv_calloc(facts->name_count + 1, sizeof(*single));
    board->actors = tv_calloc(facts->actor_count + 1, sizeof(*board->actors));
    for (uint32_t i = 0; i < facts->actor_count; i++) {
        if (facts->actors[i].instance == 0 || !may_be(board, i))
            continue;
        single[facts->actors[i].service] = true;
        board->actors[board->actor_count++] = i;
    }
    for (uint32_t i = 0; i < facts->actor_count; i++)
        if (facts->actors[i].instance == 0 && !single[facts->actors[i].service] && may_be(board, i))
            board->actors[board->actor_count++] = i;
    free(single);
}

/* The evidence of an actor in a dimension: its own or its service's, whichever is stronger. */
static uint32_t evidence_of(const struct board *board, uint32_t actor, uint32_t dimension)
{
    uint32_t own = *best_of(board, actor, dimension);
    uint32_t whole_actor = board->facts->whole[board->facts->actors[actor].service];
    uint32_t whole = whole_actor == TV_NONE ? 0 : *best_of(board, whole_actor, dimension);
    if (own == 0 || whole == 0)
        return own ? own : whole;
    return board->list->items[whole - 1].strength > board->list->items[own - 1].strength ? whole
                                                                                         : own;
}

static double strength_of(const struct board *board, uint32_t evidence)
{
    if (evidence == 0)
        return 0;
    const struct tv_evidence *item = &board->list->items[evidence - 1];
    bool tells_symptom = board->graph->known &&
            (item->dimension == TV_DIMENSION_ERRORS || item->dimension == TV_DIMENSION_SLOWNESS) &&
            tv_facts_service(board->facts, item->actor) == board->graph->symptom;
    return item->strength * (tells_symptom ? OF_SYMPTOM : 1);
}

/* Points that a share of 1 gets in a dimension; *most is the greatest strength. */
static double worth_of(const struct board *board, uint32_t dimension, double *most)
{
    *most = 0;
    double sum = 0;
    for (size_t i = 0; i < board->actor_count; i++) {
        double strength = strength_of(board, evidence_of(board, board->actors[i], dimension));
        sum += strength;
        *most = fmax(*most, strength);
    }
    if (*most <= 0)
        return 0;
    uint32_t row = dimension < TV_DIMENSION_ALERTS ? dimension : TV_DIMENSION_ALERTS;
    double half = dimensions[row].half;
    if (dimension == TV_DIMENSION_LATENCY)
        half *= fmax(board->request_seconds, 1e-3);
    double size = half > 0 ? *most / (*most + half) : *most;
    double all = (double)board->actor_count + 4;
    double alike = sum / *most + 0.5;
    return dimensions[row].weight * size * fmax(0, log(all / alike) / log(all / 1.5));
}

static int by_points(const void *left, const void *right)
{
    const struct tv_part *a = left;
    const struct tv_part *b = right;
    return (a->points < b->points) - (a->points > b->points);
}

static void score(const struct board *board, struct tv_ranking *ranking)
{
    double *worth = tv_calloc(board->dimension_count + 1, sizeof(*worth));
    double *most = tv_calloc(board->dimension_count + 1, sizeof(*most));
    for (uint32_t d = 0; d < board->dimension_count; d++)
        worth[d] = worth_of(board, d, &most[d]);
    for (size_t i = 0; i < board->actor_count; i++) {
        uint32_t actor = board->actors[i];
        uint32_t service = board->facts->actors[actor].service;
        double reach = reach_of(board->graph, service);
        struct tv_candidate *candidate = &ranking->items[i];
        *candidate = (struct tv_candidate){.actor = actor, .onset = INT64_MAX};
        candidate->parts =
                tv_arena_calloc(&ranking->arena, board->dimension_count, sizeof(*candidate->parts));
        candidate->score = service == board->graph->symptom ? SYMPTOM_BONUS : 0;
        for (uint32_t d = 0; d < board->dimension_count; d++) {
            uint32_t evidence = evidence_of(board, actor, d);
            if (evidence == 0 || worth[d] <= 0)
                continue;
            double points = worth[d] * strength_of(board, evidence) / most[d];
            points *= reach;
            candidate->score += points;
            candidate->alerted += d >= TV_DIMENSION_ALERTS ? points : 0;
            candidate->parts[candidate->part_count++] = (struct tv_part){evidence - 1, points};
            if (board->list->items[evidence - 1].onset < candidate->onset)
                candidate->onset = board->list->items[evidence - 1].onset;
        }
        if (candidate->score > 0)
            candidate->alerted /= candidate->score;
        if (candidate->part_count > 1)
            qsort(candidate->parts, candidate->part_count, sizeof(*candidate->parts), by_points);
    }
    free(worth);
    free(most);
}

/* Who is earlier stands first among equals; then who was seen first. */
static int by_score(const void *left, const void *right)
{
    const struct tv_candidate *a = left;
    const struct tv_candidate *b = right;
    if (a->score != b->score)
        return a->score < b->score ? 1 : -1;
    if (a->onset != b->onset)
        return a->onset < b->onset ? -1 : 1;
    return (a->actor > b->actor) - (a->actor < b->actor);
}

static double request_seconds(const struct tv_facts *facts, const struct tv_cut *cut)
{
    double sum = 0;
    for (size_t i = 0; i < facts->span_count; i++)
        if (facts->spans[i].parent == TV_NONE && facts->spans[i].time >= cut->onset)
            sum += (double)facts->spans[i].duration / 1e9;
    return sum;
}

void tv_rank(struct tv_ranking *ranking, const struct tv_evidence_list *list,
        const struct tv_facts *facts, const struct tv_graph *graph, const struct tv_cut *cut)
{
    struct board board = {.list = list,
            .facts = facts,
            .graph = graph,
            .request_seconds = request_seconds(facts, cut)};
    fill(&board);
    choose_candidates(&board);
    *ranking = (struct tv_ranking){.count = board.actor_count};
    ranking->items = tv_calloc(board.actor_count + 1, sizeof(*ranking->items));
    score(&board, ranking);
    if (ranking->count > 1)
        qsort(ranking->items, ranking->count, sizeof(*ranking->items), by_score);
    free(board.best);
    free(board.actors);
}

void tv_ranking_release(struct tv_ranking *ranking)
{
    free(ranking->items);
    tv_arena_release(&ranking->arena);
    *ranking = (struct tv_ranking){0};
}

/* A logistic function of how high the first candidate stands, how far ahead of the second it is, and how
 * much of it are alerts without a past. Its numbers were fitted on labelled incidents of six sources, each
 * weighing the same, and rounded; docs/root-cause.md has what it is off by. */
double tv_ranking_confidence(const struct tv_ranking *ranking)
{
    if (ranking->count == 0)
        return 0;
    double first = ranking->items[0].score;
    double second = ranking->count > 1 ? ranking->items[1].score : 0;
    double lead = (first - second) / (first + 0.1);
    double sum = -0.3 + 1.5 * fmin(first, 1) + 2.8 * lead - 1.4 * ranking->items[0].alerted;
    return 1 / (1 + exp(-sum));
}

double tv_ranking_lead(const struct tv_ranking *ranking)
{
    return ranking->count ? ranking->items[0].score : 0;
}
