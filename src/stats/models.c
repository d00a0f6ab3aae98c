/* SPDX-License-Identifier: Apache-2.0 */
/* The models' recurrences. Parameters stand in a table instead of being fitted: the evaluation that
 * chooses among the models chooses among a few values of their parameters in the same way, and a coarse
 * grid is as good as a fit where the next half hour is concerned. */
#include "stats/models.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct tv_model tv_models[] = {
        {TV_MODEL_LEVEL, "last value", 1, 0, 0, 0, 0},
        {TV_MODEL_LEVEL, "exponential smoothing", 0.7, 0, 0, 0, 0},
        {TV_MODEL_LEVEL, "exponential smoothing", 0.4, 0, 0, 0, 0},
        {TV_MODEL_LEVEL, "exponential smoothing", 0.2, 0, 0, 0, 0},
        {TV_MODEL_LEVEL, "exponential smoothing", 0.1, 0, 0, 0, 0},
        {TV_MODEL_LEVEL, "exponential smoothing", 0.03, 0, 0, 0, 0},
        {TV_MODEL_TREND, "damped trend", 0.8, 0.2, 0, 0.9, 0},
        {TV_MODEL_TREND, "damped trend", 0.4, 0.1, 0, 0.95, 0},
        {TV_MODEL_TREND, "linear trend", 0.8, 0.2, 0, 1, 0},
        {TV_MODEL_TREND, "linear trend", 0.4, 0.05, 0, 1, 0},
        {TV_MODEL_TREND, "linear trend", 0.1, 0.01, 0, 1, 0},
        {TV_MODEL_THETA, "Theta", 0.8, 0, 0, 0, 0},
        {TV_MODEL_THETA, "Theta", 0.3, 0, 0, 0, 0},
        {TV_MODEL_MEDIAN, "median of the last", 0, 0, 0, 0, 6},
        {TV_MODEL_MEDIAN, "median of the last", 0, 0, 0, 0, 24},
        {TV_MODEL_MEDIAN, "median of the last", 0, 0, 0, 0, TV_MODEL_SPAN_MAX},
        {TV_MODEL_SEASON_NAIVE, "last season", 0, 0, 0, 0, 0},
        {TV_MODEL_SEASON_SHIFTED, "last season, shifted", 0, 0, 0, 0, 3},
        {TV_MODEL_SEASON_SHIFTED, "last season, shifted", 0, 0, 0, 0, 12},
        {TV_MODEL_SEASON_LEVEL, "seasonal smoothing", 0.1, 0, 0.3, 0, 0},
        {TV_MODEL_SEASON_LEVEL, "seasonal smoothing", 0.3, 0, 0.3, 0, 0},
        {TV_MODEL_SEASON_LEVEL, "seasonal smoothing", 0.6, 0, 0.3, 0, 0},
        {TV_MODEL_SEASON_LEVEL, "seasonal smoothing", 0.3, 0, 0.1, 0, 0},
};
const unsigned tv_model_count = sizeof(tv_models) / sizeof(tv_models[0]);
const unsigned tv_seasonal_models = 7;

void tv_model_init(struct tv_model_state *state, const struct tv_model *model, uint32_t season)
{
    *state = (struct tv_model_state){.model = model, .season = season};
    if (model->kind == TV_MODEL_SEASON_LEVEL)
        state->profile = tv_calloc(season, sizeof(*state->profile));
}

void tv_model_release(struct tv_model_state *state)
{
    free(state->profile);
    *state = (struct tv_model_state){0};
}

static void learn_level(struct tv_model_state *state, double value, uint32_t at)
{
    state->level = at == 0 ? value : state->level + state->model->alpha * (value - state->level);
}

static void learn_trend(struct tv_model_state *state, double value, uint32_t at)
{
    const struct tv_model *model = state->model;
    if (at < 2) {
        state->trend = at == 0 ? 0 : value - state->level;
        state->level = value;
        return;
    }
    double before = state->level;
    double expected = state->level + model->damping * state->trend;
    state->level = expected + model->alpha * (value - expected);
    state->trend = model->damping * state->trend +
            model->beta * (state->level - before - model->damping * state->trend);
}

static void learn_theta(struct tv_model_state *state, double value, uint32_t at)
{
    double t = at;
    learn_level(state, value, at);
    state->sum_y += value;
    state->sum_ty += t * value;
    state->sum_t += t;
    state->sum_tt += t * t;
}

/* The slope of the straight line nearest to all numbers so far. */
static double slope(const struct tv_model_state *state, uint32_t at)
{
    double n = (double)at + 1;
    double spread = n * state->sum_tt - state->sum_t * state->sum_t;
    return spread > 0 ? (n * state->sum_ty - state->sum_t * state->sum_y) / spread : 0;
}

/* The first season only fills the profile, around its own mean. */
static void learn_season(struct tv_model_state *state, const double *values, uint32_t at)
{
    const struct tv_model *model = state->model;
    double *seasonal = &state->profile[at % state->season];
    if (at < state->season) {
        state->level += (values[at] - state->level) / ((double)at + 1);
        *seasonal = values[at];
        if (at == state->season - 1)
            for (uint32_t i = 0; i < state->season; i++)
                state->profile[i] -= state->level;
        return;
    }
    state->level += model->alpha * (values[at] - *seasonal - state->level);
    *seasonal += model->gamma * (values[at] - state->level - *seasonal);
}

void tv_model_learn(struct tv_model_state *state, const double *values, uint32_t at)
{
    switch (state->model->kind) {
    case TV_MODEL_LEVEL:
        learn_level(state, values[at], at);
        return;
    case TV_MODEL_TREND:
        learn_trend(state, values[at], at);
        return;
    case TV_MODEL_THETA:
        learn_theta(state, values[at], at);
        return;
    case TV_MODEL_SEASON_LEVEL:
        learn_season(state, values, at);
        return;
    case TV_MODEL_MEDIAN:
    case TV_MODEL_SEASON_NAIVE:
    case TV_MODEL_SEASON_SHIFTED:
        return; /* they look at the numbers themselves */
    }
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median_of_last(const double *values, uint32_t at, uint32_t span)
{
    double last[TV_MODEL_SPAN_MAX];
    uint32_t count = at + 1 < span ? at + 1 : span;
    memcpy(last, &values[at + 1 - count], count * sizeof(*last));
    qsort(last, count, sizeof(*last), by_size);
    return count % 2 ? last[count / 2] : last[count / 2 - 1] / 2 + last[count / 2] / 2;
}

/* The number a season (or, further on, the last whole season) before values[at + step]. */
static double season_ago(
        const struct tv_model_state *state, const double *values, uint32_t at, uint32_t step)
{
    if (at + 1 < state->season)
        return values[at];
    return values[at + 1 - state->season + (step - 1) % state->season];
}

/* How the last numbers differ from those a season before them. */
static double shift(const struct tv_model_state *state, const double *values, uint32_t at)
{
    double sum = 0;
    uint32_t count = 0;
    for (; count < state->model->span && at >= state->season + count; count++)
        sum += values[at - count] - values[at - count - state->season];
    return count > 0 ? sum / count : 0;
}

/* The sum of the first `steps` powers of the damping. */
static double damped(double damping, uint32_t steps)
{
    return damping < 1 ? damping * (1 - pow(damping, steps)) / (1 - damping) : steps;
}

static double constant_part(const struct tv_model_state *state, const double *values, uint32_t at)
{
    if (state->model->kind == TV_MODEL_MEDIAN)
        return median_of_last(values, at, state->model->span);
    if (state->model->kind == TV_MODEL_SEASON_SHIFTED)
        return shift(state, values, at);
    return state->model->kind == TV_MODEL_SEASON_NAIVE ? 0 : state->level;
}

void tv_model_tell(const struct tv_model_state *state, const double *values, uint32_t at,
        uint32_t steps, double *out)
{
    double constant = constant_part(state, values, at);
    double drift = state->model->kind == TV_MODEL_THETA ? slope(state, at) / 2 : 0;
    for (uint32_t step = 1; step <= steps; step++) {
        double *told = &out[step - 1];
        switch (state->model->kind) {
        case TV_MODEL_LEVEL:
        case TV_MODEL_MEDIAN:
            *told = constant;
            break;
        case TV_MODEL_TREND:
            *told = constant + damped(state->model->damping, step) * state->trend;
            break;
        case TV_MODEL_THETA:
            *told = constant + drift * step;
            break;
        case TV_MODEL_SEASON_NAIVE:
        case TV_MODEL_SEASON_SHIFTED:
            *told = constant + season_ago(state, values, at, step);
            break;
        case TV_MODEL_SEASON_LEVEL:
            *told = constant +
                    (at + 1 < state->season ? 0 : state->profile[(at + step) % state->season]);
            break;
        }
    }
}
