/* SPDX-License-Identifier: Apache-2.0 */
/* JSON documents of the control APIs, read into a tree (cJSON behind this one file). The hot path
 * of events does not come through here. */
#ifndef TV_BASE_JSON_IN_H
#define TV_BASE_JSON_IN_H

#include "base/str.h"

struct tv_json; /* a value of the tree; owned by its document */

/* Parses a whole document of at most 1 MiB; TV_BAD_INPUT with a position otherwise. On TV_OK *out
 * is owned by the caller (tv_json_free). */
TV_CHECKED enum tv_status tv_json_parse(
        struct tv_str text, struct tv_json **out, struct tv_error *err);
void tv_json_free(struct tv_json *document);

enum tv_json_type {
    TV_JSON_NULL,
    TV_JSON_BOOL,
    TV_JSON_NUMBER,
    TV_JSON_STRING,
    TV_JSON_ARRAY,
    TV_JSON_OBJECT
};

enum tv_json_type tv_json_type(const struct tv_json *value);
/* A member by name (last one wins), or NULL; NULL also where `object` is NULL or no object. */
const struct tv_json *tv_json_member(const struct tv_json *object, const char *name);
/* First child of an array or object and the one behind a child; NULL at the end. */
const struct tv_json *tv_json_first(const struct tv_json *value);
const struct tv_json *tv_json_next(const struct tv_json *child);
/* The child's name inside an object. Borrowed. */
struct tv_str tv_json_name(const struct tv_json *child);
/* Values; the type is the caller's to check (asserted). Strings are borrowed. */
struct tv_str tv_json_string(const struct tv_json *value);
double tv_json_number(const struct tv_json *value);
bool tv_json_boolean(const struct tv_json *value);

#endif
