/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the candidate that the fewest slips of the hand turn into the text.
 *
 * The slips are Damerau's (A technique for computer detection and correction of spelling errors,
 * 1964): a letter too many, too few, wrong, or two neighbours swapped. The distance is optimal
 * string alignment, which edits no part twice; the unrestricted distance differs only on pairs
 * that nobody would call similar, and needs a whole matrix where this needs three rows. */
#include "base/str.h"

enum { LENGTH_MAX = 64 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Fills the row of a's first `i` letters; rows[0] is its own, rows[1] and [2] those before it. */
static void fill_row(unsigned *rows[3], struct tv_str a, struct tv_str b, size_t i)
{
    char mine = lower(a.ptr[i - 1]);
    rows[0][0] = (unsigned)i;
    for (size_t j = 1; j <= b.len; j++) {
        char theirs = lower(b.ptr[j - 1]);
        unsigned best = rows[1][j - 1] + (mine != theirs);
        best = least(best, least(rows[1][j], rows[0][j - 1]) + 1);
        if (i > 1 && j > 1 && mine == lower(b.ptr[j - 2]) && lower(a.ptr[i - 2]) == theirs)
            best = least(best, rows[2][j - 2] + 1);
        rows[0][j] = best;
    }
}

static unsigned distance(struct tv_str a, struct tv_str b)
{
    unsigned cells[3][LENGTH_MAX + 1];
    unsigned *rows[3] = {cells[0], cells[1], cells[2]};
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *oldest = rows[2];
        rows[2] = rows[1];
        rows[1] = rows[0];
        rows[0] = oldest;
        fill_row(rows, a, b, i);
    }
    return rows[0][b.len];
}

int tv_str_nearest(struct tv_str text, const struct tv_str *candidates, size_t count)
{
    int nearest = -1;
    if (text.len > LENGTH_MAX)
        return nearest;
    unsigned limit = (unsigned)text.len / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        if (candidates[i].len > LENGTH_MAX)
            continue;
        unsigned found = distance(text, candidates[i]);
        if (found < limit) {
            limit = found;
            nearest = (int)i;
        }
    }
    return nearest;
}
