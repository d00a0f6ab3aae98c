/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of traffic in memory.
 *
 * Names become numbers once for a whole computation, and the frames of its buckets are arrays by
 * those numbers: adding one bucket to another compares no text. The rejected alternative, a map of
 * names in each frame, spent more time on hashing than on counting. */
#include "store/frame.h"

#include "base/mem.h"

#include <stdlib.h>

void tv_frame_names_release(struct tv_frame_names *names)
{
    tv_map_release(&names->services);
    tv_map_release(&names->instances);
    tv_map_release(&names->series);
    tv_map_release(&names->edges);
    free(names->service);
    free(names->instance);
    free(names->one_series);
    free(names->edge);
    tv_arena_release(&names->arena);
    *names = (struct tv_frame_names){0};
}

uint32_t tv_frame_name_service(struct tv_frame_names *names, struct tv_str name)
{
    bool added;
    uint64_t *number = tv_map_put_copy(&names->services, &names->arena, name, &added);
    if (!added)
        return (uint32_t)*number;
    if (names->service_count == names->service_cap) {
        names->service_cap = tv_grown(names->service_cap, names->service_count + 1, 32);
        names->service =
                tv_realloc_array(names->service, names->service_cap, sizeof(*names->service));
    }
    *number = names->service_count;
    names->service[names->service_count] = names->services.entries[names->services.count - 1].key;
    return names->service_count++;
}

/* A map's key of a number and a text. */
static uint64_t *put_pair(struct tv_map *map, struct tv_arena *arena, uint32_t number,
        struct tv_str text, struct tv_str *kept)
{
    bool added;
    struct tv_buf key = {0};
    tv_buf_append(&key, &number, sizeof(number));
    tv_buf_append_str(&key, text);
    uint64_t *value = tv_map_put_copy(map, arena, tv_buf_str(&key), &added);
    tv_buf_release(&key);
    *kept = (struct tv_str){NULL, 0};
    if (added)
        *kept = (struct tv_str){map->entries[map->count - 1].key.ptr + sizeof(number), text.len};
    return value;
}

static uint32_t name_pair(
        struct tv_frame_names *names, struct tv_map *map, uint32_t service, struct tv_str text)
{
    bool series = map == &names->series;
    struct tv_frame_instance **list = series ? &names->one_series : &names->instance;
    uint32_t *count = series ? &names->series_count : &names->instance_count;
    size_t *cap = series ? &names->series_cap : &names->instance_cap;
    struct tv_str kept;
    uint64_t *number = put_pair(map, &names->arena, service, text, &kept);
    if (!kept.ptr)
        return (uint32_t)*number;
    if (*count == *cap) {
        *cap = tv_grown(*cap, (size_t)*count + 1, 32);
        *list = tv_realloc_array(*list, *cap, sizeof(**list));
    }
    *number = *count;
    (*list)[*count] = (struct tv_frame_instance){service, kept};
    return (*count)++;
}

uint32_t tv_frame_name_instance(
        struct tv_frame_names *names, uint32_t service, struct tv_str instance)
{
    return name_pair(names, &names->instances, service, instance);
}

uint32_t tv_frame_name_series(struct tv_frame_names *names, uint32_t service, struct tv_str name)
{
    return name_pair(names, &names->series, service, name);
}

uint32_t tv_frame_name_edge(struct tv_frame_names *names, uint32_t from, uint32_t to)
{
    bool added;
    struct tv_frame_edge_ends ends = {from, to};
    struct tv_str key = {(const char *)&ends, sizeof(ends)};
    uint64_t *number = tv_map_put_copy(&names->edges, &names->arena, key, &added);
    if (!added)
        return (uint32_t)*number;
    if (names->edge_count == names->edge_cap) {
        names->edge_cap = tv_grown(names->edge_cap, names->edge_count + 1, 32);
        names->edge = tv_realloc_array(names->edge, names->edge_cap, sizeof(*names->edge));
    }
    *number = names->edge_count;
    names->edge[names->edge_count] = ends;
    return names->edge_count++;
}

void tv_frame_release(struct tv_frame *frame)
{
    for (size_t i = 0; i < frame->service_count; i++)
        tv_sketch_release(&frame->services[i].durations);
    for (size_t i = 0; i < frame->edge_count; i++)
        tv_sketch_release(&frame->edges[i].durations);
    free(frame->services);
    free(frame->edges);
    free(frame->values);
    free(frame->instances);
    *frame = (struct tv_frame){.names = frame->names};
}

/* An array with room for the number, what is new in it zeroed. */
static void *reach(void *items, size_t *count, uint32_t number, size_t size)
{
    if (number < *count)
        return items;
    size_t wanted = tv_grown(*count, (size_t)number + 1, 16);
    items = tv_realloc_array(items, wanted, size);
    memset((char *)items + *count * size, 0, (wanted - *count) * size);
    *count = wanted;
    return items;
}

struct tv_frame_service *tv_frame_service(struct tv_frame *frame, uint32_t number)
{
    frame->services =
            reach(frame->services, &frame->service_count, number, sizeof(*frame->services));
    return &frame->services[number];
}

struct tv_frame_edge *tv_frame_edge(struct tv_frame *frame, uint32_t number)
{
    frame->edges = reach(frame->edges, &frame->edge_count, number, sizeof(*frame->edges));
    return &frame->edges[number];
}

void tv_frame_instance(struct tv_frame *frame, uint32_t number)
{
    frame->instances =
            reach(frame->instances, &frame->instance_count, number, sizeof(*frame->instances));
    frame->instances[number] = true;
}

void tv_frame_value(struct tv_frame *frame, uint32_t series, const struct tv_frame_value *value)
{
    frame->values = reach(frame->values, &frame->value_count, series, sizeof(*frame->values));
    struct tv_frame_value *held = &frame->values[series];
    bool later =
            value->time != held->time ? value->time > held->time : value->arrival >= held->arrival;
    if (!held->known || later)
        *held = *value;
}

static bool is_newer(struct tv_frame_pick a, struct tv_frame_pick b)
{
    return a.time != b.time ? a.time > b.time : a.arrival > b.arrival;
}

void tv_frame_error(struct tv_frame *frame, struct tv_frame_pick pick)
{
    size_t at = frame->error_count;
    if (at == TV_FRAME_ERRORS && !is_newer(pick, frame->errors[at - 1]))
        return;
    if (at == TV_FRAME_ERRORS)
        at--;
    else
        frame->error_count++;
    for (; at > 0 && is_newer(pick, frame->errors[at - 1]); at--)
        frame->errors[at] = frame->errors[at - 1];
    frame->errors[at] = pick;
}
