/* SPDX-License-Identifier: Apache-2.0 */
/* An error for a terminal: the message, the line of the statement with a caret under the place, what
 * was expected there, the hint.
 *
 * The statement is the user's, but where it is shown may be someone else's terminal, so control
 * characters do not get through. A line may be a mebibyte long: a window of it around the caret is
 * shown. Columns are code points; a terminal that draws one wider puts the caret a little left. */
#include "timeql/timeql.h"

enum { BEFORE_BYTES = 60, LINE_BYTES = 100 };

/* Copies text, control characters (a tab too: it would move the caret) as blanks. */
static void append_plain(struct tv_buf *out, struct tv_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        tv_buf_append_char(out, c < 0x20 || c == 0x7f ? ' ' : text.ptr[i]);
    }
}

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t code_points(struct tv_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += !continues(text.ptr[i]);
    return count;
}

static void append_line(struct tv_buf *out, struct tv_str statement, size_t offset)
{
    static const struct tv_str more = {"\xe2\x80\xa6", 3};
    size_t begin = offset;
    while (begin > 0 && statement.ptr[begin - 1] != '\n')
        begin--;
    size_t end = offset;
    while (end < statement.len && statement.ptr[end] != '\n')
        end++;
    bool cut = offset - begin > BEFORE_BYTES;
    if (cut)
        begin = offset - BEFORE_BYTES;
    while (cut && begin < offset && continues(statement.ptr[begin]))
        begin++;
    struct tv_str line = {statement.ptr + begin, end - begin};
    struct tv_str shown = tv_utf8_prefix(line, LINE_BYTES);
    size_t blanks = code_points((struct tv_str){line.ptr, offset - begin}) + cut;
    tv_buf_append_str(out, TV_STR("\n    "));
    if (cut)
        tv_buf_append_str(out, more);
    append_plain(out, shown);
    if (shown.len < line.len)
        tv_buf_append_str(out, more);
    tv_buf_append_str(out, TV_STR("\n    "));
    while (blanks-- > 0)
        tv_buf_append_char(out, ' ');
    tv_buf_append_str(out, TV_STR("^\n"));
}

void tv_query_error_text(struct tv_str statement, const struct tv_error *err, struct tv_buf *out)
{
    tv_buf_append_str(out, TV_STR("error: "));
    append_plain(out, tv_str_of(err->message));
    if (err->line != 0)
        tv_buf_printf(out, " (line %u, column %u)", err->line, err->column);
    tv_buf_append_char(out, '\n');
    if (err->line != 0 && err->offset <= statement.len)
        append_line(out, statement.ptr ? statement : TV_STR(""), err->offset);
    if (err->expected[0] != '\0') {
        tv_buf_append_str(out, TV_STR("\nexpected: "));
        append_plain(out, tv_str_of(err->expected));
        tv_buf_append_char(out, '\n');
    }
    if (err->hint[0] != '\0') {
        tv_buf_append_str(out, TV_STR("\nhint: "));
        append_plain(out, tv_str_of(err->hint));
        tv_buf_append_char(out, '\n');
    }
}
