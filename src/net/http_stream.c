/* SPDX-License-Identifier: Apache-2.0 */
/* Streamed answers: libmicrohttpd pulls, the owner pushes, a buffer stands between.
 *
 * The library calls the reader whenever the socket takes more. If there is nothing, the reader
 * suspends the connection (it would be called in a circle otherwise) and the next write resumes it.
 * While the connection sleeps the watch notices a hang-up. `drained` is called by the reader when it
 * finds all handed over, just before it would suspend: what the owner writes there goes out at once.
 */
#include "net/http_internal.h"

enum { BLOCK_BYTES = 32 << 10, COMPACT_BYTES = 64 << 10 };

static struct tv_http_request *request_of(struct tv_http_stream *stream)
{
    char *base = (char *)stream - offsetof(struct tv_http_request, stream);
    struct tv_http_request *request = (struct tv_http_request *)(void *)base;
    TV_ASSERT(request->magic == TV_HTTP_REQUEST_MAGIC);
    return request;
}

static void count_answer(struct tv_http_request *request, size_t added, size_t taken)
{
    request->answer_bytes += added - taken;
    request->server->answer_bytes += added - taken;
    request->server->stats.bytes_out += taken;
}

static size_t hand_over(struct tv_http_request *request, char *out, size_t most)
{
    struct tv_http_stream *stream = &request->stream;
    size_t count = tv_http_min(tv_http_stream_pending(stream), most);
    memcpy(out, stream->out.data + stream->sent, count);
    stream->sent += count;
    if (stream->sent == stream->out.len) {
        stream->sent = 0;
        tv_buf_clear(&stream->out);
    }
    count_answer(request, 0, count);
    return count;
}

static ssize_t on_read(void *cls, uint64_t position, char *out, size_t most)
{
    (void)position;
    struct tv_http_request *request = cls;
    struct tv_http_stream *stream = &request->stream;
    TV_ASSERT(request->magic == TV_HTTP_REQUEST_MAGIC);
    if (!stream->broken && tv_http_stream_pending(stream) == 0 && stream->open && stream->drained &&
            !stream->told) {
        stream->told = true;
        stream->drained(stream->ctx);
    }
    if (stream->broken)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (tv_http_stream_pending(stream))
        return (ssize_t)hand_over(request, out, most);
    if (!stream->open)
        return MHD_CONTENT_READER_END_OF_STREAM;
    tv_http_suspend(request);
    tv_http_watch_start(request);
    return 0;
}

/* The server was closed before the handler came to it: the stream begins broken. */
static void on_orphan(void *ctx)
{
    struct tv_http_request *orphan = ctx;
    struct tv_http_stream *stream = &orphan->stream;
    if (stream->open && stream->gone)
        stream->gone(stream->ctx);
    tv_http_orphan_free(orphan);
}

struct tv_http_stream *tv_http_stream_start(struct tv_http_request *request,
        const char *content_type, tv_loop_fn *drained, tv_loop_fn *gone, void *ctx)
{
    struct tv_http_stream *stream = &request->stream;
    stream->drained = drained;
    stream->gone = gone;
    stream->ctx = ctx;
    stream->open = true;
    stream->told = true;
    request->streaming = true;
    if (!request->server) {
        stream->broken = true;
        tv_loop_defer(request->loop, on_orphan, request);
        return stream;
    }
    request->server->stats.streams++;
    struct MHD_Response *response = MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, request, NULL);
    /* The body that HEAD does not have must not be chunked: the library would write its end. */
    if (response && tv_str_equal(request->method, TV_STR("HEAD"))) {
        request->close = true;
        (void)MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    }
    tv_http_answer(request, 200, content_type, response);
    return stream;
}

void tv_http_stream_write(struct tv_http_stream *stream, struct tv_str bytes)
{
    struct tv_http_request *request = request_of(stream);
    TV_ASSERT(stream->open);
    if (bytes.len == 0 || stream->broken)
        return;
    if (stream->sent >= COMPACT_BYTES) {
        stream->out.len -= stream->sent;
        memmove(stream->out.data, stream->out.data + stream->sent, stream->out.len);
        stream->sent = 0;
    }
    tv_buf_append_str(&stream->out, bytes);
    count_answer(request, bytes.len, 0);
    stream->told = false;
    if (request->suspended)
        tv_http_resume(request);
}

size_t tv_http_stream_pending(const struct tv_http_stream *stream)
{
    return stream->out.len - stream->sent;
}

static void close_stream(struct tv_http_request *request)
{
    request->stream.open = false;
    if (request->server)
        request->server->stats.streams--;
}

void tv_http_stream_end(struct tv_http_stream *stream)
{
    struct tv_http_request *request = request_of(stream);
    TV_ASSERT(stream->open);
    close_stream(request);
    if (request->server && request->suspended)
        tv_http_resume(request);
}

void tv_http_stream_break(struct tv_http_request *request)
{
    struct tv_http_stream *stream = &request->stream;
    stream->broken = true;
    if (stream->open) {
        close_stream(request);
        if (stream->gone)
            stream->gone(stream->ctx);
    }
    if (request->suspended)
        tv_http_resume(request);
}
