/* SPDX-License-Identifier: Apache-2.0 */
/* protobuf_c FILE RECORDS ROUNDS: protobuf-c's unpack of the same bytes (and its free), which gives a tree and no
 * columns. Compiled by tests/bench/otlp, with what protoc-c makes of otlp.proto. Processor time, median. */
#include "otlp.pb-c.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS_MAX = 101, ROUND_RECORDS = 100000, FILE_BYTES_MAX = 16 << 20 };

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    double seconds[ROUNDS_MAX];
    FILE *file = argc == 4 ? fopen(argv[1], "r") : NULL;
    if (!file)
        return 2;
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    size_t records = strtoul(argv[2], NULL, 10), rounds = strtoul(argv[3], NULL, 10);
    (void)fclose(file);
    if (records == 0 || rounds == 0 || rounds > ROUNDS_MAX)
        return 2;
    (void)mallopt(M_MMAP_THRESHOLD, 8 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
    for (size_t round = 0; round < rounds; round++) {
        double start = now();
        size_t times = 0;
        for (size_t done = 0; done < ROUND_RECORDS; done += records, times++) {
            Request *request = request__unpack(NULL, len, bytes);
            if (!request)
                return 1;
            request__free_unpacked(request, NULL);
        }
        seconds[round] = (now() - start) / (double)times;
    }
    qsort(seconds, rounds, sizeof(double), by_size);
    (void)printf("protobuf-c %.0f %.1f\n", (double)records / seconds[rounds / 2],
            (double)len / seconds[rounds / 2] / 1e6);
    return 0;
}
