/* SPDX-License-Identifier: Apache-2.0 */
/* A condition as TimeQL text, for EXPLAIN. It reads back as the same condition, so names that could
 * be taken for something else are quoted, without knowing the language's keywords: a plain word is
 * left bare only where it is a field's own name or has a dot. */
#include "event/predicate_internal.h"

#include "base/json_out.h"
#include "base/time.h"

#include <inttypes.h>

static void print_quoted(struct tv_buf *out, struct tv_str text, char quote)
{
    tv_buf_append_char(out, quote);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == quote)
            tv_buf_append_char(out, quote);
        tv_buf_append_char(out, text.ptr[i]);
    }
    tv_buf_append_char(out, quote);
}

/* Letters, digits, underscores and dots, a letter first, a dot somewhere inside. */
static bool is_dotted_word(struct tv_str name)
{
    bool dot = false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool digit = c >= '0' && c <= '9';
        bool inside = i > 0 && i + 1 < name.len && name.ptr[i - 1] != '.';
        if (!letter && !(digit && i > 0 && name.ptr[i - 1] != '.') && !(c == '.' && inside))
            return false;
        dot = dot || c == '.';
    }
    return dot;
}

static void print_field(const struct tv_field_ref *field, struct tv_buf *out)
{
    if (field->class != TV_FIELD_ATTRIBUTE) {
        tv_buf_append_str(out, field->name);
        return;
    }
    /* An attribute named as a field is, or as the prefix below, is reached through the prefix. */
    struct tv_field_ref meant = tv_field_resolve(field->name);
    if (meant.class == TV_FIELD_ATTRIBUTE && tv_str_equal(meant.name, field->name)) {
        if (is_dotted_word(field->name))
            tv_buf_append_str(out, field->name);
        else
            print_quoted(out, field->name, '`');
        return;
    }
    struct tv_buf name = {0};
    tv_buf_append_str(&name, TV_STR("attributes."));
    tv_buf_append_str(&name, field->name);
    if (is_dotted_word(tv_buf_str(&name)))
        tv_buf_append_str(out, tv_buf_str(&name));
    else
        print_quoted(out, tv_buf_str(&name), '`');
    tv_buf_release(&name);
}

static bool is_fixed(const struct tv_field_ref *field, enum tv_field which)
{
    return field->class == TV_FIELD_FIXED && field->field == which;
}

static void print_i64(const struct tv_field_ref *field, int64_t value, struct tv_buf *out)
{
    char text[TV_TIME_TEXT_BYTES];
    bool is_time = is_fixed(field, TV_FIELD_TIME) || is_fixed(field, TV_FIELD_RECEIVED);
    if (is_time && value >= TV_TIME_MIN)
        print_quoted(out, (struct tv_str){text, tv_time_format(value, text)}, '\'');
    else if (is_fixed(field, TV_FIELD_DURATION) && value >= 0)
        tv_buf_append_str(out, (struct tv_str){text, tv_duration_format(value, text)});
    else
        tv_buf_printf(out, "%" PRId64, value);
}

static void print_value(const struct tv_field_ref *field, struct tv_value value, struct tv_buf *out)
{
    char text[32];
    switch (value.type) {
    case TV_TYPE_NULL:
        tv_buf_append_str(out, TV_STR("NULL"));
        return;
    case TV_TYPE_BOOL:
        tv_buf_append_str(out, value.b ? TV_STR("true") : TV_STR("false"));
        return;
    case TV_TYPE_I64:
        print_i64(field, value.i, out);
        return;
    case TV_TYPE_F64:
        tv_buf_append_str(out, (struct tv_str){text, tv_f64_format(value.f, text)});
        return;
    case TV_TYPE_STR:
    case TV_TYPE_JSON:
        print_quoted(out, value.s, '\'');
        return;
    }
}

static void print_in(const struct tv_pred *leaf, struct tv_buf *out)
{
    tv_buf_append_str(out, TV_STR(" IN ("));
    for (uint32_t i = 0; i < leaf->count; i++) {
        if (i > 0)
            tv_buf_append_str(out, TV_STR(", "));
        print_value(&leaf->field, leaf->values[i], out);
    }
    tv_buf_append_char(out, ')');
}

static void print_leaf(const struct tv_pred *leaf, bool negated, struct tv_buf *out)
{
    static const char *const operators[] = {[TV_OP_EQ] = "=",
            [TV_OP_NE] = "!=",
            [TV_OP_LT] = "<",
            [TV_OP_LE] = "<=",
            [TV_OP_GT] = ">",
            [TV_OP_GE] = ">=",
            [TV_OP_CONTAINS] = "CONTAINS",
            [TV_OP_STARTS_WITH] = "STARTS WITH"};
    print_field(&leaf->field, out);
    if (leaf->kind == PRED_EXISTS) {
        tv_buf_append_str(out, negated ? TV_STR(" IS NULL") : TV_STR(" IS NOT NULL"));
    } else if (leaf->kind == PRED_MATCH) {
        tv_buf_append_str(out, negated ? TV_STR(" !~ ") : TV_STR(" =~ "));
        print_quoted(out, tv_regex_pattern(leaf->regex), '\'');
    } else if (leaf->is_in) {
        print_in(leaf, out);
    } else {
        tv_buf_printf(out, " %s ", operators[leaf->op]);
        print_value(&leaf->field, leaf->values[0], out);
    }
}

static void print_part(const struct tv_pred *part, struct tv_buf *out)
{
    bool parentheses = part->kind == PRED_OR || part->kind == PRED_AND;
    if (parentheses)
        tv_buf_append_char(out, '(');
    tv_pred_print(part, out);
    if (parentheses)
        tv_buf_append_char(out, ')');
}

static void print_not(const struct tv_pred *child, struct tv_buf *out)
{
    if (child->kind == PRED_EXISTS || child->kind == PRED_MATCH) {
        print_leaf(child, true, out);
        return;
    }
    tv_buf_append_str(out, TV_STR("NOT "));
    print_part(child, out);
}

void tv_pred_print(const struct tv_pred *pred, struct tv_buf *out)
{
    if (!pred || pred->kind == PRED_TRUE) {
        tv_buf_append_str(out, TV_STR("true"));
    } else if (pred->kind == PRED_NOT) {
        print_not(pred->child, out);
    } else if (pred->kind != PRED_AND && pred->kind != PRED_OR) {
        print_leaf(pred, false, out);
    } else {
        for (uint32_t i = 0; i < pred->count; i++) {
            if (i > 0)
                tv_buf_append_str(out, pred->kind == PRED_AND ? TV_STR(" AND ") : TV_STR(" OR "));
            print_part(pred->parts->items[i], out);
        }
    }
}
