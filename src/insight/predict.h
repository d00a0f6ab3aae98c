/* SPDX-License-Identifier: Apache-2.0 */
/* A track continued: what its next values will be, how sure that is, and when it reaches its limit. */
#ifndef TV_INSIGHT_PREDICT_H
#define TV_INSIGHT_PREDICT_H

#include "insight/track.h"
#include "stats/forecast.h"

struct tv_predict_spec {
    int64_t from;    /* nothing before it is used */
    int64_t at;      /* the forecast starts here; nothing later is used */
    int64_t next_ns; /* how far it goes, more than 0 */
    int64_t step_ns; /* the track's own step; 0: told from its points */
};

/* When a track will have reached its limit, at the earliest and at the latest: TV_ABSENT_I64 for not
 * within the forecast. */
struct tv_reaching {
    double limit;
    int64_t time, earliest, latest;
};

struct tv_prediction {
    const struct tv_track *track;
    struct tv_forecast *forecast; /* owned: tv_prediction_release; steps[0 … count − 1] are used */
    size_t count;
    int64_t step_ns;
    double backtest_error; /* of the method, as a share of the error of repeating the last season */
    bool reaches;          /* it grows, and `reaching` tells of it */
    struct tv_reaching reaching;
};

/* False, and *points tells how many there are, where they are too few (TV_FORECAST_COUNT_MIN steps with
 * a point are needed). Sorted tracks only. */
TV_CHECKED bool tv_predict(const struct tv_track *track, const struct tv_predict_spec *spec,
        struct tv_prediction *out, size_t *points);
void tv_prediction_release(struct tv_prediction *prediction);
/* The time of steps[step]: at + (step + 1) step_ns, but never beyond at + next. */
int64_t tv_prediction_time(
        const struct tv_prediction *prediction, const struct tv_predict_spec *spec, size_t step);

#endif
