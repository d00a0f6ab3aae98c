/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as templates: what stays the same in the messages that one place of a program writes.
 *
 * Drain (He, Zhu, Zheng, Lyu, ICWS 2017): a tree of fixed depth leads a message by its first words to a
 * few groups, and it joins the group whose words agree with it most, or founds one; words that differ
 * become "*". Two changes: the tree does not begin with the number of words, which lists inside a message
 * change, and only the first TV_TEMPLATE_WORDS words count. Words with digits are "*" from the start,
 * unless they name a place in the source ("Service.java:12").
 *
 * Zero-initialised is empty. */
#ifndef TV_STATS_TEMPLATE_H
#define TV_STATS_TEMPLATE_H

#include "base/arena.h"
#include "base/map.h"

enum { TV_TEMPLATE_WORDS = 12, TV_TEMPLATES_MAX = 8192 };

struct tv_template {
    struct tv_str words[TV_TEMPLATE_WORDS]; /* "*" for one that varies */
    uint32_t word_count;
    uint32_t next; /* of its group of the tree, index + 1; 0: none */
};

struct tv_templates {
    struct tv_arena arena;
    struct tv_map groups; /* first words → index + 1 of a template */
    struct tv_template *items;
    uint32_t count, cap;
};

void tv_templates_release(struct tv_templates *templates);
/* The index of the message's template, made if there was none; the last one takes all that comes
 * after TV_TEMPLATES_MAX. A template may lose words to "*" later, its index stays. */
uint32_t tv_template_of(struct tv_templates *templates, struct tv_str message);
/* The template as text, in the arena. */
struct tv_str tv_template_text(
        const struct tv_templates *templates, uint32_t index, struct tv_arena *arena);

#endif
