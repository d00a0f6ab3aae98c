/* SPDX-License-Identifier: Apache-2.0 */
/* What a comparison says of one cell.
 *
 * Everything that a condition means stands in this file; evaluation by column only spares it from
 * being asked for every row. The rules (see predicate.h) follow what an engineer means when types
 * differ: http.status_code = '500' finds the number 500, and a text "500" is found by = 500; but
 * version = '1.0' does not find "1". Two values that cannot be ordered, such as 'abc' and 5, are
 * unequal, and "less" is unknown of them. */
#include "event/predicate_internal.h"

#include "base/json_out.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Each give-up costs some milliseconds; a batch of such texts would hold a worker for minutes. */
enum { GIVE_UPS_MAX = 64, CELL_TEXT_BYTES = 40 };

/* How a cell stands to a value. */
enum relation { LESS, EQUAL, GREATER, UNEQUAL, NO_RELATION };

static int compare_texts(const void *a, const void *b)
{
    const struct tv_str *left = a, *right = b;
    if (left->len != right->len)
        return left->len < right->len ? -1 : 1;
    return left->len == 0 ? 0 : memcmp(left->ptr, right->ptr, left->len);
}

static int compare_numbers(const void *a, const void *b)
{
    return tv_number_compare(*(const struct tv_number *)a, *(const struct tv_number *)b);
}

static int compare_ids(const void *a, const void *b)
{
    const struct tv_id *left = a, *right = b;
    if (left->hi != right->hi)
        return left->hi < right->hi ? -1 : 1;
    return (left->lo > right->lo) - (left->lo < right->lo);
}

/* "true" and "false", any case, as 1 and 0; -1 for other texts. */
static int text_as_bool(struct tv_str text)
{
    if (tv_str_equal_nocase(text, TV_STR("true")))
        return 1;
    return tv_str_equal_nocase(text, TV_STR("false")) ? 0 : -1;
}

static bool is_nan(struct tv_number number)
{
    return !number.is_int && number.f != number.f;
}

static bool is_id(const struct tv_field_ref *field)
{
    return field->class == TV_FIELD_FIXED &&
            (field->field == TV_FIELD_TRACE_ID || field->field == TV_FIELD_SPAN_ID ||
                    field->field == TV_FIELD_PARENT_SPAN_ID);
}

static struct tv_id id_of(enum tv_field field, struct tv_str text)
{
    struct tv_id id = {0};
    if (field == TV_FIELD_TRACE_ID)
        (void)tv_trace_id_from_text(text, &id);
    else
        (void)tv_span_id_from_text(text, &id.lo);
    return id;
}

static void add_text(struct tv_pred *leaf, struct tv_value value)
{
    struct pred_set *set = &leaf->set;
    struct tv_number number;
    set->texts[set->text_count++] = value.s;
    if (is_id(&leaf->field))
        set->ids[set->id_count++] = id_of(leaf->field.field, value.s);
    if (value.type == TV_TYPE_STR && tv_value_exact(value, &number))
        set->text_numbers[set->text_number_count++] = number;
    int named = text_as_bool(value.s);
    if (named >= 0)
        set->has_bool_text[named] = true;
}

static void compile_set(struct tv_pred *leaf, struct tv_arena *arena)
{
    struct pred_set *set = &leaf->set;
    set->texts = tv_arena_calloc(arena, leaf->count, sizeof(*set->texts));
    set->numbers = tv_arena_calloc(arena, leaf->count, sizeof(*set->numbers));
    set->text_numbers = tv_arena_calloc(arena, leaf->count, sizeof(*set->text_numbers));
    if (is_id(&leaf->field))
        set->ids = tv_arena_calloc(arena, leaf->count, sizeof(*set->ids));
    for (uint32_t i = 0; i < leaf->count; i++) {
        struct tv_value value = leaf->values[i];
        struct tv_number number;
        if (value.type == TV_TYPE_NULL)
            set->has_null = true;
        else if (value.type == TV_TYPE_BOOL)
            set->has_bool[value.b ? 1 : 0] = true;
        else if (value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON)
            add_text(leaf, value);
        else if (tv_value_exact(value, &number) && !is_nan(number))
            set->numbers[set->number_count++] = number;
    }
    qsort(set->texts, set->text_count, sizeof(*set->texts), compare_texts);
    qsort(set->numbers, set->number_count, sizeof(*set->numbers), compare_numbers);
    qsort(set->text_numbers, set->text_number_count, sizeof(*set->text_numbers), compare_numbers);
    if (set->ids)
        qsort(set->ids, set->id_count, sizeof(*set->ids), compare_ids);
}

/* A name that is the first of four numbers ("ERROR", "warning") covers the four. */
static struct pred_band band_of(struct tv_value value)
{
    struct tv_number number;
    uint8_t listed = 0;
    if (tv_value_exact(value, &number)) {
        double f = number.is_int ? (double)number.i : number.f;
        return (struct pred_band){f, f};
    }
    if (value.type != TV_TYPE_STR || !tv_enum_from_text(TV_FIELD_SEVERITY, value.s, &listed))
        return (struct pred_band){1, 0};
    return (struct pred_band){listed, listed % 4 == 1 ? listed + 3 : listed};
}

static void set_range(struct tv_pred *leaf, int64_t low, int64_t high)
{
    leaf->has_range = true;
    leaf->low = low;
    leaf->high = high;
}

/* The integers x with x `op` n. */
static void compile_int_range(struct tv_pred *leaf, int64_t n)
{
    bool least = n == INT64_MIN, greatest = n == INT64_MAX;
    if (leaf->kind == PRED_MEMBER)
        set_range(leaf, n, n);
    else if (leaf->op == TV_OP_LE || (leaf->op == TV_OP_LT && !least))
        set_range(leaf, INT64_MIN, leaf->op == TV_OP_LE ? n : n - 1);
    else if (leaf->op == TV_OP_GE || (leaf->op == TV_OP_GT && !greatest))
        set_range(leaf, leaf->op == TV_OP_GE ? n : n + 1, INT64_MAX);
    else
        set_range(leaf, 1, 0);
}

static void compile_double_range(struct tv_pred *leaf, double f)
{
    bool upward = leaf->op == TV_OP_GT || leaf->op == TV_OP_GE;
    double whole = upward ? ceil(f) : floor(f);
    if (whole < -0x1p63 || whole >= 0x1p63) {
        bool all = leaf->kind == PRED_ORDER && upward == (whole < 0);
        set_range(leaf, all ? INT64_MIN : 1, all ? INT64_MAX : 0);
    } else if (whole == f) {
        compile_int_range(leaf, (int64_t)whole);
    } else if (leaf->kind == PRED_MEMBER) {
        set_range(leaf, 1, 0);
    } else {
        set_range(leaf, upward ? (int64_t)whole : INT64_MIN, upward ? INT64_MAX : (int64_t)whole);
    }
}

static void compile_number(struct tv_pred *leaf)
{
    struct tv_number number;
    if (leaf->count != 1 || !tv_value_exact(leaf->values[0], &number) || is_nan(number))
        return;
    leaf->outside = leaf->op == TV_OP_NE;
    if (number.is_int)
        compile_int_range(leaf, number.i);
    else
        compile_double_range(leaf, number.f);
    leaf->number = number.is_int ? (double)number.i : number.f;
    /* Asked of the integer: its double may have been rounded down to 2^53. */
    leaf->has_double = !number.is_int || (number.i >= -(1LL << 53) && number.i <= 1LL << 53);
}

void tv_pred_compile(struct tv_pred *leaf, struct tv_arena *arena)
{
    if (leaf->kind == PRED_TEXT)
        return;
    if (leaf->kind == PRED_MEMBER)
        compile_set(leaf, arena);
    compile_number(leaf);
    if (leaf->field.class != TV_FIELD_FIXED || leaf->field.field != TV_FIELD_SEVERITY)
        return;
    leaf->bands = tv_arena_calloc(arena, leaf->count, sizeof(*leaf->bands));
    for (uint32_t i = 0; i < leaf->count; i++)
        leaf->bands[i] = band_of(leaf->values[i]);
}

static enum relation relation_of_sign(int sign)
{
    return sign < 0 ? LESS : sign > 0 ? GREATER : EQUAL;
}

static enum relation relate_bools(bool cell, bool value)
{
    return relation_of_sign((int)cell - (int)value);
}

static enum relation relate_numbers(struct tv_value cell, struct tv_value value)
{
    struct tv_number left, right;
    if (!tv_value_exact(cell, &left) || !tv_value_exact(value, &right))
        return UNEQUAL;
    if (is_nan(left) || is_nan(right))
        return UNEQUAL;
    return relation_of_sign(tv_number_compare(left, right));
}

static bool is_text(struct tv_value value)
{
    return value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON;
}

static enum relation relate(struct tv_value cell, struct tv_value value)
{
    if (value.type == TV_TYPE_NULL)
        return NO_RELATION;
    if (is_text(cell) && is_text(value))
        return relation_of_sign(tv_str_compare(cell.s, value.s));
    struct tv_value text = is_text(cell) ? cell : value;
    struct tv_value other = is_text(cell) ? value : cell;
    int named = is_text(text) && other.type == TV_TYPE_BOOL ? text_as_bool(text.s) : -1;
    if (named >= 0)
        return relate_bools(is_text(cell) ? named : cell.b, is_text(cell) ? value.b : named);
    if (is_text(cell) && value.type == TV_TYPE_BOOL)
        return UNEQUAL;
    return relate_numbers(cell, value);
}

static enum pred_tri tri_of(bool yes)
{
    return yes ? PRED_YES : PRED_NO;
}

static enum pred_tri order(enum tv_op op, enum relation relation)
{
    if (relation == UNEQUAL || relation == NO_RELATION)
        return PRED_UNKNOWN;
    if (op == TV_OP_LT)
        return tri_of(relation == LESS);
    if (op == TV_OP_LE)
        return tri_of(relation != GREATER);
    if (op == TV_OP_GT)
        return tri_of(relation == GREATER);
    return tri_of(relation != LESS);
}

static bool has_text(const struct pred_set *set, struct tv_str text)
{
    if (set->text_count == 1)
        return tv_str_equal(set->texts[0], text);
    return set->text_count > 0 &&
            bsearch(&text, set->texts, set->text_count, sizeof(text), compare_texts) != NULL;
}

static bool has_number(const struct tv_number *numbers, uint32_t count, struct tv_number number)
{
    return count > 0 && !is_nan(number) &&
            bsearch(&number, numbers, count, sizeof(number), compare_numbers) != NULL;
}

static bool set_has(const struct pred_set *set, struct tv_value cell)
{
    struct tv_number number;
    if (is_text(cell)) {
        if (has_text(set, cell.s))
            return true;
        int named = text_as_bool(cell.s);
        if (named >= 0 && set->has_bool[named])
            return true;
        return set->number_count > 0 && tv_value_exact(cell, &number) &&
                has_number(set->numbers, set->number_count, number);
    }
    if (!tv_value_exact(cell, &number))
        return false;
    bool is_bool = number.is_int ? number.i == 0 || number.i == 1 : number.f == 0 || number.f == 1;
    if (is_bool && set->has_bool[number.is_int ? number.i : (int)number.f])
        return true;
    if (cell.type == TV_TYPE_BOOL && set->has_bool_text[cell.b ? 1 : 0])
        return true;
    return has_number(set->numbers, set->number_count, number) ||
            has_number(set->text_numbers, set->text_number_count, number);
}

static enum pred_tri member(const struct tv_pred *leaf, bool found)
{
    if (!found && leaf->set.has_null)
        return PRED_UNKNOWN;
    return tri_of(found != (leaf->op == TV_OP_NE));
}

enum pred_tri tv_pred_decide_id(const struct tv_pred *leaf, struct tv_id id)
{
    const struct pred_set *set = &leaf->set;
    if (id.hi == 0 && id.lo == 0)
        return PRED_UNKNOWN;
    if (set->id_count == 1)
        return member(leaf, tv_id_equal(id, set->ids[0]));
    bool found = set->id_count > 0 &&
            bsearch(&id, set->ids, set->id_count, sizeof(id), compare_ids) != NULL;
    return member(leaf, found);
}

/* A number or bool as a reader sees it, so that status codes can be searched by STARTS WITH '5'. */
static struct tv_str cell_text(struct tv_value cell, char scratch[CELL_TEXT_BYTES])
{
    if (is_text(cell))
        return cell.s;
    if (cell.type == TV_TYPE_BOOL)
        return cell.b ? TV_STR("true") : TV_STR("false");
    if (cell.type == TV_TYPE_F64)
        return (struct tv_str){scratch, tv_f64_format(cell.f, scratch)};
    int length = snprintf(scratch, CELL_TEXT_BYTES, "%" PRId64, cell.i);
    return (struct tv_str){scratch, (size_t)length};
}

static enum pred_tri match(
        const struct tv_pred *leaf, struct tv_str text, struct pred_effort *effort)
{
    if (effort->gave_up >= GIVE_UPS_MAX)
        return PRED_NO;
    bool gave_up = false;
    bool found = tv_regex_found(leaf->regex, text, &gave_up);
    effort->gave_up += gave_up ? 1 : 0;
    return tri_of(found);
}

static enum pred_tri search(
        const struct tv_pred *leaf, struct tv_value cell, struct pred_effort *effort)
{
    char scratch[CELL_TEXT_BYTES], part_scratch[CELL_TEXT_BYTES];
    struct tv_str text = cell_text(cell, scratch);
    if (leaf->kind == PRED_MATCH)
        return match(leaf, text, effort);
    if (leaf->values[0].type == TV_TYPE_NULL)
        return PRED_UNKNOWN;
    struct tv_str part = cell_text(leaf->values[0], part_scratch);
    return tri_of(leaf->op == TV_OP_CONTAINS ? tv_str_contains(text, part)
                                             : tv_str_starts_with(text, part));
}

enum pred_tri tv_pred_decide(
        const struct tv_pred *leaf, struct tv_value cell, struct pred_effort *effort)
{
    if (cell.type == TV_TYPE_NULL)
        return PRED_UNKNOWN;
    if (leaf->kind == PRED_MEMBER)
        return member(leaf, set_has(&leaf->set, cell));
    if (leaf->kind == PRED_ORDER)
        return order(leaf->op, relate(cell, leaf->values[0]));
    return search(leaf, cell, effort);
}

static enum relation relate_band(double severity, struct pred_band band)
{
    if (!(band.low <= band.high))
        return UNEQUAL;
    return severity < band.low ? LESS : severity > band.high ? GREATER : EQUAL;
}

enum pred_tri tv_pred_decide_severity(
        const struct tv_pred *leaf, uint8_t severity, struct pred_effort *effort)
{
    if (severity == TV_SEVERITY_ABSENT)
        return PRED_UNKNOWN;
    if (leaf->kind != PRED_MEMBER && leaf->kind != PRED_ORDER)
        return search(leaf, tv_value_str(tv_enum_text(TV_FIELD_SEVERITY, severity)), effort);
    if (leaf->kind == PRED_ORDER)
        return order(leaf->op, relate_band(severity, leaf->bands[0]));
    bool found = false;
    for (uint32_t i = 0; i < leaf->count && !found; i++)
        found = relate_band(severity, leaf->bands[i]) == EQUAL;
    return member(leaf, found);
}
