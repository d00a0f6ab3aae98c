/* SPDX-License-Identifier: Apache-2.0 */
/* What one durable write costs bare: disk FOLDER [WRITES]. Writes 16 KiB and waits for fdatasync,
 * again and again, through a file that is there already, as a commit of one event does to a log that
 * began anew: a file that grows costs the file system's own log on top. Prints the median and the
 * 99th of a hundred in milliseconds as one line of JSON. */
#include "base/mem.h"
#include "base/time.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAGE_BYTES = 16384, PAGES = 1024 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool write_page(int file, size_t i)
{
    static char page[PAGE_BYTES];
    page[0] = (char)i;
    off_t at = (off_t)(i % PAGES * PAGE_BYTES);
    return pwrite(file, page, sizeof page, at) == (ssize_t)sizeof page;
}

int main(int argc, char **argv)
{
    char path[4096];
    size_t writes = argc > 2 ? strtoul(argv[2], NULL, 10) : 500;
    if (argc < 2 || writes == 0) {
        (void)fprintf(stderr, "usage: disk FOLDER [WRITES]\n");
        return 2;
    }
    (void)snprintf(path, sizeof path, "%s/disk.tmp", argv[1]);
    int file = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0)
        perror(path);
    double *taken_ms = tv_calloc(writes, sizeof *taken_ms);
    bool good = file >= 0;
    for (size_t i = 0; i < PAGES && good; i++)
        good = write_page(file, i);
    good = good && fsync(file) == 0;
    for (size_t i = 0; i < writes && good; i++) {
        int64_t start_ns = tv_time_monotonic();
        good = write_page(file, i + 1) && fdatasync(file) == 0;
        taken_ms[i] = (double)(tv_time_monotonic() - start_ns) / TV_NS_PER_MS;
    }
    (void)unlink(path);
    qsort(taken_ms, writes, sizeof *taken_ms, by_value);
    if (good)
        (void)printf("{\"p50Ms\":%.3f,\"p99Ms\":%.3f}\n", taken_ms[writes / 2],
                taken_ms[writes * 99 / 100]);
    free(taken_ms);
    return good ? 0 : 1;
}
