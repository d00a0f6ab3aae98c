/* SPDX-License-Identifier: Apache-2.0 */
/* MATCH PATTERN: where a pattern of events happened.
 *
 * One scan finds the matches: the columns that decide, of the rows for which any step holds, in the
 * order of time, through the automaton (pattern.h). It remembers moments, not events; a second scan then reads the
 * few events that are shown, by their arrival numbers. Carrying whole events through the automaton was
 * turned down: nearly all that begin a pattern are never part of a match. */
#include "base/mem.h"
#include "base/time.h"
#include "event/event_json.h"
#include "timeql/exec.h"
#include "timeql/match_marks.h"

#include <stdlib.h>

/* Where an event that is shown lies in `found`. */
struct shown {
    uint64_t arrival;
    uint32_t row;
};

struct match {
    struct tv_exec *exec;
    struct tv_pattern *pattern;
    struct tv_match_feed feed;
    struct tv_match_marks marks;
    bool stopped;        /* there were too many keys */
    const size_t *steps; /* numbers of the steps that are not negated */
    struct tv_batch *found;
    struct shown *shown; /* by arrival */
    size_t shown_count;
};

/* One match as an item of the answer. */
struct item {
    struct match *match;
    const struct tv_pattern_match *one;
};

static enum tv_status take_batch(
        void *ctx, const struct tv_scan_batch *batch, int64_t bound, bool *stop)
{
    struct match *match = ctx;
    match->stopped = !tv_match_feed_batch(&match->feed, batch);
    *stop = match->stopped;
    return tv_match_marks_until(&match->marks, match->stopped ? INT64_MIN : bound);
}

/* Up to when it is known what did not happen. */
static int64_t known_until(const struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    int64_t now = query->has_as_of ? query->as_of : query->compiler.clock.now_ns;
    return now - TV_LATENESS_NS;
}

static enum tv_status find_matches(struct match *match)
{
    struct tv_exec *exec = match->exec;
    enum tv_status status = TV_OK;
    if (exec->plan.count > 0)
        status = tv_exec_scan(exec, &exec->plan.scans[0], take_batch, match);
    bool whole = !exec->timed_out && !match->stopped;
    if (status == TV_OK && whole)
        status = tv_match_marks_until(&match->marks, INT64_MAX);
    tv_pattern_finish(match->pattern, whole ? known_until(exec) : INT64_MIN);
    return status;
}

static int by_value(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* The arrival numbers of the events that are shown, ascending, each once; how many. */
static size_t wanted_arrivals(const struct match *match, uint64_t **out)
{
    size_t count;
    size_t parts = tv_pattern_parts(match->pattern);
    const struct tv_pattern_match *matches = tv_pattern_matches(match->pattern, &count);
    uint64_t *all = tv_calloc(2 * count * parts + 1, sizeof(*all));
    size_t kept = 0;
    for (size_t i = 0; i < count * parts; i++) {
        const struct tv_pattern_part *part = &matches[i / parts].parts[i % parts];
        all[kept++] = part->first.arrival;
        all[kept++] = part->last.arrival;
    }
    qsort(all, kept, sizeof(*all), by_value);
    size_t once = 0;
    for (size_t i = 0; i < kept; i++)
        if (all[i] > 0 && (once == 0 || all[once - 1] != all[i]))
            all[once++] = all[i];
    *out = all;
    return once;
}

static int by_arrival(const void *left, const void *right)
{
    return by_value(
            &((const struct shown *)left)->arrival, &((const struct shown *)right)->arrival);
}

static enum tv_status keep_events(
        void *ctx, const struct tv_scan_batch *batch, int64_t bound, bool *stop)
{
    struct match *match = ctx;
    (void)bound;
    (void)stop;
    tv_batch_append_rows(match->found, batch->batch, batch->rows, batch->count);
    return TV_OK;
}

/* The window that holds all events of the matches. */
static void narrow(const struct match *match, struct tv_scan_spec *spec)
{
    size_t count;
    const struct tv_pattern_match *matches = tv_pattern_matches(match->pattern, &count);
    size_t parts = tv_pattern_parts(match->pattern);
    spec->from = INT64_MAX;
    spec->to = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t end = matches[i].parts[parts - 1].last.time;
        spec->from = matches[i].start < spec->from ? matches[i].start : spec->from;
        spec->to = end > spec->to ? end : spec->to;
    }
}

static enum tv_status read_events(struct match *match)
{
    struct tv_exec *exec = match->exec;
    uint64_t *arrivals;
    size_t count = wanted_arrivals(match, &arrivals);
    if (count == 0) {
        free(arrivals);
        return TV_OK;
    }
    struct tv_planned_scan scan = {.name = "events"};
    struct tv_value *values = tv_arena_calloc(&exec->arena, count, sizeof(*values));
    for (size_t i = 0; i < count; i++)
        values[i] = tv_value_i64((int64_t)arrivals[i]);
    scan.spec.arrival_from = arrivals[0];
    scan.spec.arrival_to = arrivals[count - 1];
    scan.spec.where = tv_pred_in(&exec->arena, tv_field_ref_fixed(TV_FIELD_ARRIVAL), values, count);
    scan.spec.columns = tv_all_columns();
    narrow(match, &scan.spec);
    free(arrivals);
    enum tv_status status = tv_exec_scan(exec, &scan, keep_events, match);
    match->shown_count = match->found->rows;
    match->shown = tv_calloc(match->shown_count + 1, sizeof(*match->shown));
    const uint64_t *found = tv_batch_u64(match->found, TV_FIELD_ARRIVAL);
    for (uint32_t row = 0; found && row < match->found->rows; row++)
        match->shown[row] = (struct shown){found[row], row};
    qsort(match->shown, match->shown_count, sizeof(*match->shown), by_arrival);
    return status;
}

static const struct shown *find_event(const struct match *match, struct tv_moment moment)
{
    struct shown wanted = {.arrival = moment.arrival};
    if (match->shown_count == 0)
        return NULL;
    return bsearch(&wanted, match->shown, match->shown_count, sizeof(*match->shown), by_arrival);
}

static void event_object(
        struct tv_json_out *json, const struct item *item, size_t part, struct tv_moment moment)
{
    struct match *match = item->match;
    const struct shown *shown = find_event(match, moment);
    const struct tv_match_step *step = &match->exec->query->steps[match->steps[part]];
    tv_json_object(json);
    tv_json_key(json, "step");
    tv_json_u64(json, match->steps[part] + 1);
    if (step->label.ptr) {
        tv_json_key(json, "label");
        tv_json_str(json, step->label);
    }
    if (shown) {
        tv_event_json_members(json, match->found, shown->row);
    } else {
        tv_json_key(json, "timestamp");
        tv_json_time(json, moment.time);
        tv_match_marks_members(&match->marks, json, moment.time, item->one->key);
    }
    tv_json_end(json);
}

static void events_member(struct tv_json_out *json, const struct item *item)
{
    const struct match *match = item->match;
    tv_json_key(json, "events");
    tv_json_array(json);
    for (size_t i = 0; i < tv_pattern_parts(match->pattern); i++) {
        const struct tv_pattern_part *part = &item->one->parts[i];
        event_object(json, item, i, part->first);
        if (tv_moment_compare(part->first, part->last) != 0)
            event_object(json, item, i, part->last);
    }
    tv_json_end(json);
}

static void members(struct tv_json_out *json, const void *ptr)
{
    const struct item *item = ptr;
    const struct match *match = item->match;
    const struct tv_query *query = match->exec->query;
    tv_json_key(json, "key");
    tv_json_object(json);
    for (size_t i = 0; i < query->per_count; i++) {
        tv_json_key_str(json, query->per[i].name);
        tv_cell_json(json, &query->per[i], tv_groups_value(&match->feed.keys, item->one->key, i));
    }
    tv_json_end(json);
    events_member(json, item);
    tv_json_key(json, "start");
    tv_json_time(json, item->one->start);
    tv_json_key(json, "end");
    tv_json_time(json, item->one->end);
    tv_json_key(json, "durationMs");
    tv_json_f64(json, (double)(item->one->end - item->one->start) / (double)TV_NS_PER_MS);
}

/* The names of a match's events, as the answer's cell. */
static struct tv_value names_cell(const struct item *item, struct tv_arena *arena)
{
    const struct match *match = item->match;
    struct tv_str names = TV_STR("");
    for (size_t i = 0; i < tv_pattern_parts(match->pattern); i++) {
        const struct shown *shown = find_event(match, item->one->parts[i].last);
        char text[TV_ARRIVAL_TEXT_BYTES];
        struct tv_str name = TV_STR("-");
        if (shown)
            name = tv_batch_text(match->found, TV_FIELD_EVENT_ID, shown->row);
        if (shown && name.len == 0)
            name = (struct tv_str){text, tv_arrival_format(shown->arrival, text)};
        names = tv_arena_printf(
                arena, "%.*s%s%.*s", TV_STR_ARG(names), i ? " " : "", TV_STR_ARG(name));
    }
    return tv_value_str(names);
}

static void cells(const void *ptr, struct tv_arena *arena, struct tv_value *out)
{
    const struct item *item = ptr;
    const struct tv_query *query = item->match->exec->query;
    for (size_t i = 0; i < query->per_count; i++)
        *out++ = tv_groups_value(&item->match->feed.keys, item->one->key, i);
    *out++ = tv_value_i64(item->one->start);
    *out++ = tv_value_i64(item->one->end);
    *out++ = tv_value_f64((double)(item->one->end - item->one->start) / (double)TV_NS_PER_MS);
    *out = names_cell(item, arena);
}

static struct tv_answer_list list_of(struct tv_exec *exec)
{
    static const struct tv_column own[] = {{.name = {"start", 5}, .kind = TV_AS_TIME},
            {.name = {"end", 3}, .kind = TV_AS_TIME},
            {.name = {"durationMs", 10}, .kind = TV_AS_NUMBER, .unit = "ms"},
            {.name = {"events", 6}, .kind = TV_AS_STRING}};
    const struct tv_query *query = exec->query;
    size_t count = query->per_count + sizeof(own) / sizeof(own[0]);
    struct tv_column *columns = tv_arena_calloc(&exec->arena, count, sizeof(*columns));
    memcpy(columns, query->per, query->per_count * sizeof(*columns));
    memcpy(columns + query->per_count, own, sizeof(own));
    return (struct tv_answer_list){.member = "matches",
            .columns = columns,
            .column_count = count,
            .members = members,
            .cells = cells};
}

/* What the reader must know to read the matches rightly. */
static void note_limits(struct match *match, size_t shown)
{
    struct tv_exec *exec = match->exec;
    uint64_t total = tv_pattern_total(match->pattern);
    if (total > shown && !exec->query->limit_written) {
        exec->truncated = true;
        tv_exec_warn(exec, "there are %llu matches, the first %llu are shown; LIMIT shows more",
                (unsigned long long)total, (unsigned long long)shown);
    }
    if (match->stopped) {
        exec->truncated = true;
        tv_exec_warn(exec,
                "there are more than %d keys: the pattern was not followed to the window's end; "
                "narrow WHERE or PER",
                TV_MATCH_KEYS_MAX);
    }
    if (tv_pattern_forgot(match->pattern)) {
        exec->truncated = true;
        tv_exec_warn(exec,
                "more events waited for the rest of the pattern than are remembered: matches may "
                "be missing; narrow the steps or their times");
    }
}

static enum tv_status write_matches(struct match *match)
{
    struct tv_exec *exec = match->exec;
    size_t count;
    const struct tv_pattern_match *matches = tv_pattern_matches(match->pattern, &count);
    struct tv_answer_list list = list_of(exec);
    note_limits(match, count);
    tv_exec_head(exec, "MATCH");
    tv_answer_open(&exec->answer, &list);
    for (size_t i = 0; i < count; i++)
        tv_answer_item(&exec->answer, &(struct item){match, &matches[i]});
    tv_answer_close(&exec->answer);
    return tv_exec_end(exec);
}

static const size_t *positive_steps(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    size_t *out = tv_arena_calloc(&exec->arena, query->step_count, sizeof(*out));
    for (size_t i = 0, next = 0; i < query->step_count; i++)
        if (!query->steps[i].negated)
            out[next++] = i;
    return out;
}

enum tv_status tv_op_match(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    struct tv_pattern_spec spec = {.steps = query->steps,
            .step_count = query->step_count,
            .overlapping = query->ast->overlapping,
            .to = query->to,
            .limit = query->limit};
    struct match match = {.exec = exec,
            .pattern = tv_pattern_new(&spec),
            .steps = positive_steps(exec),
            .found = tv_batch_new()};
    tv_match_feed_init(&match.feed, query, match.pattern);
    tv_match_marks_init(&match.marks, exec, &match.feed);
    enum tv_status status = find_matches(&match);
    if (status == TV_OK)
        status = read_events(&match);
    if (status == TV_OK)
        status = write_matches(&match);
    tv_match_marks_release(&match.marks);
    tv_match_feed_release(&match.feed);
    tv_pattern_free(match.pattern);
    tv_batch_unref(match.found);
    free(match.shown);
    return status;
}
