/* SPDX-License-Identifier: Apache-2.0 */
/* redact FILE ROUNDS: searches each line of the file as one text; processor time, median of the
 * rounds, beside memchr over the same bytes as a yardstick of the machine. */
#include "base/buf.h"
#include "base/mem.h"
#include "event/redact_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUND_BYTES = 64 << 20, RULES = ((1 << TV_REDACT_RULE_COUNT) - 1) & ~(1 << TV_REDACT_IP) };

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

static size_t search(const struct tv_redact_scanner *scanner, struct tv_str text)
{
    struct tv_redact_search search;
    struct tv_redact_match match;
    size_t found = 0;
    tv_redact_search_init(&search, scanner, text, 0);
    while (tv_redact_next(&search, &match))
        found++;
    return found;
}

/* What is found in all lines; without a scanner only their ends are. */
static size_t walk(const struct tv_redact_scanner *scanner, struct tv_str rest)
{
    size_t found = 0;
    while (rest.ptr) {
        struct tv_str line = tv_str_cut(rest, '\n', &rest);
        found += scanner ? search(scanner, line) : line.len > 0;
    }
    return found;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    struct tv_buf text = {0};
    struct tv_redact_scanner scanner;
    uint64_t rounds = 0;
    if (argc != 3 || !read_file(argv[1], &text) || !tv_str_to_u64(tv_str_of(argv[2]), &rounds) ||
            rounds == 0 || rounds > 1000)
        return 2;
    tv_redact_scanner_init(&scanner, RULES);
    double *rates = tv_calloc(rounds, sizeof(*rates)), *lines = tv_calloc(rounds, sizeof(*lines));
    size_t times = ROUND_BYTES / text.len + 1, found = 0, ends = 0;
    double bytes = (double)times * (double)text.len;
    for (uint64_t round = 0; round < rounds; round++) {
        double start = now();
        for (size_t i = 0; i < times; i++)
            found += walk(&scanner, tv_buf_str(&text));
        double middle = now();
        for (size_t i = 0; i < times; i++)
            ends += walk(NULL, tv_buf_str(&text));
        rates[round] = bytes / (middle - start) / 1e6;
        lines[round] = bytes / (now() - middle) / 1e6;
    }
    qsort(rates, rounds, sizeof(*rates), compare);
    qsort(lines, rounds, sizeof(*lines), compare);
    (void)printf("%.0f MB/s (%zu found in %zu lines; finding the lines alone %.0f MB/s)\n",
            rates[rounds / 2], found / times / rounds, ends / times / rounds, lines[rounds / 2]);
    free(rates);
    free(lines);
    tv_buf_release(&text);
    return 0;
}
