/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a file or of standard input, plain or zstd (told by its first bytes), in bounded
 * memory. Blank lines are passed over, but counted. */
#ifndef TV_DAEMON_LINES_H
#define TV_DAEMON_LINES_H

#include "base/buf.h"

#include <stdbool.h>

enum { TV_LINE_BYTES_MAX = 16 << 20 };

struct tv_lines;

/* "-" is standard input. *out is owned by the caller; `path` is borrowed until the free. */
TV_CHECKED enum tv_status tv_lines_open(
        const char *path, struct tv_lines **out, struct tv_error *err);
void tv_lines_free(struct tv_lines *lines);
/* The next line, without its break and blanks around it, valid until the next call; {NULL, 0} at
 * the end. TV_CORRUPT for a broken frame, TV_TOO_LARGE for a line beyond the limit. */
TV_CHECKED enum tv_status tv_lines_next(
        struct tv_lines *lines, struct tv_str *out, struct tv_error *err);
/* The number of the line given last, from 1. */
uint64_t tv_lines_number(const struct tv_lines *lines);

#endif
