/* SPDX-License-Identifier: Apache-2.0 */
/* A table of series by name, each a growing array. Points stand apart by track, because every reader
 * wants one track from its first point to its last. */
#include "insight/track.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdlib.h>

void tv_tracks_release(struct tv_tracks *tracks)
{
    for (size_t i = 0; i < tracks->count; i++)
        free(tracks->items[i].points);
    free(tracks->items);
    tv_map_release(&tracks->numbers);
    tv_arena_release(&tracks->arena);
    *tracks = (struct tv_tracks){0};
}

static struct tv_str key_of(struct tv_buf *buf, const struct tv_track_names *names)
{
    const struct tv_str parts[] = {names->service, names->instance, names->field, names->labels};
    buf->len = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        uint64_t len = parts[i].len;
        tv_buf_append(buf, &len, sizeof(len));
        tv_buf_append(buf, parts[i].ptr, parts[i].len);
    }
    return tv_buf_str(buf);
}

static struct tv_track_names kept(struct tv_arena *arena, const struct tv_track_names *names)
{
    return (struct tv_track_names){tv_arena_str(arena, names->service),
            tv_arena_str(arena, names->instance), tv_arena_str(arena, names->field),
            tv_arena_str(arena, names->labels)};
}

uint32_t tv_tracks_number(struct tv_tracks *tracks, const struct tv_track_names *names)
{
    struct tv_buf buf = {0};
    bool added = false;
    struct tv_str key = key_of(&buf, names);
    uint64_t *number = tv_map_get(&tracks->numbers, key);
    if (!number && tracks->count == TV_TRACKS_MAX) {
        tv_buf_release(&buf);
        return UINT32_MAX;
    }
    if (!number) {
        number = tv_map_put_copy(&tracks->numbers, &tracks->arena, key, &added);
        *number = tracks->count;
    }
    tv_buf_release(&buf);
    uint32_t found = (uint32_t)*number;
    if (!added)
        return found;
    if (tracks->count == tracks->cap) {
        tracks->cap = tv_grown(tracks->cap, tracks->count + 1, 16);
        tracks->items = tv_realloc_array(tracks->items, tracks->cap, sizeof(*tracks->items));
    }
    tracks->items[tracks->count++] = (struct tv_track){.names = kept(&tracks->arena, names)};
    return found;
}

bool tv_tracks_add(struct tv_tracks *tracks, uint32_t number, const struct tv_track_point *point)
{
    if (number == UINT32_MAX) {
        tracks->left_out++;
        return true;
    }
    struct tv_track *track = &tracks->items[number];
    if (track->count == track->cap) {
        track->cap = tv_grown(track->cap, track->count + 1, 64);
        track->points = tv_realloc_array(track->points, track->cap, sizeof(*track->points));
    }
    track->points[track->count++] = *point;
    return ++tracks->point_count <= TV_TRACK_POINTS_MAX;
}

static int by_time(const void *left, const void *right)
{
    const struct tv_track_point *a = left;
    const struct tv_track_point *b = right;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->arrival > b->arrival) - (a->arrival < b->arrival);
}

static int by_names(const void *left, const void *right)
{
    const struct tv_track_names *a = &((const struct tv_track *)left)->names;
    const struct tv_track_names *b = &((const struct tv_track *)right)->names;
    int order = tv_str_compare(a->service, b->service);
    if (order == 0)
        order = tv_str_compare(a->field, b->field);
    if (order == 0)
        order = tv_str_compare(a->instance, b->instance);
    return order ? order : tv_str_compare(a->labels, b->labels);
}

void tv_tracks_sort(struct tv_tracks *tracks)
{
    if (tracks->count == 0)
        return;
    for (size_t i = 0; i < tracks->count; i++) {
        struct tv_track *track = &tracks->items[i];
        if (track->count > 0)
            qsort(track->points, track->count, sizeof(*track->points), by_time);
    }
    qsort(tracks->items, tracks->count, sizeof(*tracks->items), by_names);
}

double tv_counter_step(double before, double after)
{
    return after >= before ? after - before : after;
}
