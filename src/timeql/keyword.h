/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the language. Private to this room.
 *
 * Keywords are recognised where the grammar wants them, in any case, so most of them are free to be
 * field names too. Only those that could be mistaken are reserved: as a name they need back quotes. */
#ifndef TV_TIMEQL_KEYWORD_H
#define TV_TIMEQL_KEYWORD_H

#include "base/str.h"

/* Whether it is a word of the language at all. */
bool tv_keyword_is_known(struct tv_str word);
/* Whether the word cannot be a plain field name. */
bool tv_keyword_is_reserved(struct tv_str word);
/* The keyword that a mistyped word is near to, in capitals, or NULL. */
const char *tv_keyword_nearest(struct tv_str word);

#endif
