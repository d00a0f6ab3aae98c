/* SPDX-License-Identifier: Apache-2.0 */
/* The engine against a naive executor: random events, random statements, equal answers.
 *
 *     oracle_executor_oracle [PAIRS [SEED]]
 *
 * The naive side keeps the events as plain structs, judges a condition's tree one event at a time with
 * three-valued logic of its own, sorts with qsort and counts with nested loops; it shares no code with
 * lexer, parser, predicates, store or operators. Events come late, out of order, twice, and with fields
 * missing; some lie in segments, some in level 0. Each statement is also rewritten (operands exchanged,
 * NOT NOT, a window cut in two, a LIMIT's prefix), and must then answer the same. */
#include "../lib/compact.h"
#include "support_executor.h"

#include "base/json_in.h"

#include <inttypes.h>
#include <math.h>

#define BASE_NS INT64_C(1705333643000000000)

enum { EVENTS_MAX = 400, QUERIES_PER_STORE = 40 };

struct world {
    struct fixture fixture;
    struct row rows[EVENTS_MAX]; /* as stored, in order of arrival; its index is attribute "seq" */
    unsigned count;
};

static struct row random_row(void)
{
    struct row row = {.service = oracle_below(4), .type = oracle_below(5), .name = -1, .text = -1};
    /* Mostly within a minute, in steps that collide; sometimes days late. */
    row.time = BASE_NS + (int64_t)oracle_below(600) * 100 * TV_NS_PER_MS;
    if (oracle_below(12) == 0)
        row.time -= (int64_t)oracle_below(5) * TV_NS_PER_DAY;
    row.duration = oracle_below(3) ? (int64_t)oracle_below(500) * TV_NS_PER_MS : -1;
    row.name = oracle_below(2) ? (int)oracle_below(6) : -1;
    row.text = oracle_below(3) ? (int)oracle_below(6) : -1;
    row.flag = oracle_below(3) ? (int)oracle_below(2) : -1;
    row.status = oracle_below(2) ? (uint8_t)(1 + oracle_below(3)) : 0;
    row.severity = oracle_below(2) ? (uint8_t)(1 + oracle_below(24)) : 0;
    row.number_kind = (enum number_kind)oracle_below(4);
    row.number = (double)((int)oracle_below(40) - 10);
    if (row.number_kind == NUMBER_FRACTION)
        row.number += 0.5;
    row.id = oracle_below(3) ? (int)oracle_below(300) : -1;
    return row;
}

static void set_number(struct tv_batch *batch, uint32_t at, const struct row *row)
{
    char text[32];
    uint32_t attr = tv_batch_attr(batch, TV_STR("n"));
    struct tv_value value = tv_value_i64((int64_t)row->number);
    if (row->number_kind == NUMBER_FRACTION)
        value = tv_value_f64(row->number);
    (void)snprintf(text, sizeof(text), "%d", (int)row->number);
    if (row->number_kind == NUMBER_TEXT)
        value = tv_value_str(tv_str_of(text));
    if (row->number_kind != NUMBER_ABSENT)
        tv_batch_set_attr(batch, attr, at, value);
}

static void put_row(struct tv_batch *batch, const struct row *row, unsigned seq)
{
    char id[16];
    uint32_t at = tv_batch_add_row(batch);
    tv_batch_set_time(batch, at, row->time);
    tv_batch_set_i64(batch, TV_FIELD_RECEIVED, at, BASE_NS);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, at, tv_str_of(oracle_services[row->service]));
    tv_batch_set_text(batch, TV_FIELD_TYPE, at, tv_str_of(oracle_types[row->type]));
    if (row->name >= 0)
        tv_batch_set_text(batch, TV_FIELD_NAME, at, tv_str_of(oracle_texts[row->name]));
    if (row->duration >= 0)
        tv_batch_set_i64(batch, TV_FIELD_DURATION, at, row->duration);
    if (row->status)
        tv_batch_set_u8(batch, TV_FIELD_STATUS, at, row->status);
    if (row->severity)
        tv_batch_set_u8(batch, TV_FIELD_SEVERITY, at, row->severity);
    (void)snprintf(id, sizeof(id), "e%d", row->id);
    if (row->id >= 0)
        tv_batch_set_text(batch, TV_FIELD_EVENT_ID, at, tv_str_of(id));
    tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("seq")), at, tv_value_i64(seq));
    if (row->text >= 0)
        tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("s")), at,
                tv_value_str(tv_str_of(oracle_texts[row->text])));
    if (row->flag >= 0)
        tv_batch_set_attr(
                batch, tv_batch_attr(batch, TV_STR("b")), at, tv_value_bool(row->flag == 1));
    set_number(batch, at, row);
}

/* The store keeps the first of two events with one id and service. */
static bool is_duplicate(const struct world *world, const struct row *row)
{
    for (unsigned i = 0; i < world->count; i++)
        if (row->id >= 0 && world->rows[i].id == row->id && world->rows[i].service == row->service)
            return true;
    return false;
}

static void make_world(struct world *world)
{
    unsigned total = 50 + oracle_below(EVENTS_MAX - 50);
    unsigned made = 0;
    fixture_open(&world->fixture);
    world->count = 0;
    while (made < total) {
        struct tv_batch *batch = tv_batch_new();
        unsigned size = 1 + oracle_below(120);
        for (unsigned i = 0; i < size && made < total; i++, made++) {
            struct row row = random_row();
            put_row(batch, &row, world->count);
            if (!is_duplicate(world, &row))
                world->rows[world->count++] = row;
        }
        fixture_commit(&world->fixture, batch);
        if (oracle_below(3) == 0)
            fixture_compact(&world->fixture);
    }
}

struct query {
    struct world *world;
    struct condition condition;
    int root;
    int64_t from, to;
    unsigned hits[EVENTS_MAX]; /* rows that match, by time, then arrival */
    unsigned hit_count;
    struct tv_buf text; /* of the last statement, for messages */
};

static const struct world *sorting;

static int by_time(const void *left, const void *right)
{
    unsigned a = *(const unsigned *)left;
    unsigned b = *(const unsigned *)right;
    if (sorting->rows[a].time != sorting->rows[b].time)
        return sorting->rows[a].time < sorting->rows[b].time ? -1 : 1;
    return a < b ? -1 : 1;
}

static void find_hits(struct query *query)
{
    query->hit_count = 0;
    for (unsigned i = 0; i < query->world->count; i++) {
        const struct row *row = &query->world->rows[i];
        if (row->time >= query->from && row->time <= query->to &&
                oracle_judge(&query->condition, query->root, row) == YES)
            query->hits[query->hit_count++] = i;
    }
    sorting = query->world;
    qsort(query->hits, query->hit_count, sizeof(unsigned), by_time);
}

static void mismatch(const struct query *query, const char *what, const struct tv_buf *answer)
{
    (void)fprintf(stderr, "%s\n%.*s\n%.4000s\n", what, TV_STR_ARG(tv_buf_str(&query->text)),
            answer->data ? answer->data : "");
    abort();
}

static struct tv_json *ask(struct query *query, struct tv_buf *answer)
{
    struct tv_error err;
    struct tv_json *document = NULL;
    struct tv_query_env env = {.text = tv_buf_str(&query->text), .now_ns = BASE_NS};
    tv_buf_clear(answer);
    enum tv_status status = fixture_query(&query->world->fixture, &env, answer, &err);
    tv_buf_append_char(answer, '\0');
    answer->len--;
    if (status != TV_OK)
        mismatch(query, err.message, answer);
    if (tv_json_parse(tv_buf_str(answer), &document, NULL) != TV_OK)
        mismatch(query, "the answer is no JSON", answer);
    return document;
}

static void begin_text(struct query *query, const char *head)
{
    tv_buf_clear(&query->text);
    tv_buf_printf(&query->text, "%s", head);
}

static void add_window_and_where(struct query *query, bool swap, int64_t from, int64_t to)
{
    char begin[TV_TIME_TEXT_BYTES];
    char end[TV_TIME_TEXT_BYTES];
    tv_time_format(from, begin);
    tv_time_format(to, end);
    tv_buf_printf(&query->text, " FROM '%s' TO '%s' WHERE ", begin, end);
    oracle_print(&query->text, &query->condition, query->root, swap);
}

static double number_at(const struct tv_json *object, const char *name)
{
    const struct tv_json *value = tv_json_member(object, name);
    return value && tv_json_type(value) == TV_JSON_NUMBER ? tv_json_number(value) : -1;
}

static void check_timeline(struct query *query, bool swap)
{
    struct tv_buf answer = {0};
    unsigned limit = 1 + oracle_below(60);
    bool newest = oracle_below(2);
    begin_text(query, "TIMELINE");
    add_window_and_where(query, swap, query->from, query->to);
    tv_buf_printf(&query->text, "%s LIMIT %u", newest ? " ORDER BY timestamp DESC" : "", limit);
    struct tv_json *document = ask(query, &answer);
    unsigned place = 0;
    const struct tv_json *event = tv_json_first(tv_json_member(document, "events"));
    for (; event; event = tv_json_next(event), place++) {
        double seq = number_at(tv_json_member(event, "attributes"), "seq");
        if (place >= query->hit_count)
            mismatch(query, "too many events", &answer);
        if (newest) {
            /* Equal times stand in the order of arrival, whichever way time goes. */
            unsigned wanted = query->hit_count - 1 - place;
            if (query->world->rows[(unsigned)seq].time !=
                    query->world->rows[query->hits[wanted]].time)
                mismatch(query, "another event, newest first", &answer);
        } else if ((unsigned)seq != query->hits[place]) {
            mismatch(query, "another event", &answer);
        }
    }
    unsigned most = query->hit_count < limit ? query->hit_count : limit;
    double total = number_at(tv_json_member(document, "summary"), "totalEvents");
    if (place != most || (unsigned)total != query->hit_count)
        mismatch(query, "another number of events", &answer);
    tv_json_free(document);
    tv_buf_release(&answer);
}

static void check_buckets(struct query *query, bool swap)
{
    struct tv_buf answer = {0};
    int64_t step = (int64_t)(1 + oracle_below(20)) * TV_NS_PER_S;
    if ((query->to - query->from) / step > 10000)
        step = TV_NS_PER_HOUR;
    begin_text(query, "TIMELINE");
    add_window_and_where(query, swap, query->from, query->to);
    tv_buf_printf(&query->text, " EVERY %" PRId64 "s", step / TV_NS_PER_S);
    struct tv_json *document = ask(query, &answer);
    int64_t begin = query->from - query->from % step;
    const struct tv_json *bucket = tv_json_first(tv_json_member(document, "buckets"));
    for (; bucket; bucket = tv_json_next(bucket), begin += step) {
        unsigned events = 0;
        unsigned errors = 0;
        for (unsigned i = 0; i < query->hit_count; i++) {
            const struct row *row = &query->world->rows[query->hits[i]];
            bool inside = row->time >= begin && row->time < begin + step;
            events += inside;
            errors += inside && oracle_is_error(row);
        }
        if ((unsigned)number_at(bucket, "events") != events ||
                (unsigned)number_at(bucket, "errors") != errors)
            mismatch(query, "another bucket", &answer);
    }
    if (begin <= query->to)
        mismatch(query, "too few buckets", &answer);
    tv_json_free(document);
    tv_buf_release(&answer);
}

/* What the naive side makes of one service's rows. */
struct group {
    unsigned count, distinct, with_number;
    double sum;
    int64_t longest; /* -1: none */
    unsigned first, last;
    int64_t durations[EVENTS_MAX]; /* ascending */
    unsigned timed;
    unsigned texts[6]; /* how often each */
};

static int ascending(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static struct group naive_group(const struct query *query, unsigned service)
{
    struct group group = {.longest = -1};
    bool seen[6] = {false};
    for (unsigned i = 0; i < query->hit_count; i++) {
        const struct row *row = &query->world->rows[query->hits[i]];
        if (row->service != service)
            continue;
        if (group.count++ == 0)
            group.first = query->hits[i];
        group.last = query->hits[i];
        if (row->number_kind != NUMBER_ABSENT) {
            group.with_number++;
            group.sum += row->number;
        }
        if (row->duration > group.longest)
            group.longest = row->duration;
        if (row->duration >= 0)
            group.durations[group.timed++] = row->duration;
        if (row->text >= 0)
            group.texts[row->text]++;
        if (row->text >= 0 && !seen[row->text]) {
            seen[row->text] = true;
            group.distinct++;
        }
    }
    qsort(group.durations, group.timed, sizeof(int64_t), ascending);
    return group;
}

static double cell(const struct tv_json **at)
{
    *at = tv_json_next(*at);
    return *at && tv_json_type(*at) == TV_JSON_NUMBER ? tv_json_number(*at) : -1;
}

static bool row_agrees(const struct tv_json *row, const struct group *group)
{
    const struct tv_json *at = tv_json_first(row);
    bool agrees = (unsigned)cell(&at) == group->count;
    double sum = cell(&at);
    agrees = agrees && (group->with_number == 0 || sum == group->sum);
    agrees = agrees && (unsigned)cell(&at) == group->distinct;
    agrees = agrees && (int64_t)cell(&at) == group->longest;
    agrees = agrees && (unsigned)cell(&at) == group->first;
    return agrees && (unsigned)cell(&at) == group->last;
}

static void check_groups(struct query *query, bool swap)
{
    struct tv_buf answer = {0};
    begin_text(query,
            "SELECT service, count(*), sum(n), distinct(s), max(duration), first(seq), "
            "last(seq)");
    add_window_and_where(query, swap, query->from, query->to);
    tv_buf_printf(&query->text, " GROUP BY service");
    struct tv_json *document = ask(query, &answer);
    const struct tv_json *row = tv_json_first(tv_json_member(document, "rows"));
    for (unsigned service = 0; service < 4; service++) {
        struct group group = naive_group(query, service);
        if (group.count == 0)
            continue;
        if (!row ||
                !tv_str_equal(
                        tv_json_string(tv_json_first(row)), tv_str_of(oracle_services[service])) ||
                !row_agrees(row, &group))
            mismatch(query, oracle_services[service], &answer);
        row = tv_json_next(row);
    }
    if (row)
        mismatch(query, "too many groups", &answer);
    tv_json_free(document);
    tv_buf_release(&answer);
}

/* The least duration such that `per_cent` of all are no longer; -1 without any. */
static int64_t naive_quantile(const struct group *group, unsigned per_cent)
{
    for (unsigned i = 0; i < group->timed; i++)
        if ((i + 1) * 100 >= group->timed * per_cent)
            return group->durations[i];
    return -1;
}

static double naive_deviation(const struct group *group)
{
    double mean = 0;
    double squares = 0;
    for (unsigned i = 0; i < group->timed; i++)
        mean += (double)group->durations[i] / group->timed;
    for (unsigned i = 0; i < group->timed; i++)
        squares += ((double)group->durations[i] - mean) * ((double)group->durations[i] - mean);
    return group->timed ? sqrt(squares / group->timed) : -1;
}

/* topk shows the most frequent texts; which ones does not matter where they are equally frequent. */
static bool topk_agrees(const struct tv_json *list, const struct group *group)
{
    unsigned counts[6];
    unsigned shown = 0;
    memcpy(counts, group->texts, sizeof(counts));
    for (const struct tv_json *one = tv_json_first(list); one; one = tv_json_next(one), shown++) {
        struct tv_str value = tv_json_string(tv_json_member(one, "value"));
        unsigned most = 0;
        unsigned found = 6;
        for (unsigned i = 0; i < 6; i++) {
            most = counts[i] > most ? counts[i] : most;
            if (tv_str_equal(value, tv_str_of(oracle_texts[i])))
                found = i;
        }
        if (found == 6 || counts[found] != most || number_at(one, "count") != (double)most)
            return false;
        counts[found] = 0;
    }
    return shown == (group->distinct < 3 ? group->distinct : 3);
}

static bool spread_agrees(const struct tv_json *row, const struct group *group, double seconds)
{
    static const unsigned per_cents[] = {50, 90, 95, 99};
    const struct tv_json *at = tv_json_first(row);
    bool agrees = true;
    for (unsigned i = 0; i < 4; i++)
        agrees = agrees && (int64_t)cell(&at) == naive_quantile(group, per_cents[i]);
    double deviation = naive_deviation(group);
    agrees = agrees && fabs(cell(&at) - deviation) <= 1e-9 * fabs(deviation) + 1e-3;
    double rate = group->count / seconds;
    agrees = agrees && (seconds == 0 || fabs(cell(&at) - rate) <= 1e-9 * rate);
    if (seconds == 0)
        at = tv_json_next(at);
    return agrees && topk_agrees(tv_json_next(at), group);
}

static void check_spread(struct query *query, bool swap)
{
    struct tv_buf answer = {0};
    begin_text(query,
            "SELECT service, p50(duration), p90(duration), p95(duration), p99(duration), "
            "stddev(duration), rate(*), topk(s, 3)");
    add_window_and_where(query, swap, query->from, query->to);
    tv_buf_printf(&query->text, " GROUP BY service");
    struct tv_json *document = ask(query, &answer);
    const struct tv_json *row = tv_json_first(tv_json_member(document, "rows"));
    double seconds = (double)(query->to - query->from) / 1e9;
    for (unsigned service = 0; service < 4; service++) {
        struct group group = naive_group(query, service);
        if (group.count == 0)
            continue;
        if (!row || !spread_agrees(row, &group, seconds))
            mismatch(query, oracle_services[service], &answer);
        row = tv_json_next(row);
    }
    if (row)
        mismatch(query, "too many groups", &answer);
    tv_json_free(document);
    tv_buf_release(&answer);
}

static int by_duration(const void *left, const void *right)
{
    int64_t a = sorting->rows[*(const unsigned *)left].duration;
    int64_t b = sorting->rows[*(const unsigned *)right].duration;
    if (a != b)
        return a > b ? -1 : 1;
    return by_time(left, right);
}

/* The longest first: absent durations sort as the smallest. */
static void check_order(struct query *query, bool swap)
{
    struct tv_buf answer = {0};
    unsigned limit = 1 + oracle_below(80);
    unsigned sorted[EVENTS_MAX];
    memcpy(sorted, query->hits, sizeof(sorted));
    qsort(sorted, query->hit_count, sizeof(unsigned), by_duration);
    begin_text(query, "SELECT seq, duration");
    add_window_and_where(query, swap, query->from, query->to);
    tv_buf_printf(&query->text, " ORDER BY duration DESC LIMIT %u", limit);
    struct tv_json *document = ask(query, &answer);
    unsigned place = 0;
    const struct tv_json *row = tv_json_first(tv_json_member(document, "rows"));
    for (; row; row = tv_json_next(row), place++)
        if (place >= query->hit_count ||
                (unsigned)tv_json_number(tv_json_first(row)) != sorted[place])
            mismatch(query, "another row", &answer);
    if (place != (query->hit_count < limit ? query->hit_count : limit))
        mismatch(query, "another number of rows", &answer);
    tv_json_free(document);
    tv_buf_release(&answer);
}

static double count_between(struct query *query, int64_t from, int64_t to, struct tv_buf *answer)
{
    begin_text(query, "SELECT count(*)");
    add_window_and_where(query, false, from, to);
    struct tv_json *document = ask(query, answer);
    const struct tv_json *row = tv_json_first(tv_json_member(document, "rows"));
    double count = tv_json_number(tv_json_first(row));
    tv_json_free(document);
    return count;
}

/* A window cut in two holds what the whole holds. */
static void check_halves(struct query *query)
{
    struct tv_buf answer = {0};
    int64_t middle = query->from + (query->to - query->from) / 2;
    double first = count_between(query, query->from, middle, &answer);
    double second = middle < query->to ? count_between(query, middle + 1, query->to, &answer) : 0;
    if (first + second != query->hit_count)
        mismatch(query, "the halves do not make the whole", &answer);
    tv_buf_release(&answer);
}

static void check_pair(struct world *world)
{
    struct query query = {.world = world};
    query.from = BASE_NS + (int64_t)oracle_below(500) * 100 * TV_NS_PER_MS;
    query.to = query.from + (int64_t)oracle_below(600) * 100 * TV_NS_PER_MS;
    if (oracle_below(3) == 0)
        query.from -= 6 * TV_NS_PER_DAY;
    query.root = oracle_condition(&query.condition, 4);
    find_hits(&query);
    bool swap = oracle_below(2);
    unsigned kind = oracle_below(6);
    if (kind == 0)
        check_timeline(&query, swap);
    else if (kind == 1)
        check_buckets(&query, swap);
    else if (kind == 2)
        check_groups(&query, swap);
    else if (kind == 3)
        check_order(&query, swap);
    else if (kind == 4)
        check_spread(&query, swap);
    else
        check_halves(&query);
    tv_buf_release(&query.text);
}

int main(int argc, char **argv)
{
    uint64_t pairs = 2000;
    uint64_t seed = 1;
    if ((argc > 1 && !tv_str_to_u64(tv_str_of(argv[1]), &pairs)) ||
            (argc > 2 && !tv_str_to_u64(tv_str_of(argv[2]), &seed))) {
        (void)fprintf(stderr, "usage: %s [PAIRS [SEED]]\n", argv[0]);
        return 2;
    }
    oracle_seed(seed);
    for (uint64_t done = 0; done < pairs;) {
        static struct world world;
        make_world(&world);
        for (unsigned i = 0; i < QUERIES_PER_STORE && done < pairs; i++, done++)
            check_pair(&world);
        fixture_close(&world.fixture);
    }
    (void)printf("%" PRIu64 " pairs agree\n", pairs);
    return 0;
}
