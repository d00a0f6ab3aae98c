/* SPDX-License-Identifier: Apache-2.0 */
/* The search: three bytes that look right, then a recogniser that knows.
 *
 * Sixteen shapes of three bytes stand for everything there is to find: a letter, '@', a letter; three
 * digits; "eyJ"; and so on. All are looked for at once by shift-and (Baeza-Yates and Gonnet 1992): a
 * word has three lanes of sixteen bits, one bit a shape; each byte shifts the word by a lane and
 * keeps the bits whose shape has that byte there. A bit in the third lane is a hit. That is one load,
 * a shift, an or and an and for each byte, no branch but the one that is seldom taken, and the same
 * on every machine. A regular expression for each rule, which is what others do, reads the text
 * thirteen times.
 *
 * The recognisers behind a hit look left and right as far as their rule needs, within bounds, so a
 * text of any length costs time in proportion to it. */
#include "event/redact_internal.h"

enum shape {
    SHAPE_EMAIL,
    SHAPE_ESCAPE_OR_URL,
    SHAPE_DIGITS,
    SHAPE_PAIRS, /* 06 12 34 56 78 */
    SHAPE_JWT,
    SHAPE_AWS,
    SHAPE_GITHUB,
    SHAPE_PAT_OR_SLACK, /* github_pat_, xoxb- */
    SHAPE_PRIVATE_KEY,
    SHAPE_BEARER,
    SHAPE_ASSIGNED,       /* d=x */
    SHAPE_ASSIGNED_APART, /* d =, d": */
    SHAPE_HEADER,         /* d: */
    SHAPE_IBAN,
    SHAPE_IP4,
    SHAPE_IP6,
    SHAPE_COUNT
};

enum { LANE_BITS = 16 };

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ALNUM  DIGITS LOWER UPPER
#define HEX    DIGITS "abcdefABCDEF"
/* The last letters of the words that name secrets (redact.c), and the plural. */
#define SECRET_ENDS "dntyesDNTYES"
#define BIT(rule)   (1U << TV_REDACT_##rule)

/* The shapes by lane; "*" is any byte, a leading "^" also takes all bytes over 0x7f. */
static const struct {
    const char *bytes[3];
    unsigned rules; /* that need it */
    tv_redact_fn *recognise;
} shapes[SHAPE_COUNT] = {
        [SHAPE_EMAIL] = {{"^" ALNUM "._%+-'", "@", "^" ALNUM}, BIT(EMAIL), tv_redact_email},
        [SHAPE_ESCAPE_OR_URL] = {{"%:", "4/", "0/"}, BIT(EMAIL) | BIT(SLACK_TOKEN) | BIT(SECRET),
                tv_redact_escaped_at_or_url},
        [SHAPE_DIGITS] = {{DIGITS "+", DIGITS, DIGITS}, BIT(CARD) | BIT(SSN) | BIT(PHONE),
                tv_redact_number},
        [SHAPE_PAIRS] = {{DIGITS, " .-", DIGITS}, BIT(PHONE), tv_redact_pairs},
        [SHAPE_JWT] = {{"e", "y", "J"}, BIT(JWT), tv_redact_jwt},
        [SHAPE_AWS] = {{"A", "KS", "I"}, BIT(AWS_KEY), tv_redact_aws},
        [SHAPE_GITHUB] = {{"g", "h", "pousr"}, BIT(GITHUB_TOKEN), tv_redact_github},
        [SHAPE_PAT_OR_SLACK] = {{"_x", "po", "ax"}, BIT(GITHUB_TOKEN) | BIT(SLACK_TOKEN),
                tv_redact_pat_or_slack},
        [SHAPE_PRIVATE_KEY] = {{"-", "-", "B"}, BIT(PRIVATE_KEY), tv_redact_private_key},
        [SHAPE_BEARER] = {{"Bb", "Ee", "Aa"}, BIT(BEARER), tv_redact_bearer},
        [SHAPE_ASSIGNED] = {{SECRET_ENDS, "=", "*"}, BIT(SECRET), tv_redact_assigned},
        [SHAPE_ASSIGNED_APART] = {{SECRET_ENDS, " \"'\\", "=:\""}, BIT(SECRET), tv_redact_assigned},
        [SHAPE_HEADER] = {{SECRET_ENDS, ":", "*"}, BIT(SECRET), tv_redact_assigned},
        [SHAPE_IBAN] = {{UPPER, UPPER, DIGITS}, BIT(IBAN), tv_redact_iban},
        [SHAPE_IP4] = {{DIGITS, ".", DIGITS}, BIT(IP), tv_redact_ip4},
        [SHAPE_IP6] = {{HEX ":", ":", HEX ":"}, BIT(IP), tv_redact_ip6},
};

const char *tv_redact_rule_name(enum tv_redact_rule rule)
{
    static const char *const names[] = {
#define X(code, name) name,
            TV_REDACT_RULE_LIST(X)
#undef X
    };
    return names[rule];
}

static void add_bytes(struct tv_redact_scanner *scanner, const char *bytes, uint64_t bit)
{
    bool any = bytes[0] == '*';
    for (unsigned c = any ? 0 : 0x80; (any || bytes[0] == '^') && c < 256; c++)
        scanner->classes[c] |= bit;
    if (any)
        return;
    for (const char *c = bytes + (bytes[0] == '^'); *c; c++)
        scanner->classes[(uint8_t)*c] |= bit;
}

void tv_redact_scanner_init(struct tv_redact_scanner *scanner, unsigned rules)
{
    *scanner = (struct tv_redact_scanner){.rules = rules};
    for (unsigned shape = 0; shape < SHAPE_COUNT; shape++)
        for (unsigned lane = 0; (shapes[shape].rules & rules) && lane < 3; lane++)
            add_bytes(
                    scanner, shapes[shape].bytes[lane], UINT64_C(1) << (lane * LANE_BITS + shape));
}

/* Asks the recognisers of a hit, whose first byte is at `at`. */
static size_t recognise(const struct tv_redact_search *search, uint64_t hits, size_t at,
        struct tv_redact_match *match)
{
    for (; hits; hits &= hits - 1) {
        size_t next = shapes[__builtin_ctzll(hits)].recognise(search, at, match);
        if (next)
            return next;
    }
    return 0;
}

bool tv_redact_next(struct tv_redact_search *search, struct tv_redact_match *match)
{
    const uint64_t *classes = search->scanner->classes;
    const char *text = search->text.ptr;
    size_t len = search->text.len;
    uint64_t state = 0;
    for (size_t at = search->at; at < len;) {
        state = (state << LANE_BITS | 0xffff) & classes[(uint8_t)text[at++]];
        uint64_t hits = state >> (2 * LANE_BITS);
        if (__builtin_expect(hits == 0, 1))
            continue;
        match->end = 0;
        size_t next = recognise(search, hits, at - 3, match);
        if (next == 0)
            continue;
        if (match->end > 0) {
            search->at = search->floor = next;
            return true;
        }
        at = next;
        state = 0;
    }
    search->at = len;
    return false;
}
