/* SPDX-License-Identifier: Apache-2.0 */
/* What conditions mean, case by case: one event, one condition, true, false or unknown. */
#include "support.h"

#include "event/predicate.h"

#include <math.h>

enum answer { NO, YES, UNKNOWN };

/* A condition is unknown where neither it nor its opposite selects. */
static enum answer ask(struct tv_pred *pred, const struct tv_batch *batch, uint32_t row)
{
    struct tv_arena arena = {0};
    uint32_t rows[1] = {row};
    bool yes = tv_pred_filter(pred, batch, rows, 1, &arena) == 1;
    bool no = tv_pred_filter(tv_pred_not(&arena, pred), batch, rows, 1, &arena) == 1;
    tv_arena_release(&arena);
    assert_false(yes && no);
    return yes ? YES : no ? NO : UNKNOWN;
}

static struct tv_value text(const char *bytes)
{
    return tv_value_str(tv_str_of(bytes));
}

/* A batch whose only row has an attribute "x", and a condition on it. */
static enum answer ask_attr(struct tv_value cell, enum tv_op op, struct tv_value value)
{
    struct tv_arena arena = {0};
    struct tv_batch *batch = tv_batch_new();
    uint32_t row = tv_batch_add_row(batch);
    tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("x")), row, cell);
    struct tv_pred *pred = tv_pred_compare(&arena, tv_field_resolve(TV_STR("x")), op, value);
    enum answer answer = ask(pred, batch, row);
    tv_batch_unref(batch);
    tv_arena_release(&arena);
    return answer;
}

static struct tv_batch *one_row(void)
{
    struct tv_batch *batch = tv_batch_new();
    (void)tv_batch_add_row(batch);
    return batch;
}

static enum answer ask_field(
        const struct tv_batch *batch, const char *field, enum tv_op op, struct tv_value value)
{
    struct tv_arena arena = {0};
    struct tv_pred *pred = tv_pred_compare(&arena, tv_field_resolve(tv_str_of(field)), op, value);
    enum answer answer = ask(pred, batch, 0);
    tv_arena_release(&arena);
    return answer;
}

struct comparison {
    struct tv_value cell;
    enum tv_op op;
    struct tv_value value;
    enum answer answer;
};

static void assert_comparisons(const struct comparison *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum answer answer = ask_attr(cases[i].cell, cases[i].op, cases[i].value);
        if (answer != cases[i].answer)
            fail_msg("case %zu gives %d", i, (int)answer);
    }
}

#define COUNT(cases) (sizeof(cases) / sizeof((cases)[0]))

static void predicate__compares_numbers_exactly(void **state)
{
    (void)state;
    const struct comparison cases[] = {
            {tv_value_i64(500), TV_OP_EQ, tv_value_i64(500), YES},
            {tv_value_i64(500), TV_OP_EQ, tv_value_f64(500), YES},
            {tv_value_i64(500), TV_OP_EQ, tv_value_f64(500.5), NO},
            {tv_value_i64(500), TV_OP_NE, tv_value_f64(500.5), YES},
            {tv_value_i64(500), TV_OP_LT, tv_value_f64(500.5), YES},
            {tv_value_i64(500), TV_OP_LE, tv_value_f64(499.5), NO},
            {tv_value_i64(-3), TV_OP_GT, tv_value_f64(-3.5), YES},
            {tv_value_i64(-4), TV_OP_GE, tv_value_f64(-3.5), NO},
            {tv_value_i64(-4), TV_OP_LE, tv_value_f64(-3.5), YES},
            {tv_value_i64(INT64_MAX), TV_OP_LT, tv_value_f64(0x1p63), YES},
            {tv_value_i64(INT64_MAX), TV_OP_GE, tv_value_f64(0x1p63), NO},
            {tv_value_i64(INT64_MIN), TV_OP_GT, tv_value_f64(-0x1p80), YES},
            {tv_value_i64(INT64_MIN), TV_OP_LE, tv_value_f64(-0x1p80), NO},
            {tv_value_i64(INT64_MIN), TV_OP_LT, tv_value_i64(INT64_MIN), NO},
            {tv_value_i64(INT64_MAX), TV_OP_GT, tv_value_i64(INT64_MAX), NO},
            {tv_value_i64((1LL << 53) + 1), TV_OP_EQ, tv_value_f64(0x1p53), NO},
            {tv_value_f64(0x1p53), TV_OP_LT, tv_value_i64((1LL << 53) + 1), YES},
            {tv_value_f64(0.5), TV_OP_GE, tv_value_f64(0.5), YES},
            {tv_value_f64(0.5), TV_OP_GT, tv_value_i64(0), YES},
            {tv_value_f64(-0.0), TV_OP_EQ, tv_value_i64(0), YES},
            {tv_value_f64((double)NAN), TV_OP_EQ, tv_value_f64((double)NAN), NO},
            {tv_value_f64((double)NAN), TV_OP_NE, tv_value_i64(1), YES},
            {tv_value_f64((double)NAN), TV_OP_LT, tv_value_i64(1), UNKNOWN},
            {tv_value_i64(1), TV_OP_GE, tv_value_f64((double)NAN), UNKNOWN},
    };
    assert_comparisons(cases, COUNT(cases));
}

static void predicate__compares_across_types(void **state)
{
    (void)state;
    const struct tv_value json = {.type = TV_TYPE_JSON, .s = TV_STR("[500]")};
    const struct comparison cases[] = {
            {tv_value_i64(500), TV_OP_EQ, text("500"), YES},
            {tv_value_i64(500), TV_OP_EQ, text("500.0"), YES},
            {tv_value_i64(500), TV_OP_EQ, text("abc"), NO},
            {tv_value_i64(500), TV_OP_NE, text("abc"), YES},
            {tv_value_i64(500), TV_OP_LT, text("abc"), UNKNOWN},
            {tv_value_i64(500), TV_OP_GE, text("400"), YES},
            {text("500"), TV_OP_EQ, tv_value_i64(500), YES},
            {text("5e2"), TV_OP_EQ, tv_value_i64(500), YES},
            {text("500"), TV_OP_GE, tv_value_i64(501), NO},
            {text("abc"), TV_OP_EQ, tv_value_i64(500), NO},
            {text("abc"), TV_OP_NE, tv_value_i64(500), YES},
            {text("abc"), TV_OP_GT, tv_value_i64(500), UNKNOWN},
            {text("1"), TV_OP_EQ, text("1.0"), NO},
            {text("10"), TV_OP_LT, text("9"), YES},
            {text("Abc"), TV_OP_EQ, text("abc"), NO},
            {text(""), TV_OP_EQ, text(""), YES},
            {tv_value_bool(true), TV_OP_EQ, tv_value_bool(true), YES},
            {tv_value_bool(true), TV_OP_EQ, tv_value_i64(1), YES},
            {tv_value_bool(true), TV_OP_EQ, text("true"), YES},
            {tv_value_bool(true), TV_OP_NE, text("FALSE"), YES},
            {tv_value_bool(true), TV_OP_EQ, text("yes"), NO},
            {tv_value_bool(false), TV_OP_LT, tv_value_bool(true), YES},
            {text("True"), TV_OP_EQ, tv_value_bool(true), YES},
            {text("1"), TV_OP_EQ, tv_value_bool(true), NO},
            {text("1"), TV_OP_LT, tv_value_bool(true), UNKNOWN},
            {tv_value_i64(1), TV_OP_EQ, tv_value_bool(true), YES},
            {tv_value_f64(0), TV_OP_EQ, tv_value_bool(false), YES},
            {json, TV_OP_EQ, text("[500]"), YES},
            {json, TV_OP_EQ, tv_value_i64(500), NO},
            {json, TV_OP_CONTAINS, tv_value_i64(500), YES},
            {text("x"), TV_OP_EQ, tv_value_null(), UNKNOWN},
            {text("x"), TV_OP_CONTAINS, tv_value_null(), UNKNOWN},
            {tv_value_null(), TV_OP_NE, text("x"), UNKNOWN},
    };
    assert_comparisons(cases, COUNT(cases));
}

static void predicate__searches_text_and_numbers(void **state)
{
    (void)state;
    const struct comparison cases[] = {
            {text("GET /cart"), TV_OP_CONTAINS, text("/c"), YES},
            {text("GET /cart"), TV_OP_CONTAINS, text("/C"), NO},
            {text("GET /cart"), TV_OP_STARTS_WITH, text("GET"), YES},
            {text("GET /cart"), TV_OP_STARTS_WITH, text("ET"), NO},
            {text("a"), TV_OP_CONTAINS, text(""), YES},
            {tv_value_i64(503), TV_OP_STARTS_WITH, text("5"), YES},
            {tv_value_i64(503), TV_OP_STARTS_WITH, tv_value_i64(50), YES},
            {tv_value_f64(0.5), TV_OP_CONTAINS, text("."), YES},
            {tv_value_bool(true), TV_OP_CONTAINS, text("ru"), YES},
    };
    assert_comparisons(cases, COUNT(cases));
}

static void predicate__reads_severity_by_bands(void **state)
{
    (void)state;
    static const struct {
        uint8_t severity;
        enum tv_op op;
        const char *name;
        enum answer answer;
    } cases[] = {{17, TV_OP_EQ, "ERROR", YES}, {20, TV_OP_EQ, "error", YES},
            {21, TV_OP_EQ, "ERROR", NO}, {18, TV_OP_EQ, "ERROR2", YES},
            {17, TV_OP_EQ, "ERROR2", NO}, {18, TV_OP_NE, "ERROR", NO}, {16, TV_OP_GE, "ERROR", NO},
            {17, TV_OP_GE, "ERROR", YES}, {24, TV_OP_GE, "ERROR", YES}, {20, TV_OP_GT, "ERROR", NO},
            {21, TV_OP_GT, "ERROR", YES}, {20, TV_OP_LE, "ERROR", YES}, {17, TV_OP_LT, "ERROR", NO},
            {16, TV_OP_LT, "ERROR", YES}, {14, TV_OP_EQ, "warning", YES},
            {18, TV_OP_EQ, "critical", YES}, {19, TV_OP_EQ, "critical", NO},
            {17, TV_OP_EQ, "17", YES}, {18, TV_OP_EQ, "17", NO}, {17, TV_OP_EQ, "loud", NO},
            {17, TV_OP_NE, "loud", YES}, {17, TV_OP_LT, "loud", UNKNOWN},
            {18, TV_OP_STARTS_WITH, "ERR", YES}, {0, TV_OP_EQ, "ERROR", UNKNOWN}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tv_batch *batch = one_row();
        tv_batch_set_u8(batch, TV_FIELD_SEVERITY, 0, cases[i].severity);
        enum answer answer = ask_field(batch, "severity", cases[i].op, text(cases[i].name));
        if (answer != cases[i].answer)
            fail_msg("case %zu gives %d", i, (int)answer);
        tv_batch_unref(batch);
    }
    struct tv_batch *batch = one_row();
    tv_batch_set_u8(batch, TV_FIELD_SEVERITY, 0, 18);
    assert_int_equal(ask_field(batch, "level", TV_OP_GE, tv_value_i64(18)), YES);
    assert_int_equal(ask_field(batch, "level", TV_OP_EQ, tv_value_f64(17.5)), NO);
    assert_int_equal(ask_field(batch, "level", TV_OP_GT, tv_value_f64(17.5)), YES);
    assert_int_equal(ask_field(batch, "level", TV_OP_EQ, tv_value_null()), UNKNOWN);
    tv_batch_unref(batch);
}

static void predicate__reads_fixed_fields_as_they_are_written(void **state)
{
    (void)state;
    struct tv_batch *batch = one_row();
    struct tv_id hashed;
    (void)tv_trace_id_from_text(TV_STR("order-17"), &hashed);
    tv_batch_set_time(batch, 0, 1705333643000000000);
    tv_batch_set_i64(batch, TV_FIELD_DURATION, 0, 250000000);
    tv_batch_set_u64(batch, TV_FIELD_ARRIVAL, 0, 33);
    tv_batch_set_u64(batch, TV_FIELD_SPAN_ID, 0, 0xabc);
    tv_batch_set_id(batch, TV_FIELD_TRACE_ID, 0, hashed);
    tv_batch_set_u8(batch, TV_FIELD_STATUS, 0, TV_EVENT_STATUS_ERROR);
    tv_batch_set_u8(batch, TV_FIELD_KIND, 0, TV_KIND_SERVER);
    assert_int_equal(ask_field(batch, "ts", TV_OP_EQ, text("2024-01-15T15:47:23Z")), YES);
    assert_int_equal(ask_field(batch, "timestamp", TV_OP_LT, text("2024-01-15 15:47:24")), YES);
    assert_int_equal(ask_field(batch, "timestamp", TV_OP_LT, text("soon")), UNKNOWN);
    assert_int_equal(ask_field(batch, "timestamp", TV_OP_GT, tv_value_i64(0)), YES);
    assert_int_equal(ask_field(batch, "receivedAt", TV_OP_GT, tv_value_i64(0)), UNKNOWN);
    assert_int_equal(ask_field(batch, "duration", TV_OP_GE, text("250ms")), YES);
    assert_int_equal(ask_field(batch, "duration", TV_OP_GT, tv_value_f64(249999999.5)), YES);
    assert_int_equal(ask_field(batch, "duration", TV_OP_STARTS_WITH, text("25")), YES);
    assert_int_equal(ask_field(batch, "arrival", TV_OP_EQ, text("@0000000000011")), YES);
    assert_int_equal(ask_field(batch, "arrival", TV_OP_LT, tv_value_i64(34)), YES);
    assert_int_equal(ask_field(batch, "spanId", TV_OP_EQ, text("0000000000000ABC")), YES);
    assert_int_equal(ask_field(batch, "spanId", TV_OP_EQ, text("abc")), NO);
    assert_int_equal(ask_field(batch, "spanId", TV_OP_CONTAINS, text("abc")), YES);
    assert_int_equal(ask_field(batch, "parentId", TV_OP_EQ, text("abc")), UNKNOWN);
    assert_int_equal(ask_field(batch, "traceId", TV_OP_EQ, text("order-17")), YES);
    assert_int_equal(ask_field(batch, "traceId", TV_OP_NE, text("order-18")), YES);
    assert_int_equal(ask_field(batch, "traceId", TV_OP_EQ, tv_value_i64(7)), NO);
    assert_int_equal(ask_field(batch, "status", TV_OP_EQ, text("STATUS_CODE_ERROR")), YES);
    assert_int_equal(ask_field(batch, "status", TV_OP_NE, text("nonsense")), YES);
    assert_int_equal(ask_field(batch, "kind", TV_OP_EQ, text("Server")), YES);
    assert_int_equal(ask_field(batch, "kind", TV_OP_STARTS_WITH, text("ser")), YES);
    tv_batch_unref(batch);
}

static void predicate__takes_the_first_attribute_of_a_virtual_metric(void **state)
{
    (void)state;
    struct tv_batch *batch = one_row();
    (void)tv_batch_add_row(batch);
    tv_batch_set_attr(
            batch, tv_batch_attr(batch, TV_STR("system.cpu.utilization")), 0, tv_value_f64(0.9));
    tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("cpu")), 0, text("idle"));
    assert_int_equal(ask_field(batch, "cpu", TV_OP_EQ, text("idle")), YES);
    assert_int_equal(ask_field(batch, "cpu", TV_OP_GT, tv_value_f64(0.5)), UNKNOWN);
    assert_int_equal(ask_field(batch, "memory", TV_OP_GT, tv_value_f64(0.5)), UNKNOWN);
    tv_batch_unref(batch);
}

static void predicate__knows_error_occurred_of_every_row(void **state)
{
    (void)state;
    struct tv_batch *batch = one_row();
    assert_int_equal(ask_field(batch, "error_occurred", TV_OP_EQ, tv_value_bool(true)), NO);
    assert_int_equal(ask_field(batch, "error_occurred", TV_OP_EQ, tv_value_bool(false)), YES);
    assert_int_equal(ask_field(batch, "error_occurred", TV_OP_NE, text("true")), YES);
    tv_batch_set_text(batch, TV_FIELD_TYPE, 0, TV_STR("error"));
    assert_int_equal(ask_field(batch, "error_occurred", TV_OP_EQ, tv_value_bool(true)), YES);
    assert_int_equal(ask_field(batch, "error_occurred", TV_OP_EQ, tv_value_i64(0)), NO);
    assert_int_equal(ask_field(batch, "error_occurred", TV_OP_EQ, tv_value_null()), UNKNOWN);
    tv_batch_unref(batch);
}

static void predicate__finds_members_of_a_list(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    struct tv_batch *batch = one_row();
    uint32_t attr = tv_batch_attr(batch, TV_STR("x"));
    const struct tv_value values[] = {text("b"), tv_value_i64(500), text("a"), text("7"),
            tv_value_bool(true), tv_value_f64(0.5), text("ccc")};
    struct tv_field_ref x = tv_field_resolve(TV_STR("x"));
    struct tv_pred *in = tv_pred_in(&arena, x, values, COUNT(values));
    const struct {
        struct tv_value cell;
        enum answer answer;
    } cases[] = {{text("a"), YES}, {text("b"), YES}, {text("ccc"), YES}, {text("d"), NO},
            {text("500"), YES}, {tv_value_i64(500), YES}, {tv_value_i64(7), YES}, {text("7.0"), NO},
            {tv_value_f64(0.5), YES}, {tv_value_bool(true), YES}, {tv_value_bool(false), NO},
            {text("true"), YES}, {tv_value_i64(1), YES}, {text("1"), NO},
            {tv_value_null(), UNKNOWN}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        tv_batch_set_attr(batch, attr, 0, cases[i].cell);
        if (ask(in, batch, 0) != cases[i].answer)
            fail_msg("case %zu", i);
    }
    const struct tv_value with_null[] = {text("a"), tv_value_null()};
    struct tv_pred *open = tv_pred_in(&arena, x, with_null, 2);
    tv_batch_set_attr(batch, attr, 0, text("a"));
    assert_int_equal(ask(open, batch, 0), YES);
    assert_int_equal(ask(tv_pred_in(&arena, x, NULL, 0), batch, 0), NO);
    tv_batch_set_attr(batch, attr, 0, text("b"));
    assert_int_equal(ask(open, batch, 0), UNKNOWN);
    tv_batch_unref(batch);
    tv_arena_release(&arena);
}

static void predicate__finds_ids_in_long_lists(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    enum { ROWS = 500 };
    struct tv_batch *batch = tv_batch_new();
    struct tv_value spans[ROWS / 5];
    for (uint32_t i = 0; i < ROWS; i++) {
        char *digits = tv_arena_bytes(&arena, 16);
        tv_batch_set_u64(batch, TV_FIELD_SPAN_ID, tv_batch_add_row(batch), (i * 7919) % ROWS + 1);
        tv_span_id_format((uint64_t)(ROWS - i), digits);
        if (i % 5 == 0)
            spans[i / 5] = tv_value_str((struct tv_str){digits, 16});
    }
    struct tv_pred *in =
            tv_pred_in(&arena, tv_field_resolve(TV_STR("spanId")), spans, COUNT(spans));
    uint32_t rows[ROWS];
    uint32_t count = tv_pred_select(in, batch, rows, &arena);
    assert_int_equal(count, ROWS / 5);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(tv_batch_u64(batch, TV_FIELD_SPAN_ID)[rows[i]] % 5, 0);
    tv_batch_unref(batch);
    tv_arena_release(&arena);
}

static void predicate__matches_patterns(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    struct tv_batch *batch = one_row();
    struct tv_regex *regex = NULL;
    assert_int_equal(tv_regex_new(TV_STR("^5\\d\\d$"), &regex, NULL), TV_OK);
    assert_text(tv_regex_pattern(regex), "^5\\d\\d$");
    struct tv_pred *match = tv_pred_match(&arena, tv_field_resolve(TV_STR("x")), regex);
    uint32_t attr = tv_batch_attr(batch, TV_STR("x"));
    assert_int_equal(ask(match, batch, 0), UNKNOWN);
    tv_batch_set_attr(batch, attr, 0, tv_value_i64(503));
    assert_int_equal(ask(match, batch, 0), YES);
    tv_batch_set_attr(batch, attr, 0, text("5030"));
    assert_int_equal(ask(match, batch, 0), NO);
    tv_batch_unref(batch);
    tv_regex_free(regex);
    tv_arena_release(&arena);
}

/* A pattern that backtracks without end is given up text by text, and then for the whole call. */
static void predicate__does_not_hang_on_patterns(void **state)
{
    (void)state;
    enum { ROWS = 3000 };
    struct tv_arena arena = {0};
    struct tv_batch *batch = tv_batch_new();
    for (uint32_t i = 0; i < ROWS; i++)
        tv_batch_set_text(batch, TV_FIELD_MESSAGE, tv_batch_add_row(batch),
                tv_arena_printf(&arena, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%ub", i));
    struct tv_regex *regex = NULL;
    assert_int_equal(tv_regex_new(TV_STR("^(a|aa|aaa)+$"), &regex, NULL), TV_OK);
    struct tv_pred *match = tv_pred_match(&arena, tv_field_resolve(TV_STR("message")), regex);
    uint32_t rows[ROWS];
    assert_int_equal(tv_pred_select(match, batch, rows, &arena), 0);
    tv_batch_unref(batch);
    tv_regex_free(regex);
    tv_arena_release(&arena);
}

static void predicate__tells_presence(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    struct tv_batch *batch = one_row();
    static const char *const names[] = {"service", "x", "cpu", "traceId", "duration", "status"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct tv_field_ref field = tv_field_resolve(tv_str_of(names[i]));
        assert_int_equal(ask(tv_pred_exists(&arena, field), batch, 0), NO);
    }
    tv_batch_set_text(batch, TV_FIELD_SERVICE, 0, TV_STR(""));
    tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("x")), 0, tv_value_bool(false));
    tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("cpu_percent")), 0, tv_value_i64(0));
    tv_batch_set_id(batch, TV_FIELD_TRACE_ID, 0, (struct tv_id){0, 1});
    tv_batch_set_i64(batch, TV_FIELD_DURATION, 0, 0);
    tv_batch_set_u8(batch, TV_FIELD_STATUS, 0, TV_EVENT_STATUS_UNSET);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct tv_field_ref field = tv_field_resolve(tv_str_of(names[i]));
        assert_int_equal(ask(tv_pred_exists(&arena, field), batch, 0), YES);
    }
    struct tv_field_ref error = tv_field_resolve(TV_STR("error_occurred"));
    assert_int_equal(ask(tv_pred_exists(&arena, error), batch, 0), YES);
    tv_batch_unref(batch);
    tv_arena_release(&arena);
}

static void predicate__selects_all_without_a_condition(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    struct tv_batch *batch = tv_batch_new();
    uint32_t rows[70];
    assert_int_equal(tv_pred_select(NULL, batch, rows, &arena), 0);
    for (int i = 0; i < 70; i++)
        (void)tv_batch_add_row(batch);
    assert_int_equal(tv_pred_select(NULL, batch, rows, &arena), 70);
    assert_int_equal(rows[69], 69);
    assert_int_equal(tv_pred_filter(tv_pred_true(&arena), batch, rows, 3, &arena), 3);
    struct tv_pred *never = tv_pred_not(&arena, tv_pred_true(&arena));
    assert_int_equal(tv_pred_select(never, batch, rows, &arena), 0);
    assert_null(tv_pred_and(&arena, NULL, NULL));
    assert_ptr_equal(tv_pred_and(&arena, NULL, never), never);
    assert_ptr_equal(tv_pred_and(&arena, never, NULL), never);
    rows[0] = 5;
    assert_int_equal(tv_pred_filter(tv_pred_or(&arena, never, NULL), batch, rows, 1, &arena), 1);
    tv_batch_unref(batch);
    tv_arena_release(&arena);
}

static struct tv_pred *service_is(struct tv_arena *arena, const char *name)
{
    return tv_pred_compare(arena, tv_field_resolve(TV_STR("service")), TV_OP_EQ, text(name));
}

/* Both chains that grow from one beginning keep their own parts. */
static void predicate__chains_may_share_their_beginning(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    struct tv_batch *batch = tv_batch_new();
    static const char *const services[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < COUNT(services); i++)
        tv_batch_set_text(batch, TV_FIELD_SERVICE, tv_batch_add_row(batch), tv_str_of(services[i]));
    struct tv_pred *ab = tv_pred_or(&arena, service_is(&arena, "a"), service_is(&arena, "b"));
    struct tv_pred *abc = tv_pred_or(&arena, ab, service_is(&arena, "c"));
    struct tv_pred *abd = tv_pred_or(&arena, ab, service_is(&arena, "d"));
    struct tv_pred *abab = tv_pred_or(&arena, ab, ab);
    struct tv_pred *all = tv_pred_or(&arena, abc, tv_pred_or(&arena, service_is(&arena, "e"), abd));
    uint32_t rows[5];
    assert_int_equal(tv_pred_select(ab, batch, rows, &arena), 2);
    assert_int_equal(tv_pred_select(abc, batch, rows, &arena), 3);
    assert_int_equal(rows[2], 2);
    assert_int_equal(tv_pred_select(abd, batch, rows, &arena), 3);
    assert_int_equal(rows[2], 3);
    assert_int_equal(tv_pred_select(abab, batch, rows, &arena), 2);
    assert_int_equal(tv_pred_select(all, batch, rows, &arena), 5);
    tv_batch_unref(batch);
    tv_arena_release(&arena);
}

static void predicate__runs_long_chains(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    struct tv_batch *batch = one_row();
    tv_batch_set_text(batch, TV_FIELD_SERVICE, 0, TV_STR("s99999"));
    struct tv_pred *chain = NULL;
    for (unsigned i = 0; i < 100000; i++) {
        struct tv_pred *next = service_is(&arena, tv_arena_printf(&arena, "s%u", i).ptr);
        chain = chain ? tv_pred_or(&arena, chain, next) : next;
        next = tv_pred_not(&arena, tv_pred_not(&arena, chain));
        assert_ptr_equal(next, chain);
    }
    assert_int_equal(ask(chain, batch, 0), YES);
    tv_batch_unref(batch);
    tv_arena_release(&arena);
}

static void note_field(void *ctx, const struct tv_field_ref *field)
{
    struct tv_buf *names = ctx;
    assert_int_not_equal(field->class, TV_FIELD_VIRTUAL);
    tv_buf_append_char(names, field->class == TV_FIELD_FIXED ? '=' : '.');
    tv_buf_append_str(names, field->name);
    tv_buf_append_char(names, ' ');
}

static void predicate__lists_the_fields_it_reads(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    struct tv_buf names = {0};
    struct tv_field_ref error = tv_field_resolve(TV_STR("error_occurred"));
    struct tv_pred *pred = tv_pred_and(&arena, service_is(&arena, "a"),
            tv_pred_not(&arena, tv_pred_exists(&arena, tv_field_resolve(TV_STR("user.id")))));
    tv_pred_fields(pred, note_field, &names);
    assert_text(tv_buf_str(&names), "=service .user.id ");
    tv_buf_clear(&names);
    tv_pred_fields(tv_pred_exists(&arena, error), note_field, &names);
    assert_text(tv_buf_str(&names),
            "=eventType =status =severity .http.response.status_code .http.status_code "
            ".http.status .status_code .statusCode .status ");
    tv_buf_clear(&names);
    tv_pred_fields(NULL, note_field, &names);
    assert_int_equal(names.len, 0);
    tv_buf_release(&names);
    tv_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(predicate__compares_numbers_exactly),
            cmocka_unit_test(predicate__compares_across_types),
            cmocka_unit_test(predicate__searches_text_and_numbers),
            cmocka_unit_test(predicate__reads_severity_by_bands),
            cmocka_unit_test(predicate__reads_fixed_fields_as_they_are_written),
            cmocka_unit_test(predicate__takes_the_first_attribute_of_a_virtual_metric),
            cmocka_unit_test(predicate__knows_error_occurred_of_every_row),
            cmocka_unit_test(predicate__finds_members_of_a_list),
            cmocka_unit_test(predicate__finds_ids_in_long_lists),
            cmocka_unit_test(predicate__matches_patterns),
            cmocka_unit_test(predicate__does_not_hang_on_patterns),
            cmocka_unit_test(predicate__tells_presence),
            cmocka_unit_test(predicate__selects_all_without_a_condition),
            cmocka_unit_test(predicate__chains_may_share_their_beginning),
            cmocka_unit_test(predicate__runs_long_chains),
            cmocka_unit_test(predicate__lists_the_fields_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
