/* SPDX-License-Identifier: Apache-2.0 */
/* The status list turned into tables, and the filling of errors.
 *
 * A message is formatted into a buffer a little larger than its field: the byte behind the cut is
 * then known, which is what tells whether the cut falls inside a code point. It also allows an
 * error's own text as an argument ("in batch 3: %s" with err->message). */
#include "base/status.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct status_row {
    const char *name;
    int http;
};

static const struct status_row rows[] = {
#define X(code, name, http) [TV_##code] = {name, http},
        TV_STATUS_LIST(X)
#undef X
};

const char *tv_status_name(enum tv_status status)
{
    TV_ASSERT((size_t)status < sizeof(rows) / sizeof(rows[0]));
    return rows[status].name;
}

int tv_status_http(enum tv_status status)
{
    TV_ASSERT((size_t)status < sizeof(rows) / sizeof(rows[0]));
    return rows[status].http;
}

enum { FIELD_BYTES = TV_ERROR_MESSAGE_BYTES, SPARE_BYTES = 4 };
_Static_assert((int)FIELD_BYTES == (int)TV_ERROR_HINT_BYTES, "one function fills both fields");

TV_PRINTF(2, 0)
static void fill(char field[FIELD_BYTES], const char *format, va_list args)
{
    char text[FIELD_BYTES + SPARE_BYTES];
    int length = vsnprintf(text, sizeof(text), format, args);
    TV_ASSERT(length >= 0);
    size_t kept = (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1;
    struct tv_str cut = tv_utf8_prefix((struct tv_str){text, kept}, FIELD_BYTES - 1);
    memcpy(field, cut.ptr, cut.len);
    field[cut.len] = '\0';
}

enum tv_status tv_fail(struct tv_error *err, enum tv_status status, const char *format, ...)
{
    if (!err)
        return status;
    va_list args;
    va_start(args, format);
    fill(err->message, format, args);
    va_end(args);
    err->status = status;
    err->offset = err->line = err->column = 0;
    err->expected[0] = '\0';
    err->hint[0] = '\0';
    return status;
}

void tv_error_hint(struct tv_error *err, const char *format, ...)
{
    if (!err)
        return;
    va_list args;
    va_start(args, format);
    fill(err->hint, format, args);
    va_end(args);
}

void tv_assert_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
    abort();
}
