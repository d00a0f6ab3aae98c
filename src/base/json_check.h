/* SPDX-License-Identifier: Apache-2.0 */
/* The strict look at a JSON document before a tree is made of it. Private to this room. */
#ifndef TV_BASE_JSON_CHECK_H
#define TV_BASE_JSON_CHECK_H

#include "base/str.h"

enum { TV_JSON_CHECK_DEPTH_MAX = 64, TV_JSON_CHECK_NUMBER_BYTES = 63 };

/* Whether the text is one document of RFC 8259 that nests at most TV_JSON_CHECK_DEPTH_MAX deep,
 * without NUL in any string and without numbers too long or too large. TV_BAD_INPUT with a
 * position otherwise. */
TV_CHECKED enum tv_status tv_json_check(struct tv_str text, struct tv_error *err);

#endif
