/* SPDX-License-Identifier: Apache-2.0 */
/* Tracks judged as a whole: the score of every point, and what is anomalous, gathered into stretches. */
#ifndef TV_INSIGHT_ANOMALIES_H
#define TV_INSIGHT_ANOMALIES_H

#include "insight/detector.h"
#include "insight/track.h"

/* Anomalous points with fewer others between them are one anomaly: the hush that follows a high score
 * makes what lies between look quiet. */
enum { TV_ANOMALY_APART = 32 };

/* A stretch of one track in which anomalies follow each other closely. */
struct tv_anomaly {
    const struct tv_track *track;
    int64_t start, end; /* times of its first and last anomalous point */
    double score;       /* the highest, and of that point: */
    double value, expected;
};

/* Judges a sorted track from its beginning. judged[i] is of points[i] and needs track->count entries. A
 * counter is judged by what it counted from point to point. */
void tv_track_judge(const struct tv_track *track, struct tv_judgement *judged);
/* Gathers the anomalies of the points from `first` on into out, which has room for count /
 * TV_ANOMALY_APART + 1; returns how many there are. */
size_t tv_anomalies_gather(const struct tv_track *track, const struct tv_judgement *judged,
        size_t first, struct tv_anomaly *out);

#endif
