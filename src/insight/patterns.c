/* SPDX-License-Identifier: Apache-2.0 */
/* Mining by pairs.
 *
 * Every ordered pair of kinds is one walk over two sorted lists, so all pairs cost kinds × occurrences;
 * the chance of each is known beforehand from how much of the window the second kind covers. Only what is
 * significant by that is asked again a little before and behind the first kind's own times, and at the
 * same time of other days, which removes what both kinds owe to busy hours. Frequent-episode mining in the manner of WINEPI (Mannila, Toivonen, Verkamo, 1997)
 * was turned down: a minimum frequency says nothing of chance, and what matters here is rare. */
#include "insight/patterns.h"

#include "base/mem.h"
#include "stats/binomial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOWS = 4, SHIFTS = 10, EXTEND_MAX = 256 };
static const int64_t windows_ns[WINDOWS] = {
        10 * TV_NS_PER_S, TV_NS_PER_MIN, 10 * TV_NS_PER_MIN, TV_NS_PER_HOUR};

/* A chain found, with the times of its first and last steps. */
struct chain {
    struct tv_pattern pattern;
    int64_t *starts, *ends; /* pattern.support each; owned */
};

struct mining {
    const struct tv_kinds *kinds;
    int64_t from, to;
    const struct tv_cancel *cancel;
    double *coverage; /* kind by window: the share of time behind which the kind occurs */
    int64_t *delays;  /* room for the most occurrences of a kind */
    struct chain *chains;
    size_t chain_count, chain_cap;
    uint64_t tried;
};

/* What stands before the step in question: a kind, or a chain's ends. */
struct prefix {
    const struct chain *chain; /* NULL: kind alone */
    uint32_t kind;
    const int64_t *starts, *times;
    size_t count;
};

size_t tv_patterns_follow(
        struct tv_times from, struct tv_times to, int64_t within_ns, int64_t *delays)
{
    size_t found = 0;
    size_t next = 0;
    for (size_t i = 0; i < from.count; i++) {
        int64_t time = from.items[i];
        while (next < to.count && to.items[next] <= time)
            next++;
        if (next == to.count)
            break;
        bool before_next = i + 1 == from.count || to.items[next] <= from.items[i + 1];
        if (before_next && to.items[next] - time <= within_ns)
            delays[found++] = to.items[next] - time;
    }
    return found;
}

static double coverage_of(const struct mining *mining, const struct tv_kind *kind, int64_t within)
{
    double covered = 0;
    for (size_t i = 0; i < kind->count; i++) {
        int64_t before = i > 0 ? kind->times[i - 1] : mining->from;
        covered += fmin((double)(kind->times[i] - before), (double)within);
    }
    return covered / fmax((double)(mining->to - mining->from), 1);
}

/* Of the prefix's times, shifted, how many the kind follows within; those that leave the window are not
 * counted. */
struct shifted {
    double asked, hits;
};

static struct shifted shift(const struct mining *mining, const struct prefix *prefix,
        const struct tv_kind *kind, int64_t within, int64_t by)
{
    struct shifted sum = {0};
    size_t next = 0;
    for (size_t i = 0; i < prefix->count; i++) {
        int64_t time = prefix->times[i] + by;
        if (time < mining->from || time > mining->to - within)
            continue;
        while (next < kind->count && kind->times[next] <= time)
            next++;
        sum.asked++;
        sum.hits += next < kind->count && kind->times[next] - time <= within;
    }
    return sum;
}

/* The chance of the kind to follow the prefix's times as it follows them shifted by multiples of `unit`,
 * the nearest ones left out where they overlap. Half a hit is added, since none in few is not never. */
static double chance_at(const struct mining *mining, const struct prefix *prefix,
        const struct tv_kind *kind, const struct tv_pattern *pattern, int64_t unit)
{
    struct shifted sum = {1, 0.5};
    int nearest = unit == pattern->within_ns ? 2 : 1;
    for (int times = -SHIFTS; times <= SHIFTS; times++) {
        if (abs(times) < nearest)
            continue;
        struct shifted one = shift(mining, prefix, kind, pattern->within_ns, times * unit);
        sum.asked += one.asked;
        sum.hits += one.hits;
    }
    return sum.hits / sum.asked;
}

static int by_length(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Keeps the chain of a prefix and the kind that follows it. */
static void keep(struct mining *mining, const struct prefix *prefix, struct tv_pattern pattern)
{
    const struct tv_kind *kind = &mining->kinds->items[pattern.kinds[pattern.length - 1]];
    struct chain chain = {.pattern = pattern,
            .starts = tv_calloc(pattern.support, sizeof(int64_t)),
            .ends = tv_calloc(pattern.support, sizeof(int64_t))};
    size_t kept = 0;
    size_t next = 0;
    for (size_t i = 0; i < prefix->count && kept < pattern.support; i++) {
        while (next < kind->count && kind->times[next] <= prefix->times[i])
            next++;
        if (next == kind->count)
            break;
        bool before_next = i + 1 == prefix->count || kind->times[next] <= prefix->times[i + 1];
        if (!before_next || kind->times[next] - prefix->times[i] > pattern.within_ns)
            continue;
        chain.starts[kept] = prefix->starts[i];
        chain.ends[kept] = kind->times[next];
        mining->delays[kept] = chain.ends[kept] - chain.starts[kept];
        kept++;
    }
    qsort(mining->delays, kept, sizeof(*mining->delays), by_length);
    chain.pattern.delay_ns = mining->delays[kept / 2];
    chain.pattern.delay_most_ns = mining->delays[(kept * 9) / 10 < kept ? kept * 9 / 10 : kept - 1];
    chain.pattern.last_start = chain.starts[kept - 1];
    chain.pattern.last_end = chain.ends[kept - 1];
    if (mining->chain_count == mining->chain_cap) {
        mining->chain_cap = tv_grown(mining->chain_cap, mining->chain_count + 1, 64);
        mining->chains =
                tv_realloc_array(mining->chains, mining->chain_cap, sizeof(*mining->chains));
    }
    mining->chains[mining->chain_count++] = chain;
}

/* The probability of the pattern's hits by chance, corrected, as a logarithm. */
static double significance(const struct mining *mining, const struct tv_pattern *pattern)
{
    double tail = tv_binomial_tail(pattern->support, pattern->of, pattern->chance);
    return fmin(tail + log((double)mining->tried), 0);
}

/* Tries the kind behind the prefix at each window; keeps the most significant if it is significant. */
static void try_kind(struct mining *mining, const struct prefix *prefix, uint32_t number)
{
    const struct tv_kind *kind = &mining->kinds->items[number];
    struct tv_pattern best = {.significance = log(TV_PATTERN_LEVEL)};
    bool found = false;
    struct tv_times before = {prefix->times, prefix->count};
    struct tv_times behind = {kind->times, kind->count};
    size_t followed = tv_patterns_follow(before, behind, windows_ns[WINDOWS - 1], mining->delays);
    for (unsigned w = 0; w < WINDOWS; w++) {
        struct tv_pattern one = {.within_ns = windows_ns[w], .of = prefix->count};
        for (size_t i = 0; i < followed; i++)
            one.support += mining->delays[i] <= windows_ns[w];
        one.chance = mining->coverage[number * WINDOWS + w];
        if (one.support < TV_PATTERN_SUPPORT_MIN || significance(mining, &one) >= best.significance)
            continue;
        one.chance = fmax(one.chance, chance_at(mining, prefix, kind, &one, windows_ns[w]));
        if (significance(mining, &one) >= best.significance)
            continue;
        one.chance = fmax(one.chance, chance_at(mining, prefix, kind, &one, TV_NS_PER_DAY));
        one.significance = significance(mining, &one);
        if (one.significance >= best.significance)
            continue;
        best = one;
        found = true;
    }
    if (!found)
        return;
    best.length = prefix->chain ? prefix->chain->pattern.length + 1 : 2;
    if (prefix->chain)
        memcpy(best.kinds, prefix->chain->pattern.kinds, sizeof(best.kinds));
    else
        best.kinds[0] = prefix->kind;
    best.kinds[best.length - 1] = number;
    keep(mining, prefix, best);
}

static bool is_in(const struct prefix *prefix, uint32_t number)
{
    if (!prefix->chain)
        return prefix->kind == number;
    for (unsigned i = 0; i < prefix->chain->pattern.length; i++)
        if (prefix->chain->pattern.kinds[i] == number)
            return true;
    return false;
}

static enum tv_status try_all(struct mining *mining, const struct prefix *prefix)
{
    if (prefix->count >= TV_PATTERN_SUPPORT_MIN)
        for (uint32_t number = 0; number < mining->kinds->count; number++)
            if (!is_in(prefix, number) && mining->kinds->items[number].count > 0)
                try_kind(mining, prefix, number);
    return tv_cancel_check(mining->cancel);
}

static enum tv_status mine_pairs(struct mining *mining)
{
    enum tv_status status = TV_OK;
    for (uint32_t i = 0; i < mining->kinds->count && status == TV_OK; i++) {
        const struct tv_kind *kind = &mining->kinds->items[i];
        struct prefix prefix = {
                .kind = i, .starts = kind->times, .times = kind->times, .count = kind->count};
        status = try_all(mining, &prefix);
    }
    return status;
}

static int by_significance(const void *left, const void *right)
{
    const struct tv_pattern *a = &((const struct chain *)left)->pattern;
    const struct tv_pattern *b = &((const struct chain *)right)->pattern;
    if (a->significance != b->significance)
        return a->significance < b->significance ? -1 : 1;
    if (a->length != b->length)
        return a->length > b->length ? -1 : 1;
    return memcmp(a->kinds, b->kinds, a->length * sizeof(a->kinds[0]));
}

/* Continues the most significant of the chains from `first` on by one step. */
static enum tv_status extend(struct mining *mining, size_t first)
{
    size_t end = mining->chain_count;
    enum tv_status status = TV_OK;
    if (end > first)
        qsort(mining->chains + first, end - first, sizeof(*mining->chains), by_significance);
    size_t last = end - first > EXTEND_MAX ? first + EXTEND_MAX : end;
    mining->tried += (uint64_t)(last - first) * mining->kinds->count * WINDOWS;
    for (size_t i = first; i < last && status == TV_OK; i++) {
        struct chain chain = mining->chains[i]; /* the array moves while chains are added */
        struct prefix prefix = {.chain = &chain,
                .starts = chain.starts,
                .times = chain.ends,
                .count = chain.pattern.support};
        status = try_all(mining, &prefix);
    }
    return status;
}

/* Whether the kinds of `part` occur in this order in `whole`, which holds almost as often. */
static bool is_told_by(const struct tv_pattern *part, const struct tv_pattern *whole)
{
    unsigned matched = 0;
    if (whole->length <= part->length || whole->support * 10 < part->support * 9)
        return false;
    for (unsigned i = 0; i < whole->length && matched < part->length; i++)
        matched += whole->kinds[i] == part->kinds[matched];
    return matched == part->length;
}

static void hand_over(struct mining *mining, struct tv_patterns *out)
{
    if (mining->chain_count > 0)
        qsort(mining->chains, mining->chain_count, sizeof(*mining->chains), by_significance);
    *out = (struct tv_patterns){.tried = mining->tried};
    size_t most = mining->chain_count < TV_PATTERNS_MAX ? mining->chain_count : TV_PATTERNS_MAX;
    out->items = tv_calloc(most + 1, sizeof(*out->items));
    for (size_t i = 0; i < most; i++) {
        bool told = false;
        for (size_t k = 0; k < most && !told; k++)
            told = is_told_by(&mining->chains[i].pattern, &mining->chains[k].pattern);
        if (!told)
            out->items[out->count++] = mining->chains[i].pattern;
    }
}

static void prepare(struct mining *mining)
{
    const struct tv_kinds *kinds = mining->kinds;
    size_t most = 0;
    mining->coverage = tv_calloc((size_t)kinds->count * WINDOWS + 1, sizeof(double));
    for (uint32_t i = 0; i < kinds->count; i++) {
        most = kinds->items[i].count > most ? kinds->items[i].count : most;
        for (unsigned w = 0; w < WINDOWS; w++)
            mining->coverage[i * WINDOWS + w] =
                    coverage_of(mining, &kinds->items[i], windows_ns[w]);
    }
    mining->delays = tv_calloc(most + 1, sizeof(*mining->delays));
    mining->tried = (uint64_t)kinds->count * (kinds->count > 0 ? kinds->count - 1 : 0) * WINDOWS;
}

enum tv_status tv_patterns_mine(const struct tv_kinds *kinds, int64_t from, int64_t to,
        const struct tv_cancel *cancel, struct tv_patterns *out)
{
    struct mining mining = {.kinds = kinds, .from = from, .to = to, .cancel = cancel};
    prepare(&mining);
    enum tv_status status = mine_pairs(&mining);
    size_t first = 0;
    for (unsigned length = 3; length <= TV_PATTERN_LENGTH_MAX && status == TV_OK; length++) {
        size_t longer = mining.chain_count;
        status = extend(&mining, first);
        first = longer;
    }
    if (status == TV_OK)
        hand_over(&mining, out);
    for (size_t i = 0; i < mining.chain_count; i++) {
        free(mining.chains[i].starts);
        free(mining.chains[i].ends);
    }
    free(mining.chains);
    free(mining.coverage);
    free(mining.delays);
    return status;
}

void tv_patterns_release(struct tv_patterns *patterns)
{
    free(patterns->items);
    *patterns = (struct tv_patterns){0};
}
