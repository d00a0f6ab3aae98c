/* SPDX-License-Identifier: Apache-2.0 */
/* The streaming detector: one number in, one judgement out.
 *
 * Three questions are asked of each number: was there ever one near it (stats/novelty.h), was this time
 * of day ever like this (stats/season.h), and does the series stand still that never did? The first sees
 * spikes, dips and shifts of level, the others what stays inside the usual range: the peak that does not
 * come, the sensor that is stuck. The largest answer is the score, hushed for a while after a high one, so
 * that one incident is told once and a repeat must be stranger than what was told before. A score depends
 * on the numbers up to its own only.
 *
 * Nothing is known in advance, and every series is judged by the same constants. State is bounded by
 * TV_DETECTOR_BYTES; a struct is embedded or allocated by its owner, zero-initialised is fresh.
 *
 *     struct tv_judgement judged = tv_detector_next(&detector, time_ns, value);
 *     if (judged.anomaly) …
 */
#ifndef TV_INSIGHT_DETECTOR_H
#define TV_INSIGHT_DETECTOR_H

#include "stats/novelty.h"
#include "stats/season.h"

#include <stdbool.h>

/* A series of fewer numbers than LEARN is too short to call anything in it strange. */
enum { TV_DETECTOR_BYTES = 4096, TV_DETECTOR_LEARN = 100 };

struct tv_detector {
    struct tv_novelty novelty;
    struct tv_season season;
    double usual, weight;  /* novelty as it usually is, fading; how much of it is known */
    double last;           /* number */
    uint32_t run, longest; /* how often it has repeated by now; the longest run before */
    uint32_t moves;        /* numbers unlike the one before */
    double hush;           /* 0 … 1: how much of a score is not told, after one was */
    uint32_t learned;      /* numbers seen */
};

struct tv_judgement {
    double score;    /* 0 … 1; 0 while there is too little to judge by */
    double number;   /* that was judged: of a counter, what it counted since the point before */
    double expected; /* the level of the last hour, before this number */
    bool anomaly;    /* the score is at or above TV_ANOMALY_SCORE */
};

/* One bar for all series; docs/insight.md tells how it was chosen. */
#define TV_ANOMALY_SCORE 0.29

/* Judges a finite number, then learns it. Times ascend; those that do not count as standing still. */
struct tv_judgement tv_detector_next(struct tv_detector *detector, int64_t time_ns, double number);

#endif
