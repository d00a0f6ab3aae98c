/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATROL_MS = 20, WAIT_S = 30 };

static void on_patrol(void *ctx)
{
    (void)ctx; /* Its being called is all. */
}

static void open_store(struct house *house)
{
    struct tv_error err;
    struct tv_store_config config = {
            .dir = house->folder,
            .retention_ns = 36500 * TV_NS_PER_DAY,
            .disk_bytes_max = UINT64_C(1) << 40,
            .cache_bytes = 16 << 20,
    };
    if (tv_store_open(&config, &house->store, &err) != TV_OK)
        fail_msg("%s", err.message);
}

void house_open(struct house *house)
{
    struct tv_error err;
    struct tv_pipeline_config config = house->bounds;
    if (!house->folder[0]) {
        (void)snprintf(house->folder, sizeof house->folder, "/tmp/traversion-pipe-XXXXXX");
        assert_non_null(mkdtemp(house->folder));
    }
    assert_int_equal(tv_loop_new(2, &house->loop, &err), TV_OK);
    house->writer = tv_lane_new(house->loop, "writer", 1, 0);
    house->maintenance = tv_lane_new(house->loop, "maintenance", 1, 0);
    house->patrol = tv_timer_new(house->loop, on_patrol, NULL);
    tv_timer_start(house->patrol, PATROL_MS * TV_NS_PER_MS, PATROL_MS * TV_NS_PER_MS);
    house->feed = tv_feed_new();
    open_store(house);
    config.loop = house->loop;
    config.writer_lane = house->writer;
    config.maintenance_lane = house->maintenance;
    config.store = house->store;
    config.feed = house->feed;
    config.waiting_bytes_max = config.waiting_bytes_max ? config.waiting_bytes_max : 256 << 20;
    config.level0_bytes_max = config.level0_bytes_max ? config.level0_bytes_max : 256 << 20;
    house->pipeline = tv_pipeline_new(&config);
    house->sink = tv_pipeline_sink(house->pipeline);
}

void house_shut(struct house *house)
{
    tv_pipeline_drain(house->pipeline);
    tv_pipeline_free(house->pipeline);
    tv_feed_free(house->feed);
    tv_store_close(house->store);
    tv_timer_free(house->patrol);
    tv_lane_free(house->writer);
    tv_lane_free(house->maintenance);
    tv_loop_free(house->loop);
}

void house_close(struct house *house)
{
    static const char *const files[] = {
            "traversion.db", "traversion.db-wal", "traversion.db-shm", "lock"};
    char path[64];
    house_shut(house);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", house->folder, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(house->folder), 0);
}

void house_until(struct house *house, bool (*condition)(void *ctx), void *ctx)
{
    int64_t end_ns = tv_time_monotonic() + WAIT_S * TV_NS_PER_S;
    while (!condition(ctx)) {
        if (tv_time_monotonic() > end_ns)
            fail_msg("waited for nothing");
        tv_loop_run_once(house->loop);
    }
}

static bool is_settled(void *ctx)
{
    struct tv_pipeline_stats stats = house_stats(ctx);
    return stats.committed_events + stats.failed_events == stats.accepted_events;
}

void house_settle(struct house *house)
{
    house_until(house, is_settled, house);
}

/* Ids as real ones are: nothing repeats but names. */
static void set_ids(struct tv_batch *batch, uint32_t row, uint64_t number)
{
    char text[32];
    (void)snprintf(text, sizeof text, "event-%016llx", (unsigned long long)number);
    tv_batch_set_text(batch, TV_FIELD_EVENT_ID, row, tv_str_of(text));
    (void)snprintf(
            text, sizeof text, "user-%llu", (unsigned long long)(number * 2654435761 % 9973));
    tv_batch_set_attr(
            batch, tv_batch_attr(batch, TV_STR("user.id")), row, tv_value_str(tv_str_of(text)));
}

struct tv_batch *house_batch(struct house *house, uint32_t rows)
{
    struct tv_batch *batch = tv_batch_new();
    for (uint32_t i = 0; i < rows; i++) {
        uint32_t row = tv_batch_add_row(batch);
        tv_batch_set_time(batch, row, tv_time_now());
        tv_batch_set_text(batch, TV_FIELD_SERVICE, row, TV_STR("checkout"));
        tv_batch_set_text(batch, TV_FIELD_TYPE, row, TV_STR("log"));
        tv_batch_set_text(batch, TV_FIELD_MESSAGE, row, TV_STR("order placed"));
        tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("items")), row, tv_value_i64(row % 7));
        set_ids(batch, row, house->next_event++);
    }
    return batch;
}

struct tv_store_stats house_store(const struct house *house)
{
    struct tv_store_stats stats;
    tv_store_stats(house->store, &stats);
    return stats;
}

struct tv_pipeline_stats house_stats(const struct house *house)
{
    struct tv_pipeline_stats stats;
    tv_pipeline_stats(house->pipeline, &stats);
    return stats;
}

uint64_t house_count(struct house *house)
{
    struct tv_snapshot *snapshot = tv_snapshot_take(house->store);
    struct tv_scan_spec spec = {.from = 0, .to = INT64_MAX, .arrival_to = UINT64_MAX};
    struct tv_scan_batch batch = {.count = 1};
    struct tv_cancel cancel = {0};
    struct tv_scan *scan = NULL;
    struct tv_error err;
    uint64_t count = 0;
    assert_int_equal(tv_scan_open(snapshot, &spec, &cancel, &scan, &err), TV_OK);
    while (batch.count) {
        if (tv_scan_next(scan, &batch, &err) != TV_OK)
            fail_msg("%s", err.message);
        count += batch.count;
    }
    tv_scan_close(scan);
    tv_snapshot_unref(snapshot);
    return count;
}

void answered(void *ctx, enum tv_status status)
{
    struct answer *answer = ctx;
    answer->calls++;
    answer->status = status;
}

enum tv_status house_accept(
        struct house *house, struct tv_batch *batch, tv_sink_done_fn *done, void *ctx)
{
    enum tv_status status = tv_sink_accept(&house->sink, batch, done, ctx);
    tv_batch_unref(batch);
    return status;
}

enum tv_status house_post(struct house *house, uint32_t rows, struct answer *answer)
{
    return house_accept(house, house_batch(house, rows), answer ? answered : NULL, answer);
}
