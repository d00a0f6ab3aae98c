/* SPDX-License-Identifier: Apache-2.0 */
/* Catching up: a scan gives segments by time, a stream's ids are arrivals. So frames are gathered as
 * they are found, with their arrivals beside them; whenever twice as much as may be kept has
 * gathered, and at the end, they are sorted and the oldest let go. That costs less than a
 * scan for each page, and no more memory than three times the bound. */
#include "api/catch_up.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/time.h"
#include "event/event_json.h"

#include <stdlib.h>

void tv_live_put_frame(struct tv_buf *out, const struct tv_batch *batch, uint32_t row)
{
    char id[TV_ARRIVAL_TEXT_BYTES];
    (void)tv_arrival_format(tv_batch_u64(batch, TV_FIELD_ARRIVAL)[row], id);
    tv_buf_printf(out, "id: %s\nevent: event\ndata: ", id);
    struct tv_json_out json = {.out = out};
    tv_json_object(&json);
    tv_event_json_members(&json, batch, row);
    tv_json_end(&json);
    tv_buf_append(out, "\n\n", 2);
}

static int by_arrival(const void *left, const void *right)
{
    const struct tv_catch_up_frame *a = left;
    const struct tv_catch_up_frame *b = right;
    return (a->arrival > b->arrival) - (a->arrival < b->arrival);
}

/* Sorts the frames by arrival and keeps the newest that may be kept. */
static void keep_newest(struct tv_catch_up *catch_up)
{
    if (!catch_up->events)
        return;
    qsort(catch_up->list, catch_up->events, sizeof *catch_up->list, by_arrival);
    size_t first = catch_up->events;
    size_t bytes = 0;
    while (first > 0 && catch_up->events - first < TV_CATCH_UP_EVENTS_MAX &&
            bytes + catch_up->list[first - 1].bytes <= catch_up->bytes_max)
        bytes += catch_up->list[--first].bytes;
    struct tv_buf kept = {0};
    for (size_t i = first; i < catch_up->events; i++) {
        struct tv_catch_up_frame frame = catch_up->list[i];
        catch_up->list[i - first] =
                (struct tv_catch_up_frame){frame.arrival, kept.len, frame.bytes};
        tv_buf_append(&kept, catch_up->frames.data + frame.at, frame.bytes);
    }
    tv_buf_release(&catch_up->frames);
    catch_up->frames = kept;
    catch_up->events -= first;
    catch_up->skipped += first;
}

static void take(struct tv_catch_up *catch_up, const struct tv_batch *batch, uint32_t row)
{
    if (catch_up->events == catch_up->cap) {
        catch_up->cap = tv_grown(catch_up->cap, catch_up->events + 1, 64);
        catch_up->list = tv_realloc_array(catch_up->list, catch_up->cap, sizeof *catch_up->list);
    }
    size_t at = catch_up->frames.len;
    tv_live_put_frame(&catch_up->frames, batch, row);
    catch_up->list[catch_up->events++] = (struct tv_catch_up_frame){
            tv_batch_u64(batch, TV_FIELD_ARRIVAL)[row], at, catch_up->frames.len - at};
    if (catch_up->events >= 2 * TV_CATCH_UP_EVENTS_MAX ||
            catch_up->frames.len / 2 > catch_up->bytes_max)
        keep_newest(catch_up);
}

static enum tv_status scan(struct tv_catch_up *catch_up, uint64_t from)
{
    struct tv_scan_spec spec = {
            .from = TV_TIME_MIN,
            .to = TV_TIME_MAX,
            .arrival_from = from,
            .arrival_to = UINT64_MAX,
            .where = catch_up->where,
            .columns = {.fields = UINT32_MAX >> (32 - TV_FIELD_COUNT), .all_attributes = true},
            .order = TV_SCAN_ANY,
    };
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found;
    struct tv_error err;
    enum tv_status status = tv_scan_open(catch_up->snapshot, &spec, &catch_up->cancel, &scan, &err);
    while (status == TV_OK && (status = tv_scan_next(scan, &found, &err)) == TV_OK && found.count)
        for (uint32_t i = 0; i < found.count; i++)
            take(catch_up, found.batch, found.rows[i]);
    tv_scan_close(scan);
    return status;
}

void tv_catch_up_run(struct tv_catch_up *catch_up)
{
    uint64_t last = tv_snapshot_last_arrival(catch_up->snapshot);
    uint64_t from = catch_up->after + 1;
    if (last - catch_up->after > TV_CATCH_UP_ARRIVALS_MAX) {
        catch_up->skipped = last - catch_up->after - TV_CATCH_UP_ARRIVALS_MAX;
        from += catch_up->skipped;
    }
    /* What could not be read is told as dropped rather than left out in silence. */
    if (scan(catch_up, from) != TV_OK)
        catch_up->skipped++;
    keep_newest(catch_up);
}

void tv_catch_up_release(struct tv_catch_up *catch_up)
{
    tv_snapshot_unref(catch_up->snapshot);
    tv_buf_release(&catch_up->frames);
    free(catch_up->list);
    *catch_up = (struct tv_catch_up){.snapshot = NULL};
}
