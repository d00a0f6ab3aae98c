/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and reading batches: what was set is there, what was not is absent, at any size. */
#include "support.h"

#include "event/redact.h"

#include <stdio.h>

static void batch__starts_empty_and_counts_references(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    assert_int_equal(batch->rows, 0);
    assert_true(tv_batch_bytes(batch) > 0);
    assert_ptr_equal(tv_batch_ref(batch), batch);
    tv_batch_unref(batch);
    assert_int_equal(tv_batch_add_row(batch), 0);
    tv_batch_unref(batch);
    tv_batch_unref(NULL);
}

static void batch__has_every_field_absent_in_a_new_row(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    char scratch[33];
    for (uint32_t row = 0; row < 100; row++) {
        (void)tv_batch_add_row(batch);
        for (int i = 0; i < TV_FIELD_COUNT; i++) {
            /* Half of the columns exist from the first row on, half are made late. */
            if ((row == 0 && i % 2 == 0) || (row == 50 && i % 2 == 1))
                (void)tv_batch_column(batch, (enum tv_field)i);
            struct tv_value value = tv_batch_value(batch, (enum tv_field)i, row, scratch);
            assert_int_equal(value.type, TV_TYPE_NULL);
        }
    }
    assert_null(tv_batch_text(batch, TV_FIELD_SERVICE, 3).ptr);
    tv_batch_unref(batch);
}

static void batch__gives_back_what_was_set(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    char scratch[33];
    for (uint32_t i = 0; i < 3; i++)
        (void)tv_batch_add_row(batch);
    tv_batch_set_time(batch, 1, 1705333643000000000);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, 1, TV_STR("checkout"));
    tv_batch_set_text(batch, TV_FIELD_SERVICE, 2, TV_STR("checkout"));
    tv_batch_set_text(batch, TV_FIELD_MESSAGE, 1, TV_STR("late"));
    tv_batch_set_text(batch, TV_FIELD_MESSAGE, 2, TV_STR("late"));
    tv_batch_set_id(batch, TV_FIELD_TRACE_ID, 1, (struct tv_id){1, 2});
    tv_batch_set_u64(batch, TV_FIELD_SPAN_ID, 1, 255);
    tv_batch_set_u64(batch, TV_FIELD_ARRIVAL, 1, 42);
    tv_batch_set_u8(batch, TV_FIELD_STATUS, 1, TV_EVENT_STATUS_OK);
    tv_batch_set_u8(batch, TV_FIELD_STATUS, 1, TV_EVENT_STATUS_ERROR);
    tv_batch_set_text(batch, TV_FIELD_CAUSED_BY, 1, TV_STR("[\"a\"]"));
    assert_int_equal(tv_batch_value(batch, TV_FIELD_TIME, 1, scratch).i, 1705333643000000000);
    assert_text(tv_batch_text(batch, TV_FIELD_SERVICE, 1), "checkout");
    assert_text(tv_batch_value(batch, TV_FIELD_TRACE_ID, 1, scratch).s,
            "00000000000000010000000000000002");
    assert_text(tv_batch_value(batch, TV_FIELD_SPAN_ID, 1, scratch).s, "00000000000000ff");
    assert_int_equal(tv_batch_value(batch, TV_FIELD_ARRIVAL, 1, scratch).i, 42);
    assert_text(tv_batch_value(batch, TV_FIELD_STATUS, 1, scratch).s, "error");
    assert_int_equal(tv_batch_value(batch, TV_FIELD_CAUSED_BY, 1, scratch).type, TV_TYPE_JSON);
    const uint32_t *services = tv_batch_codes(batch, TV_FIELD_SERVICE);
    const uint32_t *messages = tv_batch_codes(batch, TV_FIELD_MESSAGE);
    assert_int_equal(services[1], services[2]);
    assert_int_not_equal(messages[1], messages[2]);
    assert_int_equal(services[0], 0);
    tv_batch_unref(batch);
}

static void batch__keeps_attributes_of_every_type(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    struct tv_value values[] = {tv_value_bool(true), tv_value_i64(-7), tv_value_f64(0.25),
            tv_value_str(TV_STR("a")), tv_value_str(TV_STR("")),
            {.type = TV_TYPE_JSON, .s = TV_STR("[1]")}, tv_value_bool(false)};
    enum { COUNT = sizeof(values) / sizeof(values[0]) };
    uint32_t attr = tv_batch_attr(batch, TV_STR("user.id"));
    for (uint32_t i = 0; i < COUNT * 20; i++) {
        uint32_t row = tv_batch_add_row(batch);
        if (i % 2 == 0)
            tv_batch_set_attr(batch, attr, row, values[i / 2 % COUNT]);
    }
    for (uint32_t i = 0; i < COUNT * 20; i++) {
        struct tv_value value = tv_batch_attr_value(batch, attr, i);
        assert_true(same_value(value, i % 2 == 0 ? values[i / 2 % COUNT] : tv_value_null()));
    }
    assert_int_equal(tv_batch_attr_value(batch, UINT32_MAX, 0).type, TV_TYPE_NULL);
    assert_int_equal(tv_attr_lower_bound(&batch->attrs[attr], 3), 2);
    assert_int_equal(tv_attr_lower_bound(&batch->attrs[attr], UINT32_MAX), COUNT * 10);
    tv_batch_unref(batch);
}

static void batch__replaces_and_takes_away_attributes(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    uint32_t row = tv_batch_add_row(batch);
    uint32_t attr = tv_batch_attr(batch, TV_STR("n"));
    tv_batch_set_attr(batch, attr, row, tv_value_null());
    tv_batch_set_attr(batch, attr, row, tv_value_i64(1));
    tv_batch_set_attr(batch, attr, row, tv_value_str(TV_STR("two")));
    assert_int_equal(batch->attrs[attr].count, 1);
    assert_text(tv_batch_attr_value(batch, attr, row).s, "two");
    tv_batch_set_attr(batch, attr, row, tv_value_null());
    assert_int_equal(tv_batch_attr_value(batch, attr, row).type, TV_TYPE_NULL);
    tv_batch_set_attr(batch, attr, row, tv_value_i64(3));
    tv_batch_set_attr(batch, attr, row, tv_value_i64(4));
    assert_int_equal(batch->attrs[attr].count, 1);
    tv_batch_drop_last_row(batch);
    assert_int_equal(batch->attrs[attr].count, 0);
    tv_batch_unref(batch);
}

static void batch__finds_attributes_by_name_and_by_guess(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    uint32_t a = tv_batch_attr(batch, TV_STR("a")), b = tv_batch_attr(batch, TV_STR("b"));
    assert_int_not_equal(a, b);
    assert_int_equal(tv_batch_attr(batch, TV_STR("a")), a);
    assert_int_equal(tv_batch_find_attr(batch, TV_STR("b")), b);
    assert_int_equal(tv_batch_find_attr(batch, TV_STR("c")), UINT32_MAX);
    assert_int_equal(tv_batch_attr_guess(batch, TV_STR("b"), b), b);
    assert_int_equal(tv_batch_attr_guess(batch, TV_STR("b"), a), b);
    assert_int_equal(tv_batch_attr_guess(batch, TV_STR("b"), 77), b);
    assert_int_equal(tv_batch_attr_guess(batch, TV_STR("c"), UINT32_MAX), 2);
    tv_batch_unref(batch);
}

static void batch__bounds_the_number_of_names(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    char name[16];
    for (unsigned i = 0; i < TV_BATCH_ATTRS_MAX; i++) {
        int length = snprintf(name, sizeof(name), "k%u", i);
        assert_int_equal(tv_batch_attr(batch, (struct tv_str){name, (size_t)length}), i);
    }
    assert_int_equal(tv_batch_attr(batch, TV_STR("one more")), UINT32_MAX);
    assert_int_equal(tv_batch_attr(batch, TV_STR("k7")), 7);
    assert_int_equal(tv_batch_attr_unbounded(batch, TV_STR("k8")), 8);
    assert_int_equal(tv_batch_attr_unbounded(batch, TV_STR("one more")), TV_BATCH_ATTRS_MAX);
    tv_batch_unref(batch);
}

static void batch__masks_secrets_by_name(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    uint32_t row = tv_batch_add_row(batch);
    uint32_t secret = tv_batch_attr(batch, TV_STR("db.password"));
    uint32_t plain = tv_batch_attr(batch, TV_STR("author"));
    tv_batch_set_attr(batch, secret, row, tv_value_str(TV_STR("hunter2")));
    tv_batch_set_attr(batch, plain, row, tv_value_str(TV_STR("Kafka")));
    assert_true(tv_str_equal(tv_batch_attr_value(batch, secret, row).s, tv_redact_mask()));
    assert_text(tv_batch_attr_value(batch, plain, row).s, "Kafka");
    assert_int_equal(tv_strings_find(&batch->strings, TV_STR("hunter2")), 0);
    row = tv_batch_add_row(batch);
    tv_batch_set_attr(batch, secret, row, tv_value_i64(1234));
    assert_true(tv_str_equal(tv_batch_attr_value(batch, secret, row).s, tv_redact_mask()));
    tv_batch_unref(batch);
}

/* Rows are filled and taken back at random; what stays must be what a batch without the others has. */
static void batch__takes_bad_rows_back(void **state)
{
    (void)state;
    uint64_t seed = 5;
    struct tv_batch *source = random_batch(&seed, 400);
    struct tv_batch *with = tv_batch_new(), *without = tv_batch_new();
    for (uint32_t i = 0; i < source->rows; i++) {
        struct tv_batch *both[] = {with, without};
        bool bad = below(&seed, 3) == 0;
        for (int which = 0; which < (bad ? 1 : 2); which++) {
            uint32_t row = tv_batch_add_row(both[which]);
            if (tv_batch_text(source, TV_FIELD_SERVICE, i).ptr)
                tv_batch_set_text(both[which], TV_FIELD_SERVICE, row,
                        tv_batch_text(source, TV_FIELD_SERVICE, i));
            tv_batch_set_i64(both[which], TV_FIELD_DURATION, row, (int64_t)i);
            for (uint32_t a = 0; a < source->attr_count; a++) {
                struct tv_str name = tv_strings_get(&source->strings, source->attrs[a].name);
                tv_batch_set_attr(both[which], tv_batch_attr(both[which], name), row,
                        tv_batch_attr_value(source, a, i));
            }
        }
        if (bad)
            tv_batch_drop_last_row(with);
    }
    assert_int_equal(with->rows, without->rows);
    for (uint32_t row = 0; row < with->rows; row++)
        assert_same_event(with, row, without, row);
    tv_batch_unref(with);
    tv_batch_unref(without);
    tv_batch_unref(source);
}

/* A wide event and many bad ones: taking these back must not look at all names. */
static void batch__takes_bad_rows_back_at_their_own_cost(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    uint32_t row = tv_batch_add_row(batch);
    char name[16];
    for (unsigned i = 0; i < 50000; i++) {
        int length = snprintf(name, sizeof(name), "k%u", i);
        uint32_t attr = tv_batch_attr(batch, (struct tv_str){name, (size_t)length});
        tv_batch_set_attr(batch, attr, row, tv_value_i64(1));
    }
    for (unsigned i = 0; i < 300000; i++) {
        row = tv_batch_add_row(batch);
        tv_batch_set_attr(batch, i % 50000, row, tv_value_i64(2));
        tv_batch_drop_last_row(batch);
        assert_int_equal(batch->attrs[i % 50000].count, 1);
    }
    tv_batch_unref(batch);
}

static void batch__says_which_rows_are_errors(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    for (uint32_t i = 0; i < 14; i++)
        (void)tv_batch_add_row(batch);
    uint32_t http = tv_batch_attr(batch, TV_STR("http.response.status_code"));
    uint32_t old = tv_batch_attr(batch, TV_STR("statusCode"));
    uint32_t bare = tv_batch_attr(batch, TV_STR("status"));
    tv_batch_set_text(batch, TV_FIELD_TYPE, 1, TV_STR("error"));
    tv_batch_set_text(batch, TV_FIELD_TYPE, 2, TV_STR("errors"));
    tv_batch_set_u8(batch, TV_FIELD_STATUS, 3, TV_EVENT_STATUS_ERROR);
    tv_batch_set_u8(batch, TV_FIELD_STATUS, 4, TV_EVENT_STATUS_OK);
    tv_batch_set_u8(batch, TV_FIELD_SEVERITY, 5, 17);
    tv_batch_set_u8(batch, TV_FIELD_SEVERITY, 6, 16);
    tv_batch_set_attr(batch, http, 7, tv_value_i64(500));
    tv_batch_set_attr(batch, http, 8, tv_value_i64(499));
    tv_batch_set_attr(batch, http, 9, tv_value_str(TV_STR("503")));
    tv_batch_set_attr(batch, old, 10, tv_value_f64(599.5));
    tv_batch_set_attr(batch, old, 11, tv_value_str(TV_STR("five hundred")));
    tv_batch_set_attr(batch, bare, 12, tv_value_i64(500));
    tv_batch_set_attr(batch, bare, 13, tv_value_i64(404));
    uint64_t bits = ~UINT64_C(0);
    tv_batch_error_bits(batch, &bits);
    for (uint32_t row = 0; row < 14; row++) {
        bool expected =
                row == 1 || row == 3 || row == 5 || row == 7 || row == 9 || row == 10 || row == 12;
        assert_int_equal(tv_batch_is_error(batch, row), expected);
        assert_int_equal(bits >> row & 1, expected);
    }
    assert_true(bits >> 14 == 0);
    tv_batch_unref(batch);
}

static void batch__gives_virtual_fields_by_reference(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    char scratch[33];
    for (uint32_t i = 0; i < 3; i++)
        (void)tv_batch_add_row(batch);
    uint32_t system = tv_batch_attr(batch, TV_STR("system.cpu.utilization"));
    tv_batch_set_attr(batch, system, 0, tv_value_f64(0.5));
    uint32_t own = tv_batch_attr(batch, TV_STR("cpu"));
    tv_batch_set_attr(batch, system, 1, tv_value_f64(0.75));
    tv_batch_set_attr(batch, own, 1, tv_value_i64(80));
    struct tv_field_ref cpu = tv_field_resolve(TV_STR("cpu"));
    assert_true(tv_batch_ref_value(batch, &cpu, 0, scratch).f == 0.5);
    assert_int_equal(tv_batch_ref_value(batch, &cpu, 1, scratch).i, 80);
    assert_int_equal(tv_batch_ref_value(batch, &cpu, 2, scratch).type, TV_TYPE_NULL);
    struct tv_field_ref error = tv_field_resolve(TV_STR("error_occurred"));
    assert_true(same_value(tv_batch_ref_value(batch, &error, 0, scratch), tv_value_bool(false)));
    struct tv_field_ref plain = tv_field_resolve(TV_STR("attributes.cpu"));
    assert_int_equal(tv_batch_ref_value(batch, &plain, 0, scratch).type, TV_TYPE_NULL);
    tv_batch_unref(batch);
}

static void batch__wastes_nothing_when_rows_are_reserved(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    tv_batch_reserve(batch, 1000);
    (void)tv_batch_add_row(batch);
    tv_batch_set_time(batch, 0, 0);
    size_t bytes = tv_batch_bytes(batch);
    const void *column = batch->columns[TV_FIELD_TIME];
    for (uint32_t i = 1; i < 1000; i++)
        tv_batch_set_time(batch, tv_batch_add_row(batch), (int64_t)i);
    assert_ptr_equal(batch->columns[TV_FIELD_TIME], column);
    assert_int_equal(tv_batch_bytes(batch), bytes);
    tv_batch_unref(batch);
}

static void set_wrong_type(void)
{
    struct tv_batch *batch = tv_batch_new();
    uint32_t row = tv_batch_add_row(batch);
    tv_batch_set_i64(batch, TV_FIELD_STATUS, row, 1);
}

static void set_missing_row(void)
{
    struct tv_batch *batch = tv_batch_new();
    tv_batch_set_time(batch, tv_batch_add_row(batch) + 1, 1);
}

static void set_earlier_attr(void)
{
    struct tv_batch *batch = tv_batch_new();
    (void)tv_batch_add_row(batch);
    uint32_t row = tv_batch_add_row(batch);
    uint32_t attr = tv_batch_attr(batch, TV_STR("a"));
    tv_batch_set_attr(batch, attr, row, tv_value_i64(1));
    tv_batch_set_attr(batch, attr, row - 1, tv_value_i64(1));
}

static void drop_from_empty(void)
{
    tv_batch_drop_last_row(tv_batch_new());
}

static void batch__asserts_its_rules(void **state)
{
    (void)state;
    assert_true(dies(set_wrong_type));
    assert_true(dies(set_missing_row));
    assert_true(dies(set_earlier_attr));
    assert_true(dies(drop_from_empty));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(batch__starts_empty_and_counts_references),
            cmocka_unit_test(batch__has_every_field_absent_in_a_new_row),
            cmocka_unit_test(batch__gives_back_what_was_set),
            cmocka_unit_test(batch__keeps_attributes_of_every_type),
            cmocka_unit_test(batch__replaces_and_takes_away_attributes),
            cmocka_unit_test(batch__finds_attributes_by_name_and_by_guess),
            cmocka_unit_test(batch__bounds_the_number_of_names),
            cmocka_unit_test(batch__masks_secrets_by_name),
            cmocka_unit_test(batch__takes_bad_rows_back),
            cmocka_unit_test(batch__takes_bad_rows_back_at_their_own_cost),
            cmocka_unit_test(batch__says_which_rows_are_errors),
            cmocka_unit_test(batch__gives_virtual_fields_by_reference),
            cmocka_unit_test(batch__wastes_nothing_when_rows_are_reserved),
            cmocka_unit_test(batch__asserts_its_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
