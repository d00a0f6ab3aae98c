/* SPDX-License-Identifier: Apache-2.0 */
/* All models are walked through the history once, side by side; at each origin each tells the horizon and
 * is held against what came. So an origin costs a forecast, not a fit, and hundreds of them are cheap.
 *
 * Errors of the chosen model are kept by step, and their 5 % and 95 % quantiles, widened for being few,
 * are added to its forecast. The quantiles are made to spread monotonically: a later step is never more
 * certain than an earlier one.
 *
 * Averages of models were turned down: they win competitions by a little, but say nothing of why. */
#include "stats/forecast.h"

#include "base/mem.h"
#include "stats/models.h"

#include <math.h>
#include <stdlib.h>

enum { ORIGINS_MAX = 400, MODELS_MAX = 32 };
#define MISS 0.05 /* on either side of the interval */

struct work {
    const struct tv_forecast_spec *spec;
    unsigned models; /* of the table, from its beginning */
    struct tv_model_state states[MODELS_MAX];
    double sums[MODELS_MAX]; /* of absolute errors */
    uint64_t compared;
    size_t first, stride; /* origins: values[0 … first + k stride] are known */
    size_t origins;
    double *errors; /* of one model: origin by step; NAN where nothing came */
};

/* Origins lie in the later two thirds, with at least two seasons before the first where that leaves
 * enough, and one step before the last at the latest. */
static void place_origins(struct work *work)
{
    size_t count = work->spec->count;
    size_t first = count / 3;
    if (work->spec->season > 0 && 2 * work->spec->season < count * 2 / 3 &&
            first < 2 * work->spec->season)
        first = 2 * work->spec->season;
    work->first = first;
    size_t room = count - 1 - first;
    work->stride = room > ORIGINS_MAX ? (room + ORIGINS_MAX - 1) / ORIGINS_MAX : 1;
    work->origins = (room + work->stride - 1) / work->stride;
}

static bool is_origin(const struct work *work, size_t at)
{
    return at >= work->first && at + 1 < work->spec->count &&
            (at - work->first) % work->stride == 0;
}

/* Steps of the horizon that the history still holds behind an origin. */
static size_t known_steps(const struct work *work, size_t at)
{
    size_t left = work->spec->count - 1 - at;
    return left < work->spec->steps ? left : work->spec->steps;
}

static void compare_all(struct work *work, size_t at)
{
    double told[TV_FORECAST_STEPS_MAX];
    size_t steps = known_steps(work, at);
    for (unsigned m = 0; m < work->models; m++) {
        tv_model_tell(&work->states[m], work->spec->values, (uint32_t)at, (uint32_t)steps, told);
        for (size_t i = 0; i < steps; i++)
            work->sums[m] += fabs(work->spec->values[at + 1 + i] - told[i]);
    }
    work->compared += steps;
}

static void walk_all(struct work *work)
{
    for (size_t at = 0; at < work->spec->count; at++) {
        for (unsigned m = 0; m < work->models; m++)
            tv_model_learn(&work->states[m], work->spec->values, (uint32_t)at);
        if (is_origin(work, at))
            compare_all(work, at);
    }
}

static unsigned best_of(const struct work *work)
{
    unsigned best = 0;
    for (unsigned m = 1; m < work->models; m++)
        if (work->sums[m] < work->sums[best])
            best = m;
    return best;
}

/* The chosen model alone, once more, with its errors kept. */
static void keep_errors(struct work *work, const struct tv_model *model)
{
    const struct tv_forecast_spec *spec = work->spec;
    double told[TV_FORECAST_STEPS_MAX];
    struct tv_model_state state;
    size_t row = 0;
    tv_model_init(&state, model, (uint32_t)spec->season);
    work->errors = tv_calloc(work->origins * spec->steps, sizeof(*work->errors));
    for (size_t at = 0; at < spec->count; at++) {
        tv_model_learn(&state, spec->values, (uint32_t)at);
        if (!is_origin(work, at))
            continue;
        size_t steps = known_steps(work, at);
        tv_model_tell(&state, spec->values, (uint32_t)at, (uint32_t)steps, told);
        for (size_t i = 0; i < spec->steps; i++)
            work->errors[row * spec->steps + i] =
                    i < steps ? spec->values[at + 1 + i] - told[i] : NAN;
        row++;
    }
    tv_model_release(&state);
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The errors at one step, ascending; returns how many there are. */
static size_t errors_at(const struct work *work, size_t step, double *out)
{
    size_t count = 0;
    for (size_t row = 0; row < work->origins; row++) {
        double error = work->errors[row * work->spec->steps + step];
        if (!isnan(error))
            out[count++] = error;
    }
    if (count > 0)
        qsort(out, count, sizeof(*out), by_size);
    return count;
}

/* Of `count` errors, the place of the one below which a share of MISS of all future ones fall: one more
 * is counted than there are, since the next one may lie beyond all. */
static size_t rank_of(size_t count)
{
    double rank = floor(MISS * ((double)count + 1));
    return rank >= 1 ? (size_t)rank - 1 : 0;
}

static void spread(struct work *work, struct tv_forecast *out)
{
    double *sorted = tv_calloc(work->origins + 1, sizeof(*sorted));
    double low = 0;
    double high = 0;
    for (size_t step = 0; step < work->spec->steps; step++) {
        size_t count = errors_at(work, step, sorted);
        if (count > 0) {
            size_t rank = rank_of(count);
            low = fmin(low, sorted[rank]);
            high = fmax(high, sorted[count - 1 - rank]);
        }
        out->steps[step].low = out->steps[step].value + low;
        out->steps[step].high = out->steps[step].value + high;
    }
    free(sorted);
}

static void tell(struct work *work, unsigned chosen, struct tv_forecast *out)
{
    double told[TV_FORECAST_STEPS_MAX];
    tv_model_tell(&work->states[chosen], work->spec->values, (uint32_t)work->spec->count - 1,
            (uint32_t)work->spec->steps, told);
    for (size_t i = 0; i < work->spec->steps; i++)
        out->steps[i].value = told[i];
}

void tv_forecast_make(const struct tv_forecast_spec *spec, struct tv_forecast *out)
{
    TV_ASSERT(spec->count >= TV_FORECAST_COUNT_MIN && spec->count <= TV_FORECAST_COUNT_MAX);
    TV_ASSERT(spec->steps >= 1 && spec->steps <= TV_FORECAST_STEPS_MAX);
    bool seasonal = spec->season >= 2 && 2 * spec->season <= spec->count;
    struct tv_forecast_spec used = *spec;
    used.season = seasonal ? spec->season : 0;
    struct work work = {.spec = &used,
            .models = seasonal ? tv_model_count : tv_model_count - tv_seasonal_models};
    place_origins(&work);
    for (unsigned m = 0; m < work.models; m++)
        tv_model_init(&work.states[m], &tv_models[m], (uint32_t)used.season);
    walk_all(&work);
    unsigned chosen = best_of(&work);
    unsigned naive = seasonal ? tv_model_count - tv_seasonal_models : 0;
    *out = (struct tv_forecast){.method = tv_models[chosen].name,
            .error = work.sums[chosen] / (double)work.compared,
            .naive_error = work.sums[naive] / (double)work.compared,
            .origins = work.origins};
    tell(&work, chosen, out);
    keep_errors(&work, &tv_models[chosen]);
    spread(&work, out);
    for (unsigned m = 0; m < work.models; m++)
        tv_model_release(&work.states[m]);
    free(work.errors);
}
