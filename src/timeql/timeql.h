/* SPDX-License-Identifier: Apache-2.0 */
/* TimeQL: statement in, answer out.
 *
 * prepare (loop, microseconds) lexes, parses, checks and plans; run (query lane) pulls batches from
 * a snapshot and writes the answer through `write`, in pieces, as JSON, NDJSON, CSV or a terminal's
 * table. Grammar and answers are DESIGN's contract; docs/timeql.md teaches them.
 */
#ifndef TV_TIMEQL_TIMEQL_H
#define TV_TIMEQL_TIMEQL_H

#include "base/buf.h"
#include "base/json_in.h"
#include "store/store.h"

enum tv_query_format { TV_FORMAT_JSON, TV_FORMAT_NDJSON, TV_FORMAT_CSV, TV_FORMAT_TABLE };

struct tv_query;

struct tv_query_env {
    struct tv_str text;
    const struct tv_json *params; /* object of $name values, or NULL; borrowed during prepare */
    struct tv_str tz; /* "" or "UTC", "+02:00", or an IANA name; of times without zone */
    int64_t now_ns;
    enum tv_query_format format; /* unless the statement has FORMAT */
    uint32_t rows_max;           /* 0: the default of 10,000 */
    uint64_t bytes_max;          /* of segments, to be read; 0: no bound */
};

/* On TV_OK *out is owned by the caller (tv_query_free). Errors carry position, expected, hint.
 * Everything in `env` is borrowed during the call only: the query keeps copies. */
TV_CHECKED enum tv_status tv_query_prepare(
        const struct tv_query_env *env, struct tv_query **out, struct tv_error *err);
void tv_query_free(struct tv_query *query);
enum tv_query_format tv_query_format(const struct tv_query *query);
/* The statement's text; valid as long as the query. */
struct tv_str tv_query_text(const struct tv_query *query);
/* The Content-Type of a format. */
const char *tv_query_content_type(enum tv_query_format format);

/* Runs on one worker. `write` borrows each piece of the answer; a status other than TV_OK from it
 * stops the run with that status. Errors found before the first piece was written leave nothing
 * written. `cancel` is asked between batches. */
struct tv_query_run {
    struct tv_snapshot *snapshot;
    const struct tv_cancel *cancel;
    enum tv_status (*write)(void *ctx, struct tv_str piece);
    void *ctx;
};
TV_CHECKED enum tv_status tv_query_run(
        struct tv_query *query, const struct tv_query_run *run, struct tv_error *err);

/* An error of prepare or run for a terminal: the message, the statement's line with a caret under the
 * place, what was expected, the hint. Control characters become blanks. */
void tv_query_error_text(struct tv_str statement, const struct tv_error *err, struct tv_buf *out);

/* What may stand at byte `at` of a statement that is being written: words of the grammar, fields and
 * values that the store knows, as one JSON document (docs/http-api.md) appended to `out`. Runs on one
 * worker. Reads a bounded part of the store, and stops reading at cancel's deadline with what it has. */
struct tv_completion_env {
    struct tv_str text;
    size_t at; /* at most text.len */
    struct tv_snapshot *snapshot;
    const struct tv_cancel *cancel;
};
TV_CHECKED enum tv_status tv_query_complete(
        const struct tv_completion_env *env, struct tv_buf *out, struct tv_error *err);

/* Compiles a condition alone (WHERE's grammar), for the live stream and deletion. The predicate
 * is owned by the condition and dies with it. */
struct tv_condition;
TV_CHECKED enum tv_status tv_condition_prepare(
        struct tv_str text, int64_t now_ns, struct tv_condition **out, struct tv_error *err);
const struct tv_pred *tv_condition_pred(const struct tv_condition *condition);
void tv_condition_free(struct tv_condition *condition);

#endif
