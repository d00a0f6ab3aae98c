/* SPDX-License-Identifier: Apache-2.0 */
/* otlp FILE.pb FILE.json FILE.ndjson RECORDS ROUNDS: the same spans as an OTLP request in protobuf, in
 * JSON, and as native events, decoded to batches in turns. Processor time, medians. */
#include "ingest/otlp.h"
#include "base/mem.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS_MAX = 101, ROUND_RECORDS = 100000 };

static struct tv_decode_report report;
static const struct tv_decode_options options = {.received_ns = INT64_C(1800000000000000000)};

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool read_file(const char *path, struct tv_buf *out)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    for (size_t got = 1; got > 0; out->len += got)
        got = fread(tv_buf_reserve(out, 1 << 16), 1, 1 << 16, file);
    return fclose(file) == 0 && out->len > 0;
}

typedef enum tv_status decode_fn(struct tv_str body, struct tv_batch *batch);

static enum tv_status from_protobuf(struct tv_str body, struct tv_batch *batch)
{
    return tv_otlp_decode(body, TV_OTLP_TRACES, &options, batch, &report);
}

static enum tv_status from_json(struct tv_str body, struct tv_batch *batch)
{
    struct tv_buf message = {0};
    enum tv_status status = tv_otlp_from_json(body, TV_OTLP_TRACES, &message, NULL);
    if (status == TV_OK)
        status = from_protobuf(tv_buf_str(&message), batch);
    tv_buf_release(&message);
    return status;
}

static enum tv_status from_native(struct tv_str body, struct tv_batch *batch)
{
    return tv_native_decode(body, &options, batch, &report, NULL);
}

static double run(decode_fn *decode, struct tv_str body, size_t records)
{
    double start = now();
    for (size_t done = 0; done < ROUND_RECORDS; done += records) {
        struct tv_batch *batch = tv_batch_new();
        TV_ASSERT(decode(body, batch) == TV_OK);
        TV_ASSERT(report.rejected == 0 && batch->rows == records);
        tv_batch_unref(batch);
    }
    return (now() - start) / (double)((ROUND_RECORDS + records - 1) / records);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        decode_fn *decode;
    } forms[] = {{"protobuf", from_protobuf}, {"json", from_json}, {"native", from_native}};
    enum { FORMS = sizeof(forms) / sizeof(forms[0]) };
    struct tv_buf bodies[FORMS] = {{0}};
    double seconds[FORMS][ROUNDS_MAX];
    uint64_t records = 0, rounds = 0;
    if (argc != 6 || !tv_str_to_u64(tv_str_of(argv[4]), &records) || records == 0 ||
            !tv_str_to_u64(tv_str_of(argv[5]), &rounds) || rounds == 0 || rounds > ROUNDS_MAX)
        return 2;
    /* As the daemon: freed batches stay in the process. */
    (void)mallopt(M_MMAP_THRESHOLD, 8 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
    for (size_t form = 0; form < FORMS; form++)
        if (!read_file(argv[1 + form], &bodies[form]))
            return 1;
    for (uint64_t round = 0; round < rounds; round++)
        for (size_t form = 0; form < FORMS; form++)
            seconds[form][round] = run(forms[form].decode, tv_buf_str(&bodies[form]), records);
    for (size_t form = 0; form < FORMS; form++) {
        qsort(seconds[form], rounds, sizeof(double), by_size);
        double median = seconds[form][rounds / 2];
        (void)printf("%s %.0f %.1f\n", forms[form].name, (double)records / median,
                (double)bodies[form].len / median / 1e6);
        tv_buf_release(&bodies[form]);
    }
    return 0;
}
