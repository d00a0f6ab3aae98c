/* SPDX-License-Identifier: Apache-2.0 */
/* How an event looks in a list. The columns of CSV and table are fixed, so that rows of one kind line
 * up over several answers; attributes, which differ from event to event, are one column of JSON. */
#include "timeql/events.h"

#include "event/event_json.h"

enum { CSV_COLUMNS = 2 + TV_FIELD_COUNT, TABLE_COLUMNS = 9 };

static void members(struct tv_json_out *json, const void *ptr)
{
    const struct tv_event_item *item = ptr;
    if (item->kind == TV_EVENTS_TIMED) {
        tv_json_key(json, "relativeMs");
        tv_json_f64(json, item->relative_ms);
    } else {
        tv_json_key(json, "depth");
        tv_json_i64(json, item->depth);
        tv_json_key(json, "confidence");
        tv_json_f64(json, item->confidence);
    }
    tv_event_json_members(json, item->batch, item->row);
}

void tv_event_object(struct tv_json_out *json, const struct tv_batch *batch, uint32_t row)
{
    tv_json_object(json);
    tv_event_json_members(json, batch, row);
    tv_json_end(json);
}

static void attribute_members(struct tv_json_out *json, const struct tv_batch *batch, uint32_t row)
{
    static const struct tv_column plain = {.kind = TV_AS_ANY};
    tv_json_object(json);
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        struct tv_value value = tv_batch_attr_value(batch, i, row);
        if (value.type == TV_TYPE_NULL)
            continue;
        tv_json_key_str(json, tv_strings_get(&batch->strings, batch->attrs[i].name));
        tv_cell_json(json, &plain, value);
    }
    tv_json_end(json);
}

static struct tv_value attributes_cell(const struct tv_event_item *item, struct tv_arena *arena)
{
    struct tv_buf text = {0};
    struct tv_json_out json = {.out = &text};
    attribute_members(&json, item->batch, item->row);
    struct tv_value value = tv_value_str(tv_arena_str(arena, tv_buf_str(&text)));
    tv_buf_release(&text);
    return value;
}

static struct tv_value field_cell(
        const struct tv_event_item *item, enum tv_field field, struct tv_arena *arena)
{
    uint32_t row = item->row;
    struct tv_scan_batch one = {.batch = item->batch, .rows = &row, .count = 1};
    struct tv_field_ref ref = tv_field_ref_fixed(field);
    struct tv_value value;
    tv_gather(&one, &ref, arena, &value);
    return value;
}

static struct tv_value first_cell(const struct tv_event_item *item)
{
    return item->kind == TV_EVENTS_TIMED ? tv_value_f64(item->relative_ms)
                                         : tv_value_i64(item->depth);
}

static void csv_cells(const void *ptr, struct tv_arena *arena, struct tv_value *out)
{
    const struct tv_event_item *item = ptr;
    out[0] = first_cell(item);
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        out[1 + i] = field_cell(item, (enum tv_field)i, arena);
    out[1 + TV_FIELD_COUNT] = attributes_cell(item, arena);
}

static const enum tv_field table_fields[TABLE_COLUMNS - 1] = {TV_FIELD_TIME, TV_FIELD_SERVICE,
        TV_FIELD_TYPE, TV_FIELD_NAME, TV_FIELD_STATUS, TV_FIELD_SEVERITY, TV_FIELD_DURATION,
        TV_FIELD_MESSAGE};

static void table_cells(const void *ptr, struct tv_arena *arena, struct tv_value *out)
{
    const struct tv_event_item *item = ptr;
    out[0] = first_cell(item);
    for (int i = 0; i < TABLE_COLUMNS - 1; i++)
        out[1 + i] = field_cell(item, table_fields[i], arena);
}

#define RELATIVE_COLUMN                                                \
    {                                                                  \
        .name = {"relativeMs", 10}, .kind = TV_AS_NUMBER, .unit = "ms" \
    }
#define DEPTH_COLUMN                                \
    {                                               \
        .name = {"depth", 5}, .kind = TV_AS_INTEGER \
    }
#define ATTRIBUTES_COLUMN                              \
    {                                                  \
        .name = {"attributes", 10}, .kind = TV_AS_JSON \
    }
#define FIELD_COLUMN(text, as)                           \
    {                                                    \
        .name = {(text), sizeof(text) - 1}, .kind = (as) \
    }
/* Times and durations are the fields kept as I64. */
#define KIND_OF_U64  TV_AS_STRING
#define KIND_OF_ID   TV_AS_STRING
#define KIND_OF_CODE TV_AS_STRING
#define KIND_OF_U8   TV_AS_STRING
#define KIND_OF_I64  TV_AS_TIME
#define X(code, text, column, type) \
    FIELD_COLUMN(text, TV_FIELD_##code == TV_FIELD_DURATION ? TV_AS_INTEGER : KIND_OF_##column),

static const struct tv_column timed_csv[CSV_COLUMNS] = {
        RELATIVE_COLUMN, TV_FIELD_LIST(X) ATTRIBUTES_COLUMN};
static const struct tv_column walked_csv[CSV_COLUMNS] = {
        DEPTH_COLUMN, TV_FIELD_LIST(X) ATTRIBUTES_COLUMN};
#undef X

#define TABLE_FIELDS                                                                      \
    FIELD_COLUMN("timestamp", TV_AS_TIME), FIELD_COLUMN("service", TV_AS_STRING),         \
            FIELD_COLUMN("eventType", TV_AS_STRING), FIELD_COLUMN("name", TV_AS_STRING),  \
            FIELD_COLUMN("status", TV_AS_STRING), FIELD_COLUMN("severity", TV_AS_STRING), \
            FIELD_COLUMN("durationNs", TV_AS_INTEGER), FIELD_COLUMN("message", TV_AS_STRING)

static const struct tv_column timed_table[TABLE_COLUMNS] = {RELATIVE_COLUMN, TABLE_FIELDS};
static const struct tv_column walked_table[TABLE_COLUMNS] = {DEPTH_COLUMN, TABLE_FIELDS};

const struct tv_answer_list *tv_event_list(
        enum tv_event_list_kind kind, enum tv_query_format format)
{
    static const struct tv_answer_list timed = {
            "events", timed_csv, CSV_COLUMNS, false, members, csv_cells};
    static const struct tv_answer_list walked = {
            "events", walked_csv, CSV_COLUMNS, false, members, csv_cells};
    static const struct tv_answer_list timed_lines = {
            "events", timed_table, TABLE_COLUMNS, false, members, table_cells};
    static const struct tv_answer_list walked_lines = {
            "events", walked_table, TABLE_COLUMNS, false, members, table_cells};
    if (format == TV_FORMAT_TABLE)
        return kind == TV_EVENTS_TIMED ? &timed_lines : &walked_lines;
    return kind == TV_EVENTS_TIMED ? &timed : &walked;
}
