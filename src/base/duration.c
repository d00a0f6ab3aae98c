/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and sizes: a number with a unit.
 *
 * Both are tables of units, and the number stays decimal digits until it is multiplied, so "0.1s"
 * is 100,000,000 ns and not one less. What is smaller than a nanosecond or a byte is cut off. */
#include "base/digits.h"
#include "base/time.h"

struct unit {
    const char *symbol;
    const char *word; /* singular, or NULL */
    uint64_t scale;
};

/* Largest first, as tv_duration_format needs them. */
static const struct unit duration_units[] = {
        {"w", "week", 7 * (uint64_t)TV_NS_PER_DAY},
        {"d", "day", (uint64_t)TV_NS_PER_DAY},
        {"h", "hour", (uint64_t)TV_NS_PER_HOUR},
        {"m", "minute", (uint64_t)TV_NS_PER_MIN},
        {"s", "second", (uint64_t)TV_NS_PER_S},
        {"ms", "millisecond", (uint64_t)TV_NS_PER_MS},
        {"us", "microsecond", (uint64_t)TV_NS_PER_US},
        {"ns", "nanosecond", 1},
};

enum { DURATION_UNITS = sizeof(duration_units) / sizeof(duration_units[0]) };

/* Other spellings: µ is U+00B5 (micro sign) or U+03BC (Greek letter mu). */
static const struct unit duration_aliases[] = {
        {"\xc2\xb5s", NULL, (uint64_t)TV_NS_PER_US},
        {"\xce\xbcs", NULL, (uint64_t)TV_NS_PER_US},
        {"sec", "sec", (uint64_t)TV_NS_PER_S},
        {"min", "min", (uint64_t)TV_NS_PER_MIN},
        {"hr", "hr", (uint64_t)TV_NS_PER_HOUR},
};

static const struct unit size_units[] = {
        {"", NULL, 1},
        {"B", "byte", 1},
        {"kB", NULL, UINT64_C(1000)},
        {"MB", NULL, UINT64_C(1000000)},
        {"GB", NULL, UINT64_C(1000000000)},
        {"TB", NULL, UINT64_C(1000000000000)},
        {"KiB", NULL, UINT64_C(1) << 10},
        {"MiB", NULL, UINT64_C(1) << 20},
        {"GiB", NULL, UINT64_C(1) << 30},
        {"TiB", NULL, UINT64_C(1) << 40},
};

static bool named(const struct unit *unit, struct tv_str name)
{
    if (tv_str_equal_nocase(name, tv_str_of(unit->symbol)))
        return true;
    if (!unit->word || name.len == 0)
        return false;
    struct tv_str singular = name;
    if (name.ptr[name.len - 1] == 's' || name.ptr[name.len - 1] == 'S')
        singular.len--;
    return tv_str_equal_nocase(singular, tv_str_of(unit->word));
}

static uint64_t scale_of(const struct unit *units, size_t count, struct tv_str name)
{
    for (size_t i = 0; i < count; i++) {
        if (named(&units[i], name))
            return units[i].scale;
    }
    return 0;
}

bool tv_duration_parse(struct tv_str text, int64_t *out_ns)
{
    text = tv_str_trim(text);
    bool negative = text.len > 0 && text.ptr[0] == '-';
    if (negative) {
        text.ptr++;
        text.len--;
    }
    struct tv_amount amount;
    if (!tv_amount_take(&text, &amount))
        return false;
    uint64_t scale = scale_of(duration_units, DURATION_UNITS, text);
    if (scale == 0) {
        size_t count = sizeof(duration_aliases) / sizeof(duration_aliases[0]);
        scale = scale_of(duration_aliases, count, text);
    }
    uint64_t magnitude = 0;
    if (scale == 0 || !tv_amount_scale(&amount, scale, &magnitude) ||
            magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *out_ns = (int64_t)(negative ? -magnitude : magnitude);
    return true;
}

size_t tv_duration_format(int64_t duration_ns, char out[24])
{
    if (duration_ns == 0) {
        memcpy(out, "0s", sizeof("0s"));
        return sizeof("0s") - 1;
    }
    size_t length = 0;
    uint64_t magnitude = (uint64_t)duration_ns;
    if (duration_ns < 0) {
        out[length++] = '-';
        magnitude = -magnitude;
    }
    const struct unit *unit = duration_units;
    while (magnitude % unit->scale != 0)
        unit++;
    length += tv_digits_u64(magnitude / unit->scale, out + length);
    size_t symbol_bytes = strlen(unit->symbol);
    memcpy(out + length, unit->symbol, symbol_bytes + 1);
    return length + symbol_bytes;
}

bool tv_size_parse(struct tv_str text, uint64_t *out_bytes)
{
    text = tv_str_trim(text);
    struct tv_amount amount;
    if (!tv_amount_take(&text, &amount))
        return false;
    uint64_t scale = scale_of(size_units, sizeof(size_units) / sizeof(size_units[0]), text);
    return scale != 0 && tv_amount_scale(&amount, scale, out_bytes);
}
