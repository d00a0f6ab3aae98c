/* SPDX-License-Identifier: Apache-2.0 */
/* ANOMALIES: what was unusual in a window, judged by what was there before.
 *
 * Each track goes through a detector of its own (insight/detector.h), from some time before the window, so
 * that the detector knows the series when the window begins. How long before is a matter of cost: as much
 * as keeps the reading bounded, a week at most. The window is read first; its points tell how dense the
 * series are. */
#include "base/mem.h"
#include "base/time.h"
#include "insight/anomalies.h"
#include "timeql/measure_read.h"

#include <stdlib.h>

/* One item of the answer with SCORES. */
struct scored {
    const struct tv_track *track;
    const struct tv_track_point *point;
    struct tv_judgement judged;
    bool named; /* there are other tracks */
};

struct anomalies {
    struct tv_exec *exec;
    struct tv_tracks tracks;
    struct scored *scored;
    size_t scored_count;
    struct tv_anomaly *found;
    size_t found_count, found_cap;
    struct tv_judgement *judged; /* of the track at hand */
};

static enum tv_status read_recorded(struct anomalies *anomalies)
{
    struct tv_exec *exec = anomalies->exec;
    if (!tv_measures_recorded(exec->query))
        return TV_OK;
    struct tv_planned_scan window = exec->plan.scans[0];
    enum tv_status status = tv_measures_read(exec, &window, &anomalies->tracks);
    struct tv_measure_window shown = {exec->query->from, exec->query->to, 0};
    int64_t history =
            tv_measures_history(exec, &shown, anomalies->tracks.point_count, TV_HISTORY_POINTS_MAX);
    struct tv_planned_scan before = window;
    before.name = "history";
    before.spec.from = window.spec.from - history;
    before.spec.to = window.spec.from - 1;
    if (status == TV_OK && history > 0)
        status = tv_measures_read(exec, &before, &anomalies->tracks);
    return status;
}

/* Steps begin at multiples of their length, so the history ends where the window's first step begins. */
static enum tv_status read_derived(struct anomalies *anomalies)
{
    struct tv_exec *exec = anomalies->exec;
    const struct tv_query *query = exec->query;
    if (!tv_measures_derived(query))
        return TV_OK;
    uint64_t before = exec->stats.events;
    struct tv_measure_window window = {
            query->from, query->to, tv_traffic_step(query->to - query->from)};
    window.from -= window.from % window.step_ns;
    enum tv_status status = tv_measures_read_traffic(exec, &window, &anomalies->tracks);
    int64_t history =
            tv_measures_history(exec, &window, exec->stats.events - before, TV_HISTORY_EVENTS_MAX);
    struct tv_measure_window earlier = {window.from - history, window.from - 1, window.step_ns};
    if (status == TV_OK && history > 0)
        status = tv_measures_read_traffic(exec, &earlier, &anomalies->tracks);
    return status;
}

static void keep_scores(struct anomalies *anomalies, const struct tv_track *track, size_t first)
{
    for (size_t i = first; i < track->count; i++)
        anomalies->scored[anomalies->scored_count++] = (struct scored){
                track, &track->points[i], anomalies->judged[i], anomalies->tracks.count > 1};
}

static void keep_found(struct anomalies *anomalies, const struct tv_track *track, size_t first)
{
    size_t need = anomalies->found_count + track->count / TV_ANOMALY_APART + 1;
    if (need > anomalies->found_cap) {
        anomalies->found_cap = tv_grown(anomalies->found_cap, need, 64);
        anomalies->found =
                tv_realloc_array(anomalies->found, anomalies->found_cap, sizeof(*anomalies->found));
    }
    anomalies->found_count += tv_anomalies_gather(
            track, anomalies->judged, first, anomalies->found + anomalies->found_count);
}

static void judge(struct anomalies *anomalies)
{
    bool scores = anomalies->exec->query->ast->scores;
    size_t longest = 0;
    for (size_t i = 0; i < anomalies->tracks.count; i++)
        if (anomalies->tracks.items[i].count > longest)
            longest = anomalies->tracks.items[i].count;
    anomalies->judged = tv_calloc(longest + 1, sizeof(*anomalies->judged));
    if (scores)
        anomalies->scored =
                tv_calloc(anomalies->tracks.point_count + 1, sizeof(*anomalies->scored));
    for (size_t i = 0; i < anomalies->tracks.count; i++) {
        const struct tv_track *track = &anomalies->tracks.items[i];
        size_t first = 0;
        while (first < track->count && track->points[first].time < anomalies->exec->query->from)
            first++;
        tv_track_judge(track, anomalies->judged);
        if (scores)
            keep_scores(anomalies, track, first);
        else
            keep_found(anomalies, track, first);
    }
}

static int scored_by_time(const void *left, const void *right)
{
    const struct scored *a = left;
    const struct scored *b = right;
    if (a->point->time != b->point->time)
        return a->point->time < b->point->time ? -1 : 1;
    if (a->point->arrival != b->point->arrival)
        return a->point->arrival < b->point->arrival ? -1 : 1;
    return (a->track > b->track) - (a->track < b->track);
}

static int found_by_score(const void *left, const void *right)
{
    const struct tv_anomaly *a = left;
    const struct tv_anomaly *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return (a->track > b->track) - (a->track < b->track);
}

static int found_by_time(const void *left, const void *right)
{
    const struct tv_anomaly *a = left;
    const struct tv_anomaly *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return found_by_score(left, right);
}

static struct tv_value text_or_null(struct tv_str text)
{
    return text.len > 0 ? tv_value_str(text) : tv_value_null();
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
    text_member(json, "service", names->service);
    text_member(json, "instance", names->instance);
    text_member(json, "field", names->field);
    if (names->labels.len == 0)
        return;
    tv_json_key(json, "labels");
    tv_json_raw(json, names->labels);
}

static void scored_members(struct tv_json_out *json, const void *item)
{
    const struct scored *scored = item;
    tv_json_key(json, "time");
    tv_json_time(json, scored->point->time);
    if (scored->named)
        name_members(json, &scored->track->names);
    tv_json_key(json, "value");
    tv_json_f64(json, scored->point->value);
    tv_json_key(json, "score");
    tv_json_f64(json, scored->judged.score);
    tv_json_key(json, "anomaly");
    tv_json_bool(json, scored->judged.anomaly);
}

static void scored_cells(const void *item, struct tv_arena *arena, struct tv_value *out)
{
    const struct scored *scored = item;
    (void)arena;
    out[0] = tv_value_i64(scored->point->time);
    out[1] = text_or_null(scored->track->names.service);
    out[2] = text_or_null(scored->track->names.instance);
    out[3] = text_or_null(scored->track->names.field);
    out[4] = tv_value_f64(scored->point->value);
    out[5] = tv_value_f64(scored->judged.score);
    out[6] = tv_value_bool(scored->judged.anomaly);
}

static void found_members(struct tv_json_out *json, const void *item)
{
    const struct tv_anomaly *found = item;
    name_members(json, &found->track->names);
    tv_json_key(json, "start");
    tv_json_time(json, found->start);
    tv_json_key(json, "end");
    tv_json_time(json, found->end);
    tv_json_key(json, "score");
    tv_json_f64(json, found->score);
    tv_json_key(json, "value");
    tv_json_f64(json, found->value);
    tv_json_key(json, "expected");
    tv_json_f64(json, found->expected);
}

static void found_cells(const void *item, struct tv_arena *arena, struct tv_value *out)
{
    const struct tv_anomaly *found = item;
    (void)arena;
    out[0] = text_or_null(found->track->names.service);
    out[1] = text_or_null(found->track->names.instance);
    out[2] = text_or_null(found->track->names.field);
    out[3] = tv_value_i64(found->start);
    out[4] = tv_value_i64(found->end);
    out[5] = tv_value_f64(found->score);
    out[6] = tv_value_f64(found->value);
    out[7] = tv_value_f64(found->expected);
}

#define COLUMN(text, as)                                 \
    {                                                    \
        .name = {(text), sizeof(text) - 1}, .kind = (as) \
    }

static const struct tv_column scored_columns[] = {COLUMN("time", TV_AS_TIME),
        COLUMN("service", TV_AS_STRING), COLUMN("instance", TV_AS_STRING),
        COLUMN("field", TV_AS_STRING), COLUMN("value", TV_AS_NUMBER), COLUMN("score", TV_AS_NUMBER),
        COLUMN("anomaly", TV_AS_BOOLEAN)};

static const struct tv_column found_columns[] = {COLUMN("service", TV_AS_STRING),
        COLUMN("instance", TV_AS_STRING), COLUMN("field", TV_AS_STRING),
        COLUMN("start", TV_AS_TIME), COLUMN("end", TV_AS_TIME), COLUMN("score", TV_AS_NUMBER),
        COLUMN("value", TV_AS_NUMBER), COLUMN("expected", TV_AS_NUMBER)};

static const struct tv_answer_list scored_list = {.member = "points",
        .columns = scored_columns,
        .column_count = sizeof(scored_columns) / sizeof(scored_columns[0]),
        .members = scored_members,
        .cells = scored_cells};

static const struct tv_answer_list found_list = {.member = "anomalies",
        .columns = found_columns,
        .column_count = sizeof(found_columns) / sizeof(found_columns[0]),
        .members = found_members,
        .cells = found_cells};

static void write_scores(struct anomalies *anomalies)
{
    struct tv_exec *exec = anomalies->exec;
    qsort(anomalies->scored, anomalies->scored_count, sizeof(*anomalies->scored), scored_by_time);
    tv_answer_open(&exec->answer, &scored_list);
    for (size_t i = 0; i < anomalies->scored_count; i++)
        tv_answer_item(&exec->answer, &anomalies->scored[i]);
    tv_answer_close(&exec->answer);
}

/* The highest scores, in the order of time. */
static void write_found(struct anomalies *anomalies)
{
    struct tv_exec *exec = anomalies->exec;
    size_t count = anomalies->found_count;
    if (count > exec->query->limit) {
        qsort(anomalies->found, count, sizeof(*anomalies->found), found_by_score);
        count = (size_t)exec->query->limit;
        exec->truncated = !exec->query->limit_written;
    }
    if (count > 0)
        qsort(anomalies->found, count, sizeof(*anomalies->found), found_by_time);
    tv_answer_open(&exec->answer, &found_list);
    for (size_t i = 0; i < count; i++)
        tv_answer_item(&exec->answer, &anomalies->found[i]);
    tv_answer_close(&exec->answer);
}

/* Says that there is too little data, instead of calling it all usual. */
static void warn_of_short(struct anomalies *anomalies)
{
    size_t short_ones = 0;
    for (size_t i = 0; i < anomalies->tracks.count; i++)
        short_ones += anomalies->tracks.items[i].count <= TV_DETECTOR_LEARN;
    if (short_ones > 0)
        tv_exec_warn(anomalies->exec, "%zu of %zu series have at most %d points: too few to judge",
                short_ones, anomalies->tracks.count, TV_DETECTOR_LEARN);
}

enum tv_status tv_op_anomalies(struct tv_exec *exec)
{
    struct anomalies anomalies = {.exec = exec};
    enum tv_status status = read_recorded(&anomalies);
    if (status == TV_OK)
        status = read_derived(&anomalies);
    if (status == TV_OK) {
        tv_tracks_sort(&anomalies.tracks);
        judge(&anomalies);
        tv_measures_warn(exec, &anomalies.tracks);
        warn_of_short(&anomalies);
        tv_exec_head(exec, "ANOMALIES");
        if (exec->query->ast->scores)
            write_scores(&anomalies);
        else
            write_found(&anomalies);
        status = tv_exec_end(exec);
    }
    free(anomalies.judged);
    free(anomalies.scored);
    free(anomalies.found);
    tv_tracks_release(&anomalies.tracks);
    return status;
}
