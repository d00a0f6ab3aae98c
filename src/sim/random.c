/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that a seed repeats, so that a run can be looked at twice. */
#include "sim/sim_internal.h"

#include <math.h>

uint64_t sim_random_next(struct sim_random *random)
{
    uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double sim_random_unit(struct sim_random *random)
{
    return (double)(sim_random_next(random) >> 11) * 0x1p-53;
}

double sim_random_exponential(struct sim_random *random, double mean)
{
    return -mean * log1p(-sim_random_unit(random));
}

/* Box and Muller (1958) for the normal deviate. */
double sim_random_lognormal(struct sim_random *random, double median, double sigma)
{
    double radius = sqrt(sim_random_exponential(random, 2));
    double normal = radius * cos(6.283185307179586 * sim_random_unit(random));
    return median * exp(sigma * normal);
}
