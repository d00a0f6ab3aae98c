/* SPDX-License-Identifier: Apache-2.0 */
/* Series: what is read equals the sums over the events, whatever lies where, as of any arrival. */
#include "support_world.h"

#include "base/time.h"
#include "store/series.h"

#include <sqlite3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NAMES = 3 };

#define START (NOON / TV_NS_PER_HOUR * TV_NS_PER_HOUR)

static const char *const services[NAMES] = {"cart", "pay", "db"};
static const char *const types[NAMES] = {"span", "log", "metric"};
static const char *const names[NAMES] = {"GET /", "POST /", "tick"};

static void set_text(struct tv_batch *batch, uint32_t row, const char *name,
        const char *const *texts, uint64_t n)
{
    tv_batch_set_attr(
            batch, tv_batch_attr(batch, tv_str_of(name)), row, tv_value_str(tv_str_of(texts[n])));
}

static void add_event(struct tv_batch *batch, struct test_random *random, int64_t span_ns)
{
    uint32_t row = tv_batch_add_row(batch);
    uint64_t type = test_below(random, NAMES);
    int64_t time = START + (int64_t)test_below(random, (uint64_t)span_ns);
    tv_batch_set_time(batch, row, time);
    tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, time);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, row, tv_str_of(services[test_below(random, 3)]));
    tv_batch_set_text(batch, TV_FIELD_TYPE, row, tv_str_of(types[type]));
    if (test_below(random, 5) > 0)
        tv_batch_set_text(batch, TV_FIELD_NAME, row, tv_str_of(names[test_below(random, NAMES)]));
    if (test_below(random, 2))
        tv_batch_set_text(batch, TV_FIELD_INSTANCE, row, tv_str_of(names[test_below(random, 2)]));
    if (test_below(random, 4) > 0)
        tv_batch_set_i64(batch, TV_FIELD_DURATION, row, (int64_t)test_below(random, 1 << 20));
    if (test_below(random, 8) == 0)
        tv_batch_set_u8(batch, TV_FIELD_STATUS, row, TV_EVENT_STATUS_ERROR);
    if (test_below(random, 6) == 0)
        tv_batch_set_u8(batch, TV_FIELD_SEVERITY, row, TV_SEVERITY_WARN);
    if (type != 2)
        return;
    if (test_below(random, 4))
        set_text(batch, row, "zone", names, test_below(random, 2));
    if (test_below(random, 2))
        set_text(batch, row, "disk", services, test_below(random, 2));
    tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("cpu")), row,
            tv_value_i64((int64_t)test_below(random, 100)));
    if (test_below(random, 2))
        tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("load")), row,
                tv_value_f64((double)test_below(random, 1000) / 8));
}

static void commit(struct test_world *world, uint32_t rows, int64_t span_ns)
{
    struct tv_batch *batch = tv_batch_new();
    for (uint32_t i = 0; i < rows; i++)
        add_event(batch, &world->random, span_ns);
    world->batches[world->count++] = tv_batch_ref(batch);
    (void)test_commit_one(world->store, batch);
}

/* A naive reading: a row at a time, into lines of a map from text to a point. */
struct naive {
    struct tv_map map;
    struct tv_arena arena;
    struct tv_series_point *points;
    struct tv_metric_point *metrics;
    size_t count;
};

static int64_t step_of(const struct tv_series_spec *spec, int64_t time)
{
    return spec->step_ns ? time / spec->step_ns * spec->step_ns : spec->from;
}

static struct tv_str shown(struct tv_str name, bool apart)
{
    return apart && name.ptr ? name : TV_STR("-");
}

static size_t entry_of(struct naive *naive, struct tv_str key)
{
    bool added = false;
    uint64_t *at = tv_map_put_copy(&naive->map, &naive->arena, key, &added);
    if (!added)
        return *at;
    *at = naive->count++;
    naive->points = realloc(naive->points, naive->count * sizeof(*naive->points));
    naive->metrics = realloc(naive->metrics, naive->count * sizeof(*naive->metrics));
    naive->points[*at] = (struct tv_series_point){0};
    naive->metrics[*at] = (struct tv_metric_point){0};
    return *at;
}

static bool is_asked(const struct tv_series_spec *spec, const struct tv_batch *batch, uint32_t row)
{
    struct tv_arena scratch = {0};
    uint32_t rows[] = {row};
    int64_t time = tv_batch_i64(batch, TV_FIELD_TIME)[row];
    bool asked = time >= spec->from && time <= spec->to &&
            tv_batch_u64(batch, TV_FIELD_ARRIVAL)[row] <= spec->arrival_to &&
            tv_pred_filter(spec->where, batch, rows, 1, &scratch) == 1;
    tv_arena_release(&scratch);
    return asked;
}

static void naive_event(struct naive *naive, const struct tv_series_spec *spec,
        const struct tv_batch *batch, uint32_t row)
{
    struct tv_str key = tv_arena_printf(&naive->arena, "%lld %.*s %.*s %.*s",
            (long long)step_of(spec, tv_batch_i64(batch, TV_FIELD_TIME)[row]),
            TV_STR_ARG(
                    shown(tv_batch_text(batch, TV_FIELD_SERVICE, row), spec->by & TV_BY_SERVICE)),
            TV_STR_ARG(shown(tv_batch_text(batch, TV_FIELD_TYPE, row), spec->by & TV_BY_TYPE)),
            TV_STR_ARG(shown(tv_batch_text(batch, TV_FIELD_NAME, row), spec->by & TV_BY_NAME)));
    size_t at = entry_of(naive, key);
    struct tv_series_point *point = &naive->points[at];
    const uint8_t *severities = tv_batch_u8(batch, TV_FIELD_SEVERITY);
    const int64_t *durations = tv_batch_i64(batch, TV_FIELD_DURATION);
    bool error = tv_batch_is_error(batch, row);
    point->counts.events++;
    point->counts.errors += error;
    point->counts.warnings += !error && severities[row] == TV_SEVERITY_WARN;
    if (spec->durations && durations[row] != TV_ABSENT_I64)
        tv_sketch_add(&point->durations, (double)durations[row]);
}

static struct tv_str labels_of(struct naive *naive, const struct tv_batch *batch, uint32_t row)
{
    static const char *const sorted[] = {"disk", "zone"};
    struct tv_str text = TV_STR("");
    for (size_t i = 0; i < 2; i++) {
        uint32_t attr = tv_batch_find_attr(batch, tv_str_of(sorted[i]));
        struct tv_value value =
                attr == UINT32_MAX ? tv_value_null() : tv_batch_attr_value(batch, attr, row);
        if (value.type == TV_TYPE_STR)
            text = tv_arena_printf(&naive->arena, "%.*s%s\"%s\":\"%.*s\"", TV_STR_ARG(text),
                    text.len ? "," : "", sorted[i], TV_STR_ARG(value.s));
    }
    return text.len ? tv_arena_printf(&naive->arena, "{%.*s}", TV_STR_ARG(text)) : text;
}

static void naive_metric(struct naive *naive, const struct tv_series_spec *spec,
        const struct tv_batch *batch, uint32_t row)
{
    static const char *const metrics[] = {"cpu", "load"};
    int64_t time = tv_batch_i64(batch, TV_FIELD_TIME)[row];
    uint64_t arrival = tv_batch_u64(batch, TV_FIELD_ARRIVAL)[row];
    for (size_t i = 0; i < 2; i++) {
        uint32_t attr = tv_batch_find_attr(batch, tv_str_of(metrics[i]));
        double value = 0;
        if (attr == UINT32_MAX || !tv_value_number(tv_batch_attr_value(batch, attr, row), &value) ||
                (spec->metric.ptr && !tv_str_equal(spec->metric, tv_str_of(metrics[i]))))
            continue;
        struct tv_str key = tv_arena_printf(&naive->arena, "%lld %.*s %.*s %s %.*s",
                (long long)step_of(spec, time),
                TV_STR_ARG(tv_batch_text(batch, TV_FIELD_SERVICE, row)),
                TV_STR_ARG(shown(
                        tv_batch_text(batch, TV_FIELD_INSTANCE, row), spec->by & TV_BY_INSTANCE)),
                metrics[i],
                TV_STR_ARG(shown(labels_of(naive, batch, row), spec->by & TV_BY_LABELS)));
        size_t at = entry_of(naive, key);
        struct tv_metric_point *point = &naive->metrics[at];
        bool later = point->count == 0 || time > point->last_time ||
                (time == point->last_time && arrival > point->last_arrival);
        point->min = point->count == 0 || value < point->min ? value : point->min;
        point->max = point->count == 0 || value > point->max ? value : point->max;
        point->sum += value;
        point->count++;
        if (later) {
            point->last = value;
            point->last_time = time;
            point->last_arrival = arrival;
        }
    }
}

static struct naive read_naively(
        const struct test_world *world, const struct tv_series_spec *spec, bool metrics)
{
    struct naive naive = {0};
    for (size_t i = 0; i < world->count; i++) {
        const struct tv_batch *batch = world->batches[i];
        for (uint32_t row = 0; row < batch->rows; row++) {
            if (!is_asked(spec, batch, row))
                continue;
            if (!metrics)
                naive_event(&naive, spec, batch, row);
            else if (tv_str_equal(tv_batch_text(batch, TV_FIELD_TYPE, row), TV_STR("metric")))
                naive_metric(&naive, spec, batch, row);
        }
    }
    return naive;
}

static void release(struct naive *naive)
{
    for (size_t i = 0; i < naive->count; i++)
        tv_sketch_release(&naive->points[i].durations);
    free(naive->points);
    free(naive->metrics);
    tv_map_release(&naive->map);
    tv_arena_release(&naive->arena);
}

static void assert_same_sketch(const struct tv_sketch *a, const struct tv_sketch *b)
{
    struct tv_buf left = {0}, right = {0};
    tv_sketch_encode(a, &left);
    tv_sketch_encode(b, &right);
    assert_true(tv_str_equal(tv_buf_str(&left), tv_buf_str(&right)));
    tv_buf_release(&left);
    tv_buf_release(&right);
}

static uint64_t check_events(struct test_world *world, const struct tv_series_spec *spec)
{
    struct naive naive = read_naively(world, spec, false);
    struct tv_snapshot *snapshot = tv_snapshot_take(world->store);
    struct tv_series_list list;
    size_t points = 0;
    assert_int_equal(tv_series_read(snapshot, spec, &list, NULL), TV_OK);
    for (size_t i = 0; i < list.count; i++) {
        const struct tv_series *series = &list.items[i];
        for (size_t k = 0; k < series->count; k++, points++) {
            const struct tv_series_point *point = &series->points[k];
            struct tv_str key = tv_arena_printf(&naive.arena, "%lld %.*s %.*s %.*s",
                    (long long)point->time, TV_STR_ARG(shown(series->service, true)),
                    TV_STR_ARG(shown(series->type, true)), TV_STR_ARG(shown(series->name, true)));
            const uint64_t *at = tv_map_get(&naive.map, key);
            assert_non_null(at);
            assert_memory_equal(&point->counts, &naive.points[*at].counts, sizeof(point->counts));
            assert_same_sketch(&point->durations, &naive.points[*at].durations);
            assert_true(k == 0 || point->time > series->points[k - 1].time);
        }
    }
    assert_int_equal(points, naive.count);
    uint64_t rolled_up = list.stats.rolled_up;
    tv_series_list_release(&list);
    tv_snapshot_unref(snapshot);
    release(&naive);
    return rolled_up;
}

static uint64_t check_metrics(struct test_world *world, const struct tv_series_spec *spec)
{
    struct naive naive = read_naively(world, spec, true);
    struct tv_snapshot *snapshot = tv_snapshot_take(world->store);
    struct tv_metric_list list;
    size_t points = 0;
    assert_int_equal(tv_metrics_read(snapshot, spec, &list, NULL), TV_OK);
    for (size_t i = 0; i < list.count; i++) {
        const struct tv_metric_series *series = &list.items[i];
        for (size_t k = 0; k < series->count; k++, points++) {
            const struct tv_metric_point *point = &series->points[k];
            struct tv_str key = tv_arena_printf(&naive.arena, "%lld %.*s %.*s %.*s %.*s",
                    (long long)point->time, TV_STR_ARG(series->service),
                    TV_STR_ARG(shown(series->instance, true)), TV_STR_ARG(series->metric),
                    TV_STR_ARG(shown(series->labels, true)));
            const uint64_t *at = tv_map_get(&naive.map, key);
            assert_non_null(at);
            const struct tv_metric_point *want = &naive.metrics[*at];
            assert_int_equal(point->count, want->count);
            assert_true(point->sum == want->sum); /* eighths add up exactly */
            assert_true(point->min == want->min && point->max == want->max);
            assert_true(point->last == want->last);
            assert_int_equal(point->last_time, want->last_time);
            assert_int_equal(point->last_arrival, want->last_arrival);
        }
    }
    assert_int_equal(points, naive.count);
    uint64_t rolled_up = list.stats.rolled_up;
    tv_metric_list_release(&list);
    tv_snapshot_unref(snapshot);
    release(&naive);
    return rolled_up;
}

/* A window anywhere, steps of all kinds, as of any arrival; sometimes with a condition. */
static uint64_t check_random(struct test_world *world, struct tv_arena *arena, int64_t span_ns)
{
    static const int64_t steps[] = {0, TV_NS_PER_S, 7 * TV_NS_PER_S, 10 * TV_NS_PER_S,
            TV_NS_PER_MIN, 15 * TV_NS_PER_MIN, TV_NS_PER_HOUR};
    struct test_random *random = &world->random;
    uint64_t last = 0;
    for (size_t i = 0; i < world->count; i++)
        last += world->batches[i]->rows;
    struct tv_series_spec spec = {.step_ns = steps[test_below(random, 7)],
            .from = START + (int64_t)test_below(random, (uint64_t)span_ns),
            .arrival_to = test_below(random, 2) ? UINT64_MAX : test_below(random, last + 1),
            .by = (unsigned)test_below(random, 32),
            .durations = test_below(random, 2)};
    if (test_below(random, 3) == 0)
        spec.from = START / TV_NS_PER_DAY * TV_NS_PER_DAY;
    spec.to = spec.from + (int64_t)test_below(random, (uint64_t)(2 * span_ns));
    if (test_below(random, 5) == 0) {
        spec.from = START - span_ns;
        spec.to = START + 2 * span_ns;
    }
    if (test_below(random, 3) == 0)
        spec.where = tv_pred_compare(
                arena, tv_field_ref_fixed(TV_FIELD_SERVICE), TV_OP_EQ, tv_value_str(TV_STR("pay")));
    if (test_below(random, 6) == 0)
        spec.where = tv_pred_compare(
                arena, tv_field_ref_fixed(TV_FIELD_DURATION), TV_OP_GT, tv_value_i64(1 << 18));
    uint64_t rolled_up = check_events(world, &spec);
    if (test_below(random, 3) == 0)
        spec.metric = TV_STR("load");
    return rolled_up + check_metrics(world, &spec);
}

/* Returns how many segments were told by their rollups alone. */
static uint64_t check_some(struct test_world *world, int64_t span_ns)
{
    struct tv_arena arena = {0};
    uint64_t rolled_up = 0;
    for (int i = 0; i < 12; i++)
        rolled_up += check_random(world, &arena, span_ns);
    tv_arena_release(&arena);
    return rolled_up;
}

/* Stretches of 10 seconds, a minute, an hour; late events in each round. */
static void series__equal_the_events(void **state)
{
    (void)state;
    static const int64_t spans_ns[] = {TV_NS_PER_MIN, 20 * TV_NS_PER_MIN, 5 * TV_NS_PER_HOUR};
    for (size_t i = 0; i < 3; i++) {
        struct test_world world;
        uint64_t rolled_up = 0;
        test_world_init(&world, 11);
        for (int round = 0; round < 4; round++) {
            commit(&world, 1500, spans_ns[i]);
            rolled_up += check_some(&world, spans_ns[i]);
            if (round != 2)
                test_compact(world.store);
            rolled_up += check_some(&world, spans_ns[i]);
        }
        test_world_reopen(&world);
        rolled_up += check_some(&world, spans_ns[i]);
        assert_true(rolled_up > 0);
        test_world_release(&world);
    }
}

/* A whole window in one step: rollups answer all of it, sketches and labels too. */
static void assert_rolled(struct test_world *world, bool wanted)
{
    struct tv_series_spec spec = {.from = START,
            .to = START + TV_NS_PER_HOUR,
            .step_ns = TV_NS_PER_HOUR,
            .arrival_to = UINT64_MAX,
            .by = TV_BY_SERVICE | TV_BY_TYPE | TV_BY_NAME | TV_BY_INSTANCE | TV_BY_LABELS,
            .durations = true};
    assert_int_equal(check_events(world, &spec) > 0, wanted);
    assert_int_equal(check_metrics(world, &spec) > 0, wanted);
}

static void run_sql(const char *dir, const char *sql)
{
    char path[512];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof(path), "%s/traversion.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void rollups__are_made_for_an_older_file(void **state)
{
    (void)state;
    struct test_world world;
    test_world_init(&world, 14);
    commit(&world, 4000, TV_NS_PER_MIN);
    test_compact(world.store);
    assert_rolled(&world, true);
    tv_store_close(world.store);
    run_sql(world.dir,
            "DROP TRIGGER segment_gone; DROP TABLE rollup; DROP TABLE prints;"
            "DROP TABLE frame; PRAGMA user_version=2");
    world.store = test_open(world.dir);
    assert_rolled(&world, false);
    (void)test_jobs(world.store, 8);
    assert_rolled(&world, true);
    test_world_reopen(&world);
    assert_rolled(&world, true);
    test_world_release(&world);
}

static void rollups__that_are_damaged_are_passed_over(void **state)
{
    (void)state;
    struct test_world world;
    test_world_init(&world, 15);
    commit(&world, 4000, TV_NS_PER_MIN);
    test_compact(world.store);
    run_sql(world.dir, "UPDATE rollup SET data = zeroblob(length(data))");
    assert_rolled(&world, false);
    run_sql(world.dir, "UPDATE rollup SET data = x''");
    assert_rolled(&world, false);
    run_sql(world.dir, "DELETE FROM rollup");
    assert_rolled(&world, false);
    test_world_release(&world);
}

static void series__stop_when_told(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_cancel cancel = {0};
    struct tv_series_list list;
    test_world_init(&world, 12);
    commit(&world, 10, TV_NS_PER_MIN);
    struct tv_snapshot *snapshot = tv_snapshot_take(world.store);
    struct tv_series_spec spec = {
            .from = START, .to = INT64_MAX, .arrival_to = UINT64_MAX, .cancel = &cancel};
    tv_cancel_raise(&cancel);
    assert_int_equal(tv_series_read(snapshot, &spec, &list, NULL), TV_CANCELLED);
    tv_snapshot_unref(snapshot);
    test_world_release(&world);
}

static void series__refuse_more_points_than_they_may_hold(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_series_list list;
    struct tv_error err;
    test_world_init(&world, 13);
    for (int i = 0; i < 3; i++)
        commit(&world, 400000, 1000 * TV_NS_PER_DAY);
    struct tv_snapshot *snapshot = tv_snapshot_take(world.store);
    struct tv_series_spec spec = {.from = START,
            .to = INT64_MAX,
            .step_ns = TV_NS_PER_S,
            .arrival_to = UINT64_MAX,
            .by = TV_BY_SERVICE};
    assert_int_equal(tv_series_read(snapshot, &spec, &list, &err), TV_TOO_LARGE);
    assert_non_null(strstr(err.message, "longer step"));
    tv_snapshot_unref(snapshot);
    test_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(series__equal_the_events),
            cmocka_unit_test(rollups__are_made_for_an_older_file),
            cmocka_unit_test(rollups__that_are_damaged_are_passed_over),
            cmocka_unit_test(series__stop_when_told),
            cmocka_unit_test(series__refuse_more_points_than_they_may_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
