/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, written as they are made. Private to this room.
 *
 * An answer has a head, one main list of items, for JSON further members, and an end. An operator says
 * what an item is (an object's members and a row of cells); the format's writer says how it looks:
 * answer_json.c, answer_ndjson.c, answer_csv.c, answer_table.c. Text leaves in pieces through the
 * run's `write`; once that has failed, nothing more is written and `status` tells why.
 *
 *     tv_answer_head(answer, "TIMELINE", from, to);
 *     tv_answer_open(answer, &list);
 *     tv_answer_item(answer, &item);     any number of times
 *     tv_answer_close(answer);
 *     json = tv_answer_json(answer);     NULL unless JSON: further members of the document
 *     status = tv_answer_end(answer, &end);
 */
#ifndef TV_TIMEQL_ANSWER_H
#define TV_TIMEQL_ANSWER_H

#include "base/json_out.h"
#include "timeql/column.h"
#include "timeql/timeql.h"

struct tv_answer;

/* How one kind of item is written. */
struct tv_answer_list {
    const char *member; /* of the JSON document */
    const struct tv_column *columns;
    size_t column_count;
    bool rows; /* JSON: "columns" and rows of cells; else objects */
    /* Writes an object's members; NULL: each cell under its column's name. */
    void (*members)(struct tv_json_out *json, const void *item);
    /* Fills a cell for each column; texts borrow the item or the arena. */
    void (*cells)(const void *item, struct tv_arena *arena, struct tv_value *out);
};

struct tv_answer_end {
    const struct tv_str *warnings;
    size_t warning_count;
    bool truncated;
    uint64_t segments, events, bytes;
    double took_ms;
};

/* One format. */
struct tv_answer_writer {
    void (*head)(struct tv_answer *answer, const char *type, int64_t from, int64_t to);
    void (*open)(struct tv_answer *answer);
    void (*item)(struct tv_answer *answer, const void *item);
    void (*close)(struct tv_answer *answer);
    void (*end)(struct tv_answer *answer, const struct tv_answer_end *end);
};

struct tv_answer {
    const struct tv_answer_writer *writer;
    struct tv_buf buf;
    struct tv_json_out json;
    struct tv_arena arena; /* of the item at hand; the table's text to the end */
    const struct tv_answer_list *list;
    struct tv_value *cells;
    uint64_t items;
    char **lines; /* of the table: cells' texts, row by row */
    size_t line_count, line_cap;
    enum tv_status (*write)(void *ctx, struct tv_str piece);
    void *ctx;
    enum tv_status status;
};

void tv_answer_init(
        struct tv_answer *answer, enum tv_query_format format, const struct tv_query_run *run);
void tv_answer_release(struct tv_answer *answer);
void tv_answer_head(struct tv_answer *answer, const char *type, int64_t from, int64_t to);
void tv_answer_open(struct tv_answer *answer, const struct tv_answer_list *list);
void tv_answer_item(struct tv_answer *answer, const void *item);
void tv_answer_close(struct tv_answer *answer);
struct tv_json_out *tv_answer_json(struct tv_answer *answer);
/* Gives away what is buffered. */
TV_CHECKED enum tv_status tv_answer_end(struct tv_answer *answer, const struct tv_answer_end *end);

/* For the writers. Lets a full buffer go. */
void tv_answer_flush(struct tv_answer *answer, size_t keep_below);
/* A cell as JSON, and as plain text. */
void tv_cell_json(struct tv_json_out *json, const struct tv_column *column, struct tv_value value);
void tv_cell_text(struct tv_buf *out, const struct tv_column *column, struct tv_value value);
/* The items's cells, filled. */
const struct tv_value *tv_answer_cells(struct tv_answer *answer, const void *item);

extern const struct tv_answer_writer tv_answer_json_writer;
extern const struct tv_answer_writer tv_answer_ndjson_writer;
extern const struct tv_answer_writer tv_answer_csv_writer;
extern const struct tv_answer_writer tv_answer_table_writer;

#endif
