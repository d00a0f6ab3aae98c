/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys name secrets, phones, cards.
 *
 * The key is cut into words and each word looked up, instead of searching the key for "key" or
 * "auth": a substring would mask `author` and `monkey`, and an engineer who cannot trust what is
 * masked turns masking off. The price is that `accesstoken` in one lower-case word is not known. */
#include "event/redact.h"

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || is_upper(c) || (unsigned char)c >= 0x80;
}

/* Whether a new word starts at the upper-case letter at `at`, inside a run of letters: behind a
 * lower-case one ("refresh|Token"), and at the last of several before a lower-case one
 * ("JWT|Token"). */
static bool starts_word(struct tv_str key, size_t at)
{
    if (!is_upper(key.ptr[at - 1]))
        return true;
    bool plural = at + 2 == key.len && key.ptr[at + 1] == 's';
    return !plural && at + 1 < key.len && is_letter(key.ptr[at + 1]) && !is_upper(key.ptr[at + 1]);
}

/* The next word from *at on; empty at the end. */
static inline struct tv_str next_word(struct tv_str key, size_t *at)
{
    while (*at < key.len && !is_letter(key.ptr[*at]))
        ++*at;
    size_t start = *at;
    while (*at < key.len && is_letter(key.ptr[*at])) {
        if (is_upper(key.ptr[*at]) && *at > start && starts_word(key, *at))
            break;
        ++*at;
    }
    return (struct tv_str){key.ptr + start, *at - start};
}

static struct tv_str without_plural(struct tv_str word)
{
    bool plural = word.len > 1 && (word.ptr[word.len - 1] | 0x20) == 's';
    return (struct tv_str){word.ptr, word.len - (plural ? 1 : 0)};
}

/* Whether a word below may be this one, by its first letter and length: most are none, and need no
 * further look. */
static inline bool may_be_known(struct tv_str word)
{
#define LETTER(c) (1U << ((c)&31))
    const unsigned first = LETTER('a') | LETTER('c') | LETTER('f') | LETTER('i') | LETTER('k') |
            LETTER('m') | LETTER('p') | LETTER('s') | LETTER('t') | LETTER('w');
    return word.len >= 3 && word.len <= 15 && (first & LETTER(word.ptr[0])) != 0;
#undef LETTER
}

/* What one word tells; `word` is singular. */
static unsigned word_hints(struct tv_str word)
{
    static const struct {
        struct tv_str word;
        unsigned hint;
    } words[] = {{{"password", 8}, TV_REDACT_HINT_SECRET}, {{"passwd", 6}, TV_REDACT_HINT_SECRET},
            {{"pwd", 3}, TV_REDACT_HINT_SECRET}, {{"token", 5}, TV_REDACT_HINT_SECRET},
            {{"secret", 6}, TV_REDACT_HINT_SECRET}, {{"authorization", 13}, TV_REDACT_HINT_SECRET},
            {{"cookie", 6}, TV_REDACT_HINT_SECRET}, {{"apikey", 6}, TV_REDACT_HINT_SECRET},
            {{"phone", 5}, TV_REDACT_HINT_PHONE}, {{"telephone", 9}, TV_REDACT_HINT_PHONE},
            {{"tel", 3}, TV_REDACT_HINT_PHONE}, {{"mobile", 6}, TV_REDACT_HINT_PHONE},
            {{"cell", 4}, TV_REDACT_HINT_PHONE}, {{"cellphone", 9}, TV_REDACT_HINT_PHONE},
            {{"msisdn", 6}, TV_REDACT_HINT_PHONE}, {{"fax", 3}, TV_REDACT_HINT_PHONE},
            {{"sms", 3}, TV_REDACT_HINT_PHONE}, {{"whatsapp", 8}, TV_REDACT_HINT_PHONE},
            {{"ssn", 3}, TV_REDACT_HINT_SSN}, {{"itin", 4}, TV_REDACT_HINT_SSN},
            {{"socialsecurity", 14}, TV_REDACT_HINT_SSN}, {{"card", 4}, TV_REDACT_HINT_CARD},
            {{"creditcard", 10}, TV_REDACT_HINT_CARD}, {{"pan", 3}, TV_REDACT_HINT_CARD},
            {{"ccnum", 5}, TV_REDACT_HINT_CARD}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (word.len == words[i].word.len && ((word.ptr[0] ^ words[i].word.ptr[0]) & 31) == 0 &&
                tv_str_equal_nocase(word, words[i].word))
            return words[i].hint;
    return 0;
}

/* The same of a word behind another; "ssn", "sms" end in s without being plurals. */
static unsigned pair_hints(struct tv_str before, struct tv_str word)
{
    struct tv_str singular = without_plural(word);
    if (tv_str_equal_nocase(before, TV_STR("api")) && tv_str_equal_nocase(singular, TV_STR("key")))
        return TV_REDACT_HINT_SECRET;
    if (tv_str_equal_nocase(before, TV_STR("social")) &&
            tv_str_equal_nocase(word, TV_STR("security")))
        return TV_REDACT_HINT_SSN;
    unsigned hints = word_hints(singular);
    return hints || singular.len == word.len ? hints : word_hints(word);
}

unsigned tv_redact_hints(struct tv_str key)
{
    struct tv_str before = {NULL, 0};
    unsigned hints = 0;
    size_t at = 0;
    while (at < key.len) {
        struct tv_str word = next_word(key, &at);
        if (may_be_known(word))
            hints |= pair_hints(before, word);
        before = word;
    }
    return hints;
}

bool tv_redact_ends_in_secret(struct tv_str key)
{
    struct tv_str before = {NULL, 0}, last = {NULL, 0};
    size_t at = 0;
    while (at < key.len) {
        struct tv_str word = next_word(key, &at);
        if (word.len == 0)
            break;
        before = last;
        last = word;
    }
    return pair_hints(before, last) & TV_REDACT_HINT_SECRET;
}

struct tv_str tv_redact_mask(void)
{
    return TV_STR("[redacted]");
}
