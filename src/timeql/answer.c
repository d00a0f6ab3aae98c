/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats share: choosing a writer, letting pieces go, cells as text. */
#include "timeql/answer.h"

#include "base/mem.h"
#include "base/time.h"
#include "event/event_json.h"

#include <stdlib.h>

enum { PIECE_BYTES = 1 << 16 };

void tv_answer_init(
        struct tv_answer *answer, enum tv_query_format format, const struct tv_query_run *run)
{
    static const struct tv_answer_writer *const writers[] = {&tv_answer_json_writer,
            &tv_answer_ndjson_writer, &tv_answer_csv_writer, &tv_answer_table_writer};
    *answer = (struct tv_answer){.writer = writers[format], .write = run->write, .ctx = run->ctx};
    answer->json.out = &answer->buf;
}

void tv_answer_release(struct tv_answer *answer)
{
    tv_buf_release(&answer->buf);
    tv_arena_release(&answer->arena);
    free(answer->cells);
    free(answer->lines);
}

void tv_answer_flush(struct tv_answer *answer, size_t keep_below)
{
    if (answer->buf.len <= keep_below || answer->buf.len == 0)
        return;
    if (answer->status == TV_OK)
        answer->status = answer->write(answer->ctx, tv_buf_str(&answer->buf));
    tv_buf_clear(&answer->buf);
}

void tv_answer_head(struct tv_answer *answer, const char *type, int64_t from, int64_t to)
{
    answer->writer->head(answer, type, from, to);
}

void tv_answer_open(struct tv_answer *answer, const struct tv_answer_list *list)
{
    answer->list = list;
    answer->items = 0;
    free(answer->cells);
    answer->cells = tv_calloc(list->column_count + 1, sizeof(*answer->cells));
    answer->writer->open(answer);
}

void tv_answer_item(struct tv_answer *answer, const void *item)
{
    if (answer->status != TV_OK)
        return;
    answer->items++;
    answer->writer->item(answer, item);
    tv_answer_flush(answer, PIECE_BYTES);
}

void tv_answer_close(struct tv_answer *answer)
{
    answer->writer->close(answer);
}

struct tv_json_out *tv_answer_json(struct tv_answer *answer)
{
    return answer->writer == &tv_answer_json_writer ? &answer->json : NULL;
}

enum tv_status tv_answer_end(struct tv_answer *answer, const struct tv_answer_end *end)
{
    answer->writer->end(answer, end);
    tv_answer_flush(answer, 0);
    return answer->status;
}

const struct tv_value *tv_answer_cells(struct tv_answer *answer, const void *item)
{
    answer->list->cells(item, &answer->arena, answer->cells);
    return answer->cells;
}

void tv_cell_json(struct tv_json_out *json, const struct tv_column *column, struct tv_value value)
{
    if (value.type == TV_TYPE_I64 && column->kind == TV_AS_TIME)
        tv_json_time(json, value.i);
    else
        tv_json_value(json, value);
}

void tv_cell_text(struct tv_buf *out, const struct tv_column *column, struct tv_value value)
{
    char text[TV_TIME_TEXT_BYTES > 32 ? TV_TIME_TEXT_BYTES : 32];
    switch (value.type) {
    case TV_TYPE_NULL:
        return;
    case TV_TYPE_BOOL:
        tv_buf_printf(out, "%s", value.b ? "true" : "false");
        return;
    case TV_TYPE_I64:
        if (column->kind == TV_AS_TIME)
            tv_buf_append(out, text, tv_time_format(value.i, text));
        else
            tv_buf_printf(out, "%lld", (long long)value.i);
        return;
    case TV_TYPE_F64:
        tv_buf_append(out, text, tv_f64_format(value.f, text));
        return;
    case TV_TYPE_STR:
    case TV_TYPE_JSON:
        tv_buf_append_str(out, value.s);
        return;
    }
}
