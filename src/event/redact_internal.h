/* SPDX-License-Identifier: Apache-2.0 */
/* The recognisers behind redact_scan.c. Each is asked at a place where four bytes look right, and
 * says what it is. */
#ifndef TV_EVENT_REDACT_INTERNAL_H
#define TV_EVENT_REDACT_INTERNAL_H

#include "event/redact_scan.h"

/* `at` is the first of the four bytes; of tv_redact_number, it is the one before the digits, which may be
 * the one before the text. 0: nothing is there. Else where the search goes on; *match is
 * filled, with end 0 where there is only something to be passed over. */
typedef size_t tv_redact_fn(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match);

/* redact_number.c: cards, social security numbers, phones; phones of pairs. */
tv_redact_fn tv_redact_number, tv_redact_plus, tv_redact_pairs;
/* At "%2B", of redact_text.c's escapes. */
tv_redact_fn tv_redact_escaped_plus;
/* redact_code.c */
tv_redact_fn tv_redact_iban, tv_redact_ip4, tv_redact_ip6;
/* redact_token.c */
tv_redact_fn tv_redact_jwt, tv_redact_aws, tv_redact_github, tv_redact_pat_or_slack,
        tv_redact_private_key, tv_redact_bearer;
/* redact_text.c; tv_redact_escape: at "%40", "%2B" or "://"; tv_redact_assigned: at the last but
 * one letter of what may be a secret's name */
tv_redact_fn tv_redact_email, tv_redact_escape, tv_redact_assigned;

static inline bool tv_redact_wants(const struct tv_redact_search *search, enum tv_redact_rule rule)
{
    return search->scanner->rules >> rule & 1;
}

/* The byte there; 0 outside of the text and before the last match's end. */
static inline char tv_redact_byte(const struct tv_redact_search *search, size_t at)
{
    return at >= search->floor && at < search->text.len ? search->text.ptr[at] : '\0';
}

/* The byte before `at`. */
static inline char tv_redact_before(const struct tv_redact_search *search, size_t at)
{
    return at > search->floor ? search->text.ptr[at - 1] : '\0';
}

static inline bool tv_redact_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool tv_redact_is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static inline bool tv_redact_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || tv_redact_is_upper(c);
}

static inline bool tv_redact_is_alnum(char c)
{
    return tv_redact_is_digit(c) || tv_redact_is_alpha(c);
}

static inline size_t tv_redact_found(
        struct tv_redact_match *match, enum tv_redact_rule rule, size_t start, size_t end)
{
    *match = (struct tv_redact_match){rule, start, end};
    return end;
}

static inline size_t tv_redact_skip(struct tv_redact_match *match, size_t to)
{
    match->end = 0;
    return to;
}

/* Whether the text has `part` at `at`. */
static inline bool tv_redact_has(
        const struct tv_redact_search *search, size_t at, struct tv_str part)
{
    return at >= search->floor && at <= search->text.len && search->text.len - at >= part.len &&
            memcmp(search->text.ptr + at, part.ptr, part.len) == 0;
}

#endif
