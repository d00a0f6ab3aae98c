/* SPDX-License-Identifier: Apache-2.0 */
/* The engine against a naive executor: random events, random statements, equal answers.
 *
 *     oracle_executor_oracle [PAIRS [SEED [EVENTS]]]
 *
 * The naive side keeps the events as plain structs, judges a condition's tree one event at a time with
 * three-valued logic of its own, sorts with qsort and counts with nested loops; it shares no code with
 * lexer, parser, predicates, store or operators. Events come late, out of order, twice, and with fields
 * missing; some lie in segments, some in level 0. Each statement is also rewritten (operands exchanged,
 * NOT NOT, a window cut in two, a LIMIT's prefix), and must then answer the same. */
#include "support_world.h"

#include "base/json_in.h"

#include <inttypes.h>
#include <math.h>

enum { QUERIES_PER_STORE = 40, EXACT_MAX = 1000 };

struct query {
    struct world *world;
    struct condition condition;
    int root;
    int64_t from, to;
    int64_t as_of;  /* INT64_MAX: not said */
    unsigned *hits; /* rows that match, by time, then arrival */
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
        if (row->time >= query->from && row->time <= query->to && row->received <= query->as_of &&
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

static void add_as_of(struct query *query)
{
    char known[TV_TIME_TEXT_BYTES];
    if (query->as_of == INT64_MAX)
        return;
    tv_time_format(query->as_of, known);
    tv_buf_printf(&query->text, " AS OF '%s'", known);
}

static void add_window_and_where(struct query *query, bool swap, int64_t from, int64_t to)
{
    char begin[TV_TIME_TEXT_BYTES];
    char end[TV_TIME_TEXT_BYTES];
    tv_time_format(from, begin);
    tv_time_format(to, end);
    tv_buf_printf(&query->text, " FROM '%s' TO '%s' WHERE ", begin, end);
    oracle_print(&query->text, &query->condition, query->root, swap);
    add_as_of(query);
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
    if ((query->to - query->from) / step > (query->world->most > 400 ? 50 : 10000))
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
    int64_t *durations; /* ascending; the world's room */
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
    struct group group = {.longest = -1, .durations = query->world->durations};
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

/* Exact where few durations are, else within the sketch's bound. */
static bool quantile_agrees(double answered, const struct group *group, unsigned per_cent)
{
    double naive = (double)naive_quantile(group, per_cent);
    double allowed = group->timed <= EXACT_MAX ? 0 : 0.0101 * fabs(naive);
    return fabs(answered - naive) <= allowed;
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
        agrees = agrees && quantile_agrees(cell(&at), group, per_cents[i]);
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
    unsigned *sorted = query->world->sorted;
    memcpy(sorted, query->hits, query->hit_count * sizeof(*sorted));
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

/* What has one event id, or belongs to one trace: found through filters, not by the window. */
static void check_key(struct query *query)
{
    struct tv_buf answer = {0};
    char trace[33] = "";
    bool by_trace = oracle_below(2);
    int key = (int)oracle_below(query->world->id_count / (by_trace ? 8 : 1));
    unsigned count = 0, first = 0, last = 0;
    for (unsigned i = 0; i < query->world->count; i++) {
        const struct row *row = &query->world->rows[i];
        if ((by_trace ? row->trace : row->id) != key || row->received > query->as_of)
            continue;
        first = count ? first : i;
        last = i;
        count++;
    }
    tv_trace_id_format(oracle_trace_id(key), trace);
    begin_text(
            query, "SELECT count(*), min(seq), max(seq) FROM '1970-01-01' TO '2200-01-01' WHERE ");
    if (by_trace)
        tv_buf_printf(&query->text, "traceId = '%s'", trace);
    else
        tv_buf_printf(&query->text, "eventId = 'e%d'", key);
    add_as_of(query);
    struct tv_json *document = ask(query, &answer);
    const struct tv_json *row = tv_json_first(tv_json_member(document, "rows"));
    const struct tv_json *at = tv_json_first(row);
    if ((at ? (unsigned)tv_json_number(at) : 0) != count ||
            (count && ((unsigned)cell(&at) != first || (unsigned)cell(&at) != last)))
        mismatch(query, "others have this key", &answer);
    tv_json_free(document);
    tv_buf_release(&answer);
}

/* Each service's events and errors. */
static void check_services(struct query *query, bool swap)
{
    struct tv_buf answer = {0};
    unsigned events[4] = {0}, errors[4] = {0}, shown = 0, present = 0;
    for (unsigned i = 0; i < query->hit_count; i++) {
        const struct row *row = &query->world->rows[query->hits[i]];
        present += events[row->service]++ == 0;
        errors[row->service] += oracle_is_error(row);
    }
    begin_text(query, "SHOW services");
    add_window_and_where(query, swap, query->from, query->to);
    struct tv_json *document = ask(query, &answer);
    const struct tv_json *row = tv_json_first(tv_json_member(document, "rows"));
    for (; row; row = tv_json_next(row), shown++) {
        const struct tv_json *at = tv_json_first(row);
        unsigned service = 0;
        while (service < 4 &&
                !tv_str_equal(tv_json_string(at), tv_str_of(oracle_services[service])))
            service++;
        for (int i = 0; i < 4; i++)
            at = tv_json_next(at); /* instances, version, first and last event */
        if (service == 4 || (unsigned)cell(&at) != events[service] ||
                (unsigned)cell(&at) != errors[service])
            mismatch(query, "another service", &answer);
    }
    if (shown != present)
        mismatch(query, "another number of services", &answer);
    tv_json_free(document);
    tv_buf_release(&answer);
}

static void random_window(struct query *query)
{
    unsigned steps = query->world->steps;
    unsigned most = steps > 600 && oracle_below(3) ? 600 : steps;
    query->from = BASE_NS + (int64_t)oracle_below(steps - 100) * 100 * TV_NS_PER_MS;
    query->to = query->from + (int64_t)oracle_below(most) * 100 * TV_NS_PER_MS;
    if (oracle_below(3) == 0)
        query->from -= 6 * TV_NS_PER_DAY;
    query->as_of = INT64_MAX;
    if (oracle_below(4) == 0)
        query->as_of = BASE_NS - TV_NS_PER_DAY +
                (int64_t)(oracle_below(1000) *
                        ((uint64_t)(query->world->received_ns - BASE_NS + TV_NS_PER_DAY) / 1000));
}

static void check_pair(struct world *world)
{
    struct query query = {.world = world, .hits = world->hits};
    random_window(&query);
    query.root = oracle_condition(&query.condition, 4);
    find_hits(&query);
    bool swap = oracle_below(2);
    switch (oracle_below(8)) {
    case 0:
        check_timeline(&query, swap);
        break;
    case 1:
        check_buckets(&query, swap);
        break;
    case 2:
        check_groups(&query, swap);
        break;
    case 3:
        check_order(&query, swap);
        break;
    case 4:
        check_spread(&query, swap);
        break;
    case 5:
        check_key(&query);
        break;
    case 6:
        check_services(&query, swap);
        break;
    default:
        check_halves(&query);
    }
    tv_buf_release(&query.text);
}

int main(int argc, char **argv)
{
    uint64_t pairs = 2000, seed = 1, events = 400;
    if ((argc > 1 && !tv_str_to_u64(tv_str_of(argv[1]), &pairs)) ||
            (argc > 2 && !tv_str_to_u64(tv_str_of(argv[2]), &seed)) ||
            (argc > 3 && !tv_str_to_u64(tv_str_of(argv[3]), &events)) || events < 400 ||
            events > UINT64_C(100000000)) {
        (void)fprintf(stderr, "usage: %s [PAIRS [SEED [EVENTS]]]\n", argv[0]);
        return 2;
    }
    oracle_seed(seed);
    uint64_t each = events > 400 ? pairs : QUERIES_PER_STORE;
    for (uint64_t done = 0; done < pairs;) {
        struct world world;
        world_make(&world, (unsigned)events);
        for (uint64_t i = 0; i < each && done < pairs; i++, done++)
            check_pair(&world);
        world_release(&world);
    }
    (void)printf("%" PRIu64 " pairs agree\n", pairs);
    return 0;
}
