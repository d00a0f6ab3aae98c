/* SPDX-License-Identifier: Apache-2.0 */
/* Finds personal data and credentials in texts by what they look like.
 *
 * A scanner is a table made once for a set of rules; a search walks one text and gives what it finds,
 * in order and without overlaps. Pure: no state but the search's own, any thread.
 *
 *     struct tv_redact_search search;
 *     struct tv_redact_match match;
 *     tv_redact_search_init(&search, scanner, text, 0);
 *     while (tv_redact_next(&search, &match))
 *         use(match.rule, text.ptr + match.start, match.end - match.start);
 */
#ifndef TV_EVENT_REDACT_SCAN_H
#define TV_EVENT_REDACT_SCAN_H

#include "event/redact.h"

/* X(code, name in the configuration) */
#define TV_REDACT_RULE_LIST(X)    \
    X(EMAIL, "email")             \
    X(CARD, "card")               \
    X(IBAN, "iban")               \
    X(SSN, "ssn")                 \
    X(PHONE, "phone")             \
    X(IP, "ip")                   \
    X(JWT, "jwt")                 \
    X(AWS_KEY, "aws-key")         \
    X(GITHUB_TOKEN, "github")     \
    X(SLACK_TOKEN, "slack")       \
    X(PRIVATE_KEY, "private-key") \
    X(BEARER, "bearer")           \
    X(SECRET, "secret") /* password=…, scheme://user:password@… */

enum tv_redact_rule {
#define X(code, name) TV_REDACT_##code,
    TV_REDACT_RULE_LIST(X)
#undef X
            TV_REDACT_RULE_COUNT
};

struct tv_redact_match {
    enum tv_redact_rule rule;
    size_t start, end; /* offsets in the text */
};

/* What a byte may be part of; see redact_scan.c. */
struct tv_redact_scanner {
    uint64_t classes[256];
    unsigned rules; /* a bit for each rule searched for */
};

struct tv_redact_search {
    const struct tv_redact_scanner *scanner;
    struct tv_str text;
    unsigned hints; /* enum tv_redact_hint: what the key says */
    size_t at;      /* read so far */
    size_t floor;   /* end of the last match: no other begins before it */
};

const char *tv_redact_rule_name(enum tv_redact_rule rule);
void tv_redact_scanner_init(struct tv_redact_scanner *scanner, unsigned rules);
static inline void tv_redact_search_init(struct tv_redact_search *search,
        const struct tv_redact_scanner *scanner, struct tv_str text, unsigned hints)
{
    *search = (struct tv_redact_search){.scanner = scanner, .text = text, .hints = hints};
}
/* The next match; false at the text's end. */
bool tv_redact_next(struct tv_redact_search *search, struct tv_redact_match *match);

#endif
