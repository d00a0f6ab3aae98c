/* SPDX-License-Identifier: Apache-2.0 */
/* A band for each slot of the day.
 *
 * Bands rather than means and deviations: the daily pattern of a service is not a sine with noise but
 * ramps and steps that come a little early or late, at which any mean is wrong. Neighbouring slots are
 * asked too, so a ramp may shift by half an hour. A slot joins its band only TV_SEASON_DELAY slots later,
 * so that today's last half hour does not excuse today's now. Smoothing over an hour lets single spikes
 * be, which are the business of novelty.h.
 *
 * Longer periods were turned down: a week needs a month to be learned, and what Saturdays do differently
 * soon lies in the bands of all days, which makes the detector quieter, not wrong. */
#include "stats/season.h"

#include <math.h>
#include <stdbool.h>

#define SLOT_NS       (INT64_C(900) * 1000000000)
#define SMOOTH_NS     3.6e12
#define SHARE_MIN     0.001 /* of a number in the level: very dense series still move it */
#define NEIGHBOURS    2
#define DAYS_TO_LEARN 2
#define FORGET        0.01 /* of what a band has beyond today's, a day */

static unsigned slot_of_day(int64_t slot)
{
    int64_t rest = slot % TV_SEASON_SLOTS;
    return (unsigned)(rest < 0 ? rest + TV_SEASON_SLOTS : rest);
}

static void widen(struct tv_season_band *band, const struct tv_season_band *by)
{
    band->low = fmin(band->low, by->low);
    band->high = fmax(band->high, by->high);
}

static void learn(struct tv_season *season, int64_t slot, const struct tv_season_band *band)
{
    unsigned at = slot_of_day(slot);
    struct tv_season_band *known = &season->bands[at];
    if (season->days[at] == 0)
        *known = *band;
    known->low += fmax(band->low - known->low, 0) * FORGET;
    known->high -= fmax(known->high - band->high, 0) * FORGET;
    widen(known, band);
    if (season->days[at] < UINT8_MAX)
        season->days[at]++;
}

static void measure_day(struct tv_season *season)
{
    season->whole = (struct tv_season_band){INFINITY, -INFINITY};
    for (unsigned at = 0; at < TV_SEASON_SLOTS; at++)
        if (season->days[at] > 0)
            widen(&season->whole, &season->bands[at]);
}

double tv_season_height(const struct tv_season *season)
{
    double height = season->whole.high - season->whole.low;
    return isfinite(height) ? height : 0;
}

/* The slot at hand is over: it waits in `recent`, and the one that waited there is learned. */
static void close_slot(struct tv_season *season)
{
    unsigned place = slot_of_day(season->slot) % TV_SEASON_DELAY;
    if (season->recent[place].used)
        learn(season, season->recent[place].slot, &season->recent[place].band);
    season->recent[place].slot = season->slot;
    season->recent[place].band = season->now;
    season->recent[place].used = true;
    measure_day(season);
}

static void smooth(struct tv_season *season, int64_t time_ns, double number)
{
    double passed = time_ns > season->last_ns ? (double)(time_ns - season->last_ns) : 0;
    double share = fmax(1 - exp(-passed / SMOOTH_NS), SHARE_MIN);
    season->level += (number - season->level) * share;
    if (time_ns > season->last_ns)
        season->last_ns = time_ns;
}

static double distance_from_bands(const struct tv_season *season)
{
    double least = INFINITY;
    for (int step = -NEIGHBOURS; step <= NEIGHBOURS; step++) {
        unsigned at = slot_of_day(season->slot + step);
        const struct tv_season_band *band = &season->bands[at];
        if (season->days[at] < DAYS_TO_LEARN)
            continue;
        double outside = fmax(season->level - band->high, band->low - season->level);
        least = fmin(least, fmax(outside, 0));
    }
    return isfinite(least) ? least : 0;
}

double tv_season_next(struct tv_season *season, int64_t time_ns, double number)
{
    if (!season->begun) {
        season->begun = true;
        season->last_ns = time_ns;
        season->level = number;
        season->slot = time_ns / SLOT_NS;
        season->now = (struct tv_season_band){number, number};
        return 0;
    }
    smooth(season, time_ns, number);
    int64_t slot = season->last_ns / SLOT_NS;
    struct tv_season_band here = {season->level, season->level};
    if (slot != season->slot) {
        close_slot(season);
        season->slot = slot;
        season->now = here;
    }
    widen(&season->now, &here);
    return distance_from_bands(season);
}
