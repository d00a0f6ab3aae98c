/* SPDX-License-Identifier: Apache-2.0 */
/* Random conditions over random batches against a naive evaluator: one row at a time, three values,
 * numbers compared as long doubles (which hold every int64 and every double exactly). Conditions that
 * mean the same must select the same rows, any candidates must give what all rows would, and a
 * segment may be spared only if no row of it is selected. */
#include "support.h"

#include "base/json_out.h"
#include "event/predicate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(__LDBL_MANT_DIG__ >= 64, "the oracle compares int64 and double in long double");

enum { VALUES_MAX = 12, ROWS_MAX = 400 };
enum tri { NO, YES, UNKNOWN };
enum shape { COMPARE, IN, MATCH, EXISTS, NOT, AND, OR };

struct node {
    enum shape shape;
    struct node *a, *b;
    struct tv_field_ref field;
    enum tv_op op;
    struct tv_value values[VALUES_MAX];
    uint32_t count;
};

struct world {
    uint64_t seed;
    struct tv_arena arena;
    struct tv_regex *regex;
};

static struct tv_value random_literal(struct world *world)
{
    static const char *const texts[] = {"checkout", "cart", "error", "ERROR", "WARN2", "server",
            "500", "7", "1.0", "1", "true", "FALSE", "", "a", "abc", "ok", "0000000000000003",
            "00000000000000010000000000000002", "0.5", "e", "9007199254740993"};
    static const int64_t numbers[] = {
            0, 1, 3, 7, 17, 500, -1, INT64_MAX, INT64_MIN, 1LL << 53, (1LL << 53) + 1};
    static const double doubles[] = {
            0.5, 7, 499.5, -0.0, 0x1p53, 0x1p63, -0x1p63, 1e300, 17.5, 2.5};
    uint64_t *seed = &world->seed;
    switch (below(seed, 10)) {
    case 0:
        return tv_value_bool(below(seed, 2) == 0);
    case 1:
    case 2:
    case 3:
        return tv_value_i64(numbers[below(seed, sizeof(numbers) / sizeof(numbers[0]))]);
    case 4:
        return tv_value_f64(doubles[below(seed, sizeof(doubles) / sizeof(doubles[0]))]);
    case 5:
        return below(seed, 3) == 0 ? tv_value_null() : tv_value_f64((double)NAN);
    default:
        return tv_value_str(tv_str_of(texts[below(seed, sizeof(texts) / sizeof(texts[0]))]));
    }
}

static struct node *random_leaf(struct world *world)
{
    static const char *const fields[] = {"service", "name", "eventId", "message", "traceId",
            "spanId", "status", "severity", "kind", "durationNs", "arrival", "causedBy",
            "error_occurred", "cpu", "memory", "http.status_code", "status_code", "user.id",
            "order.id", "seldom", "missing", "attributes.cpu"};
    struct node *node = tv_arena_calloc(&world->arena, 1, sizeof(*node));
    uint32_t shape = below(&world->seed, 10);
    node->shape = shape < 6 ? COMPARE : shape < 8 ? IN : shape < 9 ? MATCH : EXISTS;
    node->field = tv_field_resolve(
            tv_str_of(fields[below(&world->seed, sizeof(fields) / sizeof(fields[0]))]));
    node->op = (enum tv_op)below(&world->seed, TV_OP_STARTS_WITH + 1);
    node->count = node->shape == IN ? below(&world->seed, VALUES_MAX + 1) : 1;
    for (uint32_t i = 0; i < node->count; i++)
        node->values[i] = random_literal(world);
    return node;
}

static struct node *random_tree(struct world *world, int depth)
{
    uint32_t shape = below(&world->seed, 10);
    if (depth == 0 || shape < 3)
        return random_leaf(world);
    struct node *node = tv_arena_calloc(&world->arena, 1, sizeof(*node));
    node->shape = shape < 5 ? NOT : shape < 8 ? AND : OR;
    node->a = random_tree(world, depth - 1);
    if (node->shape != NOT)
        node->b = random_tree(world, depth - 1);
    return node;
}

static struct tv_pred *build(struct world *world, const struct node *node)
{
    struct tv_arena *arena = &world->arena;
    switch (node->shape) {
    case COMPARE:
        return tv_pred_compare(arena, node->field, node->op, node->values[0]);
    case IN:
        return tv_pred_in(arena, node->field, node->values, node->count);
    case MATCH:
        return tv_pred_match(arena, node->field, world->regex);
    case EXISTS:
        return tv_pred_exists(arena, node->field);
    case NOT:
        return tv_pred_not(arena, build(world, node->a));
    case AND:
        return tv_pred_and(arena, build(world, node->a), build(world, node->b));
    case OR:
        return tv_pred_or(arena, build(world, node->a), build(world, node->b));
    }
    return NULL;
}

/* The naive evaluator. */

static bool is_text(struct tv_value value)
{
    return value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON;
}

static bool as_number(struct tv_value value, long double *out)
{
    int64_t whole = 0;
    double number = 0;
    if (value.type == TV_TYPE_I64 ||
            (value.type == TV_TYPE_STR && tv_str_to_i64(value.s, &whole))) {
        *out = value.type == TV_TYPE_I64 ? value.i : whole;
        return true;
    }
    if (!tv_value_number(value, &number))
        return false;
    *out = number;
    return true;
}

static int bool_name(struct tv_value value)
{
    if (value.type == TV_TYPE_BOOL)
        return value.b ? 1 : 0;
    if (is_text(value) && tv_str_equal_nocase(value.s, TV_STR("true")))
        return 1;
    return is_text(value) && tv_str_equal_nocase(value.s, TV_STR("false")) ? 0 : -1;
}

/* -1, 0, 1, or 2 for unequal without an order. */
static int relate(struct tv_value cell, struct tv_value value)
{
    long double left = 0, right = 0;
    if (is_text(cell) && is_text(value)) {
        int sign = tv_str_compare(cell.s, value.s);
        return (sign > 0) - (sign < 0);
    }
    bool one_bool = cell.type == TV_TYPE_BOOL || value.type == TV_TYPE_BOOL;
    if (one_bool && (is_text(cell) || is_text(value))) {
        int a = bool_name(cell), b = bool_name(value);
        if (a >= 0 && b >= 0)
            return (a > b) - (a < b);
        if (is_text(cell))
            return 2;
    }
    if (!as_number(cell, &left) || !as_number(value, &right) || left != left || right != right)
        return 2;
    return (left > right) - (left < right);
}

/* The names of 1, 5, 9, 13, 17 and 21 stand for four numbers each. */
static int relate_severity(uint8_t severity, struct tv_value value)
{
    long double number = 0;
    uint8_t first = 0;
    if (as_number(value, &number))
        return number != number ? 2 : (severity > number) - (severity < number);
    if (value.type != TV_TYPE_STR || !tv_enum_from_text(TV_FIELD_SEVERITY, value.s, &first))
        return 2;
    bool is_band = (first - 1) % 4 == 0;
    if (is_band && (severity - 1) / 4 == (first - 1) / 4)
        return 0;
    return (severity > first) - (severity < first);
}

static struct tv_str written(struct tv_value cell, char *scratch)
{
    if (is_text(cell))
        return cell.s;
    int length = 0;
    if (cell.type == TV_TYPE_I64)
        length = snprintf(scratch, 64, "%lld", (long long)cell.i);
    else if (cell.type == TV_TYPE_BOOL)
        length = snprintf(scratch, 64, "%s", cell.b ? "true" : "false");
    else
        return (struct tv_str){scratch, tv_f64_format(cell.f, scratch)};
    return (struct tv_str){scratch, (size_t)length};
}

static enum tri of(bool yes)
{
    return yes ? YES : NO;
}

struct cell {
    const struct tv_batch *batch;
    uint32_t row;
    struct tv_value value;
};

/* Ids equal nothing but ids; as text they are ordered and searched. */
static bool same_id(const struct cell *cell, enum tv_field field, struct tv_value value)
{
    struct tv_id id = {0};
    if (value.type != TV_TYPE_STR)
        return false;
    if (field == TV_FIELD_TRACE_ID) {
        (void)tv_trace_id_from_text(value.s, &id);
        return tv_id_equal(id, tv_batch_ids(cell->batch, field)[cell->row]);
    }
    (void)tv_span_id_from_text(value.s, &id.lo);
    return id.lo == tv_batch_u64(cell->batch, field)[cell->row];
}

static int relate_cell(const struct node *node, const struct cell *cell, struct tv_value value)
{
    enum tv_field field = node->field.field;
    uint8_t listed = 0;
    if (node->field.class != TV_FIELD_FIXED)
        return relate(cell->value, value);
    if (field == TV_FIELD_SEVERITY)
        return relate_severity(tv_batch_u8(cell->batch, field)[cell->row], value);
    if ((field == TV_FIELD_TRACE_ID || field == TV_FIELD_SPAN_ID) && node->op <= TV_OP_NE)
        return same_id(cell, field, value) ? 0 : 2;
    if (value.type == TV_TYPE_STR && tv_enum_from_text(field, value.s, &listed))
        value.s = tv_enum_text(field, listed);
    return relate(cell->value, value);
}

static enum tri compare(const struct node *node, const struct cell *cell, struct tv_value value)
{
    char left[64], right[64];
    if (cell->value.type == TV_TYPE_NULL || value.type == TV_TYPE_NULL)
        return UNKNOWN;
    if (node->op == TV_OP_CONTAINS)
        return of(tv_str_contains(written(cell->value, left), written(value, right)));
    if (node->op == TV_OP_STARTS_WITH)
        return of(tv_str_starts_with(written(cell->value, left), written(value, right)));
    int sign = relate_cell(node, cell, value);
    if (node->op == TV_OP_EQ || node->op == TV_OP_NE)
        return of((sign == 0) == (node->op == TV_OP_EQ));
    if (sign == 2)
        return UNKNOWN;
    return of((sign < 0 && (node->op == TV_OP_LT || node->op == TV_OP_LE)) ||
            (sign > 0 && (node->op == TV_OP_GT || node->op == TV_OP_GE)) ||
            (sign == 0 && (node->op == TV_OP_LE || node->op == TV_OP_GE)));
}

static enum tri naive(
        struct world *world, const struct node *node, const struct tv_batch *batch, uint32_t row);

static enum tri naive_leaf(
        struct world *world, const struct node *node, const struct tv_batch *batch, uint32_t row)
{
    char scratch[33], text[64];
    struct cell cell = {batch, row, tv_batch_ref_value(batch, &node->field, row, scratch)};
    if (node->shape == EXISTS)
        return of(cell.value.type != TV_TYPE_NULL);
    if (cell.value.type == TV_TYPE_NULL)
        return UNKNOWN;
    if (node->shape == MATCH)
        return of(tv_regex_found(world->regex, written(cell.value, text), NULL));
    if (node->shape == COMPARE)
        return compare(node, &cell, node->values[0]);
    struct node equal = *node;
    equal.op = TV_OP_EQ;
    enum tri any = NO;
    for (uint32_t i = 0; i < node->count && any != YES; i++) {
        enum tri each = compare(&equal, &cell, node->values[i]);
        any = each == NO ? any : each;
    }
    return any;
}

static enum tri naive(
        struct world *world, const struct node *node, const struct tv_batch *batch, uint32_t row)
{
    if (node->shape < NOT)
        return naive_leaf(world, node, batch, row);
    enum tri a = naive(world, node->a, batch, row);
    if (node->shape == NOT)
        return a == UNKNOWN ? UNKNOWN : of(a == NO);
    enum tri b = naive(world, node->b, batch, row);
    enum tri strong = node->shape == AND ? NO : YES;
    if (a == strong || b == strong)
        return strong;
    return a == UNKNOWN ? a : b;
}

/* Comparisons of the two. */

static void assert_selects(struct world *world, const struct node *node,
        const struct tv_batch *batch, const struct tv_pred *pred)
{
    uint32_t rows[ROWS_MAX];
    struct tv_arena scratch = {0};
    uint32_t count = tv_pred_select(pred, batch, rows, &scratch), at = 0;
    for (uint32_t row = 0; row < batch->rows; row++) {
        bool expected = naive(world, node, batch, row) == YES;
        bool selected = at < count && rows[at] == row;
        if (expected != selected) {
            struct tv_buf text = {0};
            tv_pred_print(pred, &text);
            fail_msg("row %u: %.*s", row, TV_STR_ARG(tv_buf_str(&text)));
        }
        at += selected ? 1 : 0;
    }
    assert_int_equal(at, count);
    tv_arena_release(&scratch);
}

/* Any candidates in any order give what is left of them. */
static void assert_filters(
        struct world *world, const struct tv_batch *batch, const struct tv_pred *pred)
{
    uint32_t all[ROWS_MAX], rows[ROWS_MAX], expected[ROWS_MAX];
    bool selected[ROWS_MAX] = {false};
    struct tv_arena scratch = {0};
    uint32_t count = tv_pred_select(pred, batch, all, &scratch);
    for (uint32_t i = 0; i < count; i++)
        selected[all[i]] = true;
    uint32_t candidates = below(&world->seed, 20), kept = 0;
    uint32_t first = below(&world->seed, batch->rows);
    for (uint32_t i = 0; i < candidates; i++) {
        rows[i] = (first + below(&world->seed, 90)) % batch->rows;
        if (selected[rows[i]])
            expected[kept++] = rows[i];
    }
    assert_int_equal(tv_pred_filter(pred, batch, rows, candidates, &scratch), kept);
    if (kept > 0)
        assert_memory_equal(rows, expected, kept * sizeof(rows[0]));
    tv_arena_release(&scratch);
}

static void assert_same_rows(
        const struct tv_batch *batch, const struct tv_pred *a, const struct tv_pred *b)
{
    uint32_t left[ROWS_MAX], right[ROWS_MAX];
    struct tv_arena scratch = {0};
    uint32_t count = tv_pred_select(a, batch, left, &scratch);
    assert_int_equal(count, tv_pred_select(b, batch, right, &scratch));
    if (count > 0)
        assert_memory_equal(left, right, count * sizeof(left[0]));
    tv_arena_release(&scratch);
}

static void assert_rewrites(struct world *world, const struct tv_batch *batch)
{
    struct tv_arena *arena = &world->arena;
    struct tv_pred *a = build(world, random_tree(world, 2));
    struct tv_pred *b = build(world, random_tree(world, 2));
    struct tv_pred *c = build(world, random_tree(world, 1));
    struct tv_pred *not_a = tv_pred_not(arena, a), *not_b = tv_pred_not(arena, b);
    struct tv_pred *both = tv_pred_and(arena, a, b), *either = tv_pred_or(arena, a, b);
    assert_same_rows(batch, both, tv_pred_and(arena, b, a));
    assert_same_rows(batch, either, tv_pred_or(arena, b, a));
    assert_same_rows(batch, a, tv_pred_not(arena, not_a));
    assert_same_rows(batch, a, tv_pred_and(arena, a, a));
    assert_same_rows(batch, tv_pred_not(arena, both), tv_pred_or(arena, not_a, not_b));
    assert_same_rows(batch, tv_pred_not(arena, either), tv_pred_and(arena, not_a, not_b));
    assert_same_rows(batch, tv_pred_and(arena, either, c),
            tv_pred_or(arena, tv_pred_and(arena, a, c), tv_pred_and(arena, b, c)));
    assert_same_rows(
            batch, tv_pred_and(arena, both, c), tv_pred_and(arena, a, tv_pred_and(arena, b, c)));
    /* a, NOT a and neither of them share out the rows. */
    uint32_t rows[ROWS_MAX];
    assert_int_equal(tv_pred_select(tv_pred_and(arena, a, not_a), batch, rows, arena), 0);
}

/* Zones as exact as they can be: the oracle of what a store may know. */

static bool zone_range(void *ctx, const struct tv_field_ref *field, double *min, double *max)
{
    const struct tv_batch *batch = ctx;
    char scratch[33];
    *min = (double)INFINITY;
    *max = (double)-INFINITY;
    for (uint32_t row = 0; row < batch->rows; row++) {
        struct tv_value value = tv_batch_ref_value(batch, field, row, scratch);
        double number = 0;
        if (value.type == TV_TYPE_NULL)
            continue;
        if (field->class == TV_FIELD_FIXED && field->field == TV_FIELD_SEVERITY)
            number = tv_batch_u8(batch, TV_FIELD_SEVERITY)[row];
        else if (is_text(value) || !tv_value_number(value, &number) || number != number)
            return false;
        *min = number < *min ? number : *min;
        *max = number > *max ? number : *max;
    }
    return true;
}

static bool zone_may_equal(void *ctx, const struct tv_field_ref *field, struct tv_value value)
{
    const struct tv_batch *batch = ctx;
    char scratch[33];
    struct tv_id id = {0}, span = {0};
    bool is_trace = field->class == TV_FIELD_FIXED && field->field == TV_FIELD_TRACE_ID;
    bool is_span = field->class == TV_FIELD_FIXED && field->field == TV_FIELD_SPAN_ID;
    if (is_trace && value.type == TV_TYPE_STR)
        (void)tv_trace_id_from_text(value.s, &id);
    if (is_span && value.type == TV_TYPE_STR)
        (void)tv_span_id_from_text(value.s, &span.lo);
    for (uint32_t row = 0; row < batch->rows; row++) {
        struct tv_value cell = tv_batch_ref_value(batch, field, row, scratch);
        if (cell.type == TV_TYPE_NULL)
            continue;
        if (is_trace              ? tv_id_equal(tv_batch_ids(batch, TV_FIELD_TRACE_ID)[row], id)
                        : is_span ? tv_batch_u64(batch, TV_FIELD_SPAN_ID)[row] == span.lo
                                  : tv_value_compare(cell, value) == 0 || relate(cell, value) == 0)
            return true;
    }
    return false;
}

/* A filter of texts, as prints are one: a number's text is not in it, so that is asked for as a
 * number too, where there are numbers. */
static bool zone_may_equal_text(void *ctx, const struct tv_field_ref *field, struct tv_value value)
{
    const struct tv_batch *batch = ctx;
    char scratch[33];
    if (field->class != TV_FIELD_ATTRIBUTE || value.type != TV_TYPE_STR)
        return zone_may_equal(ctx, field, value);
    for (uint32_t row = 0; row < batch->rows; row++) {
        struct tv_value cell = tv_batch_ref_value(batch, field, row, scratch);
        if (is_text(cell) && tv_str_equal(cell.s, value.s))
            return true;
    }
    return false;
}

static bool zone_may_be_number(void *ctx, const struct tv_field_ref *field)
{
    const struct tv_batch *batch = ctx;
    char scratch[33];
    for (uint32_t row = 0; row < batch->rows; row++) {
        struct tv_value cell = tv_batch_ref_value(batch, field, row, scratch);
        if (cell.type != TV_TYPE_NULL && !is_text(cell))
            return true;
    }
    return false;
}

/* Returns whether it spared the batch. */
static bool assert_prunes(const struct tv_batch *batch, const struct tv_pred *pred)
{
    uint32_t rows[ROWS_MAX];
    struct tv_arena scratch = {0};
    union {
        const struct tv_batch *in;
        void *out;
    } ctx = {batch};
    struct tv_pred_zones zones = {ctx.out, zone_range, zone_may_equal, NULL};
    struct tv_pred_zones ranges = {ctx.out, zone_range, NULL, NULL};
    struct tv_pred_zones filters = {ctx.out, NULL, zone_may_equal, NULL};
    struct tv_pred_zones texts = {ctx.out, NULL, zone_may_equal_text, zone_may_be_number};
    struct tv_pred_zones nothing = {0};
    bool may = tv_pred_may_match(pred, &zones);
    if (tv_pred_select(pred, batch, rows, &scratch) > 0) {
        struct tv_buf text = {0};
        if (!may) {
            tv_pred_print(pred, &text);
            fail_msg("row %u spared: %.*s", rows[0], TV_STR_ARG(tv_buf_str(&text)));
        }
        assert_true(tv_pred_may_match(pred, &ranges));
        assert_true(tv_pred_may_match(pred, &filters));
        assert_true(tv_pred_may_match(pred, &texts));
        assert_true(tv_pred_may_match(pred, &nothing));
    }
    tv_arena_release(&scratch);
    return !may;
}

static uint32_t rounds(void)
{
    const char *asked = getenv("TRAVERSION_ROUNDS");
    uint64_t count = 0;
    if (asked && tv_str_to_u64(tv_str_of(asked), &count) && count > 0 && count < UINT32_MAX)
        return (uint32_t)count;
    return 400;
}

static struct world new_world(uint64_t seed)
{
    struct world world = {.seed = seed};
    assert_int_equal(tv_regex_new(TV_STR("^(c|.*o)|0$|\\."), &world.regex, NULL), TV_OK);
    return world;
}

static void end_world(struct world *world)
{
    tv_regex_free(world->regex);
    tv_arena_release(&world->arena);
}

static void oracle__selects_what_the_naive_evaluator_does(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < rounds(); round++) {
        struct world world = new_world(round);
        uint32_t size = round % 3 == 0 ? 20 : ROWS_MAX;
        struct tv_batch *batch = random_batch(&world.seed, 1 + below(&world.seed, size));
        for (int i = 0; i < 12; i++) {
            struct node *node = random_tree(&world, i % 4);
            struct tv_pred *pred = build(&world, node);
            assert_selects(&world, node, batch, pred);
            assert_filters(&world, batch, pred);
        }
        tv_batch_unref(batch);
        end_world(&world);
    }
}

static void oracle__rewrites_select_the_same(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < rounds(); round++) {
        struct world world = new_world(round + 1000003);
        struct tv_batch *batch = random_batch(&world.seed, 1 + below(&world.seed, 150));
        for (int i = 0; i < 4; i++)
            assert_rewrites(&world, batch);
        tv_batch_unref(batch);
        end_world(&world);
    }
}

static void oracle__spares_only_segments_without_rows(void **state)
{
    (void)state;
    uint32_t spared = 0;
    for (uint32_t round = 0; round < rounds(); round++) {
        struct world world = new_world(round + 2000003);
        struct tv_batch *batch = random_batch(&world.seed, 1 + below(&world.seed, 6));
        for (int i = 0; i < 12; i++)
            spared += assert_prunes(batch, build(&world, random_tree(&world, i % 3))) ? 1 : 0;
        tv_batch_unref(batch);
        end_world(&world);
    }
    /* Exact zones of small batches spare many; none would mean that nothing is pruned at all. */
    assert_true(spared > rounds());
}

/* An empty table of what is known never spares, and NULL is always. */
static void oracle__spares_nothing_without_knowledge(void **state)
{
    (void)state;
    struct world world = new_world(7);
    const struct tv_pred_zones nothing = {0};
    assert_true(tv_pred_may_match(NULL, &nothing));
    for (int i = 0; i < 1000; i++) {
        struct node *leaf = random_leaf(&world);
        bool never = leaf->shape == IN || (leaf->shape == COMPARE && leaf->op <= TV_OP_NE) ||
                leaf->field.class == TV_FIELD_VIRTUAL;
        if (!never)
            assert_true(tv_pred_may_match(build(&world, leaf), &nothing));
    }
    end_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(oracle__selects_what_the_naive_evaluator_does),
            cmocka_unit_test(oracle__rewrites_select_the_same),
            cmocka_unit_test(oracle__spares_only_segments_without_rows),
            cmocka_unit_test(oracle__spares_nothing_without_knowledge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
