/* SPDX-License-Identifier: Apache-2.0 */
/* From distances to a score.
 *
 * A distance d (a share of the range) becomes d / (d + bar): 0 where nothing is new, towards 1 where the
 * distance is many times what is usual for the series. For novelty the bar is a constant plus the fading
 * mean of the series' own novelties, so a series that is always new must be newer still; the season's bar
 * is high and fixed, since its distance is small on any day that is like the others. The larger of both
 * is taken: sums of detectors were tried and are worse, because each adds its own noise to all alarms.
 *
 * The hush after a score is a factor, not a lock: what is clearly stranger still passes. Locking out
 * repeats altogether loses the second incident of an hour, and telling all of them buries the first.
 *
 * Standing still counts at the tenfold of the longest run: equal numbers come in runs, and a chance of
 * theirs, worked out as if they came singly, called every quiet night strange.
 *
 * Cost: O(values remembered) for a number, about a microsecond. */
#include "insight/detector.h"

#include <assert.h>
#include <math.h>

#define BAR         0.03 /* of the range: less is never strange */
#define FEW         8    /* ÷ numbers seen: the nearest of few is far without meaning anything */
#define SEASON_BAR  1.7  /* of the height of a day: only most of it is strange */
#define USUAL_HALF  2000 /* numbers in which half of the usual is forgotten */
#define HUSH_HALF   500  /* numbers in which a hush gets half as strong */
#define HUSH_MOST   0.9
#define HUSH_LEAST  0.4 /* scores below it hush nothing */
#define STILL_SCORE 0.9

/* A run of equal numbers is strange at so many times the longest before, to which a few are added. */
enum { STILL_TIMES = 10, STILL_LEAST = 4 };

static_assert(sizeof(struct tv_detector) <= TV_DETECTOR_BYTES, "a detector is bounded");

static double fresh_score(struct tv_detector *detector, double novelty)
{
    double usual = detector->weight > 0 ? detector->usual / detector->weight : 0;
    double share = M_LN2 / USUAL_HALF;
    detector->usual += (novelty - detector->usual) * share;
    detector->weight += (1 - detector->weight) * share;
    return novelty / (novelty + usual + BAR + FEW / (double)detector->learned);
}

static double season_score(const struct tv_detector *detector, double distance)
{
    double height = tv_season_height(&detector->season);
    if (height <= 0)
        return 0;
    double share = fmin(distance / height, 1);
    return share / (share + SEASON_BAR);
}

/* Told once, when the series has stood still much longer than ever; one that seldom moves is not judged. */
static double still_score(struct tv_detector *detector, double number)
{
    if (number != detector->last) {
        detector->longest = detector->run > detector->longest ? detector->run : detector->longest;
        detector->run = 0;
        detector->last = number;
        detector->moves += detector->moves < UINT32_MAX;
        return 0;
    }
    detector->run += detector->run < UINT32_MAX;
    if (detector->moves < TV_DETECTOR_LEARN)
        return 0;
    uint64_t strange = STILL_TIMES * ((uint64_t)detector->longest + STILL_LEAST);
    return detector->run == strange ? STILL_SCORE : 0;
}

static double hushed(struct tv_detector *detector, double score)
{
    double told = score * (1 - HUSH_MOST * detector->hush);
    detector->hush *= exp2(-1.0 / HUSH_HALF);
    if (told > HUSH_LEAST)
        detector->hush = fmax(detector->hush, told);
    return told;
}

struct tv_judgement tv_detector_next(struct tv_detector *detector, int64_t time_ns, double number)
{
    struct tv_judgement judged = {
            .number = number, .expected = detector->season.begun ? detector->season.level : number};
    detector->learned += detector->learned < UINT32_MAX;
    double novelty = tv_novelty_next(&detector->novelty, number);
    double distance = tv_season_next(&detector->season, time_ns, number);
    double score = fmax(fresh_score(detector, novelty), season_score(detector, distance));
    score = fmax(score, still_score(detector, number));
    if (detector->learned <= TV_DETECTOR_LEARN)
        return judged;
    judged.score = hushed(detector, score);
    judged.anomaly = judged.score >= TV_ANOMALY_SCORE;
    return judged;
}
