/* SPDX-License-Identifier: Apache-2.0 */
/* A track through a detector of its own. */
#include "insight/anomalies.h"

void tv_track_judge(const struct tv_track *track, struct tv_judgement *judged)
{
    struct tv_detector detector = {0};
    for (size_t i = 0; i < track->count; i++) {
        double number = track->points[i].value;
        judged[i] = (struct tv_judgement){0};
        if (track->counter && i == 0)
            continue; /* what it counted before is not known */
        if (track->counter)
            number = tv_counter_step(track->points[i - 1].value, number);
        judged[i] = tv_detector_next(&detector, track->points[i].time, number);
    }
}

size_t tv_anomalies_gather(const struct tv_track *track, const struct tv_judgement *judged,
        size_t first, struct tv_anomaly *out)
{
    size_t count = 0;
    size_t last = 0;
    for (size_t i = first; i < track->count; i++) {
        if (!judged[i].anomaly)
            continue;
        int64_t time = track->points[i].time;
        if (count == 0 || i - last > TV_ANOMALY_APART)
            out[count++] = (struct tv_anomaly){.track = track, .start = time};
        last = i;
        struct tv_anomaly *anomaly = &out[count - 1];
        anomaly->end = time;
        if (judged[i].score <= anomaly->score)
            continue;
        anomaly->score = judged[i].score;
        anomaly->value = judged[i].number;
        anomaly->expected = judged[i].expected;
    }
    return count;
}
