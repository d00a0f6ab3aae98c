/* SPDX-License-Identifier: Apache-2.0 */
/* Writes JSON (RFC 8259) into a buffer, commas by itself. The caller keeps the nesting right; it is
 * asserted. Text is escaped, and bytes that are not UTF-8 become U+FFFD, so the output is always
 * valid. Doubles are written in the shortest form that reads back the same; NaN and infinities
 * become null.
 *
 *     struct tv_json_out json = {.out = &buf};
 *     tv_json_object(&json);
 *     tv_json_key(&json, "accepted"); tv_json_u64(&json, n);
 *     tv_json_end(&json);
 */
#ifndef TV_BASE_JSON_OUT_H
#define TV_BASE_JSON_OUT_H

#include "base/buf.h"

enum { TV_JSON_DEPTH_MAX = 64 };

struct tv_json_out {
    struct tv_buf *out;
    int depth;
    bool comma;                      /* an element stands before the next one */
    char closing[TV_JSON_DEPTH_MAX]; /* '}' or ']' of each open level */
};

void tv_json_object(struct tv_json_out *json);
void tv_json_array(struct tv_json_out *json);
/* Closes the innermost object or array. */
void tv_json_end(struct tv_json_out *json);
void tv_json_key(struct tv_json_out *json, const char *key);
void tv_json_key_str(struct tv_json_out *json, struct tv_str key);
void tv_json_str(struct tv_json_out *json, struct tv_str text);
void tv_json_text(struct tv_json_out *json, const char *text);
void tv_json_i64(struct tv_json_out *json, int64_t value);
void tv_json_u64(struct tv_json_out *json, uint64_t value);
void tv_json_f64(struct tv_json_out *json, double value);
void tv_json_bool(struct tv_json_out *json, bool value);
void tv_json_null(struct tv_json_out *json);
/* RFC 3339, nine decimals; TV_TIME_TEXT. */
void tv_json_time(struct tv_json_out *json, int64_t time_ns);
/* Bytes that are JSON already, as one value. */
void tv_json_raw(struct tv_json_out *json, struct tv_str json_text);
/* The quoted, escaped text alone, without comma handling. */
void tv_json_quote(struct tv_buf *out, struct tv_str text);
/* Shortest round-trip form; at most 32 bytes with NUL; returns the length. */
size_t tv_f64_format(double value, char out[32]);

/* An error in the form of the public contract: {"error":{"code","message",…}} as a whole document
 * and a line break, for terminals.
 * The keys "position" (where err->line is set), "expected" and "hint" follow DESIGN's contract. */
void tv_json_error(struct tv_buf *out, const struct tv_error *err);

#endif
