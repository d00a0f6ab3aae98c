/* SPDX-License-Identifier: Apache-2.0 */
/* The house put together. Making goes from the store outwards, taking down the other way round: the
 * doors close first, what was accepted is committed and answered, and only then does the store
 * close. */
#include "daemon/daemon.h"
#include "api/api.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/time.h"
#include "daemon/redact.h"
#include "ingest/host.h"
#include "ingest/ingest.h"
#include "ingest/journal.h"
#include "net/address.h"
#include "sim/sim.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    WRITER_THREADS = 1,
    MAINTENANCE_THREADS = 1,
    DECODE_THREADS = 2,
    QUERY_THREADS = 4,
    DECODE_QUEUE = 256,
    QUERY_QUEUE = 64,
    QUERY_TIMEOUT_S = 30,
    HOST_INTERVAL_S = 10,
    JOURNAL_INTERVAL_S = 1,
    TOKENS_FRESH_MS = 1000, /* how soon a token made beside the daemon is known */
    ALLOWED_HOSTS_MAX = 32,
    DEMO_TOKEN_BYTES = 32,
    DEMO_PAST_MIN = 20,
    KEPT_BYTES = 16 << 20, /* of freed memory, before it goes back to the system */
    ARENAS = 2,
    ANSWERS_BYTES_LEAST = 16 << 20, /* what slow live streams may hold */
    DOORS_MAX = 8
};

struct daemon {
    const struct tv_config *config;
    struct tv_loop *loop;
    struct tv_lane *writer, *maintenance, *decode, *query;
    struct tv_store *store;
    struct tv_feed *feed;
    struct tv_pipeline *pipeline;
    struct tv_http_server *server;
    struct tv_redactor *redactor;
    struct tv_ingest *ingest;
    struct tv_host *host;
    struct tv_journal *journal;
    char *journal_cursor; /* path of the file with the journal's place */
    struct tv_api *api;
    struct tv_sim *sim;
    uint16_t http_port, otlp_port, udp_port;

    struct tv_token *tokens;
    size_t token_count;
    int64_t tokens_read_ns;                    /* monotonic; 0 is never */
    char demo_token[2 * DEMO_TOKEN_BYTES + 1]; /* the generator's own; "" without --demo */
};

/* Tokens. */

static void refresh_tokens(struct daemon *daemon)
{
    int64_t now_ns = tv_time_monotonic();
    if (daemon->tokens_read_ns && now_ns - daemon->tokens_read_ns < TOKENS_FRESH_MS * TV_NS_PER_MS)
        return;
    struct tv_token *tokens;
    size_t count;
    struct tv_error err;
    daemon->tokens_read_ns = now_ns;
    if (tv_store_tokens(daemon->store, &tokens, &count, &err) != TV_OK) {
        /* The tokens known so far stay in force: a failing disk opens no door. */
        tv_log(TV_LOG_ERROR, "tokens cannot be read", "reason", err.message, (char *)NULL);
        return;
    }
    free(daemon->tokens);
    daemon->tokens = tokens;
    daemon->token_count = count;
}

static unsigned token_scopes(void *ctx, struct tv_str token)
{
    struct daemon *daemon = ctx;
    uint8_t hash[TV_SECRET_HASH_BYTES];
    unsigned scopes = 0;
    refresh_tokens(daemon);
    tv_secret_hash(token, hash);
    for (size_t i = 0; i < daemon->token_count; i++)
        if (tv_secret_equal(hash, daemon->tokens[i].hash, sizeof hash))
            scopes |= daemon->tokens[i].scopes;
    size_t demo_bytes = strlen(daemon->demo_token);
    if (demo_bytes && token.len == demo_bytes &&
            tv_secret_equal(
                    (const uint8_t *)token.ptr, (const uint8_t *)daemon->demo_token, demo_bytes))
        scopes |= TV_SCOPE_INGEST;
    return scopes;
}

static bool token_required(void *ctx)
{
    struct daemon *daemon = ctx;
    refresh_tokens(daemon);
    return daemon->token_count > 0;
}

static void foreign_version(void *ctx)
{
    struct daemon *daemon = ctx;
    tv_ingest_refuse_grpc(daemon->ingest);
}

static enum tv_status check_exposure(
        struct daemon *daemon, const char *address, struct tv_error *err)
{
    struct sockaddr_storage parsed;
    if (!address)
        return TV_OK;
    enum tv_status status = tv_address_parse(address, &parsed, err);
    if (status != TV_OK)
        return status;
    if (tv_address_is_loopback(&parsed) || daemon->config->insecure || token_required(daemon))
        return TV_OK;
    (void)tv_fail(err, TV_FORBIDDEN, "'%s' is not a loopback address and no token exists", address);
    tv_error_hint(err, "make one with 'traversiond token create --scope admin', or say --insecure");
    return TV_FORBIDDEN;
}

/* "127.0.0.1:0" with the port that the system chose. */
static void format_address(const char *address, uint16_t port, char *out, size_t bytes)
{
    const char *colon = strrchr(address, ':');
    (void)snprintf(out, bytes, "%.*s:%u", (int)(colon - address), address, (unsigned)port);
}

/* Where a door is reached; OTLP's where SDKs look, if that port could be had. */
static void door_address(const struct daemon *daemon, const char *name, char *out, size_t bytes)
{
    const struct tv_config *config = daemon->config;
    if (strcmp(name, "udp") == 0)
        format_address(config->udp_listen, daemon->udp_port, out, bytes);
    else if (strcmp(name, "otlp") == 0 && daemon->otlp_port)
        format_address(config->otlp_listen, daemon->otlp_port, out, bytes);
    else
        format_address(config->listen, daemon->http_port, out, bytes);
}

/* /api/v1/status's listeners: the doors of ingest with their addresses. */
static size_t doors(void *ctx, struct tv_api_door *out, size_t max)
{
    struct daemon *daemon = ctx;
    struct tv_ingest_door found[DOORS_MAX];
    size_t count = tv_ingest_doors(daemon->ingest, found, DOORS_MAX);
    count = count < max ? count : max;
    for (size_t i = 0; i < count; i++) {
        bool udp = strcmp(found[i].name, "udp") == 0;
        out[i] = (struct tv_api_door){
                .name = found[i].name,
                .requests = found[i].requests,
                .events = found[i].events,
                .rejected = found[i].rejected,
                .bytes = found[i].bytes,
                .dropped = udp ? tv_ingest_udp_dropped(daemon->ingest) : 0,
                .last_event_ns = found[i].last_event_ns,
                .last_reject_ns = found[i].last_reject_ns,
        };
        memcpy(out[i].last_reject, found[i].last_reject, sizeof out[i].last_reject);
        door_address(daemon, found[i].name, out[i].address, sizeof out[i].address);
    }
    return count;
}

/* Making. */

static void tell_damage(const struct tv_store *store)
{
    struct tv_store_stats stats;
    char count[24];
    tv_store_stats(store, &stats);
    if (stats.corrupt_segments == 0)
        return;
    (void)snprintf(count, sizeof(count), "%llu", (unsigned long long)stats.corrupt_segments);
    tv_log(TV_LOG_WARN, "damaged segments were set aside", "segments", count, (char *)NULL);
}

static enum tv_status make_store(struct daemon *daemon, struct tv_error *err)
{
    const struct tv_config *config = daemon->config;
    struct tv_store_config store = {
            .dir = config->data_dir,
            .retention_ns = config->retention_ns,
            .retention_for = config->retention_for,
            .disk_bytes_max = config->max_disk_bytes,
            .reserve_bytes = config->disk_reserve_bytes,
            .cache_bytes = (size_t)config->max_memory_bytes / 8,
    };
    enum tv_status status = tv_store_open(&store, &daemon->store, err);
    if (status != TV_OK)
        return status;
    tell_damage(daemon->store);
    daemon->feed = tv_feed_new();
    struct tv_pipeline_config pipeline = {
            .loop = daemon->loop,
            .writer_lane = daemon->writer,
            .maintenance_lane = daemon->maintenance,
            .store = daemon->store,
            .feed = daemon->feed,
            .waiting_bytes_max = (size_t)config->max_memory_bytes / 8,
            .level0_bytes_max = (size_t)config->max_memory_bytes * 3 / 16,
    };
    daemon->pipeline = tv_pipeline_new(&pipeline);
    return TV_OK;
}

static size_t split_hosts(const char *text, struct tv_str *out)
{
    size_t count = 0;
    struct tv_str rest = tv_str_of(text);
    while (rest.ptr && count < ALLOWED_HOSTS_MAX) {
        struct tv_str host = tv_str_trim(tv_str_cut(rest, ',', &rest));
        if (host.len)
            out[count++] = host;
    }
    return count;
}

static void make_server(struct daemon *daemon, struct tv_str *hosts)
{
    const struct tv_config *config = daemon->config;
    struct tv_http_config http = {
            .inflight_bytes_max = (size_t)config->max_memory_bytes / 4,
            .answers_bytes_max = (size_t)config->max_memory_bytes / 8 + ANSWERS_BYTES_LEAST,
            .allowed_hosts = hosts,
            .allowed_host_count = split_hosts(config->allowed_hosts, hosts),
            .insecure = config->insecure,
            .token_scopes = token_scopes,
            .token_required = token_required,
            .foreign_version = foreign_version,
            .ctx = daemon,
    };
    daemon->server = tv_http_server_new(daemon->loop, &http);
    daemon->ingest = tv_ingest_new(&(struct tv_ingest_config){
            .loop = daemon->loop,
            .decode_lane = daemon->decode,
            .sink = tv_pipeline_sink(daemon->pipeline),
            .redactor = daemon->redactor,
    });
    tv_ingest_add_routes(daemon->ingest, daemon->server);
    daemon->api = tv_api_new(&(struct tv_api_config){
            .loop = daemon->loop,
            .query_lane = daemon->query,
            .store = daemon->store,
            .pipeline = daemon->pipeline,
            .feed = daemon->feed,
            .server = daemon->server,
            .doors = doors,
            .doors_ctx = daemon,
            .redactor = daemon->redactor,
            .query_timeout_ns = QUERY_TIMEOUT_S * TV_NS_PER_S,
    });
}

/* OpenTelemetry's port is often taken, by a collector for one; /v1/… is served on the main port too, so
 * that is said and the daemon goes on. */
static enum tv_status listen_otlp(struct daemon *daemon, struct tv_error *err)
{
    enum tv_status status =
            tv_http_listen(daemon->server, daemon->config->otlp_listen, &daemon->otlp_port, err);
    if (status != TV_CONFLICT)
        return status;
    tv_log(TV_LOG_WARN,
            "OTLP's port is taken; /v1/traces, /v1/logs and /v1/metrics are served on --listen",
            "address", daemon->config->otlp_listen, (char *)NULL);
    return TV_OK;
}

static enum tv_status listen_all(struct daemon *daemon, struct tv_error *err)
{
    const struct tv_config *config = daemon->config;
    enum tv_status status = check_exposure(daemon, config->listen, err);
    if (status == TV_OK)
        status = check_exposure(daemon, config->otlp_listen, err);
    if (status == TV_OK)
        status = check_exposure(daemon, config->udp_listen, err);
    if (status == TV_OK)
        status = tv_http_listen(daemon->server, config->listen, &daemon->http_port, err);
    if (status == TV_OK && config->otlp_listen)
        status = listen_otlp(daemon, err);
    if (status == TV_OK && config->udp_listen)
        status = tv_ingest_open_udp(daemon->ingest, config->udp_listen, &daemon->udp_port, err);
    return status;
}

static void say_listening(const struct daemon *daemon)
{
    char http[64], otlp[64] = "off", udp[64] = "off";
    format_address(daemon->config->listen, daemon->http_port, http, sizeof http);
    if (daemon->otlp_port)
        format_address(daemon->config->otlp_listen, daemon->otlp_port, otlp, sizeof otlp);
    if (daemon->config->udp_listen)
        format_address(daemon->config->udp_listen, daemon->udp_port, udp, sizeof udp);
    tv_log(TV_LOG_INFO, "listening", "http", http, "udp", udp, "otlp", otlp, "data",
            daemon->config->data_dir, "version", TRAVERSION_VERSION, (char *)NULL);
}

/* A demo that was stopped goes on where it was, or it would tell the same minutes twice. */
static int64_t demo_start(struct tv_store *store)
{
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    int64_t newest_ns = tv_snapshot_newest(snapshot);
    int64_t start_ns = tv_time_now() - DEMO_PAST_MIN * TV_NS_PER_MIN;
    tv_snapshot_unref(snapshot);
    return newest_ns != TV_ABSENT_I64 && newest_ns > start_ns ? newest_ns : start_ns;
}

/* The generator posts to the public address; should that ask for a token, it has one that no one
 * else knows and that ends with the process. */
static void start_demo(struct daemon *daemon)
{
    char address[64], url[sizeof address + sizeof "http:///api/v1/events"];
    uint8_t secret[DEMO_TOKEN_BYTES];
    format_address(daemon->config->listen, daemon->http_port, address, sizeof address);
    (void)snprintf(url, sizeof url, "http://%s/api/v1/events", address);
    tv_secret_random(secret, sizeof secret);
    tv_hex_encode(secret, sizeof secret, daemon->demo_token);
    daemon->sim = tv_sim_new(&(struct tv_sim_config){
            .loop = daemon->loop,
            .url = url,
            .bearer = daemon->demo_token,
            .start_ns = demo_start(daemon->store),
    });
}

static void watch_journal(struct daemon *daemon)
{
    struct tv_buf path = {0};
    struct tv_error err;
    tv_buf_printf(&path, "%s/journal-cursor", daemon->config->data_dir);
    tv_buf_append_char(&path, '\0');
    daemon->journal_cursor = path.data;
    struct tv_journal_config config = {.loop = daemon->loop,
            .lane = daemon->decode,
            .sink = tv_pipeline_sink(daemon->pipeline),
            .redactor = daemon->redactor,
            .cursor_path = daemon->journal_cursor,
            .interval_ns = JOURNAL_INTERVAL_S * TV_NS_PER_S};
    if (tv_journal_open(&config, &daemon->journal, &err) != TV_OK)
        tv_log(TV_LOG_WARN, err.message, "hint", err.hint, (char *)NULL);
}

/* What the daemon collects by itself where that was asked for. */
static void watch_host(struct daemon *daemon)
{
    if (daemon->config->host_metrics)
        daemon->host = tv_host_new(&(struct tv_host_config){.loop = daemon->loop,
                .lane = daemon->decode,
                .sink = tv_pipeline_sink(daemon->pipeline),
                .interval_ns = HOST_INTERVAL_S * TV_NS_PER_S,
                .root = ""});
    if (daemon->config->journal)
        watch_journal(daemon);
}

/* Each connection takes a descriptor, and the soft limit is a shell's. Batches come and go by the
 * megabyte: without the thresholds the C library gives their pages back to the system after each
 * one, and faulting them in again costs a third of the decoding. What a thread's arena has kept no other can
 * use: with one for each of the ten, the daemon held twice its bound. */
static void prepare_process(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    (void)mallopt(M_ARENA_MAX, ARENAS);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
}

static enum tv_status make(struct daemon *daemon, struct tv_str *hosts, struct tv_error *err)
{
    prepare_process();
    unsigned threads = WRITER_THREADS + MAINTENANCE_THREADS + DECODE_THREADS + QUERY_THREADS;
    enum tv_status status = tv_loop_new(threads, &daemon->loop, err);
    if (status != TV_OK)
        return status;
    daemon->writer = tv_lane_new(daemon->loop, "writer", WRITER_THREADS, 0);
    daemon->maintenance = tv_lane_new(daemon->loop, "maintenance", MAINTENANCE_THREADS, 0);
    daemon->decode = tv_lane_new(daemon->loop, "decode", DECODE_THREADS, DECODE_QUEUE);
    daemon->query = tv_lane_new(daemon->loop, "query", QUERY_THREADS, QUERY_QUEUE);
    status = make_store(daemon, err);
    if (status != TV_OK)
        return status;
    status = tv_redact_load(daemon->config, &daemon->redactor, err);
    if (status != TV_OK)
        return status;
    make_server(daemon, hosts);
    return listen_all(daemon, err);
}

/* Taking down. */

/* What was accepted is committed and answered first; what a worker still decodes when the server
 * goes is refused by the pipeline and its client told to come again. */
static void close_doors(struct daemon *daemon)
{
    tv_sim_free(daemon->sim);
    tv_host_free(daemon->host);
    tv_journal_close(daemon->journal);
    free(daemon->journal_cursor);
    if (daemon->api)
        tv_api_stop(daemon->api);
    if (daemon->pipeline)
        tv_pipeline_drain(daemon->pipeline);
    tv_http_server_free(daemon->server);
    while (daemon->decode && !tv_lane_idle(daemon->decode))
        tv_loop_run_once(daemon->loop);
}

static void take_down(struct daemon *daemon)
{
    close_doors(daemon);
    if (daemon->ingest)
        tv_ingest_free(daemon->ingest);
    tv_api_free(daemon->api);
    tv_redactor_free(daemon->redactor);
    tv_pipeline_free(daemon->pipeline);
    tv_feed_free(daemon->feed);
    tv_store_close(daemon->store);
    struct tv_lane *lanes[] = {daemon->writer, daemon->maintenance, daemon->decode, daemon->query};
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++)
        tv_lane_free(lanes[i]);
    tv_loop_free(daemon->loop);
    free(daemon->tokens);
}

/* What was asked for and cannot be had, or is open to more than the operator may think. */
static void warn(const struct tv_config *config)
{
    struct sockaddr_storage udp;
    if (config->udp_listen && tv_address_parse(config->udp_listen, &udp, NULL) == TV_OK &&
            !tv_address_is_loopback(&udp))
        tv_log(TV_LOG_WARN, "datagrams carry no token: whoever reaches the address can send events",
                "udp", config->udp_listen, (char *)NULL);
}

static void on_signal(void *ctx)
{
    struct daemon *daemon = ctx;
    tv_log(TV_LOG_INFO, "stopping", (char *)NULL);
    tv_loop_stop(daemon->loop);
}

enum tv_status tv_daemon_run(const struct tv_config *config, struct tv_error *err)
{
    struct daemon daemon = {.config = config};
    struct tv_str hosts[ALLOWED_HOSTS_MAX];
    enum tv_status status = make(&daemon, hosts, err);
    if (status == TV_OK) {
        tv_loop_on_signal(daemon.loop, on_signal, &daemon);
        say_listening(&daemon);
        warn(config);
        watch_host(&daemon);
        if (config->demo)
            start_demo(&daemon);
        tv_loop_run(daemon.loop);
    }
    take_down(&daemon);
    if (status == TV_OK)
        tv_log(TV_LOG_INFO, "stopped", (char *)NULL);
    return status;
}
