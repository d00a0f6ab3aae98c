/* SPDX-License-Identifier: Apache-2.0 */
/* Planted patterns are found, noise is not, and counts are those of a naive count. */
#include "insight/patterns.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MONTH (30 * TV_NS_PER_DAY)

static uint64_t below(uint64_t *random, uint64_t bound)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random % bound;
}

static uint32_t kind_of(struct tv_kinds *kinds, int number)
{
    char name[16];
    (void)snprintf(name, sizeof(name), "k%d", number);
    struct tv_kind_names names = {
            .service = TV_STR("s"), .type = TV_STR("custom"), .name = tv_str_of(name)};
    return tv_kinds_number(kinds, &names);
}

/* `count` occurrences at random, by day only if asked: a time of day that all kinds share. */
static void scatter(struct tv_kinds *kinds, int number, int count, bool by_day, uint64_t *random)
{
    uint32_t kind = kind_of(kinds, number);
    for (int i = 0; i < count; i++) {
        int64_t time = (int64_t)below(random, MONTH);
        if (by_day)
            time = time / TV_NS_PER_DAY * TV_NS_PER_DAY + 9 * TV_NS_PER_HOUR +
                    (int64_t)below(random, 3 * TV_NS_PER_HOUR);
        tv_kinds_add(kinds, kind, time);
    }
}

static const struct tv_pattern *find(
        const struct tv_patterns *patterns, const uint32_t *kinds, unsigned length)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const struct tv_pattern *pattern = &patterns->items[i];
        bool same = pattern->length == length;
        for (unsigned k = 0; same && k < length; k++)
            same = pattern->kinds[k] == kinds[k];
        if (same)
            return pattern;
    }
    return NULL;
}

static void kinds__make_bursts_one(void **state)
{
    (void)state;
    struct tv_kinds kinds = {0};
    uint32_t kind = kind_of(&kinds, 1);
    const int64_t seconds[] = {500, 100, 101, 159, 218, 1000, 1060, 1061};
    for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
        tv_kinds_add(&kinds, kind, seconds[i] * TV_NS_PER_S);
    tv_kinds_settle(&kinds);
    assert_int_equal(kinds.items[kind].count, 3);
    assert_int_equal(kinds.items[kind].times[0], 100 * TV_NS_PER_S);
    assert_int_equal(kinds.items[kind].times[2], 1000 * TV_NS_PER_S);
    for (int i = 0; i < 2 * TV_KINDS_MAX; i++)
        tv_kinds_add(&kinds, kind_of(&kinds, i), 1);
    assert_int_equal(kinds.count, TV_KINDS_MAX);
    assert_int_equal(kinds.left_out, TV_KINDS_MAX);
    tv_kinds_release(&kinds);
}

static void patterns__planted_in_noise_are_found(void **state)
{
    (void)state;
    struct tv_kinds kinds = {0};
    struct tv_patterns found;
    uint64_t random = 99;
    for (int i = 0; i < 40; i++)
        scatter(&kinds, i, 5 + i * 7, i % 3 == 0, &random);
    uint32_t chain[] = {kind_of(&kinds, 50), kind_of(&kinds, 51), kind_of(&kinds, 52)};
    uint32_t pair[] = {kind_of(&kinds, 53), kind_of(&kinds, 54)};
    for (int i = 0; i < 8; i++) { /* seven of eight go on */
        int64_t time = (int64_t)below(&random, MONTH - TV_NS_PER_DAY);
        tv_kinds_add(&kinds, chain[0], time);
        if (i == 3)
            continue;
        time += 30 * TV_NS_PER_S + (int64_t)below(&random, 60 * TV_NS_PER_S);
        tv_kinds_add(&kinds, chain[1], time);
        tv_kinds_add(&kinds, chain[2], time + (int64_t)below(&random, 5 * TV_NS_PER_S) + 1);
    }
    for (int i = 0; i < 5; i++) {
        int64_t time = (int64_t)below(&random, MONTH - TV_NS_PER_DAY);
        tv_kinds_add(&kinds, pair[0], time);
        tv_kinds_add(&kinds, pair[1], time + 4 * TV_NS_PER_MIN);
    }
    tv_kinds_settle(&kinds);
    assert_int_equal(tv_patterns_mine(&kinds, 0, MONTH, NULL, &found), TV_OK);
    const struct tv_pattern *longer = find(&found, chain, 3);
    const struct tv_pattern *shorter = find(&found, pair, 2);
    assert_non_null(longer);
    assert_int_equal(longer->support, 7);
    assert_true(longer->delay_ns > 30 * TV_NS_PER_S && longer->delay_ns < 95 * TV_NS_PER_S);
    assert_non_null(shorter);
    assert_int_equal(shorter->support, 5);
    assert_int_equal(shorter->of, 5);
    assert_int_equal(shorter->delay_ns, 4 * TV_NS_PER_MIN);
    assert_int_equal(shorter->last_end - shorter->last_start, 4 * TV_NS_PER_MIN);
    assert_true(shorter->significance < log(TV_PATTERN_LEVEL));
    assert_null(find(&found, chain, 2)); /* told by the longer one */
    tv_patterns_release(&found);
    tv_kinds_release(&kinds);
}

/* In how many of many months of nothing but noise anything is called a pattern. */
static void patterns__of_noise_are_rare(void **state)
{
    (void)state;
    enum { MONTHS = 60 };
    int wrong = 0;
    uint64_t random = 4711;
    for (int month = 0; month < MONTHS; month++) {
        struct tv_kinds kinds = {0};
        struct tv_patterns found;
        for (int i = 0; i < 24; i++)
            scatter(&kinds, i, 3 + (int)below(&random, 200), month % 2, &random);
        tv_kinds_settle(&kinds);
        assert_int_equal(tv_patterns_mine(&kinds, 0, MONTH, NULL, &found), TV_OK);
        wrong += found.count > 0;
        tv_patterns_release(&found);
        tv_kinds_release(&kinds);
    }
    assert_true(wrong <= MONTHS / 20);
}

/* Every pair of times looked at. */
static size_t naive(const struct tv_kind *from, const struct tv_kind *to, int64_t within)
{
    size_t count = 0;
    for (size_t i = 0; i < from->count; i++) {
        bool followed = false;
        for (size_t k = 0; k < to->count && !followed; k++) {
            bool between = to->times[k] > from->times[i] && to->times[k] - from->times[i] <= within;
            for (size_t n = 0; between && n < from->count; n++)
                between = !(from->times[n] > from->times[i] && from->times[n] < to->times[k]);
            followed = between;
        }
        count += followed;
    }
    return count;
}

static void follow__counts_as_a_naive_count_does(void **state)
{
    (void)state;
    uint64_t random = 31;
    int64_t delays[512];
    for (int round = 0; round < 200; round++) {
        struct tv_kinds kinds = {0};
        for (int kind = 0; kind < 2; kind++)
            for (int i = 0; i < 60; i++)
                tv_kinds_add(&kinds, kind_of(&kinds, kind),
                        (int64_t)below(&random, 600) * 30 * TV_NS_PER_S);
        tv_kinds_settle(&kinds);
        const struct tv_kind *a = &kinds.items[0];
        const struct tv_kind *b = &kinds.items[1];
        int64_t within = (int64_t)(1 + below(&random, 20)) * TV_NS_PER_MIN;
        struct tv_times from = {a->times, a->count};
        struct tv_times to = {b->times, b->count};
        assert_int_equal(tv_patterns_follow(from, to, within, delays), naive(a, b, within));
        tv_kinds_release(&kinds);
    }
}

static void patterns__of_nothing_are_none(void **state)
{
    (void)state;
    struct tv_kinds kinds = {0};
    struct tv_patterns found;
    assert_int_equal(tv_patterns_mine(&kinds, 5, 5, NULL, &found), TV_OK);
    assert_int_equal(found.count, 0);
    tv_patterns_release(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(kinds__make_bursts_one),
            cmocka_unit_test(patterns__planted_in_noise_are_found),
            cmocka_unit_test(patterns__of_noise_are_rare),
            cmocka_unit_test(follow__counts_as_a_naive_count_does),
            cmocka_unit_test(patterns__of_nothing_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
