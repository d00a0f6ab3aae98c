/* SPDX-License-Identifier: Apache-2.0 */
/* From points to an even series and back.
 *
 * Models need even steps, points come as they come. The step is the usual distance of the points, made
 * longer where history or horizon would have more steps than a forecast takes. Steps end at the moment
 * of the forecast and go back from there, so that the newest points are a whole step; a step's number is
 * the mean of its points, and one without points repeats the one before. */
#include "insight/predict.h"

#include "base/mem.h"
#include "base/time.h"
#include "event/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_length(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The points from first on that the spec allows; sets *first. */
static size_t usable(
        const struct tv_track *track, const struct tv_predict_spec *spec, size_t *first)
{
    size_t begin = 0;
    size_t end = track->count;
    while (begin < end && track->points[begin].time < spec->from)
        begin++;
    while (end > begin && track->points[end - 1].time > spec->at)
        end--;
    *first = begin;
    return end - begin;
}

/* The median distance of points of different times. */
static int64_t usual_gap(const struct tv_track_point *points, size_t count)
{
    int64_t *gaps = tv_calloc(count, sizeof(*gaps));
    size_t found = 0;
    for (size_t i = 1; i < count; i++)
        if (points[i].time > points[i - 1].time)
            gaps[found++] = points[i].time - points[i - 1].time;
    if (found > 0)
        qsort(gaps, found, sizeof(*gaps), by_length);
    int64_t gap = found > 0 ? gaps[found / 2] : 0;
    free(gaps);
    return gap;
}

static int64_t step_of(
        const struct tv_predict_spec *spec, const struct tv_track_point *points, size_t count)
{
    int64_t step = spec->step_ns > 0 ? spec->step_ns : usual_gap(points, count);
    int64_t length = spec->at - points[0].time;
    int64_t least = spec->next_ns / TV_FORECAST_STEPS_MAX + 1;
    if (length / TV_FORECAST_COUNT_MAX + 1 > least)
        least = length / TV_FORECAST_COUNT_MAX + 1;
    return step > least ? step : least;
}

/* The history in even steps. */
struct even {
    double values[TV_FORECAST_COUNT_MAX];
    size_t count, held; /* held: steps that hold a point */
};

/* Cuts the points into steps that end at `at`. */
static void even_out(const struct tv_track_point *points, size_t count, int64_t at, int64_t step,
        struct even *out)
{
    size_t next = 0;
    out->count = (size_t)((at - points[0].time) / step) + 1;
    if (out->count > TV_FORECAST_COUNT_MAX)
        out->count = TV_FORECAST_COUNT_MAX;
    out->held = 0;
    for (size_t i = 0; i < out->count; i++) {
        int64_t end = at - (int64_t)(out->count - 1 - i) * step;
        double sum = 0;
        size_t found = 0;
        for (; next < count && points[next].time <= end; next++, found++)
            sum += points[next].value;
        out->values[i] = found > 0 ? sum / (double)found : i > 0 ? out->values[i - 1] : 0;
        out->held += found > 0;
    }
}

/* A share has its limit at 1, a percentage at 100; other numbers have none. */
static double limit_of(const struct tv_track *track, const double *values, size_t count)
{
    static const char *const shares[] = {"cpu", "memory", "disk", "percent", "pct", "utilization"};
    double most = 0;
    bool named = false;
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
        named = named || tv_str_contains(track->names.field, tv_str_of(shares[i]));
    for (size_t i = 0; i < count; i++)
        most = values[i] < 0 ? INFINITY : fmax(most, values[i]);
    if (!named || most > 100)
        return 0;
    return most <= 1 ? 1 : 100;
}

/* When a line through the steps reaches the limit first. */
static int64_t first_reach(const struct tv_prediction *prediction,
        const struct tv_predict_spec *spec, double (*line)(const struct tv_forecast_step *step))
{
    for (size_t i = 0; i < prediction->count; i++)
        if (line(&prediction->forecast->steps[i]) >= prediction->reaching.limit)
            return tv_prediction_time(prediction, spec, i);
    return TV_ABSENT_I64;
}

static double value_line(const struct tv_forecast_step *step)
{
    return step->value;
}
static double low_line(const struct tv_forecast_step *step)
{
    return step->low;
}
static double high_line(const struct tv_forecast_step *step)
{
    return step->high;
}

static void find_limit(struct tv_prediction *prediction, const struct tv_predict_spec *spec,
        const double *values, size_t count)
{
    struct tv_reaching *reaching = &prediction->reaching;
    reaching->limit = limit_of(prediction->track, values, count);
    if (reaching->limit <= 0 || values[count - 1] >= reaching->limit)
        return;
    reaching->time = first_reach(prediction, spec, value_line);
    reaching->earliest = first_reach(prediction, spec, high_line);
    reaching->latest = first_reach(prediction, spec, low_line);
    prediction->reaches = reaching->time != TV_ABSENT_I64;
}

/* What was never negative will not be; what has a limit keeps it. */
static void clip(struct tv_prediction *prediction, const double *values, size_t count)
{
    double least = INFINITY;
    double limit = prediction->reaching.limit > 0 ? prediction->reaching.limit : INFINITY;
    for (size_t i = 0; i < count; i++)
        least = fmin(least, values[i]);
    double floor = least >= 0 ? 0 : -INFINITY;
    for (size_t i = 0; i < prediction->count; i++) {
        struct tv_forecast_step *step = &prediction->forecast->steps[i];
        step->low = fmin(fmax(step->low, floor), limit);
        step->value = fmin(fmax(step->value, floor), limit);
        step->high = fmin(fmax(step->high, floor), limit);
    }
}

static void forecast(struct tv_prediction *prediction, const struct tv_predict_spec *spec,
        const struct even *even)
{
    int64_t step = prediction->step_ns;
    int64_t steps = (spec->next_ns + step - 1) / step;
    prediction->count = (size_t)(steps < 1 ? 1 : steps);
    struct tv_forecast_spec wanted = {.values = even->values,
            .count = even->count,
            .season = (size_t)((TV_NS_PER_DAY + step / 2) / step),
            .steps = prediction->count};
    prediction->forecast = tv_calloc(1, sizeof(*prediction->forecast));
    tv_forecast_make(&wanted, prediction->forecast);
    double naive = prediction->forecast->naive_error;
    prediction->backtest_error = naive > 0 ? prediction->forecast->error / naive : 0;
    find_limit(prediction, spec, even->values, even->count);
    clip(prediction, even->values, even->count);
}

bool tv_predict(const struct tv_track *track, const struct tv_predict_spec *spec,
        struct tv_prediction *out, size_t *points)
{
    size_t first;
    size_t count = usable(track, spec, &first);
    *points = count;
    if (count < TV_FORECAST_COUNT_MIN)
        return false;
    struct tv_prediction made = {.track = track};
    made.step_ns = step_of(spec, &track->points[first], count);
    struct even *even = tv_malloc(sizeof(*even));
    even_out(&track->points[first], count, spec->at, made.step_ns, even);
    bool enough = even->held >= TV_FORECAST_COUNT_MIN;
    *points = even->held;
    if (enough) {
        forecast(&made, spec, even);
        *out = made;
    }
    free(even);
    return enough;
}

void tv_prediction_release(struct tv_prediction *prediction)
{
    free(prediction->forecast);
    prediction->forecast = NULL;
}

int64_t tv_prediction_time(
        const struct tv_prediction *prediction, const struct tv_predict_spec *spec, size_t step)
{
    int64_t steps = (int64_t)step + 1;
    if (steps > spec->next_ns / prediction->step_ns)
        return spec->at + spec->next_ns;
    return spec->at + steps * prediction->step_ns;
}
