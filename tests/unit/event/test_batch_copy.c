/* SPDX-License-Identifier: Apache-2.0 */
/* Rows moved between batches and left out of them are the same events afterwards. */
#include "support.h"

static void shuffle(uint64_t *seed, uint32_t *rows, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = below(seed, i), row = rows[i - 1];
        rows[i - 1] = rows[other];
        rows[other] = row;
    }
}

/* Some rows of `rows_max`, ascending; their number is returned. */
static uint32_t some_rows(uint64_t *seed, uint32_t *rows, uint32_t rows_max, uint32_t chance)
{
    uint32_t count = 0;
    for (uint32_t row = 0; row < rows_max; row++)
        if (below(seed, 100) < chance)
            rows[count++] = row;
    return count;
}

static void batch_copy__appends_rows_in_any_order(void **state)
{
    (void)state;
    enum { ROWS = 300 };
    static const uint32_t chances[] = {0, 2, 50, 100};
    uint64_t seed = 21;
    uint32_t rows[ROWS];
    for (int round = 0; round < 40; round++) {
        struct tv_batch *into = random_batch(&seed, below(&seed, 40));
        struct tv_batch *before = tv_batch_new();
        for (uint32_t row = 0; row < into->rows; row++)
            tv_batch_append_rows(before, into, &row, 1);
        struct tv_batch *from = random_batch(&seed, 1 + below(&seed, ROWS - 1));
        uint32_t count = some_rows(&seed, rows, from->rows, chances[round % 4]);
        if (round % 3 != 0)
            shuffle(&seed, rows, count);
        uint32_t base = into->rows;
        tv_batch_append_rows(into, from, rows, count);
        assert_int_equal(into->rows, base + count);
        for (uint32_t row = 0; row < base; row++)
            assert_same_event(into, row, before, row);
        for (uint32_t i = 0; i < count; i++)
            assert_same_event(into, base + i, from, rows[i]);
        uint32_t fresh = tv_batch_add_row(into);
        assert_null(tv_batch_text(into, TV_FIELD_SERVICE, fresh).ptr);
        tv_batch_unref(into);
        tv_batch_unref(before);
        tv_batch_unref(from);
    }
}

static void batch_copy__interns_each_text_once(void **state)
{
    (void)state;
    struct tv_batch *from = tv_batch_new(), *into = tv_batch_new();
    uint32_t rows[100];
    for (uint32_t i = 0; i < 100; i++) {
        rows[i] = tv_batch_add_row(from);
        tv_batch_set_text(from, TV_FIELD_SERVICE, i, i % 2 ? TV_STR("cart") : TV_STR("pay"));
        tv_batch_set_text(from, TV_FIELD_EVENT_ID, i, TV_STR("same id"));
    }
    tv_batch_append_rows(into, from, rows, 100);
    const uint32_t *services = tv_batch_codes(into, TV_FIELD_SERVICE);
    const uint32_t *ids = tv_batch_codes(into, TV_FIELD_EVENT_ID);
    for (uint32_t i = 2; i < 100; i++) {
        assert_int_equal(services[i], services[i % 2]);
        assert_int_not_equal(ids[i], ids[i - 1]);
    }
    assert_int_equal(tv_strings_find(&into->strings, TV_STR("cart")), services[1]);
    assert_int_equal(tv_strings_find(&into->strings, TV_STR("same id")), 0);
    tv_batch_unref(from);
    tv_batch_unref(into);
}

/* A code may serve a message and a name at once in a batch that was read back. */
static void batch_copy__keeps_names_interned_that_are_messages_too(void **state)
{
    (void)state;
    struct tv_batch *from = tv_batch_new(), *into = tv_batch_new();
    uint32_t rows[4];
    uint32_t code = tv_strings_borrow(&from->strings, &from->arena, TV_STR("shared"));
    for (uint32_t i = 0; i < 4; i++) {
        rows[i] = tv_batch_add_row(from);
        tv_batch_set_code(from, TV_FIELD_EVENT_ID, i, code);
        tv_batch_set_code(from, TV_FIELD_MESSAGE, i, code);
        tv_batch_set_code(from, TV_FIELD_UNIT, i, code);
    }
    tv_batch_append_rows(into, from, rows, 4);
    uint32_t interned = tv_strings_find(&into->strings, TV_STR("shared"));
    assert_int_not_equal(interned, 0);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(tv_batch_codes(into, TV_FIELD_UNIT)[i], interned);
        assert_same_event(into, i, from, i);
    }
    tv_batch_unref(from);
    tv_batch_unref(into);
}

static void batch_copy__keeps_chosen_rows(void **state)
{
    (void)state;
    enum { ROWS = 200 };
    static const uint32_t chances[] = {0, 3, 50, 97, 100};
    uint64_t seed = 8;
    uint32_t rows[ROWS];
    for (int round = 0; round < 40; round++) {
        struct tv_batch *batch = random_batch(&seed, 1 + below(&seed, ROWS - 1));
        struct tv_batch *copy = tv_batch_new();
        for (uint32_t i = 0; i < batch->rows; i++)
            rows[i] = i;
        tv_batch_append_rows(copy, batch, rows, batch->rows);
        uint32_t count = some_rows(&seed, rows, batch->rows, chances[round % 5]);
        tv_batch_keep(batch, rows, count);
        assert_int_equal(batch->rows, count);
        for (uint32_t i = 0; i < count; i++)
            assert_same_event(batch, i, copy, rows[i]);
        /* The cells behind are absent again, and a row taken back leaves nothing. */
        uint32_t fresh = tv_batch_add_row(batch);
        char scratch[33];
        for (int i = 0; i < TV_FIELD_COUNT; i++)
            assert_int_equal(
                    tv_batch_value(batch, (enum tv_field)i, fresh, scratch).type, TV_TYPE_NULL);
        for (uint32_t i = 0; i < batch->attr_count; i++)
            tv_batch_set_attr(batch, i, fresh, tv_value_i64(1));
        tv_batch_drop_last_row(batch);
        for (uint32_t i = 0; i < count; i++)
            assert_same_event(batch, i, copy, rows[i]);
        for (uint32_t i = 0; i < batch->attr_count; i++)
            assert_int_equal(tv_attr_lower_bound(&batch->attrs[i], count), batch->attrs[i].count);
        tv_batch_unref(batch);
        tv_batch_unref(copy);
    }
}

static void append_twice(void)
{
    struct tv_batch *from = tv_batch_new();
    (void)tv_batch_add_row(from);
    tv_batch_set_attr(from, tv_batch_attr(from, TV_STR("a")), 0, tv_value_i64(1));
    tv_batch_append_rows(tv_batch_new(), from, (const uint32_t[]){0, 0}, 2);
}

static void keep_descending(void)
{
    struct tv_batch *batch = tv_batch_new();
    (void)tv_batch_add_row(batch);
    (void)tv_batch_add_row(batch);
    tv_batch_keep(batch, (const uint32_t[]){1, 0}, 2);
}

static void batch_copy__asserts_its_rules(void **state)
{
    (void)state;
    assert_true(dies(append_twice));
    assert_true(dies(keep_descending));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(batch_copy__appends_rows_in_any_order),
            cmocka_unit_test(batch_copy__interns_each_text_once),
            cmocka_unit_test(batch_copy__keeps_names_interned_that_are_messages_too),
            cmocka_unit_test(batch_copy__keeps_chosen_rows),
            cmocka_unit_test(batch_copy__asserts_its_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
