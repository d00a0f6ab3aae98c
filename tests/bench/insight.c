/* SPDX-License-Identifier: Apache-2.0 */
/* The cost of the detector: one long noisy daily series, and many series in turn, whose states do not fit
 * the caches. CPU time of this process, least of five runs. */
#include "insight/detector.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { POINTS = 2000000, SERIES = 5000, RUNS = 5 };

static double cpu_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double *make_numbers(void)
{
    uint64_t random = 88172645463325252U;
    double *numbers = tv_calloc(POINTS, sizeof(*numbers));
    for (int i = 0; i < POINTS; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        double uniform = (double)(random >> 11) * 0x1p-53;
        numbers[i] = 100 + 40 * sin(i * (2 * M_PI / 288)) - 10 * log(1 - uniform);
    }
    return numbers;
}

/* Nanoseconds a point, the points dealt to `series` detectors in turn. */
static double measure(const double *numbers, int series, uint64_t *alarms)
{
    double best = INFINITY;
    for (int run = 0; run < RUNS; run++) {
        struct tv_detector *detectors = tv_calloc((size_t)series, sizeof(*detectors));
        *alarms = 0;
        double start = cpu_seconds();
        for (int i = 0; i < POINTS; i++) {
            int64_t time = (int64_t)(i / series) * 300 * 1000000000;
            *alarms += tv_detector_next(&detectors[i % series], time, numbers[i]).anomaly;
        }
        best = fmin(best, (cpu_seconds() - start) * 1e9 / POINTS);
        free(detectors);
    }
    return best;
}

int main(void)
{
    double *numbers = make_numbers();
    const int series[] = {1, SERIES};
    (void)printf("%zu bytes a series\n", sizeof(struct tv_detector));
    for (size_t i = 0; i < sizeof(series) / sizeof(series[0]); i++) {
        uint64_t alarms;
        double ns = measure(numbers, series[i], &alarms);
        (void)printf("%5d series: %.0f ns a point, %llu of %d points flagged\n", series[i], ns,
                (unsigned long long)alarms, POINTS);
    }
    free(numbers);
    return 0;
}
