/* SPDX-License-Identifier: Apache-2.0 */
/* Calls out: libcurl's multi interface in the loop.
 *
 * libcurl says which sockets it waits for and when it wants to be woken; the loop watches them and
 * tells it. Calls are closed to surprises: http and https only, no redirects (a webhook's answer
 * must not send a token elsewhere), no proxy from the environment, no signals, an answer of at
 * most a mebibyte, every call has a time limit. Finished calls are told from the end of the turn,
 * never from inside a call of libcurl, so that their functions may start new ones.
 */
#include "net/client.h"

#include "base/mem.h"
#include "base/time.h"
#include "net/loop_internal.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ANSWER_MOST_BYTES = 1 << 20,
    CONNECT_MS = 10000,
    TIMEOUT_DEFAULT_MS = 30000,
    RETRY_AFTER_MOST_S = 3600,
    CONNECTIONS_KEPT = 16,
    CALL_MAGIC = 0x43414c4c,
};

struct call {
    uint32_t magic;
    struct tv_client *client;
    CURL *easy;
    struct curl_slist *headers;
    struct tv_buf body, answer;
    tv_client_fn *done;
    void *ctx;
    int64_t *retry_after_ns;
    bool added, too_large, failed;
    CURLcode result;
    struct call *next, **at; /* in client->calls, then in client->finished */
};

struct tv_client {
    struct tv_loop *loop;
    CURLM *multi;
    uv_timer_t timer;
    struct tv_flush finish;
    struct call *calls, *finished;
    bool closing;
};

/* A socket that libcurl waits for. */
struct watch {
    uv_poll_t poll;
    curl_socket_t fd;
    struct tv_client *client;
};

static void call_link(struct call **list, struct call *call)
{
    call->next = *list;
    call->at = list;
    if (call->next)
        call->next->at = &call->next;
    *list = call;
}

static void call_unlink(struct call *call)
{
    *call->at = call->next;
    if (call->next)
        call->next->at = call->at;
}

/* Its result stands: the caller is told at the end of the turn. */
static void call_finish(struct call *call)
{
    struct tv_client *client = call->client;
    call_unlink(call);
    call_link(&client->finished, call);
    tv_loop_flush(client->loop, &client->finish);
}

static void collect(struct tv_client *client)
{
    int left;
    for (CURLMsg *said; (said = curl_multi_info_read(client->multi, &left)) != NULL;) {
        char *private = NULL;
        CURLcode result = said->data.result;
        if (said->msg != CURLMSG_DONE ||
                curl_easy_getinfo(said->easy_handle, CURLINFO_PRIVATE, &private) != CURLE_OK)
            continue;
        struct call *call = (struct call *)(void *)private;
        TV_ASSERT(call && call->magic == CALL_MAGIC);
        call->result = result;
        call_finish(call);
    }
}

static void act(struct tv_client *client, curl_socket_t fd, int events)
{
    int running;
    (void)curl_multi_socket_action(client->multi, fd, events, &running);
    collect(client);
}

static void on_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_set_timer(CURLM *multi, long ms, void *ctx)
{
    (void)multi;
    struct tv_client *client = ctx;
    if (client->closing)
        return 0;
    uv_update_time(client->timer.loop);
    if (ms < 0)
        (void)uv_timer_stop(&client->timer);
    else
        (void)uv_timer_start(&client->timer, on_timer, (uint64_t)ms, 0);
    return 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    int ready = status < 0 ? CURL_CSELECT_ERR : 0;
    ready |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    ready |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    act(watch->client, watch->fd, ready);
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* libcurl closes the socket after it said REMOVE; the poll handle stops at once and lets go of it. */
static void watch_close(struct watch *watch)
{
    (void)uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static struct watch *watch_new(struct tv_client *client, curl_socket_t fd)
{
    struct watch *watch = tv_calloc(1, sizeof *watch);
    if (uv_poll_init_socket(tv_loop_uv(client->loop), &watch->poll, fd) != 0) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->fd = fd;
    watch->client = client;
    (void)curl_multi_assign(client->multi, fd, watch);
    return watch;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    (void)easy;
    struct tv_client *client = ctx;
    struct watch *watch = socket_ctx;
    if (what == CURL_POLL_REMOVE) {
        if (watch) {
            (void)curl_multi_assign(client->multi, fd, NULL);
            watch_close(watch);
        }
        return 0;
    }
    if (!watch)
        watch = watch_new(client, fd);
    if (!watch)
        return -1;
    int events = what & CURL_POLL_IN ? UV_READABLE : 0;
    events |= what & CURL_POLL_OUT ? UV_WRITABLE : 0;
    return uv_poll_start(&watch->poll, events, on_ready) == 0 ? 0 : -1;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    struct call *call = ctx;
    size_t more = size * count;
    if (more > ANSWER_MOST_BYTES - call->answer.len) {
        call->too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    tv_buf_append(&call->answer, bytes, more);
    return more;
}

static enum tv_status status_of(const struct call *call)
{
    if (call->failed)
        return TV_BAD_INPUT;
    if (call->too_large)
        return TV_TOO_LARGE;
    if (call->result == CURLE_OK)
        return TV_OK;
    if (call->result == CURLE_OPERATION_TIMEDOUT)
        return TV_TIMEOUT;
    if (call->result == CURLE_URL_MALFORMAT || call->result == CURLE_UNSUPPORTED_PROTOCOL)
        return TV_BAD_INPUT;
    return TV_IO;
}

static int64_t retry_after_ns(const struct call *call)
{
    curl_off_t seconds = 0;
    if (curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds < 0)
        return 0;
    return seconds < RETRY_AFTER_MOST_S ? seconds * TV_NS_PER_S : RETRY_AFTER_MOST_S * TV_NS_PER_S;
}

/* Unlinks, tells and frees. */
static void call_end(struct call *call, enum tv_status status)
{
    long http_status = 0;
    if (status == TV_OK)
        (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &http_status);
    if (call->retry_after_ns)
        *call->retry_after_ns = retry_after_ns(call);
    call_unlink(call);
    if (call->added)
        (void)curl_multi_remove_handle(call->client->multi, call->easy);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    struct tv_str answer = status == TV_OK ? tv_buf_str(&call->answer) : (struct tv_str){NULL, 0};
    if (call->done)
        call->done(call->ctx, status, (int)http_status, answer);
    tv_buf_release(&call->body);
    tv_buf_release(&call->answer);
    call->magic = 0;
    free(call);
}

static void on_finish(void *ctx)
{
    struct tv_client *client = ctx;
    struct call *call = client->finished;
    if (!call)
        return;
    /* One at a time, by way of the list: a function told may free the client. */
    if (call->next)
        tv_loop_flush(client->loop, &client->finish);
    call_end(call, status_of(call));
}

struct tv_client *tv_client_new(struct tv_loop *loop)
{
    struct tv_client *client = tv_calloc(1, sizeof *client);
    client->loop = loop;
    client->finish = (struct tv_flush){.fn = on_finish, .ctx = client};
    TV_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    client->multi = curl_multi_init();
    TV_ASSERT(client->multi != NULL);
    TV_ASSERT(uv_timer_init(tv_loop_uv(loop), &client->timer) == 0);
    client->timer.data = client;
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_set_timer);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return client;
}

static void on_client_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void tv_client_free(struct tv_client *client)
{
    if (!client)
        return;
    client->closing = true;
    tv_loop_unflush(client->loop, &client->finish);
    while (client->finished)
        call_end(client->finished, status_of(client->finished));
    while (client->calls)
        call_end(client->calls, TV_CANCELLED);
    (void)curl_multi_cleanup(client->multi);
    curl_global_cleanup();
    uv_close((uv_handle_t *)&client->timer, on_client_closed);
}

static bool add_header(struct call *call, const char *name, const char *value)
{
    if (!value)
        return true;
    if (strpbrk(value, "\r\n"))
        return false;
    struct tv_buf line = {0};
    tv_buf_printf(&line, "%s: %s", name, value);
    tv_buf_append_char(&line, '\0');
    struct curl_slist *longer = curl_slist_append(call->headers, line.data);
    tv_buf_release(&line);
    TV_ASSERT(longer != NULL);
    call->headers = longer;
    return true;
}

static bool add_bearer(struct call *call, const char *token)
{
    if (!token)
        return true;
    struct tv_buf text = {0};
    tv_buf_printf(&text, "Bearer %s", token);
    tv_buf_append_char(&text, '\0');
    bool added = add_header(call, "Authorization", text.data);
    tv_buf_release(&text);
    return added;
}

static bool set_url(struct call *call, const struct tv_client_call *wanted)
{
    CURL *easy = call->easy;
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_URL, wanted->url) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_USERAGENT, "traversion/" TRAVERSION_VERSION) == CURLE_OK;
}

static bool set_method(struct call *call, const struct tv_client_call *wanted)
{
    CURL *easy = call->easy;
    if (strcmp(wanted->method, "HEAD") == 0)
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (strcmp(wanted->method, "GET") == 0)
        return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    if (wanted->body.len)
        tv_buf_append_str(&call->body, wanted->body);
    return curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len) ==
            CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body.data ? call->body.data : "") ==
            CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, wanted->method) == CURLE_OK;
}

static bool set_rest(struct call *call, const struct tv_client_call *wanted)
{
    CURL *easy = call->easy;
    uint64_t ms = wanted->timeout_ns > 0 ? tv_loop_ms(wanted->timeout_ns) : TIMEOUT_DEFAULT_MS;
    long timeout_ms = ms < INT32_MAX ? (long)ms : INT32_MAX;
    return add_header(call, "Content-Type", wanted->content_type) &&
            add_bearer(call, wanted->bearer) &&
            add_header(call, "Idempotency-Key", wanted->request_key) &&
            add_header(call, "Expect", "") &&
            curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_WRITEDATA, call) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_PRIVATE, call) == CURLE_OK;
}

void tv_client_start(struct tv_client *client, const struct tv_client_call *wanted)
{
    TV_ASSERT(!client->closing);
    struct call *call = tv_calloc(1, sizeof *call);
    call->magic = CALL_MAGIC;
    call->client = client;
    call->done = wanted->done;
    call->ctx = wanted->ctx;
    call->retry_after_ns = wanted->retry_after_ns;
    call->easy = curl_easy_init();
    TV_ASSERT(call->easy != NULL);
    call_link(&client->calls, call);
    call->failed = !set_url(call, wanted) || !set_method(call, wanted) || !set_rest(call, wanted);
    if (!call->failed)
        call->added = curl_multi_add_handle(client->multi, call->easy) == CURLM_OK;
    if (!call->added) {
        call->result = CURLE_FAILED_INIT;
        call_finish(call);
    }
}
