/* SPDX-License-Identifier: Apache-2.0 */
/* Forecasts of an evenly spaced series, with intervals and the error they would have made before.
 *
 * Some two dozen simple models (models.h) walk through the history together. From origins in its later
 * part each forecasts the horizon as it would have then, and what came is held against it: rolling-origin
 * evaluation (Tashman, Int. J. Forecasting 2000). The model with the least mean absolute error is chosen,
 * and the quantiles of its errors at each distance are the interval, which therefore needs no assumption
 * about their distribution (a split conformal interval: Vovk et al. 2005; Lei et al., JASA 2018). */
#ifndef TV_STATS_FORECAST_H
#define TV_STATS_FORECAST_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    TV_FORECAST_COUNT_MAX = 4096, /* of a history */
    TV_FORECAST_STEPS_MAX = 512,  /* of a horizon */
    TV_FORECAST_COUNT_MIN = 16    /* a shorter history tells nothing */
};

struct tv_forecast_spec {
    const double *values; /* finite, borrowed */
    size_t count;         /* TV_FORECAST_COUNT_MIN … TV_FORECAST_COUNT_MAX */
    size_t season;        /* numbers in a period, at least 2; 0: none is known */
    size_t steps;         /* to forecast, 1 … TV_FORECAST_STEPS_MAX */
};

struct tv_forecast {
    const char *method; /* static */
    double error,
            naive_error; /* mean absolute errors over all origins and steps: of the method, and of
                                  the last season's (without one, the last) value repeated */
    size_t origins;
    struct tv_forecast_step {
        double value, low, high; /* the interval holds nine values of ten */
    } steps[TV_FORECAST_STEPS_MAX];
};

/* Always gives a forecast for a spec within the bounds above (asserted). */
void tv_forecast_make(const struct tv_forecast_spec *spec, struct tv_forecast *out);

#endif
