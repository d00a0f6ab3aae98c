/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a statement and as a condition: an error with a place, or something that can be freed.
 * What parses is printed, and what was printed must parse and print the same again. */
#include "timeql/parser.h"
#include "timeql/printer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool print(struct tv_str text, struct tv_arena *arena, struct tv_buf *out)
{
    struct tv_ast *ast = NULL;
    struct tv_error err;
    struct tv_source_text source = {.text = text};
    if (tv_parse_query(&source, arena, &ast, &err) != TV_OK) {
        TV_ASSERT(err.message[0] && err.offset <= text.len);
        return false;
    }
    tv_ast_print(ast, out);
    return true;
}

static void round_trip(struct tv_str text)
{
    struct tv_arena arena = {0};
    struct tv_buf once = {0};
    struct tv_buf twice = {0};
    if (print(text, &arena, &once)) {
        TV_ASSERT(print(tv_buf_str(&once), &arena, &twice));
        TV_ASSERT(tv_str_equal(tv_buf_str(&once), tv_buf_str(&twice)));
    }
    tv_buf_release(&once);
    tv_buf_release(&twice);
    tv_arena_release(&arena);
}

/* What a console asks while the statement is written up to here. */
static void probe(struct tv_str text)
{
    struct tv_arena arena = {0};
    struct tv_parse_probe out;
    tv_parse_probe(text, &arena, &out);
    for (size_t i = 0; i < out.count; i++)
        TV_ASSERT(out.expected[i][0]);
    tv_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tv_str text = {(const char *)data, size};
    struct tv_query_env env = {.text = text, .now_ns = INT64_C(1705333643000000000)};
    struct tv_query *query = NULL;
    struct tv_condition *condition = NULL;
    struct tv_error err;
    round_trip(text);
    probe(text);
    probe((struct tv_str){text.ptr, size / 2});
    if (tv_query_prepare(&env, &query, &err) == TV_OK)
        tv_query_free(query);
    else
        TV_ASSERT(err.message[0] && err.offset <= size);
    if (tv_condition_prepare(text, env.now_ns, &condition, &err) == TV_OK)
        tv_condition_free(condition);
    else
        TV_ASSERT(err.message[0]);
    return 0;
}
