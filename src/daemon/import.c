/* SPDX-License-Identifier: Apache-2.0 */
/* traversiond import: lines of JSON posted to a running daemon.
 *
 * One request at a time, each of up to BATCH_EVENTS lines: the daemon commits one while nothing waits
 * behind it, and what was answered is durable, so a file is either in or its first line that is not
 * is known. Each request carries an Idempotency-Key made of its place in the file and its content:
 * one that is sent again, after a time-out or by running the command again, counts once, as long as
 * the daemon remembers the key (ten minutes). Lines that are no object are left out here, so that
 * the daemon's index of an event is the line's place in the request. */
#include "base/json_in.h"
#include "base/secret.h"
#include "base/time.h"
#include "daemon/admin.h"
#include "daemon/command.h"
#include "daemon/daemon.h"
#include "daemon/lines.h"
#include "net/client.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    BATCH_EVENTS = 2000,
    BATCH_BYTES = 4 << 20,
    TIMEOUT_S = 120,
    RETRY_S = 1, /* where the daemon names no time */
    TRIES_MAX = 60,
    FIRST_TRIES_MAX = 3,   /* of a daemon that nothing was heard of */
    LINES_TOLD_MAX = 1000, /* rejected lines named; the others are counted */
    KEY_BYTES = 2 * TV_SECRET_HASH_BYTES
};

static const char usage[] =
        "usage: traversiond import FILE|- [--url URL] [--token TOKEN]\n\n"
        "Posts events, one JSON object a line, plain or zstd, to a running daemon. A file may be\n"
        "imported again within 10 minutes, after a break for example: what is in already counts\n"
        "once. Later only events with an eventId and spans are recognised, while they are among the\n"
        "newest 8 million. Ends with 1 if a line was rejected.\n\n"
        "  --url URL      of the daemon [http://127.0.0.1:3335, or that of --listen]\n"
        "  --token TOKEN  with the scope ingest\n";

struct import {
    struct tv_loop *loop;
    struct tv_client *client;
    struct tv_timer *timer;
    struct tv_lines *lines;
    const char *url, *token;
    struct tv_buf body;
    uint64_t numbers[BATCH_EVENTS]; /* of the lines in the body */
    size_t count;
    struct tv_str held; /* a line for the next request */
    char key[KEY_BYTES + 1];
    int64_t retry_after_ns;
    unsigned tries;
    uint64_t accepted, rejected, told;
    enum tv_status status;
    struct tv_error *err;
    struct tv_admin_progress progress;
};

static void end(struct import *import, enum tv_status status)
{
    import->status = status;
    tv_loop_stop(import->loop);
}

static void tell_rejected(struct import *import, uint64_t line, const char *field, const char *why)
{
    if (import->told++ >= LINES_TOLD_MAX)
        return;
    tv_admin_progress_end(&import->progress);
    (void)fprintf(stderr, "line %" PRIu64 ": %s%s%s\n", line, field, *field ? ": " : "", why);
}

static void add_line(struct import *import, struct tv_str line, uint64_t number)
{
    if (line.ptr[0] != '{') {
        import->rejected++;
        tell_rejected(import, number, "", "is no JSON object");
        return;
    }
    tv_buf_append_str(&import->body, line);
    tv_buf_append_char(&import->body, '\n');
    import->numbers[import->count++] = number;
}

/* A line that does not fit waits: it stays valid until the next is asked for. */
static enum tv_status gather(struct import *import)
{
    tv_buf_clear(&import->body);
    import->count = 0;
    while (import->count < BATCH_EVENTS) {
        struct tv_str line = import->held;
        import->held = (struct tv_str){NULL, 0};
        if (!line.ptr) {
            enum tv_status status = tv_lines_next(import->lines, &line, import->err);
            if (status != TV_OK)
                return status;
        }
        if (!line.ptr)
            break;
        if (import->count && import->body.len + line.len >= BATCH_BYTES) {
            import->held = line;
            break;
        }
        add_line(import, line, tv_lines_number(import->lines));
    }
    return TV_OK;
}

static void make_key(struct import *import)
{
    uint8_t hash[TV_SECRET_HASH_BYTES];
    struct tv_buf place = {0};
    tv_buf_printf(&place, "%" PRIu64 "\n", import->numbers[0]);
    tv_buf_append_str(&place, tv_buf_str(&import->body));
    tv_secret_hash(tv_buf_str(&place), hash);
    tv_buf_release(&place);
    for (size_t i = 0; i < sizeof hash; i++)
        (void)snprintf(import->key + 2 * i, 3, "%02x", hash[i]);
}

static void on_answer(void *ctx, enum tv_status status, int http_status, struct tv_str body);

static void post(void *ctx)
{
    struct import *import = ctx;
    import->retry_after_ns = 0;
    tv_client_start(import->client,
            &(struct tv_client_call){
                    .method = "POST",
                    .url = import->url,
                    .content_type = "application/x-ndjson",
                    .bearer = import->token,
                    .request_key = import->key,
                    .retry_after_ns = &import->retry_after_ns,
                    .body = tv_buf_str(&import->body),
                    .timeout_ns = TIMEOUT_S * TV_NS_PER_S,
                    .done = on_answer,
                    .ctx = import,
            });
}

static void next(void *ctx)
{
    struct import *import = ctx;
    enum tv_status status = gather(import);
    if (status != TV_OK || import->count == 0) {
        end(import, status);
        return;
    }
    if (tv_admin_progress_due(&import->progress))
        tv_admin_progress_tell(&import->progress, "line %" PRIu64 ", %" PRIu64 " accepted",
                import->numbers[0], import->accepted);
    import->tries = 0;
    make_key(import);
    post(import);
}

static uint64_t count_of(const struct tv_json *answer, const char *name)
{
    const struct tv_json *value = tv_json_member(answer, name);
    return value && tv_json_type(value) == TV_JSON_NUMBER ? (uint64_t)tv_json_number(value) : 0;
}

static const char *text_of(struct tv_arena *arena, const struct tv_json *error, const char *name)
{
    const struct tv_json *value = tv_json_member(error, name);
    if (!value || tv_json_type(value) != TV_JSON_STRING)
        return "";
    return tv_arena_printf(arena, "%.*s", TV_STR_ARG(tv_json_string(value))).ptr;
}

static void tell_errors(struct import *import, const struct tv_json *answer)
{
    const struct tv_json *errors = tv_json_member(answer, "errors");
    struct tv_arena arena = {0};
    uint64_t named = 0;
    for (const struct tv_json *at = errors ? tv_json_first(errors) : NULL; at;
            at = tv_json_next(at)) {
        uint64_t index = count_of(at, "index");
        if (index >= import->count)
            continue;
        named++;
        tell_rejected(import, import->numbers[index], text_of(&arena, at, "field"),
                text_of(&arena, at, "reason"));
    }
    uint64_t rejected = count_of(answer, "rejected");
    if (rejected > named && import->told < LINES_TOLD_MAX)
        (void)fprintf(stderr, "lines %" PRIu64 " to %" PRIu64 ": %" PRIu64 " more were rejected\n",
                import->numbers[0], import->numbers[import->count - 1], rejected - named);
    tv_arena_release(&arena);
}

/* 200, and 400 where nothing was usable, carry counts. */
static bool take_counts(struct import *import, struct tv_str body)
{
    struct tv_json *answer = NULL;
    if (tv_json_parse(body, &answer, NULL) != TV_OK)
        return false;
    bool counted = tv_json_member(answer, "accepted") && tv_json_member(answer, "rejected");
    if (counted) {
        import->accepted += count_of(answer, "accepted");
        import->rejected += count_of(answer, "rejected");
        tell_errors(import, answer);
    }
    tv_json_free(answer);
    return counted;
}

static void on_answer(void *ctx, enum tv_status status, int http_status, struct tv_str body)
{
    struct import *import = ctx;
    bool busy = status == TV_IO || status == TV_TIMEOUT || http_status == 503 || http_status == 429;
    unsigned most = http_status || import->accepted ? TRIES_MAX : FIRST_TRIES_MAX;
    if (busy && ++import->tries < most) {
        int64_t wait_ns = import->retry_after_ns ? import->retry_after_ns : RETRY_S * TV_NS_PER_S;
        tv_timer_start(import->timer, wait_ns, 0);
        return;
    }
    if ((http_status == 200 || http_status == 400) && take_counts(import, body)) {
        tv_timer_start(import->timer, 0, 0);
        import->count = 0;
        return;
    }
    uint64_t line = import->numbers[0];
    if (http_status)
        end(import,
                tv_fail(import->err, TV_IO, "'%s' answers %d at line %" PRIu64, import->url,
                        http_status, line));
    else
        end(import,
                tv_fail(import->err, TV_IO, "'%s' cannot be reached at line %" PRIu64, import->url,
                        line));
}

/* A new request, or the last one again. */
static void on_timer(void *ctx)
{
    struct import *import = ctx;
    if (import->count)
        post(import);
    else
        next(import);
}

static void stop(void *ctx)
{
    struct import *import = ctx;
    end(import,
            tv_fail(import->err, TV_CANCELLED, "stopped at line %" PRIu64,
                    import->count ? import->numbers[0] : tv_lines_number(import->lines)));
}

static enum tv_status import_lines(struct import *import)
{
    enum tv_status status = tv_loop_new(1, &import->loop, import->err);
    if (status != TV_OK)
        return status;
    import->client = tv_client_new(import->loop);
    import->timer = tv_timer_new(import->loop, on_timer, import);
    tv_loop_on_signal(import->loop, stop, import);
    tv_timer_start(import->timer, 0, 0);
    tv_loop_run(import->loop);
    status = import->status;
    tv_timer_free(import->timer);
    tv_client_free(import->client);
    tv_loop_free(import->loop);
    return status;
}

static int run(const char *path, struct import *import)
{
    struct tv_error err;
    import->err = &err;
    import->progress.name = "import";
    enum tv_status status = tv_lines_open(path, &import->lines, &err);
    if (status == TV_OK)
        status = import_lines(import);
    tv_admin_progress_end(&import->progress);
    if (import->lines)
        (void)printf(
                "%" PRIu64 " accepted, %" PRIu64 " rejected\n", import->accepted, import->rejected);
    tv_lines_free(import->lines);
    tv_buf_release(&import->body);
    if (status != TV_OK)
        return tv_command_fail("import", &err);
    return import->rejected ? 1 : 0;
}

int tv_import_command(int argc, char *const *argv)
{
    struct import import = {.count = 0};
    const char *url = NULL, *path = tv_admin_take_file(&argc, &argv);
    const struct tv_command_flag flags[] = {
            {"url", &url, NULL}, {"token", &import.token, NULL}, {0}};
    struct tv_config config;
    struct tv_error err;
    if (tv_command_read(argc, argv, flags, &config, &err) != TV_OK)
        return tv_command_fail("import", &err);
    if (config.help || !path) {
        (void)fputs(usage, config.help ? stdout : stderr);
        tv_config_release(&config);
        return config.help ? 0 : 2;
    }
    struct tv_str base =
            url ? tv_str_of(url) : tv_arena_printf(&config.arena, "http://%s", config.listen);
    while (base.len && base.ptr[base.len - 1] == '/')
        base.len--;
    import.url = tv_arena_printf(&config.arena, "%.*s/api/v1/events", TV_STR_ARG(base)).ptr;
    int code = run(path, &import);
    tv_config_release(&config);
    return code;
}
