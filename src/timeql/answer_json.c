/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON document. What is known only at the end (warnings, what was scanned) stands at its end, so
 * that nothing needs to be kept back. */
#include "timeql/answer.h"

static void head(struct tv_answer *answer, const char *type, int64_t from, int64_t to)
{
    struct tv_json_out *json = &answer->json;
    tv_json_object(json);
    tv_json_key(json, "type");
    tv_json_text(json, type);
    tv_json_key(json, "window");
    tv_json_object(json);
    tv_json_key(json, "from");
    tv_json_time(json, from);
    tv_json_key(json, "to");
    tv_json_time(json, to);
    tv_json_end(json);
}

static void columns(struct tv_answer *answer)
{
    struct tv_json_out *json = &answer->json;
    tv_json_key(json, "columns");
    tv_json_array(json);
    for (size_t i = 0; i < answer->list->column_count; i++) {
        const struct tv_column *column = &answer->list->columns[i];
        tv_json_object(json);
        tv_json_key(json, "name");
        tv_json_str(json, column->name);
        tv_json_key(json, "type");
        tv_json_text(json, tv_column_kind_name(column->kind));
        tv_json_key(json, "unit");
        if (column->unit)
            tv_json_text(json, column->unit);
        else
            tv_json_null(json);
        tv_json_end(json);
    }
    tv_json_end(json);
}

static void list_open(struct tv_answer *answer)
{
    if (answer->list->rows)
        columns(answer);
    tv_json_key(&answer->json, answer->list->member);
    tv_json_array(&answer->json);
}

static void item_out(struct tv_answer *answer, const void *item)
{
    struct tv_json_out *json = &answer->json;
    const struct tv_answer_list *list = answer->list;
    if (list->members) {
        tv_json_object(json);
        list->members(json, item);
        tv_json_end(json);
        return;
    }
    const struct tv_value *cells = tv_answer_cells(answer, item);
    if (list->rows)
        tv_json_array(json);
    else
        tv_json_object(json);
    for (size_t i = 0; i < list->column_count; i++) {
        if (!list->rows)
            tv_json_key_str(json, list->columns[i].name);
        tv_cell_json(json, &list->columns[i], cells[i]);
    }
    tv_json_end(json);
    tv_arena_release(&answer->arena);
}

static void list_close(struct tv_answer *answer)
{
    tv_json_end(&answer->json);
}

static void end_out(struct tv_answer *answer, const struct tv_answer_end *end)
{
    struct tv_json_out *json = &answer->json;
    tv_json_key(json, "warnings");
    tv_json_array(json);
    for (size_t i = 0; i < end->warning_count; i++)
        tv_json_str(json, end->warnings[i]);
    tv_json_end(json);
    tv_json_key(json, "truncated");
    tv_json_bool(json, end->truncated);
    tv_json_key(json, "scanned");
    tv_json_object(json);
    tv_json_key(json, "segments");
    tv_json_u64(json, end->segments);
    tv_json_key(json, "events");
    tv_json_u64(json, end->events);
    tv_json_key(json, "bytes");
    tv_json_u64(json, end->bytes);
    tv_json_end(json);
    tv_json_key(json, "tookMs");
    tv_json_f64(json, end->took_ms);
    tv_json_end(json);
    tv_buf_append_char(&answer->buf, '\n');
}

const struct tv_answer_writer tv_answer_json_writer = {
        .head = head,
        .open = list_open,
        .item = item_out,
        .close = list_close,
        .end = end_out,
};
