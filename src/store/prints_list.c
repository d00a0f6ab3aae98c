/* SPDX-License-Identifier: Apache-2.0 */
/* The list of prints is copied when it changes, like that of segments: it is short, and a look-up
 * that goes on meanwhile keeps the list with which it began, so a segment of its snapshot never
 * stands uncovered. */
#include "store/prints_list.h"

#include "base/mem.h"
#include "store/store_internal.h"

#include <stdlib.h>

struct tv_prints_list *tv_prints_list_ref(struct tv_prints_list *list)
{
    if (list)
        atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
    return list;
}

void tv_prints_list_unref(struct tv_prints_list *list)
{
    if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < list->count; i++)
        tv_prints_unref(list->items[i]);
    free(list->items);
    free(list->places);
    free(list);
}

static int by_segment(const void *a, const void *b)
{
    int64_t left = ((const struct tv_prints_place *)a)->segment;
    int64_t right = ((const struct tv_prints_place *)b)->segment;
    return (left > right) - (left < right);
}

static void make_places(struct tv_prints_list *list)
{
    size_t most = 0;
    for (size_t i = 0; i < list->count; i++)
        most += list->items[i]->member_count;
    list->places = tv_calloc(most + 1, sizeof(*list->places));
    for (size_t i = 0; i < list->count; i++)
        for (uint32_t k = 0; k < list->items[i]->member_count; k++)
            list->places[list->place_count++] =
                    (struct tv_prints_place){list->items[i]->members[k], (uint32_t)i, k};
    qsort(list->places, list->place_count, sizeof(*list->places), by_segment);
}

const struct tv_prints_place *tv_prints_list_find(
        const struct tv_prints_list *list, int64_t segment)
{
    struct tv_prints_place wanted = {.segment = segment};
    if (!list)
        return NULL;
    const struct tv_prints_place *place =
            bsearch(&wanted, list->places, list->place_count, sizeof(*list->places), by_segment);
    return place && !atomic_load(&list->items[place->item]->corrupt) ? place : NULL;
}

static int by_id(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = (*(struct tv_segment *const *)b)->id;
    return (left > right) - (left < right);
}

uint64_t tv_prints_live(const struct tv_prints *prints, const struct tv_segment_list *segments)
{
    uint64_t live = 0;
    for (uint32_t i = 0; i < prints->member_count; i++)
        if (bsearch(&prints->members[i], segments->items, segments->count,
                    sizeof(struct tv_segment *), by_id))
            live |= UINT64_C(1) << i;
    return live;
}

static bool is_among(const struct tv_prints *prints, struct tv_prints *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == prints)
            return true;
    return false;
}

/* The lists changed: the next snapshot is a new one. */
static void replace(struct tv_store *store, struct tv_prints_list *after)
{
    make_places(after);
    tv_prints_list_unref(store->prints);
    store->prints = after;
    tv_snapshot_unref(store->current);
    store->current = NULL;
}

void tv_store_swap_prints(struct tv_store *store, struct tv_prints *const *old, size_t old_count,
        struct tv_prints *fresh)
{
    const struct tv_prints_list *before = store->prints;
    size_t most = (before ? before->count : 0) + 1;
    struct tv_prints_list *after = tv_calloc(1, sizeof(*after));
    atomic_init(&after->refs, 1);
    after->items = tv_calloc(most, sizeof(struct tv_prints *));
    for (size_t i = 0; before && i < before->count; i++) {
        if (is_among(before->items[i], old, old_count))
            atomic_store(&before->items[i]->dead, true);
        else
            after->items[after->count++] = tv_prints_ref(before->items[i]);
    }
    if (fresh) {
        fresh->graveyard = &store->graveyard;
        after->items[after->count++] = fresh;
    }
    replace(store, after);
}

void tv_store_prune_prints(struct tv_store *store)
{
    size_t count = store->prints ? store->prints->count : 0, found = 0;
    struct tv_prints **old = tv_calloc(count + 1, sizeof(struct tv_prints *));
    for (size_t i = 0; i < count; i++)
        if (tv_prints_live(store->prints->items[i], store->segments) == 0)
            old[found++] = store->prints->items[i];
    if (found)
        tv_store_swap_prints(store, old, found, NULL);
    free(old);
}

enum tv_status tv_prints_load(struct tv_store *store, const struct tv_db *db, struct tv_error *err)
{
    sqlite3_stmt *rows = NULL;
    enum tv_status status =
            tv_db_prepare(db, "SELECT id, state, meta FROM prints ORDER BY id", &rows, err);
    if (status != TV_OK)
        return status;
    struct tv_prints_list *list = tv_calloc(1, sizeof(*list));
    size_t cap = 0;
    int code = SQLITE_ROW;
    atomic_init(&list->refs, 1);
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        struct tv_prints *prints = NULL;
        int64_t id = sqlite3_column_int64(rows, 0);
        const char *meta = sqlite3_column_blob(rows, 2);
        struct tv_str bytes = {meta ? meta : "", (size_t)sqlite3_column_bytes(rows, 2)};
        /* What is damaged goes like what is dead: it is made again. */
        if (sqlite3_column_int(rows, 1) != 0 || tv_prints_get_meta(id, bytes, &prints) != TV_OK) {
            tv_graveyard_add(&store->graveyard, -id);
            continue;
        }
        prints->graveyard = &store->graveyard;
        if (list->count == cap) {
            cap = tv_grown(cap, list->count + 1, 16);
            list->items = tv_realloc_array(list->items, cap, sizeof(struct tv_prints *));
        }
        list->items[list->count++] = prints;
    }
    (void)sqlite3_finalize(rows);
    replace(store, list);
    tv_store_prune_prints(store);
    return code == SQLITE_DONE ? TV_OK : tv_db_fail(db, code, "read", err);
}
