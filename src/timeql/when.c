/* SPDX-License-Identifier: Apache-2.0 */
/* Each form is tried in turn; no two of them share a text. A local time is turned to UTC with the
 * offset that holds at it: first guessed with the offset of the same figures read as UTC, then asked
 * again at the result, which settles all but the hour that a change of clocks repeats or leaves out. */
#include "timeql/when.h"

#include "base/time.h"

/* The text behind a word and its blanks; false if it does not begin with the word. */
static bool behind_word(struct tv_str text, struct tv_str word, struct tv_str *rest)
{
    if (text.len < word.len || !tv_str_equal_nocase((struct tv_str){text.ptr, word.len}, word))
        return false;
    *rest = (struct tv_str){text.ptr + word.len, text.len - word.len};
    bool apart =
            rest->len == 0 || rest->ptr[0] == ' ' || rest->ptr[0] == '-' || rest->ptr[0] == '+';
    *rest = tv_str_trim(*rest);
    return apart;
}

static bool shifted(int64_t time, int64_t by, int64_t *out)
{
    int64_t sum;
    if (__builtin_add_overflow(time, by, &sum) || sum < TV_TIME_MIN)
        return false;
    *out = sum;
    return true;
}

static bool now_form(const struct tv_clock *clock, struct tv_str text, int64_t *out)
{
    struct tv_str rest;
    int64_t ns;
    if (!behind_word(text, TV_STR("now"), &rest))
        return false;
    if (rest.len == 0)
        return shifted(clock->now_ns, 0, out);
    bool minus = rest.ptr[0] == '-';
    if (!minus && rest.ptr[0] != '+')
        return false;
    struct tv_str amount = tv_str_trim((struct tv_str){rest.ptr + 1, rest.len - 1});
    return tv_duration_parse(amount, &ns) && shifted(clock->now_ns, minus ? -ns : ns, out);
}

static bool ago_form(const struct tv_clock *clock, struct tv_str text, int64_t *out)
{
    int64_t ns;
    if (text.len < 4 ||
            !tv_str_equal_nocase((struct tv_str){text.ptr + text.len - 4, 4}, TV_STR(" ago")))
        return false;
    struct tv_str amount = tv_str_trim((struct tv_str){text.ptr, text.len - 4});
    return tv_duration_parse(amount, &ns) && shifted(clock->now_ns, -ns, out);
}

static bool from_local(const struct tv_clock *clock, int64_t as_utc, int64_t *out)
{
    int64_t guess = as_utc - tv_timezone_offset(&clock->zone, as_utc);
    return shifted(as_utc, -tv_timezone_offset(&clock->zone, guess), out);
}

/* "HH:MM[:SS]" as ns of a day. */
static bool time_of_day(struct tv_str text, int64_t *out)
{
    char full[32] = "1970-01-01 ";
    if (text.len == 0) {
        *out = 0;
        return true;
    }
    if (text.len > 18 || text.len < 4)
        return false;
    size_t len = 11;
    if (text.ptr[1] == ':')
        full[len++] = '0';
    memcpy(full + len, text.ptr, text.len);
    return tv_time_parse_local((struct tv_str){full, len + text.len}, 0, out);
}

static bool day_form(const struct tv_clock *clock, struct tv_str text, int64_t *out)
{
    struct tv_str rest;
    int64_t of_day;
    int64_t days = 0;
    if (behind_word(text, TV_STR("yesterday"), &rest))
        days = 1;
    else if (!behind_word(text, TV_STR("today"), &rest))
        return false;
    if (!time_of_day(rest, &of_day))
        return false;
    int64_t local = clock->now_ns + tv_timezone_offset(&clock->zone, clock->now_ns);
    int64_t midnight = local - local % TV_NS_PER_DAY - days * TV_NS_PER_DAY;
    return from_local(clock, midnight + of_day, out);
}

bool tv_when(const struct tv_clock *clock, struct tv_str text, int64_t *out)
{
    int64_t local;
    text = tv_str_trim(text);
    if (tv_time_parse_rfc3339(text, out) || tv_time_parse_epoch(text, out))
        return true;
    if (tv_time_parse_local(text, 0, &local))
        return from_local(clock, local, out);
    return now_form(clock, text, out) || ago_form(clock, text, out) || day_form(clock, text, out);
}
