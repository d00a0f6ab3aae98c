/* SPDX-License-Identifier: Apache-2.0 */
/* Writes events as NDJSON to standard output:
 *
 *   events COUNT [SEED [even|flat|ragged|metrics [EVENTS_PER_SECOND [SKIP]]]]
 *
 * SKIP leaves out as many from the front, so that a stream too long for the disk can be made piece
 * by piece; a skipped event costs a tenth of a written one. */
#include "support_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 20 };

static bool shape_of(const char *name, enum events_shape *out)
{
    static const char *const names[] = {"even", "flat", "ragged", "metrics"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *out = (enum events_shape)i;
        return true;
    }
    return false;
}

static bool flush(struct tv_buf *chunk)
{
    bool good = fwrite(chunk->data, 1, chunk->len, stdout) == chunk->len;
    chunk->len = 0;
    return good;
}

int main(int argc, char **argv)
{
    enum events_shape shape = EVENTS_EVEN;
    if (argc < 2 || argc > 6 || (argc > 3 && !shape_of(argv[3], &shape))) {
        (void)fprintf(stderr,
                "usage: events COUNT [SEED [even|flat|ragged|metrics [EVENTS_PER_SECOND [SKIP]]]]\n");
        return 2;
    }
    long count = strtol(argv[1], NULL, 10);
    double per_second = argc > 4 ? strtod(argv[4], NULL) : 4000;
    struct events *events =
            events_new(argc > 2 ? strtoull(argv[2], NULL, 10) : 1, shape, per_second);
    for (long skip = argc > 5 ? strtol(argv[5], NULL, 10) : 0; skip > 0; skip--)
        events_next(events, NULL);
    struct tv_buf chunk = {0};
    bool good = true;
    for (long i = 0; i < count && good; i++) {
        events_next(events, &chunk);
        if (chunk.len >= CHUNK_BYTES)
            good = flush(&chunk);
    }
    good = good && flush(&chunk) && fflush(stdout) == 0;
    tv_buf_release(&chunk);
    events_free(events);
    return good ? 0 : 1;
}
