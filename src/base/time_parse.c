/* SPDX-License-Identifier: Apache-2.0 */
/* Text to times.
 *
 * One set of small readers serves RFC 3339 and its shorter local forms; each takes what it expects
 * from the front and says whether it was there. Epoch numbers are worked on as digits, never as a
 * double: 1705333643.123456789 has more of them than a double holds. */
#include "base/digits.h"
#include "base/time_internal.h"

/* Takes exactly `width` digits, at most nine. */
static bool take_number(struct tv_str *text, size_t width, int *out)
{
    if (text->len < width)
        return false;
    unsigned value = 0;
    for (size_t i = 0; i < width; i++) {
        unsigned digit = (unsigned)(unsigned char)text->ptr[i] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *text = (struct tv_str){text->ptr + width, text->len - width};
    *out = (int)value;
    return true;
}

static bool take_one(struct tv_str *text, char c)
{
    if (text->len == 0 || *text->ptr != c)
        return false;
    *text = (struct tv_str){text->ptr + 1, text->len - 1};
    return true;
}

/* What may stand between date and time (RFC 3339 section 5.6, its note). */
static bool take_between(struct tv_str *text)
{
    return take_one(text, 'T') || take_one(text, 't') || take_one(text, ' ');
}

static bool take_date(struct tv_str *text, struct tv_civil *out)
{
    return take_number(text, 4, &out->year) && take_one(text, '-') &&
            take_number(text, 2, &out->month) && take_one(text, '-') &&
            take_number(text, 2, &out->day);
}

static bool take_hour_and_minute(struct tv_str *text, struct tv_civil *out)
{
    return take_number(text, 2, &out->hour) && take_one(text, ':') &&
            take_number(text, 2, &out->minute);
}

static void skip_digits(struct tv_str *text)
{
    for (int digit = 0; take_number(text, 1, &digit);)
        ;
}

/* ":SS" and, if there is a point, at least one decimal; those after the ninth are cut off. */
static bool take_seconds(struct tv_str *text, struct tv_civil *out)
{
    if (!take_one(text, ':') || !take_number(text, 2, &out->second))
        return false;
    if (!take_one(text, '.'))
        return true;
    if (take_number(text, 9, &out->nanosecond)) {
        skip_digits(text);
        return true;
    }
    int digits = 0;
    for (int digit = 0; take_number(text, 1, &digit); digits++)
        out->nanosecond = out->nanosecond * 10 + digit;
    for (int i = digits; i < 9; i++)
        out->nanosecond *= 10;
    return digits > 0;
}

static bool take_zone(struct tv_str *text, int64_t *east_seconds)
{
    *east_seconds = 0;
    if (take_one(text, 'Z') || take_one(text, 'z'))
        return true;
    bool west = take_one(text, '-');
    struct tv_civil offset = {0};
    if ((!west && !take_one(text, '+')) || !take_hour_and_minute(text, &offset) ||
            offset.hour > 23 || offset.minute > 59)
        return false;
    *east_seconds = offset.hour * 3600 + offset.minute * 60;
    if (west)
        *east_seconds = -*east_seconds;
    return true;
}

bool tv_time_parse_rfc3339(struct tv_str text, int64_t *out)
{
    struct tv_civil civil = {0};
    int64_t seconds = 0;
    int64_t east_seconds = 0;
    if (!take_date(&text, &civil) || !take_between(&text) || !take_hour_and_minute(&text, &civil) ||
            !take_seconds(&text, &civil) || !take_zone(&text, &east_seconds) || text.len > 0)
        return false;
    return tv_civil_seconds(&civil, &seconds) &&
            tv_time_combine(seconds - east_seconds, civil.nanosecond, out);
}

bool tv_time_parse_local(struct tv_str text, int64_t utc_offset_ns, int64_t *out)
{
    struct tv_civil civil = {0};
    if (!take_date(&text, &civil))
        return false;
    if (text.len > 0 && !(take_between(&text) && take_hour_and_minute(&text, &civil)))
        return false;
    if (text.len > 0 && !(take_seconds(&text, &civil) && text.len == 0))
        return false;
    int64_t seconds = 0;
    if (!tv_civil_seconds(&civil, &seconds))
        return false;
    /* The offset may bring a time of 1969 into range, so it is applied before the range is asked.
     * Years up to 9999 fit in 64 bits as seconds but not as nanoseconds. */
    int64_t offset_seconds = utc_offset_ns / TV_NS_PER_S;
    int64_t nanosecond = civil.nanosecond - utc_offset_ns % TV_NS_PER_S;
    seconds -= offset_seconds;
    if (nanosecond < 0) {
        nanosecond += TV_NS_PER_S;
        seconds--;
    } else if (nanosecond >= TV_NS_PER_S) {
        nanosecond -= TV_NS_PER_S;
        seconds++;
    }
    return tv_time_combine(seconds, (int)nanosecond, out);
}

/* The digit at `index` of the number's digits in a row; 0 before and behind them. */
static unsigned digit_at(const struct tv_decimal *number, int64_t index)
{
    int64_t whole = (int64_t)number->whole.len;
    if (index < 0 || index >= whole + (int64_t)number->fraction.len)
        return 0;
    char c = index < whole ? number->whole.ptr[index] : number->fraction.ptr[index - whole];
    return (unsigned)(c - '0');
}

static bool is_zero(const struct tv_decimal *number)
{
    int64_t count = (int64_t)(number->whole.len + number->fraction.len);
    for (int64_t i = 0; i < count; i++) {
        if (digit_at(number, i) != 0)
            return false;
    }
    return true;
}

struct epoch_unit {
    uint64_t below;
    int decimals; /* digits behind the point that nanoseconds hold */
};

static const struct epoch_unit epoch_units[] = {
        {UINT64_C(100000000000), 9},
        {UINT64_C(100000000000000), 6},
        {UINT64_C(100000000000000000), 3},
        {UINT64_MAX, 0},
};

bool tv_time_parse_epoch(struct tv_str text, int64_t *out)
{
    struct tv_decimal number;
    if (!tv_decimal_split(text, &number) || number.negative)
        return false;
    if (is_zero(&number)) {
        *out = 0;
        return true;
    }
    int64_t point = (int64_t)number.whole.len + number.exponent;
    uint64_t value = 0;
    int64_t at = 0;
    for (; at < point; at++) {
        if (value > (uint64_t)TV_TIME_MAX / 10)
            return false;
        value = value * 10 + digit_at(&number, at);
    }
    const struct epoch_unit *unit = epoch_units;
    while (value >= unit->below)
        unit++;
    for (int i = 0; i < unit->decimals; i++) {
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
                __builtin_add_overflow(value, (uint64_t)digit_at(&number, point + i), &value))
            return false;
    }
    if (value > (uint64_t)TV_TIME_MAX)
        return false;
    *out = (int64_t)value;
    return true;
}
