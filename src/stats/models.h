/* SPDX-License-Identifier: Apache-2.0 */
/* The models that forecasts are chosen from: each sees one number after the other and can say at any
 * time how it thinks the series goes on. Private to this room.
 *
 * Exponential smoothing in the notation of Hyndman and Athanasopoulos, Forecasting: Principles and
 * Practice: the level of Brown, Holt's linear trend damped as by Gardner and McKenzie (1985), additive
 * seasons of Winters; Theta as Hyndman and Billah (2003) showed it to be, a level with half the drift;
 * and medians, which absolute errors are least around when a series is mostly quiet with rare bursts. */
#ifndef TV_STATS_MODELS_H
#define TV_STATS_MODELS_H

#include <stdint.h>

enum tv_model_kind {
    TV_MODEL_LEVEL,        /* alpha */
    TV_MODEL_TREND,        /* alpha, beta, damping */
    TV_MODEL_THETA,        /* alpha */
    TV_MODEL_MEDIAN,       /* the last `span` numbers */
    TV_MODEL_SEASON_NAIVE, /* the number a season ago */
    TV_MODEL_SEASON_LEVEL, /* alpha; gamma of the seasonal profile */
    TV_MODEL_SEASON_SHIFTED, /* a season ago, shifted by how the last `span` numbers differ from then */
};

struct tv_model {
    enum tv_model_kind kind;
    const char *name;
    double alpha, beta, gamma, damping;
    uint32_t span;
};

enum { TV_MODEL_SPAN_MAX = 144 };

/* A model and what it knows. */
struct tv_model_state {
    const struct tv_model *model;
    double level, trend;
    double sum_y, sum_ty, sum_t, sum_tt; /* of Theta's drift */
    double *profile;                     /* of a season; owned */
    uint32_t season;
};

/* All models; those of seasons come last. */
extern const struct tv_model tv_models[];
extern const unsigned tv_model_count, tv_seasonal_models; /* the latter: of them, seasonal */

/* `season` may be 0 for a model without one. */
void tv_model_init(struct tv_model_state *state, const struct tv_model *model, uint32_t season);
void tv_model_release(struct tv_model_state *state);
/* values[0 … at] are known now; each `at` is told once, ascending from 0. */
void tv_model_learn(struct tv_model_state *state, const double *values, uint32_t at);
/* How the series goes on behind values[0 … at]: out[0 … steps − 1]. */
void tv_model_tell(const struct tv_model_state *state, const double *values, uint32_t at,
        uint32_t steps, double *out);

#endif
