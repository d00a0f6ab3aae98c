/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones: how far east of UTC a place's clocks stood at a moment. Private to this room.
 *
 * A zone is "" or "UTC", an offset ("+02:00"), or a name of the IANA database, whose files the system
 * keeps (RFC 8536). Plain value; holds its table in the arena that it was made with. */
#ifndef TV_TIMEQL_ZONE_H
#define TV_TIMEQL_ZONE_H

#include "base/arena.h"

struct tv_timezone {
    int64_t fixed_ns;       /* of a zone without a table, and before its first change */
    const int64_t *changes; /* ascending, ns */
    const int64_t *offsets; /* ns east, from each change on */
    size_t count;
};

/* TV_BAD_INPUT for a name that is not known. */
TV_CHECKED enum tv_status tv_timezone_find(
        struct tv_str name, struct tv_arena *arena, struct tv_timezone *out, struct tv_error *err);
/* ns east of UTC at a moment. */
int64_t tv_timezone_offset(const struct tv_timezone *zone, int64_t time_ns);

#endif
