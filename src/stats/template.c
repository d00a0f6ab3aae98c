/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting into words is most of the cost, some 100 ns a message; the tree is one look-up in a map by
 * the words of its path. Learning the tree from counts beforehand (as Spell or IPLoM do) would need two
 * passes and would give a message another template when more is read. */
#include "stats/template.h"

#include "base/mem.h"

#include <stdlib.h>

enum { PATH_WORDS = 3, PATH_BYTES = 192 };

/* Of the words of two messages of one group so many must agree, in tenths. */
enum { SIMILAR_TENTHS = 6 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_separator(char c)
{
    return c == '\0' || (c <= ' ' && c >= 0) || (c != '\0' && strchr("[](){},;=|\"'<>", c));
}

/* A name, then # or :, then a number: a line of the source. */
static bool is_place(struct tv_str word)
{
    size_t end = word.len;
    while (end > 0 && is_digit(word.ptr[end - 1]))
        end--;
    if (end == word.len || end < 2 || (word.ptr[end - 1] != '#' && word.ptr[end - 1] != ':'))
        return false;
    size_t letters = 0;
    for (size_t i = 0; i + 1 < end; i++)
        letters += is_letter(word.ptr[i]);
    return letters * 2 > end;
}

static bool varies(struct tv_str word)
{
    for (size_t i = 0; i < word.len; i++)
        if (is_digit(word.ptr[i]))
            return !is_place(word);
    return false;
}

static bool is_star(struct tv_str word)
{
    return word.len == 1 && word.ptr[0] == '*';
}

/* The first words; runs of varying ones count as one. */
static uint32_t cut(struct tv_str message, struct tv_str words[TV_TEMPLATE_WORDS])
{
    uint32_t count = 0;
    for (size_t at = 0; at < message.len && count < TV_TEMPLATE_WORDS;) {
        if (is_separator(message.ptr[at])) {
            at++;
            continue;
        }
        size_t start = at;
        while (at < message.len && !is_separator(message.ptr[at]))
            at++;
        struct tv_str word = {message.ptr + start, at - start};
        while (word.len > 1 && (word.ptr[word.len - 1] == ':' || word.ptr[word.len - 1] == '.'))
            word.len--;
        bool star = varies(word);
        if (star && count > 0 && is_star(words[count - 1]))
            continue;
        words[count++] = star ? TV_STR("*") : word;
    }
    return count;
}

static struct tv_str path_of(const struct tv_str *words, uint32_t count, char out[PATH_BYTES])
{
    size_t len = 0;
    for (uint32_t i = 0; i < count && i < PATH_WORDS; i++) {
        size_t room = PATH_BYTES - len;
        size_t take = words[i].len < room ? words[i].len : room;
        memcpy(out + len, words[i].ptr, take);
        len += take;
        if (len < PATH_BYTES)
            out[len++] = ' ';
    }
    return (struct tv_str){out, len};
}

/* Words at the same place that agree, in tenths of the longer message's. */
static uint32_t similarity(
        const struct tv_template *template, const struct tv_str *words, uint32_t count)
{
    uint32_t less = count < template->word_count ? count : template->word_count;
    uint32_t more = count < template->word_count ? template->word_count : count;
    uint32_t same = 0;
    for (uint32_t i = 0; i < less; i++)
        same += tv_str_equal(template->words[i], words[i]);
    return more ? same * 10 / more : 10;
}

static uint32_t add(struct tv_templates *templates, const struct tv_str *words, uint32_t count)
{
    if (templates->count == templates->cap) {
        templates->cap = (uint32_t)tv_grown(templates->cap, templates->count + 1, 64);
        templates->items =
                tv_realloc_array(templates->items, templates->cap, sizeof(*templates->items));
    }
    struct tv_template *template = &templates->items[templates->count];
    *template = (struct tv_template){.word_count = count};
    for (uint32_t i = 0; i < count; i++)
        template->words[i] = tv_arena_str(&templates->arena, words[i]);
    return templates->count++;
}

static void join(struct tv_template *template, const struct tv_str *words, uint32_t count)
{
    uint32_t less = count < template->word_count ? count : template->word_count;
    for (uint32_t i = 0; i < less; i++)
        if (!tv_str_equal(template->words[i], words[i]))
            template->words[i] = TV_STR("*");
    template->word_count = less;
}

uint32_t tv_template_of(struct tv_templates *templates, struct tv_str message)
{
    struct tv_str words[TV_TEMPLATE_WORDS];
    char path[PATH_BYTES];
    uint32_t count = cut(message, words);
    uint64_t *group = tv_map_put_copy(
            &templates->groups, &templates->arena, path_of(words, count, path), NULL);
    uint32_t best = UINT32_MAX;
    uint32_t best_tenths = SIMILAR_TENTHS - 1;
    for (uint32_t at = (uint32_t)*group; at != 0; at = templates->items[at - 1].next) {
        uint32_t tenths = similarity(&templates->items[at - 1], words, count);
        if (tenths > best_tenths) {
            best_tenths = tenths;
            best = at - 1;
        }
    }
    if (best == UINT32_MAX && templates->count >= TV_TEMPLATES_MAX)
        return TV_TEMPLATES_MAX - 1;
    if (best != UINT32_MAX) {
        join(&templates->items[best], words, count);
        return best;
    }
    uint32_t made = add(templates, words, count);
    templates->items[made].next = (uint32_t)*group;
    *group = made + 1;
    return made;
}

struct tv_str tv_template_text(
        const struct tv_templates *templates, uint32_t index, struct tv_arena *arena)
{
    const struct tv_template *template = &templates->items[index];
    size_t bytes = 0;
    for (uint32_t i = 0; i < template->word_count; i++)
        bytes += template->words[i].len + 1;
    char *text = tv_arena_bytes(arena, bytes + 1);
    size_t len = 0;
    for (uint32_t i = 0; i < template->word_count; i++) {
        if (i > 0)
            text[len++] = ' ';
        memcpy(text + len, template->words[i].ptr, template->words[i].len);
        len += template->words[i].len;
    }
    return (struct tv_str){text, len};
}

void tv_templates_release(struct tv_templates *templates)
{
    free(templates->items);
    tv_map_release(&templates->groups);
    tv_arena_release(&templates->arena);
    *templates = (struct tv_templates){0};
}
