/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys name secrets.
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

/* Whether a new word starts at `at`, inside a run of letters: at an upper-case letter behind a
 * lower-case one ("refresh|Token"), and at the last of several before a lower-case one
 * ("JWT|Token"). */
static bool starts_word(struct tv_str key, size_t at)
{
    if (!is_upper(key.ptr[at]))
        return false;
    if (!is_upper(key.ptr[at - 1]))
        return true;
    bool plural = at + 2 == key.len && key.ptr[at + 1] == 's';
    return !plural && at + 1 < key.len && is_letter(key.ptr[at + 1]) && !is_upper(key.ptr[at + 1]);
}

/* The next word from *at on; empty at the end. */
static struct tv_str next_word(struct tv_str key, size_t *at)
{
    while (*at < key.len && !is_letter(key.ptr[*at]))
        ++*at;
    size_t start = *at;
    while (*at < key.len && is_letter(key.ptr[*at]) && (*at == start || !starts_word(key, *at)))
        ++*at;
    return (struct tv_str){key.ptr + start, *at - start};
}

static struct tv_str without_plural(struct tv_str word)
{
    bool plural = word.len > 1 && (word.ptr[word.len - 1] | 0x20) == 's';
    return (struct tv_str){word.ptr, word.len - (plural ? 1 : 0)};
}

static bool word_is_secret(struct tv_str word)
{
    static const struct tv_str words[] = {{"password", 8}, {"passwd", 6}, {"pwd", 3}, {"token", 5},
            {"secret", 6}, {"authorization", 13}, {"cookie", 6}, {"apikey", 6}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (tv_str_equal_nocase(word, words[i]))
            return true;
    return false;
}

bool tv_redact_is_secret(struct tv_str key)
{
    bool api = false; /* the word before was "api" */
    size_t at = 0;
    while (at < key.len) {
        struct tv_str word = next_word(key, &at);
        struct tv_str singular = without_plural(word);
        if (word_is_secret(singular) || (api && tv_str_equal_nocase(singular, TV_STR("key"))))
            return true;
        api = tv_str_equal_nocase(word, TV_STR("api"));
    }
    return false;
}

struct tv_str tv_redact_mask(void)
{
    return TV_STR("[redacted]");
}
