/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the store's tests. */
#include "support.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/store_internal.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

uint64_t test_next(struct test_random *random)
{
    uint64_t z = (random->state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

uint64_t test_below(struct test_random *random, uint64_t n)
{
    return test_next(random) % n;
}

char *test_folder_make(void)
{
    const char *parent = getenv("TMPDIR");
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/tv-store-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(path));
    return strdup(path);
}

void test_folder_remove(char *dir)
{
    static const char *const files[] = {
            "traversion.db", "traversion.db-wal", "traversion.db-shm", "lock"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(dir), 0);
    free(dir);
}

struct tv_store *test_open_with(const struct tv_store_config *config)
{
    struct tv_store *store = NULL;
    struct tv_error err = {.status = TV_OK};
    enum tv_status status = tv_store_open(config, &store, &err);
    if (status != TV_OK)
        fail_msg("%s", err.message);
    return store;
}

struct tv_store *test_open(const char *dir)
{
    struct tv_store_config config = {.dir = dir, .cache_bytes = 8 << 20};
    return test_open_with(&config);
}

static struct tv_str pick(struct test_random *random, const char *stem, uint64_t n, char *room)
{
    int length = snprintf(room, 64, "%s%llu", stem, (unsigned long long)test_below(random, n));
    return (struct tv_str){room, (size_t)length};
}

static void fill_texts(struct test_random *random, struct tv_batch *batch, uint32_t row)
{
    static const char *const types[] = {"span", "log", "metric", "error", "deploy", "custom:x"};
    char room[64];
    tv_batch_set_text(batch, TV_FIELD_SERVICE, row, pick(random, "service-", 7, room));
    tv_batch_set_text(batch, TV_FIELD_TYPE, row, tv_str_of(types[test_below(random, 6)]));
    if (test_below(random, 3))
        tv_batch_set_text(batch, TV_FIELD_INSTANCE, row, pick(random, "pod-", 3, room));
    if (test_below(random, 2))
        tv_batch_set_text(batch, TV_FIELD_NAME, row, pick(random, "GET /", 50, room));
    if (!test_below(random, 4))
        tv_batch_set_text(
                batch, TV_FIELD_MESSAGE, row, pick(random, "something broke: ", 1000000, room));
    if (!test_below(random, 50))
        tv_batch_set_text(batch, TV_FIELD_CAUSED_BY, row, TV_STR("[\"a\",\"b\"]"));
    if (!test_below(random, 40))
        tv_batch_set_text(batch, TV_FIELD_UNIT, row, TV_STR(""));
}

static void fill_ids(struct test_random *random, struct tv_batch *batch, uint32_t row)
{
    char hex[33];
    if (test_below(random, 5)) {
        (void)snprintf(hex, sizeof(hex), "%016llx%08llx", (unsigned long long)test_next(random),
                (unsigned long long)(test_next(random) & 0xffffffff));
        tv_batch_set_text(batch, TV_FIELD_EVENT_ID, row, tv_str_of(hex));
    }
    if (test_below(random, 3)) {
        uint64_t trace = test_below(random, 400) + 1;
        tv_batch_set_id(batch, TV_FIELD_TRACE_ID, row,
                (struct tv_id){trace * 0x9e3779b97f4a7c15ULL, trace});
        tv_batch_set_u64(batch, TV_FIELD_SPAN_ID, row, test_next(random) | 1);
        if (test_below(random, 2))
            tv_batch_set_u64(batch, TV_FIELD_PARENT_SPAN_ID, row, trace * 77);
    }
}

static void fill_numbers(struct test_random *random, struct tv_batch *batch, uint32_t row)
{
    if (test_below(random, 3))
        tv_batch_set_i64(batch, TV_FIELD_DURATION, row,
                (int64_t)(test_next(random) >> (20 + test_below(random, 40))));
    if (test_below(random, 2))
        tv_batch_set_u8(batch, TV_FIELD_STATUS, row, (uint8_t)test_below(random, 4));
    if (!test_below(random, 3))
        tv_batch_set_u8(batch, TV_FIELD_SEVERITY, row, (uint8_t)test_below(random, 25));
    if (!test_below(random, 3))
        tv_batch_set_u8(batch, TV_FIELD_KIND, row, (uint8_t)test_below(random, 6));
}

static struct tv_value any_value(struct test_random *random, char *room)
{
    switch (test_below(random, 6)) {
    case 0:
        return tv_value_bool(test_below(random, 2));
    case 1:
        return tv_value_i64((int64_t)test_next(random));
    case 2:
        return tv_value_f64((double)(int64_t)test_below(random, 100000) / 100);
    case 3:
        return tv_value_f64((double)test_next(random) / 3e7);
    case 4:
        return (struct tv_value){.type = TV_TYPE_JSON, .s = TV_STR("[1,2]")};
    default:
        return tv_value_str(pick(random, "v", 1000, room));
    }
}

static void set_attr(
        struct tv_batch *batch, uint32_t row, struct tv_str name, struct tv_value value)
{
    tv_batch_set_attr(batch, tv_batch_attr(batch, name), row, value);
}

static void fill_attrs(struct test_random *random, struct tv_batch *batch, uint32_t row, bool wide)
{
    char room[64], name[64];
    set_attr(batch, row, TV_STR("cpu"), tv_value_f64((double)test_below(random, 1000) / 10));
    if (test_below(random, 2))
        set_attr(batch, row, TV_STR("user.id"), tv_value_str(pick(random, "u", 2000, room)));
    if (!test_below(random, 3))
        set_attr(batch, row, TV_STR("http.status_code"),
                tv_value_i64(test_below(random, 20) ? 200 : 503));
    if (!test_below(random, 4))
        set_attr(batch, row, TV_STR("mixed"), any_value(random, room));
    if (!test_below(random, 30))
        set_attr(batch, row, TV_STR("service.version"), tv_value_str(pick(random, "v", 5, room)));
    for (int i = 0; wide && i < 5; i++)
        set_attr(batch, row, pick(random, "rare.", 2000, name), any_value(random, room));
}

struct tv_batch *test_batch(struct test_random *random, const struct test_shape *shape)
{
    struct tv_batch *batch = tv_batch_new();
    for (uint32_t i = 0; i < shape->rows; i++) {
        uint32_t row = tv_batch_add_row(batch);
        int64_t time = shape->from + (int64_t)test_below(random, (uint64_t)shape->span_ns);
        tv_batch_set_time(batch, row, time);
        tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, time + 1000);
        fill_texts(random, batch, row);
        fill_ids(random, batch, row);
        fill_numbers(random, batch, row);
        fill_attrs(random, batch, row, shape->wide);
    }
    return batch;
}

struct tv_commit_result test_commit(
        struct tv_store *store, struct tv_batch *const *batches, size_t count)
{
    struct tv_commit_result result;
    struct tv_error err;
    struct tv_commit *commit = tv_commit_begin(store, batches, count);
    tv_commit_run(commit);
    if (tv_commit_finish(commit, NULL, NULL, &result, &err) != TV_OK)
        fail_msg("%s", err.message);
    return result;
}

struct tv_commit_result test_commit_one(struct tv_store *store, struct tv_batch *batch)
{
    return test_commit(store, &batch, 1);
}

size_t test_jobs(struct tv_store *store, size_t most)
{
    struct tv_error err;
    size_t done = 0;
    for (; done < most; done++) {
        struct tv_store_job *job = tv_store_job_next(store, tv_time_now());
        if (!job)
            break;
        tv_store_job_run(job);
        if (tv_store_job_needs_writer(job))
            tv_store_job_commit(job);
        if (tv_store_job_finish(job, &err) != TV_OK)
            fail_msg("%s", err.message);
    }
    return done;
}

void test_flush_soon(struct tv_store *store)
{
    assert_true(store->level0_count > 0);
    for (size_t i = 0; i < store->level0_count; i++)
        store->level0[i]->born_ns -= TV_NS_PER_HOUR;
}

void test_compact(struct tv_store *store)
{
    test_flush_soon(store);
    assert_true(test_jobs(store, 1000) > 0);
    assert_int_equal(store->level0_count, 0);
}

static void print_text(struct tv_buf *out, struct tv_value value)
{
    double number = 0;
    if (value.type == TV_TYPE_NULL) {
        tv_buf_printf(out, "|");
    } else if (value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON) {
        tv_buf_printf(out, "|%d%.*s", (int)value.type, TV_STR_ARG(value.s));
    } else if (value.type == TV_TYPE_F64) {
        tv_buf_printf(out, "|f%a", value.f);
    } else {
        number = value.type == TV_TYPE_BOOL ? (double)value.b : 0;
        tv_buf_printf(out, "|%d:%lld:%g", (int)value.type,
                (long long)(value.type == TV_TYPE_I64 ? value.i : 0), number);
    }
}

struct printed_attr {
    struct tv_str name;
    struct tv_value value;
};

static int by_name(const void *a, const void *b)
{
    return tv_str_compare(
            ((const struct printed_attr *)a)->name, ((const struct printed_attr *)b)->name);
}

void test_print_row(const struct tv_batch *batch, uint32_t row, struct tv_buf *out)
{
    char scratch[33];
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        print_text(out, tv_batch_value(batch, (enum tv_field)i, row, scratch));
    struct printed_attr *attrs = tv_calloc(batch->attr_count + 1, sizeof(*attrs));
    size_t count = 0;
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        struct tv_value value = tv_batch_attr_value(batch, i, row);
        if (value.type != TV_TYPE_NULL)
            attrs[count++] = (struct printed_attr){
                    tv_strings_get(&batch->strings, batch->attrs[i].name), value};
    }
    qsort(attrs, count, sizeof(*attrs), by_name);
    for (size_t i = 0; i < count; i++) {
        tv_buf_printf(out, " %.*s=", TV_STR_ARG(attrs[i].name));
        print_text(out, attrs[i].value);
    }
    free(attrs);
}

void test_lines_add_row(struct test_lines *lines, const struct tv_batch *batch, uint32_t row)
{
    struct tv_buf out = {0};
    test_print_row(batch, row, &out);
    tv_buf_append_char(&out, '\0');
    if (lines->count == lines->cap) {
        lines->cap = tv_grown(lines->cap, lines->count + 1, 256);
        lines->items = tv_realloc_array(lines->items, lines->cap, sizeof(*lines->items));
    }
    lines->items[lines->count++] = out.data;
}

void test_lines_add_scan(
        struct test_lines *lines, struct tv_store *store, const struct tv_scan_spec *spec)
{
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    struct tv_error err;
    assert_int_equal(tv_scan_open(snapshot, spec, NULL, &scan, &err), TV_OK);
    for (;;) {
        if (tv_scan_next(scan, &found, &err) != TV_OK)
            fail_msg("%s", err.message);
        if (found.count == 0)
            break;
        const int64_t *times = tv_batch_i64(found.batch, TV_FIELD_TIME);
        for (uint32_t i = 0; i < found.count; i++) {
            test_lines_add_row(lines, found.batch, found.rows[i]);
            assert_true(i == 0 || times[found.rows[i - 1]] <= times[found.rows[i]]);
        }
    }
    tv_scan_close(scan);
    tv_snapshot_unref(snapshot);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void test_lines_assert_equal(struct test_lines *a, struct test_lines *b)
{
    assert_int_equal(a->count, b->count);
    if (a->count == 0)
        return;
    qsort(a->items, a->count, sizeof(*a->items), by_text);
    qsort(b->items, b->count, sizeof(*b->items), by_text);
    for (size_t i = 0; i < a->count; i++)
        assert_string_equal(a->items[i], b->items[i]);
}

void test_lines_release(struct test_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->items[i]);
    free(lines->items);
    *lines = (struct test_lines){0};
}

struct tv_scan_spec test_all(void)
{
    return (struct tv_scan_spec){
            .from = INT64_MIN,
            .to = INT64_MAX,
            .arrival_to = UINT64_MAX,
            .columns = {.fields = (1u << TV_FIELD_COUNT) - 1, .all_attributes = true},
    };
}
