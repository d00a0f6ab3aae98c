/* SPDX-License-Identifier: Apache-2.0 */
/* What the printer's files share: each appends one rule's text. */
#ifndef TV_TIMEQL_PRINTER_INTERNAL_H
#define TV_TIMEQL_PRINTER_INTERNAL_H

#include "timeql/printer.h"

/* printer.c */
void tv_print_quoted(struct tv_str text, char quote, struct tv_buf *out);
void tv_print_duration(int64_t ns, struct tv_buf *out);
void tv_print_time(const struct tv_ast_time *time, struct tv_buf *out);
void tv_print_literal(const struct tv_literal *literal, struct tv_buf *out);

/* printer_statement.c */
void tv_print_item(const struct tv_ast_item *item, struct tv_buf *out);
void tv_print_fields(const struct tv_ast_fields *fields, struct tv_buf *out);
/* All that stands before the clauses. */
void tv_print_head(const struct tv_ast *ast, struct tv_buf *out);

#endif
