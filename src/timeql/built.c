/* SPDX-License-Identifier: Apache-2.0 */
/* What of the language this release runs: one table of operators, and one list for the parts of
 * statements that need an engine of their own. Adding an engine is a row here and its op_*.c.
 *
 * All of the language is parsed and checked, so a statement whose engine is missing is refused by name
 * (TV_NOT_BUILT, HTTP 501) only after its own mistakes were told. */
#include "timeql/exec.h"

static tv_operator_fn *const operators[TV_STATEMENT_COUNT] = {
        [TV_STATEMENT_STATE] = tv_op_state,
        [TV_STATEMENT_TIMELINE] = tv_op_timeline,
        [TV_STATEMENT_TRAVERSE] = tv_op_traverse,
        [TV_STATEMENT_MATCH] = tv_op_match,
        [TV_STATEMENT_COMPARE] = tv_op_compare,
        [TV_STATEMENT_DIFF] = tv_op_diff,
        [TV_STATEMENT_ROOT_CAUSE] = tv_op_root_cause,
        [TV_STATEMENT_SELECT] = tv_op_select,
        [TV_STATEMENT_SHOW] = tv_op_show,
        [TV_STATEMENT_ANOMALIES] = tv_op_anomalies,
        [TV_STATEMENT_PREDICT] = tv_op_predict,
        [TV_STATEMENT_PATTERNS] = tv_op_patterns,
};

static const bool directions[TV_DIRECTION_COUNT] = {
        [TV_DIRECTION_BACKWARD] = true,
        [TV_DIRECTION_FORWARD] = true,
        [TV_DIRECTION_BOTH] = true,
};

static const bool edges[TV_EDGE_COUNT] = {
        [TV_EDGE_CALL] = true,
        [TV_EDGE_DECLARED] = true,
};

static const bool sources[TV_SOURCE_COUNT] = {
        [TV_SOURCE_NONE] = true,
        [TV_SOURCE_EVENTS] = true,
        [TV_SOURCE_SPANS] = true,
        [TV_SOURCE_LOGS] = true,
        [TV_SOURCE_METRICS] = true,
};

static const bool shows[TV_SHOW_COUNT] = {
        [TV_SHOW_SERVICES] = true,
        [TV_SHOW_FIELDS] = true,
        [TV_SHOW_HOSTS] = true,
        [TV_SHOW_DEPLOYS] = true,
};

tv_operator_fn *tv_operator_of(enum tv_statement statement)
{
    return operators[statement];
}

static enum tv_status not_built(
        struct tv_query *query, uint32_t offset, const char *words, const char *name)
{
    tv_compiler_fail(&query->compiler, TV_NOT_BUILT, offset, "%s%s%s is not built yet", words,
            *name ? " " : "", name);
    tv_error_hint(query->compiler.err, "the statement is well formed; a later release will run it");
    return TV_NOT_BUILT;
}

enum tv_status tv_check_built(struct tv_query *query)
{
    const struct tv_ast *ast = query->ast;
    if (!operators[ast->statement])
        return not_built(query, ast->offset, tv_statement_head(ast->statement), "");
    if (!directions[ast->direction])
        return not_built(
                query, ast->direction_offset, "FOLLOWING", tv_direction_name(ast->direction));
    if (!sources[ast->source])
        return not_built(query, ast->source_offset, "FROM", tv_source_name(ast->source));
    if (!shows[ast->show])
        return not_built(query, ast->show_offset, "SHOW", tv_show_name(ast->show));
    for (int i = 0; i < TV_EDGE_COUNT; i++)
        if ((ast->via & (1U << i)) && !edges[i])
            return not_built(query, ast->via_offset, "VIA", tv_edge_name((enum tv_edge)i));
    return TV_OK;
}
