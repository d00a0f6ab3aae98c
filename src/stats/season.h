/* SPDX-License-Identifier: Apache-2.0 */
/* What a series usually does at this time of day.
 *
 * The day is cut into slots of a quarter of an hour. For each the band is kept in which the smoothed
 * series has been on earlier days; a value that leaves the bands of all slots around now is doing
 * something that this time of day has never seen, though the value itself may be an ordinary one at
 * another hour: the peak that does not come, the night that stays busy. Bands narrow again slowly: half of
 * an old extreme is forgotten in ten weeks.
 *
 * A struct is embedded; zero-initialised has seen nothing. */
#ifndef TV_STATS_SEASON_H
#define TV_STATS_SEASON_H

#include <stdint.h>

enum { TV_SEASON_SLOTS = 96, TV_SEASON_DELAY = 4 };

struct tv_season_band {
    double low, high;
};

struct tv_season {
    struct tv_season_band bands[TV_SEASON_SLOTS];
    uint8_t days[TV_SEASON_SLOTS]; /* that are in the band, at most 255 */
    struct {
        int64_t slot; /* counted from 1970 */
        struct tv_season_band band;
        uint8_t used;
    } recent[TV_SEASON_DELAY];   /* slots of today, not in their bands yet */
    struct tv_season_band now;   /* of the slot at hand */
    struct tv_season_band whole; /* of all slots of the day, once a slot is over */
    int64_t slot, last_ns;
    double level; /* the series, smoothed over an hour */
    uint8_t begun;
};

/* How far the smoothed series lies outside what earlier days showed around this time of day, in the
 * numbers' own unit; 0 inside, and while fewer than two days are known. Then remembers the number. Times
 * that step back count as standing still. */
double tv_season_next(struct tv_season *season, int64_t time_ns, double number);
/* The height of a usual day: from the lowest band's bottom to the highest one's top. */
double tv_season_height(const struct tv_season *season);

#endif
