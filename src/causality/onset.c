/* SPDX-License-Identifier: Apache-2.0 */
/* When it began.
 *
 * Traces tell best: for a ladder of moments before the end, every operation's own times behind it are
 * compared with those before by ranks, and the moment where most differ most is the onset (the sum of
 * squared z, as one-split binary segmentation takes it; a likelihood over all operations at once, in the
 * spirit of BARO's multivariate change point, Pham et al. FSE 2024). Without enough spans, the symptom's
 * own series tell: the split that a step explains best.
 *
 * A ladder, not every moment: the finders want to know what is before and what is behind, and a few
 * seconds more or less change neither. */
#include "causality/evidence.h"

#include "base/mem.h"
#include "base/time.h"

#include <math.h>
#include <stdlib.h>

enum { RUNGS = 24, LEAST_SPANS = 200, LEAST_IN_GROUP = 8, LEAST_SAMPLES = 6, LEAST_BEFORE = 4 };
/* z below it is noise. */
#define Z_NOISE 3.0
/* Among moments about as good the latest is taken. */
#define AS_GOOD 0.97

/* Seconds before the end. */
static const int64_t ladder_s[RUNGS] = {2400, 1800, 1500, 1200, 900, 750, 600, 480, 420, 360, 300,
        270, 240, 210, 180, 150, 120, 105, 90, 75, 60, 45, 30, 15};

static size_t best_rung(const double *scores)
{
    double most = 0;
    for (size_t i = 0; i < RUNGS; i++)
        most = fmax(most, scores[i]);
    size_t best = RUNGS;
    for (size_t i = 0; i < RUNGS; i++)
        if (most > 0 && scores[i] >= AS_GOOD * most)
            best = i;
    return best;
}

static void add_squares(double *scores, const double *z, double most)
{
    for (size_t i = 0; i < RUNGS; i++)
        scores[i] += fmin(most, fmax(0, z[i] * z[i] - Z_NOISE * Z_NOISE));
}

/* False where spans tell nothing. */
static bool from_timings(const struct tv_timings *timings, const int64_t *cuts, int64_t *out)
{
    double scores[RUNGS] = {0};
    double z[RUNGS];
    struct tv_sample *samples = tv_malloc((timings->count + 1) * sizeof(*samples));
    double *scratch = tv_malloc((2 * timings->count + 2) * sizeof(*scratch));
    for (size_t first = 0; first < timings->count;) {
        size_t end = tv_timings_group(timings, first);
        for (size_t i = first; i < end; i++)
            samples[i - first] =
                    (struct tv_sample){timings->items[i].time, timings->items[i].seconds};
        if (end - first >= LEAST_IN_GROUP) {
            tv_rank_shift((struct tv_samples){samples, end - first}, cuts, RUNGS, scratch, z);
            add_squares(scores, z, INFINITY);
        }
        first = end;
    }
    free(samples);
    free(scratch);
    size_t best = best_rung(scores);
    if (best == RUNGS)
        return false;
    *out = cuts[best];
    return true;
}

/* The symptom's series that tells of failures or durations most often. */
static const struct tv_fact_series *telling_series(const struct tv_facts *facts, uint32_t symptom)
{
    const struct tv_fact_series *best = NULL;
    for (size_t i = 0; i < facts->series_count; i++) {
        const struct tv_fact_series *series = &facts->series[i];
        if (tv_facts_service(facts, series->actor) == symptom && series->count >= LEAST_SAMPLES &&
                (!best || series->count > best->count))
            best = series;
    }
    return best;
}

/* Times of the symptom's last samples, in widening steps. */
static size_t from_series(const struct tv_facts *facts, uint32_t symptom, int64_t *out)
{
    static const uint32_t back[] = {1, 2, 3, 4, 5, 6, 8, 10, 13, 17};
    const struct tv_fact_series *series = telling_series(facts, symptom);
    size_t count = 0;
    for (size_t i = 0; series && i < sizeof(back) / sizeof(back[0]); i++) {
        if (back[i] + LEAST_BEFORE > series->count)
            break;
        int64_t time = series->samples[series->count - back[i]].time;
        if (time >= facts->from && time <= facts->to)
            out[count++] = time;
    }
    return count;
}

size_t tv_onsets_find(const struct tv_facts *facts, const struct tv_timings *timings,
        const struct tv_graph *graph, int64_t out[TV_ONSETS_MAX])
{
    static const int64_t tries_s[] = {60, 90, 120, 180, 240, 360, 600, 900};
    size_t count = 0;
    int64_t cuts[RUNGS];
    int64_t end = facts->last < facts->to ? facts->last : facts->to;
    for (size_t i = 0; i < RUNGS; i++)
        cuts[i] = end - ladder_s[i] * TV_NS_PER_S;
    bool traced = timings->count >= LEAST_SPANS;
    if (traced && from_timings(timings, cuts, &out[count]))
        count++;
    for (size_t i = 0; traced && i < sizeof(tries_s) / sizeof(tries_s[0]); i++)
        if (end - tries_s[i] * TV_NS_PER_S > facts->first)
            out[count++] = end - tries_s[i] * TV_NS_PER_S;
    if (!traced)
        count += from_series(facts, graph->symptom, &out[count]);
    if (count > 0)
        return count;
    int64_t tenth = (facts->to - facts->from) / 10;
    out[0] = end - (tenth < 5 * TV_NS_PER_MIN ? tenth : 5 * TV_NS_PER_MIN);
    return 1;
}
