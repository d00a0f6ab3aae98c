/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON object a line, the items of the main list and nothing else. */
#include "timeql/answer.h"

static void head(struct tv_answer *answer, const char *type, int64_t from, int64_t to)
{
    (void)answer;
    (void)type;
    (void)from;
    (void)to;
}

static void list_open(struct tv_answer *answer)
{
    (void)answer;
}

static void item_out(struct tv_answer *answer, const void *item)
{
    struct tv_json_out json = {.out = &answer->buf};
    const struct tv_answer_list *list = answer->list;
    tv_json_object(&json);
    if (list->members) {
        list->members(&json, item);
    } else {
        const struct tv_value *cells = tv_answer_cells(answer, item);
        for (size_t i = 0; i < list->column_count; i++) {
            tv_json_key_str(&json, list->columns[i].name);
            tv_cell_json(&json, &list->columns[i], cells[i]);
        }
        tv_arena_release(&answer->arena);
    }
    tv_json_end(&json);
    tv_buf_append_char(&answer->buf, '\n');
}

static void list_close(struct tv_answer *answer)
{
    (void)answer;
}

static void end_out(struct tv_answer *answer, const struct tv_answer_end *end)
{
    (void)answer;
    (void)end;
}

const struct tv_answer_writer tv_answer_ndjson_writer = {
        .head = head,
        .open = list_open,
        .item = item_out,
        .close = list_close,
        .end = end_out,
};
