/* SPDX-License-Identifier: Apache-2.0 */
/* Codes and ids.
 *
 * A code is given at first appearance, so a new one is always one more than the greatest so far, and
 * what is alive at a time (the traces under way) has recent codes. Counted back from the newest,
 * codes of long dictionaries become small numbers; of short ones they stay as they are. The cheaper
 * way is found by adding up bits. */
#include "store/codec.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

enum codes_method { CODES_PLAIN, CODES_RECENT };

enum ids_method { IDS_PLAIN, IDS_DICTIONARY };

static unsigned cost_of(uint32_t value)
{
    return value ? 32 - (unsigned)__builtin_clz(value) : 0;
}

void tv_codes_put(struct tv_buf *out, const uint32_t *codes, uint32_t count)
{
    int64_t *plain = tv_malloc(count * sizeof(*plain) + 1);
    int64_t *recent = tv_malloc(count * sizeof(*recent) + 1);
    uint32_t fresh = 0; /* the next new code */
    uint64_t plain_cost = 0, recent_cost = 0;
    bool by_appearance = true;
    for (uint32_t i = 0; i < count; i++) {
        by_appearance = by_appearance && codes[i] <= fresh;
        plain[i] = codes[i];
        recent[i] = (int64_t)fresh - codes[i];
        plain_cost += cost_of(codes[i]);
        recent_cost += cost_of(fresh - codes[i]);
        fresh += codes[i] == fresh;
    }
    bool back = by_appearance && recent_cost < plain_cost;
    tv_buf_append_char(out, back ? CODES_RECENT : CODES_PLAIN);
    tv_ints_put(out, back ? recent : plain, count);
    free(plain);
    free(recent);
}

bool tv_codes_get(struct tv_reader *in, uint32_t count, uint32_t limit, uint32_t *out)
{
    const uint8_t *method = NULL;
    if (!tv_get_bytes(in, 1, &method) || *method > CODES_RECENT)
        return false;
    int64_t *values = tv_malloc(count * sizeof(*values) + 1);
    bool good = tv_ints_get(in, count, values);
    int64_t fresh = 0;
    for (uint32_t i = 0; good && i < count; i++) {
        int64_t code = *method == CODES_RECENT ? fresh - values[i] : values[i];
        good = code >= 0 && code < limit;
        out[i] = (uint32_t)code;
        fresh += code == fresh;
    }
    free(values);
    return good;
}

/* Ids by value while they are encoded: slots hold the code + 1. */
struct id_table {
    uint32_t *slots;
    uint32_t mask;
    uint64_t *words; /* of the dictionary */
    uint32_t count;
};

static uint32_t code_of(struct id_table *table, const uint64_t *id, uint32_t words_each)
{
    uint64_t hash = tv_mix64(id[0] + (words_each > 1 ? tv_mix64(id[1]) : 0));
    size_t bytes = words_each * sizeof(*id);
    for (uint32_t at = (uint32_t)hash & table->mask;; at = (at + 1) & table->mask) {
        uint32_t code = table->slots[at];
        if (code == 0) {
            memcpy(table->words + (size_t)table->count * words_each, id, bytes);
            table->slots[at] = ++table->count;
            return table->count - 1;
        }
        if (memcmp(table->words + (size_t)(code - 1) * words_each, id, bytes) == 0)
            return code - 1;
    }
}

void tv_ids_put(struct tv_buf *out, const uint64_t *words, uint32_t words_each, uint32_t count)
{
    uint32_t slots = 64;
    while (slots < count)
        slots *= 2;
    /* Past half as many ids as values the dictionary is given up: the table never fills. */
    struct id_table table = {.slots = tv_calloc(slots, sizeof(uint32_t)),
            .mask = slots - 1,
            .words = tv_malloc(((size_t)count / 2 + 2) * words_each * sizeof(*words))};
    uint32_t *codes = tv_malloc(count * sizeof(*codes) + 1);
    uint32_t done = 0;
    while (done < count && table.count <= count / 2) {
        codes[done] = code_of(&table, words + (size_t)done * words_each, words_each);
        done++;
    }
    bool dictionary = count > 0 && table.count <= count / 2;
    tv_buf_append_char(out, dictionary ? IDS_DICTIONARY : IDS_PLAIN);
    if (dictionary) {
        tv_buf_put_varint(out, table.count);
        tv_buf_append(out, table.words, (size_t)table.count * words_each * sizeof(*words));
        tv_codes_put(out, codes, count);
    } else {
        tv_buf_append(out, words, (size_t)count * words_each * sizeof(*words));
    }
    free(codes);
    free(table.words);
    free(table.slots);
}

static bool get_dictionary(struct tv_reader *in, uint32_t words_each, uint32_t count, uint64_t *out)
{
    uint64_t distinct = 0;
    const uint8_t *words = NULL;
    if (!tv_get_varint(in, &distinct) || distinct > count ||
            !tv_get_bytes(in, distinct * words_each * sizeof(*out), &words))
        return false;
    uint32_t *codes = tv_malloc(count * sizeof(*codes) + 1);
    bool good = tv_codes_get(in, count, (uint32_t)distinct, codes);
    size_t bytes = words_each * sizeof(*out);
    for (uint32_t i = 0; good && i < count; i++)
        memcpy(out + (size_t)i * words_each, words + codes[i] * bytes, bytes);
    free(codes);
    return good;
}

bool tv_ids_get(struct tv_reader *in, uint32_t words_each, uint32_t count, uint64_t *out)
{
    const uint8_t *method = NULL, *words = NULL;
    size_t bytes = (size_t)count * words_each * sizeof(*out);
    if (!tv_get_bytes(in, 1, &method) || *method > IDS_DICTIONARY)
        return false;
    if (*method == IDS_DICTIONARY)
        return get_dictionary(in, words_each, count, out);
    if (!tv_get_bytes(in, bytes, &words))
        return false;
    if (bytes)
        memcpy(out, words, bytes);
    return true;
}
