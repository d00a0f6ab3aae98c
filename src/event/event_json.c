/* SPDX-License-Identifier: Apache-2.0 */
/* An event as JSON: members in the contract's order, then attributes in the order in which their
 * names first came. What it writes, the native decoder reads back. */
#include "event/event_json.h"

#include <math.h>

void tv_json_value(struct tv_json_out *json, struct tv_value value)
{
    switch (value.type) {
    case TV_TYPE_NULL:
        tv_json_null(json);
        return;
    case TV_TYPE_BOOL:
        tv_json_bool(json, value.b);
        return;
    case TV_TYPE_I64:
        tv_json_i64(json, value.i);
        return;
    case TV_TYPE_F64:
        tv_json_f64(json, value.f);
        return;
    case TV_TYPE_STR:
        tv_json_str(json, value.s);
        return;
    case TV_TYPE_JSON:
        tv_json_raw(json, value.s);
        return;
    }
}

static void write_field(
        struct tv_json_out *json, const struct tv_batch *batch, uint32_t row, enum tv_field field)
{
    char scratch[33];
    struct tv_value value = tv_batch_value(batch, field, row, scratch);
    if (value.type == TV_TYPE_NULL)
        return;
    tv_json_key(json, tv_field_name(field));
    if (field == TV_FIELD_TIME)
        tv_json_time(json, value.i);
    else
        tv_json_value(json, value);
}

static void write_arrival(struct tv_json_out *json, const struct tv_batch *batch, uint32_t row)
{
    const uint64_t *arrivals = tv_batch_u64(batch, TV_FIELD_ARRIVAL);
    if (!arrivals || arrivals[row] == 0)
        return;
    char text[TV_ARRIVAL_TEXT_BYTES];
    size_t length = tv_arrival_format(arrivals[row], text);
    tv_json_key(json, "arrival");
    tv_json_str(json, (struct tv_str){text, length});
}

/* The column holds a JSON array, or one bare id. */
static void write_causes(struct tv_json_out *json, const struct tv_batch *batch, uint32_t row)
{
    struct tv_str text = tv_batch_text(batch, TV_FIELD_CAUSED_BY, row);
    if (!text.ptr)
        return;
    tv_json_key(json, "causedBy");
    if (text.len > 0 && text.ptr[0] == '[') {
        tv_json_raw(json, text);
        return;
    }
    tv_json_array(json);
    tv_json_str(json, text);
    tv_json_end(json);
}

/* A double that is whole keeps a decimal, or it would come back as an integer. */
static void write_double(struct tv_json_out *json, double number)
{
    char text[40];
    if (!isfinite(number)) {
        tv_json_null(json);
        return;
    }
    size_t length = tv_f64_format(number, text);
    if (!memchr(text, '.', length) && !memchr(text, 'e', length)) {
        memcpy(text + length, ".0", 2);
        length += 2;
    }
    tv_json_raw(json, (struct tv_str){text, length});
}

static void write_attributes(
        struct tv_json_out *json, const struct tv_batch *batch, uint32_t row, bool typed)
{
    tv_json_key(json, "attributes");
    tv_json_object(json);
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        struct tv_value value = tv_batch_attr_value(batch, i, row);
        if (value.type == TV_TYPE_NULL)
            continue;
        tv_json_key_str(json, tv_strings_get(&batch->strings, batch->attrs[i].name));
        if (typed && value.type == TV_TYPE_F64)
            write_double(json, value.f);
        else
            tv_json_value(json, value);
    }
    tv_json_end(json);
}

static void write_members(
        struct tv_json_out *json, const struct tv_batch *batch, uint32_t row, bool typed)
{
    static const uint8_t before[] = {TV_FIELD_EVENT_ID, TV_FIELD_TIME, TV_FIELD_SERVICE,
            TV_FIELD_INSTANCE, TV_FIELD_HOST, TV_FIELD_TYPE, TV_FIELD_NAME, TV_FIELD_TRACE_ID,
            TV_FIELD_SPAN_ID, TV_FIELD_PARENT_SPAN_ID, TV_FIELD_KIND, TV_FIELD_DURATION,
            TV_FIELD_STATUS, TV_FIELD_SEVERITY, TV_FIELD_MESSAGE};
    static const uint8_t behind[] = {TV_FIELD_UNIT, TV_FIELD_METRIC_KIND, TV_FIELD_TEMPORALITY};
    for (size_t i = 0; i < sizeof(before); i++)
        write_field(json, batch, row, (enum tv_field)before[i]);
    write_causes(json, batch, row);
    for (size_t i = 0; i < sizeof(behind); i++)
        write_field(json, batch, row, (enum tv_field)behind[i]);
    write_attributes(json, batch, row, typed);
}

void tv_event_json_members(struct tv_json_out *json, const struct tv_batch *batch, uint32_t row)
{
    TV_ASSERT(row < batch->rows);
    write_arrival(json, batch, row);
    write_members(json, batch, row, false);
}

void tv_event_json_document(struct tv_json_out *json, const struct tv_batch *batch, uint32_t row)
{
    TV_ASSERT(row < batch->rows);
    write_members(json, batch, row, true);
}
