/* SPDX-License-Identifier: Apache-2.0 */
/* Times are int64 nanoseconds since 1970-01-01T00:00:00Z, between TV_TIME_MIN and TV_TIME_MAX
 * (1970 to 2262); durations are int64 nanoseconds. Leap seconds do not exist, as in POSIX. */
#ifndef TV_BASE_TIME_H
#define TV_BASE_TIME_H

#include "base/str.h"

#define TV_NS_PER_US   INT64_C(1000)
#define TV_NS_PER_MS   INT64_C(1000000)
#define TV_NS_PER_S    INT64_C(1000000000)
#define TV_NS_PER_MIN  (60 * TV_NS_PER_S)
#define TV_NS_PER_HOUR (3600 * TV_NS_PER_S)
#define TV_NS_PER_DAY  (86400 * TV_NS_PER_S)
#define TV_TIME_MIN    INT64_C(0)
#define TV_TIME_MAX    INT64_MAX

enum { TV_TIME_TEXT_BYTES = 31 }; /* "2024-01-15T15:47:23.000000000Z" and a NUL */

/* The wall clock, and a clock that never steps back (for deadlines and rates). */
int64_t tv_time_now(void);
int64_t tv_time_monotonic(void);

/* RFC 3339 in UTC with nine decimals; writes 30 characters and a NUL; returns 30. */
size_t tv_time_format(int64_t time_ns, char out[TV_TIME_TEXT_BYTES]);

/* RFC 3339 section 5.6 (any number of decimals, cut at nanoseconds; 'T' may be a blank or lower
 * case; zone 'Z' or ±hh:mm), second 60 is refused. False if it is malformed or out of range. */
TV_CHECKED bool tv_time_parse_rfc3339(struct tv_str text, int64_t *out);

/* The same without a zone, date alone or date and time ("2024-01-15[ HH:MM[:SS[.fff]]]"), taken as
 * UTC and then moved by `utc_offset_ns` east of it. */
TV_CHECKED bool tv_time_parse_local(struct tv_str text, int64_t utc_offset_ns, int64_t *out);

/* A number as text whose unit its size tells: below 1e11 seconds, 1e14 milliseconds, 1e17
 * microseconds, else nanoseconds. Decimals are exact. False for what is no number, negative or
 * beyond 2262. "0" gives 0. */
TV_CHECKED bool tv_time_parse_epoch(struct tv_str text, int64_t *out);

/* Civil date of a time in UTC. month 1–12, day 1–31, weekday 0 = Sunday. */
struct tv_civil {
    int year, month, day, hour, minute, second, nanosecond, weekday;
};
struct tv_civil tv_time_civil(int64_t time_ns);
/* False if a part is out of range (29 February in a common year, month 13 …). */
TV_CHECKED bool tv_time_from_civil(const struct tv_civil *civil, int64_t *out);

/* "250ms", "1.5 h", "5 minutes", "30d": number, blanks, unit (ns us µs ms s m h d w or their words,
 * singular or plural, any case). False if malformed or beyond int64. */
TV_CHECKED bool tv_duration_parse(struct tv_str text, int64_t *out_ns);
/* The shortest exact form with one unit ("10s", "1500ms"); at most 24 bytes with NUL. Returns the
 * length. tv_duration_parse reads it back. */
size_t tv_duration_format(int64_t duration_ns, char out[24]);

/* "10GiB", "512 MiB", "1.5kB", "4096": bytes, decimal (kB MB GB TB) or binary units. */
TV_CHECKED bool tv_size_parse(struct tv_str text, uint64_t *out_bytes);

#endif
