/* SPDX-License-Identifier: Apache-2.0 */
/* Request bodies, gathered as sent (a worker decodes them later), bounded one by one and in sum.
 *
 * An announced length makes room at once, but no more than a mebibyte, and next to nothing while a
 * quarter of all is taken: clients that announce much and send nothing must not lock the others
 * out. What is counted is the room, until the request is answered, because whoever took the bytes
 * still has them until then.
 *
 * A refusal in the middle of a body cannot be sent there (libmicrohttpd takes no answer between
 * two pieces), and a refusal before it would be lost on clients that send all before they read: they
 * see a broken pipe. So the rest is read and thrown away, up to a bound, and the answer follows on
 * the last call; past the bound the connection is closed.
 */
#include "net/http_internal.h"

#include "base/mem.h"

enum {
    ROOM_AT_ONCE_BYTES = 1 << 20,
    ROOM_LEAST_BYTES = 4096,
    /* A well-meant body that is too large or comes at a bad time: its sender should see why. */
    DRAIN_BYTES = 1 << 30,
    /* A request that was never welcome; but a batch without a token should be told so. */
    DRAIN_UNWELCOME_BYTES = 64 << 20,
    BODY_KEPT_BYTES = 16 << 10, /* room that a reused request keeps */
};

bool tv_http_body_drain(struct tv_http_request *request, enum tv_status why)
{
    if (!request->has_body)
        return true;
    if (request->headers.expects_continue)
        return false; /* It waits for a word before it sends. */
    bool welcome = why == TV_TOO_LARGE || why == TV_OVERLOADED;
    request->drain_max = welcome ? DRAIN_BYTES : DRAIN_UNWELCOME_BYTES;
    return request->chunked || request->length <= request->drain_max;
}

/* Counts room of `bytes` in all for this body; false past the bound of all together. */
static bool charge(struct tv_http_request *request, size_t bytes)
{
    struct tv_http_server *server = request->server;
    size_t bound = server->config.inflight_bytes_max;
    size_t more = bytes - request->charged;
    if (bound && more > bound - tv_http_min(bound, server->stats.inflight_bytes)) {
        server->stats.refused_overload++;
        return false;
    }
    server->stats.inflight_bytes += more;
    request->charged = bytes;
    return true;
}

static enum tv_status overloaded(struct tv_error *err)
{
    return tv_fail(err, TV_OVERLOADED, "too many request bodies are under way");
}

static enum tv_status too_large(const struct tv_http_request *request, struct tv_error *err)
{
    size_t most = request->route->body_max;
    if (most == 0)
        return tv_fail(err, TV_TOO_LARGE, "this route takes no body");
    return tv_fail(err, TV_TOO_LARGE, "the body is larger than %zu bytes", most);
}

static size_t room_at_once(const struct tv_http_server *server)
{
    size_t bound = server->config.inflight_bytes_max;
    bool plenty = !bound || server->stats.inflight_bytes < bound / 4;
    return plenty ? ROOM_AT_ONCE_BYTES : ROOM_LEAST_BYTES;
}

enum tv_status tv_http_body_begin(struct tv_http_request *request, struct tv_error *err)
{
    if (!request->has_body)
        return TV_OK;
    size_t most = request->route->body_max;
    if (most == 0 || request->length > most)
        return too_large(request, err);
    size_t room = tv_http_min((size_t)request->length, room_at_once(request->server));
    if (!charge(request, room))
        return overloaded(err);
    if (room > request->body.cap)
        (void)tv_buf_reserve(&request->body, room);
    return TV_OK;
}

static enum MHD_Result drain(struct tv_http_request *request, size_t count)
{
    request->drained += count;
    return request->drained <= request->drain_max ? MHD_YES : MHD_NO;
}

static enum tv_status grow(struct tv_http_request *request, size_t count, struct tv_error *err)
{
    size_t most = request->route->body_max;
    size_t need = request->body.len + count;
    if (need > most || (!request->chunked && need > request->length))
        return too_large(request, err);
    if (need <= request->charged)
        return TV_OK;
    if (!request->chunked)
        most = (size_t)request->length;
    size_t room = tv_http_min(tv_grown(request->charged, need, ROOM_LEAST_BYTES), most);
    if (!charge(request, room))
        return overloaded(err);
    (void)tv_buf_reserve(&request->body, room - request->body.len);
    return TV_OK;
}

enum MHD_Result tv_http_body_take(struct tv_http_request *request, const char *bytes, size_t count)
{
    struct tv_error err;
    request->server->stats.bytes_in += count;
    request->progress_ms = uv_now(tv_loop_uv(request->server->loop));
    if (request->state != TV_HTTP_RECEIVING)
        return drain(request, count);
    if (grow(request, count, &err) != TV_OK) {
        tv_http_fail(request, &err);
        request->drain_max = DRAIN_BYTES;
        return drain(request, count);
    }
    tv_buf_append(&request->body, bytes, count);
    request->received += count;
    return MHD_YES;
}

void tv_http_body_release(struct tv_http_request *request)
{
    if (request->server)
        request->server->stats.inflight_bytes -= request->charged;
    request->charged = 0;
    if (request->body.cap > BODY_KEPT_BYTES)
        tv_buf_release(&request->body);
    else
        tv_buf_clear(&request->body);
}
