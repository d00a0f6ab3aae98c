/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials whose form their issuers publish: JSON Web Tokens (RFC 7519), keys of AWS, GitHub and
 * Slack, PEM private keys (RFC 7468), bearer tokens (RFC 6750). */
#include "event/redact_internal.h"

enum { JWT_HEADER_MIN = 10, BEARER_MIN = 8, BEARER_PLAIN_MIN = 24, PEM_LABEL_MAX = 40 };

static bool is_base64url(char c)
{
    return tv_redact_is_alnum(c) || c == '-' || c == '_';
}

/* RFC 6750's b64token. */
static bool is_bearer(char c)
{
    return is_base64url(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}

static size_t run(const struct tv_redact_search *search, size_t at, bool (*belongs)(char))
{
    while (belongs(tv_redact_byte(search, at)))
        at++;
    return at;
}

size_t tv_redact_jwt(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    if (is_base64url(tv_redact_before(search, at)))
        return 0;
    size_t header = run(search, at, is_base64url);
    if (header - at < JWT_HEADER_MIN || tv_redact_byte(search, header) != '.')
        return 0;
    size_t payload = run(search, header + 1, is_base64url);
    bool signed_too = tv_redact_byte(search, payload) == '.';
    if (!signed_too && !tv_redact_has(search, header + 1, TV_STR("eyJ")))
        return 0;
    size_t end = payload;
    while (tv_redact_byte(search, end) == '.') /* three parts, or five of an encrypted one */
        end = run(search, end + 1, is_base64url);
    return tv_redact_found(match, TV_REDACT_JWT, at, end);
}

static bool is_aws(char c)
{
    return tv_redact_is_upper(c) || tv_redact_is_digit(c);
}

size_t tv_redact_aws(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    if (tv_redact_byte(search, at + 3) != 'A' || tv_redact_is_alnum(tv_redact_before(search, at)))
        return 0;
    size_t end = run(search, at, is_aws);
    if (end - at != 20 || tv_redact_is_alnum(tv_redact_byte(search, end)))
        return 0;
    return tv_redact_found(match, TV_REDACT_AWS_KEY, at, end);
}

/* A prefix up to `body`, behind which at least `least` letters and digits stand. */
static size_t prefixed(const struct tv_redact_search *search, size_t start, size_t body,
        size_t least, struct tv_redact_match *match)
{
    size_t end = run(search, body, is_base64url);
    if (end - body < least || tv_redact_is_alnum(tv_redact_before(search, start)))
        return 0;
    return tv_redact_found(match, match->rule, start, end);
}

size_t tv_redact_github(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    match->rule = TV_REDACT_GITHUB_TOKEN;
    return tv_redact_byte(search, at + 3) == '_' ? prefixed(search, at, at + 4, 30, match) : 0;
}

size_t tv_redact_pat_or_slack(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    bool slack = tv_redact_has(search, at, TV_STR("xox"));
    match->rule = slack ? TV_REDACT_SLACK_TOKEN : TV_REDACT_GITHUB_TOKEN;
    if (!tv_redact_wants(search, match->rule))
        return 0;
    if (!slack)
        return at >= 6 && tv_redact_has(search, at - 6, TV_STR("github_pat_"))
                ? prefixed(search, at - 6, at + 5, 22, match)
                : 0;
    bool kind = tv_redact_is_alpha(tv_redact_byte(search, at + 3));
    return kind && tv_redact_byte(search, at + 4) == '-' ? prefixed(search, at, at + 5, 10, match)
                                                         : 0;
}

/* From "-----BEGIN … PRIVATE KEY-----" to the end line, or, where that was cut off, to the text's. */
size_t tv_redact_private_key(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    if (at < 3 || !tv_redact_has(search, at - 3, TV_STR("-----BEGIN ")))
        return 0;
    size_t label = at - 3 + 11;
    struct tv_str rest = {search->text.ptr + label, search->text.len - label};
    struct tv_str head = {rest.ptr, rest.len < PEM_LABEL_MAX ? rest.len : PEM_LABEL_MAX};
    if (!tv_str_contains(head, TV_STR("PRIVATE KEY")))
        return 0;
    size_t end = search->text.len;
    const char *last = memmem(rest.ptr, rest.len, "-----END ", 9);
    if (last) {
        struct tv_str tail = {last + 9, (size_t)(search->text.ptr + search->text.len - last - 9)};
        const char *dashes = memmem(tail.ptr, tail.len, "-----", 5);
        end = dashes ? (size_t)(dashes - search->text.ptr) + 5 : end;
    }
    return tv_redact_found(match, TV_REDACT_PRIVATE_KEY, at - 3, end);
}

/* "bearer authentication is required" is no token: one has digits, or is long and of mixed case. */
static bool looks_random(struct tv_str token)
{
    bool digit = false, upper = false, lower = false;
    for (size_t i = 0; i < token.len; i++) {
        digit = digit || tv_redact_is_digit(token.ptr[i]);
        upper = upper || tv_redact_is_upper(token.ptr[i]);
        lower = lower || (tv_redact_is_alpha(token.ptr[i]) && !tv_redact_is_upper(token.ptr[i]));
    }
    return digit || (token.len >= BEARER_PLAIN_MIN && upper && lower);
}

size_t tv_redact_bearer(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    struct tv_str word = {search->text.ptr + at, 6};
    if (search->text.len - at < 7 || !tv_str_equal_nocase(word, TV_STR("bearer")) ||
            tv_redact_is_alnum(tv_redact_before(search, at)))
        return 0;
    size_t start = at + 6;
    if (tv_redact_has(search, start, TV_STR("%20")))
        start += 3;
    else if (tv_redact_byte(search, start) == ' ' || tv_redact_byte(search, start) == '+')
        start++;
    else
        return 0;
    size_t end = run(search, start, is_bearer);
    struct tv_str token = {search->text.ptr + start, end - start};
    if (token.len < BEARER_MIN || !looks_random(token))
        return 0;
    return tv_redact_found(match, TV_REDACT_BEARER, start, end);
}
