/* SPDX-License-Identifier: Apache-2.0 */
/* An aligned table for a terminal. Widths are known only when all rows are, so rows are kept as text
 * until the list closes; answers are bounded in rows, cells in width. Control characters become
 * blanks: what a service logged must not steer the reader's terminal. */
#include "timeql/answer.h"

#include "base/mem.h"

enum { CELL_WIDTH_MAX = 60 };

static void head(struct tv_answer *answer, const char *type, int64_t from, int64_t to)
{
    (void)answer;
    (void)type;
    (void)from;
    (void)to;
}

static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* The text fit for a cell: no control characters, at most CELL_WIDTH_MAX wide. */
static char *fit(struct tv_arena *arena, struct tv_str text)
{
    struct tv_buf out = {0};
    size_t width = 0;
    size_t at = 0;
    while (at < text.len && width < CELL_WIDTH_MAX) {
        struct tv_str rest = {text.ptr + at, text.len - at};
        size_t length = tv_utf8_sequence(rest);
        unsigned char first = (unsigned char)rest.ptr[0];
        bool control = first < 0x20 || first == 0x7f || length == 0 ||
                (length == 2 && first == 0xc2 && (unsigned char)rest.ptr[1] < 0xa0);
        if (control)
            tv_buf_append_char(&out, ' ');
        else
            tv_buf_append(&out, rest.ptr, length);
        at += length ? length : 1;
        width++;
    }
    if (at < text.len)
        tv_buf_append_str(&out, TV_STR("…"));
    char *copy = tv_arena_bytes(arena, out.len + 1);
    memcpy(copy, out.data ? out.data : "", out.len);
    copy[out.len] = '\0';
    tv_buf_release(&out);
    return copy;
}

static void keep(struct tv_answer *answer, char *text)
{
    if (answer->line_count == answer->line_cap) {
        answer->line_cap = tv_grown(answer->line_cap, answer->line_count + 1, 64);
        answer->lines = tv_realloc_array(answer->lines, answer->line_cap, sizeof(*answer->lines));
    }
    answer->lines[answer->line_count++] = text;
}

static void list_open(struct tv_answer *answer)
{
    answer->line_count = 0;
    for (size_t i = 0; i < answer->list->column_count; i++)
        keep(answer, fit(&answer->arena, answer->list->columns[i].name));
}

static void item_out(struct tv_answer *answer, const void *item)
{
    struct tv_buf text = {0};
    const struct tv_value *cells = tv_answer_cells(answer, item);
    for (size_t i = 0; i < answer->list->column_count; i++) {
        tv_buf_clear(&text);
        if (cells[i].type == TV_TYPE_NULL)
            tv_buf_append_char(&text, '-');
        else
            tv_cell_text(&text, &answer->list->columns[i], cells[i]);
        keep(answer, fit(&answer->arena, tv_buf_str(&text)));
    }
    tv_buf_release(&text);
}

static bool is_number(const struct tv_column *column)
{
    return column->kind == TV_AS_INTEGER || column->kind == TV_AS_NUMBER;
}

static void put_cell(struct tv_buf *out, const char *text, size_t width, bool right)
{
    size_t blanks = width - width_of(text);
    for (size_t i = 0; right && i < blanks; i++)
        tv_buf_append_char(out, ' ');
    tv_buf_append_str(out, tv_str_of(text));
    for (size_t i = 0; !right && i < blanks; i++)
        tv_buf_append_char(out, ' ');
}

static void put_line(struct tv_answer *answer, char *const *cells, const size_t *widths)
{
    size_t count = answer->list->column_count;
    for (size_t i = 0; i < count; i++) {
        bool right = is_number(&answer->list->columns[i]);
        bool last = i + 1 == count && !right;
        if (i > 0)
            tv_buf_append_str(&answer->buf, TV_STR("  "));
        put_cell(&answer->buf, cells[i], last ? width_of(cells[i]) : widths[i], right);
    }
    tv_buf_append_char(&answer->buf, '\n');
    tv_answer_flush(answer, 1 << 16);
}

static void list_close(struct tv_answer *answer)
{
    size_t count = answer->list->column_count;
    size_t *widths = tv_arena_calloc(&answer->arena, count + 1, sizeof(*widths));
    for (size_t i = 0; i < answer->line_count; i++) {
        size_t width = width_of(answer->lines[i]);
        if (width > widths[i % count])
            widths[i % count] = width;
    }
    for (size_t i = 0; i + count <= answer->line_count && count > 0; i += count)
        put_line(answer, answer->lines + i, widths);
}

static void end_out(struct tv_answer *answer, const struct tv_answer_end *end)
{
    tv_buf_printf(&answer->buf, "%s(%llu %s, %.1f ms%s)\n", answer->list ? "" : "\n",
            (unsigned long long)answer->items, answer->items == 1 ? "row" : "rows", end->took_ms,
            end->truncated ? ", truncated" : "");
    for (size_t i = 0; i < end->warning_count; i++)
        tv_buf_printf(&answer->buf, "! %.*s\n", TV_STR_ARG(end->warnings[i]));
}

const struct tv_answer_writer tv_answer_table_writer = {
        .head = head,
        .open = list_open,
        .item = item_out,
        .close = list_close,
        .end = end_out,
};
