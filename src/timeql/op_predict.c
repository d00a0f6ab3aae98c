/* SPDX-License-Identifier: Apache-2.0 */
/* PREDICT: what comes next, from what was there up to the moment the forecast starts at.
 *
 * Recorded numbers are read point by point, derived fields in steps that suit the horizon. Where no
 * history was given, the last hour tells how dense the series are, and as much before it is read as that
 * makes affordable, a week at most. */
#include "base/time.h"
#include "insight/predict.h"
#include "timeql/measure_read.h"

enum { STEPS_OF_NEXT = 6, HISTORY_STEPS = 2000 };

/* A track, continued or not. */
struct outlook {
    const struct tv_track *track;
    struct tv_prediction prediction;
    bool made;
    size_t points; /* that there were */
};

struct predict {
    struct tv_exec *exec;
    struct tv_tracks tracks;
    struct tv_predict_spec spec;
    struct outlook *outlooks;
    size_t count, made;
};

/* One item of the answer: a prediction, or, in forms of rows, one step of it. */
struct item {
    const struct predict *predict;
    const struct outlook *outlook;
    size_t step;
};

static enum tv_status read_recorded(struct predict *predict)
{
    struct tv_exec *exec = predict->exec;
    if (!tv_measures_recorded(exec->query))
        return TV_OK;
    struct tv_planned_scan scan = exec->plan.scans[0];
    enum tv_status status = tv_measures_read(exec, &scan, &predict->tracks);
    if (status != TV_OK || exec->query->ast->in_last.present)
        return status;
    struct tv_measure_window hour = {exec->query->from, exec->query->to, 0};
    int64_t history =
            tv_measures_history(exec, &hour, predict->tracks.point_count, TV_HISTORY_POINTS_MAX);
    scan.name = "history";
    scan.spec.to = hour.from - 1;
    scan.spec.from = hour.from - history;
    return history > 0 ? tv_measures_read(exec, &scan, &predict->tracks) : TV_OK;
}

/* The step of derived fields: some of them to the horizon, and a history that is not too long. */
static int64_t derived_step(const struct tv_query *query)
{
    int64_t step = query->next_ns / STEPS_OF_NEXT / (10 * TV_NS_PER_S) * 10 * TV_NS_PER_S;
    int64_t least = 10 * TV_NS_PER_S;
    if (query->ast->in_last.present)
        least = tv_traffic_step(query->ast->in_last.ns);
    step = step < least ? least : step;
    return step > TV_NS_PER_HOUR ? TV_NS_PER_HOUR : TV_NS_PER_HOUR / (TV_NS_PER_HOUR / step);
}

static enum tv_status read_derived(struct predict *predict)
{
    struct tv_exec *exec = predict->exec;
    const struct tv_query *query = exec->query;
    if (!tv_measures_derived(query))
        return TV_OK;
    uint64_t before = exec->stats.events;
    struct tv_measure_window window = {query->from, query->at, derived_step(query)};
    window.from -= window.from % window.step_ns;
    predict->spec.step_ns = window.step_ns;
    enum tv_status status = tv_measures_read_traffic(exec, &window, &predict->tracks);
    if (status != TV_OK || query->ast->in_last.present)
        return status;
    int64_t history =
            tv_measures_history(exec, &window, exec->stats.events - before, TV_HISTORY_EVENTS_MAX);
    if (history > HISTORY_STEPS * window.step_ns)
        history = HISTORY_STEPS * window.step_ns;
    struct tv_measure_window earlier = {window.from - history, window.from - 1, window.step_ns};
    return history > 0 ? tv_measures_read_traffic(exec, &earlier, &predict->tracks) : TV_OK;
}

/* Whether the track is of a derived field, whose steps are known. */
static bool is_derived(const struct tv_track *track)
{
    return tv_is_derived(track->names.field);
}

static enum tv_status look_ahead(struct predict *predict)
{
    struct tv_exec *exec = predict->exec;
    predict->outlooks =
            tv_arena_calloc(&exec->arena, predict->tracks.count + 1, sizeof(*predict->outlooks));
    for (size_t i = 0; i < predict->tracks.count; i++) {
        enum tv_status status = tv_cancel_check(exec->cancel);
        if (status != TV_OK)
            return status;
        struct outlook *outlook = &predict->outlooks[predict->count++];
        struct tv_predict_spec spec = predict->spec;
        outlook->track = &predict->tracks.items[i];
        spec.step_ns = is_derived(outlook->track) ? spec.step_ns : 0;
        outlook->made = tv_predict(outlook->track, &spec, &outlook->prediction, &outlook->points);
        predict->made += outlook->made;
    }
    return TV_OK;
}

static void text_member(struct tv_json_out *json, const char *key, struct tv_str text)
{
    tv_json_key(json, key);
    if (text.len > 0)
        tv_json_str(json, text);
    else
        tv_json_null(json);
}

static void name_members(struct tv_json_out *json, const struct tv_track_names *names)
{
    text_member(json, "field", names->field);
    text_member(json, "service", names->service);
    text_member(json, "instance", names->instance);
    if (names->labels.len == 0)
        return;
    tv_json_key(json, "labels");
    tv_json_raw(json, names->labels);
}

static void time_member(struct tv_json_out *json, const char *key, int64_t time)
{
    tv_json_key(json, key);
    if (time == TV_ABSENT_I64)
        tv_json_null(json);
    else
        tv_json_time(json, time);
}

static void number_member(struct tv_json_out *json, const char *key, double number)
{
    tv_json_key(json, key);
    tv_json_f64(json, number);
}

static void reaching_members(struct tv_json_out *json, const struct tv_reaching *reaching)
{
    tv_json_key(json, "reaches");
    tv_json_object(json);
    number_member(json, "limit", reaching->limit);
    time_member(json, "time", reaching->time);
    time_member(json, "earliest", reaching->earliest);
    time_member(json, "latest", reaching->latest);
    tv_json_end(json);
}

static void prediction_members(struct tv_json_out *json, const void *any)
{
    const struct item *item = any;
    const struct tv_prediction *prediction = &item->outlook->prediction;
    name_members(json, &item->outlook->track->names);
    tv_json_key(json, "points");
    tv_json_array(json);
    for (size_t i = 0; i < prediction->count; i++) {
        const struct tv_forecast_step *step = &prediction->forecast->steps[i];
        tv_json_object(json);
        time_member(json, "time", tv_prediction_time(prediction, &item->predict->spec, i));
        number_member(json, "value", step->value);
        number_member(json, "low", step->low);
        number_member(json, "high", step->high);
        tv_json_end(json);
    }
    tv_json_end(json);
    tv_json_key(json, "method");
    tv_json_text(json, prediction->forecast->method);
    number_member(json, "backtestError", prediction->backtest_error);
    number_member(json, "meanAbsoluteError", prediction->forecast->error);
    tv_json_key(json, "backtests");
    tv_json_u64(json, prediction->forecast->origins);
    if (prediction->reaches)
        reaching_members(json, &prediction->reaching);
}

static void step_cells(const void *any, struct tv_arena *arena, struct tv_value *out)
{
    const struct item *item = any;
    const struct tv_prediction *prediction = &item->outlook->prediction;
    const struct tv_track_names *names = &item->outlook->track->names;
    const struct tv_forecast_step *step = &prediction->forecast->steps[item->step];
    (void)arena;
    out[0] = tv_value_str(names->field);
    out[1] = names->service.len > 0 ? tv_value_str(names->service) : tv_value_null();
    out[2] = names->instance.len > 0 ? tv_value_str(names->instance) : tv_value_null();
    out[3] = tv_value_i64(tv_prediction_time(prediction, &item->predict->spec, item->step));
    out[4] = tv_value_f64(step->value);
    out[5] = tv_value_f64(step->low);
    out[6] = tv_value_f64(step->high);
    out[7] = tv_value_str(tv_str_of(prediction->forecast->method));
    out[8] = tv_value_f64(prediction->backtest_error);
}

#define COLUMN(text, as)                                 \
    {                                                    \
        .name = {(text), sizeof(text) - 1}, .kind = (as) \
    }

static const struct tv_column step_columns[] = {COLUMN("field", TV_AS_STRING),
        COLUMN("service", TV_AS_STRING), COLUMN("instance", TV_AS_STRING),
        COLUMN("time", TV_AS_TIME), COLUMN("value", TV_AS_NUMBER), COLUMN("low", TV_AS_NUMBER),
        COLUMN("high", TV_AS_NUMBER), COLUMN("method", TV_AS_STRING),
        COLUMN("backtestError", TV_AS_NUMBER)};

static const struct tv_answer_list prediction_list = {.member = "predictions",
        .columns = step_columns,
        .column_count = sizeof(step_columns) / sizeof(step_columns[0]),
        .members = prediction_members,
        .cells = step_cells};

static void write_predictions(const struct predict *predict)
{
    struct tv_answer *answer = &predict->exec->answer;
    enum tv_query_format format = predict->exec->query->format;
    bool rows = format == TV_FORMAT_CSV || format == TV_FORMAT_TABLE;
    tv_answer_open(answer, &prediction_list);
    for (size_t i = 0; i < predict->count; i++) {
        struct item item = {predict, &predict->outlooks[i], 0};
        if (!item.outlook->made)
            continue;
        size_t items = rows ? item.outlook->prediction.count : 1;
        for (; item.step < items; item.step++)
            tv_answer_item(answer, &item);
    }
    tv_answer_close(answer);
}

/* What could not be predicted, and how many points there were. */
static void write_insufficient(const struct predict *predict)
{
    struct tv_json_out *json = tv_answer_json(&predict->exec->answer);
    if (!json)
        return;
    tv_json_key(json, "events");
    tv_json_array(json);
    tv_json_end(json);
    if (predict->count > 0 && predict->made == predict->count)
        return;
    tv_json_key(json, "insufficientData");
    tv_json_array(json);
    for (size_t i = 0; i < predict->count; i++) {
        const struct outlook *outlook = &predict->outlooks[i];
        if (outlook->made)
            continue;
        tv_json_object(json);
        name_members(json, &outlook->track->names);
        tv_json_key(json, "points");
        tv_json_u64(json, outlook->points);
        tv_json_key(json, "needed");
        tv_json_u64(json, TV_FORECAST_COUNT_MIN);
        tv_json_end(json);
    }
    tv_json_end(json);
}

static void warn(const struct predict *predict)
{
    size_t short_ones = predict->count - predict->made;
    tv_measures_warn(predict->exec, &predict->tracks);
    if (predict->count == 0)
        tv_exec_warn(predict->exec, "nothing was measured before the forecast starts");
    else if (short_ones > 0)
        tv_exec_warn(predict->exec,
                "%zu of %zu series have too few points to be continued: it takes %d", short_ones,
                predict->count, TV_FORECAST_COUNT_MIN);
}

enum tv_status tv_op_predict(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    struct predict predict = {.exec = exec,
            .spec = {.from = query->ast->in_last.present ? query->from : TV_TIME_MIN,
                    .at = query->at,
                    .next_ns = query->next_ns}};
    enum tv_status status = read_recorded(&predict);
    if (status == TV_OK)
        status = read_derived(&predict);
    if (status == TV_OK) {
        tv_tracks_sort(&predict.tracks);
        status = look_ahead(&predict);
    }
    if (status == TV_OK) {
        warn(&predict);
        tv_exec_head(exec, "PREDICT");
        write_predictions(&predict);
        write_insufficient(&predict);
        status = tv_exec_end(exec);
    }
    for (size_t i = 0; i < predict.count; i++)
        tv_prediction_release(&predict.outlooks[i].prediction);
    tv_tracks_release(&predict.tracks);
    return status;
}
