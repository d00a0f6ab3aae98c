/* SPDX-License-Identifier: Apache-2.0 */
/* Tracks: numbers over time, one track for each series that was met.
 *
 * A metric's track is told apart by service, instance, field and labels, a derived field's by service
 * alone. Points are added in any order and sorted once. Both numbers of tracks and of points are bounded:
 * points of tracks beyond TV_TRACKS_MAX are counted in `left_out`, not kept, so that a metric with a
 * million label values costs no more than one with a few thousand. */
#ifndef TV_INSIGHT_TRACK_H
#define TV_INSIGHT_TRACK_H

#include "base/map.h"

enum { TV_TRACKS_MAX = 4096, TV_TRACK_POINTS_MAX = 2 << 20 };

struct tv_track_names {
    struct tv_str service, instance, field;
    struct tv_str labels; /* a JSON object with sorted keys; "" for none */
};

struct tv_track_point {
    int64_t time;
    uint64_t arrival; /* orders points of one time */
    double value;     /* finite */
};

struct tv_track {
    struct tv_track_names names; /* in the tracks' arena */
    bool counter;                /* cumulative: grows, and starts again from 0 when reset */
    struct tv_track_point *points;
    size_t count, cap;
};

/* Zero-initialised is empty. */
struct tv_tracks {
    struct tv_track *items;
    size_t count, cap;
    size_t point_count;
    uint64_t left_out; /* points of tracks beyond the bound */
    struct tv_map numbers;
    struct tv_arena arena;
};

void tv_tracks_release(struct tv_tracks *tracks);
/* The number of a track, made when first met; UINT32_MAX when there are TV_TRACKS_MAX others. Names are
 * copied. */
uint32_t tv_tracks_number(struct tv_tracks *tracks, const struct tv_track_names *names);
/* Adds a point; of UINT32_MAX it is counted only. False once there are more than TV_TRACK_POINTS_MAX. */
TV_CHECKED bool tv_tracks_add(
        struct tv_tracks *tracks, uint32_t number, const struct tv_track_point *point);
/* Orders tracks by their names, and the points of each by time, then arrival. Numbers change. */
void tv_tracks_sort(struct tv_tracks *tracks);
/* What a counter counted between two of its values: after a reset, all that the later one says. */
double tv_counter_step(double before, double after);

#endif
