/* SPDX-License-Identifier: Apache-2.0 */
/* Comma-separated values as RFC 4180 has them: a header line, CRLF, quotes where they are needed. */
#include "timeql/answer.h"

static void head(struct tv_answer *answer, const char *type, int64_t from, int64_t to)
{
    (void)answer;
    (void)type;
    (void)from;
    (void)to;
}

static bool needs_quotes(struct tv_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == ',' || c == '"' || c == '\n' || c == '\r')
            return true;
    }
    return false;
}

static void put_field(struct tv_buf *out, struct tv_str text)
{
    if (!needs_quotes(text)) {
        tv_buf_append_str(out, text);
        return;
    }
    tv_buf_append_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            tv_buf_append_char(out, '"');
        tv_buf_append_char(out, text.ptr[i]);
    }
    tv_buf_append_char(out, '"');
}

static void list_open(struct tv_answer *answer)
{
    for (size_t i = 0; i < answer->list->column_count; i++) {
        if (i > 0)
            tv_buf_append_char(&answer->buf, ',');
        put_field(&answer->buf, answer->list->columns[i].name);
    }
    tv_buf_append_str(&answer->buf, TV_STR("\r\n"));
}

static void item_out(struct tv_answer *answer, const void *item)
{
    struct tv_buf text = {0};
    const struct tv_value *cells = tv_answer_cells(answer, item);
    for (size_t i = 0; i < answer->list->column_count; i++) {
        if (i > 0)
            tv_buf_append_char(&answer->buf, ',');
        tv_buf_clear(&text);
        tv_cell_text(&text, &answer->list->columns[i], cells[i]);
        put_field(&answer->buf, tv_buf_str(&text));
    }
    tv_buf_append_str(&answer->buf, TV_STR("\r\n"));
    tv_buf_release(&text);
    tv_arena_release(&answer->arena);
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

const struct tv_answer_writer tv_answer_csv_writer = {
        .head = head,
        .open = list_open,
        .item = item_out,
        .close = list_close,
        .end = end_out,
};
