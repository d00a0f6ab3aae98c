/* SPDX-License-Identifier: Apache-2.0 */
/* zstd and gzip.
 *
 * Whole blocks of the store go through one context per thread, since making a context costs more
 * than a small column does; it is freed when its thread ends. Bodies from outside are streamed in
 * steps, so that a bomb costs what was allowed and not what it claims: the buffer grows with what
 * really came out, one byte is asked for past the limit, and a zstd frame that wants a window
 * over 128 MiB is refused (RFC 8878 section 3.1.1.1.2 lets a decoder set such a bound). */
#include "base/compress.h"

#include "base/mem.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum {
    WINDOW_LOG_MAX = 27,
    STEP_BYTES_MIN = 16 << 10,
    STEP_BYTES_MAX = 1 << 20,
    GZIP_WINDOW_BITS = 15 + 16, /* zlib's code for "with a gzip header" */
    GZIP_LEVEL = 5,
};

static pthread_key_t compressor_key, decompressor_key;

static void free_compressor(void *context)
{
    (void)ZSTD_freeCCtx(context);
}

static void free_decompressor(void *context)
{
    (void)ZSTD_freeDCtx(context);
}

static void make_keys(void)
{
    TV_ASSERT(pthread_key_create(&compressor_key, free_compressor) == 0);
    TV_ASSERT(pthread_key_create(&decompressor_key, free_decompressor) == 0);
}

static void ensure_keys(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    TV_ASSERT(pthread_once(&once, make_keys) == 0);
}

static ZSTD_CCtx *compressor(void)
{
    ensure_keys();
    ZSTD_CCtx *context = pthread_getspecific(compressor_key);
    if (!context) {
        context = ZSTD_createCCtx();
        TV_ASSERT(context && pthread_setspecific(compressor_key, context) == 0);
    }
    return context;
}

static ZSTD_DCtx *decompressor(void)
{
    ensure_keys();
    ZSTD_DCtx *context = pthread_getspecific(decompressor_key);
    if (!context) {
        context = ZSTD_createDCtx();
        TV_ASSERT(context && pthread_setspecific(decompressor_key, context) == 0);
        size_t set = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
        TV_ASSERT(!ZSTD_isError(set));
    }
    return context;
}

void tv_zstd_compress(struct tv_str in, int level, struct tv_buf *out)
{
    size_t bound = ZSTD_compressBound(in.len);
    char *room = tv_buf_reserve(out, bound);
    size_t bytes = ZSTD_compressCCtx(compressor(), room, bound, in.ptr, in.len, level);
    TV_ASSERT(!ZSTD_isError(bytes)); /* the bound leaves running out of memory only */
    out->len += bytes;
}

enum tv_status tv_zstd_decompress_exact(struct tv_str in, size_t bytes, struct tv_buf *out)
{
    /* Asked first, so that a damaged size is found before memory is taken for it. */
    if (ZSTD_getFrameContentSize(in.ptr, in.len) != bytes)
        return TV_CORRUPT;
    char *room = tv_buf_reserve(out, bytes);
    size_t got = ZSTD_decompressDCtx(decompressor(), room, bytes, in.ptr, in.len);
    if (ZSTD_isError(got) || got != bytes)
        return TV_CORRUPT;
    out->len += bytes;
    return TV_OK;
}

bool tv_coding_from_name(struct tv_str name, enum tv_coding *out)
{
    static const struct {
        const char *name;
        enum tv_coding coding;
    } codings[] = {
            {"", TV_CODING_IDENTITY},
            {"identity", TV_CODING_IDENTITY},
            {"gzip", TV_CODING_GZIP},
            {"x-gzip", TV_CODING_GZIP},
            {"zstd", TV_CODING_ZSTD},
    };
    name = tv_str_trim(name);
    for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
        if (tv_str_equal_nocase(name, tv_str_of(codings[i].name))) {
            *out = codings[i].coding;
            return true;
        }
    }
    return false;
}

/* Where a decoder puts its output: a step of the buffer, or the one byte past the limit. */
struct sink {
    struct tv_buf *out;
    size_t start, max_bytes;
    char excess;
};

static char *sink_room(struct sink *sink, size_t *bytes)
{
    size_t done = sink->out->len - sink->start;
    size_t left = sink->max_bytes - done;
    if (left == 0) {
        *bytes = 1;
        return &sink->excess;
    }
    size_t step = done < STEP_BYTES_MIN ? STEP_BYTES_MIN : done;
    step = step > STEP_BYTES_MAX ? STEP_BYTES_MAX : step;
    *bytes = step < left ? step : left;
    return tv_buf_reserve(sink->out, *bytes);
}

static enum tv_status sink_filled(struct sink *sink, size_t bytes, struct tv_error *err)
{
    if (bytes > sink->max_bytes - (sink->out->len - sink->start))
        return tv_fail(
                err, TV_TOO_LARGE, "body larger than %zu bytes when decompressed", sink->max_bytes);
    sink->out->len += bytes;
    return TV_OK;
}

static enum tv_status broken(struct tv_error *err, const char *coding, const char *why)
{
    return tv_fail(err, TV_BAD_INPUT, "%s body is broken: %s", coding, why);
}

/* One member. On TV_OK the stream stands behind its trailer. */
static enum tv_status gunzip_member(z_stream *stream, struct sink *sink, struct tv_error *err)
{
    for (;;) {
        size_t room_bytes = 0;
        stream->next_out = (Bytef *)sink_room(sink, &room_bytes);
        stream->avail_out = (uInt)room_bytes;
        int result = inflate(stream, Z_NO_FLUSH);
        TV_ASSERT(result != Z_MEM_ERROR && result != Z_STREAM_ERROR);
        enum tv_status status = sink_filled(sink, room_bytes - stream->avail_out, err);
        if (status != TV_OK || result == Z_STREAM_END)
            return status;
        if (result == Z_NEED_DICT)
            return broken(err, "gzip", "it needs a dictionary");
        if (result == Z_DATA_ERROR)
            return broken(err, "gzip", stream->msg ? stream->msg : "invalid data");
        if (stream->avail_in == 0 && stream->avail_out > 0)
            return broken(err, "gzip", "it is cut off");
    }
}

static enum tv_status gunzip(struct tv_str in, struct sink *sink, struct tv_error *err)
{
    if (in.len > UINT_MAX)
        return tv_fail(err, TV_TOO_LARGE, "compressed body larger than 4 GiB");
    if (in.len == 0)
        return broken(err, "gzip", "it is empty");
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)in.ptr, .avail_in = (uInt)in.len};
    TV_ASSERT(inflateInit2(&stream, GZIP_WINDOW_BITS) == Z_OK);
    enum tv_status status = TV_OK;
    do {
        status = gunzip_member(&stream, sink, err);
        TV_ASSERT(inflateReset(&stream) == Z_OK);
    } while (status == TV_OK && stream.avail_in > 0);
    (void)inflateEnd(&stream);
    return status;
}

static enum tv_status unzstd(struct tv_str in, struct sink *sink, struct tv_error *err)
{
    ZSTD_DCtx *context = decompressor();
    (void)ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
    ZSTD_inBuffer source = {in.ptr, in.len, 0};
    size_t hint = 1; /* 0 when a frame has just ended and all of it is written */
    bool full = false;
    while (source.pos < source.size || full) {
        size_t room_bytes = 0;
        char *room = sink_room(sink, &room_bytes);
        ZSTD_outBuffer target = {room, room_bytes, 0};
        hint = ZSTD_decompressStream(context, &target, &source);
        if (ZSTD_isError(hint))
            return broken(err, "zstd", ZSTD_getErrorName(hint));
        enum tv_status status = sink_filled(sink, target.pos, err);
        if (status != TV_OK)
            return status;
        full = hint != 0 && target.pos == target.size;
    }
    return hint == 0 ? TV_OK : broken(err, "zstd", in.len ? "it is cut off" : "it is empty");
}

enum tv_status tv_body_decompress(enum tv_coding coding, struct tv_str in, size_t max_bytes,
        struct tv_buf *out, struct tv_error *err)
{
    struct sink sink = {.out = out, .start = out->len, .max_bytes = max_bytes};
    enum tv_status status = TV_OK;
    switch (coding) {
    case TV_CODING_IDENTITY:
        if (in.len > max_bytes)
            return tv_fail(err, TV_TOO_LARGE, "body larger than %zu bytes", max_bytes);
        tv_buf_append_str(out, in);
        break;
    case TV_CODING_GZIP:
        status = gunzip(in, &sink, err);
        break;
    case TV_CODING_ZSTD:
        status = unzstd(in, &sink, err);
        break;
    }
    if (status != TV_OK)
        out->len = sink.start;
    return status;
}

void tv_gzip_compress(struct tv_str in, struct tv_buf *out)
{
    TV_ASSERT(in.len <= UINT_MAX);
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)in.ptr, .avail_in = (uInt)in.len};
    TV_ASSERT(deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, 8,
                      Z_DEFAULT_STRATEGY) == Z_OK);
    size_t bound = deflateBound(&stream, (uLong)in.len);
    TV_ASSERT(bound <= UINT_MAX);
    stream.next_out = (Bytef *)tv_buf_reserve(out, bound);
    stream.avail_out = (uInt)bound;
    TV_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out->len += bound - stream.avail_out;
    (void)deflateEnd(&stream);
}

struct tv_unzstd {
    ZSTD_DCtx *context;
    bool ended;
};

struct tv_unzstd *tv_unzstd_new(void)
{
    struct tv_unzstd *unzstd = tv_calloc(1, sizeof(*unzstd));
    unzstd->context = ZSTD_createDCtx();
    TV_ASSERT(unzstd->context != NULL);
    size_t set = ZSTD_DCtx_setParameter(unzstd->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    TV_ASSERT(!ZSTD_isError(set));
    return unzstd;
}

void tv_unzstd_free(struct tv_unzstd *unzstd)
{
    if (unzstd)
        (void)ZSTD_freeDCtx(unzstd->context);
    free(unzstd);
}

enum tv_status tv_unzstd_add(
        struct tv_unzstd *unzstd, struct tv_str in, struct tv_buf *out, struct tv_error *err)
{
    ZSTD_inBuffer source = {in.ptr, in.len, 0};
    bool full = false;
    while (source.pos < source.size || full) {
        ZSTD_outBuffer target = {tv_buf_reserve(out, STEP_BYTES_MAX), STEP_BYTES_MAX, 0};
        size_t hint = ZSTD_decompressStream(unzstd->context, &target, &source);
        if (ZSTD_isError(hint))
            return broken(err, "zstd", ZSTD_getErrorName(hint));
        out->len += target.pos;
        unzstd->ended = hint == 0;
        full = hint != 0 && target.pos == target.size;
    }
    return TV_OK;
}

bool tv_unzstd_ended(const struct tv_unzstd *unzstd)
{
    return unzstd->ended;
}
