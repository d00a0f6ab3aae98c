/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for names, so that everything after reading compares and indexes integers. A batch has codes
 * of its own, but they hold inside that batch only; one look-up per text and batch (facts_read.c keeps
 * them) is what joining batches costs. */
#include "causality/facts.h"

#include "base/mem.h"

#include <stdlib.h>

void *tv_facts_add(void **items, size_t *count, size_t *cap, size_t item_bytes)
{
    if (*count == *cap) {
        *cap = tv_grown(*cap, *count + 1, 256);
        *items = tv_realloc_array(*items, *cap, item_bytes);
    }
    void *item = (char *)*items + *count * item_bytes;
    memset(item, 0, item_bytes);
    (*count)++;
    return item;
}

uint32_t tv_facts_name(struct tv_facts *facts, struct tv_str text)
{
    if (!text.ptr)
        return 0;
    if (facts->name_count == 0)
        (void)tv_facts_add((void **)&facts->names, &facts->name_count, &facts->name_cap,
                sizeof(*facts->names));
    bool added = false;
    uint64_t *number = tv_map_put_copy(&facts->names_by_text, &facts->arena, text, &added);
    if (!added)
        return (uint32_t)*number;
    *number = facts->name_count;
    struct tv_str *name = tv_facts_add(
            (void **)&facts->names, &facts->name_count, &facts->name_cap, sizeof(*facts->names));
    *name = facts->names_by_text.entries[facts->names_by_text.count - 1].key;
    return (uint32_t)*number;
}

/* The number of a pair, made with the next one of `count` if there was none. */
static uint32_t pair_number(struct tv_facts *facts, struct tv_map *map, const uint32_t pair[2],
        size_t count, bool *added)
{
    struct tv_str key = {(const char *)pair, 2 * sizeof(*pair)};
    uint64_t *number = tv_map_put_copy(map, &facts->arena, key, added);
    if (*added)
        *number = count;
    return (uint32_t)*number;
}

uint32_t tv_facts_actor(struct tv_facts *facts, uint32_t service, uint32_t instance)
{
    bool added = false;
    uint32_t pair[2] = {service, instance};
    uint32_t number = pair_number(facts, &facts->actors_by_key, pair, facts->actor_count, &added);
    if (added) {
        struct tv_actor *actor = tv_facts_add((void **)&facts->actors, &facts->actor_count,
                &facts->actor_cap, sizeof(*facts->actors));
        actor->service = service;
        actor->instance = instance;
    }
    return number;
}

uint32_t tv_facts_operation(struct tv_facts *facts, uint32_t service, uint32_t name)
{
    bool added = false;
    uint32_t pair[2] = {service, name};
    uint32_t number =
            pair_number(facts, &facts->operations_by_key, pair, facts->operation_count, &added);
    if (added) {
        struct tv_operation *operation = tv_facts_add((void **)&facts->operations,
                &facts->operation_count, &facts->operation_cap, sizeof(*facts->operations));
        operation->service = service;
        operation->name = name;
    }
    return number;
}

void tv_facts_release(struct tv_facts *facts)
{
    for (size_t i = 0; i < facts->series_count; i++)
        free(facts->series[i].samples);
    free(facts->names);
    free(facts->actors);
    free(facts->operations);
    free(facts->spans);
    free(facts->records);
    free(facts->series);
    free(facts->changes);
    free(facts->dependencies);
    free(facts->alerts);
    free(facts->whole);
    free(facts->waited);
    tv_map_release(&facts->names_by_text);
    tv_map_release(&facts->actors_by_key);
    tv_map_release(&facts->operations_by_key);
    tv_map_release(&facts->series_by_key);
    tv_templates_release(&facts->templates);
    tv_arena_release(&facts->arena);
    *facts = (struct tv_facts){0};
}
