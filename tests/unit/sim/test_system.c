/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated system over a round of its five faults, twenty minutes. */
#include "support.h"

#include <stdlib.h>

enum {
    ROUND_S = 1200,
    PERIOD_S = 240,
    ONSET_S = 100,
    MENDED_S = 190,
    AFTERMATH_S = 10, /* what was under way ends */
    TAIL_S = 30,      /* simulated, but not looked at: its traces are cut off */
    FAULTS = 5,
    SEED = 7
};

static struct tale round_of_faults;

static int make_round(void **state)
{
    (void)state;
    tale_write(&round_of_faults, SEED, 0, (ROUND_S + TAIL_S) * TV_NS_PER_S);
    tale_read(&round_of_faults);
    return 0;
}

static int drop_round(void **state)
{
    (void)state;
    tale_release(&round_of_faults);
    return 0;
}

static double second_of(const struct told *event)
{
    return (double)(event->time_ns - START_NS) / 1e9;
}

static bool is(struct tv_str text, const char *expected)
{
    return tv_str_equal(text, tv_str_of(expected));
}

/* Determinism. */

static void system__repeats_itself_by_seed_and_start(void **state)
{
    (void)state;
    struct tale first, again, seed, start;
    tale_write(&first, 1, 0, TV_NS_PER_MIN);
    tale_write(&again, 1, 0, TV_NS_PER_MIN);
    tale_write(&seed, 2, 0, TV_NS_PER_MIN);
    tale_write(&start, 1, TV_NS_PER_S, TV_NS_PER_MIN);
    assert_true(first.text.len > 10000);
    assert_true(tv_str_equal(tv_buf_str(&first.text), tv_buf_str(&again.text)));
    assert_false(tv_str_equal(tv_buf_str(&first.text), tv_buf_str(&seed.text)));
    assert_false(tv_str_equal(tv_buf_str(&first.text), tv_buf_str(&start.text)));
    tale_read(&first);
    tale_read(&start);
    for (size_t i = 0; i < first.count && i < start.count; i++)
        assert_false(tv_str_equal(first.events[i].id, start.events[i].id));
    tale_release(&first);
    tale_release(&again);
    tale_release(&seed);
    tale_release(&start);
}

static void system__tells_the_same_however_far_it_goes(void **state)
{
    (void)state;
    struct tale part;
    tale_write(&part, SEED, 0, 97 * TV_NS_PER_S);
    assert_true(part.text.len > 10000);
    assert_true(tv_str_starts_with(tv_buf_str(&round_of_faults.text), tv_buf_str(&part.text)));
    tale_release(&part);
}

static bool give_up(void *ctx, struct tv_str lines)
{
    (void)lines;
    return --*(int *)ctx > 0;
}

static void system__stops_writing_when_told_so(void **state)
{
    (void)state;
    int left = 3;
    struct tv_sim_stretch stretch = {1, START_NS, START_NS + TV_NS_PER_HOUR};
    tv_sim_write(&stretch, give_up, &left);
    assert_int_equal(left, 0);
}

/* Shape. */

static void system__says_what_every_event_needs(void **state)
{
    (void)state;
    int64_t before_ns = 0;
    for (size_t i = 0; i < round_of_faults.count; i++) {
        const struct told *event = &round_of_faults.events[i];
        assert_int_equal(event->id.len, 24);
        assert_true(event->service.len > 0 && event->type.len > 0);
        bool span = is(event->type, "span");
        int64_t told_ns = event->time_ns + (span ? event->duration_ns : 0);
        assert_true(!span || (event->duration_ns > 0 && event->kind.len > 0));
        assert_true(told_ns >= before_ns);
        before_ns = told_ns;
    }
    assert_true(before_ns <= START_NS + (ROUND_S + TAIL_S) * TV_NS_PER_S);
}

static int by_id(const void *a, const void *b)
{
    const struct told *const *left = a, *const *right = b;
    return tv_str_compare((*left)->id, (*right)->id);
}

static int by_span(const void *a, const void *b)
{
    const struct told *const *left = a, *const *right = b;
    int traces = tv_str_compare((*left)->trace, (*right)->trace);
    return traces ? traces : tv_str_compare((*left)->span, (*right)->span);
}

/* Pointers to the events (to the spans alone), sorted; owned by the caller. */
static const struct told **sorted(
        bool spans, int (*compare)(const void *a, const void *b), size_t *count)
{
    const struct told **out = calloc(round_of_faults.count, sizeof *out);
    *count = 0;
    for (size_t i = 0; i < round_of_faults.count; i++)
        if (!spans || is(round_of_faults.events[i].type, "span"))
            out[(*count)++] = &round_of_faults.events[i];
    qsort(out, *count, sizeof *out, compare);
    return out;
}

static void system__gives_every_event_an_id_of_its_own(void **state)
{
    (void)state;
    size_t count;
    const struct told **events = sorted(false, by_id, &count);
    for (size_t i = 1; i < count; i++)
        assert_true(by_id(&events[i - 1], &events[i]) < 0);
    free(events);
}

static void system__has_the_parent_of_every_span_in_its_trace(void **state)
{
    (void)state;
    size_t count, children = 0;
    const struct told **spans = sorted(true, by_span, &count);
    for (size_t i = 0; i < count; i++) {
        if (i)
            assert_true(by_span(&spans[i - 1], &spans[i]) < 0);
        if (!spans[i]->parent.len || second_of(spans[i]) >= ROUND_S)
            continue;
        struct told key = {.trace = spans[i]->trace, .span = spans[i]->parent};
        const struct told *wanted = &key;
        const struct told *const *parent = bsearch(&wanted, spans, count, sizeof *spans, by_span);
        if (!parent)
            fail_msg("no parent %.*s of %.*s", TV_STR_ARG(key.span), TV_STR_ARG(spans[i]->span));
        assert_true((*parent)->time_ns <= spans[i]->time_ns);
        children++;
    }
    assert_true(children > count / 2);
    free(spans);
}

static void system__makes_a_steady_stream(void **state)
{
    (void)state;
    size_t minutes[ROUND_S / 60 + 1] = {0};
    for (size_t i = 0; i < round_of_faults.count; i++) {
        size_t minute = (size_t)(second_of(&round_of_faults.events[i]) / 60);
        minutes[minute]++;
    }
    for (size_t i = 0; i < ROUND_S / 60; i++)
        if (minutes[i] < 60 * 60 || minutes[i] > 200 * 60)
            fail_msg("%zu events in minute %zu", minutes[i], i);
}

/* Faults. */

struct share {
    unsigned requests, failed;
};

/* The service's requests that began in [from, to) seconds. */
static struct share requests(const char *service, double from, double to)
{
    struct share share = {0, 0};
    for (size_t i = 0; i < round_of_faults.count; i++) {
        const struct told *event = &round_of_faults.events[i];
        double second = second_of(event);
        if (second < from || second >= to || !is(event->kind, "server") ||
                !is(event->service, service))
            continue;
        share.requests++;
        share.failed += event->error;
    }
    return share;
}

static void system__is_well_between_the_faults(void **state)
{
    (void)state;
    for (int fault = 0; fault < FAULTS; fault++) {
        double from = fault ? fault * PERIOD_S - (PERIOD_S - MENDED_S) + AFTERMATH_S : 0;
        struct share share = requests("api-gateway", from, fault * PERIOD_S + ONSET_S - 5);
        assert_true(share.requests > 300);
        if (share.failed * 100 >= share.requests)
            fail_msg("before fault %d: %u of %u", fault, share.failed, share.requests);
    }
}

static void system__fails_at_the_front_in_every_fault(void **state)
{
    (void)state;
    for (int fault = 0; fault < FAULTS; fault++) {
        double onset = fault * PERIOD_S + ONSET_S, mended = fault * PERIOD_S + MENDED_S;
        struct share share = requests("api-gateway", onset + 20, mended);
        if (share.failed * 100 < share.requests * 8)
            fail_msg("fault %d: %u of %u", fault, share.failed, share.requests);
        struct share soon = requests("api-gateway", onset, onset + 20);
        assert_true(soon.failed > 0);
    }
}

/* The first event in [from, to) seconds of the service whose message holds the text, or NULL. */
static const struct told *first_saying(
        const char *service, const char *text, double from, double to)
{
    for (size_t i = 0; i < round_of_faults.count; i++) {
        const struct told *event = &round_of_faults.events[i];
        double second = second_of(event);
        if (second >= from && second < to && is(event->service, service) &&
                tv_str_contains(event->message, tv_str_of(text)))
            return event;
    }
    return NULL;
}

static void system__has_each_fault_said_at_its_root_and_on_the_way(void **state)
{
    (void)state;
    static const struct {
        int fault;
        const char *service, *text;
    } signs[] = {
            {0, "payment", "hold the connection"},
            {0, "orders-db", "connection pool exhausted"},
            {0, "orders", "at orders-db failed: connection pool exhausted"},
            {0, "api-gateway", "POST /orders at orders failed"},
            {0, "storefront", "POST /api/orders at api-gateway failed"},
            {1, "catalog-db", "SELECT products took"},
            {1, "catalog", "at catalog-db failed: no answer within 3000 ms"},
            {1, "api-gateway", "at catalog failed"},
            {2, "auth", "rotate signing keys"},
            {2, "auth", "unknown key id"},
            {2, "api-gateway", "POST /verify at auth failed"},
            {3, "inventory", "check every warehouse"},
            {3, "cart", "at inventory failed: no answer within"},
            {3, "api-gateway", "PUT /items at cart failed"},
            {4, "search", "OutOfMemoryError"},
            {4, "api-gateway", "GET /query at search failed"},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        double onset = signs[i].fault * PERIOD_S + ONSET_S;
        const struct told *event =
                first_saying(signs[i].service, signs[i].text, onset - 25, onset + 30);
        if (!event)
            fail_msg("fault %d: %s does not say \"%s\" soon", signs[i].fault, signs[i].service,
                    signs[i].text);
    }
}

static void system__answers_503_at_the_gateway_when_the_pool_is_exhausted(void **state)
{
    (void)state;
    unsigned answered = 0;
    for (size_t i = 0; i < round_of_faults.count; i++) {
        const struct told *event = &round_of_faults.events[i];
        double second = second_of(event);
        if (second >= ONSET_S + 20 && second < MENDED_S && event->error &&
                is(event->kind, "server") && is(event->service, "api-gateway"))
            answered += event->http_status == 503;
    }
    assert_true(answered > 50);
}

static void system__shows_the_pool_fill_up_and_empty(void **state)
{
    (void)state;
    unsigned full = 0, roomy = 0;
    for (size_t i = 0; i < round_of_faults.count; i++) {
        const struct told *event = &round_of_faults.events[i];
        if (!is(event->type, "metric") || !is(event->service, "orders-db"))
            continue;
        double second = second_of(event);
        assert_true(event->pool_in_use >= 0 && event->pool_in_use <= event->pool_size);
        bool exhausted = second >= ONSET_S + 15 && second < MENDED_S;
        bool well = second < ONSET_S || second >= MENDED_S + AFTERMATH_S;
        if (exhausted && event->pool_in_use != event->pool_size)
            fail_msg("%g of %g in use at second %g", event->pool_in_use, event->pool_size, second);
        if (well && second < PERIOD_S)
            assert_true(event->pool_in_use < event->pool_size / 2);
        full += exhausted;
        roomy += well;
    }
    assert_true(full >= 7 && roomy >= 10);
}

static void system__runs_out_of_memory_before_it_says_so(void **state)
{
    (void)state;
    double onset = 4 * PERIOD_S + ONSET_S, highest = 0;
    for (size_t i = 0; i < round_of_faults.count; i++) {
        const struct told *event = &round_of_faults.events[i];
        double second = second_of(event);
        if (is(event->service, "search") && second >= onset - 11 && second < onset &&
                event->memory > highest)
            highest = event->memory;
    }
    assert_true(highest > 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(system__repeats_itself_by_seed_and_start),
            cmocka_unit_test(system__tells_the_same_however_far_it_goes),
            cmocka_unit_test(system__stops_writing_when_told_so),
            cmocka_unit_test(system__says_what_every_event_needs),
            cmocka_unit_test(system__gives_every_event_an_id_of_its_own),
            cmocka_unit_test(system__has_the_parent_of_every_span_in_its_trace),
            cmocka_unit_test(system__makes_a_steady_stream),
            cmocka_unit_test(system__is_well_between_the_faults),
            cmocka_unit_test(system__fails_at_the_front_in_every_fault),
            cmocka_unit_test(system__has_each_fault_said_at_its_root_and_on_the_way),
            cmocka_unit_test(system__answers_503_at_the_gateway_when_the_pool_is_exhausted),
            cmocka_unit_test(system__shows_the_pool_fill_up_and_empty),
            cmocka_unit_test(system__runs_out_of_memory_before_it_says_so),
    };
    return cmocka_run_group_tests(tests, make_round, drop_round);
}
