/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1/live: committed events as they come, as server-sent events (WHATWG HTML, section
 * 9.2). The id of each is its arrival number, so a client that reconnects with Last-Event-ID gets
 * what it missed: a job on the query lane scans the arrivals since, while what is committed
 * meanwhile waits in the subscriber's backlog, and then the stream goes on without gap or repeat.
 *
 * A client that reads too slowly does not slow anything else: past PENDING_BYTES_MAX events are
 * dropped and counted, and the count is sent as soon as there is room.
 *
 * All of this is the loop's, but for a catch-up while it runs. */
#include "api/api_internal.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/time.h"
#include "event/event_json.h"

#include <stdlib.h>

enum {
    PENDING_BYTES_MAX = 1 << 20,
    BACKLOG_BATCHES_MAX = 4096,
    CATCH_UP_EVENTS_MAX = 10000,
    HEARTBEAT_S = 15,
    SUBSCRIBERS_MAX = 256,
};

struct subscriber {
    struct tv_live *live;
    struct subscriber *prev, *next;
    struct tv_http_stream *stream;  /* NULL once the client is gone */
    struct tv_condition *condition; /* NULL takes all */
    uint64_t last_arrival;          /* the newest sent or dropped */
    uint64_t unsaid_drops;

    /* While catching up: */
    bool catching_up;
    struct tv_snapshot *snapshot;
    struct tv_cancel cancel;
    struct tv_buf caught; /* frames */
    uint64_t caught_events, skipped;
    struct tv_batch **backlog;
    size_t backlog_count, backlog_cap;
};

struct tv_live {
    struct tv_api *api;
    struct tv_feed_subscription *subscription; /* while there are subscribers */
    struct tv_timer *heartbeat;
    struct subscriber *subscribers;
    struct tv_buf frame;
    struct tv_live_stats stats;
};

static void put_frame(struct tv_buf *out, const struct tv_batch *batch, uint32_t row)
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

/* Frames of the rows that the condition selects; the number of them. */
static uint32_t put_frames(
        struct tv_buf *out, const struct tv_pred *pred, const struct tv_batch *batch)
{
    struct tv_arena scratch = {0};
    uint32_t *rows = tv_arena_alloc(&scratch, batch->rows * sizeof *rows);
    uint32_t count = tv_pred_select(pred, batch, rows, &scratch);
    for (uint32_t i = 0; i < count; i++)
        put_frame(out, batch, rows[i]);
    tv_arena_release(&scratch);
    return count;
}

static void say_drops(struct subscriber *subscriber)
{
    if (!subscriber->unsaid_drops)
        return;
    struct tv_buf out = {0};
    tv_buf_printf(&out, "event: dropped\ndata: {\"dropped\":%llu}\n\n",
            (unsigned long long)subscriber->unsaid_drops);
    subscriber->unsaid_drops = 0;
    tv_http_stream_write(subscriber->stream, tv_buf_str(&out));
    tv_buf_release(&out);
}

static void drop(struct subscriber *subscriber, uint64_t events)
{
    subscriber->unsaid_drops += events;
    subscriber->live->stats.dropped += events;
}

static const struct tv_pred *pred_of(const struct subscriber *subscriber)
{
    return subscriber->condition ? tv_condition_pred(subscriber->condition) : NULL;
}

static void send_batch(struct subscriber *subscriber, const struct tv_batch *batch)
{
    struct tv_live *live = subscriber->live;
    tv_buf_clear(&live->frame);
    uint32_t count = put_frames(&live->frame, pred_of(subscriber), batch);
    subscriber->last_arrival = tv_batch_u64(batch, TV_FIELD_ARRIVAL)[batch->rows - 1];
    if (!count)
        return;
    if (tv_http_stream_pending(subscriber->stream) + live->frame.len > PENDING_BYTES_MAX) {
        drop(subscriber, count);
        return;
    }
    say_drops(subscriber);
    tv_http_stream_write(subscriber->stream, tv_buf_str(&live->frame));
    live->stats.sent += count;
}

static void keep_for_later(struct subscriber *subscriber, struct tv_batch *batch)
{
    if (subscriber->backlog_count == BACKLOG_BATCHES_MAX) {
        drop(subscriber, batch->rows);
        return;
    }
    if (subscriber->backlog_count == subscriber->backlog_cap) {
        subscriber->backlog_cap =
                tv_grown(subscriber->backlog_cap, subscriber->backlog_count + 1, 16);
        subscriber->backlog = tv_realloc_array(
                subscriber->backlog, subscriber->backlog_cap, sizeof(struct tv_batch *));
    }
    subscriber->backlog[subscriber->backlog_count++] = tv_batch_ref(batch);
}

static void on_batch(void *ctx, struct tv_batch *batch)
{
    struct tv_live *live = ctx;
    for (struct subscriber *s = live->subscribers; s; s = s->next) {
        if (!s->stream)
            continue;
        if (s->catching_up)
            keep_for_later(s, batch);
        else
            send_batch(s, batch);
    }
}

static void beat(void *ctx)
{
    struct tv_live *live = ctx;
    for (struct subscriber *s = live->subscribers; s; s = s->next)
        if (s->stream && tv_http_stream_pending(s->stream) < PENDING_BYTES_MAX)
            tv_http_stream_write(s->stream, TV_STR(": ping\n\n"));
}

/* Life of a subscriber. */

static void remove_subscriber(struct subscriber *subscriber)
{
    struct tv_live *live = subscriber->live;
    if (subscriber->prev)
        subscriber->prev->next = subscriber->next;
    else
        live->subscribers = subscriber->next;
    if (subscriber->next)
        subscriber->next->prev = subscriber->prev;
    live->stats.subscribers--;
    if (!live->subscribers) {
        tv_feed_unsubscribe(live->subscription);
        live->subscription = NULL;
        tv_timer_stop(live->heartbeat);
    }
    for (size_t i = 0; i < subscriber->backlog_count; i++)
        tv_batch_unref(subscriber->backlog[i]);
    free(subscriber->backlog);
    tv_snapshot_unref(subscriber->snapshot);
    tv_condition_free(subscriber->condition);
    tv_buf_release(&subscriber->caught);
    free(subscriber);
}

static void stream_gone(void *ctx)
{
    struct subscriber *subscriber = ctx;
    subscriber->stream = NULL;
    if (subscriber->catching_up)
        tv_cancel_raise(&subscriber->cancel);
    else
        remove_subscriber(subscriber);
}

static void add_subscriber(struct subscriber *subscriber)
{
    struct tv_live *live = subscriber->live;
    subscriber->next = live->subscribers;
    if (subscriber->next)
        subscriber->next->prev = subscriber;
    live->subscribers = subscriber;
    live->stats.subscribers++;
    if (live->subscription)
        return;
    live->subscription = tv_feed_subscribe(live->api->config.feed, on_batch, live);
    tv_timer_start(live->heartbeat, HEARTBEAT_S * TV_NS_PER_S, HEARTBEAT_S * TV_NS_PER_S);
}

/* Catching up. */

static enum tv_status scan_missed(
        struct subscriber *subscriber, struct tv_scan *scan, struct tv_error *err)
{
    enum tv_status status = TV_OK;
    struct tv_scan_batch found;
    while ((status = tv_scan_next(scan, &found, err)) == TV_OK && found.count) {
        for (uint32_t i = 0; i < found.count; i++) {
            if (subscriber->caught_events == CATCH_UP_EVENTS_MAX) {
                subscriber->skipped++;
                continue;
            }
            put_frame(&subscriber->caught, found.batch, found.rows[i]);
            subscriber->caught_events++;
        }
    }
    return status;
}

static void run_catch_up(void *ctx)
{
    struct subscriber *subscriber = ctx;
    struct tv_scan_spec spec = {
            .from = TV_TIME_MIN,
            .to = TV_TIME_MAX,
            .arrival_from = subscriber->last_arrival + 1,
            .arrival_to = UINT64_MAX,
            .where = pred_of(subscriber),
            .columns = {.fields = UINT32_MAX >> (32 - TV_FIELD_COUNT), .all_attributes = true},
            .order = TV_SCAN_OLDEST,
    };
    struct tv_scan *scan = NULL;
    struct tv_error err;
    enum tv_status status =
            tv_scan_open(subscriber->snapshot, &spec, &subscriber->cancel, &scan, &err);
    if (status == TV_OK)
        status = scan_missed(subscriber, scan, &err);
    /* What could not be read is told as dropped rather than left out in silence. */
    if (status != TV_OK)
        subscriber->skipped++;
    tv_scan_close(scan);
}

static void catch_up_done(void *ctx)
{
    struct subscriber *subscriber = ctx;
    subscriber->catching_up = false;
    if (!subscriber->stream) {
        remove_subscriber(subscriber);
        return;
    }
    subscriber->last_arrival = tv_snapshot_last_arrival(subscriber->snapshot);
    tv_snapshot_unref(subscriber->snapshot);
    subscriber->snapshot = NULL;
    tv_http_stream_write(subscriber->stream, tv_buf_str(&subscriber->caught));
    tv_buf_release(&subscriber->caught);
    subscriber->live->stats.sent += subscriber->caught_events;
    drop(subscriber, subscriber->skipped);
    say_drops(subscriber);
    size_t count = subscriber->backlog_count;
    subscriber->backlog_count = 0;
    for (size_t i = 0; i < count; i++) {
        send_batch(subscriber, subscriber->backlog[i]);
        tv_batch_unref(subscriber->backlog[i]);
    }
}

static enum tv_status start_catch_up(
        struct subscriber *subscriber, struct tv_str last_id, struct tv_error *err)
{
    struct tv_live *live = subscriber->live;
    if (!tv_arrival_parse(last_id, &subscriber->last_arrival))
        return tv_fail(err, TV_BAD_INPUT, "Last-Event-ID '%.*s' is no id of this stream",
                TV_STR_ARG(last_id));
    subscriber->snapshot = tv_snapshot_take(live->api->config.store);
    if (subscriber->last_arrival >= tv_snapshot_last_arrival(subscriber->snapshot)) {
        tv_snapshot_unref(subscriber->snapshot);
        subscriber->snapshot = NULL;
        return TV_OK;
    }
    subscriber->catching_up = true;
    if (tv_lane_submit(live->api->config.query_lane, run_catch_up, catch_up_done, subscriber) ==
            TV_OK)
        return TV_OK;
    return tv_fail(err, TV_OVERLOADED, "too many queries wait already");
}

/* The route. */

static enum tv_status prepare(
        struct subscriber *subscriber, const struct tv_http_request *request, struct tv_error *err)
{
    struct tv_str where = tv_str_trim(tv_http_query(request, "where"));
    enum tv_status status = TV_OK;
    if (where.len)
        status = tv_condition_prepare(where, tv_time_now(), &subscriber->condition, err);
    if (status == TV_OK && subscriber->live->stats.subscribers >= SUBSCRIBERS_MAX)
        status = tv_fail(err, TV_OVERLOADED, "%d live streams are open already", SUBSCRIBERS_MAX);
    struct tv_str last_id = tv_http_header(request, "Last-Event-ID");
    if (!last_id.len)
        last_id = tv_http_query(request, "lastEventId");
    if (status == TV_OK && last_id.len)
        status = start_catch_up(subscriber, last_id, err);
    return status;
}

static void handle_live(void *ctx, struct tv_http_request *request)
{
    struct tv_live *live = ctx;
    struct subscriber *subscriber = tv_calloc(1, sizeof *subscriber);
    subscriber->live = live;
    struct tv_error err;
    if (prepare(subscriber, request, &err) != TV_OK) {
        tv_http_fail(request, &err);
        tv_snapshot_unref(subscriber->snapshot);
        tv_condition_free(subscriber->condition);
        free(subscriber);
        return;
    }
    add_subscriber(subscriber);
    tv_http_set_header(request, "Cache-Control", "no-store");
    subscriber->stream =
            tv_http_stream_start(request, "text/event-stream", NULL, stream_gone, subscriber);
    tv_http_stream_write(subscriber->stream, TV_STR("retry: 2000\n\n"));
}

struct tv_live *tv_live_new(struct tv_api *api)
{
    struct tv_live *live = tv_calloc(1, sizeof *live);
    live->api = api;
    live->heartbeat = tv_timer_new(api->config.loop, beat, live);
    tv_http_route(api->config.server,
            &(struct tv_http_route){.method = "GET",
                    .path = "/api/v1/live",
                    .scope = TV_SCOPE_READ,
                    .handler = handle_live,
                    .ctx = live});
    return live;
}

void tv_live_stop(struct tv_live *live)
{
    struct subscriber *next;
    for (struct subscriber *s = live->subscribers; s; s = next) {
        next = s->next;
        if (s->stream)
            tv_http_stream_end(s->stream);
        s->stream = NULL;
        if (s->catching_up)
            tv_cancel_raise(&s->cancel);
        else
            remove_subscriber(s);
    }
    while (live->subscribers)
        tv_loop_run_once(live->api->config.loop);
}

void tv_live_free(struct tv_live *live)
{
    TV_ASSERT(!live->subscribers);
    tv_timer_free(live->heartbeat);
    tv_buf_release(&live->frame);
    free(live);
}

void tv_live_stats(const struct tv_live *live, struct tv_live_stats *out)
{
    *out = live->stats;
}
