/* SPDX-License-Identifier: Apache-2.0 */
/* How fast the native decoder is beside cJSON, in one run on the same bytes.
 *
 *   decode EVENTS.ndjson [ROUNDS [EVENTS_PER_BODY]]
 *
 * cJSON parses and deletes one document a line and keeps nothing; the decoder fills batches, as for
 * requests of EVENTS_PER_BODY events, without and with redaction. They take turns, and the medians
 * over the rounds are compared: what else the machine does then hits all alike. The last lines are a
 * batch's own cost and that of one event alone. */
#include "base/mem.h"
#include "base/time.h"
#include "event/redactor.h"
#include "ingest/native.h"

#include <cjson/cJSON.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS_MAX = 101, SINGLE_ROUNDS = 100000 };

struct stream {
    char *bytes;
    size_t len;
    struct tv_str *lines;
    size_t line_count;
};

static bool read_stream(const char *path, struct stream *out)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        return false;
    out->len = (size_t)ftell(file);
    rewind(file);
    out->bytes = tv_malloc(out->len);
    bool good = fread(out->bytes, 1, out->len, file) == out->len;
    (void)fclose(file);
    size_t cap = 0;
    for (size_t at = 0; good && at < out->len;) {
        const char *end = memchr(out->bytes + at, '\n', out->len - at);
        size_t len = end ? (size_t)(end - out->bytes) - at : out->len - at;
        if (out->line_count == cap) {
            cap = tv_grown(cap, cap + 1, 1024);
            out->lines = tv_realloc_array(out->lines, cap, sizeof(*out->lines));
        }
        out->lines[out->line_count++] = (struct tv_str){out->bytes + at, len};
        at += len + 1;
    }
    return good && out->line_count > 0;
}

static double run_cjson(const struct stream *stream)
{
    int64_t start = tv_time_monotonic();
    for (size_t i = 0; i < stream->line_count; i++) {
        cJSON *document = cJSON_ParseWithLength(stream->lines[i].ptr, stream->lines[i].len);
        TV_ASSERT(document != NULL);
        cJSON_Delete(document);
    }
    return (double)(tv_time_monotonic() - start) / 1e9;
}

/* With a redactor, as every door of the daemon. */
static double run_decoder(
        const struct stream *stream, size_t per_body, struct tv_redactor *redactor)
{
    static struct tv_decode_report report;
    struct tv_decode_options options = {.received_ns = tv_time_now()};
    int64_t start = tv_time_monotonic();
    for (size_t i = 0; i < stream->line_count; i += per_body) {
        size_t last = i + per_body < stream->line_count ? i + per_body : stream->line_count;
        const char *end = stream->lines[last - 1].ptr + stream->lines[last - 1].len;
        struct tv_str body = {stream->lines[i].ptr, (size_t)(end - stream->lines[i].ptr)};
        struct tv_batch *batch = tv_batch_new();
        TV_ASSERT(tv_native_decode(body, &options, batch, &report, NULL) == TV_OK);
        TV_ASSERT(report.rejected == 0 && batch->rows == last - i);
        if (redactor)
            tv_redactor_apply(redactor, batch, (struct tv_redact_mark){0, 0});
        tv_batch_unref(batch);
    }
    return (double)(tv_time_monotonic() - start) / 1e9;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), by_size);
    return values[count / 2];
}

static void print_rate(const char *name, const struct stream *stream, double seconds)
{
    printf("%-22s %8.0f events/s %8.0f MB/s\n", name, (double)stream->line_count / seconds,
            (double)stream->len / seconds / 1e6);
}

static void run_single(const struct stream *stream)
{
    int64_t start = tv_time_monotonic();
    for (int i = 0; i < SINGLE_ROUNDS; i++)
        tv_batch_unref(tv_batch_new());
    int64_t middle = tv_time_monotonic();
    struct stream one = *stream;
    one.line_count = stream->line_count < SINGLE_ROUNDS ? stream->line_count : SINGLE_ROUNDS;
    (void)run_decoder(&one, 1, NULL);
    int64_t end = tv_time_monotonic();
    printf("%-22s %8.0f ns\n", "empty batch", (double)(middle - start) / SINGLE_ROUNDS);
    printf("%-22s %8.0f ns\n", "body of one event",
            (double)(end - middle) / (double)one.line_count);
}

int main(int argc, char **argv)
{
    struct stream stream = {0};
    size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 7;
    size_t per_body = argc > 3 ? strtoul(argv[3], NULL, 10) : 1000;
    if (argc < 2 || rounds == 0 || rounds > ROUNDS_MAX || per_body == 0) {
        (void)fprintf(stderr, "usage: decode EVENTS.ndjson [ROUNDS [EVENTS_PER_BODY]]\n");
        return 2;
    }
    if (!read_stream(argv[1], &stream)) {
        (void)fprintf(stderr, "decode: cannot read events from '%s'\n", argv[1]);
        return 1;
    }
    /* As the daemon: freed batches stay in the process, or each body pays for fresh pages. */
    (void)mallopt(M_MMAP_THRESHOLD, 8 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
    double cjson[ROUNDS_MAX];
    double decoder[ROUNDS_MAX];
    double redacted[ROUNDS_MAX];
    const uint8_t key[TV_SECRET_KEY_BYTES] = {0};
    struct tv_redactor *redactor = NULL;
    TV_ASSERT(tv_redactor_new(TV_STR(""), key, &redactor, NULL) == TV_OK);
    for (size_t i = 0; i < rounds; i++) {
        cjson[i] = run_cjson(&stream);
        decoder[i] = run_decoder(&stream, per_body, NULL);
        redacted[i] = run_decoder(&stream, per_body, redactor);
    }
    double cjson_s = median(cjson, rounds);
    double decoder_s = median(decoder, rounds);
    double redacted_s = median(redacted, rounds);
    printf("%zu events, %zu bytes, %zu a body, median of %zu\n", stream.line_count, stream.len,
            per_body, rounds);
    print_rate("cJSON, parse + delete", &stream, cjson_s);
    print_rate("decoder, into batch", &stream, decoder_s);
    print_rate("the same, redacted", &stream, redacted_s);
    printf("%-22s %8.2f\n", "ratio to cJSON", cjson_s / decoder_s);
    printf("%-22s %8.2f\n", "redaction costs", redacted_s / decoder_s);
    tv_redactor_free(redactor);
    run_single(&stream);
    free(stream.lines);
    free(stream.bytes);
    return 0;
}
