/* SPDX-License-Identifier: Apache-2.0 */
/* A condition alone, for the live stream and for deletion: WHERE's grammar, UTC, no parameters. */
#include "base/mem.h"
#include "timeql/compile.h"
#include "timeql/parser.h"

#include <stdlib.h>

struct tv_condition {
    struct tv_arena arena;
    struct tv_compiler compiler;
    struct tv_pred *pred;
};

enum tv_status tv_condition_prepare(
        struct tv_str text, int64_t now_ns, struct tv_condition **out, struct tv_error *err)
{
    struct tv_error unread;
    struct tv_cond *cond = NULL;
    if (text.len > TV_STATEMENT_BYTES_MAX)
        return tv_fail(
                err, TV_TOO_LARGE, "a condition is at most %d bytes long", TV_STATEMENT_BYTES_MAX);
    struct tv_condition *condition = tv_calloc(1, sizeof(*condition));
    struct tv_compiler *compiler = &condition->compiler;
    compiler->arena = &condition->arena;
    compiler->err = err ? err : &unread;
    compiler->clock.now_ns = now_ns;
    compiler->text = tv_arena_str(&condition->arena, text);
    struct tv_source_text source = {.text = compiler->text};
    enum tv_status status = tv_parse_condition(&source, &condition->arena, &cond, compiler->err);
    if (status == TV_OK)
        status = tv_compile_cond(compiler, cond, &condition->pred);
    compiler->err = NULL;
    if (status != TV_OK) {
        tv_condition_free(condition);
        return status;
    }
    *out = condition;
    return TV_OK;
}

const struct tv_pred *tv_condition_pred(const struct tv_condition *condition)
{
    return condition->pred;
}

void tv_condition_free(struct tv_condition *condition)
{
    if (!condition)
        return;
    tv_compiler_release(&condition->compiler);
    tv_arena_release(&condition->arena);
    free(condition);
}
