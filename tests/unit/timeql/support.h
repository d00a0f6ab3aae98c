/* SPDX-License-Identifier: Apache-2.0 */
/* What the room's tests share. */
#ifndef TV_TESTS_TIMEQL_SUPPORT_H
#define TV_TESTS_TIMEQL_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "timeql/parser.h"
#include "timeql/printer.h"
#include "timeql/query.h"

/* 2024-01-15T15:47:23Z */
#define TEST_NOW INT64_C(1705333643000000000)

/* Statements that run, one for each turn of the grammar. */
extern const char *const good_statements[];
extern const size_t good_statement_count;
/* Those that are well formed and not built yet. */
extern const char *const later_statements[];
extern const size_t later_statement_count;

/* Parses and prints; the text lies in the arena. Fails the test if it does not parse. */
const char *printed(struct tv_arena *arena, const char *text);
/* The status of preparing it at TEST_NOW; the query, if any, is freed. */
enum tv_status prepared(const char *text, struct tv_error *err);
/* Whether two trees say the same; offsets are ignored. */
bool ast_equal(const struct tv_ast *a, const struct tv_ast *b);

#endif
