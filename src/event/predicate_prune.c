/* SPDX-License-Identifier: Apache-2.0 */
/* Which segments a condition can spare from being read.
 *
 * What is known of a segment (least and greatest numbers, filters) can only say "no row has this",
 * so each leaf asks whether some row may satisfy it, AND needs all parts to say so, OR one. NOT is
 * never pruned: that no row satisfies a part says nothing about the rows for which it is false. */
#include "event/predicate_internal.h"

#include <math.h>

static bool may_equal_value(
        const struct tv_pred_zones *zones, const struct tv_field_ref *field, struct tv_value value)
{
    return !zones->may_equal || zones->may_equal(zones->ctx, field, value);
}

/* A text that is a number also equals numbers, so both are asked for. */
static bool may_equal(
        const struct tv_pred_zones *zones, const struct tv_field_ref *field, struct tv_value value)
{
    struct tv_number number;
    if (value.type == TV_TYPE_NULL)
        return false;
    if (may_equal_value(zones, field, value))
        return true;
    if (field->class == TV_FIELD_FIXED || value.type != TV_TYPE_STR)
        return false;
    if (tv_str_equal_nocase(value.s, TV_STR("true")) ||
            tv_str_equal_nocase(value.s, TV_STR("false")))
        return true;
    if (!tv_value_exact(value, &number))
        return false;
    if (zones->may_be_number && !zones->may_be_number(zones->ctx, field))
        return false;
    return may_equal_value(
            zones, field, number.is_int ? tv_value_i64(number.i) : tv_value_f64(number.f));
}

struct zone {
    bool known;
    double low, high;
};

/* Integers from 2^53 on may have been rounded on their way into a double, here and in the value
 * that is compared: a step outwards makes up for both. */
static struct zone zone_of(const struct tv_pred_zones *zones, const struct tv_field_ref *field)
{
    struct zone zone = {0};
    if (!zones->range || !zones->range(zones->ctx, field, &zone.low, &zone.high))
        return zone;
    zone.known = true;
    if (zone.low <= zone.high) {
        zone.low = fabs(zone.low) >= 0x1p53 ? nextafter(zone.low, -INFINITY) : zone.low;
        zone.high = fabs(zone.high) >= 0x1p53 ? nextafter(zone.high, INFINITY) : zone.high;
    }
    return zone;
}

/* The numbers that a value of the leaf stands for; false if it is none. */
static bool value_bounds(const struct tv_pred *leaf, uint32_t i, struct pred_band *out)
{
    double number;
    if (leaf->bands) {
        *out = leaf->bands[i];
        return out->low <= out->high;
    }
    if (!tv_value_number(leaf->values[i], &number) || number != number)
        return false;
    *out = (struct pred_band){number, number};
    return true;
}

/* All values of the zone are numbers, so what is none equals none; but a name may equal a bool. */
static bool value_in_zone(const struct tv_pred *leaf, uint32_t i, struct zone zone)
{
    struct pred_band bounds;
    if (!value_bounds(leaf, i, &bounds))
        return leaf->values[i].type == TV_TYPE_STR && !leaf->bands;
    return bounds.high >= zone.low && bounds.low <= zone.high;
}

static bool member_may_match(const struct tv_pred *leaf, const struct tv_field_ref *field,
        const struct tv_pred_zones *zones)
{
    if (leaf->op == TV_OP_NE)
        return true;
    struct zone zone = zone_of(zones, field);
    for (uint32_t i = 0; i < leaf->count; i++) {
        if (zone.known && !value_in_zone(leaf, i, zone))
            continue;
        if (leaf->bands || may_equal(zones, field, leaf->values[i]))
            return true;
    }
    return false;
}

static bool order_may_match(const struct tv_pred *leaf, const struct tv_field_ref *field,
        const struct tv_pred_zones *zones)
{
    struct pred_band bounds;
    struct zone zone = zone_of(zones, field);
    if (!zone.known)
        return true;
    if (!value_bounds(leaf, 0, &bounds))
        return leaf->values[0].type == TV_TYPE_STR && !leaf->bands;
    if (leaf->op == TV_OP_LT)
        return zone.low < bounds.low;
    if (leaf->op == TV_OP_LE)
        return zone.low <= bounds.high;
    if (leaf->op == TV_OP_GT)
        return zone.high > bounds.high;
    return zone.high >= bounds.low;
}

/* The leaf with another field in its place: one of those behind a virtual one. */
static bool field_may_match(const struct tv_pred *leaf, const struct tv_field_ref *field,
        const struct tv_pred_zones *zones)
{
    struct zone zone = zone_of(zones, field);
    if (zone.known && !(zone.low <= zone.high))
        return false;
    if (leaf->kind == PRED_MEMBER)
        return member_may_match(leaf, field, zones);
    if (leaf->kind == PRED_ORDER)
        return order_may_match(leaf, field, zones);
    return true;
}

/* Whether any row may have error_occurred. */
static bool may_have_error(const struct tv_pred_zones *zones)
{
    struct tv_field_ref status = tv_field_ref_fixed(TV_FIELD_STATUS);
    struct tv_field_ref severity = tv_field_ref_fixed(TV_FIELD_SEVERITY);
    struct tv_field_ref type = tv_field_ref_fixed(TV_FIELD_TYPE);
    struct zone zone = zone_of(zones, &severity);
    if (!zone.known || (zone.low <= zone.high && zone.high >= TV_SEVERITY_ERROR))
        return true;
    if (may_equal_value(zones, &status, tv_value_str(TV_STR("error"))) ||
            may_equal_value(zones, &type, tv_value_str(TV_STR("error"))))
        return true;
    size_t count;
    const struct tv_str *names = tv_http_status_attributes(&count);
    for (size_t i = 0; i < count; i++) {
        struct tv_field_ref ref = tv_field_ref_attribute(names[i]);
        zone = zone_of(zones, &ref);
        if (!zone.known || (zone.low <= zone.high && zone.high >= 500))
            return true;
    }
    return false;
}

static bool error_may_match(const struct tv_pred *leaf, const struct tv_pred_zones *zones)
{
    struct pred_effort effort = {0};
    if (leaf->kind == PRED_EXISTS)
        return true;
    if (tv_pred_decide(leaf, tv_value_bool(false), &effort) == PRED_YES)
        return true;
    return tv_pred_decide(leaf, tv_value_bool(true), &effort) == PRED_YES && may_have_error(zones);
}

static bool leaf_may_match(const struct tv_pred *leaf, const struct tv_pred_zones *zones)
{
    if (leaf->field.class != TV_FIELD_VIRTUAL)
        return field_may_match(leaf, &leaf->field, zones);
    if (leaf->field.virtual_field == TV_VIRTUAL_ERROR_OCCURRED)
        return error_may_match(leaf, zones);
    size_t count;
    const struct tv_str *names = tv_virtual_attributes(leaf->field.virtual_field, &count);
    for (size_t i = 0; i < count; i++) {
        struct tv_field_ref ref = tv_field_ref_attribute(names[i]);
        if (field_may_match(leaf, &ref, zones))
            return true;
    }
    return false;
}

static bool parts_may_match(const struct tv_pred *pred, const struct tv_pred_zones *zones)
{
    bool all = pred->kind == PRED_AND;
    for (uint32_t i = 0; i < pred->count; i++)
        if (tv_pred_may_match(pred->parts->items[i], zones) != all)
            return !all;
    return all;
}

bool tv_pred_may_match(const struct tv_pred *pred, const struct tv_pred_zones *zones)
{
    if (!pred || pred->kind == PRED_TRUE || pred->kind == PRED_NOT)
        return true;
    if (pred->kind == PRED_AND || pred->kind == PRED_OR)
        return parts_may_match(pred, zones);
    return leaf_may_match(pred, zones);
}
