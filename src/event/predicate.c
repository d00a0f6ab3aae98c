/* SPDX-License-Identifier: Apache-2.0 */
/* Building conditions: a tree of makers, most of which fold what is trivial.
 *
 * NOT NOT a is a, and AND and OR take their neighbours of the same kind in, so the tree is only as
 * deep as the parentheses of the statement are, which the parser bounds. Chains share one growing
 * list (as slices of one array do): a node sees the parts that were there when it was made. */
#include "event/predicate_internal.h"

#include "base/time.h"

static struct tv_pred *make(struct tv_arena *arena, enum pred_kind kind)
{
    struct tv_pred *pred = tv_arena_calloc(arena, 1, sizeof(*pred));
    pred->kind = kind;
    return pred;
}

struct tv_pred *tv_pred_true(struct tv_arena *arena)
{
    return make(arena, PRED_TRUE);
}

static void add_part(struct tv_pred *chain, struct tv_arena *arena, struct tv_pred *part)
{
    struct pred_parts *parts = chain->parts;
    if (parts->count == parts->cap) {
        uint32_t cap = parts->cap ? parts->cap * 2 : 4;
        parts->items =
                tv_arena_grow(arena, parts->items, parts->count, cap, sizeof(struct tv_pred *));
        parts->cap = cap;
    }
    parts->items[parts->count++] = part;
    chain->count++;
}

static struct tv_pred *join(
        struct tv_arena *arena, enum pred_kind kind, struct tv_pred *a, struct tv_pred *b)
{
    struct tv_pred *chain = make(arena, kind);
    if (a->kind == kind && a->parts->count == a->count) {
        chain->parts = a->parts;
        chain->count = a->count;
    } else {
        chain->parts = tv_arena_calloc(arena, 1, sizeof(*chain->parts));
        uint32_t own = a->kind == kind ? a->count : 0;
        for (uint32_t i = 0; i < own; i++)
            add_part(chain, arena, a->parts->items[i]);
        if (own == 0)
            add_part(chain, arena, a);
    }
    if (b->kind != kind) {
        add_part(chain, arena, b);
        return chain;
    }
    for (uint32_t i = 0, count = b->count; i < count; i++)
        add_part(chain, arena, b->parts->items[i]);
    return chain;
}

struct tv_pred *tv_pred_and(struct tv_arena *arena, struct tv_pred *a, struct tv_pred *b)
{
    if (!a || a->kind == PRED_TRUE)
        return b;
    if (!b || b->kind == PRED_TRUE)
        return a;
    return join(arena, PRED_AND, a, b);
}

struct tv_pred *tv_pred_or(struct tv_arena *arena, struct tv_pred *a, struct tv_pred *b)
{
    if (!a || !b)
        return make(arena, PRED_TRUE);
    if (a->kind == PRED_TRUE || b->kind == PRED_TRUE)
        return a->kind == PRED_TRUE ? a : b;
    return join(arena, PRED_OR, a, b);
}

struct tv_pred *tv_pred_not(struct tv_arena *arena, struct tv_pred *a)
{
    if (a->kind == PRED_NOT)
        return a->child;
    struct tv_pred *pred = make(arena, PRED_NOT);
    pred->child = a;
    return pred;
}

/* Text that stands for a time, a duration, an arrival number or an enumeration's name is turned
 * into what the column holds, where it is that; else it stays, and equals nothing. */
static struct tv_value fit(struct tv_field_ref field, struct tv_value value)
{
    if (field.class != TV_FIELD_FIXED || value.type != TV_TYPE_STR)
        return value;
    int64_t number = 0;
    uint64_t arrival = 0;
    uint8_t listed = 0;
    if (field.field == TV_FIELD_TIME || field.field == TV_FIELD_RECEIVED) {
        if (tv_time_parse_rfc3339(value.s, &number) || tv_time_parse_local(value.s, 0, &number))
            return tv_value_i64(number);
    } else if (field.field == TV_FIELD_DURATION) {
        if (tv_duration_parse(value.s, &number))
            return tv_value_i64(number);
    } else if (field.field == TV_FIELD_ARRIVAL) {
        if (tv_arrival_parse(value.s, &arrival) && arrival <= INT64_MAX)
            return tv_value_i64((int64_t)arrival);
    } else if (field.field != TV_FIELD_SEVERITY && tv_field_column(field.field) == TV_COLUMN_U8) {
        if (tv_enum_from_text(field.field, value.s, &listed))
            return tv_value_str(tv_enum_text(field.field, listed));
    }
    return value;
}

static struct tv_pred *leaf(struct tv_arena *arena, enum pred_kind kind, struct tv_field_ref field)
{
    struct tv_pred *pred = make(arena, kind);
    pred->field = field;
    return pred;
}

static void take_values(
        struct tv_pred *pred, struct tv_arena *arena, const struct tv_value *values, size_t count)
{
    TV_ASSERT(count <= UINT32_MAX);
    pred->count = (uint32_t)count;
    pred->values = tv_arena_alloc(arena, count * sizeof(*pred->values));
    for (size_t i = 0; i < count; i++)
        pred->values[i] = pred->kind == PRED_TEXT ? values[i] : fit(pred->field, values[i]);
    tv_pred_compile(pred, arena);
}

static enum pred_kind kind_of(enum tv_op op)
{
    switch (op) {
    case TV_OP_EQ:
    case TV_OP_NE:
        return PRED_MEMBER;
    case TV_OP_LT:
    case TV_OP_LE:
    case TV_OP_GT:
    case TV_OP_GE:
        return PRED_ORDER;
    case TV_OP_CONTAINS:
    case TV_OP_STARTS_WITH:
        break;
    }
    return PRED_TEXT;
}

struct tv_pred *tv_pred_compare(
        struct tv_arena *arena, struct tv_field_ref field, enum tv_op op, struct tv_value value)
{
    struct tv_pred *pred = leaf(arena, kind_of(op), field);
    pred->op = op;
    take_values(pred, arena, &value, 1);
    return pred;
}

struct tv_pred *tv_pred_in(struct tv_arena *arena, struct tv_field_ref field,
        const struct tv_value *values, size_t count)
{
    struct tv_pred *pred = leaf(arena, PRED_MEMBER, field);
    pred->op = TV_OP_EQ;
    pred->is_in = true;
    take_values(pred, arena, values, count);
    return pred;
}

struct tv_pred *tv_pred_match(
        struct tv_arena *arena, struct tv_field_ref field, const struct tv_regex *regex)
{
    struct tv_pred *pred = leaf(arena, PRED_MATCH, field);
    pred->regex = regex;
    return pred;
}

struct tv_pred *tv_pred_exists(struct tv_arena *arena, struct tv_field_ref field)
{
    return leaf(arena, PRED_EXISTS, field);
}

static void visit_attributes(
        const struct tv_str *names, size_t count, tv_pred_field_fn *visit, void *ctx)
{
    for (size_t i = 0; i < count; i++) {
        struct tv_field_ref ref = tv_field_ref_attribute(names[i]);
        visit(ctx, &ref);
    }
}

static void visit_virtual(enum tv_virtual_field field, tv_pred_field_fn *visit, void *ctx)
{
    static const uint8_t behind_error[] = {TV_FIELD_TYPE, TV_FIELD_STATUS, TV_FIELD_SEVERITY};
    size_t count;
    if (field != TV_VIRTUAL_ERROR_OCCURRED) {
        const struct tv_str *names = tv_virtual_attributes(field, &count);
        visit_attributes(names, count, visit, ctx);
        return;
    }
    for (size_t i = 0; i < sizeof(behind_error); i++) {
        struct tv_field_ref ref = tv_field_ref_fixed((enum tv_field)behind_error[i]);
        visit(ctx, &ref);
    }
    const struct tv_str *names = tv_http_status_attributes(&count);
    visit_attributes(names, count, visit, ctx);
}

void tv_pred_fields(const struct tv_pred *pred, tv_pred_field_fn *visit, void *ctx)
{
    if (!pred || pred->kind == PRED_TRUE)
        return;
    if (pred->kind == PRED_NOT) {
        tv_pred_fields(pred->child, visit, ctx);
    } else if (pred->kind == PRED_AND || pred->kind == PRED_OR) {
        for (uint32_t i = 0; i < pred->count; i++)
            tv_pred_fields(pred->parts->items[i], visit, ctx);
    } else if (pred->field.class == TV_FIELD_VIRTUAL) {
        visit_virtual(pred->field.virtual_field, visit, ctx);
    } else {
        visit(ctx, &pred->field);
    }
}
