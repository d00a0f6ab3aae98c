/* SPDX-License-Identifier: Apache-2.0 */
/* Events by UDP: one JSON event or lines of them a datagram.
 *
 * The datagrams of one run of the socket share a batch, which goes to the sink at the run's end or
 * when it is large, so that a flood costs one commit and not one for each datagram. Nobody waits for
 * an answer: what is refused or cannot be stored is counted. */
#include "base/mem.h"
#include "base/time.h"
#include "ingest/ingest_internal.h"

#include <stdlib.h>

enum { FLUSH_ROWS = 8192 };

struct flush {
    struct tv_ingest *ingest;
    uint32_t rows;
    int64_t received_ns;
};

static void flush_done(void *ctx, enum tv_status status)
{
    struct flush *flush = ctx;
    struct tv_ingest_door *door = &flush->ingest->udp_door;
    flush->ingest->pending--;
    if (status == TV_OK) {
        door->events += flush->rows;
        door->last_event_ns = flush->received_ns;
    } else {
        door->rejected += flush->rows;
        tv_ingest_note_reject(door, "the events could not be stored");
    }
    free(flush);
}

static void end_run(void *ctx)
{
    struct tv_ingest *ingest = ctx;
    struct tv_batch *batch = ingest->udp_batch;
    if (!batch)
        return;
    ingest->udp_batch = NULL;
    if (batch->rows > 0) {
        struct flush *flush = tv_malloc(sizeof(*flush));
        *flush = (struct flush){ingest, batch->rows, tv_time_now()};
        if (tv_sink_accept(&ingest->config.sink, batch, flush_done, flush) == TV_OK) {
            ingest->pending++;
        } else {
            ingest->udp_door.rejected += batch->rows;
            tv_ingest_note_reject(&ingest->udp_door, "too many events wait for the disk");
            free(flush);
        }
    }
    tv_batch_unref(batch);
}

static void take_datagram(void *ctx, struct tv_str datagram)
{
    struct tv_ingest *ingest = ctx;
    struct tv_decode_report *report = &ingest->report;
    struct tv_decode_options options = {.received_ns = tv_time_now()};
    struct tv_error err;
    ingest->udp_door.requests++;
    ingest->udp_door.bytes += datagram.len;
    if (!ingest->udp_batch)
        ingest->udp_batch = tv_batch_new();
    struct tv_redact_mark mark = tv_redact_mark_of(ingest->udp_batch);
    enum tv_status status = tv_native_decode(datagram, &options, ingest->udp_batch, report, &err);
    if (ingest->config.redactor)
        tv_redactor_apply(ingest->config.redactor, ingest->udp_batch, mark);
    tv_ingest_count(&ingest->udp_door, report, status == TV_OK ? NULL : &err);
    if (status != TV_OK && report->rejected == 0)
        ingest->udp_door.rejected++; /* a datagram that holds no JSON at all */
    if (ingest->udp_batch->rows >= FLUSH_ROWS)
        end_run(ingest);
}

enum tv_status tv_ingest_open_udp(
        struct tv_ingest *ingest, const char *address, uint16_t *port, struct tv_error *err)
{
    struct tv_udp_config config = {.address = address,
            .on_datagram = take_datagram,
            .on_batch_end = end_run,
            .ctx = ingest};
    TV_ASSERT(!ingest->udp);
    return tv_udp_open(ingest->config.loop, &config, &ingest->udp, port, err);
}
