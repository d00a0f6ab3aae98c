/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets of traffic, added up to steps.
 *
 * The window is read in stretches of about an hour, so that what is held at once is an hour's buckets
 * however long the window is: the sketches in them are most of the memory. Each stretch is two scans, of
 * its own events and of the starts before it, which is what the buckets' rule asks for. */
#include "insight/traffic.h"

#include "base/mem.h"
#include "store/frame.h"

#include <stdlib.h>

enum { STEPS_AIM = 1500 };
#define STRETCH_NS TV_NS_PER_HOUR

/* What one step of one service amounts to. */
struct step_sum {
    uint64_t requests, failed;
    struct tv_sketch durations;
};

struct traffic {
    struct tv_snapshot *snapshot;
    const struct tv_traffic_spec *spec;
    struct tv_tracks *tracks;
    struct tv_scan_stats *stats;
    struct tv_error *err;
    struct tv_frame_names names;
    bool *begun; /* by service: it had a request */
    size_t begun_cap;
    struct tv_frame *frames; /* of the stretch, one for each bucket */
    size_t frame_count;
};

int64_t tv_traffic_step(int64_t length_ns)
{
    static const int64_t seconds[] = {10, 30, 60, 120, 300, 600, 1800};
    for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
        if (length_ns / (seconds[i] * TV_NS_PER_S) <= STEPS_AIM)
            return seconds[i] * TV_NS_PER_S;
    return TV_NS_PER_HOUR;
}

static int64_t floor_to(int64_t time, int64_t step)
{
    int64_t rest = time % step;
    return time - rest - (rest < 0 ? step : 0);
}

typedef void take_fn(struct tv_frame_builder *builder, const struct tv_scan_batch *in);

static enum tv_status scan(struct traffic *traffic, struct tv_scan_spec *spec,
        struct tv_frame_builder *builder, take_fn *take)
{
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    spec->arrival_to = traffic->spec->arrival_to;
    if (spec->from > spec->to)
        return TV_OK;
    enum tv_status status =
            tv_scan_open(traffic->snapshot, spec, traffic->spec->cancel, &scan, traffic->err);
    while (status == TV_OK) {
        status = tv_cancel_check(traffic->spec->cancel);
        if (status == TV_OK)
            status = tv_scan_next(scan, &found, traffic->err);
        if (status != TV_OK || found.count == 0)
            break;
        take(builder, &found);
        if (take == tv_frame_take)
            tv_frame_bound(builder, tv_scan_bound(scan));
    }
    if (scan) {
        struct tv_scan_stats stats;
        tv_scan_stats(scan, &stats);
        tv_scan_stats_add(traffic->stats, &stats);
    }
    tv_scan_close(scan);
    return status;
}

/* Computes the buckets of [from, to]. */
static enum tv_status read_stretch(struct traffic *traffic, int64_t from, int64_t to)
{
    struct tv_frame_range range = {from, to};
    struct tv_scan_spec specs[3];
    struct tv_arena arena = {0};
    const struct tv_frame_open *open;
    size_t open_count;
    traffic->frame_count = (size_t)(tv_frame_bucket(to) - tv_frame_bucket(from)) + 1;
    traffic->frames = tv_calloc(traffic->frame_count, sizeof(*traffic->frames));
    for (size_t i = 0; i < traffic->frame_count; i++)
        traffic->frames[i].names = &traffic->names;
    struct tv_frame_builder *builder = tv_frame_builder_new(&range, traffic->frames, false);
    tv_frame_scans(&range, traffic->spec->where, &arena, specs);
    enum tv_status status = scan(traffic, &specs[1], builder, tv_frame_take_starts);
    if (status == TV_OK)
        status = scan(traffic, &specs[0], builder, tv_frame_take);
    if (status == TV_OK)
        tv_frame_builder_finish(builder, &open, &open_count);
    tv_frame_builder_free(builder);
    tv_arena_release(&arena);
    return status;
}

static void release_stretch(struct traffic *traffic)
{
    for (size_t i = 0; i < traffic->frame_count; i++)
        tv_frame_release(&traffic->frames[i]);
    free(traffic->frames);
    traffic->frames = NULL;
    traffic->frame_count = 0;
}

/* Adds up a service's buckets from `first` on, `count` of them. */
static struct step_sum sum_of(
        const struct traffic *traffic, uint32_t service, size_t first, size_t count)
{
    struct step_sum sum = {0};
    for (size_t i = first; i < first + count && i < traffic->frame_count; i++) {
        const struct tv_frame *frame = &traffic->frames[i];
        if (service >= frame->service_count)
            continue;
        sum.requests += frame->services[service].requests;
        sum.failed += frame->services[service].failed;
        tv_sketch_merge(&sum.durations, &frame->services[service].durations);
    }
    return sum;
}

static double quantile(const struct tv_sketch *sketch, unsigned per_cent)
{
    return tv_sketch_at(sketch, tv_nearest_rank(sketch->count, per_cent));
}

/* The field's number of a step; false where the step says nothing of it. */
static bool number_of(
        const struct step_sum *sum, enum tv_traffic_field field, double seconds, double *out)
{
    static const unsigned per_cents[TV_TRAFFIC_FIELDS] = {
            [TV_TRAFFIC_P50] = 50, [TV_TRAFFIC_P95] = 95, [TV_TRAFFIC_P99] = 99};
    if (field == TV_TRAFFIC_REQUEST_RATE) {
        *out = (double)sum->requests / seconds;
        return true;
    }
    if (field == TV_TRAFFIC_ERROR_RATE) {
        *out = sum->requests > 0 ? (double)sum->failed / (double)sum->requests : 0;
        return sum->requests > 0;
    }
    if (sum->durations.count == 0)
        return false;
    *out = quantile(&sum->durations, per_cents[field]);
    return true;
}

static bool add_step(struct traffic *traffic, uint32_t service, int64_t time, double seconds,
        const struct step_sum *sum)
{
    for (int field = 0; field < TV_TRAFFIC_FIELDS; field++) {
        struct tv_track_names names = {
                .service = traffic->names.service[service], .field = traffic->spec->names[field]};
        struct tv_track_point point = {.time = time};
        if (!names.field.ptr ||
                !number_of(sum, (enum tv_traffic_field)field, seconds, &point.value))
            continue;
        if (!tv_tracks_add(traffic->tracks, tv_tracks_number(traffic->tracks, &names), &point))
            return false;
    }
    return true;
}

static bool has_begun(struct traffic *traffic, uint32_t service, bool requests)
{
    if (service >= traffic->begun_cap) {
        size_t cap = tv_grown(traffic->begun_cap, (size_t)service + 1, 64);
        traffic->begun = tv_realloc_array(traffic->begun, cap, sizeof(bool));
        for (size_t i = traffic->begun_cap; i < cap; i++)
            traffic->begun[i] = false;
        traffic->begun_cap = cap;
    }
    traffic->begun[service] = traffic->begun[service] || requests;
    return traffic->begun[service];
}

/* The steps of the stretch [from, to], which begins at a step. */
static enum tv_status add_steps(struct traffic *traffic, int64_t from, int64_t to)
{
    int64_t step = traffic->spec->step_ns;
    size_t buckets = (size_t)(step / TV_FRAME_NS);
    for (int64_t time = from; time <= to; time += step) {
        int64_t begin = time > traffic->spec->from ? time : traffic->spec->from;
        int64_t end = time + step - 1 < traffic->spec->to ? time + step : traffic->spec->to + 1;
        size_t first = (size_t)((time - from) / TV_FRAME_NS);
        if (end - begin < step / 2)
            continue;
        for (uint32_t service = 0; service < traffic->names.service_count; service++) {
            struct step_sum sum = sum_of(traffic, service, first, buckets);
            bool full = has_begun(traffic, service, sum.requests > 0) &&
                    !add_step(traffic, service, time, (double)(end - begin) / TV_NS_PER_S, &sum);
            tv_sketch_release(&sum.durations);
            if (full)
                return tv_fail(traffic->err, TV_TOO_LARGE,
                        "there are more than %d points to follow; shorten the window",
                        TV_TRACK_POINTS_MAX);
        }
    }
    return TV_OK;
}

enum tv_status tv_traffic_read(struct tv_snapshot *snapshot, const struct tv_traffic_spec *spec,
        struct tv_tracks *tracks, struct tv_scan_stats *stats, struct tv_error *err)
{
    struct traffic traffic = {
            .snapshot = snapshot, .spec = spec, .tracks = tracks, .stats = stats, .err = err};
    int64_t stretch = floor_to(STRETCH_NS, spec->step_ns);
    enum tv_status status = TV_OK;
    for (int64_t at = floor_to(spec->from, spec->step_ns); status == TV_OK && at <= spec->to;
            at += stretch) {
        int64_t end = at + stretch - 1 < spec->to ? at + stretch - 1 : spec->to;
        status = read_stretch(&traffic, at, end);
        if (status == TV_OK)
            status = add_steps(&traffic, at, end);
        release_stretch(&traffic);
    }
    free(traffic.begun);
    tv_frame_names_release(&traffic.names);
    return status;
}
