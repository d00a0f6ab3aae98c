/* SPDX-License-Identifier: Apache-2.0 */
/* The room's door: prepare and free. The statement's text and parameters are copied first, so that a
 * query outlives what it was made from. */
#include "timeql/query.h"

#include "base/mem.h"
#include "base/time.h"
#include "timeql/parser.h"

#include <stdlib.h>

static struct tv_query *new_query(const struct tv_query_env *env, struct tv_error *err)
{
    struct tv_query *query = tv_calloc(1, sizeof(*query));
    query->compiler.arena = &query->arena;
    query->compiler.err = err;
    query->compiler.clock.now_ns = env->now_ns;
    query->format = env->format;
    query->rows_max = env->rows_max ? env->rows_max : TV_ROWS_DEFAULT;
    query->bytes_max = env->bytes_max ? env->bytes_max : UINT64_MAX;
    return query;
}

static enum tv_status parse(
        struct tv_query *query, const struct tv_query_env *env, struct tv_error *err)
{
    if (env->text.len > TV_STATEMENT_BYTES_MAX)
        return tv_fail(
                err, TV_TOO_LARGE, "a statement is at most %d bytes long", TV_STATEMENT_BYTES_MAX);
    query->compiler.text = tv_arena_str(&query->arena, env->text);
    struct tv_source_text source = {.text = query->compiler.text, .params = env->params};
    return tv_parse_query(&source, &query->arena, &query->ast, err);
}

enum tv_status tv_query_prepare(
        const struct tv_query_env *env, struct tv_query **out, struct tv_error *err)
{
    struct tv_error unread;
    struct tv_query *query = new_query(env, err ? err : &unread);
    enum tv_status status = tv_timezone_find(
            env->tz, &query->arena, &query->compiler.clock.zone, query->compiler.err);
    if (status == TV_OK)
        status = parse(query, env, query->compiler.err);
    if (status == TV_OK)
        status = tv_check(query);
    query->compiler.err = NULL;
    if (status != TV_OK) {
        tv_query_free(query);
        return status;
    }
    if (query->ast->has_format)
        query->format = query->ast->format;
    *out = query;
    return TV_OK;
}

void tv_query_free(struct tv_query *query)
{
    if (!query)
        return;
    tv_compiler_release(&query->compiler);
    tv_arena_release(&query->arena);
    free(query);
}

enum tv_query_format tv_query_format(const struct tv_query *query)
{
    return query->format;
}

struct tv_str tv_query_text(const struct tv_query *query)
{
    return query->compiler.text;
}

const char *tv_query_content_type(enum tv_query_format format)
{
    static const char *const types[] = {"application/json", "application/x-ndjson",
            "text/csv; charset=utf-8", "text/plain; charset=utf-8"};
    return types[format];
}
