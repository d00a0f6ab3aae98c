/* SPDX-License-Identifier: Apache-2.0 */
/* E-mail addresses (the part of RFC 5322 that people use), what is assigned to a name that means a
 * secret ("password=…", "\"token\":\"…\"", "Authorization: …", SQL's `secret = '…'`), and passwords in
 * URLs (RFC 3986's userinfo). */
#include "event/redact_internal.h"

enum { LOCAL_MAX = 64, KEY_MAX = 64, USERINFO_MAX = 160 };

static bool is_local(char c)
{
    return tv_redact_is_alnum(c) || (uint8_t)c >= 0x80 || c == '.' || c == '_' || c == '%' ||
            c == '+' || c == '-' || c == '\'';
}

static bool is_label(char c)
{
    return tv_redact_is_alnum(c) || (uint8_t)c >= 0x80 || c == '-';
}

/* The end of the domain that begins at `start`: labels, of which the last is letters; 0 if none. */
static size_t domain_end(const struct tv_redact_search *search, size_t start)
{
    size_t good = 0;
    for (size_t label = start;;) {
        size_t end = label;
        bool letters = true;
        while (is_label(tv_redact_byte(search, end))) {
            letters = letters && !tv_redact_is_digit(search->text.ptr[end]);
            end++;
        }
        if (end == label)
            break;
        if (label > start && letters && end - label >= 2)
            good = end;
        if (tv_redact_byte(search, end) != '.')
            break;
        label = end + 1;
    }
    return good;
}

/* icon@2x.png */
static bool is_image_scale(const struct tv_redact_search *search, size_t domain)
{
    return tv_redact_is_digit(tv_redact_byte(search, domain)) &&
            tv_redact_byte(search, domain + 1) == 'x' && tv_redact_byte(search, domain + 2) == '.';
}

/* The address around an '@' (or "%40") from `at` to before `domain`. */
static size_t address(const struct tv_redact_search *search, size_t at, size_t domain,
        struct tv_redact_match *match)
{
    size_t start = at;
    while (at - start < LOCAL_MAX && is_local(tv_redact_before(search, start)))
        start--;
    while (start < at && !tv_redact_is_alnum(search->text.ptr[start]) &&
            (uint8_t)search->text.ptr[start] < 0x80)
        start++;
    size_t end = domain_end(search, domain);
    bool git = at - start == 3 && tv_redact_has(search, start, TV_STR("git"));
    if (start == at || end == 0 || git || is_image_scale(search, domain))
        return 0;
    return tv_redact_found(match, TV_REDACT_EMAIL, start, end);
}

size_t tv_redact_email(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    return address(search, at + 1, at + 2, match);
}

/* scheme://user:password@host; the place of "://" is known. A user without a password is passed over,
 * lest it be taken for an address. */
static size_t url(const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    size_t start = at + 3, colon = 0;
    if (tv_redact_wants(search, TV_REDACT_SLACK_TOKEN) &&
            tv_redact_has(search, start, TV_STR("hooks.slack.com/services/"))) {
        size_t end = start + 25;
        while (tv_redact_is_alnum(tv_redact_byte(search, end)) ||
                tv_redact_byte(search, end) == '/')
            end++;
        if (end > start + 25)
            return tv_redact_found(match, TV_REDACT_SLACK_TOKEN, start + 25, end);
    }
    for (size_t i = start; i < start + USERINFO_MAX; i++) {
        char c = tv_redact_byte(search, i);
        if (c == '\0' || c == '/' || c == '?' || c == '#' || c == ' ' || c == '"' || c == '\n')
            return 0;
        if (c == ':' && colon == 0)
            colon = i;
        if (c != '@')
            continue;
        bool password = colon && i > colon + 1 && tv_redact_wants(search, TV_REDACT_SECRET);
        return password ? tv_redact_found(match, TV_REDACT_SECRET, colon + 1, i)
                        : tv_redact_skip(match, i + 1);
    }
    return 0;
}

size_t tv_redact_escape(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    if (tv_redact_has(search, at, TV_STR("://")))
        return url(search, at, match);
    if (tv_redact_has(search, at, TV_STR("%2B")) && tv_redact_wants(search, TV_REDACT_PHONE))
        return tv_redact_escaped_plus(search, at, match);
    if (tv_redact_has(search, at, TV_STR("%40")) && tv_redact_wants(search, TV_REDACT_EMAIL))
        return address(search, at, at + 3, match);
    return 0;
}

/* Assigned secrets. */

struct assigned {
    size_t key_start, key_end;
    size_t start, end; /* of the value */
    char quote;        /* around the value, or 0 */
    char sign;         /* '=' or ':' */
    bool quoted_key;
    bool apart; /* blanks before or behind the sign */
};

/* Whether the key ends as one of the words do (redact.c): cheaper than cutting it into words. */
static bool may_name_secret(const struct tv_redact_search *search, size_t end)
{
    static const char tails[] = "rdwdenonetieey";
    char last = (char)(tv_redact_byte(search, end - 1) | 0x20);
    if (last == 's' && end >= 3)
        last = (char)(tv_redact_byte(search, --end - 1) | 0x20);
    char before = (char)(end >= 2 ? tv_redact_byte(search, end - 2) | 0x20 : 0);
    for (const char *tail = tails; *tail; tail += 2)
        if (tail[0] == before && tail[1] == last)
            return true;
    return false;
}

static bool is_key(char c)
{
    return tv_redact_is_alnum(c) || c == '_' || c == '-' || c == '.';
}

static size_t skip_blanks(const struct tv_redact_search *search, size_t at)
{
    while (tv_redact_byte(search, at) == ' ')
        at++;
    return at;
}

/* A quote, which in JSON inside of a text has a backslash before it. */
static char read_quote(const struct tv_redact_search *search, size_t *at)
{
    size_t place = *at + (tv_redact_byte(search, *at) == '\\');
    char c = tv_redact_byte(search, place);
    if (c != '"' && c != '\'')
        return '\0';
    *at = place + 1;
    return c;
}

/* Reads the key and sign around the letter at `last`, and where the value begins. */
static bool read_assignment(
        const struct tv_redact_search *search, size_t last, struct assigned *out)
{
    size_t at = last + 1;
    *out = (struct assigned){.key_start = last, .key_end = at};
    while (is_key(tv_redact_before(search, out->key_start)) && at - out->key_start < KEY_MAX)
        out->key_start--;
    out->quoted_key = read_quote(search, &at) != '\0';
    size_t sign = skip_blanks(search, at);
    out->sign = tv_redact_byte(search, sign);
    if (out->sign != '=' && out->sign != ':')
        return false;
    out->start = skip_blanks(search, sign + 1);
    out->apart = sign > at || out->start > sign + 1;
    out->quote = read_quote(search, &out->start);
    return true;
}

static bool ends_value(char c, char quote)
{
    if (quote)
        return c == '\0' || c == quote;
    return c == '\0' || c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == '&' || c == ';' ||
            c == ',' || c == '"' || c == '\'' || c == ')' || c == ']' || c == '}' || c == '>' ||
            c == '<' || c == '|' || c == '\\';
}

/* The header's whole line, as far as it is one: cookies have several parts, credentials two. */
static bool ends_header(char c, char quote)
{
    return c == '\0' || c == '\n' || c == '\r' || c == '"' || (quote && c == quote);
}

static bool is_header(const struct tv_redact_search *search, const struct assigned *assigned)
{
    struct tv_str key = {
            search->text.ptr + assigned->key_start, assigned->key_end - assigned->key_start};
    char last = (char)(key.ptr[key.len - 1] | 0x20);
    bool names = last == 'e' || last == 'n';
    return assigned->sign == ':' && names &&
            (tv_str_equal_nocase(key, TV_STR("authorization")) ||
                    tv_str_equal_nocase(key, TV_STR("cookie")) ||
                    tv_str_equal_nocase(key, TV_STR("set-cookie")) ||
                    tv_str_equal_nocase(key, TV_STR("proxy-authorization")));
}

/* What stands for a value: a parameter of SQL, a template's variable, a literal, what is masked. */
static bool is_placeholder(struct tv_str value)
{
    static const struct tv_str words[] = {
            {"null", 4}, {"nil", 3}, {"none", 4}, {"true", 4}, {"false", 5}, {"undefined", 9}};
    char first = value.ptr[0];
    if (first == '?' || first == '{' || first == '[' || first == '<' || first == '*')
        return true;
    char second = value.len > 1 ? value.ptr[1] : '\0';
    bool braces = second == '{' || second == '(';
    bool number = value.len <= 3 && tv_redact_is_digit(second);
    if (first == '$' && (braces || number))
        return true;
    if (first == '%' && value.len <= 3)
        return true;
    if ((first == ':' || first == '@') && (tv_redact_is_alpha(second) || second == '_'))
        return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (tv_str_equal_nocase(value, words[i]))
            return true;
    return false;
}

static bool has_digit(struct tv_str value, bool only)
{
    for (size_t i = 0; i < value.len; i++)
        if (tv_redact_is_digit(value.ptr[i]) != only)
            return !only;
    return only;
}

/* "tokens=531" counts; "password: too short" tells. */
static bool is_value(const struct tv_redact_search *search, const struct assigned *assigned)
{
    struct tv_str value = {search->text.ptr + assigned->start, assigned->end - assigned->start};
    bool plural = (search->text.ptr[assigned->key_end - 1] | 0x20) == 's';
    if (value.len == 0 || is_placeholder(value))
        return false;
    if (plural && has_digit(value, true))
        return false;
    bool colon = assigned->sign == ':' && !assigned->quoted_key;
    bool parser = colon && (search->text.ptr[assigned->key_end - 1] | 0x20) == 'n'; /* token: */
    bool plain = parser || (!assigned->quote && (assigned->apart || assigned->sign == ':'));
    return !plain || (value.len >= 4 && has_digit(value, false));
}

/* "authorization=Bearer abc": over the scheme to what it is about. */
static void pass_scheme(const struct tv_redact_search *search, struct assigned *assigned)
{
    static const struct tv_str schemes[] = {{"bearer", 6}, {"basic", 5}, {"token", 5}};
    struct tv_str value = {search->text.ptr + assigned->start, assigned->end - assigned->start};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (!tv_str_equal_nocase(value, schemes[i]) || tv_redact_byte(search, assigned->end) != ' ')
            continue;
        assigned->end++;
        while (!ends_value(tv_redact_byte(search, assigned->end), '\0'))
            assigned->end++;
    }
}

size_t tv_redact_assigned(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    struct assigned assigned;
    if (!may_name_secret(search, at + 2) || !read_assignment(search, at + 1, &assigned))
        return 0;
    struct tv_str key = {
            search->text.ptr + assigned.key_start, assigned.key_end - assigned.key_start};
    if (!tv_redact_ends_in_secret(key))
        return 0;
    bool header = is_header(search, &assigned);
    assigned.end = assigned.start;
    for (char c; c = tv_redact_byte(search, assigned.end),
                 header ? !ends_header(c, assigned.quote) : !ends_value(c, assigned.quote);)
        assigned.end++;
    if (!header && !assigned.quote)
        pass_scheme(search, &assigned);
    /* The backslash of an escaped quote is no part of the value. */
    if (assigned.quote && assigned.end > assigned.start &&
            search->text.ptr[assigned.end - 1] == '\\')
        assigned.end--;
    if (assigned.end == assigned.start || (!header && !is_value(search, &assigned)))
        return 0;
    return tv_redact_found(match, TV_REDACT_SECRET, assigned.start, assigned.end);
}
