/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions over untrusted patterns and text (PCRE2 behind this file): matching never
 * backtracks without bound, so no pattern can hang a query. Search, not anchored. */
#ifndef TV_BASE_REGEX_H
#define TV_BASE_REGEX_H

#include "base/str.h"

struct tv_regex; /* immutable once made; may be used by any thread at once */

/* Compiles a pattern of at most 4 KiB, UTF-8. TV_BAD_INPUT with err->offset at the fault (its
 * line stays 0: the pattern is part of something larger). On TV_OK *out is owned by the caller. */
TV_CHECKED enum tv_status tv_regex_new(
        struct tv_str pattern, struct tv_regex **out, struct tv_error *err);
void tv_regex_free(struct tv_regex *regex);
/* The pattern as it was given; valid as long as the regex. */
struct tv_str tv_regex_pattern(const struct tv_regex *regex);
/* Whether the pattern is found in the text. A match that exceeds the work limit counts as not
 * found and sets *gave_up (may be NULL). */
bool tv_regex_found(const struct tv_regex *regex, struct tv_str text, bool *gave_up);

#endif
