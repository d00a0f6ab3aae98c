/* SPDX-License-Identifier: Apache-2.0 */
/* What is derived against what happened: a store with segments, rollups and kept frames must answer STATE,
 * TIMELINE and SELECT as one that has nothing but the events in level 0 and replays them for each question.
 *
 *     derived [QUESTIONS]
 *
 * Both get the same commits: a tenth of the events late by up to ten minutes, a tenth sent twice. Questions
 * are about any moment, half of them as of an earlier one. */
#include "../lib/compact.h"

#include "base/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SERVICES = 6, ROWS = 150, COMMITS = 60, QUESTIONS_DEFAULT = 120 };

#define START    (INT64_C(1724300000) * TV_NS_PER_S)
#define SPAN_NS  (20 * TV_NS_PER_MIN)
#define LATE_NS  (10 * TV_NS_PER_MIN)
#define RECEIVED (START + TV_NS_PER_DAY)

static uint64_t state = 7;

static uint64_t below(uint64_t n)
{
    state += UINT64_C(0x9e3779b97f4a7c15);
    return tv_mix64(state) % n;
}

static const char *const services[SERVICES] = {"cart", "pay", "db", "mail", "front", "quiet"};
static const char *const types[] = {"span", "span", "span", "log", "error", "metric", "deploy",
        "http:request", "http:response", "span:start", "span:end"};
static const char *const names[] = {"GET /", "POST /pay", "query"};

static void set_text(struct tv_batch *batch, uint32_t row, const char *name, const char *text)
{
    tv_batch_set_attr(
            batch, tv_batch_attr(batch, tv_str_of(name)), row, tv_value_str(tv_str_of(text)));
}

static void set_times(struct tv_batch *batch, uint32_t row, unsigned commit)
{
    int64_t time =
            START + (int64_t)commit * (SPAN_NS / COMMITS) + (int64_t)below(SPAN_NS / COMMITS);
    if (below(10) == 0)
        time -= (int64_t)below(LATE_NS);
    tv_batch_set_time(batch, row, time);
    if (below(3) > 0)
        tv_batch_set_i64(batch, TV_FIELD_DURATION, row,
                (int64_t)below(below(40) == 0 ? 200 * TV_NS_PER_S : TV_NS_PER_S));
}

static void set_span(struct tv_batch *batch, uint32_t row)
{
    if (below(8) > 0)
        tv_batch_set_id(batch, TV_FIELD_TRACE_ID, row, (struct tv_id){1, 1 + below(40)});
    if (below(6) > 0)
        tv_batch_set_u64(batch, TV_FIELD_SPAN_ID, row, 1 + below(60));
    if (below(2))
        tv_batch_set_u64(batch, TV_FIELD_PARENT_SPAN_ID, row, 1 + below(60));
    if (below(3) == 0)
        tv_batch_set_u8(batch, TV_FIELD_KIND, row, (uint8_t)(1 + below(5)));
    if (below(8) == 0)
        tv_batch_set_u8(batch, TV_FIELD_STATUS, row, TV_EVENT_STATUS_ERROR);
}

static void add_event(struct tv_batch *batch, unsigned commit, uint64_t number)
{
    char id[32];
    uint32_t row = tv_batch_add_row(batch);
    unsigned service = commit < COMMITS / 4 && below(20) == 0 ? 5 : (unsigned)below(5);
    set_times(batch, row, commit);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, row, tv_str_of(services[service]));
    tv_batch_set_text(
            batch, TV_FIELD_TYPE, row, tv_str_of(types[below(sizeof(types) / sizeof(*types))]));
    if (below(4) > 0)
        tv_batch_set_text(batch, TV_FIELD_NAME, row, tv_str_of(names[below(3)]));
    if (below(2))
        tv_batch_set_text(batch, TV_FIELD_INSTANCE, row, tv_str_of(names[below(2)]));
    (void)snprintf(id, sizeof(id), "e%" PRIu64, number);
    tv_batch_set_text(batch, TV_FIELD_EVENT_ID, row, tv_str_of(id));
    set_span(batch, row);
    if (below(9) == 0)
        tv_batch_set_u8(batch, TV_FIELD_SEVERITY, row, TV_SEVERITY_WARN);
    /* One attribute at most: their order in an answer is that of the batch they come from. */
    switch (below(12)) {
    case 0:
    case 1:
        set_text(batch, row, "peer.service", "db");
        break;
    case 2:
        set_text(batch, row, "service.version", names[below(3)]);
        break;
    case 3:
    case 4:
    case 5:
        tv_batch_set_attr(
                batch, tv_batch_attr(batch, TV_STR("cpu")), row, tv_value_i64((int64_t)below(100)));
        break;
    default:
        break;
    }
}

/* A tenth of the last commit's rows come again. */
static struct tv_batch *make_batch(unsigned commit, const struct tv_batch *before)
{
    struct tv_batch *batch = tv_batch_new();
    for (uint32_t i = 0; before && i < ROWS / 10; i++) {
        uint32_t row = (uint32_t)below(before->rows);
        tv_batch_append_rows(batch, before, &row, 1);
    }
    for (unsigned i = 0; i < ROWS; i++)
        add_event(batch, commit, (uint64_t)commit * ROWS + i);
    int64_t *received = tv_batch_column(batch, TV_FIELD_RECEIVED);
    for (uint32_t row = 0; row < batch->rows; row++)
        received[row] = RECEIVED + (int64_t)commit * TV_NS_PER_S;
    return batch;
}

static struct tv_batch *copy_of(const struct tv_batch *batch)
{
    struct tv_batch *copy = tv_batch_new();
    for (uint32_t row = 0; row < batch->rows; row++)
        tv_batch_append_rows(copy, batch, &row, 1);
    return copy;
}

static void reopen(struct fixture *fixture)
{
    struct tv_error err;
    struct tv_store_config config = {.dir = fixture->dir,
            .retention_ns = INT64_C(3650) * TV_NS_PER_DAY,
            .disk_bytes_max = UINT64_C(1) << 32,
            .cache_bytes = 32 << 20};
    tv_store_close(fixture->store);
    if (tv_store_open(&config, &fixture->store, &err) != TV_OK)
        fixture_fail("open", &err);
}

/* Segments, rollups, frames: all that jobs make, of as few events as there are here. */
static void derive(struct fixture *fixture)
{
    fixture->store->frame_events = 60;
    fixture->store->frame_events_least = 20;
    fixture->store->frames_due_ns = 0;
    fixture->store->stats.last_commit_ns = 0;
    fixture_compact(fixture);
}

static void make_worlds(struct fixture *derived, struct fixture *plain)
{
    struct tv_batch *before = NULL;
    fixture_open(derived);
    fixture_open(plain);
    for (unsigned commit = 0; commit < COMMITS; commit++) {
        struct tv_batch *batch = make_batch(commit, before);
        tv_batch_unref(before);
        before = copy_of(batch);
        fixture_commit(plain, copy_of(batch));
        fixture_commit(derived, batch);
        if (commit % 7 == 6)
            derive(derived);
        if (commit % 20 == 19)
            reopen(derived);
    }
    tv_batch_unref(before);
}

static void put_time(struct tv_buf *text, const char *before, int64_t time)
{
    char shown[TV_TIME_TEXT_BYTES];
    tv_time_format(time, shown);
    tv_buf_printf(text, "%s'%s'", before, shown);
}

static void make_question(struct tv_buf *text)
{
    static const char *const steps[] = {"10s", "1m", "5m", "1h"};
    int64_t from = START - TV_NS_PER_MIN + (int64_t)below(SPAN_NS);
    int64_t to = from + (int64_t)below(SPAN_NS);
    uint64_t kind = below(6);
    tv_buf_clear(text);
    if (kind < 4) {
        put_time(text, "STATE AT ", from + LATE_NS / 2);
        if (below(3) == 0)
            tv_buf_printf(text, " OVER %ds", (int)(5 + below(600)));
    } else if (kind == 4) {
        put_time(text, "TIMELINE FROM ", from);
        put_time(text, " TO ", to);
        tv_buf_printf(text, " EVERY %s", steps[below(4)]);
    } else {
        put_time(text, "SELECT service, count(*), p95(duration) FROM ", from);
        put_time(text, " TO ", to);
        tv_buf_printf(text, " GROUP BY service EVERY %s", steps[below(4)]);
    }
    if (below(2))
        put_time(text, " AS OF ", RECEIVED + (int64_t)below(COMMITS) * TV_NS_PER_S);
}

/* All of an answer but how it was found. */
static void ask(struct fixture *fixture, const struct tv_buf *text, struct tv_buf *answer)
{
    struct tv_error err;
    struct tv_query_env env = {.text = tv_buf_str(text), .now_ns = RECEIVED};
    tv_buf_clear(answer);
    if (fixture_query(fixture, &env, answer, &err) != TV_OK)
        fixture_fail("query", &err);
    tv_buf_append_char(answer, '\0');
    char *end = strstr(answer->data, "\"scanned\"");
    if (end)
        *end = '\0';
}

int main(int argc, char **argv)
{
    long questions = argc > 1 ? strtol(argv[1], NULL, 10) : QUESTIONS_DEFAULT;
    struct fixture derived, plain;
    struct tv_buf text = {0}, left = {0}, right = {0};
    make_worlds(&derived, &plain);
    if (!derived.store->kept || derived.store->segments->count == 0)
        fixture_fail("nothing was derived", NULL);
    for (long i = 0; i < questions; i++) {
        make_question(&text);
        ask(&derived, &text, &left);
        ask(&plain, &text, &right);
        if (strcmp(left.data, right.data) == 0)
            continue;
        (void)fprintf(stderr, "%.*s\nderived: %s\nreplayed: %s\n", (int)text.len, text.data,
                left.data, right.data);
        return 1;
    }
    (void)printf("%ld questions, all answers alike\n", questions);
    tv_buf_release(&text);
    tv_buf_release(&left);
    tv_buf_release(&right);
    fixture_close(&derived);
    fixture_close(&plain);
    return 0;
}
