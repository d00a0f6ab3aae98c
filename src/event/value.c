/* SPDX-License-Identifier: Apache-2.0 */
/* Values as numbers, and their order.
 *
 * Integers are compared with doubles without rounding either: above 2^53 a conversion would make
 * neighbours equal, and times and ids live there. The order is total over all values. A text that
 * is a number has to count as one against every other value, not only against numbers: else
 * "10" < "9" (by bytes) < 9.5 < "10" would be a cycle and a sort's result arbitrary. */
#include "event/value.h"

/* Numbers start so; parsing every text of a sort to find that it is none would cost most of it. */
static bool may_be_number(struct tv_str text)
{
    if (text.len == 0)
        return false;
    char c = text.ptr[0];
    return (c >= '0' && c <= '9') || c == '-' || c == '+';
}

static bool text_exact(struct tv_str text, struct tv_number *out)
{
    *out = (struct tv_number){0};
    if (!may_be_number(text))
        return false;
    if (tv_str_to_i64(text, &out->i)) {
        out->is_int = true;
        return true;
    }
    return tv_str_to_f64(text, &out->f);
}

bool tv_value_exact(struct tv_value value, struct tv_number *out)
{
    switch (value.type) {
    case TV_TYPE_BOOL:
        *out = (struct tv_number){.is_int = true, .i = value.b ? 1 : 0};
        return true;
    case TV_TYPE_I64:
        *out = (struct tv_number){.is_int = true, .i = value.i};
        return true;
    case TV_TYPE_F64:
        *out = (struct tv_number){.f = value.f};
        return true;
    case TV_TYPE_STR:
        return text_exact(value.s, out);
    case TV_TYPE_NULL:
    case TV_TYPE_JSON:
        break;
    }
    return false;
}

bool tv_value_number(struct tv_value value, double *out)
{
    struct tv_number number;
    if (!tv_value_exact(value, &number))
        return false;
    *out = number.is_int ? (double)number.i : number.f;
    return true;
}

static int sign(bool less, bool greater)
{
    return (int)greater - (int)less;
}

static int compare_int_with_double(int64_t i, double f)
{
    if (f != f || f >= 0x1p63)
        return -1;
    if (f < -0x1p63)
        return 1;
    /* |f| ≤ 2^63 now, so its whole part is exact as an integer. */
    int64_t whole = (int64_t)f;
    if (i != whole)
        return sign(i<whole, i> whole);
    double rest = f - (double)whole;
    return sign(rest > 0, rest < 0);
}

int tv_number_compare(struct tv_number a, struct tv_number b)
{
    if (a.is_int && b.is_int)
        return sign(a.i<b.i, a.i> b.i);
    if (a.is_int)
        return compare_int_with_double(a.i, b.f);
    if (b.is_int)
        return -compare_int_with_double(b.i, a.f);
    if (a.f != a.f || b.f != b.f)
        return sign(b.f != b.f && a.f == a.f, a.f != a.f && b.f == b.f);
    return sign(a.f<b.f, a.f> b.f);
}

enum rank { RANK_NULL, RANK_NUMBER, RANK_TEXT };

static enum rank rank_of(struct tv_value value, struct tv_number *number)
{
    if (value.type == TV_TYPE_NULL)
        return RANK_NULL;
    return tv_value_exact(value, number) ? RANK_NUMBER : RANK_TEXT;
}

int tv_value_compare(struct tv_value a, struct tv_value b)
{
    struct tv_number left = {0}, right = {0};
    enum rank rank = rank_of(a, &left), other = rank_of(b, &right);
    if (rank != other)
        return sign(rank<other, rank> other);
    if (rank == RANK_NULL)
        return 0;
    if (rank == RANK_NUMBER)
        return tv_number_compare(left, right);
    return tv_str_compare(a.s, b.s);
}
