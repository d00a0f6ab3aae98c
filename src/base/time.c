/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and the calendar.
 *
 * Dates are computed, not asked of the C library: gmtime is slow, knows locales and time zones,
 * and has a struct of its own. The arithmetic is Howard Hinnant's (chrono-Compatible Low-Level Date
 * Algorithms, days_from_civil and civil_from_days): years begin in March, so that the leap day is
 * the last of its year, and 400 years form one era of 146,097 days. */
#define _GNU_SOURCE 1 /* clock_gettime */
#include "base/time.h"

#include "base/digits.h"
#include "base/time_internal.h"

#include <time.h>

enum { SECONDS_PER_DAY = 86400, DAYS_PER_ERA = 146097, DAYS_TO_1970 = 719468 };

static int64_t clock_read(clockid_t id)
{
    struct timespec now;
    TV_ASSERT(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * TV_NS_PER_S + now.tv_nsec;
}

int64_t tv_time_now(void)
{
    return clock_read(CLOCK_REALTIME);
}

int64_t tv_time_monotonic(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* What floor_div leaves over, never negative. */
static int64_t floor_rest(int64_t value, int64_t by)
{
    int64_t rest = value % by;
    return rest < 0 ? rest + by : rest;
}

static int64_t days_from_civil(int year, int month, int day)
{
    int64_t march_year = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static void civil_from_days(int64_t days, struct tv_civil *out)
{
    days += DAYS_TO_1970;
    int64_t era = floor_div(days, DAYS_PER_ERA);
    int64_t day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    out->day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    out->month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    out->year = (int)(year_of_era + era * 400 + (out->month <= 2));
}

struct tv_civil tv_time_civil(int64_t time_ns)
{
    int64_t seconds = floor_div(time_ns, TV_NS_PER_S);
    int64_t days = floor_div(seconds, SECONDS_PER_DAY);
    int second_of_day = (int)floor_rest(seconds, SECONDS_PER_DAY);
    struct tv_civil civil = {
            .hour = second_of_day / 3600,
            .minute = second_of_day / 60 % 60,
            .second = second_of_day % 60,
            .nanosecond = (int)floor_rest(time_ns, TV_NS_PER_S),
    };
    civil_from_days(days, &civil);
    civil.weekday = (int)floor_rest(days + 4, 7); /* 1970-01-01 was a Thursday */
    return civil;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool within(int value, int least, int most)
{
    return value >= least && value <= most;
}

bool tv_civil_seconds(const struct tv_civil *civil, int64_t *out)
{
    if (!within(civil->year, 0, 9999) || !within(civil->month, 1, 12) ||
            !within(civil->day, 1, days_in_month(civil->year, civil->month)) ||
            !within(civil->hour, 0, 23) || !within(civil->minute, 0, 59) ||
            !within(civil->second, 0, 59) || !within(civil->nanosecond, 0, 999999999))
        return false;
    *out = days_from_civil(civil->year, civil->month, civil->day) * SECONDS_PER_DAY +
            civil->hour * 3600 + civil->minute * 60 + civil->second;
    return true;
}

bool tv_time_combine(int64_t seconds, int nanosecond, int64_t *out)
{
    int64_t time_ns = 0;
    if (seconds < 0 || __builtin_mul_overflow(seconds, TV_NS_PER_S, &time_ns) ||
            __builtin_add_overflow(time_ns, (int64_t)nanosecond, &time_ns))
        return false;
    *out = time_ns;
    return true;
}

bool tv_time_from_civil(const struct tv_civil *civil, int64_t *out)
{
    int64_t seconds = 0;
    return tv_civil_seconds(civil, &seconds) && tv_time_combine(seconds, civil->nanosecond, out);
}

size_t tv_time_format(int64_t time_ns, char out[TV_TIME_TEXT_BYTES])
{
    struct tv_civil civil = tv_time_civil(time_ns);
    memcpy(out, "0000-00-00T00:00:00.000000000Z", TV_TIME_TEXT_BYTES);
    tv_digits_padded((uint32_t)civil.year, 4, out);
    tv_digits_padded((uint32_t)civil.month, 2, out + 5);
    tv_digits_padded((uint32_t)civil.day, 2, out + 8);
    tv_digits_padded((uint32_t)civil.hour, 2, out + 11);
    tv_digits_padded((uint32_t)civil.minute, 2, out + 14);
    tv_digits_padded((uint32_t)civil.second, 2, out + 17);
    tv_digits_padded((uint32_t)civil.nanosecond, 9, out + 20);
    return TV_TIME_TEXT_BYTES - 1;
}
