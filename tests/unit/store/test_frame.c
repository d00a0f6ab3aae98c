/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic: one pass over many buckets gives what a pass over each alone gives, whatever the order of
 * what was committed and wherever it lies; and small cases counted by hand. */
#include "support_world.h"

#include "base/time.h"
#include "store/frame.h"
#include "store/store_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SERVICES = 4 };

#define START (NOON / TV_FRAME_NS * TV_FRAME_NS)

static const char *const service_names[SERVICES] = {"a", "b", "c", "d"};
static const char *const type_names[] = {"span", "span", "span", "http:request", "http:response",
        "log", "error", "metric", "span:start", "span:end", "own"};

static void set_number(struct tv_batch *batch, uint32_t row, const char *name, int64_t number)
{
    tv_batch_set_attr(batch, tv_batch_attr(batch, tv_str_of(name)), row, tv_value_i64(number));
}

/* Events whose spans meet often: few traces, few ids, lengths from nothing to minutes. */
static void add_event(struct tv_batch *batch, struct test_random *random, int64_t span_ns)
{
    uint32_t row = tv_batch_add_row(batch);
    const char *type = type_names[test_below(random, sizeof(type_names) / sizeof(*type_names))];
    static const int64_t lengths[] = {
            TV_NS_PER_MS, TV_NS_PER_S, 15 * TV_NS_PER_S, 90 * TV_NS_PER_S};
    tv_batch_set_time(batch, row, START + (int64_t)test_below(random, (uint64_t)span_ns));
    tv_batch_set_text(batch, TV_FIELD_TYPE, row, tv_str_of(type));
    tv_batch_set_text(
            batch, TV_FIELD_SERVICE, row, tv_str_of(service_names[test_below(random, SERVICES)]));
    if (test_below(random, 3) > 0)
        tv_batch_set_text(batch, TV_FIELD_INSTANCE, row,
                tv_str_of(service_names[test_below(random, SERVICES)]));
    if (test_below(random, 8) > 0)
        tv_batch_set_id(batch, TV_FIELD_TRACE_ID, row, (struct tv_id){1, test_below(random, 3)});
    if (test_below(random, 4) > 0)
        tv_batch_set_u64(batch, TV_FIELD_SPAN_ID, row, 1 + test_below(random, 400));
    if (test_below(random, 2))
        tv_batch_set_u64(batch, TV_FIELD_PARENT_SPAN_ID, row, 1 + test_below(random, 400));
    if (test_below(random, 2))
        tv_batch_set_i64(batch, TV_FIELD_DURATION, row,
                (int64_t)test_below(random, (uint64_t)lengths[test_below(random, 4)]));
    if (test_below(random, 3) == 0)
        tv_batch_set_u8(batch, TV_FIELD_KIND, row, (uint8_t)(1 + test_below(random, 5)));
    if (test_below(random, 6) == 0)
        tv_batch_set_u8(batch, TV_FIELD_STATUS, row, TV_EVENT_STATUS_ERROR);
    if (test_below(random, 5) == 0)
        tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("peer.service")), row,
                tv_value_str(TV_STR("db")));
    if (test_below(random, 3) == 0)
        set_number(batch, row, "cpu", (int64_t)test_below(random, 100));
}

struct result {
    uint64_t arrival_to; /* 0: all */
    struct tv_frame_builder *builder;
    const struct tv_frame_open *open;
    size_t open_count;
};

static void run_scan(struct test_world *world, const struct tv_scan_spec *spec, int which,
        struct tv_frame_builder *builder)
{
    struct tv_snapshot *snapshot = tv_snapshot_take(world->store);
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    struct tv_error err;
    assert_int_equal(tv_scan_open(snapshot, spec, NULL, &scan, &err), TV_OK);
    for (;;) {
        assert_int_equal(tv_scan_next(scan, &found, &err), TV_OK);
        if (found.count == 0)
            break;
        if (which == 1)
            tv_frame_take_starts(builder, &found);
        else if (which == 2)
            tv_frame_take_metrics(builder, &found);
        else
            tv_frame_take(builder, &found);
        if (which == 0)
            tv_frame_bound(builder, tv_scan_bound(scan));
    }
    tv_scan_close(scan);
    tv_snapshot_unref(snapshot);
}

/* One pass over a range, added to `sum`. */
static void pass(struct test_world *world, struct tv_frame_range range, struct tv_frame *sum,
        struct result *out)
{
    static const int order[] = {1, 0, 2};
    struct tv_scan_spec specs[3];
    struct tv_arena arena = {0};
    out->builder = tv_frame_builder_new(&range, sum, true);
    tv_frame_scans(&range, NULL, &arena, specs);
    for (size_t i = 0; i < 3; i++) {
        if (out->arrival_to)
            specs[order[i]].arrival_to = out->arrival_to;
        run_scan(world, &specs[order[i]], order[i], out->builder);
    }
    tv_frame_builder_finish(out->builder, &out->open, &out->open_count);
    tv_arena_release(&arena);
}

static void print_sketch(const struct tv_sketch *sketch, struct tv_buf *out)
{
    struct tv_buf bytes = {0};
    tv_sketch_encode(sketch, &bytes);
    for (size_t i = 0; i < bytes.len; i++)
        tv_buf_printf(out, "%02x", (unsigned char)bytes.data[i]);
    tv_buf_release(&bytes);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All that a sum says, as sorted lines. */
static void print(const struct tv_frame *sum, struct test_lines *lines)
{
    const struct tv_frame_names *names = sum->names;
    struct tv_buf text = {0};
    for (uint32_t i = 0; i < sum->service_count && i < names->service_count; i++) {
        const struct tv_frame_service *one = &sum->services[i];
        if (one->events + one->requests + one->bare_starts + one->bare_ends == 0)
            continue;
        tv_buf_printf(&text, "%.*s %llu %llu %llu %llu %llu %llu %d %lld ",
                TV_STR_ARG(names->service[i]), (unsigned long long)one->events,
                (unsigned long long)one->errors, (unsigned long long)one->requests,
                (unsigned long long)one->failed, (unsigned long long)one->bare_starts,
                (unsigned long long)one->bare_ends, one->spans, (long long)one->last);
        print_sketch(&one->durations, &text);
        tv_buf_append_char(&text, '\n');
    }
    for (uint32_t i = 0; i < sum->edge_count && i < names->edge_count; i++) {
        const struct tv_frame_edge *one = &sum->edges[i];
        if (one->requests == 0)
            continue;
        tv_buf_printf(&text, "%.*s > %.*s %llu %llu ",
                TV_STR_ARG(names->service[names->edge[i].from]),
                TV_STR_ARG(names->service[names->edge[i].to]), (unsigned long long)one->requests,
                (unsigned long long)one->failed);
        print_sketch(&one->durations, &text);
        tv_buf_append_char(&text, '\n');
    }
    for (uint32_t i = 0; i < sum->value_count && i < names->series_count; i++)
        if (sum->values[i].known)
            tv_buf_printf(&text, "%.*s.%.*s = %g at %lld\n",
                    TV_STR_ARG(names->service[names->one_series[i].service]),
                    TV_STR_ARG(names->one_series[i].name), sum->values[i].value,
                    (long long)sum->values[i].time);
    for (uint32_t i = 0; i < sum->instance_count && i < names->instance_count; i++)
        if (sum->instances[i])
            tv_buf_printf(&text, "%.*s has %.*s\n",
                    TV_STR_ARG(names->service[names->instance[i].service]),
                    TV_STR_ARG(names->instance[i].name));
    for (size_t i = 0; i < sum->error_count; i++)
        tv_buf_printf(&text, "error %lld %llu\n", (long long)sum->errors[i].time,
                (unsigned long long)sum->errors[i].arrival);
    tv_buf_append_char(&text, '\0');
    char *at = text.data, *line;
    while ((line = strsep(&at, "\n")) && *line) {
        lines->items = realloc(lines->items, (lines->count + 1) * sizeof(char *));
        lines->items[lines->count++] = strdup(line);
    }
    if (lines->count)
        qsort(lines->items, lines->count, sizeof(char *), compare_lines);
    tv_buf_release(&text);
}

static void free_lines(struct test_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->items[i]);
    free(lines->items);
}

static void assert_same(const struct tv_frame *a, const struct tv_frame *b)
{
    struct test_lines left = {0}, right = {0};
    print(a, &left);
    print(b, &right);
    for (size_t i = 0; i < left.count && i < right.count; i++)
        assert_string_equal(left.items[i], right.items[i]);
    assert_int_equal(left.count, right.count);
    assert_true(left.count > 0);
    free_lines(&left);
    free_lines(&right);
}

/* One pass over the range; and bucket by bucket, the last and the first cut as the range cuts them. */
static void check_range(struct test_world *world, struct tv_frame_range range)
{
    struct tv_frame_names whole_names = {0}, part_names = {0};
    struct tv_frame whole = {.names = &whole_names}, parts = {.names = &part_names};
    struct result one = {0};
    pass(world, range, &whole, &one);
    size_t open = one.open_count;
    for (int64_t at = range.from; at <= range.to;) {
        int64_t end = (tv_frame_bucket(at) + 1) * TV_FRAME_NS - 1;
        struct result part = {0};
        end = end < range.to ? end : range.to;
        pass(world, (struct tv_frame_range){at, end}, &parts, &part);
        if (end == range.to)
            assert_int_equal(part.open_count, open);
        tv_frame_builder_free(part.builder);
        at = end + 1;
    }
    assert_same(&whole, &parts);
    tv_frame_builder_free(one.builder);
    tv_frame_release(&whole);
    tv_frame_release(&parts);
    tv_frame_names_release(&whole_names);
    tv_frame_names_release(&part_names);
}

static void traffic__of_many_buckets_is_the_sum_of_each(void **state)
{
    (void)state;
    struct test_world world;
    int64_t length = 4 * TV_NS_PER_MIN;
    test_world_init(&world, 77);
    for (int round = 0; round < 8; round++) {
        struct tv_batch *batch = tv_batch_new();
        for (int i = 0; i < 400; i++)
            add_event(batch, &world.random, length);
        (void)test_commit_one(world.store, batch);
        if (round % 3 == 2)
            test_compact(world.store);
    }
    for (int i = 0; i < 12; i++) {
        int64_t from = START + (int64_t)test_below(&world.random, (uint64_t)length);
        int64_t to = from + (int64_t)test_below(&world.random, (uint64_t)length);
        if (i % 2)
            from = tv_frame_bucket(from) * TV_FRAME_NS;
        check_range(&world, (struct tv_frame_range){from, to});
    }
    test_compact(world.store);
    check_range(&world, (struct tv_frame_range){START, START + length});
    test_world_release(&world);
}

/* The same events, committed in another order, give the same. */
static void traffic__does_not_depend_on_the_order_of_commits(void **state)
{
    (void)state;
    struct tv_frame_range range = {START, START + 2 * TV_NS_PER_MIN};
    struct tv_frame_names names[2] = {0};
    struct tv_frame sums[2] = {{.names = &names[0]}, {.names = &names[1]}};
    for (int side = 0; side < 2; side++) {
        struct test_world world;
        struct result result = {0};
        test_world_init(&world, 5);
        for (int i = 0; i < 6; i++) {
            struct test_random random = {(uint64_t)(side ? 5 - i : i) + 1000};
            struct tv_batch *batch = tv_batch_new();
            for (int k = 0; k < 100; k++)
                add_event(batch, &random, 2 * TV_NS_PER_MIN);
            (void)test_commit_one(world.store, batch);
            if (i == 2 + side)
                test_compact(world.store);
        }
        pass(&world, range, &sums[side], &result);
        tv_frame_builder_free(result.builder);
        test_world_release(&world);
    }
    sums[0].error_count = sums[1].error_count = 0; /* arrival numbers do differ */
    assert_same(&sums[0], &sums[1]);
    for (int side = 0; side < 2; side++) {
        tv_frame_release(&sums[side]);
        tv_frame_names_release(&names[side]);
    }
}

/* A range with the frames that the store has kept, and without them; returns how many took part. */
static uint64_t check_kept(
        struct test_world *world, struct tv_frame_range range, uint64_t arrival_to)
{
    struct tv_frame_names whole_names = {0}, part_names = {0};
    struct tv_frame whole = {.names = &whole_names}, parts = {.names = &part_names};
    struct tv_arena arena = {0};
    struct tv_frame_runs runs;
    struct tv_frames_spec spec = {range, arrival_to, true, &arena, NULL};
    struct result one = {.arrival_to = arrival_to};
    struct tv_snapshot *snapshot = tv_snapshot_take(world->store);
    pass(world, range, &whole, &one);
    assert_int_equal(tv_frames_read(snapshot, &spec, &parts, &runs, NULL), TV_OK);
    assert_int_equal(runs.items[runs.count - 1].to, range.to);
    for (size_t i = 0; i < runs.count; i++) {
        struct result part = {.arrival_to = arrival_to};
        pass(world, runs.items[i], &parts, &part);
        if (i + 1 == runs.count)
            assert_int_equal(part.open_count, one.open_count);
        tv_frame_builder_free(part.builder);
    }
    assert_same(&whole, &parts);
    tv_frame_builder_free(one.builder);
    tv_frame_release(&whole);
    tv_frame_release(&parts);
    tv_frame_names_release(&whole_names);
    tv_frame_names_release(&part_names);
    tv_snapshot_unref(snapshot);
    tv_arena_release(&arena);
    return runs.kept;
}

/* Windows anywhere, half of them as of an earlier arrival. */
static uint64_t check_kept_some(struct test_world *world, int64_t length, uint64_t last)
{
    uint64_t kept = 0;
    for (int i = 0; i < 8; i++) {
        int64_t from = START + (int64_t)test_below(&world->random, (uint64_t)length / 2);
        int64_t to = from + length / 3 + (int64_t)test_below(&world->random, (uint64_t)length / 2);
        uint64_t arrival_to = i % 2 ? UINT64_MAX : last / 2 + test_below(&world->random, last / 2);
        kept += check_kept(world, (struct tv_frame_range){from, to}, arrival_to);
    }
    return kept;
}

/* Lets frames be of few events, and the job that makes them be due. */
static void make_frames(struct test_world *world)
{
    world->store->frame_events = 30;
    world->store->frame_events_least = 10;
    world->store->frames_due_ns = 0;
    world->store->stats.last_commit_ns = 0;
    (void)test_jobs(world->store, 1000);
}

/* The same, of which there are none yet. */
static void make_first_frames(struct test_world *world)
{
    world->store->frame_cursor = 0;
    make_frames(world);
}

static void commit_some(struct test_world *world, int rows, int64_t length)
{
    struct tv_batch *batch = tv_batch_new();
    for (int i = 0; i < rows; i++)
        add_event(batch, &world->random, length);
    (void)test_commit_one(world->store, batch);
}

static void kept__frames_say_what_events_say(void **state)
{
    (void)state;
    struct test_world world;
    int64_t length = 8 * TV_NS_PER_MIN;
    uint64_t kept = 0, last = 0;
    test_world_init(&world, 78);
    for (int round = 0; round < 6; round++) {
        int rows = round == 0 ? 2500 : 20; /* the rest comes late */
        commit_some(&world, rows, length);
        last += (uint64_t)rows;
        kept += check_kept_some(&world, length, last);
        if (round % 2) /* marks that the file does not have are worked out again */
            test_world_reopen(&world);
        kept += check_kept_some(&world, length, last);
        test_compact(world.store);
        test_world_reopen(&world);
        kept += check_kept_some(&world, length, last);
        if (round % 2 == 0)
            make_frames(&world);
        kept += check_kept_some(&world, length, last);
    }
    assert_true(kept > 500);
    test_world_release(&world);
}

static void kept__frames_are_computed_again_when_late_events_came(void **state)
{
    (void)state;
    struct test_world world;
    int64_t length = 8 * TV_NS_PER_MIN;
    struct tv_frame_range range = {START, START + length};
    test_world_init(&world, 79);
    commit_some(&world, 2500, length);
    test_compact(world.store);
    assert_int_equal(check_kept(&world, range, UINT64_MAX), 0);
    make_first_frames(&world);
    uint64_t all = check_kept(&world, range, UINT64_MAX);
    assert_true(all > 20);
    commit_some(&world, 400, length);
    assert_int_equal(check_kept(&world, range, UINT64_MAX), 0);
    assert_int_equal(check_kept(&world, range, 2500), all); /* as it was known then */
    test_compact(world.store);
    make_frames(&world);
    assert_true(check_kept(&world, range, UINT64_MAX) > 20);
    assert_int_equal(check_kept(&world, range, 2500), all);
    test_world_release(&world);
}

static void kept__frames_that_are_damaged_are_passed_over(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_frame_range range = {START, START + 8 * TV_NS_PER_MIN};
    test_world_init(&world, 80);
    commit_some(&world, 2500, 8 * TV_NS_PER_MIN);
    test_compact(world.store);
    make_first_frames(&world);
    assert_true(check_kept(&world, range, UINT64_MAX) > 0);
    assert_int_equal(sqlite3_exec(world.store->side.sql,
                             "UPDATE frame SET data = zeroblob(length(data))", NULL, NULL, NULL),
            SQLITE_OK);
    assert_int_equal(check_kept(&world, range, UINT64_MAX), 0);
    assert_int_equal(
            sqlite3_exec(world.store->side.sql, "DELETE FROM frame", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(check_kept(&world, range, UINT64_MAX), 0);
    test_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(traffic__of_many_buckets_is_the_sum_of_each),
            cmocka_unit_test(traffic__does_not_depend_on_the_order_of_commits),
            cmocka_unit_test(kept__frames_say_what_events_say),
            cmocka_unit_test(kept__frames_are_computed_again_when_late_events_came),
            cmocka_unit_test(kept__frames_that_are_damaged_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
