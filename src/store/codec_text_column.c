/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of texts that repeat: a dictionary and codes into it.
 *
 * The dictionary stands in order of first appearance, which is what makes codes of short-lived
 * texts small. Only a dictionary of numbered texts ("u1" … "u20000") is sorted by number: it shrinks
 * to next to nothing then, and such texts are drawn at random anyway. Where nearly every value
 * differs there is no dictionary. */
#include "store/codec.h"

#include "base/mem.h"

#include <stdlib.h>

enum text_column_method { TEXT_COLUMN_PLAIN, TEXT_COLUMN_DICTIONARY };

enum { SORTED_COUNT_MIN = 64 };

struct numbered {
    int64_t number;
    uint32_t code;
};

static int by_number(const void *a, const void *b)
{
    int64_t left = ((const struct numbered *)a)->number;
    int64_t right = ((const struct numbered *)b)->number;
    return (left > right) - (left < right);
}

/* The place of each code in a dictionary sorted by number, or NULL if it is not to be sorted. Owned
 * by the caller. */
static uint32_t *sorted_places(const struct tv_str *dictionary, uint32_t distinct)
{
    if (distinct < SORTED_COUNT_MIN)
        return NULL;
    uint32_t *places = NULL;
    int64_t *numbers = tv_malloc(distinct * sizeof(*numbers));
    if (tv_texts_are_numbered(dictionary, distinct, numbers)) {
        struct numbered *order = tv_calloc(distinct, sizeof(*order));
        places = tv_malloc(distinct * sizeof(*places));
        for (uint32_t i = 0; i < distinct; i++)
            order[i] = (struct numbered){numbers[i], i};
        qsort(order, distinct, sizeof(*order), by_number);
        for (uint32_t i = 0; i < distinct; i++)
            places[order[i].code] = i;
        free(order);
    }
    free(numbers);
    return places;
}

static void put_dictionary(struct tv_buf *out, const struct tv_str *dictionary, uint32_t distinct,
        const uint32_t *codes, uint32_t count)
{
    uint32_t *places = sorted_places(dictionary, distinct);
    uint32_t *moved = tv_malloc(count * sizeof(*moved) + 1);
    for (uint32_t i = 0; i < count; i++)
        moved[i] = places ? places[codes[i] - 1] : codes[i] - 1;
    tv_buf_put_varint(out, distinct);
    if (places) {
        struct tv_str *sorted = tv_calloc(distinct, sizeof(*sorted));
        for (uint32_t i = 0; i < distinct; i++)
            sorted[places[i]] = dictionary[i];
        tv_texts_put(out, sorted, distinct);
        free(sorted);
    } else {
        tv_texts_put(out, dictionary, distinct);
    }
    tv_codes_put(out, moved, count);
    free(moved);
    free(places);
}

void tv_text_column_put(struct tv_buf *out, const struct tv_str *dictionary, uint32_t distinct,
        const uint32_t *codes, uint32_t count)
{
    if (count == 0)
        return;
    bool repeats = distinct < count - count / 4;
    tv_buf_append_char(out, repeats ? TEXT_COLUMN_DICTIONARY : TEXT_COLUMN_PLAIN);
    if (repeats) {
        put_dictionary(out, dictionary, distinct, codes, count);
        return;
    }
    struct tv_str *all = tv_calloc(count, sizeof(*all));
    for (uint32_t i = 0; i < count; i++)
        all[i] = dictionary[codes[i] - 1];
    tv_texts_put(out, all, count);
    free(all);
}

bool tv_text_column_get(
        struct tv_reader *in, uint32_t count, struct tv_arena *arena, struct tv_text_column *out)
{
    const uint8_t *method = NULL;
    uint64_t texts = count;
    out->dictionary = NULL;
    out->distinct = 0;
    if (count == 0)
        return true;
    if (!tv_get_bytes(in, 1, &method) || *method > TEXT_COLUMN_DICTIONARY)
        return false;
    bool repeats = *method == TEXT_COLUMN_DICTIONARY;
    if (repeats && (!tv_get_varint(in, &texts) || texts > count))
        return false;
    out->dictionary = tv_arena_alloc(arena, texts * sizeof(*out->dictionary));
    out->distinct = (uint32_t)texts;
    if (!tv_texts_get(in, out->distinct, arena, out->dictionary))
        return false;
    if (repeats && !tv_codes_get(in, count, out->distinct, out->codes))
        return false;
    for (uint32_t i = 0; i < count; i++)
        out->codes[i] = repeats ? out->codes[i] + 1 : i + 1;
    return true;
}

static int by_value(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* Texts stand before the codes that choose among them, so a first reader skips them and a second
 * makes those that were chosen. */
static bool pick_of_dictionary(struct tv_reader *in, uint32_t count, struct tv_picks picks,
        struct tv_arena *arena, struct tv_str *out)
{
    uint64_t distinct = 0;
    struct tv_arena scratch = {0};
    if (!tv_get_varint(in, &distinct) || distinct > count)
        return false;
    struct tv_reader texts = *in;
    struct tv_picks none = {NULL, 0};
    uint32_t *codes = tv_arena_alloc(&scratch, ((size_t)count + 1) * sizeof(*codes));
    bool good = tv_texts_pick(in, (uint32_t)distinct, none, &scratch, NULL) &&
            tv_codes_get(in, count, (uint32_t)distinct, codes);
    uint32_t *chosen = tv_arena_alloc(&scratch, ((size_t)picks.count + 1) * sizeof(*chosen));
    struct tv_str *made = tv_arena_alloc(&scratch, ((size_t)picks.count + 1) * sizeof(*made));
    for (uint32_t i = 0; good && i < picks.count; i++)
        chosen[i] = codes[picks.at[i]];
    if (good && picks.count)
        qsort(chosen, picks.count, sizeof(*chosen), by_value);
    good = good &&
            tv_texts_pick(&texts, (uint32_t)distinct, (struct tv_picks){chosen, picks.count}, arena,
                    made);
    for (uint32_t i = 0; good && i < picks.count; i++) {
        const uint32_t *at =
                bsearch(&codes[picks.at[i]], chosen, picks.count, sizeof(*chosen), by_value);
        out[i] = made[at - chosen];
    }
    tv_arena_release(&scratch);
    return good;
}

bool tv_text_column_pick(struct tv_reader *in, uint32_t count, struct tv_picks picks,
        struct tv_arena *arena, struct tv_str *out)
{
    const uint8_t *method = NULL;
    if (count == 0)
        return picks.count == 0;
    if (!tv_get_bytes(in, 1, &method) || *method > TEXT_COLUMN_DICTIONARY)
        return false;
    if (*method == TEXT_COLUMN_DICTIONARY)
        return pick_of_dictionary(in, count, picks, arena, out);
    return tv_texts_pick(in, count, picks, arena, out);
}
