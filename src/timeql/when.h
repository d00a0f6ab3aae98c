/* SPDX-License-Identifier: Apache-2.0 */
/* What a time written in a statement means. Private to this room.
 *
 *     RFC 3339 | YYYY-MM-DD[ HH:MM[:SS[.fff]]] | now [± duration] | duration ago
 *     | today [HH:MM[:SS]] | yesterday [HH:MM[:SS]] | epoch
 *
 * Times without a zone, today and yesterday are the clock's of `zone`. */
#ifndef TV_TIMEQL_WHEN_H
#define TV_TIMEQL_WHEN_H

#include "timeql/zone.h"

struct tv_clock {
    int64_t now_ns;
    struct tv_timezone zone;
};

/* False for what is no time (or none between 1970 and 2262). */
TV_CHECKED bool tv_when(const struct tv_clock *clock, struct tv_str text, int64_t *out);

#endif
