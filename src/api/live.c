/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1/live: committed events as they come, as server-sent events (WHATWG HTML, section
 * 9.2). The id of each is its arrival number, so a client that reconnects with Last-Event-ID gets
 * what it missed: a job on the query lane scans the arrivals since, while what is committed
 * meanwhile waits in the subscriber's backlog, and then the stream goes on without gap or repeat.
 *
 * A client that reads too slowly does not slow anything else: past its share of PENDING_BYTES_ALL,
 * at most PENDING_BYTES_MAX, events are dropped and counted, and the count is sent as soon as there
 * is room. An event is put in words once for all subscribers, and only if one has room for it, so
 * that many slow streams cost the loop next to nothing.
 *
 * All of this is the loop's, but for a catch-up while it runs. */
#include "api/api_internal.h"
#include "api/catch_up.h"
#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

enum {
    PENDING_BYTES_MAX = 1 << 20,  /* of one stream */
    PENDING_BYTES_ALL = 16 << 20, /* also bounds what one batch makes the loop copy */
    CATCH_UP_BYTES_MAX = 4 << 20,
    BACKLOG_BYTES_MAX = 8 << 20,
    HEARTBEAT_S = 15,
    SUBSCRIBERS_MAX = 256,
};

struct subscriber {
    struct tv_live *live;
    struct subscriber *prev, *next;
    struct tv_http_stream *stream;  /* NULL once the client is gone */
    struct tv_condition *condition; /* NULL takes all */
    uint64_t unsaid_drops;

    /* While catching up: */
    bool catching_up;
    struct tv_catch_up catch_up;
    struct tv_batch **backlog;
    size_t backlog_count, backlog_cap, backlog_bytes;
};

struct tv_live {
    struct tv_api *api;
    struct tv_feed_subscription *subscription; /* while there are subscribers */
    struct tv_timer *heartbeat;
    struct subscriber *subscribers;
    struct tv_live_stats stats;
};

/* The frames of one batch, put in words when they are first wanted. */
struct frames {
    const struct tv_batch *batch;
    struct tv_buf text;
    struct frame {
        size_t at, bytes; /* 0 bytes: not yet in words */
    } * rows;
    struct tv_arena arena;
};

static void frames_init(struct frames *frames, const struct tv_batch *batch)
{
    *frames = (struct frames){.batch = batch};
    frames->rows = tv_arena_calloc(&frames->arena, batch->rows, sizeof *frames->rows);
}

static void frames_release(struct frames *frames)
{
    tv_buf_release(&frames->text);
    tv_arena_release(&frames->arena);
}

/* Valid until the next call. */
static struct tv_str frame_of(struct frames *frames, uint32_t row)
{
    struct frame *frame = &frames->rows[row];
    if (!frame->bytes) {
        frame->at = frames->text.len;
        tv_live_put_frame(&frames->text, frames->batch, row);
        frame->bytes = frames->text.len - frame->at;
    }
    return (struct tv_str){frames->text.data + frame->at, frame->bytes};
}

/* What one stream may hold of `most` when all of them hold theirs. */
static size_t share(const struct tv_live *live, size_t most)
{
    size_t each = PENDING_BYTES_ALL / (size_t)(live->stats.subscribers + 1);
    return each < most ? each : most;
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

/* Sends the rows in turn while there is room; an event larger than that goes out alone. */
static void send_rows(
        struct subscriber *subscriber, struct frames *frames, const uint32_t *rows, uint32_t count)
{
    struct tv_live *live = subscriber->live;
    size_t most = share(live, PENDING_BYTES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        size_t pending = tv_http_stream_pending(subscriber->stream);
        if (pending >= most) {
            drop(subscriber, count - i);
            return;
        }
        struct tv_str frame = frame_of(frames, rows[i]);
        if (pending && pending + frame.len > most) {
            drop(subscriber, count - i);
            return;
        }
        say_drops(subscriber);
        tv_http_stream_write(subscriber->stream, frame);
        live->stats.sent++;
    }
}

static void send_batch(struct subscriber *subscriber, struct frames *frames)
{
    const struct tv_batch *batch = frames->batch;
    struct tv_arena scratch = {0};
    uint32_t *rows = tv_arena_alloc(&scratch, batch->rows * sizeof *rows);
    uint32_t count = tv_pred_select(pred_of(subscriber), batch, rows, &scratch);
    send_rows(subscriber, frames, rows, count);
    tv_arena_release(&scratch);
}

static void keep_for_later(struct subscriber *subscriber, struct tv_batch *batch)
{
    size_t bytes = tv_batch_bytes(batch);
    if (subscriber->backlog_bytes + bytes > BACKLOG_BYTES_MAX && subscriber->backlog_count) {
        drop(subscriber, batch->rows);
        return;
    }
    subscriber->backlog_bytes += bytes;
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
    struct frames frames;
    frames_init(&frames, batch);
    for (struct subscriber *s = live->subscribers; s; s = s->next) {
        if (!s->stream)
            continue;
        if (s->catching_up)
            keep_for_later(s, batch);
        else
            send_batch(s, &frames);
    }
    frames_release(&frames);
}

static void beat(void *ctx)
{
    struct tv_live *live = ctx;
    for (struct subscriber *s = live->subscribers; s; s = s->next)
        if (s->stream && tv_http_stream_pending(s->stream) < PENDING_BYTES_MAX)
            tv_http_stream_write(s->stream, TV_STR(": ping\n\n"));
}

/* Life of a subscriber. */

static void subscriber_free(struct subscriber *subscriber)
{
    tv_catch_up_release(&subscriber->catch_up);
    tv_condition_free(subscriber->condition);
    free(subscriber);
}

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
    subscriber_free(subscriber);
}

static void stream_gone(void *ctx)
{
    struct subscriber *subscriber = ctx;
    subscriber->stream = NULL;
    if (subscriber->catching_up)
        tv_cancel_raise(&subscriber->catch_up.cancel);
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

static void run_catch_up(void *ctx)
{
    struct subscriber *subscriber = ctx;
    tv_catch_up_run(&subscriber->catch_up);
}

static void send_backlog(struct subscriber *subscriber)
{
    size_t count = subscriber->backlog_count;
    subscriber->backlog_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct frames frames;
        frames_init(&frames, subscriber->backlog[i]);
        send_batch(subscriber, &frames);
        frames_release(&frames);
        tv_batch_unref(subscriber->backlog[i]);
    }
}

/* What was left out is older than what was found, and told first. */
static void catch_up_done(void *ctx)
{
    struct subscriber *subscriber = ctx;
    struct tv_catch_up *catch_up = &subscriber->catch_up;
    subscriber->catching_up = false;
    if (!subscriber->stream) {
        remove_subscriber(subscriber);
        return;
    }
    uint64_t backlog_drops = subscriber->unsaid_drops;
    subscriber->unsaid_drops = 0;
    drop(subscriber, catch_up->skipped);
    say_drops(subscriber);
    tv_http_stream_write(subscriber->stream, tv_buf_str(&catch_up->frames));
    subscriber->live->stats.sent += catch_up->events;
    tv_catch_up_release(catch_up);
    send_backlog(subscriber);
    subscriber->unsaid_drops += backlog_drops;
}

static enum tv_status start_catch_up(
        struct subscriber *subscriber, struct tv_str last_id, struct tv_error *err)
{
    struct tv_live *live = subscriber->live;
    struct tv_catch_up *catch_up = &subscriber->catch_up;
    if (!tv_arrival_parse(last_id, &catch_up->after))
        return tv_fail(err, TV_BAD_INPUT, "Last-Event-ID '%.*s' is no id of this stream",
                TV_STR_ARG(last_id));
    catch_up->snapshot = tv_snapshot_take(live->api->config.store);
    if (catch_up->after >= tv_snapshot_last_arrival(catch_up->snapshot)) {
        tv_catch_up_release(catch_up);
        return TV_OK;
    }
    catch_up->where = pred_of(subscriber);
    catch_up->bytes_max = share(live, CATCH_UP_BYTES_MAX);
    catch_up->cancel.deadline_ns = tv_time_monotonic() + live->api->config.query_timeout_ns;
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
    if (status == TV_OK && subscriber->live->api->stopping)
        status = tv_fail(err, TV_OVERLOADED, "the daemon is stopping");
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
        subscriber_free(subscriber);
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
            tv_cancel_raise(&s->catch_up.cancel);
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
    free(live);
}

void tv_live_stats(const struct tv_live *live, struct tv_live_stats *out)
{
    *out = live->stats;
}
