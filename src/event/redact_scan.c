/* SPDX-License-Identifier: Apache-2.0 */
/* The search: four bytes that look right, then a recogniser that knows.
 *
 * Sixteen shapes of four bytes stand for everything there is to find: a letter, '@', a letter, a
 * letter; no letter before three digits; "eyJ" and a letter; and so on. All are looked for at once by
 * shift-or (Baeza-Yates and Gonnet 1992): a word has four lanes of sixteen bits, one bit a shape, 0
 * where the shape fits so far; each byte shifts the word by a lane and sets the bits whose shape has
 * no such byte there. A 0 in the fourth lane is a hit. That is a load, a shift and an or for each byte
 * and a branch, seldom taken, for every four, and the same on every machine. A regular expression for
 * each rule, which is what others do, reads the text thirteen times.
 *
 * The recognisers behind a hit look left and right as far as their rule needs, within bounds, so a
 * text of any length costs time in proportion to it. */
#include "event/redact_internal.h"

enum shape {
    SHAPE_EMAIL,
    SHAPE_ESCAPE, /* "%40", "%2B", "://" */
    SHAPE_PLUS,   /* before the digits behind it */
    SHAPE_DIGITS,
    SHAPE_PAIRS, /* 06 12 34 56 78 */
    SHAPE_JWT,
    SHAPE_AWS,
    SHAPE_GITHUB,
    SHAPE_PAT_OR_SLACK, /* github_pat_, xoxb- */
    SHAPE_PRIVATE_KEY,
    SHAPE_BEARER,
    SHAPE_ASSIGNED,       /* password=x, "token": */
    SHAPE_ASSIGNED_APART, /* password = */
    SHAPE_IBAN,
    SHAPE_IP4,
    SHAPE_IP6,
    SHAPE_COUNT
};

enum { LANES = 4, LANE_BITS = 16, LAST_LANE = (LANES - 1) * LANE_BITS };

/* A state is less where a bit of its last lane is 0. */
#define NO_HIT (UINT64_C(0xffff) << LAST_LANE)

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ALNUM  DIGITS LOWER UPPER
#define HEX    DIGITS "abcdefABCDEF"
/* How the words end that name secrets (redact.c): rd, wd, en, on, et, ie, ey; and their plurals. */
#define SECRET_END_1 "rweoidntyRWEOIDNTY"
#define SECRET_END_2 "dntyesDNTYES"
#define BIT(rule)    (1U << TV_REDACT_##rule)

/* The shapes by lane. "*" is any byte; behind "^" stand bytes beside all over 0x7f, behind "!" those
 * that are not meant. */
static const struct {
    const char *bytes[LANES];
    unsigned rules; /* that need it */
    tv_redact_fn *recognise;
} shapes[SHAPE_COUNT] = {
        [SHAPE_EMAIL] = {{"^" ALNUM "._%+-'", "@", "^" ALNUM, "^" ALNUM ".-"}, BIT(EMAIL),
                tv_redact_email},
        [SHAPE_ESCAPE] = {{"%:", "4/2", "0/B", "*"},
                BIT(EMAIL) | BIT(PHONE) | BIT(SLACK_TOKEN) | BIT(SECRET), tv_redact_escape},
        [SHAPE_DIGITS] = {{"!" ALNUM, DIGITS, DIGITS, DIGITS}, BIT(CARD) | BIT(SSN) | BIT(PHONE),
                tv_redact_number},
        [SHAPE_PLUS] = {{"+", DIGITS, DIGITS " -(", DIGITS " -("}, BIT(PHONE), tv_redact_plus},
        [SHAPE_PAIRS] = {{DIGITS, DIGITS, " .-", DIGITS}, BIT(PHONE), tv_redact_pairs},
        [SHAPE_JWT] = {{"e", "y", "J", ALNUM}, BIT(JWT), tv_redact_jwt},
        [SHAPE_AWS] = {{"A", "KS", "I", "A"}, BIT(AWS_KEY), tv_redact_aws},
        [SHAPE_GITHUB] = {{"g", "h", "pousr", "_"}, BIT(GITHUB_TOKEN), tv_redact_github},
        [SHAPE_PAT_OR_SLACK] = {{"_x", "po", "ax", LOWER}, BIT(GITHUB_TOKEN) | BIT(SLACK_TOKEN),
                tv_redact_pat_or_slack},
        [SHAPE_PRIVATE_KEY] = {{"-", "-", "B", "E"}, BIT(PRIVATE_KEY), tv_redact_private_key},
        [SHAPE_BEARER] = {{"Bb", "Ee", "Aa", "Rr"}, BIT(BEARER), tv_redact_bearer},
        [SHAPE_ASSIGNED] = {{SECRET_END_1, SECRET_END_2, "=:\"'\\", "*"}, BIT(SECRET),
                tv_redact_assigned},
        [SHAPE_ASSIGNED_APART] = {{SECRET_END_1, SECRET_END_2, " ", "=:"}, BIT(SECRET),
                tv_redact_assigned},
        [SHAPE_IBAN] = {{UPPER, UPPER, DIGITS, DIGITS}, BIT(IBAN), tv_redact_iban},
        [SHAPE_IP4] = {{DIGITS, ".", DIGITS, DIGITS "."}, BIT(IP), tv_redact_ip4},
        [SHAPE_IP6] = {{HEX ":", ":", HEX ":", HEX ":"}, BIT(IP), tv_redact_ip6},
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

static bool is_meant(const char *bytes, unsigned c)
{
    bool listed = c != 0 && strchr(bytes, (int)c) != NULL;
    switch (bytes[0]) {
    case '*':
        return true;
    case '^':
        return c >= 0x80 || (listed && c != '^');
    case '!':
        return !listed || c == '!';
    default:
        return listed;
    }
}

void tv_redact_scanner_init(struct tv_redact_scanner *scanner, unsigned rules)
{
    scanner->rules = rules;
    memset(scanner->classes, 0xff, sizeof(scanner->classes));
    for (unsigned shape = 0; shape < SHAPE_COUNT; shape++) {
        for (unsigned lane = 0; (shapes[shape].rules & rules) && lane < LANES; lane++)
            for (unsigned c = 0; c < 256; c++)
                if (is_meant(shapes[shape].bytes[lane], c))
                    scanner->classes[c] &= ~(UINT64_C(1) << (lane * LANE_BITS + shape));
    }
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

/* A bit for each shape that ends here. */
static inline uint64_t hits_of(uint64_t state)
{
    return ~state >> LAST_LANE;
}

static inline uint64_t step(uint64_t state, uint64_t class)
{
    return state << LANE_BITS | class;
}

/* The state behind the byte before `at`; before the text a blank is taken to stand. */
static uint64_t state_at(const struct tv_redact_search *search, size_t at)
{
    uint8_t before = at > 0 ? (uint8_t)search->text.ptr[at - 1] : ' ';
    return step(UINT64_MAX, search->scanner->classes[before]);
}

/* Reads on from `at`. The place behind the next hit, or the text's end; *state is the state there. */
static size_t find_hit(const struct tv_redact_search *search, size_t at, uint64_t *state)
{
    const uint64_t *classes = search->scanner->classes;
    const uint8_t *text = (const uint8_t *)search->text.ptr;
    size_t len = search->text.len;
    uint64_t now = *state;
    for (; at + 4 <= len; at += 4) {
        uint64_t a = step(now, classes[text[at]]);
        uint64_t b = step(a, classes[text[at + 1]]);
        uint64_t c = step(b, classes[text[at + 2]]);
        uint64_t d = step(c, classes[text[at + 3]]);
        if (__builtin_expect((a & b & c & d) < NO_HIT, 0))
            break; /* which byte it was, the loop below tells */
        now = d;
    }
    while (at < len) {
        now = step(now, classes[text[at++]]);
        if (now < NO_HIT)
            break;
    }
    *state = now;
    return at;
}

bool tv_redact_next(struct tv_redact_search *search, struct tv_redact_match *match)
{
    uint64_t state = state_at(search, search->at);
    while (search->at < search->text.len) {
        search->at = find_hit(search, search->at, &state);
        uint64_t hits = hits_of(state);
        match->end = 0;
        size_t next = hits ? recognise(search, hits, search->at - LANES, match) : 0;
        if (next == 0)
            continue;
        search->at = next;
        state = state_at(search, next);
        if (match->end > 0) {
            search->floor = next;
            return true;
        }
    }
    return false;
}
