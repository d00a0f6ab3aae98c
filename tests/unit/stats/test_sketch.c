/* SPDX-License-Identifier: Apache-2.0 */
/* The sketch against sorted numbers, against itself in parts, and against broken bytes. */
#include "stats/sketch.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NUMBERS = 20000 };

static uint64_t seed = 1;

static double uniform(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

static double durations(void)
{
    return floor(exp(17 + 1.5 * normal()));
}

static double pareto(void)
{
    return pow(uniform(), -2);
}

static double around_zero(void)
{
    return uniform() < 0.1 ? 0 : normal() * 1000;
}

static double two_peaks(void)
{
    return uniform() < 0.94 ? 5 + uniform() : 3000 + uniform();
}

static double few_values(void)
{
    return floor(uniform() * 6) - 2;
}

static double whole_range(void)
{
    return (uniform() - 0.5) * 1e12;
}

typedef double draw_fn(void);

static draw_fn *const distributions[] = {
        uniform, durations, pareto, around_zero, two_peaks, few_values, whole_range};
enum { DISTRIBUTIONS = sizeof(distributions) / sizeof(distributions[0]) };

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static void fill(struct tv_sketch *sketch, const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tv_sketch_add(sketch, numbers[i]);
}

static void assert_same(const struct tv_sketch *a, const struct tv_sketch *b)
{
    struct tv_buf left = {0};
    struct tv_buf right = {0};
    tv_sketch_encode(a, &left);
    tv_sketch_encode(b, &right);
    assert_int_equal(left.len, right.len);
    assert_memory_equal(left.data, right.data, left.len);
    tv_buf_release(&left);
    tv_buf_release(&right);
}

static void assert_near(double got, double want)
{
    if (fabs(got - want) > fabs(want) * (TV_SKETCH_ACCURACY + 1e-9))
        fail_msg("%.17g is not within 1 %% of %.17g", got, want);
}

static void sketch__is_within_its_accuracy_at_every_rank(void **state)
{
    static double numbers[NUMBERS];
    (void)state;
    for (size_t kind = 0; kind < DISTRIBUTIONS; kind++) {
        for (size_t count = 1; count <= NUMBERS; count = count * 3 + 1) {
            struct tv_sketch sketch = {0};
            for (size_t i = 0; i < count; i++)
                numbers[i] = distributions[kind]();
            fill(&sketch, numbers, count);
            qsort(numbers, count, sizeof(*numbers), ascending);
            assert_int_equal(sketch.count, count);
            for (size_t rank = 1; rank <= count; rank++)
                assert_near(tv_sketch_at(&sketch, rank), numbers[rank - 1]);
            assert_true(tv_sketch_at(&sketch, 1) == numbers[0]);
            assert_true(tv_sketch_at(&sketch, count) == numbers[count - 1]);
            tv_sketch_release(&sketch);
        }
    }
}

static void sketch__of_parts_is_the_sketch_of_the_whole(void **state)
{
    static double numbers[NUMBERS];
    (void)state;
    for (size_t kind = 0; kind < DISTRIBUTIONS; kind++) {
        struct tv_sketch parts[3] = {0};
        struct tv_sketch whole = {0};
        struct tv_sketch left = {0};
        struct tv_sketch right = {0};
        for (size_t i = 0; i < NUMBERS; i++)
            numbers[i] = distributions[kind]() * (i % 3 == 1 ? 1e9 : 1);
        for (size_t i = 0; i < NUMBERS; i++)
            tv_sketch_add(&parts[i % 3], numbers[i]);
        for (size_t i = NUMBERS; i > 0; i--)
            tv_sketch_add(&whole, numbers[i - 1]);
        tv_sketch_merge(&left, &parts[0]); /* (0 + 1) + 2 */
        tv_sketch_merge(&left, &parts[1]);
        tv_sketch_merge(&left, &parts[2]);
        tv_sketch_merge(&right, &parts[2]); /* (2 + 1) + 0 */
        tv_sketch_merge(&right, &parts[1]);
        tv_sketch_merge(&right, &parts[0]);
        assert_same(&left, &right);
        assert_same(&left, &whole);
        for (int i = 0; i < 3; i++)
            tv_sketch_release(&parts[i]);
        tv_sketch_release(&whole);
        tv_sketch_release(&left);
        tv_sketch_release(&right);
    }
}

static void sketch__collapses_next_to_zero_and_stays_small(void **state)
{
    (void)state;
    struct tv_sketch up = {0};
    struct tv_sketch down = {0};
    double numbers[1400];
    for (int i = 0; i < 1400; i++)
        numbers[i] = ldexp(i % 2 ? 1.3 : -1.3, i / 2 - 350);
    fill(&up, numbers, 1400);
    for (int i = 1400; i > 0; i--)
        tv_sketch_add(&down, numbers[i - 1]);
    assert_same(&up, &down);
    assert_true(tv_sketch_bytes(&up) <= 2 * TV_SKETCH_BUCKETS * sizeof(uint64_t));
    assert_true(tv_sketch_bytes(&down) <= 2 * TV_SKETCH_BUCKETS * sizeof(uint64_t));
    qsort(numbers, 1400, sizeof(*numbers), ascending);
    /* 2048 buckets are 59 doublings: the outermost numbers keep the bound. */
    for (size_t i = 0; i < 59; i++) {
        assert_near(tv_sketch_at(&up, i + 1), numbers[i]);
        assert_near(tv_sketch_at(&up, 1400 - i), numbers[1399 - i]);
    }
    for (uint64_t rank = 2; rank <= 1400; rank++)
        assert_true(tv_sketch_at(&up, rank) >= tv_sketch_at(&up, rank - 1));
    tv_sketch_release(&up);
    tv_sketch_release(&down);
}

static void sketch__takes_the_ends_of_the_doubles(void **state)
{
    (void)state;
    struct tv_sketch sketch = {0};
    const double numbers[] = {-DBL_MAX, -1, -DBL_MIN / 2, 0, -0.0, DBL_MIN / 2, 1, DBL_MAX};
    fill(&sketch, numbers, 8);
    tv_sketch_add(&sketch, INFINITY);
    tv_sketch_add(&sketch, -INFINITY);
    tv_sketch_add(&sketch, NAN);
    assert_int_equal(sketch.count, 8);
    assert_int_equal(sketch.zeros, 4);
    assert_true(tv_sketch_at(&sketch, 1) == -DBL_MAX);
    assert_true(tv_sketch_at(&sketch, 8) == DBL_MAX);
    assert_true(tv_sketch_at(&sketch, 4) == 0);
    tv_sketch_release(&sketch);
    tv_sketch_add(&sketch, DBL_MIN);
    tv_sketch_add(&sketch, DBL_MIN);
    tv_sketch_add(&sketch, DBL_MAX);
    assert_true(tv_sketch_at(&sketch, 2) >= DBL_MIN);
    tv_sketch_release(&sketch);
}

static void sketch__comes_back_from_its_bytes(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < DISTRIBUTIONS; kind++) {
        for (size_t count = 0; count < 3000; count = count * 2 + 1) {
            struct tv_sketch sketch = {0};
            struct tv_sketch again;
            struct tv_buf bytes = {0};
            for (size_t i = 0; i < count; i++)
                tv_sketch_add(&sketch, distributions[kind]());
            tv_sketch_encode(&sketch, &bytes);
            tv_buf_append_char(&bytes, 'x');
            struct tv_reader in = {
                    (const uint8_t *)bytes.data, (const uint8_t *)bytes.data + bytes.len};
            assert_true(tv_sketch_decode(&in, &again));
            assert_int_equal(in.end - in.at, 1);
            assert_same(&sketch, &again);
            tv_sketch_merge(&again, &sketch);
            assert_int_equal(again.count, 2 * count);
            tv_sketch_release(&again);
            tv_sketch_release(&sketch);
            tv_buf_release(&bytes);
        }
    }
}

static void sketch__encodes_a_service_in_a_few_hundred_bytes(void **state)
{
    (void)state;
    struct tv_sketch sketch = {0};
    struct tv_buf bytes = {0};
    for (int i = 0; i < 1000; i++)
        tv_sketch_add(&sketch, floor(exp(17 + 0.5 * normal())));
    tv_sketch_encode(&sketch, &bytes);
    assert_true(bytes.len < 500);
    tv_buf_release(&bytes);
    tv_sketch_release(&sketch);
}

/* Every prefix is refused; changed bytes are refused or make a sketch that holds together. */
static void sketch__refuses_broken_bytes(void **state)
{
    (void)state;
    struct tv_sketch sketch = {0};
    struct tv_buf bytes = {0};
    for (int i = 0; i < 200; i++)
        tv_sketch_add(&sketch, around_zero());
    tv_sketch_encode(&sketch, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        struct tv_sketch out = {0};
        uint8_t *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, bytes.data, len);
        struct tv_reader in = {copy, copy + len};
        assert_false(tv_sketch_decode(&in, &out));
        assert_ptr_equal(in.at, copy);
        free(copy);
    }
    for (int round = 0; round < 20000; round++) {
        struct tv_sketch out = {0};
        size_t at = (size_t)(uniform() * (double)bytes.len);
        char was = bytes.data[at];
        bytes.data[at] = (char)(int)(uniform() * 256 - 128);
        struct tv_reader in = {
                (const uint8_t *)bytes.data, (const uint8_t *)bytes.data + bytes.len};
        if (tv_sketch_decode(&in, &out))
            for (uint64_t rank = 1; rank <= out.count; rank += 1 + out.count / 7)
                assert_true(tv_sketch_at(&out, rank) >= out.min);
        tv_sketch_release(&out);
        bytes.data[at] = was;
    }
    tv_buf_release(&bytes);
    tv_sketch_release(&sketch);
}

static void rank__is_the_nearest_one(void **state)
{
    (void)state;
    assert_int_equal(tv_nearest_rank(1, 50), 1);
    assert_int_equal(tv_nearest_rank(2, 50), 1);
    assert_int_equal(tv_nearest_rank(3, 50), 2);
    assert_int_equal(tv_nearest_rank(100, 95), 95);
    assert_int_equal(tv_nearest_rank(101, 95), 96);
    assert_int_equal(tv_nearest_rank(7, 0), 1);
    assert_int_equal(tv_nearest_rank(7, 100), 7);
    for (uint64_t count = 1; count < 1000; count++)
        for (unsigned per_cent = 1; per_cent <= 100; per_cent++) {
            uint64_t rank = tv_nearest_rank(count, per_cent);
            assert_true(rank * 100 >= count * per_cent && (rank - 1) * 100 < count * per_cent);
        }
    assert_true(tv_nearest_rank(UINT64_MAX, 99) < UINT64_MAX);
}

/* Two sketches, and the second one spread out: merged either way the first is the same. */
static void flat__merges_as_the_sketch_does(void **state)
{
    static draw_fn *const draws[] = {durations, pareto, around_zero, few_values, whole_range};
    (void)state;
    for (size_t i = 0; i < sizeof(draws) / sizeof(draws[0]); i++) {
        struct tv_sketch one = {0}, other = {0}, again = {0};
        struct tv_sketch_flat flat;
        for (int k = 0; k < 3000; k++) {
            double number = draws[i]();
            tv_sketch_add(&one, number);
            tv_sketch_add(&again, number);
            tv_sketch_add(&other, draws[(i + 1) % 5]());
        }
        uint32_t used = tv_sketch_used(&other);
        int32_t *buckets = calloc(used + 1, sizeof(*buckets));
        uint64_t *counts = calloc(used + 1, sizeof(*counts));
        tv_sketch_spread(&other, buckets, counts, &flat);
        assert_int_equal(flat.above + flat.below, used);
        tv_sketch_merge(&one, &other);
        assert_true(tv_sketch_merge_flat(&again, &flat));
        struct tv_buf left = {0}, right = {0};
        tv_sketch_encode(&one, &left);
        tv_sketch_encode(&again, &right);
        assert_true(tv_str_equal(tv_buf_str(&left), tv_buf_str(&right)));
        tv_buf_release(&left);
        tv_buf_release(&right);
        tv_sketch_release(&one);
        tv_sketch_release(&other);
        tv_sketch_release(&again);
        free(buckets);
        free(counts);
    }
}

static void flat__refuses_what_is_no_sketch(void **state)
{
    (void)state;
    struct tv_sketch sketch = {0};
    int32_t buckets[] = {5, 9};
    uint64_t counts[] = {2, 3};
    struct tv_sketch_flat good = {5, 0, 1, 2, 2, 0, buckets, counts};
    struct tv_sketch_flat bad = good;
    bad.count = 6;
    assert_false(tv_sketch_merge_flat(&sketch, &bad));
    bad = good;
    bad.min = 3;
    assert_false(tv_sketch_merge_flat(&sketch, &bad));
    bad = good;
    bad.max = NAN;
    assert_false(tv_sketch_merge_flat(&sketch, &bad));
    buckets[1] = 5; /* not ascending */
    assert_false(tv_sketch_merge_flat(&sketch, &good));
    buckets[1] = 5 + TV_SKETCH_BUCKETS; /* too far apart */
    assert_false(tv_sketch_merge_flat(&sketch, &good));
    buckets[1] = 9;
    counts[0] = 0;
    assert_false(tv_sketch_merge_flat(&sketch, &good));
    assert_int_equal(sketch.count, 0);
    counts[0] = 2;
    assert_true(tv_sketch_merge_flat(&sketch, &good));
    assert_int_equal(sketch.count, 5);
    tv_sketch_release(&sketch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(flat__merges_as_the_sketch_does),
            cmocka_unit_test(flat__refuses_what_is_no_sketch),
            cmocka_unit_test(sketch__is_within_its_accuracy_at_every_rank),
            cmocka_unit_test(sketch__of_parts_is_the_sketch_of_the_whole),
            cmocka_unit_test(sketch__collapses_next_to_zero_and_stays_small),
            cmocka_unit_test(sketch__takes_the_ends_of_the_doubles),
            cmocka_unit_test(sketch__comes_back_from_its_bytes),
            cmocka_unit_test(sketch__encodes_a_service_in_a_few_hundred_bytes),
            cmocka_unit_test(sketch__refuses_broken_bytes),
            cmocka_unit_test(rank__is_the_nearest_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
