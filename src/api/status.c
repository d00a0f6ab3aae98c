/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon says of itself: /healthz, /readyz, /api/v1/status and /metrics (Prometheus text
 * exposition format 0.0.4). The numbers are read when asked; nothing is sampled. */
#include "api/api_internal.h"
#include "base/json_out.h"
#include "base/time.h"

#include <inttypes.h>
#include <sys/resource.h>

enum { DOORS_MAX = 16 };

/* All numbers at once, so that the two forms cannot disagree. */
struct picture {
    struct tv_store_stats store;
    struct tv_pipeline_stats pipeline;
    struct tv_http_stats http;
    struct tv_live_stats live;
    struct tv_api_query_stats query;
    struct tv_api_door doors[DOORS_MAX];
    size_t door_count;
    int64_t newest_ns;
    int64_t now_ns;
};

static void take_picture(struct tv_api *api, struct picture *out)
{
    const struct tv_api_config *config = &api->config;
    tv_store_stats(config->store, &out->store);
    tv_pipeline_stats(config->pipeline, &out->pipeline);
    tv_http_stats(config->server, &out->http);
    tv_live_stats(api->live, &out->live);
    out->query = api->query_stats;
    out->door_count = config->doors ? config->doors(config->doors_ctx, out->doors, DOORS_MAX) : 0;
    if (out->door_count > DOORS_MAX)
        out->door_count = DOORS_MAX;
    struct tv_snapshot *snapshot = tv_snapshot_take(config->store);
    out->newest_ns = tv_snapshot_newest(snapshot);
    tv_snapshot_unref(snapshot);
    out->now_ns = tv_time_now();
}

static const char *not_ready(struct tv_api *api)
{
    struct tv_store_stats stats;
    tv_store_stats(api->config.store, &stats);
    if (api->stopping)
        return "the daemon is stopping";
    return stats.read_only ? "the store is read-only: the disk's reserve is reached, or it fails"
                           : NULL;
}

/* /healthz, /readyz */

static void handle_healthz(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    tv_http_respond_text(request, 200, "text/plain; charset=utf-8", TV_STR("ok\n"));
}

static void handle_readyz(void *ctx, struct tv_http_request *request)
{
    struct tv_api *api = ctx;
    const char *reason = not_ready(api);
    struct tv_buf body = {0};
    if (tv_http_query(request, "verbose").ptr) {
        struct tv_store_stats stats;
        tv_store_stats(api->config.store, &stats);
        tv_buf_printf(&body, "[%s] store\n[%s] loop\n", stats.read_only ? "-" : "+",
                api->stopping ? "-" : "+");
    }
    tv_buf_printf(&body, "%s\n", reason ? reason : "ok");
    if (reason)
        tv_http_set_header(request, "Retry-After", "1");
    tv_http_respond(request, reason ? 503 : 200, "text/plain; charset=utf-8", &body);
}

/* /api/v1/status */

static void put_time(struct tv_json_out *json, const char *key, int64_t time_ns)
{
    tv_json_key(json, key);
    if (time_ns > 0)
        tv_json_time(json, time_ns);
    else
        tv_json_null(json);
}

static void put_count(struct tv_json_out *json, const char *key, uint64_t value)
{
    tv_json_key(json, key);
    tv_json_u64(json, value);
}

static void put_door(struct tv_json_out *json, const struct tv_api_door *door)
{
    tv_json_object(json);
    tv_json_key(json, "name");
    tv_json_text(json, door->name);
    tv_json_key(json, "address");
    if (door->address[0])
        tv_json_text(json, door->address);
    else
        tv_json_null(json);
    put_count(json, "requests", door->requests);
    put_count(json, "events", door->events);
    put_count(json, "rejected", door->rejected);
    put_count(json, "dropped", door->dropped);
    put_count(json, "bytes", door->bytes);
    put_time(json, "lastEvent", door->last_event_ns);
    put_time(json, "lastRejection", door->last_reject_ns);
    tv_json_key(json, "lastRejectionReason");
    if (door->last_reject[0])
        tv_json_text(json, door->last_reject);
    else
        tv_json_null(json);
    tv_json_end(json);
}

/* Bytes written for each byte that level 0 became; the log, which holds all of them once more, is
 * not counted. */
static void put_amplification(struct tv_json_out *json, const struct tv_store_stats *store)
{
    uint64_t written = store->commit_bytes + store->flushed_bytes + store->rewritten_bytes;
    if (store->flushed_bytes)
        tv_json_f64(json, (double)written / (double)store->flushed_bytes);
    else
        tv_json_null(json);
}

static void put_store(struct tv_json_out *json, const struct tv_store_stats *store)
{
    tv_json_object(json);
    put_count(json, "events", store->events);
    put_count(json, "segments", store->segments);
    put_count(json, "level0Events", store->level0_events);
    put_count(json, "fileBytes", store->file_bytes);
    put_count(json, "walBytes", store->wal_bytes);
    put_count(json, "diskBytesMax", store->disk_bytes_max);
    put_count(json, "diskFreeBytes", store->disk_free_bytes);
    put_count(json, "diskReserveBytes", store->reserve_bytes);
    put_count(json, "duplicates", store->duplicates);
    tv_json_key(json, "writeAmplification");
    put_amplification(json, store);
    put_count(json, "expiredEvents", store->expired_events);
    put_count(json, "damagedSegments", store->corrupt_segments);
    tv_json_key(json, "lastSyncMs");
    tv_json_f64(json, (double)store->last_sync_ns / TV_NS_PER_MS);
    tv_json_key(json, "readOnly");
    tv_json_bool(json, store->read_only);
    tv_json_end(json);
}

/* {"email":{"action":"replace","values":3}, …} */
static void put_redaction(struct tv_json_out *json, const struct tv_redactor *redactor)
{
    tv_json_key(json, "redaction");
    tv_json_object(json);
    for (int i = 0; redactor && i < TV_REDACT_RULE_COUNT; i++) {
        enum tv_redact_rule rule = (enum tv_redact_rule)i;
        tv_json_key(json, tv_redact_rule_name(rule));
        tv_json_object(json);
        tv_json_key(json, "action");
        tv_json_text(json, tv_redact_action_name(tv_redactor_action(redactor, rule)));
        put_count(json, "values", tv_redactor_count(redactor, rule));
        tv_json_end(json);
    }
    tv_json_end(json);
}

static void handle_status(void *ctx, struct tv_http_request *request)
{
    struct tv_api *api = ctx;
    struct picture picture;
    take_picture(api, &picture);
    struct tv_buf body = {0};
    struct tv_json_out json = {.out = &body};
    tv_json_object(&json);
    tv_json_key(&json, "version");
    tv_json_text(&json, TRAVERSION_VERSION);
    put_time(&json, "now", picture.now_ns);
    put_time(&json, "started", api->started_ns);
    put_time(&json, "newestEvent", picture.newest_ns);
    put_time(&json, "lastCommit", picture.pipeline.last_commit_ns);
    put_count(&json, "acceptedEvents", picture.pipeline.accepted_events);
    put_count(&json, "committedEvents", picture.pipeline.committed_events);
    put_count(&json, "liveStreams", picture.live.subscribers);
    tv_json_key(&json, "store");
    put_store(&json, &picture.store);
    tv_json_key(&json, "listeners");
    tv_json_array(&json);
    for (size_t i = 0; i < picture.door_count; i++)
        put_door(&json, &picture.doors[i]);
    tv_json_end(&json);
    put_redaction(&json, api->config.redactor);
    tv_json_end(&json);
    tv_http_respond(request, 200, "application/json", &body);
}

/* /metrics */

static void put_metric(
        struct tv_buf *out, const char *name, const char *type, const char *help, double value)
{
    char number[32];
    (void)tv_f64_format(value, number);
    tv_buf_printf(out, "# HELP traversiond_%s %s\n# TYPE traversiond_%s %s\ntraversiond_%s %s\n",
            name, help, name, type, name, number);
}

static void put_process(struct tv_buf *out, const struct tv_api *api)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
            (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    put_metric(out, "cpu_seconds_total", "counter", "Processor time of the daemon.", cpu);
    put_metric(out, "max_resident_bytes", "gauge", "Largest resident set so far.",
            (double)usage.ru_maxrss * 1024);
    put_metric(out, "start_time_seconds", "gauge", "When the daemon started, Unix time.",
            (double)api->started_ns / 1e9);
}

static void put_store_metrics(struct tv_buf *out, const struct picture *picture)
{
    const struct tv_store_stats *store = &picture->store;
    const struct {
        const char *name, *type, *help;
        double value;
    } rows[] = {
            {"store_events", "gauge", "Events in the store.", (double)store->events},
            {"store_segments", "gauge", "Segments, level 0 included.", (double)store->segments},
            {"store_level0_events", "gauge", "Events not yet compacted.",
                    (double)store->level0_events},
            {"store_level0_bytes", "gauge", "Memory of level 0.", (double)store->level0_bytes},
            {"store_cache_bytes", "gauge", "Memory of decoded columns.",
                    (double)store->cache_bytes},
            {"store_file_bytes", "gauge", "Size of the database file.", (double)store->file_bytes},
            {"store_wal_bytes", "gauge", "Size of the write-ahead log.", (double)store->wal_bytes},
            {"store_payload_bytes", "gauge", "Encoded segments.", (double)store->payload_bytes},
            {"store_commits_total", "counter", "Group commits.", (double)store->commits},
            {"store_compactions_total", "counter", "Compactions and merges.",
                    (double)store->compactions},
            {"store_compacted_events_total", "counter", "Events rewritten by them.",
                    (double)store->events_compacted},
            {"store_commit_bytes_total", "counter", "Bytes written as level 0.",
                    (double)store->commit_bytes},
            {"store_flushed_bytes_total", "counter", "Bytes written as segments of level 0.",
                    (double)store->flushed_bytes},
            {"store_rewritten_bytes_total", "counter", "Bytes written by merging and as prints.",
                    (double)store->rewritten_bytes},
            {"store_expired_events_total", "counter", "Events removed by retention.",
                    (double)store->expired_events},
            {"store_damaged_segments", "gauge", "Segments that cannot be read.",
                    (double)store->corrupt_segments},
            {"store_duplicates_total", "counter", "Events dropped as duplicates.",
                    (double)store->duplicates},
            {"store_last_sync_seconds", "gauge", "Duration of the last COMMIT.",
                    (double)store->last_sync_ns / 1e9},
            {"store_disk_free_bytes", "gauge", "Free on the store's file system.",
                    (double)store->disk_free_bytes},
            {"store_disk_reserve_bytes", "gauge", "Below it nothing is taken in.",
                    (double)store->reserve_bytes},
            {"store_read_only", "gauge", "1 while the disk is full or failing.",
                    store->read_only ? 1 : 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        put_metric(out, rows[i].name, rows[i].type, rows[i].help, rows[i].value);
}

static void put_traffic_metrics(struct tv_buf *out, const struct picture *picture)
{
    const struct {
        const char *name, *type, *help;
        double value;
    } rows[] = {
            {"events_accepted_total", "counter", "Events taken in.",
                    (double)picture->pipeline.accepted_events},
            {"events_committed_total", "counter", "Events made durable.",
                    (double)picture->pipeline.committed_events},
            {"events_failed_total", "counter", "Events whose commit failed.",
                    (double)picture->pipeline.failed_events},
            {"batches_refused_total", "counter", "Batches refused for load or a full disk.",
                    (double)picture->pipeline.refused},
            {"waiting_bytes", "gauge", "Accepted and not yet committed.",
                    (double)picture->pipeline.waiting_bytes},
            {"http_requests_total", "counter", "HTTP requests.", (double)picture->http.requests},
            {"http_connections", "gauge", "Open HTTP connections.",
                    (double)picture->http.connections},
            {"http_inflight_bytes", "gauge", "Request bodies in memory.",
                    (double)picture->http.inflight_bytes},
            {"http_received_bytes_total", "counter", "Bytes of request bodies.",
                    (double)picture->http.bytes_in},
            {"http_sent_bytes_total", "counter", "Bytes of answers.",
                    (double)picture->http.bytes_out},
            {"queries_total", "counter", "Queries started.", (double)picture->query.started},
            {"queries_failed_total", "counter", "Queries that failed.",
                    (double)picture->query.failed},
            {"queries_cancelled_total", "counter", "Queries given up.",
                    (double)picture->query.cancelled},
            {"queries_refused_total", "counter", "Queries refused for load.",
                    (double)picture->query.refused},
            {"query_seconds_total", "counter", "Time spent in queries.",
                    (double)picture->query.busy_ns / 1e9},
            {"live_streams", "gauge", "Open live streams.", (double)picture->live.subscribers},
            {"live_events_sent_total", "counter", "Events sent on live streams.",
                    (double)picture->live.sent},
            {"live_events_dropped_total", "counter", "Events slow live streams missed.",
                    (double)picture->live.dropped},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        put_metric(out, rows[i].name, rows[i].type, rows[i].help, rows[i].value);
}

static void put_door_metrics(struct tv_buf *out, const struct picture *picture)
{
    static const struct {
        const char *name, *help;
        size_t offset;
    } rows[] = {
            {"listener_requests_total", "Requests or datagrams by listener.",
                    offsetof(struct tv_api_door, requests)},
            {"listener_events_total", "Events by listener.", offsetof(struct tv_api_door, events)},
            {"listener_rejected_total", "Events rejected by listener.",
                    offsetof(struct tv_api_door, rejected)},
            {"listener_dropped_total", "Datagrams the kernel dropped by listener.",
                    offsetof(struct tv_api_door, dropped)},
            {"listener_bytes_total", "Bytes by listener.", offsetof(struct tv_api_door, bytes)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tv_buf_printf(out, "# HELP traversiond_%s %s\n# TYPE traversiond_%s counter\n",
                rows[i].name, rows[i].help, rows[i].name);
        for (size_t d = 0; d < picture->door_count; d++) {
            uint64_t value;
            memcpy(&value, (const char *)&picture->doors[d] + rows[i].offset, sizeof value);
            tv_buf_printf(out, "traversiond_%s{listener=\"%s\"} %" PRIu64 "\n", rows[i].name,
                    picture->doors[d].name, value);
        }
    }
}

static void put_redaction_metrics(struct tv_buf *out, const struct tv_redactor *redactor)
{
    tv_buf_printf(out,
            "# HELP traversiond_redacted_total Values that a redaction rule changed.\n"
            "# TYPE traversiond_redacted_total counter\n");
    for (int i = 0; redactor && i < TV_REDACT_RULE_COUNT; i++)
        tv_buf_printf(out, "traversiond_redacted_total{rule=\"%s\"} %" PRIu64 "\n",
                tv_redact_rule_name((enum tv_redact_rule)i),
                tv_redactor_count(redactor, (enum tv_redact_rule)i));
}

static void handle_metrics(void *ctx, struct tv_http_request *request)
{
    struct tv_api *api = ctx;
    struct picture picture;
    take_picture(api, &picture);
    struct tv_buf body = {0};
    tv_buf_printf(&body,
            "# HELP traversiond_build_info The daemon's version.\n# TYPE traversiond_build_info gauge\n"
            "traversiond_build_info{version=\"%s\"} 1\n",
            TRAVERSION_VERSION);
    put_traffic_metrics(&body, &picture);
    put_door_metrics(&body, &picture);
    put_redaction_metrics(&body, api->config.redactor);
    put_store_metrics(&body, &picture);
    put_process(&body, api);
    tv_http_respond(request, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}

void tv_api_add_status_routes(struct tv_api *api)
{
    const struct {
        const char *path;
        enum tv_scope scope;
        tv_http_handler_fn *handler;
    } routes[] = {
            {"/healthz", TV_SCOPE_NONE, handle_healthz},
            {"/readyz", TV_SCOPE_NONE, handle_readyz},
            {"/metrics", TV_SCOPE_READ, handle_metrics},
            {"/api/v1/status", TV_SCOPE_READ, handle_status},
    };
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        tv_http_route(api->config.server,
                &(struct tv_http_route){.method = "GET",
                        .path = routes[i].path,
                        .scope = routes[i].scope,
                        .handler = routes[i].handler,
                        .ctx = api});
}
