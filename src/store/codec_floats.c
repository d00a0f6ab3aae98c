/* SPDX-License-Identifier: Apache-2.0 */
/* Doubles.
 *
 * Measured numbers were mostly decimals with a few places once (12.3), which is an integer and a
 * power of ten: if value × 10^e rounds to an integer whose quotient by 10^e is the very same double,
 * for all values, the integers are stored. The idea is that of ALP (Afroozeh, Kuffo, Boncz, 2023),
 * without its exceptions: a column that has any value of another kind is stored by its bits. */
#include "store/codec.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

enum { EXPONENT_MAX = 9, EXPONENT_NONE = 255 };

#define EXACT_MAX 9007199254740992.0 /* 2^53 */

static const double powers[EXPONENT_MAX + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* The integer that stands for the bits at an exponent; false if none does exactly. */
static bool as_integer(uint64_t bits, unsigned exponent, int64_t *out)
{
    double scaled = double_of(bits) * powers[exponent];
    if (!(scaled > -EXACT_MAX && scaled < EXACT_MAX))
        return false;
    *out = (int64_t)nearbyint(scaled);
    return bits_of((double)*out / powers[exponent]) == bits;
}

/* The least exponent that serves all values, or EXPONENT_NONE. */
static unsigned exponent_of(const uint64_t *bits, uint32_t count)
{
    unsigned exponent = 0;
    int64_t integer = 0;
    for (uint32_t i = 0; i < count; i++)
        while (!as_integer(bits[i], exponent, &integer))
            if (++exponent > EXPONENT_MAX)
                return EXPONENT_NONE;
    return exponent;
}

void tv_floats_put(struct tv_buf *out, const uint64_t *bits, uint32_t count)
{
    if (count == 0)
        return;
    unsigned exponent = exponent_of(bits, count);
    int64_t *integers = tv_malloc(count * sizeof(*integers));
    /* An exponent that came late may be too great for an early value. */
    for (uint32_t i = 0; exponent != EXPONENT_NONE && i < count; i++)
        if (!as_integer(bits[i], exponent, &integers[i]))
            exponent = EXPONENT_NONE;
    if (exponent == EXPONENT_NONE)
        memcpy(integers, bits, count * sizeof(*integers));
    tv_buf_append_char(out, (char)exponent);
    tv_ints_put(out, integers, count);
    free(integers);
}

bool tv_floats_get(struct tv_reader *in, uint32_t count, uint64_t *out)
{
    const uint8_t *exponent = NULL;
    if (count == 0)
        return true;
    if (!tv_get_bytes(in, 1, &exponent) || !tv_ints_get(in, count, (int64_t *)out))
        return false;
    if (*exponent == EXPONENT_NONE)
        return true;
    if (*exponent > EXPONENT_MAX)
        return false;
    for (uint32_t i = 0; i < count; i++)
        out[i] = bits_of((double)(int64_t)out[i] / powers[*exponent]);
    return true;
}
