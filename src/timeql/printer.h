/* SPDX-License-Identifier: Apache-2.0 */
/* Tree to text: the one canonical form of a statement, clauses in one order. Parsing it gives an
 * equal tree. Private to this room. */
#ifndef TV_TIMEQL_PRINTER_H
#define TV_TIMEQL_PRINTER_H

#include "base/buf.h"
#include "timeql/ast.h"

void tv_ast_print(const struct tv_ast *ast, struct tv_buf *out);
void tv_cond_print(const struct tv_cond *cond, struct tv_buf *out);
/* A name as it must be written: plain, or in back quotes. */
void tv_name_print(struct tv_str name, struct tv_buf *out);
/* A text in single quotes. */
void tv_text_print(struct tv_str text, struct tv_buf *out);

#endif
