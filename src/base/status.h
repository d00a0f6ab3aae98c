/* SPDX-License-Identifier: Apache-2.0 */
/* What a call that can fail says.
 *
 * One list makes the codes, their wire names and the HTTP status that the api room answers with.
 * A fallible function returns `enum tv_status`; where a human will read the reason it takes a
 * trailing `struct tv_error *`, which may be NULL and is written on failure only.
 *
 *     struct tv_error err;
 *     if (tv_store_open(path, &store, &err) != TV_OK)
 *         fprintf(stderr, "%s\n", err.message);
 */
#ifndef TV_BASE_STATUS_H
#define TV_BASE_STATUS_H

#include <stddef.h>
#include <stdint.h>

/* X(code, wire name, HTTP status) */
#define TV_STATUS_LIST(X)                \
    X(OK, "ok", 200)                     \
    X(BAD_INPUT, "bad_input", 400)       \
    X(SYNTAX, "syntax_error", 400)       \
    X(UNAUTHORIZED, "unauthorized", 401) \
    X(FORBIDDEN, "forbidden", 403)       \
    X(NOT_FOUND, "not_found", 404)       \
    X(METHOD, "method_not_allowed", 405) \
    X(CONFLICT, "conflict", 409)         \
    X(TOO_LARGE, "too_large", 413)       \
    X(UNSUPPORTED, "unsupported", 415)   \
    X(QUOTA, "quota_exceeded", 429)      \
    X(HEADERS, "headers_too_large", 431) \
    X(CANCELLED, "cancelled", 499)       \
    X(INTERNAL, "internal", 500)         \
    X(NOT_BUILT, "not_implemented", 501) \
    X(OVERLOADED, "overloaded", 503)     \
    X(FULL, "storage_full", 503)         \
    X(IO, "io_error", 503)               \
    X(CORRUPT, "corrupt", 500)           \
    X(NEWER, "newer_format", 500)        \
    X(TIMEOUT, "timeout", 504)

enum tv_status {
#define X(code, name, http) TV_##code,
    TV_STATUS_LIST(X)
#undef X
};

#define TV_CHECKED             __attribute__((warn_unused_result))
#define TV_PRINTF(text, first) __attribute__((format(printf, text, first)))

enum { TV_ERROR_MESSAGE_BYTES = 256, TV_ERROR_HINT_BYTES = 256, TV_ERROR_EXPECTED_BYTES = 256 };

/* A failure for a human. `line` 0 means that there is no position; offsets count bytes from 0,
 * lines and columns from 1 (columns in code points). `expected` is a comma-separated list,
 * whose items may hold commas within quotes. */
struct tv_error {
    enum tv_status status;
    uint32_t offset, line, column;
    char message[TV_ERROR_MESSAGE_BYTES];
    char expected[TV_ERROR_EXPECTED_BYTES];
    char hint[TV_ERROR_HINT_BYTES];
};

/* The code's wire name ("bad_input") and HTTP status. Static text. */
const char *tv_status_name(enum tv_status status);
int tv_status_http(enum tv_status status);

/* Fills *err (may be NULL), clears position, expected and hint, and returns `status`.
 * Messages: lower case, no full stop, cause first, subject in quotes; cut to fit on a UTF-8
 * boundary. */
enum tv_status tv_fail(struct tv_error *err, enum tv_status status, const char *format, ...)
        TV_PRINTF(3, 4);

/* Sets the hint of an error already filled (NULL is ignored). */
void tv_error_hint(struct tv_error *err, const char *format, ...) TV_PRINTF(2, 3);

/* A broken invariant: prints the place and aborts, in release builds too. */
#define TV_ASSERT(condition) \
    ((condition) ? (void)0 : tv_assert_failed(#condition, __FILE__, __LINE__))

_Noreturn void tv_assert_failed(const char *condition, const char *file, int line);

#endif
