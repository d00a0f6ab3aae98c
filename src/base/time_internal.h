/* SPDX-License-Identifier: Apache-2.0 */
/* What the calendar and the parsers of times share. Private to this room. */
#ifndef TV_BASE_TIME_INTERNAL_H
#define TV_BASE_TIME_INTERNAL_H

#include "base/time.h"

/* Seconds since 1970 of a date and time of the years 0 to 9999, which may be before 1970; the
 * nanosecond is checked and left out. False if a part is out of range. */
TV_CHECKED bool tv_civil_seconds(const struct tv_civil *civil, int64_t *out);
/* The time at `seconds` and `nanosecond`; false outside TV_TIME_MIN … TV_TIME_MAX. */
TV_CHECKED bool tv_time_combine(int64_t seconds, int nanosecond, int64_t *out);

#endif
