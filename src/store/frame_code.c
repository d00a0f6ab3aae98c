/* SPDX-License-Identifier: Apache-2.0 */
/* A frame as bytes and back (FORMAT.md).
 *
 * Names stand in the frame itself, numbered anew, so a frame can be read whatever else was computed
 * meanwhile; reading adds it to a sum whose names grow by those that are new. */
#include "store/frame_code.h"

#include "base/compress.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

enum { FRAME_VERSION = 1, FRAME_ZSTD_LEVEL = 3, FRAME_BYTES_MAX = 64 << 20 };

/* Services by the frame's names → by their place in the bytes, + 1. */
struct writing {
    const struct tv_frame *frame;
    struct tv_buf *out;
    uint32_t *places;
    uint32_t *order;
    uint32_t count;
};

static uint32_t place_of(struct writing *writing, uint32_t service)
{
    if (writing->places[service] == 0) {
        writing->order[writing->count] = service;
        writing->places[service] = ++writing->count;
    }
    return writing->places[service] - 1;
}

static bool is_service(const struct tv_frame_service *service)
{
    return service->events || service->requests || service->failed || service->bare_starts ||
            service->bare_ends || service->durations.count;
}

static size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Numbers the services that anything speaks of. */
static void gather_services(struct writing *writing)
{
    const struct tv_frame *frame = writing->frame;
    const struct tv_frame_names *names = frame->names;
    for (uint32_t i = 0; i < at_most(frame->service_count, names->service_count); i++)
        if (is_service(&frame->services[i]))
            (void)place_of(writing, i);
    for (uint32_t i = 0; i < at_most(frame->instance_count, names->instance_count); i++)
        if (frame->instances[i])
            (void)place_of(writing, names->instance[i].service);
    for (uint32_t i = 0; i < at_most(frame->edge_count, names->edge_count); i++) {
        if (frame->edges[i].requests == 0)
            continue;
        (void)place_of(writing, names->edge[i].from);
        (void)place_of(writing, names->edge[i].to);
    }
    for (uint32_t i = 0; i < at_most(frame->value_count, names->series_count); i++)
        if (frame->values[i].known)
            (void)place_of(writing, names->one_series[i].service);
}

static void put_text(struct tv_buf *out, struct tv_str text)
{
    tv_buf_put_varint(out, text.len);
    tv_buf_append_str(out, text);
}

static void put_services(struct writing *writing)
{
    static const struct tv_frame_service nothing = {0};
    tv_buf_put_varint(writing->out, writing->count);
    for (uint32_t i = 0; i < writing->count; i++) {
        uint32_t number = writing->order[i];
        const struct tv_frame_service *service = number < writing->frame->service_count
                ? &writing->frame->services[number]
                : &nothing;
        put_text(writing->out, writing->frame->names->service[number]);
        tv_buf_put_varint(writing->out, service->events);
        tv_buf_put_varint(writing->out, service->errors);
        tv_buf_put_varint(writing->out, service->requests);
        tv_buf_put_varint(writing->out, service->failed);
        tv_buf_put_varint(writing->out, service->bare_starts);
        tv_buf_put_varint(writing->out, service->bare_ends);
        tv_buf_put_varint(writing->out, tv_zigzag(service->last));
        tv_buf_append_char(writing->out, service->spans);
        tv_sketch_encode(&service->durations, writing->out);
    }
}

static void put_instances(struct writing *writing)
{
    const struct tv_frame *frame = writing->frame;
    size_t count = at_most(frame->instance_count, frame->names->instance_count), used = 0;
    for (size_t i = 0; i < count; i++)
        used += frame->instances[i];
    tv_buf_put_varint(writing->out, used);
    for (size_t i = 0; i < count; i++) {
        if (!frame->instances[i])
            continue;
        tv_buf_put_varint(writing->out, place_of(writing, frame->names->instance[i].service));
        put_text(writing->out, frame->names->instance[i].name);
    }
}

static void put_edges(struct writing *writing)
{
    const struct tv_frame *frame = writing->frame;
    size_t count = at_most(frame->edge_count, frame->names->edge_count), used = 0;
    for (size_t i = 0; i < count; i++)
        used += frame->edges[i].requests > 0;
    tv_buf_put_varint(writing->out, used);
    for (size_t i = 0; i < count; i++) {
        const struct tv_frame_edge *edge = &frame->edges[i];
        if (edge->requests == 0)
            continue;
        tv_buf_put_varint(writing->out, place_of(writing, frame->names->edge[i].from));
        tv_buf_put_varint(writing->out, place_of(writing, frame->names->edge[i].to));
        tv_buf_put_varint(writing->out, edge->requests);
        tv_buf_put_varint(writing->out, edge->failed);
        tv_sketch_encode(&edge->durations, writing->out);
    }
}

static void put_values(struct writing *writing)
{
    const struct tv_frame *frame = writing->frame;
    size_t count = at_most(frame->value_count, frame->names->series_count), used = 0;
    for (size_t i = 0; i < count; i++)
        used += frame->values[i].known;
    tv_buf_put_varint(writing->out, used);
    for (size_t i = 0; i < count; i++) {
        const struct tv_frame_value *value = &frame->values[i];
        uint64_t bits;
        if (!value->known)
            continue;
        memcpy(&bits, &value->value, sizeof(bits));
        tv_buf_put_varint(writing->out, place_of(writing, frame->names->one_series[i].service));
        put_text(writing->out, frame->names->one_series[i].name);
        tv_buf_put_varint(writing->out, tv_zigzag(value->time));
        tv_buf_put_varint(writing->out, value->arrival);
        tv_buf_put_u64(writing->out, bits);
    }
}

static void put_errors(struct writing *writing)
{
    tv_buf_put_varint(writing->out, writing->frame->error_count);
    for (size_t i = 0; i < writing->frame->error_count; i++) {
        tv_buf_put_varint(writing->out, tv_zigzag(writing->frame->errors[i].time));
        tv_buf_put_varint(writing->out, writing->frame->errors[i].arrival);
    }
}

void tv_frame_encode(const struct tv_frame *frame, struct tv_buf *out)
{
    struct tv_buf plain = {0};
    size_t services = (size_t)frame->names->service_count + 1;
    struct writing writing = {.frame = frame,
            .out = &plain,
            .places = tv_calloc(services, sizeof(uint32_t)),
            .order = tv_calloc(services, sizeof(uint32_t))};
    gather_services(&writing);
    put_services(&writing);
    put_instances(&writing);
    put_edges(&writing);
    put_values(&writing);
    put_errors(&writing);
    tv_buf_append_char(out, FRAME_VERSION);
    tv_buf_put_u64(out, tv_hash64(plain.data, plain.len));
    tv_buf_put_varint(out, plain.len);
    tv_zstd_compress(tv_buf_str(&plain), FRAME_ZSTD_LEVEL, out);
    tv_buf_release(&plain);
    free(writing.places);
    free(writing.order);
}

/* Reading. */

struct reading {
    struct tv_reader in;
    struct tv_frame *sum;
    uint32_t *numbers; /* by place in the bytes */
    uint64_t count;
};

static bool get_text(struct tv_reader *in, struct tv_str *out)
{
    uint64_t length = 0;
    const uint8_t *bytes = NULL;
    if (!tv_get_varint(in, &length) || !tv_get_bytes(in, length, &bytes))
        return false;
    *out = (struct tv_str){(const char *)bytes, length};
    return true;
}

static bool get_time(struct tv_reader *in, int64_t *out)
{
    uint64_t number = 0;
    if (!tv_get_varint(in, &number))
        return false;
    *out = tv_unzigzag(number);
    return true;
}

static bool get_place(struct reading *reading, uint32_t *service)
{
    uint64_t place = 0;
    if (!tv_get_varint(&reading->in, &place) || place >= reading->count)
        return false;
    *service = reading->numbers[place];
    return true;
}

static bool add_sketch(struct tv_reader *in, struct tv_sketch *sum)
{
    struct tv_sketch sketch;
    if (!tv_sketch_decode(in, &sketch))
        return false;
    tv_sketch_merge(sum, &sketch);
    tv_sketch_release(&sketch);
    return true;
}

static bool add_service(struct reading *reading, uint64_t place)
{
    struct tv_reader *in = &reading->in;
    struct tv_frame_service one = {0};
    struct tv_str name;
    const uint8_t *spans = NULL;
    if (!get_text(in, &name) || !tv_get_varint(in, &one.events) ||
            !tv_get_varint(in, &one.errors) || !tv_get_varint(in, &one.requests) ||
            !tv_get_varint(in, &one.failed) || !tv_get_varint(in, &one.bare_starts) ||
            !tv_get_varint(in, &one.bare_ends) || !get_time(in, &one.last) ||
            !tv_get_bytes(in, 1, &spans))
        return false;
    reading->numbers[place] = tv_frame_name_service(reading->sum->names, name);
    struct tv_frame_service *sum = tv_frame_service(reading->sum, reading->numbers[place]);
    if (one.events > 0 && (sum->events == 0 || one.last > sum->last))
        sum->last = one.last;
    sum->events += one.events;
    sum->errors += one.errors;
    sum->requests += one.requests;
    sum->failed += one.failed;
    sum->bare_starts += one.bare_starts;
    sum->bare_ends += one.bare_ends;
    sum->spans = sum->spans || *spans;
    return add_sketch(in, &sum->durations);
}

static bool add_services(struct reading *reading)
{
    struct tv_reader *in = &reading->in;
    if (!tv_get_varint(in, &reading->count) || reading->count > (uint64_t)(in->end - in->at))
        return false;
    reading->numbers = tv_calloc(reading->count + 1, sizeof(*reading->numbers));
    for (uint64_t i = 0; i < reading->count; i++)
        if (!add_service(reading, i))
            return false;
    return true;
}

static bool add_instance(struct reading *reading)
{
    struct tv_str name;
    uint32_t service = 0;
    if (!get_place(reading, &service) || !get_text(&reading->in, &name))
        return false;
    tv_frame_instance(reading->sum, tv_frame_name_instance(reading->sum->names, service, name));
    return true;
}

static bool add_edge(struct reading *reading)
{
    struct tv_frame_edge one = {0};
    uint32_t from = 0, to = 0;
    if (!get_place(reading, &from) || !get_place(reading, &to) ||
            !tv_get_varint(&reading->in, &one.requests) ||
            !tv_get_varint(&reading->in, &one.failed))
        return false;
    struct tv_frame_edge *sum =
            tv_frame_edge(reading->sum, tv_frame_name_edge(reading->sum->names, from, to));
    sum->requests += one.requests;
    sum->failed += one.failed;
    return add_sketch(&reading->in, &sum->durations);
}

static bool add_value(struct reading *reading)
{
    struct tv_frame_value value = {.known = true};
    struct tv_str name;
    uint32_t service = 0;
    uint64_t bits = 0;
    if (!get_place(reading, &service) || !get_text(&reading->in, &name) ||
            !get_time(&reading->in, &value.time) || !tv_get_varint(&reading->in, &value.arrival) ||
            !tv_get_u64(&reading->in, &bits))
        return false;
    memcpy(&value.value, &bits, sizeof(bits));
    tv_frame_value(reading->sum, tv_frame_name_series(reading->sum->names, service, name), &value);
    return true;
}

static bool add_error(struct reading *reading)
{
    struct tv_frame_pick pick = {0};
    if (!get_time(&reading->in, &pick.time) || !tv_get_varint(&reading->in, &pick.arrival))
        return false;
    tv_frame_error(reading->sum, pick);
    return true;
}

static bool add_list(struct reading *reading, bool (*add)(struct reading *reading))
{
    uint64_t count = 0;
    if (!tv_get_varint(&reading->in, &count))
        return false;
    for (uint64_t i = 0; i < count; i++)
        if (!add(reading))
            return false;
    return true;
}

static bool unpack(struct tv_str bytes, struct tv_buf *plain)
{
    const uint8_t *start = (const uint8_t *)bytes.ptr, *version = NULL;
    struct tv_reader in = {start, start + bytes.len};
    uint64_t sum = 0, length = 0;
    if (!tv_get_bytes(&in, 1, &version) || *version != FRAME_VERSION || !tv_get_u64(&in, &sum) ||
            !tv_get_varint(&in, &length) || length > FRAME_BYTES_MAX)
        return false;
    struct tv_str frame = {(const char *)in.at, (size_t)(in.end - in.at)};
    return tv_zstd_decompress_exact(frame, length, plain) == TV_OK &&
            tv_hash64(plain->data, plain->len) == sum;
}

enum tv_status tv_frame_add(struct tv_str bytes, struct tv_frame *sum)
{
    struct tv_buf plain = {0};
    if (!unpack(bytes, &plain)) {
        tv_buf_release(&plain);
        return TV_CORRUPT;
    }
    const uint8_t *start = (const uint8_t *)plain.data;
    struct reading reading = {.in = {start, start + plain.len}, .sum = sum};
    bool good = add_services(&reading) && add_list(&reading, add_instance) &&
            add_list(&reading, add_edge) && add_list(&reading, add_value) &&
            add_list(&reading, add_error) && reading.in.at == reading.in.end;
    TV_ASSERT(good); /* the sum matched: nobody but the encoder wrote it */
    free(reading.numbers);
    tv_buf_release(&plain);
    return TV_OK;
}
