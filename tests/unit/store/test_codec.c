/* SPDX-License-Identifier: Apache-2.0 */
/* Codecs: what was put is what is got, for values of every kind; wrong bytes are refused. */
#include "store/codec.h"
#include "store/narrow.h"
#include "support.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 400, VALUES_MAX = 3000 };

static struct tv_reader reader_of(const struct tv_buf *buf)
{
    const uint8_t *start = (const uint8_t *)(buf->data ? buf->data : "");
    return (struct tv_reader){start, start + buf->len};
}

/* Values of one of several habits: constant, small, near each other, rising, anything. */
static void fill(struct test_random *random, int64_t *values, uint32_t count)
{
    uint64_t habit = test_below(random, 7);
    int64_t base = (int64_t)test_next(random);
    unsigned shift = (unsigned)test_below(random, 64);
    for (uint32_t i = 0; i < count; i++) {
        int64_t noise = (int64_t)(test_next(random) >> shift);
        int64_t rising = (int64_t)((uint64_t)base + (uint64_t)i * 1000 + (uint64_t)(noise & 255));
        const int64_t all[7] = {base, noise & 1, noise & 3, rising, noise,
                test_below(random, 50) ? noise & 255 : (int64_t)test_next(random),
                test_below(random, 2) ? INT64_MIN : INT64_MAX};
        values[i] = all[habit];
    }
}

static void ints__give_back_what_was_put(void **state)
{
    (void)state;
    struct test_random random = {11};
    static int64_t values[VALUES_MAX], found[VALUES_MAX];
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count = (uint32_t)test_below(&random, round < 50 ? 5 : VALUES_MAX);
        struct tv_buf out = {0};
        fill(&random, values, count);
        tv_ints_put(&out, values, count);
        struct tv_reader in = reader_of(&out);
        assert_true(tv_ints_get(&in, count, found));
        assert_true(in.at == in.end);
        assert_memory_equal(values, found, count * sizeof(*values));
        tv_buf_release(&out);
    }
}

static void narrow__gives_back_what_was_put(void **state)
{
    (void)state;
    struct test_random random = {12};
    static int64_t values[VALUES_MAX], found[VALUES_MAX];
    static uint32_t codes[VALUES_MAX], found_codes[VALUES_MAX];
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count = (uint32_t)test_below(&random, VALUES_MAX);
        struct tv_buf out = {0};
        fill(&random, values, count);
        for (uint32_t i = 0; i < count; i++)
            codes[i] = (uint32_t)values[i] & 0x7fffffff;
        tv_narrow_put(&out, values, count);
        tv_narrow_put_u32(&out, codes, count);
        struct tv_reader in = reader_of(&out);
        assert_true(tv_narrow_get(&in, count, found));
        assert_true(tv_narrow_get_u32(&in, count, UINT32_MAX, found_codes));
        assert_true(in.at == in.end);
        assert_memory_equal(values, found, count * sizeof(*values));
        assert_memory_equal(codes, found_codes, count * sizeof(*codes));
        tv_buf_release(&out);
    }
}

static void floats__give_back_every_bit(void **state)
{
    (void)state;
    struct test_random random = {13};
    static uint64_t bits[VALUES_MAX], found[VALUES_MAX];
    const double odd[] = {0.0, -0.0, NAN, INFINITY, -INFINITY, 1e300, 5e-324, 0.1, 12.3};
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count = (uint32_t)test_below(&random, 500);
        uint64_t habit = test_below(&random, 3);
        struct tv_buf out = {0};
        for (uint32_t i = 0; i < count; i++) {
            double tenth = (double)(int64_t)test_below(&random, 100000) / 100 - 300;
            double value = habit == 0 ? tenth
                    : habit == 1      ? odd[test_below(&random, 9)]
                                      : (double)test_next(&random) * 1e-7;
            memcpy(&bits[i], &value, sizeof(value));
        }
        tv_floats_put(&out, bits, count);
        struct tv_reader in = reader_of(&out);
        assert_true(tv_floats_get(&in, count, found));
        assert_memory_equal(bits, found, count * sizeof(*bits));
        tv_buf_release(&out);
    }
}

static void floats__of_few_places_are_small(void **state)
{
    (void)state;
    uint64_t bits[1000];
    struct tv_buf out = {0};
    struct test_random random = {14};
    for (int i = 0; i < 1000; i++) {
        double value = (double)test_below(&random, 1000) / 10;
        memcpy(&bits[i], &value, sizeof(value));
    }
    tv_floats_put(&out, bits, 1000);
    assert_true(out.len < 2100);
    tv_buf_release(&out);
}

static void ids__give_back_what_was_put(void **state)
{
    (void)state;
    struct test_random random = {15};
    static uint64_t words[VALUES_MAX * 2], found[VALUES_MAX * 2];
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count = (uint32_t)test_below(&random, VALUES_MAX);
        uint32_t each = 1 + (uint32_t)test_below(&random, 2);
        uint64_t distinct = 1 + test_below(&random, count + 1);
        struct tv_buf out = {0};
        for (uint32_t i = 0; i < count; i++) {
            uint64_t id = test_below(&random, distinct);
            words[i * each] = id * 0x9e3779b97f4a7c15ULL;
            words[i * each + each - 1] = id * 0x9e3779b97f4a7c15ULL;
        }
        tv_ids_put(&out, words, each, count);
        struct tv_reader in = reader_of(&out);
        assert_true(tv_ids_get(&in, each, count, found));
        assert_true(in.at == in.end);
        assert_memory_equal(words, found, count * each * sizeof(*words));
        tv_buf_release(&out);
    }
}

static struct tv_str any_text(struct test_random *random, uint64_t habit, struct tv_arena *arena)
{
    unsigned long long number = test_below(random, 500);
    if (habit == 0)
        return tv_arena_printf(arena, "u%llu", number);
    if (habit == 1)
        return tv_arena_printf(arena, "%016llx", number * 0x9e3779b97f4a7c15ULL);
    if (habit == 2)
        return tv_arena_printf(arena, "u%03llu", number);
    if (habit == 3)
        return (struct tv_str){"\0x\xff", number % 4};
    return tv_arena_printf(arena, "%.*s%llu", (int)(number % 40),
            "a longer text with some words in it to be cut", number * number);
}

/* Some of the values alone are the same as when all are read. */
static void check_text_picks(struct test_random *random, const struct tv_buf *column,
        const struct tv_text_column *all, uint32_t count)
{
    struct tv_arena arena = {0};
    uint32_t *at = tv_arena_calloc(&arena, count, sizeof(*at));
    struct tv_str *got = tv_arena_calloc(&arena, count, sizeof(*got));
    struct tv_picks picks = {at, 0};
    uint64_t rarity = 1 + test_below(random, 50);
    for (uint32_t i = 0; i < count; i++)
        if (!test_below(random, rarity))
            at[picks.count++] = i;
    struct tv_reader in = reader_of(column);
    assert_true(tv_text_column_pick(&in, count, picks, &arena, got));
    assert_true(in.at == in.end);
    for (uint32_t i = 0; i < picks.count; i++)
        assert_true(tv_str_equal(got[i], all->dictionary[all->codes[at[i]] - 1]));
    tv_arena_release(&arena);
}

static void check_text_column(struct test_random *random, uint32_t count, uint32_t distinct)
{
    struct tv_arena arena = {0};
    struct tv_buf out = {0};
    struct tv_str *texts = tv_arena_calloc(&arena, distinct, sizeof(*texts));
    uint32_t *codes = tv_arena_calloc(&arena, count, sizeof(*codes));
    struct tv_text_column back = {.codes = tv_arena_calloc(&arena, count, sizeof(*codes))};
    uint32_t used = 0;
    uint64_t habit = test_below(random, 5);
    for (uint32_t i = 0; i < distinct; i++)
        texts[i] = any_text(random, habit, &arena);
    for (uint32_t i = 0; i < count; i++) {
        codes[i] = used < distinct && (used == 0 || test_below(random, 2))
                ? used + 1
                : (uint32_t)test_below(random, used) + 1;
        used = codes[i] > used ? codes[i] : used;
    }
    tv_text_column_put(&out, texts, used, codes, count);
    struct tv_reader in = reader_of(&out);
    assert_true(tv_text_column_get(&in, count, &arena, &back));
    assert_true(in.at == in.end);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(back.codes[i] >= 1 && back.codes[i] <= back.distinct);
        assert_true(tv_str_equal(texts[codes[i] - 1], back.dictionary[back.codes[i] - 1]));
    }
    check_text_picks(random, &out, &back, count);
    tv_buf_release(&out);
    tv_arena_release(&arena);
}

static void text_columns__give_back_what_was_put(void **state)
{
    (void)state;
    struct test_random random = {16};
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count = 1 + (uint32_t)test_below(&random, 1000);
        check_text_column(&random, count, 1 + (uint32_t)test_below(&random, count));
    }
}

static void rows__give_back_what_was_put(void **state)
{
    (void)state;
    struct test_random random = {17};
    static uint32_t rows[VALUES_MAX], found[VALUES_MAX];
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t all = 1 + (uint32_t)test_below(&random, VALUES_MAX), count = 0;
        uint64_t share = 1 + test_below(&random, round % 3 ? 3 : 100);
        for (uint32_t row = 0; row < all; row++)
            if (test_below(&random, share) == 0)
                rows[count++] = row;
        struct tv_buf out = {0};
        tv_rows_put(&out, rows, count, all);
        struct tv_reader in = reader_of(&out);
        assert_true(tv_rows_get(&in, count, all, found));
        assert_true(in.at == in.end);
        assert_memory_equal(rows, found, count * sizeof(*rows));
        tv_buf_release(&out);
    }
}

/* Cut off or changed bytes may give other values, but never a read or write out of bounds. */
static void codecs__survive_damage(void **state)
{
    (void)state;
    struct test_random random = {18};
    static int64_t values[500];
    static uint64_t words[1000];
    static uint32_t codes[500];
    for (int round = 0; round < ROUNDS * 5; round++) {
        struct tv_buf out = {0};
        struct tv_arena arena = {0};
        struct tv_text_column column = {.codes = codes};
        fill(&random, values, 500);
        tv_ints_put(&out, values, 500);
        if (test_below(&random, 2))
            out.data[test_below(&random, out.len)] = (char)test_next(&random);
        out.len = test_below(&random, 2) ? test_below(&random, out.len + 1) : out.len;
        struct tv_reader in = reader_of(&out);
        (void)!tv_ints_get(&in, 500, values);
        in = reader_of(&out);
        (void)!tv_ids_get(&in, 2, 500, words);
        in = reader_of(&out);
        (void)!tv_rows_get(&in, 200, 500, codes);
        in = reader_of(&out);
        (void)!tv_text_column_get(&in, 500, &arena, &column);
        tv_arena_release(&arena);
        tv_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(ints__give_back_what_was_put),
            cmocka_unit_test(narrow__gives_back_what_was_put),
            cmocka_unit_test(floats__give_back_every_bit),
            cmocka_unit_test(floats__of_few_places_are_small),
            cmocka_unit_test(ids__give_back_what_was_put),
            cmocka_unit_test(text_columns__give_back_what_was_put),
            cmocka_unit_test(rows__give_back_what_was_put),
            cmocka_unit_test(codecs__survive_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
