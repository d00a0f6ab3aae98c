/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in prints. All buckets of a key are read behind each other through one blob handle that
 * is moved from row to row, in one short read transaction: opening a handle costs more than the read.
 * Prints that cannot be read answer nothing from then on, and maintenance makes them again. */
#include "store/probe.h"

#include "base/mem.h"

#include <stdlib.h>

/* The slot of a question: its own, or the free one where it belongs. Keys are hashes already. */
static struct tv_probe *slot_of(struct tv_probes *probes, const struct tv_probe *question)
{
    size_t at = (size_t)(question->key + (uint64_t)question->kind) & (probes->cap - 1);
    while (probes->slots[at].members &&
            (probes->slots[at].key != question->key || probes->slots[at].kind != question->kind))
        at = (at + 1) & (probes->cap - 1);
    return &probes->slots[at];
}

static void grow(struct tv_probes *probes)
{
    struct tv_probes before = *probes;
    if (before.count * 2 < before.cap)
        return;
    probes->cap = before.cap ? before.cap * 2 : 8;
    probes->slots = tv_calloc(probes->cap, sizeof(*probes->slots));
    for (size_t i = 0; i < before.cap; i++)
        if (before.slots[i].members)
            *slot_of(probes, &before.slots[i]) = before.slots[i];
    free(before.slots);
}

/* Opens the handle, or moves it to another row. */
static int turn_to(const struct tv_db *db, int64_t id, sqlite3_blob **blob)
{
    if (*blob)
        return sqlite3_blob_reopen(*blob, id);
    return sqlite3_blob_open(db->sql, "main", "prints", "data", id, 0, blob);
}

static void look_up(
        struct tv_probe *probe, const struct tv_prints_list *list, const struct tv_db *db)
{
    sqlite3_blob *blob = NULL;
    for (size_t i = 0; i < list->count; i++) {
        struct tv_prints *prints = list->items[i];
        const struct tv_prints_part *part = &prints->parts[probe->kind];
        if (part->count == 0 || atomic_load(&prints->corrupt))
            continue;
        enum tv_status status = TV_CORRUPT;
        if (turn_to(db, prints->id, &blob) == SQLITE_OK &&
                (uint64_t)sqlite3_blob_bytes(blob) == prints->data_bytes)
            status = tv_prints_find(blob, part, probe->key, &probe->members[i]);
        if (status == TV_OK)
            continue;
        atomic_store(&prints->corrupt, true);
        /* A handle that failed stays unusable. */
        (void)sqlite3_blob_close(blob);
        blob = NULL;
    }
    (void)sqlite3_blob_close(blob);
}

enum tv_probe_answer tv_probe(struct tv_probes *probes, const struct tv_prints_list *list,
        const struct tv_db *db, const struct tv_probe *question, int64_t segment)
{
    if (!tv_prints_list_find(list, segment))
        return TV_PROBE_UNKNOWN;
    grow(probes);
    struct tv_probe *probe = slot_of(probes, question);
    if (!probe->members) {
        probe->kind = question->kind;
        probe->key = question->key;
        probe->members = tv_calloc(list->count, sizeof(*probe->members));
        probes->count++;
        look_up(probe, list, db);
    }
    /* Asked again: the look-up may have found them damaged. */
    const struct tv_prints_place *place = tv_prints_list_find(list, segment);
    if (!place)
        return TV_PROBE_UNKNOWN;
    if (probe->kind == TV_PRINTS_VALUE && !(list->items[place->item]->valued >> place->member & 1))
        return TV_PROBE_UNKNOWN;
    return probe->members[place->item] >> place->member & 1 ? TV_PROBE_MAYBE : TV_PROBE_NO;
}

void tv_probes_release(struct tv_probes *probes)
{
    for (size_t i = 0; i < probes->cap; i++)
        free(probes->slots[i].members);
    free(probes->slots);
    *probes = (struct tv_probes){0};
}
